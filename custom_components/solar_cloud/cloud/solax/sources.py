"""Who feeds the Energy Dashboard: the sources of a plant's roles, best first.

A choice per role, never a mixture: the same house has four lifetime figures in this cloud (plant, trackers, AC port, app) that differ by
several per cent.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ..model import Device, DeviceKind, Inventory, Quantity as Q
from ..sources import PlantSources, Source, added, charge, single, terms

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
    for device in inventory.devices_of(plant_id):
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
        role: [*_sums(role, [managers, *makers[role]]), single(plant_id, role)]
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


def _sums(role: Q, groups: Iterable[Sequence[Device]]) -> list[Source]:
    return [source for group in groups for source in added(terms(group, role))]


def _grid(
    inverters: Sequence[Device], meters: Sequence[Device]
) -> list[Sequence[Device]]:
    """Return who knows the grid connection: a meter when there is just one, then the master, else the inverters one after the other.

    Which of several meters is at the grid is not told; of several inverters only the one with the meter reports it, and adding them up
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
    output = terms(inverters, Q.AC_POWER)
    return [Source(output + terms(each, Q.GRID_POWER), floor=0.0) for each in grid]


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
    made = (
        *terms(inverters, Q.PV_ENERGY_TOTAL),
        *terms(batteries, Q.BATTERY_DISCHARGE_ENERGY_TOTAL),
        *terms(batteries, Q.BATTERY_CHARGE_ENERGY_TOTAL, -1.0),
    )
    return [
        Source(
            (
                *made,
                *terms(each, Q.GRID_IMPORT_ENERGY_TOTAL),
                *terms(each, Q.GRID_EXPORT_ENERGY_TOTAL, -1.0),
            ),
            floor=0.0,
        )
        for each in grid
    ]


def _charge(devices: Iterable[Device]) -> list[Source]:
    return charge({each.id: each.capacity for each in devices})
