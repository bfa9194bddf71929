"""An account token that expires, seen in the browser."""

from collections.abc import AsyncGenerator

from playwright.async_api import expect
import pytest

from tests.emulators.sungrow import SungrowCloud
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account
from tests.live.client import Client
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

SUNGROW = next(each for each in ACCOUNTS if each.name == "Sungrow")


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SungrowCloud]:
    """Run an emulated Sungrow cloud that calls an expired token a missing permission."""
    async with SungrowCloud() as cloud:
        cloud.turn(expired_code="E900")
        yield cloud


async def test_an_expired_account_token_heals_by_itself(
    frontend: Frontend, instance: Instance, cloud: SungrowCloud
) -> None:
    """The entry is reloaded with the dead token: values come, nobody is asked for anything."""
    assert await add_account(instance.client, SUNGROW, cloud)
    entry = (await instance.client.entries(DOMAIN))[0]
    await eventually(lambda: _pv_power(instance.client, cloud), "a value")
    logins = len(cloud.logins)
    cloud.end_sessions()

    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    row = frontend.page.locator("ha-config-entry-row")
    await row.locator("ha-dropdown").first.locator("ha-icon-button").click()
    await frontend.page.get_by_text("Reload", exact=True).click()
    await eventually(lambda: _signed_in(cloud, logins + 1), "a new token")
    await eventually(lambda: _pv_power(instance.client, cloud), "the value again")

    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    await expect(row).to_have_count(1)
    await expect(row.locator(".message")).to_have_count(0)
    await frontend.picture("integration")
    plant = (await instance.client.plants(entry["entry_id"]))[0]
    await frontend.open(f"/config/devices/device/{plant['id']}")
    await expect(
        frontend.page.get_by_text("PV power", exact=True).first
    ).to_be_visible()
    await frontend.picture("plant")
    assert len(cloud.logins) == logins + 1
    assert not instance.log_lines("ERROR")
    assert not instance.log_lines("WARNING")


async def test_a_wrong_app_key_is_named_at_its_field(
    frontend: Frontend, instance: Instance, cloud: SungrowCloud
) -> None:
    """With what was typed, and the useful sentence first; it is mended there."""
    await frontend.choose_account("Sungrow", "An account in the iSolarCloud app")
    await frontend.select("region", "Other")
    for name, text in {**cloud.credentials, "app_key": "F" * 32}.items():
        await frontend.fill(name, text)
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    await frontend.submit()
    assert (await frontend.form_error()).startswith("The vendor does not know this app")
    await frontend.picture("wrong-app-key")
    await frontend.fill("app_key", cloud.credentials["app_key"])
    await frontend.submit()
    await frontend.wait_for_step("plants")
    assert not instance.log_lines("ERROR")


async def _pv_power(client: Client, cloud: SungrowCloud) -> str | None:
    """Return the plant's power where it is known."""
    unique_id = f"sungrow_{cloud.plant.ps_id}_pv_power"
    for entity in await client.entities(DOMAIN):
        if entity["unique_id"] == unique_id:
            state = (await client.states()).get(entity["entity_id"])
            return None if state in {"unavailable", "unknown"} else state
    return None


async def _signed_in(cloud: SungrowCloud, times: int) -> bool:
    return len(cloud.logins) >= times
