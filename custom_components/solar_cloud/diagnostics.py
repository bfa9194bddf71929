"""Diagnostics: a bundle of what helps, with pseudonyms for everything that could identify a person or a device.

What we say ourselves is an allow-list; what the vendor said is told value by value (``cloud/masking.py``). A pseudonym ("inverter_1") is the same
throughout one file, so that lines still correlate, and so that ``scripts/replay`` can run the file. A last scan refuses the whole file while
anything is left in it that identifies.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util

from .account import Account, is_account
from .all_plants import AllPlantsCoordinator
from .cloud.capture import KeptAnswer, LoggedCall
from .cloud.errors import UnexpectedAnswer
from .cloud.masking import Identity, Masks, leaves
from .cloud.model import Device, Plant, Reading, Value
from .cloud.registry import VENDORS
from .cloud.serialization import from_json, from_json_or_none
from .cloud.storage import Json
from .cloud.token import SECTION as TOKEN, Token
from .cloud.transport import Answer
from .cloud.vendor import FieldKind
from .const import (
    CONF_CONTROLS,
    CONF_CREDENTIALS,
    CONF_EXCLUDED_PLANTS,
    CONF_REGION,
    CONF_SIGN_IN,
    CONF_VENDOR,
    DOMAIN,
)
from .coordinator import SolarCloudCoordinator
from .device_registry import own_identifier
from .pipeline.counter_filters import GUARDS, SERIALS
from .pipeline.daily import DAYS
from .pipeline.held import Held
from .pipeline.known_slots import SECTION as SEEN
from .pipeline.pipeline import ROLES
from .polling.upload_tracker import SECTION as CADENCE
from .runtime import RuntimeData, SolarCloudConfigEntry
from .statistics.anomalies import async_sanity
from .storage import STORES, AccountStorage

FORM: Final = 1
"""Of the file; ``scripts/replay`` reads this one."""
MOST_PLANTS: Final = 5
"""Of which also the statistics are told, and what is remembered of their counters."""
MEMORY: Final = (DAYS, GUARDS, ROLES, SEEN, SERIALS)
"""What decides how the next reading is published."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> dict[str, Any]:
    """Return what a report of an account contains, without names and secrets; of all plants, how they were added up."""
    if not is_account(entry):
        return _of_all_plants(entry)
    return await _Bundle(hass, entry).async_write()


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Describe an account and one plant or device."""
    if not is_account(entry):
        return _of_all_plants(entry)
    return await _Bundle(hass, entry).async_write(own_identifier(device) or "")


def _of_all_plants(entry: ConfigEntry) -> dict[str, Any]:
    """Describe what was added up: numbers only."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    coordinator: AllPlantsCoordinator = entry.runtime_data
    seen = coordinator.data
    return {
        "plants": seen.plants,
        "offline": seen.offline.count,
        "totals": {str(key): total._asdict() for key, total in seen.totals.items()},
        "joined_by": {str(key): base for key, base in coordinator.bases.items()},
    }


async def async_masked(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, answer: Json
) -> Json:
    """Return an answer of the cloud as the bundle would tell it; ``None`` while something is left in it that identifies."""
    return await hass.async_add_executor_job(_Bundle(hass, entry).masked, answer)


class _Bundle:
    """What is told of one account, whether it came up or not."""

    def __init__(self, hass: HomeAssistant, entry: SolarCloudConfigEntry) -> None:
        """Learn whom to mask."""
        self._hass: Final = hass
        self._entry: Final = entry
        loaded = entry.state is ConfigEntryState.LOADED
        self._account: Final = entry.runtime_data if loaded else None
        store = hass.data.get(STORES, {}).get(entry.entry_id)
        self._store: Final = store or AccountStorage(hass, entry.entry_id)
        self._masks: Final = Masks()
        self._learn()

    def _learn(self) -> None:
        masks, credentials = self._masks, self._entry.data[CONF_CREDENTIALS]
        if self._account is not None:
            # First: a token may name a plant.
            masks.learn_inventory(self._account.inventory.data)
            self._learn_remembered()
        vendor = VENDORS[self._entry.data[CONF_VENDOR]]
        masks.keep((vendor.key, vendor.name, vendor.maker))
        sign_in = vendor.sign_in(self._entry.data[CONF_SIGN_IN])
        kinds = {
            each.key: each.kind for each in (*sign_in.fields, *sign_in.other_fields)
        }
        for key, value in credentials.items():
            if key != CONF_REGION:
                hidden = kinds.get(key) is FieldKind.SECRET
                masks.learn(value, Identity.SECRET if hidden else Identity.ID)
        for secret in _secrets(self._store.load(TOKEN)):
            masks.learn(secret, Identity.SECRET)
        masks.learn(self._entry.unique_id, Identity.ID)
        place = self._hass.config
        for degrees in (place.latitude, place.longitude):
            masks.learn_coordinate(str(degrees))

    def _learn_remembered(self) -> None:
        """Learn whom only the memory names: a device that was replaced or removed stays in it, under its serial with some vendors."""
        for section in (GUARDS, ROLES, SEEN, SERIALS):
            kept = self._store.load(section)
            self._masks.learn_gone(kept if isinstance(kept, dict) else ())
        for serial in from_json(dict[str, str], self._store.load(SERIALS)).values():
            self._masks.learn(serial, Identity.SERIAL)

    async def async_write(self, only: str | None = None) -> dict[str, Any]:
        """Return the whole, or with ``only`` one plant or device."""
        kept, calls = self._store.capture.answers, [*self._store.capture.calls]
        # A home's answers take milliseconds, those of hundreds of plants half a second.
        answers = await self._hass.async_add_executor_job(self._answers, kept)
        told: dict[str, Any] = self._about_entry()
        if self._account is not None:
            told |= _about_account(self._account, self._masks)
            told |= self._about_devices(self._account, only)
            if len(self._account.inventory.data.plants) <= MOST_PLANTS:
                told["memory"] = {
                    each: self._masks.ids(self._store.load(each)) for each in MEMORY
                }
            told["statistics"] = await self._async_statistics(self._account)
            told["unmapped"] = _types(told["client"], answers)
        told["calls"] = [_call(each) for each in calls]
        report = await self._hass.async_add_executor_job(self._checked, told, answers)
        for row, call in zip(report.get("calls", ()), calls, strict=False):
            # Random numbers look like secrets; by them the vendor's support finds a call.
            row["number"] = self._masks.told(call.number)
        return report

    def _checked(
        self, told: dict[str, Any], answers: list[dict[str, Json]]
    ) -> dict[str, Any]:
        report: Any = self._masks.told(told)
        report["answers"] = answers
        if found := self._masks.leaks(report):
            return {
                "error": "identities_found",
                "found": {str(each): count for each, count in found.items()},
            }
        checked: dict[str, Any] = report
        return checked

    def masked(self, answer: Json) -> Json:
        """Return one answer; ``None`` where a mask has a hole."""
        self._masks.learn_answers([answer])
        told = self._masks.answer(answer)
        return None if self._masks.leaks(told) else told

    def _answers(self, kept: list[KeptAnswer]) -> list[dict[str, Json]]:
        bodies = [_parsed(each.body) for each in kept]
        self._masks.learn_answers(bodies)
        self._masks.learn_answers(dict(each.request) for each in kept)
        return [
            {
                "at": _instant(each.call.at),
                "method": each.call.method,
                "path": self._masks.told(each.call.path),
                "status": each.call.status,
                "request": self._masks.answer(dict(each.request)),
                "answer": self._masks.answer(body),
            }
            for each, body in zip(kept, bodies, strict=True)
        ]

    def _about_entry(self) -> dict[str, Any]:
        entry, token = self._entry, from_json_or_none(Token, self._store.load(TOKEN))
        return {
            "form": FORM,
            "taken_at": _time(dt_util.utcnow()),
            "state": entry.state.value,
            "vendor": entry.data[CONF_VENDOR],
            "sign_in": entry.data[CONF_SIGN_IN],
            "region": entry.data[CONF_CREDENTIALS].get(CONF_REGION),
            "token": token
            and {
                "issued_at": _instant(token.issued_at),
                "expires_at": _instant(token.expires_at),
                "renewable": token.refresh is not None,
                "scopes": None if token.scope is None else [*token.scope],
            },
            "options": {
                "controls": entry.options.get(CONF_CONTROLS, False),
                "excluded_plants": len(entry.options.get(CONF_EXCLUDED_PLANTS, ())),
            },
            "repairs": [
                {
                    "key": issue.translation_key,
                    "severity": issue.severity,
                    "ignored": issue.dismissed_version is not None,
                }
                for issue in ir.async_get(self._hass).issues.values()
                if issue.domain == DOMAIN
                and issue.active
                and entry.entry_id in issue.issue_id
            ],
        }

    def _about_devices(self, account: RuntimeData, only: str | None) -> dict[str, Any]:
        owners, names = account.readings.data.readings.keys(), self._masks
        if only is not None:
            listed = only in owners
            return {"device": _owner(account, names, only) if listed else None}
        return {
            "devices": [
                _owner(account, names, key) for key in sorted(owners, key=names.of)
            ]
        }

    async def _async_statistics(self, account: RuntimeData) -> list[dict[str, Json]]:
        plants = [*account.inventory.chosen.plants][:MOST_PLANTS]
        found = [
            row
            for plant_id in plants
            for row in await async_sanity(self._hass, account, plant_id)
        ]
        return [row | {"owner": self._masks.of(str(row["owner"]))} for row in found]


def _parsed(body: str) -> Json:
    """Return what an answer says, ``None`` for a page or a torn one."""
    try:
        return Answer(200, {}, body).json()
    except UnexpectedAnswer:
        return None


def _call(call: LoggedCall) -> dict[str, Any]:
    return {
        "at": _instant(call.at),
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "code": call.code,
        "milliseconds": round(call.milliseconds),
        "characters": call.size,
        "failure": call.failure,
    }


def _types(
    client: Mapping[str, Any], answers: list[dict[str, Json]]
) -> dict[str, list[str]]:
    """Return the types of the fields that the client found no row for."""
    names = {
        name
        for key, told in client.items()
        if key.startswith("unmapped")
        for name in _texts(told)
    }
    types: dict[str, set[str]] = {name: set() for name in names}
    for name, value in (
        leaf for answer in answers for leaf in leaves(answer["answer"])
    ):
        if name in types and value is not None:
            types[name].add(type(value).__name__)
    return {name: sorted(found) for name, found in sorted(types.items())}


def _texts(item: Json) -> Iterator[str]:
    if isinstance(item, str):
        yield item
    elif isinstance(item, list | dict):
        for each in item if isinstance(item, list) else item.values():
            yield from _texts(each)


def _about_account(account: RuntimeData, names: Masks) -> dict[str, Any]:
    return {
        "inventory": _coordinator(account.inventory)
        | {
            "complete": account.inventory.data.complete,
            "plants": len(account.inventory.data.plants),
            "devices": len(account.inventory.data.devices),
        },
        "readings": _coordinator(account.readings),
        "quota": {
            "calls_last_24_hours": account.quota.used(),
            "calls_left": account.quota.left(),
        },
        "cadence": {
            "period": account.vendor.poll_period,
            "offset": account.store.load(CADENCE),
        },
        "decisions": [
            {
                "at": _instant(each.at),
                "owner": names.of(each.device_id),
                "counter": each.slot,
                "held_because": each.because,
                "told": each.told,
                "published": each.published,
            }
            for each in account.pipeline.decisions()
        ],
        "controls": _controls(account, names),
        "open_alarms": sum(map(len, account.readings.data.alarms.values())),
        "points": _points(account),
        "notices": sorted(notice.key for notice in account.readings.data.notices),
        "client": account.cloud.report(),
    }


def _points(account: RuntimeData) -> dict[str, dict[str, int]]:
    """Return how many points are documented of each type of device there is, and how many of them are quantities of ours."""
    catalogue, inventory = account.vendor.catalogue, account.inventory.data
    owners: list[Plant | Device] = [*inventory.plants.values()]
    owners += inventory.devices.values()
    return {
        catalogue.type_of(owner): {
            "documented": len(points := catalogue.of(owner)),
            "mapped": sum(point.slot is not None for point in points),
        }
        for owner in owners
    }


def _controls(account: RuntimeData, names: Masks) -> dict[str, Any]:
    """Say what may be set, and why the rest may not."""
    if (control_manager := account.control_manager) is None:
        return {"enabled": False}
    available = control_manager.available
    return {
        "enabled": True,
        "offered": [
            {
                "device": names.of(key),
                "controls": sorted(str(spec.control) for spec in specs),
                "orders": sorted(
                    action.__name__ for action in available.actions.get(key, ())
                ),
                "writes_last_24_hours": control_manager.budget.used(key),
                "forced_until": _time(control_manager.forces.until(key)),
            }
            for key, specs in sorted(available.specs.items())
        ],
        "withheld": [
            {"device": names.of(key), "reasons": dict(reasons)}
            for key, reasons in sorted(available.unavailable_reasons.items())
        ],
        "last_commands": sorted(
            f"{names.of(owner)}.{control}: {state}"
            for (owner, control), state in control_manager.pending.states.items()
        ),
        **control_manager.report(),
    }


def _coordinator(coordinator: SolarCloudCoordinator[Any]) -> dict[str, Any]:
    return {
        "last_success": _time(coordinator.last_success),
        "last_error": coordinator.last_error.key if coordinator.last_error else None,
        "next_poll": _time(coordinator.next_poll),
        "interval": coordinator.update_interval.total_seconds()
        if coordinator.update_interval
        else None,
    }


def _owner(account: Account, names: Masks, key: str) -> dict[str, Any]:
    snapshot = account.readings.data
    device = account.inventory.data.devices.get(key)
    plant = account.inventory.data.plants.get(key)
    report: dict[str, Any] = {"id": names.of(key)}
    if device:
        report |= {
            "plant": names.of(device.plant_id),
            "parent": names.of(device.parent_id) if device.parent_id else None,
            "kind": str(device.kind),
            "model": device.model,
            "firmware": device.firmware,
            "rated_power": device.rated_power,
            "capacity": device.capacity,
        }
    elif plant:
        report |= {
            "time_zone": plant.time_zone,
            "pv_capacity": plant.pv_capacity,
            "roles": {
                str(role): [f"{names.of(owner)}.{slot}" for owner, slot in terms]
                for role, terms in account.pipeline.sources(key).items()
            },
            "roles_held": {
                str(role): _held(held)
                for role, held in account.pipeline.roles_held(key).items()
            },
        }
    return report | {
        "silent": snapshot.silent.get(key),
        "stale": key in snapshot.stale,
        "seen": sorted(slot.key for slot in account.pipeline.seen.slots(key)),
        "rejected": {
            slot.key: count
            for (owner, slot), count in account.pipeline.rejected().items()
            if owner == key
        },
        "held": {
            slot.key: _held(held)
            for (owner, slot), held in account.pipeline.held().items()
            if owner == key
        },
        **_reading(snapshot.readings[key]),
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "because": str(held.because),
        "behind_kwh": held.behind,
        "since": _instant(held.since),
        "believed_at": _instant(held.believed_at),
    }


def _instant(seconds: float | None) -> str | None:
    return _time(None if seconds is None else dt_util.utc_from_timestamp(seconds))


def _reading(reading: Reading) -> dict[str, Any]:
    values: dict[str, Value] = {
        slot.key: value for slot, value in sorted(reading.values.items())
    }
    return {
        "measured_at": _time(reading.measured_at),
        "age": (dt_util.utcnow() - reading.measured_at).total_seconds()
        if reading.measured_at
        else None,
        "values": values,
        "unknown_codes": {slot.key: code for slot, code in reading.unknown.items()},
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _secrets(stored: Json) -> Iterator[str]:
    """Yield the secret texts of a stored token: not its scopes, which name permissions."""
    token = from_json_or_none(Token, stored)
    if token is not None:
        yield token.access
        yield token.refresh or ""
        yield from (value for _, value in token.extra)
