"""A doctor's repair and the look at permissions, as a user reads them."""

from collections.abc import AsyncGenerator
from contextlib import suppress

from playwright.async_api import TimeoutError as Slow, expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account, solax_cloud
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with one home in it."""
    async with solax_cloud() as cloud:
        yield cloud


async def test_a_missing_permission_is_shown_granted_and_gone(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """The options list every service; the repair says what to do, has the words to send, and goes when it is done."""
    client, page = instance.client, frontend.page
    (account,) = (each for each in ACCOUNTS if each.make_cloud is solax_cloud)
    await add_account(client, account, cloud)
    entry_id = (await client.entries(DOMAIN))[0]["entry_id"]

    cloud.withdraw("API_EVC_V2")
    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    row = page.locator("ha-config-entry-row")
    await row.get_by_role("button", name="Configure").first.click()
    await frontend.wait_for_step("menu")
    await frontend.choose("Check permissions")
    await frontend.wait_for_step("access")
    await expect(page.get_by_text("✗ EV Charger Control Service")).to_be_visible()
    await frontend.picture("permissions")
    cloud.authorise("API_EVC_V2")
    await frontend.submit()
    await frontend.wait_for_step("abort")
    await frontend.picture("all-granted")

    async def missing() -> bool:
        issues = (await client.command("repairs/list_issues"))["issues"]
        return any(each["translation_key"] == "permission_missing" for each in issues)

    async def gone() -> bool:
        return not await missing()

    cloud.withdraw("API_Telemetry_V2")
    await client.post(f"/api/config/config_entries/entry/{entry_id}/reload")
    await eventually(missing, "the repair")
    await frontend.open("/config/repairs")
    await page.get_by_text("permission Data Monitoring Service is missing").click()
    await frontend.wait_for_step("confirm")
    await expect(page.get_by_text("Service API").first).to_be_visible()
    letter = await frontend.field("letter")
    await expect(letter).to_be_visible()
    await frontend.picture("repair")
    cloud.authorise("API_Telemetry_V2")

    button = page.locator("dialog-data-entry-flow").get_by_role("button", name="Submit")

    async def mended() -> bool:
        """Submit until our own pace lets the account be read again."""
        with suppress(Slow):  # while the last answer is on its way
            await button.click(timeout=1000)
        return bool((await frontend.step()).get("type") == "create_entry")

    await eventually(mended, "the end of the repair", within=90)
    await frontend.picture("mended")
    await eventually(gone, "no such repair")
