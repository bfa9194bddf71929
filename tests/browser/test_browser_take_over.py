"""The statistics of another integration, taken over in the options."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.live.accounts import ACCOUNTS, DOMAIN, add_account, solax_cloud
from tests.live.dashboard import find_home
from tests.live.instance import Instance
from tests.live.past import Past
from tests.live.wait import eventually

from .frontend import Frontend

pytestmark = pytest.mark.browser

OLD = "sensor.old_inverter_total_yield"


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncGenerator[SolaxCloud]:
    """Run an emulated SolaX cloud with one home in it."""
    async with solax_cloud() as cloud:
        yield cloud


async def test_what_would_be_written_is_shown_first(
    frontend: Frontend, instance: Instance, cloud: SolaxCloud, tmp_path: Path
) -> None:
    """The form offers energies only; its second page says from when to when, and how much."""
    client, page = instance.client, frontend.page
    (account,) = (each for each in ACCOUNTS if each.make_cloud is solax_cloud)
    await add_account(client, account, cloud)
    entry = (await client.entries(DOMAIN))[0]
    home = await eventually(
        lambda: find_home(client, entry["entry_id"]), "the home's entities"
    )
    await eventually(lambda: home.has_values(client), "values of all of them")
    await Past(client, tmp_path / "past.json").write(cloud.plant.site, home.counters)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await client.command(
        "recorder/import_statistics",
        metadata={
            "statistic_id": OLD,
            "source": "recorder",
            "name": None,
            "has_sum": True,
            "mean_type": 0,
            "unit_class": "energy",
            "unit_of_measurement": "Wh",
        },
        stats=[
            {
                "start": (now - timedelta(days=30) + timedelta(hours=n)).isoformat(),
                "state": 9_000_000 + 250.0 * n,
                "sum": 250.0 * n,
            }
            for n in range(30 * 24)
        ],
    )

    async def written() -> bool:
        known = await client.command("recorder/list_statistic_ids")
        return any(each["statistic_id"] == OLD for each in known)

    await eventually(written, "the statistic of the other integration")
    await frontend.open(f"/config/integrations/integration/{DOMAIN}")
    row = page.locator("ha-config-entry-row")
    await row.get_by_role("button", name="Configure").first.click()
    await frontend.wait_for_step("menu")
    await frontend.picture("menu")
    await frontend.choose("Take over statistics")
    await frontend.wait_for_step("take_over")
    await frontend.select("pv_energy_total", OLD)
    await frontend.picture("form")
    await frontend.submit()
    await frontend.wait_for_step("take_over_confirm")
    await expect(page.get_by_text(f"{OLD}:")).to_be_visible()
    await frontend.picture("preview")
    await frontend.submit()
    await frontend.wait_for_step("abort")
    await expect(
        page.get_by_text("The hours are in the statistics now")
    ).to_be_visible()
    await frontend.picture("done")
    assert not instance.log_lines("ERROR")
