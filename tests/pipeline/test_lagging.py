"""A string that gives less than it did is found within days, and whole years in the weather raise no false alarm."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.pipeline.lagging import (
    FOR_GOOD,
    RECENT,
    USUAL,
    PartsToday,
    PlantPowers,
    Siblings,
)

from ..emulators.world.spec import Array
from .roof import Roof, Shade

SOUTH, SMALL = Array(peak_w=5000), Array(peak_w=1500)
EAST = Array(peak_w=3000, tilt=30, azimuth=90)
WEST = Array(peak_w=3000, tilt=30, azimuth=270)
NORTH = Array(peak_w=3000, azimuth=0)
ROOFS = {
    "twins": (SOUTH, SOUTH),
    "large and small": (SOUTH, SMALL),
    "east and west": (EAST, WEST),
    "south and north": (SOUTH, NORTH),
    "all around": (SOUTH, SOUTH, NORTH, EAST),
}
YEAR = 365
BEFORE = 45
"""Days of which a roof is known before anything happens to it."""


def lagging(roof: Roof, days: int) -> list[tuple[int, ...]]:
    """Let a roof live on, and return after each day the places of the parts that lag, from 0."""
    return [
        tuple(lag.part[1].index - 1 for lag in lags or ())
        for _, lags in roof.live(days)
    ]


def from_day(day: int, light: float, number: int = 0) -> Shade:
    """Leave a part a share of its light from a day on."""
    return lambda place, today: light if place == number and today >= day else 1.0


@pytest.mark.parametrize("name", ROOFS)
@pytest.mark.parametrize("month", [1, 7])
def test_a_year_without_a_fault_raises_no_alarm(name: str, month: int) -> None:
    """Whatever the weather and the seasons, wherever the parts look and however large they are."""
    roof = Roof(ROOFS[name], begin=datetime(2026, month, 1, tzinfo=UTC))
    found = lagging(roof, YEAR)
    assert not any(found)
    assert roof.siblings.learnt


@pytest.mark.parametrize(
    ("name", "light", "number"),
    [
        ("twins", 0.7, 0),
        ("large and small", 0.5, 0),
        ("large and small", 0.5, 1),
        ("all around", 0.7, 1),
        ("twins", 0.0, 0),
        ("large and small", 0.0, 0),
        ("east and west", 0.0, 1),
    ],
)
def test_a_string_that_is_shaded_or_dead_is_found_within_days(
    name: str, light: float, number: int
) -> None:
    """By name, with how much it lacks and since when; by bright days, for a dull one proves nothing."""
    roof = Roof(
        ROOFS[name],
        begin=datetime(2026, 3, 1, tzinfo=UTC),
        shade=from_day(BEFORE, light, number),
    )
    assert not any(lagging(roof, BEFORE))
    found = lagging(roof, 20)
    assert set(found) == {(), (number,)}
    first = found.index((number,))
    assert RECENT - 1 <= first <= 12
    assert set(found[first:]) == {(number,)}
    (lag,) = roof.siblings.lags(roof.begin.toordinal() + roof.day) or []
    assert lag.share == pytest.approx(1 - light, abs=0.06)
    begun = roof.begin.toordinal() + BEFORE
    assert begun <= lag.since <= begun + 5
    assert lag.days == roof.begin.toordinal() + roof.day - lag.since


def test_what_was_mended_is_told_no_more_and_nothing_lags_for_it() -> None:
    """Its siblings gave more beside it while it lagged; that they give less now is no fault of theirs."""
    roof = Roof(
        ROOFS["all around"],
        begin=datetime(2026, 6, 1, tzinfo=UTC),
        seed=2,
        shade=lambda place, day: 0.5 if place == 0 and 40 <= day < 80 else 1.0,
    )
    found = lagging(roof, 180)
    assert set(found) == {(), (0,)}
    last = max(day for day, each in enumerate(found) if each)
    assert 80 <= last <= 90


def test_days_on_which_a_part_lagged_are_not_usual() -> None:
    """Neither while it lags nor afterwards, nor the dull hours of any day."""
    roof = Roof(
        ROOFS["twins"],
        begin=datetime(2026, 5, 1, tzinfo=UTC),
        shade=lambda place, day: 0.5 if place == 0 and 45 <= day < 60 else 1.0,
    )
    found = lagging(roof, 90)
    assert set(found) == {(), (0,)}
    assert not found[-1]
    shares = [day.given[0] / day.given[1] for day in roof.siblings.usual]
    assert len(shares) == USUAL
    assert min(shares) > 0.97


def test_dull_hours_do_not_count() -> None:
    """What all parts give below half of their best says little of what they can."""
    today, siblings = PartsToday(), Siblings()
    one, two = ("inverter", Slot(Q.MPPT_POWER, 1)), ("inverter", Slot(Q.MPPT_POWER, 2))
    for minute, power in enumerate((4000, 4100, 1000, 1900, 3000)):
        powers = {one: float(power), two: float(power)}
        siblings.observe(powers, PlantPowers(), minute * 60.0, 739_000, today)
    assert today.seconds == 60 + 60
    assert today.given == [(4100 + 3000) * 60.0] * 2


def test_what_nobody_mends_is_how_the_plant_is() -> None:
    """After three months; a comparison with another season would be wrong."""
    roof = Roof(
        ROOFS["twins"],
        begin=datetime(2026, 3, 1, tzinfo=UTC),
        shade=from_day(BEFORE, 0.5),
    )
    found = lagging(roof, 200)
    days = [day for day, each in enumerate(found) if each]
    assert days == [*range(days[0], days[-1] + 1)]
    assert FOR_GOOD <= len(days) <= FOR_GOOD + 10


def test_a_limit_is_no_lag() -> None:
    """An inverter at its rating, which takes the power from one string only, on every bright day from one day on."""
    roof = Roof(ROOFS["twins"], begin=datetime(2026, 3, 1, tzinfo=UTC))
    lagging(roof, BEFORE)
    roof.limit = 4000.0
    assert not any(lagging(roof, 90))


def test_nothing_is_said_before_enough_is_known() -> None:
    """Neither yes nor no."""
    roof = Roof(ROOFS["twins"])
    (*_, (_, lags)) = roof.live(7)
    assert lags is None


def test_another_string_lets_all_be_learnt_anew() -> None:
    """Its siblings' shares are others beside it."""
    roof = Roof(ROOFS["twins"], begin=datetime(2026, 3, 1, tzinfo=UTC))
    lagging(roof, BEFORE)
    assert roof.siblings.learnt
    roof.arrays = (SOUTH, SOUTH, SMALL)
    (*_, (_, lags)) = roof.live(2)
    assert lags is None
    assert not any(lagging(roof, 60))


def test_a_string_that_was_never_connected_is_none() -> None:
    """Inverters tell of inputs with nothing on them."""
    nothing = Array(peak_w=0.0)
    roof = Roof((SOUTH, nothing, nothing, SOUTH), shade=from_day(BEFORE, 0.6, 3))
    found = lagging(roof, 80)
    assert set(found) == {(), (3,)}


def test_what_is_known_outlives_a_restart_in_little_room() -> None:
    """Some numbers a day."""
    roof = Roof(
        ROOFS["all around"],
        begin=datetime(2026, 3, 1, tzinfo=UTC),
        shade=from_day(BEFORE, 0.5),
    )
    lagging(roof, BEFORE + 12)
    stored = to_json(roof.siblings)
    again = from_json(Siblings, stored)
    assert again == roof.siblings
    assert again.laggards
    assert len(str(stored)) < 100 * (USUAL + RECENT)
    slots: Sequence[Slot] = [slot for _, slot in again.parts]
    assert [slot.index for slot in slots] == [1, 2, 3, 4]
