"""What a frontend does, over Home Assistant's REST and websocket interfaces."""

from collections.abc import Mapping, Sequence
import itertools
from types import TracebackType
from typing import Any, Self

from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
)

from .wait import eventually

type Json = dict[str, Any]

_WEBSOCKET_LIMIT = 16 * 1024 * 1024


class HomeAssistantError(Exception):
    """Home Assistant refused a request."""


async def _answer(response: ClientResponse) -> Any:
    """Return the body of a successful answer."""
    if not response.ok:
        raise HomeAssistantError(
            f"{response.method} {response.url.path}: {response.status} {await response.text()}"
        )
    return await response.json()


class Login:
    """How a person gets in: onboarding the first time, a password from then on."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Speak to the instance at `url`."""
        self._session = session
        self._url = url
        self.client_id = f"{url}/"

    async def _post(self, path: str, payload: Json) -> Any:
        async with self._session.post(f"{self._url}{path}", json=payload) as response:
            return await _answer(response)

    async def _exchange(self, code: str) -> Json:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
        }
        async with self._session.post(f"{self._url}/auth/token", data=form) as response:
            token: Json = await _answer(response)
            return token

    async def is_new(self) -> bool:
        """Tell whether the instance still waits for its first user."""
        async with self._session.get(f"{self._url}/api/onboarding") as response:
            # The page is gone once onboarding is over.
            return response.ok and not all(
                step["done"] for step in await response.json()
            )

    async def create_owner(self, name: str, password: str) -> Json:
        """Create the first user, finish onboarding and return a token."""
        owner = {
            "client_id": self.client_id,
            "name": name.title(),
            "username": name,
            "password": password,
        }
        created = await self._post("/api/onboarding/users", owner | {"language": "en"})
        token = await self._exchange(created["auth_code"])
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        last_step = {"client_id": self.client_id, "redirect_uri": self.client_id}
        url = f"{self._url}/api/onboarding/integration"
        async with self._session.post(url, json=last_step, headers=headers) as response:
            await _answer(response)
        return token

    async def with_password(self, name: str, password: str) -> Json:
        """Log an existing user in and return a token."""
        flow = await self._post(
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        credentials = {
            "client_id": self.client_id,
            "username": name,
            "password": password,
        }
        done = await self._post(f"/auth/login_flow/{flow['flow_id']}", credentials)
        if done["type"] != "create_entry":
            raise HomeAssistantError(f"Login refused: {done.get('errors')}")
        return await self._exchange(done["result"])


class Client:
    """An authenticated user of one instance."""

    def __init__(self, url: str, token: Json) -> None:
        """Act with `token` on the instance at `url`."""
        self.url = url
        self.token = token
        self._session = ClientSession(
            headers={"Authorization": f"Bearer {token['access_token']}"}
        )
        self._websocket: ClientWebSocketResponse | None = None
        self._ids = itertools.count(1)

    async def __aenter__(self) -> Self:
        """Open the websocket."""
        self._websocket = await self._session.ws_connect(
            f"{self.url}/api/websocket",
            max_msg_size=_WEBSOCKET_LIMIT,
            timeout=ClientWSTimeout(ws_close=5),
        )
        await self._websocket.receive_json()
        await self._websocket.send_json(
            {"type": "auth", "access_token": self.token["access_token"]}
        )
        if (await self._websocket.receive_json())["type"] != "auth_ok":
            raise HomeAssistantError("The websocket refused the token")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        if self._websocket is not None:
            await self._websocket.close()
        await self._session.close()

    async def get(self, path: str) -> Any:
        """Read from the REST interface."""
        async with self._session.get(f"{self.url}{path}") as response:
            return await _answer(response)

    async def post(self, path: str, payload: Mapping[str, Any] | None = None) -> Any:
        """Write to the REST interface."""
        async with self._session.post(
            f"{self.url}{path}", json=dict(payload or {})
        ) as response:
            return await _answer(response)

    async def delete(self, path: str) -> Any:
        """Delete by the REST interface."""
        async with self._session.delete(f"{self.url}{path}") as response:
            return await _answer(response)

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send one websocket command and return its result."""
        assert self._websocket is not None
        number = next(self._ids)
        await self._websocket.send_json({"id": number, "type": kind} | fields)
        while (message := await self._websocket.receive_json())["id"] != number:
            pass
        if not message["success"]:
            raise HomeAssistantError(f"{kind}: {message['error']}")
        return message["result"]

    async def call(
        self, domain: str, service: str, data: Json | None = None, **target: Any
    ) -> Any:
        """Run an action."""
        return await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data or {},
            target=target,
        )

    async def answer_flow(self, step: Json, answer: Json) -> Json:
        """Answer a step of a config flow and return the next one."""
        path = f"/api/config/config_entries/flow/{step['flow_id']}"
        result: Json = await self.post(path, answer)
        return result

    async def run_flow(self, handler: str, answers: Sequence[Json]) -> Json:
        """Answer a config flow as far as it asks and return its last step."""
        step: Json = await self.post(
            "/api/config/config_entries/flow", {"handler": handler}
        )
        for answer in answers:
            # An error stays on the step it belongs to; a flow can end early.
            if step["type"] not in {"form", "menu"} or step.get("errors"):
                break
            step = await self.answer_flow(step, answer)
        return step

    async def entries(self, domain: str) -> list[Json]:
        """Return the config entries of an integration."""
        entries: list[Json] = await self.get(
            f"/api/config/config_entries/entry?domain={domain}"
        )
        return entries

    async def check_entries(self, domain: str) -> None:
        """Raise when an entry of an integration will not come up by itself."""
        for entry in await self.entries(domain):
            if entry["state"] not in {"loaded", "setup_in_progress", "setup_retry"}:
                raise HomeAssistantError(
                    f"{entry['title']}: {entry['state']}, {entry['reason']}"
                )

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry."""
        await self.delete(f"/api/config/config_entries/entry/{entry_id}")

    async def entities(self, domain: str) -> list[Json]:
        """Return the registered entities of an integration."""
        registered: list[Json] = await self.command("config/entity_registry/list")
        return [entity for entity in registered if entity["platform"] == domain]

    async def devices(self, entry_id: str) -> list[Json]:
        """Return the devices of a config entry."""
        registered: list[Json] = await self.command("config/device_registry/list")
        return [device for device in registered if entry_id in device["config_entries"]]

    async def plants(self, entry_id: str) -> list[Json]:
        """Return the plants of an account: its devices of that model."""
        devices = await self.devices(entry_id)
        return [device for device in devices if device["model"] == "Plant"]

    async def states(self) -> dict[str, str]:
        """Return every entity's state."""
        return {
            state["entity_id"]: state["state"]
            for state in await self.get("/api/states")
        }

    async def diagnostics(self, entry_id: str) -> Json:
        """Download the diagnostics of a config entry."""
        document: Json = await self.get(f"/api/diagnostics/config_entry/{entry_id}")
        return document

    async def has_energy(self) -> bool:
        """Tell whether the Energy Dashboard is set up."""
        try:
            await self.command("energy/get_prefs")
        except HomeAssistantError:
            return False
        return True

    async def save_energy(self, preferences: Json) -> None:
        """Set the Energy Dashboard up."""
        await self.command("energy/save_prefs", **preferences)

    async def energy_problems(self) -> list[Json]:
        """Return what the Energy Dashboard complains about, one entry a source that has complaints."""
        verdict = await self.command("energy/validate")
        sources = itertools.chain(
            verdict["energy_sources"], verdict["device_consumption"]
        )
        return [problem for source in sources for problem in source]

    async def wait_until_running(self, within: float) -> None:
        """Wait until every component has been set up."""

        async def running() -> bool:
            return bool((await self.get("/api/config"))["state"] == "RUNNING")

        await eventually(running, "Home Assistant to finish its start", within=within)
