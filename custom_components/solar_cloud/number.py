"""Numbers: limits that can be set."""

from typing import override

from homeassistant.components.number import NumberEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control_entity import SolarCloudControl, add_controls
from .controls import NUMBERS
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add numbers as their devices appear."""
    add_controls(entry, async_add_entities, NUMBERS, SolarCloudNumber)


class SolarCloudNumber(SolarCloudControl, NumberEntity):
    """A number of a plant or device, within the limits of its hardware."""

    @property
    @override
    def native_value(self) -> float | None:
        """What it is set to."""
        value = self.setting
        return float(value) if isinstance(value, int | float) else None

    @property
    @override
    def native_min_value(self) -> float:
        """The lowest value."""
        return self.spec.minimum

    @property
    @override
    def native_max_value(self) -> float:
        """The highest value, never above the rating."""
        return self.spec.maximum

    @property
    @override
    def native_step(self) -> float:
        """The step."""
        return self.spec.step

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it."""
        await self.async_command(value)
