"""Measuring points of inverters, micro-inverters and optimizers (sungrow.md §5.5, §5.6, §5.8).

Values are strings in base units. Shares are fractions of one.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point
from .states import HYBRID_STATES, PV_STATES

PV: Final = "sungrow.md §5.5"
HYBRID: Final = "sungrow.md §5.6"
OTHER: Final = "sungrow.md §5.8"


def numbered(
    ids: Iterable[int], quantity: Q, unit: Unit, ref: str, first: int = 1
) -> Iterator[Point]:
    """Give one row for each of a family whose ids follow no pattern."""
    for index, point_id in enumerate(ids, first):
        yield Point(
            field=f"p{point_id}", quantity=quantity, unit=unit, index=index, ref=ref
        )


def point(point_id: int, quantity: Q, unit: Unit, ref: str, sign: int = 1) -> Point:
    """Give the row of one number."""
    return Point(field=f"p{point_id}", quantity=quantity, unit=unit, sign=sign, ref=ref)


PV_INVERTER: Final = (
    point(24, Q.AC_POWER, Unit.WATT, PV),
    point(14, Q.PV_POWER, Unit.WATT, PV),
    point(1, Q.AC_ENERGY_TODAY, Unit.WATT_HOUR, PV),
    point(2, Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR, PV),
    Point(field="p29", quantity=Q.OPERATING_STATE, codes=PV_STATES, ref=PV),
    point(4, Q.TEMPERATURE, Unit.CELSIUS, PV),
    *numbered((18, 19, 20), Q.PHASE_VOLTAGE, Unit.VOLT, PV),
    *numbered((21, 22, 23), Q.PHASE_CURRENT, Unit.AMPERE, PV),
    *numbered((15, 16, 17), Q.LINE_VOLTAGE, Unit.VOLT, PV),
    point(27, Q.GRID_FREQUENCY, Unit.HERTZ, PV),
    point(25, Q.REACTIVE_POWER, Unit.VAR, PV),
    point(43, Q.APPARENT_POWER, Unit.VOLT_AMPERE, PV),
    point(26, Q.POWER_FACTOR, Unit.RATIO, PV),
    point(94, Q.INSULATION_RESISTANCE, Unit.KILOOHM, PV),
    point(95, Q.BUS_VOLTAGE, Unit.VOLT, PV),
    *numbered((*range(11, 14), *range(59, 66)), Q.MPPT_POWER, Unit.WATT, PV),
    *numbered(
        (5, 7, 9, *range(45, 58, 2), 7401, 7402, *range(7723, 7738, 2)),
        Q.MPPT_VOLTAGE,
        Unit.VOLT,
        PV,
    ),
    *numbered(
        (6, 8, 10, *range(46, 59, 2), 7451, 7452, *range(7724, 7739, 2)),
        Q.MPPT_CURRENT,
        Unit.AMPERE,
        PV,
    ),
    *numbered(
        (*range(70, 86), 92, 93, *range(313, 327), *range(7708, 7723, 2)),
        Q.STRING_CURRENT,
        Unit.AMPERE,
        PV,
    ),
    *numbered(
        (*range(96, 114), *range(7166, 7180), *range(7707, 7722, 2)),
        Q.STRING_VOLTAGE,
        Unit.VOLT,
        PV,
    ),
)
"""Type 1. The yield is counted on the AC side."""

HYBRID_INVERTER: Final = (
    point(13003, Q.PV_POWER, Unit.WATT, HYBRID),
    point(13011, Q.AC_POWER, Unit.WATT, HYBRID),
    point(13119, Q.LOAD_POWER, Unit.WATT, HYBRID),
    point(13149, Q.GRID_IMPORT_POWER, Unit.WATT, HYBRID),
    point(13121, Q.GRID_EXPORT_POWER, Unit.WATT, HYBRID),
    point(13126, Q.BATTERY_CHARGE_POWER, Unit.WATT, HYBRID),
    point(13150, Q.BATTERY_DISCHARGE_POWER, Unit.WATT, HYBRID),
    point(18038, Q.GRID_POWER, Unit.WATT, f"{HYBRID}, medium confidence"),
    point(13112, Q.PV_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13134, Q.PV_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13199, Q.LOAD_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13130, Q.LOAD_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13147, Q.GRID_IMPORT_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13148, Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13122, Q.GRID_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13125, Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13028, Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13034, Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13029, Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13035, Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13173, Q.PV_EXPORT_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13175, Q.PV_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13174, Q.PV_CHARGE_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13176, Q.PV_CHARGE_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13116, Q.DIRECT_USE_ENERGY_TODAY, Unit.WATT_HOUR, HYBRID),
    point(13137, Q.DIRECT_USE_ENERGY_TOTAL, Unit.WATT_HOUR, HYBRID),
    point(13144, Q.SELF_CONSUMPTION_RATE, Unit.FRACTION, "sungrow.md §5.3, by analogy"),
    point(13172, Q.SELF_SUFFICIENCY_RATE, Unit.FRACTION, "sungrow.md §5.3, by analogy"),
    point(13141, Q.BATTERY_SOC, Unit.FRACTION, "sungrow.md §5.3, seen 0.791"),
    point(13142, Q.BATTERY_SOH, Unit.FRACTION, "sungrow.md §5.3, seen 0.99"),
    point(13138, Q.BATTERY_VOLTAGE, Unit.VOLT, HYBRID),
    point(13139, Q.BATTERY_CURRENT, Unit.AMPERE, f"{HYBRID}, positive discharges"),
    point(13143, Q.BATTERY_TEMPERATURE, Unit.CELSIUS, HYBRID),
    point(13140, Q.BATTERY_CAPACITY, Unit.WATT_HOUR, f"{HYBRID}, seen 12800.0"),
    point(13162, Q.BATTERY_CHARGE_CURRENT_MAX, Unit.AMPERE, HYBRID),
    point(13163, Q.BATTERY_DISCHARGE_CURRENT_MAX, Unit.AMPERE, HYBRID),
    Point(field="p13146", quantity=Q.OPERATING_STATE, codes=HYBRID_STATES, ref=HYBRID),
    point(13019, Q.TEMPERATURE, Unit.CELSIUS, HYBRID),
    *numbered((13157, 13158, 13159), Q.PHASE_VOLTAGE, Unit.VOLT, HYBRID),
    *numbered((13187,), Q.PHASE_VOLTAGE, Unit.VOLT, f"{HYBRID}, single-phase"),
    *numbered((13008, 13009, 13010), Q.PHASE_CURRENT, Unit.AMPERE, HYBRID),
    *numbered((13188,), Q.PHASE_CURRENT, Unit.AMPERE, f"{HYBRID}, single-phase"),
    *numbered((13004, 13005, 13006), Q.LINE_VOLTAGE, Unit.VOLT, HYBRID),
    *numbered(
        (18039, 18040, 18041), Q.PHASE_POWER, Unit.WATT, f"{HYBRID}, medium confidence"
    ),
    point(13007, Q.GRID_FREQUENCY, Unit.HERTZ, HYBRID),
    point(13012, Q.REACTIVE_POWER, Unit.VAR, HYBRID),
    point(13018, Q.APPARENT_POWER, Unit.VOLT_AMPERE, HYBRID),
    point(13013, Q.POWER_FACTOR, Unit.RATIO, HYBRID),
    point(13160, Q.INSULATION_RESISTANCE, Unit.KILOOHM, HYBRID),
    point(13161, Q.BUS_VOLTAGE, Unit.VOLT, HYBRID),
    *numbered((13001, 13105, 13107, 13109), Q.MPPT_VOLTAGE, Unit.VOLT, HYBRID),
    *numbered((13002, 13106, 13108, 13110), Q.MPPT_CURRENT, Unit.AMPERE, HYBRID),
    *numbered((18065, 18066, 18067), Q.BACKUP_POWER, Unit.WATT, HYBRID),
    *numbered((18062, 18063, 18064), Q.BACKUP_CURRENT, Unit.AMPERE, HYBRID),
    *numbered((18103, 18104, 18105), Q.BACKUP_VOLTAGE, Unit.VOLT, HYBRID),
    point(18106, Q.BACKUP_FREQUENCY, Unit.HERTZ, f"{HYBRID}, medium confidence"),
)
"""Type 14."""

MICRO_INVERTER: Final = (
    point(51303, Q.AC_POWER, Unit.WATT, OTHER),
    point(51305, Q.PV_POWER, Unit.WATT, OTHER),
    point(51346, Q.AC_ENERGY_TODAY, Unit.WATT_HOUR, OTHER),
    point(51302, Q.AC_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
    Point(field="p51301", quantity=Q.OPERATING_STATE, codes=HYBRID_STATES, ref=OTHER),
    point(51304, Q.REACTIVE_POWER, Unit.VAR, OTHER),
    point(51306, Q.APPARENT_POWER, Unit.VOLT_AMPERE, OTHER),
    point(51307, Q.POWER_FACTOR, Unit.RATIO, OTHER),
    point(51308, Q.GRID_FREQUENCY, Unit.HERTZ, OTHER),
    *numbered((51309,), Q.PHASE_VOLTAGE, Unit.VOLT, OTHER),
    *numbered((51312,), Q.PHASE_CURRENT, Unit.AMPERE, OTHER),
    *numbered(
        range(51315, 51327, 2),
        Q.MPPT_VOLTAGE,
        Unit.VOLT,
        f"{OTHER}, pairs of volt and ampere",
    ),
    *numbered(
        range(51316, 51327, 2),
        Q.MPPT_CURRENT,
        Unit.AMPERE,
        f"{OTHER}, pairs of volt and ampere",
    ),
    *numbered(range(51333, 51339), Q.MPPT_POWER, Unit.WATT, OTHER),
    *numbered(range(51339, 51345), Q.MPPT_ENERGY_TOTAL, Unit.WATT_HOUR, OTHER),
)
"""Type 55."""

OPTIMIZER: Final = (
    point(58107, Q.PV_POWER, Unit.WATT, OTHER),
    point(58101, Q.PV_ENERGY_TODAY, Unit.WATT_HOUR, f"{OTHER}, may be a total"),
    *numbered((58103,), Q.MPPT_VOLTAGE, Unit.VOLT, f"{OTHER}, input"),
    *numbered((58105,), Q.MPPT_CURRENT, Unit.AMPERE, f"{OTHER}, input"),
    *numbered((58104,), Q.STRING_VOLTAGE, Unit.VOLT, f"{OTHER}, output"),
    *numbered((58106,), Q.STRING_CURRENT, Unit.AMPERE, f"{OTHER}, output"),
)
"""Type 41."""
