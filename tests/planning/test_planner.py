"""What a plan is worth: never more than doing nothing, as good as trying everything, and quick."""

from itertools import product
import time
from typing import Any

import pytest

from custom_components.solar_cloud.planning.planner import (
    PlannedBattery,
    PlannedMode,
    PlanStep,
    plan,
)

HOUR = 3600.0
ALL = tuple(PlannedMode)


def battery(**changes: Any) -> PlannedBattery:
    """Return a usual battery."""
    usual: dict[str, Any] = {
        "capacity": 10.0,
        "lowest": 1.0,
        "highest": 10.0,
        "charge_power": 3.0,
        "discharge_power": 3.0,
        "efficiency": 0.9,
    }
    return PlannedBattery(**(usual | changes))


def hours(*rows: tuple[float, float, float, float]) -> list[PlanStep]:
    """Return hours of (buy, sell, sun, load)."""
    return [
        PlanStep(number * HOUR, 1.0, *row) for number, row in enumerate(rows, start=10)
    ]


def spent(
    one: PlannedBattery, steps: list[PlanStep], modes: Any, stored: float
) -> float:
    """Return what a sequence of modes costs."""
    total = 0.0
    for mode, step in zip(modes, steps, strict=True):
        stored, cost = one.run(mode, step, stored)
        total += cost
    return total


CHEAP_NIGHT = hours(*[(0.1, 0.05, 0.0, 0.5)] * 3, *[(0.4, 0.05, 0.0, 2.0)] * 4)
NEGATIVE_NOON = hours(
    (0.3, 0.1, 0.0, 1.0),
    (-0.1, -0.2, 4.0, 1.0),
    (-0.1, -0.2, 4.0, 1.0),
    (0.3, 0.1, 0.0, 1.0),
    (0.5, 0.4, 0.0, 1.5),
    (0.5, 0.4, 0.0, 0.2),
)
SUNNY = hours(*[(0.3, 0.08, 3.0, 1.0)] * 3, *[(0.3, 0.08, 0.0, 1.0)] * 4)


@pytest.mark.parametrize("steps", [CHEAP_NIGHT, NEGATIVE_NOON, SUNNY])
@pytest.mark.parametrize("stored", [1.0, 5.0, 10.0])
def test_no_sequence_of_modes_is_cheaper(steps: list[PlanStep], stored: float) -> None:
    """All of them are tried; the plan may only miss what a command is not worth."""
    one = battery(modes=ALL, wear=0.01)
    made = plan(one, stored, steps)
    best = min(
        spent(one, steps, modes, stored) for modes in product(ALL, repeat=len(steps))
    )
    assert made.cost == pytest.approx(best, abs=0.04)
    assert made.cost <= made.cost_without + 1e-9
    assert made.left_over == 0.0, "after all that is known nothing counts"
    assert made.saving == pytest.approx(made.cost_without - made.cost)


def test_a_cheap_night_fills_the_battery_for_the_dear_evening() -> None:
    """Charged while it is cheap, left alone when it is dear."""
    made = plan(battery(), 1.0, CHEAP_NIGHT)
    charge, rest = made.windows[0], made.windows[-1]
    assert charge.mode is PlannedMode.CHARGE
    assert charge.stored > 8.0
    assert rest.mode is PlannedMode.AUTOMATIC
    assert rest.end == CHEAP_NIGHT[-1].end
    assert made.saving > 1.0


def test_what_is_in_it_is_held_for_the_dear_hours() -> None:
    """The house may buy at a middling price, so that the battery lasts when it counts."""
    steps = hours(*[(0.3, 0.05, 0.0, 3.0)] * 2, *[(0.6, 0.05, 0.0, 3.0)] * 3)
    made = plan(battery(modes=ALL[:2]), 9.0, steps)
    assert [window.mode for window in made.windows] == [
        PlannedMode.HOLD,
        PlannedMode.AUTOMATIC,
    ]


def test_one_price_needs_no_command() -> None:
    """Each command wears the device's memory and may fail."""
    made = plan(battery(), 4.0, SUNNY)
    assert [window.mode for window in made.windows] == [PlannedMode.AUTOMATIC]
    assert made.saving == 0.0


def test_only_modes_that_it_has_are_planned() -> None:
    """A battery that cannot be charged from the grid is held, or left alone."""
    made = plan(battery(modes=ALL[:2]), 2.0, CHEAP_NIGHT)
    assert {window.mode for window in made.windows} <= set(ALL[:2])


def test_wear_keeps_small_gains_from_being_chased() -> None:
    """Three cents between two hours pay no cycle that costs five."""
    steps = hours(*[(0.27, 0.05, 0.0, 0.0)] * 2, *[(0.33, 0.05, 0.0, 2.0)] * 2)
    assert plan(battery(efficiency=1.0), 1.0, steps).saving > 0.1
    assert plan(battery(efficiency=1.0, wear=0.08), 1.0, steps).saving == 0.0


def test_a_plan_ends_where_prices_do_and_what_is_left_then_counts() -> None:
    """What is stored at the end of the planned time is for what comes after it."""
    made = plan(battery(), 1.0, CHEAP_NIGHT, until=CHEAP_NIGHT[3].start)
    assert made.windows[-1].end == CHEAP_NIGHT[3].start
    assert made.cost > made.cost_without
    assert made.stored > made.stored_without
    assert made.saving > 1.0


@pytest.mark.parametrize("stored", [0.2, 10.0])
def test_a_charge_outside_of_the_limits_is_where_a_plan_begins(stored: float) -> None:
    """It is neither drawn from below nor filled from above."""
    made = plan(battery(highest=9.0), stored, CHEAP_NIGHT)
    assert made.saving >= 0.0


def test_a_battery_without_room_is_left_alone() -> None:
    """Nothing can be chosen."""
    made = plan(battery(lowest=5.0, highest=5.0), 5.0, CHEAP_NIGHT)
    assert made.saving == 0.0


def test_two_days_in_quarters_of_an_hour_take_far_less_than_a_second() -> None:
    """Of the processor's time, however busy the machine is."""
    steps = [
        PlanStep(number * 900.0, 0.25, 0.2 + number % 7 / 50, 0.1, number % 5, 1.0)
        for number in range(192)
    ]
    begun = time.process_time()
    plan(battery(modes=ALL), 5.0, steps)
    assert time.process_time() - begun < 1.0
