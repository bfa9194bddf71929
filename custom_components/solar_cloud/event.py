"""Events: alarms of a plant, as they are raised and over, and changes by another hand."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import Account
from .alarms import as_json
from .cloud.model import Snapshot
from .const import DOMAIN
from .coordinator import SolarCloudCoordinator
from .journal import Change, signal_of
from .pipeline.alarms import AlarmNews
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 0

EVENT_ALARM: Final = f"{DOMAIN}_alarm"
"""The event behind the logbook, which knows no attributes of event entities, and behind the trigger."""
ATTR_NEWS: Final = "news"
ATTR_ABOUT: Final = "alarm_device_id"
"""The device that an alarm is about, where its vendor says so."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add each plant's events: of alarms once they can be read."""
    account = entry.runtime_data
    known: set[str] = set()
    listed: set[str] = set()

    @callback
    def update() -> None:
        plants = account.inventory.chosen.plants.keys()
        known.intersection_update(plants)
        fresh = (plants & account.readings.data.alarms.keys()) - known
        known.update(fresh)
        async_add_entities(AlarmEvent(account, each) for each in sorted(fresh))
        listed.intersection_update(plants)
        async_add_entities(
            ChangeEvent(account, each) for each in sorted(plants - listed)
        )
        listed.update(plants)

    update()
    entry.async_on_unload(account.readings.async_add_listener(update))


class AlarmEvent(CoordinatorEntity[SolarCloudCoordinator[Snapshot]], EventEntity):
    """Tells of each alarm of a plant and its devices once, and once when it is over."""

    _attr_has_entity_name = True
    _attr_translation_key = "alarm"
    entity_description = EventEntityDescription(
        key="alarm",
        event_types=[str(each) for each in AlarmNews],
        entity_category=EntityCategory.DIAGNOSTIC,
    )

    def __init__(self, account: Account, plant_id: str) -> None:
        """Belong to a plant."""
        super().__init__(account.readings, plant_id)
        self._journal: Final = account.pipeline.alarms
        self._plant_id: Final = plant_id
        self._attr_unique_id = f"{account.vendor.key}_{plant_id}_alarm"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, plant_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Tell what came up while it was not there."""
        await super().async_added_to_hass()
        self._tell()

    @property
    @override
    def available(self) -> bool:
        """Always: what was told stays told."""
        return True

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what is new; a poll without news is none."""
        self._tell()

    def _tell(self) -> None:
        entry_id = self.coordinator.config_entry.entry_id
        for change in self._journal.news(self._plant_id):
            told = as_json(self.hass, entry_id, change.alarm)
            self._trigger_event(str(change.news), told)
            self.async_write_ha_state()
            self.hass.bus.async_fire(
                EVENT_ALARM,
                {
                    ATTR_DEVICE_ID: self._registered(self._plant_id),
                    ATTR_ABOUT: self._registered(change.alarm.device_id),
                    ATTR_ENTITY_ID: self.entity_id,
                    ATTR_NEWS: str(change.news),
                    **told,
                },
            )

    def _registered(self, key: str | None) -> str | None:
        """Return the id under which Home Assistant knows a plant or device of the vendor."""
        if key is None:
            return None
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, key), self.coordinator.config_entry.entry_id
        )
        return device.id if device else None


class ChangeEvent(EventEntity):
    """Tells of what another hand changed: firmware, devices, ratings, settings."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_translation_key = "change"
    entity_description = EventEntityDescription(
        key="change",
        event_types=[str(each) for each in Change],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )

    def __init__(self, account: Account, plant_id: str) -> None:
        """Belong to a plant."""
        self._signal: Final = signal_of(
            account.readings.config_entry.entry_id, plant_id
        )
        self._attr_unique_id = f"{account.vendor.key}_{plant_id}_change"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, plant_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of changes."""
        self.async_on_remove(
            async_dispatcher_connect(self.hass, self._signal, self._tell)
        )

    @callback
    def _tell(self, change: Change, told: dict[str, str | None]) -> None:
        self._trigger_event(str(change), told)
        self.async_write_ha_state()
