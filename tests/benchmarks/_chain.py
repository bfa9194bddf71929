"""Clouds in a thread of their own that answer slowly, and how deep the chain of a client's calls is.

In another thread their work is not counted as Home Assistant's: a thread's processor time is its own.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
import threading
import time
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from freezegun import api as freezegun

from tests.emulators.base import ADMIN, Cloud


def real_time() -> float:
    """Return the seconds of a clock that no test freezes."""
    seconds: float = freezegun.real_perf_counter()
    return seconds


@dataclass(slots=True)
class Exchange:
    """A call from its arrival to its answer, in seconds of ``real_time``."""

    path: str
    begun: float
    ended: float | None = None


def depth(exchanges: Sequence[Exchange]) -> int:
    """Return the most calls of which each began when the one before was answered: the round trips that a client waits for."""
    deep, free = 0, 0.0
    for each in sorted(
        (each for each in exchanges if each.ended is not None),
        key=lambda each: each.ended or 0.0,
    ):
        if each.begun >= free:
            deep, free = deep + 1, each.ended or 0.0
    return deep


class SlowCloud:
    """A cloud whose every answer takes as long."""

    def __init__(self, cloud: Cloud[Any], delay: float) -> None:
        """Stand in front of ``cloud``."""
        self.cloud: Final = cloud
        self.exchanges: Final[list[Exchange]] = []
        self._delay: Final = delay
        self._sleepers: Final = ThreadPoolExecutor(100)
        make = cloud.make_app

        def make_app() -> web.Application:
            app = make()
            app.middlewares.insert(0, self._wait)
            return app

        cloud.make_app = make_app  # type: ignore[method-assign]

    def close(self) -> None:
        """End the threads that wait."""
        self._sleepers.shutdown()

    @web.middleware
    async def _wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(ADMIN):
            return await handler(request)
        exchange = Exchange(request.path, real_time())
        self.exchanges.append(exchange)
        # An event loop's own clock may stand still.
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._sleepers, time.sleep, self._delay)
        try:
            return await handler(request)
        finally:
            exchange.ended = real_time()


@contextmanager
def served(cloud: Cloud[Any], delay: float) -> Iterator[SlowCloud]:
    """Serve a cloud in a thread while the context lasts."""
    slow, loop = SlowCloud(cloud, delay), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cloud", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(cloud.start(), loop).result(30)
    try:
        yield slow
    finally:
        asyncio.run_coroutine_threadsafe(cloud.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
        slow.close()
