"""Which slots each plant and device ever filled: what was seen once keeps its entity, also after a restart at night."""

from collections.abc import Mapping
from typing import Final

from ..cloud.model import Quantity, Reading, Slot
from ..cloud.storage import Json, Storage

SECTION: Final = "seen"

LASTING: Final = frozenset(
    {
        Quantity.LAST_REPORT,
        Quantity.BATTERY_CAPACITY,
        Quantity.PLANT_STATE,
        Quantity.ACTIVE_ALARMS,
        Quantity.API_CALLS_TODAY,
        Quantity.API_CALLS_LEFT,
        Quantity.DATA_AGE,
        Quantity.REJECTED_VALUES,
    }
)
"""Quantities that are not energies and still mean something when a device is silent."""

_QUANTITIES: Final = {str(quantity): quantity for quantity in Quantity}


def survives_offline(quantity: Quantity) -> bool:
    """Whether a value stays true while its device is silent."""
    return quantity.is_energy or quantity in LASTING


def slot_key(slot: Slot) -> str:
    """Name a slot in storage."""
    return f"{slot.quantity}#{slot.index}"


def slot_of(key: str) -> Slot | None:
    """Find a slot by its name in storage; ``None`` for one this version does not know."""
    name, _, index = key.partition("#")
    if name in _QUANTITIES and index.isdecimal():
        return Slot(_QUANTITIES[name], int(index))
    return None


class KnownSlots:
    """The memory of slots."""

    def __init__(self, storage: Storage) -> None:
        """Take up the memory of the last run."""
        self._storage: Final = storage
        self._slots: Final[dict[str, set[Slot]]] = {}
        stored = storage.load(SECTION)
        for key, slots in stored.items() if isinstance(stored, dict) else ():
            known = (
                (slot_of(str(each)) for each in slots)
                if isinstance(slots, list)
                else ()
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
            self._storage.delay_save(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {
            key: [slot_key(slot) for slot in sorted(slots)]
            for key, slots in self._slots.items()
        }
