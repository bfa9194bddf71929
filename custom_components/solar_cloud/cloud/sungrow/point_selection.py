"""Which of several points feeds one value of a plant: chosen once, then kept.

They never agree to the last kWh, so a counter that changed between them would book the difference.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from ..points import Table, number
from ..storage import Json, Storage

SECTION: Final = "fields"


class FieldChoice:
    """The choices of all plants."""

    def __init__(self, storage: Storage) -> None:
        """Take up the choices of the last run."""
        self._storage: Final = storage
        stored = storage.load(SECTION)
        self._chosen: Final[dict[str, dict[str, str]]] = {}
        for owner, slots in stored.items() if isinstance(stored, dict) else ():
            known = slots.items() if isinstance(slots, dict) else ()
            self._chosen[owner] = {slot: str(field) for slot, field in known}

    def settle(
        self, owner: str, table: Table, fields: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Return the fields without those another one was chosen over."""
        rivals: dict[str, list[str]] = defaultdict(list)
        for point in table.points:
            rivals[point.slot.key].append(point.field)
        dropped: set[str] = set()
        for slot, names in rivals.items():
            if len(names) > 1 and (chosen := self._choose(owner, slot, names, fields)):
                dropped.update(name for name in names if name != chosen)
        return {name: raw for name, raw in fields.items() if name not in dropped}

    def _choose(
        self, owner: str, slot: str, names: list[str], fields: Mapping[str, Json]
    ) -> str | None:
        """Return the field that feeds a slot; the first that carries a number is taken for good."""
        chosen = self._chosen.setdefault(owner, {})
        if chosen.get(slot) not in names:
            first = (name for name in names if number(fields.get(name)) is not None)
            if (name := next(first, None)) is None:
                return None
            chosen[slot] = name
            self._storage.delay_save(SECTION, self._as_json)
        return chosen[slot]

    def _as_json(self) -> Json:
        return {owner: dict(slots) for owner, slots in self._chosen.items()}
