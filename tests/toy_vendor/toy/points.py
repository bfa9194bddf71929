"""What each field of Toy Solar means: one table per kind of device, one row a line."""

from custom_components.solar_cloud.cloud.model import DeviceKind, Quantity as Q, Unit
from custom_components.solar_cloud.cloud.points import Point, Table, series
from custom_components.solar_cloud.cloud.states import InverterState as State

LIVE = "Toy Solar API, chapter 3"
STATES = {0: State.STANDBY, 1: State.RUNNING, 2: State.FAULT}

# fmt: off
TABLES = {
    DeviceKind.INVERTER: Table((
        Point(field="state", quantity=Q.OPERATING_STATE, codes=STATES, ref=LIVE),
        Point(field="pvKw", quantity=Q.PV_POWER, unit=Unit.KILOWATT, ref=LIVE),
        Point(field="yieldKwh", quantity=Q.PV_ENERGY_TOTAL, unit=Unit.KILOWATT_HOUR, ref=LIVE),
        *series("pv{n}Kw", 2, Q.MPPT_POWER, unit=Unit.KILOWATT, ref=LIVE),
    )),
    DeviceKind.BATTERY: Table((
        Point(field="chargeKw", quantity=Q.BATTERY_POWER, unit=Unit.KILOWATT, sign=-1, ref=LIVE),  # positive when it charges
        Point(field="level", quantity=Q.BATTERY_SOC, unit=Unit.FRACTION, ref=LIVE),
        Point(field="inKwh", quantity=Q.BATTERY_CHARGE_ENERGY_TOTAL, unit=Unit.KILOWATT_HOUR, ref=LIVE),
        Point(field="outKwh", quantity=Q.BATTERY_DISCHARGE_ENERGY_TOTAL, unit=Unit.KILOWATT_HOUR, ref=LIVE),
    )),
    DeviceKind.METER: Table((
        Point(field="feedKw", quantity=Q.GRID_POWER, unit=Unit.KILOWATT, sign=-1, ref=LIVE),  # positive when it feeds in
        Point(field="houseKw", quantity=Q.LOAD_POWER, unit=Unit.KILOWATT, ref=LIVE),
        Point(field="boughtWh", quantity=Q.GRID_IMPORT_ENERGY_TOTAL, unit=Unit.WATT_HOUR, ref=LIVE),
        Point(field="soldWh", quantity=Q.GRID_EXPORT_ENERGY_TOTAL, unit=Unit.WATT_HOUR, ref=LIVE),
        Point(field="houseWh", quantity=Q.LOAD_ENERGY_TOTAL, unit=Unit.WATT_HOUR, ref=LIVE),
    )),
}
# fmt: on
