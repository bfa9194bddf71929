"""The consent of an account's owner, for Home Assistant's OAuth flow.

Nothing is registered as application credentials: each account brings an application of its own, typed into our form.
"""

from contextlib import suppress
import secrets
from typing import Any, Final, override

from aiohttp import web
from yarl import URL

from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.helpers import config_entry_oauth2_flow as oauth2
from homeassistant.helpers.http import current_request
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util.hass_dict import HassKey

from .cloud.addresses import is_loopback
from .cloud.token import Token
from .cloud.vendor import Credentials, OAuth, SignIn, Vendor
from .const import DOMAIN
from .session import get_transport

CALLBACK: Final = "/auth/solar_cloud/callback"
MY: Final = "my"
"""Home Assistant's integration that forwards from an address of its own, which takes any vendor's demand for https."""
WAITING: Final[HassKey[dict[str, str]]] = HassKey(f"{DOMAIN}_waiting_flows")
"""Flow id by the short state that stands for it."""


class Consent(oauth2.LocalOAuth2Implementation):
    """One vendor's page of consent, opened with the credentials just typed.

    The redirect address is settled once: what the page was opened with must be what the code is exchanged with.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        vendor: Vendor,
        sign_in: SignIn,
        credentials: Credentials,
        redirect: str | None = None,
    ) -> None:
        """Prepare it; the base class only lends its signed state. ``redirect`` is the address the page was opened with before."""
        super().__init__(hass, DOMAIN, "", "", "https://localhost/", "")
        assert sign_in.oauth is not None
        self._vendor: Final = vendor
        self._oauth: Final[OAuth] = sign_in.oauth
        self._credentials: Final = credentials
        self._redirect: Final = redirect or redirect_address(hass, sign_in.oauth)

    @property
    @override
    def name(self) -> str:
        """The name that Home Assistant shows for these credentials."""
        return self._vendor.name

    @property
    @override
    def redirect_uri(self) -> str:
        """The address to register with the vendor."""
        return self._redirect

    @property
    def comes_back(self) -> bool:
        """Whether the page can lead the browser back here by itself."""
        return not stands_in(self.hass, self._oauth, self._redirect)

    @override
    async def async_generate_authorize_url(self, flow_id: str) -> str:
        """Return the vendor's page, carrying the state that leads back to this flow."""
        if (longest := self._oauth.longest_state) is None:
            long = await super().async_generate_authorize_url(flow_id)
            state = URL(long).query["state"]
        else:
            state = _short_state(self.hass, flow_id, longest)
        return self._oauth.authorize_url(self._credentials, self.redirect_uri, state)

    async def async_exchange(self, code: str) -> Token:
        """Turn a code into the first token. Raises a ``CloudError``."""
        transport = get_transport(self.hass)
        return await self._oauth.exchange(
            self._credentials, code, self.redirect_uri, transport
        )


@callback
def redirect_address(hass: HomeAssistant, oauth: OAuth) -> str:
    """Return the address to register with the vendor: one that it takes, and the same each time, as it knows one only.

    A vendor whose page cannot carry Home Assistant's long state needs our own callback.
    """
    if oauth.longest_state is None and MY in hass.config.components:
        return oauth2.MY_AUTH_CALLBACK_PATH
    if (base := _base(hass, oauth)) is None:
        return oauth2.MY_AUTH_CALLBACK_PATH
    path = oauth2.AUTH_CALLBACK_PATH if oauth.longest_state is None else CALLBACK
    return f"{base.origin()}{path}"


@callback
def stands_in(hass: HomeAssistant, oauth: OAuth, redirect: str) -> bool:
    """Whether an address is only there for the vendor to take: the code it ends with is pasted."""
    return redirect == oauth2.MY_AUTH_CALLBACK_PATH and (
        oauth.longest_state is not None or MY not in hass.config.components
    )


def _base(hass: HomeAssistant, oauth: OAuth) -> URL | None:
    """Return where Home Assistant is reached: from outside first, in its own order; else as this browser does. Only what the vendor takes."""
    found = []
    with suppress(NoURLAvailableError):
        found.append(get_url(hass, prefer_external=True, require_ssl=oauth.https_only))
    if (request := current_request.get()) is not None:
        found.append(request.headers.get(oauth2.HEADER_FRONTEND_BASE, ""))
    return next((url for url in map(URL, found) if _taken(oauth, url)), None)


def _taken(oauth: OAuth, url: URL) -> bool:
    """Whether a vendor takes an address: https, or this machine."""
    if url.host is None:
        return False
    return not oauth.https_only or url.scheme == "https" or is_loopback(url.host)


@callback
def _short_state(hass: HomeAssistant, flow_id: str, length: int) -> str:
    """Return a short, unguessable stand-in for a flow, and listen for it."""
    if WAITING not in hass.data:
        hass.data[WAITING] = {}
        hass.http.register_view(ConsentView())
    waiting = hass.data[WAITING]
    for stale in [state for state, flow in waiting.items() if flow == flow_id]:
        del waiting[stale]
    state = secrets.token_hex(length)[:length]
    waiting[state] = flow_id
    return state


class ConsentView(HomeAssistantView):
    """Where the vendor's page sends the browser back to, with a short state."""

    url = CALLBACK
    name = "auth:solar_cloud:callback"
    requires_auth = False

    async def get(self, request: web.Request) -> web.Response:
        """Give the code to the flow that waits for it; a state works once."""
        hass = request.app[KEY_HASS]
        flow_id = hass.data[WAITING].pop(request.query.get("state", ""), None)
        answer: dict[str, Any] = {
            key: request.query[key] for key in ("code", "error") if key in request.query
        }
        unknown = web.Response(text="Unknown or used state", status=400)
        if flow_id is None or not answer:
            return unknown
        try:
            await hass.config_entries.flow.async_configure(
                flow_id=flow_id, user_input=answer
            )
        except UnknownFlow:  # its dialog was closed meanwhile
            return unknown
        return web.Response(
            text="<script>window.close()</script>", content_type="text/html"
        )
