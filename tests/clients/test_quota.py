"""A call is planned, spent, then sent."""

import json
import math

import pytest

from custom_components.solar_cloud.cloud.backoff import MONTHLY
from custom_components.solar_cloud.cloud.errors import Paced, QuotaExhausted
from custom_components.solar_cloud.cloud.quota import (
    ALL,
    DAY,
    SECTION,
    Quota,
    Window,
    in_background,
)
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from tests.helpers.clock import StillClock

MINUTE = Window(3, 60)


def drain(quota: Quota, bucket: str, most: int = 1000) -> int:
    """Spend until it is refused."""
    for count in range(most):
        try:
            quota.acquire(bucket)
        except QuotaExhausted:
            return count
    return most


def test_no_window_is_ever_exceeded(clock: StillClock) -> None:
    """In any sixty seconds, however the calls fall; and waiting as told is enough."""
    quota = Quota({"read": (MINUTE,)}, MemoryStorage())
    sent: list[float] = []
    for pause in (0, 0, 20, 0, 41, 7, 0, 0, 0, 59, 0, 0, 30, 30, 0) * 3:
        clock.advance(pause)
        wait = quota.wait("read")
        assert 0 <= wait <= 61
        if wait:
            with pytest.raises(QuotaExhausted):
                quota.acquire("read")
        clock.advance(wait)
        quota.acquire("read")
        sent.append(clock.now)
    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= 3


def test_a_window_may_begin_with_the_answer(clock: StillClock) -> None:
    """The vendor counted the call somewhere on its way; the calls stay as many."""
    quota = Quota({"read": (MINUTE,), ALL: (Window(None, DAY),)}, MemoryStorage())
    for _ in range(3):
        quota.acquire("read")
        clock.advance(5)
        quota.answered("read")
    assert quota.wait("read") == pytest.approx(50, abs=0.2)
    assert quota.used() == 3
    quota.answered("another")


def test_refused_call_is_not_counted(clock: StillClock) -> None:
    """Trying again does not push the end of the wait away."""
    quota = Quota({"read": (MINUTE,)}, MemoryStorage())
    assert drain(quota, "read") == 3
    wait = quota.wait("read")
    assert drain(quota, "read") == 0
    assert quota.wait("read") == wait


def test_lanes_share_the_account(clock: StillClock) -> None:
    """Each has its own limit, all have the account's."""
    quota = Quota({ALL: (Window(5, 60),), "a": (Window(2, 60),)}, MemoryStorage())
    assert drain(quota, "a") == 2
    assert drain(quota, "b") == 3
    assert quota.wait("a") > 0


def test_limits_over_the_same_time_count_a_call_once(clock: StillClock) -> None:
    """The stricter one decides."""
    quota = Quota({"a": (Window(10, 60), Window(4, 60))}, MemoryStorage())
    assert drain(quota, "a") == 4


def test_reserve_is_for_commands(clock: StillClock) -> None:
    """A poll cannot take the last calls from the user."""
    quota = Quota({ALL: (Window(5, 60, reserved=2),)}, MemoryStorage())
    assert drain(quota, "read") == 3
    quota.acquire("write", command=True)
    quota.acquire("write", command=True)
    with pytest.raises(QuotaExhausted):
        quota.acquire("write", command=True)


def test_work_in_the_background_leaves_some_calls(clock: StillClock) -> None:
    """Whoever waits for an answer gets one while a year is imported; where the limit is one call, there is none to leave."""
    quota = Quota({"past": (Window(30, 60),), "day": (Window(1, 60),)}, MemoryStorage())
    with in_background():
        quota.acquire("day")
        for _ in range(27):
            quota.acquire("past")
        with pytest.raises(Paced) as err:
            quota.acquire("past")
    assert 0 < err.value.retry_after <= 60.1
    for _ in range(3):
        quota.acquire("past")
    with pytest.raises(Paced):
        quota.acquire("past")


@pytest.mark.parametrize("window", [Window(0, 60), Window(2, 60, reserved=2)])
def test_nothing_allowed_is_nothing_sent(clock: StillClock, window: Window) -> None:
    """A bucket without calls waits its whole window."""
    quota = Quota({"a": (window,)}, MemoryStorage())
    with pytest.raises(QuotaExhausted) as caught:
        quota.acquire("a")
    assert caught.value.retry_after == 60


def test_window_without_limit_only_counts(clock: StillClock) -> None:
    """For what a user wants to see."""
    quota = Quota({ALL: (Window(None, DAY),)}, MemoryStorage())
    assert drain(quota, "read", 50) == 50
    assert quota.used() == 50
    assert quota.left() is None


def test_left_is_of_the_tightest_long_limit(clock: StillClock) -> None:
    """Minutes do not count: they come back by themselves."""
    quota = Quota(
        {ALL: (Window(3, 60), Window(100, DAY), Window(20, 3600))}, MemoryStorage()
    )
    assert quota.left() == 20
    quota.acquire("read")
    assert quota.left() == 19
    assert quota.used(3600) == 1
    assert quota.used(7) == 0


def test_limits_can_follow_the_account(clock: StillClock) -> None:
    """More plants, more calls."""
    quota = Quota({}, MemoryStorage())
    assert drain(quota, "kpi", 10) == 10
    quota.limit("kpi", (Window(2, 60),))
    assert drain(quota, "kpi") == 2


@pytest.mark.parametrize("by", [DAY, 600.0, -600.0, -DAY])
async def test_a_clock_that_is_set_changes_no_wait(
    clock: StillClock, by: float
) -> None:
    """The vendor's windows go on: after a start without the net, the right time comes late."""
    quota = Quota({"read": (MINUTE, Window(3, DAY))}, MemoryStorage())
    passed = [0.0]
    quota.watch(lambda: passed[0])
    assert drain(quota, "read") == 3
    await quota.block(7200, "login")
    clock.advance(100)
    passed[0] += 100
    wait = quota.wait("read")
    clock.advance(by)
    assert quota.wait("read") == pytest.approx(wait)
    assert quota.wait("login") == pytest.approx(7100)


async def test_counts_and_blocks_survive_a_restart(clock: StillClock) -> None:
    """Also through JSON."""
    storage = MemoryStorage()
    windows = {ALL: (Window(5, DAY),)}
    quota = Quota(windows, storage)
    quota.acquire("read")
    await quota.block(120, key="account_locked")
    stored = json.loads(json.dumps(storage.load(SECTION)))
    await storage.save(SECTION, stored)
    again = Quota(windows, storage)
    assert again.used() == 1
    with pytest.raises(QuotaExhausted) as caught:
        again.acquire("read")
    assert caught.value.key == "account_locked"
    assert caught.value.locked
    assert caught.value.retry_after == 120
    clock.advance(121)
    again.acquire("read")


async def test_block_holds_its_lane_and_is_never_shortened(
    clock: StillClock,
) -> None:
    """A block of a bucket leaves the others alone."""
    quota = Quota({}, MemoryStorage())
    await quota.block(100, "login")
    await quota.block(10, "login", key="account_locked")
    assert quota.wait("login") == 100
    assert quota.wait("read") == 0
    await quota.block(50)
    assert quota.wait("read") == 50
    await quota.unblock()
    assert quota.wait("login") == quota.wait("read") == 0


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"blocked": [], "calls": {}},
        {"blocked": {"a": {"until": "x"}, "b": 3}, "calls": {"a": 5, "b": {"c": {}}}},
        {"calls": {"all": {"86400": {"steps": [1, ["x", 1], [1, "x"], [1]]}}}},
    ],
)
async def test_damaged_storage_is_an_empty_one(
    clock: StillClock, stored: object
) -> None:
    """And never an exception."""
    storage = MemoryStorage()
    await storage.save(SECTION, stored)  # type: ignore[arg-type]
    quota = Quota({ALL: (Window(2, DAY),)}, storage)
    assert drain(quota, "read") == 2


def test_a_month_of_calls_stays_short(clock: StillClock) -> None:
    """Steps, not single calls, are stored."""
    storage = MemoryStorage()
    month = 30 * DAY
    quota = Quota({ALL: (Window(None, month),)}, storage)
    for _ in range(9000):
        quota.acquire("read")
        clock.advance(300)
    assert quota.used(month) == pytest.approx(month / 300, rel=0.01)
    assert len(json.dumps(storage.load(SECTION))) < 10_000


@pytest.mark.parametrize("seconds", [99_999_999_999.0, 1e300, math.inf])
async def test_e76_no_block_lasts_longer_than_a_day(
    clock: StillClock, seconds: float
) -> None:
    """Whoever orders it; a limit of the month may last as long as a month."""
    storage = MemoryStorage()
    quota = Quota({}, storage)
    await quota.block(seconds)
    assert 0 < quota.wait("read") <= DAY
    clock.advance(DAY + 1)
    Quota({}, storage).acquire("read")
    await quota.block(seconds, key=MONTHLY)
    assert DAY < quota.wait("read") <= 31 * DAY
    clock.advance(31 * DAY + 1)
    quota.acquire("read")


@pytest.mark.parametrize("seconds", [-1.0, -math.inf, math.nan])
async def test_a_block_that_is_no_time_is_none(
    clock: StillClock, seconds: float
) -> None:
    """Nothing is stored that could break the next wait."""
    quota = Quota({}, storage := MemoryStorage())
    await quota.block(seconds)
    quota.acquire("read")
    Quota({}, storage).acquire("read")


@pytest.mark.parametrize(
    "until", [1e12, 1e300, math.inf, 10**400, math.nan, -math.inf, True]
)
async def test_e76_a_stored_block_of_centuries_is_over_after_a_day(
    clock: StillClock, until: float
) -> None:
    """Written by a version before, or by a clock that was wrong; restarts do not renew it."""
    storage = MemoryStorage()
    block: Json = {"until": until, "key": "rate_limited"}
    await storage.save(SECTION, {"blocked": {ALL: block}})
    for _ in range(5):
        quota = Quota({}, storage)
        assert quota.wait("read") <= DAY
        clock.advance(DAY / 4)
    quota.acquire("read")


@pytest.mark.parametrize("start", [1e12, math.inf, 10**400, math.nan, -math.inf])
async def test_calls_counted_in_the_future_pass(
    clock: StillClock, start: float
) -> None:
    """A clock that was ahead must not close the account until then."""
    storage = MemoryStorage()
    calls: Json = {"read": {"60.0": {"steps": [[start, 3]]}}}
    await storage.save(SECTION, {"calls": calls})
    quota = Quota({"read": (MINUTE,)}, storage)
    assert quota.wait("read") <= 61
    clock.advance(61)
    quota.acquire("read")


def test_a_clock_that_is_put_back_closes_nothing_for_longer(clock: StillClock) -> None:
    """Calls of later than now still count, for as long as a window is, and not until the clock is there again."""
    quota = Quota({"read": (MINUTE,), ALL: (Window(None, DAY),)}, MemoryStorage())
    assert drain(quota, "read") == 3
    clock.advance(-7200)
    assert 59 <= quota.wait("read") <= 61
    clock.advance(30)
    assert 29 <= quota.wait("read") <= 31
    clock.advance(31)
    quota.acquire("read")
    assert quota.used() == 4


def test_each_kind_of_call_says_what_it_used_and_when_a_call_is_given_back(
    clock: StillClock,
) -> None:
    """By its longest limit; the account's next call comes back when its oldest is a day old."""
    quota = Quota(
        {ALL: (Window(100, DAY),), "read": (MINUTE, Window(50, DAY)), "idle": ()},
        MemoryStorage(),
    )
    assert quota.next_reset is None
    quota.acquire("read")
    quota.acquire("read")
    assert quota.by_kind() == {
        "read": {"used": 2, "left": 48, "within_seconds": 86_400}
    }
    assert quota.next_reset == pytest.approx(clock.now + DAY, abs=DAY / 300)
    assert Quota({}, MemoryStorage()).next_reset is None
