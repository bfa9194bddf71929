"""Looking through past hours for what physics excludes: spikes that were booked before there was a filter, and energy taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from ..pipeline.growth import GrowthLimit
from .rows import Row
from .samples import HOUR

LEAST_FALL: Final = 0.05
"""kWh; smaller falls are rounding."""
REPAID_WITHIN: Final = 48 * HOUR
"""A spike that was taken back is taken back within two days."""
ALIKE: Final = 0.5
"""How much of a spike a fall must take back to belong to it, at least; as much more at most."""
AROUND: Final = 4
"""Hours on either side that say what an hour is usually like."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One hour whose energy cannot be, and by how many kWh the sums from there on are too high (negative: too low)."""

    start: float
    excess: float


def examine(rows: Sequence[Row], watts: float) -> list[Finding]:
    """Return the hours that break physics, oldest first; what was counted during a gap may come in one hour."""
    limit = GrowthLimit.of(watts)
    steps = [(after.start, after.sum - before.sum) for before, after in pairwise(rows)]
    odd: dict[int, float] = {}
    rose = rows[0].start if rows else 0.0
    for number, (start, change) in enumerate(steps):
        if change < -LEAST_FALL or change > limit.max_growth(start - rose):
            odd[number] = change
        if change > 0:
            rose = start
    return [
        Finding(steps[number][0], round(_excess(number, steps, odd), 6))
        for number in odd
    ]


def _excess(
    number: int, steps: Sequence[tuple[float, float]], odd: dict[int, float]
) -> float:
    start, change = steps[number]
    if change < 0:
        return change
    for other, fall in odd.items():
        if (
            fall < 0
            and 0 < steps[other][0] - start <= REPAID_WITHIN
            and abs(-fall - change) <= ALIKE * change
        ):
            return -fall
    usual = [
        energy
        for near, (_, energy) in enumerate(steps)
        if 0 < abs(near - number) <= AROUND and near not in odd
    ]
    return change - (median(usual) if usual else 0.0)
