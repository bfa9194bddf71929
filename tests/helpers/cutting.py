"""Cutting a flow at every point at which it waits: cancelled there, killed with Home Assistant there, or unloaded there.

A point is one suspension of a coroutine of ours: a command, a poll, the renewal of a token, a background task. *Early* points lie at the moment of the wait
(a request may not have left yet), *late* ones when what was waited for is there and nobody has looked at it.

After a kill nothing reaches the disk or a cloud any more, whatever the dying code still does; the next start finds what the disk held.
"""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
import json
import logging
import lzma
import os
import re
import sys
from typing import Any, Final, override
from unittest.mock import patch
import zlib

from custom_components.solar_cloud.cloud.errors import NotConnected
from custom_components.solar_cloud.cloud.token import TokenManager
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control.manager import ControlManager
from custom_components.solar_cloud.coordinator import SolarCloudCoordinator
from custom_components.solar_cloud.storage import STORES
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.tasks import (
    AdjustStatisticsTask,
    ClearStatisticsTask,
    ImportStatisticsTask,
    SynchronizeTask,
)
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .home import Home

ALL: Final = os.environ.get("SOLAR_CLOUD_CUTS") == "all"
OUR_LOGS: Final = "custom_components.solar_cloud"

type Ours = tuple[type, str]
"""A coroutine function of ours that Home Assistant runs in a task of its own."""

OURS: Final[tuple[Ours, ...]] = (
    (ControlManager, "async_apply"),
    (ControlManager, "async_run_action"),
    (TokenManager, "_renew"),
    (SolarCloudCoordinator, "_async_update_data"),
)

WRITING: Final = (ImportStatisticsTask, AdjustStatisticsTask, ClearStatisticsTask)
"""What the recorder does for us, each in a transaction of its own."""


class How(StrEnum):
    """What happens at a point."""

    CANCEL = "cancel"
    KILL_EARLY = "kill early"
    KILL_LATE = "kill late"
    UNLOAD = "unload"


class Wait(StrEnum):
    """What a coroutine waits for at a point."""

    REQUEST = "request"
    DISK = "disk"
    RECORDER = "recorder"
    OTHER = "other"
    """A pause, a lock, a task."""


UNRECORDED: Final = (Wait.REQUEST, Wait.DISK, Wait.OTHER)
"""What flows wait for that write no statistics."""


@dataclass(frozen=True)
class Point:
    """Where to cut: at the point of this number, of all or of those at which is waited for this."""

    number: int
    wait: Wait | None = None


class Killed(BaseException):
    """Home Assistant is gone: no handler of an exception runs, and what ``finally`` does comes to nothing."""


def killed(err: object) -> bool:
    """Whether an exception is the kill, or that of all that went on side by side."""
    if isinstance(err, BaseExceptionGroup):
        return all(killed(each) for each in err.exceptions)
    return isinstance(err, Killed)


def sections(files: Mapping[str, Any], entry_id: str) -> dict[str, Any]:
    """Return what the files of an account hold."""
    account = files.get(f"{DOMAIN}.{entry_id}", {"data": {}})["data"]
    if (state := files.get(f"{DOMAIN}.{entry_id}_state")) is None:
        return dict(account)
    return dict(account) | unpacked(state["data"])


def unpacked(data: Mapping[str, str]) -> dict[str, Any]:
    """Return the sections of a file that is stored packed."""
    packed = b64decode(data["packed"])
    unpack = zlib.decompress if packed[:1] == b"x" else lzma.decompress
    found: dict[str, Any] = json.loads(unpack(packed))
    return found


@dataclass
class Disk:
    """The files, which stop changing with the machine."""

    files: dict[str, Any]
    dead: bool = False

    def sections(self, entry_id: str) -> dict[str, Any]:
        """Return what is on it of an account."""
        return sections(self.files, entry_id)

    def copy(self) -> dict[str, Any]:
        """Return what is on it."""
        return deepcopy(self.files)

    def put_back(self, files: dict[str, Any]) -> None:
        """Make it what it was."""
        self.files.clear()
        self.files.update(deepcopy(files))
        self.dead = False


@dataclass
class Knife:
    """Counts the points of a flow, and cuts at one of them."""

    disk: Disk
    how: How | None = None
    at: Point | None = None
    unload: Callable[[], Awaitable[object]] | None = None
    points: int = 0
    waited: Counter[Wait] = field(default_factory=Counter)
    """The points by what was waited for."""
    here: int = -1
    """The number of the point at which is cut, once it is known."""
    held: asyncio.Task[object] | None = None
    """The last task that somebody can cancel."""
    left: list[asyncio.Task[object]] = field(default_factory=list)
    """What goes on beside the flow: an unload."""
    idle: list[Callable[[], None]] = field(default_factory=list)
    """What the recorder was told and does when somebody waits for it, while an early kill is to come."""

    def waits(self, what: Wait) -> None:
        """Note that a coroutine of the flow is about to wait."""
        number, self.points = self.points, self.points + 1
        among, self.waited[what] = self.waited[what], self.waited[what] + 1
        if self.how is None or self.at is None or self.here >= 0:
            return
        if self.at.wait is None:
            found = number == self.at.number
        else:
            found = what is self.at.wait and among == self.at.number
        if not found:
            return
        self.here = number
        match self.how:
            case How.CANCEL:
                # Nobody holds the task of a renewal: whoever waits for it is cut off.
                assert self.held is not None
                asyncio.get_running_loop().call_soon(self.held.cancel)
            case How.UNLOAD:
                assert self.unload is not None
                self.left.append(asyncio.ensure_future(self.unload()))
            case How.KILL_EARLY:
                self.disk.dead = True

    def wakes(self, at: int) -> None:
        """Note that what was waited for is there."""
        if self.how is How.KILL_LATE and at == self.here:
            self.disk.dead = True

    def tells(self, put: Callable[[], None], task: object) -> None:
        """Hand a task to the recorder: a point for each that writes for us, each of which it may never come to."""
        if not isinstance(task, WRITING):
            if isinstance(task, SynchronizeTask):
                self.settle()
            put()
            return
        at = self.points
        self.waits(Wait.RECORDER)
        if self.disk.dead:
            return
        if self.how is How.KILL_EARLY:
            self.idle.append(put)
        else:
            put()
        self.wakes(at)

    def settle(self) -> None:
        """Let the recorder do what it was told, unless it is too late."""
        for put in self.idle:
            if not self.disk.dead:
                put()
        self.idle.clear()

    async def cut(self, flow: Coroutine[Any, Any, Any]) -> BaseException | None:
        """Run a flow up to its cut; return what it raised."""
        task = asyncio.ensure_future(flow)
        await asyncio.wait([task])
        return asyncio.CancelledError() if task.cancelled() else task.exception()


class Cut(Coroutine[Any, Any, Any]):
    """A coroutine under a knife."""

    def __init__(
        self, inner: Coroutine[Any, Any, Any], knife: Knife, *, held: bool = True
    ) -> None:
        """Drive ``inner``; ``held`` says whether anybody can cancel its task."""
        self._inner = inner
        self._knife = knife
        self._held = held
        self._at = -1

    async def run(self) -> Any:
        """Be a task that nobody waits for."""
        try:
            return await self
        except BaseException as err:
            if not killed(err):
                raise
            return None

    @override
    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                waited = self.send(value) if error is None else self.throw(error)
            except StopIteration as end:
                return end.value
            try:
                value, error = (yield waited), None
            except BaseException as err:  # noqa: BLE001  handed on to the inner coroutine
                value, error = None, err

    @override
    def send(self, value: Any) -> Any:
        if self._at >= 0:
            self._knife.wakes(self._at)
        if self._knife.disk.dead:
            return self._inner.throw(Killed())
        return self._waiting(self._inner.send(value))

    @override
    def throw(self, *args: Any) -> Any:
        if self._knife.disk.dead:
            return self._inner.throw(Killed())
        return self._waiting(self._inner.throw(*args))

    def _waiting(self, waited: Any) -> Any:
        if self._held:
            self._knife.held = asyncio.current_task()
        self._at = self._knife.points
        self._knife.waits(_what(self._inner))
        if self._knife.disk.dead:
            if isinstance(waited, asyncio.Future):
                waited.cancel()  # or others wait for it for ever
            return self._inner.throw(Killed())
        return waited

    @override
    def close(self) -> None:
        self._inner.close()


def _what(inner: Any) -> Wait:
    """Say what a coroutine waits for, by the functions it waits in."""
    while inner is not None:
        if (frame := getattr(inner, "cr_frame", None)) is not None:
            code = frame.f_code
            if code is _SENDING:
                return Wait.REQUEST
            if code in _SAVING:
                return Wait.DISK
            inner = inner.cr_await
        elif (frame := getattr(inner, "gi_frame", None)) is not None:
            cut = frame.f_locals.get("self")
            inner = cut._inner if isinstance(cut, Cut) else inner.gi_yieldfrom  # noqa: SLF001
        else:
            return Wait.OTHER
    return Wait.OTHER


_SENDING: Final = Transport.send.__code__
_SAVING: Final = (Store.async_save.__code__, Store._async_handle_write_data.__code__)  # noqa: SLF001


@contextmanager
def under(knife: Knife, ours: Iterable[Ours] = OURS) -> Iterator[None]:
    """Let background tasks of entries come under the knife; let saving take its time, and a dead machine reach nothing."""
    background = ConfigEntry.async_create_background_task
    write = Store._async_write_data  # noqa: SLF001
    send = Transport.send
    queue = Recorder.queue_task

    def told(self: Recorder, task: Any) -> None:
        knife.tells(partial(queue, self, task), task)

    def create(
        self: ConfigEntry, hass: Any, target: Any, name: str, eager_start: bool = True
    ) -> Any:
        return background(self, hass, Cut(target, knife).run(), name, eager_start)

    async def save(self: Any, content: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if not knife.disk.dead:
            await write(self, content)
        await asyncio.sleep(0)

    async def sent(self: Transport, *args: Any, **kwargs: Any) -> Any:
        if knife.disk.dead:
            raise NotConnected
        return await send(self, *args, **kwargs)

    with ExitStack() as stack:
        for owner, name in ours:
            cut = _ours(getattr(owner, name), knife, held=owner is not TokenManager)
            stack.enter_context(patch.object(owner, name, cut))
        for patched in (
            patch.object(ConfigEntry, "async_create_background_task", create),
            patch.object(Store, "_async_write_data", save),
            patch.object(Transport, "send", sent),
            patch.object(Recorder, "queue_task", told),
        ):
            stack.enter_context(patched)
        yield
        knife.settle()


def _ours(
    function: Callable[..., Any], knife: Knife, *, held: bool
) -> Callable[..., Any]:
    def under_knife(*args: Any, **kwargs: Any) -> Cut:
        return Cut(function(*args, **kwargs), knife, held=held)

    return under_knife


@dataclass
class Tally:
    """What a flow's points came to."""

    flow: str
    tried: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    cut: bool = False
    """Whether the flow came to the point."""
    waited: Counter[Wait] = field(default_factory=Counter)
    violated: int = 0
    """The tries with a violation."""

    def line(self) -> str:
        """Return a row of the table."""
        counts = "".join(f"{self.tried[str(how)]:>12}" for how in How)
        tried = sum(self.tried[str(how)] for how in How)
        lost = self.tried["lost by protocol"]
        return f"{self.flow:<20}{counts}{lost:>18}{tried:>8}{tried - self.violated:>10}{len(self.violations):>12}"


HEADER: Final = (
    f"{'flow':<20}"
    + "".join(f"{how!s:>12}" for how in How)
    + f"{'lost by protocol':>18}{'tried':>8}{'survived':>10}{'violations':>12}"
)
"""*Lost by protocol* are tokens whose answer was on its way when the machine died."""


async def switch_off(home: Home, entry: ConfigEntry, disk: Disk) -> None:
    """Switch Home Assistant off, as far as an account sees."""
    if entry.state is not ConfigEntryState.NOT_LOADED:
        await home.hass.config_entries.async_unload(entry.entry_id)
    for store in home.hass.data.get(STORES, {}).values():
        await store.async_flush()  # or it would write when another one is at work
    home.forget()
    if not disk.dead:  # what dies waits for nothing
        await home.hass.async_block_till_done(wait_background_tasks=True)


async def quietly(flow: Coroutine[Any, Any, Any]) -> None:
    """What a cut flow tells its user is not the matter here."""
    with suppress(HomeAssistantError):
        await flow


_CANCELLED: Final = re.compile(r"Setup of config entry '.*' for .* cancelled$")
"""What Home Assistant says, by our name, of a set-up that it cancels itself."""


class _Mistakes(logging.Handler):
    """The lines in the log that tell of a mistake of ours."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if _CANCELLED.match(line):
            return
        if record.name.startswith(OUR_LOGS) or line.startswith("Error doing job"):
            self.lines.append(line)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen to all logs."""
        logging.getLogger().addHandler(self)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self)


type Once = Callable[[How | None, Point | None], Coroutine[Any, Any, Tally]]
"""Run a flow, cut in a way at a point."""


async def cut_everywhere(
    flow: str, once: Once, number: int, waits: Sequence[Wait] = UNRECORDED
) -> Tally:
    """Cut a flow at every point at which it waits, in every way; the usual run cuts it once.

    Where the usual run cuts follows from the flow's number, so that flows in a row are cut in all ways, and at all that they wait for.
    """
    if not ALL:
        return await _cut_once(flow, once, number, waits)
    points = (await once(None, None)).waited.total()
    total = Tally(flow)
    for how in How:
        for at in range(points):
            await _count(total, once, how, Point(at))
        if not total.tried[str(how)]:
            total.violations.append(f"{flow}, {how}: it never came to a point")
    return total


async def _cut_once(flow: str, once: Once, number: int, waits: Sequence[Wait]) -> Tally:
    """Cut a flow at one point, of those it comes to."""
    how = list(How)[number % len(How)]
    total = Tally(flow)
    for each in range(len(waits)):
        wait = waits[(number // len(How) + number + each) % len(waits)]
        tally = await _count(total, once, how, Point(number % 3, wait))
        if not tally.cut and tally.waited[wait]:
            tally = await _count(total, once, how, Point(0, wait))
        if tally.cut:
            return total
    raise AssertionError(f"{flow} never waits")


async def _count(total: Tally, once: Once, how: How, at: Point) -> Tally:
    """Try once, and add what came of it."""
    mistakes = _Mistakes()
    with mistakes.heard():
        tally = await once(how, at)
    tally.violations += [
        f"{total.flow}, {how} at {at}: {line}" for line in mistakes.lines
    ]
    if tally.cut:
        total.tried[str(how)] += 1
    total.tried["lost by protocol"] += tally.tried["lost by protocol"]
    total.violations += tally.violations
    total.violated += bool(tally.violations)
    return tally


def report(vendor: str, tallies: list[Tally]) -> None:
    """Print the table; fail when anything was violated."""
    rows = "\n".join(tally.line() for tally in tallies)
    sys.stdout.write(f"\n{vendor}\n{HEADER}\n{rows}\n")
    found = [each for tally in tallies for each in tally.violations]
    assert not found, "\n".join(found)
