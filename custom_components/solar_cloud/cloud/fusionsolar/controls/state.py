"""What is known of plants that can be set: what they told, what they were told, what still runs. Outlives restarts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import time
from typing import Final

from ...control import ForcedMode
from ...storage import Json, Storage
from .api import Kind

SECTION: Final = "fusionsolar_control"
LONGEST_TASK: Final = 86400.0
"""Seconds after which the vendor itself gives a task up."""

SETTLES: Final = 240.0
"""Seconds in which a plant may still be said to be as it was: states move about every three minutes."""

type Fields = dict[str, Json]


@dataclass(slots=True)
class PlantControlState:
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
    ask_at: float = 0.0
    """When it is to be asked though it was lately: the answer was from before a change, as far as anybody knows."""
    refused: str | None = None
    """Why it may not be set."""
    told: dict[str, bool | float | str] = field(default_factory=dict)
    """Settings it accepted, by control: those that cannot be read back, and the last feed-in limit."""
    highest: dict[str, float] = field(default_factory=dict)
    """The highest power in W its batteries were seen to be capable of, by direction: a lower limit must not hide it."""
    running: dict[str, Fields] = field(default_factory=dict)
    """The task of each kind that was not over when it was last looked at."""
    accepted: dict[str, Fields] = field(default_factory=dict)
    """By kind, when it was changed last and what was said before, until it says how it is set now."""
    force: list[float] = field(default_factory=list)
    """When a forced mode ends at the latest, and whether by itself; empty without one."""
    forced_by: str = ""
    """The kind of command that began it."""

    @property
    def answered(self) -> bool:
        """Whether a question about its settings was ever answered."""
        return self.mode is not None or self.grid is not None


class ControlStates:
    """All plants of the account."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs knew."""
        self._storage: Final = storage
        self._plants: dict[str, PlantControlState] = {}
        stored = storage.load(SECTION)
        for key, row in stored.items() if isinstance(stored, dict) else ():
            if isinstance(row, dict):
                try:
                    known = PlantControlState(**row)  # type: ignore[arg-type]
                except TypeError:  # written by another version
                    continue
                known.accepted = _maps(known.accepted)
                self._plants[key] = known

    def plant(self, plant_id: str) -> PlantControlState:
        """Return what is known of a plant."""
        return self._plants.setdefault(plant_id, PlantControlState())

    def save(self) -> None:
        """Keep what was changed."""
        self._storage.delay_save(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {key: asdict(row) for key, row in self._plants.items()}

    # What plants told

    def see_mode(self, plant_id: str, answer: Fields) -> None:
        """Note an answer about the mode, unless something else was carried out since."""
        row = self.plant(plant_id)
        word = answer.get("operationMode")
        if isinstance(word, str) and word not in row.modes:
            row.modes.append(word)
        if not self._outranked(row, Kind.MODE, answer):
            _take_mode(row, answer)
        self.save()

    def see_grid(self, plant_id: str, answer: Fields) -> bool:
        """Note an answer about the feed-in, unless something else was carried out since; say which."""
        row = self.plant(plant_id)
        if outranked := self._outranked(row, Kind.GRID, answer):
            self.save()
        else:
            row.grid = answer
        return not outranked

    @staticmethod
    def _outranked(row: PlantControlState, kind: Kind, answer: Fields) -> bool:
        """Whether an answer is from before the last change: what it says now, or never said before, is not."""
        accepted = row.accepted.get(kind)
        if accepted is None:
            return False
        settled = _number(accepted.get("at")) + SETTLES
        if time.time() >= settled or not any(
            before.items() <= answer.items() for before in _before(accepted)
        ):
            del row.accepted[kind]
            return False
        row.ask_at = settled
        return True

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

    def open(
        self,
        plant_id: str,
        kind: Kind,
        task_id: Json,
        told: Mapping[str, Json],
        answer: Fields,
        *,
        hides: bool,
    ) -> None:
        """Note a task that runs, what is told by it, and what an ``answer`` says when it is done.

        Until it is over nobody knows how the settings it hides stand.
        """
        self.plant(plant_id).running[str(kind)] = {
            "id": task_id,
            "sent": time.time(),
            "hides": [*told] if hides else [],
            "told": dict(told),
            "answer": answer,
        }
        self.save()

    def done(self, plant_id: str, kind: Kind, task_id: Json) -> None:
        """Note that a task was carried out: from now on it outranks what was said before. Whoever sees it first notes it."""
        known = self.plant(plant_id)
        task = known.running.get(kind)
        if task is None or task.get("id") != task_id:
            return
        told, answer = task.get("told"), task.get("answer")
        known.told |= {
            key: value
            for key, value in (told if isinstance(told, dict) else {}).items()
            if isinstance(value, bool | int | float | str)
        }
        if isinstance(answer, dict) and answer:
            self.accept(plant_id, kind, answer, task.get("hides"))
        self.close(plant_id, kind)

    def accept(
        self, plant_id: str, kind: Kind, answer: Fields, hides: Json = None
    ) -> None:
        """Note how a plant is set from now on."""
        known = self.plant(plant_id)
        shown = (known.mode if kind is Kind.MODE else known.grid) or {}
        earlier = known.accepted.get(kind)
        before = [shown, *(_before(earlier) if earlier else ())]
        known.accepted[str(kind)] = {
            "at": time.time(),
            "hides": hides,
            "before": [each for each in before if not answer.items() <= each.items()],
        }
        if kind is Kind.MODE:
            _take_mode(known, answer)
        else:
            known.grid = answer
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

    def begin(self, plant_id: str, force: ForcedMode, kind: Kind) -> None:
        """Note a forced mode."""
        known = self.plant(plant_id)
        until = time.time() + force.ends_after
        known.force, known.forced_by = [until, float(force.ends_by_itself)], str(kind)
        self.save()

    def end(self, plant_id: str) -> None:
        """Note that there is none."""
        self.plant(plant_id).force = []
        self.save()

    def force(self, plant_id: str) -> ForcedMode | None:
        """Return what is left of a forced mode: a change of the work mode does not end it."""
        match self.plant(plant_id).force:
            case [until, by_itself] if until > time.time():
                return ForcedMode(
                    ends_after=until - time.time(), ends_by_itself=bool(by_itself)
                )
        return None


TIMES: Final = "touOperationModeParamDetail"


def _take_mode(row: PlantControlState, answer: Fields) -> None:
    row.mode = answer
    if isinstance(times := answer.get(TIMES), dict):
        row.times = times


def _maps(stored: object) -> dict[str, Fields]:
    """Keep what has the form that is kept."""
    return (
        {str(key): row for key, row in stored.items() if isinstance(row, dict)}
        if isinstance(stored, dict)
        else {}
    )


def _before(accepted: Fields) -> list[Fields]:
    """Return what a plant was said to be set to before a change; of one that said nothing all may be from before."""
    found = accepted.get("before")
    return (
        [each for each in found if isinstance(each, dict)]
        if isinstance(found, list)
        else []
    )


def _number(stored: Json) -> float:
    return float(stored) if isinstance(stored, int | float) else 0.0


def age(task: Fields) -> float:
    """Return the seconds since a task was sent."""
    sent = task.get("sent")
    return time.time() - float(sent) if isinstance(sent, int | float) else LONGEST_TASK
