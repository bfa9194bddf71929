"""The HTTP session of all accounts: it keeps no cookies, so that no account can speak in another's name. What each is answered is captured apart."""

from typing import Final

import aiohttp

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from .cloud.capture import Capture
from .cloud.transport import Transport
from .const import DOMAIN

SESSION: Final[HassKey[aiohttp.ClientSession]] = HassKey(f"{DOMAIN}_session")


def get_transport(hass: HomeAssistant, capture: Capture | None = None) -> Transport:
    """Return a transport of one account; the session verifies TLS and closes with Home Assistant."""
    if SESSION not in hass.data:
        # Left to itself, the session would close with the account that asked for it first.
        session = async_create_clientsession(
            hass, auto_cleanup=False, cookie_jar=aiohttp.DummyCookieJar()
        )

        @callback
        def close(_: Event) -> None:
            session.detach()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
        hass.data[SESSION] = session
    return Transport(hass.data[SESSION], capture)
