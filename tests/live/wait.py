"""The one way in which programs and tests here wait for something."""

import asyncio
from collections.abc import Awaitable, Callable
import time

_PAUSE = 0.05


async def eventually[T](
    probe: Callable[[], Awaitable[T | None]], what: str, *, within: float = 30
) -> T:
    """Return the first answer of `probe` that is true; give up after `within` seconds."""
    deadline = time.monotonic() + within
    while not (answer := await probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {within:g} s in vain for {what}")
        await asyncio.sleep(_PAUSE)
    return answer
