"""Which settings each device has, within which limits, and why it lacks the others (solax.md §1.2, §8)."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    ChargeBatteryFromSun,
    Control,
    ControlAction,
    ControlSpec,
    DischargeBattery,
    HoldBattery,
    ReserveCharging,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ...control_kit import DeviceOffer, capabilities, offer_battery_modes
from ...model import Device, DeviceKind, Inventory
from ...states import ChargerMode, InverterState
from ..models import COMMERCIAL, HOME
from .api import (
    CHARGER_PACK,
    EMS_PACK,
    LIMIT_PACK,
    MODE_PACK,
    OVERALL_PACK,
    REMOTE_PACK,
)

SETTLE: Final = 330.0
"""Seconds: a device uploads every five minutes, and the cloud takes its time."""
LEAST_AMPS: Final = 6.0
RATED_AMPS: Final = {
    4.6: 20.0,
    6.0: 30.0,
    7.0: 32.0,
    7.6: 32.0,
    9.6: 40.0,
    11.0: 16.0,
    22.0: 32.0,
}
"""The highest current by rated power in kW [doc]."""
UNKNOWN_AMPS: Final = 16.0
ECO_AMPS: Final = (6, 10, 16, 20, 25)
GREEN_AMPS: Final = (3, 6)
START_MODES: Final = ("plug_and_charge", "card", "app")
SCENES: Final = ("home", "ocpp", "standard")
"""In the order of the vendor's numbers. OCPP needs a server's address and locks the owner's app out: it is not offered."""
WORK_MODES: Final = (
    str(InverterState.SELF_CONSUMPTION),
    str(InverterState.FEED_IN_PRIORITY),
    str(InverterState.BACKUP),
)
LEAST_SOC: Final = 10.0

A1_HYBRID: Final = (HOME, "19")
"""Has work modes of its own, behind another service [doc]."""
TRENE: Final = frozenset({(COMMERCIAL, "2"), (COMMERCIAL, "3"), (COMMERCIAL, "4")})
"""Take no remote commands [doc]."""
EXPORT_LIMITED: Final = frozenset({(HOME, "33")})
"""Inverters that take an export limit themselves: X3-NEO-LV [doc]."""
AELIO: Final = frozenset({(COMMERCIAL, each) for each in ("1", "31", "42")})
"""Take limits by way of an EMS [doc]."""


def highest_current(device: Device) -> float:
    """Return the highest current a charger may be set to."""
    if device.rated_power is None:
        return UNKNOWN_AMPS
    kilowatts = device.rated_power / 1000
    nearest = min(RATED_AMPS, key=lambda each: abs(each - kilowatts))
    return RATED_AMPS[nearest] if abs(nearest - kilowatts) <= 0.4 else UNKNOWN_AMPS


_spec = partial(ControlSpec, reads_back=False, settle=SETTLE)


def charger_specs(device: Device) -> tuple[ControlSpec, ...]:
    """Describe a charger's settings."""
    amps = highest_current(device)
    eco = tuple(str(current) for current in ECO_AMPS if current <= amps)
    return (
        _spec(Control.CHARGER_MODE, options=(*map(str, ChargerMode),), reads_back=True),
        _spec(Control.ECO_CURRENT, options=eco),
        _spec(Control.GREEN_CURRENT, options=(*map(str, GREEN_AMPS),)),
        _spec(Control.CHARGER_START_MODE, options=START_MODES),
        _spec(Control.CHARGER_SCENE, options=("home", "standard")),
        _spec(Control.CHARGE_CURRENT_LIMIT, minimum=LEAST_AMPS, maximum=amps),
        _spec(Control.CHARGING, reads_back=True),
        _spec(Control.CHARGER_LOCK),
        _spec(Control.CHARGER_UNLOCK),
    )


MODE_SPECS: Final = (
    _spec(Control.WORK_MODE, options=WORK_MODES, reads_back=True),
    _spec(Control.BATTERY_MIN_SOC, minimum=LEAST_SOC, maximum=100.0),
    _spec(Control.BATTERY_MAX_SOC, minimum=LEAST_SOC, maximum=100.0),
    _spec(Control.GRID_CHARGING),
)
WAYS: Final[Mapping[type[ControlAction], tuple[str, ...]]] = {
    ChargeBatteryFromSun: (InverterState.SELF_CONSUME_CHARGE_ONLY,),
    HoldBattery: (
        InverterState.SELF_CONSUME_CHARGE_ONLY,
        InverterState.PUSH_POWER_ZERO,
    ),
}
"""The remote modes that do what a battery mode asks for, the best first; some inverters refuse those of self-consumption (solax.md §8.4)."""
REMOTE_ACTIONS: Final = (ChargeBattery, DischargeBattery, StopBattery, *WAYS)
MODE_CONTROLS: Final = tuple(spec.control for spec in MODE_SPECS)
MODE_ACTIONS: Final = (SetWorkMode, SetBatterySchedule)


class SolaxControlCatalog:
    """Decides by permission, kind and model."""

    def __init__(
        self,
        scope: Collection[str] | None,
        inventory: Inventory,
        lacks: Callable[[str, str], bool],
    ) -> None:
        """Know what was granted, ``None`` when the cloud did not say, and which remote modes a device turned down."""
        self._scope: Final = scope
        self._lacks: Final = lacks
        self._inventory: Final = inventory
        self._with_battery: Final = {
            device.parent_id
            for device in inventory.devices.values()
            if device.kind is DeviceKind.BATTERY
        }

    def _granted(self, pack: tuple[str, str]) -> bool:
        return self._scope is None or pack[0] in self._scope

    def available(self) -> Capabilities:
        """Describe all devices that have something to set, or that one would expect to."""
        build = {
            DeviceKind.CHARGER: self._charger,
            DeviceKind.INVERTER: self._inverter,
            DeviceKind.ENERGY_MANAGER: self._energy_manager,
        }
        return capabilities(
            {
                device.id: build[device.kind](device)
                for device in self._inventory.devices.values()
                if device.kind in build
            }
        )

    def _charger(self, device: Device) -> DeviceOffer:
        offer = DeviceOffer()
        if not self._granted(CHARGER_PACK):
            offer.withhold("no_permission")
            return offer
        offer.specs.extend(charger_specs(device))
        offer.actions.add(ReserveCharging)
        return offer

    def _inverter(self, device: Device) -> DeviceOffer:
        offer = DeviceOffer()
        if device.address.get("flag") == "slave":
            offer.withhold("by_master")
            return offer
        self._modes(device, offer)
        self._remote(device, offer)
        self._heating(device, offer)
        self._export_limit(device, offer)
        return offer

    def _modes(self, device: Device, offer: DeviceOffer) -> None:
        if reason := self._no_battery_control(device, MODE_PACK):
            offer.withhold(reason, *MODE_CONTROLS, *MODE_ACTIONS)
        elif _model(device) == A1_HYBRID:
            offer.withhold("not_supported", *MODE_CONTROLS, *MODE_ACTIONS)
        else:
            offer.specs.extend(MODE_SPECS)
            offer.actions.update(MODE_ACTIONS)

    def _remote(self, device: Device, offer: DeviceOffer) -> None:
        reason = self._no_battery_control(device, REMOTE_PACK)
        if reason is None and _model(device) in TRENE:
            reason = "not_supported"
        if reason is None and device.rated_power is None:
            reason = "no_rating"
        if reason is not None:
            controls = (Control.EXIT_REMOTE_CONTROL, Control.BATTERY_MODE)
            offer.withhold(reason, *controls, *REMOTE_ACTIONS)
        else:
            offer.specs.append(_spec(Control.EXIT_REMOTE_CONTROL))
            lacking = [
                action
                for action, ways in WAYS.items()
                if all(self._lacks(device.id, way) for way in ways)
            ]
            offer.actions.update({*REMOTE_ACTIONS}.difference(lacking))
            if lacking:
                offer.withhold("not_supported", *lacking)
            assert device.rated_power is not None
            offer_battery_modes(offer, device.rated_power, SETTLE)

    def _heating(self, device: Device, offer: DeviceOffer) -> None:
        if reason := self._no_battery_control(device, OVERALL_PACK):
            offer.withhold(reason, Control.BATTERY_HEATING)
        else:
            offer.specs.append(_spec(Control.BATTERY_HEATING))

    def _no_battery_control(self, device: Device, pack: tuple[str, str]) -> str | None:
        if device.id not in self._with_battery:
            return "no_battery"
        return None if self._granted(pack) else "no_permission"

    def _export_limit(self, device: Device, offer: DeviceOffer) -> None:
        if _model(device) in EXPORT_LIMITED:
            self._limit(device, offer, Control.EXPORT_LIMIT)
        else:
            offer.withhold(
                "not_supported", Control.EXPORT_LIMIT, Control.EXPORT_LIMIT_ENABLED
            )

    def _energy_manager(self, device: Device) -> DeviceOffer:
        offer = DeviceOffer()
        served = any(
            each.plant_id == device.plant_id and _model(each) in AELIO
            for each in self._inventory.devices.values()
            if each.kind is DeviceKind.INVERTER
        )
        if not self._granted(EMS_PACK):
            offer.withhold("no_permission")
        elif not served:
            offer.withhold("not_supported")
        else:
            self._limit(device, offer, Control.EXPORT_LIMIT)
            self._limit(device, offer, Control.IMPORT_LIMIT)
        return offer

    def _limit(self, device: Device, offer: DeviceOffer, control: Control) -> None:
        switch = SWITCH_OF[control]
        if not self._granted(LIMIT_PACK):
            offer.withhold("no_permission", control, switch)
        elif device.rated_power is None:
            offer.withhold("no_rating", control, switch)
        else:
            most, step = device.rated_power, LIMIT_STEP[control]
            offer.specs += [
                _spec(control, maximum=most, step=step),
                _spec(switch),
            ]


SWITCH_OF: Final[Mapping[Control, Control]] = {
    Control.EXPORT_LIMIT: Control.EXPORT_LIMIT_ENABLED,
    Control.IMPORT_LIMIT: Control.IMPORT_LIMIT_ENABLED,
}
LIMIT_STEP: Final[Mapping[Control, float]] = {
    Control.EXPORT_LIMIT: 10.0,
    Control.IMPORT_LIMIT: 1000.0,
}
"""The vendor takes hundredths of a kilowatt, and whole ones."""


def _model(device: Device) -> tuple[str, str]:
    return device.address.get("business_type", ""), device.address.get("model", "")
