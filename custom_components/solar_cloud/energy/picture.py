"""From what the vendor said to what is published: counters guarded, roles filled, old values told from live ones.

Everything here is pure but for the vault, which keeps the guards, the choices of sources and the set of slots ever seen: a night restart
loses no entity and no counter.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from ..cloud.model import Device, Inventory, Quantity, Reading, Slot, Snapshot, Value
from ..cloud.points import split_powers
from ..cloud.vault import Json, Vault
from ..cloud.vendor import Roles
from .counter import Guard
from .roles import PlantRoles

GUARDS: Final = "guards"
ROLES: Final = "roles"
SEEN: Final = "seen"

LASTING: Final = frozenset(
    {
        Quantity.LAST_REPORT,
        Quantity.BATTERY_CAPACITY,
        Quantity.PLANT_STATE,
        Quantity.ACTIVE_ALARMS,
    }
)
"""Quantities that are not energies and still mean something when a device is silent."""

_QUANTITIES: Final = {str(quantity): quantity for quantity in Quantity}


def lasts(quantity: Quantity) -> bool:
    """Whether a value stays true while its device is silent."""
    return quantity.is_energy or quantity in LASTING


def _key(slot: Slot) -> str:
    return f"{slot.quantity}#{slot.index}"


def _slot(key: str) -> Slot | None:
    name, _, index = key.partition("#")
    return (
        Slot(_QUANTITIES[name], int(index))
        if name in _QUANTITIES and index.isdecimal()
        else None
    )


class Seen:
    """Which slots each plant and device ever filled: what was seen once keeps its entity."""

    def __init__(self, vault: Vault) -> None:
        """Take up the memory of the last run."""
        self._vault: Final = vault
        self._slots: Final[dict[str, set[Slot]]] = {}
        stored = vault.load(SEEN)
        for key, slots in stored.items() if isinstance(stored, dict) else ():
            known = (
                (_slot(str(each)) for each in slots) if isinstance(slots, list) else ()
            )
            self._slots[key] = {slot for slot in known if slot is not None}

    def slots(self, key: str) -> frozenset[Slot]:
        """Return the slots of one plant or device."""
        return frozenset(self._slots.get(key, ()))

    def add(self, readings: Mapping[str, Reading]) -> None:
        """Remember what these readings hold."""
        grown = False
        for key, reading in readings.items():
            slots = self._slots.setdefault(key, set())
            grown = grown or not slots.issuperset((*reading.values, *reading.unknown))
            slots.update(reading.values, reading.unknown)
        if grown:
            self._vault.save_soon(SEEN, self._as_json)

    def _as_json(self) -> Json:
        return {
            key: [_key(slot) for slot in sorted(slots)]
            for key, slots in self._slots.items()
        }


class Painter:
    """Turns each poll of one account into what is published."""

    def __init__(
        self, vault: Vault, stale_after: float, roles: Callable[[str, Inventory], Roles]
    ) -> None:
        """Take up the guards and choices of the last run."""
        self.seen: Final = Seen(vault)
        self._vault: Final = vault
        self._stale_after: Final = stale_after
        self._roles: Final = roles
        self._guards: Final[dict[tuple[str, Slot], Guard]] = {}
        self._plants: Final[dict[str, PlantRoles]] = {}
        self._last: dict[str, Reading] = {}
        self._restore()

    def paint(
        self, snapshot: Snapshot, inventory: Inventory, now: datetime
    ) -> Snapshot:
        """Return what is to be published of this poll.

        A silent plant or device keeps its lasting values; its powers go. ``stale`` names whose live values are withheld.
        """
        wanted = {*inventory.plants, *inventory.devices}
        readings = {
            key: self._guarded(reading, key, inventory.devices.get(key), now)
            for key, reading in snapshot.readings.items()
            if key in wanted
        }
        stale = {key for key, reading in readings.items() if self._old(reading, now)}
        for key in wanted - readings.keys():
            stale.add(key)
            readings[key] = self._held(key)
        guarded = Snapshot(readings, snapshot.silent, frozenset(stale))
        for plant_id in inventory.plants:
            self._fill_roles(plant_id, guarded, inventory, readings, stale, now)
        self._last = readings
        self.seen.add(readings)
        self._vault.save_soon(GUARDS, self._guards_json)
        self._vault.save_soon(ROLES, self._roles_json)
        silent = {
            key: reason for key, reason in snapshot.silent.items() if key in wanted
        }
        return Snapshot(
            readings,
            silent,
            frozenset(stale),
            snapshot.alarms,
            snapshot.notices,
            snapshot.resume_after,
        )

    def _old(self, reading: Reading, now: datetime) -> bool:
        return (
            reading.measured_at is not None
            and (now - reading.measured_at).total_seconds() > self._stale_after
        )

    def _guarded(
        self, reading: Reading, key: str, device: Device | None, now: datetime
    ) -> Reading:
        """Replace each lifetime counter by what its guard lets through."""
        values: dict[Slot, Value] = {}
        rated = device.rated_power if device else None
        for slot, value in reading.values.items():
            if slot.quantity.is_counter and isinstance(value, float):
                guard = self._guards.setdefault((key, slot), Guard())
                if (
                    published := guard.observe(value, now.timestamp(), rated)
                ) is not None:
                    values[slot] = published
            else:
                values[slot] = value
        self._hold_counters(key, values)
        return Reading(reading.measured_at, values, reading.unknown)

    def _hold_counters(self, key: str, values: dict[Slot, Value]) -> None:
        """A counter the vendor leaves out of one answer keeps its value."""
        for (owner, slot), guard in self._guards.items():
            if owner == key and slot not in values and guard.value is not None:
                values[slot] = guard.value

    def _held(self, key: str) -> Reading:
        """What is left of a plant or device that does not answer."""
        last = self._last.get(key)
        values: dict[Slot, Value] = (
            {slot: value for slot, value in last.values.items() if lasts(slot.quantity)}
            if last
            else {}
        )
        self._hold_counters(key, values)
        return Reading(last.measured_at if last else None, values)

    def _fill_roles(
        self,
        plant_id: str,
        guarded: Snapshot,
        inventory: Inventory,
        readings: dict[str, Reading],
        stale: set[str],
        now: datetime,
    ) -> None:
        """Put the roles over what the plant itself reports of them."""
        roles = self._roles(plant_id, inventory)
        values, role_stale = self._plants.setdefault(plant_id, PlantRoles()).apply(
            roles, guarded, now.timestamp()
        )
        own = readings[plant_id]
        kept = {
            slot: value
            for slot, value in own.values.items()
            if slot.quantity not in roles
        }
        merged = {**kept, **values}
        split_powers(merged)
        readings[plant_id] = Reading(
            own.measured_at or _newest(readings, plant_id, inventory),
            merged,
            own.unknown,
        )
        if role_stale:
            stale.add(plant_id)
        elif any(not role.is_energy for role in roles):
            stale.discard(plant_id)

    def rejected(self) -> Mapping[tuple[str, Slot], int]:
        """Return how many values each guard held back, for diagnostics."""
        return {
            key: guard.rejected for key, guard in self._guards.items() if guard.rejected
        }

    def sources(self, plant_id: str) -> Mapping[Quantity, Iterable[tuple[str, str]]]:
        """Return the source of each role as (device, slot) pairs, for diagnostics."""
        plant = self._plants.get(plant_id)
        return (
            {role: choice.terms for role, choice in plant.choices.items()}
            if plant
            else {}
        )

    def _guards_json(self) -> Json:
        return [
            [key, _key(slot), guard.as_json()]
            for (key, slot), guard in self._guards.items()
        ]

    def _roles_json(self) -> Json:
        return {key: plant.as_json() for key, plant in self._plants.items()}

    def _restore(self) -> None:
        guards, plants = self._vault.load(GUARDS), self._vault.load(ROLES)
        for row in guards if isinstance(guards, list) else ():
            match row:
                case [str(key), str(name), stored] if (slot := _slot(name)) is not None:
                    self._guards[key, slot] = Guard.from_json(stored)
        for key, stored in plants.items() if isinstance(plants, dict) else ():
            self._plants[key] = PlantRoles.from_json(stored)


def _newest(
    readings: Mapping[str, Reading], plant_id: str, inventory: Inventory
) -> datetime | None:
    """Return when the newest device of a plant reported."""
    times = [
        reading.measured_at
        for key, reading in readings.items()
        if (device := inventory.devices.get(key)) is not None
        and device.plant_id == plant_id
        and reading.measured_at is not None
    ]
    return max(times, default=None)
