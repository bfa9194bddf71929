"""A time that stands still until it is moved."""

from datetime import UTC, datetime
import time

import pytest

from tests.helpers.clock import StillClock

NOON = datetime(2026, 6, 15, 10, 2, tzinfo=UTC)
"""A summer's day at the emulated homes, two minutes after an upload."""


@pytest.fixture
def noon() -> datetime:
    """When a test begins; a vendor may say otherwise."""
    return NOON


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, noon: datetime) -> StillClock:
    """Let the client and its cloud live at noon."""
    clock = StillClock(noon)
    monkeypatch.setattr(time, "time", clock)
    return clock
