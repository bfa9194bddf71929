"""An installer's account of twelve plants, seen in the browser."""

from collections.abc import AsyncGenerator

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import DOMAIN
from tests.live.client import Json
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with twelve homes in it."""
    async with SolaxCloud(None, "many") as cloud:
        yield cloud


async def test_two_of_twelve_plants_are_searched_and_offered_by_one_repair(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """None is chosen beforehand, and the Energy Dashboard is offered once."""
    await frontend.choose_account("SolaX")
    await frontend.wait_for_step("solax")
    await frontend.select("region", "Other")
    await frontend.fill("client_id", cloud.credentials["client_id"])
    await frontend.fill("client_secret", cloud.credentials["client_secret"])
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    await frontend.submit()

    await frontend.wait_for_step("plants")
    await frontend.picture("none-chosen")
    await frontend.submit()
    assert "at least one plant" in await frontend.form_error()
    await frontend.picture("none-submitted")
    for name in ("Demo House 11", "Demo House 7"):
        await frontend.search("plants", name)
    await frontend.picture("two-chosen")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await frontend.picture("created")
    await frontend.finish()

    async def offers() -> list[Json]:
        issues = (await instance.client.command("repairs/list_issues"))["issues"]
        return [
            each
            for each in issues
            if each["domain"] == DOMAIN
            and each["translation_key"] == "energy_dashboard"
        ]

    await eventually(offers, "the offer of the Energy Dashboard")
    assert len(await offers()) == 1
    await frontend.open("/config/repairs")
    await frontend.page.get_by_text("to the Energy Dashboard").first.click()
    await frontend.wait_for_step("choose")
    shown = frontend.page.locator("dialog-data-entry-flow")
    await expect(shown.get_by_text("Demo House 7", exact=True)).to_be_visible()
    await frontend.picture("choose")
    await frontend.submit()
    await frontend.wait_for_step("confirm")
    await frontend.picture("confirm")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    assert not await offers()
    assert not instance.log_lines("ERROR")
