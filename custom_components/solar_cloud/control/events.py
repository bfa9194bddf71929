"""The event behind the logbook: every change that was asked for, and how it ended."""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..cloud.control import SettingValue
from ..const import DOMAIN

EVENT_COMMAND: Final = f"{DOMAIN}_command"


def fire(
    hass: HomeAssistant,
    entry_id: str,
    device_id: str,
    data: Mapping[str, SettingValue | None],
    context: Context | None,
) -> None:
    """Tell the bus of a command; the context names the user."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, device_id), entry_id
    )
    hass.bus.async_fire(
        EVENT_COMMAND,
        {ATTR_DEVICE_ID: device.id if device else None, **data},
        context=context,
    )
