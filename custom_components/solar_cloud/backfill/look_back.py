"""Looking back for somebody who waits: what the past holds within the limits of the moment, and what it lacks and why.

The newest comes first. Where a limit stops it, what was found is returned, and the rest is named so that one can go on there.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import fmean
from typing import Final, NamedTuple

from ..cloud.errors import (
    CloudError,
    Paced,
    PermissionMissing,
    RetryLater,
    UnexpectedAnswer,
)
from ..cloud.history import (
    PLANT_LIFE,
    HistoryClient,
    Interval,
    PastEnergies,
    PastEnergy,
    PastWindow,
)
from ..cloud.model import Inventory, Quantity, Reading, Slot, Value
from .samples import Sample, continuous, value_at

TOO_OLD: Final = "too_old"
NOT_YET: Final = "not_yet"
TOO_FINE: Final = "too_fine"
NO_HISTORY: Final = "no_history"
"""Why something is missing, beside the keys of errors."""

OF_ONE_CALL: Final = (PermissionMissing, UnexpectedAnswer)
"""Errors that say nothing of the next call: a permission may be missing for one type of device (failures.md E23)."""
STEP: Final = timedelta(minutes=5)
ORDER: Final = tuple(Interval)


class PastRow(NamedTuple):
    """What one plant or device told of one interval.

    Energies of an hour or longer are those of the interval, under the name of their quantity without "total". Readings of five minutes have the
    vendor's own values, and counters among them. The vendor's points are told as they are: of a longer interval the last.
    """

    start: datetime
    values: Mapping[str, Value]


class Lacking(NamedTuple):
    """A span of the past of one plant or device that was not returned, and why."""

    owner: str
    start: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the past of some plants and devices of one zone; without slots and points it is everything that has a name of ours."""

    interval: Interval
    start: datetime
    end: datetime
    zone: tzinfo
    slots: frozenset[Slot] = frozenset()
    points: tuple[str, ...] = ()
    """The vendor's, by their ids."""

    @property
    def energies_only(self) -> bool:
        """Whether reports have all that is asked for."""
        return not self.points and all(
            slot.quantity.endswith("_total") and not slot.index for slot in self.slots
        )

    def wants(self, slot: Slot) -> bool:
        """Whether a slot is asked for."""
        return slot in self.slots or not (self.slots or self.points)


@dataclass(slots=True)
class LookBack:
    """Asks the past of one account. ``lacking`` and ``error`` say what stood in the way."""

    history_client: HistoryClient
    inventory: Inventory
    now: datetime
    pause: Callable[[float], Awaitable[None]]
    patience: float
    """Seconds of our own pace it waits for, in all."""
    live: Mapping[str, Reading] = field(default_factory=dict)
    """The newest readings: their energies of today are what reports lack that end with yesterday."""
    lacking: list[Lacking] = field(default_factory=list)
    error: CloudError | None = None
    """What stopped it."""

    async def look(
        self, owners: Collection[str], question: Question
    ) -> dict[str, list[PastRow]]:
        """Return the rows of each plant or device in the order of time. Never raises a ``CloudError``."""
        reporting = [owner for owner in owners if self._reports(owner, question)]
        found = {
            owner: await self._from_reports(owner, question) for owner in reporting
        }
        rest = [owner for owner in owners if owner not in found]
        return found | await self._from_readings(rest, question)

    def _reports(self, owner: str, question: Question) -> bool:
        """Whether reports can answer: those of this interval or of a finer one."""
        order = ORDER[: ORDER.index(question.interval) + 1]
        reported = self.history_client.reported(owner, self.inventory)
        return question.energies_only and not reported.keys().isdisjoint(order)

    # From reports

    async def _from_reports(self, owner: str, question: Question) -> list[PastRow]:
        rows = await self._energies(owner, question.interval, self._whole(question))
        return [
            PastRow(
                datetime.fromtimestamp(row.start, question.zone),
                {
                    _stem(Slot(quantity)): round(value, 3)
                    for quantity, value in sorted(row.values.items())
                    if question.wants(Slot(quantity))
                },
            )
            for row in sorted(rows, key=lambda row: row.start)
        ]

    def _whole(self, question: Question) -> Question:
        """Return what is asked in whole intervals, as reports have them, so that what is added up of finer ones is no part of one."""
        interval, zone = question.interval, question.zone
        first = max(question.start, self.now - PLANT_LIFE)  # not out of all time
        last = interval.begin((question.end - timedelta(seconds=1)).astimezone(zone))
        return replace(
            question,
            start=min(question.start, interval.begin(first.astimezone(zone))),
            end=min(interval.following(last), self.now),
        )

    async def _energies(
        self, owner: str, interval: Interval, question: Question
    ) -> list[PastEnergy]:
        """Return the intervals of a question from the report that has them, and what that lacks from finer ones."""
        reach = self.history_client.reported(owner, self.inventory).get(interval)
        if reach is None:
            if interval is Interval.FIVE_MINUTES or interval is Interval.HOUR:
                return self._today(owner, question)
            return _summed(
                await self._energies(owner, _finer(interval), question),
                interval,
                question.zone,
            )
        rows: list[PastEnergy] = []
        at, complete = question.end.timestamp(), question.end.timestamp()
        oldest = max(
            question.start.timestamp(),
            interval.begin((self.now - reach).astimezone(question.zone)).timestamp(),
        )
        while at > oldest:
            page = await self._page(owner, interval, at, question, oldest)
            if page is None:
                break
            complete = min(complete, page.until)
            rows += [row for row in page.rows if row.end > oldest and row.start < at]
            at = min(page.since, at - STEP.total_seconds())
        if question.start.timestamp() < oldest:
            first = min((row.start for row in rows), default=oldest)
            self._lack(owner, question.start, _moment(first), TOO_OLD)
        if complete >= question.end.timestamp():
            return rows
        running = Question(
            interval,
            max(_moment(complete), question.start),
            question.end,
            question.zone,
            question.slots,
        )
        newest = await self._energies(owner, _finer(interval), running)
        return rows + _summed(newest, interval, question.zone)

    async def _page(
        self,
        owner: str,
        interval: Interval,
        at: float,
        question: Question,
        oldest: float,
    ) -> PastEnergies | None:
        """Return one answer of a report; ``None`` when something stands in the way."""

        async def ask() -> PastEnergies:
            end = _moment(at).astimezone(question.zone)
            return await self.history_client.totals(
                owner, self.inventory, interval, end
            )

        try:
            return await self._call(ask)
        except CloudError as err:
            self._stopped(owner, _moment(oldest), _moment(at), err)
            return None

    def _today(self, owner: str, question: Question) -> list[PastEnergy]:
        """Return the energies of the current day as they are known now."""
        reading = self.live.get(owner)
        midnight = Interval.DAY.begin(self.now.astimezone(question.zone))
        if reading and reading.measured_at and reading.measured_at >= midnight:
            values = {
                total: value
                for slot, value in reading.values.items()
                if not slot.index
                and isinstance(value, float)
                and (total := slot.quantity.lifetime)
            }
            return [PastEnergy(midnight.timestamp(), self.now.timestamp(), values)]
        self._lack(owner, max(question.start, midnight), question.end, NOT_YET)
        return []

    # From readings

    async def _from_readings(
        self, owners: Collection[str], question: Question
    ) -> dict[str, list[PastRow]]:
        client = self.history_client
        plants = self.inventory.plants
        found: dict[str, dict[float, Reading]] = {owner: {} for owner in owners}
        batches = client.batches(owners, self.inventory)
        for owner in found.keys() - {each for batch in batches for each in batch}:
            coarser = intervals(client, owner, self.inventory)
            why = TOO_FINE if coarser and question.energies_only else NO_HISTORY
            self._lack(owner, question.start, question.end, why)
        for batch in batches:
            device = self.inventory.devices.get(batch[0])
            plant = plants[device.plant_id if device else batch[0]]
            newest = max(
                min(question.end, client.newest(plant, self.now)), question.start
            )
            oldest = max(question.start, self.now - client.limits.readings)
            for owner in batch:
                self._lack(owner, question.start, min(oldest, question.end), TOO_OLD)
                self._lack(owner, max(newest, oldest), question.end, NOT_YET)
            await self._readings(batch, oldest, newest, question, found)
        return {owner: _rows(found[owner], question) for owner in found}

    async def _readings(
        self,
        batch: Sequence[str],
        oldest: datetime,
        until: datetime,
        question: Question,
        found: dict[str, dict[float, Reading]],
    ) -> None:
        """Read one batch window by window, the newest first."""
        while until > oldest:
            begin = max(oldest, until - self.history_client.limits.window)
            window = PastWindow(
                begin.astimezone(question.zone),
                until.astimezone(question.zone),
                STEP,
                question.points,
                question.slots,
            )

            async def ask(
                window: PastWindow = window,
            ) -> Mapping[str, Sequence[Reading]]:
                return await self.history_client.readings(batch, self.inventory, window)

            try:
                past = await self._call(ask)
            except CloudError as err:
                for owner in batch:
                    self._stopped(owner, oldest, until, err)
                return
            for owner, readings in past.items():
                found[owner] |= {
                    reading.measured_at.timestamp(): reading
                    for reading in readings
                    if reading.measured_at is not None
                }
            until = begin

    # Calls

    async def _call[AnswerT](self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """Ask once, after our own pace where patience is left. Raises a ``CloudError``."""
        if self.error and not isinstance(self.error, OF_ONE_CALL):
            raise self.error
        while True:
            try:
                return await ask()
            except Paced as err:
                self.patience -= err.retry_after
                if self.patience < 0:
                    raise
                await self.pause(err.retry_after)

    def _stopped(
        self, owner: str, start: datetime, end: datetime, err: CloudError
    ) -> None:
        """Note what an error left out; after one that is not about this call alone nothing is asked for."""
        self.error = err
        self._lack(owner, start, end, err.key)

    def _lack(self, owner: str, start: datetime, end: datetime, why: str) -> None:
        if start < end:
            self.lacking.append(Lacking(owner, start, end, why))

    @property
    def retry_after(self) -> float | None:
        """Seconds after which one can go on, where a limit stopped it."""
        return self.error.retry_after if isinstance(self.error, RetryLater) else None


def intervals(
    history_client: HistoryClient, owner: str, inventory: Inventory
) -> tuple[Interval, ...]:
    """Return how finely the past of a plant or device can be told."""
    if history_client.batches([owner], inventory):
        return ORDER
    reported = history_client.reported(owner, inventory)
    finest = min(map(ORDER.index, reported), default=len(ORDER))
    return ORDER[finest:]


def _finer(interval: Interval) -> Interval:
    return ORDER[ORDER.index(interval) - 1]


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _stem(slot: Slot) -> str:
    """Name what a counter brought in an interval: not "total"."""
    stem = slot.quantity.value.removesuffix("_total")
    return f"{stem}_{slot.index}" if slot.index else stem


def _summed(
    rows: Iterable[PastEnergy], interval: Interval, zone: tzinfo
) -> list[PastEnergy]:
    """Add finer intervals up."""
    found: dict[float, dict[Quantity, float]] = {}
    for row in rows:
        begin = interval.begin(datetime.fromtimestamp(row.start, zone))
        values = found.setdefault(begin.timestamp(), {})
        for quantity, value in row.values.items():
            values[quantity] = values.get(quantity, 0.0) + value
    return [
        PastEnergy(
            start,
            interval.following(datetime.fromtimestamp(start, zone)).timestamp(),
            values,
        )
        for start, values in found.items()
    ]


type Told = list[tuple[float, Mapping[Slot, Value]]]
"""What was told when, in epoch seconds and in the order of time."""


def _rows(readings: Mapping[float, Reading], question: Question) -> list[PastRow]:
    """Make rows of readings by their time."""
    start, end = question.start.timestamp(), question.end.timestamp()
    told: Told = [
        (at, {slot: value for slot, value in values.items() if question.wants(slot)})
        for at, values in ((at, readings[at].values) for at in sorted(readings))
        if start <= at <= end
    ]
    raw = {
        at: {
            key: readings[at].raw[key]
            for key in question.points
            if key in readings[at].raw
        }
        for at, _ in told
    }
    if question.interval is Interval.FIVE_MINUTES:
        return [
            PastRow(
                datetime.fromtimestamp(at, question.zone),
                {slot.key: values[slot] for slot in sorted(values)} | raw[at],
            )
            for at, values in told
            if (values or raw[at]) and at < end
        ]
    counters = _counters(told)
    inside: dict[float, Told] = {}
    for at, values in told:
        begin = question.interval.begin(datetime.fromtimestamp(at, question.zone))
        inside.setdefault(begin.timestamp(), []).append((at, values))
    rows = []
    for begin_at, several in inside.items():
        begin = datetime.fromtimestamp(begin_at, question.zone)
        following = question.interval.following(begin).timestamp()
        row = _measured([values for _, values in several])
        for slot, samples in counters.items():
            low = value_at(samples, max(begin_at, start))
            high = value_at(samples, min(following, end))
            if low is not None and high is not None:
                row[_stem(slot)] = round(high - low, 3)
        for at, _ in several:
            row |= raw[at]
        if row and begin_at < end:
            rows.append(PastRow(begin, row))
    return rows


def _counters(told: Told) -> dict[Slot, list[Sample]]:
    """Return the cleaned lifetime counters."""
    found: dict[Slot, list[Sample]] = {}
    for at, values in told:
        for slot, value in values.items():
            if slot.quantity.is_counter and isinstance(value, float):
                found.setdefault(slot, []).append((at, value))
    return {slot: continuous(found[slot]) for slot in sorted(found)}


def _measured(several: Sequence[Mapping[Slot, Value]]) -> dict[str, Value]:
    """Return the mean of what is measured, and the last of states; counters are something else."""
    found: dict[str, Value] = {}
    for slot in sorted({slot for values in several for slot in values}):
        if slot.quantity.is_energy:
            continue
        told = [values[slot] for values in several if slot in values]
        numbers = [value for value in told if isinstance(value, float)]
        found[slot.key] = round(fmean(numbers), 3) if numbers else told[-1]
    return found
