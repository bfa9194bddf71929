"""From what the vendor said to what is published: counters filtered, days kept, roles filled, old values told from live ones.

Everything here is pure but for the storage, which keeps the filters, the days, the choices of sources and the set of slots ever seen: a
restart at night loses no entity and no counter.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ..cloud.demand import Demand
from ..cloud.model import Inventory, Quantity as Q, Reading, Slot, Snapshot, Value
from ..cloud.points import split_powers
from ..cloud.polling import ReadingCache
from ..cloud.serialization import from_json
from ..cloud.sources import PlantSources, SourceTerm
from ..cloud.storage import LATER, SOON, Storage
from .alarms import AlarmJournal
from .counter_filters import SHARES, Addend, CounterFilters, Scenery
from .daily import Days
from .freshness import Freshness
from .held import Decision, Held
from .known_slots import KnownSlots
from .plant_sources import PollContext, SourceSelection, SourceSelections, evaluate
from .sessions import Sessions
from .shown import ShownBefore
from .timezones import HomeLocation, Night, is_dark, plant_zone

ROLES: Final = "roles"

RATES: Final = (
    (Q.SELF_SUFFICIENCY_RATE, Q.GRID_IMPORT_ENERGY_TODAY, Q.LOAD_ENERGY_TODAY),
    (Q.SELF_CONSUMPTION_RATE, Q.GRID_EXPORT_ENERGY_TODAY, Q.PV_ENERGY_TODAY),
)
"""Each rate, what of the whole went through the grid, and the whole."""
LEAST_FOR_RATE: Final = 0.05
"""kWh; of less than that a counter's last digit would be a tenth."""
FLOWS: Final = frozenset(
    {
        *SHARES,
        *SHARES.values(),
        Q.PV_POWER,
        Q.GRID_POWER,
        Q.BATTERY_POWER,
        Q.LOAD_POWER,
        Q.BATTERY_SOC,
    }
) - {Q.AC_ENERGY_TOTAL, Q.AC_ENERGY_TODAY}
"""What moves with every upload of a plant; its income and its state can wait, and what its inverters put out they tell themselves."""


@dataclass(frozen=True, slots=True)
class _Poll:
    """One poll on its way to being published."""

    raw: Snapshot
    inventory: Inventory
    now: datetime
    fresh: dict[str, Reading]
    """What was said, with each lifetime counter as its filter lets it through."""
    effective: dict[str, Reading]
    """What holds of every plant and device."""
    stale: set[str]
    roles: Mapping[str, PlantSources]
    """The sources of each plant's roles."""

    def members(self, plant_id: str) -> list[str]:
        """Return the devices of a plant."""
        devices = self.inventory.devices.items()
        return [key for key, device in devices if device.plant_id == plant_id]


class ReadingPipeline:
    """Turns each poll of one account into what is published."""

    def __init__(
        self,
        storage: Storage,
        stale_after: float,
        roles: Callable[[str, Inventory], PlantSources],
        place: HomeLocation,
    ) -> None:
        """Take up the filters and choices of the last run."""
        self.seen: Final = KnownSlots(storage)
        self.sessions: Final = Sessions(storage)
        self.alarms: Final = AlarmJournal(storage)
        self._storage: Final = storage
        self._roles: Final = roles
        self._filters: Final = CounterFilters(storage)
        self._place: Final = place
        self._night: Final = Night(place)
        self._days: Final = Days(storage, place, self._filters)
        self._live: Final = Freshness(stale_after, self.seen, place)
        self._said: Final = ReadingCache()
        self.shown: Final = ShownBefore()
        self._plants: Final = {
            plant_id: SourceSelections(choices)
            for plant_id, choices in from_json(
                dict[str, dict[Q, SourceSelection]], storage.load(ROLES)
            ).items()
        }
        self._stand = {key: plant.stand() for key, plant in self._plants.items()}
        self._inventory = Inventory({}, {})
        self._own: Final[dict[str, frozenset[Q]]] = {}
        """What plants show of their own figures, because no device tells it."""

    def process(
        self, snapshot: Snapshot, inventory: Inventory, now: datetime
    ) -> Snapshot:
        """Return what is to be published of this poll.

        Of a plant or device that is ``stale`` only what holds without it is left: its energies, and the zero of a sleeping inverter.
        """
        self._inventory = inventory
        for key, reading in snapshot.readings.items():
            self._said.put(key, reading, now.timestamp())
        roles = {key: self._roles(key, inventory) for key in inventory.plants}
        fresh = self._tell(snapshot, inventory, roles, now)
        effective, stale = self._live.settle(fresh, snapshot.stale, inventory, now)
        poll = _Poll(snapshot, inventory, now, fresh, effective, stale, roles)
        for plant in inventory.plants.values():
            stamps = (
                fresh[key].measured_at
                for key in (plant.id, *poll.members(plant.id))
                if key in fresh
            )
            self._days.turn(plant, next(filter(None, stamps), None), now)
        for key, reading in effective.items():
            effective[key] = self._completed(key, reading, poll)
        for plant_id in inventory.plants:
            effective[plant_id] = self._plant(plant_id, poll)
        self.shown.hold(effective, self.day_start, now.timestamp())
        self.seen.add(effective)
        self.sessions.follow(effective, now)
        self.alarms.note(snapshot.alarms, inventory)
        self._save()
        silent = {
            key: reason for key, reason in snapshot.silent.items() if key in effective
        }
        return Snapshot(
            effective,
            silent,
            frozenset(stale),
            snapshot.alarms,
            snapshot.notices,
            snapshot.resume_after,
        )

    def _tell(
        self,
        snapshot: Snapshot,
        inventory: Inventory,
        roles: Mapping[str, PlantSources],
        now: datetime,
    ) -> dict[str, Reading]:
        """Pass what was said through the filters; silence is heard, too, and old news that tell no time say nothing new."""
        for device in inventory.devices.values():
            self._filters.note_serial(device)
        night = self._night.since(now.timestamp())
        sceneries = {
            plant.id: Scenery(
                inventory,
                _powers(roles[plant.id], snapshot),
                now.astimezone(plant_zone(plant, None, now, self._place)).toordinal(),
                night if is_dark(plant, now, self._place) else None,
            )
            for plant in inventory.plants.values()
        }
        plant_of = {key: device.plant_id for key, device in inventory.devices.items()}
        for key, reading in snapshot.readings.items():
            plant_id = plant_of.get(key, key)
            scenery = sceneries.get(plant_id)
            if scenery is not None and self._filters.is_denied(
                key, reading, _made_at(reading, now), scenery
            ):
                sceneries[plant_id] = replace(scenery, glitch=True)
        fresh: dict[str, Reading] = {}
        for key in (*inventory.devices, *inventory.plants):
            scenery = sceneries.get(plant_of.get(key, key))
            reading = snapshot.readings.get(key, Reading(None, {}))
            if scenery is not None:
                counters = self._filters.observe(
                    key,
                    reading,
                    _made_at(reading, now),
                    scenery,
                    again=_undated(key, snapshot),
                )
                if key in snapshot.readings:
                    fresh[key] = replace(reading, values=_others(reading) | counters)
        return fresh

    def _completed(self, key: str, reading: Reading, poll: _Poll) -> Reading:
        """Hold the counters that were not told, and keep those of today to the plant's day."""
        values = dict(reading.values)
        self._filters.hold(key, values)
        at = None
        if key in poll.fresh and not _undated(key, poll.raw):
            at = _made_at(reading, poll.now)
        complete, now = replace(reading, values=values), poll.now.timestamp()
        values |= self._days.keep(key, complete, at, poll.inventory, now)
        return replace(complete, values=values)

    def _plant(self, plant_id: str, poll: _Poll) -> Reading:
        """Put the roles over what the plant itself reports of them, and what is told about its data."""
        roles = poll.roles[plant_id]
        own, now = poll.effective[plant_id], poll.now.timestamp()
        chosen = self._plants.setdefault(plant_id, SourceSelections())
        values: dict[Slot, Value] = {
            slot: value
            for slot, value in own.values.items()
            if slot.quantity not in roles
        }
        context = PollContext(
            poll.fresh,
            poll.effective,
            self._filters.is_doubted,
            self._filters.is_current,
            self._filters.overcounted,
            poll.inventory.complete,
            now,
        )
        values |= chosen.apply(roles, context)
        split_powers(values)
        self._own[plant_id] = self._told_by_plant(plant_id, chosen)
        raw = poll.raw.readings.get(plant_id)
        slow = raw.slow if raw else frozenset()
        self._days.share_roles(plant_id, values, chosen, chosen.parts(roles), slow, now)
        if chosen.source_missing(roles, values, poll.stale):
            poll.stale.add(plant_id)
        elif any(Slot(role) in values for role in roles if not role.is_energy):
            poll.stale.discard(plant_id)
        members = poll.members(plant_id)
        add_rates(values)
        if (peak := poll.inventory.plants[plant_id].pv_capacity) is not None:
            values[Slot(Q.INSTALLED_POWER)] = peak
        values[Slot(Q.REJECTED_VALUES)] = self._filters.count((plant_id, *members))
        if (age := self._age(members or [plant_id], poll)) is not None:
            values[Slot(Q.DATA_AGE)] = age
        newest = max(
            (at for key in members if (at := poll.effective[key].measured_at)),
            default=None,
        )
        return Reading(own.measured_at or newest, values, own.unknown, raw=own.raw)

    def _told_by_plant(self, plant_id: str, chosen: SourceSelections) -> frozenset[Q]:
        """Return what a plant shows of its own figures: the roles it feeds, and what of its flows no device tells."""
        sources = chosen.sources()
        fed = {
            role
            for role, terms in sources.items()
            if any(owner == plant_id for owner, _ in terms)
        }
        by_devices = {role for role, terms in sources.items() if terms} - fed
        by_devices |= {SHARES[role] for role in by_devices & SHARES.keys()}
        said = self._said.last(plant_id)
        told = {slot.quantity for slot in said.values} if said else set()
        own = fed | ((told & FLOWS) - by_devices)
        return frozenset(own | {SHARES[role] for role in own & SHARES.keys()})

    def needs_own(self, demand: Demand) -> Mapping[str, frozenset[Q]] | None:
        """Return what somebody looks at of plants' own figures; ``None`` before the first poll."""
        if not self._own:
            return None
        return {
            plant_id: own
            for plant_id, own in self._own.items()
            if demand.shows([plant_id], own)
        }

    def _age(self, keys: Iterable[str], poll: _Poll) -> float | None:
        """Return the seconds since the newest of some devices reported, ``None`` while none did."""
        now = poll.now.timestamp()
        times = [
            min(self._said.made_at(key, reading), now)
            for key in keys
            if (reading := poll.raw.readings.get(key)) is not None
        ]
        return float(round(now - max(times))) if times else None

    def _save(self) -> None:
        self._filters.save()
        self._days.save()
        stand = {key: plant.stand() for key, plant in self._plants.items()}
        delay = LATER if stand == self._stand else SOON
        self._stand = stand
        self._storage.delay_save(ROLES, self._choices, delay)

    def _choices(self) -> dict[str, dict[Q, SourceSelection]]:
        return {key: plant.choices for key, plant in self._plants.items()}

    def day_start(self, device_id: str) -> datetime | None:
        """Return the midnight from which a plant or device counts today."""
        return self._days.start(device_id, self._inventory)

    def holding(self) -> set[Addend]:
        """Return the counters whose latest value was not believed, or that had none."""
        return self._filters.holding()

    def rejected(self) -> Mapping[tuple[str, Slot], int]:
        """Return how many values each filter held back, for diagnostics."""
        return self._filters.rejected()

    def held(self) -> Mapping[tuple[str, Slot], Held]:
        """Return why counters are not published as they were told, for diagnostics."""
        return self._filters.held()

    def decisions(self) -> Iterable[Decision]:
        """Return when counters last began or ceased to be held, oldest first, for diagnostics."""
        return self._filters.decisions

    def roles_held(self, plant_id: str) -> Mapping[Q, Held]:
        """Return why counters of a plant are not what their sources add up to, for diagnostics."""
        plant = self._plants.get(plant_id)
        return plant.held() if plant else {}

    def sources(self, plant_id: str) -> Mapping[Q, Iterable[tuple[str, str]]]:
        """Return the source of each role as (device, slot) pairs, for diagnostics."""
        plant = self._plants.get(plant_id)
        return plant.sources() if plant else {}

    def counted_from(
        self, plant_id: str, inventory: Inventory
    ) -> Mapping[Q, tuple[SourceTerm, ...]]:
        """Return what each counter of a plant is the sum of, with the sign of each addend."""
        if (plant := self._plants.get(plant_id)) is None:
            return {}
        chosen = plant.chosen(self._roles(plant_id, inventory))
        return {role: source.terms for role, source in chosen.items()}


def _undated(key: str, raw: Snapshot) -> bool:
    """Whether nobody knows when a reading was made: it is old, and tells no time."""
    return (
        key in raw.readings
        and key in raw.stale
        and raw.readings[key].measured_at is None
    )


def _others(reading: Reading) -> dict[Slot, Value]:
    """Return what is no lifetime counter."""
    return {
        slot: value
        for slot, value in reading.values.items()
        if not slot.quantity.is_counter
    }


def _powers(roles: PlantSources, raw: Snapshot) -> dict[Slot, Value]:
    """Return a plant's powers as they were said in this poll, each from its best source."""
    powers: dict[Slot, Value] = {}
    for role, sources in roles.items():
        found = (evaluate(each, raw.readings) for each in sources if role.unit == "W")
        power = next((each for each in found if each is not None), None)
        if power is not None:
            powers[Slot(role)] = power
    split_powers(powers)
    return powers


def _made_at(reading: Reading, now: datetime) -> float:
    """Return when a reading was made, as far as anybody knows."""
    return min(reading.measured_at or reading.heard_at or now, now).timestamp()


def add_rates(values: dict[Slot, Value]) -> None:
    """Add today's rates in % to a plant's values; one whose energies are not both known stays unknown.

    What a battery bought at night and sold by day counts against the sun, so a rate is kept between nothing and all.
    """
    for rate, through_grid, whole in RATES:
        part, made = values.get(Slot(through_grid)), values.get(Slot(whole))
        if Slot(rate) in values:
            continue
        if (
            isinstance(part, float)
            and isinstance(made, float)
            and made >= LEAST_FOR_RATE
        ):
            share = min(max(1.0 - part / made, 0.0), 1.0)
            values[Slot(rate)] = round(100.0 * share, 1)
