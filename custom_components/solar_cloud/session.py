"""The HTTP session of all accounts: it keeps no cookies, so that no account can speak in another's name. What each is answered is captured apart."""

import socket
from typing import Final, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.aiohttp_client import (
    SERVER_SOFTWARE,
    HomeAssistantTCPConnector,
    async_get_clientsession,
)
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import get_default_context

from .cloud.addresses import check_numbers
from .cloud.capture import Capture
from .cloud.transport import Transport
from .const import DOMAIN

SESSION: Final[HassKey[aiohttp.ClientSession]] = HassKey(f"{DOMAIN}_session")


class VendorResolver(AbstractResolver):
    """Home Assistant's resolver, which leads nowhere that no vendor can be, whatever a name server says at the moment of the call."""

    def __init__(self, connector: HomeAssistantTCPConnector) -> None:
        """Ask the connector that all integrations share."""
        self._connector: Final = connector

    @override
    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """Return a host's numbers. Raises ``OSError``, and ``NotConnected`` for numbers that no vendor can have."""
        found = await self._connector.async_resolve_host(host)
        check_numbers(host, (each["host"] for each in found))
        return [{**each, "port": port} for each in found]

    @override
    async def close(self) -> None:
        """Leave the shared connector open."""


def get_transport(hass: HomeAssistant, capture: Capture | None = None) -> Transport:
    """Return a transport of one account; the session verifies TLS and closes with Home Assistant."""
    if SESSION not in hass.data:
        hass.data[SESSION] = _session(hass)
    return Transport(hass.data[SESSION], capture)


def _session(hass: HomeAssistant) -> aiohttp.ClientSession:
    """Make the session. Home Assistant's own would take any number a name has."""
    shared = async_get_clientsession(hass).connector
    assert isinstance(shared, HomeAssistantTCPConnector)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=VendorResolver(shared), ssl=get_default_context()
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={aiohttp.hdrs.USER_AGENT: SERVER_SOFTWARE},
    )

    async def close(_: Event) -> None:
        await session.close()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return session
