"""Waits: how long to stay away after failures in a row, and the bounds of what a vendor, or a gateway in front of it, orders.

A fault there must not silence an account: a ``Retry-After`` of thousands of years did, and an infinite one ended the polling.
"""

from datetime import UTC, datetime, timedelta
import math
import time
from typing import Final

from .points import number

LONGEST: Final = 86400.0
DAILY: Final = "daily_limit"
"""The key of the limit of a day, whose end is told."""
LONGEST_MONTH: Final = 31 * LONGEST
MONTHLY: Final = "monthly_limit"
"""The key of the one limit that may close an account for more than a day."""


def longest(key: str | None = None) -> float:
    """Return how many seconds a wait with this reason may last at most."""
    return LONGEST_MONTH if key == MONTHLY else LONGEST


MOST_DOUBLINGS: Final = 10
"""More than any wait here needs to reach its longest; a number without bounds is too large for a wait after some weeks."""


def doubled(first: float, failures: int, longest: float) -> float:
    """Return a wait in seconds that doubles with each failure in a row before this one, up to the longest."""
    return min(first * 2.0 ** min(max(failures, 0), MOST_DOUBLINGS), longest)


class DoublingWait:
    """Counts failures in a row."""

    def __init__(self) -> None:
        """Begin without a failure, so with the first wait."""
        self._failures = 0

    def next(self, first: float, longest: float) -> float:
        """Return how many seconds to wait after one more failure."""
        wait = doubled(first, self._failures, longest)
        self._failures += 1
        return wait

    def reset(self) -> None:
        """Return to the first wait, after a success."""
        self._failures = 0


def bounded(seconds: float, key: str | None = None) -> float:
    """Return a wait in seconds within its bounds; what is no time at all is no wait."""
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), longest(key))


def to_midnight(now: datetime) -> float:
    """Return the seconds to the end of the day that a time with its zone belongs to."""
    midnight = (now + timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return (midnight - now).total_seconds()


def ordered(raw: object) -> float | None:
    """Read a wait in seconds that a vendor orders; ``None`` unless it is finite and above 0."""
    seconds = number(raw)
    return seconds if seconds is not None and seconds > 0 else None


def moment(timestamp: float) -> str:
    """Return a time for a text, in UTC and to the minute."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="minutes")


def stored_end(raw: object, key: str | None = None) -> float | None:
    """Read the stored end of a wait in epoch seconds, no later than the longest wait from now; ``None`` when it is damaged."""
    until = number(raw)
    return None if until is None else min(until, time.time() + longest(key))
