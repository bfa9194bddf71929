"""What is particular to one device: a user's corrections, and the unit a grid meter really uses."""

from collections.abc import Mapping
from math import sqrt
from typing import Final

from ..model import DeviceCorrection, PowerUnit, Quantity, Slot, Unit, Value
from ..points import number
from .points import TABLES

POWERS: Final = frozenset(
    {Quantity.GRID_POWER, Quantity.PHASE_POWER, Quantity.BATTERY_POWER}
)
"""What turns its sign and takes another unit with its device."""
_PAIRS: Final = (
    (Quantity.GRID_IMPORT_ENERGY_TOTAL, Quantity.GRID_EXPORT_ENERGY_TOTAL),
    (Quantity.TARIFF_IMPORT_ENERGY_TOTAL, Quantity.TARIFF_EXPORT_ENERGY_TOTAL),
    (Quantity.BATTERY_CHARGE_ENERGY_TOTAL, Quantity.BATTERY_DISCHARGE_ENERGY_TOTAL),
    (Quantity.BATTERY_CHARGE_ENERGY_TODAY, Quantity.BATTERY_DISCHARGE_ENERGY_TODAY),
)
SWAPS: Final[Mapping[Quantity, Quantity]] = {
    **dict(_PAIRS),
    **{outward: inward for inward, outward in _PAIRS},
}
UNITS: Final = {PowerUnit.WATT: Unit.WATT, PowerUnit.KILOWATT: Unit.KILOWATT}

VOTES: Final = 3
"""Samples in a row that must agree on a meter's unit."""
LEAST_AMPERES: Final = 0.5
LEAST_POWER_FACTOR: Final = 0.3
"""Below these, power says too little about volts times amperes."""


def apply(
    values: dict[Slot, Value], device_type: int, tuning: DeviceCorrection
) -> dict[Slot, Value]:
    """Correct decoded values."""
    factor = -1.0 if tuning.swap_direction else 1.0
    if tuning.unit is not None:
        factor *= UNITS[tuning.unit].factor / _native(device_type).factor
    corrected: dict[Slot, Value] = {}
    for slot, value in values.items():
        if slot.quantity in POWERS and isinstance(value, float):
            corrected[slot] = round(value * factor, 6) + 0.0
        elif tuning.swap_direction and slot.quantity in SWAPS:
            corrected[Slot(SWAPS[slot.quantity], slot.index)] = value
        else:
            corrected[slot] = value
    return corrected


def _native(device_type: int) -> Unit:
    """Return the unit the table gives a type's powers."""
    return next(
        point.unit
        for point in TABLES[device_type].points
        if point.quantity in POWERS and point.unit is not None
    )


class UnitGuess:
    """Whether a grid meter (type 17) reports kW, as it did before version 24.7: found out from volts times amperes, then kept."""

    def __init__(self, votes: int = 0) -> None:
        """Begin undecided; negative votes are for W."""
        self.votes = votes

    @property
    def kilowatts(self) -> bool:
        """The verdict; W until there is one."""
        return self.votes >= VOTES

    def look(self, items: Mapping[str, object]) -> bool:
        """Take a sample into account; whether it changed anything."""
        if abs(self.votes) >= VOTES or (ratio := _ratio(items)) is None:
            return False
        if 0.5 < ratio < 2:
            self.votes = min(self.votes, 0) - 1
        elif 0.0005 < ratio < 0.002:
            self.votes = max(self.votes, 0) + 1
        else:
            return False
        return True


def _ratio(items: Mapping[str, object]) -> float | None:
    """Return the reported power over what volts, amperes and power factor say; near 1 for W, near 0.001 for kW."""
    power, factor = number(items.get("active_power")), number(items.get("power_factor"))
    amperes = [number(items.get(f"{phase}_i")) or 0.0 for phase in "abc"]
    volts = [number(items.get(f"{phase}_u")) or 0.0 for phase in "abc"]
    line = number(items.get("ab_u")) or 0.0
    if (
        power is None
        or factor is None
        or abs(factor) < LEAST_POWER_FACTOR
        or max(map(abs, amperes)) < LEAST_AMPERES
    ):
        return None
    if not all(volts) and line > 0:
        volts = [line / sqrt(3)] * 3
    apparent = sum(abs(u * i) for u, i in zip(volts, amperes, strict=True))
    return abs(power) / (apparent * abs(factor)) if apparent else None
