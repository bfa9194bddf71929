"""The one decoder: lenient with what it reads, strict with what it publishes."""

import json
import math
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.solar_cloud.cloud.model import RANGES, Quantity as Q, Slot, Unit
from custom_components.solar_cloud.cloud.points import (
    ABSENT,
    Point,
    Table,
    decode,
    number,
    series,
    text,
    total,
)

TABLE = Table(
    "a document",
    Point("status", Q.OPERATING_STATE, codes={1: "running"}),
    Point("pv", Q.PV_POWER, Unit.KILOWATT),
    Point("grid", Q.GRID_POWER, Unit.WATT, sign=-1, ref="a user's report"),
    Point("soc", Q.BATTERY_SOC, Unit.PERCENT),
    Point("hz", Q.GRID_FREQUENCY, Unit.HERTZ, sleeps=True),
    Point("hz1", Q.GRID_FREQUENCY, Unit.HERTZ),
    *series("mppt{n}Power", 3, Q.MPPT_POWER, Unit.WATT),
    *series("v{n}", "ab", Q.PHASE_VOLTAGE, Unit.VOLT, ref="another document"),
    ignored=("sn",),
)


def values(fields: dict[str, Any], *, asleep: bool = False) -> dict[str, Any]:
    """Decode by the names users know."""
    return {
        slot.key: value
        for slot, value in decode(TABLE, fields, asleep=asleep).values.items()
    }


@pytest.mark.parametrize(
    "absent", [None, *sorted(ABSENT), " N/A ", "ten", [], {}, True]
)
def test_e12_absence_is_not_zero(absent: object) -> None:
    """Whatever stands for nothing gives no value."""
    assert number(absent) is None
    assert values({"pv": absent, "status": absent}) == {}


@pytest.mark.parametrize(
    ("raw", "value"),
    [(0, 0), ("0", 0), (" 1.5 ", 1.5), ("1e3", 1000), (-0.0, 0), ("-2", -2)],
)
def test_numbers_in_any_spelling(raw: object, value: float) -> None:
    """A zero is a value."""
    assert number(raw) == value


@pytest.mark.parametrize(
    "raw", [math.nan, math.inf, "nan", "inf", "-Infinity", 10**400, "1e999"]
)
def test_not_finite_is_no_number(raw: object) -> None:
    """JSON with NaN in it, and numbers beyond all measure."""
    assert number(raw) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a", "a"),
        (1900000000000000001, "1900000000000000001"),
        (" ", None),
        (None, None),
        (1.5, None),
        (True, None),
        ([], None),
    ],
)
def test_e63_identities_are_text(raw: object, expected: str | None) -> None:
    """A number keeps all its digits."""
    assert text(raw) == expected


def test_unit_and_sign_are_the_rows() -> None:
    """Canonical units, positive towards the house, and no negative zero."""
    decoded = values({"pv": 1.2345, "grid": 500})
    assert decoded == {"pv_power": 1234.5, "grid_power": -500}
    assert math.copysign(1, values({"grid": 0})["grid_power"]) == 1


def test_one_way_powers_follow_from_the_signed_one() -> None:
    """Unless the vendor gives them."""
    reading = decode(TABLE, {"grid": 500}).reading(None)
    assert reading.values[Slot(Q.GRID_EXPORT_POWER)] == 500
    assert reading.values[Slot(Q.GRID_IMPORT_POWER)] == 0
    assert reading.measured_at is None


def test_names_in_any_case_and_nested() -> None:
    """Maps inside are read as if their fields stood at the top; without end they are not."""
    assert values({"map": {"MPPT1power": 5, "deep": {"Mppt2Power": 6}}}) == {
        "mppt_power_1": 5,
        "mppt_power_2": 6,
    }
    endless: dict[str, Any] = {"pv": 1}
    for _ in range(5000):
        endless = {"more": endless}
    assert values(endless) == {}


def test_first_row_that_yields_fills_the_slot() -> None:
    """A later row only fills the gap."""
    assert values({"hz": 50, "hz1": 60})["grid_frequency"] == 50
    assert values({"hz": None, "hz1": 60})["grid_frequency"] == 60


def test_zero_of_a_sleeping_device() -> None:
    """Means nothing where the row says so."""
    assert values({"hz": 0, "pv": 0}, asleep=True) == {"pv_power": 0}
    assert values({"hz": 0})["grid_frequency"] == 0
    assert values({"hz": 49.9}, asleep=True)["grid_frequency"] == 49.9


def test_a_row_that_names_no_source_has_its_tables() -> None:
    """One that names its own keeps it, alone or as a family."""
    own = {point.field: point.ref for point in TABLE.points}
    assert own["grid"] == "a user's report"
    assert own["va"] == own["vb"] == "another document"
    assert {own[field] for field in own.keys() - {"grid", "va", "vb"}} == {"a document"}


def test_a_family_is_counted_or_named() -> None:
    """Whatever its fields are called, its members are numbered from 1."""
    fields = {"mppt2Power": 6, "va": 230, "vb": 231}
    assert values(fields) == {
        "mppt_power_2": 6,
        "phase_voltage_1": 230,
        "phase_voltage_2": 231,
    }


def test_unknown_code_is_unknown() -> None:
    """It is kept beside the values, so that a user can report it."""
    decoded = decode(TABLE, {"status": "199"})
    assert decoded.values == {}
    assert decoded.unknown == {Slot(Q.OPERATING_STATE): "199"}
    assert values({"status": 1.0}) == {"operating_state": "running"}


def test_out_of_range_is_not_published() -> None:
    """What cannot be is a fault of the transmission."""
    assert values({"soc": 101, "pv": 1e9, "hz": -1}) == {}
    assert values({"soc": 100}) == {"battery_soc": 100}


def test_unmapped_fields_are_named() -> None:
    """Understood ones and empty ones are not."""
    decoded = decode(TABLE, {"SN": "x", "new": 1, "empty": None, "map": {"newer": 0}})
    assert decoded.unmapped == {"new", "newer"}


def test_total_of_a_family() -> None:
    """Nothing reported is not zero; the whole is not part of its parts."""
    decoded = decode(TABLE, {"mppt1Power": 5, "mppt3Power": 6}).values
    assert total(decoded, Q.MPPT_POWER) == 11
    assert total(decoded, Q.STRING_POWER) is None
    assert total({Slot(Q.MPPT_POWER): 7.0}, Q.MPPT_POWER) is None


def test_every_unit_has_a_range() -> None:
    """Otherwise a value in it could not be checked."""
    assert {unit.canonical for unit in Unit} <= RANGES.keys()
    assert {quantity.unit for quantity in Q} - {""} <= RANGES.keys()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(
    st.dictionaries(
        st.sampled_from([point.field for point in TABLE.points]) | st.text(max_size=8),
        JSON,
        max_size=8,
    ),
    st.booleans(),
)
def test_decoding_never_raises(fields: dict[str, Any], asleep: bool) -> None:
    """Whatever arrives, only finite numbers in range and known words leave."""
    fields = json.loads(json.dumps(fields))  # as the wire has it, NaN included
    decoded = decode(TABLE, fields, asleep=asleep)
    for slot, value in decoded.reading(None).values.items():
        if slot.quantity is Q.OPERATING_STATE:
            assert value == "running"
        else:
            assert isinstance(value, float)
            low, high = RANGES[slot.quantity.unit]
            assert low <= value <= high
