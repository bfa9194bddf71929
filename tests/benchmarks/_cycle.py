"""One account in a real Home Assistant, in this process alone: what its cycles cost the event loop, and what the least they could cost; started by cycle.py."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
import gc
import json
from multiprocessing import get_context
import os
from pathlib import Path
import statistics
from tempfile import TemporaryDirectory
import time
from typing import Any, Final, override
from unittest.mock import patch

import aiohttp
import orjson
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, frame
from homeassistant.util import dt as dt_util

from ._served import Ahead, Asked, ServedCloud, served

BEGIN: Final = datetime(2026, 6, 15, 9, 0, 30, tzinfo=UTC)
"""A summer's morning at the emulated homes: everything moves."""
SIGN_INS: Final = {
    "solax": "solax",
    "sungrow": "sungrow_account",
    "fusionsolar": "fusionsolar_account",
}
PATIENCE: Final = 4 * 3600.0
"""Seconds until an account must have been loaded."""
WARM_UP: Final = 3
"""Periods before it is measured, and one more for each so many devices: limits let large accounts be read bit by bit at first."""
FOR_EACH: Final = 200


@dataclass
class Spent:
    """What the thread of the event loop spent in a while, in seconds of its processor."""

    polls: float = 0.0
    """While something was asked or answered, with all that followed at once."""
    rest: float = 0.0
    """At all other times: what was written later, above all."""
    block: float = 0.0
    """The longest the loop could do nothing else."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.polls + self.rest


@dataclass
class Cycle:
    """One period of polling."""

    begin: float
    end: float
    spent: Spent
    changes: list[State]
    floor: Spent = field(default_factory=Spent)
    requests: int = 0


class MovedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is moved on when it has nothing to do, and which knows its longest turn."""

    def __init__(self, ahead: Ahead) -> None:
        """Share the moved time with another process."""
        super().__init__()
        self.longest = 0.0
        self._ahead = 0.0
        self._shared: Final = ahead
        self._real: Final = time.time
        self.shift(BEGIN.timestamp() - time.time())

    @override
    def time(self) -> float:
        return super().time() + self._ahead

    def now(self) -> float:
        """Return the moved epoch seconds."""
        return self._real() + self._ahead

    def utcnow(self) -> datetime:
        """Return the moved time."""
        return datetime.fromtimestamp(self.now(), UTC)

    def shift(self, seconds: float) -> None:
        """Move on."""
        self._ahead += seconds
        self._shared.value = self._ahead

    def next_timer(self) -> float | None:
        """Return the seconds until something is due."""
        due = [each.when() for each in self._scheduled if not each.cancelled()]  # type: ignore[attr-defined]
        return max(0.0, min(due) - self.time()) if due else None

    def watch(self) -> None:
        """Measure every turn of the loop from here on."""
        run = asyncio.Handle._run  # noqa: SLF001
        clock = time.thread_time

        def measured(handle: asyncio.Handle) -> None:
            begun = clock()
            run(handle)
            took = clock() - begun
            self.longest = max(self.longest, took)

        patch.object(asyncio.Handle, "_run", measured).start()


class Account:
    """The account in its Home Assistant."""

    def __init__(
        self, loop: MovedLoop, hass: HomeAssistant, cloud: ServedCloud
    ) -> None:
        """Store an account as the config flow does."""
        self.loop: Final = loop
        self.hass: Final = hass
        self.changes: list[State] = []
        self.writes = 0
        self._answered = 0
        vendor = VENDORS[cloud.name]
        stored = {"region": "other", "base_url": cloud.url, **cloud.credentials}
        sign_in = SIGN_INS[cloud.name]
        account = vendor.sign_in(sign_in).account(stored)
        self.period: Final = vendor.poll_period
        self.entry: Final = MockConfigEntry(
            domain=DOMAIN,
            entry_id="benchmark",
            title=vendor.name,
            unique_id=f"{cloud.name}_{account}",
            data={"vendor": cloud.name, "sign_in": sign_in, "credentials": stored},
            options={"excluded_plants": [], "controls": False},
        )
        self.entry.add_to_hass(hass)
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    @callback
    def _changed(self, event: Event[Any]) -> None:
        if (state := event.data["new_state"]) is not None:
            self.changes.append(state)

    @contextmanager
    def writes_counted(self) -> Iterator[None]:
        """Count every time an entity writes, whether or not something changed; that costs, so it is done in a cycle of its own."""

        @callback
        def reported(_: Any) -> bool:
            self.writes += 1
            return False

        before = len(self.changes)
        stop = self.hass.bus.async_listen(
            EVENT_STATE_REPORTED, lambda _: None, event_filter=reported
        )
        yield
        stop()
        self.writes += len(self.changes) - before

    async def settle(self) -> None:
        """Let what is due happen."""
        for _ in range(3):
            await asyncio.sleep(0)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def measured(self, begin: Callable[[], Awaitable[Any] | None]) -> Spent:
        """Do something, and return what it and all that follows at once took."""
        await asyncio.sleep(0)  # what came before is another turn of the loop
        self.loop.longest, begun = 0.0, time.thread_time()
        if (waits := begin()) is not None:
            await waits
        await self.settle()
        took = time.thread_time() - begun
        return Spent(polls=took, block=self.loop.longest)

    async def live(self, seconds: float) -> Spent:
        """Let time pass from one timer to the next."""
        end = self.loop.now() + seconds
        spent = Spent()
        while True:
            wait = self.loop.next_timer()
            left = end - self.loop.now()
            if wait is None or wait >= left:
                self.loop.shift(max(0.0, left))
                return spent
            polls = POLLS.count
            self.loop.shift(wait)
            took = await self.measured(lambda: None)
            if POLLS.count == polls:
                spent.rest += took.total
            else:
                spent.polls += took.total
            spent.block = max(spent.block, took.block)

    async def set_up(self) -> tuple[Spent, float]:
        """Load it, with as many tries as that takes; return what it cost, and after how many seconds it was there."""
        begun = self.loop.now()
        spent = await self.measured(
            lambda: self.hass.config_entries.async_setup(self.entry.entry_id)
        )
        while (
            self.entry.state is not ConfigEntryState.LOADED
            and self.loop.now() - begun < PATIENCE
        ):
            more = await self.live(15.0)
            spent.polls += more.total
            spent.block = max(spent.block, more.block)
        return spent, self.loop.now() - begun

    @property
    def loaded(self) -> bool:
        """Whether there is something to measure."""
        return self.entry.state is ConfigEntryState.LOADED

    def entities(self) -> int:
        """Return how many entities are on."""
        registered = er.async_entries_for_config_entry(
            er.async_get(self.hass), self.entry.entry_id
        )
        return sum(each.disabled_by is None for each in registered)


class _Requests:
    """How many requests this process made."""

    count = 0

    def watch(self) -> None:
        """Count from here on."""
        request = aiohttp.ClientSession._request  # noqa: SLF001

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return await request(*args, **kwargs)

        patch.object(aiohttp.ClientSession, "_request", counted).start()


POLLS: Final = _Requests()


async def _floor(account: Account, cycle: Cycle, asked: list[Asked]) -> Spent:
    """Ask for the same bytes, parse them, and set the states that changed, and nothing else."""
    hass, loop = account.hass, account.loop
    spent = Spent()
    before = asked[0].at if asked else 0.0
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def ask(each: Asked) -> None:
            headers = {"Content-Type": each.content_type} if each.content_type else None
            async with session.request(
                each.method, each.replay, data=each.body or None, headers=headers
            ) as answer:
                orjson.loads(await answer.read())

        async def show() -> None:
            for state in cycle.changes:
                hass.states.async_set(
                    f"floor.{state.object_id}", state.state, state.attributes
                )

        for each in asked:
            if each.at - before > 1.0:
                loop.shift(each.at - before)
                await asyncio.sleep(0.001)
            before = each.at
            spent.polls += (await account.measured(partial(ask, each))).total
        spent.polls += (await account.measured(show)).total
    return spent


async def _measure(
    loop: MovedLoop, cloud: ServedCloud, devices: int, cycles: int
) -> dict[str, Any]:
    with TemporaryDirectory() as config:
        Path(config, ".storage").mkdir()
        async with async_test_home_assistant(loop, config_dir=config) as hass:
            frame.async_setup(hass)
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await hass.config.async_update(
                latitude=48.1, longitude=11.5, time_zone="Europe/Berlin"
            )
            try:
                return await _lived(Account(loop, hass, cloud), cloud, devices, cycles)
            finally:
                await hass.async_stop(force=True)


async def _lived(
    account: Account, cloud: ServedCloud, devices: int, cycles: int
) -> dict[str, Any]:
    before = _memory()
    set_up, took = await account.set_up()
    found: dict[str, Any] = {
        "loaded": account.loaded,
        "set_up": asdict(set_up) | {"seconds": took},
    }
    if not account.loaded:
        return found
    await account.live((WARM_UP + devices // FOR_EACH) * account.period)
    entities = account.entities()
    found |= {"entities": entities, "bytes": (_memory() - before) / entities}
    begun = len(account.changes)
    with account.writes_counted():
        await account.live(account.period)
    found |= {"writes": account.writes, "changes": len(account.changes) - begun}
    standing = {each.entity_id: each for each in account.hass.states.async_all()}

    lived: list[Cycle] = []
    for _ in range(cycles):
        begin, account.changes = account.loop.now(), []
        spent = await account.live(account.period)
        lived.append(Cycle(begin, account.loop.now(), spent, account.changes))
    asked, account.changes = cloud.asked(), []
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    for state in standing.values():
        account.hass.states.async_set(
            f"floor.{state.object_id}", state.state, state.attributes
        )
    await account.settle()
    for cycle in lived:
        mine = [each for each in asked if cycle.begin <= each.at < cycle.end]
        cycle.requests = len(mine)
        cycle.floor = await _floor(account, cycle, mine)
    return found | _summary(lived)


def _summary(lived: list[Cycle]) -> dict[str, Any]:
    lived = [each for each in lived if each.requests]

    def middle(value: Callable[[Cycle], float]) -> float:
        return statistics.median(map(value, lived)) if lived else float("nan")

    return {
        "cycles": len(lived),
        "requests": middle(lambda each: each.requests),
        "cpu": middle(lambda each: each.spent.polls),
        "later": middle(lambda each: each.spent.rest),
        "floor": middle(lambda each: each.floor.total),
        "changed": middle(lambda each: len(each.changes)),
        "ratio": middle(lambda each: each.spent.polls / each.floor.total),
        "ratio_with_later": middle(lambda each: each.spent.total / each.floor.total),
        "block": middle(lambda each: each.spent.block),
        "worst_block": max((each.spent.block for each in lived), default=0.0),
    }


def _memory() -> int:
    """Return the resident bytes of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(arguments: list[str]) -> None:
    """Measure ``VENDOR DEVICES CYCLES`` and print it as JSON."""
    vendor, devices, cycles = arguments[0], int(arguments[1]), int(arguments[2])
    ahead: Ahead = get_context("spawn").Value("d", 0.0, lock=False)
    with served(vendor, devices, ahead) as cloud:
        loop = MovedLoop(ahead)
        patch.object(time, "time", loop.now).start()
        patch.object(dt_util, "utcnow", loop.utcnow).start()
        loop.watch()
        POLLS.watch()
        asyncio.set_event_loop(loop)
        found = loop.run_until_complete(_measure(loop, cloud, devices, cycles))
    print(json.dumps({"vendor": vendor, "devices": devices} | found))
