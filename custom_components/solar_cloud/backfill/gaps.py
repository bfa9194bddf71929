"""Noticing gaps: what a plant or device counted while it was not read.

An outage of Home Assistant, of the network, of the cloud or of a dongle looks the same from here: the next reading is much younger than
the last, and its counters have moved. The time in between is remembered until its hours are repaired.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from ..cloud.model import Snapshot
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import LATER, SOON, Storage
from .samples import HOUR

SECTION: Final = "gaps"
LEAST: Final = 1500.0
"""Seconds without a reading that make a gap: longer than an account with few calls rests between polls at night."""
LONGEST: Final = 7 * 86400.0
"""Longer gaps are left to the user, who may not want an old absence filled."""
MOVED: Final = 0.005
"""kWh; a counter that stood still leaves nothing to repair."""
KEPT: Final = 400
FORGOTTEN: Final = LONGEST + 86400.0
"""Seconds after which a gap that is still open is left as it is."""


type Key = tuple[str, str]
"""A plant or device and the key of one of its counters."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a counter moved unseen, in epoch seconds."""

    key: Key
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Gaps that belong together."""

    keys: frozenset[Key]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Heard:
    """When a counter was heard of last, and what it said."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What is kept of the watch."""

    heard: dict[Key, Heard] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


class GapWatch:
    """Watches counters come in, over restarts."""

    def __init__(self, storage: Storage) -> None:
        """Take up when each counter was last heard of."""
        self._storage: Final = storage
        kept = from_json(Watched, storage.load(SECTION))
        self._heard: Final = kept.heard
        self._gaps = kept.gaps

    def observe(
        self,
        snapshot: Snapshot,
        now: float,
        heard: Collection[str] | None = None,
        is_held: Callable[[Key], bool] = lambda _: False,
    ) -> None:
        """Take in what a poll told, of those that were ``heard`` in it or of all, and note the gaps it ends.

        A counter that is held said nothing, or what its filter did not believe.
        """
        before = self._gaps
        self._gaps = [gap for gap in self._gaps if gap.end > now - FORGOTTEN]
        for owner in snapshot.readings if heard is None else heard:
            reading = snapshot.readings.get(owner)
            if reading is None or owner in snapshot.silent:
                continue
            if reading.measured_at is not None:
                at = min(reading.measured_at.timestamp(), now)
            elif owner not in snapshot.stale:
                at = now
            else:
                continue
            for slot, value in reading.values.items():
                if slot.quantity.is_counter and isinstance(value, float):
                    key = owner, slot.key
                    if not is_held(key):
                        self._hear(key, at, value, now)
        delay = LATER if self._gaps == before else SOON
        self._storage.delay_save(SECTION, self._watched, delay)

    def _hear(self, key: Key, at: float, value: float, now: float) -> None:
        """Take a value in; what it adds is booked to the hour in which it is heard, not to the one in which it was measured."""
        before = self._heard.get(key)
        if before is not None and at <= before.at:
            return
        self._heard[key] = Heard(at, value)
        if (
            before is not None
            and at - before.at > LEAST
            and before.at // HOUR != now // HOUR
            and abs(value - before.value) > MOVED
        ):
            self._gaps = [*self._gaps, Gap(key, before.at, now)][-KEPT:]

    async def note(self, gaps: Collection[Gap]) -> None:
        """Take in times in which counters moved before anybody read them; they are on disk when this returns."""
        self._gaps = [*(each for each in self._gaps if each not in gaps), *gaps][-KEPT:]
        await self._storage.save(SECTION, to_json(self._watched()))

    def due(
        self, keys: Collection[Key], until: float, *, longest: float | None = LONGEST
    ) -> list[Outage]:
        """Return the outages of these counters that ended before an instant, oldest first."""
        gaps = sorted(
            (
                gap
                for gap in self._gaps
                if gap.key in keys
                and gap.end <= until
                and (longest is None or gap.end - gap.start <= longest)
            ),
            key=lambda gap: gap.start,
        )
        outages: list[Outage] = []
        for gap in gaps:
            if outages and gap.start // HOUR * HOUR < outages[-1].end:
                last = outages[-1]
                outages[-1] = Outage(
                    last.keys | {gap.key}, last.start, max(last.end, gap.end)
                )
            else:
                outages.append(Outage(frozenset({gap.key}), gap.start, gap.end))
        return outages

    def close(self, outage: Outage) -> None:
        """Forget the gaps of an outage."""
        self._gaps = [
            gap
            for gap in self._gaps
            if gap.key not in outage.keys
            or gap.start < outage.start
            or gap.end > outage.end
        ]
        self._storage.delay_save(SECTION, self._watched)

    def _watched(self) -> Watched:
        return Watched(self._heard, self._gaps)
