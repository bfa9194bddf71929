"""Collecting the past call by call: what was fetched is kept, over limits and restarts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import inf
from typing import Final

from ..cloud.errors import UnexpectedAnswer
from ..cloud.history import HistoryClient, PastEnergy, PastWindow
from ..cloud.model import Inventory, Plant, Reading
from ..cloud.serialization import from_json_or_none, to_json
from ..cloud.sources import SourceTerm
from ..cloud.storage import Json
from .samples import HOUR, Sample, continuous, least_at, thin, value_at

EMPTY_FOR: Final = 45 * 86400.0
"""Seconds without anything after which a device's past has ended: it was not there yet."""

type Look = Callable[[Sequence[Sample], float], float | None]
type Key = tuple[str, str]
"""A plant or device and the key of a counter's slot."""


@dataclass(slots=True)
class _FetchedPast:
    """What is kept of a collection."""

    name: str
    done: set[str]
    """The windows that were asked for; worth nothing without the samples."""
    samples: dict[Key, list[Sample]]
    reached: float = inf
    """All windows that end later are done, and forgotten."""


class HistoryFetcher:
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
        kept = from_json_or_none(_FetchedPast, stored)
        if kept is None or kept.name != self.name:
            kept = _FetchedPast(self.name, set(), {})
        self._done: Final = kept.done
        self._reached = kept.reached
        self._samples: Final = kept.samples
        self._oldest: dict[str, float] = {}
        for key, samples in self._samples.items():
            self._note(key, samples)
        self.calls = 0
        self._cleaned: dict[Key, list[Sample]] = {}

    @property
    def name(self) -> str:
        """What tells this collection from others."""
        return f"{','.join(self.owners)}|{self.start:.0f}|{self.end:.0f}"

    async def run(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        zone: tzinfo,
        since: float = -inf,
    ) -> None:
        """Fetch what is missing back to ``since``, the newest first. Raises a ``CloudError``; what was fetched before stays."""
        windows = self._windows(history_client, inventory)
        for batch, start, end in sorted(windows, key=lambda window: -window[2]):
            if end <= since:
                return
            if self._ended(batch, end):
                continue
            try:
                window = PastWindow(
                    _moment(start).astimezone(zone),
                    _moment(end).astimezone(zone),
                    self._step,
                )
                readings = await history_client.readings(batch, inventory, window)
            except UnexpectedAnswer:
                readings = {}  # refused, and would be again
            self.calls += 1
            self._take(readings)
            self._done.add(_window_key(batch, start))

    def left(self, history_client: HistoryClient, inventory: Inventory) -> int:
        """Return how many calls are still to be made at most."""
        return sum(
            self._oldest.keys().isdisjoint(batch) or not self._ended(batch, end)
            for batch, _, end in self._windows(history_client, inventory)
        )

    def _windows(
        self, history_client: HistoryClient, inventory: Inventory
    ) -> Iterator[tuple[tuple[str, ...], float, float]]:
        """Yield the calls not made yet."""
        window = history_client.limits.window.total_seconds()
        for batch in history_client.batches(self.owners, inventory):
            end = self.end
            while end > self.start:
                start = max(self.start, end - window)
                if end <= self._reached and _window_key(batch, start) not in self._done:
                    yield batch, start, end
                end = start

    def _ended(self, batch: Sequence[str], end: float) -> bool:
        """Whether the past of a batch is over before an instant."""
        oldest = min(
            (at for owner, at in self._oldest.items() if owner in batch),
            default=self.end,
        )
        return oldest - end > EMPTY_FOR

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
                self._note(key, samples)

    def _note(self, key: Key, samples: Sequence[Sample]) -> None:
        oldest = min((at for at, _ in samples), default=self.end)
        self._oldest[key[0]] = min(oldest, self._oldest.get(key[0], self.end))

    def value(self, terms: Iterable[SourceTerm], at: float) -> float | None:
        """Add up the cleaned counters at an instant; ``None`` unless every addend is known."""
        return self._add_up(terms, at, value_at)

    def least(self, terms: Iterable[SourceTerm], at: float) -> float | None:
        """Add up what the counters were seen to have reached; ``None`` where one is taken off, of which that says nothing."""
        terms = [*terms]
        if any(term.factor < 0 for term in terms):
            return None
        return self._add_up(terms, at, least_at)

    def _add_up(
        self, terms: Iterable[SourceTerm], at: float, look: Look
    ) -> float | None:
        whole = 0.0
        for term in terms:
            found = look(self._clean((term.device_id, term.slot.key)), at)
            if found is None:
                return None
            whole += found * term.factor
        return whole

    def _clean(self, key: Key) -> list[Sample]:
        if key not in self._cleaned:
            self._cleaned[key] = continuous(self._samples.get(key, ()))
        return self._cleaned[key]

    def forget(self, reached: float, needed: Mapping[Key, float]) -> None:
        """Drop what is used up: the windows that end after ``reached``, which are all done, and samples later than ``needed``."""
        self._reached = reached
        self._done.clear()
        self._cleaned.clear()
        for key, samples in self._samples.items():
            last = needed.get(key, -inf)
            self._samples[key] = [each for each in samples if each[0] <= last]

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return to_json(
            _FetchedPast(self.name, self._done, self._samples, self._reached)
        )


@dataclass(slots=True)
class _ReportedPast:
    """What is kept of reports."""

    start: float
    end: float
    reached: float
    rows: list[PastEnergy]


class Reports:
    """The energies of one plant from its reports, between two instants (epoch seconds)."""

    def __init__(self, start: float, end: float, stored: Json = None) -> None:
        """Go on where a stored form stopped, else begin."""
        self.start: Final = start
        self.end: Final = end
        kept = from_json_or_none(_ReportedPast, stored)
        if kept is None or (kept.start, kept.end) != (start, end):
            kept = _ReportedPast(start, end, end, [])
        self.rows: Final = kept.rows
        self.reached = kept.reached

    async def run(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant: Plant,
        zone: tzinfo,
        since: float = -inf,
    ) -> None:
        """Fetch what is missing back to ``since``, the newest first. Raises a ``CloudError``; what was fetched before stays."""
        while not self.ended and self.reached > since:
            try:
                found = await history_client.energies(
                    plant, inventory, _moment(self.reached).astimezone(zone)
                )
            except UnexpectedAnswer:
                self.reached = self.start  # before the first day the vendor knows
                return
            self.rows.extend(
                row
                for row in found.rows
                if row.start >= self.start and row.end <= self.reached
            )
            self.reached = min(found.since, self.reached - HOUR)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to ask for."""
        return self.reached <= max(self.start, self._oldest - EMPTY_FOR)

    def forget(self, needed: float) -> None:
        """Drop what is used up: rows that begin at ``needed`` or later."""
        self.rows[:] = [row for row in self.rows if row.start < needed]

    @property
    def _oldest(self) -> float:
        """Return when something was counted first, as far as is known."""
        return min(
            (row.start for row in self.rows if any(row.values.values())),
            default=self.end,
        )

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return to_json(_ReportedPast(self.start, self.end, self.reached, self.rows))


def _window_key(batch: Sequence[str], start: float) -> str:
    return f"{','.join(batch)}|{start:.0f}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
