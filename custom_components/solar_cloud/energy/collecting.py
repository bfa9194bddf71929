"""Collecting the past call by call: what was fetched is kept, over limits and restarts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ..cloud.history import Historian
from ..cloud.model import Inventory, Reading
from ..cloud.vault import Json
from ..cloud.vendor import Term
from .samples import Sample, continuous, thin, value_at

type Key = tuple[str, str]
"""A plant or device and the key of a counter's slot."""


class Collector:
    """The counters of some plants and devices between two instants (epoch seconds)."""

    def __init__(
        self,
        owners: Collection[str],
        start: float,
        end: float,
        step: timedelta,
        stored: Json = None,
    ) -> None:
        """Go on where a stored form stopped, else begin."""
        self.owners: Final = tuple(sorted(owners))
        self.start: Final = start
        self.end: Final = end
        self._step: Final = step
        self._samples: dict[Key, list[Sample]] = {}
        self._done: set[str] = set()
        self.calls = 0
        self._restore(stored)
        self._cleaned: dict[Key, list[Sample]] = {}

    @property
    def name(self) -> str:
        """What tells this collection from others."""
        return f"{','.join(self.owners)}|{self.start:.0f}|{self.end:.0f}"

    async def run(self, historian: Historian, inventory: Inventory) -> None:
        """Fetch what is missing, the newest first. Raises a ``CloudError``; what was fetched before stays."""
        window = historian.reach.window.total_seconds()
        for batch in historian.batches(self.owners, inventory):
            end = self.end
            while end > self.start:
                start = max(self.start, end - window)
                key = f"{','.join(batch)}|{start:.0f}"
                if key not in self._done:
                    readings = await historian.past_readings(
                        batch, inventory, _moment(start), _moment(end), self._step
                    )
                    self.calls += 1
                    self._take(readings)
                    self._done.add(key)
                end = start

    def _take(self, readings: Mapping[str, Sequence[Reading]]) -> None:
        self._cleaned.clear()
        for owner, found in readings.items():
            fresh: dict[Key, list[Sample]] = {}
            for reading in found:
                if reading.measured_at is None:
                    continue
                at = reading.measured_at.timestamp()
                for slot, value in reading.values.items():
                    if slot.quantity.is_counter and isinstance(value, float):
                        fresh.setdefault((owner, slot.key), []).append((at, value))
            for key, samples in fresh.items():
                self._samples.setdefault(key, []).extend(thin(samples))

    def knows(self, terms: Iterable[Term]) -> bool:
        """Whether every addend was found."""
        return all((term.device_id, term.slot.key) in self._samples for term in terms)

    def oldest(self, terms: Iterable[Term]) -> float | None:
        """Return the instant from which on all addends are known."""
        firsts = [
            min(at for at, _ in self._samples[term.device_id, term.slot.key])
            for term in terms
            if (term.device_id, term.slot.key) in self._samples
        ]
        return max(firsts, default=None)

    def value(self, terms: Iterable[Term], at: float) -> float | None:
        """Add up the cleaned counters at an instant; ``None`` unless every addend is known."""
        whole = 0.0
        for term in terms:
            found = value_at(self._clean((term.device_id, term.slot.key)), at)
            if found is None:
                return None
            whole += found * term.factor
        return whole

    def _clean(self, key: Key) -> list[Sample]:
        if key not in self._cleaned:
            self._cleaned[key] = continuous(self._samples.get(key, ()))
        return self._cleaned[key]

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return {
            "name": self.name,
            "done": list[Json](sorted(self._done)),
            "samples": [
                [owner, slot, [[round(at), value] for at, value in samples]]
                for (owner, slot), samples in self._samples.items()
            ],
        }

    def _restore(self, stored: Json) -> None:
        match stored:
            case {"name": self.name, "done": list(done), "samples": list(samples)}:
                pass
            case _:
                return
        self._done = {key for key in done if isinstance(key, str)}
        for row in samples:
            match row:
                case [str(owner), str(slot), list(pairs)]:
                    self._samples[owner, slot] = [
                        (float(pair[0]), float(pair[1]))
                        for pair in pairs
                        if isinstance(pair, list)
                        and len(pair) == 2
                        and isinstance(pair[0], int | float)
                        and isinstance(pair[1], int | float)
                    ]


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
