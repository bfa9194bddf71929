"""Which table reads which device type, what such a device is, and how often it is worth a call (sungrow.md §5.2, §7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..model import DeviceKind, Quantity as Q, Unit
from ..points import Point, Table
from .inverter_points import (
    HYBRID_INVERTER,
    MICRO_INVERTER,
    OPTIMIZER,
    OTHER,
    PV_INVERTER,
    numbered,
    point,
)
from .states import BATTERY_STATES, CHARGER_STATES

PLANT_REF: Final = "sungrow.md §5.4"
HARDWARE: Final = "sungrow.md §5.7"


def _choice(
    point_ids: tuple[int, ...], quantity: Q, unit: Unit, sign: int = 1
) -> tuple[Point, ...]:
    """Give the points a plant may report one quantity by, the best one first."""
    return tuple(
        point(point_id, quantity, unit, PLANT_REF, sign) for point_id in point_ids
    )


PLANT: Final = (
    *_choice((83067, 83329), Q.PV_POWER, Unit.WATT),
    *_choice((83033,), Q.AC_POWER, Unit.WATT),
    *_choice((83106, 83052, 83330), Q.LOAD_POWER, Unit.WATT),
    *_choice((83549, 83328), Q.GRID_POWER, Unit.WATT),
    *_choice((83238, 83326), Q.BATTERY_POWER, Unit.WATT, sign=-1),
    *_choice((83022, 83331), Q.PV_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83024, 83332), Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83118,), Q.LOAD_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83124,), Q.LOAD_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83102,), Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83105,), Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83072,), Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83075,), Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83119,), Q.PV_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83097,), Q.DIRECT_USE_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83100,), Q.DIRECT_USE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83243, 83322), Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83241, 83324), Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83244, 83323), Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83242, 83325), Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83252, 83129, 83232), Q.BATTERY_SOC, Unit.FRACTION),
    point(83334, Q.BATTERY_SOC, Unit.PERCENT, "sungrow.md §5.3, seen 52"),
    point(83327, Q.BATTERY_ENERGY_REMAINING, Unit.WATT_HOUR, PLANT_REF),
    point(83025, Q.EQUIVALENT_HOURS_TODAY, Unit.HOUR, PLANT_REF),
    point(83012, Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE, PLANT_REF),
    point(83013, Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE, PLANT_REF),
    point(83016, Q.AMBIENT_TEMPERATURE, Unit.CELSIUS, PLANT_REF),
    point(83017, Q.MODULE_TEMPERATURE, Unit.CELSIUS, PLANT_REF),
)
"""Type 11. Storage power counts charging as positive, grid power import (both with low confidence)."""

BATTERY: Final = (
    point(58604, Q.BATTERY_SOC, Unit.FRACTION, "sungrow.md §5.3, seen 0.812"),
    point(58605, Q.BATTERY_SOH, Unit.FRACTION, "sungrow.md §5.3, seen 0.99"),
    point(58601, Q.BATTERY_VOLTAGE, Unit.VOLT, HARDWARE),
    point(58602, Q.BATTERY_CURRENT, Unit.AMPERE, HARDWARE),
    point(58603, Q.BATTERY_TEMPERATURE, Unit.CELSIUS, HARDWARE),
    point(58606, Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, HARDWARE),
    point(58607, Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, HARDWARE),
    Point(
        field="p58608", quantity=Q.OPERATING_STATE, codes=BATTERY_STATES, ref=HARDWARE
    ),
    point(58610, Q.CELL_VOLTAGE_MAX, Unit.MILLIVOLT, HARDWARE),
    point(58612, Q.CELL_VOLTAGE_MIN, Unit.MILLIVOLT, HARDWARE),
    point(58614, Q.CELL_TEMPERATURE_MAX, Unit.CELSIUS, HARDWARE),
    point(58616, Q.CELL_TEMPERATURE_MIN, Unit.CELSIUS, HARDWARE),
)
"""Type 43."""

METER: Final = (
    point(
        8018, Q.GRID_POWER, Unit.WATT, f"{HARDWARE}, sign as on a grid meter: a guess"
    ),
    point(8030, Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR, HARDWARE),
    point(8031, Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, HARDWARE),
    point(8062, Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR, HARDWARE),
    point(8063, Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR, HARDWARE),
    *numbered((8000, 8001, 8002), Q.PHASE_VOLTAGE, Unit.VOLT, HARDWARE),
    *numbered((8006, 8007, 8008), Q.PHASE_CURRENT, Unit.AMPERE, HARDWARE),
    *numbered((8076, 8077, 8078), Q.PHASE_POWER, Unit.WATT, HARDWARE),
    *numbered((8003, 8004, 8005), Q.LINE_VOLTAGE, Unit.VOLT, HARDWARE),
    point(8064, Q.GRID_FREQUENCY, Unit.HERTZ, HARDWARE),
    point(8014, Q.POWER_FACTOR, Unit.RATIO, HARDWARE),
    point(8022, Q.REACTIVE_POWER, Unit.VAR, HARDWARE),
    point(8026, Q.APPARENT_POWER, Unit.VOLT_AMPERE, HARDWARE),
)
"""Type 7."""

CHARGER: Final = (
    point(33708, Q.CHARGER_POWER, Unit.KILOWATT, f"{OTHER}, kW unlike all others"),
    Point(field="p33716", quantity=Q.OPERATING_STATE, codes=CHARGER_STATES, ref=OTHER),
    *numbered((33702, 33704, 33706), Q.PHASE_VOLTAGE, Unit.VOLT, OTHER),
    *numbered((33703, 33705, 33707), Q.PHASE_CURRENT, Unit.AMPERE, OTHER),
)
"""Type 51. No energy counter is documented."""

ENERGY_MANAGER: Final = (
    point(24624, Q.PV_POWER, Unit.WATT, OTHER),
    point(
        24625, Q.BATTERY_POWER, Unit.WATT, f"{OTHER}, sign by analogy to 83238", sign=-1
    ),
    point(24626, Q.GRID_POWER, Unit.WATT, f"{OTHER}, sign by analogy to 83549"),
    point(24631, Q.LOAD_POWER, Unit.WATT, OTHER),
    point(24627, Q.PV_ENERGY_TODAY, Unit.WATT_HOUR, OTHER),
    point(24628, Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
    point(24620, Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR, OTHER),
    point(24621, Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR, OTHER),
    point(24622, Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
    point(24623, Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
    point(24629, Q.BATTERY_SOC, Unit.PERCENT, f"{OTHER}, documented in percent"),
    point(24630, Q.BATTERY_ENERGY_REMAINING, Unit.WATT_HOUR, OTHER),
)
"""Type 26."""

HOME_MANAGER: Final = (
    point(88016, Q.GRID_POWER, Unit.WATT, f"{OTHER}, sign as on a grid meter: a guess"),
    *numbered((88017, 88018, 88019), Q.PHASE_POWER, Unit.WATT, OTHER),
    point(88034, Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
    point(88035, Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
)
"""Type 64."""

DONGLE: Final = (
    point(23014, Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, HARDWARE),
    point(23001, Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, f"{HARDWARE}, mobile"),
)
"""Type 22."""

LOGGER: Final = (
    point(10511, Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, HARDWARE),
    point(10510, Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, f"{HARDWARE}, mobile"),
    point(10587, Q.AC_POWER, Unit.WATT, HARDWARE),
    point(10046, Q.REACTIVE_POWER, Unit.VAR, HARDWARE),
)
"""Type 9."""

WEATHER_STATION: Final = (
    point(2003, Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE, OTHER),
    point(2007, Q.PLANE_IRRADIANCE, Unit.WATT_PER_SQUARE_METRE, OTHER),
    point(2001, Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE, OTHER),
    point(
        2005, Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE, f"{OTHER}, slope"
    ),
    point(2009, Q.AMBIENT_TEMPERATURE, Unit.CELSIUS, OTHER),
    point(2010, Q.MODULE_TEMPERATURE, Unit.CELSIUS, OTHER),
    point(2015, Q.HUMIDITY, Unit.PERCENT, OTHER),
    point(2016, Q.WIND_SPEED, Unit.METRE_PER_SECOND, OTHER),
    point(2012, Q.WIND_DIRECTION, Unit.DEGREE, OTHER),
    point(2014, Q.AIR_PRESSURE, Unit.HECTOPASCAL, OTHER),
    point(2022, Q.RAINFALL, Unit.MILLIMETRE, OTHER),
)
"""Type 5."""


PLANT_TYPE: Final = 11
HYBRID_TYPE: Final = 14
PV_TYPE: Final = 1
MICRO_TYPE: Final = 55
BATTERY_TYPE: Final = 43
METER_TYPE: Final = 7
LOGGER_TYPE: Final = 9
CHARGER_TYPE: Final = 51
MANAGER_TYPE: Final = 26
HOME_MANAGER_TYPE: Final = 64
OPTIMIZER_TYPE: Final = 41

STORAGE_TYPES: Final = frozenset({BATTERY_TYPE, MANAGER_TYPE, 23, 24, 37, 44, 52})
"""Devices that exist only where there is a battery."""

EVERY_POLL: Final = 180.0
"""Seconds; shorter than any cycle, so always due, but not for a button pressed twice."""
SLOW: Final = 900.0

BASIC_FIELDS: Final = (
    "ps_key",
    "ps_id",
    "ps_name",
    "uuid",
    "device_sn",
    "device_name",
    "communication_dev_sn",
    "dev_status",
    "dev_fault_status",
    "device_time",
)


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One of Sungrow's device types."""

    number: int
    kind: DeviceKind
    table: Table
    every: float = EVERY_POLL

    @property
    def point_ids(self) -> tuple[str, ...]:
        """The ids to ask for, most important first."""
        return tuple(point.field.removeprefix("p") for point in self.table.points)


def _type(
    number: int, kind: DeviceKind, rows: tuple[Point, ...], every: float = EVERY_POLL
) -> DeviceType:
    return DeviceType(number, kind, Table("", *rows, ignored=BASIC_FIELDS), every)


DEVICE_TYPES: Final[Mapping[int, DeviceType]] = {
    each.number: each
    for each in (
        _type(HYBRID_TYPE, DeviceKind.INVERTER, HYBRID_INVERTER),
        _type(PV_TYPE, DeviceKind.INVERTER, PV_INVERTER),
        _type(MICRO_TYPE, DeviceKind.INVERTER, MICRO_INVERTER),
        _type(BATTERY_TYPE, DeviceKind.BATTERY, BATTERY),
        _type(METER_TYPE, DeviceKind.METER, METER),
        _type(CHARGER_TYPE, DeviceKind.CHARGER, CHARGER),
        _type(MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, ENERGY_MANAGER),
        _type(HOME_MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, HOME_MANAGER),
        _type(22, DeviceKind.GATEWAY, DONGLE, SLOW),
        _type(LOGGER_TYPE, DeviceKind.GATEWAY, LOGGER, SLOW),
        _type(OPTIMIZER_TYPE, DeviceKind.OPTIMIZER, OPTIMIZER, SLOW),
        _type(5, DeviceKind.WEATHER_STATION, WEATHER_STATION, SLOW),
    )
}
"""In the order in which they are read."""

PLANT_POINTS: Final = _type(PLANT_TYPE, DeviceKind.PLANT, PLANT)
