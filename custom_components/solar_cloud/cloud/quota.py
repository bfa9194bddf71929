"""The calls an account may make: counted before they are sent, remembered over restarts.

A bucket is a kind of call with limits of its own ("login", "realtime"); the bucket ``ALL`` holds limits of the whole account. Windows slide:
short ones by tenths of a second, long ones by a three-hundredth of their length so that a month of calls stays a short list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
import logging
import time
from typing import Final

from .backoff import DAILY, bounded, longest, moment
from .errors import Paced, QuotaExhausted
from .serialization import from_json, to_json
from .storage import LATER, SOON, Json, Storage

LOGGER: Final = logging.getLogger(__name__)
SECTION: Final = "quota"
ALL: Final = "all"
STEPS: Final = 300
SHORT: Final = 3600.0
DAY: Final = 86400.0
SHARE_LEFT: Final = 10
"""Work in the background leaves one of so many calls to those who wait for an answer."""
CLOCK_SET: Final = 2.0
"""Seconds by which a clock is off what passed when it was set, and not merely inexact."""
PACE: Final = 60.0
"""Seconds that work in the background waits after a crash: as long as vendors want between two of the calls that they allow few of."""
_BACKGROUND: Final = ContextVar("background", default=False)


@contextmanager
def in_background() -> Iterator[None]:
    """Make calls that nobody waits for: of each limit they leave a share."""
    token = _BACKGROUND.set(True)
    try:
        yield
    finally:
        _BACKGROUND.reset(token)


def _step(seconds: float) -> float:
    """Return the seconds within which calls are counted as one moment."""
    return 0.1 if seconds < SHORT else seconds / STEPS


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``limit`` calls in any ``seconds``; the last ``reserved`` of them are for commands only.

    Without a limit the calls are merely counted.
    """

    limit: int | None
    seconds: float
    reserved: int = 0

    def kept(self, *, command: bool) -> int:
        """Return how many calls are not for the one who asks."""
        kept = 0 if command else self.reserved
        return kept + (self.limit or 0) // SHARE_LEFT * _BACKGROUND.get()


@dataclass(slots=True)
class _Tally:
    """Calls of one bucket within the longest window, as (start of step, calls)."""

    steps: list[tuple[float, int]] = field(default_factory=list)

    def move(self, seconds: float) -> None:
        """Count all calls so many seconds later."""
        self.steps = [(start + seconds, calls) for start, calls in self.steps]

    def within(self, seconds: float, now: float) -> list[tuple[float, int]]:
        step = _step(seconds)
        if self.steps and self.steps[-1][0] > now + step:
            # The clock was put back: a window that begins now is the longest these calls can still count in.
            self.steps = [(min(start, now), calls) for start, calls in self.steps]
        return [
            (start, calls)
            for start, calls in self.steps
            if start + step > now - seconds
        ]

    def add(self, now: float, step: float) -> None:
        start = now - now % step
        if self.steps and self.steps[-1][0] == start:
            self.steps[-1] = (start, self.steps[-1][1] + 1)
        else:
            self.steps.append((start, 1))

    def put_off(self, now: float, step: float) -> None:
        start, calls = self.steps.pop()
        if calls > 1:
            self.steps.append((start, calls - 1))
        self.add(now, step)


@dataclass(frozen=True, slots=True)
class Block:
    """Until when a bucket is closed, in epoch seconds, and why: the key of an error."""

    until: float = 0.0
    key: str = ""


OPEN: Final = Block()


@dataclass(frozen=True, slots=True)
class Spent:
    """What is kept of a budget."""

    blocked: dict[str, Block] = field(default_factory=dict)
    """By bucket."""
    calls: dict[tuple[str, float], _Tally] = field(default_factory=dict)
    """By bucket and length of a window."""


class Quota:
    """One account's budget. ``acquire`` either debits a call or raises before anything is sent."""

    def __init__(
        self, windows: Mapping[str, Sequence[Window]], storage: Storage
    ) -> None:
        """Take up the counts and blocks of the last run."""
        self._windows: Final = dict(windows)
        self._storage: Final = storage
        self._tallies: dict[tuple[str, float], _Tally] = {}
        self._blocked: dict[str, Block] = {}
        self._passed: Callable[[], float] | None = None
        self._ahead = 0.0
        self._paced_until = 0.0
        self._restore(from_json(Spent, storage.load(SECTION)))

    def watch(self, passed: Callable[[], float]) -> None:
        """Follow when the clock is set, as once the net is there at a start: the vendor's windows last as long as ever.

        ``passed`` tells seconds that only pass.
        """
        self._passed, self._ahead = passed, time.time() - passed()

    def without_blocks(self, storage: Storage) -> Quota:
        """Return a budget of the same calls for who tries other credentials: what the old ones were refused must not stop them."""
        other = Quota(self._windows, storage)
        other._tallies = self._tallies
        return other

    def _now(self) -> float:
        """Return the time, with all that is counted moved along where the clock was set."""
        now = time.time()
        if self._passed is None:
            return now
        moved = now - self._passed() - self._ahead
        if abs(moved) >= CLOCK_SET:
            self._ahead += moved
            self._paced_until += moved
            for tally in self._tallies.values():
                tally.move(moved)
            self._blocked = {
                bucket: Block(block.until + moved, block.key)
                for bucket, block in self._blocked.items()
            }
        return now

    def limit(self, bucket: str, windows: Sequence[Window]) -> None:
        """Set the limits of a bucket that depend on what the account holds."""
        self._windows[bucket] = windows

    def forgot(self) -> None:
        """Let work in the background wait: the last calls of a run that crashed were not written, and one too soon costs hours."""
        self._paced_until = time.time() + PACE

    def _limits(self, bucket: str) -> list[tuple[str, Window]]:
        return [
            (name, window)
            for name in dict.fromkeys((bucket, ALL))
            for window in self._windows.get(name, ())
        ]

    def wait(self, bucket: str, *, command: bool = False) -> float:
        """Return how many seconds a call of this bucket has to wait; 0 when it may go now."""
        now = self._now()
        waits = [
            block.until - now
            for name in (bucket, ALL)
            if (block := self._blocked.get(name, OPEN)).until > now
        ]
        if _BACKGROUND.get():
            waits.append(min(self._paced_until - now, PACE))
        for name, window in self._limits(bucket):
            if window.limit is None:
                continue
            tally = self._tallies.get((name, window.seconds))
            steps = [] if tally is None else tally.within(window.seconds, now)
            excess = (
                sum(calls for _, calls in steps)
                - (window.limit - window.kept(command=command))
                + 1
            )
            for start, calls in steps:
                if excess <= 0:
                    break
                excess -= calls
                if excess <= 0:
                    waits.append(start + window.seconds + _step(window.seconds) - now)
            if excess > 0:  # nothing is allowed at all
                waits.append(window.seconds)
        return max((*waits, 0.0))

    def check(self, bucket: str, *, command: bool = False) -> None:
        """Raise ``QuotaExhausted`` with the wait when no call may go now: ``Paced`` unless the vendor ordered it."""
        if (wait := self.wait(bucket, command=command)) > 0:
            if (block := self._block(bucket)) is None:
                raise Paced(wait)
            raise self._refusal(wait, block)

    def acquire(self, bucket: str, *, command: bool = False) -> None:
        """Debit one call, or raise as ``check`` does."""
        self.check(bucket, command=command)
        now = self._now()
        for name, seconds in self._counted(bucket):
            tally = self._tallies.setdefault((name, seconds), _Tally())
            tally.steps = tally.within(seconds, now)
            tally.add(now, _step(seconds))
        # Of what a poll spends the next one tells as much; of work on the past a crash may not forget more than its pace makes up for.
        self._storage.delay_save(
            SECTION, self._as_json, SOON if _BACKGROUND.get() else LATER
        )

    def answered(self, bucket: str) -> None:
        """Count the bucket's latest call from now on.

        The vendor counted it somewhere between sending and answering: counted from the answer, the next call cannot come too soon,
        however long either is under way.
        """
        now = self._now()
        for name, seconds in self._counted(bucket):
            if (tally := self._tallies.get((name, seconds))) and tally.steps:
                tally.put_off(now, _step(seconds))

    def _counted(self, bucket: str) -> Iterable[tuple[str, float]]:
        """Return the tallies of a bucket; two limits over the same time share one, which counts a call once."""
        return dict.fromkeys(
            (name, window.seconds) for name, window in self._limits(bucket)
        )

    def _block(self, bucket: str) -> Block | None:
        """Return the block that closes a bucket."""
        now = self._now()
        blocks = (self._blocked.get(name, OPEN) for name in (bucket, ALL))
        return next((each for each in blocks if each.until > now and each.key), None)

    @staticmethod
    def _refusal(wait: float, block: Block) -> QuotaExhausted:
        """Say when a day's limit ends, the same minute at every try."""
        told = {"until": moment(block.until)} if block.key == DAILY else {}
        return QuotaExhausted(wait, block.key, **told)

    def standing(self, bucket: str = ALL) -> QuotaExhausted | None:
        """Return the refusal of a block that stands: calls that were under way when it came must not make it longer."""
        if (block := self._block(bucket)) is None:
            return None
        return self._refusal(block.until - self._now(), block)

    @property
    def used_up(self) -> QuotaExhausted | None:
        """The limit of a day that is reached, while it lasts."""
        block = self._block(ALL)
        if block is None or block.key != DAILY:
            return None
        return self._refusal(block.until - self._now(), block)

    async def block(
        self, seconds: float, bucket: str = ALL, key: str = "rate_limited"
    ) -> QuotaExhausted:
        """Stay away for a while because the vendor said so, within bounds; outlives a failed set-up and a restart.

        Returns the error that says so.
        """
        block = Block(self._now() + bounded(seconds, key), key)
        if block.until > self._blocked.get(bucket, OPEN).until:
            self._blocked[bucket] = block
            left = self.left()
            LOGGER.debug(
                "Met the limit of calls %s for %.0f s: %d made within 24 hours, %s left",
                bucket,
                seconds,
                self.used(),
                "an unknown number" if left is None else left,
            )
            await self._storage.save(SECTION, self._as_json())
        return self._refusal(seconds, block)

    async def unblock(self) -> None:
        """Forget all blocks: the user has mended what led to them."""
        self._blocked.clear()
        await self._storage.save(SECTION, self._as_json())

    def used(self, seconds: float = DAY) -> int:
        """Return how many calls the account made in the last ``seconds``, for a window that is counted."""
        tally = self._tallies.get((ALL, seconds))
        return (
            0
            if tally is None
            else sum(calls for _, calls in tally.within(seconds, self._now()))
        )

    def left(self) -> int | None:
        """Return how many calls the tightest limit of the whole account of an hour or more leaves; ``None`` without such a limit."""
        return min(
            (
                max(0, window.limit - self.used(window.seconds))
                for window in self._windows.get(ALL, ())
                if window.limit is not None and window.seconds >= 3600
            ),
            default=None,
        )

    def by_kind(self) -> dict[str, dict[str, int]]:
        """Return, by kind of call, how many were made within the longest limit of its own and how many that limit leaves."""
        found: dict[str, dict[str, int]] = {}
        for bucket, windows in self._windows.items():
            limits = [(each.seconds, each.limit) for each in windows if each.limit]
            if bucket == ALL or not limits:
                continue
            seconds, limit = max(limits)
            tally = self._tallies.get((bucket, seconds), _Tally())
            used = sum(calls for _, calls in tally.within(seconds, self._now()))
            found[bucket] = {
                "used": used,
                "left": max(0, limit - used),
                "within_seconds": int(seconds),
            }
        return found

    @property
    def next_reset(self) -> float | None:
        """When the tightest limit of the whole account gives its oldest call back, in epoch seconds; ``None`` while none is used."""
        windows = [
            (max(0, each.limit - self.used(each.seconds)), each.seconds)
            for each in self._windows.get(ALL, ())
            if each.limit is not None and each.seconds >= SHORT
        ]
        if not windows:
            return None
        _, seconds = min(windows)
        tally = self._tallies.get((ALL, seconds), _Tally())
        steps = tally.within(seconds, self._now())
        return steps[0][0] + seconds + _step(seconds) if steps else None

    @property
    def runs_out(self) -> bool:
        """Whether most of a limit of a day or more of the whole account is used."""
        return any(
            self.used(window.seconds) >= window.limit * (1 - 1 / SHARE_LEFT)
            for window in self._windows.get(ALL, ())
            if window.limit is not None and window.seconds >= DAY
        )

    def _as_json(self) -> Json:
        return to_json(Spent(self._blocked, self._tallies))

    def _restore(self, kept: Spent) -> None:
        """Take up what was spent; a clock that was ahead, or an older version, may have kept times beyond all bounds."""
        now = time.time()
        for bucket, block in kept.blocked.items():
            until = min(block.until, now + longest(block.key))
            self._blocked[bucket] = Block(until, block.key)
        for key, tally in kept.calls.items():
            steps = [(min(start, now), calls) for start, calls in tally.steps]
            self._tallies[key] = _Tally(steps)
        if kept.blocked or kept.calls:
            # Blocks that were cut short must not be as long again at the next start.
            self._storage.delay_save(SECTION, self._as_json)
