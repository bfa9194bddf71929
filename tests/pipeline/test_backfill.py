"""The logic of the past: cleaned samples, joined rows, noticed gaps, collected windows, shapes of days and findings."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.solar_cloud.backfill.anomalies import Finding, examine
from custom_components.solar_cloud.backfill.fetcher import HistoryFetcher, Reports
from custom_components.solar_cloud.backfill.gaps import GapWatch
from custom_components.solar_cloud.backfill.profiles import (
    assumed,
    learnt,
    resolution,
    unrolled,
)
from custom_components.solar_cloud.backfill.rows import Row, ahead, between, spread
from custom_components.solar_cloud.backfill.samples import (
    HOUR,
    clean,
    continuous,
    hours,
    least_at,
    thin,
    value_at,
)
from custom_components.solar_cloud.cloud.errors import QuotaExhausted, UnexpectedAnswer
from custom_components.solar_cloud.cloud.history import (
    HistoryLimits,
    Interval,
    PastEnergies,
    PastEnergy,
    PastWindow,
)
from custom_components.solar_cloud.cloud.model import (
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.sources import SourceTerm
from custom_components.solar_cloud.cloud.storage import MemoryStorage

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400.0
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC).timestamp() // DAY * DAY
PV = Slot(Q.PV_ENERGY_TOTAL)
PLANT = Plant(id="home", name="Home")
HOME = Inventory({"home": PLANT}, {})

ENERGIES = st.lists(
    st.floats(0, 20, allow_nan=False).map(lambda kwh: round(kwh, 3)),
    min_size=3,
    max_size=60,
)


def counter_of(energies: Sequence[float], start: float = NOON) -> dict[float, float]:
    """Return a counter at each full hour."""
    found, counted = {start: 100.0}, 100.0
    for number, energy in enumerate(energies):
        counted += energy
        found[start + (number + 1) * HOUR] = counted
    return found


def never_falls(samples: Sequence[tuple[float, float]]) -> bool:
    """Whether values are in order."""
    return all(first[1] <= second[1] for first, second in pairwise(samples))


# Samples


@given(ENERGIES, st.data())
def test_cleaning_leaves_out_the_lies_and_nothing_else(
    energies: list[float], data: st.DataObject
) -> None:
    """Zeros, dips and jumps go; with fewer lies than truths around them the truth stays."""
    honest = sorted(counter_of([energy + 0.01 for energy in energies]).items())
    place = data.draw(st.integers(1, len(honest) - 2))
    lie = data.draw(st.sampled_from([0.0, honest[place][1] - 0.02, 1e6]))
    told = [*honest[:place], (honest[place][0], lie), *honest[place + 1 :]]
    kept = clean(told)
    assert never_falls(kept)
    assert len(kept) >= len(honest) - 1
    if lie == 0.0:
        assert kept == [*honest[:place], *honest[place + 1 :]]


def test_a_counter_goes_on_over_a_real_reset() -> None:
    """A new device begins at zero; what it counts adds up. A zero at night is no reset."""
    before = [(NOON + number * HOUR, 1000.0 + number) for number in range(10)]
    after = [(NOON + (10 + number) * HOUR, 0.5 + number) for number in range(10)]
    joined = continuous([*before, *after])
    assert joined[-1][1] == pytest.approx(1009 + 9.5)
    assert never_falls(joined)
    night = [*before, (NOON + 10 * HOUR, 0.0), (NOON + 11 * HOUR, 1010.0)]
    assert continuous(night)[-1][1] == 1010.0


def test_a_counter_reached_at_least_what_it_was_seen_at() -> None:
    """Before its first sample nobody knows."""
    samples = [(HOUR, 1.0), (2 * HOUR, 2.0), (30 * HOUR, 9.0)]
    assert least_at(samples, 0.0) is None
    assert least_at(samples, 20 * HOUR) == 2.0
    assert least_at(samples, 2 * HOUR) == 2.0


def test_between_samples_far_apart_nothing_is_known() -> None:
    """Unless the counter stood still."""
    samples = [(0.0, 1.0), (600.0, 2.0), (10_000.0, 5.0), (90_000.0, 5.0)]
    assert value_at(samples, 300.0) == 1.5
    assert value_at(samples, 5000.0) is None
    assert value_at(samples, 50_000.0) == 5.0
    assert value_at(samples, 90_500.0) == 5.0
    assert value_at(samples, 99_000.0) is None
    assert value_at([], 0.0) is None


def test_thinning_keeps_what_full_hours_need() -> None:
    """The first and the last of each hour."""
    samples = [(NOON + number * 300.0, float(number)) for number in range(36)]
    kept = thin(samples)
    assert len(kept) == 6
    for at in hours(NOON, NOON + 3 * HOUR)[1:]:
        assert value_at(kept, at) == value_at(samples, at)


# Rows


@given(ENERGIES, st.floats(0.5, 2.0))
def test_filling_keeps_both_ends_and_is_idempotent(
    energies: list[float], share: float
) -> None:
    """Whatever the counter says, sums never fall, and the total is what it was."""
    counter = counter_of(energies)
    last = NOON + len(energies) * HOUR
    total = (counter[last] - counter[NOON]) * share
    before = Row(NOON - HOUR, 100.0, 7.0)
    after = Row(last - HOUR, 100.0 + total, 7.0 + total)
    rows = between(before, after, counter.get)
    if total == 0:
        assert all(row.sum == 7.0 for row in rows)
        return
    assert [row.start for row in rows] == hours(NOON, after.start)
    for first, second in pairwise([before, *rows, after]):
        assert second.sum >= first.sum - 1e-9
        assert first.state is not None
        assert second.state is not None
        assert second.state >= first.state - 1e-9
    for row in rows:
        wanted = 7.0 + (counter[row.end] - 100.0) * share
        assert row.sum == pytest.approx(wanted, abs=1e-6)
    assert between(before, after, counter.get) == rows


def test_filling_needs_a_counter_that_knows() -> None:
    """Without it, or where it stood still although something was counted, the hours stay as they are."""
    before, after = Row(0.0, 1.0, 1.0), Row(4 * HOUR, 5.0, 5.0)
    assert between(before, after, lambda at: None) == []
    assert between(before, after, lambda at: 3.0) == []
    assert between(before, Row(4 * HOUR, 0.5, 0.5), lambda at: at) == []
    known = {HOUR: 1.0, 2 * HOUR: 2.0, 5 * HOUR: 5.0}
    rows = between(before, Row(4 * HOUR, 0.2, 5.0), known.get)
    assert [row.sum for row in rows] == [2.0, 2.0, 2.0]
    assert {row.state for row in rows} == {None}
    seen = {3 * HOUR: 2.6}
    rows = between(before, Row(4 * HOUR, 5.0, 5.0), known.get, seen.get)
    assert [row.sum for row in rows] == [2.0, 2.6, 2.6]


@pytest.mark.parametrize(
    ("known", "sums"),
    [
        ({2 * HOUR: 13.0, 3 * HOUR: 14.0, 5 * HOUR: 15.0}, [3.0, 4.0, 4.0]),
        ({HOUR: 11.0, 2 * HOUR: 13.0, 3 * HOUR: 14.0}, [3.0, 4.0, 4.0]),
    ],
)
def test_one_end_may_be_unknown(known: dict[float, float], sums: list[float]) -> None:
    """A battery that slept then left no counter; the rows say where it stood."""
    rows = between(Row(0.0, 1.0, 1.0), Row(4 * HOUR, 5.0, 5.0), known.get)
    assert [row.sum for row in rows] == sums


@given(ENERGIES, st.integers(1, 10))
def test_what_comes_ahead_is_joined_without_a_step(
    energies: list[float], live: int
) -> None:
    """Every hour has its energy, across the seam too; the first row begins at its own."""
    counter = counter_of([*energies, *([1.0] * live)])
    first_start = NOON + len(energies) * HOUR
    first = Row(first_start, counter[first_start + HOUR] + 3.0, 0.4)
    prefix = ahead(first, hours(NOON, first_start), counter.get)
    assert len(prefix.rows) == len(energies)
    for row, energy, before in zip(
        prefix.rows, energies, [0.0, *(row.sum for row in prefix.rows)], strict=False
    ):
        assert row.sum - before == pytest.approx(energy, abs=1e-6)
    assert first.sum + prefix.lift - prefix.rows[-1].sum == pytest.approx(1.0, abs=1e-6)
    assert prefix.rows[-1].state == pytest.approx(counter[first_start] + 3.0)


def test_nothing_comes_ahead_of_what_nobody_knows() -> None:
    """The counter must be known in the first live hour and somewhere before it."""
    first = Row(10 * HOUR, None, 0.0)
    starts = hours(0.0, 10 * HOUR)
    assert not ahead(first, starts, lambda at: None).rows
    assert not ahead(first, starts, {11 * HOUR: 4.0}.get).rows
    late = ahead(first, starts, {8 * HOUR: 2.0, 10 * HOUR: 3.0, 11 * HOUR: 4.0}.get)
    assert [row.sum for row in late.rows] == [0.0, 1.0]


def test_a_day_is_shared_out_by_its_shape() -> None:
    """To the last kWh, evenly where there is no shape."""
    assert spread(6.0, [0.0, 1.0, 2.0], lambda start: start) == [0.0, 2.0, 4.0]
    assert spread(6.0, [0.0, 1.0, 2.0], lambda start: 0.0) == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("date", "count"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)]
)
def test_e14_days_have_the_hours_they_have(
    date: tuple[int, int, int], count: int
) -> None:
    """A day of 23 or 25 hours is shared out to as many, none twice."""
    start = datetime(*date, tzinfo=BERLIN)
    end = (start + timedelta(days=1)).timestamp()
    day = PastEnergy(start.timestamp(), end, {Q.PV_ENERGY_TOTAL: 12.0})
    samples = unrolled([day], Q.PV_ENERGY_TOTAL, assumed(Q.PV_ENERGY_TOTAL, BERLIN))
    assert len(samples) == count + 1
    assert samples[-1][0] == end
    assert samples[-1][1] == pytest.approx(12.0)
    assert never_falls(samples)
    assert resolution([day]) == "days"
    assert resolution([PastEnergy(0.0, HOUR)]) == "hours"


def test_a_day_that_begins_at_half_past_is_told_at_full_hours() -> None:
    """Statistics have whole hours of UTC; India's midnights lie between two of them."""
    start = datetime(2026, 6, 1, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()
    days = [PastEnergy(start, start + DAY, {Q.LOAD_ENERGY_TOTAL: 24.0})]
    days.append(PastEnergy(start + DAY, start + 2 * DAY, {Q.LOAD_ENERGY_TOTAL: 48.0}))
    samples = unrolled(days, Q.LOAD_ENERGY_TOTAL, lambda _: 1.0)
    assert [at % HOUR for at, _ in samples] == [0.0] * 48
    assert samples[0][0] == start + HOUR / 2
    assert samples[-1][0] == start + 2 * DAY - HOUR / 2
    told = [samples[0][1], samples[24][1], samples[-1][1]]
    assert told == pytest.approx([0.5, 25.0, 71.0])


def test_shapes() -> None:
    """The sun by day, all else evenly, and what was measured before what is assumed."""
    sun = assumed(Q.PV_ENERGY_TOTAL, BERLIN)
    assert sun(NOON) == 0.0
    assert sun(NOON + 10 * HOUR) > 0.9
    assert assumed(Q.LOAD_ENERGY_TOTAL, BERLIN)(NOON) == 1.0
    assert learnt([], BERLIN) is None
    rows = [Row(NOON + n * HOUR, None, float(n // 24)) for n in range(100)]
    measured = learnt(rows, BERLIN)
    assert measured is not None
    assert measured(NOON) == 4.0
    assert measured(NOON + HOUR) == 0.0
    gap = [PastEnergy(DAY, 2 * DAY, {}), PastEnergy(0.0, DAY, {Q.PV_ENERGY_TOTAL: 1.0})]
    assert unrolled(gap, Q.PV_ENERGY_TOTAL, sun)[-1][0] == DAY


# Gaps


def reading(at: float, kwh: float) -> Snapshot:
    """Return a poll that heard one inverter."""
    return Snapshot({"one": Reading(datetime.fromtimestamp(at, UTC), {PV: kwh})})


def test_a_gap_is_what_moved_unseen_over_a_full_hour() -> None:
    """It survives restarts, waits for its end, and is closed once."""
    storage = MemoryStorage()
    watch = GapWatch(storage)
    keys = {("one", PV.key)}
    watch.observe(reading(NOON, 5.0), NOON)
    watch.observe(reading(NOON + 600, 5.2), NOON + 600)
    watch.observe(reading(NOON + 2400, 5.4), NOON + 2400)
    assert watch.due(keys, NOON + DAY) == []
    watch = GapWatch(storage)
    watch.observe(reading(NOON + 2 * HOUR, 7.0), NOON + 2 * HOUR)
    watch.observe(reading(NOON + 1, 1.0), NOON + 2 * HOUR)
    assert watch.due(keys, NOON + HOUR) == []
    watch = GapWatch(storage)
    (outage,) = watch.due(keys, NOON + DAY)
    assert (outage.start, outage.end) == (NOON + 2400, NOON + 2 * HOUR)
    assert watch.due({("two", PV.key)}, NOON + DAY) == []
    watch.close(outage)
    assert watch.due(keys, NOON + DAY) == []


def test_what_is_heard_after_its_hour_is_booked_in_the_next() -> None:
    """Measured just before the full hour, and read just after it."""
    watch = GapWatch(MemoryStorage())
    watch.observe(reading(NOON + 600, 5.0), NOON + 700)
    watch.observe(reading(NOON + 3500, 7.0), NOON + 3700)
    (outage,) = watch.due({("one", PV.key)}, NOON + DAY)
    assert (outage.start, outage.end) == (NOON + 600, NOON + 3700)


def test_what_stands_still_or_is_not_heard_leaves_no_gap() -> None:
    """A sleeping device, one that is silent, one that is old news, and one that was not believed."""
    watch = GapWatch(MemoryStorage())
    keys = {("one", PV.key)}
    watch.observe(reading(NOON, 5.0), NOON)
    watch.observe(reading(NOON + 8 * HOUR, 5.0), NOON + 8 * HOUR)
    later = reading(NOON + 12 * HOUR, 9.0)
    silent = Snapshot(later.readings, {"one": "offline"})
    watch.observe(silent, NOON + 12 * HOUR)
    undated = Snapshot({"one": Reading(None, {PV: 9.0})}, stale=frozenset({"one"}))
    watch.observe(undated, NOON + 12 * HOUR)
    watch.observe(later, NOON + 12 * HOUR, is_held=lambda _: True)
    assert watch.due(keys, NOON + DAY) == []
    watch.observe(
        Snapshot({"one": Reading(None, {PV: 9.0, Slot(Q.PV_POWER): 1.0})}),
        NOON + 13 * HOUR,
    )
    (outage,) = watch.due(keys, NOON + DAY)
    assert outage.start == NOON + 8 * HOUR


def test_gaps_of_one_outage_are_repaired_together_and_long_ones_left() -> None:
    """What overlaps belongs together; more than a week is the user's to decide."""
    watch = GapWatch(MemoryStorage())
    other = Slot(Q.GRID_IMPORT_ENERGY_TOTAL)
    keys = {("one", PV.key), ("one", other.key)}
    for at, values in (
        (NOON, {PV: 1.0, other: 1.0}),
        (NOON + 5 * HOUR, {PV: 2.0, other: 2.0}),
        (NOON + 9 * DAY, {PV: 9.0, other: 9.0}),
    ):
        moment = datetime.fromtimestamp(at, UTC)
        watch.observe(Snapshot({"one": Reading(moment, {**values})}), at)
    assert watch.due(keys, NOON + 10 * DAY) == []  # the first is forgotten by now
    (long,) = watch.due(keys, NOON + 10 * DAY, longest=None)
    assert long.keys == keys


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"heard": {"a": 1, "b": {"c": {"at": 1}}}, "gaps": [["a"], {"key": ["a"]}]},
    ],
)
def test_a_damaged_memory_of_gaps_is_empty(stored: object) -> None:
    """It is no reason to stop."""
    storage = MemoryStorage()
    storage.delay_save("gaps", lambda: stored)
    assert GapWatch(storage).due({("a", "b")}, NOON) == []


# Collecting


class Archive:
    """A vendor's past: a counter of one kWh an hour, a call at a time."""

    limits = HistoryLimits(readings=timedelta(days=365), window=timedelta(hours=12))

    def __init__(self, begun: float = 0.0, allowed: int = 1000) -> None:
        """Answer so many calls; the device is as old as ``begun``."""
        self.begun = begun
        self.allowed = allowed
        self.asked: list[tuple[float, float]] = []

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Know everything."""
        return now

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Answer for each alone."""
        return [(owner,) for owner in sorted(owners)]

    def _spend(self) -> None:
        if self.allowed == 0:
            raise QuotaExhausted(60)
        self.allowed -= 1

    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> Mapping[str, Sequence[Reading]]:
        """Return a reading every half hour, one of them without a time."""
        self._spend()
        self.asked.append((window.start.timestamp(), window.end.timestamp()))
        if batch == ("refused",):
            raise UnexpectedAnswer
        found = [Reading(None, {PV: 1e6})]
        at = window.start.timestamp()
        while at < window.end.timestamp():
            if at >= self.begun:
                moment = datetime.fromtimestamp(at, UTC)
                found.append(Reading(moment, {PV: at / HOUR, Slot(Q.PV_POWER): 9.0}))
            at += 1800.0
        return {batch[0]: found}

    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Report days."""
        return {Interval.DAY: timedelta(days=365)}

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return one day."""
        return await self.totals(plant.id, inventory, Interval.DAY, end)

    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return one day."""
        self._spend()
        last = (end - timedelta(seconds=1)).replace(hour=0, minute=0, second=0)
        start = last.replace(microsecond=0).timestamp()
        if start < self.begun:
            raise UnexpectedAnswer
        self.asked.append((start, end.timestamp()))
        values = {Q.PV_ENERGY_TOTAL: 24.0}
        return PastEnergies([PastEnergy(start, start + DAY, values)], start)


async def test_collecting_goes_on_where_a_limit_stopped_it() -> None:
    """Over a restart, without asking for anything twice."""
    archive = Archive(allowed=3)
    fetcher = HistoryFetcher(
        {"one", "refused"}, NOON, NOON + 3 * DAY, timedelta(minutes=15)
    )
    assert fetcher.left(archive, HOME) == 12
    with pytest.raises(QuotaExhausted):
        await fetcher.run(archive, HOME, UTC)
    stored = fetcher.as_json()
    fetcher = HistoryFetcher(
        {"one", "refused"}, NOON, NOON + 3 * DAY, timedelta(minutes=15), stored
    )
    assert fetcher.left(archive, HOME) == 9
    archive.allowed = 100
    await fetcher.run(archive, HOME, UTC)
    assert len(archive.asked) == 12
    term = SourceTerm("one", PV)
    value = fetcher.value([term, SourceTerm("one", PV, -0.5)], NOON + HOUR)
    assert value == pytest.approx((NOON + HOUR) / HOUR / 2)
    assert fetcher.value([term, SourceTerm("refused", PV)], NOON + HOUR) is None
    other = HistoryFetcher({"one"}, NOON, NOON + 9 * DAY, timedelta(minutes=15), stored)
    assert other.left(archive, HOME) == 18


async def test_the_past_of_a_young_device_is_not_searched_for_ever() -> None:
    """Six weeks of nothing are its beginning."""
    archive = Archive(begun=NOON - 5 * DAY)
    fetcher = HistoryFetcher({"one"}, NOON - 300 * DAY, NOON, timedelta(minutes=15))
    await fetcher.run(archive, HOME, UTC)
    assert 100 <= len(archive.asked) <= 103


async def test_reports_are_read_backwards_to_their_beginning() -> None:
    """Day by day, over a limit and a restart, as far as the vendor knows."""
    archive = Archive(begun=NOON - 20 * DAY, allowed=4)
    reports = Reports(NOON - 60 * DAY, NOON)
    with pytest.raises(QuotaExhausted):
        await reports.run(archive, HOME, PLANT, UTC)
    reports = Reports(NOON - 60 * DAY, NOON, reports.as_json())
    assert len(reports.rows) == 4
    archive.allowed = 100
    await reports.run(archive, HOME, PLANT, UTC)
    assert len(reports.rows) == 20
    assert {row.values[Q.PV_ENERGY_TOTAL] for row in reports.rows} == {24.0}
    assert Reports(NOON - 50 * DAY, NOON, reports.as_json()).rows == []


# Examining


def test_only_what_physics_excludes_is_found() -> None:
    """A spike, its repayment, and a fall; neither a busy hour nor the lump after a silence."""
    energies = [1.0] * 48
    energies[10], energies[13] = 300.0, -297.0
    energies[20] = -2.0
    energies[30:36] = [0.0] * 6
    energies[36] = 40.0
    energies[44] = 900.0
    rows, total = [], 0.0
    for number, energy in enumerate([0.0, *energies]):
        total += energy
        rows.append(Row(number * HOUR, None, total))
    found = examine(rows, 5000.0)
    assert found == [
        Finding(11 * HOUR, 297.0),
        Finding(14 * HOUR, -297.0),
        Finding(21 * HOUR, -2.0),
        Finding(45 * HOUR, 899.0),
    ]
    mended = [
        Row(
            row.start,
            None,
            row.sum - sum(each.excess for each in found if each.start <= row.start),
        )
        for row in rows
    ]
    changes = [after.sum - before.sum for before, after in pairwise(mended)]
    assert min(changes) == 0.0
    assert max(changes) == 40.0
    assert examine(mended, 5000.0) == []
    assert examine([], 5000.0) == []
    assert examine([Row(0.0, None, 0.0), Row(HOUR, None, 500.0)], 10.0) == [
        Finding(HOUR, 500.0)
    ]
