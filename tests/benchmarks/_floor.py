"""The least that so many entities cost: an integration that does nothing but add them."""

import asyncio
from collections.abc import Sequence
from itertools import batched
from typing import Final

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlow
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddEntitiesCallback

DOMAIN: Final = "floor"
SLICE: Final = 100
"""Entities at a time, as ours are added."""

type Rows = Sequence[tuple[str, bool]]
"""The device of each entity, and whether it is enabled."""


class FloorSensor(SensorEntity):
    """A number that is known from the start."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.WATT
    _attr_native_value = 1.0

    def __init__(self, device: str, number: int, *, enabled: bool) -> None:
        """Belong to a device."""
        self._attr_unique_id = f"{device}_{number}"
        self._attr_name = f"Value {number}"
        self._attr_entity_registry_enabled_default = enabled
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device)}, name=f"Device {device}"
        )


def entities_of(hass: HomeAssistant, entry: ConfigEntry) -> Rows:
    """Return what an account has registered."""
    registry = er.async_get(hass)
    return [
        (each.device_id or "", each.disabled_by is None)
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
    ]


async def set_up_floor(hass: HomeAssistant, rows: Rows) -> None:
    """Add as many entities on as many devices, in slices."""
    ready = [
        FloorSensor(device, number, enabled=enabled)
        for number, (device, enabled) in enumerate(rows)
    ]

    async def set_up_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        await hass.config_entries.async_forward_entry_setups(entry, ["sensor"])
        return True

    async def set_up_platform(
        hass: HomeAssistant,
        entry: ConfigEntry,
        add: AddEntitiesCallback,
    ) -> None:
        for each in batched(ready, SLICE, strict=False):
            add(each)
            await asyncio.sleep(0)

    mock_integration(hass, MockModule(DOMAIN, async_setup_entry=set_up_entry))
    mock_platform(hass, f"{DOMAIN}.config_flow", None)
    mock_platform(
        hass, f"{DOMAIN}.sensor", MockPlatform(async_setup_entry=set_up_platform)
    )
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    with mock_config_flow(DOMAIN, ConfigFlow):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    assert len(entities_of(hass, entry)) == len(rows)
