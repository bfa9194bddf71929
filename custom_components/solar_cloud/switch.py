"""Switches: what is on or off."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control_entity import SolarCloudControl, add_controls
from .controls import SWITCHES
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add switches as their devices appear."""
    add_controls(entry, async_add_entities, SWITCHES, SolarCloudSwitch)


class SolarCloudSwitch(SolarCloudControl, SwitchEntity):
    """A switch of a plant or device."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on."""
        value = self.setting
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        await self.async_command(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        await self.async_command(value=False)
