"""Who feeds a plant's roles, best first, and what the plant is made of; see fusionsolar's page in docs for the reasons."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ..model import Device, Inventory, Plant, Quantity as Q, Reading
from ..points import number
from ..sources import PlantSources, Source, SourceTerm, added, charge, single, terms
from . import models

DONGLE_MOST: Final = 30_000.0
EMMA_MOST: Final = 50_000.0
"""W from the grid into batteries, by what controls the plant (fusionsolar.md §4.3)."""


@dataclass(frozen=True, slots=True)
class PlantHardware:
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
    def of(cls, plant_id: str, inventory: Inventory) -> PlantHardware:
        """Collect what belongs to a plant."""
        mine = {
            device.id: (int(number(device.address.get("type")) or 0), device)
            for device in inventory.devices_of(plant_id)
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


def _type(device: Device) -> int:
    return int(device.address.get("type", "0"))


class PlantDevices:
    """The devices of one plant by what they do."""

    def __init__(self, plant_id: str, inventory: Inventory) -> None:
        """Sort a plant's devices by their types."""
        devices = inventory.devices_of(plant_id)
        self.plant_id: Final = plant_id
        self.inverters: Final = [
            each for each in devices if _type(each) in models.INVERTERS
        ]
        self.batteries: Final = [
            each for each in devices if _type(each) in models.BATTERIES
        ]
        # An ESS of its own (41) stands beside the inverters; a home battery hangs on their DC side.
        self.apart: Final = [
            each for each in self.batteries if _type(each) != models.HOME_BATTERY
        ]
        self.meters: Final[list[Device]] = next(
            (
                found
                for meter_type in models.METERS
                if (found := [each for each in devices if _type(each) == meter_type])
            ),
            [],
        )

    @property
    def house_power(self) -> tuple[SourceTerm, ...]:
        """What adds up to what the house draws: inverters' output, grid, and batteries of their own; empty without a meter."""
        if not self.meters:
            return ()
        return (
            *terms(self.inverters, Q.AC_POWER),
            *terms(self.meters, Q.GRID_POWER),
            *terms(self.apart, Q.BATTERY_POWER),
        )

    @property
    def house_energy(self) -> tuple[SourceTerm, ...]:
        """What adds up to what the house used; no device counts it, and a battery without lifetime counters (41) leaves it unknown."""
        if not self.meters or self.apart:
            return ()
        return (
            *terms(self.inverters, Q.AC_ENERGY_TOTAL),
            *terms(self.meters, Q.GRID_IMPORT_ENERGY_TOTAL),
            *terms(self.meters, Q.GRID_EXPORT_ENERGY_TOTAL, -1.0),
        )


def add_up(
    addends: Iterable[SourceTerm], live: Callable[[str], Reading | None]
) -> float | None:
    """Add readings of one cycle; ``None`` when one is missing or belongs to another cycle."""
    cycles, figure = set(), 0.0
    for term in addends:
        reading = live(term.device_id)
        value = reading.values.get(term.slot) if reading else None
        if reading is None or not isinstance(value, float):
            return None
        cycles.add(reading.cycle)
        figure += value * term.factor
    return max(0.0, round(figure, 6)) if len(cycles) == 1 else None


def roles(plant_id: str, inventory: Inventory) -> PlantSources:
    """Return the sources of each role."""
    hardware = PlantDevices(plant_id, inventory)
    batteries, meters = hardware.batteries, hardware.meters
    sources: dict[Q, list[Source]] = {
        Q.PV_POWER: _pv(hardware, Q.PV_POWER, Q.AC_POWER),
        Q.PV_ENERGY_TOTAL: _pv_energy(hardware),
        Q.LOAD_ENERGY_TOTAL: added(hardware.house_energy, floor=0.0),
        Q.GRID_POWER: added(terms(meters, Q.GRID_POWER)),
        Q.GRID_IMPORT_ENERGY_TOTAL: added(terms(meters, Q.GRID_IMPORT_ENERGY_TOTAL)),
        Q.GRID_EXPORT_ENERGY_TOTAL: added(terms(meters, Q.GRID_EXPORT_ENERGY_TOTAL)),
        Q.BATTERY_POWER: added(terms(batteries, Q.BATTERY_POWER)),
        Q.BATTERY_CHARGE_ENERGY_TOTAL: added(
            terms(batteries, Q.BATTERY_CHARGE_ENERGY_TOTAL)
        ),
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: added(
            terms(batteries, Q.BATTERY_DISCHARGE_ENERGY_TOTAL)
        ),
        Q.BATTERY_SOC: charge({each.id: each.capacity for each in batteries}),
    }
    if hardware.house_power:
        # The client adds this up itself: devices of one plant may be read minutes apart.
        sources[Q.LOAD_POWER] = [single(plant_id, Q.LOAD_POWER)]
    return {role: tuple(found) for role, found in sources.items() if found}


def _pv(hardware: PlantDevices, dc_side: Q, ac_side: Q) -> list[Source]:
    """Prefer the DC side; a hybrid's AC side includes what the battery gives (E69)."""
    if not hardware.inverters:
        return []
    sources = [Source(terms(hardware.inverters, dc_side), floor=0.0)]
    if not hardware.batteries:
        sources.append(Source(terms(hardware.inverters, ac_side), floor=0.0))
    return sources


def _pv_energy(hardware: PlantDevices) -> list[Source]:
    """A hybrid's yield is corrected by the battery's counters where the trackers' are missing; without inverters the plant's own."""
    if not hardware.inverters:
        plant = single(hardware.plant_id, Q.AC_ENERGY_TOTAL)
        return [] if hardware.batteries else [plant]
    dc_side = Source(terms(hardware.inverters, Q.PV_ENERGY_TOTAL))
    ac_side = terms(hardware.inverters, Q.AC_ENERGY_TOTAL)
    if not hardware.batteries:
        return [dc_side, Source(ac_side)]
    balanced = (
        *ac_side,
        *terms(hardware.batteries, Q.BATTERY_CHARGE_ENERGY_TOTAL),
        *terms(hardware.batteries, Q.BATTERY_DISCHARGE_ENERGY_TOTAL, -1.0),
    )
    return [dc_side, Source(balanced, floor=0.0)]
