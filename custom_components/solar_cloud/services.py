"""Actions: reading at once, looking into the past, importing it; and those that change settings, for administrators only."""

from collections.abc import Callable, Iterable, Mapping
from datetime import MINYEAR, datetime, time, timedelta
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
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    service,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .backfill.fetcher import HistoryFetcher
from .backfill.samples import TOUCH
from .cloud.control import (
    ChargeBattery,
    CommandResult,
    ControlAction,
    DischargeBattery,
    Period,
    ReserveCharging,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from .cloud.errors import CloudError, Paced
from .cloud.history import HistoryClient, PastWindow
from .cloud.model import Inventory, Reading
from .const import DOMAIN
from .control.manager import ControlManager
from .device_registry import own_identifier, registered_name
from .flow_schemas import async_pause
from .runtime import SolarCloudConfigEntry
from .statistics import recorder
from .statistics.counters import async_zone
from .statistics.importer import STEP, Plan, earliest
from .statistics.manager import History
from .statistics.undo import Imported

ATTR_DEVICE: Final = "device_id"
ATTR_POWER: Final = "power"
ATTR_DURATION: Final = "duration"
ATTR_TARGET: Final = "target_soc"
ATTR_MODE: Final = "mode"
ATTR_MIN: Final = "min_soc"
ATTR_MAX: Final = "max_soc"
ATTR_GRID: Final = "grid_charging"
ATTR_PERIODS: Final = "periods"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
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
        raise _error("not_a_number")
    return number


def _duration(value: Any) -> timedelta:
    """Read a duration: in seconds, as a clock shows it, or in parts."""
    for part in value.values() if isinstance(value, Mapping) else (value,):
        if isinstance(part, float | int):
            _number(part)
    try:
        duration: timedelta = cv.positive_time_period(value)
    except OverflowError as err:
        raise _error("not_a_number") from err
    return duration


_DEVICE: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_DEVICE): cv.string}


def _between(minimum: float, maximum: float) -> Callable[[Any], float]:
    """Read a number within limits."""

    def read(value: Any) -> float:
        number = _number(value)
        if not minimum <= number <= maximum:
            raise _error("out_of_range", minimum=f"{minimum:g}", maximum=f"{maximum:g}")
        return number

    return read


def _with_end(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse what would never end."""
    if ATTR_DURATION not in data and ATTR_TARGET not in data:
        raise _error("end_needed")
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


@callback
def _register_control_actions(hass: HomeAssistant) -> None:
    """Register the actions that change settings."""
    for name, (_, schema, _) in ACTIONS.items():
        service.async_register_admin_service(
            hass,
            DOMAIN,
            name,
            _async_run_action,
            schema,
            supports_response=SupportsResponse.OPTIONAL,
        )


async def _async_run_action(call: ServiceCall) -> ServiceResponse:
    """Carry out an action."""
    kind, _, build = ACTIONS[call.service]
    control_manager, device_id = _target(call.hass, call.data[ATTR_DEVICE], kind)
    result = await control_manager.async_run_action(
        build(device_id, call.data), call.context
    )
    return (
        _result_as_json(result, control_manager, device_id)
        if call.return_response
        else None
    )


def _target(
    hass: HomeAssistant, device_id: str, kind: type[ControlAction]
) -> tuple[ControlManager, str]:
    """Find who carries an action out: the device itself, else the one it hangs on, else the only one of its plant."""
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    account = entry.runtime_data
    control_manager: ControlManager | None = account.control_manager
    if control_manager is None:
        raise _error("controls_off")
    own = own_identifier(device) if isinstance(device, dr.DeviceEntry) else None
    able = {
        key
        for key, actions in control_manager.available.actions.items()
        if kind in actions
    }
    for ring in _rings(own or "", account.inventory.data):
        found = [key for key in ring if key in able]
        if len(found) > 1:
            raise _error("ambiguous_device")
        if found:
            return control_manager, found[0]
    raise _error("no_controllable_device")


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


ATTR_CONFIG_ENTRY: Final = "config_entry_id"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_UNDO: Final = "undo"

LONGEST_LOOK: Final = timedelta(days=1)
"""What one call of ``get_history`` may ask for: it is meant to look, not to copy."""

LONGEST_WAIT: Final = 60.0
"""Seconds of our own pace that ``get_history`` waits for."""

REFRESH: Final = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY): cv.string})
GET_HISTORY: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE): cv.string,
        vol.Required(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
    }
)
IMPORT_HISTORY: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY): cv.string,
        vol.Optional(ATTR_DEVICE): cv.string,
        vol.Optional(ATTR_START): cv.date,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
        vol.Optional(ATTR_UNDO, default=False): cv.boolean,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions, loaded accounts or not."""
    _register_control_actions(hass)
    hass.services.async_register(
        DOMAIN,
        "refresh",
        _async_refresh,
        REFRESH,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        "get_history",
        _async_get_history,
        GET_HISTORY,
        supports_response=SupportsResponse.ONLY,
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "import_history",
        _async_import_history,
        IMPORT_HISTORY,
        supports_response=SupportsResponse.OPTIONAL,
    )


def _error(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def as_error(err: CloudError) -> HomeAssistantError:
    """Tell the user what the cloud said."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders=err.placeholders,
    )


async def async_refresh(entry: SolarCloudConfigEntry) -> None:
    """Read an account at once, as far as its limits allow. Raises the error of the last poll."""
    readings = entry.runtime_data.readings
    await readings.async_refresh()
    if (err := readings.last_error) is not None:
        raise as_error(err)


async def _async_refresh(call: ServiceCall) -> ServiceResponse:
    """Read an account, and say when asking again can bring something."""
    entry = _entry(call)
    await async_refresh(entry)
    at = entry.runtime_data.readings.next_refresh
    return {"next_refresh": at.isoformat() if at else None}


def _entry(call: ServiceCall) -> SolarCloudConfigEntry:
    """Return the account an action is about: named, or that of a device, or the only one."""
    if device_id := call.data.get(ATTR_DEVICE):
        return _device_and_entry(call.hass, device_id)[1]
    return service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY)
    )


def _device_and_entry(
    hass: HomeAssistant, device_id: str
) -> tuple[dr.DeviceEntry, SolarCloudConfigEntry]:
    device, entry = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    if not isinstance(device, dr.DeviceEntry):
        raise _error("no_history")
    return device, entry


def _history(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> tuple[History, HistoryClient]:
    history = entry.runtime_data.history
    if (history_client := history.history_client) is None:
        raise _error("no_history")
    return history, history_client


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    """Return what a device reported between two instants, as the vendor keeps it."""
    device, entry = _device_and_entry(call.hass, call.data[ATTR_DEVICE])
    history, history_client = _history(call.hass, entry)
    owner = own_identifier(device) or ""
    start, end = _span(call.data[ATTR_START], call.data.get(ATTR_END))
    inventory = history.inventory
    batches = history_client.batches([owner], inventory)
    if not batches:
        raise _error("no_history")
    plant = inventory.plants[
        inventory.devices[owner].plant_id if owner in inventory.devices else owner
    ]
    zone = await async_zone(call.hass, history.account, plant)
    found: dict[datetime, Reading] = {}
    patience = LONGEST_WAIT
    with history.stand_back():
        while start < end:
            until = min(end, start + history_client.limits.window)
            window = PastWindow(
                start.astimezone(zone), until.astimezone(zone), timedelta(minutes=5)
            )
            try:
                past = await history_client.readings(batches[0], inventory, window)
            except Paced as err:
                patience -= err.retry_after
                if patience < 0:
                    raise as_error(err) from err
                await async_pause(call.hass, err.retry_after)
                continue
            except CloudError as err:
                raise as_error(err) from err
            found |= {
                reading.measured_at: reading
                for reading in past.get(owner, ())
                if reading.measured_at is not None
            }
            start = until
    return {"readings": [_as_json(found[at]) for at in sorted(found)]}


def _span(begin: datetime, until: datetime | None) -> tuple[datetime, datetime]:
    """Return what is to be looked at; the first and last days of the calendar have no time in other zones."""
    try:
        start = dt_util.as_utc(begin)
        latest = start + LONGEST_LOOK
        end = min(dt_util.as_utc(until) if until else latest, dt_util.utcnow())
    except OverflowError as err:
        raise _error("invalid_span") from err
    if not start < end <= latest:
        raise _error("invalid_span")
    return start, end


def _as_json(reading: Reading) -> JsonValueType:
    values: dict[str, JsonValueType] = {
        slot.key: value for slot, value in sorted(reading.values.items())
    }
    at = reading.measured_at
    return {"measured_at": at.isoformat() if at else None, "values": values}


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Start the import of an account's or a plant's past, say how it stands, or take the last one back."""
    entry = _entry(call)
    if not recorder.has_recorder(call.hass):
        raise _error("no_recorder")
    history, history_client = _history(call.hass, entry)
    plants = _plants(call, history)
    if call.data[ATTR_UNDO]:
        return {
            "plants": [
                _told(
                    call.hass, entry, plant_id, "undone", await _undo(history, plant_id)
                )
                for plant_id in plants
            ]
        }
    answers: list[JsonValueType] = []
    for plant_id in plants:
        start = _start(call.data.get(ATTR_START), history_client)
        job = history.imports.jobs.get(plant_id)
        plan = await history.imports.async_plan(
            history_client,
            history.inventory,
            plant_id,
            start if job is None else job.start,
        )
        if call.data[ATTR_DRY_RUN]:
            answers.append(
                _planned(call.hass, entry, history, history_client, plan, "planned")
            )
        elif plan.firsts or plan.waits:
            if history.stopped:  # by a reload, while the plan was made
                raise _error("reloaded")
            if plant_id not in history.imports.jobs:
                await history.imports.async_begin(plant_id, start)
            answers.append(
                _planned(call.hass, entry, history, history_client, plan, "running")
            )
        else:
            done = history.imports.done.get(plant_id, {})
            answers.append(_told(call.hass, entry, plant_id, "done", done))
    if not call.data[ATTR_DRY_RUN]:
        history.work()
    return {"plants": answers}


async def _undo(history: History, plant_id: str) -> Mapping[str, Imported]:
    if (undone := await history.async_undo(plant_id)) is None:
        raise _error("reloaded")
    return undone


def _plants(call: ServiceCall, history: History) -> Iterable[str]:
    inventory = history.inventory
    if (device_id := call.data.get(ATTR_DEVICE)) is None:
        return list(inventory.plants)
    device, _ = _device_and_entry(call.hass, device_id)
    if (key := own_identifier(device) or "") in inventory.devices:
        key = inventory.devices[key].plant_id
    if key not in inventory.plants:
        raise _error("no_history")
    return [key]


def _start(day: Any, history_client: HistoryClient) -> float:
    oldest = earliest(history_client)
    if day is None or day.year <= MINYEAR:  # whose midnight has no time in other zones
        return oldest
    return max(oldest, dt_util.start_of_local_day(day).timestamp() // 3600 * 3600)


def _planned(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    history: History,
    history_client: HistoryClient,
    plan: Plan,
    state: str,
) -> JsonValueType:
    calls = HistoryFetcher(
        plan.owners, plan.read_from(history_client), plan.end + TOUCH, STEP
    ).left(history_client, history.inventory)
    if plan.reported:
        calls += round((plan.end - plan.start) / (30 * 86400)) + 1
    return {
        "plant": registered_name(hass, entry.entry_id, plan.plant_id),
        "state": "waiting" if plan.waits else state,
        "calls": calls,
        "error": history.last_error.key if history.last_error else None,
        "counters": [
            {
                "entity_id": key,
                "from": _iso(plan.start),
                "to": _iso(first.start),
                "resolution": "reports" if key in plan.reported else "readings",
            }
            for key, first in sorted(plan.firsts.items())
        ],
    }


def _told(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    plant_id: str,
    state: str,
    imported: Mapping[str, Imported],
) -> JsonValueType:
    return {
        "plant": registered_name(hass, entry.entry_id, plant_id),
        "state": state,
        "counters": [
            {
                "entity_id": key,
                "from": _iso(each.start),
                "to": _iso(each.end),
                "energy": each.kwh,
                "resolution": each.resolution,
            }
            for key, each in sorted(imported.items())
        ],
    }


def _iso(at: float) -> str:
    return dt_util.utc_from_timestamp(at).isoformat()
