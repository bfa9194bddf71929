"""The four pictures of the README, taken where the sun is high whenever they are taken.

Each run takes them; ``SOLAR_CLOUD_PICTURES=1`` also puts them into ``docs/pictures``.
"""

from dataclasses import replace
from datetime import UTC, datetime
import os
from pathlib import Path
from typing import Final, override

from PIL import Image
from playwright.async_api import ViewportSize, expect
import pytest

from tests.emulators.solax import SolaxCloud
from tests.emulators.world import Site, SiteSpec, World
from tests.live.accounts import DOMAIN, solax_cloud
from tests.live.client import Client
from tests.live.dashboard import find_home, preferences
from tests.live.instance import REPOSITORY, running_instance
from tests.live.past import Past
from tests.live.process import free_port
from tests.live.wait import eventually

from .frontend import Frontend, browsing

pytestmark = pytest.mark.browser

DOCS: Final = REPOSITORY / "docs" / "pictures"
WANTED: Final = "SOLAR_CLOUD_PICTURES"
HOUR: Final = 14
"""Of the sun, where the pictures are taken."""
SIZE: Final[ViewportSize] = {"width": 1280, "height": 800}
COLOURS: Final = 128
LARGEST: Final = 200_000
"""Bytes of a picture."""


class SummerWorld(World):
    """A world whose sites lie a little south of the equator, as many hours east as makes it afternoon there."""

    def __init__(self) -> None:
        """Choose the hour once."""
        super().__init__()
        hours = (HOUR - datetime.now(UTC).hour + 11) % 24 - 11
        self.longitude = 15.0 * hours
        self.zone = f"Etc/GMT{-hours:+d}"

    @override
    def add(self, spec: SiteSpec) -> Site:
        return super().add(
            replace(spec, latitude=-8.0, longitude=self.longitude, zone=self.zone)
        )


async def _take(frontend: Frontend, folder: Path, name: str) -> None:
    """Save what is on the screen in few colours."""
    await frontend.page.wait_for_timeout(1500)
    path = folder / f"{name}.png"
    await frontend.page.screenshot(path=path, animations="disabled")
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    assert path.stat().st_size < LARGEST


async def test_the_four_pictures_of_the_readme(
    tmp_path: Path, socket_enabled: None, request: pytest.FixtureRequest
) -> None:
    """Set-up with its report, a plant's device, the Energy page and the dashboard, in this order."""
    world = SummerWorld()
    output = REPOSITORY / "test-output" / request.node.name
    async with (
        solax_cloud(world) as cloud,
        running_instance(tmp_path, free_port(), zone=world.zone) as instance,
        browsing(instance, output, world.zone) as frontend,
    ):
        cloud.turn(zone_style="iana")
        folder = DOCS if WANTED in os.environ else output
        folder.mkdir(exist_ok=True)
        await frontend.page.set_viewport_size(SIZE)
        await _set_up(frontend, cloud, folder)
        client = instance.client
        entry = (await client.entries(DOMAIN))[0]
        home = await eventually(
            lambda: find_home(client, entry["entry_id"]), "the home's entities"
        )
        await eventually(lambda: home.has_values(client), "values of all of them")
        await Past(client, tmp_path / "past.json").write(
            cloud.plant.site, home.counters
        )
        await client.save_energy(preferences(home))
        plant = (await client.plants(entry["entry_id"]))[0]
        await frontend.open(f"/config/devices/device/{plant['id']}")
        await expect(
            frontend.page.get_by_text("PV power", exact=True).first
        ).to_be_visible()
        await _take(frontend, folder, "device")
        await frontend.open("/energy/electricity")
        graph = frontend.page.locator("hui-energy-solar-graph-card canvas")
        await expect(graph.first).to_be_visible()
        await _take(frontend, folder, "energy")
        await _dashboard(frontend, client)
        await _take(frontend, folder, "dashboard")


async def _set_up(frontend: Frontend, cloud: SolaxCloud, folder: Path) -> None:
    """Add the account, and keep the report of what was found."""
    await frontend.choose_account("SolaX")
    await frontend.wait_for_step("solax")
    await frontend.select("region", "Other")
    for name, value in cloud.credentials.items():
        await frontend.fill(name, value)
    await frontend.submit()
    await frontend.wait_for_step("base_url")
    await frontend.fill("base_url", cloud.url)
    await frontend.submit()
    await frontend.wait_for_step("plants")
    await frontend.submit()
    await frontend.wait_for_step("create_entry")
    await expect(frontend.page.get_by_text("Values ✓")).to_be_visible()
    await _take(frontend, folder, "set-up")
    await frontend.finish()


async def _dashboard(frontend: Frontend, client: Client) -> None:
    """Have a dashboard with the strategy, and open it."""
    await client.command(
        "lovelace/dashboards/create",
        url_path="solar-cloud",
        title="Solar Cloud",
        icon="mdi:solar-power-variant",
        mode="storage",
    )
    await client.command(
        "lovelace/config/save",
        url_path="solar-cloud",
        config={"strategy": {"type": "custom:solar-cloud"}},
    )
    await frontend.open("/solar-cloud")
    await frontend.page.locator("hui-view").first.wait_for()
