"""Lists of what there is: plants and devices with what they can do, and the points of one of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.util.json import JsonValueType

from ..backfill.look_back import intervals
from ..cloud.catalogue import CataloguePoint
from ..cloud.errors import CloudError
from ..cloud.model import Device, DeviceKind, Plant
from ..cloud.vendor import ListsPoints
from ..const import DOMAIN
from ..device_registry import own_identifier, registered_devices
from ..raw_points import raw_key
from ..runtime import SolarCloudConfigEntry
from .control import ACTIONS
from .targets import (
    ATTR_CONFIG_ENTRY,
    ATTR_DEVICE,
    as_error,
    device_and_entry,
    entry_of,
)

ATTR_ASK_CLOUD: Final = "ask_cloud"

LIST_DEVICES: Final = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY): cv.string})
LIST_POINTS: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE): cv.string,
        vol.Optional(ATTR_ASK_CLOUD, default=False): cv.boolean,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        "list_devices",
        _list_devices,
        LIST_DEVICES,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        "list_points",
        _async_list_points,
        LIST_POINTS,
        supports_response=SupportsResponse.ONLY,
    )


@callback
def _list_devices(call: ServiceCall) -> ServiceResponse:
    """Return every plant of an account, each followed by its devices."""
    entry = entry_of(call)
    account = entry.runtime_data
    inventory = account.history.inventory
    registered = dict(registered_devices(call.hass, entry.entry_id))
    rows: list[JsonValueType] = []
    for plant in inventory.plants.values():
        rows.append(_told(entry, plant.id, registered, _of_plant(plant)))
        rows += [
            _told(entry, each.id, registered, _of_device(each, registered))
            for each in inventory.devices_of(plant.id)
        ]
    return {"devices": rows}


def _told(
    entry: SolarCloudConfigEntry,
    key: str,
    registered: Mapping[str, dr.DeviceEntry],
    about: dict[str, Any],
) -> dict[str, Any]:
    """Describe a plant or device; neither serials nor the vendor's ids are told."""
    account = entry.runtime_data
    snapshot = account.readings.data
    client = account.history.history_client
    available = account.control_manager and account.control_manager.available
    specs = available.specs.get(key, ()) if available else ()
    able = available.actions.get(key, ()) if available else ()
    inventory = account.history.inventory
    history = intervals(client, key, inventory) if client else ()
    device = registered.get(key)  # what reports nothing has no device
    return {
        "device_id": device.id if device else None,
        "name": device.name_by_user or device.name if device else None,
        **about,
        "live": key in snapshot.readings and key not in snapshot.stale,
        "history": [str(each) for each in history],
        "settings": sorted(str(spec.control) for spec in specs),
        "actions": [name for name, (kind, *_) in ACTIONS.items() if kind in able],
    }


def _of_plant(plant: Plant) -> dict[str, Any]:
    return {
        "kind": str(DeviceKind.PLANT),
        "peak_power": plant.pv_capacity,
        "time_zone": plant.time_zone,
    }


def _of_device(
    device: Device, registered: Mapping[str, dr.DeviceEntry]
) -> dict[str, Any]:
    def listed(key: str | None) -> str | None:
        return registered[key].id if key and key in registered else None

    return {
        "kind": str(device.kind),
        "plant": listed(device.plant_id),
        "parent": listed(device.parent_id),
        "model": device.model,
        "firmware": device.firmware,
        "rated_power": device.rated_power,
        "capacity": device.capacity,
    }


async def _async_list_points(call: ServiceCall) -> ServiceResponse:
    """Return the points of a plant or device: those documented, and on request those of the vendor's own list."""
    device, entry = device_and_entry(call.hass, call.data[ATTR_DEVICE])
    account = entry.runtime_data
    inventory, key = account.history.inventory, own_identifier(device) or ""
    owner = inventory.plants.get(key) or inventory.devices.get(key)
    if owner is None:  # it is gone, and stays in the registry for a while
        return {"points": []}
    points = {each.id: each for each in account.vendor.catalogue.of(owner)}
    if call.data[ATTR_ASK_CLOUD] and isinstance(account.cloud, ListsPoints):
        try:
            listed = await account.cloud.listed_points(owner)
        except CloudError as err:
            raise as_error(err) from err
        points |= {each.id: each for each in listed}
    return {"points": _rows(call.hass, entry, key, points.values())}


def _rows(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    key: str,
    points: Iterable[CataloguePoint],
) -> list[JsonValueType]:
    registry = er.async_get(hass)
    prefix = f"{entry.runtime_data.vendor.key}_{key}_"
    rows: dict[str, er.RegistryEntry] = {
        row.unique_id: row
        for row in er.async_entries_for_config_entry(registry, entry.entry_id)
    }

    def told(point: CataloguePoint) -> dict[str, Any]:
        row = rows.get(prefix + (point.slot.key if point.slot else raw_key(point.id)))
        return {
            "id": point.id,
            "name": point.name,
            "unit": point.unit,
            "quantity": point.slot.key if point.slot else None,
            "entity_id": row.entity_id if row else None,
            "enabled": row is not None and row.disabled_by is None,
        }

    return [told(point) for point in points]
