"""A battery's periods on Home Assistant's calendar page: added and changed in the browser, carried out by the inverter and read back."""

from collections.abc import AsyncGenerator

from playwright.async_api import expect
import pytest

from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import HYBRID
from tests.live.accounts import ACCOUNTS, DOMAIN
from tests.live.client import Client
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

SUNGROW = next(each for each in ACCOUNTS if each.name == "Sungrow")
EDITOR = "dialog-calendar-event-editor"
SLOWLY = 240.0
"""Seconds in which an inverter was asked for all its settings, or has carried out a change and was asked again."""


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SungrowCloud]:
    """Run an emulated Sungrow cloud."""
    async with SungrowCloud() as cloud:
        yield cloud


async def _add(client: Client, cloud: SungrowCloud) -> None:
    """Add the account, with settings allowed."""
    result = await client.run_flow(DOMAIN, SUNGROW.answers(cloud))
    result = await client.answer_flow(
        result, {"plants": [cloud.plant.ps_id], "controls": True}
    )
    assert result["type"] == "create_entry"


async def _calendar(client: Client) -> str | None:
    for each in await client.entities(DOMAIN):
        entity_id: str = each["entity_id"]
        if entity_id.startswith("calendar."):
            state = await client.get(f"/api/states/{entity_id}")
            return entity_id if state["state"] != "unavailable" else None
    return None


async def _confirmed(client: Client, entity_id: str) -> bool:
    state = await client.get(f"/api/states/{entity_id}")
    return bool(state["attributes"]["command"] == "confirmed")


async def _told(cloud: SungrowCloud, target: int) -> bool:
    """Whether the inverter charges every day, to a target."""
    store = cloud.told(cloud.first(HYBRID)).store
    return [store[code] for code in ("10065", "10066", "10071")] == [170, 1, target]


async def test_add_and_change_a_period(
    frontend: Frontend, instance: Instance, cloud: SungrowCloud
) -> None:
    """The dialog says what is not understood; what is goes to the inverter, and the page shows what it has."""
    await _add(instance.client, cloud)
    client = instance.client
    entity_id = await eventually(lambda: _calendar(client), "it", within=SLOWLY)
    page = frontend.page
    await frontend.open("/calendar")
    await page.get_by_role("button", name="Add event").first.click()
    editor = page.locator(EDITOR)
    summary = editor.locator("input").first
    await summary.fill("Night tariff")
    await editor.locator("ha-recurrence-rule-editor ha-select").first.click()
    await page.locator("ha-dropdown-item:visible", has_text="Daily").click()
    await editor.get_by_role("button", name="Add event").click()
    await expect(editor.locator("ha-alert")).to_contain_text(
        "“Night tariff” is not understood. Call the event “Charge”, “Charge to 80 %” or “Discharge”"
    )
    await frontend.picture("not-understood")
    assert not cloud.settings_sent
    await summary.fill("charge")
    await editor.get_by_role("button", name="Add event").click()
    added = page.locator(".fc-event", has_text="Charge").first
    await expect(added).to_be_visible(timeout=1000 * SLOWLY)
    await frontend.picture("added")

    await eventually(lambda: _told(cloud, 100), "the inverter", within=SLOWLY)
    read_back = page.locator(".fc-event", has_text="Charge to 100 %").first
    await expect(read_back).to_be_visible(timeout=1000 * SLOWLY)
    await frontend.picture("read-back")
    sent = len(cloud.settings_sent)

    await read_back.click()
    await page.get_by_role("button", name="Edit event").click()
    await summary.fill("Charge to 80 %")
    await frontend.picture("changed")
    await editor.get_by_role("button", name="Save event").click()
    every = page.get_by_text("This and all future events")
    await every.wait_for()
    await frontend.picture("which")
    await every.click()
    await page.get_by_role("button", name="Update").click()
    await eventually(lambda: _told(cloud, 80), "the inverter", within=SLOWLY)
    changed = page.locator(".fc-event", has_text="Charge to 80 %").first
    await expect(changed).to_be_visible(timeout=1000 * SLOWLY)
    await frontend.picture("told")
    await eventually(lambda: _confirmed(client, entity_id), "its word", within=SLOWLY)
    assert len(cloud.settings_sent) == 2 * sent
    assert not instance.log_lines("ERROR")
