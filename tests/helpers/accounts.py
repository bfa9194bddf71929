"""Accounts of any cloud in Home Assistant: as stored, as typed, and as consented to in a browser."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from yarl import URL

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.session import get_transport
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..benchmarks._tape import signed_in
from ..emulators.base import Cloud
from .consent import Browser
from .flow import Flow
from .home import Home

type AnyCloud = Cloud[Any]


def account_entry(cloud: AnyCloud, sign_in: str, **credentials: str) -> MockConfigEntry:
    """An account as the config flow stores it; for those that need no consent."""
    stored = {
        "region": "other",
        "base_url": cloud.url,
        **cloud.credentials,
        **credentials,
    }
    account = VENDORS[cloud.name].sign_in(sign_in).account(stored)
    return MockConfigEntry(
        domain=DOMAIN,
        title=VENDORS[cloud.name].name,
        unique_id=f"{cloud.name}_{account}",
        data={"vendor": cloud.name, "sign_in": sign_in, "credentials": stored},
        options={"excluded_plants": [], "controls": False},
    )


async def demo_entry(home: Home, cloud: AnyCloud, sign_in: str) -> MockConfigEntry:
    """An account of any sign-in, consent included, whose settings may be changed; it polls at the same phase in every run."""
    credentials, token = await signed_in(sign_in, cloud, get_transport(home.hass))
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id=f"demo_{sign_in}",
        title=VENDORS[cloud.name].name,
        unique_id=f"{cloud.name}_demo",
        data={"vendor": cloud.name, "sign_in": sign_in, "credentials": credentials},
        options={"excluded_plants": [], "controls": True},
    )
    if token is not None:
        store = await async_get_store(home.hass, entry.entry_id, entry.unique_id)
        await store.save(SECTION, to_json(token))
    return entry


async def type_account(
    flow: Flow, cloud: AnyCloud, sign_in: str, **changes: str
) -> None:
    """Fill everything in up to the address, and submit."""
    await flow.sign_in(sign_in)
    await flow.submit(**{"region": "other", **cloud.credentials, **changes})
    await flow.submit(base_url=cloud.url)


@dataclass
class Visitor(Browser):
    """A user at the frontend who goes to a vendor's page and comes back."""

    async def begin(
        self, sign_in: str, address: str, typed: dict[str, str], **more: str
    ) -> None:
        """Press the button, choose, and type everything up to the consent; ``more`` belongs to the address."""
        await self.post(self.path, {"handler": DOMAIN})
        await self.sign_in(sign_in)
        await self.answer(region="other", **typed)
        await self.answer(base_url=address, **more)

    @classmethod
    def of(
        cls, hass: HomeAssistant, client: TestClient[Any, Any], user: MockUser
    ) -> Visitor:
        """Stay signed in to Home Assistant however long the story is."""
        refresh = next(iter(user.refresh_tokens.values()))
        refresh.access_token_expiration = timedelta(days=60)
        token = hass.auth.async_create_access_token(refresh)
        client.session.headers["Authorization"] = f"Bearer {token}"
        return cls(client)

    @property
    def redirect(self) -> str:
        """The address the user is told to register."""
        shown: str = self.result["description_placeholders"]["redirect_uri"]
        return shown

    @property
    def detail(self) -> str:
        """The sentence that names the fix."""
        shown: str = self.result["description_placeholders"]["detail"]
        return shown

    async def come_back(self, to: URL) -> None:
        """Follow the vendor's redirect to Home Assistant, and look at the dialog again."""
        answer = await self.client.get(to.path, params=to.query)
        assert answer.status == 200, await answer.text()
        assert "window.close" in await answer.text()
        await self.look()

    async def take_all(self) -> None:
        """Accept the plants as they are offered."""
        assert self.at("plants"), self.result
        await self.answer(plants=self.offered, controls=False)
        assert self.result["type"] == "create_entry", self.result

    @property
    def offered(self) -> list[str]:
        """The plants to choose from."""
        options = self.result["data_schema"][0]["selector"]["select"]["options"]
        return [each["value"] for each in options]


async def redirected(
    method: str, url: URL, form: dict[str, Any] | None = None
) -> tuple[URL | None, str]:
    """Ask a vendor's page as a browser does; return where it leads, and what it says."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=form, allow_redirects=False) as answer,
    ):
        location = answer.headers.get("Location")
        return (URL(location) if location else None), await answer.text()


def added(hass: HomeAssistant) -> MockConfigEntry:
    """Return the only account."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry  # type: ignore[return-value]


def reauths(hass: HomeAssistant) -> int:
    """Count the requests to sign in again that are shown."""
    return sum(
        flow["context"]["source"] == SOURCE_REAUTH
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    )


def repairs(hass: HomeAssistant) -> dict[str, dict[str, str]]:
    """Return the repairs that are shown, by what they say."""
    return {
        issue.translation_key: issue.translation_placeholders or {}
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active and issue.translation_key
    }


def role(home: Home, vendor: str, plant: str, quantity: str) -> float:
    """Return what a plant's device shows of a quantity."""
    return home.value(f"{vendor}_{plant}_{quantity}")
