"""What an action is about, and how it says that it cannot be done."""

from typing import Final

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, service

from ..account import accounts, is_account
from ..cloud.errors import CloudError
from ..cloud.history import HistoryClient
from ..const import DOMAIN
from ..runtime import SolarCloudConfigEntry
from ..statistics.manager import History

ATTR_CONFIG_ENTRY: Final = "config_entry_id"
ATTR_DEVICE: Final = "device_id"
ATTR_START: Final = "start"
ATTR_END: Final = "end"


def error(key: str, **placeholders: str) -> ServiceValidationError:
    """Tell the user what is wrong with what was asked."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def as_error(err: CloudError) -> HomeAssistantError:
    """Tell the user what the cloud said."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders=err.placeholders,
    )


def entry_of(call: ServiceCall) -> SolarCloudConfigEntry:
    """Return the account an action is about: named, or that of a device, or the only one."""
    if device_id := call.data.get(ATTR_DEVICE):
        return device_and_entry(call.hass, device_id)[1]
    wanted = call.data.get(ATTR_CONFIG_ENTRY)
    if wanted is None and len(only := accounts(call.hass)) == 1:
        wanted = only[0].entry_id
    return account_of(service.async_get_config_entry(call.hass, DOMAIN, wanted))


def account_of(entry: SolarCloudConfigEntry) -> SolarCloudConfigEntry:
    """Return an entry that is an account. Raises an error for the one that adds all plants up."""
    if not is_account(entry):
        raise error("totals_only")
    return entry


def device_and_entry(
    hass: HomeAssistant, device_id: str
) -> tuple[dr.DeviceEntry, SolarCloudConfigEntry]:
    """Return a device of ours by its id in Home Assistant, and its account."""
    device, entry = service.async_get_device_and_config_entry(
        hass, DOMAIN, device_id, include_child_devices=False
    )
    return device, account_of(entry)


def history_of(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> tuple[History, HistoryClient]:
    """Return what reads an account's past, where the vendor keeps one."""
    history = entry.runtime_data.history
    if (history_client := history.history_client) is None:
        raise error("no_history")
    return history, history_client
