"""Actions that change settings, for administrators only."""

from collections.abc import Callable, Mapping
from datetime import time, timedelta
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    service,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..cloud.control import (
    BATTERY_MODES,
    Capabilities,
    ChargeBattery,
    CommandResult,
    Control,
    ControlAction,
    DischargeBattery,
    Period,
    ReserveCharging,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ..cloud.model import Inventory
from ..const import DOMAIN
from ..control.manager import ControlManager
from ..device_registry import own_identifier
from .targets import ATTR_DEVICE, ATTR_END, ATTR_START, account_of, error

ATTR_POWER: Final = "power"
ATTR_DURATION: Final = "duration"
ATTR_TARGET: Final = "target_soc"
ATTR_MODE: Final = "mode"
ATTR_MIN: Final = "min_soc"
ATTR_MAX: Final = "max_soc"
ATTR_GRID: Final = "grid_charging"
ATTR_PERIODS: Final = "periods"
ATTR_CHARGE: Final = "charge"
ATTR_DAYS: Final = "days"
ATTR_CURRENT: Final = "current"

LONGEST_TO_TARGET: Final = timedelta(hours=6)
"""When an action names a target and no duration: a forced mode always has an end."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _number(value: Any) -> float:
    """Read a number; what only looks like one is refused with a reason."""
    try:
        number = float(value)
    except (TypeError, ValueError) as err:
        raise vol.Invalid("expected float") from err
    if not math.isfinite(number):
        raise error("not_a_number")
    return number


def _duration(value: Any) -> timedelta:
    """Read a duration: in seconds, as a clock shows it, or in parts."""
    for part in value.values() if isinstance(value, Mapping) else (value,):
        if isinstance(part, float | int):
            _number(part)
    try:
        duration: timedelta = cv.positive_time_period(value)
    except OverflowError as err:
        raise error("not_a_number") from err
    return duration


_DEVICE: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_DEVICE): cv.string}


def _between(minimum: float, maximum: float) -> Callable[[Any], float]:
    """Read a number within limits."""

    def read(value: Any) -> float:
        number = _number(value)
        if not minimum <= number <= maximum:
            raise error("out_of_range", minimum=f"{minimum:g}", maximum=f"{maximum:g}")
        return number

    return read


def _with_end(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse what would never end."""
    if ATTR_DURATION not in data and ATTR_TARGET not in data:
        raise error("end_needed")
    return data


MOST_POWER: Final = 100_000.0
"""W: more than any home's inverter; the device's own limit is far below."""
MOST_CURRENT: Final = 80.0
"""A per phase: more than any charger takes."""
_SOC: Final = _between(0, 100)

_FORCE: Final[dict[vol.Marker, Any]] = {
    **_DEVICE,
    vol.Optional(ATTR_POWER): _between(1, MOST_POWER),
    vol.Optional(ATTR_DURATION): _duration,
    vol.Optional(ATTR_TARGET): _SOC,
}
FORCE: Final = vol.Schema(vol.All(_FORCE, _with_end))
STOP: Final = vol.Schema(_DEVICE)
BATTERY_MODE: Final = vol.Schema(
    {**_FORCE, vol.Required(ATTR_MODE): vol.In(BATTERY_MODES)}
)
SCHEDULE: Final = vol.Schema(
    {
        **_DEVICE,
        vol.Required(ATTR_PERIODS): [
            {
                vol.Required(ATTR_START): cv.time,
                vol.Required(ATTR_END): cv.time,
                vol.Optional(ATTR_CHARGE, default=True): cv.boolean,
                vol.Optional(ATTR_DAYS, default=list(DAYS)): vol.All(
                    cv.ensure_list, [vol.In(DAYS)]
                ),
                vol.Optional(ATTR_TARGET): _SOC,
            }
        ],
    }
)
MODE: Final = vol.Schema(
    {
        **_DEVICE,
        vol.Required(ATTR_MODE): cv.string,
        vol.Optional(ATTR_MIN): _SOC,
        vol.Optional(ATTR_MAX): _SOC,
        vol.Optional(ATTR_GRID): cv.boolean,
    }
)
RESERVE: Final = vol.Schema(
    {
        **_DEVICE,
        vol.Required(ATTR_START): cv.time,
        vol.Required(ATTR_END): cv.time,
        vol.Required(ATTR_CURRENT): _between(1, MOST_CURRENT),
    }
)

type Build = Callable[[str, Mapping[str, Any]], ControlAction]


def _force(kind: type[ChargeBattery | DischargeBattery]) -> Build:
    def build(device_id: str, data: Mapping[str, Any]) -> ControlAction:
        duration: timedelta = data.get(ATTR_DURATION, LONGEST_TO_TARGET)
        return kind(
            device_id=device_id,
            power=data.get(ATTR_POWER),
            duration=duration.total_seconds(),
            target_soc=data.get(ATTR_TARGET),
        )

    return build


def _stop(device_id: str, data: Mapping[str, Any]) -> ControlAction:
    return StopBattery(device_id=device_id)


def _schedule(device_id: str, data: Mapping[str, Any]) -> ControlAction:
    periods = tuple(
        Period(
            each[ATTR_START],
            each[ATTR_END],
            each[ATTR_CHARGE],
            frozenset(DAYS.index(day) + 1 for day in each[ATTR_DAYS]),
            each.get(ATTR_TARGET),
        )
        for each in data[ATTR_PERIODS]
    )
    return SetBatterySchedule(device_id=device_id, periods=periods)


def _mode(device_id: str, data: Mapping[str, Any]) -> ControlAction:
    return SetWorkMode(
        device_id=device_id,
        mode=data[ATTR_MODE],
        min_soc=data.get(ATTR_MIN),
        max_soc=data.get(ATTR_MAX),
        grid_charging=data.get(ATTR_GRID),
    )


def _reserve(device_id: str, data: Mapping[str, Any]) -> ControlAction:
    start: time = data[ATTR_START]
    return ReserveCharging(
        device_id=device_id,
        start=start,
        end=data[ATTR_END],
        current=data[ATTR_CURRENT],
    )


ACTIONS: Final[Mapping[str, tuple[type[ControlAction], vol.Schema, Build]]] = {
    "charge_battery": (ChargeBattery, FORCE, _force(ChargeBattery)),
    "discharge_battery": (DischargeBattery, FORCE, _force(DischargeBattery)),
    "stop_battery": (StopBattery, STOP, _stop),
    "set_battery_schedule": (SetBatterySchedule, SCHEDULE, _schedule),
    "set_work_mode": (SetWorkMode, MODE, _mode),
    "reserve_charging": (ReserveCharging, RESERVE, _reserve),
}


SET_BATTERY_MODE: Final = "set_battery_mode"


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions that change settings."""
    schemas = {name: schema for name, (_, schema, _) in ACTIONS.items()}
    for name, schema in (schemas | {SET_BATTERY_MODE: BATTERY_MODE}).items():
        modes = name == SET_BATTERY_MODE
        service.async_register_admin_service(
            hass,
            DOMAIN,
            name,
            _async_set_battery_mode if modes else _async_run_action,
            schema,
            supports_response=SupportsResponse.OPTIONAL,
        )


async def _async_run_action(call: ServiceCall) -> ServiceResponse:
    """Carry out an action."""
    kind, _, build = ACTIONS[call.service]

    def able(offered: Capabilities) -> set[str]:
        return {key for key, actions in offered.actions.items() if kind in actions}

    control_manager, device_id = _target(call.hass, call.data[ATTR_DEVICE], able)
    return await _async_send(
        call, control_manager, device_id, build(device_id, call.data)
    )


async def _async_set_battery_mode(call: ServiceCall) -> ServiceResponse:
    """Choose a battery mode; without a duration it lasts as long as the account's options say."""
    mode, duration = call.data[ATTR_MODE], call.data.get(ATTR_DURATION)

    def able(offered: Capabilities) -> set[str]:
        return {key for key in offered.specs if offered.spec(key, Control.BATTERY_MODE)}

    control_manager, device_id = _target(call.hass, call.data[ATTR_DEVICE], able)
    spec = control_manager.spec(device_id, Control.BATTERY_MODE)
    if spec is None or mode not in spec.options:
        offered = spec.options if spec else ()
        raise error("battery_mode_not_offered", modes=", ".join(offered))
    action = control_manager.battery_modes.action(
        device_id,
        mode,
        call.data.get(ATTR_POWER),
        call.data.get(ATTR_TARGET),
        None if duration is None else duration.total_seconds(),
    )
    return await _async_send(call, control_manager, device_id, action)


async def _async_send(
    call: ServiceCall,
    control_manager: ControlManager,
    device_id: str,
    action: ControlAction,
) -> ServiceResponse:
    result = await control_manager.async_run_action(action, call.context)
    return (
        _result_as_json(result, control_manager, device_id)
        if call.return_response
        else None
    )


def _target(
    hass: HomeAssistant, device_id: str, who: Callable[[Capabilities], set[str]]
) -> tuple[ControlManager, str]:
    """Find who carries an action out, of those able to: the device itself, else the one it hangs on, else the only one of its plant."""
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    account = account_of(entry).runtime_data
    control_manager: ControlManager | None = account.control_manager
    if control_manager is None:
        raise error("controls_off")
    own = own_identifier(device) if isinstance(device, dr.DeviceEntry) else None
    able = who(control_manager.available)
    for ring in _rings(own or "", account.inventory.data):
        found = [key for key in ring if key in able]
        if len(found) > 1:
            raise error("ambiguous_device")
        if found:
            return control_manager, found[0]
    raise error("no_controllable_device")


def _rings(own: str, inventory: Inventory) -> list[list[str]]:
    """Return the devices that a selected one may stand for, nearest first."""
    device = inventory.devices.get(own)
    plant_id = device.plant_id if device else own
    siblings = [each.id for each in inventory.devices_of(plant_id)]
    parent = [device.parent_id] if device and device.parent_id else []
    return [[own], parent, [plant_id], siblings]


def _result_as_json(
    result: CommandResult, control_manager: ControlManager, device_id: str
) -> ServiceResponse:
    until = control_manager.forces.until(device_id)
    answer: dict[str, JsonValueType] = {
        "outcome": str(result.outcome),
        "running": result.task is not None,
        "sent_at": dt_util.utcnow().isoformat(),
        "ends_at": until.isoformat() if until else None,
    }
    return answer
