"""What can be set, and the two forms of each setting: how it is read and how it is written (sungrow.md §9, §9.3).

A device reads a setting back in the unit its row names (``"100"`` %, ``"10.6"`` kW) and is written whole multiples of the row's precision
(1000 tenths, 1060 times 10 W). Here a value is canonical (%, W, a word, a bool); ``Register.read`` and ``Register.write`` are the only ways
in and out, and what is written has a type of its own.

Grid protection, reactive power and start or stop are left out on purpose: they are the installer's. A charger has no parameters at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import math
from typing import Final, NewType

from ...control import Control, SettingValue
from ...points import number, text
from ...storage import Json

Wire = NewType("Wire", int)
"""A setting as it goes over the wire."""

MODE: Final = "10003"
COMMAND: Final = "10004"
POWER: Final = "10005"
EXPORT: Final = "10012"
EXPORT_POWER: Final = "10013"
EXPORT_RATIO: Final = "10014"
MAX_SOC: Final = "10001"
MIN_SOC: Final = "10002"
MOST_CHARGE: Final = "10091"
MOST_DISCHARGE: Final = "10092"
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
ALL_DAYS: Final = "every_day"
WEEKDAYS: Final = "weekdays"

SWITCH: Final[Mapping[int, SettingValue]] = {170: True, 85: False}
LOGGER_SWITCH: Final[Mapping[int, SettingValue]] = {1: True, 0: False}
"""How loggers write the same switch."""
NAMES: Final = {"enable": True, "disable": False}
"""Names of a switch that come without their numbers [seen]."""

TENTH: Final = 0.1
QUANTA: Final = (1.0, 10.0)
"""W a step of 10005 and 10013 may be: 1 by the document, 10 by live metadata. Which it is, is learnt device by device (sungrow.md §9.3)."""
UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "%": {"%": 1.0},
    "W": {"w": 1.0, "kw": 1000.0},
}
"""What a unit is in the canonical one. A number in another one, or without any, is no value: as a guess it could be ten times too much."""
TOLERANCES: Final[Mapping[str, float]] = {"%": 0.05, "W": 9.5}
"""How far a value read back may be off and still be the same: less than the step of 10 W that kW are shown in, half a step of a percentage."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A setting as the device tells it."""

    value: str
    unit: str = ""
    precision: float | None = None
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """What the names stand for."""

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> ReadBack | None:
        """Take it from a row of a task (sungrow.md §4.10); ``None`` when it says nothing."""
        value = text(row.get("return_value"))
        if value is None:
            if (told := number(row.get("return_value"))) is None:
                return None
            value = f"{told:g}"
        return cls(
            value,
            (text(row.get("unit")) or "").casefold(),
            number(row.get("set_precision")),
            tuple((text(row.get("set_val_name")) or "").split("|")),
            tuple((text(row.get("set_val_name_val")) or "").split("|")),
        )

    @property
    def number(self) -> float | None:
        """The number told, or the one its name stands for."""
        if self.value in self.names and len(self.names) == len(self.numbers):
            return number(self.numbers[self.names.index(self.value)])
        return number(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A number that a device keeps under a code."""

    code: str
    ref: str
    unit: str = ""
    """``%``, ``W``, or none for hours, minutes, seconds and options."""
    quantum: float | None = 1.0
    """What one more on the wire is in that unit; ``None`` where each device has to show it first.

    A row with a unit always states it: 95 % in tenths is 950, and 95 would be taken for 9.5 %.
    """
    options: Mapping[int, SettingValue] = field(default_factory=dict)
    """Values by their number, for everything that is no number."""

    def read(self, told: ReadBack) -> SettingValue | None:
        """Return a value in canonical units; ``None`` when it, its unit or its precision is not understood."""
        value = told.number
        if self.options:
            if isinstance(next(iter(self.options.values())), bool):
                return _switch(told.value, value)
            return None if value is None else self.options.get(round(value))
        if value is None or not self.unit:
            return value
        factor = UNITS[self.unit].get(told.unit)
        if factor is None or not self._fits(told.precision, factor):
            return None
        return round(value * factor, 3)

    def _fits(self, precision: float | None, factor: float) -> bool:
        """Whether the row's own precision is what a step on the wire is taken for."""
        if precision is None or self.quantum is None:
            return True
        return math.isclose(precision * factor, self.quantum, rel_tol=1e-6)

    def write(self, value: SettingValue, quantum: float) -> Wire:
        """Return what a value is on the wire, where a step is ``quantum``."""
        if self.options:
            return Wire(
                next(code for code, each in self.options.items() if each == value)
            )
        return Wire(round(float(value) / quantum))

    def same(self, one: SettingValue | None, other: SettingValue | None) -> bool:
        """Whether two values are one, as far as the device can tell them apart."""
        if isinstance(one, bool | str | None) or isinstance(other, bool | str | None):
            return one == other
        return abs(one - other) <= TOLERANCES.get(self.unit, 0.5)


def _switch(name: str, value: float | None) -> bool | None:
    """Read a switch in whatever way it is told."""
    if value is None:
        return NAMES.get(name.casefold())
    known = SWITCH.get(round(value), LOGGER_SWITCH.get(round(value)))
    return known if isinstance(known, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Register):
    """One row: a register that is a control."""

    control: Control
    minimum: float = 0.0
    maximum: float | None = None
    """For %, the limit: without one the control is never offered (``no_rating``). For W, what is taken where the rating is not known; ``None``
    leaves that to the most the device was seen set to (``highest`` in ``state.py``)."""
    step: float = 1.0
    needs_battery: bool = False
    needs: str | None = None
    """The code of a switch without which it does nothing."""

    def plausible(self, value: SettingValue, most: float) -> bool:
        """Whether a number read fits the scale that is assumed: with another one nothing may be written (sungrow.md §14 #7)."""
        if isinstance(value, bool | str):
            return False
        return 0.5 * self.minimum <= value <= 1.5 * most


_REF: Final = "sungrow.md §9"

PARAMETERS: Final = (
    Parameter(
        code=MODE,
        control=Control.WORK_MODE,
        options={0: SELF_CONSUMPTION, 2: FORCED, 3: EXTERNAL, 4: VIRTUAL_PLANT},
        needs_battery=True,
        ref=f"{_REF}, 10003; 4 is shown and never set",
    ),
    Parameter(
        code=COMMAND,
        control=Control.BATTERY_COMMAND,
        options={170: CHARGE, 187: DISCHARGE, 204: STOP},
        needs_battery=True,
        ref=f"{_REF}, 10004: acts only while 10003 is 2",
    ),
    Parameter(
        code=POWER,
        control=Control.BATTERY_COMMAND_POWER,
        unit="W",
        quantum=None,
        step=100.0,
        needs_battery=True,
        ref=f"{_REF} and §9.3, 10005",
    ),
    Parameter(
        code=MAX_SOC,
        control=Control.BATTERY_MAX_SOC,
        unit="%",
        quantum=TENTH,
        minimum=70.0,
        maximum=100.0,
        needs_battery=True,
        ref=f"{_REF}, 10001 in tenths",
    ),
    Parameter(
        code=MIN_SOC,
        control=Control.BATTERY_MIN_SOC,
        unit="%",
        quantum=TENTH,
        maximum=50.0,
        needs_battery=True,
        ref=f"{_REF}, 10002 in tenths",
    ),
    Parameter(
        code="10024",
        control=Control.BATTERY_FIRST,
        options=SWITCH,
        needs_battery=True,
        ref=f"{_REF}, 10024",
    ),
    Parameter(
        code=FORCED_CHARGING,
        control=Control.FORCED_CHARGING,
        options=SWITCH,
        needs_battery=True,
        ref=f"{_REF}, 10065",
    ),
    Parameter(
        code=FORCED_DAYS,
        control=Control.FORCED_CHARGING_DAYS,
        options={0: WEEKDAYS, 1: ALL_DAYS},
        needs_battery=True,
        ref=f"{_REF}, 10066",
    ),
    *(
        Parameter(
            code=code,
            control=control,
            unit="W",
            quantum=10.0,
            minimum=100.0,
            maximum=10_600.0,
            step=100.0,
            needs_battery=True,
            ref=f"{_REF}, {code} in 10 W [seen]",
        )
        for code, control in (
            (MOST_CHARGE, Control.BATTERY_CHARGE_POWER_LIMIT),
            (MOST_DISCHARGE, Control.BATTERY_DISCHARGE_POWER_LIMIT),
        )
    ),
    Parameter(
        code=EXPORT,
        control=Control.EXPORT_LIMIT_ENABLED,
        options=SWITCH,
        ref=f"{_REF}, 10012: an inverter ignores 1 and 0 silently [seen]",
    ),
    Parameter(
        code=EXPORT_POWER,
        control=Control.EXPORT_LIMIT,
        unit="W",
        quantum=None,
        step=100.0,
        needs=EXPORT,
        ref=f"{_REF} and §9.3, 10013",
    ),
    Parameter(
        code=EXPORT_RATIO,
        control=Control.EXPORT_LIMIT_RATIO,
        unit="%",
        quantum=TENTH,
        maximum=100.0,
        step=0.1,
        needs=EXPORT,
        ref=f"{_REF}, 10014 in tenths",
    ),
    Parameter(
        code="10007",
        control=Control.ACTIVE_POWER_LIMIT_ENABLED,
        options=SWITCH,
        ref=f"{_REF}, 10007",
    ),
    Parameter(
        code="10008",
        control=Control.ACTIVE_POWER_LIMIT,
        unit="%",
        quantum=TENTH,
        maximum=100.0,
        step=0.1,
        needs="10007",
        ref=f"{_REF}, 10008 in tenths",
    ),
)

BY_CONTROL: Final = {row.control: row for row in PARAMETERS}
CONTROLS: Final = {row.code: row.control for row in PARAMETERS}
LOGGER_PARAMETERS: Final = (
    replace(
        BY_CONTROL[Control.EXPORT_LIMIT_ENABLED],
        options=LOGGER_SWITCH,
        ref=f"{_REF}, 10012: loggers take 1 and 0",
    ),
    BY_CONTROL[Control.EXPORT_LIMIT_RATIO],
)
"""What a logger is told for all of its inverters (sungrow.md §9)."""
HIDDEN: Final = (
    Register(code=HEARTBEAT, ref=f"{_REF}.2, 10017 in seconds"),
    *(
        Register(code=code, ref=f"{_REF}, windows: hours, minutes, whole percent")
        for window in WINDOWS
        for code in window
    ),
)
"""What belongs to other settings and is no control of its own."""
INVERTER: Final[Mapping[str, Register]] = {
    row.code: row for row in (*PARAMETERS, *HIDDEN)
}
LOGGER: Final[Mapping[str, Register]] = {row.code: row for row in LOGGER_PARAMETERS}
