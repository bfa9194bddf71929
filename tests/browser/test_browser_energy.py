"""One click in the repairs adds a plant to an Energy Dashboard that has other sources already."""

from collections.abc import AsyncGenerator
from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account, solax_cloud
from tests.live.client import Client, Json
from tests.live.dashboard import find_home
from tests.live.instance import Instance
from tests.live.past import Past
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

FOREIGN: Json = {
    "energy_sources": [
        {
            "type": "solar",
            "stat_energy_from": "sensor.roof_next_door",
            "config_entry_solar_forecast": None,
            "name": "Next door",
        },
        {
            "type": "gas",
            "stat_energy_from": "sensor.gas_meter",
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": 0.12,
        },
    ],
    "device_consumption": [{"stat_consumption": "sensor.fridge"}],
    "device_consumption_water": [],
}


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with one home in it."""
    async with solax_cloud() as cloud:
        yield cloud


async def test_the_repair_adds_the_plant_and_leaves_the_rest(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud, tmp_path: Path
) -> None:
    """Foreign sources stay byte for byte, the repair goes away, and the page shows imported days."""
    client = instance.client
    await client.save_energy(FOREIGN)
    before = await client.command("energy/get_prefs")
    (account,) = (each for each in ACCOUNTS if each.make_cloud is solax_cloud)
    await add_account(client, account, cloud)
    entry = (await client.entries(DOMAIN))[0]
    home = await eventually(
        lambda: find_home(client, entry["entry_id"]), "the home's entities"
    )
    await eventually(lambda: home.has_values(client), "values of all of them")
    await eventually(lambda: _offered(client), "the repair")

    await _click(frontend, f"Add {cloud.plant.name} (SolaX) to the Energy Dashboard")
    after = await client.command("energy/get_prefs")
    count = len(before["energy_sources"])
    assert after["energy_sources"][:count] == before["energy_sources"]
    assert after["device_consumption"][:1] == before["device_consumption"]
    added = after["energy_sources"][count:]
    assert [source["type"] for source in added] == ["solar", "grid", "battery"]
    assert added[2]["capacity"] > 0
    assert len(after["device_consumption"]) == 2
    assert not await _offered(client)

    await Past(client, tmp_path / "past.json").write(cloud.plant.site, home.counters)
    await frontend.open("/energy/overview")
    for name in ("Solar total", "Battery total", "Grid total"):
        await expect(frontend.page.get_by_text(name).first).to_be_visible()
    await frontend.picture("energy")
    assert not instance.log_lines("ERROR")


async def _offered(client: Client) -> list[Json]:
    """Return the repair that offers the plant."""
    issues = (await client.command("repairs/list_issues"))["issues"]
    return [
        issue
        for issue in issues
        if issue["domain"] == DOMAIN
        and issue["translation_key"] == "energy_dashboard"
        and not issue["ignored"]
    ]


async def _click(frontend: Frontend, title: str) -> None:
    """Open the repair, read what it would do, and let it."""
    await frontend.open("/config/repairs")
    await frontend.page.get_by_text(title).first.click()
    await frontend.wait_for_step("confirm")
    listed = frontend.page.locator("dialog-data-entry-flow")
    await expect(listed.get_by_text("Solar panels").first).to_be_visible()
    await frontend.picture("repair")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await frontend.picture("done")
