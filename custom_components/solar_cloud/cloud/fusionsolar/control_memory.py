"""What is known of plants that can be set: what they told, what they were told, what still runs. Outlives restarts."""

from dataclasses import asdict, dataclass, field
import time
from typing import Final

from ..control import Force
from ..vault import Json, Vault
from .control_paths import Kind

SECTION: Final = "fusionsolar_control"
LONGEST_TASK: Final = 86400.0
"""Seconds after which the vendor itself gives a task up."""

type Fields = dict[str, Json]


@dataclass(slots=True)
class Known:
    """One plant."""

    mode: Fields | None = None
    """How its battery is used, in the vendor's words."""
    times: Fields = field(default_factory=dict)
    """What the mode with periods was set to when it was last seen: leaving that mode clears it."""
    modes: list[str] = field(default_factory=list)
    """The vendor's words of every mode it was seen in."""
    grid: Fields | None = None
    """How its feed-in is limited, in the vendor's words."""
    asked_at: float = 0.0
    """When it was last asked; 0 asks again at the next turn."""
    ask_after: float = 0.0
    """When it is worth asking: a change nobody answered for may still be under way."""
    refused: str | None = None
    """Why it may not be set."""
    told: dict[str, bool | float | str] = field(default_factory=dict)
    """Settings it accepted, by control: those that cannot be read back, and the last feed-in limit."""
    highest: dict[str, float] = field(default_factory=dict)
    """The highest power in W its batteries were seen to be capable of, by direction: a lower limit must not hide it."""
    running: dict[str, Fields] = field(default_factory=dict)
    """The task of each kind that was not over when it was last looked at."""
    force: list[float] = field(default_factory=list)
    """When a forced mode ends at the latest, and whether by itself; empty without one."""
    forced_by: str = ""
    """The kind of command that began it."""

    @property
    def answered(self) -> bool:
        """Whether a question about its settings was ever answered."""
        return self.mode is not None or self.grid is not None


class Memory:
    """All plants of the account."""

    def __init__(self, vault: Vault) -> None:
        """Take up what earlier runs knew."""
        self._vault: Final = vault
        self._plants: dict[str, Known] = {}
        stored = vault.load(SECTION)
        for key, row in stored.items() if isinstance(stored, dict) else ():
            if isinstance(row, dict):
                try:
                    self._plants[key] = Known(**row)  # type: ignore[arg-type]
                except TypeError:  # written by another version
                    continue

    def plant(self, plant_id: str) -> Known:
        """Return what is known of a plant."""
        return self._plants.setdefault(plant_id, Known())

    def save(self) -> None:
        """Keep what was changed."""
        self._vault.save_soon(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {key: asdict(row) for key, row in self._plants.items()}

    # What plants told

    def see_mode(self, plant_id: str, answer: Fields) -> None:
        """Note an answer about the mode."""
        row = self.plant(plant_id)
        row.mode = answer
        word, times = answer.get("operationMode"), answer.get(TIMES)
        if isinstance(word, str) and word not in row.modes:
            row.modes.append(word)
        if isinstance(times, dict):
            row.times = times
        self.save()

    def see_power(self, plant_id: str, direction: str, watts: float) -> None:
        """Note what the batteries are capable of."""
        row = self.plant(plant_id)
        if watts > row.highest.get(direction, 0.0):
            row.highest[direction] = watts
            self.save()

    def doubt(self, plant_id: str, under_way: float = 0.0) -> None:
        """Ask again at the next turn, or after some seconds: something was sent."""
        known = self.plant(plant_id)
        known.asked_at, known.ask_after = 0.0, time.time() + under_way
        self.save()

    # What runs

    def open(self, plant_id: str, kind: Kind, task_id: Json, hides: list[str]) -> None:
        """Note a task that runs; until it is over nobody knows how the settings it hides stand."""
        self.plant(plant_id).running[str(kind)] = {
            "id": task_id,
            "sent": time.time(),
            "hides": list[Json](hides),
        }
        self.save()

    def close(self, plant_id: str, kind: Kind) -> None:
        """Note that a task is over."""
        if self.plant(plant_id).running.pop(kind, None) is not None:
            self.doubt(plant_id)

    def running(self, plant_id: str, kind: Kind) -> Fields | None:
        """Return the task of a kind that runs, as far as anybody knows."""
        task = self.plant(plant_id).running.get(kind)
        if task is not None and age(task) > LONGEST_TASK:
            self.close(plant_id, kind)
            return None
        return task

    # Forced modes

    def begin(self, plant_id: str, force: Force, kind: Kind) -> None:
        """Note a forced mode."""
        known = self.plant(plant_id)
        until = time.time() + force.ends_after
        known.force, known.forced_by = [until, float(force.ends_by_itself)], str(kind)
        self.save()

    def end(self, plant_id: str) -> None:
        """Note that there is none."""
        self.plant(plant_id).force = []
        self.save()

    def force(self, plant_id: str) -> Force | None:
        """Return what is left of a forced mode: a change of the work mode does not end it."""
        match self.plant(plant_id).force:
            case [until, by_itself] if until > time.time():
                return Force(
                    ends_after=until - time.time(), ends_by_itself=bool(by_itself)
                )
        return None


TIMES: Final = "touOperationModeParamDetail"


def age(task: Fields) -> float:
    """Return the seconds since a task was sent."""
    sent = task.get("sent")
    return time.time() - float(sent) if isinstance(sent, int | float) else LONGEST_TASK
