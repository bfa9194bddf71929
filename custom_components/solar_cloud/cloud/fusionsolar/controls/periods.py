"""Periods of the mode "time of use" as the vendor counts them: none over midnight, none that overlap (fusionsolar.md §4.3)."""

from collections.abc import Iterator
from datetime import time
from typing import Final

from ...control import Period
from ...errors import CommandInvalid
from ...storage import Json

MOST: Final = 14
MIDNIGHT: Final = time(0, 0)
LAST_MINUTE: Final = time(23, 59)

type Part = tuple[time, time, bool, frozenset[int]]


def windows(periods: tuple[Period, ...]) -> list[Json]:
    """Translate periods. Raises ``CommandInvalid`` for what the vendor refuses."""
    if any(period.start == period.end for period in periods):
        raise CommandInvalid("period_empty")
    if any(period.target_soc is not None for period in periods):
        raise CommandInvalid("no_target_in_periods")
    parts = [part for period in periods for part in _split(period)]
    if not parts:
        raise CommandInvalid("periods_needed")
    if len(parts) > MOST:
        raise CommandInvalid("too_many_windows", most=str(MOST))
    if any(
        _overlap(one, other)
        for number, one in enumerate(parts)
        for other in parts[:number]
    ):
        raise CommandInvalid("periods_overlap")
    return [
        {
            "startTime": f"{start:%H:%M}",
            "endTime": f"{end:%H:%M}",
            "chargeOrDischarge": "charge" if charge else "discharge",
            "repeat": [*sorted(days)],
        }
        for start, end, charge, days in parts
    ]


def _split(period: Period) -> Iterator[Part]:
    """Cut a period at midnight: what is left of it belongs to the next day."""
    if period.start < period.end:
        yield period.start, period.end, period.charge, period.days
        return
    if period.start < LAST_MINUTE:
        yield period.start, LAST_MINUTE, period.charge, period.days
    if period.end > MIDNIGHT:
        following = frozenset(day % 7 + 1 for day in period.days)
        yield MIDNIGHT, period.end, period.charge, following


def _overlap(one: Part, other: Part) -> bool:
    return bool(one[3] & other[3]) and one[0] < other[1] and other[0] < one[1]
