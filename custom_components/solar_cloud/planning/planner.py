"""The cheapest way of a battery through what is to come: an exact dynamic programme over its charge.

Each step of time has one of the modes a battery can be told, not a power: what comes differently from what was expected changes how much
flows, never what makes sense. From the last step back, the programme finds for every charge on a grid what the rest costs at best;
between the grid's charges it interpolates. That is the optimum for what it is told, and takes a few hundredths of a second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEVELS: Final = 51
"""Charges at which the future is valued; twice as many save no cent more."""
EFFORT: Final = 0.002
"""Share of the mean price that an hour under command must save for each kWh of the battery's power: what saves less is noise."""


class PlannedMode(StrEnum):
    """What a battery can be told, in the words of the action that tells it."""

    AUTOMATIC = "automatic"
    HOLD = "hold"
    CHARGE = "charge"
    DISCHARGE = "discharge"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A stretch of time with what is expected of it."""

    start: float
    """Seconds since 1970."""
    hours: float
    buy: float
    """Price of a kWh from the grid."""
    sell: float
    """What is paid for a kWh into the grid."""
    sun: float
    """kW on the mean."""
    load: float
    """kW on the mean."""

    @property
    def end(self) -> float:
        """Seconds since 1970."""
        return self.start + 3600.0 * self.hours


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBattery:
    """A battery, its charges in kWh, its powers in kW at the house's side."""

    capacity: float
    lowest: float
    """kWh that stay in it."""
    highest: float
    charge_power: float
    discharge_power: float
    efficiency: float
    """Share of what went in that comes out again, between 0 and 1."""
    wear: float = 0.0
    """What a kWh out of it costs the battery."""
    modes: tuple[PlannedMode, ...] = (
        PlannedMode.AUTOMATIC,
        PlannedMode.HOLD,
        PlannedMode.CHARGE,
    )
    """What it may be told."""

    def run(
        self, mode: PlannedMode, step: PlanStep, stored: float
    ) -> tuple[float, float]:
        """Return what is stored after a step in a mode, and what the step costs."""
        way = self.efficiency**0.5
        need = step.load - step.sun
        into = min(
            self.charge_power, max(0.0, self.highest - stored) / way / step.hours
        )
        out = min(
            self.discharge_power, max(0.0, stored - self.lowest) * way / step.hours
        )
        if mode is PlannedMode.CHARGE:
            out = 0.0
        elif mode is PlannedMode.DISCHARGE:
            into = 0.0
        elif need < 0.0 or mode is PlannedMode.HOLD:
            into, out = min(into, max(0.0, -need)), 0.0
        else:
            into, out = 0.0, min(out, need)
        grid = (need + into - out) * step.hours
        cost = grid * (step.buy if grid > 0.0 else step.sell)
        stored += (into * way - out / way) * step.hours
        return stored, cost + out * step.hours * self.wear


@dataclass(frozen=True, slots=True)
class PlanWindow:
    """A stretch of time in one mode."""

    start: float
    end: float
    mode: PlannedMode
    stored: float
    """kWh at its end, if all comes as expected."""


@dataclass(frozen=True, slots=True)
class BatteryPlan:
    """What to do, and what comes of it."""

    windows: tuple[PlanWindow, ...]
    """One after the other without gaps, those in automatic mode included."""
    cost: float
    """Of the planned time."""
    cost_without: float
    """Of the planned time, were the battery left alone."""
    stored: float
    """kWh at the end of the planned time."""
    stored_without: float
    left_over: float
    """What is stored more at its end than without the plan is worth so much afterwards."""

    @property
    def saving(self) -> float:
        """What the plan saves, with the worth of what is left in the battery."""
        return self.cost_without - self.cost + self.left_over


def plan(
    battery: PlannedBattery,
    stored: float,
    steps: Sequence[PlanStep],
    until: float | None = None,
) -> BatteryPlan:
    """Plan the steps before ``until``, all when left out; those after it tell what is worth keeping for them.

    ``steps`` follow each other without gaps. What is left at the end of all counts nothing: a day later than what is planned, that changes no
    mode, whatever it is said to be worth.
    """
    worths = _worths(battery, steps)
    planned = [step for step in steps if until is None or step.start < until]
    chosen: list[PlanWindow] = []
    cost = cost_without = 0.0
    with_plan = without = stored
    for step, worth in zip(planned, worths[1:], strict=False):
        mode = _best(battery, step, with_plan, worth, _effort(battery, steps))
        with_plan, spent = battery.run(mode, step, with_plan)
        cost += spent
        chosen.append(PlanWindow(step.start, step.end, mode, with_plan))
        without, spent = battery.run(PlannedMode.AUTOMATIC, step, without)
        cost_without += spent
    rest = worths[len(planned)]
    return BatteryPlan(
        tuple(_joined(chosen)),
        cost,
        cost_without,
        with_plan,
        without,
        _at(battery, rest, without) - _at(battery, rest, with_plan),
    )


def _worths(battery: PlannedBattery, steps: Sequence[PlanStep]) -> list[list[float]]:
    """Return what is still to be paid at best, before each step and after the last, by charge."""
    span = battery.highest - battery.lowest
    levels = [battery.lowest + span * each / (LEVELS - 1) for each in range(LEVELS)]
    worth = [0.0] * LEVELS
    worths = [worth]
    effort = _effort(battery, steps)
    for step in reversed(steps):
        worth = [
            min(_costs(battery, step, level, worths[-1], effort)) for level in levels
        ]
        worths.append(worth)
    worths.reverse()
    return worths


def _effort(battery: PlannedBattery, steps: Sequence[PlanStep]) -> float:
    mean = sum(abs(step.buy) for step in steps) / len(steps) if steps else 0.0
    return EFFORT * mean * battery.charge_power


def _costs(
    battery: PlannedBattery,
    step: PlanStep,
    stored: float,
    worth: Sequence[float],
    effort: float,
) -> Iterable[float]:
    """Yield what each mode costs, now and later."""
    for mode in battery.modes:
        after, cost = battery.run(mode, step, stored)
        if mode is not PlannedMode.AUTOMATIC:
            cost += effort * step.hours
        yield cost + _at(battery, worth, after)


def _best(
    battery: PlannedBattery,
    step: PlanStep,
    stored: float,
    worth: Sequence[float],
    effort: float,
) -> PlannedMode:
    costs = [*_costs(battery, step, stored, worth, effort)]
    return battery.modes[costs.index(min(costs))]


def _at(battery: PlannedBattery, worth: Sequence[float], stored: float) -> float:
    """Interpolate between the charges of the grid."""
    span = battery.highest - battery.lowest
    if span <= 0.0:
        return worth[0]
    place = (stored - battery.lowest) / span * (LEVELS - 1)
    below = min(max(int(place), 0), LEVELS - 2)
    return worth[below] + (worth[below + 1] - worth[below]) * (place - below)


def _joined(windows: Iterable[PlanWindow]) -> list[PlanWindow]:
    """Join neighbours in the same mode."""
    joined: list[PlanWindow] = []
    for window in windows:
        if joined and joined[-1].mode is window.mode:
            window = PlanWindow(
                joined.pop().start, window.end, window.mode, window.stored
            )
        joined.append(window)
    return joined
