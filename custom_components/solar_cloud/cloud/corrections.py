"""What no table can know of one device: a meter wired the other way round, a firmware that reports another unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from .model import Quantity as Q, Slot, Value

POWERS: Final = frozenset({Q.GRID_POWER, Q.PHASE_POWER, Q.BATTERY_POWER})
"""What turns its sign and takes another unit with its device."""
_PAIRS: Final = (
    (Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL),
    (Q.GRID_IMPORT_ENERGY_TODAY, Q.GRID_EXPORT_ENERGY_TODAY),
    (Q.TARIFF_IMPORT_ENERGY_TOTAL, Q.TARIFF_EXPORT_ENERGY_TOTAL),
    (Q.BATTERY_CHARGE_ENERGY_TOTAL, Q.BATTERY_DISCHARGE_ENERGY_TOTAL),
    (Q.BATTERY_CHARGE_ENERGY_TODAY, Q.BATTERY_DISCHARGE_ENERGY_TODAY),
)
SWAPS: Final[Mapping[Q, Q]] = {
    **dict(_PAIRS),
    **{outward: inward for inward, outward in _PAIRS},
}


class PowerUnit(StrEnum):
    """What a device really reports its powers in."""

    WATT = "W"
    KILOWATT = "kW"


@dataclass(frozen=True, slots=True)
class DeviceCorrection:
    """What only the user can know of one device."""

    swap_direction: bool = False
    unit: PowerUnit | None = None
    """``None`` leaves it to the vendor's table."""


@runtime_checkable
class SupportsCorrections(Protocol):
    """A client that lets the user correct how a device is read."""

    def correct(self, corrections: Mapping[str, DeviceCorrection]) -> None:
        """Apply corrections by device id from the next reading on; devices not named are read as their table says."""


def swap_direction(values: Mapping[Slot, Value]) -> dict[Slot, Value]:
    """Turn a device round: its powers change their signs, its counters their names."""
    return {
        Slot(SWAPS.get(slot.quantity, slot.quantity), slot.index): 0.0 - value
        if slot.quantity in POWERS and isinstance(value, float)
        else value
        for slot, value in values.items()
    }


def scale_powers(values: Mapping[Slot, Value], factor: float) -> dict[Slot, Value]:
    """Read a device's powers in another unit."""
    return {
        slot: round(value * factor, 6) + 0.0
        if slot.quantity in POWERS and isinstance(value, float)
        else value
        for slot, value in values.items()
    }


def reported_unit(power: float, watts: float) -> PowerUnit | None:
    """Tell the unit of a power from what volts and amperes make it.

    There is room for losses and for samples taken a moment apart; ``None`` where neither unit fits.
    """
    ratio = abs(watts / power) if power else 0.0
    if 0.5 <= ratio <= 2:
        return PowerUnit.WATT
    return PowerUnit.KILOWATT if 500 <= ratio <= 2000 else None
