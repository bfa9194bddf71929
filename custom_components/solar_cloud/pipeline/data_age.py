"""How old the data of a plant are: by the devices' own clocks, or by when they were last seen to change."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ..cloud.model import Reading


class DataAges:
    """Watches readings for news."""

    def __init__(self) -> None:
        """Start without having seen anything."""
        self._changed: dict[str, tuple[Reading, datetime]] = {}

    def news(self, key: str, reading: Reading, now: datetime) -> datetime:
        """Return when a device that tells no time was first seen to say what it says."""
        known = self._changed.get(key)
        if known is None or known[0] != reading:
            known = self._changed[key] = (reading, now)
        return known[1]

    def age(
        self, keys: Iterable[str], readings: Mapping[str, Reading], now: datetime
    ) -> float | None:
        """Return the seconds since the newest of some devices reported, ``None`` while none ever did."""
        times = [
            min(reading.measured_at or self.news(key, reading, now), now)
            for key in keys
            if (reading := readings.get(key)) is not None
        ]
        return round((now - max(times)).total_seconds()) * 1.0 if times else None
