"""What can feed a plant's roles, best first (sungrow.md §8.1)."""

from collections.abc import Iterable
from typing import Final

from ..model import Device, Inventory, Quantity as Q, Slot
from ..vendor import PlantSources, Source, SourceTerm
from .points import BATTERY_TYPE, HYBRID_TYPE, METER_TYPE, MICRO_TYPE, PV_TYPE

OVER_A_LIFE_AND_A_DAY: Final = (
    (Q.PV_ENERGY_TOTAL, Q.AC_ENERGY_TOTAL),
    (Q.PV_ENERGY_TODAY, Q.AC_ENERGY_TODAY),
)


class _Plant:
    """The devices of one plant by type, and short words for sources."""

    def __init__(self, plant_id: str, inventory: Inventory) -> None:
        self.id: Final = plant_id
        own = [
            device
            for device in inventory.devices.values()
            if device.plant_id == plant_id
        ]
        own.sort(key=lambda device: device.address.get("ps_key", ""))
        self._devices: Final = own
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
        return [Source((SourceTerm(self.id, Slot(quantity)),))]


def _sum(
    devices: Iterable[Device], *quantities: Q, floor: float | None = None
) -> list[Source]:
    """All of these devices together, or nothing."""
    terms = tuple(
        SourceTerm(device.id, Slot(quantity))
        for device in devices
        for quantity in quantities
    )
    return [Source(terms, floor)] if terms else []


def _each(devices: Iterable[Device], quantity: Q) -> list[Source]:
    """One of these devices: each tells the same."""
    return [Source((SourceTerm(device.id, Slot(quantity)),)) for device in devices]


def plant_roles(plant_id: str, inventory: Inventory) -> PlantSources:
    """Return the sources of every role of a plant."""
    plant = _Plant(plant_id, inventory)
    roles = {**_pv(plant), **_grid(plant), **_battery(plant)}
    for quantity in (Q.LOAD_POWER, Q.LOAD_ENERGY_TOTAL, Q.LOAD_ENERGY_TODAY):
        roles[quantity] = [*plant.own(quantity), *_sum(plant.hybrids, quantity)]
    if chargers := plant.of(51):
        roles[Q.CHARGER_POWER] = _sum(chargers, Q.CHARGER_POWER)
    return {role: tuple(sources) for role, sources in roles.items()}


def _pv(plant: _Plant) -> dict[Q, list[Source]]:
    """With storage the plant's yield may include the battery, so the inverters' own PV counters come first."""
    mixed = (
        *(SourceTerm(each.id, Slot(Q.PV_POWER)) for each in plant.hybrids),
        *(SourceTerm(each.id, Slot(Q.AC_POWER)) for each in plant.inverters),
    )
    power = plant.own(Q.PV_POWER)
    if mixed:
        power.append(Source(mixed, floor=0.0))
    if not plant.hybrids:
        power += plant.own(Q.AC_POWER)
    roles = {Q.PV_POWER: power}
    for dc_side, ac_side in OVER_A_LIFE_AND_A_DAY:
        terms = (
            *(SourceTerm(each.id, Slot(dc_side)) for each in plant.hybrids),
            *(SourceTerm(each.id, Slot(ac_side)) for each in plant.inverters),
        )
        devices = [Source(terms)] if terms else []
        own = plant.own(dc_side)
        roles[dc_side] = devices + own if plant.hybrids else own + devices
    return roles


def _grid(plant: _Plant) -> dict[Q, list[Source]]:
    """Each hybrid inverter looks at the same grid connection: they are alternatives, not addends."""
    pair = [
        Source(
            (
                SourceTerm(each.id, Slot(Q.GRID_IMPORT_POWER)),
                SourceTerm(each.id, Slot(Q.GRID_EXPORT_POWER), -1.0),
            )
        )
        for each in plant.hybrids
    ]
    roles = {
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
        roles[quantity] = [
            *plant.own(quantity),
            *_each((*plant.hybrids, *plant.meters), quantity),
        ]
    return roles


def _battery(plant: _Plant) -> dict[Q, list[Source]]:
    pair = tuple(
        term
        for each in plant.hybrids
        for term in (
            SourceTerm(each.id, Slot(Q.BATTERY_DISCHARGE_POWER)),
            SourceTerm(each.id, Slot(Q.BATTERY_CHARGE_POWER), -1.0),
        )
    )
    roles = {
        Q.BATTERY_POWER: [
            *([Source(pair)] if pair else []),
            *plant.own(Q.BATTERY_POWER),
        ]
    }
    for quantity in (
        Q.BATTERY_CHARGE_ENERGY_TOTAL,
        Q.BATTERY_CHARGE_ENERGY_TODAY,
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
        Q.BATTERY_DISCHARGE_ENERGY_TODAY,
    ):
        roles[quantity] = [
            *_sum(plant.hybrids, quantity),
            *plant.own(quantity),
            *(_sum(plant.batteries, quantity) if quantity.is_counter else []),
        ]
    roles[Q.BATTERY_SOC] = [
        *plant.own(Q.BATTERY_SOC),
        *_mean(plant.hybrids, plant.batteries),
        *_mean(plant.batteries, plant.batteries),
    ]
    return roles


def _mean(devices: tuple[Device, ...], batteries: tuple[Device, ...]) -> list[Source]:
    """The charge of several batteries, weighed by their capacity where it is known of all."""
    capacities = {
        battery.parent_id or battery.id: battery.capacity for battery in batteries
    }
    weights = [
        device.capacity or capacities.get(device.id) or 0.0 for device in devices
    ]
    known = all(weights)
    terms = tuple(
        SourceTerm(device.id, Slot(Q.BATTERY_SOC), weight if known else 1.0)
        for device, weight in zip(devices, weights, strict=True)
    )
    return [Source(terms, mean=True)] if terms else []
