"""The rows of an inverter: the longest table, apart from the others. Marks and signs as in ``points.py``."""

from collections.abc import Iterator
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table, series
from . import states

PORTAL: Final = "device/realtime_data [doc]"
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
    return Table(
        PORTAL,
        Point("deviceStatus", Q.OPERATING_STATE, codes=states.INVERTER, ref=STATUS_REF),
        Point("gridPower", Q.GRID_POWER, power, sign=-1, ref=f"{PORTAL}: + export"),
        Point(
            "gridPowerM2",
            Q.SECOND_GRID_POWER,
            power,
            sign=-1,
            ref=f"{PORTAL}: second meter, + export",
        ),
        *energies(
            "total{n}Energy",
            "today{n}Energy",
            Import="grid_import",
            Export="grid_export",
        ),
        *energies(
            "total{n}EnergyM2",
            "today{n}EnergyM2",
            Import="second_grid_import",
            Export="second_grid_export",
        ),
        *series("acVoltage{n}", 3, Q.PHASE_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("acCurrent{n}", 3, Q.PHASE_CURRENT, Unit.AMPERE),
        *series("acPower{n}", 3, Q.PHASE_POWER, power),
        Point(
            "gridFrequency", Q.GRID_FREQUENCY, Unit.HERTZ, sleeps=True, ref=often_null
        ),
        *_frequencies(),
        Point("totalPowerFactor", Q.POWER_FACTOR, Unit.RATIO, sleeps=True),
        Point(
            "inverterTemperature",
            Q.TEMPERATURE,
            Unit.CELSIUS,
            sleeps=True,
            ref=f"{PORTAL}; 0.0 while waiting [seen]",
        ),
        Point("totalYield", Q.PV_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=at_trackers),
        Point("dailyYield", Q.PV_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=at_trackers),
        Point("totalACOutput", Q.AC_ENERGY_TOTAL, Unit.KILOWATT_HOUR, ref=with_battery),
        Point("dailyACOutput", Q.AC_ENERGY_TODAY, Unit.KILOWATT_HOUR, ref=with_battery),
        Point("MPPTTotalInputPower", Q.PV_POWER, power, ref=often_null),
        *series(
            "MPPT{n}Voltage", MOST_TRACKERS, Q.MPPT_VOLTAGE, Unit.VOLT, sleeps=True
        ),
        *series("MPPT{n}Current", MOST_TRACKERS, Q.MPPT_CURRENT, Unit.AMPERE),
        *series("MPPT{n}Power", MOST_TRACKERS, Q.MPPT_POWER, power),
        *series("pv{n}Voltage", MOST_STRINGS, Q.STRING_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("pv{n}Current", MOST_STRINGS, Q.STRING_CURRENT, Unit.AMPERE),
        *series("pv{n}Power", MOST_STRINGS, Q.STRING_POWER, power),
        *series("EPSL{n}Voltage", 3, Q.BACKUP_VOLTAGE, Unit.VOLT, sleeps=True),
        *series("EPSL{n}Current", 3, Q.BACKUP_CURRENT, Unit.AMPERE),
        *series("EPSL{n}ActivePower", 3, Q.BACKUP_POWER, power),
        *series("EPSL{n}ApparentPower", 3, Q.BACKUP_APPARENT_POWER, apparent),
        *series(
            "{n}Voltage",
            ("l1l2", "l2l3", "l1l3"),
            Q.LINE_VOLTAGE,
            Unit.VOLT,
            sleeps=True,
        ),
        Point(
            "totalActivePower",
            Q.AC_POWER,
            power,
            ref=f"{PORTAL}: + output, - absorption; its AC side, where a meter's totalActivePower is the grid",
        ),
        Point("totalReactivePower", Q.REACTIVE_POWER, reactive),
        ignored=IDENTITIES,
    )
