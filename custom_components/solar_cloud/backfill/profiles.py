"""When in a day energy is counted: the shape by which a day's total is shared out to its hours."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
import math
from typing import Final

from ..cloud.history import PastEnergy
from ..cloud.model import Quantity
from .rows import Row, spread
from .samples import HOUR, Sample

type Profile = Callable[[float], float]
"""The weight of the hour that starts at an instant."""

LEAST_HOURS: Final = 72
"""A shape learnt from fewer hours would be one day's weather."""
SUNRISE, SUNSET = 5, 21


def local_hour(at: float, zone: tzinfo) -> int:
    """Return the hour a clock on the wall shows."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).hour


def learnt(rows: Sequence[Row], zone: tzinfo) -> Profile | None:
    """Return the mean shape of the hours that were counted live; ``None`` while there are too few."""
    if len(rows) < LEAST_HOURS:
        return None
    weights = dict.fromkeys(range(24), 0.0)
    for before, row in pairwise(rows):
        if row.start == before.end:
            weights[local_hour(row.start, zone)] += max(0.0, row.sum - before.sum)
    return lambda start: weights[local_hour(start, zone)]


def assumed(quantity: Quantity, zone: tzinfo) -> Profile:
    """Return the shape of a day that was not measured: the sun's course for what the sun gives, even for all else."""
    if quantity not in {Quantity.PV_ENERGY_TOTAL, Quantity.GRID_EXPORT_ENERGY_TOTAL}:
        return lambda start: 1.0

    def sun(start: float) -> float:
        part = (local_hour(start, zone) + 0.5 - SUNRISE) / (SUNSET - SUNRISE)
        return max(0.0, math.sin(math.pi * part)) if 0 < part < 1 else 0.0

    return sun


def unrolled(
    reported: Iterable[PastEnergy], quantity: Quantity, profile: Profile
) -> list[Sample]:
    """Return the counter that reports of hours and days add up to, at every full hour they cover."""
    samples: list[Sample] = []
    counted = 0.0
    for each in sorted(reported, key=lambda each: each.start):
        energy = each.values.get(quantity)
        if energy is None or (samples and each.start < samples[-1][0]):
            continue
        count = max(1, round((each.end - each.start) / HOUR))
        starts = [each.start + number * HOUR for number in range(count)]
        if not samples or samples[-1][0] < each.start:
            samples.append((each.start, counted))
        for start, part in zip(starts, spread(energy, starts, profile), strict=True):
            counted += part
            samples.append((start + HOUR, counted))
    return _at_full_hours(samples)


def _at_full_hours(samples: Sequence[Sample]) -> list[Sample]:
    """Return where a counter stood at full hours of UTC, as statistics have them, also where days begin at half past, as in India."""
    if not samples or samples[0][0] % HOUR == 0:
        return [*samples]
    return [
        (at, low + (high - low) * (at - first) / HOUR)
        for (first, low), (second, high) in pairwise(samples)
        if second - first == HOUR and (at := second // HOUR * HOUR)
    ]


def resolution(reported: Iterable[PastEnergy]) -> str:
    """Name the finest span a report distinguishes."""
    spans = [each.end - each.start for each in reported]
    return "hours" if spans and max(spans) <= HOUR else "days"
