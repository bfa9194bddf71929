"""Local times without a zone (sungrow.md §7.2 #4, #11)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.sungrow.timestamps import (
    PlantClock,
    PlantClocks,
    measured_offset,
    parse_time,
)
from custom_components.solar_cloud.cloud.timestamps import offset_of

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def local(at: datetime, zone: str, *, late: float = 0.0) -> datetime:
    """Return what a device in a zone wrote down some minutes before."""
    written = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return written - late * MINUTE


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("20260105191500", datetime(2026, 1, 5, 19, 15)),
        ("2026-01-05 19:15:00", datetime(2026, 1, 5, 19, 15)),
        (20260105191500, datetime(2026, 1, 5, 19, 15)),
        ("2026010519", None),
        ("20269905191500", None),
        (None, None),
        ("--", None),
    ],
)
def test_times_are_read_or_not(raw: object, read: datetime | None) -> None:
    """Both spellings, and nothing else."""
    assert parse_time(raw) == read


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("GMT+8", 8), ("GMT-1", -1), ("UTC+05:30", 5.5), ("GMT", None), (None, None)],
)
def test_stated_zones_are_read(zone: str | None, hours: float | None) -> None:
    """Their sign is another matter."""
    assert offset_of(zone) == (None if hours is None else hours * HOUR)


@given(
    st.sampled_from(
        [
            "Europe/Berlin",
            "Europe/Lisbon",
            "America/New_York",
            "America/Phoenix",
            "Asia/Shanghai",
            "Asia/Kolkata",
            "Australia/Sydney",
            "Australia/Adelaide",
            "Pacific/Auckland",
            "America/St_Johns",
            "Pacific/Honolulu",
        ]
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.floats(-4, 9),
)
def test_a_fresh_time_tells_its_zone(zone: str, at: datetime, late: float) -> None:
    """Anywhere, at any time of the year, up to nine minutes late or four fast."""
    now = at.replace(tzinfo=UTC)
    true = ZoneInfo(zone).utcoffset(now.astimezone(ZoneInfo(zone)))
    assert measured_offset(local(now, zone, late=late), now) == true


def test_a_zone_with_the_wrong_sign_is_seen_through() -> None:
    """A German sample states GMT-1; in summer the truth is GMT+2."""
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    clock = PlantClock()
    clock.observe(local(now, "Europe/Berlin", late=2), now, "GMT-1")
    assert clock.offset == 2 * HOUR
    assert clock.stamp(datetime(2026, 6, 10, 12, 0), now) == now - 2 * MINUTE


def test_a_frozen_time_at_night_is_not_taken_for_fresh() -> None:
    """A string inverter's last word of 21:30, looked at for the first time at 02:00."""
    now = datetime(2026, 6, 11, 0, 2, tzinfo=UTC)
    last = datetime(2026, 6, 10, 21, 30)
    clock = PlantClock()
    clock.observe(last, now, "GMT+1")
    assert now - clock.stamp(last, now) > HOUR
    # In the morning it uploads, and the offset is measured.
    for minute in (0, 5):
        now = datetime(2026, 6, 11, 3, 32, tzinfo=UTC) + minute * MINUTE
        clock.observe(local(now, "Europe/Berlin", late=2), now, "GMT+1")
    assert clock.offset == 2 * HOUR


def test_without_a_stated_zone_the_first_look_measures() -> None:
    """Nothing better is known."""
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    clock = PlantClock()
    clock.observe(local(now, "Asia/Kolkata", late=3), now, None)
    assert clock.offset == 5.5 * HOUR


def test_a_stated_quarter_hour_is_believed() -> None:
    """Nepal, which a measurement alone would miss."""
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    clock = PlantClock()
    for minute in (0, 5):
        now += minute * MINUTE
        clock.observe(local(now, "Asia/Kathmandu", late=3), now, "GMT+05:45")
    assert clock.offset == 5.75 * HOUR


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 3, 29, 0, 32, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 32, tzinfo=UTC),
    ],
    ids=["23 hours", "25 hours"],
)
def test_e14_daylight_saving_is_followed_at_once(start: datetime) -> None:
    """No reading is an hour off for longer than one poll, and none lies in the future."""
    clock = PlantClock()
    wrong = 0
    for step in range(24):
        now = start + step * 5 * MINUTE
        written = local(now, "Europe/Berlin", late=2)
        clock.observe(written, now, "GMT+1")
        age = now - clock.stamp(written, now)
        assert age >= timedelta(0)
        wrong += age > 10 * MINUTE
    assert wrong <= 1


def test_a_look_after_a_long_pause_keeps_the_offset() -> None:
    """An old time after an outage is old, not of another zone."""
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    clock = PlantClock()
    clock.observe(local(now, "Europe/Berlin", late=2), now, "GMT+1")
    stuck = local(now + HOUR, "Europe/Berlin")
    now += 5 * HOUR
    clock.observe(stuck, now, "GMT+1")
    assert clock.offset == 2 * HOUR
    assert now - clock.stamp(stuck, now) == 4 * HOUR


def test_a_time_from_the_future_is_measured_anew() -> None:
    """The plant moved, or the summer began while nobody looked."""
    now = datetime(2026, 3, 28, 10, 2, tzinfo=UTC)
    clock = PlantClock()
    clock.observe(local(now, "Europe/Berlin", late=2), now, "GMT+1")
    now += timedelta(days=2)
    clock.observe(local(now, "Europe/Berlin", late=2), now, "GMT+1")
    assert clock.offset == 2 * HOUR


def test_offsets_outlive_a_restart() -> None:
    """At night nothing could be measured."""
    now = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
    storage = MemoryStorage()
    clocks = PlantClocks(storage)
    for _ in range(2):
        clocks.observe("1", local(now, "Europe/Berlin", late=2), now, None)
        now += 5 * MINUTE
    again = PlantClocks(storage)
    assert again.of("1").offset == 2 * HOUR
    assert again.of("2").offset is None
    assert again.of("2").stamp(datetime(2026, 6, 10, 12, 10), now) == now - 2 * MINUTE


def test_only_a_measured_offset_is_passed_on() -> None:
    """The plant's day depends on it; a guess would move its midnight."""
    now = datetime(2026, 6, 11, 0, 2, tzinfo=UTC)
    last = datetime(2026, 6, 10, 21, 30)
    storage = MemoryStorage()
    clock = PlantClocks(storage).observe("1", last, now, "GMT+1")
    assert clock.stamp(last, now).tzinfo is UTC
    assert storage.load("zones") == {}
    now = datetime(2026, 6, 11, 10, 2, tzinfo=UTC)
    clock = PlantClocks(storage).observe(
        "1", local(now, "Europe/Berlin", late=2), now, "GMT+1"
    )
    assert clock.stamp(datetime(2026, 6, 11, 12, 0), now).utcoffset() == 2 * HOUR
    assert storage.load("zones") is not None
