"""The device registry: plants first, their hardware below them, and what is gone removed once that is certain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType

from .cloud.model import Device, Inventory, Listed, Plant
from .cloud.vendor import Vendor
from .const import DOMAIN


def registered_name(hass: HomeAssistant, entry_id: str, key: str) -> str:
    """Return what the user calls a plant or device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry_id)
    return (device.name_by_user or device.name or "") if device else ""


def _naming(device: Device, inventory: Inventory) -> dict[str, str]:
    """Tell devices of one kind apart by number, and those of several plants by plant.

    Serials stay out of names and thus out of entity ids.
    """
    alike = sorted(
        each.id
        for each in inventory.devices.values()
        if (each.plant_id, each.kind) == (device.plant_id, device.kind)
    )
    plant = inventory.plants.get(device.plant_id)
    return {
        "plant": f"{plant.name} " if plant and len(inventory.plants) > 1 else "",
        "number": f" {alike.index(device.id) + 1}" if len(alike) > 1 else "",
    }


class DeviceRegistrySync:
    """Keeps the registry's devices of one entry in step with the inventory."""

    def __init__(self, hass: HomeAssistant, entry_id: str, vendor: Vendor) -> None:
        """Work for one entry."""
        self._hass: Final = hass
        self._entry_id: Final = entry_id
        self._vendor: Final = vendor
        self._missing: Final = defaultdict[str, Listed](Listed)
        self._counted: Inventory | None = None

    @callback
    def register(self, inventory: Inventory) -> None:
        """Add or update the plants and devices, parents first."""
        for plant in inventory.plants.values():
            self._register_plant(plant)
        for device in _parents_first(inventory.devices):
            self._register_device(device, inventory)

    def _register_plant(self, plant: Plant) -> None:
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, plant.id)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=self._vendor.name,
            model="Plant",
            name=plant.name,
        )

    def _register_device(self, device: Device, inventory: Inventory) -> None:
        parent = (
            device.parent_id
            if device.parent_id in inventory.devices
            else device.plant_id
        )
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, device.id)},
            manufacturer=self._vendor.name,
            model=device.model,
            translation_key=str(device.kind),
            translation_placeholders=_naming(device, inventory),
            serial_number=device.serial,
            sw_version=device.firmware,
            via_device_id=dr.async_get_device_id_by_identifier(
                self._hass,
                (DOMAIN, parent or device.plant_id),
                config_entry_id=self._entry_id,
            ),
        )

    @callback
    def prune(self, everything: Inventory, chosen: Inventory) -> None:
        """Remove what the user left out at once, and what vanished after three complete inventories without it."""
        wanted = {*chosen.plants, *chosen.devices}
        listed = {*everything.plants, *everything.devices}
        certain = everything.complete and everything is not self._counted
        self._counted = everything
        gone = []
        for key, device in self._registered():
            if key in wanted:
                self._missing.pop(key, None)
            elif key in listed or (certain and self._missing[key].miss()):
                gone.append(device)
        # Devices stay behind when the one they hang on goes, so plants go last.
        for device in sorted(
            gone, key=lambda each: each.entry_type is DeviceEntryType.SERVICE
        ):
            dr.async_get(self._hass).async_remove_device(device.id)

    def _registered(self) -> Iterable[tuple[str, dr.DeviceEntry]]:
        registry = dr.async_get(self._hass)
        for device in dr.async_entries_for_config_entry(registry, self._entry_id):
            if (key := own_identifier(device)) is not None:
                yield key, device


def own_identifier(device: dr.DeviceEntry) -> str | None:
    """Return the plant or device id behind a registry entry."""
    return next((key for domain, key in device.identifiers if domain == DOMAIN), None)


def _parents_first(devices: Mapping[str, Device]) -> list[Device]:
    """Order devices so that each comes after the one it hangs on."""

    def depth(device: Device) -> int:
        steps, seen = 0, {device.id}
        while (
            parent := devices.get(device.parent_id or "")
        ) is not None and parent.id not in seen:
            seen.add(parent.id)
            steps, device = steps + 1, parent
        return steps

    return sorted(devices.values(), key=depth)
