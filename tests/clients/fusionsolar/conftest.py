"""A FusionSolar cloud, and clients that come and go as Home Assistant restarts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.errors import CloudError, RetryLater
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.fusionsolar.client import (
    FusionSolarCloud as Client,
)
from custom_components.solar_cloud.cloud.model import (
    Inventory,
    Quantity,
    Slot,
    Snapshot,
    Value,
)
from custom_components.solar_cloud.cloud.quota import Quota
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.world import World
from tests.helpers.clock import StillClock

NOON = datetime(2026, 6, 15, 10, 1, 30, tzinfo=UTC)
REDIRECT = "https://my.home-assistant.io/redirect/oauth"


@dataclass
class Rig:
    """One account at one cloud, and the storage that outlives its clients."""

    cloud: FusionSolarCloud
    session: aiohttp.ClientSession
    clock: StillClock
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    quota: Quota = field(init=False)
    client: Client = field(init=False)
    inventory: Inventory = field(init=False)
    sign_in: str = "fusionsolar_account"
    overrides: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with an empty storage."""
        self.start()

    @property
    def credentials(self) -> dict[str, str]:
        """What the user typed."""
        own = (
            self.cloud.credentials
            if self.sign_in == "fusionsolar_account"
            else self.cloud.oauth_credentials
        )
        return {"region": "other", "base_url": self.cloud.url} | own | self.overrides

    @property
    def transport(self) -> Transport:
        """Real HTTP."""
        return Transport(self.session)

    def start(self, sign_in: str | None = None) -> Client:
        """Build a client over the storage at hand."""
        self.sign_in = sign_in or self.sign_in
        self.quota = VENDOR.quota(self.storage)
        client = VENDOR.connect(
            VENDOR.sign_in(self.sign_in),
            self.credentials,
            self.transport,
            self.storage,
            self.quota,
        )
        assert isinstance(client, Client)
        self.client = client
        return client

    def restart(self) -> Client:
        """Lose everything but what a file would hold."""
        stored: dict[str, Json] = json.loads(json.dumps(self.storage.sections()))
        self.storage = MemoryStorage()
        for section, content in stored.items():
            self.storage.delay_save(section, lambda content=content: content)  # type: ignore[misc]
        return self.start()

    async def consent(self) -> None:
        """Let the owner approve, as the set-up form does."""
        self.sign_in = "fusionsolar_oauth"
        oauth = VENDOR.sign_in(self.sign_in).oauth
        assert oauth is not None
        token = await oauth.exchange(
            self.credentials, self.cloud.consent(REDIRECT), REDIRECT, self.transport
        )
        await self.storage.save("token", to_json(token))
        self.start()

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    async def lists(self) -> Inventory:
        """Fetch the inventory, waiting where the limits say so."""
        self.inventory = await self.client.inventory()
        while self.inventory.resume_after is not None:
            self.tick(max(15.0, self.inventory.resume_after))
            self.inventory = await self.client.inventory()
        return self.inventory

    async def poll(self) -> Snapshot:
        """Read once, with the lists at hand."""
        if not hasattr(self, "inventory"):
            await self.lists()
        return await self.client.readings(self.inventory)

    async def next_poll(self) -> Snapshot:
        """Read at the next turn."""
        self.tick(VENDOR.poll_period)
        return await self.poll()

    async def failing_poll(self) -> CloudError:
        """Read, expecting an error."""
        with pytest.raises(CloudError) as caught:
            await self.poll()
        return caught.value

    async def waiting_poll(self) -> RetryLater:
        """Read, expecting to be told to wait."""
        error = await self.failing_poll()
        assert isinstance(error, RetryLater)
        return error

    def id_of(self, *types: int) -> str:
        """Return our identity of the first device of some types."""
        device = self.cloud.first(*types)
        return device.serial or device.dn

    def count(self, interface: str) -> int:
        """Count the calls to an interface."""
        return self.cloud.calls.count(f"/{interface}")


def value(
    snapshot: Snapshot, key: str, quantity: Quantity, index: int = 0
) -> Value | None:
    """Return a value of a reading."""
    reading = snapshot.readings.get(key)
    return None if reading is None else reading.values.get(Slot(quantity, index))


@pytest.fixture
def noon() -> datetime:
    """A minute and a half after an upload."""
    return NOON


@pytest.fixture
async def cloud(
    clock: StillClock,
    socket_enabled: None,
    request: pytest.FixtureRequest,
) -> AsyncIterator[FusionSolarCloud]:
    """A cloud at noon of a summer's day; a scenario other than the usual home by indirect parameter."""
    async with FusionSolarCloud(World(), getattr(request, "param", "home")) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session without a memory of cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as one:
        yield one


@pytest.fixture
def rig(
    cloud: FusionSolarCloud,
    session: aiohttp.ClientSession,
    clock: StillClock,
) -> Rig:
    """An API account at the cloud."""
    return Rig(cloud, session, clock)


@pytest.fixture
async def owner(rig: Rig) -> Rig:
    """An owner's consent at the cloud."""
    await rig.consent()
    return rig
