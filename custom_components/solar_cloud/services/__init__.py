"""Actions: reading at once, looking into the past, importing it; and those that change settings."""

from homeassistant.core import HomeAssistant, callback

from . import control, export, get_history, import_history, lists, refresh


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions, loaded accounts or not."""
    for action in (control, refresh, get_history, import_history, export, lists):
        action.async_register(hass)
