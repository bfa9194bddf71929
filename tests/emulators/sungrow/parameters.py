"""What can be set on which type of device, with the values an inverter takes (sungrow.md §9)."""

from collections.abc import Callable
from dataclasses import dataclass

from .plant import HYBRID, LOGGER, PV, Device

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

MOST_IN_ONE_TASK = 10
RAW_POWERS = frozenset({POWER, EXPORT_W})
"""Whose step on the wire is 1 W by the document and 10 W by live metadata: a knob; both are read back in kW with 0.01."""

DUPLICATES = {"10015": "10071", "10016": "10076"}
"""Older ids of the same register."""


@dataclass(frozen=True)
class Rule:
    """One parameter as it left the factory: shown in a unit, written in whole steps of its precision."""

    default: float  # as it is shown
    takes: Callable[[int], bool]  # as it is written
    names: tuple[str, str] | None = None  # of its values, both lists parallel
    unit: str | None = None
    precision: float = 1


def _between(low: int, high: int) -> Callable[[int], bool]:
    return lambda value: low <= value <= high


def _one_of(*values: int) -> Callable[[int], bool]:
    return lambda value: value in values


def _switch(default: int = OFF) -> Rule:
    return Rule(default, _one_of(ON, OFF), ("Enable|Disable", "170|85"))


def _percent(default: float, low: int, high: int) -> Rule:
    return Rule(default, _between(low, high), unit="%", precision=0.1)


def _kilowatts(default: float, low: int, high: int) -> Rule:
    return Rule(default, _between(low, high), unit="kW", precision=0.01)


EVERY_INVERTER = {
    LIMITED: _switch(),
    LIMITED_RATIO: _percent(100, 0, 1000),
    EXPORT: _switch(),
    EXPORT_W: _kilowatts(0, 0, 50_000),
    EXPORT_RATIO: _percent(100, 0, 1000),
}
STORAGE = {
    MAX_SOC: _percent(100, 700, 1000),
    MIN_SOC: _percent(10, 0, 500),
    MODE: Rule(
        SELF,
        _one_of(0, 2, 3, 4),
        ("Self-consumption|Compulsory|External Dispatch|VPP", "0|2|3|4"),
    ),
    COMMAND: Rule(
        STOP, _one_of(CHARGE, DISCHARGE, STOP), ("Charge|Discharge|Stop", "170|187|204")
    ),
    POWER: _kilowatts(1, 0, 50_000),
    BEAT: Rule(60, _between(1, 1000), unit="s"),
    "10024": _switch(),
    FORCED: _switch(),
    FORCED_DAYS: Rule(0, _one_of(0, 1)),
    MOST_CHARGE: _kilowatts(5, 10, 1060),
    MOST_DISCHARGE: _kilowatts(5, 10, 1060),
    **{
        code: Rule(default, _between(0, most), unit="%" if most == 100 else None)
        for window in WINDOWS
        for code, default, most in zip(
            window, (24, 0, 24, 0, 100), (24, 59, 24, 59, 100), strict=True
        )
    },
}
LOGGERS = {
    EXPORT: Rule(0, _one_of(0, 1), ("Enable|Disable", "1|0")),
    EXPORT_RATIO: _percent(100, -1000, 1000),
}
SILENTLY_IGNORED = {EXPORT: {PV: {0, 1}, HYBRID: {0, 1}, LOGGER: {ON, OFF}}}
"""Values of other devices for the same switch: taken with a success, and nothing changes [seen of inverters]."""


def rules_of(device: Device) -> dict[str, Rule]:
    """Return what a type of device has; a charger has nothing (sungrow.md §4.12)."""
    return {
        HYBRID: EVERY_INVERTER | STORAGE,
        PV: EVERY_INVERTER,
        LOGGER: LOGGERS,
    }.get(device.kind, {})
