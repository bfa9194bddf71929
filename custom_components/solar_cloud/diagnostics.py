"""Diagnostics: an allow-list of what helps, with pseudonyms for everything that could identify a person or a device.

A pseudonym ("inverter_1") is the same throughout one file, so that lines still correlate. A last scan withholds every text in which
a known secret, serial, name or address still occurs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
import re
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .account import Account
from .cloud.model import Inventory, Reading, Value
from .cloud.serialization import from_json_or_none
from .cloud.storage import Json
from .cloud.token import SECTION as TOKEN, Token
from .const import CONF_CONTROLS, CONF_CREDENTIALS, CONF_EXCLUDED_PLANTS
from .coordinator import SolarCloudCoordinator
from .device_registry import own_identifier
from .pipeline.held import Held
from .runtime import RuntimeData, SolarCloudConfigEntry

PUBLIC: Final = frozenset({"region"})
"""Credentials that identify no account."""
WITHHELD: Final = "**WITHHELD**"
SHORTEST_SECRET: Final = 4
"""Shorter texts occur by chance; no real identity is that short."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: SolarCloudConfigEntry
) -> dict[str, Any]:
    """Return what a report of an account contains, without names and secrets."""
    account = entry.runtime_data
    names = Pseudonyms(account.inventory.data)
    owners = account.readings.data.readings.keys()
    report = _account(entry, account) | {
        "devices": [_owner(account, names, key) for key in sorted(owners, key=names.of)]
    }
    return _scrubbed(report, entry, account)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Describe an account and one plant or device."""
    account = entry.runtime_data
    names = Pseudonyms(account.inventory.data)
    key = own_identifier(device)
    listed = key is not None and key in account.readings.data.readings
    report = _account(entry, account) | {
        "device": _owner(account, names, key) if key and listed else None
    }
    return _scrubbed(report, entry, account)


def _scrubbed(
    report: dict[str, Any], entry: SolarCloudConfigEntry, account: Account
) -> dict[str, Any]:
    return cast(dict[str, Any], scrub(report, _pattern(_secrets(entry, account))))


class Pseudonyms:
    """Stable names for plants and devices within one file."""

    def __init__(self, inventory: Inventory) -> None:
        """Number plants and devices by kind, in the order of their ids."""
        self._names: dict[str, str] = {
            key: f"plant_{n}" for n, key in enumerate(sorted(inventory.plants), 1)
        }
        counts: dict[str, int] = {}
        for key, device in sorted(inventory.devices.items()):
            counts[device.kind] = counts.get(device.kind, 0) + 1
            self._names[key] = f"{device.kind}_{counts[device.kind]}"

    def of(self, key: str) -> str:
        """Return the pseudonym of a plant or device."""
        return self._names.get(key, "unlisted")


def _account(entry: SolarCloudConfigEntry, account: RuntimeData) -> dict[str, Any]:
    return {
        "vendor": account.vendor.key,
        "sign_in": account.sign_in.key,
        "region": entry.data[CONF_CREDENTIALS].get("region"),
        "options": {
            "controls": entry.options.get(CONF_CONTROLS, False),
            "excluded_plants": len(entry.options.get(CONF_EXCLUDED_PLANTS, ())),
        },
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
        "controls": _controls(account),
        "open_alarms": sum(map(len, account.readings.data.alarms.values())),
        "notices": sorted(notice.key for notice in account.readings.data.notices),
        "client": account.cloud.report(),
    }


def _controls(account: RuntimeData) -> dict[str, Any]:
    """Say what may be set, and why the rest may not."""
    if (control_manager := account.control_manager) is None:
        return {"enabled": False}
    names = Pseudonyms(account.inventory.data)
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
        "interval": coordinator.update_interval.total_seconds()
        if coordinator.update_interval
        else None,
    }


def _owner(account: Account, names: Pseudonyms, key: str) -> dict[str, Any]:
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


def _secrets(entry: SolarCloudConfigEntry, account: Account) -> set[str]:
    """Collect everything that must not be in the file."""
    credentials: Mapping[str, str] = entry.data[CONF_CREDENTIALS]
    inventory = account.inventory.data
    secrets = {value for key, value in credentials.items() if key not in PUBLIC}
    secrets.update(_strings(account.store.load(TOKEN)))
    for plant in inventory.plants.values():
        secrets.update((plant.id, plant.name, *plant.address.values()))
    for device in inventory.devices.values():
        secrets.update((device.id, device.serial or "", *device.address.values()))
    secrets.add(entry.unique_id or "")
    # Models and type numbers in an address are not identities.
    public = {device.model for device in inventory.devices.values()}
    return {
        secret
        for secret in secrets
        if len(secret) >= SHORTEST_SECRET and secret not in public
    }


def _strings(stored: Json) -> Iterable[str]:
    """Yield the secret texts of a stored token: not its scopes, which name permissions."""
    token = from_json_or_none(Token, stored)
    if token is not None:
        yield token.access
        yield token.refresh or ""
        yield from (value for _, value in token.extra)


def scrub[ItemT](item: ItemT, secrets: re.Pattern[str] | None) -> ItemT | str:
    """Return the report with every text withheld in which a secret occurs."""
    if secrets is None:
        return item
    if isinstance(item, dict):
        return cast(
            ItemT,
            {
                _word(str(key), secrets): scrub(value, secrets)
                for key, value in item.items()
            },
        )
    if isinstance(item, list):
        return cast(ItemT, [scrub(value, secrets) for value in item])
    return _word(item, secrets) if isinstance(item, str) else item


def _word(text: str, secrets: re.Pattern[str]) -> str:
    return WITHHELD if secrets.search(text) else text


def _pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Match any secret as a word of its own: a plant called "Solar" must not hide half of the report.

    With a digit in it, it is an id or a token, and may be part of a longer id.
    """
    words = [
        rf"{before}{re.escape(secret)}{after}"
        for secret in secrets
        if len(secret) >= SHORTEST_SECRET
        for before, after in (
            (r"(?<![^\W_])", r"(?![^\W_])")
            if any(each.isdigit() for each in secret)
            else (r"(?<!\w)", r"(?!\w)"),
        )
    ]
    return re.compile("|".join(words), re.IGNORECASE) if words else None
