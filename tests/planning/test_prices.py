"""Prices as they are published, read into the same rows."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.planning.prices import (
    DailyPrice,
    Price,
    UnreadablePricesError,
    contract,
    from_now,
    published,
)

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 6, 10, tzinfo=ZONE)
START = BEGIN.timestamp()
HOUR = 3600.0


def at(hour: float) -> datetime:
    """Return an instant of the day."""
    return BEGIN + timedelta(hours=hour)


def iso(hour: float) -> str:
    """Return it as text."""
    return at(hour).isoformat()


PUBLISHED: dict[str, tuple[object, str | None]] = {
    "Nord Pool, HACS": (
        {
            "today": [20.0],
            "raw_today": [{"start": at(0), "end": at(1), "value": 20.0}],
            "raw_tomorrow": [{"start": at(1), "end": at(2), "value": 30.0}],
        },
        "Öre/kWh",
    ),
    "Nord Pool, HACS, for a MWh": (
        {
            "raw_today": [
                {"start": at(0), "end": at(1), "value": 200.0},
                {"start": at(1), "end": at(2), "value": 300.0},
            ]
        },
        "EUR/MWh",
    ),
    "ENTSO-E": (
        {
            "prices_today": [{"time": "2026-06-10 00:00:00+02:00", "price": 0.2}],
            "prices_tomorrow": [{"time": "2026-06-10 01:00:00+02:00", "price": 0.3}],
            "prices": [],
        },
        "EUR/kWh",
    ),
    "Octopus Energy": (
        {
            "event_types": ["octopus_energy_electricity_current_day_rates"],
            "rates": [
                {
                    "start": at(0),
                    "end": at(1),
                    "value_inc_vat": 0.2,
                    "is_capped": False,
                },
                {
                    "start": at(1),
                    "end": at(2),
                    "value_inc_vat": 0.3,
                    "is_capped": False,
                },
            ],
        },
        None,
    ),
    "EPEX Spot": (
        {
            "data": [
                {"start_time": iso(0), "end_time": iso(1), "price_per_kwh": 0.2},
                {"start_time": iso(1), "end_time": iso(2), "price_per_kwh": 0.3},
            ]
        },
        "EUR/kWh",
    ),
    "EPEX Spot before version 3": (
        {
            "data": [
                {
                    "start_time": iso(hour),
                    "end_time": iso(hour + 1),
                    "price_eur_per_mwh": 200.0 + 100 * hour,
                    "price_ct_per_kwh": 20.0 + 10 * hour,
                }
                for hour in range(2)
            ]
        },
        "EUR/MWh",
    ),
    "tibber.get_prices": (
        {
            "prices": {
                "Home": [
                    {"start_time": iso(0), "price": 0.2},
                    {"start_time": iso(1), "price": 0.3},
                ]
            }
        },
        None,
    ),
    "energyzero.get_energy_prices": (
        {
            "prices": [
                {"timestamp": iso(0), "start": iso(0), "end": iso(1), "price": 0.2},
                {"timestamp": iso(1), "start": iso(1), "end": iso(2), "price": 0.3},
            ]
        },
        None,
    ),
    "nordpool.get_prices_for_date": (
        {
            "SE3": [
                {"start": iso(1), "end": iso(2), "price": 300.0},
                {"start": iso(0), "end": iso(1), "price": 200.0},
            ]
        },
        None,
    ),
    "an unknown integration, in the unit of its entity": (
        {
            "forecast": [
                {"start": at(0), "end": at(1), "price": 0.2},
                {"start": at(1), "end": at(2), "price": 0.3},
            ]
        },
        "EUR/kWh",
    ),
    "another one, in hundredths": (
        {
            "prices": [
                {"start": at(0), "end": at(1), "price": 20.0},
                {"start": at(1), "end": at(2), "price": 30.0},
            ]
        },
        "ct/kWh",
    ),
    "by hand": (
        [
            {"start": "2026-06-10T00:00:00", "price": "0.2"},
            {"start": iso(1), "price": 0.3},
            {"start": iso(2), "price": None},
            {"start": None, "price": 0.1},
            {"price": 0.1},
            "0.1",
        ],
        None,
    ),
}


@pytest.mark.parametrize("form", PUBLISHED)
def test_every_form_says_the_same(form: str) -> None:
    """Twenty cents for an hour, then thirty."""
    rows = published(*PUBLISHED[form], ZONE)
    assert [(row.start, row.end) for row in rows] == [
        (START, START + HOUR),
        (START + HOUR, START + 2 * HOUR),
    ]
    assert [row.price for row in rows] == pytest.approx([0.2, 0.3])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"raw_today": None},
        {"rates": [{"start": "soon", "end": "later", "value_inc_vat": 0.2}]},
        {"prices": [1.0, 2.0]},
        {
            "prices": {
                "Home": [{"start_time": iso(0), "price": 1.0}],
                "Hut": [{"start_time": iso(0), "price": 2.0}],
            }
        },
        {
            "SE3": [{"start": iso(0), "end": iso(1), "price": 1.0}],
            "SE4": [{"start": iso(0), "end": iso(1), "price": 2.0}],
        },
        {"prices": [{"start": at(0), "end": at(1), "price": 0.2}] * 10_001},
        [{"start": at(0), "price": 0.2}] * 10_001,
        "0.3",
        None,
    ],
)
def test_what_no_form_has_is_refused(data: Any) -> None:
    """Two areas too: nobody knows which is meant."""
    with pytest.raises(UnreadablePricesError):
        published(data, None, ZONE)


def test_a_list_without_any_price_knows_none() -> None:
    """Rows that are no prices are no reason to guess."""
    assert published([{"start": iso(0), "price": float("nan")}], None, ZONE) == []


def test_an_hour_that_is_missing_stays_missing() -> None:
    """Whoever publishes starts only has hours; only a list by hand holds until the next row."""
    rows = [{"time": iso(0), "price": 0.2}, {"time": iso(3), "price": 0.3}]
    first, _ = published({"prices_today": rows}, None, ZONE)
    assert first.end == START + HOUR
    by_hand = [{"start": iso(0), "price": 0.2}, {"start": iso(3), "price": 0.3}]
    first, last = published(by_hand, None, ZONE)
    assert first.end == START + 3 * HOUR
    assert last.end == START + 4 * HOUR


def test_a_contract_with_two_rates() -> None:
    """Over midnight; the wall's clock counts, also where the clocks are set."""
    night = DailyPrice(time(22), time(6), 0.18)
    noon = DailyPrice(time(12, 30), time(13), 0.1)
    rows = contract(0.34, [night, noon], START, 48.0, ZONE)
    assert rows[0].start == START
    assert rows[-1].end == START + 48 * HOUR

    def price(hour: float) -> float:
        (row,) = [each for each in rows if each.start <= START + hour * HOUR < each.end]
        return row.price

    assert price(0) == price(5.9) == price(22) == price(29) == 0.18
    assert price(6) == price(21.9) == price(31) == 0.34
    assert price(12.5) == price(12.9) == 0.1
    assert price(12.4) == price(13) == 0.34


def test_only_what_follows_without_a_gap_is_known() -> None:
    """From now on; the row that runs is cut."""
    rows = [
        Price(0.0, 10.0, 1.0),
        Price(10.0, 20.0, 2.0),
        Price(15.0, 30.0, 3.0),
        Price(40.0, 50.0, 4.0),
    ]
    assert from_now(rows, 12.0) == [Price(12.0, 20.0, 2.0), Price(20.0, 30.0, 3.0)]
    assert from_now(rows, 35.0) == []
    assert from_now(rows, 60.0) == []
