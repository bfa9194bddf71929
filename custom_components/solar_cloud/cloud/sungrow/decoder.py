"""From one device's answer to a reading (sungrow.md §5.3, §7.2)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from ..corrections import DeviceCorrection, PowerUnit, scale_powers, swap_direction
from ..model import Quantity, Reading, Slot, Unit, Value
from ..points import ABSENT, SPLITS, Decoded, Table, decode, flatten
from ..storage import Json

STORAGE: Final = "battery_"
UNCONNECTED: Final = ("second_grid_", "tariff_")
"""Families whose counters all stand at 0 where nothing is connected."""
PER_MODULE: Final = frozenset(
    {Quantity.MODULE_CELL_VOLTAGE_MAX, Quantity.MODULE_CELL_VOLTAGE_MIN}
)
FROM_PV: Final = frozenset(
    {Quantity.PV_CHARGE_ENERGY_TOTAL, Quantity.PV_CHARGE_ENERGY_TODAY}
)
"""What a battery is charged with by PV: a battery's too."""


def unwrap(row: Json) -> dict[str, Json] | None:
    """Return a device's fields: nested in ``device_point`` or flat (sungrow.md §4.4)."""
    if not isinstance(row, dict):
        return None
    nested = row.get("device_point")
    return nested if isinstance(nested, dict) else row


def filled(fields: Mapping[str, Json]) -> set[str]:
    """Return the ids of the points that carry a value."""
    return {
        name[1:]
        for name, raw in flatten(fields)
        if name.startswith("p")
        and name[1:].isdecimal()
        and raw is not None
        and not (isinstance(raw, str) and raw.strip().lower() in ABSENT)
    }


def read(
    table: Table,
    fields: Mapping[str, Json],
    measured_at: datetime | None,
    *,
    storage: bool = True,
    correction: DeviceCorrection | None = None,
    picked: Iterable[str] = (),
) -> tuple[Reading, set[str]]:
    """Decode a device; also name the fields no table knows.

    Without ``storage`` the battery's points are left out: inverters without one report zeros (sungrow.md §7.2 #18).
    """
    decoded = decode(table, fields, picked=[f"p{point}" for point in picked])
    decoded.raw = {name[1:]: told for name, told in decoded.raw.items()}
    if not storage:
        for slot in [slot for slot in decoded.values if _is_storage(slot)]:
            del decoded.values[slot]
    _drop_unconnected(decoded.values)
    join_powers(decoded.values)
    if correction is not None:
        decoded.values = _corrected(decoded.values, correction)
    return decoded.reading(measured_at), _unmapped(decoded)


def _corrected(
    values: dict[Slot, Value], correction: DeviceCorrection
) -> dict[Slot, Value]:
    """Correct decoded values; the tables take every power for W."""
    if correction.unit is PowerUnit.KILOWATT:
        values = scale_powers(values, Unit.KILOWATT.factor)
    return swap_direction(values) if correction.swap_direction else values


def _drop_unconnected(values: dict[Slot, Value]) -> None:
    """Leave out what has its points and is not there: a second meter, tariffs, a battery's empty places (sungrow.md §5.3)."""
    for family in UNCONNECTED:
        mine = [slot for slot in values if slot.quantity.startswith(family)]
        if not any(values[slot] for slot in mine if slot.quantity.is_counter):
            for slot in mine:
                del values[slot]
    for slot in [slot for slot in values if slot.quantity in PER_MODULE]:
        if not values[slot]:
            del values[slot]


def _unmapped(decoded: Decoded) -> set[str]:
    return {name for name in decoded.unmapped if name.startswith("p")}


def _is_storage(slot: Slot) -> bool:
    return slot.quantity.value.startswith(STORAGE) or slot.quantity in FROM_PV


def join_powers(values: dict[Slot, Value]) -> None:
    """Add the signed power of a pair of one-way powers: the pair is the more reliable (sungrow.md §14 #6)."""
    for signed, (inward, outward) in SPLITS.items():
        towards, away = values.get(Slot(inward)), values.get(Slot(outward))
        if isinstance(towards, float) and isinstance(away, float):
            values[Slot(signed)] = towards - away
