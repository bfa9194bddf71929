"""Every field of the cloud's live data that is a measurement: what it is, in which unit, with which sign.

[doc] is the developer portal (generation v34, device and plant realtime data), [seen] a payload published by a user, [guess] our
inference. Our signs: power towards the house is positive; the cloud counts export and charging as positive, hence ``sign=-1``.
The same field name may mean another thing in another kind of device: each kind has a table of its own, the inverter's in ``inverter_points.py``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..model import DeviceKind, Quantity as Q, Unit
from ..points import Point, Table, series
from . import states
from .inverter_points import PORTAL, inverter
from .models import COMMERCIAL, HOME

PLANT_PORTAL: Final = "plant/realtime_data [doc]"
EMS_PORTAL: Final = "ems_system/summary_data [doc]"

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


def battery(codes: Mapping[int, str]) -> Iterator[Point]:
    """Give the rows of a battery (device type 2)."""
    yield Point(
        field="deviceStatus",
        quantity=Q.OPERATING_STATE,
        codes=codes,
        ref="appendix device status [doc]",
    )
    yield Point(
        field="batterySOC", quantity=Q.BATTERY_SOC, unit=Unit.PERCENT, ref=PORTAL
    )
    yield Point(
        field="batterySOH", quantity=Q.BATTERY_SOH, unit=Unit.PERCENT, ref=PORTAL
    )
    # Commercial plants: W by the document, kW by one public client; ``PowerUnits`` in decoder.py compares it with volts times amperes.
    yield Point(
        field="chargeDischargePower",
        quantity=Q.BATTERY_POWER,
        unit=Unit.WATT,
        sign=-1,
        ref=f"{PORTAL}: + charge",
    )
    yield Point(
        field="batteryVoltage", quantity=Q.BATTERY_VOLTAGE, unit=Unit.VOLT, ref=PORTAL
    )
    yield Point(
        field="batteryCurrent",
        quantity=Q.BATTERY_CURRENT,
        unit=Unit.AMPERE,
        ref=f"{PORTAL}; sign not stated, passed on",
    )
    yield Point(
        field="batteryTemperature",
        quantity=Q.BATTERY_TEMPERATURE,
        unit=Unit.CELSIUS,
        ref=PORTAL,
    )
    yield Point(
        field="batteryCycleTimes",
        quantity=Q.BATTERY_CYCLES,
        unit=Unit.COUNT,
        ref=PORTAL,
    )
    yield Point(
        field="batteryRemainings",
        quantity=Q.BATTERY_ENERGY_REMAINING,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )
    yield Point(
        field="totalDeviceCharge",
        quantity=Q.BATTERY_CHARGE_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref="payloads [seen]",
    )
    yield Point(
        field="totalDevicCharge",
        quantity=Q.BATTERY_CHARGE_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=f"{PORTAL}: its spelling of totalDeviceCharge",
    )
    yield Point(
        field="totalDeviceDischarge",
        quantity=Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )


def meter(power: Unit, reactive: Unit, apparent: Unit) -> Iterator[Point]:
    """Give the rows of a meter (device type 3)."""
    yield Point(
        field="importEnergy",
        quantity=Q.GRID_IMPORT_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )
    yield Point(
        field="exportEnergy",
        quantity=Q.GRID_EXPORT_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )
    yield Point(
        field="totalActivePower",
        quantity=Q.GRID_POWER,
        unit=power,
        sign=-1,
        ref=f"{PORTAL}: + export; a meter's own, where an inverter's totalActivePower is its AC output",
    )
    yield from series(
        "l{n}ActivePower",
        3,
        Q.PHASE_POWER,
        unit=power,
        sign=-1,
        ref=f"{PORTAL}; sign as of the sum [guess]",
    )
    yield Point(
        field="totalReactivePower", quantity=Q.REACTIVE_POWER, unit=reactive, ref=PORTAL
    )
    yield from series(
        "l{n}ReactivePower", 3, Q.PHASE_REACTIVE_POWER, unit=reactive, ref=PORTAL
    )
    yield Point(
        field="totalApparentPower", quantity=Q.APPARENT_POWER, unit=apparent, ref=PORTAL
    )
    yield from series("l{n}Voltage", 3, Q.PHASE_VOLTAGE, unit=Unit.VOLT, ref=PORTAL)
    yield from series("l{n}Current", 3, Q.PHASE_CURRENT, unit=Unit.AMPERE, ref=PORTAL)
    yield Point(
        field="powerFactor", quantity=Q.POWER_FACTOR, unit=Unit.RATIO, ref=PORTAL
    )
    yield Point(
        field="gridFrequency", quantity=Q.GRID_FREQUENCY, unit=Unit.HERTZ, ref=PORTAL
    )


def charger() -> Iterator[Point]:
    """Give the rows of an EV charger (device type 4)."""
    yield Point(
        field="deviceStatus",
        quantity=Q.OPERATING_STATE,
        codes=states.CHARGER,
        ref="appendix device status [doc]",
    )
    yield Point(
        field="deviceWorkingMode",
        quantity=Q.WORK_MODE,
        codes=states.CHARGER_MODE,
        ref=PORTAL,
    )
    yield Point(
        field="chargingPower",
        quantity=Q.CHARGER_POWER,
        unit=Unit.WATT,
        ref="payloads of homes [seen]; W for commercial plants too [guess]",
    )
    yield from series(
        "l{n}Current",
        3,
        Q.PHASE_CURRENT,
        unit=Unit.AMPERE,
        ref=f"{PORTAL}: three-phase chargers",
    )
    yield Point(
        field="singlePhaseCurrent",
        quantity=Q.PHASE_CURRENT,
        index=1,
        unit=Unit.AMPERE,
        ref=f"{PORTAL}: single-phase chargers",
    )
    yield Point(
        field="chargingEnergyThisSession",
        quantity=Q.CHARGER_ENERGY_SESSION,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )
    yield Point(
        field="chargingTimeThisSession",
        quantity=Q.CHARGER_SESSION_DURATION,
        unit=Unit.SECOND,
        ref=PORTAL,
    )
    yield Point(
        field="totalChargeEnergy",
        quantity=Q.CHARGER_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=PORTAL,
    )


def plant() -> Iterator[Point]:
    """Give the rows of a plant: energies only, the cloud has no powers of a plant."""
    for name, stem in (
        ("Yield", "pv"),
        ("Charged", "battery_charge"),
        ("Discharged", "battery_discharge"),
        ("Imported", "grid_import"),
        ("Exported", "grid_export"),
    ):
        yield Point(
            field=f"total{name}",
            quantity=Q(f"{stem}_energy_total"),
            unit=Unit.KILOWATT_HOUR,
            ref=PLANT_PORTAL,
        )
        yield Point(
            field=f"daily{name}",
            quantity=Q(f"{stem}_energy_today"),
            unit=Unit.KILOWATT_HOUR,
            ref=PLANT_PORTAL,
        )
    yield Point(
        field="totalEarnings",
        quantity=Q.INCOME_TOTAL,
        unit=Unit.MONEY,
        ref=PLANT_PORTAL,
    )
    yield Point(
        field="dailyEarnings",
        quantity=Q.INCOME_TODAY,
        unit=Unit.MONEY,
        ref=PLANT_PORTAL,
    )


def energy_manager() -> Iterator[Point]:
    """Give the rows of an EMS (device type 100), which sums up a commercial plant.

    The signs of its grid and battery power are nowhere stated. Assumed here: + export as in every other answer, and + discharge,
    the only pair with which the portal's sample adds up [guess]. A report that it is otherwise corrects these two rows.
    """
    yield Point(
        field="sysGridPower",
        quantity=Q.GRID_POWER,
        unit=Unit.KILOWATT,
        sign=-1,
        ref=f"{EMS_PORTAL}; sign [guess]",
    )
    yield Point(
        field="sysBatteryPower",
        quantity=Q.BATTERY_POWER,
        unit=Unit.KILOWATT,
        ref=f"{EMS_PORTAL}; sign [guess]",
    )
    yield Point(
        field="sysPVPower", quantity=Q.PV_POWER, unit=Unit.KILOWATT, ref=EMS_PORTAL
    )
    yield Point(
        field="sysLoadPower", quantity=Q.LOAD_POWER, unit=Unit.KILOWATT, ref=EMS_PORTAL
    )
    for name, stem in (
        ("PVYield", "pv"),
        ("BatteryCharge", "battery_charge"),
        ("BatteryDischarge", "battery_discharge"),
        ("LoadConsumption", "load"),
        ("ImportEnergy", "grid_import"),
        ("ExportEnergy", "grid_export"),
    ):
        yield Point(
            field=f"sysTotal{name}",
            quantity=Q(f"{stem}_energy_total"),
            unit=Unit.KILOWATT_HOUR,
            ref=EMS_PORTAL,
        )
        yield Point(
            field=f"sysDaily{name}",
            quantity=Q(f"{stem}_energy_today"),
            unit=Unit.KILOWATT_HOUR,
            ref=EMS_PORTAL,
        )
    yield Point(
        field="sysBatterySOC", quantity=Q.BATTERY_SOC, unit=Unit.PERCENT, ref=EMS_PORTAL
    )
    yield Point(
        field="sysBatterySOH", quantity=Q.BATTERY_SOH, unit=Unit.PERCENT, ref=EMS_PORTAL
    )
    yield Point(
        field="sysBatteryRemainings",
        quantity=Q.BATTERY_ENERGY_REMAINING,
        unit=Unit.KILOWATT_HOUR,
        ref=EMS_PORTAL,
    )
    yield Point(
        field="sysBatteryCapacity",
        quantity=Q.BATTERY_CAPACITY,
        unit=Unit.KILOWATT_HOUR,
        ref=EMS_PORTAL,
    )


_HOME_UNITS: Final = (Unit.WATT, Unit.VAR, Unit.VOLT_AMPERE)
_COMMERCIAL_UNITS: Final = (Unit.KILOWATT, Unit.KILOVAR, Unit.KILOVOLT_AMPERE)

TABLES: Final[Mapping[tuple[str, DeviceKind], Table]] = {
    (HOME, DeviceKind.INVERTER): Table("", *inverter(*_HOME_UNITS), ignored=IDENTITIES),
    (COMMERCIAL, DeviceKind.INVERTER): Table(
        "", *inverter(*_COMMERCIAL_UNITS), ignored=IDENTITIES
    ),
    (HOME, DeviceKind.BATTERY): Table(
        "", *battery(states.HOME_BATTERY), ignored=IDENTITIES
    ),
    (COMMERCIAL, DeviceKind.BATTERY): Table(
        "", *battery(states.COMMERCIAL_BATTERY), ignored=IDENTITIES
    ),
    (HOME, DeviceKind.METER): Table("", *meter(*_HOME_UNITS), ignored=IDENTITIES),
    (COMMERCIAL, DeviceKind.METER): Table(
        "", *meter(*_COMMERCIAL_UNITS), ignored=IDENTITIES
    ),
    (HOME, DeviceKind.CHARGER): Table(
        "", *charger(), ignored=(*IDENTITIES, "rfidnumber")
    ),
    (COMMERCIAL, DeviceKind.CHARGER): Table(
        "", *charger(), ignored=(*IDENTITIES, "rfidnumber")
    ),
    (HOME, DeviceKind.PLANT): Table("", *plant(), ignored=IDENTITIES),
    (COMMERCIAL, DeviceKind.PLANT): Table("", *plant(), ignored=IDENTITIES),
    (COMMERCIAL, DeviceKind.ENERGY_MANAGER): Table(
        "", *energy_manager(), ignored=(*IDENTITIES, "utcTime")
    ),
}
"""By business type and kind of device."""
