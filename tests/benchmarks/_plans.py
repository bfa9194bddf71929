"""Homes, tariffs and a year to plan a battery in; and what can be reached: with foresight, and with a plan that picks hours by their gain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import cos, exp, pi
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from custom_components.solar_cloud.planning.planner import (
    EFFORT,
    PlannedBattery,
    PlannedMode,
    PlanStep,
)
from tests.emulators.world import (
    Array,
    Battery,
    Charger,
    Clock,
    Habits,
    Inverter,
    SiteSpec,
    World,
)

ZONE: Final = ZoneInfo("Europe/Berlin")
END: Final = datetime(2026, 12, 31, 23, tzinfo=UTC)
"""Midnight at the homes."""
HOUR: Final = 3600.0
DAY: Final = 86400.0
QUARTERS: Final = 96
DAYS: Final = 365
WARM_UP: Final = 28
"""Days before the year, from which the usual consumption is known."""
START: Final = END.timestamp() - (DAYS + WARM_UP) * DAY
SEASONS: Final = ("winter", "spring", "summer", "autumn")
INVERTER: Final = 0.97
"""Of what the modules give the house gets so much."""


@dataclass(frozen=True)
class HomeToPlan:
    """A home, and its battery as the planner is told of it."""

    name: str
    spec: SiteSpec
    battery: PlannedBattery


def _home(
    name: str, peak_w: int, capacity: float, power: float, load: Habits, *, car: bool
) -> HomeToPlan:
    return HomeToPlan(
        name,
        SiteSpec(
            id=f"plan-{peak_w}",
            inverters=(
                Inverter(
                    id="inverter",
                    arrays=(
                        Array(peak_w=peak_w / 2),
                        Array(peak_w=peak_w / 2, azimuth=250),
                    ),
                    battery=Battery(id="battery", capacity_kwh=capacity),
                ),
            ),
            chargers=(Charger(id="charger"),) if car else (),
            habits=load,
        ),
        PlannedBattery(
            capacity=capacity,
            lowest=0.1 * capacity,
            highest=capacity,
            charge_power=power,
            discharge_power=power,
            efficiency=0.9,
            wear=0.03,
        ),
    )


HOMES: Final = (
    _home("4 kWp, 5 kWh", 4000, 5.0, 2.5, Habits(base_w=250, peak_w=1200), car=False),
    _home("9.6 kWp, 10 kWh", 9600, 10.0, 5.0, Habits(), car=False),
    _home("15 kWp, 15 kWh, car", 15000, 15.0, 7.5, Habits(base_w=450), car=True),
)


@dataclass(frozen=True)
class Past:
    """What was at a home, by quarters of an hour since ``START``, in kW on the mean."""

    sun: Sequence[float]
    load: Sequence[float]


def past(home: HomeToPlan) -> Past:
    """Look it up in the emulated world."""
    site = World(Clock(END)).add(home.spec)
    sun, load = [], []
    before = site.truth(START)
    for quarter in range(1, (DAYS + WARM_UP) * QUARTERS + 1):
        now = site.truth(START + quarter * 900.0)
        sun.append((now.pv - before.pv) * 4 * INVERTER)
        load.append((now.load + now.charger - before.load - before.charger) * 4)
        before = now
    return Past(sun, load)


type Tariff = Callable[[float], tuple[float, float]]
"""What a kWh costs at an instant, and what it brings."""


def flat(at: float) -> tuple[float, float]:
    """One price."""
    return 0.32, 0.08


def two_rate(at: float) -> tuple[float, float]:
    """A cheap night."""
    hour = datetime.fromtimestamp(at, ZONE).hour
    return (0.18 if hour >= 22 or hour < 6 else 0.34), 0.08


def dynamic(at: float) -> tuple[float, float]:
    """The exchange's price by the hour: peaks in the morning and the evening, noons that the sun makes cheap, negative ones on sunny weekends."""
    local = datetime.fromtimestamp(at, ZONE)
    drawn = Random(local.toordinal())
    hour = local.hour + 0.5
    season = 0.5 - 0.5 * cos(2 * pi * (local.timetuple().tm_yday - 10) / 365)
    weekend = 0.045 if local.weekday() >= 5 else 0.0
    level = drawn.gauss(0.105 - 0.03 * season, 0.025) - weekend
    peaks = 0.05 * exp(-(((hour - 7.5) / 1.6) ** 2)) + 0.08 * exp(
        -(((hour - 19.5) / 2.2) ** 2)
    )
    noon = drawn.uniform(0.02, 0.19) * season * exp(-(((hour - 13.2) / 3.0) ** 2))
    night = 0.02 * exp(-(((hour - 3.0) / 2.5) ** 2))
    flicker = Random(int(at // HOUR)).gauss(0.0, 0.006)
    spot = level + peaks - noon - night + flicker
    return (spot + 0.09) * 1.19, spot


TARIFFS: Final[dict[str, Tariff]] = {
    "flat": flat,
    "two-rate": two_rate,
    "dynamic": dynamic,
}


def season(day: int) -> str:
    """Name the season of a day of the year."""
    month = datetime.fromtimestamp(START + (WARM_UP + day + 0.5) * DAY, ZONE).month
    return SEASONS[month % 12 // 3]


def quarters(home_past: Past, tariff: Tariff) -> list[PlanStep]:
    """Return the year as it came, in quarters of an hour."""
    first = WARM_UP * QUARTERS
    steps = []
    for quarter in range(first, first + DAYS * QUARTERS):
        at = START + quarter * 900.0
        buy, sell = tariff(at)
        steps.append(
            PlanStep(
                at, 0.25, buy, sell, home_past.sun[quarter], home_past.load[quarter]
            )
        )
    return steps


def left(battery: PlannedBattery, steps: Sequence[PlanStep]) -> float:
    """Return what a kWh is worth that is stored at the end: the mean price. Without it, whoever stores for tomorrow loses on the last day."""
    way: float = battery.efficiency**0.5
    return sum(step.buy for step in steps) / len(steps) * way


def optimum(battery: PlannedBattery, steps: Sequence[PlanStep]) -> list[float]:
    """Return what each step costs with perfect foresight: the modes the plan has, and charging with any of four powers.

    An exact dynamic programme over 201 charges, all of them at once.
    """
    levels = np.linspace(battery.lowest, battery.highest, 201)
    value = left(battery, steps)
    worth = -value * levels
    worths = [worth]
    ways = [
        (mode, replace(battery, charge_power=battery.charge_power * share))
        for mode in battery.modes
        for share in ([each / 4 for each in range(1, 5)] if mode == "charge" else [1.0])
    ]
    for step in reversed(steps):
        best = None
        for mode, told in ways:
            after, cost = _run(told, battery, mode, step, levels)
            total = cost + np.interp(after, levels, worth)
            best = total if best is None else np.minimum(best, total)
        assert best is not None
        worth = best
        worths.append(worth)
    worths.reverse()
    stored, costs = battery.lowest, []
    for step, after in zip(steps, worths[1:], strict=True):
        choices = []
        for mode, told in ways:
            then, cost = _run(told, battery, mode, step, np.array([stored]))
            choices.append(
                (cost[0] + np.interp(then[0], levels, after), cost[0], then[0])
            )
        _, spent, stored = min(choices)
        costs.append(float(spent))
    costs[-1] -= value * stored
    return costs


def _run(
    told: PlannedBattery,
    battery: PlannedBattery,
    mode: PlannedMode,
    step: PlanStep,
    stored: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Do what ``PlannedBattery.run`` does, for many charges at once; what the sun gives beyond the power told is taken, too."""
    way = battery.efficiency**0.5
    need = step.load - step.sun
    room = (battery.highest - stored) / way / step.hours
    there = (stored - battery.lowest) * way / step.hours
    into = np.zeros_like(stored)
    out = np.zeros_like(stored)
    surplus = min(battery.charge_power, max(0.0, -need))
    if mode is PlannedMode.CHARGE:
        into = np.minimum(max(told.charge_power, surplus), room)
    elif mode is PlannedMode.DISCHARGE:
        out = np.minimum(battery.discharge_power, there)
    elif need < 0.0 or mode is PlannedMode.HOLD:
        into = np.minimum(surplus, room)
    else:
        out = np.minimum(min(battery.discharge_power, need), there)
    grid = (need + into - out) * step.hours
    cost = np.where(grid > 0.0, grid * step.buy, grid * step.sell)
    after = stored + (into * way - out / way) * step.hours
    return after, cost + out * step.hours * battery.wear


def greedy(
    battery: PlannedBattery, stored: float, steps: Sequence[PlanStep]
) -> list[PlannedMode]:
    """Return a mode for each step: begin with none, and take the change that is tried next whenever it pays, the dearest and the cheapest steps first."""
    mean = sum(abs(step.buy) for step in steps) / len(steps)
    effort = EFFORT * mean * battery.charge_power

    def total(modes: Sequence[PlannedMode]) -> float:
        level, cost = stored, 0.0
        for mode, step in zip(modes, steps, strict=True):
            level, spent = battery.run(mode, step, level)
            cost += spent
            if mode is not PlannedMode.AUTOMATIC:
                cost += effort * step.hours
        return cost

    modes = [PlannedMode.AUTOMATIC] * len(steps)
    best = total(modes)
    order = sorted(range(len(steps)), key=lambda each: steps[each].buy)
    for number in order:
        for mode in battery.modes[1:]:
            tried = [*modes[:number], mode, *modes[number + 1 :]]
            if (cost := total(tried)) < best - 1e-9:
                modes, best = tried, cost
    return modes
