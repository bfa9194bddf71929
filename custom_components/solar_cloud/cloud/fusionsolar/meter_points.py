"""The data items of everything at the grid connection: same names, three units and two directions.

Power sensors (47) count export as positive [seen], EMMA (23070) counts import as positive [code of two clients], grid meters (17) are
taken to be like power sensors. Type 17 reports W since version 24.7, kW before (change history 24.7.0); the client decides per meter.
"""

from collections.abc import Iterator
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table

SENSOR_REF: Final = "power sensor data items"
METER_REF: Final = "grid meter data items"
EMMA_REF: Final = "EMMA data items (25.2)"
MAINS_REF: Final = "Power-M data items (26.x clients)"

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
"""kvarh, printed with wrong units in every version of the document: not published."""
STATUS: Final = ("run_state", "meter_status")


def _powers(direction: int, power: Unit, reactive: Unit, ref: str) -> Iterator[Point]:
    yield Point(
        field="active_power", quantity=Q.GRID_POWER, unit=power, sign=direction, ref=ref
    )
    yield Point(
        field="reactive_power", quantity=Q.REACTIVE_POWER, unit=reactive, ref=ref
    )
    yield Point(
        field="total_apparent_power",
        quantity=Q.APPARENT_POWER,
        unit=Unit.KILOVOLT_AMPERE,
        ref=ref,
    )
    yield Point(field="power_factor", quantity=Q.POWER_FACTOR, unit=Unit.RATIO, ref=ref)
    yield Point(
        field="grid_frequency", quantity=Q.GRID_FREQUENCY, unit=Unit.HERTZ, ref=ref
    )
    yield from _phases(direction, power, reactive, ref)


def _phases(direction: int, power: Unit, reactive: Unit, ref: str) -> Iterator[Point]:
    for index, phase in enumerate("abc", 1):
        yield Point(
            field=f"active_power_{phase}",
            quantity=Q.PHASE_POWER,
            index=index,
            unit=power,
            sign=direction,
            ref=ref,
        )
        yield Point(
            field=f"reactive_power_{phase}",
            quantity=Q.PHASE_REACTIVE_POWER,
            index=index,
            unit=reactive,
            ref=ref,
        )
        yield Point(
            field=f"{phase}_u",
            quantity=Q.PHASE_VOLTAGE,
            index=index,
            unit=Unit.VOLT,
            ref=ref,
        )
        yield Point(
            field=f"{phase}_i",
            quantity=Q.PHASE_CURRENT,
            index=index,
            unit=Unit.AMPERE,
            ref=ref,
        )
    yield Point(
        field="meter_u",
        quantity=Q.PHASE_VOLTAGE,
        index=1,
        unit=Unit.VOLT,
        ref=f"{ref}; phase A",
    )
    yield Point(
        field="meter_i",
        quantity=Q.PHASE_CURRENT,
        index=1,
        unit=Unit.AMPERE,
        ref=f"{ref}; phase A",
    )
    for index, line in enumerate(("ab", "bc", "ca"), 1):
        yield Point(
            field=f"{line}_u",
            quantity=Q.LINE_VOLTAGE,
            index=index,
            unit=Unit.VOLT,
            ref=ref,
        )


def _energies(direction: int, ref: str) -> Iterator[Point]:
    inward, outward = Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL
    tariff_in, tariff_out = Q.TARIFF_IMPORT_ENERGY_TOTAL, Q.TARIFF_EXPORT_ENERGY_TOTAL
    if direction == OUTWARD:
        inward, outward, tariff_in, tariff_out = outward, inward, tariff_out, tariff_in
    yield Point(
        field="active_cap",
        quantity=inward,
        unit=Unit.KILOWATT_HOUR,
        sleeps=True,
        ref=f"{ref}; the positive direction",
    )
    yield Point(
        field="reverse_active_cap",
        quantity=outward,
        unit=Unit.KILOWATT_HOUR,
        sleeps=True,
        ref=f"{ref}; the negative direction",
    )
    for index, rate in enumerate(TARIFFS, 1):
        yield Point(
            field=f"positive_active_{rate}",
            quantity=tariff_in,
            index=index,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{ref}; an energy",
        )
        yield Point(
            field=f"reverse_active_{rate}",
            quantity=tariff_out,
            index=index,
            unit=Unit.KILOWATT_HOUR,
            ref=f"{ref}; an energy",
        )


POWER_SENSOR: Final = Table(
    (
        *_powers(OUTWARD, Unit.WATT, Unit.VAR, f"{SENSOR_REF}; W, + export [seen]"),
        *_energies(OUTWARD, SENSOR_REF),
    ),
    ignored=(*STATUS, *REACTIVE),
)
GRID_METER: Final = Table(
    (
        *_powers(OUTWARD, Unit.WATT, Unit.KILOVAR, f"{METER_REF}; W since 24.7.0"),
        *_energies(OUTWARD, METER_REF),
    ),
    ignored=(*STATUS, *REACTIVE),
)
EMMA: Final = Table(
    (
        *_powers(
            INWARD, Unit.KILOWATT, Unit.KILOVAR, f"{EMMA_REF}; kW, + import [seen]"
        ),
        *_energies(INWARD, EMMA_REF),
        Point(
            field="ex_active_power",
            quantity=Q.SECOND_GRID_POWER,
            unit=Unit.KILOWATT,
            ref=f"{EMMA_REF}; second measuring point",
        ),
        Point(
            field="ex_active_cap",
            quantity=Q.SECOND_GRID_IMPORT_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            ref=EMMA_REF,
        ),
        Point(
            field="ex_reverse_active_cap",
            quantity=Q.SECOND_GRID_EXPORT_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            ref=EMMA_REF,
        ),
    ),
    ignored=(*STATUS, *REACTIVE),
)
MAINS: Final = Table(
    (
        Point(
            field="active_power",
            quantity=Q.GRID_POWER,
            unit=Unit.KILOWATT,
            ref=MAINS_REF,
        ),
        Point(
            field="ac_voltage",
            quantity=Q.PHASE_VOLTAGE,
            index=1,
            unit=Unit.VOLT,
            ref=MAINS_REF,
        ),
        Point(
            field="ac_current",
            quantity=Q.PHASE_CURRENT,
            index=1,
            unit=Unit.AMPERE,
            ref=MAINS_REF,
        ),
        Point(
            field="ac_frequency",
            quantity=Q.GRID_FREQUENCY,
            unit=Unit.HERTZ,
            ref=MAINS_REF,
        ),
        Point(
            field="total_energy_consumption",
            quantity=Q.GRID_IMPORT_ENERGY_TOTAL,
            unit=Unit.KILOWATT_HOUR,
            ref=MAINS_REF,
        ),
    ),
    ignored=("mains_state", "grid_quality_grade", "supply_duration_per_total"),
)
