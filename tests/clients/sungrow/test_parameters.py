"""The two forms of a setting: how it is read and how it is written (sungrow.md §4.10, §9.3)."""

import ast
import inspect
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import ControlKind, SettingValue
from custom_components.solar_cloud.cloud.sungrow.controls import parameters
from custom_components.solar_cloud.cloud.sungrow.controls.parameters import (
    INVERTER,
    LOGGER,
    PARAMETERS,
    QUANTA,
    UNITS,
    ReadBack,
)


def row(value: object, unit: object = None, precision: object = None) -> dict[str, Any]:
    """Return a row as the cloud sends it."""
    return {"return_value": value, "unit": unit, "set_precision": precision}


@pytest.mark.parametrize(
    ("code", "told", "value", "wire"),
    [
        ("10001", row("100", "%", "0.1"), 100.0, 1000),
        ("10002", row("5", "%", 0.1), 5.0, 50),
        ("10014", row("30.5", " % "), 30.5, 305),
        ("10091", row("10.6", "kW", "0.01"), 10_600.0, 1060),
        ("10091", row("10600", "W", "10"), 10_600.0, 1060),
        ("10071", row("80", "%", "1"), 80.0, 80),
        ("10067", row("24"), 24.0, 24),
        ("10003", row("2", None, 1), "forced", 2),
        ("10066", row(1), "every_day", 1),
        ("10012", row("170"), True, 170),
        ("10012", row("disable"), False, 85),
    ],
)
def test_a_setting_is_read_in_its_unit_and_written_in_steps(
    code: str, told: dict[str, Any], value: SettingValue, wire: int
) -> None:
    """There and back is the same value."""
    register = INVERTER[code]
    read_back = ReadBack.of(told)
    assert read_back is not None
    assert register.read(read_back) == value
    assert register.quantum is not None
    assert register.write(value, register.quantum) == wire


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("10001", row("100")),  # 100 % or 10 %
        ("10001", row("100", "A")),
        ("10001", row("100", "%", "1")),  # 100 would be written as 1000 or as 100
        ("10091", row("10.6", "kW", "0.1")),
        ("10005", row("--", "kW")),
        ("10003", row("9")),
        ("10012", row("maybe")),
    ],
)
def test_what_is_not_understood_is_no_value(code: str, told: dict[str, Any]) -> None:
    """A wrong guess is a factor of ten."""
    read_back = ReadBack.of(told)
    assert read_back is not None
    assert INVERTER[code].read(read_back) is None


def test_an_empty_row_says_nothing() -> None:
    """As rows of a write."""
    assert ReadBack.of(row(None)) is None


@pytest.mark.parametrize("quantum", QUANTA)
def test_powers_are_written_in_the_devices_own_steps(quantum: float) -> None:
    """1 W or 10 W; what a step is no table says."""
    assert INVERTER["10005"].quantum is None
    assert INVERTER["10005"].write(3000.0, quantum) == 3000 / quantum


def test_a_logger_has_ones_and_zeros() -> None:
    """And an inverter never."""
    assert LOGGER["10012"].write(value=True, quantum=1.0) == 1
    assert INVERTER["10012"].write(value=True, quantum=1.0) == 170


def test_every_number_has_a_unit_and_a_limit() -> None:
    """Or a control is read in the wrong unit, or is never offered; the rating of a device limits W only."""
    for row in PARAMETERS:
        assert row.unit == row.control.unit, row.code
        if row.unit:
            assert row.unit in UNITS, row.code
            assert row.maximum is not None or row.unit == "W", row.code
        else:
            assert row.control.kind is not ControlKind.NUMBER, row.code
            assert row.options, row.code


def test_every_row_with_a_unit_says_what_a_step_is() -> None:
    """Whoever left it out would send 95 % as 9.5 %."""
    rows = [
        {each.arg for each in node.keywords}
        for node in ast.walk(ast.parse(inspect.getsource(parameters)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Parameter", "Register"}
    ]
    assert len(rows) > 10
    for row in rows:
        assert ("unit" in row) == ("quantum" in row), row
