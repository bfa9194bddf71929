"""Buttons: read a plant now, import what was before, and what a device does once."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.control import Control, ControlKind
from .const import DOMAIN
from .entity import SolarCloudControl, add_controls, control_description, controls_of
from .runtime import SolarCloudConfigEntry
from .services.refresh import async_refresh

PARALLEL_UPDATES = 1

BUTTONS: Final[Mapping[Control, ButtonEntityDescription]] = {
    control: ButtonEntityDescription(**control_description(control))
    for control in controls_of(ControlKind.BUTTON)
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add buttons as plants and devices appear."""
    known: set[str] = set()
    has_past = entry.runtime_data.cloud.history is not None
    kinds = (RefreshButton, ImportButton) if has_past else (RefreshButton,)

    def update() -> None:
        plants = set(entry.runtime_data.readings.data.readings) & set(
            entry.runtime_data.inventory.data.plants
        )
        fresh = plants - known
        known.intersection_update(plants)
        known.update(fresh)
        async_add_entities(
            kind(entry, plant_id) for plant_id in sorted(fresh) for kind in kinds
        )

    update()
    entry.async_on_unload(entry.runtime_data.readings.async_add_listener(update))
    add_controls(entry, async_add_entities, BUTTONS, SolarCloudButton)


class PlantButton(ButtonEntity):
    """A button of a plant."""

    _attr_has_entity_name = True
    _key: str

    def __init__(self, entry: SolarCloudConfigEntry, plant_id: str) -> None:
        """Belong to the plant's device."""
        self._entry: Final = entry
        self._plant_id: Final = plant_id
        vendor = entry.runtime_data.vendor.key
        self._attr_translation_key = self._key
        self._attr_unique_id = f"{vendor}_{plant_id}_{self._key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, plant_id)})


class RefreshButton(PlantButton):
    """Reads the account now, as far as its limits allow."""

    _key = "refresh"
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _unrecorded_attributes = frozenset({"next_refresh"})

    @override
    async def async_press(self) -> None:
        """Ask for new readings, and say when asking again can bring any."""
        await async_refresh(self._entry)
        at = self._entry.runtime_data.readings.next_refresh
        self._attr_extra_state_attributes = {"next_refresh": at}
        self.async_write_ha_state()


class ImportButton(PlantButton):
    """Imports the plant's past as far back as the vendor gives."""

    _key = "import_history"
    _attr_entity_category = EntityCategory.CONFIG

    @override
    async def async_press(self) -> None:
        """Begin the import, or go on with it, and say so."""
        history = self._entry.runtime_data.history
        await history.async_import([self._plant_id])
        await history.imports.async_notify(self._plant_id, "import_begun")

    @property
    @override
    def available(self) -> bool:
        """Whether there is somewhere to put the past."""
        return self._entry.runtime_data.history.can_import


class SolarCloudButton(SolarCloudControl, ButtonEntity):
    """Something a device does once."""

    @override
    async def async_press(self) -> None:
        """Send the command."""
        await self.async_command()
