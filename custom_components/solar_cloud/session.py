"""The HTTP session of all accounts: it keeps no cookies, so that no account can speak in another's name."""

from typing import Final

import aiohttp

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from .cloud.transport import HttpTransport
from .const import DOMAIN

TRANSPORT: Final[HassKey[HttpTransport]] = HassKey(f"{DOMAIN}_transport")


def get_transport(hass: HomeAssistant) -> HttpTransport:
    """Return the transport; its session verifies TLS and closes with Home Assistant."""
    if TRANSPORT not in hass.data:
        session = async_create_clientsession(hass, cookie_jar=aiohttp.DummyCookieJar())
        hass.data[TRANSPORT] = HttpTransport(session)
    return hass.data[TRANSPORT]
