"""The measuring points of every device type (sungrow.md §5.4 to §5.8), and how often a type is worth a call (§5.2, §7.1).

In this order: sources, inverters, plants, batteries, meters, EV chargers, energy managers, dongles and loggers, weather stations, the
numbers of the types, and ``DEVICE_TYPES``, which says what each type is and which table reads it.

Values are strings in base units. Shares are fractions of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..catalogue import Catalogue, PointType
from ..model import Device, DeviceKind, Plant, Quantity as Q, Unit
from ..points import Point, Table, series
from .states import BATTERY_STATES, CHARGER_STATES, HYBRID_STATES, PV_STATES

PV: Final = "sungrow.md §5.5"
HYBRID: Final = "sungrow.md §5.6"
HYBRID_MEDIUM: Final = f"{HYBRID}, medium confidence"
SINGLE_PHASE: Final = f"{HYBRID}, single-phase"
ANALOGY: Final = "sungrow.md §5.3, by analogy"
OTHER: Final = "sungrow.md §5.8"
PAIRS: Final = f"{OTHER}, pairs of volt and ampere"
PLANT_REF: Final = "sungrow.md §5.4"
HARDWARE: Final = "sungrow.md §5.7"
MOBILE: Final = f"{HARDWARE}, mobile"

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

# fmt: off
# One row a line.


def _choice(point_ids: tuple[int, ...], quantity: Q, unit: Unit, sign: int = 1) -> tuple[Point, ...]:
    """Give the points a plant may report one quantity by, the best one first."""
    return tuple(Point(f"p{each}", quantity, unit, sign=sign) for each in point_ids)


PV_INVERTER: Final = Table(
    PV,
    Point("p24", Q.AC_POWER, Unit.WATT),
    Point("p14", Q.PV_POWER, Unit.WATT),
    Point("p1", Q.AC_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p2", Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p29", Q.OPERATING_STATE, codes=PV_STATES),
    Point("p4", Q.TEMPERATURE, Unit.CELSIUS),
    *series("p{n}", (18, 19, 20), Q.PHASE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (21, 22, 23), Q.PHASE_CURRENT, Unit.AMPERE),
    *series("p{n}", (15, 16, 17), Q.LINE_VOLTAGE, Unit.VOLT),
    Point("p27", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("p25", Q.REACTIVE_POWER, Unit.VAR),
    Point("p43", Q.APPARENT_POWER, Unit.VOLT_AMPERE),
    Point("p26", Q.POWER_FACTOR, Unit.RATIO),
    Point("p94", Q.INSULATION_RESISTANCE, Unit.KILOOHM),
    Point("p95", Q.BUS_VOLTAGE, Unit.VOLT),
    *series("p{n}", (*range(11, 14), *range(59, 66)), Q.MPPT_POWER, Unit.WATT),
    *series("p{n}", (5, 7, 9, *range(45, 58, 2), 7401, 7402, *range(7723, 7738, 2)), Q.MPPT_VOLTAGE, Unit.VOLT),
    *series("p{n}", (6, 8, 10, *range(46, 59, 2), 7451, 7452, *range(7724, 7739, 2)), Q.MPPT_CURRENT, Unit.AMPERE),
    *series("p{n}", (*range(70, 86), 92, 93, *range(313, 327), *range(7708, 7723, 2)), Q.STRING_CURRENT, Unit.AMPERE),
    *series("p{n}", (*range(96, 114), *range(7166, 7180), *range(7707, 7722, 2)), Q.STRING_VOLTAGE, Unit.VOLT),
    ignored=BASIC_FIELDS,
)
"""Type 1. The yield is counted on the AC side."""

HYBRID_INVERTER: Final = Table(
    HYBRID,
    Point("p13003", Q.PV_POWER, Unit.WATT),
    Point("p13011", Q.AC_POWER, Unit.WATT),
    Point("p13119", Q.LOAD_POWER, Unit.WATT),
    Point("p13149", Q.GRID_IMPORT_POWER, Unit.WATT),
    Point("p13121", Q.GRID_EXPORT_POWER, Unit.WATT),
    Point("p13126", Q.BATTERY_CHARGE_POWER, Unit.WATT),
    Point("p13150", Q.BATTERY_DISCHARGE_POWER, Unit.WATT),
    Point("p18038", Q.GRID_POWER, Unit.WATT, ref=HYBRID_MEDIUM),
    Point("p13112", Q.PV_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13134", Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13199", Q.LOAD_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13130", Q.LOAD_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13147", Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13148", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13122", Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13125", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13028", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13034", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13029", Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13035", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13173", Q.PV_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13175", Q.PV_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13174", Q.PV_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13176", Q.PV_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13116", Q.DIRECT_USE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p13137", Q.DIRECT_USE_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p13144", Q.SELF_CONSUMPTION_RATE, Unit.FRACTION, ref=ANALOGY),
    Point("p13172", Q.SELF_SUFFICIENCY_RATE, Unit.FRACTION, ref=ANALOGY),
    Point("p13141", Q.BATTERY_SOC, Unit.FRACTION, ref="sungrow.md §5.3, seen 0.791"),
    Point("p13142", Q.BATTERY_SOH, Unit.FRACTION, ref="sungrow.md §5.3, seen 0.99"),
    Point("p13138", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point("p13139", Q.BATTERY_CURRENT, Unit.AMPERE, ref=f"{HYBRID}, positive discharges"),
    Point("p13143", Q.BATTERY_TEMPERATURE, Unit.CELSIUS),
    Point("p13140", Q.BATTERY_CAPACITY, Unit.WATT_HOUR, ref=f"{HYBRID}, seen 12800.0"),
    Point("p13162", Q.BATTERY_CHARGE_CURRENT_MAX, Unit.AMPERE),
    Point("p13163", Q.BATTERY_DISCHARGE_CURRENT_MAX, Unit.AMPERE),
    Point("p13146", Q.OPERATING_STATE, codes=HYBRID_STATES),
    Point("p13019", Q.TEMPERATURE, Unit.CELSIUS),
    *series("p{n}", (13157, 13158, 13159), Q.PHASE_VOLTAGE, Unit.VOLT),
    Point("p13187", Q.PHASE_VOLTAGE, Unit.VOLT, index=1, ref=SINGLE_PHASE),
    *series("p{n}", (13008, 13009, 13010), Q.PHASE_CURRENT, Unit.AMPERE),
    Point("p13188", Q.PHASE_CURRENT, Unit.AMPERE, index=1, ref=SINGLE_PHASE),
    *series("p{n}", (13004, 13005, 13006), Q.LINE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (18039, 18040, 18041), Q.PHASE_POWER, Unit.WATT, ref=HYBRID_MEDIUM),
    Point("p13007", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("p13012", Q.REACTIVE_POWER, Unit.VAR),
    Point("p13018", Q.APPARENT_POWER, Unit.VOLT_AMPERE),
    Point("p13013", Q.POWER_FACTOR, Unit.RATIO),
    Point("p13160", Q.INSULATION_RESISTANCE, Unit.KILOOHM),
    Point("p13161", Q.BUS_VOLTAGE, Unit.VOLT),
    *series("p{n}", (13001, 13105, 13107, 13109), Q.MPPT_VOLTAGE, Unit.VOLT),
    *series("p{n}", (13002, 13106, 13108, 13110), Q.MPPT_CURRENT, Unit.AMPERE),
    *series("p{n}", (18065, 18066, 18067), Q.BACKUP_POWER, Unit.WATT),
    *series("p{n}", (18062, 18063, 18064), Q.BACKUP_CURRENT, Unit.AMPERE),
    *series("p{n}", (18103, 18104, 18105), Q.BACKUP_VOLTAGE, Unit.VOLT),
    Point("p18106", Q.BACKUP_FREQUENCY, Unit.HERTZ, ref=HYBRID_MEDIUM),
    ignored=BASIC_FIELDS,
)
"""Type 14."""

MICRO_INVERTER: Final = Table(
    OTHER,
    Point("p51303", Q.AC_POWER, Unit.WATT),
    Point("p51305", Q.PV_POWER, Unit.WATT),
    Point("p51346", Q.AC_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p51302", Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p51301", Q.OPERATING_STATE, codes=HYBRID_STATES),
    Point("p51304", Q.REACTIVE_POWER, Unit.VAR),
    Point("p51306", Q.APPARENT_POWER, Unit.VOLT_AMPERE),
    Point("p51307", Q.POWER_FACTOR, Unit.RATIO),
    Point("p51308", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("p51309", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("p51312", Q.PHASE_CURRENT, Unit.AMPERE, index=1),
    *series("p{n}", range(51315, 51327, 2), Q.MPPT_VOLTAGE, Unit.VOLT, ref=PAIRS),
    *series("p{n}", range(51316, 51327, 2), Q.MPPT_CURRENT, Unit.AMPERE, ref=PAIRS),
    *series("p{n}", range(51333, 51339), Q.MPPT_POWER, Unit.WATT),
    *series("p{n}", range(51339, 51345), Q.MPPT_ENERGY_TOTAL, Unit.WATT_HOUR),
    ignored=BASIC_FIELDS,
)
"""Type 55."""

OPTIMIZER: Final = Table(
    OTHER,
    Point("p58107", Q.PV_POWER, Unit.WATT),
    Point("p58101", Q.PV_ENERGY_TODAY, Unit.WATT_HOUR, ref=f"{OTHER}, may be a total"),
    Point("p58103", Q.MPPT_VOLTAGE, Unit.VOLT, index=1, ref=f"{OTHER}, input"),
    Point("p58105", Q.MPPT_CURRENT, Unit.AMPERE, index=1, ref=f"{OTHER}, input"),
    Point("p58104", Q.STRING_VOLTAGE, Unit.VOLT, index=1, ref=f"{OTHER}, output"),
    Point("p58106", Q.STRING_CURRENT, Unit.AMPERE, index=1, ref=f"{OTHER}, output"),
    ignored=BASIC_FIELDS,
)
"""Type 41."""

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
    Point("p8018", Q.GRID_POWER, Unit.WATT, ref=f"{HARDWARE}, sign as on a grid meter: a guess"),
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
    Point("p33708", Q.CHARGER_POWER, Unit.KILOWATT, ref=f"{OTHER}, kW unlike all others"),
    Point("p33716", Q.OPERATING_STATE, codes=CHARGER_STATES),
    *series("p{n}", (33702, 33704, 33706), Q.PHASE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (33703, 33705, 33707), Q.PHASE_CURRENT, Unit.AMPERE),
    ignored=BASIC_FIELDS,
)
"""Type 51. No energy counter is documented."""

ENERGY_MANAGER: Final = Table(
    OTHER,
    Point("p24624", Q.PV_POWER, Unit.WATT),
    Point("p24625", Q.BATTERY_POWER, Unit.WATT, sign=-1, ref=f"{OTHER}, sign by analogy to 83238"),
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
    Point("p88016", Q.GRID_POWER, Unit.WATT, ref=f"{OTHER}, sign as on a grid meter: a guess"),
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
    Point("p2005", Q.IRRADIATION_TODAY, Unit.WATT_HOUR_PER_SQUARE_METRE, ref=f"{OTHER}, slope"),
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

# fmt: on

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


def type_of(owner: Plant | Device) -> str:
    """Return the number of the type of a plant or device."""
    return owner.address["type"] if isinstance(owner, Device) else str(PLANT_TYPE)


CATALOGUE: Final = Catalogue(
    (
        PointType(str(each.number), each.kind, (each.table,))
        for each in (PLANT_POINTS, *DEVICE_TYPES.values())
    ),
    type_of,
    lambda field: field.removeprefix("p"),
)
