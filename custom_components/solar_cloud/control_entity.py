"""What all entities share that can be set: identity, limits, the value shown and the command sent."""

from collections.abc import Callable, Mapping
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .cloud.control import Command, Control, ControlSpec, Settings, SettingValue
from .const import DOMAIN
from .control.manager import ControlManager
from .coordinator import SolarCloudCoordinator
from .runtime import Account, SolarCloudConfigEntry

ATTR_COMMAND: Final = "command"


class SolarCloudControl(CoordinatorEntity[SolarCloudCoordinator[Settings]]):
    """One control of one plant or device."""

    _attr_has_entity_name = True

    def __init__(
        self,
        account: Account,
        control_manager: ControlManager,
        owner_id: str,
        spec: ControlSpec,
        description: EntityDescription,
    ) -> None:
        """Stand for a control."""
        super().__init__(control_manager.settings)
        self.account: Final = account
        self.control_manager: Final = control_manager
        self.owner_id: Final = owner_id
        self.control: Final = spec.control
        self._last_spec = spec
        self.entity_description = description
        self._attr_unique_id = f"{account.vendor.key}_{owner_id}_{spec.control}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner_id)})
        self._attr_entity_registry_enabled_default = not spec.rare
        self._attr_assumed_state = not spec.reads_back

    @property
    def spec(self) -> ControlSpec:
        """The limits that hold now."""
        if (spec := self.control_manager.spec(self.owner_id, self.control)) is not None:
            self._last_spec = spec
        return self._last_spec

    @property
    def setting(self) -> SettingValue | None:
        """What it is set to."""
        return self.control_manager.value(self.owner_id, self.control)

    @property
    @override
    def available(self) -> bool:
        """A device that reports, and that may be set."""
        readings = self.account.readings
        return (
            readings.last_update_success
            and self.owner_id not in readings.data.stale
            and self.owner_id not in readings.data.silent
            and self.control_manager.spec(self.owner_id, self.control) is not None
        )

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """How the last command ended, and until when a forced mode lasts."""
        state = self.control_manager.pending.states.get((self.owner_id, self.control))
        return {ATTR_COMMAND: None if state is None else str(state)}

    async def async_command(self, value: SettingValue | None = None) -> None:
        """Send a command. Raises a translated ``HomeAssistantError``."""
        await self.control_manager.async_apply(
            Command(self.owner_id, self.control, value), self._context
        )


def add_controls[EntityT: Entity](
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    catalogue: Mapping[Control, EntityDescription],
    build: Callable[[Account, ControlManager, str, ControlSpec, Any], EntityT],
) -> None:
    """Create an entity for each control of the catalogue that a device offers, now and whenever one appears."""
    account = entry.runtime_data
    if (control_manager := account.control_manager) is None:
        _remove(entry, catalogue)
        return
    known: set[tuple[str, Control]] = set()

    @callback
    def update() -> None:
        offered = {
            (owner_id, spec.control): spec
            for owner_id, specs in control_manager.available.specs.items()
            for spec in specs
            if spec.control in catalogue
        }
        listed = account.inventory.data
        known.intersection_update(
            {
                key
                for key in known
                if key[0] in listed.devices or key[0] in listed.plants
            }
        )
        fresh = offered.keys() - known
        known.update(fresh)
        if fresh:
            add(
                build(account, control_manager, key[0], offered[key], catalogue[key[1]])
                for key in sorted(fresh)
            )

    update()
    entry.async_on_unload(control_manager.settings.async_add_listener(update))


def _remove(
    entry: SolarCloudConfigEntry, catalogue: Mapping[Control, EntityDescription]
) -> None:
    """Take away the entities of a time when settings could be changed: nobody allows it any more."""
    registry = er.async_get(entry.runtime_data.readings.hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if any(
            each.domain == control.kind and each.unique_id.endswith(f"_{control}")
            for control in catalogue
        ):
            registry.async_remove(each.entity_id)
