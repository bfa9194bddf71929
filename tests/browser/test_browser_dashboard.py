"""The dashboard that comes with the integration: added like any other, for no plant, one, three and three hundred."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Final

from playwright.async_api import Locator, Page, Route, expect
import pytest

from tests.benchmarks._worlds import resize
from tests.emulators.solax import SolaxCloud
from tests.emulators.world import World
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account, solax_cloud
from tests.live.client import Client, Json
from tests.live.dashboard import find_home, preferences
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

PATH: Final = "/solar-cloud"


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with one home in it."""
    async with solax_cloud() as cloud:
        yield cloud


async def _add_dashboard(frontend: Frontend) -> None:
    """Choose Solar Cloud where dashboards are added, take what is suggested, and open it."""
    page = frontend.page
    await frontend.open("/config/lovelace/dashboards")
    await page.get_by_role("button", name="Add dashboard").click()
    choice = page.locator(
        "ha-dialog-new-dashboard dashboard-card", has_text="Solar Cloud"
    )
    await expect(choice).to_contain_text("All plants of your accounts")
    await choice.scroll_into_view_if_needed()
    await frontend.picture("add")
    await choice.click()
    detail = page.locator("dialog-lovelace-dashboard-detail")
    await expect(detail.locator("input").first).to_have_value("Solar Cloud")
    await frontend.picture("suggested")
    await detail.get_by_role("button", name="Create").click()
    link = page.locator("ha-sidebar").get_by_text("Solar Cloud")
    await expect(link).to_be_visible()
    # Until its dialog is gone, the page goes back in its history once more.
    await expect(detail.locator("input").first).to_be_hidden()
    await page.wait_for_function("() => !history.state?.dialog")
    await link.click()
    await page.locator("hui-view").first.wait_for()


async def open_dashboard(frontend: Frontend) -> None:
    """Open the dashboard and wait until it shows a view; a page's first load takes its time."""
    await frontend.open(PATH)
    await frontend.page.locator("hui-view").first.wait_for()


async def _hold_the_program_back(page: Page) -> None:
    """Let the frontend's own program come after the strategy: which of the two is first is chance elsewhere."""
    there = asyncio.Event()
    page.on(
        "requestfinished",
        lambda request: there.set() if "strategy.mjs" in request.url else None,
    )

    async def hold(route: Route) -> None:
        await there.wait()
        await route.continue_()

    await page.route("**/frontend_latest/app.*.js", hold)


async def saved_dashboard(client: Client) -> None:
    """Have a dashboard with the strategy, as the dialog leaves it."""
    await client.command(
        "lovelace/dashboards/create",
        url_path=PATH[1:],
        title="Solar Cloud",
        icon="mdi:solar-power-variant",
        mode="storage",
    )
    await client.command(
        "lovelace/config/save",
        url_path=PATH[1:],
        config={"strategy": {"type": "custom:solar-cloud"}},
    )


async def add_every_plant(client: Client, cloud: SolaxCloud) -> Json:
    """Add a SolaX account with all its plants, however many are chosen beforehand."""
    (account,) = (each for each in ACCOUNTS if each.make_cloud is solax_cloud)
    step = await client.run_flow(DOMAIN, account.answers(cloud))
    plants = [plant.plant_id for plant in cloud.plants]
    done = await client.answer_flow(step, {"plants": plants})
    assert done["type"] == "create_entry"
    entry: Json = done["result"]
    return entry


def _tile(frontend: Frontend, name: str) -> Locator:
    return frontend.page.locator("hui-tile-card:visible", has_text=name).first


async def _no_broken_card(frontend: Frontend) -> None:
    await expect(frontend.page.locator("hui-error-card, hui-warning")).to_have_count(0)


async def test_one_plant_and_then_none(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """Added from Home Assistant's dialog; what is renamed stays, what is removed goes, without reloading the page."""
    client, page = instance.client, frontend.page
    entry = await add_every_plant(client, cloud)
    home = await eventually(
        lambda: find_home(client, entry["entry_id"]), "the home's entities"
    )
    await eventually(lambda: home.has_values(client), "values of all of them")
    await _add_dashboard(frontend)
    for name in ("PV power", "Load power", "Charging power", "Data age"):
        await expect(_tile(frontend, name)).to_be_visible()
    await expect(page.get_by_text("Power comes from")).to_be_visible()
    await expect(page.locator("hui-gauge-card")).to_contain_text("State of charge")
    await expect(page.get_by_text("The first bars come with the next")).to_be_visible()
    await _no_broken_card(frontend)
    await frontend.views("one")

    renamed = "sensor.what_the_roof_makes"
    await client.command(
        "config/entity_registry/update",
        entity_id=home.entities["pv_power"],
        new_entity_id=renamed,
    )
    await expect(_tile(frontend, "PV power")).to_be_visible()
    await _no_broken_card(frontend)

    await client.save_energy(preferences(home) | {"device_consumption": []})
    await open_dashboard(frontend)
    await expect(page.locator("hui-power-sankey-card")).to_be_visible()
    await expect(page.locator("hui-distribution-card")).to_have_count(0)
    await _no_broken_card(frontend)
    await frontend.picture("energy")

    await client.remove_entry(entry["entry_id"])
    await expect(page.get_by_text("No plant yet")).to_be_visible()
    await frontend.views("none")
    await page.get_by_role("button", name="Add account").click()
    await page.wait_for_url("**/config/integrations/**")
    assert not instance.log_lines("ERROR")


async def test_three_plants_of_three_vendors(
    frontend: Frontend, instance: Instance, socket_enabled: None
) -> None:
    """An overview of all and a view for each behind its name, whatever loads first; what is stored is not changed."""
    client, page = instance.client, frontend.page
    async with AsyncExitStack() as stack:
        for account in ACCOUNTS:
            cloud = await stack.enter_async_context(account.make_cloud(World()))
            assert await add_account(client, account, cloud)
        await saved_dashboard(client)
        await _hold_the_program_back(page)
        await open_dashboard(frontend)
        for name in ("Demo House (Huawei)", "Demo House (SolaX)", "Home A"):
            heading = page.locator("hui-heading-card", has_text=name)
            await expect(heading).to_be_visible()
        powers = page.locator("hui-tile-card", has_text="Load power")
        await expect(powers).to_have_count(3)
        await _no_broken_card(frontend)
        await frontend.views("three")
        await _see_a_problem_come_and_go(frontend, client)

        await page.locator("hui-heading-card").get_by_text("Home A").click()
        await expect(page.locator("hui-gauge-card")).to_contain_text("State of charge")
        await _no_broken_card(frontend)
        await frontend.views("plant")
        stored = await client.command("lovelace/config", url_path=PATH[1:])
        assert stored == {"strategy": {"type": "custom:solar-cloud"}}
    assert not instance.log_lines("ERROR")


async def _see_a_problem_come_and_go(frontend: Frontend, client: Client) -> None:
    """A device that has a problem is named on the overview, as long as it has it."""
    attention = frontend.page.get_by_text("Needs attention")
    await expect(attention).to_be_hidden()
    problem = next(
        each["entity_id"]
        for each in await client.entities(DOMAIN)
        if each["translation_key"] == "problem" and each["disabled_by"] is None
    )
    known = (await client.get(f"/api/states/{problem}"))["attributes"]
    await client.post(f"/api/states/{problem}", {"state": "on", "attributes": known})
    await expect(attention).to_be_visible()
    rows = frontend.page.locator("hui-entity-filter-card hui-generic-entity-row")
    await expect(rows).to_have_count(1)
    await frontend.picture("problem")
    await client.post(f"/api/states/{problem}", {"state": "off", "attributes": known})
    await expect(attention).to_be_hidden()


async def test_three_hundred_plants_of_three_vendors(
    frontend: Frontend, instance: Instance, socket_enabled: None
) -> None:
    """One row a plant and no tabs, sorted and searched; a plant's cards are only made when its view is opened. Above are the totals."""
    client, page = instance.client, frontend.page
    world = World()
    async with AsyncExitStack() as stack:
        for account in ACCOUNTS:
            cloud = account.make_cloud(world)
            await stack.enter_async_context(cloud)
            resize(cloud, plants=100)
            step = await client.run_flow(DOMAIN, account.answers(cloud))
            (field,) = (
                each for each in step["data_schema"] if each["name"] == "plants"
            )
            plants = [each["value"] for each in field["selector"]["select"]["options"]]
            done = await client.answer_flow(step, {"plants": plants})
            assert done["type"] == "create_entry"

        async def all_there() -> bool:
            # As the frontend asks: everything of the registry is more than a message takes.
            shown = await client.command("config/entity_registry/list_for_display")
            ages = [each for each in shown["entities"] if each.get("tk") == "data_age"]
            return len(ages) == 300

        await eventually(all_there, "the entities of all plants", within=400)
        totals = await client.run_flow(DOMAIN, [{"next_step_id": "all_plants"}, {}])
        assert totals["type"] == "create_entry"
        await saved_dashboard(client)
        await open_dashboard(frontend)
        rows = page.locator("solar-cloud-plants tbody tr")
        await expect(rows).to_have_count(300)
        await expect(page.get_by_role("tab")).to_have_count(0)
        await expect(_tile(frontend, "Plants offline")).to_be_visible()
        await _no_broken_card(frontend)
        await frontend.views("three-hundred")
        head = page.locator("solar-cloud-plants th", has_text="Data age")
        await head.get_by_role("button").click()
        await head.get_by_role("button").click()
        assert await head.get_attribute("aria-sort") == "descending"
        await frontend.picture("oldest-first")

        shown = rows.filter(visible=True)
        await page.locator("solar-cloud-plants input").fill(
            "customer 17 sungrow online"
        )
        await expect(shown).to_have_count(1)
        await frontend.picture("found")
        await shown.click()
        await expect(page.locator("hui-gauge-card")).to_contain_text("State of charge")
        await expect(page.get_by_text("Customer 17 (Sungrow)")).to_be_visible()
        await _no_broken_card(frontend)
        await frontend.picture("one-of-three-hundred")
    assert not instance.log_lines("ERROR")
