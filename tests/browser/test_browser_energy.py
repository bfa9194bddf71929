"""One click in the repairs adds a plant to an Energy Dashboard that has other sources already."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account, solax_cloud
from tests.live.client import Client, Json
from tests.live.dashboard import find_home
from tests.live.instance import Instance
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
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """Foreign sources stay byte for byte, the repair goes away, and the page shows the days before, which the click brought in."""
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

    pv = home.counters["pv_energy_total"]
    # Late in the day yesterday's hours are the 24th call, and ten a minute may be made of the past.
    days = await eventually(
        lambda: _days(client, pv), "the days before, in three minutes", within=200
    )
    assert all(0 <= change < 120 for change in days), "a step where the past begins"
    await frontend.open("/energy/overview")
    for name in ("Solar total", "Battery total", "Grid total"):
        await expect(frontend.page.get_by_text(name).first).to_be_visible()
    await frontend.picture("energy")
    await frontend.open("/energy/electricity")
    graph = frontend.page.locator("hui-energy-solar-graph-card canvas")
    await expect(graph.first).to_be_visible()
    await frontend.page.get_by_role("button", name="Previous").first.click()
    await expect(graph.first).to_be_visible()
    await frontend.views("yesterday")
    assert not instance.log_lines("ERROR")


async def _days(client: Client, statistic_id: str) -> list[float]:
    """Return what each day of a counter brought, once yesterday is there."""
    now = datetime.now(UTC)
    found = await client.command(
        "recorder/statistics_during_period",
        start_time=(now - timedelta(days=8)).isoformat(),
        period="day",
        statistic_ids=[statistic_id],
        types=["change"],
    )
    changes = [row["change"] for row in found.get(statistic_id, ())]
    return changes if len(changes) > 1 else []


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
