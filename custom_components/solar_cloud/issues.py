"""Ids of repairs: Home Assistant adds them to every download of diagnostics, so they name no plant."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .cloud.vendor import fingerprint
from .const import DOMAIN


def plant_issue_id(key: str, entry_id: str, plant_id: str) -> str:
    """Name the repair of one plant without naming the plant."""
    return f"{key}_{entry_id}_{fingerprint(plant_id)}"


@callback
def drop_plain_issue(
    hass: HomeAssistant, key: str, entry_id: str, plant_id: str
) -> bool:
    """Delete the repair an earlier version named after the plant; returns whether the user had ignored it."""
    return drop_issue(hass, f"{key}_{entry_id}_{plant_id}")


@callback
def drop_issue(hass: HomeAssistant, issue_id: str) -> bool:
    """Delete a repair; returns whether the user had ignored it."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    ir.async_delete_issue(hass, DOMAIN, issue_id)
    return issue is not None and issue.dismissed_version is not None
