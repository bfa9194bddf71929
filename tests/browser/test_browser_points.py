"""Points that no entity shows, picked in the options and taken out again."""

from playwright.async_api import expect
import pytest

from tests.emulators.sungrow import SungrowCloud
from tests.live.accounts import DOMAIN, add_account
from tests.live.client import Client
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend
from .test_browser_sungrow import SUNGROW, cloud

__all__ = ["cloud"]

pytestmark = pytest.mark.browser

POINT = "sungrow_ADEMO0010002_point_13165"


async def _picker(frontend: Frontend) -> None:
    """Open the options as far as the points of the inverter."""
    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    row = frontend.page.locator("ha-config-entry-row")
    await row.get_by_role("button", name="Configure").first.click()
    await frontend.wait_for_step("menu")
    await frontend.picture("menu")
    await frontend.choose("More points")
    await frontend.wait_for_step("points")
    form = frontend.page.locator("dialog-data-entry-flow step-flow-form")
    await form.get_by_text("Home A Inverter", exact=True).click()
    await frontend.picture("devices")
    await frontend.submit()
    await frontend.wait_for_step("points_of_type")


async def _find(frontend: Frontend, word: str, label: str) -> None:
    """Search among the points, and take what is found; what is typed could be added as it is, too."""
    field = await frontend.field("raw_points")
    await field.locator("ha-picker-field, ha-button").last.click()
    await frontend.page.locator("ha-picker-combo-box input").last.fill(word)
    await frontend.picture("found")
    items = frontend.page.locator("ha-combo-box-item:visible", has_text=label)
    await items.first.click()


async def _states(client: Client) -> list[str]:
    """Return the states of the point's entity, none without one."""
    rows = [
        each for each in await client.entities(DOMAIN) if each["unique_id"] == POINT
    ]
    states = await client.states()
    return [states[each["entity_id"]] for each in rows]


async def test_a_point_is_found_by_its_name_and_by_its_id(
    frontend: Frontend, instance: Instance, cloud: SungrowCloud
) -> None:
    """It becomes a sensor on its device's page, and goes when it is taken out."""
    page, client = frontend.page, instance.client
    assert await add_account(client, SUNGROW, cloud)
    await _picker(frontend)
    for word, label in (("off-grid start-up", "13165 · MDSP"), ("13169", "13169 · B")):
        await _find(frontend, word, label)
    await frontend.picture("picked")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await frontend.finish()

    async def told() -> bool:
        return await _states(client) == ["0"]

    await eventually(told, "the point's value")
    entry = (await client.entries(DOMAIN))[0]
    devices = await client.devices(entry["entry_id"])
    (inverter,) = (each for each in devices if each["name"] == "Home A Inverter")
    await frontend.open(f"/config/devices/device/{inverter['id']}")
    await expect(page.get_by_text("MDSP off-grid start-up status")).to_be_visible()
    await expect(page.get_by_text("Battery voltage (BMS)")).to_be_visible()
    await frontend.picture("device")

    await _picker(frontend)
    field = await frontend.field("raw_points")
    await expect(field.get_by_text("MDSP off-grid")).to_be_visible()
    chips = field.locator("ha-input-chip")
    for left in (1, 0):
        await chips.first.get_by_role("button", name="Remove").click()
        await expect(chips).to_have_count(left)
    await frontend.picture("taken-out")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await frontend.finish()

    async def gone() -> bool:
        return not await _states(client)

    await eventually(gone, "the end of the sensor")
    assert not instance.log_lines("ERROR")
    assert not instance.log_lines("WARNING")
