"""What is known of plants that can be set: what they told, what they were told, what still runs. Outlives restarts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import time
from typing import Final

from ...control import ForcedMode
from ...control_state import FORCED, ControlState, DeviceControlState
from ...points import number
from ...storage import Json, Storage
from .api import Kind

EARLIER_SECTION: Final = "fusionsolar_control"
LONGEST_TASK: Final = 86400.0
"""Seconds after which the vendor itself gives a task up."""
SETTLES: Final = 240.0
"""Seconds in which a plant may still be said to be as it was: states move about every three minutes."""
TIMES: Final = "touOperationModeParamDetail"
MODE: Final = "operationMode"

type Fields = dict[str, Json]


@dataclass(slots=True)
class RunningChange:
    """A task that was not over when it was last looked at."""

    id: Json
    sent: float
    told: Fields = field(default_factory=dict)
    """What the plant is set to by it, by control."""
    answer: Fields = field(default_factory=dict)
    """What the plant says of itself when it is done."""
    hides: list[str] = field(default_factory=list)
    """The settings that are not known until then."""

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.time() - self.sent


@dataclass(slots=True)
class PlantControlState(DeviceControlState):
    """One plant: settings by control, and the vendor's answers by the kind of command that changes them."""

    times: Fields = field(default_factory=dict)
    """What the mode with periods was set to when it was last seen: leaving that mode clears it."""
    modes: list[str] = field(default_factory=list)
    """The vendor's names of all modes it was seen in."""
    asked_at: float = 0.0
    """When it was last asked; 0 asks again at the next turn."""
    ask_after: float = 0.0
    """When it is worth asking: a change that was not answered may still be under way."""
    ask_at: float = 0.0
    """When it is to be asked though it was lately: the answer may be from before a change."""
    refused: str | None = None
    """Why it may not be set."""
    highest: dict[str, float] = field(default_factory=dict)
    """The highest power in W its batteries were seen to be capable of, by direction: a lower limit must not hide it."""
    running: dict[str, RunningChange] = field(default_factory=dict)
    """By kind."""
    hides: dict[str, list[str]] = field(default_factory=dict)
    """By kind, the settings that its last change hides until the plant has told them."""
    forced_by: str = ""
    """The kind of command that began a forced mode."""
    steered: str = ""
    """The battery mode that was begun last."""
    choice: str = ""
    """The choice of a battery mode that counts, be it its end: nothing more is sent of those before it."""
    ending: bool = False
    """Whether the end of a forced mode was taken, and its plant has not carried it out yet."""

    @property
    def mode(self) -> Fields:
        """How its battery is used, in the vendor's words."""
        return _fields(self.value(Kind.MODE))

    @property
    def grid(self) -> Fields:
        """How its feed-in is limited, in the vendor's words."""
        return _fields(self.value(Kind.GRID))

    @property
    def answered(self) -> bool:
        """Whether a question about its settings was ever answered."""
        return Kind.MODE in self.known or Kind.GRID in self.known

    @property
    def coming_times(self) -> Fields:
        """What the mode with periods is set to once a change that runs is carried out."""
        change = self.running.get(Kind.MODE)
        times = change.answer.get(TIMES) if change else None
        return times if isinstance(times, dict) else self.times

    def hidden(self, kind: Kind) -> list[str]:
        """Return the settings that a change was carried out of, and the plant has not told yet."""
        known = self.known.get(kind)
        unsaid = known is not None and known.before is not None
        return self.hides.get(kind, []) if unsaid else []


class ControlStates(ControlState[PlantControlState]):
    """All plants of the account."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs knew."""
        super().__init__(storage, PlantControlState, EARLIER_SECTION, _present_form)

    # What plants told

    def see_mode(self, plant_id: str, answer: Fields) -> None:
        """Note an answer about the mode, unless something else was carried out since."""
        row = self.of(plant_id)
        mode = answer.get(MODE)
        if isinstance(mode, str) and mode not in row.modes:
            row.modes.append(mode)
        if self._counts(plant_id, Kind.MODE, answer):
            _take_times(row, answer)

    def see_grid(self, plant_id: str, answer: Fields) -> bool:
        """Note an answer about the feed-in, unless something else was carried out since; say which."""
        return self._counts(plant_id, Kind.GRID, answer)

    def _counts(self, plant_id: str, kind: Kind, answer: Fields) -> bool:
        """Take an answer; one from before the last change is asked for again."""
        if self.read(plant_id, kind, answer, time.time()):
            return True
        row = self.of(plant_id)
        row.ask_at = row.known[kind].since
        self.save()
        return False

    def see_power(self, plant_id: str, direction: str, watts: float) -> None:
        """Note what the batteries are capable of."""
        row = self.of(plant_id)
        if watts > row.highest.get(direction, 0.0):
            row.highest[direction] = watts
            self.save()

    def ask_again(self, plant_id: str, under_way: float = 0.0) -> None:
        """Ask again at the next turn, or after some seconds: something was sent."""
        known = self.of(plant_id)
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
        """Note a task that runs."""
        self.of(plant_id).running[str(kind)] = RunningChange(
            task_id, time.time(), dict(told), answer, [*told] if hides else []
        )
        self.save()

    def done(self, plant_id: str, kind: Kind, task_id: Json) -> None:
        """Note that a task was carried out: from now on it outranks what was reported before. The first who sees it notes it."""
        task = self.of(plant_id).running.get(kind)
        if task is None or task.id != task_id:
            return
        for key, value in task.told.items():
            self.keep(plant_id, key, value, time.time())
        if task.answer:
            self.take(plant_id, kind, task.answer, task.hides)
        self.close(plant_id, kind)

    def take(
        self, plant_id: str, kind: Kind, answer: Fields, hides: Iterable[str] = ()
    ) -> None:
        """Note how a plant is set from now on, and which settings are uncertain until it reports them."""
        row = self.of(plant_id)
        self.expect(plant_id, kind, answer, time.time() + SETTLES)
        row.hides[str(kind)] = [*hides]
        if kind is Kind.MODE:
            _take_times(row, answer)

    def close(self, plant_id: str, kind: Kind) -> None:
        """Note that a task is over."""
        if self.of(plant_id).running.pop(kind, None) is not None:
            self.ask_again(plant_id)

    def running(self, plant_id: str, kind: Kind) -> RunningChange | None:
        """Return the task of a kind that runs, as far as is known."""
        task = self.of(plant_id).running.get(kind)
        if task is not None and task.age > LONGEST_TASK:
            self.close(plant_id, kind)
            return None
        return task

    # Forced modes

    def begin(self, plant_id: str, force: ForcedMode, kind: Kind, mode: str) -> None:
        """Note a forced mode, and which battery mode it is."""
        now = time.time()
        row = self.of(plant_id)
        row.forced_by, row.steered, row.ending = str(kind), mode, False
        value: Json = [now, now + force.ends_after, force.ends_by_itself]
        self.keep(plant_id, FORCED, value, now)

    def ended(self, plant_id: str) -> None:
        """Note that the plant has carried the end of a forced mode out."""
        self.of(plant_id).ending = False
        self.save()

    def end(self, plant_id: str) -> None:
        """Note that there is none any more once the plant has carried that out."""
        self.of(plant_id).ending = True
        self.keep(plant_id, FORCED, None, time.time())


def _take_times(row: PlantControlState, answer: Fields) -> None:
    if isinstance(times := answer.get(TIMES), dict):
        row.times = times


def _fields(stored: Json) -> Fields:
    return stored if isinstance(stored, dict) else {}


def _present_form(stored: Json) -> Json:
    """Bring what the first versions kept to the present form."""
    return {
        plant_id: _present_row(row)
        for plant_id, row in _fields(stored).items()
        if isinstance(row, dict)
    }


def _present_row(row: Fields) -> Json:
    """Convert settings, answers with what was said before a change, and the forced mode."""
    known: Fields = {
        key: {"value": value} for key, value in _fields(row.get("told")).items()
    }
    hides: Fields = {}
    for kind in map(str, (Kind.MODE, Kind.GRID)):
        if not isinstance(answer := row.get(kind), dict):
            continue
        value: Fields = {"value": answer}
        if accepted := _fields(_fields(row.get("accepted")).get(kind)):
            hides[kind] = accepted.get("hides")
            at, before = accepted.get("at"), accepted.get("before")
            value |= {"since": (number(at) or 0.0) + SETTLES, "before": before}
        known[kind] = value
    match row.get("force"):
        case [until, by_itself]:
            known[FORCED] = {"value": [0.0, until, bool(by_itself)]}
    return {**row, "known": known, "hides": hides}
