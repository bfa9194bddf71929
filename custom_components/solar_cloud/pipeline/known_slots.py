"""Which slots each plant and device ever filled: what was seen once keeps its entity, also after a restart at night."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..cloud.model import Quantity, Reading, Slot
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "seen"

LASTING: Final = frozenset(
    {
        Quantity.LAST_REPORT,
        Quantity.BATTERY_CAPACITY,
        Quantity.BATTERY_ROUND_TRIP_EFFICIENCY,
        Quantity.BATTERY_USABLE_CAPACITY,
        Quantity.INSTALLED_POWER,
        Quantity.PLANT_STATE,
        Quantity.SPECIFIC_YIELD,
        Quantity.API_CALLS_TODAY,
        Quantity.API_CALLS_LEFT,
        Quantity.DATA_AGE,
        Quantity.REJECTED_VALUES,
    }
)
"""Quantities that are not energies and still mean something when a device is silent."""


def survives_offline(quantity: Quantity) -> bool:
    """Whether a value stays true while its device is silent."""
    return quantity.is_energy or quantity in LASTING


class KnownSlots:
    """The memory of slots."""

    def __init__(self, storage: Storage) -> None:
        """Take up the memory of the last run."""
        self.grown = False
        """Whether a slot was met for the first time since somebody last looked."""
        self._storage: Final = storage
        self._slots: Final = from_json(dict[str, set[Slot]], storage.load(SECTION))

    def slots(self, key: str) -> frozenset[Slot]:
        """Return the slots of one plant or device."""
        return frozenset(self._slots.get(key, ()))

    def add(self, readings: Mapping[str, Reading]) -> None:
        """Remember what these readings hold."""
        grown = False
        for key, reading in readings.items():
            slots = self._slots.setdefault(key, set())
            for told in (reading.values, reading.unknown):
                if not told.keys() <= slots:
                    slots.update(told)
                    grown = True
        if grown:
            self.grown = True
            self._storage.delay_save(SECTION, partial(to_json, self._slots))
