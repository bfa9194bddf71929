"""How often this client may call, and how long it stays away when told to."""

from collections.abc import Mapping
from datetime import datetime
import time
from typing import Final

from ..backoff import DoublingWait, bounded, to_midnight
from ..errors import QuotaExhausted
from ..quota import ALL, DAY, Quota, Window
from ..storage import Storage

READ: Final = "read"
TOKEN: Final = "token"
HISTORY: Final = "history"
CONTROL: Final = "control"

WINDOWS: Final[Mapping[str, tuple[Window, ...]]] = {
    # The package every application is born with [doc, seen in the portal].
    ALL: (Window(100, 60), Window(1_000_000, DAY)),
    # Our own pace. A claim of 10 calls a minute is in circulation (it belongs to the older APIs), and 100 is documented: 30 lets a home's
    # start and a restart right after it (13 calls each) through at once, and leaves the rest of the package to the user's other programs
    # and to commands. An ordinary home needs 5 calls in five minutes.
    READ: (Window(30, 60),),
    # The past can wait: a year of three devices takes an afternoon, and live values and commands keep most of the package.
    HISTORY: (Window(10, 60), Window(10_000, DAY)),
    # Commands and the questions after their outcome. The buckets above leave most of the package's minute to them.
    CONTROL: (Window(30, 60),),
    # Every new token kills the one before. Three allow a mistyped secret and its correction; the hour allows one for each poll, which
    # is what two programs on one application cost while the user reads how to part them.
    TOKEN: (Window(3, 60), Window(15, 3600)),
}

FIRST_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 1800.0
USED_UP_PAUSE: Final = 3600.0
QUIET_TIME: Final = 1800.0
"""How long slow buckets stay closed after a rate limit."""
DAILY_KEY: Final = "daily_quota_exhausted"


def quota(storage: Storage) -> Quota:
    """Build the budget of one application."""
    return Quota(WINDOWS, storage)


class SolaxBackoff:
    """Turns refusals into pauses that outlive a restart, longer with each refusal in a row."""

    def __init__(self, quota: Quota) -> None:
        """Start with no refusal in memory; a pause still running is the quota's to remember."""
        self.quota: Final = quota
        self._growing: Final = DoublingWait()
        self._limited_at: float | None = None
        self._used_up_until = 0.0

    def released(self) -> None:
        """Note that a call went through."""
        self._growing.reset()

    @property
    def quiet(self) -> bool:
        """Whether calls that can wait should: the cloud complained a moment ago."""
        return (
            self._limited_at is not None and time.time() < self._limited_at + QUIET_TIME
        )

    @property
    def used_up(self) -> bool:
        """Whether the calls of the day are gone."""
        return time.time() < self._used_up_until

    async def too_fast(self, retry_after: float | None) -> QuotaExhausted:
        """Pause for as long as the cloud asks, else 60 s, 120 s, … up to half an hour."""
        if (standing := self.quota.standing()) is not None:
            return standing
        growing = self._growing.next(FIRST_PAUSE, LONGEST_PAUSE)
        self._limited_at = time.time()
        return await self.quota.block(bounded(retry_after or growing))

    async def used_up_today(self) -> QuotaExhausted:
        """Pause an hour, two, four, … but no longer than to midnight, and an hour at least."""
        if self.used_up and (standing := self.quota.standing()) is not None:
            return standing
        now = time.time()
        here = datetime.fromtimestamp(now).astimezone()
        wait = self._growing.next(USED_UP_PAUSE, to_midnight(here))
        wait = max(wait, USED_UP_PAUSE)
        self._limited_at = now
        self._used_up_until = now + wait
        return await self.quota.block(wait, key=DAILY_KEY)
