"""Fixtures: a real Home Assistant in the process, the emulated clouds behind real HTTP, and one time for both."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
import logging
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component import patch_time
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.control import manager
from homeassistant.components.http import HomeAssistantHTTP
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    EVENT_CALL_SERVICE,
    EVENT_COMPONENT_LOADED,
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_SERVICE_REGISTERED,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    aiohttp_client,
    device_registry as dr,
    entity_registry as er,
    script,
)
from homeassistant.setup import async_setup_component

from .benchmarks._tape import HOMES, SIGN_INS
from .emulators.fusionsolar import FusionSolarCloud
from .emulators.registry import CLOUDS
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import World
from .helpers.accounts import AnyCloud, Visitor
from .helpers.cutting import Disk, killed
from .helpers.flow import Flow
from .helpers.home import Home, everything_enabled, solax_entry

NOON = datetime(2026, 6, 15, 10, 1, 30, tzinfo=UTC)
"""A summer's day at the emulated home, in the middle between two full hours of UTC+2."""


SLOW = frozenset({"hass", "tape", "program"})
"""Fixtures of tests that take long: a Home Assistant, a home's recorded days, a program of its own."""
UNREAD = frozenset(
    {
        EVENT_CALL_SERVICE,
        EVENT_COMPONENT_LOADED,
        EVENT_CORE_CONFIG_UPDATE,
        EVENT_SERVICE_REGISTERED,
        dr.EVENT_DEVICE_REGISTRY_UPDATED,
        er.EVENT_ENTITY_REGISTRY_UPDATED,
    }
)
"""Home Assistant's own events, which no test looks for in the recorder."""

# A home that starts logs 170 lines, each formatted three times. All are there with -v, and for who takes caplog.
logging.getLogger().setLevel(logging.WARNING)
# Statements by the hundred thousand are no help in a failed test, and they take time.
for name in ("sqlalchemy.engine", "asyncio"):
    logging.getLogger(name).setLevel(logging.ERROR)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts a Home Assistant, or judges days of an emulated home."""
    for item in items:
        if isinstance(item, pytest.Function) and SLOW.intersection(item.fixturenames):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="session")
def disable_http_server() -> Iterator[None]:
    """Bind no socket, as the fixture of this name does anew, by names that it looks up, for every test."""

    async def nothing(http: HomeAssistantHTTP) -> None:
        """Leave the port alone."""

    with (
        patch.object(HomeAssistantHTTP, "async_bind", nothing),
        patch.object(HomeAssistantHTTP, "start", nothing),
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def skip_stop_scripts() -> Iterator[None]:
    """Leave no timer behind that stops scripts, as the fixture of this name does anew for every test."""
    with patch.object(script, "_schedule_stop_scripts_after_shutdown", lambda _: None):
        yield


@pytest.fixture(autouse=True, scope="session")
def freeze_quickly() -> Iterator[None]:
    """Look again only at modules that grew, instead of at all names of all of them, whenever time is frozen: that took 5 of 10 ms."""

    def size(module: ModuleType) -> str:
        return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"

    with patch.object(patch_time, "ha_get_module_attributes_hash", size):
        yield


@pytest.fixture(autouse=True)
def forget_homes() -> Iterator[None]:
    """Take from a mock that lasts the whole session what it was called with: it kept every Home Assistant alive."""
    yield
    asked = aiohttp_client._async_make_resolver  # noqa: SLF001
    if isinstance(asked, MagicMock):
        asked.reset_mock()


@pytest.fixture(autouse=True)
def recorder_before_integrations(request: pytest.FixtureRequest) -> None:
    """Start the recorder, where a test asks for it, before custom integrations are looked for."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record states, and of events those somebody looks at: each takes a transaction in tests, and registries tell of every entity."""
    return {"exclude": {"event_types": sorted(UNREAD)}}


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Go without asyncio's debug mode, which takes a quarter of the time; ``PYTHONASYNCIODEBUG=1`` turns it on."""


@pytest.fixture
def entity_registry_enabled_by_default() -> Iterator[None]:
    """Show what is off at first too, as the fixture of this name does in Home Assistant's own tests."""
    with everything_enabled():
        yield


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
        err = context.get("exception")
        if isinstance(err, OSError | aiohttp.ClientError) or killed(err):
            return
        if usual is not None:
            usual(loop, context)

    loop.set_exception_handler(handle)


@pytest.fixture
def world(home: Home) -> World:
    """A world in Home Assistant's time."""
    return World()


@pytest.fixture
def sign_in(request: pytest.FixtureRequest) -> str:
    """The way in to the demo home."""
    way: str = request.param
    return way


@pytest.fixture
async def cloud(
    world: World, sign_in: str, socket_enabled: None
) -> AsyncIterator[AnyCloud]:
    """The cloud of the demo home."""
    name = SIGN_INS[sign_in]
    async with CLOUDS[name](world, HOMES[name]) as cloud:
        yield cloud


@pytest.fixture
async def running(entry: MockConfigEntry, home: Home) -> MockConfigEntry:
    """The account, set up."""
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
async def flow(hass: HomeAssistant, home: Home) -> Flow:
    """The dialog to add an account, at its menu."""
    return await Flow.add(hass)


@pytest.fixture
async def visitor(
    hass: HomeAssistant,
    home: Home,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    monkeypatch: pytest.MonkeyPatch,
) -> Visitor:
    """The frontend's side of a running Home Assistant."""
    for component in ("config", "auth"):
        assert await async_setup_component(hass, component, {})
    # Home Assistant's own start, which tests leave out, lets views be added at any time.
    monkeypatch.setattr(hass.http.app.router, "freeze", lambda: None)
    return Visitor.of(hass, await hass_client(), hass_admin_user)


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


@pytest.fixture
def entry(solax: SolaxCloud) -> MockConfigEntry:
    """The account of the emulated SolaX home."""
    return solax_entry(solax)
