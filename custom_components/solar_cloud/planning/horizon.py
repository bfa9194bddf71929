"""What is to come, step by step: prices as far as they are known, then as a day before; sun and consumption as they are expected."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Final

from .planner import PlanStep
from .prices import HOUR, Price

AHEAD: Final = 48.0
"""Hours that are looked ahead: the day that is planned, and the one that what is stored then is for."""
DAY: Final = 86400.0
WEEKDAY_WORTH: Final = 3.0
"""How many days of any name tell as much of an hour as one of the same weekday."""
LEAST_HOURS: Final = 72
"""Hours of the past, below which a day is not known."""

type Power = Callable[[float], float]
"""Mean kW of the hour an instant is in."""


def usual(energies: Mapping[float, float], zone: tzinfo) -> Power | None:
    """Return the usual kW by hour and weekday, from kWh by the start of past hours; ``None`` while there are too few.

    A weekday has come up four times in a month: its mean is drawn towards that of all days.
    """
    if len(energies) < LEAST_HOURS:
        return None
    hours: dict[int, list[float]] = {}
    weekdays: dict[tuple[int, int], list[float]] = {}
    for start, energy in energies.items():
        weekday, hour = _clock(start, zone)
        hours.setdefault(hour, []).append(energy)
        weekdays.setdefault((weekday, hour), []).append(energy)
    mean = sum(energies.values()) / len(energies)
    means = {hour: sum(each) / len(each) for hour, each in hours.items()}

    def power(at: float) -> float:
        weekday, hour = _clock(at, zone)
        any_day = means.get(hour, mean)
        same = weekdays.get((weekday, hour), ())
        return (sum(same) + WEEKDAY_WORTH * any_day) / (len(same) + WEEKDAY_WORTH)

    return power


def grown(sums: Iterable[tuple[float, float]]) -> dict[float, float]:
    """Return what a counter grew in each hour whose beginning and end are known, from the sums at the hours' ends by their starts."""
    return {
        later: max(0.0, total - before)
        for (earlier, before), (later, total) in pairwise(sums)
        if later - earlier == HOUR
    }


def forecast(energies: Mapping[float, float], zone: tzinfo) -> Power | None:
    """Return the forecast kW, from kWh by any instants; hours after the last day it covers are as on that day. ``None`` when it is empty."""
    hours: dict[float, float] = {}
    for at, energy in energies.items():
        hours[at // HOUR] = hours.get(at // HOUR, 0.0) + energy
    if not hours:
        return None
    end = _midnight_after(max(hours) * HOUR, zone)

    def power(at: float) -> float:
        while at >= end:
            at -= DAY
        return hours.get(at // HOUR, 0.0)

    return power


def _clock(at: float, zone: tzinfo) -> tuple[int, int]:
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return local.weekday(), local.hour


def _midnight_after(at: float, zone: tzinfo) -> float:
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() + DAY


@dataclass(frozen=True, slots=True)
class Horizon:
    """All that is to come."""

    steps: tuple[PlanStep, ...]
    until: float
    """Until when prices are known."""


def horizon(
    buy: Sequence[Price], sell: Sequence[Price], sun: Power, load: Power
) -> Horizon:
    """Return the steps of what is to come; both lists of prices begin with the same instant, and have no gaps.

    A step ends where a price or an hour does. After the last price they go on as 24 hours before, where that is known; else as they ended.
    """
    now = buy[0].start
    end = now + AHEAD * HOUR
    until = min(buy[-1].end, sell[-1].end, end)
    length = _length([*buy[:-1], *sell[:-1]])
    steps: list[PlanStep] = []
    at = now
    while at < end:
        after = min((at // length + 1) * length, end)
        like = at
        while like >= until and like - DAY >= now:
            like -= DAY
        steps.append(
            PlanStep(
                at,
                (after - at) / HOUR,
                _price(buy, like),
                _price(sell, like),
                sun(at),
                load(at),
            )
        )
        at = after
    return Horizon(tuple(steps), until)


def _price(rows: Sequence[Price], at: float) -> float:
    return next(
        (row.price for row in rows if row.start <= at < row.end), rows[-1].price
    )


def _length(rows: Sequence[Price]) -> float:
    """Return the longest of an hour, half of one and a quarter, by which all rows end."""
    edges = {row.end for row in rows}
    return next(
        (
            length
            for length in (HOUR, HOUR / 2)
            if all(edge % length == 0.0 for edge in edges)
        ),
        HOUR / 4,
    )
