"""A vendor of our own whose accounts are opened by consent, and whose meters can be corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import time
from typing import Any, Final

from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.solar_cloud.cloud import vendor as described
from custom_components.solar_cloud.cloud.corrections import DeviceCorrection
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    Paced,
)
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity,
    Reading,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.quota import Quota
from custom_components.solar_cloud.cloud.serialization import from_json_or_none
from custom_components.solar_cloud.cloud.sources import PlantSources
from custom_components.solar_cloud.cloud.storage import Json, Storage
from custom_components.solar_cloud.cloud.token import SECTION, Token
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    OAuth,
    SignIn,
    Vendor,
)
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .flow import placed, way_to

KEY: Final = "consenting"
POWER: Final = Slot(Quantity.GRID_POWER)


@dataclass
class Bureau:
    """The vendor's side: which code opens whose account, and what was asked of it."""

    codes: dict[str, str] = field(default_factory=dict)
    """Owner by code."""
    exchanged: list[tuple[str, str]] = field(default_factory=list)
    """(code, redirect address) of each exchange."""
    unreachable: bool = False
    plants: int = 1
    opened: list[str] = field(default_factory=list)
    """Access tokens that clients were built with."""
    signed_out: list[str] = field(default_factory=list)
    secret: str = "the-secret"
    pauses: int = 0
    """How often a client's own pace stops it."""
    revoked: bool = False
    """Whether the owners have taken their consents back."""

    def vendor(self, longest_state: int | None = None) -> Vendor:
        """Describe it to Home Assistant."""
        sign_in = SignIn(
            key=f"{KEY}_oauth",
            fields=(
                CredentialField("client_id"),
                CredentialField("client_secret", FieldKind.SECRET),
            ),
            regions={"eu": "https://eu.example.com"},
            account=lambda credentials: credentials["client_id"],
            quota_account=lambda credentials: credentials["client_id"],
            links={"portal": "https://portal.example.com"},
            oauth=OAuth(
                authorize_url=authorize_url,
                exchange=self._exchange,
                account=lambda credentials, token: dict(token.extra)["owner"],
                longest_state=longest_state,
            ),
        )
        return Vendor(
            key=KEY,
            name="Consenting",
            sign_ins=(sign_in,),
            # By the module: benchmarks run on versions that have no such name, too.
            clients=lambda: described.Clients(
                quota=lambda storage: Quota({}, storage), connect=self._connect
            ),
            stale_after=1200.0,
        )

    async def _exchange(
        self,
        credentials: Credentials,
        code: str,
        redirect_uri: str,
        transport: Transport,
    ) -> Token:
        self.exchanged.append((code, redirect_uri))
        if self.unreachable:
            raise CloudUnreachable
        if credentials["client_secret"] != self.secret:
            raise CredentialsRejected
        if (owner := self.codes.pop(code, None)) is None:
            raise CloudError("invalid_code")
        now = time.time()
        return Token(
            f"token-of-{owner}-{len(self.exchanged)}",
            issued_at=now,
            expires_at=now + 86400,
            refresh="refresh-me",
            extra=(("owner", owner),),
        )

    def _connect(
        self,
        sign_in: SignIn,
        credentials: Credentials,
        transport: Transport,
        storage: Storage,
        quota: Quota,
    ) -> Client:
        return Client(self, storage, credentials["client_secret"])


def authorize_url(credentials: Credentials, redirect_uri: str, state: str) -> str:
    """Return the page of consent."""
    page = URL("https://consent.example.com/authorize")
    return str(
        page.with_query(
            client=credentials["client_id"], redirect=redirect_uri, state=state
        )
    )


class Client:
    """A signed-in account with one meter, which imports 1500 of whatever it reports in."""

    history = None
    controls = None

    def __init__(self, bureau: Bureau, storage: Storage, secret: str) -> None:
        """Use the token of the consent; there is no other way in."""
        self._bureau: Final = bureau
        self._storage: Final = storage
        self._secret: Final = secret
        self._token: Final = (token := from_json_or_none(Token, storage.load(SECTION)))
        self._corrections: Mapping[str, DeviceCorrection] = {}
        if token is not None:
            bureau.opened.append(token.access)

    async def inventory(self) -> Inventory:
        """List what the account has."""
        await self._show()
        assert self._token is not None
        if self._bureau.pauses:
            self._bureau.pauses -= 1
            raise Paced(30.0)
        owner = dict(self._token.extra)["owner"]
        plants = {
            f"{owner}-{number}": Plant(id=f"{owner}-{number}", name=f"Roof {number}")
            for number in range(1, self._bureau.plants + 1)
        }
        meters = {
            f"{key}-meter": Device(
                id=f"{key}-meter",
                plant_id=key,
                kind=DeviceKind.METER,
                model="M-1",
                correctable=True,
            )
            for key in plants
        }
        return Inventory(plants, meters)

    async def _show(self) -> None:
        """Show the token; one that ran out is renewed, which takes the right secret."""
        if self._token is None or self._bureau.revoked:
            await self._storage.save(SECTION, None)
            raise ConsentLost
        if self._bureau.unreachable:
            raise CloudUnreachable
        if (
            self._token.expires_at <= time.time()
            and self._secret != self._bureau.secret
        ):
            raise CredentialsRejected("client_refused")

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read the meters as the user knows them."""
        await self._show()
        now = datetime.fromtimestamp(time.time(), UTC)
        readings = {key: Reading(now, {}) for key in wanted.plants}
        for key in wanted.devices:
            correction = self._corrections.get(key, DeviceCorrection())
            factor = (-1 if correction.swap_direction else 1) * (
                1000 if correction.unit == "kW" else 1
            )
            readings[key] = Reading(now, {POWER: 1500.0 * factor})
        return Snapshot(readings)

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Feed no role."""
        return {}

    def report(self) -> dict[str, Json]:
        """Say nothing."""
        return {}

    def correct(self, corrections: Mapping[str, DeviceCorrection]) -> None:
        """Take the user's word for it."""
        self._corrections = corrections

    async def sign_out(self) -> None:
        """End the session."""
        if self._token is not None:
            self._bureau.signed_out.append(self._token.access)


FRONTEND = "https://home.example.com"
STEP = f"{KEY}_oauth"
TYPED = {"region": "eu", "client_id": "app-1", "client_secret": "the-secret"}


@dataclass
class Browser:
    """A user at the frontend."""

    client: TestClient[Any, Any]
    base: str = FRONTEND
    path: str = "/api/config/config_entries/flow"
    result: Any = None

    async def post(self, path: str, body: dict[str, Any]) -> None:
        """Send what the frontend sends."""
        headers = {"HA-Frontend-Base": self.base}
        response = await self.client.post(path, json=body, headers=headers)
        assert response.status == 200, await response.text()
        self.result = await response.json()

    async def add(self) -> None:
        """Press the button to add the integration, and type the credentials."""
        await self.post(self.path, {"handler": DOMAIN})
        await self.sign_in(STEP)
        await self.answer(**TYPED)

    async def sign_in(self, key: str) -> None:
        """Choose the brand, and what one has of it."""
        for step in way_to(key):
            await self.answer(next_step_id=step)

    async def answer(self, **user_input: Any) -> None:
        """Answer the step that is shown, each field where the form has it."""
        rare = [
            each["name"]
            for field in self.result.get("data_schema") or ()
            if field.get("type") == "expandable"
            for each in field["schema"]
        ]
        typed = placed(user_input, rare)
        await self.post(f"{self.path}/{self.result['flow_id']}", typed)

    async def look(self) -> None:
        """Look at the flow again, as the frontend does when the page came back."""
        response = await self.client.get(f"{self.path}/{self.result['flow_id']}")
        self.result = await response.json()

    @property
    def consent_url(self) -> URL:
        """The vendor's page that was opened."""
        assert self.result["type"] == "external", self.result
        return URL(self.result["url"])

    def at(self, step: str, **errors: str) -> bool:
        """Say whether a form is shown, with exactly these errors."""
        return (
            self.result["type"] == "form"
            and self.result["step_id"] == step
            and (self.result["errors"] or {}) == errors
        )


async def finish(browser: Browser, hass: HomeAssistant) -> MockConfigEntry:
    """Take all plants."""
    assert browser.at("plants"), browser.result
    plants = [
        each["value"]
        for each in browser.result["data_schema"][0]["selector"]["select"]["options"]
    ]
    await browser.answer(plants=plants, controls=False)
    assert browser.result["type"] == "create_entry", browser.result
    await hass.async_block_till_done(wait_background_tasks=True)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    return entry  # type: ignore[return-value]


async def added(browser: Browser, hass: HomeAssistant) -> MockConfigEntry:
    """Add the account."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="good-code")
    return await finish(browser, hass)
