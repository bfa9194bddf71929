"""The measuring points of every device type (sungrow.md §5.4 to §5.8), and how often a type is worth a call (§5.2, §7.1).

In this order: sources, inverters, plants, batteries, meters, EV chargers, energy managers, dongles and loggers, weather stations, the
numbers of the types, and ``DEVICE_TYPES``, which says what each type is and which table reads it.

Values are strings in base units. Shares are fractions of one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ..catalogue import Catalogue, PointType
from ..model import Device, DeviceKind, Plant, Quantity as Q, Unit
from ..points import Point, RawPoint, Table, series
from .states import BATTERY_STATES, CHARGER_STATES, HYBRID_STATES, PV_STATES

PV: Final = "sungrow.md §5.5"
HYBRID: Final = "sungrow.md §5.6"
HYBRID_MEDIUM: Final = f"{HYBRID}, medium confidence"
CHANNEL_2: Final = f"{HYBRID}, channel 2; import positive: a guess"
SINGLE_PHASE: Final = f"{HYBRID}, single-phase"
ANALOGY: Final = "sungrow.md §5.3, by analogy"
OTHER: Final = "sungrow.md §5.8"
PAIRS: Final = f"{OTHER}, pairs of volt and ampere"
PLANT_REF: Final = "sungrow.md §5.4"
HARDWARE: Final = "sungrow.md §5.7"
TARIFFS: Final = f"{HARDWARE}; peak, flat, valley, wave"
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


def _channel_2() -> Iterator[RawPoint]:
    """Give what the second meter of a hybrid inverter tells beside its power and its counters."""
    phases = ("total", "phase A", "phase B", "phase C")
    for first, name, unit in ((18075, "apparent power", "VA"), (18079, "active power", "W"), (18083, "reactive power", "var"), (18088, "purchased energy", "Wh"), (18092, "feed-in energy", "Wh")):
        for place, phase in enumerate(phases):
            if first + place not in {18079, 18088, 18092}:
                yield RawPoint(f"p{first + place}", f"Channel 2 {phase} {name}", unit)
    yield RawPoint("p18087", "Channel 2 power factor")


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
    Point("p7356", Q.OPERATING_TIME_TOTAL, Unit.HOUR),
    Point("p3", Q.GRID_TIME_TOTAL, Unit.HOUR),
    Point("p41", Q.ACTIVE_POWER_IN_FORCE, Unit.WATT),
    Point("p42", Q.REACTIVE_POWER_IN_FORCE, Unit.VAR, ref=f"{PV}, printed as va"),
    Point("p120", Q.ARC_FAULT_COUNT, Unit.COUNT),
    *series("p{n}", range(33, 39), Q.POWER_MODULE_TEMPERATURE, Unit.CELSIUS),
    raw=(
        RawPoint("p87", "Yield this month", "Wh"),
        RawPoint("p88", "Yield this year", "Wh"),
        RawPoint("p67", "Daily yield (theoretical)", "Wh"),
        RawPoint("p90", "Negative voltage to ground", "V"),
        RawPoint("p39", "Positive impedance to ground", "Ω"),
        RawPoint("p40", "Negative impedance to ground", "Ω"),
    ),
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
    Point("p18068", Q.BACKUP_POWER_SUM, Unit.WATT),
    Point("p18106", Q.BACKUP_FREQUENCY, Unit.HERTZ, ref=HYBRID_MEDIUM),
    Point("p18079", Q.SECOND_GRID_POWER, Unit.WATT, ref=CHANNEL_2),
    Point("p18088", Q.SECOND_GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR, ref=CHANNEL_2),
    Point("p18092", Q.SECOND_GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, ref=CHANNEL_2),
    *series("p{n}", (18108, 18109, 18110), Q.METER_PHASE_VOLTAGE, Unit.VOLT),
    Point("p13020", Q.OPERATING_TIME_TOTAL, Unit.HOUR),
    Point("p13016", Q.BATTERY_CHARGE_TIME_TOTAL, Unit.HOUR),
    Point("p13017", Q.BATTERY_DISCHARGE_TIME_TOTAL, Unit.HOUR),
    Point("p13023", Q.BATTERY_CHARGE_TIME_TODAY, Unit.HOUR),
    Point("p13024", Q.BATTERY_DISCHARGE_TIME_TODAY, Unit.HOUR),
    raw=(
        RawPoint("p13118", "Annual direct energy consumption", "Wh"),
        RawPoint("p13155", "DRM state"),
        RawPoint("p13165", "MDSP off-grid start-up status"),
        RawPoint("p13166", "SDSP working mode"),
        RawPoint("p13167", "SDSP off-grid start status"),
        RawPoint("p13168", "DI status"),
        RawPoint("p13169", "Battery voltage (BMS)", "V"),
        RawPoint("p13170", "Battery SOC (BMS)"),
        RawPoint("p13171", "EMS status"),
        RawPoint("p18061", "Ripple control state"),
        *_channel_2(),
    ),
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
    *series("p{n}", range(51347, 51353), Q.MPPT_ENERGY_TODAY, Unit.WATT_HOUR),
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
    *_choice((83033, 83002), Q.AC_POWER, Unit.WATT),
    Point("p83009", Q.AC_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p83004", Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR),
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
    Point("p83233", Q.BATTERY_MAX_CHARGE_POWER, Unit.WATT),
    Point("p83234", Q.BATTERY_MAX_DISCHARGE_POWER, Unit.WATT),
    Point("p83548", Q.BATTERY_CYCLES, Unit.COUNT),
    raw=(
        RawPoint("p83001", "Inverter AC power normalization", "W/Wp"),
        RawPoint("p83005", "Daily equivalent hours", "h"),
        RawPoint("p83006", "Meter daily yield", "Wh"),
        RawPoint("p83007", "Meter PR"),
        RawPoint("p83008", "Daily equivalent hours of inverter", "h"),
        RawPoint("p83010", "Inverter PR"),
        RawPoint("p83011", "Meter daily consumption", "Wh"),
        RawPoint("p83018", "Daily yield (theoretical)", "Wh"),
        RawPoint("p83019", "Plant power / installed power"),
        RawPoint("p83020", "Meter total yield", "Wh"),
        RawPoint("p83021", "Meter total consumption", "Wh"),
        RawPoint("p83023", "Plant PR"),
        RawPoint("p83032", "Meter AC power", "W"),
        RawPoint("p83046", "PCS total active power", "W"),
        RawPoint("p83235", "Total field chargeable energy", "Wh"),
        RawPoint("p83236", "Total field dischargeable energy", "Wh"),
        RawPoint("p83237", "Total field maximum reactive power", "var"),
        RawPoint("p83239", "Total field reactive power", "var"),
        RawPoint("p83240", "Total field power factor"),
        RawPoint("p83317", "Power forecast", "W"),
        RawPoint("p83318", "Planned charging / discharging power", "W"),
        RawPoint("p83319", "Planned SOC"),
        RawPoint("p83320", "Planned charging energy", "Wh"),
        RawPoint("p83321", "Planned discharging energy", "Wh"),
        RawPoint("p83419", "Daily highest inverter power / installed power"),
        RawPoint("p83743", "Daily yield loss due to curtailment", "Wh"),
        # Of the app; over the OpenAPI they may be refused (sungrow.md §5.4).
        RawPoint("p83076", "PV power (app)", "W"),
        RawPoint("p83077", "PV energy today (app)", "Wh"),
        RawPoint("p83088", "Charge today (app)", "Wh"),
        RawPoint("p83089", "Discharge today (app)", "Wh"),
        RawPoint("p83095", "Discharge total (app)", "Wh"),
        RawPoint("p83120", "PV to battery (app)", "Wh"),
        RawPoint("p83121", "Self-consumption (app)", "Wh"),
        RawPoint("p83122", "Self-sufficiency (app)"),
        RawPoint("p83128", "Total PV and storage power (app)", "W"),
        RawPoint("p83202", "Installed power (app)", "W"),
    ),
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
    *series("p{n}", range(58618, 58626), Q.MODULE_CELL_VOLTAGE_MAX, Unit.MILLIVOLT),
    *series("p{n}", range(58626, 58634), Q.MODULE_CELL_VOLTAGE_MIN, Unit.MILLIVOLT),
    Point("p58635", Q.BATTERY_CONTACTOR, Unit.COUNT, ref=f"{HARDWARE}; what its numbers mean is told nowhere"),
    Point("p58636", Q.FAULTY_MODULE, Unit.COUNT),
    raw=(
        RawPoint("p58609", "Standard health status"),
        RawPoint("p58611", "Position of max. voltage cell"),
        RawPoint("p58613", "Position of min. voltage cell"),
        RawPoint("p58615", "Position of max. temperature module"),
        RawPoint("p58617", "Position of min. temperature module"),
    ),
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
    *series("p{n}", (8034, 8042, 8038, 8058), Q.TARIFF_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR, ref=TARIFFS),
    *series("p{n}", (8035, 8043, 8039, 8059), Q.TARIFF_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, ref=TARIFFS),
    Point("p8084", Q.DIRECT_USE_ENERGY_TODAY, Unit.WATT_HOUR),
    Point("p8085", Q.DIRECT_USE_ENERGY_TOTAL, Unit.WATT_HOUR),
    raw=(
        RawPoint("p8032", "Forward reactive energy", "varh"),
        RawPoint("p8033", "Reverse reactive energy", "varh"),
        *(
            RawPoint(f"p{first + way}", f"{rate} {direction} reactive energy", "varh")
            for first, rate in ((8036, "Peak"), (8040, "Valley"), (8044, "Flat"), (8060, "Wave"))
            for way, direction in enumerate(("forward", "reverse"))
        ),
    ),
    ignored=BASIC_FIELDS,
)
"""Type 7."""

CHARGER: Final = Table(
    OTHER,
    Point("p33708", Q.CHARGER_POWER, Unit.KILOWATT, ref=f"{OTHER}, kW unlike all others"),
    Point("p33716", Q.OPERATING_STATE, codes=CHARGER_STATES),
    *series("p{n}", (33702, 33704, 33706), Q.PHASE_VOLTAGE, Unit.VOLT),
    *series("p{n}", (33703, 33705, 33707), Q.PHASE_CURRENT, Unit.AMPERE),
    Point("p33723", Q.CHARGER_POWER_MAX, Unit.KILOWATT),
    Point("p33722", Q.CHARGER_POWER_MIN, Unit.KILOWATT),
    Point("p33728", Q.CHARGER_CURRENT_MAX, Unit.AMPERE),
    Point("p33729", Q.CHARGER_CURRENT_MIN, Unit.AMPERE),
    Point("p33710", Q.PILOT_VOLTAGE, Unit.VOLT),
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
    # A card's number is personal.
    ignored=(*BASIC_FIELDS, "p23008"),
)
"""Type 22."""

LOGGER: Final = Table(
    HARDWARE,
    Point("p10511", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT),
    Point("p10510", Q.SIGNAL_STRENGTH, Unit.DECIBEL_MILLIWATT, ref=MOBILE),
    Point("p10587", Q.AC_POWER, Unit.WATT),
    Point("p10026", Q.AC_POWER, Unit.WATT, ref=f"{HARDWARE}, its total power"),
    Point("p10028", Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR),
    Point("p10046", Q.REACTIVE_POWER, Unit.VAR),
    raw=(
        *(RawPoint(f"p{10555 + 2 * each}", f"AI voltage signal {each + 1}", "V") for each in range(4)),
        *(RawPoint(f"p{10575 + each}", f"AI current signal {each + 1}", "mA") for each in range(4)),
        *(RawPoint(f"p{10563 + 2 * each}", f"PT signal {each + 1}", "°C") for each in range(2)),
        *(RawPoint(f"p{10567 + 2 * each}", f"DO signal {each + 1}") for each in range(4)),
    ),
    ignored=BASIC_FIELDS,
)
"""Type 9."""

LIGHTS: Final = ("Total 1", "Scattered", "Direct", "Total 2", "Net", "Photosynthetic", "Ultraviolet")
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
    Point("p2026", Q.RAINFALL, Unit.MILLIMETRE, ref=f"{OTHER}, precipitation"),
    Point("p2002", Q.IRRADIATION_TOTAL, Unit.WATT_HOUR_PER_SQUARE_METRE),
    Point("p2006", Q.IRRADIATION_TOTAL, Unit.WATT_HOUR_PER_SQUARE_METRE, ref=f"{OTHER}, slope"),
    raw=(
        RawPoint("p2011", "Wind speed scale"),
        *(RawPoint(f"p{2099 + each}", f"Temperature {each}", "°C") for each in range(1, 6)),
        RawPoint("p2105", "Dew point"),
        *(RawPoint(f"p{2105 + each}", f"Soil moisture {each}") for each in range(1, 4)),
        RawPoint("p2109", "CO₂"),
        RawPoint("p2110", "Evaporation"),
        *(RawPoint(f"p{2111 + each}", f"{light} radiation now") for each, light in enumerate(LIGHTS)),
        RawPoint("p2118", "Wind direction now"),
        RawPoint("p2119", "Wind speed now"),
        RawPoint("p2120", "Wind speed of 2 minutes"),
        RawPoint("p2121", "Wind speed of 10 minutes"),
        RawPoint("p2122", "Rainfall of the interval"),
        RawPoint("p2123", "Sunshine of the interval"),
        *(RawPoint(f"p{2124 + each}", f"{light} radiation of the interval") for each, light in enumerate(LIGHTS)),
        RawPoint("p2131", "Rainfall of the day"),
        RawPoint("p2132", "Sunshine of the day"),
        *(RawPoint(f"p{2133 + each}", f"{light} radiation of the day") for each, light in enumerate(LIGHTS)),
    ),
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
TWENTY_MINUTES: Final = 1180.0
"""A little less, because polls follow the uploads and wander; what is read so is never taken for stale."""


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
        DeviceType(22, DeviceKind.GATEWAY, DONGLE, TWENTY_MINUTES),
        DeviceType(LOGGER_TYPE, DeviceKind.GATEWAY, LOGGER, SLOW),
        DeviceType(OPTIMIZER_TYPE, DeviceKind.OPTIMIZER, OPTIMIZER, SLOW),
        DeviceType(5, DeviceKind.WEATHER_STATION, WEATHER_STATION, SLOW),
    )
}
"""In the order in which they are read."""

SUN_DRIVEN: Final = frozenset({PV_TYPE, MICRO_TYPE})
"""Types that know of nothing but what the sun gives."""

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
