"""Why values are missing: what is known of accounts, silent devices, permissions, calls, and counters that are held back.

Errors and notices are told by their keys; their texts where what fills them in can name neither people nor servers.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final, NamedTuple, override

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.llm import LLMContext
from homeassistant.helpers.sun import is_up
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..account import accounts
from ..account_health import health_of, reason_of
from ..cloud.errors import CloudError
from ..cloud.model import Slot
from ..cloud.registry import VENDORS
from ..const import CONF_CONTROLS, CONF_VENDOR, DOMAIN
from ..coordinator import TROUBLES
from ..device_registry import DeviceNumbers
from ..doctors import SHOWN
from ..runtime import RuntimeData, SolarCloudConfigEntry
from .exposed import (
    MOST,
    READS,
    TOLD,
    ExposedPlant,
    SolarCloudTool,
    dated,
    is_live,
    iso,
    zone_of,
)

NAMELESS: Final = frozenset({"done", "permission", "status", "total", "until"})
"""What fills a text in and names neither people nor servers."""
READ: Final = ("readings", "inventory")
"""What an account is read by, that of which the trouble is told first."""
VALUES: Final = 20
"""Values that are named of each plant or device and reason."""
OLD: Final = "report_too_old"
CHANGED: Final = frozenset({Platform.NUMBER, Platform.SELECT, Platform.SWITCH})
"""Where an entity is a setting."""


class MissingTool(SolarCloudTool):
    """Why a value is missing, as far as is known here."""

    name = "solar_cloud__explain_missing_values"
    title = "Explain missing solar values"
    description = (
        "Why values of solar plants are missing or old: whether the account is read, what the cloud said last, which"
        " permission is missing, how many calls are left, which devices are silent and since when, which exposed values"
        " are missing and which counters are held back because what was told cannot be."
    )
    annotations = READS

    @override
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Tell of the accounts, and of what is wrong with their plants."""
        numbers = {each.entry_id: n for n, each in enumerate(accounts(hass), 1)}
        known = [(each, account) for each in plants if (account := each.account)]
        known.sort(key=lambda each: _is_well(each[1], each[0].id))
        rows: list[JsonObjectType] = [
            {
                "plant": plant.name,
                "account": numbers[plant.entry.entry_id],
                **await _async_trouble(hass, account, plant, llm_context.assistant),
            }
            for plant, account in known[:MOST]
        ]
        entries = {each.entry.entry_id: each.entry for each in plants}
        told: JsonObjectType = {
            "accounts": [
                {"account": numbers[key], **_account(hass, entry)}
                for key, entry in entries.items()
            ],
            "plants": [*rows],
        }
        if len(known) > MOST:
            told["plants_not_listed"] = len(known) - MOST
        return told


def _is_well(account: RuntimeData, plant_id: str) -> bool:
    """Whether all devices of a plant report."""
    quiet = account.readings.data.stale | account.readings.data.silent.keys()
    members = account.inventory.data.members(plant_id)
    return quiet.isdisjoint((plant_id, *members))


def _account(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> JsonObjectType:
    """Tell how an account stands with its cloud."""
    notices = hass.data.get(SHOWN, {}).get(entry.entry_id, {})
    told: JsonObjectType = {
        "vendor": VENDORS[entry.data[CONF_VENDOR]].name,
        "loaded": entry.state is ConfigEntryState.LOADED,
        "changing_settings_allowed": bool(entry.options.get(CONF_CONTROLS)),
        "problems": [
            {"problem": notice.key, **_nameless(notice.placeholders)}
            for notice in notices.values()
        ],
    }
    if any(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        told["sign_in_needed"] = True
    if not told["loaded"]:
        told["state"] = entry.state.value
        troubles = hass.data.get(TROUBLES, {})
        errors = (troubles.get((entry.entry_id, name)) for name in READ)
        return told | _reason(hass, next(filter(None, errors), None))
    account = entry.runtime_data
    health = health_of(account)
    return told | {
        "cloud_gives_values": account.readings.last_update_success,
        "last_success": iso(account.readings.last_success),
        "next_poll": iso(health.next_poll),
        "calls_left": account.quota.left(),
        "calls_reset": iso(health.calls_reset),
        **_reason(hass, health.last_error),
    }


def _nameless(placeholders: Iterable[tuple[str, str]]) -> dict[str, JsonValueType]:
    return {key: value for key, value in placeholders if key in NAMELESS}


def _reason(hass: HomeAssistant, err: CloudError | None) -> JsonObjectType:
    """Tell an error by its key, and by its text where that can name nobody."""
    if err is None:
        return {}
    told: JsonObjectType = {"last_error": err.key}
    if err.placeholders.keys() <= NAMELESS:
        told["reason"] = reason_of(hass, err)
    return told


async def _async_trouble(
    hass: HomeAssistant, account: RuntimeData, plant: ExposedPlant, assistant: str
) -> JsonObjectType:
    """Tell which devices of a plant are silent, which exposed values are missing, and which counters are held back."""
    zone = await zone_of(hass, account, plant)
    members = _members(hass, account, plant)
    missing: list[JsonValueType] = [
        {"of": member.name, "why": why, **_first(values)}
        for member in members
        for why, values in _missing(hass, account, member, assistant).items()
    ]
    held: list[JsonValueType] = [
        {"counter": str(role), "because": str(each.because), "behind_kwh": each.behind}
        for role, each in account.pipeline.roles_held(plant.id).items()
        if role in plant.entities and each.behind
    ]
    silent: list[JsonValueType] = [*_silent(account, members, zone)]
    return {
        **dated(account, plant.id, zone),
        "live": is_live(account, plant.id),
        "sun_is_up": is_up(hass),
        "silent_devices": silent[:MOST],
        "missing_values": missing[:MOST],
        "held_counters": held,
    }


def _first(values: list[str]) -> JsonObjectType:
    """Tell values by their keys, those of a plant's flows first."""
    values.sort(key=lambda each: (each not in TOLD, each))
    told: JsonObjectType = {"values": [*values[:VALUES]]}
    return told | ({"more": len(values) - VALUES} if len(values) > VALUES else {})


class Member(NamedTuple):
    """A plant itself, or one of its devices, by the name a model is told."""

    name: str
    id: str
    registered: dr.DeviceEntry


def _members(
    hass: HomeAssistant, account: RuntimeData, plant: ExposedPlant
) -> list[Member]:
    """Return a plant and its devices; these by their kinds, numbered as their names are."""
    registry, numbers = dr.async_get(hass), DeviceNumbers(account.store)
    entry_id = plant.entry.entry_id
    members = [Member("plant", plant.id, plant.device)]
    for each in account.inventory.data.devices_of(plant.id):
        found = registry.async_get_device_by_identifier((DOMAIN, each.id), entry_id)
        if isinstance(found, dr.DeviceEntry):
            name = f"{each.kind.replace('_', ' ')}{numbers.behind_name(each)}"
            members.append(Member(name, each.id, found))
    return members


def _silent(
    account: RuntimeData, members: Iterable[Member], zone: tzinfo
) -> Iterator[JsonObjectType]:
    """Yield the devices that should report and do not."""
    snapshot, devices = account.readings.data, account.inventory.data.devices
    for member in members:
        why = snapshot.silent.get(member.id)
        device, reading = devices.get(member.id), snapshot.readings.get(member.id)
        if device and device.reports and (why or member.id in snapshot.stale):
            at = iso(reading.measured_at if reading else None, zone)
            yield {"device": member.name, "why": why or OLD, "last_report": at}


def _missing(
    hass: HomeAssistant, account: RuntimeData, member: Member, assistant: str
) -> dict[str, list[str]]:
    """Return the exposed values and settings of a member that are not known, by the reason."""
    prefix = f"{account.vendor.key}_{member.id}_"
    found: dict[str, list[str]] = {}
    for each in er.async_entries_for_device(er.async_get(hass), member.registered.id):
        value, state = each.unique_id.removeprefix(prefix), None
        if each.domain in CHANGED or Slot.of_key(value) is not None:
            state = hass.states.get(each.entity_id)
        if state is None or state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
            continue
        if async_should_expose(hass, assistant, each.entity_id):
            found.setdefault(_why(account, member.id, state), []).append(value)
    return found


def _why(account: RuntimeData, owner: str, state: State) -> str:
    """Return why an entity shows nothing."""
    snapshot = account.readings.data
    if not account.readings.last_update_success:
        return "The cloud gives no values: see the account."
    if owner in snapshot.silent or owner in snapshot.stale:
        return "Its device is silent, or its report is too old to be called live."
    if state.domain not in CHANGED:
        return "Its device reports, but does not tell this."
    if state.state == STATE_UNKNOWN:
        return "The device did not tell how it is set; it shows once it was set here or read."
    return "The setting is not offered at the moment."
