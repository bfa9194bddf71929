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
    """A counter's last value in kWh, its time in epoch seconds, and the credit left then."""

    value: float
    at: float
    credit: float = 0.0

    def room(self, at: float, pace: Pace) -> float:
        """Return the kWh the counter can have gained until then."""
        return min(self.credit, pace.slack) + pace.rate * max(0.0, at - self.at)

    def advance(self, value: float, at: float, pace: Pace) -> None:
        """Go to a value."""
        left = self.room(at, pace) - (value - self.value)
        self.value, self.at = value, at
        self.credit = min(max(left, 0.0), pace.slack)

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return [self.value, self.at, self.credit]

    @classmethod
    def from_json(cls, stored: Json) -> Course | None:
        """Read the stored form."""
        match stored:
            case [
                float() | int() as value,
                float() | int() as at,
                float() | int() as credit,
            ]:
                return cls(float(value), float(at), float(credit))
        return None
