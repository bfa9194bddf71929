"""A time that stands still until it is moved."""

from datetime import UTC, datetime
import time

import pytest

NOON = datetime(2026, 6, 15, 10, 2, tzinfo=UTC)


class StillClock:
    """The process's time."""

    def __init__(self, start: datetime) -> None:
        """Stand at ``start``."""
        self.now = start.timestamp()

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    """Noon of a summer's day."""
    clock = StillClock(NOON)
    monkeypatch.setattr(time, "time", clock)
    return clock
