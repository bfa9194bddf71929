"""Commands and actions as the cloud wants them: a path, a body, and what to remember once the device has accepted (solax.md §8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType
from typing import Final

from ...control import (
    AUTOMATIC,
    Command,
    Control,
    ForceBattery,
    ForcedMode,
    Period,
    ReserveCharging,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
    SteerBattery,
)
from ...control_kit import (
    EVERY_DAY,
    LAST_MINUTE,
    MIDNIGHT,
    check_duration,
    check_mode,
    check_period,
    check_range,
    check_soc_limits,
    check_target,
    clock_time,
    forced_power,
)
from ...errors import CommandInvalid
from ...model import Device
from ...states import ChargerMode, InverterState
from ...storage import Json
from ..api import Endpoint
from ..models import COMMERCIAL, EMS
from . import api as paths
from .catalog import (
    LEAST_AMPS,
    LEAST_SOC,
    SCENES,
    START_MODES,
    SWITCH_OF,
    WORK_MODES,
    highest_current,
)
from .state import AssumedSettings

GEAR: Final = "currentGear"
OTHER_GEAR: Final = "current"
"""The field of the current of eco and green: documents and firmwares disagree (solax.md §8.1)."""
GEAR_FIELD: Final = "gear_field"
SWITCHED_AT: Final = "switched_at"
SWITCH_PAUSE: Final = 60.0
"""Seconds between starting and stopping a charger: the contactor wears."""
PERIODS: Final = "periods"
LONGEST_FORCE: Final = 60000.0
NEXT_LEAVE: Final = 160
"""What follows a remote mode: the mode from before."""
MODES: Final = {mode: n for n, mode in enumerate(map(str, ChargerMode))}
WORK_MODE_PATHS: Final[Mapping[str, Endpoint]] = {
    WORK_MODES[0]: paths.SELF_USE,
    WORK_MODES[1]: paths.FEED_IN,
    WORK_MODES[2]: paths.BACKUP,
}
USUAL_GEAR: Final = {ChargerMode.ECO: 6, ChargerMode.GREEN: 3}
MOST_PERIODS: Final = 2


@dataclass(frozen=True, slots=True)
class SolaxRequest:
    """One call that changes something."""

    endpoint: Endpoint
    body: dict[str, Json]
    told: dict[str, Json] = field(default_factory=dict)
    """What to remember when the device has accepted."""
    force: ForcedMode | None = None
    watch: str = ""
    """The operating state in which the next upload shows that it had an effect."""
    aim: dict[str, Json] = field(default_factory=dict)
    """What ends a remote mode before that upload, for ``PollOffset``."""
    other_body: dict[str, Json] | None = None
    """The same under the other name of a field."""


def address(device: Device) -> dict[str, Json]:
    """Name a device in a body."""
    serial = device.address.get("sn") or device.address["register"]
    return {
        "snList": [serial],
        "businessType": int(device.address["business_type"]),
    }


def _charger_mode(device: Device, assumed: AssumedSettings, mode: str) -> SolaxRequest:
    note: dict[str, Json] = {str(Control.CHARGER_MODE): mode}
    if mode not in USUAL_GEAR:
        body: dict[str, Json] = {**address(device), "workMode": MODES[mode]}
        return SolaxRequest(paths.CHARGER_MODE, body, note)
    known = assumed.get(device.id, GEAR_OF[mode])
    return preset_current(
        device, assumed, mode, str(known or USUAL_GEAR[ChargerMode(mode)]), note=note
    )


GEAR_OF: Final = {
    str(ChargerMode.ECO): Control.ECO_CURRENT,
    str(ChargerMode.GREEN): Control.GREEN_CURRENT,
}


def preset_current(
    device: Device,
    assumed: AssumedSettings,
    mode: str,
    value: str,
    *,
    note: Mapping[str, Json] = MappingProxyType({}),
) -> SolaxRequest:
    """Set the current of a mode, together with the mode."""
    body: dict[str, Json] = {**address(device), "workMode": MODES[mode]}
    known = assumed.of(device.id).value(GEAR_FIELD)
    first, second = (OTHER_GEAR, GEAR) if known == OTHER_GEAR else (GEAR, OTHER_GEAR)
    return SolaxRequest(
        paths.CHARGER_MODE,
        body | {first: int(value)},
        {**note, str(GEAR_OF[mode]): value, GEAR_FIELD: first},
        other_body=None if known else body | {second: int(value)},
    )


def _charging(device: Device, *, on: bool, now: float) -> SolaxRequest:
    return SolaxRequest(
        paths.CHARGER_COMMAND,
        {**address(device), "workCmd": 2 if on else 3},
        {SWITCHED_AT: now},
    )


def _limit(
    device: Device, assumed: AssumedSettings, control: Control, value: SettingValue
) -> SolaxRequest:
    """Set a limit or switch it: the cloud takes both together, and one that was never ours is not taken away."""
    number = next(key for key in SWITCH_OF if control in {key, SWITCH_OF[key]})
    switch = SWITCH_OF[number]
    known = assumed.get(device.id, number)
    if control is number:
        watts, on = float(value), assumed.get(device.id, switch) is not False
    else:
        if not isinstance(known, int | float):
            raise CommandInvalid("limit_unknown")
        watts, on = float(known), bool(value)
    body: dict[str, Json] = {
        **address(device),
        "deviceType": EMS if device.address["business_type"] == COMMERCIAL else 1,
        "isEnable": int(on),
        "limitValue": round(watts / 1000, 2)
        if number is Control.EXPORT_LIMIT
        else round(watts / 1000),
    }
    if device.address["business_type"] == COMMERCIAL:
        body["controlMode"] = 1
    export = number is Control.EXPORT_LIMIT
    return SolaxRequest(
        paths.EXPORT_LIMIT if export else paths.IMPORT_LIMIT,
        body,
        {str(number): watts, str(switch): on},
    )


def _heating(device: Device, *, on: bool) -> SolaxRequest:
    body: dict[str, Json] = {**address(device), "heatingEnable": int(on)}
    if on:
        body |= {
            "heatingLevel": 1,
            "heatingPeriod1StartTime": _hour(MIDNIGHT),
            "heatingPeriod1EndTime": _hour(LAST_MINUTE),
        }
    return SolaxRequest(paths.HEATING, body, {str(Control.BATTERY_HEATING): on})


def write_of(
    device: Device, command: Command, assumed: AssumedSettings, now: float
) -> SolaxRequest:
    """Translate a command that stands for itself."""
    value = command.value
    build: Callable[[], SolaxRequest] | None = {
        Control.CHARGER_MODE: lambda: _charger_mode(device, assumed, str(value)),
        Control.CHARGING: lambda: _charging(device, on=bool(value), now=now),
        Control.CHARGER_LOCK: lambda: SolaxRequest(
            paths.CHARGER_COMMAND, {**address(device), "workCmd": 0}
        ),
        Control.CHARGER_UNLOCK: lambda: SolaxRequest(
            paths.CHARGER_COMMAND, {**address(device), "workCmd": 1}
        ),
        Control.CHARGER_START_MODE: lambda: SolaxRequest(
            paths.CHARGER_START_MODE,
            {**address(device), "startMode": START_MODES.index(str(value))},
            {str(command.control): str(value)},
        ),
        Control.CHARGER_SCENE: lambda: SolaxRequest(
            paths.CHARGER_SCENE,
            {**address(device), "chargerScene": SCENES.index(str(value))},
            {str(command.control): str(value)},
        ),
        Control.CHARGE_CURRENT_LIMIT: lambda: SolaxRequest(
            paths.CHARGER_LIMIT,
            {**address(device), "currentLimit": _whole(value)},
            {str(command.control): _whole(value)},
        ),
        Control.BATTERY_HEATING: lambda: _heating(device, on=bool(value)),
        Control.EXIT_REMOTE_CONTROL: lambda: exit_remote(device),
    }.get(command.control)
    if build is not None:
        return build()
    assert value is not None
    return _limit(device, assumed, command.control, value)


def _whole(value: SettingValue | None) -> int:
    assert value is not None
    return round(float(value))


def reservation(device: Device, action: ReserveCharging) -> SolaxRequest:
    """Translate a reservation."""
    check_period(action.start, action.end)
    check_range(action.current, LEAST_AMPS, highest_current(device))
    return SolaxRequest(
        paths.CHARGER_RESERVE,
        {
            **address(device),
            "chargeStartTime": _hour(action.start),
            "chargeEndTime": _hour(action.end),
            "chargeCurrent": round(action.current),
        },
    )


def _hour(moment: time) -> str:
    return f"{moment:%H:%M}"


def work_mode(
    device: Device,
    assumed: AssumedSettings,
    mode: str,
    *,
    min_soc: float | None = None,
    max_soc: float | None = None,
    grid_charging: bool | None = None,
    periods: Json = None,
) -> SolaxRequest:
    """Translate a work mode with all its settings: what a call leaves out may be reset."""
    check_mode(mode, WORK_MODES)
    given: dict[Control, SettingValue | None] = {
        Control.BATTERY_MIN_SOC: min_soc,
        Control.BATTERY_MAX_SOC: max_soc,
    }
    if mode != InverterState.FEED_IN_PRIORITY:
        given[Control.GRID_CHARGING] = grid_charging
    settled = _companions(device, assumed, given)
    low, high = (float(settled[control]) for control in SOC_LIMITS)
    for limit in (low, high):
        check_range(limit, LEAST_SOC, 100.0)
    check_soc_limits(low, high)
    kept = assumed.get(device.id, PERIODS) if periods is None else periods
    windows: dict[str, Json] = kept if isinstance(kept, dict) else NO_PERIODS
    body: dict[str, Json] = {
        **address(device),
        "minSoc": round(low),
        "chargeUpperSoc": round(high),
        **windows,
    }
    note: dict[str, Json] = {
        str(Control.WORK_MODE): mode,
        PERIODS: windows,
        **{str(control): value for control, value in settled.items()},
    }
    if Control.GRID_CHARGING in settled:
        body["chargeFromGridEnable"] = int(settled[Control.GRID_CHARGING])
    elif grid_charging is not None:
        note[str(Control.GRID_CHARGING)] = grid_charging
    return SolaxRequest(WORK_MODE_PATHS[mode], body, note, watch=mode)


SOC_LIMITS: Final = (Control.BATTERY_MIN_SOC, Control.BATTERY_MAX_SOC)


def _companions(
    device: Device,
    assumed: AssumedSettings,
    given: Mapping[Control, SettingValue | None],
) -> dict[Control, SettingValue]:
    """Complete the settings that a work mode overwrites: by what was sent last, never by a guess, for they cannot be read back."""
    settled: dict[Control, SettingValue] = {}
    for control, asked in given.items():
        value = assumed.get(device.id, control) if asked is None else asked
        if isinstance(value, bool | int | float):
            settled[control] = value
    if missing := [str(control) for control in given if control not in settled]:
        raise CommandInvalid("companions_unknown", fields=", ".join(missing))
    return settled


def change_mode(
    device: Device, assumed: AssumedSettings, action: SetWorkMode
) -> SolaxRequest:
    """Translate a change of mode together with its limits."""
    return work_mode(
        device,
        assumed,
        action.mode,
        min_soc=action.min_soc,
        max_soc=action.max_soc,
        grid_charging=action.grid_charging,
    )


def schedule(
    device: Device, assumed: AssumedSettings, mode: str, action: SetBatterySchedule
) -> SolaxRequest:
    """Translate periods: up to two of each kind, every day alike, one target for all that charge."""
    if any(
        not period.charge and period.target_soc is not None for period in action.periods
    ):
        raise CommandInvalid("charge_target_only")
    targets = {period.target_soc for period in action.periods if period.charge} - {None}
    if len(targets) > 1:
        raise CommandInvalid("one_target_only")
    if any(period.days != EVERY_DAY for period in action.periods):
        raise CommandInvalid("every_day_only")
    charges = [period for period in action.periods if period.charge]
    return work_mode(
        device,
        assumed,
        mode,
        max_soc=next(iter(targets), None),
        grid_charging=True if charges else None,
        periods=windows(
            charges, [period for period in action.periods if not period.charge]
        ),
    )


def windows(charges: list[Period], discharges: list[Period]) -> dict[str, Json]:
    """Name up to two periods of each kind as the cloud does; without any the battery charges at no time and may discharge all day."""
    if max(len(charges), len(discharges)) > MOST_PERIODS:
        raise CommandInvalid("too_many_periods", most=str(MOST_PERIODS))
    for period in (*charges, *discharges):
        check_period(period.start, period.end)
    fields: dict[str, Json] = {}
    for kind, periods, usual in (
        ("charge", charges, (MIDNIGHT, MIDNIGHT)),
        ("discharge", discharges, (MIDNIGHT, LAST_MINUTE)),
    ):
        spans = [(period.start, period.end) for period in periods] or [usual]
        spans.append((MIDNIGHT, MIDNIGHT))
        for number, (start, end) in enumerate(spans[:2], 1):
            fields[f"{kind}StartTimePeriod{number}"] = _hour(start)
            fields[f"{kind}EndTimePeriod{number}"] = _hour(end)
    second = max(len(charges), len(discharges)) == MOST_PERIODS
    return fields | {"enableTimePeriod2": int(second)}


NO_PERIODS: Final = windows([], [])


def periods_of(fields: Mapping[str, Json], target: float | None) -> tuple[Period, ...]:
    """Return the periods that ``windows`` named; a battery that may discharge all day has none for that."""
    found = []
    for kind, most in (("charge", target), ("discharge", None)):
        for number in range(1, MOST_PERIODS + 1):
            start, end = (
                clock_time(fields.get(f"{kind}{edge}TimePeriod{number}"))
                for edge in ("Start", "End")
            )
            if start is None or end is None or start == end:
                continue
            found.append(Period(start, end, kind == "charge", target_soc=most))
    usual = Period(MIDNIGHT, LAST_MINUTE, charge=False)
    return tuple(period for period in found if period != usual)


def force(
    device: Device,
    action: ForceBattery,
    *,
    charge: bool,
    soc: float | None,
    capacity: float | None,
) -> SolaxRequest:
    """Translate a forced charge or discharge of a battery at ``soc`` % of ``capacity`` kWh. Mind the signs: the two modes have opposite ones (solax.md §8.4)."""
    power = forced_power(action, 1.0, device.rated_power or 0.0)
    check_duration(action.duration, LONGEST_FORCE)
    if action.target_soc is None:
        return SolaxRequest(
            paths.PUSH_POWER,
            {
                **address(device),
                "batteryPower": round(-power if charge else power),
                "timeOfDuration": round(action.duration),
                "nextMotion": NEXT_LEAVE,
            },
            force=ForcedMode(ends_after=action.duration, ends_by_itself=True),
            watch=InverterState.PUSH_POWER,
            aim={"lasts": action.duration},
        )
    check_target(soc, action.target_soc, charge=charge)
    return SolaxRequest(
        paths.SOC_TARGET,
        {
            **address(device),
            "targetSoc": round(action.target_soc),
            "chargeDischargPower": round(power if charge else -power),
        },
        force=ForcedMode(ends_after=action.duration),
        watch=InverterState.SOC_TARGET,
        aim={
            "charge": charge,
            "target": action.target_soc,
            "lasts": None if soc is None else _soonest(action, soc, power, capacity),
        },
    )


LEAST_CAPACITY: Final = 3.0
"""kWh of the smallest battery on sale."""


def _soonest(
    action: ForceBattery, soc: float, power: float, capacity: float | None
) -> float:
    """Return the seconds after which a target may be reached: the inverter then leaves the mode by itself."""
    assert action.target_soc is not None
    gap = max(0.0, abs(action.target_soc - soc) - 1.0)  # both in whole percents
    return gap / 100 * (capacity or LEAST_CAPACITY) * 3.6e6 / power


REMOTE_PATHS: Final[Mapping[str, Endpoint]] = {
    InverterState.SELF_CONSUME_CHARGE_ONLY: paths.CHARGE_ONLY,
    InverterState.PUSH_POWER_ZERO: paths.PUSH_ZERO,
}


def without_discharge(
    device: Device, action: SteerBattery, remote_mode: str
) -> SolaxRequest:
    """Translate a mode in which the battery gives nothing, by one of the remote modes that ``catalog.WAYS`` names."""
    check_duration(action.duration, LONGEST_FORCE)
    return SolaxRequest(
        REMOTE_PATHS[remote_mode],
        {
            **address(device),
            "timeOfDuration": round(action.duration),
            "nextMotion": NEXT_LEAVE,
        },
        force=ForcedMode(ends_after=action.duration, ends_by_itself=True),
        watch=remote_mode,
        aim={"lasts": action.duration},
    )


LEFT: Final = "left"
"""Watched for after a remote mode was ended: any state that is none."""


def exit_remote(device: Device) -> SolaxRequest:
    """Translate the end of a remote mode."""
    told: dict[str, Json] = {str(Control.BATTERY_MODE): AUTOMATIC}
    return SolaxRequest(paths.EXIT_REMOTE, address(device), told, watch=LEFT)


def free(device: Device) -> SolaxRequest:
    """Nudge an inverter that stayed in "Normal (R-n)": push no power for a second, then leave [seen]."""
    return SolaxRequest(
        paths.PUSH_POWER,
        {
            **address(device),
            "batteryPower": 0,
            "timeOfDuration": 1,
            "nextMotion": NEXT_LEAVE,
        },
    )
