"""What a device or a cloud says that is not so: drawn by a seed, told between a client and the painter.

Each kind is something independent clouds were seen to do. All last from one upload to two hours; only a replaced device is for good.
"""

from collections.abc import Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
import math
from random import Random
from typing import Final, override

from custom_components.solar_cloud.cloud.model import Reading, Slot, Snapshot, Value

from ._tape import HOUR, ROLES, UPLOAD, Outage, Tape, clock, midnight

LONGEST: Final = 2 * HOUR

THROUGH_THE_DAY: Final = (
    "zero",
    "dip",
    "replay",
    "yesterday",
    "null",
    "drop",
    "leap",
    "null then leap",
    "hold",
)
AT_MIDNIGHT: Final = (
    "yesterday added",
    "yesterday added",
    "replay",
    "late reset",
    "zero",
    "null then leap",
    "null",
    "hold",
    "dip",
)

type Counter = tuple[str, Slot]


@dataclass(frozen=True)
class Glitch:
    """One lie about some counters for a while."""

    kind: str
    begin: float
    end: float
    counters: frozenset[Counter]
    amount: float = 0.0
    """kWh, or for replays the seconds they are old."""

    def active(self, at: float) -> bool:
        """Whether it is told at an instant."""
        return self.begin <= at < self.end

    def touches(self, counters: AbstractSet[Counter]) -> bool:
        """Whether it is about any of some counters; who is dropped says nothing at all."""
        if self.kind == "drop":
            owners = {owner for owner, _ in self.counters}
            return any(owner in owners for owner, _ in counters)
        return not self.counters.isdisjoint(counters)

    def tell(self, value: float, owner: str, slot: Slot, tape: Tape) -> float | None:
        """Return what becomes of a counter."""
        match self.kind:
            case "zero":
                return 0.0
            case "dip":
                return max(0.0, value - self.amount)
            case "leap" | "leap after null":
                return value + self.amount
            case "null" | "drop":
                return None
            case "hold":
                return _no_more(value, tape.honest(owner, slot, self.begin))
            case "replay":
                return _no_more(
                    value, tape.honest(owner, slot, self.begin - self.amount)
                )
            case "late reset":
                return tape.honest(owner, slot, midnight(self.begin) - 1.0)
            case "yesterday" | "yesterday added":
                return self._yesterday(value, owner, slot, tape)
            case "replaced":
                since = tape.honest(owner, slot, self.begin) or 0.0
                return max(0.0, value - since) + self.amount
        raise AssertionError(self.kind)

    def _yesterday(
        self, value: float, owner: str, slot: Slot, tape: Tape
    ) -> float | None:
        """Add yesterday's energy to a lifetime; show yesterday's value as today's."""
        began = midnight(self.begin + 1800.0)
        before = tape.honest(owner, slot, began - 1.0)
        if not slot.quantity.is_counter:
            return before
        first = tape.honest(owner, slot, midnight(began, -1) + UPLOAD)
        if before is None or first is None:
            return value
        sign = -1.0 if self.kind == "yesterday" and self.amount < 0 else 1.0
        return value + sign * (before - first)

    @override
    def __str__(self) -> str:
        """Say it in a line."""
        names = sorted({slot.key for _, slot in self.counters})
        return (
            f"{clock(self.begin)}+{(self.end - self.begin) / 60:.0f}min {self.kind}"
            f" {self.amount:g} on {', '.join(names)}"
        )


def _no_more(value: float, old: float | None) -> float | None:
    return value if old is None else old


def distort(
    snapshot: Snapshot, glitches: Sequence[Glitch], at: float, tape: Tape
) -> Snapshot:
    """Tell the lies of the moment, and what the client would have made of them."""
    active = [each for each in glitches if each.active(at)]
    if not active:
        return snapshot
    readings: dict[str, Reading] = {}
    silent = dict(snapshot.silent)
    for owner, reading in snapshot.readings.items():
        values = dict(reading.values)
        dropped = False
        for glitch in active:
            for liar, slot in glitch.counters:
                if liar != owner:
                    continue
                dropped = dropped or glitch.kind == "drop"
                value = values.get(slot)
                if isinstance(value, float):
                    _put(values, slot, glitch.tell(value, owner, slot, tape))
        if dropped:
            silent[owner] = "offline"
        else:
            readings[owner] = replace(reading, values=values)
    return replace(snapshot, readings=readings, silent=silent)


def _put(values: dict[Slot, Value], slot: Slot, told: float | None) -> None:
    if told is None:
        values.pop(slot, None)
    else:
        values[slot] = round(told, 6)


def outages(random: Random, begin: float, end: float) -> tuple[Outage, ...]:
    """Draw an outage of each kind one after the other, half an hour to twelve hours, at any time of the day."""
    found: list[Outage] = []
    at = begin + random.uniform(0.0, 16 * HOUR)
    for kind in random.sample(("cloud", "dongle", "off"), 3):
        length = random.choice((0.5, 1.5, 3.0, 6.0, 12.0)) * HOUR
        if at + length > end:
            break
        found.append(Outage(kind, at, at + length))
        at += length + random.uniform(2.0, 14.0) * HOUR
    return tuple(found)


class Drawer:
    """Draws glitches about the counters of a home."""

    def __init__(self, random: Random, tape: Tape) -> None:
        """Draw from a source of chance."""
        self._random = random
        self._tape = tape

    def storm(self, begin: float, end: float) -> list[Glitch]:
        """Draw a storm: at any time of the day, one after the other and several at once."""
        random, at = self._random, begin
        found: list[Glitch] = []
        while True:
            at += random.choice((600.0, HOUR, 4 * HOUR, 8 * HOUR)) * random.random()
            if at > end - LONGEST:
                return found
            found += self._glitch(random.choice(THROUGH_THE_DAY), at)

    def midnights(self, begin: float, end: float) -> list[Glitch]:
        """Draw what happens around the plant's midnights."""
        random = self._random
        found: list[Glitch] = []
        day = midnight(begin, 1)
        while day < end - LONGEST:
            for _ in range(random.choice((1, 1, 2, 3))):
                found += self._at_midnight(random.choice(AT_MIDNIGHT), day)
            day = midnight(day, 1)
        return found

    def _at_midnight(self, kind: str, day: float) -> list[Glitch]:
        random = self._random
        if kind == "late reset":
            length = random.choice((600.0, 1500.0, HOUR)) * random.uniform(0.5, 1.0)
            return [Glitch(kind, day, day + length, self._counters("today"))]
        begin = day + random.uniform(-600.0, 900.0)
        if kind == "yesterday added":
            length = random.uniform(UPLOAD, 1500.0)
            return [Glitch(kind, begin, begin + length, self._counters("total"))]
        return self._glitch(kind, begin)

    def _glitch(self, kind: str, at: float) -> list[Glitch]:
        random = self._random
        length = math.exp(random.uniform(math.log(UPLOAD), math.log(LONGEST)))
        which = random.choices(("total", "both", "today"), (6, 3, 1))[0]
        counters = self._counters(which)
        amount = 0.0
        match kind:
            case "leap":
                amount = _about(random, 0.1, 30.0)
            case "dip":
                amount = _about(random, 0.1, 30.0)
            case "replay":
                amount = _about(random, 600.0, 86400.0)
            case "yesterday":
                amount = random.choice((-1.0, 1.0))
            case "null then leap":
                cut = at + length * random.uniform(0.2, 0.8)
                leap = _about(random, 0.1, 30.0)
                return [
                    Glitch("null", at, cut, counters),
                    Glitch("leap after null", cut, at + length, counters, leap),
                ]
        return [Glitch(kind, at, at + length, counters, round(amount, 2))]

    def replaced(self, at: float) -> list[Glitch]:
        """Replace a device: its counters begin at nothing, or where the new one's stood, and stay so."""
        random, tape = self._random, self._tape
        owners = sorted(
            {
                owner
                for role in ROLES
                for owner, _ in self._of(role)
                if owner != tape.plant
            }
        )
        owner = random.choice(owners)
        counters = frozenset(
            (liar, slot)
            for liar, slot in tape.said
            if liar == owner and slot.quantity.is_energy
        )
        lifetime = frozenset(each for each in counters if each[1].quantity.is_counter)
        amount = random.choice((0.0, round(random.uniform(5.0, 20_000.0), 1)))
        last = math.inf
        return [
            Glitch("replaced", at, last, lifetime, amount),
            Glitch("replaced", at, midnight(at, 1), counters - lifetime),
        ]

    def outages(self, begin: float, end: float) -> tuple[Outage, ...]:
        """Draw an outage of each kind, half an hour to twelve hours, at any time of the day."""
        return outages(self._random, begin, end)

    def _of(self, role: object) -> list[Counter]:
        source = self._tape.addends(role)  # type: ignore[arg-type]
        return [(term.device_id, term.slot) for term in source.terms] if source else []

    def _counters(self, which: str) -> frozenset[Counter]:
        """Choose the counters of one role, of several, or all."""
        random, tape = self._random, self._tape
        known = [role for role in ROLES if self._of(role)]
        count = random.choices((1, 2, 3, len(known)), (5, 2, 1, 2))[0]
        chosen = set[Counter]()
        for role in random.sample(known, count):
            terms = self._of(role)
            if len(terms) > 1 and count == 1:
                terms = random.sample(terms, random.choice((1, len(terms))))
            chosen |= {*terms}
        if random.random() < 0.5:
            chosen |= self._mirrors(chosen)
        days = {
            (owner, Slot(today))
            for owner, slot in chosen
            if (today := ROLES.get(slot.quantity)) is not None
            and (owner, Slot(today)) in tape.said
        }
        if which == "today" and days:
            return frozenset(days)
        return frozenset(chosen | days if which == "both" else chosen)

    def _mirrors(self, counters: Iterable[Counter]) -> set[Counter]:
        """Find who else shows the same counter, as the same figure of the cloud's."""
        slots = {slot for _, slot in counters}
        return {each for each in self._tape.said if each[1] in slots}


def _about(random: Random, least: float, most: float) -> float:
    """Draw a size whose order of magnitude is even."""
    return math.exp(random.uniform(math.log(least), math.log(most)))
