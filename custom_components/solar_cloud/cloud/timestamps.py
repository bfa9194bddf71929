"""Offsets from UTC as vendors write them, and where local days begin."""

from datetime import date, datetime, time, timedelta, tzinfo
import re
from typing import Final

_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?")
WIDEST: Final = timedelta(hours=14)
LAST: Final = 2.0**32
"""Seconds since 1970; what lies beyond is no time of a device."""
YEARS: Final = range(1971, 2106)
"""What a device can tell of: a day's step over either end is a date, too."""


def instant(seconds: float, zone: tzinfo | None) -> datetime | None:
    """Return the time so many seconds after the epoch; ``None`` for what is no time of a device."""
    return datetime.fromtimestamp(seconds, zone) if 0 < seconds < LAST else None


def offset_of(zone: str | None) -> timedelta | None:
    """Read "GMT+8", "UTC+05:30" or "-0330"; ``None`` when it is something else."""
    if (found := _OFFSET.fullmatch((zone or "").strip().upper())) is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > WIDEST:
        return None
    return -offset if found[1] == "-" else offset


def midnight(day: date, zone: tzinfo | None) -> float:
    """Return when a local day begins, in epoch seconds: its first moment, where clocks skip midnight or pass it twice."""
    return datetime.combine(day, time.min, zone).timestamp()
