"""Commands and actions as changes of what a plant is set to, and the changes as the vendor wants them (fusionsolar.md §4).

Changes are completed when they are sent: a mode is written as a whole, with everything that the change leaves as it is.
"""

from dataclasses import dataclass, field
from typing import Final

from ...control import (
    ChargeBatteryFromSun,
    Command,
    Control,
    ForceBattery,
    ForcedMode,
    Period,
    SetBatterySchedule,
    SetWorkMode,
    SteerBattery,
)
from ...control_kit import (
    check_mode,
    check_period,
    check_range,
    check_target,
    forced_power,
    within_days,
)
from ...control_state import FORCED
from ...errors import CommandInvalid
from ...points import number
from ...storage import Json
from ..sources import PlantHardware
from .api import Kind
from .catalog import (
    CHARGE,
    DISCHARGE,
    LEAST_MAX_SOC,
    MODES,
    MOST_MIN_SOC,
    SURPLUS,
    THIRD_PARTY,
    TIME_OF_USE,
    highest_power,
    offered_modes,
)
from .state import MODE, TIMES, Fields, PlantControlState

MOST: Final = 14


def windows(periods: tuple[Period, ...]) -> list[Json]:
    """Translate periods. Raises ``CommandInvalid`` for what the vendor refuses."""
    for period in periods:
        check_period(period.start, period.end)
    if any(period.target_soc is not None for period in periods):
        raise CommandInvalid("no_target_in_periods")
    parts = [part for period in periods for part in within_days(period)]
    if not parts:
        raise CommandInvalid("work_mode_instead")
    if len(parts) > MOST:
        raise CommandInvalid("too_many_windows", most=str(MOST))
    if any(
        _overlap(one, other)
        for number, one in enumerate(parts)
        for other in parts[:number]
    ):
        raise CommandInvalid("periods_overlap")
    return [
        {
            "startTime": f"{part.start:%H:%M}",
            "endTime": f"{part.end:%H:%M}",
            "chargeOrDischarge": "charge" if part.charge else "discharge",
            "repeat": [*sorted(part.days)],
        }
        for part in parts
    ]


def _overlap(one: Period, other: Period) -> bool:
    same_day = bool(one.days & other.days)
    return same_day and one.start < other.end and other.start < one.end


PRIORITY: Final = "redundantPVEnergyPriority"
GRID_POWER: Final = "allowedAcChargePower"
USUAL_GRID_POWER: Final = "usualGridPower"
"""Not the vendor's: what is meant by charging from the grid when no power for it is set."""
WINDOWS: Final = "chargingAndDischargingTimeWindow"
SWITCH: Final = "dispatchSwitch"
SETPOINT: Final = "dispatchPower"
BATTERY: Final = "batteryDn"
BY_SOC, BY_TIME = 1, 2
LONGEST_FORCE: Final = 1440
"""Minutes [guess]."""
LIMIT: Final = "limit"
UNLIMITED, BY_POWER = "0", "6"
"""Ways to limit the feed-in, as they are written; they are read by other names (fusionsolar.md §4.5)."""
PER_PHASE: Final = "singlePhasePower"
MOST_DISCHARGE: Final = "maximumDischargePower"
PARAMETERS: Final = {
    Control.BATTERY_MAX_SOC: "endOfChargeSoc",
    Control.BATTERY_MIN_SOC: "endOfDischargeSoc",
    Control.BATTERY_CHARGE_POWER_LIMIT: "maximumChargePower",
    Control.BATTERY_DISCHARGE_POWER_LIMIT: MOST_DISCHARGE,
}


@dataclass(frozen=True, slots=True)
class FusionSolarRequest:
    """One change."""

    kind: Kind
    changes: Fields
    told: dict[str, bool | float | str] = field(default_factory=dict)
    """What the plant is set to by it, by control."""
    restores: bool = False
    """Whether it sets back what a battery mode had changed."""

    @property
    def stops(self) -> bool:
        """Whether it ends a forced mode."""
        return (
            self.restores
            or self.changes.get(SWITCH) == 0
            or self.changes.get(SETPOINT) == 0
        )


STOP: Final = FusionSolarRequest(Kind.FORCE, {SWITCH: 0})


def dispatched(known: PlantControlState) -> bool:
    """Whether a plant waits for setpoints instead of following a mode of its own."""
    return known.mode.get(MODE) == THIRD_PARTY


def ends(known: PlantControlState, house: PlantHardware) -> list[FusionSolarRequest]:
    """Return all that ends a battery mode: what is forced stops, and what was changed for it is set back."""
    back = restore(known)
    forced = known.value(FORCED) and known.forced_by in {Kind.FORCE, Kind.DISPATCH}
    return back if back and not forced else [stop(known, house), *back]


def restore(known: PlantControlState) -> list[FusionSolarRequest]:
    """Return what sets back what a battery mode has changed."""
    before = known.before
    limit = number(before.get(MOST_DISCHARGE))
    times: Fields = {
        key: before[key] for key in (PRIORITY, GRID_POWER) if key in before
    }
    found: list[FusionSolarRequest] = []
    if limit is not None:
        found.append(limit_discharge(limit, restores=True))
    if times:
        found.append(_put_off(times, restores=True))
    return found


def _put_off(times: Fields, *, restores: bool = False) -> FusionSolarRequest:
    """Change what the mode with periods does, or set it back."""
    told: dict[str, bool | float | str] = {}
    if (power := number(times.get(GRID_POWER))) is not None:
        told[str(Control.GRID_CHARGE_POWER_LIMIT)] = round(1000 * power)
    for ours, theirs in SURPLUS.items():
        if times.get(PRIORITY) == theirs:
            told[str(Control.SURPLUS_PRIORITY)] = ours
    return FusionSolarRequest(Kind.MODE, times, told, restores=restores)


def limit_discharge(watts: float, *, restores: bool = False) -> FusionSolarRequest:
    """Limit what the batteries give."""
    told: dict[str, bool | float | str] = {
        str(Control.BATTERY_DISCHARGE_POWER_LIMIT): watts
    }
    return FusionSolarRequest(
        Kind.BATTERY, {MOST_DISCHARGE: watts}, told, restores=restores
    )


def without_discharge(
    action: SteerBattery, known: PlantControlState, limit: float
) -> tuple[list[FusionSolarRequest], ForcedMode, Fields]:
    """Translate a mode in which the batteries give nothing, with how it ends and with what is to be set back then.

    The plant goes on in its own mode, which charges with what the sun leaves over. With periods that mode may buy from the grid, and may give
    the grid the sun first: that is put off meanwhile (fusionsolar.md §4.3, §4.4).
    """
    minutes_of(action)
    before: Fields = {MOST_DISCHARGE: limit}
    changes: Fields = {}
    if known.mode.get(MODE) == TIME_OF_USE:
        times = known.coming_times
        if number(times.get(GRID_POWER)):
            changes[GRID_POWER] = 0.0
        sun_first = times.get(PRIORITY) in {None, SURPLUS["charge"]}
        if isinstance(action, ChargeBatteryFromSun) and not sun_first:
            changes[PRIORITY] = SURPLUS["charge"]
        before |= {key: times[key] for key in changes}
    writes = [_put_off(changes)] if changes else []
    writes.append(limit_discharge(0.0))
    return writes, ForcedMode(ends_after=action.duration), before


def stop(known: PlantControlState, house: PlantHardware) -> FusionSolarRequest:
    """Return what ends a forced mode: one begun before the plant waited for setpoints goes on there."""
    if not dispatched(known) or (known.value(FORCED) and known.forced_by == Kind.FORCE):
        return STOP
    return FusionSolarRequest(Kind.DISPATCH, {BATTERY: _battery(house), SETPOINT: 0})


def change_of(command: Command, known: PlantControlState) -> FusionSolarRequest:
    """Translate a command."""
    control, value = command.control, command.value
    match value:
        case str() if control is Control.WORK_MODE:
            return _mode(value, known)
        case str() if control is Control.SURPLUS_PRIORITY:
            return FusionSolarRequest(
                Kind.MODE, {PRIORITY: SURPLUS[value]}, {str(control): value}
            )
        case bool() if control is Control.EXPORT_LIMIT_ENABLED:
            limit = known.value(Control.EXPORT_LIMIT) if value else None
            if value and limit is None:
                raise CommandInvalid("limit_unknown")
            return FusionSolarRequest(Kind.GRID, {LIMIT: limit}, {str(control): value})
        case bool():
            pass
        case float() | int() if control is Control.GRID_CHARGE_POWER_LIMIT:
            return FusionSolarRequest(
                Kind.MODE, {GRID_POWER: _kilowatts(value)}, {str(control): value}
            )
        case float() | int() if control is Control.EXPORT_LIMIT:
            return FusionSolarRequest(Kind.GRID, {LIMIT: value}, {str(control): value})
        case float() | int() if control in PARAMETERS:
            return FusionSolarRequest(
                Kind.BATTERY, {PARAMETERS[control]: value}, {str(control): value}
            )
    raise CommandInvalid("not_offered")


def _mode(mode: str, known: PlantControlState) -> FusionSolarRequest:
    offered = offered_modes(known)
    check_mode(mode, offered)
    return FusionSolarRequest(
        Kind.MODE, {MODE: offered[mode]}, {str(Control.WORK_MODE): mode}
    )


def mode_changes(
    action: SetWorkMode, known: PlantControlState, house: PlantHardware
) -> list[FusionSolarRequest]:
    """Translate a change of mode, and of the limits that are set apart from it."""
    write = _mode(action.mode, known)
    if action.grid_charging is not None:
        if write.changes[MODE] != TIME_OF_USE:
            raise CommandInvalid("time_of_use_only")
        if action.grid_charging:
            write.changes[USUAL_GRID_POWER] = _usual_grid_power(known, house)
        else:
            write.changes[GRID_POWER] = 0.0
    limits = {
        Control.BATTERY_MIN_SOC: (action.min_soc, 0.0, MOST_MIN_SOC),
        Control.BATTERY_MAX_SOC: (action.max_soc, LEAST_MAX_SOC, 100.0),
    }
    wanted: dict[Control, float] = {}
    for control, (soc, least, most) in limits.items():
        if soc is not None:
            check_range(soc, least, most)
            wanted[control] = soc
    if not wanted:
        return [write]
    return [
        write,
        FusionSolarRequest(
            Kind.BATTERY,
            {PARAMETERS[control]: soc for control, soc in wanted.items()},
            {str(control): soc for control, soc in wanted.items()},
        ),
    ]


def _usual_grid_power(known: PlantControlState, house: PlantHardware) -> float:
    """Return the kW to charge from the grid with where none were set before: what the batteries take."""
    most = house.most_grid_charge
    watts = highest_power(known, CHARGE)
    return _kilowatts(watts if most is None else min(watts, most))


def schedule(action: SetBatterySchedule) -> FusionSolarRequest:
    """Translate periods: they belong to the mode that uses them, which is set along with them."""
    return FusionSolarRequest(
        Kind.MODE,
        {MODE: TIME_OF_USE, WINDOWS: windows(action.periods)},
        {str(Control.WORK_MODE): MODES[TIME_OF_USE]},
    )


def setpoint(
    action: ForceBattery,
    known: PlantControlState,
    house: PlantHardware,
    *,
    charge: bool,
) -> tuple[FusionSolarRequest, ForcedMode]:
    """Translate a forced charge or discharge of a plant in third-party dispatch, and say how it ends.

    Nobody knows how long a power holds there, so the time is ours to keep; a state of charge cannot be aimed at (fusionsolar.md §4.6).
    """
    if action.target_soc is not None:
        raise CommandInvalid("no_target_in_dispatch")
    power, _ = _extent(action, known, charge=charge)
    watts = round(power if charge else -power)
    write = FusionSolarRequest(
        Kind.DISPATCH, {BATTERY: _battery(house), SETPOINT: watts}
    )
    return write, ForcedMode(ends_after=action.duration)


def _battery(house: PlantHardware) -> str:
    """Return the vendor's name of the only battery: a setpoint is one battery's."""
    if len(house.battery_names) != 1 or len(house.batteries) != 1:
        raise CommandInvalid("not_offered")
    return house.battery_names[0]


def _extent(
    action: ForceBattery, known: PlantControlState, *, charge: bool
) -> tuple[float, int]:
    """Return the W and minutes of a forced mode."""
    most = highest_power(known, CHARGE if charge else DISCHARGE)
    return forced_power(action, 1.0, most), minutes_of(action)


def minutes_of(action: SteerBattery) -> int:
    """Return how long a mode lasts, in whole minutes."""
    minutes = int(action.duration // 60)
    if not 1 <= minutes <= LONGEST_FORCE:
        raise CommandInvalid(
            "duration_out_of_range", minimum="1", maximum=str(LONGEST_FORCE)
        )
    return minutes


def force(
    action: ForceBattery, known: PlantControlState, *, charge: bool, soc: float | None
) -> tuple[FusionSolarRequest, ForcedMode]:
    """Translate a forced charge or discharge, and say how it ends.

    The vendor ends it after whole minutes or at a state of charge, not at whichever comes first: with a target the time is ours to keep.
    """
    power, minutes = _extent(action, known, charge=charge)
    changes: Fields = {
        SWITCH: 1 if charge else 2,
        "powerDispatch": round(power if charge else -power),
    }
    target = action.target_soc
    if target is None:
        changes |= {"controlType": BY_TIME, "dispatchTime": minutes}
        ends = ForcedMode(ends_after=60.0 * minutes, ends_by_itself=True)
        return FusionSolarRequest(Kind.FORCE, changes), ends
    check_target(soc, target, charge=charge)
    changes |= {"controlType": BY_SOC, "targetSOC": target}
    return FusionSolarRequest(Kind.FORCE, changes), ForcedMode(
        ends_after=action.duration
    )


def _kilowatts(watts: float) -> float:
    return round(watts / 1000, 3)


# Completing


def complete(
    write: FusionSolarRequest, plant_id: str, known: PlantControlState
) -> Fields:
    """Return what is sent for a plant: a change together with all that stays."""
    match write.kind:
        case Kind.MODE:
            fields = _whole_mode(write.changes, known)
        case Kind.GRID:
            fields = _grid(write.changes[LIMIT], known)
        case Kind.BATTERY:
            fields = {"batteryConfigurationInfo": dict(write.changes)}
        case Kind.FORCE | Kind.DISPATCH:
            fields = dict(write.changes)
    return {"plantCode": plant_id, **fields}


def _whole_mode(changes: Fields, known: PlantControlState) -> Fields:
    mode = changes.get(MODE, known.mode.get(MODE))
    if mode != TIME_OF_USE:
        if changes.keys() != {MODE}:
            raise CommandInvalid("time_of_use_only")
        return {MODE: mode}
    usual: Fields = {PRIORITY: SURPLUS["charge"], GRID_POWER: 0.0}
    times = usual | known.times | changes
    if not number(times[GRID_POWER]) and USUAL_GRID_POWER in changes:
        times[GRID_POWER] = changes[USUAL_GRID_POWER]
    if not times.get(WINDOWS):
        raise CommandInvalid("periods_needed")
    return {
        MODE: mode,
        PRIORITY: times[PRIORITY],
        GRID_POWER: times[GRID_POWER],
        WINDOWS: times[WINDOWS],
    }


def _grid(limit: Json, known: PlantControlState) -> Fields:
    if not isinstance(limit, int | float):
        return {"controlMode": UNLIMITED}
    per_phase = any(
        isinstance(each, dict) and each.get("limitationMode") == PER_PHASE
        for each in known.grid.values()
    )
    return {
        "controlMode": BY_POWER,
        "controlInfo": {
            "maxGridFeedInPower": _kilowatts(limit),
            "limitationMode": "1" if per_phase else "0",
        },
    }


def answer_of(kind: Kind, body: Fields) -> Fields:
    """Return what a plant says of its settings once it has carried a change out; nothing for what cannot be read back."""
    match kind:
        case Kind.MODE if body[MODE] == TIME_OF_USE:
            times = {key: body[key] for key in (PRIORITY, GRID_POWER, WINDOWS)}
            return {MODE: body[MODE], TIMES: times}
        case Kind.MODE:
            return {MODE: body[MODE]}
        case Kind.GRID:
            return _grid_answer(body)
    return {}


def _grid_answer(body: Fields) -> Fields:
    info = body.get("controlInfo")
    if not isinstance(info, dict):
        return {"controlMode": "noLimit"}
    per_phase = info["limitationMode"] == "1"
    return {
        "controlMode": "limitedPowerGridKW",
        "limitedPowerGridValueParam": {
            "limitationMode": PER_PHASE if per_phase else "totalPower",
            "maxGridFeedInPowerValue": info["maxGridFeedInPower"],
        },
    }
