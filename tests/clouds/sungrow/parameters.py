"""What can be set on which type of device, with the values an inverter takes (sungrow.md §9)."""

from collections.abc import Callable
from dataclasses import dataclass

from .plant import HYBRID, PV, Device

MODE, COMMAND, POWER, BEAT = "10003", "10004", "10005", "10017"
MAX_SOC, MIN_SOC = "10001", "10002"
LIMITED, LIMITED_RATIO = "10007", "10008"
EXPORT, EXPORT_W, EXPORT_RATIO = "10012", "10013", "10014"
FORCED, FORCED_DAYS = "10065", "10066"
WINDOWS = (
    ("10067", "10068", "10069", "10070", "10071"),
    ("10072", "10073", "10074", "10075", "10076"),
)
"""Hour and minute of start and end, and the target, of each window."""
MOST_CHARGE, MOST_DISCHARGE = "10091", "10092"
SELF, COMPULSORY, EXTERNAL = 0, 2, 3
CHARGE, DISCHARGE, STOP = 170, 187, 204
ON, OFF = 170, 85

DUPLICATES = {"10015": "10071", "10016": "10076"}
"""Older ids of the same register."""


@dataclass(frozen=True)
class Rule:
    """One parameter as it left the factory."""

    default: int
    takes: Callable[[int], bool]
    names: tuple[str, str] | None = None  # of its values, both lists parallel
    unit: str = ""


def _between(low: int, high: int) -> Callable[[int], bool]:
    return lambda value: low <= value <= high


def _one_of(*values: int) -> Callable[[int], bool]:
    return lambda value: value in values


def _switch(default: int = OFF) -> Rule:
    return Rule(default, _one_of(ON, OFF), ("Enable|Disable", "170|85"))


EVERY_INVERTER = {
    LIMITED: _switch(),
    LIMITED_RATIO: Rule(1000, _between(0, 1000), unit="%"),
    EXPORT: _switch(),
    EXPORT_W: Rule(0, _between(0, 50_000), unit="W"),
    EXPORT_RATIO: Rule(1000, _between(0, 1000), unit="%"),
}
STORAGE = {
    MAX_SOC: Rule(1000, _between(700, 1000), unit="%"),
    MIN_SOC: Rule(100, _between(0, 500), unit="%"),
    MODE: Rule(
        SELF,
        _one_of(0, 2, 3, 4),
        ("Self-consumption|Compulsory|External Dispatch|VPP", "0|2|3|4"),
    ),
    COMMAND: Rule(
        STOP, _one_of(CHARGE, DISCHARGE, STOP), ("Charge|Discharge|Stop", "170|187|204")
    ),
    POWER: Rule(1000, _between(0, 5000), unit="W"),
    BEAT: Rule(60, _between(1, 1000), unit="s"),
    "10024": _switch(),
    FORCED: _switch(),
    FORCED_DAYS: Rule(0, _one_of(0, 1)),
    MOST_CHARGE: Rule(500, _between(10, 1060), unit="W"),
    MOST_DISCHARGE: Rule(500, _between(10, 1060), unit="W"),
    **{
        code: Rule(default, _between(0, most))
        for window in WINDOWS
        for code, default, most in zip(
            window, (24, 0, 24, 0, 100), (24, 59, 24, 59, 100), strict=True
        )
    },
}
RULES = EVERY_INVERTER | STORAGE


def rules_of(device: Device) -> dict[str, Rule]:
    """Return what a type of device has; a charger has nothing (sungrow.md §4.12)."""
    return {HYBRID: RULES, PV: EVERY_INVERTER}.get(device.kind, {})
