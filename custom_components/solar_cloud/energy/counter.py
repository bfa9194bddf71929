"""The guard of lifetime counters: they only grow, and only as fast as physics allows.

A cloud sends zeros while an inverter sleeps, dips at midnight, and yesterday's energy once more (failures.md E01-E09). Home Assistant's
statistics would book each of these, so a counter is published through a guard that holds its last good value until the odd one goes
away, or has stayed for hours. What is published makes the statistics come out right: a counter that really started anew falls to what
it can have counted since; any other lasting change continues without a step.
"""

from dataclasses import dataclass
from typing import Final

from ..cloud.vault import Json

PATIENCE: Final = 3 * 3600.0
"""Seconds an odd value must last before it is believed; the longest known glitch takes one hour (E03)."""
FIRST_ZERO_PATIENCE: Final = 86400.0
"""Seconds before a counter that never showed anything but zero is believed to be new."""
HEADROOM: Final = 1.5
"""Inverters exceed their rating, and uploads come late."""
SLACK: Final = 0.5
"""kWh that rounding and recalculation may add at any time."""
UNRATED: Final = 30_000.0
"""W assumed for a device whose rating is unknown, until it shows more."""


@dataclass(slots=True)
class Guard:
    """The guard of one counter; all values in kWh, times in epoch seconds."""

    value: float | None = None
    """What is published."""
    at: float = 0.0
    """When it was last confirmed."""
    offset: float = 0.0
    """What was added to the vendor's value to continue without a step."""
    odd_since: float | None = None
    odd_value: float = 0.0
    ceiling: float = UNRATED
    """W; grows when a faster rise proves real."""
    rejected: int = 0
    """How many values were held back."""

    def observe(
        self, raw: float, now: float, rated: float | None = None
    ) -> float | None:
        """Take the vendor's value in and return what to publish, ``None`` while nothing is certain."""
        value = round(raw + self.offset, 6)
        if self.value is None:
            return self._first(value, now)
        if self.value <= value <= self.value + self._most(now, rated):
            self._accept(value, now)
        else:
            self._doubt(raw, value, now, rated)
        return self.value

    def _first(self, value: float, now: float) -> float | None:
        """A zero may be the sleep of an old device: believing it would later book its whole life."""
        if value == 0:
            self.odd_since = self.odd_since or now
            if now - self.odd_since < FIRST_ZERO_PATIENCE:
                return None
        self._accept(value, now)
        return self.value

    def _most(self, now: float, rated: float | None) -> float:
        """Return the kWh a counter can have gained since it was last confirmed."""
        return (
            max(rated or 0.0, self.ceiling if rated is None else 0.0)
            / 1000
            * HEADROOM
            * max(0.0, now - self.at)
            / 3600
            + SLACK
        )

    def _accept(self, value: float, now: float) -> None:
        self.value, self.at, self.odd_since = value, now, None

    def _doubt(self, raw: float, value: float, now: float, rated: float | None) -> None:
        """Hold an odd value; believe it when it has lasted and only grown, for hours."""
        assert self.value is not None
        self.rejected += 1
        if (
            self.odd_since is None
            or value < self.odd_value
            or (value > self.value) != (self.odd_value > self.value)
        ):
            self.odd_since, self.odd_value = now, value
            return
        grown, lasted = value - self.odd_value, now - self.odd_since
        if lasted < PATIENCE:
            return
        if value > self.value:
            self.ceiling = max(self.ceiling, grown / lasted * 3_600_000)
        if raw <= self._most(now, rated) and value < self.value:
            self.offset, value = 0.0, raw
        else:
            self.offset += self.value - value + grown
            value = self.value + grown
        self._accept(round(value, 6), now)

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return [
            self.value,
            self.at,
            self.offset,
            self.odd_since,
            self.odd_value,
            self.ceiling,
            self.rejected,
        ]

    @classmethod
    def from_json(cls, stored: Json) -> Guard:
        """Read the stored form; a damaged one starts anew."""
        match stored:
            case [
                float() | int() | None as value,
                float() | int() as at,
                float() | int() as offset,
                float() | int() | None as odd_since,
                float() | int() as odd_value,
                float() | int() as ceiling,
                int() as rejected,
            ]:
                return cls(value, at, offset, odd_since, odd_value, ceiling, rejected)
        return cls()
