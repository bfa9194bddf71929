"""Commands and actions as parameters: what belongs together in one task, what does not fit in several (sungrow.md §9, §9.1, §9.2).

All values are canonical; ``parameters.py`` alone knows what they are on the wire.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...control import (
    BatterySchedule,
    ChargeBattery,
    ChargeBatteryFromSun,
    Command,
    Control,
    ControlKind,
    ForceBattery,
    ForcedMode,
    HoldBattery,
    Period,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
)
from ...control_kit import (
    EVERY_DAY,
    across_midnight,
    check_duration,
    check_mode,
    check_period,
    check_range,
    check_soc_limits,
    check_target,
    forced_power,
    time_of_day,
    within_days,
)
from ...errors import CommandInvalid
from ...model import Device
from .catalog import BEAT_EVERY, HELD, LIMITED, MODES, USUAL_FORCE
from .parameters import (
    ALL_DAYS,
    BY_CONTROL,
    CHARGE,
    COMMAND,
    DISCHARGE,
    FORCED,
    FORCED_CHARGING,
    FORCED_DAYS,
    HEARTBEAT,
    MAX_SOC,
    MIN_SOC,
    MODE,
    MOST_DISCHARGE,
    POWER,
    QUANTA,
    SELF_CONSUMPTION,
    STOP,
    WEEKDAYS,
    WINDOWS,
    Parameter,
)
from .state import ParameterCache, battery_power, highest

BEAT_WITHIN: Final = 600.0
"""Seconds: an inverter that hears nothing for so long goes back to self-consumption by itself, twenty seconds later [seen]."""
LONGEST_FORCE: Final = 86400.0
LEAST_POWER: Final = max(QUANTA)
"""W; less may be nothing on the wire."""
LEAST_DISCHARGE: Final = BY_CONTROL[Control.BATTERY_DISCHARGE_POWER_LIMIT].minimum
"""W; the limit takes no less."""
MOST_WINDOWS: Final = len(WINDOWS)
UNUSED: Final = (24.0, 0.0, 24.0, 0.0, 100.0)
WORKDAYS: Final = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True)
class ParameterWrite:
    """What is to be written, task by task."""

    tasks: tuple[Mapping[str, SettingValue], ...]
    force: ForcedMode | None = None
    target: float | None = None
    charges: bool = True
    steers: bool = False
    """Whether it begins, changes or ends a forced mode."""
    way: str = ""
    """The way to steer a battery that is not to be offered any more should the device refuse this."""

    @property
    def values(self) -> dict[str, SettingValue]:
        """Everything."""
        return {code: value for task in self.tasks for code, value in task.items()}


STOP_VALUES: Final[Mapping[str, SettingValue]] = {
    COMMAND: STOP,
    MODE: SELF_CONSUMPTION,
}


def stop(device: Device, cache: ParameterCache) -> ParameterWrite:
    """End a forced mode: the command first, so that nothing acts should the mode come back. What it changed is set back."""
    return ParameterWrite(({**STOP_VALUES, **cache.before(device.id)},), steers=True)


def beat(device: Device, cache: ParameterCache) -> ParameterWrite:
    """Give the sign of life."""
    return ParameterWrite((_sign_of_life(device, cache),))


def _sign_of_life(device: Device, cache: ParameterCache) -> dict[str, SettingValue]:
    """Return another number of seconds than the last two times.

    A value that is set already may be turned away as no change (sungrow.md §4.10), and of the last one it may not be known whether it came.
    """
    last = cache.number(device.id, HEARTBEAT) or BEAT_WITHIN - 2
    return {HEARTBEAT: last - 1 if last > BEAT_WITHIN - 2 else BEAT_WITHIN}


def write_of(device: Device, command: Command, cache: ParameterCache) -> ParameterWrite:
    """Translate a command, with the switch it needs."""
    row = BY_CONTROL[command.control]
    value = command.value
    if value is None:
        raise CommandInvalid
    match command.control:
        case Control.WORK_MODE:
            return work_mode(device, str(value), cache)
        case Control.BATTERY_COMMAND:
            return _battery_command(device, str(value), cache)
        case Control.BATTERY_MIN_SOC | Control.BATTERY_MAX_SOC:
            _check_limits(
                device,
                cache,
                float(value) if command.control is Control.BATTERY_MIN_SOC else None,
                float(value) if command.control is Control.BATTERY_MAX_SOC else None,
            )
    values: dict[str, SettingValue] = {}
    if row.needs is not None and row.needs in cache.of(device.id).known:
        values[row.needs] = True
    values[row.code] = _checked(row, device, value, cache)
    return ParameterWrite((values,))


def _checked(
    row: Parameter, device: Device, value: SettingValue, cache: ParameterCache
) -> SettingValue:
    """Return a value that is within the limits."""
    if row.control.kind is ControlKind.SWITCH:
        return bool(value)
    if row.options:
        if value not in row.options.values():
            raise CommandInvalid
        return value
    if (most := highest(row, device, cache)) is None:
        raise CommandInvalid("not_offered")
    check_range(float(value), row.minimum, most)
    return float(value)


def hold(device: Device, action: HoldBattery, cache: ParameterCache) -> ParameterWrite:
    """Translate a hold: compulsory mode without a command, in which the battery rests and no sun goes into it either."""
    check_duration(action.duration, LONGEST_FORCE)
    values: dict[str, SettingValue] = {MODE: FORCED, COMMAND: STOP}
    values |= cache.before(device.id)
    return ParameterWrite(
        ({**values, **_sign_of_life(device, cache)},),
        _force(action.duration),
        steers=True,
        way=HELD,
    )


def charge_from_sun(
    device: Device, action: ChargeBatteryFromSun, cache: ParameterCache
) -> ParameterWrite:
    """Translate it: the vendor's own mode takes the sun, and the discharge is limited to the least there is. Nothing but a ``StopBattery`` ends it."""
    check_duration(action.duration, LONGEST_FORCE)
    least: dict[str, SettingValue] = {MOST_DISCHARGE: LEAST_DISCHARGE}
    forced = cache.value(device.id, MODE) != SELF_CONSUMPTION
    return ParameterWrite(
        ({**STOP_VALUES, **least} if forced else least,),
        ForcedMode(ends_after=action.duration),
        steers=forced,
        way=LIMITED,
    )


def work_mode(device: Device, mode: str, cache: ParameterCache) -> ParameterWrite:
    """Change the mode. Compulsory mode begins idle: what an earlier command left behind must not start by itself."""
    check_mode(mode, MODES)
    if mode == SELF_CONSUMPTION:
        return stop(device, cache)
    values: dict[str, SettingValue] = {MODE: mode}
    if mode == FORCED:
        values[COMMAND] = STOP
    values |= _sign_of_life(device, cache)
    return ParameterWrite((values,), _force(USUAL_FORCE), steers=True)


def _force(seconds: float) -> ForcedMode:
    return ForcedMode(ends_after=seconds, renew_after=BEAT_EVERY)


def _battery_command(
    device: Device, command: str, cache: ParameterCache
) -> ParameterWrite:
    """Charge or discharge at the power that is set, told last or read last; to stop is to go back to self-consumption."""
    if command == STOP:
        return stop(device, cache)
    most = _most_power(device, cache, charge=command == CHARGE)
    power = cache.number(device.id, POWER)
    return _forced(
        device, cache, command, min(power, most) if power else most, USUAL_FORCE
    )


def _most_power(device: Device, cache: ParameterCache, *, charge: bool) -> float:
    return battery_power(device, cache, charge=charge) or 0.0


def _forced(
    device: Device,
    cache: ParameterCache,
    command: str,
    power: float,
    seconds: float,
    target: float | None = None,
) -> ParameterWrite:
    """The command acts in compulsory mode only, and at whatever power was left behind: all three go together (E45, E48)."""
    values: dict[str, SettingValue] = {MODE: FORCED, COMMAND: command, POWER: power}
    values |= cache.before(device.id)
    return ParameterWrite(
        ({**values, **_sign_of_life(device, cache)},),
        _force(seconds),
        target,
        charges=command == CHARGE,
        steers=True,
    )


def force(
    device: Device, action: ForceBattery, soc: float | None, cache: ParameterCache
) -> ParameterWrite:
    """Translate a forced charge or discharge."""
    charge = isinstance(action, ChargeBattery)
    most = _most_power(device, cache, charge=charge)
    power = forced_power(action, LEAST_POWER, most)
    check_duration(action.duration, LONGEST_FORCE)
    if action.target_soc is not None:
        check_target(soc, action.target_soc, charge=charge)
    command = CHARGE if charge else DISCHARGE
    return _forced(device, cache, command, power, action.duration, action.target_soc)


def _check_limits(
    device: Device, cache: ParameterCache, low: float | None, high: float | None
) -> None:
    """The lower limit has to stay below the upper one."""
    check_soc_limits(
        cache.number(device.id, MIN_SOC) if low is None else low,
        cache.number(device.id, MAX_SOC) if high is None else high,
    )


def change_mode(
    device: Device, action: SetWorkMode, cache: ParameterCache
) -> ParameterWrite:
    """Translate a change of mode together with its limits."""
    if action.grid_charging is not None:
        raise CommandInvalid("no_grid_charging")
    _check_limits(device, cache, action.min_soc, action.max_soc)
    limits: dict[str, SettingValue] = {}
    for control, value in (
        (Control.BATTERY_MIN_SOC, action.min_soc),
        (Control.BATTERY_MAX_SOC, action.max_soc),
    ):
        if value is not None:
            row = BY_CONTROL[control]
            limits[row.code] = _checked(row, device, value, cache)
    write = work_mode(device, action.mode, cache)
    return ParameterWrite(({**limits, **write.values},), write.force, steers=True)


def schedule(action: SetBatterySchedule) -> ParameterWrite:
    """Translate periods into the two windows of forced charging; without any it is switched off.

    Windows, days and switch are more than a task may hold: the windows go first, so that nothing acts before all is there.
    """
    if not all(period.charge for period in action.periods):
        raise CommandInvalid("charging_periods_only", most=str(MOST_WINDOWS))
    for period in action.periods:
        check_period(period.start, period.end)
    parts = [part for period in action.periods for part in within_days(period)]
    days = {part.days for part in parts} or {EVERY_DAY}
    if len(days) > 1 or not days <= {EVERY_DAY, WORKDAYS}:
        raise CommandInvalid("days_not_offered")
    windows = [_window(part) for part in parts]
    if len(windows) > MOST_WINDOWS:
        raise CommandInvalid("charging_periods_only", most=str(MOST_WINDOWS))
    padded = windows + [UNUSED] * (MOST_WINDOWS - len(windows))
    times: dict[str, SettingValue] = {}
    for codes, window in zip(WINDOWS, padded, strict=True):
        times |= dict(zip(codes, window, strict=True))
    switch: dict[str, SettingValue] = {
        FORCED_DAYS: ALL_DAYS if days == {EVERY_DAY} else WEEKDAYS,
        FORCED_CHARGING: bool(windows),
    }
    return ParameterWrite((times, switch))


def _window(period: Period) -> tuple[float, ...]:
    """Return a period of one day as its codes have it: none that goes over midnight was ever seen."""
    target = 100.0 if period.target_soc is None else period.target_soc
    start, end = period.start, period.end
    return start.hour, start.minute, end.hour, end.minute, round(target)


def schedule_of(device_id: str, cache: ParameterCache) -> BatterySchedule | None:
    """Return the windows that a device is set to; ``None`` while one of their parameters is not known."""
    on, days = (cache.value(device_id, code) for code in (FORCED_CHARGING, FORCED_DAYS))
    rows = [[cache.number(device_id, code) for code in codes] for codes in WINDOWS]
    if on is None or not all(None not in row for row in rows):
        return None
    applies = WORKDAYS if days == WEEKDAYS else EVERY_DAY
    parts = [part for row in rows for part in _period(row, applies)] if on else []
    return BatterySchedule(tuple(across_midnight(parts)))


def _period(row: Sequence[float | None], days: frozenset[int]) -> Iterator[Period]:
    """Yield the period of a window, unless it is not used."""
    from_hour, from_minute, to_hour, to_minute, target = (each or 0.0 for each in row)
    start, end = time_of_day(from_hour, from_minute), time_of_day(to_hour, to_minute)
    if start is not None and end is not None and start != end:
        yield Period(start, end, charge=True, days=days, target_soc=target)
