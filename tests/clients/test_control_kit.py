"""The limits that commands of every vendor keep."""

from datetime import time

import pytest

from custom_components.solar_cloud.cloud.control import ChargeBattery, Period
from custom_components.solar_cloud.cloud.control_kit import (
    EVERY_DAY,
    check_duration,
    check_target,
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
