"""Who feeds the plant's roles (solar production, grid import, ...): chosen once per plant and role, then kept.

Two sources of one role never agree to the last kWh, so a change between them must not book the difference. A counter of a role therefore
grows by what its addends grow, whatever they stood at when they joined. The choice is made on the first poll in which every candidate that
is better had its chance to answer, and is stored.
"""

from collections.abc import Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from ..cloud.model import Quantity, Reading, Slot, Value
from ..cloud.sources import PlantSources, Source, SourceTerm
from .counter_filters import Addend, power_of
from .growth import BRIDGE, JOULES
from .held import Held, HeldBecause

BETTER_SOURCE_PATIENCE: Final = 86400.0
"""Seconds a better source may stay silent before a lesser one is taken."""
ABSENCE: Final = 3600.0
"""Seconds an addend of a counter may be missing before the others are counted without it."""
SOURCE_LOST_AFTER: Final = 3 * 86400.0
"""Seconds without a value after which another source takes over."""


@dataclass(frozen=True, slots=True)
class PollContext:
    """One poll as the roles see it."""

    fresh: Mapping[str, Reading]
    """What was said in this poll, counters filtered."""
    effective: Mapping[str, Reading]
    """The same with the last good values of what was not said, and without powers that are too old."""
    is_doubted: Callable[[Addend], bool]
    """Whether a counter's latest value is not published as it is."""
    is_current: Callable[[Addend, float], bool]
    """Whether a counter was made after an instant, and is published as it is."""
    overcounted: Callable[[Addend], float]
    """The kWh a counter is published with that proved to be none."""
    certain: bool
    """Whether the inventory behind it is complete."""
    now: float


@dataclass(slots=True)
class SourceSelection:
    """The source one role was given."""

    terms: tuple[Addend, ...] = ()
    """Empty while undecided."""
    offset: float = 0.0
    """kWh added to the sum of the terms."""
    last: float | None = None
    """The value last published, for counters."""
    waiting_since: float | None = None
    """Since when a better source, or the chosen one, has been missing."""
    last_addends: dict[Addend, float] = field(default_factory=dict)
    """Where the addends of all sources stood when the value was last published, less what those counted that started anew since."""
    latest_addends: dict[Addend, float] = field(default_factory=dict)
    """Where they stood when they were last told."""
    restarted: bool = False
    """Whether one started anew since."""
    ahead: float = 0.0
    """kWh published beyond the sum: what measured powers made likely while it could not be counted."""
    power: float | None = None
    """W, and when that was measured."""
    power_at: float = 0.0
    followed: bool = field(default=False, init=False)
    """Whether a difference is up to date: it was counted in the latest poll, or went on by its power since it was."""
    measured: bool = field(default=False, init=False)
    """Whether it went on by its power in the latest poll."""
    unseen: bool = False
    """Whether energy has flowed that is neither counted yet nor was measured."""

    def why_held(self) -> Held | None:
        """Say why a counter is not the sum of its source, ``None`` where it is."""
        since, behind = self.waiting_since, round(-self.ahead, 3)
        if since is not None and not self.terms:
            until = since + BETTER_SOURCE_PATIENCE
            return Held(HeldBecause.UNDECIDED, since, until)
        if since is not None:
            return Held(HeldBecause.SOURCE_MISSING, since)
        if self.measured or self.unseen:
            return Held(HeldBecause.WAITS_FOR_ADDEND, behind=behind)
        return Held(HeldBecause.AHEAD, behind=behind) if behind else None

    def is_lost(self, sources: tuple[Source, ...], now: float) -> bool:
        """Whether another source may take over: the chosen one is not to be had any more."""
        silent = self.waiting_since is not None and (
            now - self.waiting_since >= SOURCE_LOST_AFTER
        )
        return silent or all(identity(each) != self.terms for each in sources)

    def watch(self, standing: Mapping[Addend, float]) -> None:
        """Note which addends started anew, of all by where they stand: filters let a counter fall only to what it counted since."""
        for name, stands in standing.items():
            before = self.latest_addends.get(name, self.last_addends.get(name, stands))
            if stands < before:
                self.restarted = True
                if name in self.last_addends:
                    self.last_addends[name] -= before
            self.latest_addends[name] = stands

    def count(
        self,
        source: Source,
        standing: Mapping[Addend, float],
        readings: Mapping[str, Reading],
        overcounted: float = 0.0,
    ) -> bool:
        """Grow by what the terms grew, if all are there; a change of terms, or a term that started anew, makes no step.

        The sum itself may be anything: counters of devices that were replaced say less than what is taken from them. What of it is
        ``overcounted`` does not count.
        """
        total = evaluate(source, readings, bounded=False)
        if total is None:
            return False
        total -= overcounted
        if self.last is not None and self._broken(source, readings):
            counted = self.last - self.ahead
            self.offset = counted + self._gained(source, readings) - total
        self.terms, self.restarted = identity(source), False
        value = round(total + self.offset, 6)
        self.last = value if self.last is None else max(self.last, value)
        self.ahead = self.last - value
        self.last_addends.update(standing)
        return True

    def estimate(
        self, power: float | None, now: float, *, counted: bool, current: bool
    ) -> None:
        """Grow by what a measured power makes likely, while the sum cannot be counted; one of old values is not ``current``."""
        before, seconds = self.power, now - self.power_at
        self.power, self.power_at = power, now
        if counted:
            self.unseen = not current
        elif power is None or before is None or not 0 < seconds <= BRIDGE:
            self.unseen = True
        elif self.last is not None:
            self.measured = True
            likely = (power + before) / 2 * seconds / JOULES
            self.last = round(self.last + likely, 6)
            self.ahead += likely
        self.followed = not self.unseen

    def _broken(self, source: Source, readings: Mapping[str, Reading]) -> bool:
        """Whether the sum cannot simply go on; what a stranger covered meanwhile is not counted again."""
        before, after = set(self.terms), set(identity(source))
        if not (before <= after or after <= before):
            present = set(readings)
            self.last_addends = {
                each: stands
                for each, stands in self.last_addends.items()
                if each[0] in present
            }
        return before != after or self.restarted

    def _gained(self, source: Source, readings: Mapping[str, Reading]) -> float:
        gained = 0.0
        for term in source.terms:
            stands = _stands(term, readings) or 0.0
            gained += term.factor * (
                stands - self.last_addends.get(addend(term), stands)
            )
        return max(0.0, gained)


@dataclass(slots=True)
class SourceSelections:
    """The choices of one plant."""

    choices: dict[Quantity, SourceSelection] = field(default_factory=dict)

    def apply(self, roles: PlantSources, context: PollContext) -> dict[Slot, Value]:
        """Return the plant's role values of this poll."""
        values: dict[Slot, Value] = {}
        for role, sources in sorted(roles.items(), key=lambda each: each[0].is_counter):
            choice = self.choices.setdefault(role, SourceSelection())
            source = _chosen(choice, sources, context)
            if role.is_counter:
                self._count(role, source, sources, choice, context, values)
                value = choice.last
            else:
                choice.terms = choice.terms if source is None else identity(source)
                value = None if source is None else evaluate(source, context.effective)
            if value is not None:
                values[Slot(role)] = value
        return values

    @staticmethod
    def _count(
        role: Quantity,
        source: Source | None,
        sources: tuple[Source, ...],
        choice: SourceSelection,
        context: PollContext,
        values: Mapping[Slot, Value],
    ) -> None:
        """Count a role; a difference that cannot be counted now goes on by the power of the role."""
        choice.followed = choice.measured = False
        if source is None:
            return
        readings = _addends(source, choice, context)
        standing = _standing(sources, readings)
        choice.watch(standing)
        counted = _settled(source, context) and choice.count(
            source, standing, readings, _overcounted(source, context)
        )
        if is_difference(source):
            power = power_of(Slot(role), values)
            since = context.now - BRIDGE
            current = counted and all(
                context.is_current(addend(term), since) for term in source.terms
            )
            choice.estimate(power, context.now, counted=counted, current=current)

    def measured(self) -> set[Quantity]:
        """Return the differences that went on by their power in this poll."""
        return {role for role, choice in self.choices.items() if choice.measured}

    def followed(self) -> set[Quantity]:
        """Return the differences that are up to date, whatever becomes of their addends."""
        return {role for role, choice in self.choices.items() if choice.followed}

    def decided(self) -> list[tuple[tuple[Addend, ...], float]]:
        """Return what was decided: the sources, and from where they count."""
        return [(choice.terms, choice.offset) for choice in self.choices.values()]

    def sources(self) -> Mapping[Quantity, tuple[Addend, ...]]:
        """Return the source of each role."""
        return {role: choice.terms for role, choice in self.choices.items()}

    def waiting_for(self, owner: str, roles: PlantSources, now: float) -> set[Quantity]:
        """Return the roles that an owner could feed and whose source is gone, or was never found."""
        return {
            role
            for role, sources in roles.items()
            if any(term.device_id == owner for each in sources for term in each.terms)
            and self.choices.get(role, SourceSelection()).is_lost(sources, now)
        }

    def held(self) -> Mapping[Quantity, Held]:
        """Return why counters are not what their sources add up to."""
        return {
            role: held
            for role, choice in self.choices.items()
            if role.is_counter and (held := choice.why_held()) is not None
        }

    def chosen(self, roles: PlantSources) -> dict[Quantity, Source]:
        """Return the source that each counter was given."""
        return {
            role: source
            for role, sources in roles.items()
            if role.is_counter and role in self.choices
            for source in sources
            if identity(source) == self.choices[role].terms
        }

    def parts(
        self, roles: PlantSources
    ) -> dict[Quantity, list[tuple[Quantity, float]]]:
        """Return which other roles make up each difference, with the sign of each; only where they make up all of it."""
        chosen = self.chosen(roles)
        found = {
            role: _parts(source, chosen)
            for role, source in chosen.items()
            if is_difference(source)
        }
        return {role: parts for role, parts in found.items() if parts}

    def source_missing(
        self, roles: PlantSources, values: Mapping[Slot, Value], stale: AbstractSet[str]
    ) -> bool:
        """Whether a power is missing because who measures it is stale."""
        return any(
            device_id in stale
            for role in roles
            if not role.is_energy and Slot(role) not in values
            for device_id, _ in self.choices[role].terms
        )


def _chosen(
    choice: SourceSelection, sources: tuple[Source, ...], context: PollContext
) -> Source | None:
    """Return the source of a role: the stored one, unless it is gone for good."""
    stored = next(
        (each for each in sources if choice.terms and identity(each) == choice.terms),
        None,
    )
    if stored is not None:
        if evaluate(stored, context.fresh) is not None:
            choice.waiting_since = None
            return stored
        choice.waiting_since = choice.waiting_since or context.now
        if context.now - choice.waiting_since < SOURCE_LOST_AFTER:
            return stored
        return _best(sources, context) or stored
    if choice.terms and not context.certain:
        return None
    return _settle(choice, sources, context)


def _best(sources: tuple[Source, ...], context: PollContext) -> Source | None:
    return next(
        (each for each in sources if evaluate(each, context.fresh) is not None),
        None,
    )


def _settle(
    choice: SourceSelection, sources: tuple[Source, ...], context: PollContext
) -> Source | None:
    """Choose the best source that answers; wait a day for a better one that is silent."""
    for source in sources:
        if evaluate(source, context.fresh) is not None:
            choice.waiting_since = None
            return source
        if any(term.device_id not in context.fresh for term in source.terms):
            choice.waiting_since = choice.waiting_since or context.now
            if context.now - choice.waiting_since < BETTER_SOURCE_PATIENCE:
                return None
    return None


def _addends(
    source: Source, choice: SourceSelection, context: PollContext
) -> Mapping[str, Reading]:
    """Return the readings a counter is summed from: all of this poll, or after long absence the last good ones of some."""
    late = (
        choice.waiting_since is not None
        and context.now - choice.waiting_since >= ABSENCE
        and not is_difference(source)
    )
    return context.effective if late else context.fresh


def is_difference(source: Source) -> bool:
    """Whether something is taken away."""
    return source.is_difference


def _settled(source: Source, context: PollContext) -> bool:
    """Whether a counter can be counted now: a difference needs every addend believed, and of the same round of calls.

    What one side is still held back would show as energy on the other.
    """
    if not is_difference(source):
        return True
    rounds = {
        reading.cycle
        for term in source.terms
        if (reading := context.fresh.get(term.device_id)) is not None
    }
    return len(rounds) == 1 and not any(
        context.is_doubted(addend(term)) for term in source.terms
    )


def _overcounted(source: Source, context: PollContext) -> float:
    """Return the kWh that addends put into a difference though they proved to be none."""
    if not is_difference(source):
        return 0.0
    return sum(term.factor * context.overcounted(addend(term)) for term in source.terms)


def _parts(
    source: Source, chosen: Mapping[Quantity, Source]
) -> list[tuple[Quantity, float]]:
    left = {addend(term): term.factor for term in source.terms}
    found: list[tuple[Quantity, float]] = []
    for role, each in chosen.items():
        own = identity(each)
        signs = {left.get(one, 0.0) for one in own}
        if signs in ({1.0}, {-1.0}) and all(term.factor == 1.0 for term in each.terms):
            found.append((role, signs.pop()))
            left = {one: factor for one, factor in left.items() if one not in own}
    return [] if left else found


def identity(source: Source) -> tuple[Addend, ...]:
    """Tell a source by its terms."""
    return source.addends


def addend(term: SourceTerm) -> Addend:
    """Name a term."""
    return term.addend


def evaluate(
    source: Source, readings: Mapping[str, Reading], *, bounded: bool = True
) -> float | None:
    """Add up a source, as a rule not below its floor; ``None`` unless every addend is there."""
    addends: list[float] = []
    for term in source.terms:
        if (stands := _stands(term, readings)) is None:
            return None
        addends.append(stands * term.factor)
    if not addends:
        return None
    result = sum(addends)
    if source.mean:
        weight = sum(term.factor for term in source.terms)
        result = result / weight if weight else 0.0
    if bounded and source.floor is not None:
        result = max(source.floor, result)
    return round(result, 6)


def _standing(
    sources: tuple[Source, ...], readings: Mapping[str, Reading]
) -> dict[Addend, float]:
    """Tell where the addends of all sources stand."""
    return {
        term.addend: stands
        for each in sources
        for term in each.terms
        if (stands := _stands(term, readings)) is not None
    }


def _stands(term: SourceTerm, readings: Mapping[str, Reading]) -> float | None:
    reading = readings.get(term.device_id)
    value = None if reading is None else reading.values.get(term.slot)
    return value if isinstance(value, float) else None
