"""Commands and orders as parameters: everything that belongs together in one task (sungrow.md §9, §9.1, §9.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Final

from ..control import (
    ChargeBattery,
    Command,
    Control,
    Force,
    ForceBattery,
    Period,
    SetBatterySchedule,
    SetWorkMode,
)
from ..errors import CommandInvalid
from ..model import Device
from .ledger import Ledger
from .offers import MODES, highest
from .parameters import (
    BY_CONTROL,
    CHARGE,
    COMMAND,
    DISCHARGE,
    FORCED,
    FORCED_CHARGING,
    FORCED_DAYS,
    HEARTBEAT,
    MODE,
    OFF,
    ON,
    POWER,
    SELF_CONSUMPTION,
    STOP,
    WINDOWS,
    Parameter,
)

BEAT_WITHIN: Final = 600
"""Seconds: an inverter that hears nothing for so long goes back to self-consumption by itself, twenty seconds later [seen]."""
BEAT_EVERY: Final = 360.0
USUAL_FORCE: Final = 7200.0
"""Seconds after which a forced mode ends that was begun without a duration."""
LONGEST_FORCE: Final = 86400.0
MOST_WINDOWS: Final = len(WINDOWS)
UNUSED: Final = ("24", "0", "24", "0", "100")
MIDNIGHT: Final = time(0, 0)
ALL_DAYS: Final = frozenset(range(1, 8))
WORKDAYS: Final = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True)
class Wish:
    """What one task is to write."""

    values: Mapping[str, str]
    force: Force | None = None
    target: float | None = None
    charges: bool = True
    steers: bool = False
    """Whether it begins, changes or ends a forced mode."""


STOP_VALUES: Final = {
    COMMAND: BY_CONTROL[Control.BATTERY_COMMAND].encode(STOP),
    MODE: BY_CONTROL[Control.WORK_MODE].encode(SELF_CONSUMPTION),
}


def stop() -> Wish:
    """End a forced mode: the command first, so that nothing acts should the mode come back."""
    return Wish(STOP_VALUES, steers=True)


def beat() -> Wish:
    """Give the sign of life."""
    return Wish({HEARTBEAT: str(BEAT_WITHIN)})


def wish_of(device: Device, command: Command, ledger: Ledger) -> Wish:
    """Translate a command, with the switch it needs."""
    row = BY_CONTROL[command.control]
    value = command.value
    if value is None:
        raise CommandInvalid
    match command.control:
        case Control.WORK_MODE:
            return work_mode(str(value))
        case Control.BATTERY_COMMAND:
            return _battery_command(device, str(value), ledger)
        case Control.BATTERY_MIN_SOC | Control.BATTERY_MAX_SOC:
            _check_limits(
                device,
                ledger,
                float(value) if command.control is Control.BATTERY_MIN_SOC else None,
                float(value) if command.control is Control.BATTERY_MAX_SOC else None,
            )
    values: dict[str, str] = {}
    known = None if row.needs is None else ledger.raw(device.id, row.needs)
    if row.needs is not None and known is not None:
        values[row.needs] = _row(row.needs).encode(value=True, raw=known)
    values[row.code] = _encode(row, device, value, ledger)
    return Wish(values)


def _row(code: str) -> Parameter:
    return next(row for row in BY_CONTROL.values() if row.code == code)


def _encode(row: Parameter, device: Device, value: float | str, ledger: Ledger) -> str:
    """Write a value that is within the limits."""
    if row.control.unit:
        most = highest(row, device)
        if most is None or not row.minimum <= float(value) <= most:
            raise CommandInvalid(
                "out_of_range", minimum=f"{row.minimum:g}", maximum=f"{most or 0:g}"
            )
    return row.encode(value, ledger.raw(device.id, row.code))


def work_mode(mode: str) -> Wish:
    """Change the mode. Compulsory mode begins idle: what an earlier command left behind must not start by itself."""
    if mode not in MODES:
        raise CommandInvalid("mode_not_offered", modes=", ".join(MODES))
    if mode == SELF_CONSUMPTION:
        return stop()
    values = {MODE: BY_CONTROL[Control.WORK_MODE].encode(mode)}
    if mode == FORCED:
        values[COMMAND] = STOP_VALUES[COMMAND]
    values[HEARTBEAT] = str(BEAT_WITHIN)
    return Wish(values, _force(USUAL_FORCE), steers=True)


def _force(seconds: float) -> Force:
    return Force(ends_after=seconds, renew_after=BEAT_EVERY)


def _battery_command(device: Device, word: str, ledger: Ledger) -> Wish:
    """Charge or discharge at the power that is set; to stop is to go back to self-consumption."""
    if word == STOP:
        return stop()
    power = ledger.number(device.id, POWER)
    return _forced(word, power or _most_power(device), USUAL_FORCE)


def _most_power(device: Device) -> float:
    return highest(BY_CONTROL[Control.BATTERY_COMMAND_POWER], device) or 0.0


def _forced(
    word: str, power: float, seconds: float, target: float | None = None
) -> Wish:
    """The command acts in compulsory mode only, and at whatever power was left behind: all three go together (E45, E48)."""
    return Wish(
        {
            MODE: BY_CONTROL[Control.WORK_MODE].encode(FORCED),
            COMMAND: BY_CONTROL[Control.BATTERY_COMMAND].encode(word),
            POWER: str(round(power)),
            HEARTBEAT: str(BEAT_WITHIN),
        },
        _force(seconds),
        target,
        charges=word == CHARGE,
        steers=True,
    )


def force(device: Device, order: ForceBattery, soc: float | None) -> Wish:
    """Translate a forced charge or discharge."""
    charge = isinstance(order, ChargeBattery)
    most = _most_power(device)
    power = most if order.power is None else order.power
    if not 1 <= power <= most:
        raise CommandInvalid("out_of_range", minimum="1", maximum=f"{most:g}")
    if not 1 <= order.duration <= LONGEST_FORCE:
        raise CommandInvalid("duration_too_long", hours=f"{LONGEST_FORCE / 3600:g}")
    if order.target_soc is not None and reached(soc, order.target_soc, charge=charge):
        raise CommandInvalid("target_reached", soc=f"{soc:g}")
    word = CHARGE if charge else DISCHARGE
    return _forced(word, power, order.duration, order.target_soc)


def reached(soc: float | None, target: float, *, charge: bool) -> bool:
    """Whether a state of charge is at or beyond a target."""
    return soc is not None and (soc >= target if charge else soc <= target)


def _check_limits(
    device: Device, ledger: Ledger, low: float | None, high: float | None
) -> None:
    """The lower limit has to stay below the upper one."""
    least = ledger.number(device.id, "10002") if low is None else low
    most = ledger.number(device.id, "10001") if high is None else high
    if least is not None and most is not None and least >= most:
        raise CommandInvalid("soc_limits_crossed")


def mode_order(device: Device, order: SetWorkMode, ledger: Ledger) -> Wish:
    """Translate a change of mode together with its limits."""
    if order.grid_charging is not None:
        raise CommandInvalid("no_grid_charging")
    _check_limits(device, ledger, order.min_soc, order.max_soc)
    limits: dict[str, str] = {}
    for control, value in (
        (Control.BATTERY_MIN_SOC, order.min_soc),
        (Control.BATTERY_MAX_SOC, order.max_soc),
    ):
        if value is not None:
            row = BY_CONTROL[control]
            limits[row.code] = _encode(row, device, value, ledger)
    wish = work_mode(order.mode)
    return Wish({**limits, **wish.values}, wish.force, steers=True)


def schedule(order: SetBatterySchedule) -> Wish:
    """Translate periods into the two windows of forced charging; without any it is switched off."""
    if not all(period.charge for period in order.periods):
        raise CommandInvalid("charging_periods_only", most=str(MOST_WINDOWS))
    days = {period.days for period in order.periods} or {ALL_DAYS}
    if len(days) > 1 or not days <= {ALL_DAYS, WORKDAYS}:
        raise CommandInvalid("days_not_offered")
    windows = [window for period in order.periods for window in _windows(period)]
    if len(windows) > MOST_WINDOWS:
        raise CommandInvalid("charging_periods_only", most=str(MOST_WINDOWS))
    values = {
        FORCED_CHARGING: ON if windows else OFF,
        FORCED_DAYS: "1" if days == {ALL_DAYS} else "0",
    }
    windows += [UNUSED] * (MOST_WINDOWS - len(windows))
    for codes, window in zip(WINDOWS, windows, strict=True):
        values |= dict(zip(codes, window, strict=True))
    return Wish(values)


def _windows(period: Period) -> list[tuple[str, ...]]:
    """Return a period as windows of one day: nobody has seen one that goes over midnight."""
    if period.start == period.end:
        raise CommandInvalid("period_empty")
    target = 100.0 if period.target_soc is None else period.target_soc
    if period.end == MIDNIGHT:
        spans = [(period.start, time(23, 59))]
    elif period.end < period.start:
        if period.days != ALL_DAYS:  # the second half would fall on other days
            raise CommandInvalid("days_not_offered")
        spans = [(period.start, time(23, 59)), (MIDNIGHT, period.end)]
    else:
        spans = [(period.start, period.end)]
    return [
        tuple(
            str(number)
            for number in (
                start.hour,
                start.minute,
                end.hour,
                end.minute,
                round(target),
            )
        )
        for start, end in spans
    ]
