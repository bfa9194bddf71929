"""Looking back: readings and energies as the world had them, at calls that leave room for the present."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.errors import QuotaExhausted
from custom_components.solar_cloud.cloud.history import HistoryClient, PastWindow
from custom_components.solar_cloud.cloud.model import Quantity as Q, Reading, Slot

from .account import Account, Past
from .accounts import every, with_a_past

STEP = timedelta(minutes=5)
COUNTERS = {
    Q.PV_ENERGY_TOTAL: "pv",
    Q.GRID_IMPORT_ENERGY_TOTAL: "grid_import",
    Q.GRID_EXPORT_ENERGY_TOTAL: "grid_export",
    Q.BATTERY_CHARGE_ENERGY_TOTAL: "battery_charge",
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL: "battery_discharge",
}


def looking_back(account: Account) -> tuple[HistoryClient, Past]:
    """Return the client's past, and what is asked of it."""
    assert account.client.history is not None
    assert account.past is not None
    return account.client.history, account.past


@every
async def test_what_is_offered_keeps_the_contract(account: Account) -> None:
    """Who looks back or sets something has its cases here."""
    assert (account.client.history is not None) == (account.past is not None)
    assert (account.client.controls is not None) == (account.setting is not None)


@pytest.mark.slow
@with_a_past
async def test_past_readings_are_what_the_counters_said(account: Account) -> None:
    """Of everything that has a past, at its own time, within the window of one call; strangers are left out."""
    history, past = looking_back(account)
    await account.whole()
    owners = [*account.wanted.plants, *account.wanted.devices, "stranger"]
    batches = history.batches(owners, account.wanted)
    assert batches
    start = past.end.replace(month=6, day=8, hour=9)
    end = start + history.limits.window
    compared = set()
    for batch in batches:
        account.clock.advance(120)
        assert set(batch) <= set(owners) - {"stranger"}
        found = await history.readings(
            batch, account.wanted, PastWindow(start, end, STEP)
        )
        assert found.keys() == set(batch)
        for readings in found.values():
            # Some are missing, as with the real ones.
            assert 0.85 < len(readings) * (STEP / history.limits.window) <= 1.04
            for reading in readings[::8]:
                assert reading.measured_at is not None
                assert start <= reading.measured_at <= end
                compared |= _compare(account, reading)
    assert {Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL} <= compared


def _compare(account: Account, reading: Reading) -> set[Q]:
    """Compare what a reading counts with the world; return what it counts."""
    assert account.past is not None
    assert reading.measured_at is not None
    truth = account.site.truth(reading.measured_at)
    compared = {slot.quantity for slot in reading.values} & account.past.counters
    for quantity in compared:
        told, exact = reading.values[Slot(quantity)], getattr(truth, COUNTERS[quantity])
        assert told == pytest.approx(exact, abs=account.past.reading_error), quantity
    return compared


@with_a_past
async def test_past_energies_are_what_flowed(account: Account) -> None:
    """One report, whole periods of the plant's own time without a hole, also when the clocks change."""
    history, past = looking_back(account)
    await account.list()
    (plant,) = account.wanted.plants.values()
    account.clock.advance(120)
    found = await history.energies(plant, account.wanted, past.end)
    assert len(found.rows) == past.rows
    assert {row.end - row.start for row in found.rows} == past.lengths
    assert found.since == found.rows[0].start
    assert found.rows[-1].end == past.end.timestamp()
    site = account.site
    for row in found.rows:
        grown = site.truth(row.end).since(site.truth(row.start))
        for quantity in past.reported:
            flowed = getattr(grown, COUNTERS[quantity])
            assert row.values[quantity] == pytest.approx(flowed, abs=past.report_error)


@with_a_past
async def test_the_past_is_complete_up_to_a_time_that_is_over(
    account: Account,
) -> None:
    """What is newer is not asked for."""
    history, _ = looking_back(account)
    await account.list()
    (plant,) = account.wanted.plants.values()
    now = datetime.fromtimestamp(account.clock.now, UTC)
    assert now - timedelta(days=1) < history.newest(plant, now) <= now


@with_a_past
async def test_the_past_leaves_room_for_the_present(account: Account) -> None:
    """It has a bucket of its own: when that is used up, live values do not notice."""
    history, past = looking_back(account)
    await account.whole()
    batch, *_ = history.batches(account.wanted.devices, account.wanted)
    start = past.end.replace(month=6, day=8)
    hour = PastWindow(start, start + timedelta(hours=1), STEP)
    account.clock.advance(120)
    for _ in range(past.calls):
        await history.readings(batch, account.wanted, hour)
    calls = len(account.cloud.calls)
    with pytest.raises(QuotaExhausted) as caught:
        await history.readings(batch, account.wanted, hour)
    assert 0 < caught.value.retry_after <= past.wait
    assert len(account.cloud.calls) == calls
    snapshot = await account.poll()
    assert snapshot.readings
    assert not snapshot.silent
