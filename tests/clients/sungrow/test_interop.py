"""Other people's clients, unmodified, against our emulated cloud.

Both come under one import name, so each is loaded from a folder of its own. They take the server's address as a public parameter.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
import importlib
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import aiohttp
import pytest

from tests.emulators.sungrow import SungrowCloud

NAMESAKES = Path(__file__).parents[3] / ".venv" / "namesakes"
HOME = "5000001"


def _forget() -> None:
    for name in [
        name for name in sys.modules if name.partition(".")[0] == "pysolarcloud"
    ]:
        del sys.modules[name]


@pytest.fixture(params=["pysolarcloud", "sungrow-isolarcloud"])
def client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """Load one of the two."""
    folder = NAMESAKES / request.param
    assert folder.is_dir(), "scripts/setup installs what these tests need"
    monkeypatch.syspath_prepend(folder)
    _forget()
    module = importlib.import_module("pysolarcloud")
    assert str(folder) in str(module.__file__)
    yield module
    _forget()


@pytest.fixture
async def plants(client: ModuleType, server: SungrowCloud) -> AsyncIterator[Any]:
    """Sign in with a code, as their documentation shows."""
    keys = server.consent_credentials
    async with aiohttp.ClientSession() as session:
        auth = client.Auth(
            server.url,
            keys["app_key"],
            keys["secret_key"],
            keys["application_id"],
            websession=session,
        )
        await auth.async_authorize(server.consent(), server.application.redirect_url)
        assert auth.tokens["access_token"] == server.grant.access
        module = importlib.import_module("pysolarcloud.plants")
        yield module.Plants(auth)


async def test_plants_and_devices(plants: Any) -> None:
    """Their lists and ours are the same."""
    (plant,) = await plants.async_get_plants()
    assert str(plant["ps_id"]) == HOME
    (details,) = await plants.async_get_plant_details(HOME)
    assert details["install_power"] == 9600.0
    devices = await plants.async_get_plant_devices(HOME)
    kinds = {getattr(device["device_type"], "name", "") for device in devices}
    assert kinds == {
        "ENERGY_STORAGE_SYSTEM",
        "BATTERY",
        "METER",
        "COMMUNICATION_MODULE",
    }


async def test_realtime(plants: Any, server: SungrowCloud) -> None:
    """All their points in one call, with names and units."""
    values = (await plants.async_get_realtime_data(HOME))[HOME]
    sample = server.plant.shown()
    assert sample is not None
    assert values["load_power"]["value"] == pytest.approx(
        sample[1].powers.load, abs=0.1
    )
    assert values["battery_level_soc"]["value"] == pytest.approx(
        sample[1].batteries[0].soc, abs=0.001
    )
    assert values["daily_yield"]["unit"] == "Wh"


async def test_history(plants: Any, server: SungrowCloud) -> None:
    """Yesterday, three hours by default; of today nothing."""
    start = datetime(2026, 6, 9, 9, 0)
    points = ["daily_yield", "load_power"]
    found = await plants.async_get_historical_data(
        HOME, start, measure_points=points, interval=timedelta(minutes=5)
    )
    rows = [row for row in found[HOME] if row["code"] == "daily_yield"]
    assert 30 <= len(rows) <= 37
    values = [row["value"] for row in rows]
    assert values == sorted(values)
    assert rows[0]["timestamp"] >= start
    today = await plants.async_get_historical_data(
        HOME, datetime(2026, 6, 10, 1, 0), measure_points=points
    )
    assert today[HOME] == []


async def test_a_refresh_rotates(plants: Any, server: SungrowCloud) -> None:
    """Their tokens grow old as ours do."""
    plants.auth.tokens["expires_at"] = 0
    await plants.async_get_plants()
    assert server.grant.generation == 2


async def test_devices_now(
    plants: Any, client: ModuleType, server: SungrowCloud
) -> None:
    """Only the younger of the two asks single devices."""
    if not hasattr(plants, "async_get_device_realtime"):
        assert "isolarcloud" not in str(client.__file__)
        return
    values = await plants.async_get_device_realtime(
        HOME, 14, extra_measure_points={"13003": "pv", "13141": "soc"}
    )
    sample = server.plant.site.uploaded("5000001_14_1_1")
    assert sample is not None
    (inverter,) = values.values()
    assert inverter["pv"]["value"] == pytest.approx(sample.powers.pv, abs=0.1)
    assert inverter["soc"]["value"] == pytest.approx(sample.batteries[0].soc, abs=1e-3)
