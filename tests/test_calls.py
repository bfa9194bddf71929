"""What an account asks its cloud for within two hours of a day: each kind of call as often as somebody needs it."""

import pytest

from .benchmarks.calls import Case, Result, live

HOURS = 2.0
POLLS = HOURS * 12


@pytest.fixture
def day(socket_enabled: None) -> None:
    """Let the clouds be asked by HTTP."""


async def lived(sign_in: str, scenario: str) -> Result:
    """Live two hours of a day, after one in which the moment of the uploads was found."""
    return await live(Case(scenario, sign_in, scenario, HOURS, warm_up=1.0), "spring")


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize(
    ("sign_in", "scenario", "calls_of_a_poll", "plants", "others"),
    [
        # Inverter, battery, meter and charger tell all that moves; alarms, states and the plant's own figures wait.
        ("solax", "home-hybrid", 4, 2, 8),
        # Without a meter the plant alone tells what the house used today.
        ("fusionsolar_account", "string-only", 1, POLLS, 6),
        # The house's power is added up here.
        ("fusionsolar_account", "home", 3, 4, 6),
    ],
)
async def test_a_plant_is_asked_itself_where_no_device_tells_the_same(
    sign_in: str, scenario: str, calls_of_a_poll: int, plants: int, others: int
) -> None:
    """With every poll where it is the only one that knows, else now and then."""
    result = await lived(sign_in, scenario)
    assert result.calls["devices"] == pytest.approx(calls_of_a_poll * POLLS, rel=0.15)
    assert plants * 0.8 <= result.calls["plants"] + 1 <= plants * 1.1 + 1
    rest = result.total - result.calls["devices"] - result.calls["plants"]
    assert rest <= others
    assert result.age_by_day is not None
    assert result.age_by_day < 300
