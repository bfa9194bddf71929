"""How long to stay away after Sungrow's limits were hit (sungrow.md §6, §7.1)."""

from datetime import UTC, datetime, timedelta
import random
import time
from typing import Final

from ..backoff import MONTHLY, doubled, stored_end
from ..quota import ALL, DAY, Quota, Window
from ..storage import Json, Storage
from .auth import BUCKET, WINDOWS
from .errors import Throttled

HISTORY_BUCKET: Final = "history"
HOUR_LIMIT: Final = Window(2000, 3600.0, reserved=100)
DAY_LIMIT: Final = Window(48_000, DAY, reserved=1000)
HISTORY_LIMITS: Final = (Window(100, 3600.0), Window(600, DAY))
"""The past can wait: two days of a home are 60 calls, and live values need most of a month's."""
MONTH_LIMIT: Final = Window(100_000, 31 * DAY, reserved=2000)
"""Of one application (sungrow.md §7.1); the last two are one user's observation."""

SECTION: Final = "backoff"
FIRST: Final = 60.0
LONGEST: Final = 3600.0
FORGIVEN_AFTER: Final = 3600.0
"""Seconds without a refusal that take one doubling back."""
MOST_DOUBLINGS: Final = 6
JITTER: Final = (5.0, 60.0)


def quota(storage: Storage) -> Quota:
    """Count all calls of an application, its sign-ins and its past."""
    limits = (HOUR_LIMIT, DAY_LIMIT, MONTH_LIMIT)
    return Quota(
        {ALL: limits, BUCKET: WINDOWS, HISTORY_BUCKET: HISTORY_LIMITS}, storage
    )


class SungrowBackoff:
    """The doubled wait of one entry; only time makes it shorter, so no unrelated success resets it."""

    def __init__(self, storage: Storage) -> None:
        """Take up the state of the last run."""
        self._storage: Final = storage
        self._level, self._at = 0, 0.0
        match storage.load(SECTION):
            case {"level": int(level), "at": raw}:
                self._level = min(max(level, 0), MOST_DOUBLINGS)
                self._at = stored_end(raw, MONTHLY) or 0.0

    @property
    def level(self) -> int:
        """How often the wait is doubled now."""
        forgiven = int(max(0.0, time.time() - self._at) // FORGIVEN_AFTER)
        return max(0, self._level - forgiven)

    async def wait(self, refusal: Throttled) -> float:
        """Return the seconds to stay away after a refusal; forgiveness begins when they are over."""
        level = self.level
        seconds = _wait(refusal, level)
        self._level = min(level + 1, MOST_DOUBLINGS)
        self._at = time.time() + seconds
        state: Json = {"level": self._level, "at": self._at}
        await self._storage.save(SECTION, state)
        return seconds


def _wait(refusal: Throttled, level: int) -> float:
    if refusal.retry_after > 0:
        return refusal.retry_after
    match refusal.code:
        case "E999":
            return _to_next_hour() + random.uniform(*JITTER)
        case "E998":
            # Asking once a day finds a limit that was raised meanwhile.
            return min(_to_next_month(), DAY) + random.uniform(*JITTER)
    return doubled(FIRST, level, LONGEST)


def _to_next_hour() -> float:
    return 3600.0 - time.time() % 3600.0


def _to_next_month() -> float:
    """The server counts by UTC months (seen)."""
    now = datetime.fromtimestamp(time.time(), UTC)
    first = (now.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return (first - now).total_seconds()
