"""Where the sun stands and what it sends through a clear or cloudy sky."""

from math import asin, atan2, cos, pi, radians, sin

from .noise import Noise, seed_of

type Direction = tuple[float, float, float]  # east, north, up; a unit vector

_J2000 = 946_728_000.0  # 2000-01-01 12:00 UTC
_BUCKET = 1800.0  # declination moves slowly enough for half an hour


def facing(tilt: float, azimuth: float) -> Direction:
    """Return the normal of a surface; azimuth in degrees clockwise from north."""
    slope, heading = radians(tilt), radians(azimuth)
    return (sin(slope) * sin(heading), sin(slope) * cos(heading), cos(slope))


class Sun:
    """The sun over one place, by the almanac's low precision formulas (0.01 degrees)."""

    def __init__(self, latitude: float, longitude: float) -> None:
        """Watch from a place."""
        self._sin_latitude = sin(radians(latitude))
        self._cos_latitude = cos(radians(latitude))
        self._longitude = radians(longitude)
        self._bucket: float | None = None
        self._sin_declination = self._cos_declination = self._right_ascension = 0.0

    def direction(self, at: float) -> Direction:
        """Return the direction towards the sun; `up` is negative at night."""
        bucket = at // _BUCKET
        if bucket != self._bucket:
            self._bucket = bucket
            self._locate(bucket * _BUCKET)
        days = (at - _J2000) / 86400
        hour_angle = (
            (18.697374558 + 24.06570982441908 * days) * (pi / 12)
            + self._longitude
            - self._right_ascension
        )
        level = self._cos_declination * cos(hour_angle)
        return (
            -self._cos_declination * sin(hour_angle),
            self._sin_declination * self._cos_latitude - level * self._sin_latitude,
            self._sin_declination * self._sin_latitude + level * self._cos_latitude,
        )

    def _locate(self, at: float) -> None:
        days = (at - _J2000) / 86400
        anomaly = radians(357.529 + 0.98560028 * days)
        longitude = radians(
            280.459
            + 0.98564736 * days
            + 1.915 * sin(anomaly)
            + 0.020 * sin(2 * anomaly)
        )
        tilt = radians(23.439 - 0.00000036 * days)
        declination = asin(sin(tilt) * sin(longitude))
        self._right_ascension = atan2(cos(tilt) * sin(longitude), cos(longitude))
        self._sin_declination = sin(declination)
        self._cos_declination = cos(declination)


class Sky:
    """Sunshine on surfaces of one place, with its own clouds."""

    def __init__(self, latitude: float, longitude: float, seed: int) -> None:
        """Put a seed's weather over a place."""
        self._sun = Sun(latitude, longitude)
        self._days = Noise(seed_of(seed, "fair and foul days"), 86400.0)
        self._clouds = Noise(seed_of(seed, "clouds"), 600.0)
        self._warmth = Noise(seed_of(seed, "warmth"), 3 * 86400.0)

    def shine(
        self, at: float, clearness: float | None = None
    ) -> tuple[Direction, float, float] | None:
        """Return sun direction, direct and diffuse kW per square metre; None at night."""
        direction = self._sun.direction(at)
        height = direction[2]
        if height <= 0.0 or clearness == 0.0:
            return None
        # Meinel's air mass fit: what is left of 1.353 kW after the way through the air.
        beam = 1.353 * 0.7 ** ((1.0 / (height + 0.03)) ** 0.678)
        if clearness is None:
            clearness = self._clearness(at)
        return direction, beam * clearness, (0.09 + 0.20 * (1.0 - clearness)) * height

    def irradiance(self, at: float) -> float:
        """Return what falls on level ground, in W per square metre."""
        light = self.shine(at)
        if light is None:
            return 0.0
        (_, _, height), beam, diffuse = light
        return 1000.0 * (beam * height + diffuse)

    def temperature(self, at: float) -> float:
        """Return the air's temperature in degrees Celsius."""
        height = self._sun.direction(at)[2]
        return 6.0 + 14.0 * self._warmth.at(at) + 9.0 * height

    def _clearness(self, at: float) -> float:
        fair = 0.15 + 1.15 * self._days.at(at)
        passing = self._clouds.at(at)
        return min(1.0, max(0.03, fair - 0.9 * passing * passing * (1.3 - fair)))
