"""Changing an account over to the address that its server names: only after the user has confirmed it, and only onto the internet."""

from collections.abc import Mapping
import ipaddress
import socket
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .attempt import Attempt, identity, paused, shows_same_plants
from .cloud.addresses import is_loopback, may_move
from .cloud.errors import CloudError
from .cloud.registry import VENDORS
from .const import CONF_CREDENTIALS, CONF_SIGN_IN, CONF_VENDOR
from .flow_schemas import async_sentence

KIND: Final = "moved"
KEY: Final = "interface_moved"
"""The error and the repair."""


def issue_data(entry_id: str, placeholders: Mapping[str, str]) -> dict[str, Any]:
    """Return what the repair's flow needs to know."""
    return {
        "kind": KIND,
        "entry_id": entry_id,
        "old": placeholders["old"],
        "host": placeholders["host"],
    }


def address_of(host: str) -> URL:
    """Return the address of a host as it is shown; encrypted unless it is this machine."""
    url = URL(f"https://{host}")
    return url.with_scheme("http") if is_loopback(url.host or "") else url


class MovedFlow(RepairsFlow):
    """Names the new host, and changes the account over to it once it is confirmed and shows the same plants."""

    def __init__(self, entry: ConfigEntry, old: str, host: str) -> None:
        """Work for one account."""
        self._entry: Final = entry
        self._old: Final = old
        self._host: Final = host

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the host."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Change over after confirmation."""
        shown = {"account": self._entry.title, "old": self._old, "host": self._host}
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=shown,
            )
        try:
            await async_change_over(self.hass, self._entry, self._old, self._host)
        except CloudError as err:
            detail = await async_sentence(self.hass, err.key, **err.placeholders)
            return self.async_abort(
                reason="not_changed",
                description_placeholders=shown | {"detail": detail},
            )
        return self.async_create_entry(data={})


async def async_change_over(
    hass: HomeAssistant, entry: ConfigEntry, old: str, host: str
) -> None:
    """Try the account at its new address, with the token it has, and keep the address if it is the same account.

    Raises a ``CloudError``; the entry is then as before.
    """
    vendor = VENDORS[entry.data[CONF_VENDOR]]
    sign_in = vendor.sign_in(entry.data[CONF_SIGN_IN])
    new = address_of(host)
    credentials = sign_in.moved(entry.data[CONF_CREDENTIALS], old, new)
    if credentials is None:
        return  # it was changed meanwhile
    await _async_check_host(hass, address_of(old), new)
    attempt = Attempt(hass, vendor, sign_in)
    await attempt.async_take_up(entry)
    unique_id = identity(vendor, sign_in, credentials, attempt.token)
    async with paused(hass, entry):
        attempt.connect(credentials)
        await attempt.async_list()
        if not shows_same_plants(hass, entry, attempt.inventory):
            raise CloudError("other_account")
    await attempt.async_keep_seed(credentials, unique_id)
    hass.config_entries.async_update_entry(
        entry,
        unique_id=unique_id,
        data={**entry.data, CONF_CREDENTIALS: credentials},
    )
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def _async_check_host(hass: HomeAssistant, old: URL, new: URL) -> None:
    """Refuse a host whose name leads into a home's network after all. Raises ``CloudError("private_host")``."""
    if not may_move(old, new):
        raise CloudError("private_host")
    if is_loopback(new.host or ""):
        return
    try:
        found = await hass.loop.getaddrinfo(new.host, new.port, type=socket.SOCK_STREAM)
    except OSError:
        raise CloudError("cannot_connect") from None
    if not all(
        ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_global
        for each in found
    ):
        raise CloudError("private_host")
