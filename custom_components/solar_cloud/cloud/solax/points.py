"""Every field of the cloud's live data that is a measurement: what it is, in which unit, with which sign.

[doc] is the developer portal (generation v34, device and plant realtime data), [seen] a payload published by a user, [guess] our
inference. Our signs: power towards the house is positive; the cloud counts export and charging as positive, hence ``sign=-1``.
The same field name may mean another thing in another kind of device: each kind has a table of its own, the inverter's in ``inverter_points.py``.
"""

from collections.abc import Mapping
from typing import Final

from ..model import DeviceKind, Quantity as Q, Unit
from ..points import Point, Table, series
from . import states
from .inverter_points import IDENTITIES, PORTAL, STATUS_REF, energies, inverter
from .models import COMMERCIAL, HOME

PLANT_PORTAL: Final = "plant/realtime_data [doc]"
EMS_PORTAL: Final = "ems_system/summary_data [doc]"
EMS_GUESS: Final = f"{EMS_PORTAL}; sign [guess]"


def battery(codes: Mapping[int, str]) -> Table:
    """Give the table of a battery (device type 2)."""
    return Table(
        PORTAL,
        Point("deviceStatus", Q.OPERATING_STATE, codes=codes, ref=STATUS_REF),
        Point("batterySOC", Q.BATTERY_SOC, Unit.PERCENT),
        Point("batterySOH", Q.BATTERY_SOH, Unit.PERCENT),
        # Commercial plants: W by the document, kW by one public client; ``PowerUnits`` in decoder.py compares it with volts times amperes.
        Point(
            "chargeDischargePower",
            Q.BATTERY_POWER,
            Unit.WATT,
            sign=-1,
            ref=f"{PORTAL}: + charge",
        ),
        Point("batteryVoltage", Q.BATTERY_VOLTAGE, Unit.VOLT),
        Point(
            "batteryCurrent",
            Q.BATTERY_CURRENT,
            Unit.AMPERE,
            ref=f"{PORTAL}; sign not stated, passed on",
        ),
        Point("batteryTemperature", Q.BATTERY_TEMPERATURE, Unit.CELSIUS),
        Point("batteryCycleTimes", Q.BATTERY_CYCLES, Unit.COUNT),
        Point("batteryRemainings", Q.BATTERY_ENERGY_REMAINING, Unit.KILOWATT_HOUR),
        Point(
            "totalDeviceCharge",
            Q.BATTERY_CHARGE_ENERGY_TOTAL,
            Unit.KILOWATT_HOUR,
            ref="payloads [seen]",
        ),
        Point(
            "totalDevicCharge",
            Q.BATTERY_CHARGE_ENERGY_TOTAL,
            Unit.KILOWATT_HOUR,
            ref=f"{PORTAL}: its spelling of totalDeviceCharge",
        ),
        Point(
            "totalDeviceDischarge", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR
        ),
        ignored=IDENTITIES,
    )


def meter(power: Unit, reactive: Unit, apparent: Unit) -> Table:
    """Give the table of a meter (device type 3)."""
    return Table(
        PORTAL,
        Point("importEnergy", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        Point("exportEnergy", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        Point(
            "totalActivePower",
            Q.GRID_POWER,
            power,
            sign=-1,
            ref=f"{PORTAL}: + export; a meter's own, where an inverter's totalActivePower is its AC output",
        ),
        *series(
            "l{n}ActivePower",
            3,
            Q.PHASE_POWER,
            power,
            sign=-1,
            ref=f"{PORTAL}; sign as of the sum [guess]",
        ),
        Point("totalReactivePower", Q.REACTIVE_POWER, reactive),
        *series("l{n}ReactivePower", 3, Q.PHASE_REACTIVE_POWER, reactive),
        Point("totalApparentPower", Q.APPARENT_POWER, apparent),
        *series("l{n}Voltage", 3, Q.PHASE_VOLTAGE, Unit.VOLT),
        *series("l{n}Current", 3, Q.PHASE_CURRENT, Unit.AMPERE),
        Point("powerFactor", Q.POWER_FACTOR, Unit.RATIO),
        Point("gridFrequency", Q.GRID_FREQUENCY, Unit.HERTZ),
        ignored=IDENTITIES,
    )


def charger() -> Table:
    """Give the table of an EV charger (device type 4)."""
    return Table(
        PORTAL,
        Point("deviceStatus", Q.OPERATING_STATE, codes=states.CHARGER, ref=STATUS_REF),
        Point("deviceWorkingMode", Q.WORK_MODE, codes=states.CHARGER_MODE),
        Point(
            "chargingPower",
            Q.CHARGER_POWER,
            Unit.WATT,
            ref="payloads of homes [seen]; W for commercial plants too [guess]",
        ),
        *series(
            "l{n}Current",
            3,
            Q.PHASE_CURRENT,
            Unit.AMPERE,
            ref=f"{PORTAL}: three-phase chargers",
        ),
        Point(
            "singlePhaseCurrent",
            Q.PHASE_CURRENT,
            Unit.AMPERE,
            index=1,
            ref=f"{PORTAL}: single-phase chargers",
        ),
        Point(
            "chargingEnergyThisSession", Q.CHARGER_ENERGY_SESSION, Unit.KILOWATT_HOUR
        ),
        Point("chargingTimeThisSession", Q.CHARGER_SESSION_DURATION, Unit.SECOND),
        Point("totalChargeEnergy", Q.CHARGER_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        ignored=(*IDENTITIES, "rfidnumber"),
    )


def plant() -> Table:
    """Give the table of a plant: energies only, the cloud has no powers of a plant."""
    return Table(
        PLANT_PORTAL,
        *energies(
            "total{n}",
            "daily{n}",
            Yield="pv",
            Charged="battery_charge",
            Discharged="battery_discharge",
            Imported="grid_import",
            Exported="grid_export",
        ),
        Point("totalEarnings", Q.INCOME_TOTAL, Unit.MONEY),
        Point("dailyEarnings", Q.INCOME_TODAY, Unit.MONEY),
        ignored=IDENTITIES,
    )


def energy_manager() -> Table:
    """Give the table of an EMS (device type 100), which sums up a commercial plant.

    The signs of its grid and battery power are nowhere stated. Assumed here: + export as in every other answer, and + discharge,
    the only pair with which the portal's sample adds up [guess]. A report that it is otherwise corrects these two rows.
    """
    return Table(
        EMS_PORTAL,
        Point("sysGridPower", Q.GRID_POWER, Unit.KILOWATT, sign=-1, ref=EMS_GUESS),
        Point("sysBatteryPower", Q.BATTERY_POWER, Unit.KILOWATT, ref=EMS_GUESS),
        Point("sysPVPower", Q.PV_POWER, Unit.KILOWATT),
        Point("sysLoadPower", Q.LOAD_POWER, Unit.KILOWATT),
        *energies(
            "sysTotal{n}",
            "sysDaily{n}",
            PVYield="pv",
            BatteryCharge="battery_charge",
            BatteryDischarge="battery_discharge",
            LoadConsumption="load",
            ImportEnergy="grid_import",
            ExportEnergy="grid_export",
        ),
        Point("sysBatterySOC", Q.BATTERY_SOC, Unit.PERCENT),
        Point("sysBatterySOH", Q.BATTERY_SOH, Unit.PERCENT),
        Point("sysBatteryRemainings", Q.BATTERY_ENERGY_REMAINING, Unit.KILOWATT_HOUR),
        Point("sysBatteryCapacity", Q.BATTERY_CAPACITY, Unit.KILOWATT_HOUR),
        ignored=(*IDENTITIES, "utcTime"),
    )


_HOME_UNITS: Final = (Unit.WATT, Unit.VAR, Unit.VOLT_AMPERE)
_COMMERCIAL_UNITS: Final = (Unit.KILOWATT, Unit.KILOVAR, Unit.KILOVOLT_AMPERE)

TABLES: Final[Mapping[tuple[str, DeviceKind], Table]] = {
    (HOME, DeviceKind.INVERTER): inverter(*_HOME_UNITS),
    (COMMERCIAL, DeviceKind.INVERTER): inverter(*_COMMERCIAL_UNITS),
    (HOME, DeviceKind.BATTERY): battery(states.HOME_BATTERY),
    (COMMERCIAL, DeviceKind.BATTERY): battery(states.COMMERCIAL_BATTERY),
    (HOME, DeviceKind.METER): meter(*_HOME_UNITS),
    (COMMERCIAL, DeviceKind.METER): meter(*_COMMERCIAL_UNITS),
    (HOME, DeviceKind.CHARGER): charger(),
    (COMMERCIAL, DeviceKind.CHARGER): charger(),
    (HOME, DeviceKind.PLANT): plant(),
    (COMMERCIAL, DeviceKind.PLANT): plant(),
    (COMMERCIAL, DeviceKind.ENERGY_MANAGER): energy_manager(),
}
"""By business type and kind of device."""
