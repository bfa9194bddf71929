"""Looking into the past of a device, as the vendor keeps it."""

from datetime import datetime, timedelta
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
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..cloud.errors import CloudError, Paced
from ..cloud.history import PastWindow
from ..cloud.model import Reading
from ..const import DOMAIN
from ..device_registry import own_identifier
from ..flow_schemas import async_pause
from ..statistics.counters import async_zone
from .targets import (
    ATTR_DEVICE,
    ATTR_END,
    ATTR_START,
    as_error,
    device_and_entry,
    error,
    history_of,
)

LONGEST_LOOK: Final = timedelta(days=1)
"""What one call of ``get_history`` may ask for: it is meant to look, not to copy."""

LONGEST_WAIT: Final = 60.0
"""Seconds of our own pace that ``get_history`` waits for."""

GET_HISTORY: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE): cv.string,
        vol.Required(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "get_history",
        _async_get_history,
        GET_HISTORY,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    """Return what a device reported between two instants, as the vendor keeps it."""
    device, entry = device_and_entry(call.hass, call.data[ATTR_DEVICE])
    history, history_client = history_of(call.hass, entry)
    owner = own_identifier(device) or ""
    start, end = _span(call.data[ATTR_START], call.data.get(ATTR_END))
    inventory = history.inventory
    batches = history_client.batches([owner], inventory)
    if not batches:
        raise error("no_history")
    plant = inventory.plants[
        inventory.devices[owner].plant_id if owner in inventory.devices else owner
    ]
    zone = await async_zone(call.hass, history.account, plant)
    found: dict[datetime, Reading] = {}
    patience = LONGEST_WAIT
    with history.stand_back():
        while start < end:
            until = min(end, start + history_client.limits.window)
            window = PastWindow(
                start.astimezone(zone), until.astimezone(zone), timedelta(minutes=5)
            )
            try:
                past = await history_client.readings(batches[0], inventory, window)
            except Paced as err:
                patience -= err.retry_after
                if patience < 0:
                    raise as_error(err) from err
                await async_pause(call.hass, err.retry_after)
                continue
            except CloudError as err:
                raise as_error(err) from err
            found |= {
                reading.measured_at: reading
                for reading in past.get(owner, ())
                if reading.measured_at is not None
            }
            start = until
    return {"readings": [_as_json(found[at]) for at in sorted(found)]}


def _span(begin: datetime, until: datetime | None) -> tuple[datetime, datetime]:
    """Return what is to be looked at; the first and last days of the calendar have no time in other zones."""
    try:
        start = dt_util.as_utc(begin)
        latest = start + LONGEST_LOOK
        end = min(dt_util.as_utc(until) if until else latest, dt_util.utcnow())
    except OverflowError as err:
        raise error("invalid_span") from err
    if not start < end <= latest:
        raise error("invalid_span")
    return start, end


def _as_json(reading: Reading) -> JsonValueType:
    values: dict[str, JsonValueType] = {
        slot.key: value for slot, value in sorted(reading.values.items())
    }
    at = reading.measured_at
    return {"measured_at": at.isoformat() if at else None, "values": values}
