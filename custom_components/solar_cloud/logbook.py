"""The logbook's lines: for every change that was asked for, what, where, by whom, and how it ended; for alarms, what became of them; and what another hand changed."""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .control.events import EVENT_COMMAND, command_name, state_name, value_name
from .event import EVENT_ALARM
from .journal import EVENT_CHANGE


def news_name(hass: HomeAssistant, event: str, news: str) -> str:
    """Return what an event entity tells, in Home Assistant's language."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    key = f"component.{DOMAIN}.entity.event.{event}.state_attributes.event_type.state.{news}"
    return texts.get(key, news)


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Let the logbook show commands."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        data = event.data
        device = dr.async_get(hass).async_get(data.get(ATTR_DEVICE_ID) or "")
        name = (device.name_by_user or device.name) if device else None
        command = command_name(hass, str(data["command"]))
        if (value := data.get("value")) is not None:
            command += f" → {value_name(hass, str(data['command']), value)}"
        message = f"{command}: {state_name(hass, str(data['result']))}"
        if data.get("reason"):
            message += f" ({data['reason']})"
        return {
            LOGBOOK_ENTRY_NAME: name or "Solar Cloud",
            LOGBOOK_ENTRY_MESSAGE: message,
        }

    @callback
    def describe_alarm(event: Event) -> dict[str, str]:
        data = event.data
        device = dr.async_get(hass).async_get(data.get(ATTR_DEVICE_ID) or "")
        name = (device.name_by_user or device.name) if device else None
        where = f" ({data['device']})" if data.get("device") else ""
        return {
            LOGBOOK_ENTRY_NAME: name or "Solar Cloud",
            LOGBOOK_ENTRY_MESSAGE: f"{news_name(hass, 'alarm', data['news'])}: {data['name']}{where}",
        }

    @callback
    def describe_change(event: Event) -> dict[str, str]:
        data = event.data
        words = [news_name(hass, "change", str(data["change"]))]
        if data["setting"]:
            words.append(str(data["setting"]))
        if data["after"]:
            words.append(f"{data['before']} → {data['after']}")
        return {
            LOGBOOK_ENTRY_NAME: data["device"] or "Solar Cloud",
            LOGBOOK_ENTRY_MESSAGE: ": ".join(words),
        }

    async_describe_event(DOMAIN, EVENT_COMMAND, describe)
    async_describe_event(DOMAIN, EVENT_CHANGE, describe_change)
    async_describe_event(DOMAIN, EVENT_ALARM, describe_alarm)
