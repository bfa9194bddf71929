"""The past of a SolaX account: half a day of one device in a call, and the days of a month."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.errors import UnexpectedAnswer
from custom_components.solar_cloud.cloud.history import PastWindow

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
            (owner,),
            wanted,
            PastWindow(start, start + account.client.history.limits.window, STEP),
        )
        assert len(found[owner]) > 60
        assert all(each.measured_at for each in found[owner])
    calls = [call for call in account.cloud.calls if "history_data" in call.path]
    assert [len(call.serials) for call in calls] == [1, 1, 1]
    assert account.client.history.newest(wanted.plants[PLANT], start) == start


async def test_a_month_no_longer_kept_is_refused(account: Account) -> None:
    """So the import ends there."""
    wanted = await account.list()
    assert account.client.history is not None
    with pytest.raises(UnexpectedAnswer):
        await account.client.history.energies(
            wanted.plants[PLANT], wanted, datetime(2024, 4, 1, tzinfo=ZONE)
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
