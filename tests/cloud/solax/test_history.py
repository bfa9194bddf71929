"""The past of a SolaX account: half a day of one device in a call, and the days of a month."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.errors import QuotaExhausted, UnexpectedAnswer
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot

from .conftest import BATTERY, INVERTER, METER, PLANT, Account

ZONE = ZoneInfo("Europe/Berlin")
STEP = timedelta(minutes=5)


async def test_e50_e51_one_serial_and_half_a_day_at_a_time(account: Account) -> None:
    """Each device alone; a battery by the inverter that answers for it; plants have none."""
    wanted = await account.list()
    batches = account.client.history.batches(
        [PLANT, INVERTER, BATTERY, METER, "?"], wanted
    )
    assert sorted(batches) == sorted([(INVERTER,), (BATTERY,), (METER,)])
    start = datetime(2026, 6, 10, tzinfo=ZONE)
    for (owner,) in batches:
        found = await account.client.history.readings(
            (owner,), wanted, start, start + account.client.history.limits.window, STEP
        )
        assert len(found[owner]) > 60
        assert all(each.measured_at for each in found[owner])
    calls = [call for call in account.cloud.calls if "history_data" in call.path]
    assert [len(call.serials) for call in calls] == [1, 1, 1]
    assert account.client.history.newest(wanted.plants[PLANT], start) == start


async def test_the_days_of_a_month(account: Account) -> None:
    """In the plant's days, whatever the clocks do; a month no longer kept is refused."""
    wanted = await account.list()
    plant = wanted.plants[PLANT]
    end = datetime(2026, 4, 1, tzinfo=ZONE)
    found = await account.client.history.energies(plant, wanted, end)
    assert len(found.rows) == 31
    assert found.since == datetime(2026, 3, 1, tzinfo=ZONE).timestamp()
    assert {row.end - row.start for row in found.rows} == {82800.0, 86400.0}
    site = account.cloud.plant.site
    for row in found.rows[::7]:
        grown = site.truth(row.end).since(site.truth(row.start))
        assert row.values[Q.GRID_IMPORT_ENERGY_TOTAL] == pytest.approx(
            grown.grid_import, abs=0.02
        )
    with pytest.raises(UnexpectedAnswer):
        await account.client.history.energies(
            plant, wanted, datetime(2024, 4, 1, tzinfo=ZONE)
        )


async def test_odd_reports_say_nothing(account: Account) -> None:
    """Days without a date, more than a town could use in a day, and no list at all."""
    wanted = await account.list()
    plant = wanted.plants[PLANT]
    end = datetime(2026, 4, 1, tzinfo=ZONE)
    account.cloud.fault(
        "get_stat_data",
        body='{"code": 10000, "result": {"plantEnergyStatDataList": [{"date": "?"},'
        ' {"date": "2026-03-02", "pvGeneration": 1e9, "importEnergy": -3}]}}',
    )
    (day,) = (await account.client.history.energies(plant, wanted, end)).rows
    assert day.values == {}
    account.cloud.fault("get_stat_data", body='{"code": 10000, "result": null}')
    assert (await account.client.history.energies(plant, wanted, end)).rows == []


async def test_the_past_has_a_lane_of_its_own(account: Account) -> None:
    """Ten calls a minute; live values do not notice."""
    wanted = await account.list()
    account.clock.advance(120)
    plant, end = wanted.plants[PLANT], datetime(2026, 4, 1, tzinfo=ZONE)
    for _ in range(10):
        await account.client.history.energies(plant, wanted, end)
    with pytest.raises(QuotaExhausted) as caught:
        await account.client.history.energies(plant, wanted, end)
    assert caught.value.retry_after <= 61
    assert Slot(Q.PV_POWER) in (await account.reading(INVERTER)).values
