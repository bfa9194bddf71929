"""Looking into the past of plants and devices, as far as the vendor keeps it and the limits of the moment go."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..backfill.look_back import NO_HISTORY, TOO_FINE, LookBack, PastRow, Question
from ..cloud.catalogue import AsksByPoint, SupportsRawPoints
from ..cloud.errors import RetryLater
from ..cloud.history import Interval
from ..cloud.model import Inventory, Plant, Slot, printable
from ..const import DOMAIN
from ..device_registry import own_identifier
from ..flow_schemas import async_pause
from ..runtime import SolarCloudConfigEntry
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

ATTR_INTERVAL: Final = "interval"
ATTR_POINTS: Final = "points"

LOOK: Final = timedelta(days=1)
"""How far a look goes whose end is left out, where it is fine."""
FINE: Final = frozenset({Interval.FIVE_MINUTES, Interval.HOUR})
LONGEST_WAIT: Final = 75.0
"""Seconds of our own pace that one call waits for: a minute's pause between two calls."""

PAST: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_DEVICE): vol.All(cv.ensure_list, vol.Length(min=1), [cv.string]),
    vol.Required(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
    vol.Optional(ATTR_INTERVAL, default=Interval.FIVE_MINUTES): vol.Coerce(Interval),
    vol.Optional(ATTR_POINTS, default=list): vol.All(cv.ensure_list, [cv.string]),
}
"""What a look into the past is asked with."""
GET_HISTORY: Final = vol.Schema(PAST)


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
    """Return what plants and devices told between two instants."""
    return (await async_look_back(call.hass, call.data)).as_json()


async def async_look_back(hass: HomeAssistant, asked: Mapping[str, Any]) -> PastAnswer:
    """Look into the past of plants and devices of any accounts, as ``PAST`` describes it. Raises an error of Home Assistant."""
    interval: Interval = asked[ATTR_INTERVAL]
    start, end = _span(asked[ATTR_START], asked.get(ATTR_END), interval)
    slots = {key: _slot(interval, key) for key in asked[ATTR_POINTS]}
    accounts: dict[str, tuple[SolarCloudConfigEntry, dict[str, str]]] = {}
    for device_id in asked[ATTR_DEVICE]:
        device, entry = device_and_entry(hass, device_id)
        chosen = accounts.setdefault(entry.entry_id, (entry, {}))[1]
        chosen[own_identifier(device) or ""] = device_id
    answer = PastAnswer()
    for entry, chosen in accounts.values():
        points = _Points(entry, chosen, [key for key in slots if slots[key] is None])
        question = Question(
            interval,
            start,
            end,
            UTC,
            frozenset(slot for slot in slots.values() if slot),
            points.ids,
        )
        await _async_look(hass, entry, chosen, question, points, answer)
    if answer.failure and not answer.rows and answer.go_on is None:
        raise answer.failure
    return answer


class _Points:
    """The vendor's points that are asked for beside our quantities."""

    def __init__(
        self,
        entry: SolarCloudConfigEntry,
        owners: Iterable[str],
        keys: Iterable[str],
    ) -> None:
        """Look them up for the plants and devices of an account. Raises an error for what none of them has."""
        account = entry.runtime_data
        inventory, cloud = account.history.inventory, account.cloud
        catalogue = account.vendor.catalogue
        kinds = [
            catalogue.type_of(each)
            for owner in owners
            if (each := inventory.plants.get(owner) or inventory.devices.get(owner))
        ]
        seen = cloud.unmapped() if isinstance(cloud, SupportsRawPoints) else {}
        self.units: Final[dict[str, str]] = {}
        for key in keys:
            point_id = catalogue.point_id(key)
            listed = [
                point
                for kind in kinds
                if (point := catalogue.point(kind, point_id)) is not None
            ]
            by_number = isinstance(cloud, AsksByPoint) and point_id.isdecimal()
            if not (
                listed
                or by_number
                or any(point_id in seen.get(kind, ()) for kind in kinds)
            ):
                raise error("unknown_point", point=printable(key))
            self.units[point_id] = listed[0].unit if listed else ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids, as the vendor names them."""
        return tuple(self.units)


class PastAnswer:
    """What several accounts answer together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rows: list[dict[str, Any]] = []
        self.units: dict[str, str] = {}
        self.missing: list[JsonValueType] = []
        self.go_on: datetime | None = None
        self.failure: HomeAssistantError | None = None
        """Why there is nothing of one of the accounts, where no limit is the reason."""

    def add(
        self,
        device_id: str,
        rows: Iterable[PastRow],
        interval: Interval,
        plant: Plant,
        units: Mapping[str, str],
    ) -> None:
        """Add the rows of one plant or device."""
        for row in rows:
            told = {
                "device_id": device_id,
                "start": row.start.isoformat(),
            }
            if interval is Interval.FIVE_MINUTES:
                told["measured_at"] = dt_util.as_utc(row.start).isoformat()
            self.rows.append(told | {"values": {**row.values}})
            for key in row.values.keys() - self.units.keys():
                self.units[key] = units.get(key) or _unit(key, plant)

    def lack(self, looked: LookBack, device_ids: Mapping[str, str]) -> None:
        """Add what was not found, and when to go on."""
        self.missing += [
            {
                "device_id": device_ids[each.owner],
                "start": dt_util.as_local(each.start).isoformat(),
                "end": dt_util.as_local(each.end).isoformat(),
                "reason": each.why,
            }
            for each in looked.lacking
        ]
        if looked.retry_after is not None:
            at = dt_util.utcnow() + timedelta(seconds=looked.retry_after)
            self.go_on = max(at, self.go_on or at)

    @property
    def continue_at(self) -> str | None:
        """When one can go on, where a limit stopped it."""
        return self.go_on.isoformat() if self.go_on else None

    def as_json(self) -> ServiceResponse:
        """Give the form of the response."""
        return {
            "readings": [*self.rows],
            "units": {key: self.units[key] for key in sorted(self.units)},
            "missing": self.missing,
            "continue_at": self.continue_at,
        }


async def _async_look(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    chosen: Mapping[str, str],
    question: Question,
    points: _Points,
    answer: PastAnswer,
) -> None:
    """Look into the past of an account. Raises an error of Home Assistant."""
    history, history_client = history_of(hass, entry)
    inventory = history.inventory
    looked = LookBack(
        history_client,
        inventory,
        dt_util.utcnow(),
        partial(async_pause, hass),
        LONGEST_WAIT,
        history.account.readings.data.readings,
    )
    rows = 0
    with history.stand_back():
        for plant, owners in _by_plant(chosen, inventory):
            zone = await async_zone(hass, history.account, plant)
            asked = replace(question, zone=zone)
            for owner, found in (await looked.look(owners, asked)).items():
                answer.add(chosen[owner], found, asked.interval, plant, points.units)
                rows += len(found)
    if not rows and looked.error and not isinstance(looked.error, RetryLater):
        answer.failure = as_error(looked.error)
    reasons = {each.why for each in looked.lacking}
    if not rows and reasons and reasons <= {NO_HISTORY, TOO_FINE}:
        answer.failure = error(max(reasons))
    answer.lack(looked, chosen)


def _by_plant(
    owners: Iterable[str], inventory: Inventory
) -> list[tuple[Plant, list[str]]]:
    """Sort plants and devices by the plant they belong to. Raises an error for what is gone."""
    found: dict[str, list[str]] = {}
    for owner in owners:
        device = inventory.devices.get(owner)
        plant_id = device.plant_id if device else owner
        if plant_id not in inventory.plants:
            raise error("no_history")
        found.setdefault(plant_id, []).append(owner)
    return [(inventory.plants[plant_id], each) for plant_id, each in found.items()]


def _slot(interval: Interval, key: str) -> Slot | None:
    """Return what a user calls a quantity; ``None`` for what may be a point of the vendor.

    From an hour on, all counters of one energy are the same: what it was in the interval.
    """
    found = Slot.of_key(key) or Slot.of_key(f"{key}_total")
    if found is None or interval is Interval.FIVE_MINUTES:
        return found
    total = found.quantity.lifetime
    return found if total is None else Slot(total, found.index)


def _unit(key: str, plant: Plant) -> str:
    slot = Slot.of_key(key) or Slot.of_key(f"{key}_total")
    unit = slot.quantity.unit if slot else ""
    return plant.currency or "" if unit == "money" else unit


def _span(
    begin: datetime, until: datetime | None, interval: Interval
) -> tuple[datetime, datetime]:
    """Return what is to be looked at; the first and last days of the calendar have no time in other zones."""
    now = dt_util.utcnow()
    try:
        start = dt_util.as_utc(begin)
        if until is not None:
            end = min(dt_util.as_utc(until), now)
        else:
            end = min(start + LOOK, now) if interval in FINE else now
    except OverflowError as err:
        raise error("invalid_span") from err
    if not start < end:
        raise error("invalid_span")
    return start, end
