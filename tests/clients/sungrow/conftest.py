"""An emulated Sungrow cloud, a client, and a clock for both."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from custom_components.solar_cloud.cloud.model import (
    Inventory,
    Quantity,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.quota import Quota
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.sungrow import VENDOR
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Cloud
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.world import World
from tests.helpers.clock import StillClock

from .control import House

NOON = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
"""Noon in Berlin, two minutes after an upload."""

HOME = "5000001"
INVERTER = "ADEMO0010002"
BATTERY = "SDEMO0010003"


@pytest.fixture
def noon() -> datetime:
    """A day in June."""
    return NOON


@pytest.fixture
async def server(
    clock: StillClock, socket_enabled: None
) -> AsyncIterator[SungrowCloud]:
    """Run the emulated cloud with one hybrid home."""
    async with SungrowCloud(World(), "home-hybrid") as cloud:
        yield cloud


@pytest.fixture
async def transport(socket_enabled: None) -> AsyncIterator[Transport]:
    """Speak real HTTP."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Transport(session)


@dataclass
class Account:
    """A client with what it keeps."""

    cloud: Cloud
    storage: MemoryStorage
    quota: Quota
    inventory: Inventory | None = field(default=None)

    async def poll(self) -> Snapshot:
        """List once, then read."""
        if self.inventory is None:
            self.inventory = await self.cloud.inventory()
        return await self.cloud.readings(self.inventory)

    def value(
        self, snapshot: Snapshot, owner: str, quantity: Quantity, index: int = 0
    ) -> Any:
        """Return one value of one owner."""
        return snapshot.readings[owner].values.get(Slot(quantity, index))


type Connect = Callable[..., Account]


@pytest.fixture
def connect(server: SungrowCloud, transport: Transport) -> Connect:
    """Build clients; with the same vault it is a restart."""

    def build(
        key: str = "sungrow_account",
        storage: MemoryStorage | None = None,
        **changes: str,
    ) -> Account:
        storage = storage or MemoryStorage()
        sign_in = VENDOR.sign_in(key)
        known = server.consent_credentials if sign_in.oauth else server.credentials
        credentials = {**known, "region": "other", "base_url": server.url, **changes}
        quota = VENDOR.quota(storage)
        cloud = VENDOR.connect(sign_in, credentials, transport, storage, quota)
        return Account(cloud, storage, quota)

    return build


@pytest.fixture
async def granted(
    server: SungrowCloud, transport: Transport, connect: Connect
) -> Account:
    """Build a client after consent, with its first token in the vault as the flow leaves it."""
    return await grant(server, transport, connect)


async def grant(
    server: SungrowCloud,
    transport: Transport,
    connect: Connect,
    *plants: str,
    **changes: str,
) -> Account:
    """Give consent and connect."""
    storage = MemoryStorage()
    sign_in = VENDOR.sign_in("sungrow_oauth")
    assert sign_in.oauth is not None
    credentials = {
        **server.consent_credentials,
        "region": "other",
        "base_url": server.url,
        **changes,
    }
    code = server.consent(*plants)
    token = await sign_in.oauth.exchange(
        credentials, code, server.application.redirect_url, transport
    )
    await storage.save("token", to_json(token))
    return connect("sungrow_oauth", storage, **changes)


@pytest.fixture
def new_house(server: SungrowCloud, connect: Connect, clock: StillClock) -> House:
    """A home nobody has looked at."""
    account = connect()
    return House(server, account, clock, lambda: connect(storage=account.storage))


@pytest.fixture
async def house(new_house: House) -> House:
    """A home that was read once."""
    await new_house.start()
    return new_house
