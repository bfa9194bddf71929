"""Which settings each inverter offers, within which limits, and why it lacks the others (sungrow.md §9, §4.12, §7.2 #18).

Only what has been read from the device is offered: that shows at once that the account may, that the model has it, and what it is set to.
"""

from collections.abc import Callable
from typing import Final

from ..control import (
    Available,
    ChargeBattery,
    Control,
    ControlKind,
    ControlSpec,
    DischargeBattery,
    Order,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ..model import Device, DeviceKind, Inventory
from .ledger import Ledger
from .parameters import (
    COMMAND,
    EXTERNAL,
    FORCED,
    FORCED_CHARGING,
    MODE,
    PARAMETERS,
    POWER,
    SELF_CONSUMPTION,
    VIRTUAL_PLANT,
    Parameter,
)
from .points import HYBRID_TYPE, PV_TYPE

SETTLE: Final = 30.0
"""Seconds in which a command and its read-back are mostly over; until then the setting is left out, so that no old value passes for new."""
MODES: Final = (SELF_CONSUMPTION, FORCED, EXTERNAL)
INVERTERS: Final = frozenset({str(HYBRID_TYPE), str(PV_TYPE)})
NOT_BY_CLOUD: Final = {
    DeviceKind.CHARGER: "not_by_cloud",
    DeviceKind.ENERGY_MANAGER: "not_supported",
}
"""What nobody can set through this interface: no charger has a parameter."""
ORDERS: Final[dict[type[Order], tuple[str, ...]]] = {
    ChargeBattery: (MODE, COMMAND, POWER),
    DischargeBattery: (MODE, COMMAND, POWER),
    StopBattery: (MODE, COMMAND),
    SetWorkMode: (MODE,),
    SetBatterySchedule: (FORCED_CHARGING,),
}
"""What an order writes, and so what must be there."""


def is_inverter(device: Device) -> bool:
    """Whether a device has parameters."""
    return device.address.get("type") in INVERTERS and "uuid" in device.address


def rows_of(device: Device) -> list[Parameter]:
    """Return the parameters that a type of device may have."""
    storage = device.address.get("type") == str(HYBRID_TYPE)
    return [row for row in PARAMETERS if storage or not row.needs_battery]


def highest(row: Parameter, device: Device) -> float | None:
    """Return the highest value, never above the rating; ``None`` while that is unknown and needed."""
    if row.control.unit != "W":
        return row.maximum
    if row.maximum is None or device.rated_power is None:
        return device.rated_power if row.maximum is None else row.maximum
    return min(row.maximum, device.rated_power)


class Offers:
    """Decides by permission, hardware and what was read."""

    def __init__(self, ledger: Ledger, has_battery: Callable[[Device], bool]) -> None:
        """Know the ledger, and who has a battery."""
        self._ledger: Final = ledger
        self._has_battery: Final = has_battery

    def codes(self, device: Device) -> list[str]:
        """Return what is worth reading of a device."""
        battery = self._has_battery(device)
        return [row.code for row in rows_of(device) if battery or not row.needs_battery]

    def available(self, inventory: Inventory) -> Available:
        """Describe all devices that have something to set, or that one would expect to."""
        specs: dict[str, tuple[ControlSpec, ...]] = {}
        orders: dict[str, frozenset[type[Order]]] = {}
        withheld: dict[str, dict[str, str]] = {}
        for device in inventory.devices.values():
            if is_inverter(device):
                found = self._inverter(device)
                specs[device.id], orders[device.id], reasons = found
            elif device.kind in NOT_BY_CLOUD:
                reasons = {"all": NOT_BY_CLOUD[device.kind]}
            else:
                continue
            if reasons:
                withheld[device.id] = reasons
        return Available(specs, orders, withheld)

    def _inverter(
        self, device: Device
    ) -> tuple[tuple[ControlSpec, ...], frozenset[type[Order]], dict[str, str]]:
        if barred := self._ledger.of(device.id).barred:
            return (), frozenset(), {"all": barred}
        specs: list[ControlSpec] = []
        reasons: dict[str, str] = {}
        lacking: dict[str, str] = {}
        for row in rows_of(device):
            if (reason := self._reason(row, device)) is None:
                specs.append(self._spec(row, device))
            else:
                lacking[row.code] = reasons[str(row.control)] = reason
        orders: set[type[Order]] = set()
        if device.address["type"] == str(HYBRID_TYPE):
            for order, needs in ORDERS.items():
                if missing := next((c for c in needs if c in lacking), None):
                    reasons[order.__name__] = lacking[missing]
                else:
                    orders.add(order)
        return tuple(specs), frozenset(orders), reasons

    def _reason(self, row: Parameter, device: Device) -> str | None:
        if row.needs_battery and not self._has_battery(device):
            return "no_battery"
        if row.code in self._ledger.of(device.id).refused:
            return "not_supported"
        if (raw := self._ledger.raw(device.id, row.code)) is None:
            return "not_read_yet"
        if row.control.kind is ControlKind.NUMBER:
            if (most := highest(row, device)) is None:
                return "no_rating"
            if row.rare and not _plausible(row.decode(raw), row.minimum, most):
                return "implausible"
        return None

    def _spec(self, row: Parameter, device: Device) -> ControlSpec:
        options: tuple[str, ...] = ()
        if row.control is Control.WORK_MODE:
            options = MODES
            if self._ledger.settings(device.id).get(row.control) == VIRTUAL_PLANT:
                options += (VIRTUAL_PLANT,)  # shown while it is so, never set
        elif row.control.kind is ControlKind.SELECT:
            options = tuple(str(word) for word in row.words.values())
        return ControlSpec(
            control=row.control,
            minimum=row.minimum,
            maximum=highest(row, device) or 0.0,
            step=row.step,
            options=options,
            settle=SETTLE,
            rare=row.rare,
        )


def _plausible(value: object, minimum: float, maximum: float) -> bool:
    """Whether a value read fits the scale that is assumed for it: with another one nothing may be written (sungrow.md §14 #7)."""
    return isinstance(value, float) and 0.5 * minimum <= value <= 1.5 * maximum
