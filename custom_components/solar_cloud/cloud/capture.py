"""What an account's calls were answered: a log of the last calls, and the last answer of each kind of call.

Kept in memory only, within bounds, for the diagnostics to show masked. Every call of every vendor passes the transport, which notes it here.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
import json
import re
import time
from typing import Final

from .masking import CALL_NUMBERS, Identity, identity_of, is_moment
from .storage import Json

MOST_CALLS: Final = 200
MOST_SKEW: Final = 300.0
"""Seconds a server's clock may differ from ours."""
SKEWED_ANSWERS: Final = 3
MOST_ANSWER: Final = 128 * 1024
"""Characters of an answer that is kept; longer ones are only logged."""
MOST_KEPT: Final = 512 * 1024
"""Characters of all answers together; the oldest goes first."""
_ENDS: Final = 600
"""Characters at both ends of an answer in which its frame stands."""
_CODE: Final = re.compile(
    r'"(?:code|failCode|result_code|exceptionId|error)"\s*:\s*"?(-?\w{1,40})'
)
"""The names the clouds' frames have for the code of an answer."""
_NUMBER: Final = re.compile(
    rf'"(?:{"|".join(sorted(CALL_NUMBERS))})"\s*:\s*"?([\w.-]{{1,80}})'
)


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call, without what was asked or answered."""

    at: float
    """When it was sent, in epoch seconds."""
    method: str
    path: str = field(repr=False)
    milliseconds: float
    status: int | None = None
    """HTTP's; ``None`` when nothing came back."""
    size: int = 0
    """Characters of the answer."""
    code: str | None = None
    number: str | None = None
    """The vendor's own number of the call."""
    failure: str | None = None
    """What kept an answer from coming."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The last answer to one kind of call; nothing of it is printed by ``repr``."""

    call: LoggedCall
    request: Mapping[str, Json] = field(repr=False)
    body: str = field(repr=False)


class Capture:
    """The calls of one account."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.calls: Final[deque[LoggedCall]] = deque(maxlen=MOST_CALLS)
        self._answers: dict[str, KeptAnswer] = {}
        self._kept = 0
        self._skewed = 0

    @property
    def clock_is_wrong(self) -> bool:
        """Whether answers say time and again that this machine's clock is minutes off."""
        return self._skewed >= SKEWED_ANSWERS

    def compare_clocks(self, told: str | None) -> None:
        """Hold the time an answer was made at, as HTTP writes it, against ours."""
        try:
            at = parsedate_to_datetime(told or "").timestamp()
        except ValueError:
            return
        off = abs(at - time.time()) > MOST_SKEW
        self._skewed = self._skewed + 1 if off else 0

    @property
    def answers(self) -> list[KeptAnswer]:
        """The last answer of each kind of call, oldest first."""
        return list(self._answers.values())

    def note(
        self,
        call: LoggedCall,
        request: Mapping[str, Json] | str | None = None,
        body: str | None = None,
    ) -> None:
        """Log a call, and keep its answer in the place of the last one of its kind."""
        self.calls.append(call)
        if body is None:
            return
        asked = _asked(request)
        key = _key(call, asked)
        self._drop(key)
        if len(body) <= MOST_ANSWER:
            self._answers[key] = KeptAnswer(call, asked, body)
            self._kept += len(body)
        while self._kept > MOST_KEPT:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: str) -> None:
        if (old := self._answers.pop(key, None)) is not None:
            self._kept -= len(old.body)

    def take_up(self, earlier: Capture) -> None:
        """Begin with what was captured before, in the set-up form."""
        for call in earlier.calls:
            self.calls.append(call)
        for key, kept in earlier._answers.items():
            self._drop(key)
            self._answers[key] = kept
            self._kept += len(kept.body)


def frame(body: str) -> tuple[str | None, str | None]:
    """Return the code and the vendor's number of an answer, without reading it whole."""
    ends = body if len(body) <= 2 * _ENDS else f"{body[:_ENDS]}\n{body[-_ENDS:]}"
    code, number = _CODE.search(ends), _NUMBER.search(ends)
    return code and code[1], number and number[1]


def _asked(request: Mapping[str, Json] | str | None) -> dict[str, Json]:
    """Return what was asked, without secrets."""
    if isinstance(request, str):
        try:
            request = json.loads(request)
        except ValueError:
            request = None
    if not isinstance(request, Mapping):
        return {}
    return {
        key: value
        for key, value in request.items()
        if identity_of(key) is not Identity.SECRET and key != "code"
    }


def _key(call: LoggedCall, asked: Mapping[str, Json]) -> str:
    """Name a kind of call: where, and what was asked for but for the time."""
    lasting = {key: each for key, each in asked.items() if not is_moment(each)}
    return f"{call.method} {call.path} {json.dumps(lasting, sort_keys=True)}"
