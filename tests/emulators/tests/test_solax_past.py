"""SolaX's past: history, statistics, alarms, and the EMS of commercial plants."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulators.world import Clock

from .conftest import NOON, Client, Open

INVERTER = "H3DEMO00000001"
STATISTICS = "plant/energy/get_stat_data"


async def history(client: Client, start: float, hours: float, *serials: str) -> Any:
    """Ask for device history from so many days before noon on."""
    begin = NOON.timestamp() - 86400 * start
    return await client.get(
        "device/history_data",
        deviceType=1,
        snList=",".join(serials or (INVERTER,)),
        startTime=int(begin * 1000),
        endTime=int((begin + hours * 3600) * 1000),
        timeInterval=5,
    )


async def test_history_is_what_was_uploaded(visit: Open) -> None:
    """Half a day at most, some gaps, and counters as they stood."""
    client: Client = await visit()
    rows = (await history(client, 100, 12))["result"]
    assert 0.85 * 144 < len(rows) < 144
    site = client.cloud.plant.site
    for row in rows[::20]:
        truth = site.truth(datetime.fromisoformat(row["dataTime"]))
        assert 0 <= truth.pv - row["totalYield"] < 0.1001
    assert (await history(client, 100, 12.1))["code"] == 10200
    assert (await history(client, 366, 1))["code"] == 10200
    later = (await history(client, 0.1, 12))["result"]
    assert all(datetime.fromisoformat(row["dataTime"]) < NOON for row in later)


async def test_history_of_several_serials_is_thinned(visit: Open) -> None:
    """The rows of one serial are shared out among all that were asked for."""
    client: Client = await visit("parallel-two-inverters", history_gaps=0)
    serials = [device.sn for device in client.cloud.plant.devices if device.kind == 1]
    alone = len((await history(client, 1, 2, serials[0]))["result"])
    both = len((await history(client, 1, 2, *serials))["result"])
    assert alone == 24
    assert both == pytest.approx(alone, abs=1)


async def test_statistics_by_day_and_month(visit: Open) -> None:
    """Days add up to the month, the month to the truth; the house's load is in it."""
    client: Client = await visit()
    plant = client.cloud.plant
    answer = await client.post(
        STATISTICS, plantId=plant.plant_id, dateType=2, date="2026-03"
    )
    days = answer["result"]["plantEnergyStatDataList"]
    assert len(days) == 31
    begin = datetime(2026, 2, 28, 23, tzinfo=UTC)
    end = datetime(2026, 3, 31, 22, tzinfo=UTC)  # summer time has begun
    grown = plant.site.truth(end).since(plant.site.truth(begin))
    load = sum(day["loadConsumption"] for day in days)
    assert load == pytest.approx(grown.load + grown.charger, abs=0.32)
    answer = await client.post(
        STATISTICS, plantId=plant.plant_id, dateType=1, date="2026"
    )
    months = answer["result"]["plantEnergyStatDataList"]
    assert [month["date"] for month in months][-1] == "2026-06"
    assert months[2]["pvGeneration"] == pytest.approx(grown.pv, abs=0.01)
    answer = await client.post(
        STATISTICS, plantId=plant.plant_id, dateType=1, date="2024"
    )
    assert "must be within the past year" in answer["message"]


async def test_alarms_open_and_close(visit: Open, clock: Clock) -> None:
    """A fault is known after the next upload, and over after the one after its end."""
    client: Client = await visit()
    plant = client.cloud.plant

    async def ongoing() -> list[str]:
        answer = await client.get(
            "alarm/page_alarm_info", plantId=plant.plant_id, alarmState=1
        )
        return [record["alarmName"] for record in answer["result"]["records"]]

    fault = plant.site.fail("inverter", "Bus Volt Fault", "IE014")
    assert await ongoing() == []
    clock.advance(400)
    assert await ongoing() == ["Bus Volt Fault"]
    assert (await client.row(1, INVERTER))["deviceStatus"] == 103
    plant.site.repair(fault)
    clock.advance(400)
    assert await ongoing() == []
    answer = await client.get("alarm/page_alarm_info", plantId=plant.plant_id)
    assert answer["result"]["total"] == 2
    assert answer["result"]["records"][0]["alarmEndTime"] is not None


async def test_ems(visit: Open) -> None:
    """The summary balances, slices add up to the totals' growth."""
    client: Client = await visit("ci-ems")
    plant = client.cloud.plant
    ems = {"deviceType": 100, "businessType": 4, "registerNoList": [plant.ems]}
    (summary,) = (await client.post("device/ems_system/summary_data", **ems))["result"]
    load = summary["sysPVPower"] + summary["sysBatteryPower"] - summary["sysGridPower"]
    # What is missing is lost in the inverters.
    assert summary["sysLoadPower"] < load < 1.2 * summary["sysLoadPower"] + 6
    end = int(NOON.timestamp()) // 3600 * 3600
    answer = await client.post(
        "device/ems_system/increase_data",
        **ems,
        startTime=end - 7200,
        endTime=end,
        timeInterval=15,
    )
    grown = plant.site.truth(float(end)).since(plant.site.truth(end - 7200.0))
    assert len(answer["result"]) == 8
    pv = sum(row["pvIncrease"] for row in answer["result"])
    assert pv == pytest.approx(grown.pv, abs=0.05)
    answer = await client.post("device/ems_system/attribute_info", **ems)
    assert answer["result"]["records"][0]["sysACRatedPower"] == 200


async def test_master_of_commercial_plants(visit: Open) -> None:
    """The EMS takes the commands; a home has no master."""
    client: Client = await visit("ci-ems")
    device = client.cloud.plant.devices[0]
    answer = await client.post(
        "device/get_master_control_device",
        deviceSn=device.sn,
        deviceType=1,
        businessType=4,
    )
    assert answer["result"]["controlDeviceSn"] == client.cloud.plant.ems
    home: Client = await visit()
    answer = await home.post(
        "device/get_master_control_device", deviceSn=INVERTER, deviceType=1
    )
    assert answer["code"] == 10200
