"""Which points each type of device ever filled, so that a request of many empty ones shrinks to one call.

Models differ, and what a model lacks is null for ever (sungrow.md §7.2 #9). All points are asked again every hour: at night half of them
are empty.
"""

from collections.abc import Iterable
import time
from typing import Final

from ..points import text
from ..storage import Json, Storage

SECTION: Final = "points"
MOST_POINTS: Final = 100
"""Per call; more are answered with 010 (sungrow.md §4.4)."""
FEWEST_POINTS: Final = 10
SCAN_EVERY: Final = 3600.0


class PointMemory:
    """The memory of one account, by device type."""

    def __init__(self, storage: Storage) -> None:
        """Take up the memory of the last run."""
        self._storage: Final = storage
        self._seen: Final[dict[str, set[str]]] = {}
        self._scanned: Final[dict[str, float]] = {}
        self._most = MOST_POINTS
        match storage.load(SECTION):
            case {"seen": dict(seen), "most": int(most)}:
                self._most = min(max(most, FEWEST_POINTS), MOST_POINTS)
                for kind, points in seen.items():
                    listed = points if isinstance(points, list) else []
                    self._seen[kind] = {key for each in listed if (key := text(each))}

    @property
    def most(self) -> int:
        """How many points one call may name."""
        return self._most

    def chunks(self, kind: str, points: tuple[str, ...]) -> list[list[str]]:
        """Return the points to ask for, call by call; those never seen are left out where that saves calls."""
        chosen = list(points)
        seen = self._seen.get(kind)
        if len(points) > self._most and seen and not self._scan_due(kind):
            known = [point for point in points if point in seen]
            if self._calls(len(known)) < self._calls(len(points)):
                chosen = known
        if len(chosen) == len(points):
            self._scanned[kind] = time.time()
        return [
            chosen[start : start + self._most]
            for start in range(0, len(chosen), self._most)
        ]

    def calls(self, kind: str, points: tuple[str, ...]) -> int:
        """Return how many calls ``chunks`` would take."""
        seen = self._seen.get(kind)
        if len(points) > self._most and seen and not self._scan_due(kind):
            return min(self._calls(len(seen)), self._calls(len(points)))
        return self._calls(len(points))

    def _calls(self, count: int) -> int:
        return max(1, -(-count // self._most))

    def _scan_due(self, kind: str) -> bool:
        return time.time() - self._scanned.get(kind, 0.0) > SCAN_EVERY

    def note(self, kind: str, filled: Iterable[str]) -> None:
        """Remember points that carried a value."""
        seen = self._seen.setdefault(kind, set())
        fresh = set(filled) - seen
        if fresh:
            seen |= fresh
            self._storage.delay_save(SECTION, self._as_json)

    def halve(self) -> bool:
        """Ask for less at once because the server refused so much; false when it cannot be less."""
        if self._most <= FEWEST_POINTS:
            return False
        self._most = max(FEWEST_POINTS, self._most // 2)
        self._storage.delay_save(SECTION, self._as_json)
        return True

    def _as_json(self) -> Json:
        seen: dict[str, Json] = {
            kind: [*sorted(points)] for kind, points in self._seen.items()
        }
        return {"seen": seen, "most": self._most}
