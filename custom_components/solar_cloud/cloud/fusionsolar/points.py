"""The vendor's data items of inverters, batteries and weather stations, and the table of every device type.

Types 1 and 38 report kW, batteries W: the units belong to the type, not to the name (failures.md E32). Refs name the chapter of the
SmartPVMS Northbound API reference; [seen] marks observations that go beyond it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table, series
from . import models, states
from .meter_points import EMMA, GRID_METER, MAINS, POWER_SENSOR
from .power_m_points import (
    AC_OUTPUT,
    CONVERTER,
    GENSET,
    LITHIUM_STRING,
    MODULE,
    MODULE_GROUP,
)

INVERTER_REF: Final = "string and residential inverter data items"
BATTERY_REF: Final = "residential battery and ESS data items"
EMI_REF: Final = "EMI data items"


def phases(
    voltage: str = "{n}_u", current: str = "{n}_i", line: str = "{n}_u", *, ref: str
) -> Iterator[Point]:
    """Give voltages and currents of the three phases, and the voltages between them."""
    for index, name in enumerate("abc", 1):
        yield Point(
            field=voltage.format(n=name),
            quantity=Q.PHASE_VOLTAGE,
            unit=Unit.VOLT,
            index=index,
            ref=ref,
        )
        yield Point(
            field=current.format(n=name),
            quantity=Q.PHASE_CURRENT,
            unit=Unit.AMPERE,
            index=index,
            ref=ref,
        )
    for index, name in enumerate(("ab", "bc", "ca"), 1):
        yield Point(
            field=line.format(n=name),
            quantity=Q.LINE_VOLTAGE,
            unit=Unit.VOLT,
            index=index,
            ref=ref,
        )


def _operation(ref: str) -> Iterator[Point]:
    """Give what an inverter is doing: state, powers, heat."""
    yield from (
        Point(
            field="inverter_state",
            quantity=Q.OPERATING_STATE,
            codes=states.INVERTER,
            ref=ref,
        ),
        Point(
            field="active_power",
            quantity=Q.AC_POWER,
            unit=Unit.KILOWATT,
            ref=f"{ref}; discharge included on hybrids",
        ),
        Point(
            field="mppt_power",
            quantity=Q.PV_POWER,
            unit=Unit.KILOWATT,
            ref=f"{ref}; DC side",
        ),
        Point(
            field="reactive_power",
            quantity=Q.REACTIVE_POWER,
            unit=Unit.KILOVAR,
            ref=ref,
        ),
        Point(field="power_factor", quantity=Q.POWER_FACTOR, unit=Unit.RATIO, ref=ref),
        Point(field="efficiency", quantity=Q.EFFICIENCY, unit=Unit.PERCENT, ref=ref),
        Point(
            field="temperature",
            quantity=Q.TEMPERATURE,
            unit=Unit.CELSIUS,
            sleeps=True,
            ref=ref,
        ),
        Point(
            field="elec_freq",
            quantity=Q.GRID_FREQUENCY,
            unit=Unit.HERTZ,
            sleeps=True,
            ref=ref,
        ),
    )


def inverter(strings: int, trackers: int) -> Table:
    """Give the table of an inverter type with that many strings and trackers at most."""
    ref = INVERTER_REF
    return Table(
        (
            *_operation(ref),
            *phases(ref=ref),
            Point(
                field="day_cap",
                quantity=Q.AC_ENERGY_TODAY,
                unit=Unit.KILOWATT_HOUR,
                ref=f"{ref}; AC side",
            ),
            Point(
                field="total_cap",
                quantity=Q.AC_ENERGY_TOTAL,
                unit=Unit.KILOWATT_HOUR,
                sleeps=True,
                ref=f"{ref}; AC side",
            ),
            Point(
                field="mppt_total_cap",
                quantity=Q.PV_ENERGY_TOTAL,
                unit=Unit.KILOWATT_HOUR,
                sleeps=True,
                ref=f"{ref}; DC side",
            ),
            *series(
                "mppt_{n}_cap",
                trackers,
                Q.MPPT_ENERGY_TOTAL,
                unit=Unit.KILOWATT_HOUR,
                sleeps=True,
                ref=f"{ref}; DC side",
            ),
            *series("pv{n}_u", strings, Q.STRING_VOLTAGE, unit=Unit.VOLT, ref=ref),
            *series("pv{n}_i", strings, Q.STRING_CURRENT, unit=Unit.AMPERE, ref=ref),
        ),
        # Start and shutdown times come stale, as 0 or as "N/A".
        ignored=("run_state", "open_time", "close_time"),
    )


BATTERY: Final = Table(
    (
        Point(
            field="battery_status",
            quantity=Q.OPERATING_STATE,
            codes=states.BATTERY,
            ref=BATTERY_REF,
        ),
        Point(
            field="ch_discharge_model",
            quantity=Q.WORK_MODE,
            codes=states.BATTERY_MODE,
            ref=BATTERY_REF,
        ),
        Point(
            field="battery_soc",
            quantity=Q.BATTERY_SOC,
            unit=Unit.PERCENT,
            ref=BATTERY_REF,
        ),
        Point(
            field="battery_soh",
            quantity=Q.BATTERY_SOH,
            unit=Unit.PERCENT,
            ref=f"{BATTERY_REF}; constantly 0 on LUNA2000 [seen]",
        ),
        Point(
            field="ch_discharge_power",
            quantity=Q.BATTERY_POWER,
            unit=Unit.WATT,
            sign=-1,
            ref=f"{BATTERY_REF}; + charge [seen]",
        ),
        Point(
            field="max_charge_power",
            quantity=Q.BATTERY_MAX_CHARGE_POWER,
            unit=Unit.WATT,
            ref=BATTERY_REF,
        ),
        Point(
            field="max_discharge_power",
            quantity=Q.BATTERY_MAX_DISCHARGE_POWER,
            unit=Unit.WATT,
            ref=BATTERY_REF,
        ),
        Point(
            field="busbar_u",
            quantity=Q.BATTERY_VOLTAGE,
            unit=Unit.VOLT,
            ref=BATTERY_REF,
        ),
        Point(
            field="charge_cap",
            quantity=Q.BATTERY_CHARGE_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{BATTERY_REF}; of the day [seen]",
        ),
        Point(
            field="discharge_cap",
            quantity=Q.BATTERY_DISCHARGE_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{BATTERY_REF}; of the day [seen]",
        ),
        Point(
            field="total_charged_energy",
            quantity=Q.BATTERY_CHARGE_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            sleeps=True,
            ref=f"{BATTERY_REF} [seen]",
        ),
        Point(
            field="total_discharged_energy",
            quantity=Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            sleeps=True,
            ref=f"{BATTERY_REF} [seen]",
        ),
        Point(
            field="rated_capacity",
            quantity=Q.BATTERY_CAPACITY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{BATTERY_REF} [seen]",
        ),
    ),
    ignored=("run_state", "battery_unit_info"),
)

WEATHER: Final = Table(
    (
        Point(
            field="temperature",
            quantity=Q.AMBIENT_TEMPERATURE,
            unit=Unit.CELSIUS,
            ref=EMI_REF,
        ),
        Point(
            field="pv_temperature",
            quantity=Q.MODULE_TEMPERATURE,
            unit=Unit.CELSIUS,
            ref=EMI_REF,
        ),
        Point(
            field="wind_speed",
            quantity=Q.WIND_SPEED,
            unit=Unit.METRE_PER_SECOND,
            ref=EMI_REF,
        ),
        Point(
            field="wind_direction",
            quantity=Q.WIND_DIRECTION,
            unit=Unit.DEGREE,
            ref=EMI_REF,
        ),
        Point(
            field="radiant_line",
            quantity=Q.PLANE_IRRADIANCE,
            unit=Unit.WATT_PER_SQUARE_METRE,
            ref=EMI_REF,
        ),
        Point(
            field="horiz_radiant_line",
            quantity=Q.IRRADIANCE,
            unit=Unit.WATT_PER_SQUARE_METRE,
            ref=EMI_REF,
        ),
        Point(
            field="radiant_total",
            quantity=Q.IRRADIATION_TODAY,
            unit=Unit.MEGAJOULE_PER_SQUARE_METRE,
            ref=f"{EMI_REF}; of the day, MJ/m²",
        ),
    ),
    ignored=("run_state", "horiz_radiant_total"),
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
