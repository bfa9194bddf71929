"""What a plant is made of, as far as it limits what can be set."""

from dataclasses import dataclass
from typing import Final

from ..model import Inventory, Plant
from ..points import number
from . import models

DONGLE_MOST: Final = 30_000.0
EMMA_MOST: Final = 50_000.0
"""W from the grid into batteries, by what controls the plant (fusionsolar.md §4.3)."""


@dataclass(frozen=True, slots=True)
class House:
    """One plant with what belongs to it."""

    plant: Plant
    batteries: tuple[str, ...]
    battery_names: tuple[str, ...]
    """What the vendor calls them, as far as it does."""
    rated: float | None
    """W of all inverters; ``None`` when one is unknown."""
    managed: bool
    """Whether an EMMA controls it."""
    devices: tuple[str, ...]
    """Everything that has values of its own."""

    @classmethod
    def of(cls, plant_id: str, inventory: Inventory) -> House:
        """Look at a plant."""
        mine = {
            key: (int(number(device.address.get("type")) or 0), device)
            for key, device in inventory.devices.items()
            if device.plant_id == plant_id
        }
        batteries = {
            key: device
            for key, (kind, device) in mine.items()
            if kind in (models.HOME_BATTERY, models.STORAGE)
        }
        rated = [
            device.rated_power
            for kind, device in mine.values()
            if kind in models.INVERTERS
        ]
        return cls(
            inventory.plants[plant_id],
            tuple(batteries),
            tuple(
                name
                for device in batteries.values()
                if (name := device.address.get("dn"))
            ),
            sum(known)
            if rated and len(known := [*filter(None, rated)]) == len(rated)
            else None,
            any(kind == models.EMMA for kind, _ in mine.values()),
            tuple(key for key, (_, device) in mine.items() if device.reports),
        )

    @property
    def most_export(self) -> float | None:
        """The highest sensible feed-in limit in W: no more can come from the roof."""
        peak = self.plant.pv_capacity or self.rated
        return None if peak is None else max(peak, 1000.0)

    @property
    def most_grid_charge(self) -> float | None:
        """The most the batteries may draw from the grid in W, never above the inverters' rating."""
        limit = EMMA_MOST if self.managed else DONGLE_MOST
        return None if self.rated is None else min(limit, self.rated)
