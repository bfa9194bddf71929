"""What can feed a plant's roles, best first (sungrow.md §8.1)."""

from collections.abc import Iterable
from typing import Final

from ..model import Device, Inventory, Quantity as Q
from ..sources import PlantSources, Source, added, charge, single, terms
from .points import BATTERY_TYPE, HYBRID_TYPE, METER_TYPE, MICRO_TYPE, PV_TYPE

OVER_A_LIFE_AND_A_DAY: Final = (
    (Q.PV_ENERGY_TOTAL, Q.AC_ENERGY_TOTAL),
    (Q.PV_ENERGY_TODAY, Q.AC_ENERGY_TODAY),
)


class _Plant:
    """The devices of one plant by type, and short words for sources."""

    def __init__(self, plant_id: str, inventory: Inventory) -> None:
        self.id: Final = plant_id
        self._devices: Final = sorted(
            inventory.devices_of(plant_id),
            key=lambda device: device.address.get("ps_key", ""),
        )
        self.hybrids: Final = self.of(HYBRID_TYPE)
        self.inverters: Final = (*self.of(PV_TYPE), *self.of(MICRO_TYPE))
        self.batteries: Final = self.of(BATTERY_TYPE)
        self.meters: Final = self.of(METER_TYPE)

    def of(self, number: int) -> tuple[Device, ...]:
        return tuple(
            device
            for device in self._devices
            if device.address.get("type") == str(number)
        )

    def own(self, quantity: Q) -> list[Source]:
        """The plant's own point for a quantity."""
        return [single(self.id, quantity)]


def _sum(devices: Iterable[Device], quantity: Q) -> list[Source]:
    """Return the sum of all these devices as the only source."""
    return added(terms(devices, quantity))


def _each(devices: Iterable[Device], quantity: Q) -> list[Source]:
    """Return each of these devices as a source: they measure the same."""
    return [single(device.id, quantity) for device in devices]


def roles(plant_id: str, inventory: Inventory) -> PlantSources:
    """Return the sources of every role of a plant."""
    plant = _Plant(plant_id, inventory)
    found = {**_pv(plant), **_grid(plant), **_battery(plant)}
    for quantity in (Q.LOAD_POWER, Q.LOAD_ENERGY_TOTAL, Q.LOAD_ENERGY_TODAY):
        found[quantity] = [*plant.own(quantity), *_sum(plant.hybrids, quantity)]
    if chargers := plant.of(51):
        found[Q.CHARGER_POWER] = _sum(chargers, Q.CHARGER_POWER)
    return {role: tuple(sources) for role, sources in found.items()}


def _pv(plant: _Plant) -> dict[Q, list[Source]]:
    """With storage the plant's yield may include the battery, so the inverters' own PV counters come first."""
    mixed = terms(plant.hybrids, Q.PV_POWER) + terms(plant.inverters, Q.AC_POWER)
    power = plant.own(Q.PV_POWER) + added(mixed, floor=0.0)
    if not plant.hybrids:
        power += plant.own(Q.AC_POWER)
    found = {Q.PV_POWER: power}
    for dc_side, ac_side in OVER_A_LIFE_AND_A_DAY:
        devices = added(terms(plant.hybrids, dc_side) + terms(plant.inverters, ac_side))
        itself = plant.own(dc_side)
        found[dc_side] = devices + itself if plant.hybrids else itself + devices
    return found


def _grid(plant: _Plant) -> dict[Q, list[Source]]:
    """Each hybrid inverter looks at the same grid connection: they are alternatives, not addends."""
    pair = [
        Source(
            terms([each], Q.GRID_IMPORT_POWER)
            + terms([each], Q.GRID_EXPORT_POWER, -1.0)
        )
        for each in plant.hybrids
    ]
    found = {
        Q.GRID_POWER: [
            *pair,
            *plant.own(Q.GRID_POWER),
            *_each(plant.meters, Q.GRID_POWER),
        ]
    }
    for quantity in (
        Q.GRID_IMPORT_ENERGY_TOTAL,
        Q.GRID_IMPORT_ENERGY_TODAY,
        Q.GRID_EXPORT_ENERGY_TOTAL,
        Q.GRID_EXPORT_ENERGY_TODAY,
    ):
        found[quantity] = [
            *plant.own(quantity),
            *_each((*plant.hybrids, *plant.meters), quantity),
        ]
    return found


def _battery(plant: _Plant) -> dict[Q, list[Source]]:
    pair = tuple(
        term
        for each in plant.hybrids
        for term in (
            *terms([each], Q.BATTERY_DISCHARGE_POWER),
            *terms([each], Q.BATTERY_CHARGE_POWER, -1.0),
        )
    )
    found = {Q.BATTERY_POWER: added(pair) + plant.own(Q.BATTERY_POWER)}
    for quantity in (
        Q.BATTERY_CHARGE_ENERGY_TOTAL,
        Q.BATTERY_CHARGE_ENERGY_TODAY,
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
        Q.BATTERY_DISCHARGE_ENERGY_TODAY,
    ):
        found[quantity] = [
            *_sum(plant.hybrids, quantity),
            *plant.own(quantity),
            *(_sum(plant.batteries, quantity) if quantity.is_counter else []),
        ]
    found[Q.BATTERY_SOC] = [
        *plant.own(Q.BATTERY_SOC),
        *_mean(plant.hybrids, plant.batteries),
        *_mean(plant.batteries, plant.batteries),
    ]
    return found


def _mean(devices: tuple[Device, ...], batteries: tuple[Device, ...]) -> list[Source]:
    """The charge that these devices know, weighed by the capacity of their batteries."""
    capacities = {
        battery.parent_id or battery.id: battery.capacity for battery in batteries
    }
    return charge(
        {each.id: each.capacity or capacities.get(each.id) for each in devices}
    )
