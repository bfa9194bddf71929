"""What every poll does: make the calls that are due as far as the limits allow, and know what each plant and device said last."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
import math
import time
from typing import Final

from .errors import CloudError, CredentialsRejected, QuotaExhausted, RetryLater
from .model import Reading


@dataclass(slots=True)
class PollResult:
    """What became of the calls of a poll."""

    succeeded: int = 0
    errors: list[CloudError] = field(default_factory=list)
    resume_after: float | None = None
    """Seconds until the first limit that stopped calls lets the rest be made."""
    gave_up: CloudError | None = None
    """Why the rest was not tried."""


async def run_side_by_side[ResultT](
    most: int, jobs: Iterable[Callable[[], Awaitable[ResultT]]]
) -> list[ResultT]:
    """Run jobs that do not need each other, up to ``most`` at once, begun in their order; return what they return in the same order.

    The first failure lets those under way end, for their calls are counted, and is raised; the rest is not begun.
    """
    waiting = enumerate(jobs)
    results: dict[int, ResultT] = {}
    failures: list[Exception] = []

    async def work() -> None:
        for number, job in waiting:
            try:
                results[number] = await job()
            except Exception as err:  # noqa: BLE001, raised below
                failures.append(err)
            if failures:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(most - 1):
            group.create_task(work())
        await work()
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results)]


async def run_calls[CallT](
    calls: Iterable[CallT],
    make: Callable[[CallT], Awaitable[None]],
    failed: Callable[[CallT, CloudError], bool],
    bucket: Callable[[CallT], str] = lambda call: "",
    *,
    at_once: int = 1,
) -> PollResult:
    """Make calls, up to so many side by side; what a limit stops is due again next time. Raises ``CredentialsRejected``.

    ``failed`` notes an error, and says whether all that is left would end alike. A full limit stops the calls of its own ``bucket`` only.
    """
    result = PollResult()
    full: set[str] = set()
    stopped = False

    async def attempt(call: CallT) -> None:
        nonlocal stopped
        if stopped or bucket(call) in full:
            return
        try:
            await make(call)
        except CredentialsRejected:
            raise
        except RetryLater as err:
            result.errors.append(err)
            result.resume_after = result.resume_after or err.retry_after
            if isinstance(err, QuotaExhausted):
                full.add(bucket(call))
            else:
                stopped = True
        except CloudError as err:
            result.errors.append(err)
            if failed(call, err):
                result.gave_up = result.gave_up or err
                stopped = True
        else:
            result.succeeded += 1

    await run_side_by_side(at_once, (partial(attempt, call) for call in calls))
    return result


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
        """Begin without readings."""
        self.silent: Final[dict[str, str]] = {}
        self._entries: Final[dict[str, CachedReading]] = {}

    def put(self, device_id: str, reading: Reading, now: float | None = None) -> None:
        """Keep a reading that was just made; its device is not silent any more."""
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

    def lagging(self, device_id: str) -> Reading | None:
        """Return the last live reading of what is asked for seldom: as old as the answer, and no reason to call its owner stale.

        Its energies, which others tell, are no news: they would look like leaps after an outage.
        """
        if (reading := self.live(device_id)) is None:
            return None
        heard_at = datetime.fromtimestamp(self._entries[device_id].read_at, UTC)
        return replace(
            reading,
            measured_at=None,
            heard_at=heard_at,
            slow=frozenset(reading.values),
            again=True,
        )

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
