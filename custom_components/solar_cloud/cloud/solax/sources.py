"""Who feeds the Energy Dashboard: the sources of a plant's roles, best first.

A choice per role, never a mixture: the same house has four lifetime figures in this cloud (plant, trackers, AC port, app) that differ by
several per cent.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ..model import Device, DeviceKind, Inventory, Quantity as Q, Slot
from ..vendor import PlantSources, Source, SourceTerm

COUNTERS: Final = (
    Q.PV_ENERGY_TOTAL,
    Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.GRID_EXPORT_ENERGY_TOTAL,
    Q.BATTERY_CHARGE_ENERGY_TOTAL,
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
)


def roles(plant_id: str, inventory: Inventory) -> PlantSources:
    """Say what can feed each role of a plant."""
    by_kind: dict[DeviceKind, list[Device]] = {}
    for device in inventory.devices.values():
        if device.plant_id == plant_id:
            by_kind.setdefault(device.kind, []).append(device)
    inverters = by_kind.get(DeviceKind.INVERTER, [])
    batteries = by_kind.get(DeviceKind.BATTERY, [])
    managers = by_kind.get(DeviceKind.ENERGY_MANAGER, [])
    grid = _grid(inverters, by_kind.get(DeviceKind.METER, []))
    makers: dict[Q, list[Sequence[Device]]] = {
        Q.PV_ENERGY_TOTAL: [inverters],
        Q.GRID_IMPORT_ENERGY_TOTAL: grid,
        Q.GRID_EXPORT_ENERGY_TOTAL: grid,
        Q.BATTERY_CHARGE_ENERGY_TOTAL: [batteries],
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: [batteries],
    }
    # An EMS counts the whole commercial plant, other makers' devices included.
    found = {
        role: [
            *_sums(role, [managers, *makers[role]]),
            Source((SourceTerm(plant_id, Slot(role)),)),
        ]
        for role in COUNTERS
    }
    found[Q.LOAD_ENERGY_TOTAL] = [
        *_sums(Q.LOAD_ENERGY_TOTAL, [managers]),
        *_balance(inverters, batteries, grid),
    ]
    # Of powers the EMS comes last: the signs of two of them are not certain.
    found[Q.PV_POWER] = _sums(Q.PV_POWER, [inverters, managers])
    found[Q.GRID_POWER] = _sums(Q.GRID_POWER, [*grid, managers])
    found[Q.BATTERY_POWER] = _sums(Q.BATTERY_POWER, [batteries, managers])
    found[Q.LOAD_POWER] = [
        *_loads(inverters, grid),
        *_sums(Q.LOAD_POWER, [managers]),
    ]
    found[Q.BATTERY_SOC] = [*_charge(batteries), *_charge(managers)]
    return {role: tuple(sources) for role, sources in found.items() if sources}


def _terms(
    role: Q, devices: Iterable[Device], factor: float = 1.0
) -> tuple[SourceTerm, ...]:
    return tuple(SourceTerm(device.id, Slot(role), factor) for device in devices)


def _sums(role: Q, groups: Iterable[Sequence[Device]]) -> list[Source]:
    return [Source(_terms(role, group)) for group in groups if group]


def _grid(
    inverters: Sequence[Device], meters: Sequence[Device]
) -> list[Sequence[Device]]:
    """Return who knows the grid connection: a meter when there is just one, then the master, else the inverters one after the other.

    Of several meters nobody says which is at the grid; of several inverters only the one with the meter reports it, and adding them up
    would count it twice.
    """
    masters = [each for each in inverters if each.address.get("flag") == "master"]
    known: list[Sequence[Device]] = [meters] if len(meters) == 1 else []
    return known + [[each] for each in (masters or inverters)]


def _loads(
    inverters: Sequence[Device], grid: Iterable[Sequence[Device]]
) -> list[Source]:
    """Compute the house: what the inverters give plus what the grid gives."""
    if not inverters:
        return []
    output = _terms(Q.AC_POWER, inverters)
    return [Source(output + _terms(Q.GRID_POWER, each), floor=0.0) for each in grid]


def _balance(
    inverters: Sequence[Device],
    batteries: Sequence[Device],
    grid: Iterable[Sequence[Device]],
) -> list[Source]:
    """Compute what the house used, as the Energy Dashboard does: what came in less what went out, conversion losses included.

    No realtime answer counts it, and the statistics that do are seen to be wrong too often (solax.md §3.8).
    """
    if not inverters:
        return []
    own = (
        *_terms(Q.PV_ENERGY_TOTAL, inverters),
        *_terms(Q.BATTERY_DISCHARGE_ENERGY_TOTAL, batteries),
        *_terms(Q.BATTERY_CHARGE_ENERGY_TOTAL, batteries, -1.0),
    )
    return [
        Source(
            (
                *own,
                *_terms(Q.GRID_IMPORT_ENERGY_TOTAL, each),
                *_terms(Q.GRID_EXPORT_ENERGY_TOTAL, each, -1.0),
            ),
            floor=0.0,
        )
        for each in grid
    ]


def _charge(devices: Sequence[Device]) -> list[Source]:
    """Weigh the charge of several batteries by their capacity, where all are known."""
    if not devices:
        return []
    weighed = all(device.capacity for device in devices)
    terms = tuple(
        SourceTerm(
            device.id,
            Slot(Q.BATTERY_SOC),
            (device.capacity or 1.0) if weighed else 1.0,
        )
        for device in devices
    )
    return [Source(terms, mean=True)]
