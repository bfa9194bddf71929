"""Work on the past, cut at every point at which it waits: an import that a user starts or takes back, and the repair of a gap.

However it was cut, the statistics end up as those of a run that was not, the import can be taken back, and what the user was told to be
running goes on by itself. The usual run cuts one or two flows of each vendor once; ``scripts/benchmark crash`` cuts all everywhere, and prints the table.
"""

from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import delete, insert, select

from custom_components.solar_cloud.backfill.gaps import SECTION as GAPS
from custom_components.solar_cloud.cloud.token import TokenManager
from custom_components.solar_cloud.const import CONF_REPAIR_GAPS
from custom_components.solar_cloud.statistics.counters import plant_counters
from custom_components.solar_cloud.statistics.importer import (
    IMPORTS,
    JOBS,
    UNDOING,
    HistoryImport,
)
from custom_components.solar_cloud.storage import KEPT
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import (
    Statistics,
    StatisticsMeta,
    StatisticsShortTerm,
)
from homeassistant.components.recorder.util import session_scope
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import World
from .helpers.accounts import AnyCloud, account_entry, reauths
from .helpers.cutting import (
    ALL,
    Disk,
    How,
    Knife,
    Ours,
    Point,
    Tally,
    Wait,
    cut_everywhere,
    quietly,
    report,
    switch_off,
    under,
)
from .helpers.home import Home
from .helpers.past import live
from .test_history_import import HOUR, act

OURS: Final[tuple[Ours, ...]] = (
    (TokenManager, "_renew"),
    (HistoryImport, "async_plan"),
    (HistoryImport, "async_begin"),
)
"""What else works on the past than background tasks, which come under the knife anyway."""
COUNTERS: Final = ("pv_energy_total", "grid_import_energy_total", "load_energy_total")
TABLES: Final = (StatisticsMeta, Statistics, StatisticsShortTerm)
PATIENCE: Final = (*[30.0] * 60, *[900.0] * 100)
"""Seconds from one look to the next in which work that was cut has to come to its end, within the vendor's limits of a day."""
CUTS_SPARE: Final = (How.CANCEL, How.UNLOAD)
"""What leaves time to write what was fetched."""

type Rows = dict[str, list[dict[str, Any]]]
"""All that the recorder has of statistics, by table."""
type Hours = dict[tuple[str, str, float], tuple[float | None, float]]
"""State and sum by table, statistic and start."""


@dataclass(frozen=True)
class Moment:
    """A time at which a flow begins, with all there is then."""

    at: datetime
    files: dict[str, Any]
    rows: Rows


@dataclass(frozen=True)
class Outcome:
    """What work on the past leaves behind."""

    rows: Hours
    ledger: Any
    gaps: Any
    calls: int


@dataclass
class Past:
    """An account whose past is worked on."""

    home: Home
    entry: MockConfigEntry
    cloud: AnyCloud
    disk: Disk
    paths: Collection[str]
    """The ends of the addresses that the past is asked at."""
    forget: Callable[[], object] = lambda: None
    """Let the cloud forget its counts by hour and day, which no clock that is put back takes down."""
    tries: int = 0
    told: bool = False
    """Whether the user was told that the import is running."""
    uncut: dict[str, Outcome] = field(default_factory=dict)

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant."""
        return self.home.hass

    def kept(self, section: str) -> Any:
        """Return what is on disk."""
        return self.disk.sections(self.entry.entry_id).get(section)

    def calls(self) -> int:
        """Count the calls into the past."""
        return sum(
            any(call.path.endswith(path) for path in self.paths)
            for call in self.cloud.calls
        )

    async def off(self) -> None:
        """Switch Home Assistant off."""
        await switch_off(self.home, self.entry, self.disk)

    async def now(self) -> Moment:
        """Keep this moment; the account is off."""
        return Moment(
            datetime.now(UTC), self.disk.copy(), await statistics_of(self.hass)
        )

    async def back_to(self, moment: Moment) -> None:
        """Make everything what it was, with no work on the past allowed yet.

        Each try begins a little before the last one, whose calls a cloud forgets for lying in the future.
        """
        await self.off()
        self.tries += 1
        self.home.freezer.move_to(moment.at - timedelta(milliseconds=self.tries))
        self.disk.put_back(moment.files)
        await put_statistics_back(self.hass, moment.rows)
        self.cloud.calls.clear()
        self.forget()
        self.told = False
        self.allow_repair(allowed=False)
        await self.home.start(self.entry)
        assert self.entry.state is ConfigEntryState.LOADED

    def allow_repair(self, *, allowed: bool) -> None:
        """Turn the option."""
        options = {**self.entry.options, CONF_REPAIR_GAPS: allowed}
        self.hass.config_entries.async_update_entry(self.entry, options=options)

    def working(self, until: float) -> bool:
        """Whether there is something left to do: an import, or gaps that ended before an instant."""
        if self.entry.state is not ConfigEntryState.LOADED or self.disk.dead:
            return False
        history = self.entry.runtime_data.history
        if history.imports.jobs or not self.entry.options[CONF_REPAIR_GAPS]:
            return bool(history.imports.jobs)
        (plant_id,) = history.inventory.plants
        counters = plant_counters(
            self.hass, history.account, history.inventory, plant_id
        )
        keys = {key for counter in counters for key in counter.keys}
        return bool(history.watch.due(keys, until))

    async def only(self, *quantities: str, devices: bool) -> None:
        """Leave these counters, of the plant alone or of its devices too, and no other entity; the account is off."""
        await self.home.start(self.entry)
        (plant_id,) = self.entry.runtime_data.inventory.data.plants
        plain = [
            f"{self.entry.data['vendor']}_{plant_id}_{each}" for each in quantities
        ]
        registry = er.async_get(self.hass)
        for each in er.async_entries_for_config_entry(registry, self.entry.entry_id):
            wanted = each.unique_id in plain or (
                devices and each.unique_id.endswith(quantities)
            )
            if not wanted and not each.disabled_by:
                registry.async_update_entity(
                    each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
                )
        await self.off()
        self.home.freezer.tick(300)

    async def work(self, until: float) -> None:
        """Let time pass as long as there is something to do."""
        await self.home.settle()
        for seconds in PATIENCE:
            if not self.working(until):
                return
            await self.home.pass_time(seconds, seconds)

    async def bring_in(self, start: str, until: float) -> None:
        """Start an import and let it run."""
        await act(self.home, start=start)
        self.told = not self.disk.dead
        await self.work(until)

    async def take_back(self, until: float) -> None:
        """Take the last import back."""
        await act(self.home, undo=True)
        self.told = not self.disk.dead
        await self.work(until)

    async def repair(self, until: float) -> None:
        """Let gaps be repaired from now on."""
        self.allow_repair(allowed=True)
        self.entry.runtime_data.history.work()
        await self.work(until)

    async def outcome(self, *, added: bool) -> Outcome:
        """Say what is there; the account is off. What it showed when it was ``added`` depends on when it was asked."""
        hours = hours_of(await statistics_of(self.hass))
        ledger = deepcopy(self.kept(IMPORTS))
        gaps = self.kept(GAPS)["gaps"]
        if added:
            (imported,) = ledger.values()
            hours, shown = without_shown(hours)
            for key, each in imported["counters"].items():
                each["lift"] = round(each["lift"] - shown[key], 3)
                del each["kwh"]
        return Outcome(
            hours,
            ledger,
            sorted((gap["key"], gap["start"]) for gap in gaps),
            self.calls(),
        )


async def statistics_of(hass: HomeAssistant) -> Rows:
    """Return every row of statistics."""
    await async_wait_recording_done(hass)

    def read() -> Rows:
        with session_scope(hass=hass, read_only=True) as session:
            return {
                table.__tablename__: [
                    dict(row._mapping)  # noqa: SLF001
                    for row in session.execute(select(table.__table__))
                ]
                for table in TABLES
            }

    return await get_instance(hass).async_add_executor_job(read)


def hours_of(rows: Rows) -> Hours:
    """Return what the rows say, by names that last when a statistic is cleared."""
    names = {
        row["id"]: row["statistic_id"] for row in rows[StatisticsMeta.__tablename__]
    }
    return {
        (table, names[row["metadata_id"]], row["start_ts"]): (row["state"], row["sum"])
        for table, found in rows.items()
        if table != StatisticsMeta.__tablename__
        for row in found
    }


def without_shown(hours: Hours) -> tuple[Hours, dict[str, float]]:
    """Keep of the five minutes a counter goes on from only how its sum differs from what it showed, and return that as well."""
    kept: Hours = {}
    shown: dict[str, float] = {}
    for (table, name, start), (state, total) in hours.items():
        if table == StatisticsShortTerm.__tablename__:
            assert state is not None
            assert name not in shown
            shown[name] = state
            kept[table, name, 0.0] = (None, total - state)
        else:
            kept[table, name, start] = (state, total)
    return kept, shown


async def put_statistics_back(hass: HomeAssistant, rows: Rows) -> None:
    """Put these rows in the place of all there are, by the same numbers."""
    await async_wait_recording_done(hass)

    def write() -> None:
        with session_scope(hass=hass) as session:
            for table in reversed(TABLES):
                session.execute(delete(table))
            for table in TABLES:
                if found := rows[table.__tablename__]:
                    session.execute(insert(table), found)
        get_instance(hass).statistics_meta_manager.reset()

    await get_instance(hass).async_add_executor_job(write)


@dataclass(frozen=True)
class Work:
    """Work on the past, and when it begins."""

    begins: Moment
    start: str | None = None
    """The first day of an import; a repair has none."""
    undo: bool = False
    """Whether the import is there already, and taken back."""
    added: bool = False
    """Whether the account was just added, and nothing is counted yet."""

    def flow(self, past: Past) -> Coroutine[Any, Any, None]:
        """Begin it and let it run."""
        if self.undo:
            return past.take_back(self.until)
        if self.start is None:
            return past.repair(self.until)
        return past.bring_in(self.start, self.until)

    @property
    def until(self) -> float:
        """The full hour up to which gaps are looked at."""
        return self.begins.at.timestamp() // HOUR * HOUR


async def _try(
    past: Past, name: str, work: Work, how: How | None, at: Point | None
) -> Tally:
    """Cut a flow once, and see what became of the statistics, the account and its file."""
    tally = Tally(name)
    await past.back_to(work.begins)
    knife = Knife(
        past.disk,
        how,
        at,
        lambda: past.hass.config_entries.async_unload(past.entry.entry_id),
    )
    with under(knife, OURS):
        err = await knife.cut(quietly(work.flow(past)))
        for task in knife.left:
            await task
    tally.waited, tally.cut = knife.waited, knife.here >= 0
    if how is None:
        assert err is None, err
        assert not past.working(work.until)
        await past.off()
        outcome = past.uncut[name] = await past.outcome(added=work.added)
        assert outcome.rows != hours_of(work.begins.rows), "nothing was written"
        assert outcome.calls or work.undo, "nobody was asked"
        return tally

    def wrong(what: str) -> None:
        tally.violations.append(f"{name}, {how} at {at}: {what}")

    died = past.disk.copy() if past.disk.dead else None
    told = past.told
    await past.off()
    if died is not None:
        past.disk.put_back(died)
    await past.home.start(past.entry)
    if past.entry.state is not ConfigEntryState.LOADED:
        wrong(f"the next start does not load: {past.entry.state}")
        return tally
    if not told and work.undo:
        await act(past.home, undo=True)
    elif not told and work.start is not None:
        await act(past.home, start=work.start)
    await past.work(work.until)
    if past.working(work.until):
        wrong("it never ends")
    if work.start is not None and not work.undo:
        plan = await act(past.home, start=work.start, dry_run=True)
        if plan["counters"]:
            wrong("the user is told it is done, and it is not")
    if reauths(past.hass):
        wrong("a token was lost")
    await past.off()
    for what in differences(
        past.uncut[name], await past.outcome(added=work.added), how
    ):
        wrong(what)
    if past.kept(JOBS) or past.kept(UNDOING):
        wrong("a job is left")
    if [key for key in past.disk.files if key.endswith(KEPT)]:
        wrong("a file is left")
    return tally


def differences(uncut: Outcome, cut: Outcome, how: How) -> list[str]:
    """Say in what the outcome of a cut differs."""
    found = []
    if lost := uncut.rows.keys() - cut.rows.keys():
        found.append(f"{len(lost)} hours were lost")
    if more := cut.rows.keys() - uncut.rows.keys():
        found.append(f"{len(more)} hours too many")
    if other := sum(
        cut.rows[key] != pytest.approx(row, abs=1e-6)
        for key, row in uncut.rows.items()
        if key in cut.rows
    ):
        found.append(f"{other} hours with another energy")
    if uncut.ledger != cut.ledger:
        found.append("the import cannot be taken back as a whole")
    if uncut.gaps != cut.gaps:
        found.append("other gaps are open")
    if cut.calls > uncut.calls * (1 if how in CUTS_SPARE else 2) + 1:
        found.append(f"{cut.calls} calls instead of {uncut.calls}")
    return found


async def _cut(past: Past, name: str, work: Work, number: int = 0) -> Tally:
    if not ALL:
        await _try(past, name, work, None, None)  # to compare with
    return await cut_everywhere(
        name, partial(_try, past, name, work), number, list(Wait)
    )


async def _added(past: Past, *, devices: bool = True) -> Moment:
    """Return the moment at which the account was just added."""
    past.allow_repair(allowed=False)
    await past.only(*COUNTERS, devices=devices)
    return await past.now()


async def _an_outage(past: Past, *, devices: bool = True) -> tuple[Moment, Moment]:
    """Live for an hour; be off for three hours and twenty minutes of a sunny day; live on until the gap is known and its last hour over.

    Return the moments before the outage and after it.
    """
    await _added(past, devices=devices)
    await past.home.start(past.entry)
    await live(past.home, 1.2)
    await past.off()
    before = await past.now()
    past.home.freezer.tick(timedelta(hours=3, minutes=20))
    await past.home.start(past.entry)
    await live(past.home, 1.6)
    await past.off()
    return before, await past.now()


async def _an_import(past: Past, work: Work) -> Moment:
    """Return the moment after an import that was not cut."""
    await past.back_to(work.begins)
    await work.flow(past)
    await past.off()
    return await past.now()


def _a_day_later(moment: Moment) -> Moment:
    """Let nothing happen until the next morning."""
    return Moment(moment.at + timedelta(hours=14), moment.files, moment.rows)


@pytest.fixture
async def past(
    recorder_mock: Recorder,
    home: Home,
    disk: Disk,
    torn_sockets: None,
    world: World,
    socket_enabled: None,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Past]:
    """The account of a vendor, by indirect parameter."""
    make, sign_in, scenario, paths = request.param
    async with make(world, scenario) as cloud:
        entry = account_entry(cloud, sign_in)
        entry.add_to_hass(home.hass)
        yield Past(home, entry, cloud, disk, paths)


SOLAX: Final = (SolaxCloud, "solax", "home-hybrid", ["history_data"])
SUNGROW: Final = (
    SungrowCloud,
    "sungrow_account",
    "home-hybrid",
    ["PointMinuteDataList", "DayMonthYearDataList"],
)
FUSIONSOLAR: Final = (
    FusionSolarCloud,
    "fusionsolar_account",
    "home",
    ["getDevHistoryKpi", "getKpiStationHour"],
)


@pytest.mark.parametrize("past", [SOLAX], indirect=True)
async def test_cut_work_on_the_past_of_solax(past: Past) -> None:
    """SolaX."""
    added = await _added(past)
    outage = await _an_outage(past) if ALL else None
    tallies = [
        await _cut(past, "import at once", Work(added, "2026-06-14", added=True), 2)
    ]
    if outage:
        before, after = outage
        work = Work(before, "2026-06-14")
        imported = await _an_import(past, work)
        tallies += [
            await _cut(past, "import", work),
            await _cut(past, "undo", Work(imported, undo=True)),
            await _cut(past, "gap repair", Work(after)),
        ]
    report("SolaX", tallies)


@pytest.mark.parametrize("past", [SUNGROW], indirect=True)
async def test_cut_work_on_the_past_of_sungrow(past: Past) -> None:
    """Sungrow, whose past ends with yesterday, and of which only the last ten days are known by the minute."""
    assert isinstance(past.cloud, SungrowCloud)
    past.forget = past.cloud.application.calls.clear
    added = await _added(past, devices=False)
    outage = await _an_outage(past, devices=False) if ALL else None
    start = "2026-06-05" if ALL else "2026-06-14"
    tallies = [await _cut(past, "import at once", Work(added, start, added=True), 1)]
    if outage:
        before, after = map(_a_day_later, outage)
        tallies += [
            await _cut(past, "import", Work(before, "2026-06-14")),
            await _cut(past, "import of days", Work(before, "2026-06-05")),
            await _cut(past, "gap repair", Work(after)),
        ]
    report("Sungrow", tallies)


@pytest.mark.parametrize("past", [FUSIONSOLAR], indirect=True)
async def test_cut_work_on_the_past_of_fusionsolar(past: Past) -> None:
    """FusionSolar."""
    added = await _added(past)
    before, after = await _an_outage(past)
    tallies = [await _cut(past, "gap repair", Work(after), 3)]
    if ALL:
        tallies += [
            await _cut(past, "import at once", Work(added, "2026-06-14", added=True)),
            await _cut(past, "import", Work(before, "2026-06-14")),
        ]
    report("FusionSolar", tallies)


MET: Final[Mapping[str, tuple[tuple[How, Point], ...]]] = {
    # The call was not counted on disk: the next came at once, was refused, and cost an hour.
    "fusionsolar": (
        (How.KILL_LATE, Point(0, Wait.REQUEST)),
        # Counters that had just been given an hour were given another one, for the same calls once more.
        (How.CANCEL, Point(36, Wait.OTHER)),
    ),
    "sungrow": (
        # The hours between the past and the first live one were noted in memory only.
        (How.KILL_LATE, Point(10, Wait.REQUEST)),
        # The import did not know any more that it had written something.
        (How.UNLOAD, Point(27, Wait.OTHER)),
    ),
}
"""Cuts that lost something once, of an import into an account that was just added."""


@pytest.mark.skipif(ALL, reason="cut everywhere already")
@pytest.mark.parametrize("past", [FUSIONSOLAR, SUNGROW], indirect=True)
async def test_cuts_that_lost_something_once(past: Past) -> None:
    """What the recorder holds and what is on disk say together what is still to be done."""
    vendor = past.entry.data["vendor"]
    added = await _added(past, devices=vendor == "fusionsolar")
    if isinstance(past.cloud, SungrowCloud):
        past.forget = past.cloud.application.calls.clear
    work = Work(added, "2026-06-14", added=True)
    await _try(past, "import at once", work, None, None)
    tallies = [await _try(past, "import at once", work, *cut) for cut in MET[vendor]]
    assert all(tally.cut for tally in tallies)
    assert [each for tally in tallies for each in tally.violations] == []
