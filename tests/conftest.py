"""Fixtures: a real Home Assistant in the process, the emulated clouds behind real HTTP, and one time for both."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control import manager
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import Device, Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import World
from .helpers.cutting import Disk, Killed

NOON = datetime(2026, 6, 15, 10, 1, 30, tzinfo=UTC)
"""A summer's day at the emulated home, in the middle between two full hours of UTC+2."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts a Home Assistant."""
    for item in items:
        if isinstance(item, pytest.Function) and "hass" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def recorder_before_integrations(request: pytest.FixtureRequest) -> None:
    """Start the recorder, where a test asks for it, before custom integrations are looked for."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@dataclass(slots=True)
class Home:
    """Home Assistant and the time it shares with the clouds."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory

    async def settle(self) -> None:
        """Let everything that is due happen."""
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def pass_time(self, total: float | timedelta, step: float = 60.0) -> None:
        """Let time pass in small steps, as it does."""
        left = total.total_seconds() if isinstance(total, timedelta) else total
        while left > 0:
            self.freezer.tick(min(step, left))
            left -= step
            await self.settle()

    async def start(self, entry: MockConfigEntry) -> None:
        """Set an account up."""
        if not self.hass.config_entries.async_get_entry(entry.entry_id):
            entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def restart(self, entry: MockConfigEntry) -> None:
        """Unload and set up again, with nothing but the storage kept, as a restart does."""
        await self.hass.config_entries.async_unload(entry.entry_id)
        self.forget()
        await self.start(entry)

    def forget(self) -> None:
        """Lose what is kept in memory beyond a set-up."""
        for key in ("stores", "quotas", "seeds"):
            self.hass.data.pop(f"{DOMAIN}_{key}", None)

    def entity_id(self, unique_id: str, platform: str = "sensor") -> str:
        """Find an entity by its unique id."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, unique_id
        )
        assert entity_id is not None, f"There is no {platform} {unique_id}"
        return entity_id

    def state(self, unique_id: str, platform: str = "sensor") -> State:
        """Return what a user sees of an entity."""
        state = self.hass.states.get(self.entity_id(unique_id, platform))
        assert state is not None, f"{platform} {unique_id} has no state"
        return state

    def known(self, unique_id: str, platform: str = "sensor") -> bool:
        """Say whether an entity is registered, enabled or not."""
        registry = er.async_get(self.hass)
        return registry.async_get_entity_id(platform, DOMAIN, unique_id) is not None

    def device(self, identifier: str, entry: MockConfigEntry) -> dr.DeviceEntry | None:
        """Find a plant or device in the registry by the vendor's id."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, identifier), entry.entry_id
        )
        assert device is None or isinstance(device, dr.DeviceEntry)
        return device

    def value(self, unique_id: str) -> float:
        """Return a sensor's number."""
        return float(self.state(unique_id).state)


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Go without asyncio's debug mode, which takes a quarter of the time; ``PYTHONASYNCIODEBUG=1`` turns it on."""


@pytest.fixture
def begin() -> datetime:
    """When the story begins; a test or module may say otherwise."""
    return NOON


@pytest.fixture
async def home(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, begin: datetime
) -> Home:
    """Home Assistant at the place of the emulated home, at the beginning of the story."""
    freezer.move_to(begin)
    await hass.config.async_update(
        latitude=48.1, longitude=11.5, time_zone="Europe/Berlin"
    )
    return Home(hass, freezer)


@pytest.fixture
def disk(hass_storage: dict[str, Any]) -> Disk:
    """The files of Home Assistant."""
    return Disk(hass_storage)


@pytest.fixture
async def torn_sockets(home: Home) -> None:
    """A connection that is cut off while it comes about leaves a callback for a socket that is closed: asyncio's, not ours."""
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), OSError | aiohttp.ClientError | Killed):
            return
        if usual is not None:
            usual(loop, context)

    loop.set_exception_handler(handle)


@pytest.fixture
def world(home: Home) -> World:
    """A world in Home Assistant's time."""
    return World()


@pytest.fixture
def waiting(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let waiting for a command pass the shared time instead of the tests'; the waits in seconds."""
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        home.freezer.tick(seconds)

    monkeypatch.setattr(manager, "pause", wait)
    return waits


@pytest.fixture
async def solax(
    world: World, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[SolaxCloud]:
    """SolaX's cloud; a scenario other than the usual home by indirect parameter."""
    async with SolaxCloud(world, getattr(request, "param", "home-hybrid")) as cloud:
        yield cloud


@pytest.fixture
async def sungrow(
    world: World, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[SungrowCloud]:
    """Sungrow's cloud; a scenario other than the hybrid home by indirect parameter."""
    async with SungrowCloud(world, getattr(request, "param", "home-hybrid")) as cloud:
        yield cloud


@pytest.fixture
async def fusionsolar(
    world: World, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[FusionSolarCloud]:
    """FusionSolar's cloud; a scenario other than the usual home by indirect parameter."""
    async with FusionSolarCloud(world, getattr(request, "param", "home")) as cloud:
        yield cloud


def solax_entry(cloud: SolaxCloud, **options: Any) -> MockConfigEntry:
    """An account as the config flow stores it."""
    credentials = cloud.credentials | {"region": "other", "base_url": cloud.url}
    account = VENDORS["solax"].sign_in("solax").account(credentials)
    return MockConfigEntry(
        domain=DOMAIN,
        title="SolaX",
        unique_id=f"solax_{account}",
        data={"vendor": "solax", "sign_in": "solax", "credentials": credentials},
        options=options or {"excluded_plants": [], "controls": False},
    )


@pytest.fixture
def entry(solax: SolaxCloud) -> MockConfigEntry:
    """The account of the emulated SolaX home."""
    return solax_entry(solax)


def solax_id(cloud: SolaxCloud, kind: Kind | None, quantity: str) -> str:
    """Return the unique id of a quantity of the first device of a kind, of the plant for none."""
    if kind is None:
        owner = cloud.plant.plant_id
    elif kind is Kind.BATTERY:
        owner = f"{cloud.first(Kind.INVERTER).sn}_battery"
    else:
        owner = cloud.first(kind).sn
    return f"solax_{owner}_{quantity}"


def enable_everything(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enable what is there for those who look for it; Home Assistant reloads the entry in half a minute."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.disabled_by:
            registry.async_update_entity(each.entity_id, disabled_by=None)


def uploads_seen(cloud: SolaxCloud, device: Device) -> Iterator[float]:
    """Yield when what Home Assistant was told of a device had been uploaded, newest first.

    The truth to compare with is the world's at these instants.
    """
    for position in reversed(range(len(cloud.calls))):
        call = cloud.calls[position]
        if call.matches("device/realtime_data", {"deviceType": int(device.kind)}):
            uploaded = cloud.plant.site.last_upload(device.sn, call.at)
            assert uploaded is not None
            yield uploaded
