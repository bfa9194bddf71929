"""Reading an account at once, as far as its limits allow."""

from typing import Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv

from ..const import DOMAIN
from ..runtime import SolarCloudConfigEntry
from .targets import ATTR_CONFIG_ENTRY, as_error, entry_of

REFRESH: Final = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY): cv.string})


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "refresh",
        _async_refresh,
        REFRESH,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def async_refresh(entry: SolarCloudConfigEntry) -> None:
    """Read an account at once, as far as its limits allow. Raises the error of the last poll."""
    readings = entry.runtime_data.readings
    await readings.async_refresh()
    if (err := readings.last_error) is not None:
        raise as_error(err)


async def _async_refresh(call: ServiceCall) -> ServiceResponse:
    """Read an account, and say when asking again can bring something."""
    entry = entry_of(call)
    await async_refresh(entry)
    at = entry.runtime_data.readings.next_refresh
    return {"next_refresh": at.isoformat() if at else None}
