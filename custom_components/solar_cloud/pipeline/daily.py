"""The counters of today of an account: the vendor's own, kept to each plant's day, and a share of the lifetime where there are none."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final

from ..cloud.model import Inventory, Plant, Quantity as Q, Slot, Value
from ..cloud.serialization import from_json
from ..cloud.storage import LATER, SOON, Storage
from .counter_filters import SHARES, Addend, CounterFilters, bound, power_of
from .day_counters import DayCounter, DayShare, PlantDay
from .growth import BRIDGE, Evidence
from .plant_sources import SourceSelections
from .timezones import HomeLocation, plant_zone

DAYS: Final = "days"

FINEST: Final = 0.1
"""kWh; a lifetime counter with coarser steps says less of a day than the vendor's counter of today."""


OTHER_DAILY: Final = frozenset({Q.INCOME_TODAY, Q.CO2_SAVED_TODAY})
"""What is counted over a day beside energies."""


DAILY: Final = OTHER_DAILY | {each for each in Q if each.endswith("_energy_today")}
SHARE_SLOTS: Final = tuple(
    (Slot(lifetime), Slot(today)) for lifetime, today in SHARES.items()
)
LIFETIMES: Final[Mapping[Q, Q]] = {
    today: lifetime for lifetime, today in SHARES.items()
}


def daily(quantity: Q) -> bool:
    """Whether a quantity starts anew at the plant's midnight."""
    return quantity in DAILY


@cache
def lifetime_of(today: Slot) -> Slot | None:
    """Return the lifetime counter beside a counter of today."""
    lifetime = LIFETIMES.get(today.quantity)
    return None if lifetime is None else Slot(lifetime, today.index)


@dataclass(frozen=True, slots=True)
class DaysState:
    """What is kept of the days."""

    days: dict[str, PlantDay] = field(default_factory=dict)
    """By plant."""
    counters: dict[str, dict[Slot, DayCounter]] = field(default_factory=dict)
    """The vendor's counters of today by plant or device."""
    shares: dict[str, dict[Slot, DayShare]] = field(default_factory=dict)
    """Shares of the lifetime counters, by the counter of today they stand in for."""


class Days:
    """The days of all plants, and what is counted in them."""

    def __init__(
        self, storage: Storage, place: HomeLocation, filters: CounterFilters
    ) -> None:
        """Take up the days of the last run; ``filters`` know the lifetime counters."""
        self._filters: Final = filters
        self._storage: Final = storage
        self._place: Final = place
        self._state: Final = from_json(DaysState, storage.load(DAYS))
        self._days: Final = self._state.days
        self._counters: Final = self._state.counters
        self._shares: Final = self._state.shares
        self._turned = False

    def turn(self, plant: Plant, measured_at: datetime | None, now: datetime) -> None:
        """Go to a plant's day."""
        zone = plant_zone(plant, measured_at, now, self._place)
        day = self._days.setdefault(plant.id, PlantDay())
        before = day.date
        day.turn(now, zone)
        self._turned = self._turned or day.date != before

    def start(self, device_id: str, inventory: Inventory) -> datetime | None:
        """Return the midnight from which a plant or device counts today."""
        day = self._day(device_id, inventory)
        return datetime.fromtimestamp(day.start, UTC) if day else None

    def date(self, plant_id: str) -> int:
        """Return the day a plant is in, as an ordinal."""
        return self._days[plant_id].date

    def _day(self, device_id: str, inventory: Inventory) -> PlantDay | None:
        device = inventory.devices.get(device_id)
        return self._days.get(device.plant_id if device else device_id)

    def keep(
        self,
        device_id: str,
        told: Mapping[Slot, Value],
        slow: Collection[Slot],
        at: float | None,
        inventory: Inventory,
        now: float,
    ) -> dict[Slot, Value]:
        """Return an owner's counters of today, kept to its day; ``at`` is when they were measured, ``None`` when nothing was said.

        Those that are ``slow`` lag behind.

        Where the lifetime counter beside one is known as finely, the day is what that gained: it has the better witnesses.
        """
        if (day := self._day(device_id, inventory)) is None:
            return {}
        counters = self._counters.setdefault(device_id, {})
        for slot in told:
            if daily(slot.quantity) and slot not in counters:
                counters[slot] = DayCounter(guarded=slot.quantity.is_energy)
        values: dict[Slot, Value] = {}
        for slot, counter in counters.items():
            raw, lifetime = told.get(slot), lifetime_of(slot)
            total = None if lifetime is None else told.get(lifetime)
            evidence = Evidence(
                power=power_of(slot, told),
                limit=bound(slot.quantity, device_id, inventory),
                sibling=total if isinstance(total, float) else None,
            )
            if at is None or not isinstance(raw, float):
                values[slot] = counter.turn(day, evidence.limit)
            else:
                values[slot] = counter.observe(raw, at, day, evidence)
            if lifetime and isinstance(total, float) and device_id in inventory.devices:
                terms = [(device_id, lifetime.key)]
                share = self._share(device_id, slot)
                shared = share.observe(
                    total,
                    now,
                    day,
                    counter.known,
                    certain=self._certain(terms, now),
                    slow=slot in slow,
                )
                if shared is not None and self._fine(terms):
                    values[slot] = shared
        return values

    def share_roles(
        self,
        plant_id: str,
        values: dict[Slot, Value],
        roles: SourceSelections,
        parts: Mapping[Q, Iterable[tuple[Q, float]]],
        slow: Collection[Slot],
        now: float,
    ) -> None:
        """Give a plant the counters of today of its roles, from the lifetime counters behind them.

        ``parts`` are the roles that make up a difference, whose day is theirs; ``slow`` are the counters of the vendor that lag behind.
        """
        day, sources = self._days[plant_id], roles.sources()
        followed, measured = roles.followed(), roles.measured()
        for counter, today in sorted(
            SHARE_SLOTS, key=lambda each: each[0].quantity in parts
        ):
            total, lifetime = values.get(counter), counter.quantity
            if not isinstance(total, float):
                continue
            terms = [*sources.get(lifetime, ())] or [(plant_id, str(lifetime))]
            lags = False
            if lifetime in parts:
                known = self._known_of_parts(plant_id, parts[lifetime], values)
            else:
                known = self._known_of(terms, counter, today)
            if known is None and (own := self._counters.get(plant_id, {}).get(today)):
                known, lags = own.known, today in slow
            shared = self._share(plant_id, today).observe(
                total,
                now,
                day,
                known,
                certain=lifetime in followed or self._certain(terms, now),
                slow=lags,
                measured=lifetime in measured,
            )
            if shared is not None and (today not in values or self._fine(terms)):
                values[today] = shared

    def _known_of_parts(
        self,
        plant_id: str,
        parts: Iterable[tuple[Q, float]],
        values: Mapping[Slot, Value],
    ) -> float | None:
        """Add up the day of the roles behind a difference; ``None`` unless it is certain how each began."""
        added, shares = 0.0, self._shares.get(plant_id, {})
        for role, sign in parts:
            if (quantity := SHARES.get(role)) is None:
                return None
            today = Slot(quantity)
            value, share = values.get(today), shares.get(today)
            if not isinstance(value, float) or share is None or not share.begun:
                return None
            added += sign * value
        return added

    def _share(self, device_id: str, slot: Slot) -> DayShare:
        shares = self._shares.setdefault(device_id, {})
        if (share := shares.get(slot)) is None:
            share = shares[slot] = DayShare()
        return share

    def _certain(self, terms: Iterable[Addend], now: float) -> bool:
        """Whether these counters were heard of late, and nothing of them is held back."""
        return all(self._filters.is_current(term, now - BRIDGE) for term in terms)

    def _fine(self, terms: Iterable[Addend]) -> bool:
        """Whether these counters move in steps fine enough for a day."""
        return not any(self._filters.is_coarse(term, FINEST) for term in terms)

    def _known_of(
        self, terms: Iterable[Addend], lifetime: Slot, today: Slot
    ) -> float | None:
        """Add up the vendor's counters of today of the devices behind a role; ``None`` unless all of them have one."""
        added = 0.0
        for device_id, key in terms:
            counter = self._counters.get(device_id, {}).get(today)
            if key != lifetime.key or counter is None or counter.known is None:
                return None
            added += counter.known
        return added

    def save(self) -> None:
        """Keep it all, soon where a day has begun: its midnight cannot be seen again."""
        delay, self._turned = SOON if self._turned else LATER, False
        self._storage.delay_save(DAYS, lambda: self._state, delay)
