"""From what the vendor said to what is published: counters filtered, days kept, roles filled, old values told from live ones.

Everything here is pure but for the storage, which keeps the filters, the days, the choices of sources and the set of slots ever seen: a
restart at night loses no entity and no counter.
"""

from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
    Set as AbstractSet,
)
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from ..cloud.demand import Demand
from ..cloud.model import (
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
    Value,
)
from ..cloud.points import split_powers
from ..cloud.polling import ReadingCache
from ..cloud.serialization import from_json
from ..cloud.sources import PlantSources, SourceTerm
from ..cloud.storage import LATER, SOON, Storage
from .alarms import AlarmJournal
from .counter_filters import SHARES, Addend, CounterFilters, FilterContext
from .daily import Days
from .freshness import Freshness
from .held import Decision, Held
from .insights import Insights, PlantLook
from .known_slots import KnownSlots
from .plant_sources import PollContext, SourceSelection, SourceSelections, evaluate
from .sessions import Sessions
from .shown import ShownBefore
from .surplus import Surplus, surplus_watts
from .timezones import HomeLocation, Night, is_dark, plant_zone

ROLES: Final = "roles"
UNHEARD: Final = 270.0
"""Seconds after which a plant is looked at again though no poll brought anything of it: silence and time tell, too.

Less than from one poll to the next, more than between the parts of polls that limits cut into minutes: who is heard in each is looked at once.
"""

SLICE: Final = 10
"""Plants that are worked on before others get their turn."""

RATES: Final = (
    (
        Slot(Q.SELF_SUFFICIENCY_RATE),
        Slot(Q.GRID_IMPORT_ENERGY_TODAY),
        Slot(Q.LOAD_ENERGY_TODAY),
    ),
    (
        Slot(Q.SELF_CONSUMPTION_RATE),
        Slot(Q.GRID_EXPORT_ENERGY_TODAY),
        Slot(Q.PV_ENERGY_TODAY),
    ),
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
    plants: Sequence[str]
    """Of which it brought something, or time did."""
    fresh: dict[str, Reading] = field(default_factory=dict)
    """What was said, with each lifetime counter as its filter lets it through."""
    effective: dict[str, Reading] = field(default_factory=dict)
    """What holds of every plant and device that was worked on."""
    stale: set[str] = field(default_factory=set)


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
        self.insights: Final = Insights(storage, self.seen)
        self._plants: Final = {
            plant_id: SourceSelections(choices)
            for plant_id, choices in from_json(
                dict[str, dict[Q, SourceSelection]], storage.load(ROLES)
            ).items()
        }
        self._decided: Final = {
            key: plant.decided() for key, plant in self._plants.items()
        }
        self._listed: Final[dict[str, PlantSources]] = {}
        self._inventory = Inventory({}, {})
        self._own: Final[dict[str, frozenset[Q]]] = {}
        """What plants show of their own figures, because no device tells it."""
        self._published = Snapshot({})
        self._raw = Snapshot({})
        self._begun: float | None = None
        """When the first poll of this run came, in epoch seconds."""
        self._looked_at: Final[dict[str, float]] = {}
        """When each plant was last worked on, in epoch seconds."""
        self.changed: AbstractSet[str] = frozenset()
        """The plants and devices of which the last poll published something else than the one before."""
        self.heard: AbstractSet[str] = frozenset()
        """The plants and devices that the last poll told something of, if only that it is as it was."""
        self.variety = 0
        """Counts up whenever there is another kind of thing to show: a plant, a device, a slot, a time, alarms."""
        self._dated: Final[set[str]] = set()

    def process(
        self, snapshot: Snapshot, inventory: Inventory, now: datetime
    ) -> Snapshot:
        """Return what is to be published of this poll.

        Of a plant or device that is ``stale`` only what holds without it is left: its energies, and the zero of a sleeping inverter. A poll
        that brings nothing of a plant leaves it as it was, for a while.
        """
        work = self.work(snapshot, inventory, now)
        while True:
            try:
                next(work)
            except StopIteration as done:
                published: Snapshot = done.value
                return published

    def work(
        self, snapshot: Snapshot, inventory: Inventory, now: datetime
    ) -> Generator[None, None, Snapshot]:
        """Process a poll, and pause between some plants and the next: each is done at once, and nothing is published before all are."""
        self._begun = self._begun or now.timestamp()
        plants = self._due(snapshot, inventory, now.timestamp())
        poll = _Poll(snapshot, inventory, now, plants)
        night = self._night.since(now.timestamp())
        for number, plant_id in enumerate(plants, 1):
            self._look_at(plant_id, poll, night)
            if number % SLICE == 0:
                yield
        self.shown.hold(poll.effective, self.day_start, now.timestamp())
        self.seen.add(poll.effective)
        self.sessions.follow(poll.effective, now)
        self.alarms.note(snapshot.alarms, inventory)
        self._raw = snapshot
        self._save(plants)
        return self._publish(poll)

    def _look_at(self, plant_id: str, poll: _Poll, night: float | None) -> None:
        """Work out what is to be published of one plant and its devices."""
        plant, now = poll.inventory.plants[plant_id], poll.now.timestamp()
        owners = (*poll.inventory.members(plant_id), plant_id)
        for key in owners:
            if (reading := poll.raw.readings.get(key)) is not None:
                self._said.put(key, reading, now)
        roles = self._roles_of(plant_id, poll.inventory)
        fresh = self._tell(plant, owners, roles, poll, night)
        effective, stale = self._live.settle(
            owners, fresh, poll.raw.stale, poll.inventory, poll.now
        )
        stamps = (
            fresh[key].measured_at for key in (plant_id, *owners[:-1]) if key in fresh
        )
        self._days.turn(plant, next(filter(None, stamps), None), poll.now)
        poll.fresh.update(fresh)
        for key, reading in effective.items():
            effective[key] = self._completed(key, reading, poll)
        poll.effective.update(effective)
        poll.stale.update(stale)
        poll.effective[plant_id] = self._plant(plant_id, roles, poll)
        self._looked_at[plant_id] = now

    def _roles_of(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Return who can feed a plant's roles, which only another inventory changes."""
        if (roles := self._listed.get(plant_id)) is None:
            roles = self._listed[plant_id] = self._roles(plant_id, inventory)
        return roles

    def _due(
        self, snapshot: Snapshot, inventory: Inventory, now: float
    ) -> Sequence[str]:
        """Return the plants of which a poll says something new, and those of which nothing was heard for a while."""
        if inventory != self._inventory:
            for device in inventory.devices.values():
                self._filters.note_serial(device)
            self._inventory, due = inventory, list(inventory.plants)
            self._listed.clear()
            self.insights.look_again()
        else:
            before, moved = self._raw, snapshot.stale ^ self._raw.stale
            due = [
                plant_id
                for plant_id in inventory.plants
                if not 0 <= now - self._looked_at.get(plant_id, 0.0) < UNHEARD
                or any(
                    snapshot.readings.get(key) is not before.readings.get(key)
                    for key in inventory.members(plant_id)
                )
                or not moved.isdisjoint((plant_id, *inventory.members(plant_id)))
                or _says_else(
                    snapshot.readings.get(plant_id), before.readings.get(plant_id)
                )
            ]
        return due

    def _publish(self, poll: _Poll) -> Snapshot:
        """Put what was worked out over what stands, and note whom that changes; of a changed inventory all was worked out."""
        raw, before = poll.raw, self._published
        readings = poll.effective
        if len(poll.plants) < len(poll.inventory.plants):
            readings = {**before.readings, **readings}
        stale = before.stale.difference(poll.effective) & readings.keys() | poll.stale
        silent = {key: reason for key, reason in raw.silent.items() if key in readings}
        changed = {
            key
            for key, reading in poll.effective.items()
            if before.readings.get(key) != reading
        }
        changed |= before.readings.keys() - readings.keys()
        changed |= stale ^ before.stale
        changed |= {key for key, _ in silent.items() ^ before.silent.items()}
        for plant_id in raw.alarms.keys() | before.alarms.keys():
            if raw.alarms.get(plant_id) != before.alarms.get(plant_id):
                changed |= {plant_id, *poll.inventory.members(plant_id)}
        dated = {key for key, each in poll.effective.items() if each.measured_at}
        if (
            self.seen.grown
            or before.readings.keys() != readings.keys()
            or before.alarms.keys() != raw.alarms.keys()
            or not dated <= self._dated
        ):
            self.variety += 1
        if self.seen.grown:
            self.insights.look_again()
        self.seen.grown = False
        self._dated.update(dated)
        self.changed, self.heard = changed, poll.effective.keys()
        self._published = Snapshot(
            readings,
            silent,
            frozenset(stale),
            raw.alarms,
            raw.notices,
            raw.resume_after,
        )
        return self._published

    def _tell(
        self,
        plant: Plant,
        owners: Iterable[str],
        roles: PlantSources,
        poll: _Poll,
        night: float | None,
    ) -> dict[str, Reading]:
        """Pass what was said through the filters; silence is heard, too, and old news that tell no time say nothing new."""
        now, said = poll.now, poll.raw.readings
        context = FilterContext(
            poll.inventory,
            _powers(roles, poll.raw),
            now.astimezone(plant_zone(plant, None, now, self._place)).toordinal(),
            night if is_dark(plant, now, self._place) else None,
        )
        heard = {key: said.get(key, NOTHING) for key in owners}
        made = {key: _made_at(reading, now) for key, reading in heard.items()}
        evidence = {
            key: self._filters.evidence(key, reading, context)
            for key, reading in heard.items()
        }
        if any(
            self._filters.is_denied(key, reading, made[key], evidence[key])
            for key, reading in heard.items()
        ):
            context = replace(context, glitch=True)
            evidence = {
                key: self._filters.evidence(key, reading, context)
                for key, reading in heard.items()
            }
        fresh: dict[str, Reading] = {}
        for key, reading in heard.items():
            counters = self._filters.observe(
                key,
                reading,
                made[key],
                evidence[key],
                again=_shown_again(key, poll.raw),
            )
            if reading is not NOTHING:
                fresh[key] = reading.with_values(_others(reading) | counters)
        return fresh

    def _completed(self, key: str, reading: Reading, poll: _Poll) -> Reading:
        """Hold the counters that were not told, and keep those of today to the plant's day."""
        values = dict(reading.values)
        self._filters.hold(key, values)
        at = None
        if key in poll.fresh and not _shown_again(key, poll.raw):
            at = _made_at(reading, poll.now)
        values |= self._days.keep(
            key, values, reading.slow, at, poll.inventory, poll.now.timestamp()
        )
        return reading.with_values(values)

    def _plant(self, plant_id: str, roles: PlantSources, poll: _Poll) -> Reading:
        """Put the roles over what the plant itself reports of them, and what is told about its data."""
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
        self._own[plant_id] = self._told_by_plant(plant_id, chosen, roles, now)
        raw = poll.raw.readings.get(plant_id)
        slow = raw.slow if raw else frozenset()
        self._days.share_roles(plant_id, values, chosen, chosen.parts(roles), slow, now)
        if chosen.source_missing(roles, values, poll.stale):
            poll.stale.add(plant_id)
        elif any(Slot(role) in values for role in roles if not role.is_energy):
            poll.stale.discard(plant_id)
        members = poll.inventory.members(plant_id)
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
        measured_at = own.measured_at or newest
        look = PlantLook(
            poll.inventory.plants[plant_id],
            values,
            poll.effective,
            min(measured_at or poll.now, poll.now).timestamp(),
            self._days.date(plant_id),
            plant_id not in poll.stale,
        )
        values |= self.insights.look(look, poll.inventory)
        return Reading(measured_at, values, own.unknown, raw=own.raw)

    def _told_by_plant(
        self, plant_id: str, chosen: SourceSelections, roles: PlantSources, now: float
    ) -> frozenset[Q]:
        """Return what a plant shows of its own figures: the roles it feeds or may come to, and what of its flows no device tells."""
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
        if waiting := chosen.waiting_for(plant_id, roles, now):
            waiting &= {slot.quantity for slot in self.seen.slots(plant_id)}
        own = fed | waiting | ((told & FLOWS) - by_devices)
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

    def _save(self, plants: Iterable[str]) -> None:
        """Keep it all, soon where something was decided of the plants that were worked on."""
        self._filters.save()
        self._days.save()
        self.insights.save()
        decided = {plant_id: self._plants[plant_id].decided() for plant_id in plants}
        same = all(self._decided.get(key) == each for key, each in decided.items())
        self._decided.update(decided)
        self._storage.delay_save(ROLES, self._choices, LATER if same else SOON)

    def _choices(self) -> dict[str, dict[Q, SourceSelection]]:
        return {key: plant.choices for key, plant in self._plants.items()}

    def surplus(self, plant_id: str, *, with_battery: bool) -> Surplus | None:
        """Return what a plant has to spare, as it is published; ``None`` while that is not known."""
        reading = self._published.readings.get(plant_id)
        if reading is None:
            return None
        has_battery = Slot(Q.BATTERY_POWER) in self.seen.slots(plant_id)
        watts = surplus_watts(
            reading.values, has_battery=has_battery, with_battery=with_battery
        )
        told = [
            kept
            for role in (Q.GRID_POWER, Q.BATTERY_POWER)
            for owner, _ in self.sources(plant_id).get(role, ())
            if (kept := self._said.get(owner)) is not None
        ]
        return None if watts is None or not told else Surplus.of(watts, told)

    def is_heard(self, key: str, now: datetime) -> bool | None:
        """Whether a plant or device reports; ``None`` where nobody can know, because it is not asked, or asleep without the sun."""
        published = self._published
        if key not in published.readings:
            return None
        if key not in published.stale and key not in published.silent:
            return True
        return None if self._live.is_asleep(key, self._inventory, now) else False

    def silent_since(self, key: str, now: datetime) -> datetime:
        """Return when what a plant or device told last was made; what the sun wakes is not silent before it could have reported."""
        inventory = self._inventory
        times = [
            self._said.made_at(each, said)
            for each in (key, *inventory.members(key))
            if (said := self._said.last(each)) is not None
        ]
        heard = max(times, default=self._begun or now.timestamp())
        return max(
            datetime.fromtimestamp(heard, UTC),
            self._live.awake_since(key, inventory, now),
        )

    def day_start(self, device_id: str) -> datetime | None:
        """Return the midnight from which a plant or device counts today."""
        return self._days.start(device_id, self._inventory)

    def is_holding(self, counter: Addend) -> bool:
        """Whether the latest value of a counter was not believed, or there was none."""
        return self._filters.is_holding(counter)

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


NOTHING: Final = Reading(None, {})


def _says_else(now: Reading | None, then: Reading | None) -> bool:
    """Whether a plant says something else than in the poll before; clients put it together anew for each."""
    if now is None or then is None:
        return now is not then
    return (now, now.heard_at, now.slow) != (then, then.heard_at, then.slow)


def _shown_again(key: str, raw: Snapshot) -> bool:
    """Whether a reading says nothing new of counters: it is old and tells no time, or others are followed in its place."""
    if (reading := raw.readings.get(key)) is None:
        return False
    return reading.again or (key in raw.stale and reading.measured_at is None)


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
        part, made = values.get(through_grid), values.get(whole)
        if rate in values:
            continue
        if (
            isinstance(part, float)
            and isinstance(made, float)
            and made >= LEAST_FOR_RATE
        ):
            share = min(max(1.0 - part / made, 0.0), 1.0)
            values[rate] = round(100.0 * share, 1)
