"""What all our entities share: identity, device and availability."""

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .cloud.model import Device, DeviceKind, Reading, Slot, Snapshot
from .const import DOMAIN
from .coordinator import SolarCloudCoordinator
from .pipeline.known_slots import survives_offline
from .runtime import Account, SolarCloudConfigEntry


class SolarCloudEntity(CoordinatorEntity[SolarCloudCoordinator[Snapshot]]):
    """One slot of one plant or device."""

    _attr_has_entity_name = True

    def __init__(self, account: Account, owner_id: str, slot: Slot) -> None:
        """Stand for a slot of a plant or device."""
        super().__init__(account.readings)
        self.account: Final = account
        self.owner_id: Final = owner_id
        self.slot: Final = slot
        self._attr_unique_id = f"{account.vendor.key}_{owner_id}_{slot.key}"
        self._attr_translation_key = str(slot.quantity)
        if slot.index:
            self._attr_translation_placeholders = {"index": str(slot.index)}
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner_id)})

    @property
    def device(self) -> Device | None:
        """The hardware this entity belongs to, ``None`` for a plant."""
        return self.account.inventory.data.devices.get(self.owner_id)

    @property
    def kind(self) -> DeviceKind:
        """What this entity belongs to."""
        return device.kind if (device := self.device) else DeviceKind.PLANT

    @property
    def reading(self) -> Reading | None:
        """What its plant or device said last."""
        return self.coordinator.data.readings.get(self.owner_id)

    @property
    @override
    def available(self) -> bool:
        """A live value of a silent device is unavailable; what holds without it, a counter above all, stays."""
        if not super().available or self.reading is None:
            return False
        return (
            survives_offline(self.slot.quantity)
            or self.owner_id not in self.coordinator.data.stale
            or self.slot in self.reading.values
        )


def add_as_they_appear[EntityT: Entity](
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    wanted: Callable[[Account], Iterable[tuple[str, Slot]]],
    build: Callable[[Account, str, Slot], EntityT],
) -> None:
    """Create an entity for each wanted slot, now and whenever one appears.

    What is missing from one poll is still there; only with its device does an entity go, and both may come back.
    """
    account = entry.runtime_data
    known: set[tuple[str, Slot]] = set()

    @callback
    def update() -> None:
        present = set(wanted(account))
        registry = dr.async_get(account.readings.hass)
        gone = {
            owner_id
            for owner_id in {owner_id for owner_id, _ in known - present}
            if registry.async_get_device_by_identifier(
                (DOMAIN, owner_id), entry.entry_id
            )
            is None
        }
        known.difference_update({key for key in known if key[0] in gone})
        fresh = present - known
        known.update(fresh)
        if fresh:
            add(build(account, owner_id, slot) for owner_id, slot in sorted(fresh))

    update()
    entry.async_on_unload(account.readings.async_add_listener(update))
