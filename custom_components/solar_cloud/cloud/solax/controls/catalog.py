"""Which settings each device has, within which limits, and why it lacks the others (solax.md §1.2, §8)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    Control,
    ControlAction,
    ControlSpec,
    DischargeBattery,
    ReserveCharging,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
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

BATTERY_CONTROLS: Final = (
    "work_mode",
    "battery_min_soc",
    "battery_max_soc",
    "grid_charging",
)


def highest_current(device: Device) -> float:
    """Return the highest current a charger may be set to."""
    if device.rated_power is None:
        return UNKNOWN_AMPS
    kilowatts = device.rated_power / 1000
    nearest = min(RATED_AMPS, key=lambda each: abs(each - kilowatts))
    return RATED_AMPS[nearest] if abs(nearest - kilowatts) <= 0.4 else UNKNOWN_AMPS


def _number(
    control: Control, minimum: float, maximum: float, *, rare: bool = False
) -> ControlSpec:
    return ControlSpec(
        control=control,
        minimum=minimum,
        maximum=maximum,
        reads_back=False,
        settle=SETTLE,
        rare=rare,
    )


def _select(
    control: Control,
    options: Iterable[str],
    *,
    reads_back: bool = False,
    rare: bool = False,
) -> ControlSpec:
    return ControlSpec(
        control=control,
        options=tuple(options),
        reads_back=reads_back,
        settle=SETTLE,
        rare=rare,
    )


def _other(
    control: Control, *, reads_back: bool = False, rare: bool = False
) -> ControlSpec:
    return ControlSpec(control=control, reads_back=reads_back, settle=SETTLE, rare=rare)


def charger_specs(device: Device) -> tuple[ControlSpec, ...]:
    """Describe a charger's settings."""
    amps = highest_current(device)
    return (
        _select(Control.CHARGER_MODE, map(str, ChargerMode), reads_back=True),
        _select(Control.ECO_CURRENT, (str(a) for a in ECO_AMPS if a <= amps)),
        _select(Control.GREEN_CURRENT, map(str, GREEN_AMPS)),
        _select(Control.CHARGER_START_MODE, START_MODES),
        _select(Control.CHARGER_SCENE, ("home", "standard"), rare=True),
        _number(Control.CHARGE_CURRENT_LIMIT, LEAST_AMPS, amps),
        _other(Control.CHARGING, reads_back=True),
        _other(Control.CHARGER_LOCK, rare=True),
        _other(Control.CHARGER_UNLOCK, rare=True),
    )


MODE_SPECS: Final = (
    _select(Control.WORK_MODE, WORK_MODES, reads_back=True, rare=True),
    _number(Control.BATTERY_MIN_SOC, LEAST_SOC, 100.0, rare=True),
    _number(Control.BATTERY_MAX_SOC, LEAST_SOC, 100.0, rare=True),
    _other(Control.GRID_CHARGING, rare=True),
)


@dataclass(slots=True)
class _SolaxOffer:
    """What one device gets."""

    specs: list[ControlSpec] = field(default_factory=list)
    orders: set[type[ControlAction]] = field(default_factory=set)
    unavailable_reasons: dict[str, str] = field(default_factory=dict)

    def withhold(self, reason: str, *what: str) -> None:
        self.unavailable_reasons |= dict.fromkeys(what, reason)


REMOTE_ORDERS: Final = (ChargeBattery, DischargeBattery, StopBattery)
MODE_ORDERS: Final = (SetWorkMode, SetBatterySchedule)


class SolaxControlCatalog:
    """Decides by permission, kind and model."""

    def __init__(self, scope: Collection[str] | None, inventory: Inventory) -> None:
        """Know what was granted; ``None`` when the cloud did not say."""
        self._scope: Final = scope
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
        offers: dict[str, _SolaxOffer] = {}
        for device in self._inventory.devices.values():
            match device.kind:
                case DeviceKind.CHARGER:
                    offers[device.id] = self._charger(device)
                case DeviceKind.INVERTER:
                    offers[device.id] = self._inverter(device)
                case DeviceKind.ENERGY_MANAGER:
                    offers[device.id] = self._energy_manager(device)
        return Capabilities(
            {key: tuple(offer.specs) for key, offer in offers.items()},
            {key: frozenset(offer.orders) for key, offer in offers.items()},
            {
                key: offer.unavailable_reasons
                for key, offer in offers.items()
                if offer.unavailable_reasons
            },
        )

    def _charger(self, device: Device) -> _SolaxOffer:
        offer = _SolaxOffer()
        if not self._granted(CHARGER_PACK):
            offer.withhold("no_permission", "all")
            return offer
        offer.specs.extend(charger_specs(device))
        offer.orders.add(ReserveCharging)
        return offer

    def _inverter(self, device: Device) -> _SolaxOffer:
        offer = _SolaxOffer()
        if device.address.get("flag") == "slave":
            offer.withhold("by_master", "all")
            return offer
        self._modes(device, offer)
        self._remote(device, offer)
        self._heating(device, offer)
        self._export_limit(device, offer)
        return offer

    def _modes(self, device: Device, offer: _SolaxOffer) -> None:
        what = (*BATTERY_CONTROLS, *(order.__name__ for order in MODE_ORDERS))
        if reason := self._no_battery_control(device, MODE_PACK):
            offer.withhold(reason, *what)
        elif _model(device) == A1_HYBRID:
            offer.withhold("not_supported", *what)
        else:
            offer.specs.extend(MODE_SPECS)
            offer.orders.update(MODE_ORDERS)

    def _remote(self, device: Device, offer: _SolaxOffer) -> None:
        what = (
            str(Control.EXIT_REMOTE_CONTROL),
            *(order.__name__ for order in REMOTE_ORDERS),
        )
        if reason := self._no_battery_control(device, REMOTE_PACK):
            offer.withhold(reason, *what)
        elif _model(device) in TRENE:
            offer.withhold("not_supported", *what)
        elif device.rated_power is None:
            offer.withhold("no_rating", *what)
        else:
            offer.specs.append(_other(Control.EXIT_REMOTE_CONTROL, rare=True))
            offer.orders.update(REMOTE_ORDERS)

    def _heating(self, device: Device, offer: _SolaxOffer) -> None:
        if reason := self._no_battery_control(device, OVERALL_PACK):
            offer.withhold(reason, str(Control.BATTERY_HEATING))
        else:
            offer.specs.append(_other(Control.BATTERY_HEATING, rare=True))

    def _no_battery_control(self, device: Device, pack: tuple[str, str]) -> str | None:
        if device.id not in self._with_battery:
            return "no_battery"
        return None if self._granted(pack) else "no_permission"

    def _export_limit(self, device: Device, offer: _SolaxOffer) -> None:
        what = (str(Control.EXPORT_LIMIT), str(Control.EXPORT_LIMIT_ENABLED))
        if _model(device) not in EXPORT_LIMITED:
            offer.withhold("not_supported", *what)
        else:
            self._limit(device, offer, LIMIT_PACK, Control.EXPORT_LIMIT)

    def _energy_manager(self, device: Device) -> _SolaxOffer:
        offer = _SolaxOffer()
        served = any(
            each.plant_id == device.plant_id and _model(each) in AELIO
            for each in self._inventory.devices.values()
            if each.kind is DeviceKind.INVERTER
        )
        if not self._granted(EMS_PACK):
            offer.withhold("no_permission", "all")
        elif not served:
            offer.withhold("not_supported", "all")
        else:
            self._limit(device, offer, LIMIT_PACK, Control.EXPORT_LIMIT)
            self._limit(device, offer, LIMIT_PACK, Control.IMPORT_LIMIT)
        return offer

    def _limit(
        self,
        device: Device,
        offer: _SolaxOffer,
        pack: tuple[str, str],
        control: Control,
    ) -> None:
        switch = SWITCH_OF[control]
        if not self._granted(pack):
            offer.withhold("no_permission", str(control), str(switch))
        elif device.rated_power is None:
            offer.withhold("no_rating", str(control), str(switch))
        else:
            offer.specs.append(
                ControlSpec(
                    control=control,
                    maximum=device.rated_power,
                    step=LIMIT_STEP[control],
                    reads_back=False,
                    settle=SETTLE,
                    rare=True,
                )
            )
            offer.specs.append(_other(switch, rare=True))


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
