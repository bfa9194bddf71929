"""The vendor's data items of the Power-M family (types 60003 to 60092), as newer clients list them; nobody published values."""

from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table

POWER_M_REF: Final = "Power-M data items (26.x clients)"

GENSET: Final = Table(
    (
        Point(
            field="output_power",
            quantity=Q.AC_POWER,
            unit=Unit.KILOWATT,
            ref=POWER_M_REF,
        ),
    ),
    ignored=("running_state", "load_rate"),
)
AC_OUTPUT: Final = Table(
    (
        Point(
            field="active_power",
            quantity=Q.LOAD_POWER,
            unit=Unit.KILOWATT,
            ref=POWER_M_REF,
        ),
        Point(
            field="ac_voltage",
            quantity=Q.PHASE_VOLTAGE,
            index=1,
            unit=Unit.VOLT,
            ref=POWER_M_REF,
        ),
        Point(
            field="ac_current",
            quantity=Q.PHASE_CURRENT,
            index=1,
            unit=Unit.AMPERE,
            ref=POWER_M_REF,
        ),
        Point(
            field="ac_frequency",
            quantity=Q.GRID_FREQUENCY,
            unit=Unit.HERTZ,
            ref=POWER_M_REF,
        ),
    )
)
LITHIUM_STRING: Final = Table(
    (
        Point(field="soc", quantity=Q.BATTERY_SOC, unit=Unit.PERCENT, ref=POWER_M_REF),
        Point(
            field="charge_discharge_power",
            quantity=Q.BATTERY_POWER,
            unit=Unit.KILOWATT,
            sign=-1,
            ref=f"{POWER_M_REF}; sign taken from type 39",
        ),
        Point(
            field="total_discharge",
            quantity=Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            ref=POWER_M_REF,
        ),
        Point(
            field="voltage", quantity=Q.BATTERY_VOLTAGE, unit=Unit.VOLT, ref=POWER_M_REF
        ),
        Point(
            field="current",
            quantity=Q.BATTERY_CURRENT,
            unit=Unit.AMPERE,
            ref=POWER_M_REF,
        ),
        Point(
            field="total_discharge_times",
            quantity=Q.BATTERY_CYCLES,
            unit=Unit.COUNT,
            ref=POWER_M_REF,
        ),
    ),
    ignored=("battery_state", "remaining_backup_time", "total_capacity"),
)
MODULE_GROUP: Final = Table(
    (
        Point(
            field="total_output_power",
            quantity=Q.PV_POWER,
            unit=Unit.WATT,
            ref=POWER_M_REF,
        ),
        Point(
            field="total_output_current",
            quantity=Q.MPPT_CURRENT,
            index=1,
            unit=Unit.AMPERE,
            ref=POWER_M_REF,
        ),
    )
)
MODULE: Final = Table(
    (
        Point(
            field="input_voltage",
            quantity=Q.STRING_VOLTAGE,
            index=1,
            unit=Unit.VOLT,
            ref=POWER_M_REF,
        ),
        Point(
            field="output_voltage",
            quantity=Q.BUS_VOLTAGE,
            unit=Unit.VOLT,
            ref=POWER_M_REF,
        ),
        Point(
            field="output_current",
            quantity=Q.MPPT_CURRENT,
            index=1,
            unit=Unit.AMPERE,
            ref=POWER_M_REF,
        ),
    ),
    ignored=("on_off_state",),
)
CONVERTER: Final = Table(
    (
        Point(
            field="inverter_voltage",
            quantity=Q.PHASE_VOLTAGE,
            index=1,
            unit=Unit.VOLT,
            ref=POWER_M_REF,
        ),
        Point(
            field="inverter_frequency",
            quantity=Q.GRID_FREQUENCY,
            unit=Unit.HERTZ,
            ref=POWER_M_REF,
        ),
    ),
    ignored=("total_runtime",),
)
