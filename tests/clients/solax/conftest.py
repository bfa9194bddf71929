"""An account at the emulated cloud, and a time that both share."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.model import Inventory, Reading, Snapshot
from custom_components.solar_cloud.cloud.quota import Quota
from custom_components.solar_cloud.cloud.solax import VENDOR
from custom_components.solar_cloud.cloud.solax.client import SolaxCloud as Client
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.transport import Transport
from tests.emulators.solax import SolaxCloud
from tests.emulators.world import World
from tests.helpers.clock import StillClock

INVERTER = "H3DEMO00000001"
BATTERY = f"{INVERTER}_battery"
METER = "M3DEMO00000001"
CHARGER = "C3DEMO00000001"
PLANT = "1900000000000000001"


@pytest.fixture
async def cloud(
    clock: StillClock, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[SolaxCloud]:
    """The emulated cloud; a scenario other than the usual home by indirect parameter."""
    scenario = getattr(request, "param", "home-hybrid")
    async with SolaxCloud(World(), scenario) as cloud:
        yield cloud


class Account:
    """A signed-in account that can be restarted."""

    def __init__(
        self, cloud: SolaxCloud, clock: StillClock, session: aiohttp.ClientSession
    ) -> None:
        """Sign in for the first time."""
        self.cloud = cloud
        self.clock = clock
        self.session = session
        self.storage = MemoryStorage()
        self.wanted = Inventory({}, {})
        self.quota: Quota
        self.client: Client
        self.restart()

    def restart(self, **credentials: str) -> Client:
        """Begin anew with nothing but the vault."""
        self.quota = VENDOR.quota(self.storage)
        client = VENDOR.connect(
            VENDOR.sign_in("solax"),
            {
                **self.cloud.credentials,
                "region": "other",
                "base_url": self.cloud.url,
                **credentials,
            },
            Transport(self.session),
            self.storage,
            self.quota,
        )
        assert isinstance(client, Client)
        self.client = client
        return client

    async def list(self) -> Inventory:
        """Read the inventory."""
        self.wanted = await self.client.inventory()
        return self.wanted

    async def poll(self, after: float = 300.0) -> Snapshot:
        """Let time pass and read everything."""
        if not self.wanted.plants:
            await self.list()
        self.clock.advance(after)
        return await self.client.readings(self.wanted)

    async def whole(self, after: float = 300.0) -> Snapshot:
        """Poll as often as the pace needs for the whole picture."""
        snapshot = await self.poll(after)
        for _ in range(4):
            if snapshot.resume_after is None:
                break
            snapshot = await self.poll(snapshot.resume_after)
        return snapshot

    async def reading(self, identity: str, after: float = 300.0) -> Reading:
        """Poll, and return one reading."""
        snapshot = await self.poll(after)
        assert identity in snapshot.readings, snapshot.silent
        return snapshot.readings[identity]

    async def values(self, identity: str, after: float = 300.0) -> dict[str, Any]:
        """Poll, and return one reading's values by the names users know."""
        return named(await self.reading(identity, after))


def named(reading: Reading) -> dict[str, Any]:
    """Return a reading's values by the suffixes of unique ids."""
    return {slot.key: value for slot, value in reading.values.items()}


@pytest.fixture
async def account(cloud: SolaxCloud, clock: StillClock) -> AsyncIterator[Account]:
    """The emulated account, not yet asked for anything."""
    async with aiohttp.ClientSession() as session:
        yield Account(cloud, clock, session)
