"""Control tasks at the cloud: submit, look, look back (sungrow.md §4.10). Sends and asks; never waits, never repeats."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ...errors import CloudError, CommandRejected, PermissionMissing, Unanswered
from ...points import number, text
from ...storage import Json
from ..api import Operation
from ..errors import safe_code
from ..session import BUCKET, CONTROL_BUCKET, SungrowSession
from .parameters import ReadBack, Wire

MOST_PARAMETERS: Final = 10
"""In one task, read or written: more are refused with "param_list is over 10" [seen]."""
EXPIRES: Final = 120
"""Seconds after which the cloud gives a task up."""
WRITE: Final = 0
READ: Final = 2
FINISHED: Final = 8
SUCCEEDED: Final = 4
FAILED: Final = 5
TIMED_OUT: Final = 6
CANCELLED: Final = 9
ENDED: Final = frozenset({SUCCEEDED, FAILED, TIMED_OUT, CANCELLED})
RECORDS_BEFORE: Final = timedelta(days=1)
"""The zone of the records' times is not documented: their day is searched by the task's name."""

GRID_CONTROL: Final = "Grid Control API"
OK: Final = "1"
NOT_THIS_ONE: Final = "6-1"
OFFLINE: Final = "7"
REPEATED: Final = "9"
REASONS: Final[Mapping[str, str]] = {
    "0": "control_denied",
    "5": "device_gone",
    "6": "no_remote_control",
    "6-1": "parameter_refused",
    "7": "device_offline",
    "12": "firmware_too_old",
    "14": "remote_control_off",
}
"""What the refusal of a task means for the user (sungrow.md §4.10); all others are ours to mend."""


@dataclass(frozen=True, slots=True)
class ParameterOutcome:
    """What came of one parameter."""

    status: int
    told: ReadBack | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a task stands."""

    finished: bool
    outcomes: Mapping[str, ParameterOutcome] = field(default_factory=dict)

    @property
    def failed(self) -> dict[str, int]:
        """The codes that were not carried out, with their status."""
        return {
            code: outcome.status
            for code, outcome in self.outcomes.items()
            if outcome.status != SUCCEEDED
        }

    @property
    def told(self) -> dict[str, ReadBack]:
        """What a read brought."""
        return {
            code: outcome.told
            for code, outcome in self.outcomes.items()
            if outcome.status == SUCCEEDED and outcome.told is not None
        }


class Repeated(CommandRejected):
    """Another task is still open at the device: later (sungrow.md §4.10, code 9)."""

    default_key = "device_busy"


class NotSupported(CommandRejected):
    """The model does not know a parameter, or the user may not set it."""

    default_key = "parameter_refused"


def refusal(code: str) -> CommandRejected:
    """Return the error of a refused task."""
    if code == REPEATED:
        return Repeated()
    if code == NOT_THIS_ONE:
        return NotSupported()
    if (key := REASONS.get(code)) is not None:
        return CommandRejected(key)
    return CommandRejected("refused_with_code", code=safe_code(code))


class ParameterTasks:
    """The control tasks of one account."""

    def __init__(self, session: SungrowSession) -> None:
        """Call nobody yet."""
        self._session: Final = session

    async def may_write(self, uuid: str) -> str | None:
        """Ask whether a device takes settings from this account; return the key of the reason when it does not.

        Raises a ``CloudError`` when that could not be learnt now; ``device_offline`` is one of those.
        """
        body: dict[str, Json] = {"set_type": WRITE, "uuid": uuid}
        try:
            result = await self._session.call(Operation.SETTING_CHECK, body)
        except PermissionMissing as err:
            if err.key == "not_authorized":
                return "no_permission"
            raise
        code = _verdict(result, uuid, "check_result")
        if code == "6":  # in this answer alone it means offline
            raise CommandRejected("device_offline")
        if code == OK:
            return None
        return "not_supported" if code == "5" else "no_permission"

    async def write(self, uuid: str, values: Mapping[str, Wire], name: str) -> str:
        """Submit at most ten values and return the task's id.

        Raises ``Unanswered`` when nobody knows whether the task was taken, ``Repeated`` while another is open, any other ``CloudError``
        when it certainly was not taken.
        """
        raw = {code: str(value) for code, value in values.items()}
        body = _body(WRITE, uuid, name, raw)
        try:
            result = await self._session.write(Operation.SETTING, body)
        except PermissionMissing as err:
            raise _control_denied(err) from None
        return _task_id(result, uuid)

    async def read(
        self, uuid: str, codes: Iterable[str], name: str, *, command: bool
    ) -> str:
        """Submit a read of at most ten parameters and return the task's id; errors as ``write``."""
        body = _body(READ, uuid, name, dict.fromkeys(codes, ""))
        bucket = CONTROL_BUCKET if command else BUCKET
        try:
            result = await self._session.call(Operation.SETTING, body, bucket)
        except PermissionMissing as err:
            raise _control_denied(err) from None
        return _task_id(result, uuid)

    async def progress(self, uuid: str, task_id: str, *, command: bool) -> Progress:
        """Ask how a task stands."""
        result = await self._session.call(
            Operation.SETTING_TASK,
            {"task_id": task_id, "uuid": uuid},
            CONTROL_BUCKET if command else BUCKET,
        )
        fields = result if isinstance(result, dict) else {}
        outcomes = {
            code: ParameterOutcome(
                int(number(row.get("command_status")) or 0), ReadBack.of(row)
            )
            for row in _rows(fields.get("param_list"))
            if (code := text(row.get("param_code"))) is not None
        }
        return Progress(number(fields.get("command_status")) == FINISHED, outcomes)

    async def recorded(
        self, uuid: str, name: str, codes: Collection[str], now: float
    ) -> Progress | None:
        """Look a task up by its name in what the cloud remembers; ``None`` when it never arrived."""
        at = datetime.fromtimestamp(now, UTC)
        result = await self._session.call(
            Operation.SETTING_RECORDS,
            {
                "uuidList": [uuid],
                "paramList": [*codes],
                "startTime": f"{at - RECORDS_BEFORE:%Y-%m-%d %H:%M:%S}",
                "endTime": f"{at + RECORDS_BEFORE:%Y-%m-%d %H:%M:%S}",
            },
            CONTROL_BUCKET,
        )
        listed = result.get("data") if isinstance(result, dict) else result
        outcomes = {
            code: ParameterOutcome(int(number(row.get("commandStatus")) or 0))
            for row in _rows(listed)
            if row.get("taskName") == name
            and (code := text(row.get("paramCode"))) in codes
            and code is not None
        }
        if not outcomes:
            return None
        ended = all(each.status in ENDED for each in outcomes.values())
        return Progress(ended, outcomes)


def _body(
    set_type: int, uuid: str, name: str, values: Mapping[str, str]
) -> dict[str, Json]:
    listed: list[Json] = [
        {"param_code": code, "set_value": value} for code, value in values.items()
    ]
    return {
        "set_type": set_type,
        "uuid": uuid,
        "task_name": name,
        "expire_second": EXPIRES,
        "param_list": listed,
    }


def _rows(listed: Json) -> list[dict[str, Json]]:
    rows = listed if isinstance(listed, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _device_row(result: Json, uuid: str) -> dict[str, Json]:
    listed = result.get("dev_result_list") if isinstance(result, dict) else None
    rows = _rows(listed)
    own = [row for row in rows if text(row.get("uuid")) == uuid]
    return next(iter(own or rows), {})


def _verdict(result: Json, uuid: str, field_name: str) -> str | None:
    """Return the device's code, else the answer's: a success can hide a refusal one level deeper (sungrow.md §7.2 #1)."""
    whole = text(result.get("check_result")) if isinstance(result, dict) else None
    own = text(_device_row(result, uuid).get(field_name))
    return whole if own is None or (whole is not None and whole != OK) else own


def _task_id(result: Json, uuid: str) -> str:
    code = _verdict(result, uuid, "code")
    if code is None:
        raise Unanswered
    if code != OK:
        raise refusal(code)
    if (task_id := text(_device_row(result, uuid).get("task_id"))) is None:
        raise Unanswered
    return task_id


def _control_denied(err: PermissionMissing) -> CloudError:
    """Name the permission that controls need, where the cloud only says no."""
    return PermissionMissing(GRID_CONTROL) if err.key == "not_authorized" else err
