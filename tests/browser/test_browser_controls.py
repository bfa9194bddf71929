"""Changing a setting and being refused one, seen in the browser."""

from collections.abc import AsyncGenerator
from typing import Any

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import DOMAIN, solax_cloud
from tests.live.client import Client, Json
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

LIMIT = "charge_current_limit"
INPUT = "ha-more-info-dialog input"


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with a car at the charger."""
    async with solax_cloud() as cloud:
        cloud.plant.site.plug("charger", needs_kwh=60)
        yield cloud


async def _add(client: Client, cloud: SolaxCloud) -> None:
    """Add the account, with settings allowed."""
    result = await client.run_flow(
        DOMAIN,
        [
            {"next_step_id": "solax"},
            {"region": "other"} | cloud.credentials,
            {"base_url": cloud.url},
        ],
    )
    result = await client.answer_flow(
        result, {"plants": [cloud.plant.plant_id], "controls": True}
    )
    assert result["type"] == "create_entry"


async def _entity(client: Client) -> Json | None:
    found = [
        each
        for each in await client.entities(DOMAIN)
        if each["unique_id"].endswith(LIMIT)
    ]
    return found[0] if found else None


async def _command(client: Client, entity_id: str) -> Any:
    state = await client.get(f"/api/states/{entity_id}")
    return state["attributes"].get("command")


async def _open(frontend: Frontend, entity: Json) -> None:
    """Open the limit's dialog from the charger's page."""
    await frontend.open("/config/devices/dashboard")
    await frontend.open(f"/config/devices/device/{entity['device_id']}")
    name = frontend.page.get_by_text("Max. current", exact=True)
    await name.first.click()
    await frontend.page.locator(INPUT).first.wait_for()


async def test_change_a_setting_and_be_refused(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """The dialog shows what is pending, what is confirmed, and why something was refused."""
    await _add(instance.client, cloud)
    entity = await eventually(lambda: _entity(instance.client), "the limit's entity")
    entity_id, client = entity["entity_id"], instance.client
    cloud.turn(command_delay=6.0)

    await _open(frontend, entity)
    page = frontend.page
    field = page.locator(INPUT).first
    dialog = page.locator("ha-more-info-dialog")
    await field.wait_for()
    await frontend.picture("limit")
    await field.fill("8")
    await field.press("Enter")

    async def is_(word: str) -> bool:
        return bool(await _command(client, entity_id) == word)

    await eventually(lambda: is_("pending"), "the command to be sent")
    await expect(field).to_have_value("8")
    await dialog.get_by_role("button", name="Menu").click()
    await page.locator("ha-dropdown-item:visible", has_text="Details").click()
    # The words are slotted: only what assistive technology reads is whole.
    await expect(page.locator("body")).to_match_aria_snapshot(
        "- listitem: Last command Waiting for device"
    )
    await frontend.picture("pending")
    await expect(page.locator("body")).to_match_aria_snapshot(
        "- listitem: Last command Confirmed", timeout=20_000
    )
    await frontend.picture("confirmed")
    await _open(frontend, entity)
    assert cloud.plant.site.controls.latest.charger("charger").limit_a == 8

    cloud.turn(command_outcome=5)
    await field.fill("10")
    await field.press("Enter")
    told = page.get_by_text("The device refused the command; nothing was changed")
    await expect(told.first).to_be_visible(timeout=20_000)
    await expect(field).to_have_value("8")
    await frontend.picture("refused")
    assert await is_("refused")
    assert len(cloud.commands()) == 2
