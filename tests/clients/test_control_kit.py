"""The limits that commands of every vendor keep."""

from datetime import time

import pytest

from custom_components.solar_cloud.cloud.control import ChargeBattery, Period
from custom_components.solar_cloud.cloud.control_kit import (
    EVERY_DAY,
    across_midnight,
    check_duration,
    check_target,
    clock_time,
    forced_power,
    within_days,
)
from custom_components.solar_cloud.cloud.errors import CommandInvalid

FRIDAY, SATURDAY = frozenset({5}), frozenset({6})


def test_a_night_is_cut_at_midnight() -> None:
    """Friday's night ends on Saturday."""
    night = Period(time(22), time(6), charge=True, days=FRIDAY, target_soc=80.0)
    assert [*within_days(night)] == [
        Period(time(22), time(23, 59), charge=True, days=FRIDAY, target_soc=80.0),
        Period(time(0), time(6), charge=True, days=SATURDAY, target_soc=80.0),
    ]
    evening = Period(time(22), time(0), charge=True)
    assert [part.days for part in within_days(evening)] == [EVERY_DAY]


def test_a_period_of_which_nothing_is_left_is_refused() -> None:
    """It would be sent as no period at all, which switches charging off."""
    with pytest.raises(CommandInvalid, match="period_empty"):
        [*within_days(Period(time(23, 59), time(0), charge=True))]


def _days(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


@pytest.mark.parametrize(
    "periods",
    [
        [Period(time(22), time(6), charge=True, days=FRIDAY)],
        [Period(time(22), time(6), charge=True, target_soc=80.0)],
        [Period(time(22), time(0), charge=False)],
        [Period(time(0), time(6), charge=True), Period(time(6), time(9), charge=False)],
        [
            Period(time(23), time(1), charge=True, days=_days(7)),
            Period(time(1), time(2), charge=True, days=_days(1)),
            Period(time(20), time(0), charge=False, days=_days(1, 2)),
            Period(time(23, 30), time(0, 30), charge=False, days=_days(3)),
        ],
    ],
)
def test_what_was_cut_at_midnight_is_put_together_again(periods: list[Period]) -> None:
    """A user sees the periods that were set, in their order."""
    parts = [part for period in periods for part in within_days(period)]
    assert across_midnight(parts) == periods


@pytest.mark.parametrize(
    "other",
    [
        Period(time(0), time(6), charge=False),
        Period(time(0), time(6), charge=True, target_soc=50.0),
        Period(time(0), time(6), charge=True, days=SATURDAY),
        Period(time(0), time(22), charge=True),
        Period(time(1), time(6), charge=True),
    ],
)
def test_what_does_not_go_on_at_midnight_stays_apart(other: Period) -> None:
    """Of another kind, with another target, on other days, without a break in a day, or later."""
    evening = Period(time(22), time(23, 59), charge=True)
    whole_day = Period(time(0), time(23, 59), charge=True, days=SATURDAY)
    assert across_midnight([evening, other, whole_day]) == [
        Period(time(22), time(0), charge=True),
        other,
        whole_day,
    ]


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("01:05", time(1, 5)),
        ("7:30", time(7, 30)),
        ("24:00", time(23, 59)),
        ("24:01", None),
        ("12:60", None),
        ("noon", None),
        ("a:b", None),
        (None, None),
    ],
)
def test_times_of_devices(shown: str | None, meant: time | None) -> None:
    """As clocks show them; the end of the day has two names."""
    assert clock_time(shown) == meant


def test_no_power_is_all_there_is() -> None:
    """And more than that is refused with what there is."""
    action = ChargeBattery(device_id="B", duration=3600.0)
    assert forced_power(action, 1.0, 5000.0) == 5000
    with pytest.raises(CommandInvalid) as caught:
        forced_power(action, 1.0, 0.0)
    assert caught.value.placeholders == {"minimum": "1", "maximum": "0"}


def test_limits_are_told_in_full_hours_and_tenths() -> None:
    """As a form shows them."""
    for longest, hours in ((86400.0, "24"), (60000.0, "16.7")):
        with pytest.raises(CommandInvalid) as caught:
            check_duration(longest + 1, longest)
        assert caught.value.placeholders == {"hours": hours}


@pytest.mark.parametrize(("charge", "soc"), [(True, 80.0), (False, 20.0)])
def test_a_target_behind_the_battery_is_refused(soc: float, *, charge: bool) -> None:
    """A battery whose state nobody knows may begin."""
    check_target(None, 50.0, charge=charge)
    check_target(100.0 - soc, 50.0, charge=charge)
    with pytest.raises(CommandInvalid, match="target_reached"):
        check_target(soc, 50.0, charge=charge)
