"""One upload of one device, with the arithmetic all rows share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
import math

from ..world import Sample
from ..world.noise import chance, seed_of
from .knobs import Knobs
from .plant import COMMERCIAL, Device, Plant


def floor_to(value: float, decimals: int) -> float:
    """Count like a meter: a digit shows when it is complete."""
    scale = 10.0**decimals
    return math.floor(value * scale + 1e-6) / scale


@dataclass
class Snapshot:
    """The site as one upload saw it."""

    plant: Plant
    device: Device
    at: float
    knobs: Knobs

    @cached_property
    def sample(self) -> Sample:
        """The site at the time of the upload."""
        return self.plant.site.sample(self.at)

    @cached_property
    def morning(self) -> Sample:
        """The site when the device's daily counters last restarted."""
        local, late = self.plant.site.local, self.device.midnight
        return self.plant.site.sample(local.midnight(self.at - late) + late)

    def total(self, *names: str, decimals: int = 1) -> float:
        """Return a lifetime counter."""
        return floor_to(sum(self.sample.counter(name) for name in names), decimals)

    def today(self, *names: str, decimals: int = 1) -> float:
        """Return a daily counter."""
        grown = sum(
            self.sample.counter(name) - self.morning.counter(name) for name in names
        )
        return floor_to(max(0.0, grown), decimals)

    def power(self, watts: float) -> float:
        """Return a power in the unit of the plant's business type."""
        if self.plant.business_type == COMMERCIAL:
            return round(watts / 1000, self.knobs.kw_decimals)
        return float(round(watts))

    def whole_power(self, watts: float) -> float:
        """Return a power that homes report without decimals."""
        power = self.power(watts)
        return power if self.plant.business_type == COMMERCIAL else round(watts)

    def noise(self, what: str) -> float:
        """Return a number between -1 and 1 that stays the same for this upload."""
        return 2 * chance(seed_of(self.device.sn, what), int(self.at)) - 1

    def times(self) -> dict[str, str | None]:
        """Return the time stamps of the row."""
        at = self.at + self.knobs.clock_skew
        local = self.plant.site.local.at(at)
        utc = datetime.fromtimestamp(int(at), UTC)
        ending = "Z" if self.knobs.time_style == "zulu" else ".000+00:00"
        return {
            "dataTime": None
            if self.knobs.hide_time
            else utc.strftime(f"%Y-%m-%dT%H:%M:%S{ending}"),
            "plantLocalTime": local.strftime("%Y-%m-%d %H:%M:%S"),
        }
