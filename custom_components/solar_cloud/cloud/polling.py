"""What is known of each plant and device between polls, and how old it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
import time
from typing import Final

from .model import Reading


@dataclass(slots=True)
class CachedReading:
    """A reading, when it was last read, and since when it says the same; both in epoch seconds."""

    reading: Reading
    read_at: float
    changed_at: float
    reads: int = 0
    """How often it was read without a change."""


class ReadingCache:
    """The last reading of each plant and device, and why there is no live one of those that are silent."""

    def __init__(self) -> None:
        """Start without knowing anybody."""
        self.silent: Final[dict[str, str]] = {}
        self._entries: Final[dict[str, CachedReading]] = {}

    def put(self, device_id: str, reading: Reading, now: float | None = None) -> None:
        """Keep a reading that was just made; whoever has one is not silent."""
        now = time.time() if now is None else now
        entry = self._entries.get(device_id)
        if entry is None or entry.reading != reading:
            entry = self._entries[device_id] = CachedReading(reading, now, now)
        entry.reading, entry.read_at = reading, now
        entry.reads += 1
        self.silent.pop(device_id, None)

    def fail(self, device_ids: Iterable[str], reason: str) -> None:
        """Note why there are no values; the last ones stay known."""
        self.silent.update(dict.fromkeys(device_ids, reason))

    def drop(self, device_id: str) -> None:
        """Forget a reading that is no longer true."""
        self._entries.pop(device_id, None)

    def get(self, device_id: str, max_age: float = math.inf) -> CachedReading | None:
        """Return what was read within the last ``max_age`` seconds."""
        entry = self._entries.get(device_id)
        if entry is None or time.time() - entry.read_at > max_age:
            return None
        return entry

    def last(self, device_id: str) -> Reading | None:
        """Return the last reading, however old, also of those that are silent now."""
        entry = self._entries.get(device_id)
        return entry.reading if entry else None

    def live(self, device_id: str) -> Reading | None:
        """Return the last reading unless a later call says that there is none."""
        return None if device_id in self.silent else self.last(device_id)

    def made_at(self, device_id: str, reading: Reading) -> float:
        """Return the epoch seconds at which a kept reading was made: by its own time, else when it was first seen as it is."""
        if reading.measured_at is not None:
            return reading.measured_at.timestamp()
        return self._entries[device_id].changed_at

    def stale(
        self, readings: Mapping[str, Reading], stale_after: float
    ) -> frozenset[str]:
        """Return those of some kept readings that were made too many seconds ago to be called live."""
        now = time.time()
        return frozenset(
            device_id
            for device_id, reading in readings.items()
            if now - self.made_at(device_id, reading) > stale_after
        )
