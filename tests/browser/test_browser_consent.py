"""The consent of a plant's owner, seen in the browser: out to the vendor's page and back, or with a code to paste."""

import asyncio
from collections.abc import AsyncGenerator

from playwright.async_api import Page, Route, expect
import pytest
from yarl import URL

from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.sungrow import SungrowCloud
from tests.live.accounts import DOMAIN, AnyCloud
from tests.live.instance import Instance
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser


@pytest.fixture
async def sungrow(socket_enabled: None) -> AsyncGenerator[SungrowCloud]:
    """Run an emulated Sungrow cloud with one home in it."""
    async with SungrowCloud() as cloud:
        yield cloud


@pytest.fixture
async def fusionsolar(socket_enabled: None) -> AsyncGenerator[FusionSolarCloud]:
    """Run an emulated FusionSolar cloud with one home in it."""
    async with FusionSolarCloud() as cloud:
        yield cloud


SUNGROW = ["Sungrow", "A developer application with OAuth 2.0"]
FUSIONSOLAR = ["Huawei FusionSolar", "A developer application (OAuth Connect)"]


async def _type_application(
    frontend: Frontend, choices: list[str], cloud: AnyCloud, typed: dict[str, str]
) -> str:
    """Go as far as the consent; return the redirect address that is shown."""
    await frontend.choose_account(*choices)
    await frontend.select("region", "Other")
    for name, text in typed.items():
        await frontend.fill(name, text)
    await frontend.picture("form")
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    if isinstance(cloud, SungrowCloud):
        await frontend.open_section()
        await frontend.fill("cloud_id", cloud.knobs.cloud_id)
    await frontend.submit()
    await frontend.wait_for_step("consent")
    await frontend.picture("consent")
    step = await frontend.step()
    redirect: str = step["description_placeholders"]["redirect_uri"]
    await expect(frontend.page.get_by_text(redirect)).to_be_visible()
    return redirect


async def _approve_at_sungrow(
    page: Page, cloud: SungrowCloud, frontend: Frontend
) -> None:
    """Sign in on Sungrow's page and allow the access."""
    await expect(page.get_by_text(cloud.plant.name)).to_be_visible()
    await page.locator("#account").fill(cloud.user.account)
    await page.locator("#password").fill(cloud.user.password)
    await frontend.picture_of(page, "vendor")
    await page.locator("#authorize").click()


async def _has_values(instance: Instance) -> bool:
    """Whether what the sun gave, and what came from the grid, is shown."""
    states = await instance.client.states()
    counters = [
        states.get(entity["entity_id"], "unknown")
        for entity in await instance.client.entities(DOMAIN)
        if entity["disabled_by"] is None
        and entity["unique_id"].endswith(("pv_energy_total", "import_energy_total"))
    ]
    return len(counters) >= 2 and all(
        state.replace(".", "").isdecimal() for state in counters
    )


async def _finish(frontend: Frontend, instance: Instance, cloud: AnyCloud) -> None:
    """Take the plants as they are offered, and see values."""
    await frontend.wait_for_step("plants")
    await frontend.picture("plants")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await frontend.picture("created")
    await frontend.finish()
    await eventually(lambda: _has_values(instance), "the plant's counters")
    assert not cloud.calls.of("login")
    assert not instance.log_lines("ERROR")
    assert not instance.log_lines("WARNING")


async def test_sungrows_page_comes_back_by_itself(
    frontend: Frontend, instance: Instance, sungrow: SungrowCloud
) -> None:
    """The vendor's page opens beside the dialog, which goes on when the owner agreed."""
    sungrow.application.redirect_url = await _type_application(
        frontend,
        SUNGROW,
        sungrow,
        sungrow.consent_credentials,
    )
    assert sungrow.application.redirect_url == (
        f"{instance.url}/auth/external/callback"
    )
    async with frontend.page.expect_popup() as popup:
        await frontend.choose("Open the vendor's page")
    page = await popup.value
    await frontend.picture("waiting")
    async with asyncio.timeout(30):
        closed = asyncio.create_task(page.wait_for_event("close"))
        await _approve_at_sungrow(page, sungrow, frontend)
        await closed
    await _finish(frontend, instance, sungrow)


async def test_fusionsolars_page_comes_back_by_itself(
    frontend: Frontend, instance: Instance, fusionsolar: FusionSolarCloud
) -> None:
    """With a state of eight characters, to a callback of our own."""
    fusionsolar.turn(longest_state=8)
    redirect = await _type_application(
        frontend,
        FUSIONSOLAR,
        fusionsolar,
        fusionsolar.oauth_credentials,
    )
    assert redirect == f"{instance.url}/auth/solar_cloud/callback"
    fusionsolar.turn(redirect_uris=frozenset({redirect}))
    async with frontend.page.expect_popup() as popup:
        await frontend.choose("Open the vendor's page")
    page = await popup.value
    await expect(page.get_by_text("asks for access to your plants")).to_be_visible()
    assert len(URL(page.url).query["state"]) == 8
    await frontend.picture_of(page, "vendor")
    async with asyncio.timeout(30):
        closed = asyncio.create_task(page.wait_for_event("close"))
        await page.locator("#approve").click()
        await closed
    await _finish(frontend, instance, fusionsolar)


async def test_the_code_is_pasted(
    frontend: Frontend, instance: Instance, sungrow: SungrowCloud
) -> None:
    """Where the redirect leads to a page that nobody serves: its address is enough."""
    await _type_application(
        frontend,
        SUNGROW,
        sungrow,
        sungrow.consent_credentials,
    )
    await frontend.choose("Paste the code")
    await frontend.wait_for_step("paste")
    placeholders = (await frontend.step())["description_placeholders"]
    sungrow.application.redirect_url = placeholders["redirect_uri"]
    await frontend.fill("code", "not-the-code")
    await frontend.submit()
    assert "This code does not work" in await frontend.form_error()
    await frontend.picture("wrong-code")

    page = await frontend.page.context.new_page()
    placeholders = (await frontend.step())["description_placeholders"]
    sent_to: list[str] = []

    async def lead_nowhere(route: Route) -> None:
        """The owner's own computer may not reach this Home Assistant: its browser shows the address and nothing else."""
        answer = await route.fetch(max_redirects=0)
        sent_to.append(answer.headers["location"])
        await route.fulfill(status=502, body="This page is not reachable")

    await page.goto(placeholders["url"])
    await page.route("**/authorize", lead_nowhere)
    await _approve_at_sungrow(page, sungrow, frontend)
    await expect(page.get_by_text("not reachable")).to_be_visible()
    (address,) = sent_to
    assert address.startswith(placeholders["redirect_uri"])
    assert "code=" in address
    await page.close()
    await frontend.fill("code", f"  {address} ")
    await frontend.picture("pasted")
    await frontend.submit()
    await _finish(frontend, instance, sungrow)


async def test_a_consent_with_a_wrong_secret_is_mended_without_a_second_consent(
    frontend: Frontend, instance: Instance, fusionsolar: FusionSolarCloud
) -> None:
    """The owner has agreed; the dialog comes back to the credentials, filled in but for the secret."""
    right = fusionsolar.oauth_credentials
    redirect = await _type_application(
        frontend,
        FUSIONSOLAR,
        fusionsolar,
        right | {"client_secret": "mistyped"},
    )
    await frontend.choose("Paste the code")
    await frontend.wait_for_step("paste")
    await frontend.fill("code", fusionsolar.consent(redirect))
    await frontend.submit()
    await frontend.wait_for_step("fusionsolar_oauth")
    assert "refuses client ID or client secret" in await frontend.form_error()
    await frontend.picture("refused")
    filled = await frontend.field("client_id")
    await expect(filled.locator("input")).to_have_value(right["client_id"])
    await frontend.fill("client_secret", right["client_secret"])
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.submit()
    await _finish(frontend, instance, fusionsolar)
    assert not fusionsolar.calls.of("authorize")
