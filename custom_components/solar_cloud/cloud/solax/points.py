"""Every field of the cloud's live data that is a measurement: what it is, in which unit, with which sign.

In this order: sources, inverters, batteries, meters, EV chargers, plants, EMS, and ``TABLES`` with the table of each kind of device.
The same field name may mean another thing in another kind of device, so each has a table of its own.

[doc] is the developer portal (generation v34, device and plant realtime data), [seen] a payload published by a user, [guess] our
inference. Our signs: power towards the house is positive; the cloud counts export and charging as positive, hence ``sign=-1``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..catalogue import Catalogue, PointType
from ..model import Device, DeviceKind, Plant, Quantity as Q, Unit
from ..points import Point, Table, series
from . import states
from .models import COMMERCIAL, HOME

PORTAL: Final = "device/realtime_data [doc]"
PLANT_PORTAL: Final = "plant/realtime_data [doc]"
EMS_PORTAL: Final = "ems_system/summary_data [doc]"
EMS_GUESS: Final = f"{EMS_PORTAL}; sign [guess]"
STATUS_REF: Final = "appendix device status [doc]"
MOST_TRACKERS: Final = 16
MOST_STRINGS: Final = 32

IDENTITIES: Final = (
    "deviceSn",
    "registerNo",
    "dataTime",
    "plantLocalTime",
    "plantId",
    "deviceType",
    "deviceModel",
    "businessType",
)

# fmt: off
# One row a line.


def energies(total: str, today: str, **stems: str) -> Iterator[Point]:
    """Give a total and a day's energy of each; ``{n}`` in the fields is the vendor's name, its value ours."""
    for name, stem in stems.items():
        for pattern, span in ((total, "total"), (today, "today")):
            quantity = Q(f"{stem}_energy_{span}")
            yield Point(pattern.format(n=name), quantity, Unit.KILOWATT_HOUR)


def _frequencies() -> Iterator[Point]:
    ref = "payloads [seen]: filled where gridFrequency is null"
    for field in ("acFrequency1", "acFrequency2", "acFrequency3"):
        yield Point(field, Q.GRID_FREQUENCY, Unit.HERTZ, sleeps=True, ref=ref)


def inverter(power: Unit, reactive: Unit, apparent: Unit) -> Table:
    """Give the table of an inverter (device type 1); homes report W, commercial plants kW [doc]."""
    often_null = f"{PORTAL}; often null [seen]"
    at_trackers = f"{PORTAL}: at the trackers"
    with_battery = f"{PORTAL}: includes battery discharge"
    ac_side = f"{PORTAL}: + output, - absorption; its AC side, where a meter's totalActivePower is the grid"
    return Table(
        PORTAL,
        Point("deviceStatus", Q.OPERATING_STATE, codes=states.INVERTER, ref=STATUS_REF),
        Point("gridPower", Q.GRID_POWER, power, sign=-1, ref=f"{PORTAL}: + export"),
        Point("gridPowerM2", Q.SECOND_GRID_POWER, power, sign=-1, ref=f"{PORTAL}: second meter, + export"),
        *energies("total{n}Energy", "today{n}Energy", Import="grid_import", Export="grid_export"),
        *energies("total{n}EnergyM2", "today{n}EnergyM2", Import="second_grid_import", Export="second_grid_export"),
        *series("acVoltage{n}", 3, Q.PHASE_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("acCurrent{n}", 3, Q.PHASE_CURRENT, Unit.AMPERE),
        *series("acPower{n}", 3, Q.PHASE_POWER, power),
        Point("gridFrequency", Q.GRID_FREQUENCY, Unit.HERTZ, sleeps=True, ref=often_null),
        *_frequencies(),
        Point("totalPowerFactor", Q.POWER_FACTOR, Unit.RATIO, sleeps=True),
        Point("inverterTemperature", Q.TEMPERATURE, Unit.CELSIUS, sleeps=True, ref=f"{PORTAL}; 0.0 while waiting [seen]"),
        Point("totalYield", Q.PV_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=at_trackers),
        Point("dailyYield", Q.PV_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=at_trackers),
        Point("totalACOutput", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=with_battery),
        Point("dailyACOutput", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=with_battery),
        Point("MPPTTotalInputPower", Q.PV_POWER, power, ref=often_null),
        *series("MPPT{n}Voltage", MOST_TRACKERS, Q.MPPT_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("MPPT{n}Current", MOST_TRACKERS, Q.MPPT_CURRENT, Unit.AMPERE),
        *series("MPPT{n}Power", MOST_TRACKERS, Q.MPPT_POWER, power),
        *series("pv{n}Voltage", MOST_STRINGS, Q.STRING_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("pv{n}Current", MOST_STRINGS, Q.STRING_CURRENT, Unit.AMPERE),
        *series("pv{n}Power", MOST_STRINGS, Q.STRING_POWER, power),
        *series("EPSL{n}Voltage", 3, Q.BACKUP_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("EPSL{n}Current", 3, Q.BACKUP_CURRENT, Unit.AMPERE),
        *series("EPSL{n}ActivePower", 3, Q.BACKUP_POWER, power),
        *series("EPSL{n}ApparentPower", 3, Q.BACKUP_APPARENT_POWER, apparent),
        *series("{n}Voltage", ("l1l2", "l2l3", "l1l3"), Q.LINE_VOLTAGE, Unit.VOLT, sleeps=True),
        Point("totalActivePower", Q.AC_POWER, power, ref=ac_side),
        Point("totalReactivePower", Q.REACTIVE_POWER, reactive),
        ignored=IDENTITIES,
    )


def battery(codes: Mapping[int, str]) -> Table:
    """Give the table of a battery (device type 2)."""
    return Table(
        PORTAL,
        Point("deviceStatus", Q.OPERATING_STATE, codes=codes, ref=STATUS_REF),
        Point("batterySOC", Q.BATTERY_SOC, Unit.PERCENT),
        Point("batterySOH", Q.BATTERY_SOH, Unit.PERCENT),
        # Commercial plants: W by the document, kW by one public client; ``PowerUnits`` in decoder.py compares it with volts times amperes.
        Point("chargeDischargePower", Q.BATTERY_POWER, Unit.WATT, sign=-1, ref=f"{PORTAL}: + charge"),
        Point("batteryVoltage", Q.BATTERY_VOLTAGE, Unit.VOLT),
        Point("batteryCurrent", Q.BATTERY_CURRENT, Unit.AMPERE, ref=f"{PORTAL}; sign not stated, passed on"),
        Point("batteryTemperature", Q.BATTERY_TEMPERATURE, Unit.CELSIUS),
        Point("batteryCycleTimes", Q.BATTERY_CYCLES, Unit.COUNT),
        Point("batteryRemainings", Q.BATTERY_ENERGY_REMAINING, Unit.KILOWATT_HOUR),
        Point("totalDeviceCharge", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref="payloads [seen]"),
        Point("totalDevicCharge", Q.BATTERY_CHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=f"{PORTAL}: its spelling of totalDeviceCharge"),
        Point("totalDeviceDischarge", Q.BATTERY_DISCHARGE_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        ignored=IDENTITIES,
    )


def meter(power: Unit, reactive: Unit, apparent: Unit) -> Table:
    """Give the table of a meter (device type 3)."""
    at_meter = f"{PORTAL}: + export; a meter's own, where an inverter's totalActivePower is its AC output"
    return Table(
        PORTAL,
        Point("importEnergy", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        Point("exportEnergy", Q.GRID_EXPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
        Point("totalActivePower", Q.GRID_POWER, power, sign=-1, ref=at_meter),
        *series("l{n}ActivePower", 3, Q.PHASE_POWER, power, sign=-1, ref=f"{PORTAL}; sign as of the sum [guess]"),
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
        Point("chargingPower", Q.CHARGER_POWER, Unit.WATT, ref="payloads of homes [seen]; W for commercial plants too [guess]"),
        *series("l{n}Current", 3, Q.PHASE_CURRENT, Unit.AMPERE, ref=f"{PORTAL}: three-phase chargers"),
        Point("singlePhaseCurrent", Q.PHASE_CURRENT, Unit.AMPERE, index=1, ref=f"{PORTAL}: single-phase chargers"),
        Point("chargingEnergyThisSession", Q.CHARGER_ENERGY_SESSION, Unit.KILOWATT_HOUR),
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


def type_of(owner: Plant | Device) -> str:
    """Return the business type and the kind of a plant or device; the same kind has other units at the other type."""
    kind = owner.kind if isinstance(owner, Device) else DeviceKind.PLANT
    return f"{owner.address['business_type']}.{kind}"


CATALOGUE: Final = Catalogue(
    (
        PointType(f"{business}.{kind}", kind, (table,))
        for (business, kind), table in TABLES.items()
    ),
    type_of,
)
