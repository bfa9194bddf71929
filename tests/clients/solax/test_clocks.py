"""Time stamps of every kind."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.solax.api import SolaxRow
from custom_components.solar_cloud.cloud.solax.timestamps import TimestampReader
from tests.clients.conftest import NOON
from tests.helpers.clock import StillClock


def at(stamp: object, **fields: object) -> SolaxRow:
    """A row with a time."""
    return SolaxRow.of({"dataTime": stamp, **fields})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-06-15T10:00:00.000+00:00",
        "2026-06-15T12:00:00+02:00",
        "2026-06-15T10:00:00Z",
        "2026-06-15 10:00:00",
        int(NOON.timestamp() - 120),
        str(int((NOON.timestamp() - 120) * 1000)),
    ],
)
def test_spellings(clock: StillClock, stamp: object) -> None:
    """ISO with and without a zone, seconds, milliseconds."""
    moment = TimestampReader().device_time("A", "P", at(stamp))
    assert moment == NOON - timedelta(minutes=2)


@pytest.mark.parametrize(
    "stamp", ["", "soon", None, [], "0001-01-01T00:00:00+14:00", "9" * 400]
)
def test_no_time(clock: StillClock, stamp: object) -> None:
    """What cannot be read is no time, and no exception."""
    assert TimestampReader().device_time("A", "P", at(stamp)) is None


def test_c25_offset_follows_the_change_of_the_clocks(clock: StillClock) -> None:
    """A row without dataTime uses the newest offset, not one from before the night the clocks changed."""
    timestamps = TimestampReader()
    clock.move_to(datetime(2026, 10, 24, 22, 2, tzinfo=UTC))
    summer = at("2026-10-24T22:00:00Z", plantLocalTime="2026-10-25 00:00:00")
    timestamps.device_time("A", "P", summer)
    clock.move_to(datetime(2026, 10, 25, 4, 2, tzinfo=UTC))
    winter = at("2026-10-25T04:00:00Z", plantLocalTime="2026-10-25 05:00:00")
    timestamps.device_time("A", "P", winter)
    timestamps.device_time("B", "P", summer)  # an old row of a dead dongle
    timeless = at(None, plantLocalTime="2026-10-25 05:01:00")
    assert timestamps.device_time("C", "P", timeless) == datetime(
        2026, 10, 25, 4, 1, tzinfo=UTC
    )


def test_plant_time_teaches_the_offset(clock: StillClock) -> None:
    """The plant's own answer is of this moment."""
    timestamps = TimestampReader()
    row = SolaxRow.of({"plantLocalTime": "2026-06-15 12:01:58"})
    assert timestamps.plant_time("P", row) == NOON - timedelta(seconds=2)
    assert timestamps.device_time(
        "A", "P", at(None, plantLocalTime="2026-06-15 11:59:00")
    ) == NOON - timedelta(minutes=3)
    assert timestamps.plant_time("P", SolaxRow.of({})) is None


def test_skew_needs_three_polls_with_news(clock: StillClock) -> None:
    """A poll without any row says nothing about clocks."""
    timestamps = TimestampReader()
    told = []
    for news in (True, True, False, True):
        if news:
            timestamps.device_time("A", "P", at(int(clock.now) + 900))
        timestamps.close_poll()
        told.append(timestamps.skewed)
    assert told == [False, False, False, True]


def test_a_row_a_minute_ahead_does_not_become_newer_by_being_shown_again(
    clock: StillClock,
) -> None:
    """A device's clock is a little fast: the row keeps the time at which it was first seen."""
    timestamps = TimestampReader()
    ahead = at("2026-06-15T10:03:30Z")
    first = timestamps.device_time("A", "P", ahead)
    clock.advance(60)
    assert timestamps.device_time("A", "P", ahead) == first == NOON
