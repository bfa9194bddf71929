"""Counters as Sungrow shows them: truth cut off at 100 Wh, and days that begin at the plant's midnight."""

from dataclasses import dataclass

from ..world import BatterySample, InverterSample, Sample
from .knobs import Knobs
from .plant import Device, Plant

STEP_WH = 100.0
SAMPLE = 300.0


def watt_hours(kwh: float) -> float:
    """Cut a counter at its resolution."""
    return (kwh * 10 + 1e-6) // 1 * STEP_WH


@dataclass(frozen=True)
class Moment:
    """An upload and the start of the day it counts from."""

    now: Sample
    start: Sample

    @classmethod
    def of(cls, plant: Plant, at: float, knobs: Knobs) -> Moment:
        """Look at a plant at an upload; a late reset still counts from yesterday."""
        midnight = plant.midnight(at)
        if at < midnight + knobs.late_reset * SAMPLE:
            midnight = plant.midnight(midnight - 3600.0)
        return cls(plant.site.sample(at), plant.site.sample(midnight))

    def today(self, now: float, start: float) -> float:
        """Return what was added since the day began, in Wh."""
        return watt_hours(max(0.0, now - start))

    def inverter(self, device: Device) -> tuple[InverterSample, InverterSample]:
        """Look at one inverter, now and at the start of the day."""
        now = self.now.inverter(device.part)
        there = self.start.has(device.part)
        return now, self.start.inverter(device.part) if there else now

    def battery(self, part: str) -> tuple[BatterySample, BatterySample]:
        """Look at one battery, now and at the start of the day."""
        now = self.now.battery(part)
        return now, self.start.battery(part) if self.start.has(part) else now

    @property
    def load_w(self) -> float:
        """Everything behind the meter."""
        return self.now.powers.load + self.now.powers.charger

    def load_wh(self) -> tuple[float, float]:
        """Total and today."""
        now, start = self.now.energies, self.start.energies
        total, began = now.load + now.charger, start.load + start.charger
        return watt_hours(total), self.today(total, began)

    def import_wh(self) -> tuple[float, float]:
        """Total and today."""
        total, began = self.now.energies.grid_import, self.start.energies.grid_import
        return watt_hours(total), self.today(total, began)

    def export_wh(self) -> tuple[float, float]:
        """Total and today."""
        total, began = self.now.energies.grid_export, self.start.energies.grid_export
        return watt_hours(total), self.today(total, began)
