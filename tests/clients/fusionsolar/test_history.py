"""The past of a FusionSolar account: devices every five minutes, plants by the hour, a call a minute."""

from datetime import datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.solar_cloud.cloud.history import PastWindow
from custom_components.solar_cloud.cloud.model import Inventory, Quantity as Q

from .conftest import Rig

ZONE = ZoneInfo("Europe/Berlin")
STEP = timedelta(minutes=5)
START = datetime(2026, 6, 12, 6, tzinfo=ZONE)


async def test_odd_answers_say_nothing(rig: Rig) -> None:
    """Rows of strangers, without a time or a map; devices nobody knows."""
    await rig.poll()
    (plant,) = rig.inventory.plants.values()
    meter = rig.id_of(47)
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    rows: list[Any] = [
        {"collectTime": None, "dataItemMap": {}, "stationCode": plant.id},
        {"collectTime": 1, "dataItemMap": {}, "stationCode": "?", "devId": "?"},
        {"collectTime": 1, "dataItemMap": None, "stationCode": plant.id},
        {"collectTime": 1, "dataItemMap": {"run_state": 0}, "devId": "?"},
    ]
    body = json.dumps({"success": True, "failCode": 0, "data": rows})
    rig.cloud.fault("getKpiStationHour", body=body)
    assert (await rig.client.history.energies(plant, rig.inventory, end)).rows == []
    rig.cloud.fault("getDevHistoryKpi", body=body)
    found = await rig.client.history.readings(
        [meter], rig.inventory, PastWindow(START, end, STEP)
    )
    assert found == {meter: []}
    assert await rig.client.history.readings(
        ["?"], rig.inventory, PastWindow(START, end, STEP)
    ) == {"?": []}


async def test_without_a_battery_the_yield_is_the_sun_s(rig: Rig) -> None:
    """Older accounts report the inverters' yield only."""
    await rig.poll()
    rig.cloud.turn(new_reports=False)
    (plant,) = rig.inventory.plants.values()
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    found = await rig.client.history.energies(plant, Inventory({}, {}), end)
    assert any(row.values.get(Q.PV_ENERGY_TOTAL, 0) > 0 for row in found.rows)
