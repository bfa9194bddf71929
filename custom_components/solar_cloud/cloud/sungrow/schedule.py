"""Which calls a poll makes: the fast ones first, the slow ones in what is left of the budget (sungrow.md §7.1)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

CALLS_PER_PLANT: Final = 6
"""Calls of one poll for one home: at most 72 an hour of 2000, 52 000 a month of 100 000."""
STARVING: Final = 2.0
"""A slow task this many times overdue goes before the fast ones."""


@dataclass(frozen=True, slots=True)
class ScheduledCall:
    """Something to ask regularly."""

    key: str
    every: float
    calls: int
    run: Callable[[], Awaitable[None]]
    owners: frozenset[str] = frozenset()
    """The plants and devices that are silent while it fails."""

    @property
    def fast(self) -> bool:
        """Whether the task is part of every poll."""
        return bool(self.owners) and self.every < 300


class Schedule:
    """When each task last ran."""

    def __init__(self) -> None:
        """Begin with every task due."""
        self._ran: Final[dict[str, float]] = {}
        self._pauses: Final[dict[str, float]] = {}

    def done(self, task: ScheduledCall, now: float, pause: float = 0.0) -> None:
        """Note that a task ran; with a pause it counts as done for longer."""
        self._ran[task.key], self._pauses[task.key] = now, pause

    def hurry(self, keys: Iterable[str]) -> None:
        """Make tasks due now."""
        for key in keys:
            self._ran.pop(key, None)
            self._pauses.pop(key, None)

    def due(
        self, tasks: Iterable[ScheduledCall], now: float, budget: int
    ) -> list[ScheduledCall]:
        """Return the tasks to run now, in order; never fewer than one if one is due."""
        known = list(tasks)
        for task in known:
            self._ran.setdefault(task.key, now - task.every)
        waiting = [task for task in known if self._overdue(task, now) >= 1]
        fast = [task for task in waiting if task.fast]
        slow = sorted(
            (task for task in waiting if not task.fast),
            key=lambda task: -self._overdue(task, now),
        )
        starving = [task for task in slow if self._overdue(task, now) >= STARVING][:1]
        if sum(task.calls for task in fast) > budget:
            fast.sort(key=lambda task: self._ran[task.key])
        picked: list[ScheduledCall] = []
        left = budget
        for task in (*starving, *fast, *slow):
            if task not in picked and (task.calls <= left or not picked):
                picked.append(task)
                left -= task.calls
        return picked

    def _overdue(self, task: ScheduledCall, now: float) -> float:
        """Return how many of its periods have passed since a task ran; one that ran later than now did so before the clock was put back."""
        if (passed := now - self._ran[task.key]) < 0:
            return 1.0
        return (passed - self._pauses.get(task.key, 0.0)) / task.every
