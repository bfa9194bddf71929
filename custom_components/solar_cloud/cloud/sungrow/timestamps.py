"""Plant-local times without a zone, turned into UTC (sungrow.md §7.2 #4, #11).

``device_time`` carries no zone, and the zone a plant states has an unreliable sign. So the offset is measured: a device that has just
uploaded wrote down a local time that is a few minutes old. What was measured is kept, for at night nothing uploads.
"""

from datetime import UTC, datetime, timedelta, timezone
import re
from typing import Final

from ..alarms import possible_time
from ..points import text
from ..serialization import from_json
from ..storage import Json, Storage
from ..timestamps import YEARS, offset_of

SECTION: Final = "zones"
AHEAD: Final = timedelta(minutes=5)
"""How far a device's clock may be fast."""
FRESH: Final = timedelta(minutes=25)
"""The age of data that have just come in, with room for late uploads."""
WATCHED: Final = timedelta(minutes=20)
"""Two looks no further apart than this show whether something was uploaded between them."""

OFFSETS: Final = sorted(
    [timedelta(hours=hours) for hours in range(-12, 15)]
    + [timedelta(hours=hours, minutes=30) for hours in (-10, -4, -3, 3, 4, 5, 6, 9, 10)]
)
"""The offsets from UTC of all but a few small places, which state theirs."""


DAY_MINUTES: Final = 24 * 60.0


def parse_time(raw: object) -> datetime | None:
    """Read ``yyyyMMddHHmmss`` or ``yyyy-MM-dd HH:mm:ss`` as a time without zone."""
    digits = re.sub(r"\D", "", text(raw) or "")
    try:
        read = datetime.strptime(digits, "%Y%m%d%H%M%S") if len(digits) == 14 else None
    except ValueError:
        return None
    return read if read and read.year in YEARS else None


def measured_offset(local: datetime, now: datetime) -> timedelta:
    """Return the offset of a local time that has just been written: the smallest that does not put it into the future."""
    least = local - now.replace(tzinfo=None) - AHEAD
    return next((offset for offset in OFFSETS if offset >= least), OFFSETS[-1])


def _age(local: datetime, now: datetime, offset: timedelta) -> timedelta:
    return now.replace(tzinfo=None) - (local - offset)


class PlantClock:
    """The offset of one plant."""

    def __init__(self, offset: timedelta | None = None) -> None:
        """Take up the offset that the last run measured."""
        self.offset = offset
        self.measured = offset is not None
        """Whether the offset was seen in fresh data, rather than guessed from what is stated."""
        self._newest: datetime | None = None
        self._looked_at: datetime | None = None

    def observe(self, newest: datetime, now: datetime, zone: str | None) -> None:
        """Learn the offset from the newest local time of a plant's devices."""
        just_uploaded = (
            self._newest is not None
            and self._looked_at is not None
            and newest != self._newest
            and now - self._looked_at <= WATCHED
        )
        if just_uploaded or self.offset is None:
            fresh = self._stated(newest, now, zone, FRESH)
            measured = measured_offset(newest, now)
            if just_uploaded or fresh is not None:
                self.offset = fresh if fresh is not None else measured
                self.measured = True
            else:
                old = self._stated(newest, now, zone, timedelta.max)
                self.offset = old if old is not None else measured
        elif _age(newest, now, self.offset) < -AHEAD:
            self.offset, self.measured = measured_offset(newest, now), True
        self._newest, self._looked_at = newest, now

    @staticmethod
    def _stated(
        newest: datetime, now: datetime, zone: str | None, oldest: timedelta
    ) -> timedelta | None:
        """Return the stated offset, with daylight saving or the other sign, if it gives the data a possible age."""
        if (stated := offset_of(zone)) is None:
            return None
        hour = timedelta(hours=1)
        candidates = (stated, stated + hour, -stated, hour - stated)
        return next(
            (
                offset
                for offset in candidates
                if -AHEAD <= _age(newest, now, offset) <= oldest
            ),
            None,
        )

    def stamp(self, local: datetime, now: datetime) -> datetime:
        """Return when a local time was, never later than now; with the plant's offset if that was measured."""
        offset = self.offset if self.offset is not None else measured_offset(local, now)
        at = min((local - offset).replace(tzinfo=UTC), now)
        return at.astimezone(timezone(offset)) if self.measured else at

    def alarm_time(self, raw: object) -> float | None:
        """Return when an alarm was raised or over, in epoch seconds; nobody says in which zone that is, so that of the data is taken."""
        local = parse_time(raw)
        if local is None or self.offset is None or not self.measured:
            return None
        return possible_time((local - self.offset).replace(tzinfo=UTC).timestamp())


class PlantClocks:
    """The offsets of all plants."""

    def __init__(self, storage: Storage) -> None:
        """Take up the offsets of the last run."""
        self._storage: Final = storage
        kept = from_json(dict[str, float], storage.load(SECTION))
        self._plants: Final = {
            plant_id: PlantClock(timedelta(minutes=minutes))
            for plant_id, minutes in kept.items()
            if abs(minutes) < DAY_MINUTES
        }

    def of(self, plant_id: str) -> PlantClock:
        """Return the clock of a plant."""
        return self._plants.setdefault(plant_id, PlantClock())

    def observe(
        self, plant_id: str, newest: datetime, now: datetime, zone: str | None
    ) -> PlantClock:
        """Tell a plant's clock the newest time of its devices."""
        clock = self.of(plant_id)
        before = (clock.offset, clock.measured)
        clock.observe(newest, now, zone)
        if (clock.offset, clock.measured) != before:
            self._storage.delay_save(SECTION, self._as_json)
        return clock

    def _as_json(self) -> Json:
        return {
            key: clock.offset.total_seconds() / 60
            for key, clock in self._plants.items()
            if clock.offset is not None and clock.measured
        }
