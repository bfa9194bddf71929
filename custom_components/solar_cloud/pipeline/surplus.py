"""What a plant has to spare, and for how long: by the times at which it was measured, not by those at which it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from ..cloud.model import Quantity as Q, Slot, Value
from ..cloud.polling import CachedReading

UNPUNCTUAL: Final = 30.0
"""Seconds that may be missing from a time: uploads every five minutes are not five minutes apart to the second."""


@dataclass(frozen=True, slots=True)
class Surplus:
    """What was to spare, in W; times in epoch seconds."""

    watts: float
    made_at: float
    """When it was measured; where the vendor tells no times, when it was first seen that something had been measured anew."""
    heard_at: float
    """When it was measured, or where the vendor tells no times, read."""

    @classmethod
    def of(cls, watts: float, told: Sequence[CachedReading]) -> Self:
        """Take the times of what measured it: as old as the oldest; of what tells no time, one that changed shows that all were uploaded."""
        timed = [each.reading.measured_at for each in told]
        known = [at.timestamp() for at in timed if at is not None]
        untimed = [each for each in told if each.reading.measured_at is None]
        changed, read = list(known), list(known)
        if untimed:
            changed.append(max(each.changed_at for each in untimed))
            read.append(min(each.read_at for each in untimed))
        return cls(watts, min(changed), min(read))


def surplus_watts(
    values: Mapping[Slot, Value], *, has_battery: bool, with_battery: bool
) -> float | None:
    """Return what a plant exports, in W, and what it charges its battery ``with``; ``None`` while either is not known.

    What comes out of the battery is none: an appliance that empties it at night would otherwise never be switched off.
    """
    grid, battery = values.get(Slot(Q.GRID_POWER)), values.get(Slot(Q.BATTERY_POWER))
    if not isinstance(grid, float):
        return None
    if not isinstance(battery, float):
        return None if has_battery else -grid
    return -grid - (battery if with_battery else max(battery, 0.0))


class Streak:
    """For how long uploads, one after the other, have said the same."""

    def __init__(self, longest_gap: float) -> None:
        """Begin without uploads; after ``longest_gap`` seconds without one nobody knows what was between."""
        self._longest_gap: Final = longest_gap
        self._first: float | None = None
        self._last = 0.0

    def add(self, made_at: float, meets: bool) -> None:
        """Take an upload in, by the epoch second at which it was made; one that was told before is no news."""
        if not meets:
            self.interrupt()
        elif self._first is None or not 0 <= made_at - self._last <= self._longest_gap:
            self._first = self._last = made_at
        else:
            self._last = made_at

    def interrupt(self) -> None:
        """Begin anew: something else was said, or nothing that is known."""
        self._first = None

    def lasted(self, seconds: float) -> bool:
        """Whether it has been said for a time, which takes two uploads, but for no time at all."""
        if self._first is None:
            return False
        span = self._last - self._first
        return seconds <= 0 or (span > 0 and span >= seconds - UNPUNCTUAL)
