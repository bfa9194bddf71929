"""The life of a control task: taken, running, finished with a word for each parameter (sungrow.md §4.10, §11.3 #25-#28)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import parameters as p
from .knobs import Knobs
from .plant import HYBRID, LOGGER, PV, Device, Plant
from .steered import SteeredInverter, SteeredLogger

RUNNING, FINISHED = 2, 8
WAITING, AT_WORK, SUCCEEDED, FAILED, TIMED_OUT = 1, 2, 4, 5, 6
WRITE, READ = "0", "2"
REPEATED_WITHIN = 8.0
"""Seconds after a task in which the device takes no other [seen]."""


@dataclass
class Item:
    """One parameter of a task."""

    code: str
    value: str
    status: int = WAITING
    answer: str | None = None


@dataclass
class Task:
    """A task for one device."""

    id: str
    name: str
    plant: Plant
    device: Device
    reads: bool
    created: float
    due: float
    expires: float
    user: str
    items: list[Item] = field(default_factory=list)
    finished: float | None = None

    @property
    def status(self) -> int:
        """How it stands."""
        return RUNNING if self.finished is None else FINISHED


class Tasks:
    """All tasks of a cloud, and the inverters they change."""

    def __init__(self, knobs: Knobs) -> None:
        """Begin without any."""
        self._knobs = knobs
        self._steered: dict[int, SteeredInverter] = {}
        self.known: dict[str, Task] = {}

    def steered(self, plant: Plant, device: Device) -> SteeredInverter:
        """Return what an inverter was told."""
        if device.uuid not in self._steered:
            kind = SteeredLogger if device.kind == LOGGER else SteeredInverter
            self._steered[device.uuid] = kind(plant, device, self._knobs)
        return self._steered[device.uuid]

    @property
    def written(self) -> list[dict[str, str]]:
        """What was written, task by task, whatever came of it."""
        return [
            {item.code: item.value for item in task.items}
            for task in self.known.values()
            if not task.reads
        ]

    def busy(self, device: Device, now: float) -> bool:
        """Say whether a device takes no task now."""
        return any(
            task.finished is None or now - task.finished < REPEATED_WITHIN
            for task in self.known.values()
            if task.device is device
        )

    def take(
        self,
        plant: Plant,
        device: Device,
        name: str,
        items: list[Item],
        *,
        reads: bool,
        expire: float,
        now: float,
        user: str,
    ) -> str:
        """Take a task and return its id."""
        number = str(77_000_001 + len(self.known))
        self.known[number] = Task(
            number,
            name,
            plant,
            device,
            reads,
            now,
            now + self._knobs.task_seconds,
            now + expire,
            user,
            items,
        )
        return number

    def catch_up(self, now: float) -> None:
        """Let everything happen that is due."""
        for task in list(self.known.values()):
            if task.finished is None:
                at = min(task.due, task.expires)
                if at <= now:
                    self._let_all(at)
                    self._carry_out(task, now)
        self._let_all(now)

    def _let_all(self, at: float) -> None:
        for inverter in self._steered.values():
            inverter.catch_up(at)

    def _carry_out(self, task: Task, now: float) -> None:
        online = task.plant.dongle(task.device).online.at(task.due)
        if not online or task.due > task.expires or self._knobs.tasks_hang:
            for item in task.items:
                item.status = AT_WORK
            if now >= task.expires:
                for item in task.items:
                    item.status = TIMED_OUT
                task.finished = task.expires
            return
        inverter = self.steered(task.plant, task.device)
        taken: dict[str, int] = {}
        for item in task.items:
            if task.reads:
                self._read(inverter, item)
            else:
                self._write(inverter, item, taken)
        if taken:
            inverter.write(taken, task.due)
            self._let_loggers_rule(task.plant, task.due)
        task.finished = task.due

    def _let_loggers_rule(self, plant: Plant, at: float) -> None:
        """Overwrite the inverters behind a logger with what it was told, whatever they were."""
        for device in plant.of(LOGGER):
            logger = self.steered(plant, device)
            assert isinstance(logger, SteeredLogger)
            for one in plant.of(PV, HYBRID):
                logger.rule(self.steered(plant, one))
            logger.steer(at)

    def _read(self, inverter: SteeredInverter, item: Item) -> None:
        if item.code not in inverter.store or item.code in self._knobs.unsupported:
            item.status = FAILED
            return
        item.status = SUCCEEDED
        item.answer = inverter.shown(item.code)
        rule = inverter.rules[item.code]
        if self._knobs.read_names and rule.names:
            names, values = (text.split("|") for text in rule.names)
            if item.answer in values:
                item.answer = names[values.index(item.answer)]

    def _write(
        self, inverter: SteeredInverter, item: Item, taken: dict[str, int]
    ) -> None:
        value = int(item.value)
        rule = inverter.rules.get(item.code)
        foreign = p.SILENTLY_IGNORED.get(item.code, {}).get(inverter.device.kind, ())
        if value in foreign:
            item.status, item.answer = SUCCEEDED, item.value
            return
        if (
            rule is None
            or not rule.takes(value)
            or item.code in self._knobs.refused_codes
            or (self._knobs.repeats_fail and inverter.store[item.code] == value)
        ):
            item.status = FAILED
            return
        item.status, item.answer = SUCCEEDED, item.value
        if item.code not in self._knobs.ignored_codes:
            taken[item.code] = value


def stamp(at: float) -> str:
    """Write a time as these endpoints do."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
