"""What a battery holds, gives back and how long it lasts: right within some per cent, or unknown with a reason."""

from collections.abc import Iterable

import pytest

from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.pipeline.battery import (
    BatteryDay,
    BatteryHistory,
    BatterySample,
    Measured,
    Unknown,
)

from .roof import DAY, Store

FIRST = 739_000


def watch(samples: Iterable[BatterySample], history: BatteryHistory) -> BatterySample:
    """Let what was told be seen, and return the last of it."""
    sample = None
    for sample in samples:
        history.observe(sample, FIRST + int(sample.at // DAY))
    assert sample is not None
    return sample


def measured(value: Measured | Unknown) -> Measured:
    """Return what must be known."""
    assert isinstance(value, Measured)
    return value


def nothing() -> float | None:
    """Tell no capacity."""
    return None


@pytest.mark.parametrize("capacity", [10.0, 6.8, 5.0])
@pytest.mark.parametrize("steps", [0.1, 0.01])
@pytest.mark.parametrize("way", [0.95, 0.88])
def test_a_month_tells_what_a_battery_holds_and_gives_back(
    capacity: float, steps: float, way: float
) -> None:
    """As new or worn to two thirds; charges are told in whole per cents, energies in tenths."""
    history = BatteryHistory()
    watch(Store(capacity, way, steps=steps).live(32), history)
    holds = measured(history.known.capacity)
    assert holds.value == pytest.approx(capacity * way, rel=0.03)
    assert holds.rests_on >= 20
    gives = measured(history.known.efficiency)
    assert gives.value == pytest.approx(way**2, abs=0.01)
    assert 20 <= gives.days <= 30
    assert gives.rests_on > 10


def test_wear_is_seen_within_a_month() -> None:
    """Half a year in which it lost a third."""
    store, history = Store(10.0), BatteryHistory()
    for _ in range(6):
        watch(store.live(30), history)
        store.capacity -= 0.6
        store.held = min(store.held, store.capacity)
    holds = measured(history.known.capacity)
    assert holds.value == pytest.approx(7.0 * 0.95, rel=0.03)


def test_nothing_is_said_of_a_capacity_before_three_discharges() -> None:
    """And nothing of an efficiency before a week."""
    store, history = Store(), BatteryHistory()
    watch(store.live(2), history)
    assert history.known.capacity is Unknown.LEARNING
    assert history.known.efficiency is Unknown.LEARNING
    watch(store.live(4), history)
    assert measured(history.known.capacity).rests_on >= 3
    assert history.known.efficiency is Unknown.LEARNING


def test_a_battery_that_hardly_moves_is_not_judged() -> None:
    """A large one in a small house: a tenth of its charge says nothing of all of it."""
    store, history = Store(80.0, floor=0.0, held=40.0), BatteryHistory()
    watch(store.live(30), history)
    assert history.known.capacity is Unknown.LEARNING


def test_gaps_cost_discharges_but_no_truth() -> None:
    """What was not seen is left out, and counters bridge it."""
    store, history = Store(), BatteryHistory()
    samples = (
        each for each in store.live(32) if not 18 <= (each.at % (2 * DAY)) / 3600 < 30
    )
    watch(samples, history)
    assert measured(history.known.capacity).value == pytest.approx(9.5, rel=0.03)
    assert measured(history.known.efficiency).value == pytest.approx(0.9025, abs=0.012)


def test_a_charge_that_is_set_right_on_the_way_is_left_out() -> None:
    """Some batteries leap when they find that they were wrong."""
    store, history = Store(), BatteryHistory()
    told = (
        each._replace(soc=max(10.0, each.soc - 25)) if each.soc < 70 else each
        for each in store.live(30)
    )
    watch(told, history)
    known = history.known.capacity
    assert known in (Unknown.LEARNING, Unknown.CONTRADICTORY)


def test_counters_that_do_not_belong_together_give_no_efficiency() -> None:
    """One that misses what came from the grid makes of it more than all."""
    store, history = Store(), BatteryHistory()
    told = (
        each._replace(charged=1000 + (each.charged - 1000) * 0.8)
        for each in store.live(30)
    )
    watch(told, history)
    assert history.known.efficiency is Unknown.CONTRADICTORY


def test_what_is_left_in_the_battery_is_no_loss() -> None:
    """It ends ten per cent fuller than it began: one of its ten kWh is still to come."""
    begin = BatteryDay(FIRST, 50.0, 100.0, 90.0)
    end = BatteryDay(FIRST + 10, 60.0, 140.0, 123.0)
    swings = [(FIRST + day, 10.0) for day in (1, 4, 7)]
    known = BatteryHistory(swings, [begin, end]).known
    gives = measured(known.efficiency)
    assert gives == pytest.approx((34 / 40, 3.3, 10))
    assert BatteryHistory([], [begin, end]).known.efficiency is Unknown.LEARNING


@pytest.mark.parametrize(("gap", "found"), [(1500.0, [10.0]), (7200.0, [])])
def test_a_discharge_ends_where_nobody_looked(gap: float, found: list[float]) -> None:
    """In two hours a battery may have been charged and emptied again; what is left on both sides is too narrow."""
    history = BatteryHistory()
    looks = [
        BatterySample(300.0 * (90 - soc) + gap * (soc < 60), soc, 0.0, (90 - soc) / 10)
        for soc in range(90, 29, -1)
    ]
    watch([*looks, looks[-1]._replace(soc=90.0)], history)
    assert [round(capacity, 6) for _, capacity in history.swings] == found


def test_another_battery_is_learnt_anew() -> None:
    """Its counters begin at nothing."""
    history = BatteryHistory()
    watch(Store().live(20), history)
    new = Store(5.0, at=Store().at + 20 * DAY, charged=0.0, discharged=0.0)
    watch(new.live(2), history)
    assert history.known.capacity is Unknown.LEARNING
    watch(new.live(8), history)
    assert measured(history.known.capacity).value == pytest.approx(4.75, rel=0.03)


def still(
    soc: float, power: float, minutes: int, at: float = 0.0
) -> list[BatterySample]:
    """Return looks at a battery with a steady power, W."""
    return [
        BatterySample(at + 60.0 * minute, soc, 0.0, 0.0, power, 0.0)
        for minute in range(0, minutes, 5)
    ]


def test_how_long_a_battery_lasts_is_told_in_steady_steps() -> None:
    """Of 10 kWh 40 % at 1 kW: four hours until it is empty."""
    history = BatteryHistory()
    watch(still(40, 1000, 30), history)
    assert history.time_to(0.0, 40, lambda: 10.0) == 4 * 3600
    assert history.time_to(100.0, 40, lambda: 10.0) is Unknown.IDLE
    # A kettle for five minutes moves it little.
    watch(still(40, 3000, 5, at=1800), history)
    left = history.time_to(0.0, 40, lambda: 10.0)
    assert isinstance(left, float)
    assert 2 * 3600 <= left < 4 * 3600
    assert left % 900 == 0


def test_how_long_a_battery_takes_to_be_full() -> None:
    """60 % of 10 kWh at 2 kW take three hours; the moment it turns is the moment it is told."""
    history = BatteryHistory()
    watch(still(40, 1000, 30), history)
    watch(still(40, -2000, 5, at=1800), history)
    assert history.time_to(100.0, 40, lambda: 10.0) == 3 * 3600
    assert history.time_to(0.0, 40, lambda: 10.0) is Unknown.IDLE


def test_who_knows_no_capacity_knows_no_time() -> None:
    """And a battery that takes days is at rest."""
    history = BatteryHistory()
    watch(still(40, 1000, 30), history)
    assert history.time_to(0.0, 40, nothing) is Unknown.NO_CAPACITY
    watch(still(40, 20, 120, at=1800), history)
    assert history.time_to(0.0, 40, lambda: 10.0) is Unknown.IDLE


def test_a_battery_ends_where_it_was_seen_to() -> None:
    """At the reserve it keeps, seen on two days; until then it is empty at nothing."""
    store, history = Store(floor=20.0), BatteryHistory()
    last = watch(store.live(1), history)
    assert history.known.bottom == 0.0
    last = watch(store.live(6), history)
    assert history.known.bottom == 20.0
    assert history.known.top == 100.0
    assert last.soc >= 20


def test_what_is_known_of_a_battery_outlives_a_restart_in_little_room() -> None:
    """Some numbers a day."""
    history = BatteryHistory()
    watch(Store().live(40), history)
    stored = to_json(history)
    again = from_json(BatteryHistory, stored)
    assert again.known == history.known
    assert len(str(stored)) < 6000
