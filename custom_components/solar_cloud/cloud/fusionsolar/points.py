"""The vendor's data items of every device type and of plants: what each is, in which unit, with which sign.

In this order: sources, inverters, batteries, meters and all else at the grid connection, weather stations, the Power-M family, plants
(totals of the moment, report of the day), and ``TABLES`` with the table of each device type.

Types 1 and 38 report kW, batteries W: the units belong to the type, not to the name (failures.md E32). Refs name the chapter of the
SmartPVMS Northbound API reference; [seen] marks observations that go beyond it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..catalogue import Catalogue, PointType
from ..model import Device, DeviceKind, Plant, Quantity as Q, Unit
from ..points import Point, RawPoint, Table, series
from . import models, states

INVERTER_REF: Final = "string and residential inverter data items"
BATTERY_REF: Final = "residential battery and ESS data items"
BATTERY_SEEN: Final = f"{BATTERY_REF} [seen]"
BATTERY_DAY: Final = f"{BATTERY_REF}; of the day [seen]"
EMI_REF: Final = "EMI data items"
POWER_M_REF: Final = "Power-M data items (26.x clients)"
"""Types 60003 to 60092, as newer clients list them; no values were ever published."""
SENSOR_REF: Final = "power sensor data items"
METER_REF: Final = "grid meter data items"
EMMA_REF: Final = "EMMA data items (25.2)"
PLANT_REF: Final = "getStationRealKpi"
SINCE_24: Final = f"{PLANT_REF}, 24.8"
ALIAS: Final = f"{PLANT_REF}, alias in 26.1"
REPORT_REF: Final = "getKpiStationDay"
REPORT_SEEN: Final = f"{REPORT_REF} [seen]"

# fmt: off
# One row a line.


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
        Point("total_cap", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=ac_side),
        Point("mppt_total_cap", Q.PV_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=dc_side),
        *series("mppt_{n}_cap", trackers, Q.MPPT_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=dc_side),
        *series("pv{n}_u", strings, Q.STRING_VOLTAGE, Unit.VOLT),
        *series("pv{n}_i", strings, Q.STRING_CURRENT, Unit.AMPERE),
        # Start and shutdown times come stale, as 0 or as "N/A".
        raw=(
            RawPoint("open_time", "Last start", "ms"),
            RawPoint("close_time", "Last shutdown", "ms"),
        ),
        ignored=("run_state",),
    )


BATTERY: Final = Table(
    BATTERY_REF,
    Point("battery_status", Q.OPERATING_STATE, codes=states.BATTERY),
    Point("ch_discharge_model", Q.WORK_MODE, codes=states.BATTERY_MODE),
    Point("battery_soc", Q.BATTERY_SOC, Unit.PERCENT),
    Point("battery_soh", Q.BATTERY_SOH, Unit.PERCENT, ref=f"{BATTERY_REF}; constantly 0 on LUNA2000 [seen]"),
    Point("ch_discharge_power", Q.BATTERY_POWER, Unit.WATT, sign=-1, ref=f"{BATTERY_REF}; + charge [seen]"),
    Point("max_charge_power", Q.BATTERY_MAX_CHARGE_POWER, Unit.WATT),
    Point("max_discharge_power", Q.BATTERY_MAX_DISCHARGE_POWER, Unit.WATT),
    Point("busbar_u", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point("charge_cap", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=BATTERY_DAY),
    Point("discharge_cap", Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=BATTERY_DAY),
    Point("total_charged_energy", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=BATTERY_SEEN),
    Point("total_discharged_energy", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True, ref=BATTERY_SEEN),
    Point("rated_capacity", Q.BATTERY_CAPACITY, Unit.KILOWATT_HOUR, ref=BATTERY_SEEN),
    ignored=("run_state", "battery_unit_info"),
)

# Meters: the same names in three units and two directions. Power sensors (47) count export as positive [seen], EMMA (23070) counts import
# as positive [code of two clients], grid meters (17) are taken to be like power sensors. Type 17 reports W since version 24.7, kW before
# (change history 24.7.0); ``UnitGuess`` in decoder.py decides per meter.

OUTWARD: Final = -1
"""The device counts export as positive."""
INWARD: Final = 1

TARIFFS: Final = ("peak", "power", "valley", "top")
"""Peak, shoulder (an energy, whatever its name says), off-peak, sharp."""
REACTIVE: Final = (
    "forward_reactive_cap",
    "reverse_reactive_cap",
    *(f"{way}_reactive_{rate}" for way in ("positive", "reverse") for rate in TARIFFS),
)
"""kvarh, printed with wrong units in every version of the document."""
STATUS: Final = ("run_state", "meter_status")


def _meter(source: str, how: str, direction: int, power: Unit, reactive: Unit, *more: Point) -> Table:
    """Give the table of a meter; ``how`` is what the source says of its powers."""
    ref = f"{source}; {how}"
    phase_a = f"{ref}; phase A"
    return Table(
        ref,
        Point("active_power", Q.GRID_POWER, power, sign=direction),
        Point("reactive_power", Q.REACTIVE_POWER, reactive),
        Point("total_apparent_power", Q.APPARENT_POWER, Unit.KILOVOLT_AMPERE),
        Point("power_factor", Q.POWER_FACTOR, Unit.RATIO),
        Point("grid_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
        *_meter_phases(direction, power, reactive),
        Point("meter_u", Q.PHASE_VOLTAGE, Unit.VOLT, index=1, ref=phase_a),
        Point("meter_i", Q.PHASE_CURRENT, Unit.AMPERE, index=1, ref=phase_a),
        *series("{n}_u", ("ab", "bc", "ca"), Q.LINE_VOLTAGE, Unit.VOLT),
        *_energies(direction, source),
        *more,
        raw=(
            RawPoint(name, name.replace("_", " ").capitalize(), "kvarh")
            for name in REACTIVE
        ),
        ignored=STATUS,
    )


def _meter_phases(direction: int, power: Unit, reactive: Unit) -> Iterator[Point]:
    for index, n in enumerate("abc", 1):
        yield Point(f"active_power_{n}", Q.PHASE_POWER, power, index=index, sign=direction)
        yield Point(f"reactive_power_{n}", Q.PHASE_REACTIVE_POWER, reactive, index=index)
        yield Point(f"{n}_u", Q.PHASE_VOLTAGE, Unit.VOLT, index=index)
        yield Point(f"{n}_i", Q.PHASE_CURRENT, Unit.AMPERE, index=index)


def _energies(direction: int, source: str) -> Iterator[Point]:
    inward, outward = Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL
    tariff_in, tariff_out = Q.TARIFF_IMPORT_ENERGY_TOTAL, Q.TARIFF_EXPORT_ENERGY_TOTAL
    if direction == OUTWARD:
        inward, outward, tariff_in, tariff_out = outward, inward, tariff_out, tariff_in
    kwh, positive = Unit.KILOWATT_HOUR, f"{source}; the positive direction"
    negative, energy = f"{source}; the negative direction", f"{source}; an energy"
    yield Point("active_cap", inward, kwh, sleeps=True, ref=positive)
    yield Point("reverse_active_cap", outward, kwh, sleeps=True, ref=negative)
    for index, rate in enumerate(TARIFFS, 1):
        yield Point(f"positive_active_{rate}", tariff_in, kwh, index=index, ref=energy)
        yield Point(f"reverse_active_{rate}", tariff_out, kwh, index=index, ref=energy)


POWER_SENSOR: Final = _meter(SENSOR_REF, "W, + export [seen]", OUTWARD, Unit.WATT, Unit.VAR)
GRID_METER: Final = _meter(METER_REF, "W since 24.7.0", OUTWARD, Unit.WATT, Unit.KILOVAR)
EMMA: Final = _meter(
    EMMA_REF,
    "kW, + import [seen]",
    INWARD,
    Unit.KILOWATT,
    Unit.KILOVAR,
    Point("ex_active_power", Q.SECOND_GRID_POWER, Unit.KILOWATT, ref=f"{EMMA_REF}; second measuring point"),
    Point("ex_active_cap", Q.SECOND_GRID_IMPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=EMMA_REF),
    Point("ex_reverse_active_cap", Q.SECOND_GRID_EXPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=EMMA_REF),
)
MAINS: Final = Table(
    POWER_M_REF,
    Point("active_power", Q.GRID_POWER, Unit.KILOWATT),
    Point("ac_voltage", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("ac_current", Q.PHASE_CURRENT, Unit.AMPERE, index=1),
    Point("ac_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("total_energy_consumption", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
    raw=(
        RawPoint("mains_state", "Mains state"),
        RawPoint("grid_quality_grade", "Grid quality grade"),
        RawPoint("supply_duration_per_total", "Supply duration"),
    ),
)

WEATHER: Final = Table(
    EMI_REF,
    Point("temperature", Q.AMBIENT_TEMPERATURE, Unit.CELSIUS),
    Point("pv_temperature", Q.MODULE_TEMPERATURE, Unit.CELSIUS),
    Point("wind_speed", Q.WIND_SPEED, Unit.METRE_PER_SECOND),
    Point("wind_direction", Q.WIND_DIRECTION, Unit.DEGREE),
    Point("radiant_line", Q.PLANE_IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("horiz_radiant_line", Q.IRRADIANCE, Unit.WATT_PER_SQUARE_METRE),
    Point("radiant_total", Q.IRRADIATION_TODAY, Unit.MEGAJOULE_PER_SQUARE_METRE, ref=f"{EMI_REF}; of the day, MJ/m²"),
    raw=(RawPoint("horiz_radiant_total", "Horizontal irradiation of the day", "MJ/m²"),),
    ignored=("run_state",),
)

GENSET: Final = Table(
    POWER_M_REF,
    Point("output_power", Q.AC_POWER, Unit.KILOWATT),
    raw=(
        RawPoint("running_state", "Running state"),
        RawPoint("load_rate", "Load rate", "%"),
    ),
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
    Point("charge_discharge_power", Q.BATTERY_POWER, Unit.KILOWATT, sign=-1, ref=f"{POWER_M_REF}; sign taken from type 39"),
    Point("total_discharge", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
    Point("voltage", Q.BATTERY_VOLTAGE, Unit.VOLT),
    Point("current", Q.BATTERY_CURRENT, Unit.AMPERE),
    Point("total_discharge_times", Q.BATTERY_CYCLES, Unit.COUNT),
    raw=(
        RawPoint("battery_state", "Battery state"),
        RawPoint("remaining_backup_time", "Remaining backup time"),
        RawPoint("total_capacity", "Total capacity"),
    ),
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
    raw=(RawPoint("on_off_state", "On/off state"),),
)
CONVERTER: Final = Table(
    POWER_M_REF,
    Point("inverter_voltage", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("inverter_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
    raw=(RawPoint("total_runtime", "Total runtime"),),
)

PLANT: Final = Table(
    PLANT_REF,
    # "power" means energy here. What the inverters put out: a hybrid's discharge counts once more (E69).
    Point("day_power", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("total_power", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True),
    Point("day_on_grid_energy", Q.GRID_EXPORT_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=SINCE_24),
    Point("daily_on_grid_energy", Q.GRID_EXPORT_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=ALIAS),
    Point("day_use_energy", Q.LOAD_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=SINCE_24),
    Point("daily_use_energy", Q.LOAD_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=ALIAS),
    Point("day_income", Q.INCOME_TODAY, Unit.MONEY),
    Point("total_income", Q.INCOME_TOTAL, Unit.MONEY, ref=f"{PLANT_REF}, hourly"),
    Point("real_health_state", Q.PLANT_STATE, codes=states.PLANT),
    # Months and years come out of Home Assistant's own statistics, without the vendor's dips at 01:10 (E03).
    raw=(RawPoint("month_power", "Yield this month", "kWh"),),
    ignored=("year_power",),
)

REPORT: Final = Table(
    REPORT_REF,
    Point("PVYield", Q.PV_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("inverterYield", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    # Ambiguous: DC or AC side. Good for nothing but plants that report neither of the two above (A129).
    Point("inverter_power", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("ongrid_power", Q.GRID_EXPORT_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("buyPower", Q.GRID_IMPORT_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("use_power", Q.LOAD_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("selfUsePower", Q.SELF_CONSUMED_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("selfProvide", Q.SELF_SUPPLIED_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("chargeCap", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("dischargeCap", Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN),
    Point("power_profit", Q.INCOME_TODAY, Unit.MONEY),
    Point("reduction_total_co2", Q.CO2_SAVED_TODAY, Unit.TONNE),
    Point("perpower_ratio", Q.EQUIVALENT_HOURS_TODAY, Unit.HOUR, ref=f"{REPORT_REF}, kWh per kWp"),
    Point("radiation_intensity", Q.IRRADIATION_TODAY, Unit.KILOWATT_HOUR_PER_SQUARE_METRE),
    raw=(
        RawPoint("installed_capacity", "Installed capacity", "kW"),
        RawPoint("theory_power", "Theoretical yield", "kWh"),
        RawPoint("performance_ratio", "Performance ratio", "%"),
        RawPoint("reduction_total_coal", "Coal saved", "t"),
        RawPoint("reduction_total_tree", "Trees"),
    ),
)

DEVICE_REPORT: Final = Table(
    "getDevKpiDay",
    Point("product_power", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("charge_cap", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("discharge_cap", Q.BATTERY_DISCHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR),
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

PLANT_TYPE: Final = "plant"


def type_of(owner: Plant | Device) -> str:
    """Return the number of the type of a device; a plant has none."""
    return owner.address["type"] if isinstance(owner, Device) else PLANT_TYPE


CATALOGUE: Final = Catalogue(
    (
        PointType(PLANT_TYPE, DeviceKind.PLANT, (PLANT, REPORT)),
        *(
            PointType(str(number), models.kind_of(number), (table,))
            for number, table in TABLES.items()
        ),
    ),
    type_of,
)
