"""Every command: its pack, what its body must hold, and what the device does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from typing import Any

from .envelope import Refusal, bad_parameter
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .steered_charger import SteeredCharger
from .steered_inverter import (
    BACKUP,
    CHARGE_ONLY,
    FEED_IN,
    MANUAL,
    PUSH,
    PUSH_ZERO,
    PV_DURATION,
    PV_SOC,
    SELF_CONSUME,
    SELF_USE,
    SOC_TARGET,
    Remote,
    SteeredInverter,
)

EVC, WORK_MODE, REMOTE = "API_EVC_V2", "API_Workmode_V2", "API_Remote_V2"
OVERALL, LIMITS = "API_Overall_V2", "RATE_CTRL"
GEARS = {2: {6, 10, 16, 20, 25}, 3: {3, 6}}
LARGEST_A = {4.6: 20, 6: 30, 7: 32, 7.6: 32, 9.6: 40, 11: 16, 22: 32}
LONGEST_S = 60000

type Params = Mapping[str, Any]
type Act = Callable[[Plant, Device, Any, Params, float], bool]


def _nothing(*_: Any) -> None:
    """Accept anything."""


@dataclass(frozen=True)
class Rule:
    """One path."""

    pack: str
    kind: Kind | tuple[Kind, ...]
    act: Act
    checks: Callable[[Params, Knobs], None] = _nothing
    fits: Callable[[Device, Params], None] = _nothing

    def check(self, params: Params, knobs: Knobs) -> None:
        """Refuse a body that makes no sense."""
        if not isinstance(params.get("businessType"), int):
            raise bad_parameter("businessType must not be null")
        self.checks(params, knobs)

    def fit(self, device: Device, params: Params) -> None:
        """Refuse what this device cannot do."""
        kinds = self.kind if isinstance(self.kind, tuple) else (self.kind,)
        if device.kind not in kinds:
            raise Refusal(10200)
        self.fits(device, params)


def _whole(params: Params, name: str, least: int, most: int) -> int:
    value = params.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_parameter(f"{name} must not be null")
    if not least <= value <= most:
        raise Refusal(10200)
    return value


def _clock(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"[0-2]\d:[0-5]\d", value):
        raise bad_parameter(f"{name} is not a time")
    return value


# EV chargers


def _check_mode(params: Params, knobs: Knobs) -> None:
    mode = _whole(params, "workMode", 0, 3)
    if mode in GEARS:
        if knobs.gear_field != "any" and knobs.gear_field not in params:
            raise Refusal(10200)
        gear = _gear(params)
        if gear not in GEARS[mode]:
            raise Refusal(10200)


def _gear(params: Params) -> int | None:
    gear = params.get("currentGear", params.get("current"))
    return gear if isinstance(gear, int) else None


def _mode(_: Plant, __: Device, it: SteeredCharger, params: Params, at: float) -> bool:
    it.set_mode(params["workMode"], _gear(params), at)
    return True


def largest_current(device: Device) -> int:
    """Return the most amperes of a charger's class."""
    kilowatts = device.facts["ratedPower"]
    return LARGEST_A[min(LARGEST_A, key=lambda each: abs(each - kilowatts))]


def _fit_limit(device: Device, params: Params) -> None:
    _whole(params, "currentLimit", 6, largest_current(device))


def _limit(_: Plant, __: Device, it: SteeredCharger, params: Params, at: float) -> bool:
    it.set_limit(float(params["currentLimit"]), at)
    return True


def _start_mode(
    _: Plant, __: Device, it: SteeredCharger, params: Params, at: float
) -> bool:
    it.set_start_mode(params["startMode"], at)
    return True


def _scene(_: Plant, __: Device, it: SteeredCharger, params: Params, at: float) -> bool:
    it.scene = params["chargerScene"]
    return True


def _check_scene(params: Params, _: Knobs) -> None:
    if _whole(params, "chargerScene", 0, 2) == 1:
        for name, most in (("ocppUrl", 128), ("ocppChargerId", 25)):
            if not 0 < len(str(params.get(name) or "")) <= most:
                raise bad_parameter(f"{name} must not be null")


def _command(
    _: Plant, __: Device, it: SteeredCharger, params: Params, at: float
) -> bool:
    if not it.may(params["workCmd"], at):
        return False
    it.command(params["workCmd"], at)
    return True


def _check_reservation(params: Params, _: Knobs) -> None:
    start, end = _clock(params, "chargeStartTime"), _clock(params, "chargeEndTime")
    if start == end:
        raise Refusal(10200)


def _fit_reservation(device: Device, params: Params) -> None:
    _whole(params, "chargeCurrent", 6, largest_current(device))


def _reserve(
    _: Plant, __: Device, it: SteeredCharger, params: Params, at: float
) -> bool:
    names = ("chargeStartTime", "chargeEndTime", "chargeCurrent")
    it.reservation = {name: params[name] for name in names}
    return True


# Inverters


def _check_work_mode(params: Params, _: Knobs) -> None:
    low = _whole(params, "minSoc", 10, 100)
    if low > _whole(params, "chargeUpperSoc", 10, 100):
        raise Refusal(10200)
    for name in params:
        if "TimePeriod" in name and name != "enableTimePeriod2":
            _clock(params, name)


def _check_grid_too(params: Params, knobs: Knobs) -> None:
    _check_work_mode(params, knobs)
    _whole(params, "chargeFromGridEnable", 0, 1)


def _work_mode(status: int) -> Act:
    def act(
        _: Plant, device: Device, it: SteeredInverter, params: Params, at: float
    ) -> bool:
        if params.get("minSoc", 100) < device.facts.get("soc_floor", 0):
            return False
        it.set_mode(status, params, at)
        return True

    return act


def _check_duration(params: Params, _: Knobs) -> None:
    _whole(params, "timeOfDuration", 1, LONGEST_S)
    _whole(params, "nextMotion", 160, 161)


def _check_power(params: Params, knobs: Knobs) -> None:
    _check_duration(params, knobs)
    _whole(params, "batteryPower", -1_000_000, 1_000_000)


def _check_target(params: Params, _: Knobs) -> None:
    _whole(params, "targetSoc", 0, 100)
    _whole(params, "chargeDischargPower", -1_000_000, 1_000_000)


def _remote(status: int) -> Act:
    def act(
        _: Plant, device: Device, it: SteeredInverter, params: Params, at: float
    ) -> bool:
        if status in device.facts.get("refused_modes", ()):
            return False
        duration = params.get("timeOfDuration")
        watts = params.get("batteryPower")
        if status == SOC_TARGET:
            watts = -params["chargeDischargPower"]  # the other sign
        elif status == PUSH_ZERO:
            watts = 0.0
        it.enter(
            Remote(
                status,
                None if duration is None else at + duration,
                None if watts is None else float(watts),
                params.get("targetSoc"),
                params.get("nextMotion", 160),
            ),
            at,
        )
        return True

    return act


def _leave(
    _: Plant, __: Device, it: SteeredInverter, params: Params, at: float
) -> bool:
    it.leave(at)
    return True


# Limits and heating


def _check_export(params: Params, _: Knobs) -> None:
    _whole(params, "isEnable", 0, 1)
    if not isinstance(params.get("limitValue"), int | float):
        raise bad_parameter("limitValue must not be null")


def _fit_export(device: Device, params: Params) -> None:
    if device.kind is Kind.EMS:
        _fit_import(device, params)
    elif device.model != 33:  # X3-NEO-LV
        raise Refusal(10200)


def _fit_import(_: Device, params: Params) -> None:
    if params.get("deviceType") != Kind.EMS or params.get("controlMode") != 1:
        raise Refusal(10200)


def _aelio(plant: Plant, device: Device) -> bool:
    """Say whether an EMS has inverters that obey it."""
    inverters = plant.of(Kind.INVERTER)
    return device.kind is not Kind.EMS or any(each.model == 1 for each in inverters)


def _export(plant: Plant, device: Device, _: Any, params: Params, at: float) -> bool:
    watts = 1000 * params["limitValue"] if params["isEnable"] else None
    if not _aelio(plant, device):
        return False
    plant.site.change(since=at, export_limit_w=watts)
    return True


def _import(plant: Plant, device: Device, _: Any, params: Params, __: float) -> bool:
    if not isinstance(params["limitValue"], int) or not _aelio(plant, device):
        return False
    plant.import_limit_kw = params["limitValue"] if params["isEnable"] else None
    return True


def _check_heating(params: Params, _: Knobs) -> None:
    if _whole(params, "heatingEnable", 0, 1):
        _whole(params, "heatingLevel", 0, 2)
        start = _clock(params, "heatingPeriod1StartTime")
        if _clock(params, "heatingPeriod1EndTime") <= start:
            raise Refusal(10200)


def _heat(_: Plant, device: Device, __: Any, params: Params, ___: float) -> bool:
    device.facts["heating"] = bool(params["heatingEnable"])
    return True


_D = "/openapi/v2/device"


def _start_mode_check(params: Params, _: Knobs) -> None:
    _whole(params, "startMode", 0, 2)


def _command_check(params: Params, _: Knobs) -> None:
    _whole(params, "workCmd", 0, 3)


def _manual_check(params: Params, _: Knobs) -> None:
    _whole(params, "manualMode", 0, 2)


def _charger(act: Act, checks: Any = _nothing, fits: Any = _nothing) -> Rule:
    return Rule(EVC, Kind.CHARGER, act, checks, fits)


def _inverter(pack: str, act: Act, checks: Any = _nothing) -> Rule:
    return Rule(pack, Kind.INVERTER, act, checks)


_EVC, _MODE, _VPP = (
    f"{_D}/evc_control",
    f"{_D}/inverter_work_mode",
    f"{_D}/inverter_vpp_mode",
)

RULES: Mapping[str, Rule] = {
    f"{_EVC}/set_evc_work_mode": _charger(_mode, _check_mode),
    f"{_EVC}/set_evc_start_mode": _charger(_start_mode, _start_mode_check),
    f"{_EVC}/set_charge_scene": _charger(_scene, _check_scene),
    f"{_EVC}/set_evc_charge_command": _charger(_command, _command_check),
    f"{_EVC}/set_evc_current_limit": _charger(_limit, fits=_fit_limit),
    f"{_EVC}/set_evc_reserve_charge": _charger(
        _reserve, _check_reservation, _fit_reservation
    ),
    f"{_MODE}/batch_set_spontaneity_self_use": _inverter(
        WORK_MODE, _work_mode(SELF_USE), _check_grid_too
    ),
    f"{_MODE}/batch_set_on_grid_first": _inverter(
        WORK_MODE, _work_mode(FEED_IN), _check_work_mode
    ),
    f"{_MODE}/batch_set_peace_mode": _inverter(
        WORK_MODE, _work_mode(BACKUP), _check_grid_too
    ),
    f"{_MODE}/batch_set_manual_mode": _inverter(
        WORK_MODE, _work_mode(MANUAL), _manual_check
    ),
    f"{_VPP}/soc_target_control_mode": _inverter(
        REMOTE, _remote(SOC_TARGET), _check_target
    ),
    f"{_VPP}/push_power/positive_or_negative_mode": _inverter(
        REMOTE, _remote(PUSH), _check_power
    ),
    f"{_VPP}/push_power/zero_mode": _inverter(
        REMOTE, _remote(PUSH_ZERO), _check_duration
    ),
    f"{_VPP}/self_consume/charge_or_discharge_mode": _inverter(
        REMOTE, _remote(SELF_CONSUME), _check_duration
    ),
    f"{_VPP}/self_consume/charge_only_mode": _inverter(
        REMOTE, _remote(CHARGE_ONLY), _check_duration
    ),
    f"{_VPP}/pv_and_bat/individual_setting_duration_mode": _inverter(
        REMOTE, _remote(PV_DURATION), _check_power
    ),
    f"{_VPP}/pv_and_bat/individual_setting_target_soc_mode": _inverter(
        REMOTE, _remote(PV_SOC), _check_power
    ),
    f"{_VPP}/exit_vpp_mode": _inverter(REMOTE, _leave),
    f"{_D}/device_control/strategy/set_export_control": Rule(
        LIMITS, (Kind.INVERTER, Kind.EMS), _export, _check_export, _fit_export
    ),
    f"{_D}/device_control/strategy/set_import_control": Rule(
        LIMITS, Kind.EMS, _import, _check_export, _fit_import
    ),
    f"{_D}/config/battery/set_battery_heating": _inverter(
        OVERALL, _heat, _check_heating
    ),
}
