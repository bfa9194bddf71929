"""The data items of everything at the grid connection: same names, three units and two directions.

Power sensors (47) count export as positive [seen], EMMA (23070) counts import as positive [code of two clients], grid meters (17) are
taken to be like power sensors. Type 17 reports W since version 24.7, kW before (change history 24.7.0); the client decides per meter.
"""

from collections.abc import Iterator
from typing import Final

from ..model import Quantity as Q, Unit
from ..points import Point, Table, series

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


def _meter(
    source: str, how: str, direction: int, power: Unit, reactive: Unit, *more: Point
) -> Table:
    """Give the table of a meter; ``how`` is what the source says of its powers."""
    ref = f"{source}; {how}"
    phase_a = f"{ref}; phase A"
    return Table(
        ref,
        Point("active_power", Q.GRID_POWER, power, sign=direction),
        Point("reactive_power", Q.REACTIVE_POWER, reactive),
        Point("total_apparent_power", Q.APPARENT_POWER, Unit.KILOVOLT_AMPERE),
        Point("power_factor", Q.POWER_FACTOR, Unit.RATIO),
        Point("grid_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
        *_phases(direction, power, reactive),
        Point("meter_u", Q.PHASE_VOLTAGE, Unit.VOLT, index=1, ref=phase_a),
        Point("meter_i", Q.PHASE_CURRENT, Unit.AMPERE, index=1, ref=phase_a),
        *series("{n}_u", ("ab", "bc", "ca"), Q.LINE_VOLTAGE, Unit.VOLT),
        *_energies(direction, source),
        *more,
        ignored=(*STATUS, *REACTIVE),
    )


def _phases(direction: int, power: Unit, reactive: Unit) -> Iterator[Point]:
    for index, n in enumerate("abc", 1):
        yield Point(
            f"active_power_{n}", Q.PHASE_POWER, power, index=index, sign=direction
        )
        yield Point(
            f"reactive_power_{n}", Q.PHASE_REACTIVE_POWER, reactive, index=index
        )
        yield Point(f"{n}_u", Q.PHASE_VOLTAGE, Unit.VOLT, index=index)
        yield Point(f"{n}_i", Q.PHASE_CURRENT, Unit.AMPERE, index=index)


def _energies(direction: int, source: str) -> Iterator[Point]:
    inward, outward = Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL
    tariff_in, tariff_out = Q.TARIFF_IMPORT_ENERGY_TOTAL, Q.TARIFF_EXPORT_ENERGY_TOTAL
    if direction == OUTWARD:
        inward, outward, tariff_in, tariff_out = outward, inward, tariff_out, tariff_in
    kwh, positive = Unit.KILOWATT_HOUR, f"{source}; the positive direction"
    negative, energy = f"{source}; the negative direction", f"{source}; an energy"
    yield Point("active_cap", inward, kwh, sleeps=True, ref=positive)
    yield Point("reverse_active_cap", outward, kwh, sleeps=True, ref=negative)
    for index, rate in enumerate(TARIFFS, 1):
        yield Point(f"positive_active_{rate}", tariff_in, kwh, index=index, ref=energy)
        yield Point(f"reverse_active_{rate}", tariff_out, kwh, index=index, ref=energy)


POWER_SENSOR: Final = _meter(
    SENSOR_REF, "W, + export [seen]", OUTWARD, Unit.WATT, Unit.VAR
)
GRID_METER: Final = _meter(
    METER_REF, "W since 24.7.0", OUTWARD, Unit.WATT, Unit.KILOVAR
)
EMMA: Final = _meter(
    EMMA_REF,
    "kW, + import [seen]",
    INWARD,
    Unit.KILOWATT,
    Unit.KILOVAR,
    Point(
        "ex_active_power",
        Q.SECOND_GRID_POWER,
        Unit.KILOWATT,
        ref=f"{EMMA_REF}; second measuring point",
    ),
    Point(
        "ex_active_cap",
        Q.SECOND_GRID_IMPORT_ENERGY_TOTAL,
        Unit.KILOWATT_HOUR,
        ref=EMMA_REF,
    ),
    Point(
        "ex_reverse_active_cap",
        Q.SECOND_GRID_EXPORT_ENERGY_TOTAL,
        Unit.KILOWATT_HOUR,
        ref=EMMA_REF,
    ),
)
MAINS: Final = Table(
    MAINS_REF,
    Point("active_power", Q.GRID_POWER, Unit.KILOWATT),
    Point("ac_voltage", Q.PHASE_VOLTAGE, Unit.VOLT, index=1),
    Point("ac_current", Q.PHASE_CURRENT, Unit.AMPERE, index=1),
    Point("ac_frequency", Q.GRID_FREQUENCY, Unit.HERTZ),
    Point("total_energy_consumption", Q.GRID_IMPORT_ENERGY_TOTAL, Unit.KILOWATT_HOUR),
    ignored=("mains_state", "grid_quality_grade", "supply_duration_per_total"),
)
