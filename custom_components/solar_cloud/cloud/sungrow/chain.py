"""The way of a command: sent once, followed to the device's word, read back; undone when only a part was taken (sungrow.md §9.1).

Each step is one look at the cloud. What is to come stands in the task itself, so that a restart changes nothing. Only what was certainly
not taken is sent again: a device that is busy with another task refuses at the door.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
import json
import secrets
import time
from typing import Final

from ..control import Outcome, Receipt
from ..errors import (
    CloudError,
    CloudUnreachable,
    CommandRejected,
    CredentialsRejected,
    RetryLater,
)
from .ledger import Ledger
from .parameters import BY_CODE, HEARTBEAT, MODE
from .session import Unanswered
from .tasks import (
    EXPIRES,
    SUCCEEDED,
    TIMED_OUT,
    NotSupported,
    Progress,
    Repeated,
    Tasks,
)
from .wishes import STOP_VALUES, Wish

FIRST_LOOK: Final = 2.0
LOOK: Final = 5.0
REST: Final = 9.0
"""Seconds a device wants between two tasks; sooner it refuses the next one as repeated [seen]."""
MOST_TRIES: Final = 3
PATIENCE: Final = EXPIRES + 30.0
RECORDED_AFTER: Final = 45.0
"""Seconds after which a task that is not in the records never arrived."""
SELF_CONSUMPTION: Final = STOP_VALUES[MODE]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a command is on its way."""

    phase: str
    device: str
    uuid: str
    name: str
    values: dict[str, str]
    verify: dict[str, str]
    """What has to read back."""
    before: dict[str, str] = field(default_factory=dict)
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


class Chain:
    """Carries commands through."""

    def __init__(self, tasks: Tasks, ledger: Ledger) -> None:
        """Send nothing yet."""
        self._tasks: Final = tasks
        self._ledger: Final = ledger

    async def start(
        self,
        device_id: str,
        uuid: str,
        wish: Wish,
        verify: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Send what is wished; errors as ``Controllable.apply``."""
        link = Link(
            "send",
            device_id,
            uuid,
            f"Home Assistant {secrets.token_hex(4)}",
            dict(wish.values),
            {code: raw for code, raw in wish.values.items() if code != HEARTBEAT}
            if verify is None
            else dict(verify),
            {
                code: raw
                for code in wish.values
                if (raw := self._ledger.raw(device_id, code)) is not None
            },
            steers=wish.steers,
        )
        self._ledger.begin(device_id, link.name, {**link.values, **link.verify})
        try:
            receipt = await self._send(link)
        except CloudError:
            self._ledger.end(device_id, link.name)
            raise
        return replace(receipt, force=wish.force)

    async def beat(self, uuid: str, wish: Wish) -> Receipt:
        """Send a sign of life that nobody looks after: the next one is on its way anyway."""
        name = f"Home Assistant {secrets.token_hex(4)}"
        try:
            await self._tasks.write(uuid, wish.values, name)
        except Unanswered:
            return Receipt(outcome=Outcome.UNCERTAIN)
        return Receipt(outcome=Outcome.ACCEPTED)

    async def follow(self, task: str) -> Receipt:
        """Take the next step; errors as ``Controllable.follow``."""
        link = Link(**json.loads(task))
        steps = {
            "send": self._send,
            "write": self._look,
            "records": self._look_back,
            "read": self._read,
            "reading": self._compare,
        }
        try:
            receipt = await steps[link.phase](link)
        except CommandRejected:
            self._ledger.end(link.device, link.name)
            raise
        if receipt.task is None:
            self._ledger.end(link.device, link.name)
        return receipt

    async def _send(self, link: Link) -> Receipt:
        """Submit the task; a busy device is tried again, for it has taken nothing."""
        now = time.time()
        try:
            task_id = await self._tasks.write(link.uuid, link.values, link.name)
        except Unanswered:
            later = replace(link, phase="records", sent=now)
            return _running(later, REST, Outcome.UNCERTAIN)
        except Repeated:
            if link.tries + 1 >= MOST_TRIES:
                raise
            return _running(replace(link, tries=link.tries + 1), REST)
        sent = replace(link, phase="write", task=task_id, sent=now, tries=0)
        return _running(sent, FIRST_LOOK)

    async def _look(self, link: Link) -> Receipt:
        progress = await self._tasks.progress(link.uuid, link.task, command=True)
        if progress.finished:
            return self._judge(link, progress)
        if _age(link) > PATIENCE:
            return self._read_next(link)
        return _running(link, LOOK)

    async def _look_back(self, link: Link) -> Receipt:
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

    # What came of it

    def _judge(self, link: Link, progress: Progress) -> Receipt:
        """Read the words for each parameter: a finished task can hold failed ones."""
        failed = {
            code: status
            for code, status in progress.failed.items()
            if code in link.values
        }
        if link.reason:
            if failed:
                raise CommandRejected("half_done", done=link.done)
            self._ledger.doubt(link.device, link.values)
            raise CommandRejected(link.reason)
        if not failed:
            return self._read_next(replace(link, known=True))
        self._ledger.doubt(link.device, link.verify)
        taken = [
            code
            for code, outcome in progress.outcomes.items()
            if outcome.status == SUCCEEDED and code in link.verify
        ]
        if taken:
            return self._undo(link, taken, "undone")
        timed_out = TIMED_OUT in failed.values()
        raise CommandRejected("device_timeout" if timed_out else "device_refused")

    def _undo(self, link: Link, taken: list[str], reason: str) -> Receipt:
        """Set back what was taken of a half-done command, a forced mode to none; what was before must be known."""
        done = ", ".join(
            str(BY_CODE[code].control) for code in taken if code in BY_CODE
        )
        values = {
            code: raw for code in taken if (raw := link.before.get(code)) is not None
        }
        if link.steers:
            values |= STOP_VALUES
        if link.steers and link.values.get(MODE) == SELF_CONSUMPTION:
            values = {}  # an end is not taken back
        if not values or not set(taken) <= values.keys():
            raise CommandRejected("half_done", done=done)
        back = replace(
            link,
            phase="send",
            name=f"Home Assistant {secrets.token_hex(4)}",
            values=values,
            tries=0,
            reason=reason,
            done=done,
        )
        self._ledger.begin(link.device, back.name, values)
        return _running(back, REST)

    def _read_next(self, link: Link) -> Receipt:
        if link.reason:  # nobody knows whether it was undone: told as it stands
            raise CommandRejected("half_done", done=link.done)
        if not link.verify:
            return Receipt(
                outcome=Outcome.CONFIRMED if link.known else Outcome.ACCEPTED
            )
        outcome = Outcome.ACCEPTED if link.arrived else Outcome.UNCERTAIN
        return _running(replace(link, phase="read", tries=0), REST, outcome)

    async def _read(self, link: Link) -> Receipt:
        """Ask the device what it is set to now, as far as no later command has changed it."""
        codes = self._ledger.mine(link.device, link.name, link.verify)
        if not codes:
            return Receipt(
                outcome=Outcome.CONFIRMED if link.known else Outcome.ACCEPTED
            )
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

    def _unread(self, link: Link) -> Receipt:
        """Nobody could look: that it is so is not known."""
        self._ledger.doubt(link.device, link.verify)
        outcome = Outcome.ACCEPTED if link.arrived else Outcome.UNCERTAIN
        return Receipt(outcome=outcome)

    async def _compare(self, link: Link) -> Receipt:
        """The device has the last word."""
        progress = await self._tasks.progress(link.uuid, link.task, command=True)
        if not progress.finished:
            return self._unread(link) if _age(link) > PATIENCE else _running(link, LOOK)
        found = {
            code: outcome.value
            for code, outcome in progress.outcomes.items()
            if outcome.status == SUCCEEDED and outcome.value is not None
        }
        self._ledger.note(link.device, found)
        codes = self._ledger.mine(link.device, link.name, link.verify)
        if not all(code in found for code in codes):
            return self._unread(link)
        if all(found[code] == link.verify[code] for code in codes):
            return Receipt(outcome=Outcome.CONFIRMED)
        reason = "no_effect" if link.arrived else "not_issued"
        if link.steers and found.get(MODE, SELF_CONSUMPTION) != SELF_CONSUMPTION:
            return self._undo(link, [MODE], reason)
        raise CommandRejected(reason)


def _running(
    link: Link, check_after: float, outcome: Outcome = Outcome.ACCEPTED
) -> Receipt:
    return Receipt(
        outcome=outcome, task=json.dumps(asdict(link)), check_after=check_after
    )


def _age(link: Link) -> float:
    return time.time() - link.sent
