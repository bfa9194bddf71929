"""Which settings each inverter offers, within which limits, and why it lacks the others (sungrow.md §9, §4.12, §7.2 #18).

Only what has been read from the device is offered: that shows at once that the account may, that the model has it, and what it is set to.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    ChargeBatteryFromSun,
    Control,
    ControlAction,
    ControlKind,
    ControlSpec,
    DischargeBattery,
    ForcedMode,
    HoldBattery,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ...control_kit import DeviceOffer, capabilities, offer_battery_modes
from ...control_state import as_setting
from ...model import Device, DeviceKind, Inventory
from ..inventory import LOGGER_KEY
from ..points import HYBRID_TYPE, LOGGER_TYPE, PV_TYPE
from .parameters import (
    BY_CONTROL,
    CHARGE,
    COMMAND,
    DISCHARGE,
    EXTERNAL,
    FORCED,
    FORCED_CHARGING,
    INVERTER,
    LOGGER,
    LOGGER_PARAMETERS,
    MODE,
    MOST_DISCHARGE,
    PARAMETERS,
    POWER,
    SELF_CONSUMPTION,
    VIRTUAL_PLANT,
    WINDOWS,
    Parameter,
    Register,
)
from .state import ParameterCache, highest

SETTLE: Final = 30.0
"""Seconds in which a command and its read-back are mostly over; until then the setting is left out, so that no old value passes for new."""
MODES: Final = (SELF_CONSUMPTION, FORCED, EXTERNAL)
STEERED: Final = frozenset({str(HYBRID_TYPE), str(PV_TYPE), str(LOGGER_TYPE)})
BEAT_EVERY: Final = 360.0
USUAL_FORCE: Final = 7200.0
"""Seconds after which a forced mode ends that was begun without a duration."""
_USUAL: Final = ForcedMode(ends_after=USUAL_FORCE, renew_after=BEAT_EVERY)
BEGINS: Final = {
    Control.WORK_MODE: dict.fromkeys((FORCED, EXTERNAL), _USUAL),
    Control.BATTERY_COMMAND: dict.fromkeys((CHARGE, DISCHARGE), _USUAL),
}
"""The options that begin a forced mode."""
HELD: Final = "held"
"""The way to hold a battery: compulsory mode without a command (sungrow.md §11.3 #29)."""
LIMITED: Final = "limited"
"""The way to let only the sun charge it: self-consumption, and the least that the discharge may be limited to (sungrow.md §9, 10092)."""
WAYS: Final[dict[type[ControlAction], str]] = {
    HoldBattery: HELD,
    ChargeBatteryFromSun: LIMITED,
}
NOT_BY_CLOUD: Final = {
    DeviceKind.CHARGER: "not_by_cloud",
    DeviceKind.ENERGY_MANAGER: "not_supported",
}
"""What nobody can set through this interface: no charger has a parameter."""
ACTIONS: Final[dict[type[ControlAction], tuple[str, ...]]] = {
    ChargeBattery: (MODE, COMMAND, POWER),
    DischargeBattery: (MODE, COMMAND, POWER),
    HoldBattery: (MODE, COMMAND),
    ChargeBatteryFromSun: (MODE, COMMAND, MOST_DISCHARGE),
    StopBattery: (MODE, COMMAND),
    SetWorkMode: (MODE,),
    SetBatterySchedule: (FORCED_CHARGING,),
}
"""What an action writes, and so what must be there."""


def is_steered(device: Device) -> bool:
    """Whether a device has parameters."""
    return device.address.get("type") in STEERED and "uuid" in device.address


def registers_of(device: Device) -> Mapping[str, Register]:
    """Return what can be read and written of a type of device."""
    return LOGGER if device.address.get("type") == str(LOGGER_TYPE) else INVERTER


def rows_of(device: Device) -> list[Parameter]:
    """Return the parameters that a type of device may have."""
    kind = device.address.get("type")
    if kind == str(LOGGER_TYPE):
        return list(LOGGER_PARAMETERS)
    storage = kind == str(HYBRID_TYPE)
    return [row for row in PARAMETERS if storage or not row.needs_battery]


class SungrowControlCatalog:
    """Decides by permission, hardware and what was read."""

    def __init__(
        self, cache: ParameterCache, has_battery: Callable[[Device], bool]
    ) -> None:
        """Know the cache, and who has a battery."""
        self._cache: Final = cache
        self._has_battery: Final = has_battery

    def codes(self, device: Device) -> list[str]:
        """Return what is worth reading of a device."""
        battery = self._has_battery(device)
        rows = rows_of(device)
        codes = [row.code for row in rows if battery or not row.needs_battery]
        if FORCED_CHARGING in codes:
            # Only to be known before they are changed: what is half done is set back.
            codes += [code for window in WINDOWS for code in window]
        return codes

    def available(self, inventory: Inventory) -> Capabilities:
        """Describe all devices that have something to set, or that one would expect to."""
        offers: dict[str, DeviceOffer] = {}
        unreachable: dict[str, str] = {}
        for device in inventory.devices.values():
            if LOGGER_KEY in device.address:
                unreachable[device.id] = "by_logger"
            elif is_steered(device):
                offers[device.id] = self._offer(device)
            elif device.kind in NOT_BY_CLOUD:
                unreachable[device.id] = NOT_BY_CLOUD[device.kind]
        return capabilities(offers, unreachable)

    def _offer(self, device: Device) -> DeviceOffer:
        offer = DeviceOffer()
        if barred := self._cache.of(device.id).barred:
            offer.withhold(barred)
            return offer
        lacking: dict[str, str] = {}
        for row in rows_of(device):
            if (reason := self._reason(row, device)) is None:
                offer.specs.append(self._spec(row, device))
            else:
                lacking[row.code] = reason
                offer.withhold(reason, row.control)
        if device.address["type"] == str(HYBRID_TYPE):
            for action, needs in ACTIONS.items():
                if missing := next((code for code in needs if code in lacking), None):
                    offer.withhold(lacking[missing], action)
                elif self._cache.lacks(device.id, WAYS.get(action, "")):
                    offer.withhold("not_supported", action)
                else:
                    offer.actions.add(action)
            most = highest(
                BY_CONTROL[Control.BATTERY_COMMAND_POWER], device, self._cache
            )
            offer_battery_modes(offer, most or 0.0, SETTLE)
            if not offer.actions & WAYS.keys() and MODE in lacking:
                offer.withhold(lacking[MODE], Control.BATTERY_MODE)
        return offer

    def _reason(self, row: Parameter, device: Device) -> str | None:
        if row.needs_battery and not self._has_battery(device):
            return "no_battery"
        if row.code in self._cache.of(device.id).refused:
            return "not_supported"
        if row.code not in self._cache.of(device.id).known:
            return "not_read_yet"
        if row.control.kind is ControlKind.NUMBER:
            value = as_setting(self._cache.of(device.id).value(row.code))
            if value is None:
                return "implausible"
            if (most := highest(row, device, self._cache)) is None:
                return "no_rating"
            if not row.plausible(value, most):
                return "implausible"
        return None

    def _spec(self, row: Parameter, device: Device) -> ControlSpec:
        options: tuple[str, ...] = ()
        if row.control is Control.WORK_MODE:
            options = MODES
            if self._cache.vouched_for(device.id).get(row.control) == VIRTUAL_PLANT:
                options += (VIRTUAL_PLANT,)  # shown while it is so, never set
        elif row.control.kind is ControlKind.SELECT:
            options = tuple(str(each) for each in row.options.values())
        return ControlSpec(
            row.control,
            minimum=row.minimum,
            maximum=highest(row, device, self._cache) or 0.0,
            step=row.step,
            options=options,
            begins=BEGINS.get(row.control, {}),
            settle=SETTLE,
        )
