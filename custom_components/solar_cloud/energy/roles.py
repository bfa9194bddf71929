"""Who feeds the plant's roles (solar production, grid import, ...): chosen once per plant and role, then kept.

Two sources of one role never agree to the last kWh, so changing between them would book the difference. The choice is made on the first
poll in which every candidate that is better had its chance to answer, and is stored.
"""

from dataclasses import dataclass, field
from typing import Final

from ..cloud.model import Quantity, Reading, Slot, Snapshot, Value
from ..cloud.vault import Json
from ..cloud.vendor import Roles, Source, Term

PATIENCE: Final = 86400.0
"""Seconds a better source may stay silent before a lesser one is taken."""


@dataclass(slots=True)
class Choice:
    """The source one role was given."""

    terms: tuple[tuple[str, str], ...] = ()
    """(device, slot) of each addend; empty while undecided."""
    offset: float = 0.0
    """kWh added so that a counter continues without a step after a change of source."""
    last: float | None = None
    """The value last published, for counters."""
    waiting_since: float | None = None

    def publish(self, value: float | None) -> float | None:
        """Continue a counter over a change of source, and hold it while an addend is missing."""
        if value is not None:
            self.last = round(value + self.offset, 6)
        return self.last

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return [
            [list(term) for term in self.terms],
            self.offset,
            self.last,
            self.waiting_since,
        ]

    @classmethod
    def from_json(cls, stored: Json) -> Choice:
        """Read the stored form; a damaged one starts anew."""
        match stored:
            case [
                list(terms),
                float() | int() as offset,
                float() | int() | None as last,
                float() | int() | None as waiting,
            ]:
                pairs = tuple(
                    (str(term[0]), str(term[1]))
                    for term in terms
                    if isinstance(term, list) and len(term) == 2
                )
                return cls(pairs, offset, last, waiting)
        return cls()


def _identity(source: Source) -> tuple[tuple[str, str], ...]:
    return tuple((term.device_id, term.slot.key) for term in source.terms)


@dataclass(slots=True)
class PlantRoles:
    """The choices of one plant."""

    choices: dict[Quantity, Choice] = field(default_factory=dict)

    def apply(
        self, roles: Roles, snapshot: Snapshot, now: float
    ) -> tuple[dict[Slot, Value], bool]:
        """Return the plant's role values of this poll, and whether a power among them rests on stale readings."""
        values: dict[Slot, Value] = {}
        stale = False
        live = _without_stale(snapshot)
        for role, sources in roles.items():
            choice = self.choices.setdefault(role, Choice())
            if (
                source := _stored(choice, sources)
                or _settle(role, choice, sources, snapshot, now)
            ) is None:
                value = None
            elif role.is_energy:
                value = evaluate(source, snapshot)
            else:
                value = evaluate(source, live)
                stale = stale or any(
                    term.device_id in snapshot.stale for term in source.terms
                )
            if role.is_counter:
                value = choice.publish(value)
            if value is not None:
                values[Slot(role)] = value
        return values, stale

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return {str(role): choice.as_json() for role, choice in self.choices.items()}

    @classmethod
    def from_json(cls, stored: Json) -> PlantRoles:
        """Read the stored form, skipping what this version does not know."""
        known = {str(quantity): quantity for quantity in Quantity}
        pairs = stored.items() if isinstance(stored, dict) else ()
        return cls(
            {
                known[role]: Choice.from_json(choice)
                for role, choice in pairs
                if role in known
            }
        )


def _stored(choice: Choice, sources: tuple[Source, ...]) -> Source | None:
    return next(
        (
            source
            for source in sources
            if choice.terms and _identity(source) == choice.terms
        ),
        None,
    )


def _settle(
    role: Quantity,
    choice: Choice,
    sources: tuple[Source, ...],
    snapshot: Snapshot,
    now: float,
) -> Source | None:
    """Choose the best source that answers; wait a day for a better one that is silent."""
    for source in sources:
        if any(
            term.device_id not in snapshot.readings or term.device_id in snapshot.silent
            for term in source.terms
        ):
            choice.waiting_since = choice.waiting_since or now
            if now - choice.waiting_since < PATIENCE:
                return None
        elif (value := evaluate(source, snapshot)) is not None:
            if role.is_counter and choice.last is not None:
                choice.offset = choice.last - value
            choice.terms, choice.waiting_since = _identity(source), None
            return source
    return None


def _without_stale(snapshot: Snapshot) -> Snapshot:
    if not snapshot.stale:
        return snapshot
    return Snapshot(
        {
            key: reading
            for key, reading in snapshot.readings.items()
            if key not in snapshot.stale
        }
    )


def evaluate(source: Source, snapshot: Snapshot) -> float | None:
    """Add up a source; ``None`` unless every addend is there."""
    addends = [
        _addend(term, snapshot.readings.get(term.device_id)) for term in source.terms
    ]
    present = [addend for addend in addends if addend is not None]
    if len(present) < len(addends) or not present:
        return None
    result = sum(present)
    if source.mean:
        weight = sum(term.factor for term in source.terms)
        result = result / weight if weight else 0.0
    return round(result if source.floor is None else max(source.floor, result), 6)


def _addend(term: Term, reading: Reading | None) -> float | None:
    value = None if reading is None else reading.values.get(term.slot)
    return value * term.factor if isinstance(value, float) else None
