"""What goes wrong while an account is added, as it looks."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
import shutil

from playwright.async_api import Route, expect
import pytest

from custom_components.solar_cloud.cloud.solax import REGIONS
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.solax import SolaxCloud
from tests.emulators.sungrow import SungrowCloud
from tests.live.accounts import DOMAIN
from tests.live.instance import COMPONENT, Instance, running_instance
from tests.live.process import free_port

from .frontend import Frontend, browsing

pytestmark = pytest.mark.browser

LAN = "http://192.168.1.5:8123"


@pytest.fixture
async def regions(socket_enabled: None) -> AsyncGenerator[dict[str, SolaxCloud]]:
    """SolaX's data centres, of which the Chinese one has the account."""
    async with AsyncExitStack() as stack:
        clouds = {key: await stack.enter_async_context(SolaxCloud()) for key in REGIONS}
        for key, cloud in clouds.items():
            cloud.turn(lives_elsewhere=key != "cn", battery_sleeps=False)
        yield clouds


async def test_an_account_of_another_region_is_offered(
    regions: dict[str, SolaxCloud], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The wrong region is no dead end: the right one is named, and one click goes on there."""
    component = tmp_path / "copy" / DOMAIN
    shutil.copytree(COMPONENT, component, ignore=shutil.ignore_patterns("__pycache__"))
    vendor = component / "cloud" / "solax" / "__init__.py"
    text = vendor.read_text()
    for key, cloud in regions.items():
        text = text.replace(REGIONS[key], cloud.url)
    vendor.write_text(text)
    pictures = COMPONENT.parents[1] / "test-output" / request.node.name
    async with (
        running_instance(tmp_path / "home", free_port(), component) as instance,
        browsing(instance, pictures) as frontend,
    ):
        await frontend.choose_account("SolaX")
        await frontend.wait_for_step("solax")
        for name, typed in regions["cn"].credentials.items():
            await frontend.fill(name, typed)
        await frontend.submit()
        await frontend.wait_for_step("other_region")
        page = frontend.page
        await expect(page.get_by_text("China takes these credentials")).to_be_visible()
        await frontend.picture("found")
        await frontend.choose("Change what I typed")
        await frontend.wait_for_step("solax")
        await frontend.form_error()
        await frontend.picture("declined")
        await frontend.select("region", "China")
        await frontend.submit()
        await frontend.wait_for_step("plants")
        assert not instance.log_lines("ERROR")


@pytest.fixture
async def sungrow(socket_enabled: None) -> AsyncGenerator[SungrowCloud]:
    """Run an emulated Sungrow cloud."""
    async with SungrowCloud() as cloud:
        yield cloud


async def test_a_wrong_key_in_the_closed_section_is_seen(
    frontend: Frontend, instance: Instance, sungrow: SungrowCloud
) -> None:
    """The section is closed until something is wrong inside; then it is open, and what is wrong stands above it."""
    await frontend.choose_account("Sungrow", "An account in the iSolarCloud app")
    await frontend.wait_for_step("sungrow_account")
    page = frontend.page
    section = page.get_by_text("Rarely needed")
    await expect(section).to_be_visible()
    key = page.get_by_text("Only for applications set to encrypted transport")
    await expect(key).not_to_be_visible()
    await frontend.select("region", "Other")
    for name, text in sungrow.credentials.items():
        await frontend.fill(name, text)
    await section.scroll_into_view_if_needed()
    await frontend.picture("closed")
    await frontend.open_section()
    await expect(key).to_be_visible()
    await frontend.fill("rsa_public_key", "nonsense")
    await frontend.picture("opened")
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    # With the path of the web page, as it is copied from there.
    await frontend.fill("base_url", f"{sungrow.url}/#/plantList")
    await frontend.submit()
    assert "RSA public key" in await frontend.form_error()
    await expect(key).to_be_visible()
    await key.scroll_into_view_if_needed()
    await frontend.picture("wrong-key")
    await frontend.fill("rsa_public_key", "")
    await frontend.submit()
    await frontend.wait_for_step("plants")
    assert not instance.log_lines("ERROR")


@pytest.fixture
async def fusionsolar(socket_enabled: None) -> AsyncGenerator[FusionSolarCloud]:
    """Run an emulated FusionSolar cloud with one home in it."""
    async with FusionSolarCloud() as cloud:
        yield cloud


async def test_a_wrong_password_is_mended_where_it_is_told(
    frontend: Frontend, instance: Instance, fusionsolar: FusionSolarCloud
) -> None:
    """Said where it is mended; the user name stays."""
    await frontend.choose_account(
        "Huawei FusionSolar", "An API account from the installer"
    )
    await frontend.wait_for_step("fusionsolar_account")
    await frontend.select("region", "Other")
    for name, text in {**fusionsolar.credentials, "password": "mistyped"}.items():
        await frontend.fill(name, text)
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.picture("address")
    await frontend.fill("base_url", fusionsolar.url)
    await frontend.submit()
    assert "refuses these credentials" in await frontend.form_error()
    await frontend.picture("wrong-password")
    await frontend.fill("password", fusionsolar.credentials["password"])
    await frontend.submit()
    await frontend.wait_for_step("plants")
    assert not instance.log_lines("ERROR")


async def test_a_house_that_nobody_reaches_from_outside_pastes_the_code(
    frontend: Frontend, instance: Instance, fusionsolar: FusionSolarCloud
) -> None:
    """At an address of the home network nothing can come back by itself, and nothing promises it."""

    async def at_home(route: Route) -> None:
        headers = {**route.request.headers, "ha-frontend-base": LAN}
        await route.continue_(headers=headers)

    await frontend.page.route("**/api/config/config_entries/flow**", at_home)
    await frontend.choose_account(
        "Huawei FusionSolar", "A developer application (OAuth Connect)"
    )
    await frontend.wait_for_step("fusionsolar_oauth")
    await frontend.picture("warned")
    await frontend.select("region", "Other")
    for name, text in fusionsolar.oauth_credentials.items():
        await frontend.fill(name, text)
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", fusionsolar.url)
    await frontend.submit()
    await frontend.wait_for_step("paste")
    step = await frontend.step()
    redirect = step["description_placeholders"]["redirect_uri"]
    await frontend.fill("code", f"{redirect}?code={fusionsolar.consent(redirect)}")
    await frontend.picture("pasted")
    await frontend.submit()
    await frontend.wait_for_step("plants")
    assert not instance.log_lines("ERROR")
