"""Actions: reading at once, looking into the past, importing it, planning; and those that change settings."""

from homeassistant.core import HomeAssistant, callback

from . import (
    call_api,
    control,
    export,
    get_alarms,
    get_history,
    import_history,
    lists,
    plan_battery,
    refresh,
)

ACTIONS = (
    control,
    refresh,
    get_history,
    get_alarms,
    import_history,
    export,
    lists,
    call_api,
    plan_battery,
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions, loaded accounts or not."""
    for action in ACTIONS:
        action.async_register(hass)
