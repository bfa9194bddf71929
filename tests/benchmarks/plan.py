"""How much of what a battery could save its plan saves: a year of three homes with three tariffs, planned each evening and as it came.

The plan knows prices until midnight of tomorrow, a forecast of the sun that is wrong by a third and knows no clouds, and what the house used in
the four weeks before. What could be saved is known afterwards: the cheapest way through the year that was.
"""

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
import json
import math
from pathlib import Path
from random import Random
import time
from typing import Final

from custom_components.solar_cloud.planning.horizon import (
    forecast,
    grown,
    horizon,
    usual,
)
from custom_components.solar_cloud.planning.planner import (
    PlannedBattery,
    PlannedMode,
    PlanStep,
    PlanWindow,
    plan,
)
from custom_components.solar_cloud.planning.prices import Price

from . import _plans as p

EVENING: Final = 21
"""The hour at which is planned."""
PUBLISHED: Final = 14
"""The hour from which on the prices of tomorrow are known."""
FORECAST_ERROR: Final = 0.3
"""By how much a day's forecast is off, as the deviation of its logarithm."""
LIMITS: Final = {"two-rate": 0.5, "dynamic": 0.4}
"""What share of the possible is promised, over a year and all homes."""
LONGEST: Final = 1.0
"""Seconds that are promised for one plan."""


NOTHING: Final = "nothing"
POSSIBLE: Final = "possible"


@dataclass
class Result:
    """What one home with one tariff cost by way and season, and what planning took."""

    home: str
    tariff: str
    days: int
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """The longest plan, by way."""
    commands: dict[str, int] = field(default_factory=dict)

    def saved(self, way: str, season: str | None = None) -> float:
        """Return what a way saves against doing nothing."""
        seasons = [season] if season else p.SEASONS
        return sum(self.costs[NOTHING][s] - self.costs[way][s] for s in seasons)


def _expected(past: p.Past, quarter: int, *, served: bool) -> dict[float, float]:
    """Return the sun that is forecast: what the last week's hours were, scaled to the days that come, or not where no service does that."""
    hour = quarter // 4 * 4
    told: dict[int, float] = {}
    for begin in range(hour, hour + 49 * 4, 4):
        like = begin - math.ceil((begin + 4 - quarter) / p.QUARTERS) * p.QUARTERS
        week = (like - back * p.QUARTERS for back in range(7))
        told[begin] = sum(sum(past.sun[each : each + 4]) / 4 for each in week) / 7
    if served:
        for day in {begin // p.QUARTERS for begin in told}:
            first = day * p.QUARTERS
            true = sum(past.sun[first : first + p.QUARTERS])
            usual_day = sum(
                sum(
                    past.sun[
                        first - back * p.QUARTERS : first - (back - 1) * p.QUARTERS
                    ]
                )
                for back in range(3, 10)
            )
            error = math.exp(Random(day).gauss(0.0, FORECAST_ERROR))
            for begin in told:
                if begin // p.QUARTERS == day:
                    told[begin] *= 7 * true / usual_day * error
    return {p.START + begin * 900.0: kw for begin, kw in told.items()}


def _steps(
    past: p.Past, tariff: p.Tariff, quarter: int, *, served: bool
) -> tuple[tuple[PlanStep, ...], float]:
    """Return what is known at an instant: prices until midnight, and from the afternoon on until that of tomorrow."""
    now = p.START + quarter * 900.0
    today = quarter % p.QUARTERS
    known = p.QUARTERS - today + (p.QUARTERS if today >= PUBLISHED * 4 else 0)
    buy, sell = [], []
    for each in range(0, known, 4):
        at = now + each * 900.0
        costs, brings = tariff(at)
        buy.append(Price(at, at + p.HOUR, costs))
        sell.append(Price(at, at + p.HOUR, brings))
    counted, sums = 0.0, []
    hour = quarter // 4 * 4
    for each in range(hour - 28 * p.QUARTERS, hour, 4):
        counted += sum(past.load[each : each + 4]) / 4
        sums.append((p.START + each * 900.0, counted))
    load = usual(grown(sums), p.ZONE)
    sun = forecast(_expected(past, quarter, served=served), p.ZONE)
    assert load is not None and sun is not None
    coming = horizon(buy, sell, sun, load)
    return coming.steps, coming.until


type Planned = Callable[
    [PlannedBattery, float, Sequence[PlanStep], float], Sequence[PlanWindow]
]


def _planned(
    battery: PlannedBattery, stored: float, steps: Sequence[PlanStep], until: float
) -> Sequence[PlanWindow]:
    return plan(battery, stored, steps, until).windows


def _greedy(
    battery: PlannedBattery, stored: float, steps: Sequence[PlanStep], until: float
) -> Sequence[PlanWindow]:
    windows = []
    for mode, step in zip(p.greedy(battery, stored, steps), steps, strict=True):
        stored, _ = battery.run(mode, step, stored)
        windows.append(PlanWindow(step.start, step.end, mode, stored))
    return windows


@dataclass(frozen=True)
class Way:
    """How a battery is planned, and when."""

    name: str
    planned: Planned
    hours: frozenset[int] = frozenset({EVENING})
    served: bool = True
    """Whether a service forecasts the sun."""


OFTEN: Final = Way("plan, every three hours", _planned, frozenset(range(0, 24, 3)))
WAYS: Final = (
    OFTEN,
    Way("plan, each evening", _planned),
    Way("the same without a forecast", _planned, served=False),
    Way("greedy, each evening", _greedy),
)


def _live(
    battery: PlannedBattery,
    past: p.Past,
    tariff: p.Tariff,
    days: Sequence[int],
    result: Result,
    way: Way | None,
) -> dict[str, float]:
    """Live through days, and return what they cost by season. A charge ends at its target, then the battery is left alone."""
    costs = dict.fromkeys(p.SEASONS, 0.0)
    stored = battery.lowest
    lived: list[PlanStep] = []
    windows: Sequence[PlanWindow] = ()
    mode = PlannedMode.AUTOMATIC
    for day in days:
        for each in range(p.QUARTERS):
            quarter = (p.WARM_UP + day) * p.QUARTERS + each
            at = p.START + quarter * 900.0
            if way is not None and each % 4 == 0 and each // 4 in way.hours:
                steps, until = _steps(past, tariff, quarter, served=way.served)
                begun = time.process_time()
                windows = way.planned(battery, stored, steps, until)
                result.seconds[way.name] = max(
                    result.seconds.get(way.name, 0.0), time.process_time() - begun
                )
            buy, sell = tariff(at)
            step = PlanStep(at, 0.25, buy, sell, past.sun[quarter], past.load[quarter])
            lived.append(step)
            before, mode = mode, _mode(windows, at, stored)
            if way is not None and mode not in {before, PlannedMode.AUTOMATIC}:
                result.commands[way.name] = result.commands.get(way.name, 0) + 1
            stored, cost = battery.run(mode, step, stored)
            costs[p.season(day)] += cost
    costs[p.season(days[-1])] -= p.left(battery, lived) * stored
    return costs


def _mode(windows: Sequence[PlanWindow], at: float, stored: float) -> PlannedMode:
    window = next((each for each in windows if each.start <= at < each.end), None)
    if window is None or (
        window.mode is PlannedMode.CHARGE and stored >= window.stored - 0.01
    ):
        return PlannedMode.AUTOMATIC
    return window.mode


def measured(home: int, days: Sequence[int]) -> list[Result]:
    """Live through days at a home with each tariff."""
    chosen = p.HOMES[home]
    past = p.past(chosen)
    results = []
    for name, tariff in p.TARIFFS.items():
        result = Result(chosen.name, name, len(days))
        live = partial(_live, chosen.battery, past, tariff, days, result)
        result.costs[NOTHING] = live(None)
        for way in WAYS:
            result.costs[way.name] = live(way)
        steps = p.quarters(past, tariff)
        lived = [
            step
            for day in days
            for step in steps[day * p.QUARTERS : (day + 1) * p.QUARTERS]
        ]
        begun = time.process_time()
        plan(chosen.battery, chosen.battery.lowest, lived[: 2 * p.QUARTERS])
        result.seconds["48 hours in quarters"] = time.process_time() - begun
        best = dict.fromkeys(p.SEASONS, 0.0)
        for number, cost in enumerate(p.optimum(chosen.battery, lived)):
            best[p.season(days[number // p.QUARTERS])] += cost
        result.costs[POSSIBLE] = best
        results.append(result)
    return results


def main(arguments: Sequence[str]) -> int:
    """Print the tables; fail where the promise is not kept."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark plan")
    parser.add_argument("--quick", action="store_true", help="a week per season")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    days = [day for day in range(p.DAYS - 3) if not options.quick or day % 91 < 7]
    with ProcessPoolExecutor(2) as pool:
        told = pool.map(partial(measured, days=days), range(len(p.HOMES)))
        results = [result for each in told for result in each]
    _show(results)
    if options.json:
        figures = [vars(result) for result in results]
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    kept = all(
        _share(results, tariff, OFTEN.name) >= limit for tariff, limit in LIMITS.items()
    )
    return int(not kept or _longest(results) > LONGEST)


def _share(
    results: Sequence[Result], tariff: str, way: str, season: str | None = None
) -> float:
    chosen = [result for result in results if result.tariff == tariff]
    possible = sum(each.saved(POSSIBLE, season) for each in chosen)
    return sum(each.saved(way, season) for each in chosen) / possible


def _longest(results: Sequence[Result]) -> float:
    return max(
        seconds
        for result in results
        for name, seconds in result.seconds.items()
        if "greedy" not in name
    )


def _show(results: Sequence[Result]) -> None:
    way = OFTEN.name
    print(
        f"{'home':22}{'tariff':10}"
        + "".join(f"{season:>20}" for season in p.SEASONS)
        + "   saved of what was possible"
    )
    for result in results:
        cells = ""
        for season in p.SEASONS:
            possible, saved = result.saved(POSSIBLE, season), result.saved(way, season)
            share = f"{saved / possible:4.0%}" if possible > 1.0 else "   –"
            cells += f"{saved:7.2f} /{possible:6.2f}{share:>5}"
        print(f"{result.home:22}{result.tariff:10}{cells}")
    print(
        f"\n{'all homes and seasons':30}"
        + "".join(f"{t:>18}" for t in p.TARIFFS)
        + "  commands a day"
    )
    for name in (POSSIBLE, *(each.name for each in WAYS)):
        cells = ""
        for tariff in p.TARIFFS:
            saved = sum(r.saved(name) for r in results if r.tariff == tariff)
            share = "" if tariff == "flat" else f"{_share(results, tariff, name):.0%}"
            cells += f"{saved:12.2f}{share:>6}"
        commands = sum(r.commands.get(name, 0) for r in results if r.tariff != "flat")
        lived = sum(r.days for r in results if r.tariff != "flat")
        print(f"{name:30}{cells}{commands / lived:16.1f}")
    print(
        f"longest plan {_longest(results) * 1000:.0f} ms, promised {LONGEST * 1000:.0f} ms"
    )
