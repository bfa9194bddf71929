"""A client as plain as can be, and clouds under a clock that is moved by hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
import pytest

from tests.emulators.solax import SolaxCloud
from tests.emulators.world import Clock, World

NOON = datetime(2026, 6, 10, 10, 3, tzinfo=UTC)


class Client:
    """Somebody who asks an emulated SolaX cloud."""

    def __init__(self, cloud: SolaxCloud, session: ClientSession) -> None:
        """Ask a cloud."""
        self.cloud = cloud
        self.session = session
        self.token: str | None = None

    async def sign_in(self, **changes: str) -> dict[str, Any]:
        """Ask for a token and keep it."""
        form = {**self.cloud.credentials, "grant_type": "client_credentials", **changes}
        async with self.session.post("/openapi/auth/oauth/token", data=form) as answer:
            body: dict[str, Any] = await answer.json()
        if body["code"] == 0:
            self.token = body["result"]["access_token"]
        return body

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Ask by GET; a home's business type is added."""
        return await self._ask("GET", path, params={"businessType": 1, **params})

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask by POST; a home's business type is added."""
        return await self._ask("POST", path, json={"businessType": 1, **body})

    async def rows(
        self, kind: int, *serials: str, **params: Any
    ) -> list[dict[str, Any]]:
        """Return realtime rows."""
        answer = await self.get(
            "device/realtime_data", deviceType=kind, snList=",".join(serials), **params
        )
        assert answer["code"] == 10000, answer
        result: list[dict[str, Any]] = answer["result"]
        return result

    async def row(self, kind: int, serial: str, **params: Any) -> dict[str, Any]:
        """Return the only realtime row."""
        (row,) = await self.rows(kind, serial, **params)
        return row

    async def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        headers = {"Authorization": f"bearer {self.token}"} if self.token else {}
        url = f"/openapi/v2/{path}"
        async with self.session.request(method, url, headers=headers, **how) as answer:
            body: dict[str, Any] = await answer.json()
        return body


type Open = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until it is moved."""
    return Clock(NOON)


@pytest.fixture
async def visit(socket_enabled: None, clock: Clock) -> AsyncIterator[Open]:
    """Return a function that starts a scenario and signs in."""
    async with AsyncExitStack() as stack:

        async def start(scenario: str = "home-hybrid", **knobs: Any) -> Client:
            cloud = SolaxCloud(World(clock), scenario)
            cloud.turn(**knobs)
            await stack.enter_async_context(cloud)
            session = await stack.enter_async_context(ClientSession(cloud.url))
            client = Client(cloud, session)
            await client.sign_in()
            return client

        yield start
