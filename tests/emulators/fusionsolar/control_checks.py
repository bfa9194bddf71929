"""What is wrong with a command before any device sees it."""

from collections.abc import Mapping
from typing import Any

from .accounts import Refusal
from .plant import HOME_BATTERY
from .steered import FULLY_FED, SELF_CONSUMPTION, THIRD_PARTY, TIMES, TOU, SteeredPlant

SAME = "configured value is the same as the current value"


class BadShape(Exception):
    """The gateway does not let a body through."""


class Invalid(Exception):
    """A device would call the values invalid."""


def tasks_of(params: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """Return the tasks of a body, one per plant; a setpoint is a body of its own."""
    if "dispatchPower" in params:
        return [dict(params)]
    tasks = params.get("tasks")
    if not isinstance(tasks, list) or not 1 <= len(tasks) <= most:
        raise BadShape(f"tasks size must be between 1 and {most}")
    if any(not isinstance(task.get("plantCode"), str) for task in tasks):
        raise BadShape("plantCode must be a string")
    if len({task["plantCode"] for task in tasks}) < len(tasks):
        raise Refusal(20608)
    return tasks


def _within(value: Any, least: float, most: float) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= most
    )


def check_force(task: Mapping[str, Any], steered: SteeredPlant, soc: float) -> None:
    """C1: what to do, until when, how strongly."""
    switch = task.get("dispatchSwitch")
    if switch not in (0, 1, 2):
        raise Refusal(20040)
    if switch == 0:
        return
    if steered.forced is not None:
        raise Refusal(20615)
    target = task.get("targetSOC")
    match task.get("controlType"):
        case 1:
            if not _within(target, 0, 100):
                raise Refusal(20042)
            if float(target or 0) <= soc if switch == 1 else float(target or 0) >= soc:
                raise Refusal(20042)
        case 2:
            if not isinstance(task.get("dispatchTime"), int) or not _within(
                task["dispatchTime"], 1, 1440
            ):
                raise Refusal(20043)
        case _:
            raise Refusal(20041)
    battery, power = steered.battery, task.get("powerDispatch")
    if power is not None and (
        not _within(abs(power), 1, battery.charge_w if battery else 0)
        or (power > 0) != (switch == 1)
    ):
        raise Refusal(20047)


def check_mode(task: Mapping[str, Any], _: SteeredPlant, __: float) -> None:
    """C2: the mode, and with periods everything that belongs to it."""
    mode = task.get("operationMode")
    if mode not in (SELF_CONSUMPTION, TOU, FULLY_FED, THIRD_PARTY):
        raise BadShape("operationMode is unknown")
    if mode != TOU:
        return
    times = task.get(TIMES)
    if not isinstance(times, list) or not 1 <= len(times) <= 14:
        raise BadShape(f"{TIMES} size must be between 1 and 14")
    if task.get("redundantPVEnergyPriority") not in (
        "fedToGridPreference",
        "chargePreference",
    ) or not _within(task.get("allowedAcChargePower"), 0, 30):
        raise Refusal(20611)
    for number, one in enumerate(times):
        if not one["startTime"] < one["endTime"] <= "23:59":
            raise Invalid
        for other in times[:number]:
            if (
                set(one["repeat"]) & set(other["repeat"])
                and one["startTime"] < other["endTime"]
                and other["startTime"] < one["endTime"]
            ):
                raise Invalid


def check_dispatch(body: Mapping[str, Any], steered: SteeredPlant, _: float) -> None:
    """C5: one battery's power, in one mode only."""
    names = {one.dn for one in steered.plant.of(HOME_BATTERY)}
    if body.get("batteryDn") not in names:
        raise Refusal(20622)
    battery = steered.battery
    most = battery.charge_w if battery else 0.0
    if steered.mode != THIRD_PARTY or not _within(
        body.get("dispatchPower"), -most, most
    ):
        raise Invalid


RANGES = {
    "endOfChargeSoc": (90.0, 100.0),
    "endOfDischargeSoc": (0.0, 20.0),
    "maximumChargePower": (0.0, 1e6),
    "maximumDischargePower": (0.0, 1e6),
}


def check_parameters(task: Mapping[str, Any], _: SteeredPlant, __: float) -> None:
    """C3: at least one parameter, each in its range."""
    info = task.get("batteryConfigurationInfo")
    if not isinstance(info, dict) or not info or not info.keys() <= RANGES.keys():
        raise BadShape("batteryConfigurationInfo is empty")
    if not all(_within(value, *RANGES[name]) for name, value in info.items()):
        raise Refusal(20611)


def check_grid(task: Mapping[str, Any], steered: SteeredPlant, _: float) -> None:
    """C4: the ways are text, the powers kW."""
    way, info = task.get("controlMode"), task.get("controlInfo") or {}
    if way == "0":
        if steered.limit_kw is None and steered.grid_mode is None:
            raise Refusal(2, SAME)
        return
    if way != "6" or info.get("limitationMode") not in ("0", "1"):
        raise BadShape("controlMode is unknown")
    limit = info.get("maxGridFeedInPower")
    if not _within(limit, -1000, 5000):
        raise Refusal(20611)
    per_phase = steered.limitation == "singlePhasePower"
    if limit == steered.limit_kw and per_phase == (info["limitationMode"] == "1"):
        raise Refusal(2, SAME)
