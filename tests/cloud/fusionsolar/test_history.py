"""The past of a FusionSolar account: devices every five minutes, plants by the hour, a call a minute."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.errors import QuotaExhausted
from custom_components.solar_cloud.cloud.model import Inventory, Quantity as Q, Slot

from .conftest import Rig

ZONE = ZoneInfo("Europe/Berlin")
STEP = timedelta(minutes=5)
START = datetime(2026, 6, 12, 6, tzinfo=ZONE)


async def test_five_minutes_are_what_the_counters_said(rig: Rig) -> None:
    """Three days of a device in one call, in the tables' words."""
    await rig.poll()
    meter = rig.id_of(47)
    ((only,),) = rig.client.history.batches([meter, "nobody"], rig.inventory)
    assert only == meter
    found = await rig.client.history.readings(
        [meter], rig.inventory, START, START + timedelta(days=3), STEP
    )
    readings = found[meter]
    assert len(readings) > 800
    site = rig.cloud.plants[0].site
    for reading in readings[::50]:
        assert reading.measured_at
        truth = site.truth(reading.measured_at)
        value = reading.values[Slot(Q.GRID_IMPORT_ENERGY_TOTAL)]
        assert isinstance(value, float)
        assert value == pytest.approx(truth.grid_import, abs=0.1)
    assert rig.client.history.newest(
        rig.inventory.plants[rig.cloud.plants[0].code], datetime.now(UTC)
    ) < datetime.now(UTC)


async def test_hours_of_a_day(rig: Rig) -> None:
    """A day of the plant, in the plant's time; the next call waits a minute."""
    await rig.poll()
    (plant,) = rig.inventory.plants.values()
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    found = await rig.client.history.energies(plant, rig.inventory, end)
    assert len(found.rows) == 24
    assert found.since == datetime(2026, 6, 13, tzinfo=ZONE).timestamp()
    site = rig.cloud.plants[0].site
    for row in found.rows:
        grown = site.truth(row.end).since(site.truth(row.start))
        assert row.values[Q.PV_ENERGY_TOTAL] == pytest.approx(grown.pv, abs=0.02)
        assert row.values[Q.GRID_EXPORT_ENERGY_TOTAL] == pytest.approx(
            grown.grid_export, abs=0.02
        )
    with pytest.raises(QuotaExhausted) as caught:
        await rig.client.history.energies(plant, rig.inventory, end)
    assert caught.value.retry_after < 70


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
    found = await rig.client.history.readings([meter], rig.inventory, START, end, STEP)
    assert found == {meter: []}
    assert await rig.client.history.readings(
        ["?"], rig.inventory, START, end, STEP
    ) == {"?": []}


async def test_without_a_battery_the_yield_is_the_sun_s(rig: Rig) -> None:
    """Older accounts report the inverters' yield only."""
    await rig.poll()
    rig.cloud.turn(new_reports=False)
    (plant,) = rig.inventory.plants.values()
    end = datetime(2026, 6, 14, tzinfo=ZONE)
    found = await rig.client.history.energies(plant, Inventory({}, {}), end)
    assert any(row.values.get(Q.PV_ENERGY_TOTAL, 0) > 0 for row in found.rows)
