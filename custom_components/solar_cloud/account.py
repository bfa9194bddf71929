"""One account: its client, and what polls it.

A class apart from ``RuntimeData``: ``control`` and ``statistics`` work on an account, and the runtime data hold both of them. One class would
make the imports a circle.
"""

import asyncio
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .cloud.quota import Quota
from .cloud.vendor import Cloud, SignIn, Vendor
from .const import CONF_VENDOR, DOMAIN
from .coordinator import InventoryCoordinator, ReadingsCoordinator
from .pipeline.pipeline import ReadingPipeline
from .storage import AccountStorage


@dataclass(slots=True)
class Account:
    """The client of one account, and what polls it."""

    vendor: Vendor
    sign_in: SignIn
    cloud: Cloud
    store: AccountStorage
    quota: Quota
    inventory: InventoryCoordinator
    readings: ReadingsCoordinator
    adding: asyncio.Lock = field(default_factory=asyncio.Lock, kw_only=True)
    """Held by the platform that adds entities: all of them at once are more than a browser takes in."""

    @property
    def pipeline(self) -> ReadingPipeline:
        """What makes of a poll what is published."""
        return self.readings.pipeline


def is_account(entry: ConfigEntry) -> bool:
    """Whether an entry is an account: the one of all plants only adds up what accounts show."""
    return CONF_VENDOR in entry.data


def accounts(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries of accounts that are not disabled, loaded or not."""
    entries = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    return [entry for entry in entries if is_account(entry)]


def loaded_accounts(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries of accounts that are loaded."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry for entry in entries if is_account(entry)]
