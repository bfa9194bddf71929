"""Switches: what is on or off."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.control import Control, ControlKind
from .entity import SolarCloudControl, add_controls, control_description, controls_of
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 1

SWITCHES: Final[Mapping[Control, SwitchEntityDescription]] = {
    control: SwitchEntityDescription(**control_description(control))
    for control in controls_of(ControlKind.SWITCH)
}


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
        """Send the command to switch on."""
        await self.async_command(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Send the command to switch off."""
        await self.async_command(value=False)
