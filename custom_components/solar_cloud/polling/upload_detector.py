"""The rhythm of a device that tells no time, from what changes between polls.

Every poll sees something new as long as polls lie further apart than uploads, so newness alone tells nothing. But where two uploads lie
between two polls, twice the energy was counted that the power shown accounts for. Polls that come later and later relative to the uploads
pass such a place once per round; two rounds that agree fix the moment uploads become visible.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from ..cloud.model import Quantity as Q, Reading, Slot, Value
from .upload_period import UPLOADS

BINS: Final = 30
AGREED: Final = 2.0
"""Rounds that must agree."""
LEAST: Final = 0.05
"""kWh that must be expected between uploads for a count of them to be certain: counters show hundredths."""
KEPT: Final = 7 * 86400.0
"""Seconds after which a moment is looked for again."""
IDLE: Final = 100.0
"""W below which nothing need change."""

FLOWS: Final[Mapping[Q, Q]] = {
    Q.PV_POWER: Q.PV_ENERGY_TOTAL,
    Q.AC_POWER: Q.AC_ENERGY_TOTAL,
    Q.GRID_IMPORT_POWER: Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.GRID_EXPORT_POWER: Q.GRID_EXPORT_ENERGY_TOTAL,
    Q.BATTERY_CHARGE_POWER: Q.BATTERY_CHARGE_ENERGY_TOTAL,
    Q.BATTERY_DISCHARGE_POWER: Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
}


@dataclass(slots=True)
class UploadDetector:
    """What is known of one device's uploads, in epoch seconds at which they are visible; over restarts only the anchor."""

    anchor: float | None = None
    newest: float = field(default=0.0, init=False)
    votes: list[float] = field(default_factory=lambda: [0.0] * BINS, init=False)
    informative: bool = field(default=False, init=False)
    """Whether the latest poll could have told something."""
    last: tuple[float, Reading] | None = field(default=None, init=False)

    def hear(self, reading: Reading, polled: float) -> float | None:
        """Take in a reading; return when the newest upload became visible, ``None`` while that is unknown."""
        if self.anchor is not None and not 0 <= polled - self.anchor < KEPT:
            self.anchor, self.votes = None, [0.0] * BINS
        before, self.last = self.last, (polled, reading)
        self.informative = False
        if before is not None and self.anchor is None:
            self._count(before, reading, polled)
        if self.anchor is None:
            return None
        changed = before is None or before[1].values != reading.values
        if changed or not flows(reading.values):
            rounds = math.floor((polled - self.anchor) / UPLOADS)
            self.newest = self.anchor + rounds * UPLOADS
        return self.newest

    def _count(
        self, before: tuple[float, Reading], reading: Reading, polled: float
    ) -> None:
        """Count the uploads between two polls, where one or two are possible."""
        since, earlier = before
        surplus = polled - since - UPLOADS
        uploads = counted(earlier.values, reading.values)
        if uploads is None or not 0 < surplus < UPLOADS / 2:
            return
        self.informative = True
        vote = 1.0 if uploads > 1.6 else -1.0 if uploads < 1.4 else 0.0
        width = UPLOADS / BINS
        for number in range(BINS):
            centre = (number + 0.5) * width
            if (polled - centre) % UPLOADS <= surplus:
                self.votes[number] = max(self.votes[number] + vote, -1.0)
        best = max(self.votes)
        if vote > 0 and best >= AGREED:
            places = [n for n in range(BINS) if self.votes[n] == best]
            late = min(places, key=lambda n: (polled - (n + 1) * width) % UPLOADS)
            self.anchor = polled - (polled - (late + 1) * width) % UPLOADS


def counted(earlier: Mapping[Slot, Value], later: Mapping[Slot, Value]) -> float | None:
    """Return how many uploads' worth of energy was counted between two readings; ``None`` when too little flows to tell."""
    energy = expected = 0.0
    for power, counter in FLOWS.items():
        figures = [
            values.get(Slot(quantity))
            for quantity in (power, counter)
            for values in (earlier, later)
        ]
        match figures:
            case [
                float() as power_then,
                float() as power_now,
                float() as then,
                float() as now,
            ]:
                energy += max(0.0, now - then)
                expected += (power_then + power_now) / 2 * UPLOADS / 3_600_000
    return energy / expected if expected >= LEAST else None


def flows(values: Mapping[Slot, Value]) -> bool:
    """Whether anything flows that must change the next reading."""
    return any(
        isinstance(watts := values.get(Slot(power)), float) and watts > IDLE
        for power in FLOWS
    )
