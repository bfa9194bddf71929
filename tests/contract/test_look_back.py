"""What somebody who asks is told of the past: a day, a month, a year, through the limits of each cloud; and what is missing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.backfill.look_back import LookBack, PastRow, Question
from custom_components.solar_cloud.cloud.errors import RetryLater
from custom_components.solar_cloud.cloud.history import Interval
from custom_components.solar_cloud.cloud.model import Quantity as Q, Reading, Slot
from custom_components.solar_cloud.cloud.quota import Window

from .account import Account, Past
from .accounts import with_a_past
from .test_past import COUNTERS, looking_back

ZONE = ZoneInfo("Europe/Berlin")
HOUR = 3600.0
PATIENT = 24 * HOUR


def asking(
    account: Account,
    patience: float = PATIENT,
    live: Mapping[str, Reading] | None = None,
) -> LookBack:
    """Somebody who waits so long for our own pace."""

    async def pause(seconds: float) -> None:
        account.clock.advance(seconds)

    now = datetime.fromtimestamp(account.clock.now, UTC)
    history, _ = looking_back(account)
    return LookBack(history, account.wanted, now, pause, patience, live or {})


def question(
    interval: Interval, start: datetime, end: datetime, *slots: Slot
) -> Question:
    """Ask in the plant's time."""
    return Question(
        interval,
        start.replace(tzinfo=ZONE),
        end.replace(tzinfo=ZONE),
        ZONE,
        frozenset(slots),
    )


def compare(
    account: Account,
    past: Past,
    rows: list[PastRow],
    edges: list[datetime],
    error: float,
) -> None:
    """Each row has what flowed between its edges."""
    assert [row.start for row in rows] == edges[:-1]
    for row, (start, end) in zip(rows, pairwise(edges), strict=True):
        site = account.site
        now = datetime.fromtimestamp(account.clock.now, UTC)
        flowed = site.truth(min(end.astimezone(UTC), now)).since(
            site.truth(start.astimezone(UTC))
        )
        for quantity in past.reported:
            told = row.values[quantity.removesuffix("_total")]
            exact = getattr(flowed, COUNTERS[quantity])
            assert told == pytest.approx(exact, abs=error), row.start


def edges_of(interval: Interval, start: datetime, count: int) -> list[datetime]:
    """Return so many intervals, in the plant's time."""
    edges = [start.replace(tzinfo=ZONE)]
    for _ in range(count):
        edges.append(interval.following(edges[-1]))
    return edges


@pytest.mark.slow
@with_a_past
async def test_a_day_is_told_in_steps_of_five_minutes(account: Account) -> None:
    """Of each device with a past, through as many calls as it takes; each value is what the world had at that instant."""
    _, past = looking_back(account)
    await account.whole()
    account.clock.advance(120)
    if hasattr(account.cloud.knobs, "history_gaps"):
        account.cloud.turn(history_gaps=0)
    asked = asking(account)
    day = datetime(2026, 6, 8)
    found = await asked.look(
        sorted(account.wanted.devices),
        question(Interval.FIVE_MINUTES, day, day + timedelta(days=1)),
    )
    assert {each.why for each in asked.lacking} <= {"no_history"}
    compared = set()
    for rows in found.values():
        assert [row.start for row in rows] == sorted({row.start for row in rows})
        for row in rows[::6]:
            truth = account.site.truth(row.start)
            for quantity in past.counters:
                if (told := row.values.get(quantity)) is not None:
                    exact = getattr(truth, COUNTERS[quantity])
                    assert told == pytest.approx(exact, abs=past.reading_error)
                    compared.add(quantity)
    # What sleeps at night has fewer.
    assert max(map(len, found.values())) == 288
    assert past.counters <= compared


@pytest.mark.slow
@with_a_past
async def test_a_month_is_told_by_days_and_a_year_by_months(account: Account) -> None:
    """Whole days and months of the plant's own time, as much as flowed; the running ones up to now."""
    _, past = looking_back(account)
    snapshot = await account.whole()
    account.clock.advance(3600)
    (plant,) = account.wanted.plants
    may = edges_of(Interval.DAY, datetime(2026, 5, 1), 31)
    asked = asking(account, live=snapshot.readings)
    days = await asked.look([plant], question(Interval.DAY, may[0], may[-1]))
    compare(account, past, days[plant], may, past.report_error)
    year = edges_of(Interval.MONTH, datetime(2025, 7, 1), 11)
    asked = asking(account)
    months = await asked.look([plant], question(Interval.MONTH, year[0], year[-1]))
    compare(account, past, months[plant], year, past.month_error)
    assert asked.lacking == []


@pytest.mark.slow
@with_a_past
async def test_the_running_year_is_told_up_to_now(account: Account) -> None:
    """As the sum of what is finished and of today, whatever the report leaves out."""
    _, past = looking_back(account)
    snapshot = await account.whole()
    (plant,) = account.wanted.plants
    account.clock.advance(120)
    new_year = datetime(2026, 1, 1, tzinfo=ZONE)
    now = datetime.fromtimestamp(account.clock.now, ZONE)
    asked = asking(account, live=snapshot.readings)
    found = await asked.look([plant], question(Interval.YEAR, new_year, now))
    (row,) = found[plant]
    assert row.start == new_year
    flowed = account.site.truth(now).since(account.site.truth(new_year))
    for quantity in past.reported:
        told = row.values[quantity.removesuffix("_total")]
        exact = getattr(flowed, COUNTERS[quantity])
        assert told == pytest.approx(exact, abs=6 * past.month_error)
    assert asked.lacking == []


@pytest.mark.slow
@with_a_past
async def test_the_days_of_a_device_are_told_too(account: Account) -> None:
    """From its own report where the vendor has one; what a plant with one of each counts is what its devices do."""
    history, past = looking_back(account)
    snapshot = await account.whole()
    week = edges_of(Interval.DAY, datetime(2026, 6, 8), 3)
    compared = set()
    for device in account.wanted.devices.values():
        account.clock.advance(120)
        asked = asking(account, live=snapshot.readings)
        whole = question(Interval.DAY, week[0], week[-1])
        reported = Interval.DAY in history.reported(device.id, account.wanted)
        rows = (await asked.look([device.id], whole))[device.id]
        for row, (start, end) in zip(rows, pairwise(week), strict=False):
            flowed = account.site.truth(end).since(account.site.truth(start))
            for quantity, name in COUNTERS.items():
                told = row.values.get(quantity.removesuffix("_total"))
                if told is not None and quantity is not Q.PV_ENERGY_TOTAL:
                    error = past.report_error if reported else 0.3
                    assert told == pytest.approx(getattr(flowed, name), abs=error)
                    compared.add(quantity)
    assert {Q.BATTERY_CHARGE_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL} <= compared


MINUTES = {
    "solax": "history_data",
    "sungrow": "getDevicePointMinuteDataList",
    "fusionsolar": "getDevHistoryKpi",
}
RAW = {
    "solax": ("gridPower", Q.GRID_POWER, -1.0),
    "sungrow": ("13003", Q.PV_POWER, 1.0),
    "fusionsolar": ("active_power", Q.AC_POWER, 0.001),
}
"""A point of inverters by the vendor's id, the quantity it feeds, and what it is of it."""


@with_a_past
async def test_any_point_is_told_by_the_vendors_id(account: Account) -> None:
    """As the vendor has it, in its unit and sign, and nothing else; of an hour the last."""
    await account.whole()
    account.clock.advance(3700)
    point, quantity, factor = RAW[account.vendor.key]
    inverter = next(
        device.id
        for device in account.wanted.devices.values()
        if device.kind == "inverter"
    )
    noon = datetime(2026, 6, 12, 11, tzinfo=ZONE)
    ours = question(
        Interval.FIVE_MINUTES, noon, noon + timedelta(hours=2), Slot(quantity)
    )
    asked = asking(account)
    found = await asked.look([inverter], replace(ours, points=(point,)))
    assert asked.lacking == []
    rows = found[inverter]
    assert len(rows) > 15
    for row in rows:
        told, known = row.values[point], row.values[quantity]
        assert isinstance(known, float)
        assert told == pytest.approx(known * factor, abs=0.01)
        assert row.values.keys() == {point, quantity}
    hours = replace(
        ours, interval=Interval.HOUR, slots=frozenset(), points=(point, "none")
    )
    account.clock.advance(120)
    first, second = (await asking(account).look([inverter], hours))[inverter]
    assert second.values == {point: rows[-1].values[point]}
    assert first.values.keys() == {point}


@pytest.mark.slow
@pytest.mark.parametrize("new_account", ["sungrow_account"], indirect=True)
async def test_what_is_told_of_a_running_month_is_not_counted_twice(
    account: Account,
) -> None:
    """Whether the cloud tells it is not known: days that are over and today make it up either way."""
    _, past = looking_back(account)
    snapshot = await account.whole()
    (plant,) = account.wanted.plants
    account.clock.advance(120)
    june = datetime(2026, 6, 1, tzinfo=ZONE)
    now = datetime.fromtimestamp(account.clock.now, ZONE)
    told = []
    for running in (False, True):
        account.cloud.turn(running_totals=running)
        asked = asking(account, live=snapshot.readings)
        month = question(Interval.MONTH, june, now)
        (row,) = (await asked.look([plant], month))[plant]
        told.append(row.values)
        assert asked.lacking == []
    assert told[0] == told[1]
    flowed = account.site.truth(now).since(account.site.truth(june))
    for quantity in past.reported:
        exact = getattr(flowed, COUNTERS[quantity])
        assert told[0][quantity.removesuffix("_total")] == pytest.approx(exact, abs=2)


@with_a_past
async def test_over_quota_one_gets_what_there_is_and_when_to_go_on(
    account: Account,
) -> None:
    """What was read before the limit is returned, the rest is named; asked again for that, it comes."""
    history, past = looking_back(account)
    await account.whole()
    account.clock.advance(120)
    batch, *_ = history.batches(sorted(account.wanted.devices), account.wanted)
    owner = batch[0]
    calls = min(past.calls, 5)
    for bucket in ("history", "getDevHistoryKpi"):
        account.quota.limit(bucket, (Window(calls, HOUR),))
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    window = history.limits.window
    start = end - window * (calls + 1)
    asked = asking(account, patience=0)
    rows = (await asked.look([owner], _readings(start, end)))[owner]
    assert rows
    assert rows[0].start >= start + window
    (lacking,) = asked.lacking
    assert (lacking.owner, lacking.start) == (owner, start)
    assert lacking.end == start + window
    assert lacking.why in {"rate_limited", "paced"}
    assert isinstance(asked.error, RetryLater)
    assert asked.retry_after
    account.clock.advance(asked.retry_after)
    asked = asking(account, patience=0)
    rest = (await asked.look([owner], _readings(lacking.start, lacking.end)))[owner]
    assert rest
    assert rest[-1].start < rows[0].start
    assert asked.lacking == []


@with_a_past
async def test_e38_a_limit_the_vendor_orders_costs_no_row_that_is_there(
    account: Account,
) -> None:
    """What came before it is returned; it is waited for by whoever asks again, not here."""
    history, _ = looking_back(account)
    await account.whole()
    account.clock.advance(120)
    batch, *_ = history.batches(sorted(account.wanted.devices), account.wanted)
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    start = end - history.limits.window * 2
    account.cloud.fault(
        MINUTES[account.vendor.key], skip=1, times=None, **account.too_many
    )
    asked = asking(account)
    rows = (await asked.look([batch[0]], _readings(start, end)))[batch[0]]
    assert rows
    (lacking,) = asked.lacking
    assert (lacking.start, lacking.why) == (start, "rate_limited")
    assert asked.retry_after


def _readings(start: datetime, end: datetime) -> Question:
    return Question(Interval.FIVE_MINUTES, start, end, ZONE)
