"""The vendor's data items of plants: the totals of the moment, and the report of the day."""

from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table
from . import states

PLANT_REF: Final = "getStationRealKpi"
REPORT_REF: Final = "getKpiStationDay"

PLANT: Final = Table(
    (
        # "power" means energy here. What the inverters put out: a hybrid's discharge counts once more (E69).
        Point(
            field="day_power",
            quantity=Q.AC_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=PLANT_REF,
        ),
        Point(
            field="total_power",
            quantity=Q.AC_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            sleeps=True,
            ref=PLANT_REF,
        ),
        Point(
            field="day_on_grid_energy",
            quantity=Q.GRID_EXPORT_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{PLANT_REF}, 24.8",
        ),
        Point(
            field="daily_on_grid_energy",
            quantity=Q.GRID_EXPORT_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{PLANT_REF}, alias in 26.1",
        ),
        Point(
            field="day_use_energy",
            quantity=Q.LOAD_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{PLANT_REF}, 24.8",
        ),
        Point(
            field="daily_use_energy",
            quantity=Q.LOAD_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{PLANT_REF}, alias in 26.1",
        ),
        Point(
            field="day_income", quantity=Q.INCOME_TODAY, unit=Unit.MONEY, ref=PLANT_REF
        ),
        Point(
            field="total_income",
            quantity=Q.INCOME_TOTAL,
            unit=Unit.MONEY,
            ref=f"{PLANT_REF}, hourly",
        ),
        Point(
            field="real_health_state",
            quantity=Q.PLANT_STATE,
            codes=states.PLANT,
            ref=PLANT_REF,
        ),
    ),
    # Months and years come out of Home Assistant's own statistics, without the vendor's dips at 01:10 (E03).
    ignored=("month_power", "year_power"),
)

REPORT: Final = Table(
    (
        Point(
            field="PVYield",
            quantity=Q.PV_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="inverterYield",
            quantity=Q.AC_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        # Ambiguous: DC or AC side. Good for nothing but plants that report neither of the two above (A129).
        Point(
            field="inverter_power",
            quantity=Q.AC_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=REPORT_REF,
        ),
        Point(
            field="ongrid_power",
            quantity=Q.GRID_EXPORT_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=REPORT_REF,
        ),
        Point(
            field="buyPower",
            quantity=Q.GRID_IMPORT_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="use_power",
            quantity=Q.LOAD_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=REPORT_REF,
        ),
        Point(
            field="selfUsePower",
            quantity=Q.SELF_CONSUMED_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="selfProvide",
            quantity=Q.SELF_SUPPLIED_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="chargeCap",
            quantity=Q.BATTERY_CHARGE_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="dischargeCap",
            quantity=Q.BATTERY_DISCHARGE_ENERGY_TODAY,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{REPORT_REF} [seen]",
        ),
        Point(
            field="power_profit",
            quantity=Q.INCOME_TODAY,
            unit=Unit.MONEY,
            ref=REPORT_REF,
        ),
        Point(
            field="perpower_ratio",
            quantity=Q.EQUIVALENT_HOURS_TODAY,
            unit=Unit.HOUR,
            ref=f"{REPORT_REF}, kWh per kWp",
        ),
        Point(
            field="radiation_intensity",
            quantity=Q.IRRADIATION_TODAY,
            unit=Unit.KILOWATT_HOUR_PER_SQUARE_METRE,
            ref=REPORT_REF,
        ),
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
