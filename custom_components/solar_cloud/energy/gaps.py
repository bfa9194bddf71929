"""Noticing gaps: what a plant or device counted while nobody looked.

An outage of Home Assistant, of the network, of the cloud or of a dongle looks the same from here: the next reading is much younger than
the last, and its counters have moved. The time in between is remembered until its hours are repaired.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..cloud.model import Reading, Snapshot
from ..cloud.vault import Json, Vault
from .samples import HOUR

SECTION: Final = "gaps"
LEAST: Final = 900.0
"""Seconds without a reading that make a gap: two uploads missed."""
LONGEST: Final = 7 * 86400.0
"""Longer gaps are left to the user, who may not want an old absence filled."""
MOVED: Final = 0.005
"""kWh; a counter that stood still leaves nothing to repair."""
KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without readings of one plant or device, in epoch seconds."""

    owner: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Gaps that belong together."""

    owners: frozenset[str]
    start: float
    end: float


class GapWatch:
    """Watches readings come in, over restarts."""

    def __init__(self, vault: Vault) -> None:
        """Take up when everybody was last heard of."""
        self._vault: Final = vault
        self._heard: dict[str, tuple[float, float]] = {}
        self._gaps: list[Gap] = []
        self._restore(vault.load(SECTION))

    def observe(self, snapshot: Snapshot, now: float) -> None:
        """Take a poll in and note the gaps it ends."""
        for owner, reading in snapshot.readings.items():
            if owner in snapshot.silent:
                continue
            if reading.measured_at is not None:
                at = min(reading.measured_at.timestamp(), now)
            elif owner not in snapshot.stale:
                at = now
            else:
                continue
            self._hear(owner, at, _counted(reading))
        self._vault.save_soon(SECTION, self._as_json)

    def _hear(self, owner: str, at: float, counted: float) -> None:
        last, was = self._heard.get(owner, (at, counted))
        if at <= last and owner in self._heard:
            return
        self._heard[owner] = (at, counted)
        if (
            at - last > LEAST
            and last // HOUR != at // HOUR
            and abs(counted - was) > MOVED
        ):
            self._gaps = [*self._gaps, Gap(owner, last, at)][-KEPT:]

    def due(
        self, owners: Iterable[str], until: float, *, longest: float | None = LONGEST
    ) -> list[Outage]:
        """Return the outages of these owners that ended before an instant, oldest first."""
        mine = frozenset(owners)
        gaps = sorted(
            (
                gap
                for gap in self._gaps
                if gap.owner in mine
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
                    last.owners | {gap.owner}, last.start, max(last.end, gap.end)
                )
            else:
                outages.append(Outage(frozenset({gap.owner}), gap.start, gap.end))
        return outages

    def close(self, outage: Outage) -> None:
        """Forget the gaps of an outage."""
        self._gaps = [
            gap
            for gap in self._gaps
            if gap.owner not in outage.owners
            or gap.start < outage.start
            or gap.end > outage.end
        ]
        self._vault.save_soon(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {
            "heard": {owner: [at, was] for owner, (at, was) in self._heard.items()},
            "gaps": [[gap.owner, gap.start, gap.end] for gap in self._gaps],
        }

    def _restore(self, stored: Json) -> None:
        match stored:
            case {"heard": dict(heard), "gaps": list(gaps)}:
                pass
            case _:
                return
        for owner, row in heard.items():
            match row:
                case [float() | int() as at, float() | int() as was]:
                    self._heard[owner] = (float(at), float(was))
        for row in gaps:
            match row:
                case [str(owner), float() | int() as start, float() | int() as end]:
                    self._gaps.append(Gap(owner, float(start), float(end)))


def _counted(reading: Reading) -> float:
    """Return one number that moves when any lifetime counter does."""
    return round(
        sum(
            value
            for slot, value in reading.values.items()
            if slot.quantity.is_counter and isinstance(value, float)
        ),
        4,
    )
