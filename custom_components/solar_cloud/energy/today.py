"""The counters of today of an account: the vendor's own, kept to each plant's day, and a share of the lifetime where there are none."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from ..cloud.model import Inventory, Plant, Quantity as Q, Reading, Slot, Value
from ..cloud.vault import Json, Vault
from .day import DayCounter, DayShare, PlantDay
from .guards import bound, stem
from .seen import slot_key, slot_of
from .zone import Surroundings, plant_zone

DAYS: Final = "days"

SHARES: Final[Mapping[Q, Q]] = {
    total: today
    for total in Q
    if total.is_counter
    and (today := next((q for q in Q if q == f"{stem(total)}_energy_today"), None))
}
"""The counter of today beside each lifetime counter that has one."""


def daily(quantity: Q) -> bool:
    """Whether a quantity starts anew at the plant's midnight."""
    return quantity is Q.INCOME_TODAY or quantity.value.endswith("_energy_today")


class Days:
    """The days of all plants, and what is counted in them."""

    def __init__(self, vault: Vault, place: Surroundings) -> None:
        """Take up the days of the last run."""
        self._vault: Final = vault
        self._place: Final = place
        self._days: Final[dict[str, PlantDay]] = {}
        self._counters: Final[dict[str, dict[Slot, DayCounter]]] = {}
        self._shares: Final[dict[str, dict[Q, DayShare]]] = {}
        self._restore()

    def turn(self, plant: Plant, measured_at: datetime | None, now: datetime) -> None:
        """Go to a plant's day."""
        zone = plant_zone(plant, measured_at, now, self._place)
        self._days.setdefault(plant.id, PlantDay()).turn(now, zone)

    def start(self, owner_id: str, inventory: Inventory) -> datetime | None:
        """Return the midnight from which a plant or device counts today."""
        day = self._day(owner_id, inventory)
        return datetime.fromtimestamp(day.start, UTC) if day else None

    def _day(self, owner_id: str, inventory: Inventory) -> PlantDay | None:
        device = inventory.devices.get(owner_id)
        return self._days.get(device.plant_id if device else owner_id)

    def keep(
        self,
        owner_id: str,
        values: dict[Slot, Value],
        at: float | None,
        inventory: Inventory,
    ) -> None:
        """Keep an owner's counters of today to its day; ``at`` is when they were measured, ``None`` when nothing was said."""
        if (day := self._day(owner_id, inventory)) is None:
            return
        counters = self._counters.setdefault(owner_id, {})
        for slot in [*filter(_counts, values)]:
            if slot not in counters:
                counters[slot] = DayCounter(guarded=slot.quantity.is_energy)
        for slot, counter in counters.items():
            raw, rated = values.get(slot), bound(slot.quantity, owner_id, inventory)
            if at is None or not isinstance(raw, float):
                values[slot] = counter.turn(day, rated)
            else:
                values[slot] = counter.observe(raw, at, day, rated)

    def share(
        self,
        plant_id: str,
        values: dict[Slot, Value],
        sources: Mapping[Q, Iterable[tuple[str, str]]],
        readings: Mapping[str, Reading],
        now: float,
    ) -> None:
        """Give a plant the counters of today its vendor lacks, from the lifetime counters it has."""
        shares = self._shares.setdefault(plant_id, {})
        for total, today in SHARES.items():
            counter = values.get(Slot(total))
            if Slot(today) in values or not isinstance(counter, float):
                continue
            share = shares.setdefault(today, DayShare())
            known = _known_today(sources.get(total, ()), today, readings)
            shared = share.observe(counter, now, self._days[plant_id], known)
            if shared is not None:
                values[Slot(today)] = shared

    def save(self) -> None:
        """Keep it all, soon."""
        self._vault.save_soon(DAYS, self._as_json)

    def _as_json(self) -> Json:
        return {
            "days": {key: day.as_json() for key, day in self._days.items()},
            "counters": [
                [owner_id, slot_key(slot), counter.as_json()]
                for owner_id, counters in self._counters.items()
                for slot, counter in counters.items()
            ],
            "shares": [
                [plant_id, slot_key(Slot(quantity)), share.as_json()]
                for plant_id, shares in self._shares.items()
                for quantity, share in shares.items()
            ],
        }

    def _restore(self) -> None:
        stored = self._vault.load(DAYS)
        if not isinstance(stored, dict):
            return
        days = stored.get("days")
        for key, day in days.items() if isinstance(days, dict) else ():
            self._days[key] = PlantDay.from_json(day)
        for owner_id, slot, kept in _rows(stored.get("counters")):
            counters = self._counters.setdefault(owner_id, {})
            counters[slot] = DayCounter.from_json(kept)
        for plant_id, slot, kept in _rows(stored.get("shares")):
            shares = self._shares.setdefault(plant_id, {})
            shares[slot.quantity] = DayShare.from_json(kept)


def _counts(slot: Slot) -> bool:
    return daily(slot.quantity)


def _known_today(
    terms: Iterable[tuple[str, str]], today: Q, readings: Mapping[str, Reading]
) -> float | None:
    """Add up what the devices behind a lifetime counter say of today; ``None`` unless all of them do."""
    said = [
        readings[device_id].values.get(Slot(today)) if device_id in readings else None
        for device_id, _ in terms
    ]
    known = [value for value in said if isinstance(value, float)]
    return sum(known) if said and len(known) == len(said) else None


def _rows(stored: Json) -> Iterable[tuple[str, Slot, Json]]:
    for row in stored if isinstance(stored, list) else ():
        match row:
            case [str(owner_id), str(name), kept] if slot := slot_of(name):
                yield owner_id, slot, kept
