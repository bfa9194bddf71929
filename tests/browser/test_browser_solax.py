"""A SolaX owner's first ten minutes, seen in the browser."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import DOMAIN, solax_cloud
from tests.live.client import Client, Json
from tests.live.dashboard import Home, find_home, preferences
from tests.live.instance import Instance
from tests.live.past import Past
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

INTEGRATION_PAGE = f"/config/integrations/integration/{DOMAIN}"


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with one home in it."""
    async with solax_cloud() as cloud:
        yield cloud


async def test_add_the_account_and_see_the_home(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud, tmp_path: Path
) -> None:
    """From the search box to plant, Energy Dashboard and diagnostics."""
    await _enter_a_wrong_secret(frontend, cloud)
    await _correct_the_secret(frontend, cloud)

    entry = (await instance.client.entries(DOMAIN))[0]
    home = await _home(instance.client, entry)
    await _see_the_plant(frontend, instance.client, entry)
    await _see_the_energy(frontend, instance.client, cloud, home, tmp_path)
    await _download_diagnostics(frontend, cloud)
    assert not instance.log_lines("ERROR")
    assert not instance.log_lines("WARNING")


async def _enter_a_wrong_secret(frontend: Frontend, cloud: SolaxCloud) -> None:
    """Search, choose, mistype the secret and be told so."""
    await frontend.choose_account("SolaX")
    await frontend.wait_for_step("solax")
    await frontend.select("region", "Other")
    await frontend.fill("client_id", cloud.credentials["client_id"])
    await frontend.fill("client_secret", "not-the-secret")
    await frontend.picture("form")
    await frontend.submit()

    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    await frontend.picture("address")
    await frontend.submit()
    assert "refuses these credentials" in await frontend.form_error()
    await frontend.picture("wrong-secret")


async def _correct_the_secret(frontend: Frontend, cloud: SolaxCloud) -> None:
    """Enter the right secret, take the plants as they are offered and finish."""
    await frontend.fill("client_secret", cloud.credentials["client_secret"])
    await frontend.submit()
    await frontend.wait_for_step("plants")
    await expect(frontend.page.get_by_text(cloud.plant.name)).to_be_visible()
    await frontend.picture("plants")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    report = frontend.page.get_by_text("Values ✓ · Alarms ✓ · History ✓ · Settings ✓")
    await expect(report).to_be_visible()
    await frontend.picture("created")
    await frontend.finish()


async def _home(client: Client, entry: Json) -> Home:
    """Wait until the account's home has values."""
    home = await eventually(
        lambda: find_home(client, entry["entry_id"]), "the home's entities"
    )
    await eventually(lambda: home.has_values(client), "values of all of them")
    return home


async def _see_the_plant(frontend: Frontend, client: Client, entry: Json) -> None:
    """Open the plant's device from the integration's page."""
    await frontend.open(INTEGRATION_PAGE)
    row = frontend.page.locator("ha-config-entry-row")
    await expect(row).to_have_count(1)
    await frontend.picture("integration")

    plant = (await client.plants(entry["entry_id"]))[0]
    await frontend.open(f"/config/devices/device/{plant['id']}")
    for name in ("PV power", "Grid power", "Battery power", "Load power"):
        shown = frontend.page.get_by_text(name, exact=True).first
        await expect(shown).to_be_visible()
    await frontend.picture("plant")


async def _see_the_energy(
    frontend: Frontend, client: Client, cloud: SolaxCloud, home: Home, folder: Path
) -> None:
    """Look at the Energy Dashboard, set up with the plant and the charger."""
    await Past(client, folder / "past.json").write(cloud.plant.site, home.counters)
    await client.save_energy(preferences(home))
    # Power has no statistics before the recorder's next five-minute run.
    problems = {problem["type"] for problem in await client.energy_problems()}
    assert problems <= {"statistics_not_defined"}

    await frontend.open("/energy/overview")
    for name in ("Solar total", "Battery total", "Grid total"):
        await expect(frontend.page.get_by_text(name).first).to_be_visible()
    await frontend.picture("energy")


async def _download_diagnostics(frontend: Frontend, cloud: SolaxCloud) -> None:
    """Download what would be attached to an issue: it names nobody."""
    await frontend.open(INTEGRATION_PAGE)
    document = await frontend.download_diagnostics()
    text = json.dumps(document["data"])
    secrets = {
        *cloud.credentials.values(),
        cloud.plant.name,
        cloud.plant.plant_id,
        *(device.sn for device in cloud.plant.devices),
        *(device.register_no for device in cloud.plant.devices),
    }
    assert not [secret for secret in secrets if secret in text]


async def test_a_missing_pack_is_named_in_the_form(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud
) -> None:
    """Forgetting to authorise live data is the classic mistake: it is told before anything is called a success."""
    cloud.withdraw("API_Telemetry_V2", "API_EVC_V2")
    await frontend.choose_account("SolaX")
    await frontend.wait_for_step("solax")
    await frontend.select("region", "Other")
    await frontend.fill("client_id", cloud.credentials["client_id"])
    await frontend.fill("client_secret", cloud.credentials["client_secret"])
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    await frontend.submit()
    assert "Data Monitoring Service" in await frontend.form_error()
    await frontend.picture("pack-missing")
    assert not await instance.client.entries(DOMAIN)

    cloud.authorise("API_Telemetry_V2")
    await frontend.submit()
    await frontend.wait_for_step("plants")
    await frontend.picture("pack-granted")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await expect(frontend.page.get_by_text("Settings partly (grant")).to_be_visible()
    await frontend.picture("pack-reported")
    assert not instance.log_lines("ERROR")
