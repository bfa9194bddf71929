"""The world's time: real, accelerated, or moved by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time


def wall_time() -> float:
    """Return the process's time, looked up late so that a frozen time is honoured."""
    return time.time()


class Clock:
    """UTC now of the emulated world.

    A plain `Clock()` runs with the process, so under a frozen process time it stands
    still and moves with it. `Clock(start=...)` stands still until it is moved.
    """

    def __init__(
        self,
        start: datetime | None = None,
        *,
        speed: float | None = None,
        source: Callable[[], float] = wall_time,
    ) -> None:
        """Start at `start` (default: now); a given start stands still unless it has a speed."""
        self._source = source
        self._speed = (1.0 if start is None else 0.0) if speed is None else speed
        self._source_anchor = source()
        self._anchor = self._source_anchor if start is None else start.timestamp()

    @property
    def speed(self) -> float:
        """World seconds per second of the source; 0 stands still."""
        return self._speed

    def timestamp(self) -> float:
        """Return now as seconds since 1970."""
        return self._anchor + (self._source() - self._source_anchor) * self._speed

    def now(self) -> datetime:
        """Return now as an aware UTC time."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, at: datetime) -> None:
        """Jump to an instant, forwards or backwards; the speed stays."""
        self._anchor = at.timestamp()
        self._source_anchor = self._source()

    def advance(self, by: float | timedelta) -> None:
        """Jump forwards by seconds or by a duration."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._anchor = self.timestamp() + seconds
        self._source_anchor = self._source()

    def run(self, speed: float = 1.0) -> None:
        """Run from here at the given speed."""
        self._anchor = self.timestamp()
        self._source_anchor = self._source()
        self._speed = speed

    def freeze(self) -> None:
        """Stand still from here."""
        self.run(0.0)
