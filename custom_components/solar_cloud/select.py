"""Selects: modes to choose from."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import Account
from .cloud.control import Control, ControlKind, ControlSpec
from .control.manager import ControlManager
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
    add_controls(entry, async_add_entities, SELECTS, _select)


def _select(
    account: Account,
    control_manager: ControlManager,
    device_id: str,
    spec: ControlSpec,
    description: SelectEntityDescription,
) -> SolarCloudSelect:
    modes = spec.control is Control.BATTERY_MODE
    kind = BatteryModeSelect if modes else SolarCloudSelect
    return kind(account, control_manager, device_id, spec, description)


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


class BatteryModeSelect(SolarCloudSelect):
    """What the battery is to do; power and target stand beside it, and it ends after the time in the account's options."""

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose a mode."""
        await self.control_manager.async_choose_battery_mode(
            self.device_id, option, self._context
        )
