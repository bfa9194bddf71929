"""Selects: modes to choose from."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.control import Control, ControlKind
from .entity import SolarCloudControl, add_controls, control_description, controls_of
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 1

SELECTS: Final[Mapping[Control, SelectEntityDescription]] = {
    control: SelectEntityDescription(**control_description(control))
    for control in controls_of(ControlKind.SELECT)
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add selects as their devices appear."""
    add_controls(entry, async_add_entities, SELECTS, SolarCloudSelect)


class SolarCloudSelect(SolarCloudControl, SelectEntity):
    """A choice of a plant or device."""

    @property
    @override
    def options(self) -> list[str]:
        """What can be chosen."""
        return list(self.spec.options)

    @property
    @override
    def current_option(self) -> str | None:
        """What is chosen; a word the device reports but does not offer is unknown."""
        value = self.setting
        return value if isinstance(value, str) and value in self.spec.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Send the chosen option."""
        await self.async_command(option)
