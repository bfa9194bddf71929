"""The rhythm of one device's uploads, from the times it says they were made."""

from dataclasses import dataclass, field
import math
from typing import Final

UPLOADS: Final = 300.0
"""Seconds between uploads, until a device shows otherwise."""
MEMORY: Final = 6
"""Gaps between uploads that say what the period may be at all."""
GENTLE: Final = 0.3
"""How much of an upload's deviation is believed: single ones come late."""
SLOW: Final = 0.01
"""The same for the period."""
SAME: Final = 0.1
"""How far a gap may be off for the period to be the same."""


@dataclass(slots=True)
class UploadPeriod:
    """Uploads at ``anchor`` and every ``period`` after it, in epoch seconds of the device's clock."""

    anchor: float
    last: float
    """The newest upload that was seen."""
    heard: float = 0.0
    """When it was, by our own clock."""
    period: float = UPLOADS
    jitter: float = 0.0
    """How many seconds uploads are off, on average."""
    gaps: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, at: float, polled: float) -> UploadPeriod:
        """Begin with one upload."""
        return cls(at, at, polled)

    def hear(self, at: float, polled: float) -> None:
        """Learn of an upload."""
        if at == self.last:
            return
        gap, self.last, self.heard = at - self.last, at, polled
        if gap <= 0:
            self.anchor = at
            return
        self._measure(gap)
        off = at - self.expected(at + self.period / 2)
        if abs(off) > self.period / 4:
            self.anchor = at
        else:
            self.anchor = at - off * (1 - GENTLE)
            self.jitter += GENTLE * (abs(off) - self.jitter)

    def _measure(self, gap: float) -> None:
        """Refine the period. Lost uploads leave multiples of it; when all gaps are longer, it is longer."""
        self.gaps = [*self.gaps, gap][-MEMORY:]
        times = max(1, round(gap / self.period))
        if abs(gap / times - self.period) <= SAME * self.period:
            self.period += SLOW * (gap / times - self.period)
        if len(self.gaps) == MEMORY:
            short = sorted(self.gaps)[1]
            if abs(short - self.period) > self.period / 3:
                self.period = short

    def expected(self, at: float) -> float:
        """Return the latest upload that should have been made by then."""
        return self.anchor + math.floor((at - self.anchor) / self.period) * self.period
