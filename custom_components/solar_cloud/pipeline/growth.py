"""How far a counter can have come: by what the thing it counts can carry, and by the powers that were measured meanwhile.

A limit alone is weak: what a house's connection can carry in five minutes is more than many a glitch. The measured power of the same thing
says within some per cent what a counter gained, so it is the first witness; the limit stands in where nobody measured.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import sqrt
from typing import Final, NamedTuple

HEADROOM: Final = 2.0
"""Modules may be laid out for twice an inverter's rating, and what they give beyond it goes into the battery."""
UNRATED: Final = 30_000.0
"""W assumed where no rating is known: more than a house's connection carries."""
ROUNDING: Final = 1.0
"""kWh: the coarsest steps in which counters of homes move."""
ROUNDING_TIME: Final = 360.0
"""Seconds of full power that the steps of larger counters may be."""
JOULES: Final = 3_600_000.0
"""Watt-seconds of a kWh."""

BRIDGE: Final = 1500.0
"""Seconds between two measured powers over which the energy between them is still known."""
SKEW: Final = 0.05
"""Share by which a power may be off its counter for good: one is measured before the conversion, the other behind it."""
UNEVEN: Final = 1.2
"""How much more may have flowed than the powers measured around it say."""
DENSE: Final = 450.0
"""Seconds between two powers within which little flows that neither shows."""
SPARSE: Final = 600.0
"""Seconds between two powers that say little of the time between them."""
PEAK_LASTS: Final = 7 * 86400.0
"""Seconds in which a peak loses most of its meaning: seasons change, cars come and go."""
PEAK_KNOWN_AFTER: Final = 86400.0
"""Seconds of measured power before a peak tells what a thing can do: the sun's comes at noon, the car's in the evening."""
YOUNG_PEAK: Final = 3.0
"""How much more may flow than the highest power so far, while that is not known."""
LEAST_PEAK: Final = 4000.0
"""W that any home may draw for some minutes while nobody measures."""
HIDDEN: Final = 2000.0
"""W that any home may draw for some minutes between two powers without either showing it."""
UNTRUSTED_AFTER: Final = 2.0
"""kWh a counter must have gained before a power that explains less than half of it is taken to be something else."""


@dataclass(frozen=True, slots=True)
class GrowthLimit:
    """The bounds of a counter's movement: kWh per second, and kWh at once."""

    rate: float
    tolerance: float

    @staticmethod
    @lru_cache
    def of(watts: float) -> GrowthLimit:
        """Give the bounds of a device of this power."""
        rate = watts / JOULES
        return GrowthLimit(rate * HEADROOM, max(ROUNDING, rate * ROUNDING_TIME))

    def max_growth(self, seconds: float) -> float:
        """Return the most kWh that can be counted in this time."""
        return self.tolerance + self.rate * max(0.0, seconds)


class Evidence(NamedTuple):
    """What else a reading says about the energy that a counter counts."""

    power: float | None = None
    """W, of the same thing in the same reading, never negative."""
    ceiling: float | None = None
    """W that can flow at most by the powers measured around it: no battery is charged with more than sun and grid give."""
    limit: float | None = None
    """W the thing is rated for."""
    hidden: float = HIDDEN
    """W that may flow for minutes between two powers without either showing it."""
    sibling: float | None = None
    """kWh of another counter of the same energy: that of today beside a lifetime, and the other way round."""
    date: int = 0
    """The day of the plant, as an ordinal: the counter of today may be set back when it ends."""
    idle_since: float | None = None
    """Since when nothing can flow: solar energy in the dark."""
    dated: bool = False
    """Whether the time is the device's own: then counter and power are of one moment, and no upload is counted twice."""
    glitch: bool = False
    """Whether another counter of the plant shows what cannot be."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in what was measured, see ``MeasuredEnergy``."""

    likely: float = 0.0
    variance: float = 0.0
    blind: float = 0.0
    unbounded: float = 0.0
    bounded: float = 0.0
    sparse: float = 0.0
    unseen: float = 0.0
    assumed: float = 0.0

    def with_seen(self, unseen: float) -> Mark:
        """Return this place as if all that could have flowed unseen until a moment had been seen not to."""
        if (past := unseen - self.unseen) <= 0:
            return self
        return replace(self, variance=self.variance + past, unseen=self.unseen + past)


@dataclass(slots=True)
class MeasuredEnergy:
    """The energy that measured powers explain, in kWh since the counter was first heard."""

    at: float | None = None
    power: float | None = None
    """W; the latest."""
    power_at: float = 0.0
    previous: float = 0.0
    """W; the one before."""
    hidden: float = HIDDEN
    """W that may flow unseen, by the latest evidence."""
    likely: float = 0.0
    """What probably flowed."""
    variance: float = 0.0
    """kWh²; how far that may be off: a power that changes may have changed early or late."""
    blind: float = 0.0
    """Seconds in which nobody measured."""
    unbounded: float = 0.0
    """Seconds of these in which nobody measured around it either."""
    bounded: float = 0.0
    """kWh; the most that can have flowed in the others."""
    sparse: float = 0.0
    """Seconds measured so seldom that the powers say little of them."""
    unseen: float = 0.0
    """kWh²; the part of the variance that comes of measuring so seldom."""
    assumed: float = 0.0
    """kWh; what is likely only if a power that was not told had stayed as it was."""
    peak: float = 0.0
    """W; the highest power of late."""
    watched: float = 0.0
    """Seconds in which powers were measured."""
    gained: float = 0.0
    explained: float = 0.0
    """What the counter gained of late while powers were measured, and how much of it they explain."""
    _mark: Mark | None = field(default=None, init=False, repr=False, compare=False)
    """This moment, as soon as somebody has asked."""

    @property
    def mark(self) -> Mark:
        """Remember this moment."""
        if self._mark is None:
            self._mark = Mark(
                self.likely,
                self.variance,
                self.blind,
                self.unbounded,
                self.bounded,
                self.sparse,
                self.unseen,
                self.assumed,
            )
        return self._mark

    @property
    def recent(self) -> float:
        """Return the higher of the two latest powers in W."""
        return max(self.power or 0.0, self.previous)

    @property
    def trusted(self) -> bool:
        """Whether a power is measured, and is that of the counter."""
        return self.power is not None and (
            self.gained < UNTRUSTED_AFTER or self.explained > self.gained / 2
        )

    @property
    def capacity(self) -> float:
        """Return the most W that may flow while nobody measures."""
        known = self.watched >= PEAK_KNOWN_AFTER
        return max(self.peak, LEAST_PEAK) * (UNEVEN if known else YOUNG_PEAK)

    def most(self, since: Mark) -> float:
        """Return the most kWh that the measured powers explain since a moment."""
        likely = (self.likely - since.likely) * (1 + SKEW)
        return likely + 2 * sqrt(max(0.0, self.variance - since.variance))

    def observe(self, at: float, evidence: Evidence) -> None:
        """Take in what a reading says about the power; one that is missing is taken to be as it was, for a while."""
        self._mark = None
        power, since = evidence.power, at - self.power_at
        if power is None and self.power is not None and 0 <= since <= BRIDGE:
            most = self.power if evidence.ceiling is None else evidence.ceiling
            power = min(self.power, most)
        elif power is not None:
            self.power_at = at
        seconds = 0.0 if self.at is None else max(0.0, at - self.at)
        if power is not None and self.power is not None and since <= BRIDGE:
            likely = (power + self.power) / 2 * seconds / JOULES
            self.likely += likely
            self.watched += seconds
            self.assumed += likely if evidence.power is None else 0.0
            swing = abs(power - self.power) * seconds
            hidden = max(evidence.hidden, self.hidden)
            seldom = swing + hidden * max(0.0, seconds - DENSE)
            self.variance += (seldom / 2 / JOULES) ** 2
            self.unseen += (seldom**2 - swing**2) / (2 * JOULES) ** 2
            self.sparse += seconds if seconds > SPARSE else 0.0
        else:
            self._observe_blindly(seconds, evidence.ceiling)
        self.peak *= max(0.0, 1.0 - seconds / PEAK_LASTS)
        self.at, self.hidden = at, evidence.hidden
        if power is not None:
            self.peak = max(self.peak, power)
            self.previous = self.power or 0.0
            self.power = power

    def _observe_blindly(self, seconds: float, ceiling: float | None) -> None:
        self.blind += seconds
        if ceiling is None or seconds > BRIDGE:
            self.unbounded += seconds
        else:
            self.bounded += ceiling * UNEVEN * seconds / JOULES

    def compare(self, gained: float, likely: float) -> None:
        """Learn from a gain that was believed whether the power belongs to the counter."""
        self.gained += gained
        self.explained += likely
        if self.gained > 5 * UNTRUSTED_AFTER:
            self.gained /= 2
            self.explained /= 2
