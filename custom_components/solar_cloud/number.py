"""Numbers: limits that can be set."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import UnitOfElectricCurrent, UnitOfPower, UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.control import Control, ControlKind
from .entity import SolarCloudControl, add_controls, control_description, controls_of
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 1

_BY_UNIT: Final[Mapping[str, dict[str, Any]]] = {
    "A": {
        "device_class": NumberDeviceClass.CURRENT,
        "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    },
    "W": {
        "device_class": NumberDeviceClass.POWER,
        "native_unit_of_measurement": UnitOfPower.WATT,
    },
    "%": {"native_unit_of_measurement": UnitOfRatio.PERCENTAGE},
}
_EXCEPTIONS: Final[Mapping[Control, dict[str, Any]]] = {
    control: {"device_class": NumberDeviceClass.BATTERY}
    for control in (
        Control.BATTERY_MIN_SOC,
        Control.BATTERY_MAX_SOC,
        Control.BACKUP_RESERVE_SOC,
        Control.BATTERY_MODE_TARGET_SOC,
    )
}
"""Levels of a battery: pickers of actions know by them whom a battery obeys."""
NUMBERS: Final[Mapping[Control, NumberEntityDescription]] = {
    control: NumberEntityDescription(
        **control_description(control),
        **(_BY_UNIT[control.unit] | _EXCEPTIONS.get(control, {})),
        mode=NumberMode.BOX,
    )
    for control in controls_of(ControlKind.NUMBER)
}


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
        """The lowest value the device takes."""
        return self.spec.minimum

    @property
    @override
    def native_max_value(self) -> float:
        """The highest value, never above the rating."""
        return self.spec.maximum

    @property
    @override
    def native_step(self) -> float:
        """The smallest change the device takes."""
        return self.spec.step

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Send the new value."""
        await self.async_command(value)
