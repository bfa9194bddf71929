"""What is to come: prices as far as they go, the sun as forecast, the house as usual."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.planning.horizon import (
    forecast,
    grown,
    horizon,
    usual,
)
from custom_components.solar_cloud.planning.prices import Price

ZONE = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 6, 8, tzinfo=ZONE)
START = MONDAY.timestamp()
HOUR = 3600.0


def test_what_is_usual_depends_on_hour_and_weekday() -> None:
    """Washing on Sundays shows, drawn towards the other days; hours that are missing are no zero."""
    energies = {}
    for hour in range(28 * 24):
        at = MONDAY + timedelta(hours=hour)
        energies[at.timestamp()] = 2.0 if (at.weekday(), at.hour) == (6, 10) else 0.5
    for missing in range(3):
        del energies[START + missing * HOUR]
    power = usual(energies, ZONE)
    assert power is not None
    after = START + 28 * 86400
    sunday = after + (6 * 24 + 10) * HOUR
    assert power(sunday) == pytest.approx((4 * 2.0 + 3 * (4 * 2 + 24 * 0.5) / 28) / 7)
    assert 0.5 < power(after + 10 * HOUR) < 0.65
    assert power(after) == pytest.approx(0.5)


def test_a_day_is_not_known_from_two() -> None:
    """Below three days there is no usual; an hour never seen is as all."""
    assert usual({START + hour * HOUR: 1.0 for hour in range(71)}, ZONE) is None
    power = usual(
        {
            START + day * 86400 + hour * HOUR: 1.0
            for day in range(9)
            for hour in range(8, 18)
        },
        ZONE,
    )
    assert power is not None
    assert power(START) == 1.0


def test_a_counter_grows_between_hours_that_follow_each_other() -> None:
    """A gap belongs to no hour, and nothing ever falls."""
    sums = [(0.0, 5.0), (HOUR, 6.0), (3 * HOUR, 9.0), (4 * HOUR, 8.5)]
    assert grown(sums) == {HOUR: 1.0, 4 * HOUR: 0.0}


def test_a_forecast_is_added_up_by_hours_and_repeats_its_last_day() -> None:
    """Services tell of today and tomorrow, in steps of their own."""
    half_hours = {START + (34 + half / 2) * HOUR: 0.5 for half in range(4)}
    power = forecast(half_hours, ZONE)
    assert power is not None
    assert [power(START + hour * HOUR) for hour in (10, 33, 34, 35, 36)] == [
        *(0.0, 0.0),
        *(1.0, 1.0, 0.0),
    ]
    assert power(START + 58 * HOUR) == 1.0, "the day after"
    assert forecast({}, ZONE) is None


def test_the_night_after_a_short_forecast_is_dark() -> None:
    """It ends with the last hour it has sun in: what follows belongs to the same day."""
    power = forecast({START + 12 * HOUR: 3.0}, ZONE)
    assert power is not None
    assert power(START + 20 * HOUR) == 0.0


@pytest.mark.parametrize(
    ("rows", "steps"), [([1.0], 24), ([0.5], 48), ([0.25], 96), ([1.0, 0.25], 96)]
)
def test_steps_are_as_fine_as_prices(rows: list[float], steps: int) -> None:
    """An hour, half of one, or a quarter."""
    buy: list[Price] = []
    at = START
    while at < START + 86400:
        length = rows[len(buy) % len(rows)] * HOUR
        buy.append(Price(at, at + length, 0.3))
        at += length
    coming = horizon(buy, buy, lambda at: 0.0, lambda at: 1.0)
    planned = [step for step in coming.steps if step.start < coming.until]
    assert coming.until == at
    assert len(planned) == pytest.approx(steps, abs=3)


def test_after_the_last_price_it_is_as_the_day_before() -> None:
    """For what is kept for then; the plan ends with what is known."""
    now = START + 20.2 * HOUR
    buy = [Price(now, START + 21 * HOUR, 0.5)] + [
        Price(START + hour * HOUR, START + (hour + 1) * HOUR, hour / 100)
        for hour in range(21, 48)
    ]
    sell = [Price(now, now + 10 * 86400, 0.08)]
    coming = horizon(buy, sell, lambda at: 2.0, lambda at: 1.0)
    assert coming.until == START + 48 * HOUR
    first, *_, last = coming.steps
    assert first.start == now
    assert first.hours == pytest.approx(0.8)
    assert last.end == pytest.approx(now + 48 * HOUR)
    assert (first.sun, first.load, first.sell) == (2.0, 1.0, 0.08)
    like = {step.start: step.buy for step in coming.steps}
    assert like[START + 50 * HOUR] == 0.26
    assert like[START + 68 * HOUR] == pytest.approx(0.44)


def test_prices_of_three_hours_go_on_as_they_ended() -> None:
    """There is no day before."""
    buy = [Price(START, START + 3 * HOUR, 0.3)]
    coming = horizon(buy, buy, lambda at: 0.0, lambda at: 1.0)
    assert coming.until == START + 3 * HOUR
    assert {step.buy for step in coming.steps} == {0.3}
