"""Commands that still run at the vendor's, remembered over a restart."""

from dataclasses import dataclass
from typing import Final

from ..cloud.control import Control, Period
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json, Storage
from .pending import Key

SECTION: Final = "tasks"


@dataclass(slots=True)
class RunningTask:
    """One of them."""

    device_id: str
    name: str
    handle: str
    check_after: float
    since: float
    control: Control | None = None
    ends: bool = False
    """Whether it ends a forced mode."""
    mistakes: int = 0
    """How often in a row a mistake of ours kept it from being followed."""
    periods: tuple[Period, ...] | None = None
    """What a schedule is changed to: the device is told it part by part, or is still busy with what came before."""

    @property
    def key(self) -> str:
        """What it changes; a newer command to the same replaces it."""
        return f"{self.device_id} {self.name}"


class TaskStore:
    """All of them."""

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run left."""
        self._storage: Final = storage
        kept = from_json(list[RunningTask], storage.load(SECTION))
        self._tasks: Final = {task.key: task for task in kept}

    def tasks(self) -> list[RunningTask]:
        """Return them."""
        return list(self._tasks.values())

    def is_newest(self, task: RunningTask) -> bool:
        """Whether a task is still the newest of its kind."""
        return self._tasks.get(task.key) is task

    def ending(self, device_id: str) -> bool:
        """Whether the end of a device's forced mode is under way."""
        return any(
            task.ends and task.device_id == device_id for task in self._tasks.values()
        )

    def running(self) -> set[tuple[str, str]]:
        """Return the devices, and by what name each is changed."""
        return {(task.device_id, task.name) for task in self._tasks.values()}

    def changing(self, key: Key) -> bool:
        """Whether a command to a control is under way."""
        return any(
            (task.device_id, task.control) == key for task in self._tasks.values()
        )

    def periods(self, device_id: str) -> tuple[Period, ...] | None:
        """Return the schedule that is on its way to a device."""
        return next(
            (
                task.periods
                for task in self._tasks.values()
                if task.device_id == device_id and task.periods is not None
            ),
            None,
        )

    async def begin(self, task: RunningTask) -> None:
        """Remember a task that was just accepted; it is on disk when this returns."""
        self._tasks[task.key] = task
        await self._storage.save(SECTION, self._as_json())

    def put(self, task: RunningTask) -> None:
        """Remember how a task goes on."""
        self._tasks[task.key] = task
        self._storage.delay_save(SECTION, self._as_json)

    def forget(self, task: RunningTask) -> None:
        """Forget a task that came to an end."""
        if self._tasks.pop(task.key, None) is not None:
            self._storage.delay_save(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return to_json([*self._tasks.values()])
