"""Sending a call of the vendor's interface by hand, for administrators only: one that only reads, and its answer without identities."""

from typing import Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service

from ..cloud.errors import CloudError, CommandInvalid
from ..cloud.vendor import AnswersCalls
from ..const import DOMAIN
from ..device_registry import own_identifier
from ..diagnostics import async_masked
from .targets import (
    ATTR_CONFIG_ENTRY,
    ATTR_DEVICE,
    as_error,
    device_and_entry,
    entry_of,
    error,
)

ATTR_CALL: Final = "call"
ATTR_PARAMETERS: Final = "parameters"

CALL_API: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY): cv.string,
        vol.Optional(ATTR_DEVICE): cv.string,
        vol.Required(ATTR_CALL): cv.string,
        vol.Optional(ATTR_PARAMETERS, default=dict): {cv.string: object},
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "call_api",
        _async_call_api,
        CALL_API,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_call_api(call: ServiceCall) -> ServiceResponse:
    """Return what the cloud answers about the account, or about a plant or device."""
    entry = entry_of(call)
    account = entry.runtime_data
    owner = None
    if device_id := call.data.get(ATTR_DEVICE):
        device, _ = device_and_entry(call.hass, device_id)
        key, inventory = own_identifier(device) or "", account.history.inventory
        owner = inventory.plants.get(key) or inventory.devices.get(key)
    if not isinstance(account.cloud, AnswersCalls):
        raise error("unknown_call")
    try:
        answer = await account.cloud.ask(
            call.data[ATTR_CALL], owner, call.data[ATTR_PARAMETERS]
        )
    except CommandInvalid as err:
        raise error(err.key, **err.placeholders) from err
    except CloudError as err:
        raise as_error(err) from err
    told = await async_masked(call.hass, entry, answer)
    if told is None and answer is not None:
        raise error("answer_withheld")
    return {"answer": told}
