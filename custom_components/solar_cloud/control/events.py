"""The event behind the logbook: every change that was asked for, and how it ended."""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID, STATE_OFF, STATE_ON
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from ..cloud.control import Control, SettingValue
from ..const import DOMAIN

EVENT_COMMAND: Final = f"{DOMAIN}_command"
# The sign of life that keeps a mode going is nothing that users know by a name of its own.
_SHOWN_AS: Final = {"renew_battery": Control.BATTERY_MODE}


def command_name(hass: HomeAssistant, name: str) -> str:
    """Return what users read where a command is given, in Home Assistant's language: the name of the entity or of the action."""
    name = _SHOWN_AS.get(name, name)
    found = next((each for each in Control if each == name), None)
    category, key = (
        ("services", f"services.{name}.name")
        if found is None
        else ("entity", f"entity.{found.kind}.{found}.name")
    )
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{key}", name.replace("_", " "))


def value_name(hass: HomeAssistant, name: str, value: SettingValue) -> str:
    """Return how users see what was set, in Home Assistant's language."""
    language = hass.config.language
    match value:
        case bool():
            key, integration = "component.switch.entity_component._.state", "switch"
            texts = async_get_cached_translations(
                hass, language, "entity_component", integration
            )
            state = STATE_ON if value else STATE_OFF
            return texts.get(f"{key}.{state}", state)
        case float():
            return f"{value:g}"
    texts = async_get_cached_translations(hass, language, "entity", DOMAIN)
    key = f"component.{DOMAIN}.entity.select.{name}.state.{value}"
    return texts.get(key, str(value))


def state_name(hass: HomeAssistant, state: str) -> str:
    """Return the word for how a command stands, the same wherever it is shown."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    key = f"component.{DOMAIN}.entity.sensor.last_command.state.{state}"
    return texts.get(key, state)


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
