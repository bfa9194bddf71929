"""What can be set on an inverter: codes, scales, words (sungrow.md §9).

Grid protection, reactive power and start or stop are left out on purpose: they are the installer's. A charger has no parameters at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..control import Control, ControlKind, SettingValue
from ..points import number, text

MODE: Final = "10003"
COMMAND: Final = "10004"
POWER: Final = "10005"
HEARTBEAT: Final = "10017"
FORCED_CHARGING: Final = "10065"
FORCED_DAYS: Final = "10066"
WINDOWS: Final = (
    ("10067", "10068", "10069", "10070", "10071"),
    ("10072", "10073", "10074", "10075", "10076"),
)
"""Hour and minute of the start, of the end, and the target in whole percent (sungrow.md §9)."""

SELF_CONSUMPTION: Final = "self_consumption"
FORCED: Final = "forced"
EXTERNAL: Final = "external_control"
VIRTUAL_PLANT: Final = "virtual_power_plant"
CHARGE: Final = "charge"
DISCHARGE: Final = "discharge"
STOP: Final = "stop"
EVERY_DAY: Final = "every_day"
WEEKDAYS: Final = "weekdays"

ON: Final = "170"
OFF: Final = "85"
SWITCH: Final = {ON: True, OFF: False}
ONE_AND_ZERO: Final = {"1": True, "0": False}
"""How loggers encode the same switch."""
NAMES: Final = {"enable": True, "disable": False}

LARGEST_COMMAND: Final = 5000.0
"""W; larger models may take more, which nobody has confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row: a control and how the cloud writes its value."""

    code: str
    control: Control
    ref: str
    scale: float = 1.0
    """Raw numbers per canonical unit."""
    minimum: float = 0.0
    maximum: float | None = None
    """``None`` is the inverter's rating."""
    step: float = 1.0
    words: Mapping[str, SettingValue] = field(default_factory=dict)
    """Values by raw number, for everything that is no number."""
    needs_battery: bool = False
    needs: str | None = None
    """The code of a switch without which it does nothing."""
    rare: bool = False

    def encode(self, value: SettingValue, raw: str | None = None) -> str:
        """Write a value; ``raw`` is what the device said last, whose encoding is kept."""
        if self.control.kind is ControlKind.SWITCH:
            words = ONE_AND_ZERO if raw in ONE_AND_ZERO else SWITCH
            return next(code for code, word in words.items() if word is bool(value))
        if self.words:
            return next(code for code, word in self.words.items() if word == value)
        return str(round(float(value) * self.scale))

    def decode(self, raw: str) -> SettingValue | None:
        """Read a value; ``None`` for what no word is known of."""
        if self.control.kind is ControlKind.SWITCH:
            return SWITCH.get(raw, ONE_AND_ZERO.get(raw, NAMES.get(raw.lower())))
        if self.words:
            return self.words.get(raw)
        value = number(raw)
        return None if value is None else round(value / self.scale, 3)


_REF: Final = "sungrow.md §9"

PARAMETERS: Final = (
    Parameter(
        code=MODE,
        control=Control.WORK_MODE,
        words={"0": SELF_CONSUMPTION, "2": FORCED, "3": EXTERNAL, "4": VIRTUAL_PLANT},
        needs_battery=True,
        ref=f"{_REF}, 10003; 4 is shown and never set",
    ),
    Parameter(
        code=COMMAND,
        control=Control.BATTERY_COMMAND,
        words={"170": CHARGE, "187": DISCHARGE, "204": STOP},
        needs_battery=True,
        ref=f"{_REF}, 10004: acts only while 10003 is 2",
    ),
    Parameter(
        code=POWER,
        control=Control.BATTERY_COMMAND_POWER,
        maximum=LARGEST_COMMAND,
        step=100.0,
        needs_battery=True,
        ref=f"{_REF}, 10005",
    ),
    Parameter(
        code="10001",
        control=Control.BATTERY_MAX_SOC,
        scale=10.0,
        minimum=70.0,
        maximum=100.0,
        needs_battery=True,
        ref=f"{_REF}, 10001 in tenths",
    ),
    Parameter(
        code="10002",
        control=Control.BATTERY_MIN_SOC,
        scale=10.0,
        maximum=50.0,
        needs_battery=True,
        ref=f"{_REF}, 10002 in tenths",
    ),
    Parameter(
        code="10024",
        control=Control.BATTERY_FIRST,
        words=SWITCH,
        needs_battery=True,
        ref=f"{_REF}, 10024",
    ),
    Parameter(
        code=FORCED_CHARGING,
        control=Control.FORCED_CHARGING,
        words=SWITCH,
        needs_battery=True,
        ref=f"{_REF}, 10065",
    ),
    Parameter(
        code=FORCED_DAYS,
        control=Control.FORCED_CHARGING_DAYS,
        words={"0": WEEKDAYS, "1": EVERY_DAY},
        needs_battery=True,
        ref=f"{_REF}, 10066",
    ),
    Parameter(
        code="10091",
        control=Control.BATTERY_CHARGE_POWER_LIMIT,
        scale=0.1,
        minimum=100.0,
        maximum=10_600.0,
        step=100.0,
        needs_battery=True,
        rare=True,
        ref=f"{_REF}, 10091 in 10 W, medium confidence",
    ),
    Parameter(
        code="10092",
        control=Control.BATTERY_DISCHARGE_POWER_LIMIT,
        scale=0.1,
        minimum=100.0,
        maximum=10_600.0,
        step=100.0,
        needs_battery=True,
        rare=True,
        ref=f"{_REF}, 10092 in 10 W, medium confidence",
    ),
    Parameter(
        code="10012",
        control=Control.EXPORT_LIMIT_ENABLED,
        words=SWITCH,
        ref=f"{_REF}, 10012",
    ),
    Parameter(
        code="10013",
        control=Control.EXPORT_LIMIT,
        step=100.0,
        needs="10012",
        ref=f"{_REF}, 10013",
    ),
    Parameter(
        code="10014",
        control=Control.EXPORT_LIMIT_RATIO,
        scale=10.0,
        maximum=100.0,
        step=0.1,
        needs="10012",
        ref=f"{_REF}, 10014 in tenths",
    ),
    Parameter(
        code="10007",
        control=Control.ACTIVE_POWER_LIMIT_ENABLED,
        words=SWITCH,
        rare=True,
        ref=f"{_REF}, 10007",
    ),
    Parameter(
        code="10008",
        control=Control.ACTIVE_POWER_LIMIT,
        scale=10.0,
        maximum=100.0,
        step=0.1,
        needs="10007",
        rare=True,
        ref=f"{_REF}, 10008 in tenths",
    ),
)

BY_CODE: Final = {row.code: row for row in PARAMETERS}
BY_CONTROL: Final = {row.control: row for row in PARAMETERS}


def raw_value(raw: object, names: object, values: object) -> str | None:
    """Return a value as its number: firmwares may tell its name, from two parallel lists (sungrow.md §4.10)."""
    if (told := text(raw)) is None:
        value = number(raw)
        return None if value is None else f"{value:g}"
    known = (text(names) or "").split("|")
    codes = (text(values) or "").split("|")
    if told in known and len(known) == len(codes):
        return codes[known.index(told)]
    value = number(told)
    return told if value is None else f"{value:g}"
