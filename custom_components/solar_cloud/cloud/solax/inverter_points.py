"""The rows of an inverter: the longest table, apart from the others. Marks and signs as in ``points.py``."""

from collections.abc import Iterator
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, series
from . import states

PORTAL: Final = "device/realtime_data [doc]"
MOST_TRACKERS: Final = 16
MOST_STRINGS: Final = 32


def inverter(power: Unit, reactive: Unit, apparent: Unit) -> Iterator[Point]:
    """Give the rows of an inverter (device type 1); homes report W, commercial plants kW [doc]."""
    yield Point(
        field="deviceStatus",
        quantity=Q.OPERATING_STATE,
        codes=states.INVERTER,
        ref="appendix device status [doc]",
    )
    yield Point(
        field="gridPower",
        quantity=Q.GRID_POWER,
        unit=power,
        sign=-1,
        ref=f"{PORTAL}: + export",
    )
    yield Point(
        field="gridPowerM2",
        quantity=Q.SECOND_GRID_POWER,
        unit=power,
        sign=-1,
        ref=f"{PORTAL}: second meter, + export",
    )
    for suffix, prefix in (("", ""), ("M2", "second_")):
        for name, stem in (("Import", "grid_import"), ("Export", "grid_export")):
            yield Point(
                field=f"total{name}Energy{suffix}",
                quantity=Q(f"{prefix}{stem}_energy_total"),
                unit=Unit.KILOWATT_HOUR,
                ref=PORTAL,
            )
            yield Point(
                field=f"today{name}Energy{suffix}",
                quantity=Q(f"{prefix}{stem}_energy_today"),
                unit=Unit.KILOWATT_HOUR,
                ref=PORTAL,
            )
    yield from series(
        "acVoltage{n}", 3, Q.PHASE_VOLTAGE, unit=Unit.VOLT, sleeps=True, ref=PORTAL
    )
    yield from series("acCurrent{n}", 3, Q.PHASE_CURRENT, unit=Unit.AMPERE, ref=PORTAL)
    yield from series("acPower{n}", 3, Q.PHASE_POWER, unit=power, ref=PORTAL)
    yield Point(
        field="gridFrequency",
        quantity=Q.GRID_FREQUENCY,
        unit=Unit.HERTZ,
        sleeps=True,
        ref=f"{PORTAL}; often null [seen]",
    )
    for phase in (1, 2, 3):
        yield Point(
            field=f"acFrequency{phase}",
            quantity=Q.GRID_FREQUENCY,
            unit=Unit.HERTZ,
            sleeps=True,
            ref="payloads [seen]: filled where gridFrequency is null",
        )
    yield Point(
        field="totalPowerFactor",
        quantity=Q.POWER_FACTOR,
        unit=Unit.RATIO,
        sleeps=True,
        ref=PORTAL,
    )
    yield Point(
        field="inverterTemperature",
        quantity=Q.TEMPERATURE,
        unit=Unit.CELSIUS,
        sleeps=True,
        ref=f"{PORTAL}; 0.0 while waiting [seen]",
    )
    yield Point(
        field="totalYield",
        quantity=Q.PV_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=f"{PORTAL}: at the trackers",
    )
    yield Point(
        field="dailyYield",
        quantity=Q.PV_ENERGY_TODAY,
        unit=Unit.KILOWATT_HOUR,
        ref=f"{PORTAL}: at the trackers",
    )
    yield Point(
        field="totalACOutput",
        quantity=Q.AC_ENERGY_TOTAL,
        unit=Unit.KILOWATT_HOUR,
        ref=f"{PORTAL}: includes battery discharge",
    )
    yield Point(
        field="dailyACOutput",
        quantity=Q.AC_ENERGY_TODAY,
        unit=Unit.KILOWATT_HOUR,
        ref=f"{PORTAL}: includes battery discharge",
    )
    yield Point(
        field="MPPTTotalInputPower",
        quantity=Q.PV_POWER,
        unit=power,
        ref=f"{PORTAL}; often null [seen]",
    )
    yield from series(
        "MPPT{n}Voltage",
        MOST_TRACKERS,
        Q.MPPT_VOLTAGE,
        unit=Unit.VOLT,
        sleeps=True,
        ref=PORTAL,
    )
    yield from series(
        "MPPT{n}Current", MOST_TRACKERS, Q.MPPT_CURRENT, unit=Unit.AMPERE, ref=PORTAL
    )
    yield from series(
        "MPPT{n}Power", MOST_TRACKERS, Q.MPPT_POWER, unit=power, ref=PORTAL
    )
    yield from series(
        "pv{n}Voltage",
        MOST_STRINGS,
        Q.STRING_VOLTAGE,
        unit=Unit.VOLT,
        sleeps=True,
        ref=PORTAL,
    )
    yield from series(
        "pv{n}Current", MOST_STRINGS, Q.STRING_CURRENT, unit=Unit.AMPERE, ref=PORTAL
    )
    yield from series(
        "pv{n}Power", MOST_STRINGS, Q.STRING_POWER, unit=power, ref=PORTAL
    )
    yield from series(
        "EPSL{n}Voltage", 3, Q.BACKUP_VOLTAGE, unit=Unit.VOLT, sleeps=True, ref=PORTAL
    )
    yield from series(
        "EPSL{n}Current", 3, Q.BACKUP_CURRENT, unit=Unit.AMPERE, ref=PORTAL
    )
    yield from series("EPSL{n}ActivePower", 3, Q.BACKUP_POWER, unit=power, ref=PORTAL)
    yield from series(
        "EPSL{n}ApparentPower", 3, Q.BACKUP_APPARENT_POWER, unit=apparent, ref=PORTAL
    )
    for index, name in enumerate(("l1l2Voltage", "l2l3Voltage", "l1l3Voltage"), 1):
        yield Point(
            field=name,
            quantity=Q.LINE_VOLTAGE,
            index=index,
            unit=Unit.VOLT,
            sleeps=True,
            ref=PORTAL,
        )
    yield Point(
        field="totalActivePower",
        quantity=Q.AC_POWER,
        unit=power,
        ref=f"{PORTAL}: + output, - absorption; its AC side, where a meter's totalActivePower is the grid",
    )
    yield Point(
        field="totalReactivePower", quantity=Q.REACTIVE_POWER, unit=reactive, ref=PORTAL
    )
