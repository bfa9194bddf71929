"""A plant's time zone, from whatever a vendor says about it."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, Protocol

from ..cloud.model import Plant
from ..cloud.timestamps import offset_of

NEARBY: Final = timedelta(hours=2)
"""How far clocks may differ for the home's sun to stand for the plant's."""
STEP: Final = 900.0
DAY: Final = 86400.0
SHORTEST_DAY: Final = 3600.0
"""Seconds within which no day passes unseen; the sun may be up for less only near the polar circles."""


class HomeLocation(Protocol):
    """What the home knows of the place it stands at."""

    @property
    def home(self) -> tzinfo:
        """Its own time zone."""

    def zone(self, name: str) -> tzinfo | None:
        """Look a time zone up by its IANA name, ``None`` when there is none of that name."""

    def sun_is_up(self, at: float) -> bool:
        """Whether the sun stands over the horizon."""


def plant_zone(
    plant: Plant, measured_at: datetime | None, now: datetime, place: HomeLocation
) -> tzinfo:
    """Return a plant's time zone.

    An offset, said of the plant or carried by its time stamps, is the home's zone when that has it now or half a year from now: then
    daylight saving is known too. Stamps in UTC say nothing.
    """
    offset = None
    if plant.time_zone:
        if (named := place.zone(plant.time_zone)) is not None:
            return named
        offset = offset_of(plant.time_zone)
    if offset is None and measured_at is not None and measured_at.tzinfo is not UTC:
        offset = measured_at.utcoffset() or None
    if offset is None:
        return place.home
    around = (now, now + timedelta(days=182))
    if any(at.astimezone(place.home).utcoffset() == offset for at in around):
        return place.home
    return timezone(offset)


def is_dark(plant: Plant, now: datetime, place: HomeLocation) -> bool:
    """Whether the sun is down over a plant, as far as the home can tell: it knows of no other place than its own."""
    if place.sun_is_up(now.timestamp()):
        return False
    zone = plant_zone(plant, None, now, place)
    there = now.astimezone(zone).replace(tzinfo=None)
    here = now.astimezone(place.home).replace(tzinfo=None)
    return abs(there - here) <= NEARBY


class Night:
    """The dark at the home."""

    def __init__(self, place: HomeLocation) -> None:
        """Look at the sun of a place."""
        self._place: Final = place
        self._since: float | None = None
        self._asked = 0.0

    def since(self, now: float) -> float | None:
        """Return since when the sun has been down, to a quarter of an hour; ``None`` while it is up."""
        asked, self._asked = self._asked, now
        if self._place.sun_is_up(now):
            self._since = None
        elif self._since is None or not 0 <= now - asked <= SHORTEST_DAY:
            at = now
            while now - at < DAY and not self._place.sun_is_up(at - STEP):
                at -= STEP
            self._since = at
        return self._since
