"""The vendor's data items of inverters, batteries, weather stations and the Power-M family, and the table of every device type.

Types 1 and 38 report kW, batteries W: the units belong to the type, not to the name (failures.md E32). Refs name the chapter of the
SmartPVMS Northbound API reference; [seen] marks observations that go beyond it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table, series
from . import models, states
from .meter_points import EMMA, GRID_METER, MAINS, POWER_SENSOR

INVERTER_REF: Final = "string and residential inverter data items"
BATTERY_REF: Final = "residential battery and ESS data items"
BATTERY_SEEN: Final = f"{BATTERY_REF} [seen]"
BATTERY_DAY: Final = f"{BATTERY_REF}; of the day [seen]"
EMI_REF: Final = "EMI data items"
POWER_M_REF: Final = "Power-M data items (26.x clients)"
"""Types 60003 to 60092, as newer clients list them; nobody published values."""


def _phases() -> Iterator[Point]:
    """Give voltages and currents of the three phases, and the voltages between them."""
    for index, name in enumerate("abc", 1):
        yield Point(f"{name}_u", Q.PHASE_VOLTAGE, Unit.VOLT, index=index)
        yield Point(f"{name}_i", Q.PHASE_CURRENT, Unit.AMPERE, index=index)
    yield from series("{n}_u", ("ab", "bc", "ca"), Q.LINE_VOLTAGE, Unit.VOLT)


def inverter(strings: int, trackers: int) -> Table:
    """Give the table of an inverter type with that many strings and trackers at most."""
    hybrid = f"{INVERTER_REF}; discharge included on hybrids"
    ac_side, dc_side = f"{INVERTER_REF}; AC side", f"{INVERTER_REF}; DC side"
    return Table(
        INVERTER_REF,
        Point("inverter_state", Q.OPERATING_STATE, codes=states.INVERTER),
        Point("active_power", Q.AC_POWER, Unit.KILOWATT, ref=hybrid),
        Point("mppt_power", Q.PV_POWER, Unit.KILOWATT, ref=dc_side),
        Point("reactive_power", Q.REACTIVE_POWER, Unit.KILOVAR),
        Point("power_factor", Q.POWER_FACTOR, Unit.RATIO),
        Point("efficiency", Q.EFFICIENCY, Unit.PERCENT),
        Point("temperature", Q.TEMPERATURE, Unit.CELSIUS, sleeps=True),
        Point("elec_freq", Q.GRID_FREQUENCY, Unit.HERTZ, sleeps=True),
        *_phases(),
        Point("day_cap", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=ac_side),
        Point(
            "total_cap", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=ac_side
        ),
        Point(
            "mppt_total_cap",
            Q.PV_ENERGY_TOTAL,
            Unit.KILOWATT_HOUR,
            sleeps=True,
            ref=dc_side,
        ),
        *series(
            "mppt_{n}_cap",
            trackers,
            Q.MPPT_ENERGY_TOTAL,
            Unit.KILOWATT_HOUR,
            sleeps=True,
            ref=dc_side,
        ),
        *series("pv{n}_u", strings, Q.STRING_VOLTAGE, Unit.VOLT),
        *series("pv{n}_i", strings, Q.STRING_CURRENT, Unit.AMPERE),
        # Start and shutdown times come stale, as 0 or as "N/A".
        ignored=("run_state", "open_time", "close_time"),
    )


BATTERY: Final = Table(
    BATTERY_REF,
    Point("battery_status", Q.OPERATING_STATE, codes=states.BATTERY),
    Point("ch_discharge_model", Q.WORK_MODE, codes=states.BATTERY_MODE),
    Point("battery_soc", Q.BATTERY_SOC, Unit.PERCENT),
    Point(
        "battery_soh",
        Q.BATTERY_SOH,
        Unit.PERCENT,
        ref=f"{BATTERY_REF}; constantly 0 on LUNA2000 [seen]",
    ),
    Point(
        "ch_discharge_power",
        Q.BATTERY_POWER,
        Unit.WATT,
        sign=-1,
        ref=f"{BATTERY_REF}; + charge [seen]",
    ),
    Point("max_charge_power", Q.BATTERY_MAX_CHARGE_POWER, Unit.WATT),
    Point("max_discharge_power", Q.BATTERY_MAX_DISCHARGE_POWER, Unit.WATT),
    Point("busbar_u", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point(
        "charge_cap", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=BATTERY_DAY
    ),
    Point(
        "discharge_cap",
        Q.BATTERY_DISCHARGE_ENERGY_TODAY,
        Unit.KILOWATT_HOUR,
        ref=BATTERY_DAY,
    ),
    Point(
        "total_charged_energy",
        Q.BATTERY_CHARGE_ENERGY_TOTAL,
        Unit.KILOWATT_HOUR,
        sleeps=True,
        ref=BATTERY_SEEN,
    ),
    Point(
        "total_discharged_energy",
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
        Unit.KILOWATT_HOUR,
        sleeps=True,
        ref=BATTERY_SEEN,
    ),
    Point("rated_capacity", Q.BATTERY_CAPACITY, Unit.KILOWATT_HOUR, ref=BATTERY_SEEN),
    ignored=("run_state", "battery_unit_info"),
)

WEATHER: Final = Table(
    EMI_REF,
    Point("temperature", Q.AMBIENT_TEMPERATURE, Unit.CELSIUS),
    Point("pv_temperature", Q.MODULE_TEMPERATURE, Unit.CELSIUS),
    Point("wind_speed", Q.WIND_SPEED, Unit.METRE_PER_SECOND),
    Point("wind_direction", Q.WIND_DIRECTION, Unit.DEGREE),
    Point("radiant_line", Q.PLANE_IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("horiz_radiant_line", Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point(
        "radiant_total",
        Q.IRRADIATION_TODAY,
        Unit.MEGAJOULE_PER_SQUARE_METRE,
        ref=f"{EMI_REF}; of the day, MJ/m²",
    ),
    ignored=("run_state", "horiz_radiant_total"),
)

GENSET: Final = Table(
    POWER_M_REF,
    Point("output_power", Q.AC_POWER, Unit.KILOWATT),
    ignored=("running_state", "load_rate"),
)
AC_OUTPUT: Final = Table(
    POWER_M_REF,
    Point("active_power", Q.LOAD_POWER, Unit.KILOWATT),
    Point("ac_voltage", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("ac_current", Q.PHASE_CURRENT, Unit.AMPERE, index=1),
    Point("ac_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
)
LITHIUM_STRING: Final = Table(
    POWER_M_REF,
    Point("soc", Q.BATTERY_SOC, Unit.PERCENT),
    Point(
        "charge_discharge_power",
        Q.BATTERY_POWER,
        Unit.KILOWATT,
        sign=-1,
        ref=f"{POWER_M_REF}; sign taken from type 39",
    ),
    Point("total_discharge", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
    Point("voltage", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point("current", Q.BATTERY_CURRENT, Unit.AMPERE),
    Point("total_discharge_times", Q.BATTERY_CYCLES, Unit.COUNT),
    ignored=("battery_state", "remaining_backup_time", "total_capacity"),
)
MODULE_GROUP: Final = Table(
    POWER_M_REF,
    Point("total_output_power", Q.PV_POWER, Unit.WATT),
    Point("total_output_current", Q.MPPT_CURRENT, Unit.AMPERE, index=1),
)
MODULE: Final = Table(
    POWER_M_REF,
    Point("input_voltage", Q.STRING_VOLTAGE, Unit.VOLT, index=1),
    Point("output_voltage", Q.BUS_VOLTAGE, Unit.VOLT),
    Point("output_current", Q.MPPT_CURRENT, Unit.AMPERE, index=1),
    ignored=("on_off_state",),
)
CONVERTER: Final = Table(
    POWER_M_REF,
    Point("inverter_voltage", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("inverter_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
    ignored=("total_runtime",),
)

TABLES: Final[Mapping[int, Table]] = {
    models.STRING_INVERTER: inverter(36, 10),  # 36 strings since 25.1
    models.HOME_INVERTER: inverter(8, 4),
    models.HOME_BATTERY: BATTERY,
    models.STORAGE: BATTERY,
    models.WEATHER: WEATHER,
    models.GRID_METER: GRID_METER,
    models.POWER_SENSOR: POWER_SENSOR,
    models.EMMA: EMMA,
    models.MAINS: MAINS,
    models.GENSET: GENSET,
    models.AC_OUTPUT: AC_OUTPUT,
    models.LITHIUM_STRING: LITHIUM_STRING,
    models.MODULE_GROUP: MODULE_GROUP,
    models.MODULE: MODULE,
    models.CONVERTER: CONVERTER,
}
