"""Commands that still run at the vendor's, remembered over a restart."""

from dataclasses import dataclass
from typing import Final

from ..cloud.control import Control
from ..cloud.storage import Json, Storage
from .pending import BY_KEY, Key

SECTION: Final = "tasks"


@dataclass(slots=True)
class RunningTask:
    """One of them."""

    target_id: str
    name: str
    handle: str
    check_after: float
    since: float
    control: Control | None = None
    ends: bool = False
    """Whether it ends a forced mode."""
    mistakes: int = 0
    """How often in a row a mistake of ours kept it from being followed."""

    @property
    def key(self) -> str:
        """What it changes; a newer command to the same replaces it."""
        return f"{self.target_id} {self.name}"


class TaskStore:
    """All of them."""

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run left."""
        self._storage: Final = storage
        stored = storage.load(SECTION)
        found = [_read(row) for row in (stored if isinstance(stored, list) else [])]
        self._tasks: Final = {task.key: task for task in found if task is not None}

    def tasks(self) -> list[RunningTask]:
        """Return them."""
        return list(self._tasks.values())

    def holds(self, task: RunningTask) -> bool:
        """Whether a task is still the newest of its kind."""
        return self._tasks.get(task.key) is task

    def ending(self, target_id: str) -> bool:
        """Whether the end of a device's forced mode is under way."""
        return any(
            task.ends and task.target_id == target_id for task in self._tasks.values()
        )

    def changing(self, key: Key) -> bool:
        """Whether a command to a control is under way."""
        return any(
            (task.target_id, task.control) == key for task in self._tasks.values()
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
        return [
            {
                "target": task.target_id,
                "name": task.name,
                "handle": task.handle,
                "check_after": task.check_after,
                "since": task.since,
                "control": str(task.control) if task.control else None,
                "ends": task.ends,
            }
            for task in self._tasks.values()
        ]


def _read(row: Json) -> RunningTask | None:
    match row:
        case {
            "target": str(target_id),
            "name": str(name),
            "handle": str(handle),
            "check_after": int() | float() as check_after,
            "since": int() | float() as since,
            "control": control,
            **rest,
        }:
            return RunningTask(
                target_id,
                name,
                handle,
                float(check_after),
                float(since),
                BY_KEY.get(str(control)),
                rest.get("ends") is True,
            )
    return None
