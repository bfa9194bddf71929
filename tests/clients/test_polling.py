"""The calls of a poll, and what is known of plants and devices between polls."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    SessionConflict,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.model import Quantity, Reading, Slot
from custom_components.solar_cloud.cloud.polling import (
    PollResult,
    ReadingCache,
    run_calls,
)
from tests.helpers.clock import StillClock

STALE_AFTER = 1200.0


class Cloud:
    """Answers calls by their names, which begin with the limit they count for."""

    def __init__(self, **errors: CloudError) -> None:
        """Fail some calls."""
        self.errors = errors
        self.asked: list[str] = []
        self.failed: list[str] = []

    async def poll(self, *calls: str) -> PollResult:
        """Make some calls."""
        return await run_calls(calls, self._make, self._failed, lambda call: call[0])

    async def _make(self, call: str) -> None:
        self.asked.append(call)
        if call in self.errors:
            raise self.errors[call]

    def _failed(self, call: str, err: CloudError) -> bool:
        self.failed.append(call)
        return isinstance(err, CloudUnreachable)


async def test_a_full_limit_stops_the_calls_it_counts_only() -> None:
    """The first wait is the one to come back after; nothing is noted of what was not asked."""
    full, later = QuotaExhausted(60.0), QuotaExhausted(300.0)
    cloud = Cloud(a2=full, b2=later)
    result = await cloud.poll("a1", "a2", "b1", "a3", "b2", "b3")
    assert cloud.asked == ["a1", "a2", "b1", "b2"]
    assert cloud.failed == []
    assert result == PollResult(2, [full, later], 60.0)


async def test_who_else_signs_in_is_left_alone() -> None:
    """Not a limit of some calls: all of them wait."""
    conflict = SessionConflict(900.0)
    cloud = Cloud(a1=conflict)
    assert await cloud.poll("a1", "b1") == PollResult(0, [conflict], 900.0)
    assert cloud.asked == ["a1"]


async def test_a_failed_call_is_no_failed_poll_until_nobody_answers() -> None:
    """What is unreachable once is not asked for the rest."""
    odd, gone = UnexpectedAnswer(), CloudUnreachable()
    cloud = Cloud(a1=odd, a3=gone)
    result = await cloud.poll("a1", "a2", "a3", "a4")
    assert cloud.asked == ["a1", "a2", "a3"]
    assert cloud.failed == ["a1", "a3"]
    assert result == PollResult(1, [odd, gone], None, gone)


async def test_refused_credentials_end_a_poll() -> None:
    """Each further call could lock the account."""
    cloud = Cloud(a1=CredentialsRejected())
    with pytest.raises(CredentialsRejected):
        await cloud.poll("a1", "b1")
    assert cloud.asked == ["a1"]


def reading(watts: float, measured_at: datetime | None = None) -> Reading:
    """A power."""
    return Reading(measured_at, {Slot(Quantity.PV_POWER): watts})


def stale(cache: ReadingCache) -> bool:
    """Whether the inverter's last reading is no longer live."""
    last = cache.last("inverter")
    assert last is not None
    return cache.stale({"inverter": last}, STALE_AFTER) == {"inverter"}


def test_a_dated_reading_grows_old_by_its_own_time(clock: StillClock) -> None:
    """However often it is read again, and whatever is in it."""
    cache = ReadingCache()
    made = datetime.fromtimestamp(clock.now, UTC) - timedelta(minutes=15)
    for watts in (1.0, 2.0, 3.0):
        cache.put("inverter", reading(watts, made))
        assert stale(cache) == (watts > 2)
        clock.advance(300)


def test_an_undated_reading_grows_old_while_it_does_not_change(
    clock: StillClock,
) -> None:
    """Being read again does not make it new; another value does."""
    cache = ReadingCache()
    for _ in range(5):
        cache.put("inverter", reading(1.0))
        assert not stale(cache)
        clock.advance(300)
    cache.put("inverter", reading(1.0))
    assert stale(cache)
    cache.put("inverter", reading(2.0))
    assert not stale(cache)


def test_a_silent_device_is_still_known(clock: StillClock) -> None:
    """Its last reading is shown to nobody, and is live again with the next one only."""
    cache = ReadingCache()
    cache.put("inverter", reading(1.0))
    cache.fail(("inverter", "meter"), "offline")
    assert cache.live("inverter") is None
    assert cache.last("inverter") == reading(1.0)
    assert cache.last("meter") is None
    assert cache.silent == {"inverter": "offline", "meter": "offline"}
    cache.put("inverter", reading(2.0))
    assert cache.live("inverter") == reading(2.0)
    assert cache.silent == {"meter": "offline"}


def test_only_what_was_read_lately_is_had(clock: StillClock) -> None:
    """An age may be asked for, and what is no longer true forgotten."""
    cache = ReadingCache()
    cache.put("inverter", reading(1.0))
    clock.advance(600)
    assert cache.get("inverter", 600) is not None
    assert cache.get("inverter", 599) is None
    cache.drop("inverter")
    assert cache.get("inverter") is None
