"""The vendor's data items of plants: the totals of the moment, and the report of the day."""

from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table
from . import states

PLANT_REF: Final = "getStationRealKpi"
SINCE_24: Final = f"{PLANT_REF}, 24.8"
ALIAS: Final = f"{PLANT_REF}, alias in 26.1"
REPORT_REF: Final = "getKpiStationDay"
REPORT_SEEN: Final = f"{REPORT_REF} [seen]"

PLANT: Final = Table(
    PLANT_REF,
    # "power" means energy here. What the inverters put out: a hybrid's discharge counts once more (E69).
    Point("day_power", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR),
    Point("total_power", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, sleeps=True),
    Point(
        "day_on_grid_energy",
        Q.GRID_EXPORT_ENERGY_TODAY,
        Unit.KILOWATT_HOUR,
        ref=SINCE_24,
    ),
    Point(
        "daily_on_grid_energy",
        Q.GRID_EXPORT_ENERGY_TODAY,
        Unit.KILOWATT_HOUR,
        ref=ALIAS,
    ),
    Point("day_use_energy", Q.LOAD_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=SINCE_24),
    Point("daily_use_energy", Q.LOAD_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=ALIAS),
    Point("day_income", Q.INCOME_TODAY, Unit.MONEY),
    Point("total_income", Q.INCOME_TOTAL, Unit.MONEY, ref=f"{PLANT_REF}, hourly"),
    Point("real_health_state", Q.PLANT_STATE, codes=states.PLANT),
    # Months and years come out of Home Assistant's own statistics, without the vendor's dips at 01:10 (E03).
    ignored=("month_power", "year_power"),
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
    Point(
        "selfUsePower",
        Q.SELF_CONSUMED_ENERGY_TODAY,
        Unit.KILOWATT_HOUR,
        ref=REPORT_SEEN,
    ),
    Point(
        "selfProvide", Q.SELF_SUPPLIED_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN
    ),
    Point(
        "chargeCap", Q.BATTERY_CHARGE_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=REPORT_SEEN
    ),
    Point(
        "dischargeCap",
        Q.BATTERY_DISCHARGE_ENERGY_TODAY,
        Unit.KILOWATT_HOUR,
        ref=REPORT_SEEN,
    ),
    Point("power_profit", Q.INCOME_TODAY, Unit.MONEY),
    Point(
        "perpower_ratio",
        Q.EQUIVALENT_HOURS_TODAY,
        Unit.HOUR,
        ref=f"{REPORT_REF}, kWh per kWp",
    ),
    Point(
        "radiation_intensity", Q.IRRADIATION_TODAY, Unit.KILOWATT_HOUR_PER_SQUARE_METRE
    ),
    ignored=(
        "installed_capacity",
        "theory_power",
        "performance_ratio",
        "reduction_total_co2",
        "reduction_total_coal",
        "reduction_total_tree",
    ),
)
