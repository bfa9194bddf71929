"""How far a counter can have come: power times time, and a little for rounding.

The little is a credit that refills at the same pace, so that over any span of time a counter gains no more than the span allows plus one
such credit, however many values arrive in it.
"""

from dataclasses import dataclass
from typing import Final

from ..cloud.vault import Json

HEADROOM: Final = 2.0
"""Modules may be laid out for twice an inverter's rating, and what they give beyond it goes into the battery."""
UNRATED: Final = 30_000.0
"""W assumed where no rating is known: more than a house's connection carries."""
ROUNDING: Final = 1.0
"""kWh: the coarsest steps in which counters of homes move."""
ROUNDING_TIME: Final = 360.0
"""Seconds of full power that the steps of larger counters may be."""
HICCUP: Final = 3600.0
"""Seconds a running counter may be shown unchanged, by a cloud that lags, and still have run; later it stood still."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The bounds of a counter's movement: kWh per second, and kWh at once."""

    rate: float
    slack: float

    @classmethod
    def of(cls, watts: float) -> Pace:
        """Give the bounds of a device of this power."""
        rate = watts / 3_600_000
        return cls(rate * HEADROOM, max(ROUNDING, rate * ROUNDING_TIME))

    def reach(self, seconds: float) -> float:
        """Return the most kWh that can be counted in this time."""
        return self.slack + self.rate * max(0.0, seconds)


@dataclass(slots=True)
class Course:
    """A counter's last value in kWh, when it was last shown and first reached, in epoch seconds, and the credit left."""

    value: float
    at: float
    moved: float
    credit: float = 0.0

    @classmethod
    def of(cls, value: float, at: float, credit: float = 0.0) -> Course:
        """Begin at a value."""
        return cls(value, at, at, credit)

    def room(self, at: float, pace: Pace) -> float:
        """Return the kWh the counter can have gained until then."""
        since = self.moved if 0 <= at - self.moved <= HICCUP else self.at
        return min(self.credit, pace.slack) + pace.rate * max(0.0, at - since)

    def advance(self, value: float, at: float, pace: Pace) -> None:
        """Go to a value."""
        if value != self.value or at < self.moved:
            left = self.room(at, pace) - (value - self.value)
            self.value, self.moved = value, at
        else:
            left = self.credit + pace.rate * max(0.0, at - self.at)
        self.at = at
        self.credit = min(max(left, 0.0), pace.slack)

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return [self.value, self.at, self.moved, self.credit]

    @classmethod
    def from_json(cls, stored: Json) -> Course | None:
        """Read the stored form."""
        match stored:
            case [
                float() | int() as value,
                float() | int() as at,
                float() | int() as moved,
                float() | int() as credit,
            ]:
                return cls(float(value), float(at), float(moved), float(credit))
        return None
