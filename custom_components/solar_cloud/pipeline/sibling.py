"""A second counter of the same energy as a witness: while the vendor's day lasts, its counter of today and its lifetime counter gain alike.

A cloud that adds yesterday's energy to a lifetime once more leaves the counter of today where it is, and a late reset of today leaves the
lifetime where it is (failures.md E01, E04). So the difference of the two tells a leap from energy, to the last digit both have.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

DRIFT: Final = 0.02
"""Share by which two counters of one energy may run apart: they are rounded and corrected separately."""
ACQUAINTED: Final = 0.5
"""kWh both must have gained together before a difference between them counts against either."""
ANCHORED: Final = 5.0
"""kWh after which the comparison begins anew, so that the drift stays small."""
FINEST: Final = 3
"""Decimals beyond which digits are those of a sum, not of a counter."""


class Verdict(Enum):
    """What the sibling says of a gain."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


def decimals(value: float) -> int:
    """Return how many decimals a number has, at most those that a counter can mean."""
    for digits in range(FINEST):
        if round(value, digits) == value:
            return digits
    return FINEST


@dataclass(slots=True)
class Sibling:
    """Compares a counter with its sibling; all values in kWh."""

    value: float | None = None
    reading: float = 0.0
    """Counter and sibling where the comparison begins."""
    latest: float = 0.0
    """The sibling when the counter was last believed."""
    digits: int = 0
    agreed: float = 0.0
    """What both gained together."""
    date: int = 0
    """The day of the plant on which the counter was last believed."""

    def judge(
        self,
        value: float,
        sibling: float | None,
        gained: float,
        likely: float | None,
        step: float,
        date: int,
    ) -> Verdict:
        """Say what the sibling makes of a counter's new value, which moves in steps of ``step``.

        ``likely`` is the gain by the measured powers, where there are any: when the two counters differ, the one farther from it is wrong.
        A midnight that nobody watched may have set the sibling back, however much it shows by now.
        """
        if sibling is None or self.value is None:
            return Verdict.UNKNOWN
        if date != self.date and likely is None:
            return Verdict.UNKNOWN
        tolerance = self._tolerance(value, step)
        own, excess = sibling - self.latest, self._excess(value, sibling)
        if own < -self._coarser(step):
            return Verdict.UNKNOWN
        if abs(excess) <= tolerance:
            return Verdict.CONFIRMED
        if excess < 0 or self.agreed < ACQUAINTED:
            return Verdict.UNKNOWN
        if likely is not None and abs(own - likely) > abs(gained - likely):
            return Verdict.UNKNOWN
        return Verdict.CONTRADICTED

    def believe(
        self,
        value: float,
        sibling: float | None,
        gained: float,
        step: float,
        date: int,
        *,
        behind: bool = False,
    ) -> None:
        """Take in a value that is published, with the sibling beside it; one that is ``behind`` may make up for it yet."""
        if sibling is None:
            return
        self.date = date
        self.digits = max(self.digits, decimals(sibling))
        if self.value is None:
            self.value, self.reading, self.latest = value, sibling, sibling
            return
        excess, fell = self._excess(value, sibling), sibling < self.latest
        if fell or abs(excess) > self._tolerance(value, step):
            if not fell and excess > 0:
                self.agreed = 0.0
            if fell or excess > 0 or not behind:
                self.value, self.reading = value, sibling
        else:
            self.agreed = min(self.agreed + gained, ANCHORED)
            if value - self.value > ANCHORED:
                self.value, self.reading = value, sibling
        self.latest = sibling

    def _excess(self, value: float, sibling: float) -> float:
        """Return by how much the counter gained more than its sibling."""
        return (value - (self.value or 0.0)) - (sibling - self.reading)

    def _coarser(self, step: float) -> float:
        return max(step, 10.0**-self.digits)

    def _tolerance(self, value: float, step: float) -> float:
        grown = abs(value - (self.value or 0.0))
        return 2 * self._coarser(step) + DRIFT * grown + 1e-6
