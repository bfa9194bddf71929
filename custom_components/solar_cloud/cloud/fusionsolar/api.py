"""The frame around every answer, read with distrust: codes as text, bodies without ``success``, pages instead of JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import time

from ..errors import CloudUnreachable, UnexpectedAnswer
from ..points import number
from ..storage import Json
from ..transport import Answer
from .errors import ParameterRefused

SESSION_LOST = 305


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's code and what it carries; the message is read only to tell refusals of a login apart."""

    code: int
    data: Json = field(repr=False)
    message: str = field(repr=False)


def read(answer: Answer) -> Reply:
    """Read an answer. Raises ``CloudUnreachable`` for what passes by itself, ``UnexpectedAnswer`` for what does not."""
    try:
        body = answer.json()
    except UnexpectedAnswer:
        raise CloudUnreachable from None  # a maintenance page, an empty body
    if body is None:
        raise CloudUnreachable
    if not isinstance(body, dict):
        raise UnexpectedAnswer("unexpected_shape")
    if "exceptionId" in body:
        _raise_exception(body)
    message = body.get("message")
    return Reply(
        _code(answer.status, body),
        body.get("data"),
        message if isinstance(message, str) else "",
    )


def _code(status: int, body: Mapping[str, Json]) -> int:
    """Return the failCode; 305 comes without ``success``, so the code is looked at first (it is text at times)."""
    code = number(body.get("failCode"))
    if code is not None and (code != 0 or body.get("success") is not False):
        return int(code)
    if status >= 500:
        raise CloudUnreachable
    if status == 401:
        return SESSION_LOST
    if status in (403, 429):
        return status
    if code is None and body.get("success") is True:
        return 0
    raise UnexpectedAnswer("unexpected_shape")


def _raise_exception(body: Mapping[str, Json]) -> None:
    """Raise for the second form of errors, which has neither ``success`` nor ``failCode``."""
    if str(body["exceptionId"]).endswith("SystemError"):
        raise CloudUnreachable
    raise ParameterRefused("call_refused", code="Paramerror")


def rows(data: Json, *inside: str) -> Iterator[dict[str, Json]]:
    """Yield the maps of a list; anything else (null, the text of a refusal) has none."""
    for name in inside:
        data = data.get(name) if isinstance(data, dict) else None
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict):
            yield row


def milliseconds(moment: float | None = None) -> int:
    """Return a time as the vendor counts; seconds are taken silently and find nothing."""
    return int((time.time() if moment is None else moment) * 1000)
