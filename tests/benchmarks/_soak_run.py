"""An account that lives through all faults of its cloud, in a random order by seed, in a real Home Assistant."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
import inspect
import logging
import math
import os
from random import Random
import time
from typing import Any, Final
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.solar_cloud.cloud.model import Quantity as Q
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.session import get_transport
from custom_components.solar_cloud.statistics import recorder
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from tests.emulators.base import Cloud
from tests.helpers.cutting import Disk, How, Knife, Point, switch_off, under
from tests.helpers.flow import Flow
from tests.helpers.home import Home

from ._home import account
from ._soak_faults import DAY, HOUR, MINUTE, Fault, catalogue
from ._soak_watch import OURS, CallWatch, Ear, tasks_left, weight
from ._tape import ROLES, UPLOAD, ZONE, role_energies, signed_in

RESOLUTION: Final = {"solax": 0.3, "sungrow": 0.3, "fusionsolar": 0.05}
"""kWh that the last digits of a role's addends are worth together."""
ROUNDING: Final = 0.015
PATIENCE: Final = 26 * HOUR
"""Seconds until what was counted must be right: a battery that was emptied unseen says so when it wakes, in winter when the sun stands high."""
GAP: Final = (40 * MINUTE, 100 * MINUTE)
SHORT_GAP: Final = (10 * MINUTE, 25 * MINUTE)
"""Seconds of peace between two faults, in a month and where a day must do."""
SHORT_BOUND: Final = 1800.0
"""Seconds in which all must be well again after the faults of a day that must do."""
MOST_GROWTH: Final = 1.01
SETTLED: Final = 2
"""Days after which memory must stay as it is."""
LOGGED: Final = 1
"""Lines of one kind that a fault may cost, for each start of Home Assistant and each coordinator."""
LATE: Final = 12.0
"""Seconds after the full five minutes at which the recorder compiles them."""
ENDS: Final = "INFO Fetching %s data recovered"
"""The one line below a warning that counts: others tell of work that was done, or are Home Assistant's own at each try of a set-up."""
CUT_WITHIN: Final = 14
"""Points of a poll at which it may be cut."""

UNCOUNTED: Final = frozenset({"few calls an hour", "wait ordered"})
"""Faults in which a cloud refuses calls that are within its usual limits."""
UNKNOWABLE: Final[Mapping[str, float]] = {
    "killed": 20 * MINUTE,
    "disk full and restart": 20 * MINUTE,
    "late": HOUR,
    "never": HOUR,
    "slow": HOUR,
}
"""Faults after which nobody knows for so many seconds what a cloud counted when: a kill or a full disk loses what was not written, and an answer may come long before its call is counted."""
FLAPS: Final[Mapping[str, int]] = {"token war": 2, "few calls an hour": 2}
"""What lets data come and go by itself, and how many times an hour at most."""

DST: Final = (
    datetime(2026, 3, 29, 3, 0, tzinfo=ZONE),
    datetime(2026, 10, 25, 3, 0, tzinfo=ZONE),
)
"""When clocks change."""


def beginning(days: float, seed: int) -> datetime:
    """Return when a soak begins, so that clocks change in its middle: forward and back in turn."""
    change = DST[seed % 2].astimezone(UTC)
    begin = change - timedelta(days=days / 2)
    return begin.replace(minute=1, second=30, microsecond=0)


@dataclass
class Told:
    """What became of one fault."""

    number: int
    name: str
    at: str
    lasted: float
    """Seconds."""
    recovered: float | None = None
    """Seconds from its end until all was well; ``None`` when it never was."""
    bound: float = 0.0
    ailed: str = ""
    """What was not well for longest."""
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """A fault with its place in the order, how long it lasts, and when it would begin if nothing took long."""

    number: int
    fault: Fault
    lasts: float
    gap: float


def plan(
    vendor: str, sign_in: str, seed: int, days: float, *, short: bool = False
) -> list[Planned]:
    """Return all faults in a random order, over and over until the days are full; ``short`` has only those that are soon over."""
    random = Random(f"{seed}/{sign_in}")
    longest = HOUR if short else 2 * DAY
    found: list[Planned] = []
    filled = 0.0
    while filled < days * DAY:
        faults = catalogue(vendor, sign_in, random)
        random.shuffle(faults)
        for fault in faults:
            lengths = [each for each in fault.lengths if each <= longest]
            if not lengths or (short and fault.bound > SHORT_BOUND):
                continue
            lasts = random.choice(lengths)
            gap = random.uniform(*(SHORT_GAP if short else GAP))
            found.append(Planned(len(found) + 1, fault, lasts, gap))
            filled += gap + lasts + 15 * MINUTE
            if filled >= days * DAY:
                break
    return found


class Soak:
    """One account through its days."""

    def __init__(
        self,
        home: Home,
        cloud: Cloud[Any],
        sign_in: str,
        disk: Disk,
        seed: int,
        say: Callable[[str], None],
        patches: pytest.MonkeyPatch,
    ) -> None:
        """Not started yet."""
        self.home: Final = home
        self.hass: Final = home.hass
        self.cloud: Final = cloud
        self.sign_in: Final = sign_in
        self.random: Final = Random(f"{seed}/{sign_in}/run")
        self.slow = False
        self.every_step: list[Callable[[], object]] = []
        self.told: list[Told] = []
        self.ear: Final = Ear()
        self.seed: Final = seed
        self.polls = 0
        self._say: Final = say
        self._disk: Final = disk
        self._patches: Final = patches
        self._full = False
        self._off = 0.0
        """Seconds by which Home Assistant's clock is ahead of the world's."""
        self._entry: MockConfigEntry
        self._calls: CallWatch
        self._starts = 0
        self._began = 0.0
        self._roles: dict[Q, str] = {}
        self._first: set[str] = set()
        """The entities of the home, without those of plants that come and go."""
        self._first_sums: dict[Q, float] = {}
        self.shifted = False
        """Whether the clock was ever wrong."""
        self._last: dict[Q, float] = {}
        self._booked: dict[Q, float] = {}
        self._wrong_since: dict[Q, tuple[float, Told | None]] = {}
        self._loose: list[str] = []
        self._judged_from = 0.0
        self.weights: list[tuple[float, int, int, int]] = []
        """By day: how many objects, their bytes, and how many entities."""
        self._weighed = 0

    @property
    def busiest(self) -> int:
        """The most sign-ins in an hour."""
        return self._calls.busiest

    @property
    def days(self) -> float:
        """How many days were lived through."""
        return (self.world_now - self._began) / DAY

    # Time

    @property
    def now(self) -> float:
        """Home Assistant's time."""
        return datetime.now(UTC).timestamp()

    @property
    def world_now(self) -> float:
        """The time in the world."""
        return self.cloud.world.clock.timestamp()

    def shift(self, seconds: float) -> None:
        """Set Home Assistant's clock forward or back; the world's goes on, and so do timers."""
        self.shifted = True
        self._off += seconds
        self.home.set_clock(seconds, self.cloud, self._patches)
        if hasattr(self.cloud.knobs, "clock_skew") and self.cloud.name == "sungrow":
            self.cloud.knobs.clock_skew -= seconds

    async def _settle(self) -> None:
        if not self.slow:
            await self.home.settle()
            return
        # Answers take time: it passes while they are waited for.
        settling = asyncio.ensure_future(self.home.settle())
        while not settling.done():
            await self.hass.loop.run_in_executor(None, time.sleep, 0.001)
            if not settling.done():
                self.home.freezer.tick(1.0)
                async_fire_time_changed(self.hass)
        await settling

    async def step(self) -> None:
        """Live for five minutes, with a poll and a run of the recorder."""
        for act in self.every_step:
            act()
        start = datetime.now(UTC)
        start = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
        late = start + timedelta(seconds=UPLOAD + LATE)
        while (at := min(self._next_poll(), late)) < late:
            self.home.freezer.move_to(at)
            await self._settle()
        if late > datetime.now(UTC):
            self.home.freezer.move_to(late)
        await async_wait_recording_done(self.hass)
        do_adhoc_statistics(self.hass, start=start)
        await self._settle()
        if os.environ.get("SOAK_TRACE"):
            self._trace()
        self._look()
        await self._mend()

    def _next_poll(self) -> datetime:
        """Return when the next poll is to be made, where one is planned."""
        if self._entry.state is ConfigEntryState.LOADED:
            planned: datetime = self._entry.runtime_data.readings.next_poll
            if planned > datetime.now(UTC):
                return planned + timedelta(seconds=1)
        return datetime.max.replace(tzinfo=UTC)

    def _trace(self) -> None:
        """Say how the account is, for whoever looks into a violation."""
        if self._entry.state is not ConfigEntryState.LOADED:
            self._say(f"{datetime.now(ZONE):%m-%d %H:%M:%S} {self._entry.state}")
            return
        readings = self._entry.runtime_data.readings
        asked = [
            f"{each.path.rsplit('/', 1)[-1]}={'fault' if each.fault else each.code}"
            for position in range(self._traced, len(self.cloud.calls))
            for each in (self.cloud.calls[position],)
        ]
        self._traced = len(self.cloud.calls)
        self._say(
            f"{datetime.now(ZONE):%m-%d %H:%M:%S} {readings.last_update_success} "
            f"{readings.last_error and readings.last_error.key} {' '.join(asked)}"
        )
        now = self.world_now
        if self._began:
            grown = {role: round(value - self._truth(self._began)[role], 2) for role, value in self._truth(now).items()}  # fmt: skip
            self._say(str({role[:-13]: (round(booked, 2), grown[role]) for role, booked in self._booked.items()}))  # fmt: skip

    _traced = 0

    async def live(self, seconds: float) -> None:
        """Let time pass, a step at least."""
        until = self.world_now + seconds
        await self.step()
        while self.world_now < until:
            await self.step()

    # What faults may do

    async def restart(self) -> None:
        """Restart Home Assistant."""
        await self._stop()
        await self._start()

    async def _stop(self) -> None:
        if self._entry.state is not ConfigEntryState.NOT_LOADED:
            await self.hass.config_entries.async_unload(self._entry.entry_id)
        await self._settle()
        self._loose += tasks_left()
        self.home.forget()

    async def _start(self) -> None:
        self._starts += 1
        await self.home.start(self._entry)

    async def cut(self, how: str) -> None:
        """Cut whatever waits next at one of its points; start again what was killed or unloaded."""
        entry, disk = self._entry, self._disk
        knife = Knife(
            disk,
            How(how),
            Point(self.random.randrange(CUT_WITHIN)),
            lambda: self.hass.config_entries.async_unload(entry.entry_id),
        )
        with under(knife):
            for _ in range(4):
                await self.step()
                if knife.here >= 0:
                    break
            for task in knife.left:
                await task
        if knife.here < 0 or how == How.CANCEL:
            return
        died = disk.copy() if disk.dead else None
        await switch_off(self.home, entry, disk)
        self._loose += tasks_left()
        if died is not None:
            disk.put_back(died)
        await self._start()
        if self._token_lost():
            self._forgiven = True

    def _token_lost(self) -> bool:
        """Whether the answer with the new token was on its way when the machine died: nobody can keep what never arrived."""
        cloud: Any = self.cloud
        kept = self._disk.files.get(f"{DOMAIN}.{self._entry.entry_id}", {})
        token = (kept.get("data") or {}).get("token") or {}
        match self.sign_in:
            case "sungrow_oauth":
                return bool(token.get("refresh") != cloud.grant.refresh)
            case "fusionsolar_oauth":
                return token.get("refresh") not in {
                    grant.refresh for grant in cloud.client.grants
                }
        return False

    def fill_disk(self) -> None:
        """Let every write fail."""
        self._full = True

    def empty_disk(self) -> None:
        """Let writes succeed again."""
        self._full = False

    @contextmanager
    def _small_disk(self) -> Iterator[None]:
        write = Store._async_write_data  # noqa: SLF001

        async def written(store: Any, data: dict[str, Any]) -> None:
            if self._full:
                raise WriteError("[Errno 28] No space left on device")
            await write(store, data)

        with patch.object(Store, "_async_write_data", written):
            yield

    # The user

    def _asked(self) -> list[str]:
        flows = self.hass.config_entries.flow
        return [
            each["flow_id"]
            for each in flows.async_progress_by_handler(DOMAIN)
            if each["context"]["source"] == SOURCE_REAUTH
        ]

    _may_mend = False
    _forgiven = False

    async def _mend(self) -> None:
        """Sign in again as a user does who is asked to, once what was wrong is over."""
        if not self._may_mend or not (asked := self._asked()):
            return
        flows = self.hass.config_entries.flow
        if self.sign_in.endswith("oauth"):
            for each in asked:
                flows.async_abort(each)
            transport: Any = get_transport(self.hass)
            _, token = await signed_in(self.sign_in, self.cloud, transport)
            assert token is not None
            entry = self._entry
            store = await async_get_store(self.hass, entry.entry_id, entry.unique_id)
            await store.save(SECTION, to_json(token))
            await self.hass.config_entries.async_reload(entry.entry_id)
            await self._settle()
            return
        form = await flows.async_configure(asked[0])
        if form["type"] is not FlowResultType.FORM:
            return
        flow = Flow(self.hass, form, [])
        secrets = VENDORS[self.cloud.name].sign_in(self.sign_in).secrets
        typed = {each.key: self.cloud.credentials[each.key] for each in secrets if each.key in self.cloud.credentials}  # fmt: skip
        if form["step_id"] == "base_url":
            typed = {"base_url": self.cloud.url, **typed}
        await flow.submit(**typed)

    # What is seen

    def _entity(self, quantity: Q) -> str | None:
        unique_id = f"{self.cloud.name}_{self._plant}_{quantity}"
        return er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id)

    def _truth(self, at: float) -> dict[Q, float]:
        return role_energies(self.cloud.name, self._site.truth(at))

    def _look(self) -> None:
        """Take in what a user sees now, as statistics do."""
        self.polls += 1
        for role in ROLES:
            entity_id = self._roles.get(role)
            state = self.hass.states.get(entity_id) if entity_id else None
            if state is None or state.state in {"unknown", "unavailable"}:
                continue
            value = float(state.state)
            last = self._last.get(role)
            if last is not None:
                grown = value if value < 0.9 * last else value - last
                self._booked[role] = self._booked.get(role, 0.0) + grown
            self._last[role] = value

    def _energy(self, patience: float) -> list[str]:
        """Return what was counted wrong for too long."""
        if self._off:
            return []
        found = []
        for role, error in self._errors(self._booked).items():
            if not error:
                self._wrong_since.pop(role, None)
                continue
            whose = self.told[-1] if self.told else None
            since, whose = self._wrong_since.setdefault(role, (self.world_now, whose))
            if self.world_now - since >= patience:
                hint = f" since {whose.number} {whose.name}" if whose else ""
                found.append(f"{role}: {_amount(error)}{hint}")
                self._booked[role] -= error
                self._wrong_since.pop(role)
        return found

    def _available(self) -> set[str]:
        return {
            each.entity_id
            for each in er.async_entries_for_config_entry(
                er.async_get(self.hass), self._entry.entry_id
            )
            if (state := self.hass.states.get(each.entity_id)) is not None
            and state.state != "unavailable"
        } & (self._first or {each.entity_id for each in self.hass.states.async_all()})

    def _well(self, since: float, before: set[str]) -> str | None:
        """Say what is still not well; ``None`` when all is."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return f"not loaded: {self._entry.state}"
        readings = self._entry.runtime_data.readings
        if readings.last_error is not None:
            return f"last error {readings.last_error.key}"
        if readings.last_success is None or readings.last_success.timestamp() < since:
            return "not polled"
        missing = before - self._available()
        if missing:
            return f"{len(missing)} unavailable, {min(missing)}"
        if self._asked():
            return "asks to sign in"
        return None

    # The course

    async def run(
        self,
        days: float,
        planned: list[Planned],
        only: Collection[int] = (),
        minutes: float = math.inf,
    ) -> list[Told]:
        """Live through it, as far as one comes in so many minutes; return what became of each fault."""
        stop = os.times().elapsed + minutes * MINUTE
        root = logging.getLogger()
        root.addHandler(self.ear)
        logging.getLogger(OURS).setLevel(logging.INFO)
        loop = asyncio.get_running_loop()
        usual = loop.get_exception_handler()
        loop.set_exception_handler(self.ear.handle_loop)
        try:
            with self._small_disk():
                await self._begin()
                end = self.world_now + days * DAY
                for each in planned:
                    if only and each.number not in only:
                        continue
                    if self.world_now >= end or os.times().elapsed > stop:
                        break
                    await self.live(each.gap)
                    await self._suffer(each)
                while (not only or not self.told) and self.world_now < end:
                    if os.times().elapsed > stop:
                        break
                    await self.step()
                await self._finish()
        finally:
            loop.set_exception_handler(usual)
            root.removeHandler(self.ear)
        return self.told

    async def _begin(self) -> None:
        self._entry = await account(self.home, self.cloud, self.sign_in)
        await self._start()
        await self.step()
        self._plant = next(iter(self._entry.runtime_data.inventory.data.plants))
        self._site = next(iter(self.cloud.world.sites.values()))
        self._roles = {role: found for role in ROLES if (found := self._entity(role))}
        for _ in range(11):
            await self.step()
        self._roles = {role: found for role in ROLES if (found := self._entity(role))}
        self._began = self.world_now
        self._booked = dict.fromkeys(self._roles, 0.0)
        self._calls = CallWatch(self.cloud, self.sign_in)
        self._first = self._available()
        self._first_sums = await self._sums()
        self.ear.take()

    async def _suffer(self, planned: Planned) -> None:
        fault = planned.fault
        at = datetime.now(ZONE)
        told = Told(planned.number, fault.name, f"{at:%m-%d %H:%M}", planned.lasts, bound=fault.bound)  # fmt: skip
        # Whatever was wrong before belongs to what came before.
        before_it = self.told[-1] if self.told else told
        self._violated(before_it, self._energy(PATIENCE))
        self.told.append(told)
        before, starts = self._available(), self._starts
        self._forgiven = False
        end = fault.begin(self)
        if inspect.isawaitable(end):
            end = await end
        assert callable(end)
        await self.live(planned.lasts)
        asked = bool(self._asked())
        ended = end()
        if inspect.isawaitable(ended):
            await ended
        over, since = self.world_now, self.now
        self._may_mend = True
        limit = fault.bound + (600.0 if self._starts > starts else 0.0)
        wrong: str | None = "not looked at"
        while self.world_now < over + limit + DAY / 2:
            await self.step()
            asked = asked or bool(self._asked())
            if (wrong := self._well(since, before)) is None:
                told.recovered = self.world_now - over
                break
            told.ailed = wrong
        self._may_mend = False
        if wrong is not None or self.world_now - over > limit:
            told.violations.append(
                f"well after {told.recovered or math.inf:.0f} s, at most {limit:.0f} s: {told.ailed}"
            )
        if asked and not fault.asks and not self._forgiven:
            told.violations.append("the user was asked to sign in")
        if wrong is not None:
            await self._rescue()
        self._check(told, self._starts - starts)

    async def _rescue(self) -> None:
        """Get an account going again that did not recover, so that the rest is tried too."""
        for each in self._asked():
            self.hass.config_entries.flow.async_abort(each)
        self.hass.data.pop(f"{DOMAIN}_quotas", None)
        await self._stop()
        await self._start()
        await self.live(2 * HOUR)

    def _check(self, told: Told, starts: int) -> None:
        ours, unhandled = self.ear.take()
        full = told.name.startswith("disk full")
        lines = LOGGED + starts + math.ceil(told.lasted / HOUR) * FLAPS.get(told.name, 0)  # fmt: skip
        told.violations += [
            f"unhandled: {each}"
            for each in unhandled
            if not (full and "storage" in each)
        ]
        told.violations += [
            f"logged {count} times: {line}"
            for line, count in ours.items()
            if count > lines and (line.startswith(ENDS) or not line.startswith("INFO"))
        ]
        told.violations += [f"left after unload: {each}" for each in self._loose]
        self._loose = []
        for name, seconds in UNKNOWABLE.items():
            if told.name.startswith(name):
                self._judged_from = self.world_now + seconds
        judged_from = math.inf if told.name in UNCOUNTED else self._judged_from
        told.violations += sorted(set(self._calls.violations(judged_from)))
        for each in told.violations:
            self._say(self._line(told, each))
        self._weigh()

    def _violated(self, told: Told, what: list[str]) -> None:
        """Note violations of a fault that is over."""
        told.violations += what
        for each in what:
            self._say(self._line(told, each))

    def _weigh(self) -> None:
        """Weigh what the account holds, once a day when all is well."""
        day = int((self.world_now - self._began) // DAY)
        if day == self._weighed or self._entry.state is not ConfigEntryState.LOADED:
            return
        self._weighed = day
        stores = self.hass.data.get(f"{DOMAIN}_stores", {})
        objects, size = weight(self._entry.runtime_data, *stores.values())
        entities = er.async_entries_for_config_entry(er.async_get(self.hass), self._entry.entry_id)  # fmt: skip
        self.weights.append((day, objects, size, len(entities)))

    def _line(self, told: Told, what: str) -> str:
        return f"seed {self.seed}, {self.sign_in}, {told.at}, fault {told.number} ({told.name}, {told.lasted / 60:.0f} min): {what}"

    async def _finish(self) -> None:
        """Live until everything must be right, and stop."""
        calm = Told(0, "in the end", f"{datetime.now(ZONE):%m-%d %H:%M}", 0.0, 0.0)
        self.told.append(calm)
        for _ in range(round(PATIENCE / UPLOAD)):
            if not self._energy(2 * PATIENCE) and not self._wrong_since:
                break
            await self.step()
        calm.violations += self._energy(0.0)
        calm.violations += await self._recorded()
        calm.violations += self._grown()
        await self._stop()
        self._check(calm, 1)

    async def _recorded(self) -> list[str]:
        """Return where the recorder summed up something else than was shown."""
        if self.shifted:  # which mixes the recorder's own rows up
            return []
        sums = await self._sums()
        grown = {role: sums[role] - first for role, first in self._first_sums.items() if role in sums}  # fmt: skip
        return [f"{role}: recorded {_amount(error)}" for role, error in self._errors(grown).items() if error]  # fmt: skip

    def _errors(self, grown: Mapping[Q, float]) -> dict[Q, float]:
        """Return by how many kWh energies are beyond what was uploaded and seen; below it they are negative."""
        now = self.world_now
        tolerance = RESOLUTION[self.cloud.name] + ROUNDING
        early, begin = self._truth(self._began - 4 * UPLOAD), self._truth(self._began)
        late, at_now = self._truth(now - 4 * UPLOAD), self._truth(now)
        found = {}
        for role, energy in grown.items():
            over = energy - (at_now[role] - early[role]) - tolerance
            under = (late[role] - begin[role]) - tolerance - energy
            found[role] = max(over, 0.0) - max(under, 0.0)
        return found

    async def _sums(self) -> dict[Q, float]:
        """Return what the recorder has summed up of each role."""
        await async_wait_recording_done(self.hass)
        rows = await recorder.async_rows(self.hass, [*self._roles.values()], self.now - HOUR, period="5minute")  # fmt: skip
        return {role: rows[name][-1].sum for role, name in self._roles.items() if rows.get(name)}  # fmt: skip

    def _grown(self) -> list[str]:
        """Return whether memory grew after the first days, beyond what entities of plants that were added take: what piles up raises the least of days, too."""
        later = [each for each in self.weights if each[0] > SETTLED]
        if len(later) < 8:
            return []
        half = len(later) // 2
        by_entity = [size / entities for _, _, size, entities in later]
        first, last = min(by_entity[:half]), min(by_entity[half:])
        if last > first * MOST_GROWTH:
            return [f"memory grew from {first:.0f} to {last:.0f} bytes an entity"]
        return []


def _amount(error: float) -> str:
    return f"{abs(error):.2f} kWh too {'much' if error > 0 else 'little'}"


def summary(soak: Soak) -> dict[str, Any]:
    """Return what a soak came to, for JSON."""
    return {
        "sign_in": soak.sign_in,
        "seed": soak.seed,
        "days": soak.days,
        "steps": soak.polls,
        "calls": len(soak.cloud.calls),
        "sign_ins_an_hour": soak.busiest,
        "faults": [asdict(each) for each in soak.told],
        "weights": soak.weights,
    }
