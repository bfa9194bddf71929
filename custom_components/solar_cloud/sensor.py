"""Sensors: every slot a plant or device ever filled, dressed by the catalogue."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .catalogue import SENSORS
from .cloud.model import Quantity, Slot
from .cloud.states import MODES, STATES, PlantState
from .entity import SolarCloudEntity, add_as_they_appear
from .pipeline.daily import daily
from .runtime import Account, SolarCloudConfigEntry

PARALLEL_UPDATES = 0

MOST_NAMES: Final = 20
"""Alarms named in an attribute; states are kept small."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add sensors as their slots appear."""
    add_as_they_appear(entry, async_add_entities, _slots, SolarCloudSensor)


def _slots(account: Account) -> Iterator[tuple[str, Slot]]:
    """Yield the slots to show: those ever seen, and what every device and plant has."""
    snapshot = account.readings.data
    for owner_id, reading in snapshot.readings.items():
        for slot in account.pipeline.seen.slots(owner_id):
            if slot.quantity in SENSORS:
                yield owner_id, slot
        if reading.measured_at is not None:
            yield owner_id, Slot(Quantity.LAST_REPORT)
    for plant_id in account.inventory.data.plants:
        if plant_id in snapshot.readings:
            yield plant_id, Slot(Quantity.API_CALLS_TODAY)
            if account.quota.left() is not None:
                yield plant_id, Slot(Quantity.API_CALLS_LEFT)
            if plant_id in snapshot.alarms:
                yield plant_id, Slot(Quantity.ACTIVE_ALARMS)


class SolarCloudSensor(SolarCloudEntity, SensorEntity):
    """A measured value, a state, or the time of the last report."""

    _unrecorded_attributes = frozenset({"code", "alarms"})

    def __init__(self, account: Account, owner_id: str, slot: Slot) -> None:
        """Dress the slot."""
        super().__init__(account, owner_id, slot)
        self.entity_description = SENSORS[slot.quantity]
        if self.entity_description.device_class is SensorDeviceClass.ENUM:
            self._attr_options = self._states()
        elif self.entity_description.device_class is SensorDeviceClass.MONETARY:
            plant = account.inventory.data.plants.get(owner_id)
            self._attr_native_unit_of_measurement = plant.currency if plant else None

    def _states(self) -> list[str]:
        """Return the words this kind of device can say."""
        if self.slot.quantity is Quantity.PLANT_STATE:
            return list(PlantState)
        words = (MODES if self.slot.quantity is Quantity.WORK_MODE else STATES).get(
            self.kind
        )
        return list(words) if words else []

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        """The value, ``None`` where the vendor gives none."""
        match self.slot.quantity:
            case Quantity.ACTIVE_ALARMS:
                return len(self.coordinator.data.alarms.get(self.owner_id, ()))
            case Quantity.API_CALLS_TODAY:
                return self.account.quota.used()
            case Quantity.API_CALLS_LEFT:
                return self.account.quota.left()
        if (reading := self.reading) is None:
            return None
        if self.slot.quantity is Quantity.LAST_REPORT:
            return reading.measured_at
        value = reading.values.get(self.slot)
        return value if self.options is None or value in self.options else None

    @property
    @override
    def last_reset(self) -> datetime | None:
        """The midnight of its plant, for what is counted since then."""
        if not daily(self.slot.quantity):
            return None
        return self.account.pipeline.day_start(self.owner_id)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """The raw code of a state this version does not know, and the names of alarms."""
        if self.slot.quantity is Quantity.ACTIVE_ALARMS:
            alarms = self.coordinator.data.alarms.get(self.owner_id, ())
            return {"alarms": [alarm.name for alarm in alarms[:MOST_NAMES]]}
        if (
            self.reading is not None
            and (code := self.reading.unknown.get(self.slot)) is not None
        ):
            return {"code": code}
        return None
