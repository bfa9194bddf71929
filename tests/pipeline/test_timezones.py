"""Whose midnight it is."""

from datetime import UTC, datetime, timedelta, timezone
from typing import override
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.model import Plant
from custom_components.solar_cloud.cloud.timestamps import offset_of
from custom_components.solar_cloud.pipeline.timezones import Night, is_dark, plant_zone

from .place import BERLIN, Place

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
WINTER = datetime(2026, 1, 1, 12, tzinfo=UTC)


def plant(zone: str | None) -> Plant:
    """Return a plant that says this of its time zone."""
    return Plant(id="plant", name="Roof", time_zone=zone)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("GMT+8", 480),
        ("UTC-03:30", -210),
        ("+0545", 345),
        (" utc + 2 ", None),
        ("UTC +2", 120),
        ("-1", -60),
        ("Berlin", None),
        ("UTC", None),
        ("+25", None),
    ],
)
def test_offsets_are_read_as_vendors_write_them(text: str, minutes: int | None) -> None:
    """With or without a word before, colon or leading zero."""
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert offset_of(text) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Asia/Kolkata", ZoneInfo("Asia/Kolkata")),
        ("UTC+05:30", timezone(timedelta(hours=5, minutes=30))),
        ("Somewhere else", BERLIN),
        (None, BERLIN),
        ("GMT+1", BERLIN),
        ("GMT+2", BERLIN),
        ("GMT+3", timezone(timedelta(hours=3))),
    ],
)
@pytest.mark.parametrize("now", [SUMMER, WINTER])
def test_the_vendor_says_it_or_the_home_is_near(
    said: str | None, expected: object, now: datetime
) -> None:
    """An offset the home has in summer or winter is the home's, daylight saving included."""
    assert plant_zone(plant(said), None, now, Place()) == expected


def test_stamps_that_carry_an_offset_tell_it() -> None:
    """Stamps in UTC do not."""
    abroad = SUMMER.astimezone(timezone(timedelta(hours=9)))
    zone = plant_zone(plant(None), abroad, SUMMER, Place())
    assert zone == timezone(timedelta(hours=9))
    assert plant_zone(plant(None), SUMMER, SUMMER, Place()) == BERLIN


def test_the_homes_sun_stands_for_plants_nearby_only() -> None:
    """A plant on the other side of the world may be in daylight."""
    night = Place(up=False)
    assert is_dark(plant("Europe/Lisbon"), SUMMER, night)
    assert not is_dark(plant("Australia/Perth"), SUMMER, night)
    assert not is_dark(plant("Europe/Lisbon"), SUMMER, Place())


def test_the_night_is_known_since_when_it_fell() -> None:
    """To a quarter of an hour, after a restart as well; a clock set back begins anew."""
    fell = 20.0 * 3600

    class Evening(Place):
        @override
        def sun_is_up(self, at: float) -> bool:
            return at < fell

    night = Night(Evening())
    assert night.since(fell - 1) is None
    assert night.since(fell + 300) == fell + 300
    assert night.since(fell + 1800) == fell + 300
    assert night.since(fell + 4 * 3600) == pytest.approx(fell, abs=900)
    assert Night(Evening()).since(fell + 4 * 3600) == pytest.approx(fell, abs=900)
    assert Night(Place(up=False)).since(fell) == fell - 86400


def test_a_day_that_passed_unasked_ends_the_night() -> None:
    """The cloud was away from dawn to dusk: what the sun gave meanwhile is no energy of the night."""
    dawn, dusk = 6.0 * 3600, 18.0 * 3600

    class Day(Place):
        @override
        def sun_is_up(self, at: float) -> bool:
            return dawn <= at < dusk

    night = Night(Day())
    night.since(dawn - 300)
    assert night.since(dusk + 1800) == pytest.approx(dusk, abs=900)
