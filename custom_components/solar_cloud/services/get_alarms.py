"""What is wrong at plants, and what was, as far as the vendors keep it and the limits of the moment go."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..account import loaded_accounts
from ..alarms import as_json, iso
from ..backfill.look_back import NO_HISTORY
from ..cloud.alarms import SupportsPastAlarms
from ..cloud.errors import RetryLater
from ..cloud.model import Alarm, Inventory
from ..const import DOMAIN
from ..device_registry import own_identifier
from ..flow_schemas import async_pause
from ..pipeline.alarms import masked
from ..runtime import SolarCloudConfigEntry
from .targets import ATTR_DEVICE, ATTR_END, ATTR_START, device_and_entry, error

FURTHEST: Final = timedelta(days=366)
"""How far back a period may begin: each month is a call."""
NOT_READ: Final = "not_read"
"""Why there is nothing of a plant: its alarms were not read yet, or may not be."""

GET_ALARMS: Final = vol.Schema(
    {
        vol.Optional(ATTR_DEVICE, default=list): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
    }
)

type _Chosen = dict[str, set[str] | None]
"""Plants by id, each with the devices that were asked for; ``None`` is everything."""


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "get_alarms",
        _async_get_alarms,
        GET_ALARMS,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_get_alarms(call: ServiceCall) -> ServiceResponse:
    """Return what is open, and with a start what was raised since."""
    span = _span(call.data.get(ATTR_START), call.data.get(ATTR_END))
    answer = _AlarmAnswer(call.hass)
    for entry, chosen in _chosen(call.hass, call.data[ATTR_DEVICE]):
        for plant_id, devices in chosen.items():
            await answer.async_add(entry, plant_id, devices, span)
    return {
        "alarms": answer.alarms,
        "missing": answer.missing,
        "continue_at": iso(answer.continue_at),
    }


class _AlarmAnswer:
    """What several plants answer together."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing."""
        self._hass: Final = hass
        self.alarms: Final[list[JsonValueType]] = []
        self.missing: Final[list[JsonValueType]] = []
        self.continue_at: datetime | None = None

    async def async_add(
        self,
        entry: SolarCloudConfigEntry,
        plant_id: str,
        devices: set[str] | None,
        span: tuple[datetime, datetime] | None,
    ) -> None:
        """Add the alarms of a plant, or of some of its devices, the newest first."""
        known = entry.runtime_data.readings.data.alarms.get(plant_id)
        if known is None:
            self._lack(entry, plant_id, span, NOT_READ)
        found = {alarm.id: alarm for alarm in known or ()}
        is_open = frozenset(found)
        if span is not None:
            found = {
                alarm.id: alarm
                for alarm in await self._async_past(entry, plant_id, span)
            } | found
        for alarm in sorted(found.values(), key=lambda each: -(each.raised or 0.0)):
            if devices is None or alarm.device_id in devices:
                self.alarms.append(
                    self._told(entry, plant_id, alarm, alarm.id in is_open)
                )

    async def _async_past(
        self,
        entry: SolarCloudConfigEntry,
        plant_id: str,
        span: tuple[datetime, datetime],
    ) -> Iterable[Alarm]:
        account = entry.runtime_data
        cloud = account.cloud
        if not isinstance(cloud, SupportsPastAlarms):
            self._lack(entry, plant_id, span, NO_HISTORY)
            return ()
        with account.history.stand_back():
            past = await cloud.past_alarms(
                plant_id,
                account.inventory.chosen,
                (span[0].timestamp(), span[1].timestamp()),
                partial(async_pause, self._hass),
            )
        if (err := past.stopped_by) is not None:
            self._lack(entry, plant_id, span, err.key)
            if isinstance(err, RetryLater):
                at = dt_util.utcnow() + timedelta(seconds=err.retry_after)
                self.continue_at = max(at, self.continue_at or at)
        return masked(past.alarms, account.inventory.data)

    def _told(
        self, entry: SolarCloudConfigEntry, plant_id: str, alarm: Alarm, is_open: bool
    ) -> JsonValueType:
        return {
            "device_id": self._device_id(entry, alarm.device_id or plant_id),
            "open": is_open,
            **as_json(self._hass, entry.entry_id, alarm),
            "type": alarm.type and str(alarm.type),
            "vendor_level": alarm.vendor_level,
            "cleared_at": None if is_open else iso(alarm.cleared_at),
        }

    def _lack(
        self,
        entry: SolarCloudConfigEntry,
        plant_id: str,
        span: tuple[datetime, datetime] | None,
        reason: str,
    ) -> None:
        self.missing.append(
            {
                "device_id": self._device_id(entry, plant_id),
                "start": iso(span[0]) if span else None,
                "end": iso(span[1]) if span else None,
                "reason": reason,
            }
        )

    def _device_id(self, entry: SolarCloudConfigEntry, key: str) -> str | None:
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, key), entry.entry_id
        )
        return device.id if device else None


def _chosen(
    hass: HomeAssistant, device_ids: Iterable[str]
) -> Iterator[tuple[SolarCloudConfigEntry, _Chosen]]:
    """Yield the plants that were asked for by account; all of all accounts when none was named."""
    accounts: dict[str, tuple[SolarCloudConfigEntry, _Chosen]] = {}
    for device_id in device_ids:
        device, entry = device_and_entry(hass, device_id)
        chosen = accounts.setdefault(entry.entry_id, (entry, {}))[1]
        _choose(
            chosen,
            own_identifier(device) or "",
            entry.runtime_data.inventory.chosen,
        )
    if not accounts:
        accounts = {
            entry.entry_id: (
                entry,
                dict.fromkeys(entry.runtime_data.inventory.chosen.plants),
            )
            for entry in loaded_accounts(hass)
        }
    yield from accounts.values()


def _choose(chosen: _Chosen, key: str, inventory: Inventory) -> None:
    """Add a plant with everything, or a device to those of its plant."""
    if key in inventory.plants:
        chosen[key] = None
    elif (device := inventory.devices.get(key)) is None:
        raise error("no_history")
    elif (devices := chosen.setdefault(device.plant_id, set())) is not None:
        devices.add(key)


def _span(
    begin: datetime | None, until: datetime | None
) -> tuple[datetime, datetime] | None:
    """Return the period that was asked for; the first and last days of the calendar have no time in other zones."""
    if begin is None:
        return None
    now = dt_util.utcnow()
    try:
        start = dt_util.as_utc(begin)
        end = now if until is None else min(dt_util.as_utc(until), now)
    except OverflowError as err:
        raise error("invalid_span") from err
    start = max(start, now - FURTHEST)
    if not start < end:
        raise error("invalid_span")
    return start, end
