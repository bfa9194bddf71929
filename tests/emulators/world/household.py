"""What a house draws: a base, a morning and an evening peak, and somebody cooking."""

from datetime import UTC, datetime
from math import exp
from zoneinfo import ZoneInfo

from .noise import Noise, seed_of

_BUCKET = 900.0  # zones change their offset on quarter hours


class LocalTime:
    """Time of day of a zone, quickly."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Follow a zone, its daylight saving included."""
        self.zone = zone
        self._bucket: float | None = None
        self._offset = 0.0

    def offset(self, at: float) -> float:
        """Return the zone's seconds east of UTC at an instant."""
        bucket = at // _BUCKET
        if bucket != self._bucket:
            self._bucket = bucket
            offset = datetime.fromtimestamp(bucket * _BUCKET, self.zone).utcoffset()
            self._offset = offset.total_seconds() if offset else 0.0
        return self._offset

    def clock(self, at: float) -> tuple[int, float]:
        """Return the local day's number since 1970 and the seconds of that day."""
        day, second = divmod(at + self.offset(at), 86400.0)
        return int(day), second

    def at(self, at: float) -> datetime:
        """Return the local wall time."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone)

    def midnight(self, at: float, days: int = 0) -> float:
        """Return the instant the local day of `at` began, or that of `days` later."""
        local = self.at(at)
        start = datetime(local.year, local.month, local.day, tzinfo=UTC).timestamp()
        day = datetime.fromtimestamp(start + days * 86400.0, UTC)
        return day.replace(tzinfo=self.zone).timestamp()


class Household:
    """The load of a site by the hour, different every day."""

    def __init__(
        self, seed: int, local: LocalTime, base_w: float, peak_w: float
    ) -> None:
        """Live by the local time, between base and peak."""
        self._local = local
        self._base = base_w
        self._peak = peak_w
        self._mood = Noise(seed_of(seed, "mood"), 10800.0)
        self._appliances = Noise(seed_of(seed, "appliances"), 420.0)

    def load_w(self, at: float) -> float:
        """Return the house's draw in watts, the car charger not included."""
        hour = self._local.clock(at)[1] / 3600
        routine = 0.5 * exp(-(((hour - 7.2) / 1.1) ** 2)) + exp(
            -(((hour - 19.3) / 1.9) ** 2)
        )
        draw = self._base + self._peak * routine * (0.6 + 0.8 * self._mood.at(at))
        flicker = self._appliances.at(at)
        # A kettle or an oven, now and then.
        return draw * (0.85 + 0.3 * flicker) + (1600.0 if flicker > 0.9 else 0.0)
