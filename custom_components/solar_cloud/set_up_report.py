"""What the last page of adding an account says: the hardware of each plant, and what may be read and set of it.

The frontend repeats no part of a text, so the lines are put together here, in Home Assistant's language rather than the reader's.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
import re
from typing import Final

from homeassistant.core import HomeAssistant

from .cloud.model import Device, DeviceKind, Inventory, Plant
from .cloud.vendor import Ability, Access
from .flow_schemas import async_sentence

MOST_PLANTS: Final = 10
"""Whoever has more looks at their devices instead."""


async def async_grants(hass: HomeAssistant, access: Access) -> str:
    """Say what the vendor's portal grants, if anything is missing."""
    if not access.missing:
        return ""
    return await async_sentence(
        hass,
        "access",
        granted=", ".join(access.granted) or "–",
        missing=", ".join(access.missing),
    )


async def async_report(
    hass: HomeAssistant, inventory: Inventory, access: Access, *, controls: bool
) -> str:
    """Say what was found of some plants; only what the lists and the try have shown."""
    plants = sorted(inventory.plants.values(), key=lambda plant: plant.name)
    texts = [
        await _async_plant(hass, plant, inventory.devices_of(plant.id), access)
        for plant in plants[:MOST_PLANTS]
    ]
    if (more := len(plants) - MOST_PLANTS) > 0:
        texts.append(await async_sentence(hass, "report_more", count=str(more)))
    if any(_unknown(inventory, plant, access) for plant in plants):
        texts.append(await async_sentence(hass, "report_later"))
    if not controls:
        texts.append(await async_sentence(hass, "report_controls_off"))
    return "\n\n".join(texts)


def _unknown(inventory: Inventory, plant: Plant, access: Access) -> bool:
    """Whether something about a plant was not tried."""
    kinds = frozenset(each.kind for each in inventory.devices_of(plant.id))
    known = {*access.granted, *access.missing}
    return any(known.isdisjoint(access.needed(each, kinds)) for each in Ability)


async def _async_plant(
    hass: HomeAssistant, plant: Plant, devices: Sequence[Device], access: Access
) -> str:
    kinds = frozenset(each.kind for each in devices)
    ordered = sorted(devices, key=lambda each: list(DeviceKind).index(each.kind))
    found = Counter([await _async_device(hass, each) for each in ordered])
    hardware = ", ".join(
        text if count == 1 else f"{count} × {text}" for text, count in found.items()
    )
    abilities = [await _async_ability(hass, each, access, kinds) for each in Ability]
    title = await async_sentence(
        hass,
        "report_plant",
        plant=plain(plant.name),
        devices=hardware or await async_sentence(hass, "report_no_devices"),
    )
    return f"{title}\n{' · '.join(abilities)}"


async def _async_device(hass: HomeAssistant, device: Device) -> str:
    """Name a device as briefly as it can be recognised: an inverter by its model, a battery by its size."""
    if device.kind is DeviceKind.INVERTER and device.model:
        return plain(device.model)
    kind = await async_sentence(hass, f"report_kind_{device.kind}")
    if device.kind is DeviceKind.BATTERY and device.capacity:
        return f"{kind} {device.capacity:.3g} kWh"
    return kind


async def _async_ability(
    hass: HomeAssistant, ability: Ability, access: Access, kinds: frozenset[DeviceKind]
) -> str:
    needed = access.needed(ability, kinds)
    missing = [name for name in needed if name in access.missing]
    granted = [name for name in needed if name in access.granted]
    if missing:
        key = "report_partly" if granted else "report_no"
    else:
        key = "report_yes" if granted else "report_unknown"
    return await async_sentence(
        hass,
        key,
        what=await async_sentence(hass, f"report_{ability}"),
        permissions=_listed(missing),
    )


def _listed(permissions: Iterable[str]) -> str:
    return ", ".join(f"*{plain(each)}*" for each in permissions)


def plain(text: str) -> str:
    """Return a name so that Markdown takes no part of it for a mark."""
    return re.sub(r"([\\`*\[\]<>])", r"\\\1", text)
