"""Binary sensors: whether the cloud answers, a device reports, has a problem, or holds a vehicle, and whether parts of a plant lag."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations

from .account import Account
from .account_health import reason_of
from .alarms import is_problem
from .cloud.model import DeviceKind, Quantity, Slot, Snapshot
from .cloud.states import FAULTS, VEHICLE_ABSENT, VEHICLE_UNCERTAIN
from .const import DOMAIN
from .device_registry import registered_name
from .entity import SolarCloudEntity, add_as_they_appear
from .pipeline.lagging import Lag
from .runtime import SolarCloudConfigEntry

PARALLEL_UPDATES = 0

STATE: Final = Slot(Quantity.OPERATING_STATE)


def _online(snapshot: Snapshot, device_id: str, _: str) -> bool:
    """A device is online when its last report is fresh."""
    return device_id not in snapshot.stale and device_id not in snapshot.silent


def _state(snapshot: Snapshot, device_id: str) -> str | None:
    reading = snapshot.readings.get(device_id)
    value = reading.values.get(STATE) if reading else None
    return value if isinstance(value, str) else None


def _problem(snapshot: Snapshot, device_id: str, plant_id: str) -> bool | None:
    """A plant has a problem while an alarm goes on, a device while one is about it or its state is a fault; a notice is none."""
    if device_id in snapshot.alarms:
        return any(map(is_problem, snapshot.alarms[device_id]))
    if any(
        alarm.device_id == device_id and is_problem(alarm)
        for alarm in snapshot.alarms.get(plant_id, ())
    ):
        return True
    state = _state(snapshot, device_id)
    return None if state is None else state in FAULTS


def _vehicle(snapshot: Snapshot, device_id: str, _: str) -> bool | None:
    """A vehicle is connected in every state that needs one (solax.md §7.3)."""
    state = _state(snapshot, device_id)
    return (
        None
        if state is None or state in VEHICLE_UNCERTAIN
        else state not in VEHICLE_ABSENT
    )


@dataclass(frozen=True, kw_only=True)
class SolarCloudBinarySensorDescription(BinarySensorEntityDescription):
    """A yes or no read from a poll."""

    value_fn: Callable[[Snapshot, str, str], bool | None]
    """Of a poll, a device and its plant."""
    needs_report: bool = True
    """Whether it means nothing while the device is silent."""


BINARY_SENSORS: Final = {
    Quantity.ONLINE: SolarCloudBinarySensorDescription(
        key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_online,
        needs_report=False,
    ),
    Quantity.PROBLEM: SolarCloudBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_problem,
    ),
    Quantity.VEHICLE_CONNECTED: SolarCloudBinarySensorDescription(
        key="vehicle_connected",
        device_class=BinarySensorDeviceClass.PLUG,
        value_fn=_vehicle,
    ),
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add binary sensors as their devices appear."""
    # Kept at hand: attributes are written at once.
    await async_get_translations(hass, hass.config.language, "exceptions", [DOMAIN])
    add_as_they_appear(entry, async_add_entities, _slots, SolarCloudBinarySensor)
    add_as_they_appear(entry, async_add_entities, _plants, CloudConnection)
    add_as_they_appear(entry, async_add_entities, _with_siblings, Underperforming)


def _plants(account: Account) -> Iterator[tuple[str, Slot]]:
    for plant_id in account.inventory.chosen.plants:
        yield plant_id, Slot(Quantity.CLOUD_CONNECTION)


def _with_siblings(account: Account) -> Iterator[tuple[str, Slot]]:
    """Yield the plants that are made of parts which can be compared."""
    chosen, insights = account.inventory.chosen, account.pipeline.insights
    for plant_id in chosen.plants:
        if Quantity.UNDERPERFORMING in insights.applies(plant_id, chosen):
            yield plant_id, Slot(Quantity.UNDERPERFORMING)


def _slots(account: Account) -> Iterator[tuple[str, Slot]]:
    """Yield what each device can tell; a plant tells of problems once alarms can be read."""
    snapshot = account.readings.data
    devices = account.inventory.data.devices
    for device_id in snapshot.readings:
        if device_id not in devices:
            if device_id in snapshot.alarms:
                yield device_id, Slot(Quantity.PROBLEM)
            continue
        if devices[device_id].reports:
            yield device_id, Slot(Quantity.ONLINE)
        if STATE in account.pipeline.seen.slots(device_id):
            yield device_id, Slot(Quantity.PROBLEM)
            if devices[device_id].kind is DeviceKind.CHARGER:
                yield device_id, Slot(Quantity.VEHICLE_CONNECTED)


class SolarCloudBinarySensor(SolarCloudEntity, BinarySensorEntity):
    """A yes or no about a plant or device."""

    entity_description: SolarCloudBinarySensorDescription

    def __init__(self, account: Account, device_id: str, slot: Slot) -> None:
        """Take the description of the slot's quantity."""
        super().__init__(account, device_id, slot)
        self.entity_description = BINARY_SENSORS[slot.quantity]
        if slot.quantity is Quantity.PROBLEM and self.kind is DeviceKind.PLANT:
            # The number of its alarms says the same.
            self._attr_entity_registry_enabled_default = False

    @override
    def shows(self) -> object:
        """The answer."""
        return self.available, self.is_on

    @property
    @override
    def is_on(self) -> bool | None:
        """The answer, ``None`` where the vendor's data do not say."""
        plant_id = device.plant_id if (device := self.device) else self.device_id
        return self.entity_description.value_fn(
            self.coordinator.data, self.device_id, plant_id
        )

    @property
    @override
    def available(self) -> bool:
        """Whether a device reports is known even while it does not."""
        if not self.entity_description.needs_report:
            return self.coordinator.last_update_success and self.reading is not None
        return super().available


class CloudConnection(SolarCloudEntity, BinarySensorEntity):
    """Whether the cloud gives values; while it does not, why, and since when."""

    entity_description = BinarySensorEntityDescription(
        key="cloud_connection",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
    )

    @override
    def shows(self) -> object:
        """The answer, and why."""
        return self.is_on, self.extra_state_attributes

    @property
    @override
    def available(self) -> bool:
        """Always: that nothing comes is what it tells."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Off once the values can no longer be shown as the present."""
        return self.coordinator.last_update_success

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The reason in the user's language, and when the cloud gave values for the last time."""
        off = not self.is_on
        return {
            "reason": reason_of(self.hass, self.coordinator.last_error)
            if off
            else None,
            "since": self.coordinator.last_success if off else None,
        }


class Underperforming(SolarCloudEntity, BinarySensorEntity):
    """Whether a string, tracker or inverter of a plant gives less than it did, beside its siblings; and which, by how much, since when."""

    entity_description = BinarySensorEntityDescription(
        key="underperforming", device_class=BinarySensorDeviceClass.PROBLEM
    )
    _unrecorded_attributes = frozenset({"days_learnt", "parts", "reason"})

    @override
    def shows(self) -> object:
        """The answer, and its evidence."""
        return self.is_on, self.extra_state_attributes

    @property
    @override
    def available(self) -> bool:
        """Always: it tells of days."""
        return True

    @property
    def _lags(self) -> list[Lag] | None:
        return self.account.pipeline.insights.lags(self.device_id)

    @property
    @override
    def is_on(self) -> bool | None:
        """The answer, ``None`` while too few bright days were seen."""
        lags = self._lags
        return None if lags is None else bool(lags)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The parts that lag, the worst first; while it is not known, how many days there are to compare with."""
        if (lags := self._lags) is None:
            return self.account.pipeline.insights.learning(self.device_id)
        return {"parts": [self._told(lag) for lag in lags]}

    def _told(self, lag: Lag) -> dict[str, Any]:
        """Return a part that lags, with the device as the user calls it."""
        device_id, slot = lag.part
        entry_id = self.coordinator.config_entry.entry_id
        return {
            "device": registered_name(self.hass, entry_id, device_id),
            "part": slot.key if slot.index else None,
            "lacks": round(100 * lag.share),
            "since": date.fromordinal(lag.since).isoformat(),
            "days": lag.days,
        }
