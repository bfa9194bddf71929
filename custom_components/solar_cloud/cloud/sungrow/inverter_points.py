"""Measuring points of inverters, micro-inverters and optimizers (sungrow.md §5.5, §5.6, §5.8).

Values are strings in base units. Shares are fractions of one.
"""

from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table, series
from .states import HYBRID_STATES, PV_STATES

PV: Final = "sungrow.md §5.5"
HYBRID: Final = "sungrow.md §5.6"
HYBRID_MEDIUM: Final = f"{HYBRID}, medium confidence"
SINGLE_PHASE: Final = f"{HYBRID}, single-phase"
ANALOGY: Final = "sungrow.md §5.3, by analogy"
OTHER: Final = "sungrow.md §5.8"
PAIRS: Final = f"{OTHER}, pairs of volt and ampere"

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
    *series(
        "p{n}",
        (5, 7, 9, *range(45, 58, 2), 7401, 7402, *range(7723, 7738, 2)),
        Q.MPPT_VOLTAGE,
        Unit.VOLT,
    ),
    *series(
        "p{n}",
        (6, 8, 10, *range(46, 59, 2), 7451, 7452, *range(7724, 7739, 2)),
        Q.MPPT_CURRENT,
        Unit.AMPERE,
    ),
    *series(
        "p{n}",
        (*range(70, 86), 92, 93, *range(313, 327), *range(7708, 7723, 2)),
        Q.STRING_CURRENT,
        Unit.AMPERE,
    ),
    *series(
        "p{n}",
        (*range(96, 114), *range(7166, 7180), *range(7707, 7722, 2)),
        Q.STRING_VOLTAGE,
        Unit.VOLT,
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
    Point(
        "p13139", Q.BATTERY_CURRENT, Unit.AMPERE, ref=f"{HYBRID}, positive discharges"
    ),
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
