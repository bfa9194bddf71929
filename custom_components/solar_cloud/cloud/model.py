"""The vocabulary shared by all vendors: units, quantities, plants, devices, readings.

Canonical units are fixed per quantity; a vendor's unit and sign are converted in its table, never later. Powers are positive when
they flow towards the house: grid import and battery discharge are positive, export and charge negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Final, Self, override


class Unit(Enum):
    """A unit as a vendor reports it: the canonical unit it belongs to, the factor that leads there, and how the vendor writes it."""

    WATT = ("W", 1.0, "W")
    KILOWATT = ("W", 1000.0, "kW")
    VAR = ("var", 1.0, "var")
    KILOVAR = ("var", 1000.0, "kvar")
    VOLT_AMPERE = ("VA", 1.0, "VA")
    KILOVOLT_AMPERE = ("VA", 1000.0, "kVA")
    WATT_HOUR = ("kWh", 0.001, "Wh")
    KILOWATT_HOUR = ("kWh", 1.0, "kWh")
    MEGAWATT_HOUR = ("kWh", 1000.0, "MWh")
    VOLT = ("V", 1.0, "V")
    MILLIVOLT = ("V", 0.001, "mV")
    AMPERE = ("A", 1.0, "A")
    HERTZ = ("Hz", 1.0, "Hz")
    CELSIUS = ("°C", 1.0, "°C")
    PERCENT = ("%", 1.0, "%")
    FRACTION = ("%", 100.0, "")
    RATIO = ("ratio", 1.0, "")
    COUNT = ("count", 1.0, "")
    SECOND = ("s", 1.0, "s")
    HOUR = ("s", 3600.0, "h")
    KILOGRAM = ("kg", 1.0, "kg")
    TONNE = ("kg", 1000.0, "t")
    MONEY = ("money", 1.0, "")
    WATT_PER_SQUARE_METRE = ("W/m²", 1.0, "W/m²")
    MEGAJOULE_PER_SQUARE_METRE = ("kWh/m²", 1 / 3.6, "MJ/m²")
    WATT_HOUR_PER_SQUARE_METRE = ("kWh/m²", 0.001, "Wh/m²")
    KILOWATT_HOUR_PER_SQUARE_METRE = ("kWh/m²", 1.0, "kWh/m²")
    METRE_PER_SECOND = ("m/s", 1.0, "m/s")
    HECTOPASCAL = ("hPa", 1.0, "hPa")
    MILLIMETRE = ("mm", 1.0, "mm")
    DEGREE = ("°", 1.0, "°")
    DECIBEL_MILLIWATT = ("dBm", 1.0, "dBm")
    KILOOHM = ("kΩ", 1.0, "kΩ")

    @property
    def canonical(self) -> str:
        """The unit the quantity is published in."""
        return self.value[0]

    @property
    def factor(self) -> float:
        """What a value in this unit is multiplied with."""
        return self.value[1]

    @property
    def symbol(self) -> str:
        """How the vendor's unit is written; empty for what has none."""
        return self.value[2]


class Quantity(StrEnum):
    """What can be measured, each with its canonical unit ('' for a state or a text).

    The value is a contract: it is the suffix of entity unique ids and the translation key. Members are added, never renamed.
    """

    unit: str
    is_counter: bool
    """Whether this is a lifetime energy counter, which may only grow."""
    is_energy: bool
    """Whether this is a counter of energy over a life, a day or a session: it outlives a silent device."""

    def __new__(cls, key: str, unit: str = "") -> Self:
        """Keep beside the key what is asked of it in every poll."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.unit = unit
        member.is_counter = key.endswith("_energy_total")
        member.is_energy = "_energy_" in key and key != "battery_energy_remaining"
        return member

    # Power
    PV_POWER = ("pv_power", "W")
    AC_POWER = ("ac_power", "W")
    GRID_POWER = ("grid_power", "W")
    GRID_IMPORT_POWER = ("grid_import_power", "W")
    GRID_EXPORT_POWER = ("grid_export_power", "W")
    SECOND_GRID_POWER = ("second_grid_power", "W")
    BATTERY_POWER = ("battery_power", "W")
    BATTERY_CHARGE_POWER = ("battery_charge_power", "W")
    BATTERY_DISCHARGE_POWER = ("battery_discharge_power", "W")
    BATTERY_MAX_CHARGE_POWER = ("battery_max_charge_power", "W")
    BATTERY_MAX_DISCHARGE_POWER = ("battery_max_discharge_power", "W")
    LOAD_POWER = ("load_power", "W")
    CHARGER_POWER = ("charger_power", "W")
    REACTIVE_POWER = ("reactive_power", "var")
    APPARENT_POWER = ("apparent_power", "VA")
    MPPT_POWER = ("mppt_power", "W")
    STRING_POWER = ("string_power", "W")
    PHASE_POWER = ("phase_power", "W")
    PHASE_REACTIVE_POWER = ("phase_reactive_power", "var")
    BACKUP_POWER = ("backup_power", "W")
    BACKUP_POWER_SUM = ("backup_power_sum", "W")
    BACKUP_APPARENT_POWER = ("backup_apparent_power", "VA")
    ACTIVE_POWER_IN_FORCE = ("active_power_in_force", "W")
    REACTIVE_POWER_IN_FORCE = ("reactive_power_in_force", "var")
    CHARGER_POWER_MAX = ("charger_power_max", "W")
    CHARGER_POWER_MIN = ("charger_power_min", "W")

    # Lifetime energy
    PV_ENERGY_TOTAL = ("pv_energy_total", "kWh")
    AC_ENERGY_TOTAL = ("ac_energy_total", "kWh")
    GRID_IMPORT_ENERGY_TOTAL = ("grid_import_energy_total", "kWh")
    GRID_EXPORT_ENERGY_TOTAL = ("grid_export_energy_total", "kWh")
    SECOND_GRID_IMPORT_ENERGY_TOTAL = ("second_grid_import_energy_total", "kWh")
    SECOND_GRID_EXPORT_ENERGY_TOTAL = ("second_grid_export_energy_total", "kWh")
    BATTERY_CHARGE_ENERGY_TOTAL = ("battery_charge_energy_total", "kWh")
    BATTERY_DISCHARGE_ENERGY_TOTAL = ("battery_discharge_energy_total", "kWh")
    LOAD_ENERGY_TOTAL = ("load_energy_total", "kWh")
    CHARGER_ENERGY_TOTAL = ("charger_energy_total", "kWh")
    MPPT_ENERGY_TOTAL = ("mppt_energy_total", "kWh")
    TARIFF_IMPORT_ENERGY_TOTAL = ("tariff_import_energy_total", "kWh")
    TARIFF_EXPORT_ENERGY_TOTAL = ("tariff_export_energy_total", "kWh")
    DIRECT_USE_ENERGY_TOTAL = ("direct_use_energy_total", "kWh")
    PV_EXPORT_ENERGY_TOTAL = ("pv_export_energy_total", "kWh")
    PV_CHARGE_ENERGY_TOTAL = ("pv_charge_energy_total", "kWh")

    # Energy today
    PV_ENERGY_TODAY = ("pv_energy_today", "kWh")
    AC_ENERGY_TODAY = ("ac_energy_today", "kWh")
    GRID_IMPORT_ENERGY_TODAY = ("grid_import_energy_today", "kWh")
    GRID_EXPORT_ENERGY_TODAY = ("grid_export_energy_today", "kWh")
    SECOND_GRID_IMPORT_ENERGY_TODAY = ("second_grid_import_energy_today", "kWh")
    SECOND_GRID_EXPORT_ENERGY_TODAY = ("second_grid_export_energy_today", "kWh")
    BATTERY_CHARGE_ENERGY_TODAY = ("battery_charge_energy_today", "kWh")
    BATTERY_DISCHARGE_ENERGY_TODAY = ("battery_discharge_energy_today", "kWh")
    LOAD_ENERGY_TODAY = ("load_energy_today", "kWh")
    SELF_CONSUMED_ENERGY_TODAY = ("self_consumed_energy_today", "kWh")
    SELF_SUPPLIED_ENERGY_TODAY = ("self_supplied_energy_today", "kWh")
    DIRECT_USE_ENERGY_TODAY = ("direct_use_energy_today", "kWh")
    PV_EXPORT_ENERGY_TODAY = ("pv_export_energy_today", "kWh")
    PV_CHARGE_ENERGY_TODAY = ("pv_charge_energy_today", "kWh")
    MPPT_ENERGY_TODAY = ("mppt_energy_today", "kWh")
    CHARGER_ENERGY_SESSION = ("charger_energy_session", "kWh")
    CHARGER_SESSION_DURATION = ("charger_session_duration", "s")

    # Battery
    BATTERY_SOC = ("battery_soc", "%")
    BATTERY_SOH = ("battery_soh", "%")
    BATTERY_VOLTAGE = ("battery_voltage", "V")
    BATTERY_CURRENT = ("battery_current", "A")
    BATTERY_TEMPERATURE = ("battery_temperature", "°C")
    BATTERY_ENERGY_REMAINING = ("battery_energy_remaining", "kWh")
    BATTERY_CAPACITY = ("battery_capacity", "kWh")
    BATTERY_USABLE_CAPACITY = ("battery_usable_capacity", "kWh")
    BATTERY_ROUND_TRIP_EFFICIENCY = ("battery_round_trip_efficiency", "%")
    BATTERY_CYCLES = ("battery_cycles", "count")
    BATTERY_CHARGE_CURRENT_MAX = ("battery_charge_current_max", "A")
    BATTERY_DISCHARGE_CURRENT_MAX = ("battery_discharge_current_max", "A")
    CELL_VOLTAGE_MAX = ("cell_voltage_max", "V")
    CELL_VOLTAGE_MIN = ("cell_voltage_min", "V")
    CELL_TEMPERATURE_MAX = ("cell_temperature_max", "°C")
    CELL_TEMPERATURE_MIN = ("cell_temperature_min", "°C")
    CELL_VOLTAGE_SPREAD = ("cell_voltage_spread", "V")
    CELL_TEMPERATURE_SPREAD = ("cell_temperature_spread", "K")
    MODULE_CELL_VOLTAGE_MAX = ("module_cell_voltage_max", "V")
    MODULE_CELL_VOLTAGE_MIN = ("module_cell_voltage_min", "V")
    BATTERY_CONTACTOR = ("battery_contactor", "count")
    FAULTY_MODULE = ("faulty_module", "count")
    BATTERY_PACKS = ("battery_packs", "count")
    PACK_SOC = ("pack_soc", "%")
    PACK_SOH = ("pack_soh", "%")
    BATTERY_CHARGE_TIME_TOTAL = ("battery_charge_time_total", "s")
    BATTERY_DISCHARGE_TIME_TOTAL = ("battery_discharge_time_total", "s")
    BATTERY_CHARGE_TIME_TODAY = ("battery_charge_time_today", "s")
    BATTERY_DISCHARGE_TIME_TODAY = ("battery_discharge_time_today", "s")

    # Electrical
    PHASE_VOLTAGE = ("phase_voltage", "V")
    PHASE_CURRENT = ("phase_current", "A")
    LINE_VOLTAGE = ("line_voltage", "V")
    STRING_VOLTAGE = ("string_voltage", "V")
    STRING_CURRENT = ("string_current", "A")
    MPPT_VOLTAGE = ("mppt_voltage", "V")
    MPPT_CURRENT = ("mppt_current", "A")
    BACKUP_VOLTAGE = ("backup_voltage", "V")
    BACKUP_CURRENT = ("backup_current", "A")
    METER_PHASE_VOLTAGE = ("meter_phase_voltage", "V")
    CHARGER_CURRENT_MAX = ("charger_current_max", "A")
    CHARGER_CURRENT_MIN = ("charger_current_min", "A")
    PILOT_VOLTAGE = ("pilot_voltage", "V")
    GRID_FREQUENCY = ("grid_frequency", "Hz")
    POWER_FACTOR = ("power_factor", "ratio")
    EFFICIENCY = ("efficiency", "%")
    BACKUP_FREQUENCY = ("backup_frequency", "Hz")
    BUS_VOLTAGE = ("bus_voltage", "V")
    INSULATION_RESISTANCE = ("insulation_resistance", "kΩ")

    # Device
    TEMPERATURE = ("temperature", "°C")
    POWER_MODULE_TEMPERATURE = ("power_module_temperature", "°C")
    OPERATING_TIME_TOTAL = ("operating_time_total", "s")
    GRID_TIME_TOTAL = ("grid_time_total", "s")
    ARC_FAULT_COUNT = ("arc_fault_count", "count")
    OPTIMIZER_COUNT = ("optimizer_count", "count")
    OPERATING_STATE = ("operating_state",)
    WORK_MODE = ("work_mode",)
    LAST_REPORT = ("last_report",)
    FAULT_CODE = ("fault_code",)
    ONLINE = ("online",)
    PROBLEM = ("problem",)
    VEHICLE_CONNECTED = ("vehicle_connected",)
    CLOUD_CONNECTION = ("cloud_connection",)
    SIGNAL_STRENGTH = ("signal_strength", "dBm")

    # Weather
    IRRADIANCE = ("irradiance", "W/m²")
    PLANE_IRRADIANCE = ("plane_irradiance", "W/m²")
    IRRADIATION_TODAY = ("irradiation_today", "kWh/m²")
    IRRADIATION_TOTAL = ("irradiation_total", "kWh/m²")
    AMBIENT_TEMPERATURE = ("ambient_temperature", "°C")
    MODULE_TEMPERATURE = ("module_temperature", "°C")
    HUMIDITY = ("humidity", "%")
    WIND_SPEED = ("wind_speed", "m/s")
    WIND_DIRECTION = ("wind_direction", "°")
    AIR_PRESSURE = ("air_pressure", "hPa")
    RAINFALL = ("rainfall", "mm")

    # Plant
    PLANT_STATE = ("plant_state",)
    SELF_CONSUMPTION_RATE = ("self_consumption_rate", "%")
    SELF_SUFFICIENCY_RATE = ("self_sufficiency_rate", "%")
    EQUIVALENT_HOURS_TODAY = ("equivalent_hours_today", "s")
    SPECIFIC_YIELD = ("specific_yield", "kWh/kWp")
    TIME_TO_FULL = ("time_to_full", "s")
    TIME_TO_EMPTY = ("time_to_empty", "s")
    UNDERPERFORMING = ("underperforming",)
    INCOME_TODAY = ("income_today", "money")
    INCOME_TOTAL = ("income_total", "money")
    CO2_SAVED_TODAY = ("co2_saved_today", "kg")
    CO2_SAVED_TOTAL = ("co2_saved_total", "kg")
    INSTALLED_POWER = ("installed_power", "W")
    ACTIVE_ALARMS = ("active_alarms", "count")
    ALARM_LEVEL = ("alarm_level",)
    API_CALLS_TODAY = ("api_calls_today", "count")
    API_CALLS_LEFT = ("api_calls_left", "count")
    DATA_AGE = ("data_age", "s")
    REJECTED_VALUES = ("rejected_values", "count")

    @property
    def lifetime(self) -> Quantity | None:
        """The quantity over a life that one of today adds to, if there is one."""
        stem = self.value.removesuffix("_today")
        return None if stem == self.value else _QUANTITIES.get(f"{stem}_total")


class Slot:
    """One quantity in one place: string 3, phase 2; index 0 is the whole device.

    There is one object for each, so that the mappings of a poll find it by its identity: they ask millions of times a day.
    """

    __slots__ = ("bounds", "index", "key", "quantity")

    quantity: Quantity
    index: int
    key: str
    """The suffix of the entity's unique id."""
    bounds: tuple[float, float] | None
    """Between what its values lie; ``None`` for states and texts."""

    def __new__(cls, quantity: Quantity, index: int = 0) -> Slot:  # noqa: PYI034 - there is one for each
        """Return the one that stands for a place."""
        if (known := _SLOTS.get((quantity, index))) is not None:
            return known
        new = super().__new__(cls)
        new.quantity, new.index = quantity, index
        new.key = f"{quantity}_{index}" if index else str(quantity)
        new.bounds = RANGES[quantity.unit] if quantity.unit else None
        return _SLOTS.setdefault((quantity, index), new)

    def __lt__(self, other: Slot) -> bool:
        """Sort by quantity, then by index."""
        return (self.quantity, self.index) < (other.quantity, other.index)

    @override
    def __repr__(self) -> str:
        """Show the place."""
        return f"Slot({self.key})"

    @override
    def __reduce__(self) -> tuple[type[Slot], tuple[Quantity, int]]:
        """Let a copy be the same."""
        return Slot, (self.quantity, self.index)

    @classmethod
    def of_key(cls, key: str) -> Slot | None:
        """Find a slot by its key; ``None`` for one this version does not know."""
        if (quantity := _QUANTITIES.get(key)) is not None:
            return cls(quantity)
        name, _, index = key.rpartition("_")
        if name in _QUANTITIES and index.isdecimal() and len(index) <= 3:
            return cls(_QUANTITIES[name], int(index))
        return None


_QUANTITIES: Final = {str(quantity): quantity for quantity in Quantity}
_SLOTS: Final[dict[tuple[Quantity, int], Slot]] = {}


class DeviceKind(StrEnum):
    """What a device is, whatever its vendor calls it."""

    PLANT = "plant"
    INVERTER = "inverter"
    BATTERY = "battery"
    METER = "meter"
    CHARGER = "charger"
    ENERGY_MANAGER = "energy_manager"
    GATEWAY = "gateway"
    OPTIMIZER = "optimizer"
    WEATHER_STATION = "weather_station"
    OTHER = "other"


RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "W": (-1e9, 1e9),
    "var": (-1e9, 1e9),
    "VA": (0, 1e9),
    "kWh": (0, 1e9),
    "V": (0, 1e5),
    "A": (-1e5, 1e5),
    "Hz": (0, 1000),
    "°C": (-90, 250),
    "K": (0, 250),
    "%": (0, 100),
    "ratio": (-1, 1),
    "count": (0, 1e9),
    "s": (0, 1e9),
    "kg": (0, 1e12),
    "money": (-1e12, 1e12),
    "W/m²": (0, 2000),
    "kWh/m²": (0, 1e6),
    "m/s": (0, 150),
    "hPa": (300, 1200),
    "mm": (0, 1e5),
    "°": (0, 360),
    "dBm": (-150, 20),
    "kΩ": (0, 1e6),
    "kWh/kWp": (0, 24),
}
"""What a canonical value can be at all; anything outside is a fault of the transmission and is not published."""

LONGEST_WORD: Final = 40
"""Characters of a state or of a code; whatever is longer is a text that went astray."""


def in_range(value: float | None, unit: str) -> bool:
    """Whether a canonical value can be at all; what is not finite cannot."""
    lowest, highest = RANGES[unit]
    return value is not None and lowest <= value <= highest


def _rating(value: float | None, unit: str) -> float | None:
    """Return a rating that is in range, else ``None``."""
    return value if value is not None and value > 0 and in_range(value, unit) else None


def _sound(slot: Slot, value: Value) -> bool:
    """Whether a value of a reading may be published."""
    if isinstance(value, str):
        return len(value) <= LONGEST_WORD
    if (bounds := slot.bounds) is None:
        return True
    return value is not None and bounds[0] <= value <= bounds[1]


def _all_sound(values: Mapping[Slot, Value]) -> bool:
    """Whether all values of a reading may be published; most are numbers in their range."""
    for slot, value in values.items():
        if isinstance(value, float) and (bounds := slot.bounds) is not None:
            if not bounds[0] <= value <= bounds[1]:
                return False
        elif not _sound(slot, value):
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One site of an account. ``address`` holds the vendor's own keys to it; nothing here is printed by ``repr``."""

    id: str = field(repr=False)
    name: str = field(repr=False)
    time_zone: str | None = None
    pv_capacity: float | None = None
    """Installed PV peak power in W."""
    currency: str | None = None
    address: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Drop a capacity out of range."""
        object.__setattr__(self, "pv_capacity", _rating(self.pv_capacity, "W"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One piece of hardware. ``id`` is the vendor's stable identity, never a position in a list."""

    id: str = field(repr=False)
    plant_id: str = field(repr=False)
    kind: DeviceKind
    model: str | None = None
    serial: str | None = field(default=None, repr=False)
    firmware: str | None = None
    parent_id: str | None = field(default=None, repr=False)
    """The device it hangs on; ``None`` puts it directly below the plant."""
    rated_power: float | None = None
    """W; bounds what a counter can gain."""
    capacity: float | None = None
    """kWh of a battery."""
    phases: int | None = None
    correctable: bool = False
    """Whether the user may correct how its values are read, see ``corrections``."""
    reports: bool = True
    """Whether it has values of its own; a gateway or an optimizer may have none, and is not offline for that."""
    address: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Drop ratings out of range."""
        object.__setattr__(self, "rated_power", _rating(self.rated_power, "W"))
        object.__setattr__(self, "capacity", _rating(self.capacity, "kWh"))


LISTS_UNTIL_GONE: Final = 3
"""Complete lists in a row without something before it counts as gone: they are short after a login and in trouble."""


@dataclass(slots=True)
class Listed:
    """Something that lists name, until they have left it out often enough."""

    missed: int = field(default=0, kw_only=True)

    def miss(self) -> bool:
        """Count a complete list without it; whether it is gone now."""
        self.missed += 1
        return self.missed >= LISTS_UNTIL_GONE


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an account can see. ``complete`` is false when any list could not be read to its end: then nothing is ever removed.

    ``resume_after`` is the wait in seconds after which the vendor's limits let the rest of the lists be fetched.
    """

    plants: Mapping[str, Plant]
    devices: Mapping[str, Device]
    complete: bool = True
    resume_after: float | None = field(default=None, compare=False)
    _members: dict[str, list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The devices of each plant, as soon as somebody has asked."""

    def lacks(self, other: Inventory) -> bool:
        """Whether a plant or device of another inventory is not in this one."""
        return not (
            other.plants.keys() <= self.plants.keys()
            and other.devices.keys() <= self.devices.keys()
        )

    def members(self, plant_id: str) -> list[str]:
        """Return the ids of what belongs to one plant."""
        if not self._members:
            for key, each in self.devices.items():
                self._members.setdefault(each.plant_id, []).append(key)
        return self._members.get(plant_id, [])

    def devices_of(self, plant_id: str) -> list[Device]:
        """Return what belongs to one plant."""
        return [self.devices[key] for key in self.members(plant_id)]

    def of(self, plant_id: str) -> Inventory:
        """Return one plant with what belongs to it; that takes as long however much else there is."""
        devices = {key: self.devices[key] for key in self.members(plant_id)}
        return replace(self, plants={plant_id: self.plants[plant_id]}, devices=devices)

    def without(self, devices: frozenset[str]) -> Inventory:
        """Leave out the named devices."""
        if not devices:
            return self
        left = {key: each for key, each in self.devices.items() if key not in devices}
        return replace(self, devices=left)

    def only(self, plants: frozenset[str]) -> Inventory:
        """Keep the named plants and what belongs to them."""
        return Inventory(
            {key: plant for key, plant in self.plants.items() if key in plants},
            {
                key: device
                for key, device in self.devices.items()
                if device.plant_id in plants
            },
            self.complete,
            self.resume_after,
        )


type Value = float | str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one plant or device said.

    ``measured_at`` is the device's own time in UTC, ``None`` when the vendor gives none. ``unknown`` keeps the raw code of a state that
    no table lists, so that a user can report it.
    """

    measured_at: datetime | None
    values: Mapping[Slot, Value]
    unknown: Mapping[Slot, str] = field(default_factory=dict)
    heard_at: datetime | None = field(default=None, compare=False)
    """When the vendor's answer came, for clients that show an answer again; ``None`` is now."""
    cycle: int | None = field(default=None, compare=False)
    """Which round of calls it is from, for clients that read a plant's devices minutes apart."""
    slow: frozenset[Slot] = field(default_factory=frozenset, compare=False)
    """What the vendor makes seldom, and shows between as if it were new."""
    again: bool = field(default=False, compare=False)
    """Whether its energies are no news: it is asked seldom, and others are followed in its place."""
    raw: Mapping[str, float] = field(default_factory=dict)
    """What a user picked, by the vendor's id and in its unit, as it was told."""

    def __post_init__(self) -> None:
        """Leave out what cannot be, whichever way it came: nothing else is ever published."""
        if not _all_sound(self.values):
            sound = {
                slot: value
                for slot, value in self.values.items()
                if _sound(slot, value)
            }
            object.__setattr__(self, "values", sound)
        if self.unknown and max(map(len, self.unknown.values())) > LONGEST_WORD:
            short = {
                slot: code
                for slot, code in self.unknown.items()
                if len(code) <= LONGEST_WORD
            }
            object.__setattr__(self, "unknown", short)

    def with_values(self, values: Mapping[Slot, Value]) -> Reading:
        """Return the same with other values; ``replace`` takes four times as long."""
        new = object.__new__(Reading)
        for name in _FIELDS:
            object.__setattr__(new, name, getattr(self, name))
        object.__setattr__(new, "values", values)
        new.__post_init__()
        return new


_FIELDS: Final = tuple(each.name for each in fields(Reading))


class AlarmLevel(StrEnum):
    """How bad an alarm is, the worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"
    NOTICE = "notice"


RANKS: Final = {level: rank for rank, level in enumerate(AlarmLevel)}
"""The worst first; an unknown level may be as bad as any but the worst."""
UNRATED: Final = RANKS[AlarmLevel.MAJOR]


class AlarmType(StrEnum):
    """What sort of thing an alarm is, where its vendor tells."""

    FAULT = "fault"
    WARNING = "warning"
    EXCEPTION = "exception"
    PROTECTION = "protection"
    TRANSPOSITION = "transposition"
    NOTICE = "notice"
    SUGGESTION = "suggestion"
    INFORMATION = "information"
    OTHER = "other"


LONGEST_NAME: Final = 120
LONGEST_TEXT: Final = 600
"""Characters of a cause or an advice; longer ones would fill a screen, and the recorder."""


def printable(words: str, most: int = LONGEST_NAME) -> str:
    """Return a vendor's words in one line of bounded length, without what no screen shows or what turns its order around."""
    shown = (each if each.isprintable() else " " for each in words[: 4 * most])
    return " ".join("".join(shown).split())[:most]


def _lines(words: str) -> str:
    """Return a vendor's text line by line, as it numbers its steps."""
    lines = (printable(line, LONGEST_TEXT) for line in words[:4096].splitlines())
    return "\n".join(filter(None, lines))[:LONGEST_TEXT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm, from when it was raised until it is over. Times in epoch seconds."""

    id: str = field(repr=False)
    """The same as long as the alarm goes on, whatever its texts and its place in a list."""
    name: str
    code: str | None = None
    """The vendor's number for what is wrong."""
    device_code: str | None = None
    """What the device itself shows, where that is another number."""
    level: AlarmLevel | None = None
    vendor_level: str | None = None
    """As the vendor numbers it."""
    type: AlarmType | None = None
    cause: str | None = None
    advice: str | None = None
    raised: float | None = None
    cleared: float | None = None
    device_id: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Keep the vendor's words to what can be shown."""
        object.__setattr__(self, "name", printable(self.name) or self.code or "?")
        for key in ("code", "device_code", "vendor_level"):
            if (word := getattr(self, key)) is not None:
                object.__setattr__(self, key, printable(word) or None)
        for key in ("cause", "advice"):
            if (text := getattr(self, key)) is not None:
                object.__setattr__(self, key, _lines(text) or None)

    @property
    def rank(self) -> int:
        """How bad it is; the worst is 0."""
        return UNRATED if self.level is None else RANKS[self.level]

    @property
    def raised_at(self) -> datetime | None:
        """When it was raised, in UTC."""
        return None if self.raised is None else datetime.fromtimestamp(self.raised, UTC)

    @property
    def cleared_at(self) -> datetime | None:
        """When it was over, in UTC."""
        return (
            None if self.cleared is None else datetime.fromtimestamp(self.cleared, UTC)
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should be told until it is over: a key of ``issues`` in the translations and what fills it in."""

    key: str
    placeholders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One poll: readings by plant or device id, why others are missing, and whose values are too old to be called live.

    ``resume_after`` is the wait in seconds after which the vendor's limits let the rest of the picture be fetched; ``None`` when it is whole.
    """

    readings: Mapping[str, Reading]
    silent: Mapping[str, str] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    alarms: Mapping[str, tuple[Alarm, ...]] = field(default_factory=dict)
    notices: frozenset[Notice] = frozenset()
    resume_after: float | None = field(default=None, compare=False)
    answered: bool = field(default=True, compare=False)
    """Whether the cloud answered anything: a poll in which no call was due, or could be made, tells nothing of it."""

    def only(self, inventory: Inventory) -> Snapshot:
        """Leave out the readings of other plants and devices."""
        known = inventory.plants.keys() | inventory.devices.keys()
        readings = {key: each for key, each in self.readings.items() if key in known}
        return replace(self, readings=readings)
