"""When a row was measured.

Rows carry ``dataTime`` in UTC. It can be missing, and it can lie in the future when a device's clock, or ours, is wrong.
"""

from datetime import UTC, datetime, timedelta
import re
import time
from typing import Final

from ..alarms import possible_time
from ..timestamps import LAST
from . import STALE_AFTER
from .api import SolaxRow

TOLERANCE: Final = 120.0
"""Seconds a device's clock may be ahead without anything being wrong."""
SKEW: Final = 300.0
SKEWED_POLLS: Final = 3
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
"""A time without a zone."""
ZONE_STEP: Final = 900.0
"""All time zones are whole quarters of an hour away from UTC."""


class TimestampReader:
    """Reads time stamps and remembers what it takes to do so."""

    def __init__(self) -> None:
        """Start without knowing any plant's time zone."""
        self._offsets: dict[str, float] = {}
        self._clamped: dict[str, tuple[float, float]] = {}
        self._newest: float | None = None
        self._skewed = 0

    @property
    def skewed(self) -> bool:
        """Whether devices kept reporting from the future: their clock or ours is wrong."""
        return self._skewed >= SKEWED_POLLS

    def close_poll(self) -> None:
        """Judge the newest time stamp of a poll."""
        if self._newest is not None:
            ahead = self._newest > time.time() + SKEW
            self._skewed = self._skewed + 1 if ahead else 0
        self._newest = None

    def plant_time(self, plant_id: str, row: SolaxRow) -> datetime | None:
        """Return the time of a plant's answer, whose only stamp is its local time at the moment of answering."""
        if (local := stamp(row.text("plantLocalTime"))) is None:
            return None
        now = time.time()
        offset = round((local - now) / ZONE_STEP) * ZONE_STEP
        self._offsets[plant_id] = offset
        return moment(min(local - offset, now))

    def alarm_time(self, plant_id: str, text: str | None) -> float | None:
        """Read when an alarm was raised or over: in the plant's local time, where no zone is stated [guess]."""
        at = stamp(text)
        if text is not None and LOCAL.fullmatch(text):
            offset = self._offsets.get(plant_id)
            at = None if at is None or offset is None else at - offset
        return possible_time(at)

    def device_time(
        self, identity: str, plant_id: str, row: SolaxRow
    ) -> datetime | None:
        """Return the time of a device's row, never later than the moment it was first seen."""
        local = stamp(row.text("plantLocalTime"))
        at = stamp(row.text("dataTime", "utcTime"))
        if at is None:
            offset = self._offsets.get(plant_id)
            if local is None or offset is None:
                return None
            at = local - offset
        elif local is not None and time.time() - at < STALE_AFTER:
            # An older row can be from before a change of the clocks.
            self._offsets[plant_id] = round((local - at) / ZONE_STEP) * ZONE_STEP
        self._newest = at if self._newest is None else max(self._newest, at)
        return moment(self._clamp(identity, at))

    def _clamp(self, identity: str, at: float) -> float:
        """Move a stamp from the future to the moment it was first seen: a row that does not change must still grow old."""
        now = time.time()
        if at <= now:
            self._clamped.pop(identity, None)
            return at
        known, since = self._clamped.get(identity, (None, now))
        if known != at:
            self._clamped[identity] = (at, now)
            return now
        return since


def stamp(text: str | None) -> float | None:
    """Read a time stamp as epoch seconds; one without a zone as if it were UTC."""
    if text is None:
        return None
    if text.isdecimal():
        value = float(text)
        seconds = value / 1000 if value > 1e11 else value
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - EPOCH).total_seconds()
    return seconds if 0 < seconds < LAST else None


def moment(seconds: float) -> datetime:
    """Return the moment so many seconds after the epoch."""
    return EPOCH + timedelta(seconds=seconds)
