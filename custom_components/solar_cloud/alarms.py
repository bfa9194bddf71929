"""How users see alarms: as sensors, and each in the same words wherever it is told."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.util.json import JsonValueType

from .account import Account
from .cloud.model import Alarm, AlarmLevel, Quantity, Slot
from .device_registry import registered_name
from .entity import SolarCloudEntity

NO_ALARM: Final = "none"
"""The state while nothing is wrong."""
LEVELS: Final = [NO_ALARM, *reversed(AlarmLevel)]
MOST_ALARMS: Final = 10
"""Alarms told of in an attribute; the action returns all."""


def as_json(
    hass: HomeAssistant, entry_id: str, alarm: Alarm
) -> dict[str, JsonValueType]:
    """Return what users may know of an alarm, plain as templates need it; the device as they call it."""
    device = alarm.device_id and registered_name(hass, entry_id, alarm.device_id)
    return {
        "name": alarm.name,
        "level": alarm.level and str(alarm.level),
        "code": alarm.device_code or alarm.code,
        "cause": alarm.cause,
        "advice": alarm.advice,
        "raised_at": iso(alarm.raised_at),
        "device": device or None,
    }


def iso(at: datetime | None) -> str | None:
    """Return an instant as templates read it."""
    return None if at is None else at.isoformat()


def is_problem(alarm: Alarm) -> bool:
    """Whether something is wrong, rather than to be noticed."""
    return alarm.level is not AlarmLevel.NOTICE


def _count(alarms: tuple[Alarm, ...]) -> int:
    return len(alarms)


def _level(alarms: tuple[Alarm, ...]) -> str | None:
    """Return the worst level that is known; ``None`` where the vendor's levels mean nothing to us."""
    known = [alarm.level for alarm in alarms if alarm.level is not None]
    return next(iter(known), None) if alarms else NO_ALARM


def _codes(alarms: tuple[Alarm, ...]) -> str:
    """Return what a device shows of the worst that is wrong with it."""
    codes = (alarm.device_code or alarm.code for alarm in alarms)
    return next(filter(None, codes), NO_ALARM)


ALARM_SENSORS: Final[
    Mapping[Quantity, Callable[[tuple[Alarm, ...]], int | str | None]]
] = {
    Quantity.ACTIVE_ALARMS: _count,
    Quantity.ALARM_LEVEL: _level,
    Quantity.FAULT_CODE: _codes,
}
"""What is made of the alarms that go on at a plant or device, the worst first."""


class AlarmSensor(SolarCloudEntity, SensorEntity):
    """What the open alarms of a plant or device come to; it is known while they can be read, whether or not the devices report."""

    _unrecorded_attributes = frozenset({"alarms"})

    def __init__(
        self,
        account: Account,
        device_id: str,
        slot: Slot,
        description: SensorEntityDescription,
    ) -> None:
        """Take the description of the slot's quantity."""
        super().__init__(account, device_id, slot)
        self.entity_description = description
        if slot.quantity is Quantity.ALARM_LEVEL:
            self._attr_options = LEVELS

    @override
    def shows(self) -> object:
        """The alarms."""
        return self.available, self._alarms

    @property
    def _alarms(self) -> tuple[Alarm, ...] | None:
        """The alarms of its plant or device, ``None`` when they are not known."""
        known = self.coordinator.data.alarms
        if (device := self.device) is None:
            return known.get(self.device_id)
        if (of_plant := known.get(device.plant_id)) is None:
            return None
        return tuple(each for each in of_plant if each.device_id == self.device_id)

    @property
    @override
    def available(self) -> bool:
        """Whether the vendor told of alarms lately."""
        return self.coordinator.last_update_success and self._alarms is not None

    @property
    @override
    def native_value(self) -> int | str | None:
        """The count, the worst level, or the code."""
        alarms = self._alarms
        return None if alarms is None else ALARM_SENSORS[self.slot.quantity](alarms)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """The alarms themselves, beside their count."""
        if self.slot.quantity is not Quantity.ACTIVE_ALARMS:
            return None
        entry_id = self.coordinator.config_entry.entry_id
        shown = (self._alarms or ())[:MOST_ALARMS]
        return {"alarms": [as_json(self.hass, entry_id, alarm) for alarm in shown]}
