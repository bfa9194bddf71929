"""Which table reads which device type, what such a device is, and how often it is worth a call (sungrow.md §5.2, §7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..model import DeviceKind, Quantity as Q, Unit
from ..points import Point, Table, series
from .inverter_points import (
    BASIC_FIELDS,
    HYBRID_INVERTER,
    MICRO_INVERTER,
    OPTIMIZER,
    OTHER,
    PV_INVERTER,
)
from .states import BATTERY_STATES, CHARGER_STATES

PLANT_REF: Final = "sungrow.md §5.4"
HARDWARE: Final = "sungrow.md §5.7"
MOBILE: Final = f"{HARDWARE}, mobile"


def _choice(
    point_ids: tuple[int, ...], quantity: Q, unit: Unit, sign: int = 1
) -> tuple[Point, ...]:
    """Give the points a plant may report one quantity by, the best one first."""
    return tuple(Point(f"p{each}", quantity, unit, sign=sign) for each in point_ids)


PLANT: Final = Table(
    PLANT_REF,
    *_choice((83067, 83329), Q.PV_POWER, Unit.WATT),
    Point("p83033", Q.AC_POWER, Unit.WATT),
    *_choice((83106, 83052, 83330), Q.LOAD_POWER, Unit.WATT),
    *_choice((83549, 83328), Q.GRID_POWER, Unit.WATT),
    *_choice((83238, 83326), Q.BATTERY_POWER, Unit.WATT, sign=-1),
    *_choice((83022, 83331), Q.PV_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83024, 83332), Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p83118", Q.LOAD_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83124", Q.LOAD_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p83102", Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83105", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p83072", Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83075", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p83119", Q.PV_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83097", Q.DIRECT_USE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83100", Q.DIRECT_USE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83243, 83322), Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83241, 83324), Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83244, 83323), Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    *_choice((83242, 83325), Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    *_choice((83252, 83129, 83232), Q.BATTERY_SOC, Unit.FRACTION),
    Point("p83334", Q.BATTERY_SOC, Unit.PERCENT, ref="sungrow.md §5.3, seen 52"),
    Point("p83327", Q.BATTERY_ENERGY_REMAINING, Unit.WATT_HOUR),
    Point("p83025", Q.EQUIVALENT_HOURS_TODAY, Unit.HOUR),
    Point("p83012", Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("p83013", Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE),
    Point("p83016", Q.AMBIENT_TEMPERATURE, Unit.CELSIUS),
    Point("p83017", Q.MODULE_TEMPERATURE, Unit.CELSIUS),
    ignored=BASIC_FIELDS,
)
"""Type 11. Storage power counts charging as positive, grid power import (both with low confidence)."""

BATTERY: Final = Table(
    HARDWARE,
    Point("p58604", Q.BATTERY_SOC, Unit.FRACTION, ref="sungrow.md §5.3, seen 0.812"),
    Point("p58605", Q.BATTERY_SOH, Unit.FRACTION, ref="sungrow.md §5.3, seen 0.99"),
    Point("p58601", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point("p58602", Q.BATTERY_CURRENT, Unit.AMPERE),
    Point("p58603", Q.BATTERY_TEMPERATURE, Unit.CELSIUS),
    Point("p58606", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p58607", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p58608", Q.OPERATING_STATE, codes=BATTERY_STATES),
    Point("p58610", Q.CELL_VOLTAGE_MAX, Unit.MILLIVOLT),
    Point("p58612", Q.CELL_VOLTAGE_MIN, Unit.MILLIVOLT),
    Point("p58614", Q.CELL_TEMPERATURE_MAX, Unit.CELSIUS),
    Point("p58616", Q.CELL_TEMPERATURE_MIN, Unit.CELSIUS),
    ignored=BASIC_FIELDS,
)
"""Type 43."""

METER: Final = Table(
    HARDWARE,
    Point(
        "p8018",
        Q.GRID_POWER,
        Unit.WATT,
        ref=f"{HARDWARE}, sign as on a grid meter: a guess",
    ),
    Point("p8030", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p8031", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p8062", Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p8063", Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    *series("p{n}", (8000, 8001, 8002), Q.PHASE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (8006, 8007, 8008), Q.PHASE_CURRENT, Unit.AMPERE),
    *series("p{n}", (8076, 8077, 8078), Q.PHASE_POWER, Unit.WATT),
    *series("p{n}", (8003, 8004, 8005), Q.LINE_VOLTAGE, Unit.VOLT),
    Point("p8064", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("p8014", Q.POWER_FACTOR, Unit.RATIO),
    Point("p8022", Q.REACTIVE_POWER, Unit.VAR),
    Point("p8026", Q.APPARENT_POWER, Unit.VOLT_AMPERE),
    ignored=BASIC_FIELDS,
)
"""Type 7."""

CHARGER: Final = Table(
    OTHER,
    Point(
        "p33708", Q.CHARGER_POWER, Unit.KILOWATT, ref=f"{OTHER}, kW unlike all others"
    ),
    Point("p33716", Q.OPERATING_STATE, codes=CHARGER_STATES),
    *series("p{n}", (33702, 33704, 33706), Q.PHASE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (33703, 33705, 33707), Q.PHASE_CURRENT, Unit.AMPERE),
    ignored=BASIC_FIELDS,
)
"""Type 51. No energy counter is documented."""

ENERGY_MANAGER: Final = Table(
    OTHER,
    Point("p24624", Q.PV_POWER, Unit.WATT),
    Point(
        "p24625",
        Q.BATTERY_POWER,
        Unit.WATT,
        sign=-1,
        ref=f"{OTHER}, sign by analogy to 83238",
    ),
    Point("p24626", Q.GRID_POWER, Unit.WATT, ref=f"{OTHER}, sign by analogy to 83549"),
    Point("p24631", Q.LOAD_POWER, Unit.WATT),
    Point("p24627", Q.PV_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p24628", Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p24620", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p24621", Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p24622", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p24623", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p24629", Q.BATTERY_SOC, Unit.PERCENT, ref=f"{OTHER}, documented in percent"),
    Point("p24630", Q.BATTERY_ENERGY_REMAINING, Unit.WATT_HOUR),
    ignored=BASIC_FIELDS,
)
"""Type 26."""

HOME_MANAGER: Final = Table(
    OTHER,
    Point(
        "p88016",
        Q.GRID_POWER,
        Unit.WATT,
        ref=f"{OTHER}, sign as on a grid meter: a guess",
    ),
    *series("p{n}", (88017, 88018, 88019), Q.PHASE_POWER, Unit.WATT),
    Point("p88034", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p88035", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    ignored=BASIC_FIELDS,
)
"""Type 64."""

DONGLE: Final = Table(
    HARDWARE,
    Point("p23014", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT),
    Point("p23001", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, ref=MOBILE),
    ignored=BASIC_FIELDS,
)
"""Type 22."""

LOGGER: Final = Table(
    HARDWARE,
    Point("p10511", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT),
    Point("p10510", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, ref=MOBILE),
    Point("p10587", Q.AC_POWER, Unit.WATT),
    Point("p10046", Q.REACTIVE_POWER, Unit.VAR),
    ignored=BASIC_FIELDS,
)
"""Type 9."""

WEATHER_STATION: Final = Table(
    OTHER,
    Point("p2003", Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("p2007", Q.PLANE_IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("p2001", Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE),
    Point(
        "p2005",
        Q.IRRADIATION_TODAY,
        Unit.WATT_HOUR_PER_SQUARE_METRE,
        ref=f"{OTHER}, slope",
    ),
    Point("p2009", Q.AMBIENT_TEMPERATURE, Unit.CELSIUS),
    Point("p2010", Q.MODULE_TEMPERATURE, Unit.CELSIUS),
    Point("p2015", Q.HUMIDITY, Unit.PERCENT),
    Point("p2016", Q.WIND_SPEED, Unit.METRE_PER_SECOND),
    Point("p2012", Q.WIND_DIRECTION, Unit.DEGREE),
    Point("p2014", Q.AIR_PRESSURE, Unit.HECTOPASCAL),
    Point("p2022", Q.RAINFALL, Unit.MILLIMETRE),
    ignored=BASIC_FIELDS,
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


DEVICE_TYPES: Final[Mapping[int, DeviceType]] = {
    each.number: each
    for each in (
        DeviceType(HYBRID_TYPE, DeviceKind.INVERTER, HYBRID_INVERTER),
        DeviceType(PV_TYPE, DeviceKind.INVERTER, PV_INVERTER),
        DeviceType(MICRO_TYPE, DeviceKind.INVERTER, MICRO_INVERTER),
        DeviceType(BATTERY_TYPE, DeviceKind.BATTERY, BATTERY),
        DeviceType(METER_TYPE, DeviceKind.METER, METER),
        DeviceType(CHARGER_TYPE, DeviceKind.CHARGER, CHARGER),
        DeviceType(MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, ENERGY_MANAGER),
        DeviceType(HOME_MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, HOME_MANAGER),
        DeviceType(22, DeviceKind.GATEWAY, DONGLE, SLOW),
        DeviceType(LOGGER_TYPE, DeviceKind.GATEWAY, LOGGER, SLOW),
        DeviceType(OPTIMIZER_TYPE, DeviceKind.OPTIMIZER, OPTIMIZER, SLOW),
        DeviceType(5, DeviceKind.WEATHER_STATION, WEATHER_STATION, SLOW),
    )
}
"""In the order in which they are read."""

PLANT_POINTS: Final = DeviceType(PLANT_TYPE, DeviceKind.PLANT, PLANT)
