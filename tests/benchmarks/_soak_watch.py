"""What must hold whatever goes wrong: nothing unhandled, nothing left over, nothing asked too often, nothing piling up."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
import gc
import logging
import sys
import types
from typing import Any, Final, override

from tests.emulators.base import Cloud
from tests.emulators.calls import Call
from tests.helpers.cutting import Killed

OURS: Final = "custom_components.solar_cloud"
PACKAGE: Final = "custom_components/solar_cloud"
NOT_OURS: Final = frozenset(
    {"aiohttp.server", "aiohttp.access", "sqlalchemy.engine.Engine", "asyncio"}
)
"""Loggers of the emulated clouds, and what the handler of the loop tells anyway."""

SIGN_IN: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "solax": (("oauth/token", "auth/get_token"), 15),
    "sungrow_account": (("openapi/login",), 12),
    "sungrow_oauth": (("apiManage/refreshToken", "apiManage/token"), 12),
    "fusionsolar_account": (("thirdData/login",), 24),
    "fusionsolar_oauth": (("oauth2/v1/token",), 24),
}
"""How an account signs in, and how often in an hour at most."""
OVER: Final[dict[str, frozenset[str]]] = {
    "solax": frozenset({"10405", "10406"}),
    "sungrow": frozenset({"E901", "E998", "E999", "E916"}),
    "fusionsolar": frozenset({"407", "20618"}),
}
"""What a cloud answers to a call beyond its limits."""


class Ear(logging.Handler):
    """Hears everything that is logged as a warning or worse, and what our own loggers say."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        super().__init__(logging.INFO)
        self.ours: Counter[str] = Counter()
        """What our loggers said since it was last looked at, by kind."""
        self.unhandled: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name in NOT_OURS:
            return
        if record.exc_info and record.levelno >= logging.ERROR:
            error = record.exc_info[1]
            if not _by_kill(error):
                self.unhandled.append(
                    f"{record.name}: {record.getMessage()}: {error!r}"
                )
        if record.name.startswith(OURS) and record.levelno >= logging.INFO:
            what = record.args[0] if isinstance(record.args, tuple) and record.args else ""  # fmt: skip
            self.ours[f"{record.levelname} {record.msg} [{what}]"] += 1

    def take(self) -> tuple[Counter[str], list[str]]:
        """Return what was heard since the last time."""
        ours, unhandled = self.ours, self.unhandled
        self.ours, self.unhandled = Counter(), []
        return ours, unhandled

    def handle_loop(
        self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        """Hear what nobody else handles; a socket that a kill tore is no fault of anybody."""
        error = context.get("exception")
        if _by_kill(error):
            return
        self.unhandled.append(f"loop: {context.get('message')}: {error!r}")


def _by_kill(error: BaseException | None) -> bool:
    """Whether nothing went wrong but that the machine died, or a socket with it."""
    if isinstance(error, BaseExceptionGroup):
        return all(_by_kill(each) for each in error.exceptions)
    return isinstance(error, Killed | OSError)


def tasks_left() -> list[str]:
    """Return the tasks and timers of ours that are still there."""
    loop = asyncio.get_running_loop()
    left = []
    for task in asyncio.all_tasks():
        code = getattr(task.get_coro(), "cr_code", None)
        if code is not None and PACKAGE in code.co_filename and not task.done():
            left.append(f"task {task.get_name()}")
    timers: Iterable[asyncio.TimerHandle] = getattr(loop, "_scheduled", ())
    callbacks = (getattr(each, "_callback", None) for each in timers if not each.cancelled())  # fmt: skip
    return left + [f"timer {each!r}" for each in callbacks if _ours(each)]


def _ours(callback: Any) -> bool:
    while isinstance(callback, types.MethodType | types.FunctionType) is False:
        inner = getattr(callback, "func", None)
        if inner is None:
            return type(callback).__module__.startswith(OURS)
        callback = inner
    owner = getattr(callback, "__self__", None)
    modules = (
        getattr(callback, "__module__", None) or "",
        type(owner).__module__ if owner is not None else "",
    )
    return any(each.startswith(OURS) for each in modules)


class CallWatch:
    """Reads a cloud's log of calls as it grows."""

    def __init__(self, cloud: Cloud[Any], sign_in: str) -> None:
        """Begin at its end."""
        self._cloud: Final = cloud
        self._paths, self._most = SIGN_IN[sign_in]
        self._over: Final = OVER[cloud.name]
        self._seen = len(cloud.calls)
        self._signed_in: list[float] = []
        self.busiest = 0
        """The most sign-ins in an hour so far."""

    def new(self) -> Iterator[Call]:
        """Yield the calls since the last time."""
        for position in range(self._seen, len(self._cloud.calls)):
            yield self._cloud.calls[position]
        self._seen = len(self._cloud.calls)

    def violations(self, judged_from: float) -> list[str]:
        """Return what was asked too often, beyond limits since ``judged_from`` in epoch seconds."""
        found = []
        for call in self.new():
            at = call.at.timestamp()
            if at >= judged_from and not call.fault and str(call.code) in self._over:
                found.append(f"over the limit: {call.path} answered {call.code}")
            if call.path.endswith(self._paths):
                self._signed_in = [
                    each for each in self._signed_in if at - 3600 < each <= at
                ]
                self._signed_in.append(at)
                if len(self._signed_in) > self._most:
                    found.append(f"{len(self._signed_in)} sign-ins in an hour")
                self.busiest = max(self.busiest, len(self._signed_in))
        return found


def weight(*roots: object) -> tuple[int, int]:
    """Return how many objects hang on some of ours, and their bytes: nothing of Home Assistant, of modules or classes."""
    seen: set[int] = set()
    stack = list(roots)
    size = 0
    while stack:
        each = stack.pop()
        if id(each) in seen or isinstance(each, _FOREIGN):
            continue
        module = type(each).__module__
        if module != "builtins" and not module.startswith(_KNOWN):
            continue
        seen.add(id(each))
        size += sys.getsizeof(each)
        stack.extend(gc.get_referents(each))
    return len(seen), size


_FOREIGN: Final = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.CodeType,
    types.FrameType,
    asyncio.AbstractEventLoop,
    asyncio.Future,
)
_KNOWN: Final = (OURS, "collections", "datetime", "types", "enum")
