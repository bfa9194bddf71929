"""Importing the past into the long-term statistics, and taking that back; for administrators only."""

from collections.abc import Iterable, Mapping
from datetime import MINYEAR
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..backfill.fetcher import HistoryFetcher
from ..backfill.samples import TOUCH
from ..cloud.history import HistoryClient
from ..const import DOMAIN
from ..device_registry import own_identifier, registered_name
from ..runtime import SolarCloudConfigEntry
from ..statistics import recorder
from ..statistics.importer import earliest
from ..statistics.manager import History
from ..statistics.plan import STEP, Plan
from ..statistics.undo import Imported
from .targets import (
    ATTR_CONFIG_ENTRY,
    ATTR_DEVICE,
    ATTR_START,
    device_and_entry,
    entry_of,
    error,
    history_of,
)

ATTR_DRY_RUN: Final = "dry_run"
ATTR_UNDO: Final = "undo"

IMPORT_HISTORY: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY): cv.string,
        vol.Optional(ATTR_DEVICE): cv.string,
        vol.Optional(ATTR_START): cv.date,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
        vol.Optional(ATTR_UNDO, default=False): cv.boolean,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "import_history",
        _async_import_history,
        IMPORT_HISTORY,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Start the import of an account's or a plant's past, say how it stands, or take the last one back."""
    entry = entry_of(call)
    if not recorder.has_recorder(call.hass):
        raise error("no_recorder")
    history, history_client = history_of(call.hass, entry)
    plants = _plants(call, history)
    if call.data[ATTR_UNDO]:
        return {
            "plants": [
                _told(
                    call.hass, entry, plant_id, "undone", await _undo(history, plant_id)
                )
                for plant_id in plants
            ]
        }
    answers: list[JsonValueType] = []
    for plant_id in plants:
        start = _start(call.data.get(ATTR_START), history_client)
        job = history.imports.jobs.get(plant_id)
        plan = await history.imports.async_plan(
            history_client,
            history.inventory,
            plant_id,
            start if job is None else job.start,
        )
        if call.data[ATTR_DRY_RUN]:
            answers.append(
                _planned(call.hass, entry, history, history_client, plan, "planned")
            )
        elif plan.firsts or plan.waits:
            if history.stopped:  # by a reload, while the plan was made
                raise error("reloaded")
            if plant_id not in history.imports.jobs:
                await history.imports.async_begin(plant_id, start)
            answers.append(
                _planned(call.hass, entry, history, history_client, plan, "running")
            )
        else:
            done = history.imports.done.get(plant_id, {})
            answers.append(_told(call.hass, entry, plant_id, "done", done))
    if not call.data[ATTR_DRY_RUN]:
        history.work()
    return {"plants": answers}


async def _undo(history: History, plant_id: str) -> Mapping[str, Imported]:
    if (undone := await history.async_undo(plant_id)) is None:
        raise error("reloaded")
    return undone


def _plants(call: ServiceCall, history: History) -> Iterable[str]:
    inventory = history.inventory
    if (device_id := call.data.get(ATTR_DEVICE)) is None:
        return list(inventory.plants)
    device, _ = device_and_entry(call.hass, device_id)
    if (key := own_identifier(device) or "") in inventory.devices:
        key = inventory.devices[key].plant_id
    if key not in inventory.plants:
        raise error("no_history")
    return [key]


def _start(day: Any, history_client: HistoryClient) -> float:
    oldest = earliest(history_client)
    if day is None or day.year <= MINYEAR:  # whose midnight has no time in other zones
        return oldest
    return max(oldest, dt_util.start_of_local_day(day).timestamp() // 3600 * 3600)


def _planned(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    history: History,
    history_client: HistoryClient,
    plan: Plan,
    state: str,
) -> JsonValueType:
    calls = HistoryFetcher(
        plan.owners, plan.read_from(history_client), plan.end + TOUCH, STEP
    ).left(history_client, history.inventory)
    if plan.reported:
        calls += round((plan.end - plan.start) / (30 * 86400)) + 1
    return {
        "plant": registered_name(hass, entry.entry_id, plan.plant_id),
        "state": "waiting" if plan.waits else state,
        "calls": calls,
        "error": history.last_error.key if history.last_error else None,
        "counters": [
            {
                "entity_id": key,
                "from": _iso(plan.start),
                "to": _iso(first.start),
                "resolution": "reports" if key in plan.reported else "readings",
            }
            for key, first in sorted(plan.firsts.items())
        ],
    }


def _told(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    plant_id: str,
    state: str,
    imported: Mapping[str, Imported],
) -> JsonValueType:
    return {
        "plant": registered_name(hass, entry.entry_id, plant_id),
        "state": state,
        "counters": [
            {
                "entity_id": key,
                "from": _iso(each.start),
                "to": _iso(each.end),
                "energy": each.kwh,
                "resolution": each.resolution,
            }
            for key, each in sorted(imported.items())
        ],
    }


def _iso(at: float) -> str:
    return dt_util.utc_from_timestamp(at).isoformat()
