"""The handle of a running command: all that is needed to follow it, before and after a restart."""

from dataclasses import asdict, dataclass, field
from enum import Enum, auto
import json
import time
from typing import Final, Self, override

from ...errors import CommandRejected
from ...points import number, text
from ...serialization import from_text_or_none
from ...storage import Json
from ..api import Reply, rows
from ..errors import ErrorAction, Refused
from .api import Kind
from .requests import FusionSolarRequest
from .state import Fields

PERMISSION: Final = "Control APIs"
"""The set of permissions as the vendor's portal calls it."""
SAME: Final = "same as"
"""Part of the message with which the vendor refuses what is set already: for everybody else that is success."""

WORDS: Final = {
    "FAILURE": "device_refused",
    "TIMEOUT": "device_timeout",
    "BUSY": "device_busy",
    "INVALID": "value_refused",
    "EXCEPTION": "operation_failed",
}
"""Causes of a failed task."""
CODES: Final = {
    20609: "several_controllers",
    20610: "value_refused",
    20611: "value_refused",
    20614: "device_offline",
    20615: "command_running",
    20042: "value_refused",
    20043: "value_refused",
    20047: "value_refused",
    20049: "not_issued",
    20613: "not_issued",
    30033: "command_running",
    30035: "command_running",
}
GONE: Final = frozenset({20034, 20050, 20620})
"""The vendor does not know the task any more."""
NO_PERMISSION: Final = frozenset({401, 20056, 20621, 20622, 20623, 30029})


class TaskStatus(Enum):
    """How a task stands; one that failed is an error."""

    RUNNING = auto()
    DONE = auto()
    GONE = auto()


def refusal(code: int) -> CommandRejected:
    """Name the error of a code that refuses a command."""
    if code in NO_PERMISSION:
        return CommandRejected("permission_missing", permission=PERMISSION)
    if (key := CODES.get(code)) is not None:
        return CommandRejected(key)
    return CommandRejected("refused_with_code", code=str(code))


def why_withheld(refused: Refused) -> str | None:
    """Say why a plant may not be set, by the code that refused a question about it; ``None`` for a passing trouble."""
    if refused.code == 20609:
        return "several_controllers"
    if refused.code in NO_PERMISSION or refused.reaction is ErrorAction.NOT_ALLOWED:
        return "no_permission"
    return None


def taken(kind: Kind, reply: Reply, plant_id: str) -> Json:
    """Return the id of the task that runs now, ``None`` when all is set as asked already. Raises ``CommandRejected``."""
    data = reply.data if isinstance(reply.data, dict) else {}
    row = data if kind is Kind.DISPATCH else _row(data.get("result"), plant_id)
    message = text(row.get("message")) or text(row.get("description")) or ""
    if SAME in f"{message} {reply.message}".lower():
        return None
    if reply.code not in (0, 1, 2):
        raise refusal(reply.code)
    refused = row.get("status") == "FAIL" or number(row.get("dispatchResult")) == 1
    task = data.get("requestID" if kind is Kind.FORCE else "taskId")
    if reply.code == 2 or refused or task is None:
        raise _failure(message or reply.message)
    return task


def standing(kind: Kind, data: Json, plant_id: str) -> tuple[TaskStatus, Fields]:
    """Return how a task stands, with what the vendor says of it. Raises ``CommandRejected`` when it failed."""
    fields = data if isinstance(data, dict) else {}
    match kind:
        case Kind.DISPATCH:
            row = fields
        case Kind.FORCE:
            row = _row(data, plant_id)
        case _:
            row = _row(fields.get("dispatchResult"), plant_id)
    status = text(row.get("status"))
    if status in ("2", "FAIL"):
        message = text(row.get("message")) or ""
        if SAME not in message.lower():
            raise _failure(message)
        status = "SUCCESS"
    done = status in ("0", "SUCCESS")
    return TaskStatus.DONE if done else TaskStatus.RUNNING, row


def _row(found: Json, plant_id: str) -> Fields:
    """Find a plant's row; a batch of one has one."""
    every = list(rows(found))
    return next(
        (row for row in every if row.get("plantCode") == plant_id),
        every[0] if len(every) == 1 else {},
    )


def _failure(message: str) -> CommandRejected:
    """Name the cause; a vendor's own sentence is not passed on."""
    if (code := number(message)) is not None:
        return refusal(int(code))
    return CommandRejected(WORDS.get(message.strip().upper(), "device_refused"))


LOOKS: Final = ((30.0, 30.0), (90.0, 60.0), (900.0, 90.0), (3600.0, 600.0))
"""Up to an age, the seconds to the next look: states move every three minutes, and each look is a call out of a hundred a day."""
RARELY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class ControlTask:
    """A change that was sent, or waits for its turn, with those that follow it."""

    plant: str
    write: FusionSolarRequest
    id: Json = None
    """The vendor's; ``None`` while an earlier change of the same kind runs."""
    sent: float = field(default_factory=lambda: time.time())
    rest: tuple[FusionSolarRequest, ...] = ()
    done: tuple[str, ...] = ()
    """What the steps before have set."""
    mode: str = ""
    """The battery mode that it is a step of."""
    choice: str = ""
    """Tells the choice of a battery mode that it is a step of from those before and after."""
    hides: bool = False
    """Whether it came from a control, whose entity shows the pending value until the plant reports its own."""

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.time() - self.sent

    @property
    def next_look(self) -> float:
        """Seconds after which it is worth a look."""
        return next((wait for until, wait in LOOKS if self.age < until), RARELY)

    @override
    def __str__(self) -> str:
        """Give the form that is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the form that is kept; ``None`` for one that another version wrote."""
        task = from_text_or_none(cls, text)
        # A step that this version does not understand must not be left out.
        whole = task is not None and _holds(json.loads(str(task)), json.loads(text))
        return task if whole else None


def _holds(whole: Json, part: Json) -> bool:
    """Whether all of a stored form was understood; what an earlier version did not have yet may be added."""
    match whole, part:
        case dict(), dict():
            return all(
                key in whole and _holds(whole[key], value)
                for key, value in part.items()
            )
        case list(), list():
            pairs = zip(whole, part, strict=False)
            return len(whole) == len(part) and all(_holds(*each) for each in pairs)
    return whole == part
