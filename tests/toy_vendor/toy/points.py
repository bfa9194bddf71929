"""What each field of Toy Solar means: one table per kind of device, one row a line."""

from custom_components.solar_cloud.cloud.model import DeviceKind, Quantity as Q, Unit
from custom_components.solar_cloud.cloud.points import Point, Table, series
from custom_components.solar_cloud.cloud.states import InverterState as State

LIVE = "Toy Solar API, chapter 3"
STATES = {0: State.STANDBY, 1: State.RUNNING, 2: State.FAULT}
TABLES = {
    DeviceKind.INVERTER: Table(
        LIVE,
        Point("state", Q.OPERATING_STATE, codes=STATES),
        Point("pvKw", Q.PV_POWER, Unit.KILOWATT),
        Point("yieldKwh", Q.PV_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        *series("pv{n}Kw", 2, Q.MPPT_POWER, Unit.KILOWATT),
    ),
    DeviceKind.BATTERY: Table(
        LIVE,
        Point("chargeKw", Q.BATTERY_POWER, Unit.KILOWATT, sign=-1),  # + when charging
        Point("level", Q.BATTERY_SOC, Unit.FRACTION),
        Point("inKwh", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        Point("outKwh", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
    ),
    DeviceKind.METER: Table(
        LIVE,
        Point("feedKw", Q.GRID_POWER, Unit.KILOWATT, sign=-1),  # + when feeding in
        Point("houseKw", Q.LOAD_POWER, Unit.KILOWATT),
        Point("boughtWh", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
        Point("soldWh", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.WATT_HOUR),
        Point("houseWh", Q.LOAD_ENERGY_TOTAL, Unit.WATT_HOUR),
    ),
}
