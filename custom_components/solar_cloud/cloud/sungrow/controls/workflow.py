"""The way of a command: task by task sent once, followed to the device's word, read back; undone when only a part was taken (sungrow.md §9.1).

Each step is one look at the cloud. What is to come stands in the task itself, so that a restart changes nothing. Only what was certainly
not taken is sent again: a device that is busy with another task refuses at the door. A task that ends with a failure may have found the
value set already, so the read-back decides. Where a step on the wire is not known yet, the first number is one that no reading of it makes
more than was wished for; what reads back shows the step, and the rest is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
import json
import secrets
import time
from typing import Final

from ...control import CommandResult, Outcome, SettingValue
from ...errors import (
    CloudError,
    CloudUnreachable,
    CommandRejected,
    CredentialsRejected,
    RetryLater,
    Unanswered,
)
from ...model import Device
from .catalog import registers_of
from .parameters import (
    CONTROLS,
    HEARTBEAT,
    INVERTER,
    LOGGER,
    MODE,
    POWER,
    QUANTA,
    SELF_CONSUMPTION,
    TOLERANCES,
    Wire,
)
from .requests import STOP_VALUES, ParameterWrite
from .state import ParameterCache
from .tasks import (
    EXPIRES,
    FAILED,
    SUCCEEDED,
    TIMED_OUT,
    NotSupported,
    ParameterTasks,
    Progress,
    Repeated,
)

VERSION: Final = 2
"""Of what a task is written down as; another one's is not continued."""
FIRST_LOOK: Final = 2.0
SECOND_LOOK: Final = 3.0
"""Sooner than the others: a device that answers at once is then read back while its user still waits."""
LOOK: Final = 5.0
REST: Final = 9.0
"""Seconds a device wants between two tasks; sooner it refuses the next one as repeated [seen]."""
MOST_TRIES: Final = 3
PATIENCE: Final = EXPIRES + 30.0
RECORDED_AFTER: Final = 45.0
"""Seconds after which a task that is not in the records never arrived."""

type Values = Mapping[str, SettingValue]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a command is on its way. Values are canonical."""

    phase: str
    device: str
    uuid: str
    logger: bool
    name: str
    values: dict[str, SettingValue]
    """What the present task writes."""
    verify: dict[str, SettingValue]
    """What has to read back after it."""
    rest: list[dict[str, SettingValue]] = field(default_factory=list)
    """The tasks that follow."""
    before: dict[str, SettingValue] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    """Codes that earlier tasks changed."""
    tried: dict[str, int] = field(default_factory=dict)
    """What was sent of codes whose step on the wire is still to be learnt."""
    refused: list[str] = field(default_factory=list)
    """Codes that ended with a failure, of which only a read-back tells whether they hold."""
    steers: bool = False
    task: str = ""
    tries: int = 0
    sent: float = 0.0
    """When the phase began."""
    known: bool = False
    """Whether the device said that it is done."""
    arrived: bool = True
    reason: str = ""
    """Why it is being undone."""
    done: str = ""
    """What had been carried out, in that case."""
    version: int = VERSION

    @property
    def ends(self) -> bool:
        """Whether it is the end of a forced mode."""
        return self.steers and self.values.get(MODE) == SELF_CONSUMPTION


class CommandWorkflow:
    """Carries commands through."""

    def __init__(self, tasks: ParameterTasks, cache: ParameterCache) -> None:
        """Send nothing yet."""
        self._tasks: Final = tasks
        self._cache: Final = cache

    async def start(
        self, device: Device, wish: ParameterWrite, verify: Values | None = None
    ) -> CommandResult:
        """Send what is wished; errors as ``ControlClient.apply``."""
        first, *rest = (dict(values) for values in wish.tasks)
        link = Step(
            "send",
            device.id,
            device.address["uuid"],
            registers_of(device) is LOGGER,
            _new_name(),
            first,
            _read_back_of(first) if verify is None else dict(verify),
            rest,
            {
                code: value
                for values in wish.tasks
                for code in values
                if (value := self._cache.value(device.id, code)) is not None
            },
            steers=wish.steers,
        )
        codes = {code for values in wish.tasks for code in values} | link.verify.keys()
        self._cache.begin(device.id, link.name, codes)
        try:
            receipt = await self._send(link)
        except CloudError:
            self._cache.end(device.id, link.name)
            raise
        return replace(receipt, force=wish.force)

    async def beat(self, device: Device, wish: ParameterWrite) -> CommandResult:
        """Send a sign of life that nobody looks after: the next one is on its way anyway."""
        (values,) = wish.tasks
        wire = {code: INVERTER[code].write(each, 1.0) for code, each in values.items()}
        name = _new_name()
        try:
            await self._tasks.write(device.address["uuid"], wire, name)
        except Unanswered:
            outcome = Outcome.UNCERTAIN
        else:
            outcome = Outcome.ACCEPTED
        self._cache.tell(device.id, name, values)
        return CommandResult(outcome=outcome)

    async def poll_task(self, task: str) -> CommandResult:
        """Take the next step; errors as ``ControlClient.poll_task``. What another version wrote down is given up, its outcome unknown."""
        steps = {
            "send": self._send,
            "write": self._look,
            "records": self._look_back,
            "read": self._read,
            "reading": self._compare,
        }
        link = _link(task)
        if link is None or link.phase not in steps:
            return CommandResult(outcome=Outcome.UNCERTAIN)
        self._cache.go_on(link.device, link.name)
        try:
            receipt = await steps[link.phase](link)
        except CommandRejected:
            self._cache.end(link.device, link.name)
            raise
        if receipt.task is None:
            self._cache.end(link.device, link.name)
        return receipt

    # Writing

    async def _send(self, link: Step) -> CommandResult:
        """Submit the task; a busy device is tried again, for it has taken nothing."""
        if len(self._mine(link, link.values)) < len(link.values):
            return self._overtaken(link)
        wire, tried = self._wire(link)
        link = replace(link, tried=tried)
        try:
            task_id = await self._tasks.write(link.uuid, wire, link.name)
        except Unanswered:
            self._cache.tell(link.device, link.name, link.values)
            later = replace(link, phase="records", sent=time.time())
            return _running(later, REST, Outcome.UNCERTAIN)
        except Repeated:
            if link.tries + 1 < MOST_TRIES:
                return _running(replace(link, tries=link.tries + 1), REST)
            if not link.carried and not link.reason:
                raise
            return self._failed(link, [], "device_busy")
        except CommandRejected as err:
            if not link.carried and not link.reason:
                raise
            reason = "device_refused" if err.placeholders else err.key
            return self._failed(link, [], reason)
        self._cache.tell(link.device, link.name, link.values)
        sent = replace(link, phase="write", task=task_id, sent=time.time(), tries=0)
        return _running(sent, FIRST_LOOK)

    def _wire(self, link: Step) -> tuple[dict[str, Wire], dict[str, int]]:
        """Bring values to what goes over the wire; return also what is sent without knowing what a step of it is."""
        registers = LOGGER if link.logger else INVERTER
        wire: dict[str, Wire] = {}
        tried: dict[str, int] = {}
        for code, value in link.values.items():
            quantum = self._cache.quantum(link.device, code)
            if quantum is None:
                wire[code] = _careful(float(value), link.before.get(code))
                tried[code] = wire[code]
            else:
                wire[code] = registers[code].write(value, quantum)
        return wire, tried

    async def _look(self, link: Step) -> CommandResult:
        progress = await self._tasks.progress(link.uuid, link.task, command=True)
        if progress.finished:
            return self._judge(link, progress)
        if _age(link) > PATIENCE:
            return self._read_next(link)
        return _running(link, _next_look(link))

    async def _look_back(self, link: Step) -> CommandResult:
        """Look a task up that got no answer."""
        try:
            progress = await self._tasks.recorded(
                link.uuid, link.name, link.values, time.time()
            )
        except CloudUnreachable, CredentialsRejected, RetryLater:
            raise
        except CloudError:
            return self._read_next(link)  # no records: the device has to say it
        if progress is None:
            if _age(link) < RECORDED_AFTER:
                return _running(link, 2 * REST, Outcome.UNCERTAIN)
            return self._read_next(replace(link, arrived=False))
        if progress.finished:
            return self._judge(link, progress)
        if _age(link) > PATIENCE:
            return self._read_next(link)
        return _running(link, LOOK)

    def _judge(self, link: Step, progress: Progress) -> CommandResult:
        """Read the words for each parameter: a finished task can hold failed ones, and a failed one can hold."""
        failed = {
            code: status
            for code, status in progress.failed.items()
            if code in link.values
        }
        if given_up := {status for status in failed.values() if status != FAILED}:
            self._cache.doubt_codes(link.device, link.verify)
            taken = [
                code
                for code, outcome in progress.outcomes.items()
                if outcome.status == SUCCEEDED and code in link.verify
            ]
            timed_out = TIMED_OUT in given_up
            return self._failed(
                link, taken, "device_timeout" if timed_out else "device_refused"
            )
        refused = [code for code in failed if code in link.verify]
        return self._read_next(replace(link, known=not refused, refused=refused))

    # Reading back

    def _read_next(self, link: Step) -> CommandResult:
        outcome = Outcome.ACCEPTED if link.arrived else Outcome.UNCERTAIN
        return _running(replace(link, phase="read", tries=0), REST, outcome)

    async def _read(self, link: Step) -> CommandResult:
        """Ask the device what it is set to now, as far as no later command has changed it."""
        codes = self._mine(link, link.verify)
        if not codes:
            return self._overtaken(link)
        try:
            task_id = await self._tasks.read(link.uuid, codes, link.name, command=True)
        except Repeated:
            if link.tries + 1 >= MOST_TRIES:
                return self._unread(link)
            return _running(replace(link, tries=link.tries + 1), REST)
        except NotSupported:
            return self._unread(link)
        reading = replace(link, phase="reading", task=task_id, sent=time.time())
        return _running(reading, FIRST_LOOK)

    def _unread(self, link: Step) -> CommandResult:
        """Nobody could look: that it is so is not known."""
        self._cache.doubt_codes(link.device, link.verify)
        if link.reason or link.refused:
            return self._failed(link, [], "device_refused")
        if link.rest and not link.known:
            return self._failed(
                link, [], "device_timeout" if link.arrived else "not_issued"
            )
        if link.rest:
            return self._go_on(link)
        outcome = Outcome.ACCEPTED if link.arrived else Outcome.UNCERTAIN
        return CommandResult(outcome=outcome)

    async def _compare(self, link: Step) -> CommandResult:
        """The device has the last word."""
        progress = await self._tasks.progress(link.uuid, link.task, command=True)
        if not progress.finished:
            if _age(link) > PATIENCE:
                return self._unread(link)
            return _running(link, _next_look(link))
        told = progress.told
        self._cache.note(link.device, told, link.sent)
        found = {
            code: value
            for code, row in told.items()
            if code in INVERTER and (value := INVERTER[code].read(row)) is not None
        }
        codes = self._mine(link, link.verify)
        if not found.keys() >= {*codes}:
            return self._unread(link)
        wrong = [
            code
            for code in codes
            if not INVERTER[code].same(found[code], link.verify[code])
        ]
        taken = [
            code
            for code in codes
            if code not in wrong
            and not INVERTER[code].same(found[code], link.before.get(code))
        ]
        learnt = self._learn(link, found)
        if not wrong:
            return self._go_on(link)
        if {*wrong} <= learnt:
            onward = replace(link, carried=[*link.carried, *taken])
            return _send_next(onward, {code: link.verify[code] for code in wrong})
        self._cache.unlearn(link.device, wrong)
        reason = "no_effect" if link.arrived else "not_issued"
        if {*wrong} & {*link.refused}:
            reason = "device_refused"
        return self._failed(link, taken, reason, found.get(MODE))

    def _learn(self, link: Step, found: Values) -> set[str]:
        """Learn from what reads back what a step on the wire is; a value that was there before proves nothing (sungrow.md §9.3)."""
        learnt: set[str] = set()
        for code, sent in link.tried.items():
            value, before = found.get(code), link.before.get(code)
            if value is None or INVERTER[code].same(value, before):
                continue
            steps = [
                quantum
                for quantum in QUANTA
                if INVERTER[code].same(value, sent * quantum)
            ]
            if len(steps) == 1:
                self._cache.learn(link.device, code, steps[0])
                learnt.add(code)
        return learnt

    # What is next

    def _mine(self, link: Step, values: Iterable[str]) -> list[str]:
        return self._cache.mine(link.device, link.name, values)

    @staticmethod
    def _overtaken(link: Step) -> CommandResult:
        """Leave to a later command what it has changed."""
        if link.reason:
            raise _undone(link)
        if link.phase == "send" and not link.carried:
            raise CommandRejected("not_issued")
        return CommandResult(
            outcome=Outcome.CONFIRMED if link.known else Outcome.ACCEPTED
        )

    @staticmethod
    def _go_on(link: Step) -> CommandResult:
        """Send the next task, if there is one."""
        if link.reason:
            raise _undone(link)
        if not link.rest:
            return CommandResult(outcome=Outcome.CONFIRMED)
        values, *rest = link.rest
        onward = replace(link, carried=[*link.carried, *link.verify], rest=rest)
        return _send_next(onward, values)

    def _failed(
        self,
        link: Step,
        taken: list[str],
        reason: str,
        mode: SettingValue | None = None,
    ) -> CommandResult:
        """Set back what was taken of a half-done command, a forced mode to none; what was before must be known.

        ``mode`` is the one the device has just told.
        """
        self._cache.take_back(link.device, link.name, link.values)
        if link.reason:  # it was the undoing
            raise CommandRejected("half_done", done=link.done)
        taken = self._mine(link, [*link.carried, *taken])
        done = ", ".join(str(CONTROLS[code]) for code in taken if code in CONTROLS)
        begins = link.steers and not link.ends
        back: dict[str, SettingValue] = {}
        lost: list[str] = []
        for code in taken:
            value = link.before.get(code)
            if begins and code in {*STOP_VALUES, POWER}:
                continue  # the end of the mode ends them too
            if value is None or self._cache.quantum(link.device, code) is None:
                lost.append(code)
            else:
                back[code] = value
        if begins and self._may_be_forced(link, taken, mode):
            back |= STOP_VALUES
        if link.ends and taken:  # an end is not taken back
            raise CommandRejected("half_done", done=done)
        if lost and not back.keys() >= STOP_VALUES.keys():
            raise CommandRejected("half_done", done=done)
        if not back:
            raise CommandRejected(reason)
        undo = replace(
            link,
            name=_new_name(),
            rest=[],
            carried=[],
            reason="half_done" if lost else _told_after(reason),
            done=done,
        )
        self._cache.begin(link.device, undo.name, back)
        return _send_next(undo, back)

    def _may_be_forced(
        self, link: Step, taken: list[str], mode: SettingValue | None
    ) -> bool:
        """Whether a forced mode may be on that this command began, and no later one."""
        if not self._mine(link, [MODE]):
            return False
        if mode is not None:
            return mode != SELF_CONSUMPTION
        return bool(taken or link.refused)


def _send_next(link: Step, values: Values) -> CommandResult:
    onward = replace(
        link,
        phase="send",
        values=dict(values),
        verify=_read_back_of(values),
        tried={},
        refused=[],
        known=False,
        arrived=True,
        tries=0,
    )
    return _running(onward, REST)


def _told_after(reason: str) -> str:
    """Return what is told of a failure once everything is set back."""
    return reason if reason in {"no_effect", "not_issued"} else "undone"


def _undone(link: Step) -> CommandRejected:
    """Return why a command was undone."""
    if link.reason == "half_done":
        return CommandRejected(link.reason, done=link.done)
    return CommandRejected(link.reason)


def _careful(watts: float, before: SettingValue | None) -> Wire:
    """Return a number that is never more than the wish, whatever a step is, and reads back as something new."""
    most = int(watts // max(QUANTA))
    near = 2 * TOLERANCES["W"]
    if isinstance(before, float) and abs(most - before) < near and most > 2 * near:
        return Wire(most - int(2 * near))
    return Wire(most)


def _read_back_of(values: Values) -> dict[str, SettingValue]:
    """Return what can be read back; a sign of life cannot."""
    return {code: value for code, value in values.items() if code != HEARTBEAT}


def _new_name() -> str:
    return f"Home Assistant {secrets.token_hex(4)}"


def _link(task: str) -> Step | None:
    """Read a task; ``None`` when this version did not write it."""
    try:
        link = Step(**json.loads(task))
    except TypeError, ValueError:
        return None
    return link if link.version == VERSION else None


def _running(
    link: Step,
    check_after: float,
    outcome: Outcome = Outcome.ACCEPTED,
) -> CommandResult:
    return CommandResult(
        outcome=outcome, task=json.dumps(asdict(link)), check_after=check_after
    )


def _next_look(link: Step) -> float:
    return SECOND_LOOK if _age(link) < FIRST_LOOK + 1 else LOOK


def _age(link: Step) -> float:
    return time.time() - link.sent
