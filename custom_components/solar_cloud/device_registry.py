"""The device registry: the account, its plants, their hardware below them, and what is gone removed once that is certain."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType

from .cloud.model import Device, DeviceKind, Inventory, Listed, Plant
from .cloud.serialization import from_json, to_json
from .cloud.storage import Storage
from .cloud.vendor import Vendor
from .const import DOMAIN

NUMBERS: Final = "numbers"
SLICE: Final = 50
"""Devices that are registered before others get their turn."""


def account_key(entry_id: str) -> str:
    """Return the key of the device that stands for the account itself; it is no plant and no device of the vendor."""
    return f"account_{entry_id}"


def registered_name(hass: HomeAssistant, entry_id: str, key: str) -> str:
    """Return what the user calls a plant or device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry_id)
    return (device.name_by_user or device.name or "") if device else ""


class DeviceNumbers:
    """Tells a plant's devices of one kind apart. A number is given once and stays, so that names and entity ids do.

    Serials stay out of names and thus out of entity ids.
    """

    def __init__(self, storage: Storage) -> None:
        """Take up the numbers given so far."""
        self._storage: Final = storage
        self._given: Final = from_json(
            dict[str, dict[DeviceKind, dict[str, int]]], storage.load(NUMBERS)
        )

    def give(self, inventory: Inventory) -> None:
        """Number what has none yet."""
        given = False
        for device in sorted(inventory.devices.values(), key=lambda each: each.id):
            alike = self._alike(device)
            if device.id not in alike:
                alike[device.id] = max(alike.values(), default=0) + 1
                given = True
        if given:
            self._storage.delay_save(NUMBERS, partial(to_json, self._given))

    def _alike(self, device: Device) -> dict[str, int]:
        plant = self._given.setdefault(device.plant_id, {})
        return plant.setdefault(device.kind, {})

    def behind_name(self, device: Device) -> str:
        """Return what follows the name of a kind: nothing for the first."""
        number = self._alike(device)[device.id]
        return f" {number}" if number > 1 else ""


class DeviceRegistrySync:
    """Keeps the registry's devices of one entry in step with the inventory."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        vendor: Vendor,
        storage: Storage,
        page: str | None,
    ) -> None:
        """Work for one entry; ``page`` is where its owner looks at the plants."""
        self._hass: Final = hass
        self._entry_id: Final = entry_id
        self._vendor: Final = vendor.name
        self._maker: Final = vendor.maker or vendor.name
        self._page: Final = page
        self._numbers: Final = DeviceNumbers(storage)
        self._missing: Final = defaultdict[str, Listed](Listed)
        self._counted: Inventory | None = None

    @callback
    def register(self, inventory: Inventory) -> None:
        """Add or update the plants and devices, parents first."""
        for _ in self._register_one_by_one(inventory):
            pass

    async def async_register(self, inventory: Inventory) -> None:
        """Do the same at a start, where all are new: others get their turn between."""
        for number, _ in enumerate(self._register_one_by_one(inventory), 1):
            if number % SLICE == 0:
                await asyncio.sleep(0)

    def _register_one_by_one(self, inventory: Inventory) -> Iterator[None]:
        """Yield after each plant and device."""
        shown = _shown(inventory)
        self._numbers.give(shown)
        self._register_account()
        for plant in inventory.plants.values():
            self._register_plant(plant)
            yield
        for device in _parents_first(shown.devices):
            self._register_device(device, shown)
            yield

    def _register_account(self) -> None:
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, account_key(self._entry_id))},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=self._maker,
            configuration_url=self._page,
            model="Account",
            translation_key="account",
            translation_placeholders={"vendor": self._vendor},
        )

    def _register_plant(self, plant: Plant) -> None:
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, plant.id)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=self._maker,
            configuration_url=self._page,
            model="Plant",
            name=plant.name,
        )

    def _register_device(self, device: Device, inventory: Inventory) -> None:
        plant = inventory.plants.get(device.plant_id)
        parent = (
            device.parent_id
            if device.parent_id in inventory.devices
            else device.plant_id
        )
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, device.id)},
            manufacturer=self._maker,
            configuration_url=self._page,
            model=device.model,
            translation_key=str(device.kind),
            translation_placeholders={
                "plant": f"{plant.name} " if plant else "",
                "number": self._numbers.behind_name(device),
            },
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
        """Remove what the user left out and what shows nothing at once, and what vanished after three complete inventories without it."""
        wanted = {*chosen.plants, *_shown(chosen).devices}
        listed = {*everything.plants, *everything.devices}
        certain = everything.complete and everything is not self._counted
        self._counted = everything
        gone = []
        for key, device in registered_devices(self._hass, self._entry_id):
            if key in wanted:
                self._missing.pop(key, None)
            elif key in listed or (certain and self._missing[key].miss()):
                gone.append(device)
        # Devices stay behind when the one they hang on goes, so plants go last.
        for device in sorted(
            gone, key=lambda each: each.entry_type is DeviceEntryType.SERVICE
        ):
            dr.async_get(self._hass).async_remove_device(device.id)


def _shown(inventory: Inventory) -> Inventory:
    """Leave out what has no values and nothing hanging on it: its page would be empty."""
    parents = {each.parent_id for each in inventory.devices.values()}
    shown = {
        key: each
        for key, each in inventory.devices.items()
        if each.reports or key in parents
    }
    return replace(inventory, devices=shown)


def registered_devices(
    hass: HomeAssistant, entry_id: str
) -> Iterable[tuple[str, dr.DeviceEntry]]:
    """Yield an entry's plants and devices by their ids, without what stands for the account."""
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry_id):
        key = own_identifier(device)
        if key is not None and key != account_key(entry_id):
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
