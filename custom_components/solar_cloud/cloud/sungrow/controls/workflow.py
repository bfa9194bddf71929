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
    way: str = ""
    """The way to steer a battery that the device has not, should it refuse this."""
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
        self, device: Device, write: ParameterWrite, verify: Values | None = None
    ) -> CommandResult:
        """Send what is wished; errors as ``ControlClient.apply``."""
        first, *rest = (dict(values) for values in write.tasks)
        step = Step(
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
                for values in write.tasks
                for code in values
                if (value := self._cache.value(device.id, code)) is not None
            },
            steers=write.steers,
            way=write.way,
        )
        codes = {code for values in write.tasks for code in values} | step.verify.keys()
        self._cache.begin(device.id, step.name, codes)
        try:
            result = await self._send(step)
        except CloudError:
            self._cache.end(device.id, step.name)
            raise
        return replace(result, force=write.force)

    @staticmethod
    def is_sent(result: CommandResult) -> bool:
        """Whether anything of a command that was started is sent yet: a busy device is tried again."""
        step = _step(result.task) if result.task else None
        return step is None or step.phase != "send"

    async def beat(self, device: Device, write: ParameterWrite) -> CommandResult:
        """Send a sign of life that nobody looks after: the next one is on its way anyway."""
        (values,) = write.tasks
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
        step = _step(task)
        if step is None or step.phase not in steps:
            return CommandResult(outcome=Outcome.UNCERTAIN)
        self._cache.go_on(step.device, step.name)
        try:
            result = await steps[step.phase](step)
        except CommandRejected:
            self._cache.end(step.device, step.name)
            raise
        if result.task is None:
            self._cache.end(step.device, step.name)
        return result

    # Writing

    async def _send(self, step: Step) -> CommandResult:
        """Submit the task; a busy device is tried again, for it has taken nothing."""
        if len(self._mine(step, step.values)) < len(step.values):
            return self._overtaken(step)
        wire, tried = self._wire(step)
        step = replace(step, tried=tried)
        try:
            task_id = await self._tasks.write(step.uuid, wire, step.name)
        except Unanswered:
            self._cache.tell(step.device, step.name, step.values)
            later = replace(step, phase="records", sent=time.time())
            return _running(later, REST, Outcome.UNCERTAIN)
        except Repeated:
            if step.tries + 1 < MOST_TRIES:
                return _running(replace(step, tries=step.tries + 1), REST)
            if not step.carried and not step.reason:
                raise
            return self._failed(step, [], "device_busy")
        except CommandRejected as err:
            if step.way and isinstance(err, NotSupported):
                self._cache.lack(step.device, step.way)
            if not step.carried and not step.reason:
                raise
            reason = "device_refused" if err.placeholders else err.key
            return self._failed(step, [], reason)
        self._cache.tell(step.device, step.name, step.values)
        sent = replace(step, phase="write", task=task_id, sent=time.time(), tries=0)
        return _running(sent, FIRST_LOOK)

    def _wire(self, step: Step) -> tuple[dict[str, Wire], dict[str, int]]:
        """Bring values to what goes over the wire; return also what is sent without knowing what a step of it is."""
        registers = LOGGER if step.logger else INVERTER
        wire: dict[str, Wire] = {}
        tried: dict[str, int] = {}
        for code, value in step.values.items():
            quantum = self._cache.quantum(step.device, code)
            if quantum is None:
                wire[code] = _careful(float(value), step.before.get(code))
                tried[code] = wire[code]
            else:
                wire[code] = registers[code].write(value, quantum)
        return wire, tried

    async def _look(self, step: Step) -> CommandResult:
        progress = await self._tasks.progress(step.uuid, step.task, command=True)
        if progress.finished:
            return self._judge(step, progress)
        if _age(step) > PATIENCE:
            return self._read_next(step)
        return _running(step, _next_look(step))

    async def _look_back(self, step: Step) -> CommandResult:
        """Look a task up that got no answer."""
        try:
            progress = await self._tasks.recorded(
                step.uuid, step.name, step.values, time.time()
            )
        except CloudUnreachable, CredentialsRejected, RetryLater:
            raise
        except CloudError:
            return self._read_next(step)  # no records: the device has to say it
        if progress is None:
            if _age(step) < RECORDED_AFTER:
                return _running(step, 2 * REST, Outcome.UNCERTAIN)
            return self._read_next(replace(step, arrived=False))
        if progress.finished:
            return self._judge(step, progress)
        if _age(step) > PATIENCE:
            return self._read_next(step)
        return _running(step, LOOK)

    def _judge(self, step: Step, progress: Progress) -> CommandResult:
        """Read the words for each parameter: a finished task can hold failed ones, and a failed one can hold."""
        failed = {
            code: status
            for code, status in progress.failed.items()
            if code in step.values
        }
        if given_up := {status for status in failed.values() if status != FAILED}:
            self._cache.doubt_codes(step.device, step.verify)
            taken = [
                code
                for code, outcome in progress.outcomes.items()
                if outcome.status == SUCCEEDED and code in step.verify
            ]
            timed_out = TIMED_OUT in given_up
            return self._failed(
                step, taken, "device_timeout" if timed_out else "device_refused"
            )
        refused = [code for code in failed if code in step.verify]
        return self._read_next(replace(step, known=not refused, refused=refused))

    # Reading back

    def _read_next(self, step: Step) -> CommandResult:
        outcome = Outcome.ACCEPTED if step.arrived else Outcome.UNCERTAIN
        return _running(replace(step, phase="read", tries=0), REST, outcome)

    async def _read(self, step: Step) -> CommandResult:
        """Ask the device what it is set to now, as far as no later command has changed it."""
        codes = self._mine(step, step.verify)
        if not codes:
            return self._overtaken(step)
        try:
            task_id = await self._tasks.read(step.uuid, codes, step.name, command=True)
        except Repeated:
            if step.tries + 1 >= MOST_TRIES:
                return self._unread(step)
            return _running(replace(step, tries=step.tries + 1), REST)
        except NotSupported:
            return self._unread(step)
        reading = replace(step, phase="reading", task=task_id, sent=time.time())
        return _running(reading, FIRST_LOOK)

    def _unread(self, step: Step) -> CommandResult:
        """Nobody could look: that it is so is not known."""
        self._cache.doubt_codes(step.device, step.verify)
        if step.reason or step.refused:
            return self._failed(step, [], "device_refused")
        if step.rest and not step.known:
            return self._failed(
                step, [], "device_timeout" if step.arrived else "not_issued"
            )
        if step.rest:
            return self._go_on(step)
        outcome = Outcome.ACCEPTED if step.arrived else Outcome.UNCERTAIN
        return CommandResult(outcome=outcome)

    async def _compare(self, step: Step) -> CommandResult:
        """The device has the last word."""
        progress = await self._tasks.progress(step.uuid, step.task, command=True)
        if not progress.finished:
            if _age(step) > PATIENCE:
                return self._unread(step)
            return _running(step, _next_look(step))
        told = progress.told
        self._cache.note(step.device, told, step.sent)
        found = {
            code: value
            for code, row in told.items()
            if code in INVERTER and (value := INVERTER[code].read(row)) is not None
        }
        codes = self._mine(step, step.verify)
        if not found.keys() >= {*codes}:
            return self._unread(step)
        wrong = [
            code
            for code in codes
            if not INVERTER[code].same(found[code], step.verify[code])
        ]
        taken = [
            code
            for code in codes
            if code not in wrong
            and not INVERTER[code].same(found[code], step.before.get(code))
        ]
        learnt = self._learn(step, found)
        if not wrong:
            self._note_set_back(step)
            return self._go_on(step)
        if {*wrong} <= learnt:
            onward = replace(step, carried=[*step.carried, *taken])
            return _send_next(onward, {code: step.verify[code] for code in wrong})
        self._cache.unlearn(step.device, wrong)
        reason = "no_effect" if step.arrived else "not_issued"
        if {*wrong} & {*step.refused}:
            reason = "device_refused"
        return self._failed(step, taken, reason, found.get(MODE))

    def _learn(self, step: Step, found: Values) -> set[str]:
        """Learn from what reads back what a step on the wire is; a value that was there before proves nothing (sungrow.md §9.3)."""
        learnt: set[str] = set()
        for code, sent in step.tried.items():
            value, before = found.get(code), step.before.get(code)
            if value is None or INVERTER[code].same(value, before):
                continue
            steps = [
                quantum
                for quantum in QUANTA
                if INVERTER[code].same(value, sent * quantum)
            ]
            if len(steps) == 1:
                self._cache.learn(step.device, code, steps[0])
                learnt.add(code)
        return learnt

    def _note_set_back(self, step: Step) -> None:
        """Forget what a battery mode had changed once it is as before, or as somebody wants it."""
        before = self._cache.before(step.device)
        wanted = not (step.way or step.reason)
        back = [
            code
            for code, value in step.verify.items()
            if wanted or (code in before and INVERTER[code].same(value, before[code]))
        ]
        self._cache.forget(step.device, back)

    # What is next

    def _mine(self, step: Step, values: Iterable[str]) -> list[str]:
        return self._cache.mine(step.device, step.name, values)

    @staticmethod
    def _overtaken(step: Step) -> CommandResult:
        """Leave to a later command what it has changed."""
        if step.reason:
            raise _undone(step)
        if step.phase == "send" and not step.carried:
            raise CommandRejected("not_issued")
        return CommandResult(
            outcome=Outcome.CONFIRMED if step.known else Outcome.ACCEPTED
        )

    @staticmethod
    def _go_on(step: Step) -> CommandResult:
        """Send the next task, if there is one."""
        if step.reason:
            raise _undone(step)
        if not step.rest:
            return CommandResult(outcome=Outcome.CONFIRMED)
        values, *rest = step.rest
        onward = replace(step, carried=[*step.carried, *step.verify], rest=rest)
        return _send_next(onward, values)

    def _failed(
        self,
        step: Step,
        taken: list[str],
        reason: str,
        mode: SettingValue | None = None,
    ) -> CommandResult:
        """Set back what was taken of a half-done command, a forced mode to none; what was before must be known.

        ``mode`` is the one the device has just told.
        """
        self._cache.take_back(step.device, step.name, step.values)
        if step.way and reason == "device_refused":
            self._cache.lack(step.device, step.way)
        if step.reason:  # it was the undoing
            raise CommandRejected("half_done", done=step.done)
        taken = self._mine(step, [*step.carried, *taken])
        done = ", ".join(str(CONTROLS[code]) for code in taken if code in CONTROLS)
        begins = step.steers and not step.ends
        back: dict[str, SettingValue] = {}
        lost: list[str] = []
        for code in taken:
            value = step.before.get(code)
            if begins and code in {*STOP_VALUES, POWER}:
                continue  # the end of the mode ends them too
            if value is None or self._cache.quantum(step.device, code) is None:
                lost.append(code)
            else:
                back[code] = value
        if begins and self._may_be_forced(step, taken, mode):
            back |= STOP_VALUES
        if step.ends and taken:  # an end is not taken back
            raise CommandRejected("half_done", done=done)
        if lost and not back.keys() >= STOP_VALUES.keys():
            raise CommandRejected("half_done", done=done)
        if not back:
            if step.way:  # there is nothing to set back
                self._cache.forget(step.device, step.values)
            raise CommandRejected(reason)
        undo = replace(
            step,
            name=_new_name(),
            rest=[],
            carried=[],
            reason="half_done" if lost else _told_after(reason),
            done=done,
        )
        self._cache.begin(step.device, undo.name, back)
        return _send_next(undo, back)

    def _may_be_forced(
        self, step: Step, taken: list[str], mode: SettingValue | None
    ) -> bool:
        """Whether a forced mode may be on that this command began, and no later one."""
        if not self._mine(step, [MODE]):
            return False
        if mode is not None:
            return mode != SELF_CONSUMPTION
        return bool(taken or step.refused)


def _send_next(step: Step, values: Values) -> CommandResult:
    onward = replace(
        step,
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


def _undone(step: Step) -> CommandRejected:
    """Return why a command was undone."""
    if step.reason == "half_done":
        return CommandRejected(step.reason, done=step.done)
    return CommandRejected(step.reason)


def _careful(watts: float, before: SettingValue | None) -> Wire:
    """Return a number that is never more than what is asked for, whatever a step is, and reads back as something new."""
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


def _step(task: str) -> Step | None:
    """Read a task; ``None`` when this version did not write it."""
    try:
        step = Step(**json.loads(task))
    except TypeError, ValueError:
        return None
    return step if step.version == VERSION else None


def _running(
    step: Step,
    check_after: float,
    outcome: Outcome = Outcome.ACCEPTED,
) -> CommandResult:
    return CommandResult(
        outcome=outcome, task=json.dumps(asdict(step)), check_after=check_after
    )


def _next_look(step: Step) -> float:
    return SECOND_LOOK if _age(step) < FIRST_LOOK + 1 else LOOK


def _age(step: Step) -> float:
    return time.time() - step.sent
