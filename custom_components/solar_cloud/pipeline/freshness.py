"""What still holds of plants and devices that say nothing, or whose values are too old to be called live."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from ..cloud.model import DeviceKind, Inventory, Quantity as Q, Reading, Slot, Value
from ..cloud.polling import ReadingCache
from .known_slots import KnownSlots, survives_offline
from .timezones import HomeLocation, is_dark

GRACE: Final = 900.0
"""Seconds for which a device that does not answer is taken to be as it was: one lost answer is no news."""

SOLAR_POWERS: Final = frozenset({Q.PV_POWER, Q.MPPT_POWER, Q.STRING_POWER})
"""What is nothing while the sun is down, whoever measures it."""
SLEEPERS: Final = frozenset({DeviceKind.INVERTER, DeviceKind.METER})
"""What is off without sun where there is no battery: a meter hangs on its inverter."""
BEGINNING: Final = datetime.fromtimestamp(0, UTC)
LONGEST_DAY: Final = timedelta(days=1)
"""Whoever had no night in this time needs none."""
STEP: Final = timedelta(minutes=15)


class Freshness:
    """Tells old values from live ones."""

    def __init__(
        self, stale_after: float, seen: KnownSlots, place: HomeLocation
    ) -> None:
        """Start without having heard anybody."""
        self._stale_after: Final = stale_after
        self._seen: Final = seen
        self._place: Final = place
        self._cache: Final = ReadingCache()

    def settle(
        self,
        owners: Iterable[str],
        fresh: Mapping[str, Reading],
        vendor_stale: frozenset[str],
        inventory: Inventory,
        now: datetime,
    ) -> tuple[dict[str, Reading], set[str]]:
        """Return what holds of some plants and devices, and who is stale; ``vendor_stale`` is whom the vendor calls so."""
        readings: dict[str, Reading] = {}
        stale: set[str] = set()
        for key in owners:
            if (reading := fresh.get(key)) is not None:
                self._cache.put(key, reading, now.timestamp())
            entry = self._cache.get(key)
            reading = entry.reading if entry else Reading(None, {})
            silent = entry is None or now.timestamp() - entry.read_at > GRACE
            if silent or key in vendor_stale or self._old(reading, now):
                stale.add(key)
                reading = self._lasting(key, reading, inventory, now)
            readings[key] = reading
        return readings, stale

    def _old(self, reading: Reading, now: datetime) -> bool:
        measured_at = reading.measured_at
        return (
            measured_at is not None
            and (now - measured_at).total_seconds() > self._stale_after
        )

    def _lasting(
        self, key: str, reading: Reading, inventory: Inventory, now: datetime
    ) -> Reading:
        values: dict[Slot, Value] = {
            slot: value
            for slot, value in reading.values.items()
            if survives_offline(slot.quantity)
        }
        values |= dict.fromkeys(self._asleep(key, inventory, now), 0.0)
        return Reading(reading.measured_at, values)

    def _asleep(self, key: str, inventory: Inventory, now: datetime) -> set[Slot]:
        """Return the powers that are nothing because the sun is down: an inverter without a battery is off then."""
        slots = self._seen.slots(key)
        device = inventory.devices.get(key)
        if device is not None and device.kind is not DeviceKind.INVERTER:
            return set()
        if not self._is_dark(key, inventory, now):
            return set()
        idle = set(SOLAR_POWERS)
        if device is not None and not _has_battery(slots):
            idle.add(Q.AC_POWER)
        return {slot for slot in slots if slot.quantity in idle}

    def is_asleep(self, key: str, inventory: Inventory, now: datetime) -> bool:
        """Whether nothing can be heard of a plant or device because the sun is down: what hangs on panels alone."""
        return self._sleeps(key, inventory) and self._is_dark(key, inventory, now)

    def awake_since(self, key: str, inventory: Inventory, now: datetime) -> datetime:
        """Return since when something could be heard: of what sleeps at night since dawn, to a quarter of an hour, of anything else ever."""
        if not self._sleeps(key, inventory):
            return BEGINNING
        asked, first = now, now - LONGEST_DAY
        while asked > first and not self._is_dark(key, inventory, asked):
            asked -= STEP
        return asked if asked > first else BEGINNING

    def _sleeps(self, key: str, inventory: Inventory) -> bool:
        device = inventory.devices.get(key)
        if device is not None and device.kind not in SLEEPERS:
            return False
        inverter = device is not None and device.kind is DeviceKind.INVERTER
        owner = key if device is None or inverter else device.plant_id
        return not _has_battery(self._seen.slots(owner))

    def _is_dark(self, key: str, inventory: Inventory, at: datetime) -> bool:
        device = inventory.devices.get(key)
        plant = inventory.plants.get(device.plant_id if device else key)
        return plant is not None and is_dark(plant, at, self._place)


def _has_battery(slots: Iterable[Slot]) -> bool:
    return any("battery" in slot.quantity for slot in slots)
