"""What the account may read, found out by asking: closed calls, the points each type of device fills, and which of several feeds a value."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
import time
from typing import Final

from ..access import Refusals
from ..points import Table, number, text
from ..quota import DAY
from ..serialization import from_json, to_json
from ..storage import Json, Storage
from ..token import Token
from ..vendor import fingerprint
from .api import Body, Operation

FIELDS_SECTION: Final = "fields"


class PointSelection:
    """The choices of all plants."""

    def __init__(self, storage: Storage) -> None:
        """Take up the choices of the last run."""
        self._storage: Final = storage
        self._chosen: Final = from_json(
            dict[str, dict[str, str]], storage.load(FIELDS_SECTION)
        )

    def settle(
        self, owner: str, table: Table, fields: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Return the fields without those another one was chosen over."""
        rivals: dict[str, list[str]] = defaultdict(list)
        for point in table.points:
            rivals[point.slot.key].append(point.field)
        dropped: set[str] = set()
        for slot, names in rivals.items():
            if len(names) > 1 and (chosen := self._choose(owner, slot, names, fields)):
                dropped.update(name for name in names if name != chosen)
        return {name: raw for name, raw in fields.items() if name not in dropped}

    def _choose(
        self, owner: str, slot: str, names: list[str], fields: Mapping[str, Json]
    ) -> str | None:
        """Return the field that feeds a slot; the first that carries a number is kept."""
        chosen = self._chosen.setdefault(owner, {})
        if chosen.get(slot) not in names:
            first = (name for name in names if number(fields.get(name)) is not None)
            if (name := next(first, None)) is None:
                return None
            chosen[slot] = name
            self._storage.delay_save(FIELDS_SECTION, partial(to_json, self._chosen))
        return chosen[slot]


PERMISSIONS_SECTION: Final = "permissions"
MOST: Final = 200
"""Calls remembered at most: one per operation and plant or device that are closed to the account."""


class Permissions:
    """The calls that a fresh token was refused within the last day."""

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run learnt."""
        self._storage: Final = storage
        self._refused: Final = Refusals[str](DAY)
        self._untried: Token | None = None
        kept = from_json(dict[str, float], storage.load(PERMISSIONS_SECTION))
        for call, at in kept.items():
            self._refused.since[call] = min(at, time.time())

    async def forget(self) -> None:
        """Let every call be tried again: the user has seen to it."""
        self._refused.forget()
        await self._storage.save(PERMISSIONS_SECTION, self._as_json())

    def doubtful(self, call: str, token: Token) -> bool:
        """Whether a refusal may mean the token.

        It does not where a fresh one was refused the same, nor as long as the fresh one has not been of use for anything.
        """
        return token is not self._untried and call not in self._refused

    def renewed(self, token: Token) -> None:
        """Note a token that was issued because of a refusal."""
        self._untried = token

    def accepted(self, call: str, token: Token) -> None:
        """Note that a call went through."""
        if token is self._untried:
            self._untried = None
        if self._refused.clear(call):
            self._storage.delay_save(PERMISSIONS_SECTION, self._as_json)

    async def refused(self, call: str) -> None:
        """Note that a fresh token was refused as well: on disk at once, or each restart would cost a login."""
        self._refused.note(call)
        since = self._refused.since
        while len(since) > MOST:
            del since[next(iter(since))]
        await self._storage.save(PERMISSIONS_SECTION, self._as_json())

    def _as_json(self) -> Json:
        return to_json(self._refused.since)


def call_of(operation: Operation, body: Body) -> str:
    """Name a call by what a permission is given for: an operation, on one plant or device where it is made for one."""
    target = text(body.get("uuid")) or text(body.get("ps_id"))
    return operation.name + ("" if target is None else f" {fingerprint(target)}")


POINTS_SECTION: Final = "points"
MOST_POINTS: Final = 100
"""Per call; more are answered with 010 (sungrow.md §4.4)."""
FEWEST_POINTS: Final = 10
SCAN_EVERY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class SeenPoints:
    """The points that carried a value by device type, and how many a call may name."""

    seen: dict[str, set[str]] = field(default_factory=dict)
    most: int = MOST_POINTS


class PointMemory:
    """The memory of one account, by device type."""

    def __init__(self, storage: Storage) -> None:
        """Take up the memory of the last run."""
        self._storage: Final = storage
        self._scanned: Final[dict[str, float]] = {}
        kept = from_json(SeenPoints, storage.load(POINTS_SECTION))
        self._seen: Final = kept.seen
        self._most = min(max(kept.most, FEWEST_POINTS), MOST_POINTS)

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
            known = sum(point in seen for point in points)
            return min(self._calls(known), self._calls(len(points)))
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
            self._storage.delay_save(POINTS_SECTION, self._as_json)

    def halve(self) -> bool:
        """Ask for less at once because the server refused so much; false when it cannot be less."""
        if self._most <= FEWEST_POINTS:
            return False
        self._most = max(FEWEST_POINTS, self._most // 2)
        self._storage.delay_save(POINTS_SECTION, self._as_json)
        return True

    def _as_json(self) -> Json:
        return to_json(SeenPoints(self._seen, self._most))
