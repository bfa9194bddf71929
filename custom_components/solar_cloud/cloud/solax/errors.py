"""What the cloud's answers mean: every code, status and text that decides what happens next.

Sources: the code appendix of the developer portal [doc], and what public clients met in the field [seen].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from ..errors import CloudError, CloudUnreachable, UnexpectedAnswer
from ..points import number
from ..storage import Json
from ..transport import Answer


class AccessDenied(UnexpectedAnswer):
    """A device or plant is not the account's to read."""

    default_key = "no_access"


class OperationFailed(UnexpectedAnswer):
    """Code 10001: the cloud stumbled, or there is nothing of the kind asked for."""

    default_key = "operation_failed"


class AccessBlocked(CloudUnreachable):
    """HTTP 403: a gateway in front of the cloud turned the call away."""

    default_key = "access_blocked"


class AnswerVerdict(Enum):
    """What the caller must do about an answer."""

    ACCEPTED = auto()
    UNAUTHENTICATED = auto()
    """The token (or, at the token endpoint, the secret) is refused."""
    FORBIDDEN = auto()
    """A service pack is not authorised for the application."""
    DENIED = auto()
    """This device or plant is not the account's to read."""
    TOO_FAST = auto()
    USED_UP = auto()
    """The package's calls of the day are gone."""
    FAILED = auto()
    """Either the cloud stumbled or there is nothing of the kind asked for; the caller knows which."""
    BUSY = auto()
    BAD_REQUEST = auto()
    """The same call will never succeed."""
    NO_MASTER = auto()
    BLOCKED = auto()
    """A gateway in front of the cloud turned the call away."""
    UNKNOWN = auto()


CODES: Final[Mapping[int, AnswerVerdict]] = {
    0: AnswerVerdict.ACCEPTED,  # token endpoint [doc, seen]
    10000: AnswerVerdict.ACCEPTED,
    10001: AnswerVerdict.FAILED,
    11500: AnswerVerdict.BUSY,
    10400: AnswerVerdict.UNAUTHENTICATED,
    10401: AnswerVerdict.UNAUTHENTICATED,
    10402: AnswerVerdict.UNAUTHENTICATED,
    10403: AnswerVerdict.FORBIDDEN,
    10404: AnswerVerdict.UNKNOWN,  # a callback is missing: no call of ours asks for one
    10405: AnswerVerdict.USED_UP,
    10406: AnswerVerdict.TOO_FAST,
    10500: AnswerVerdict.DENIED,
    10505: AnswerVerdict.DENIED,
    10506: AnswerVerdict.DENIED,
}

ABNORMAL: Final = 10200
"""Means whatever its text says. Without a telling text it is *not* a rate limit: it was seen for a misspelt field."""

TEXTS: Final = (
    ("rate limit", AnswerVerdict.TOO_FAST),
    ("maximum call threshold", AnswerVerdict.TOO_FAST),
    ("current minute", AnswerVerdict.TOO_FAST),
    ("too many requests", AnswerVerdict.TOO_FAST),
    ("suspend the request", AnswerVerdict.TOO_FAST),
    ("param_error", AnswerVerdict.BAD_REQUEST),
    ("must be within the past year", AnswerVerdict.BAD_REQUEST),
    ("master", AnswerVerdict.NO_MASTER),
)
"""Which words of a 10200 decide, first match first."""

STATUSES: Final[Mapping[int, AnswerVerdict]] = {
    401: AnswerVerdict.UNAUTHENTICATED,
    403: AnswerVerdict.BLOCKED,
    429: AnswerVerdict.TOO_FAST,
}


def _unknown(code: str) -> CloudError:
    return UnexpectedAnswer("unexpected_code", code=code)


REFUSALS: Final[Mapping[AnswerVerdict, Callable[[str], CloudError]]] = {
    AnswerVerdict.DENIED: lambda code: AccessDenied(),
    AnswerVerdict.FAILED: lambda code: OperationFailed(),
    AnswerVerdict.BLOCKED: lambda code: AccessBlocked(),
    AnswerVerdict.BUSY: lambda code: CloudUnreachable("cloud_busy"),
    AnswerVerdict.BAD_REQUEST: lambda code: UnexpectedAnswer("request_refused"),
    AnswerVerdict.NO_MASTER: lambda code: UnexpectedAnswer("no_master"),
}


def refusal(verdict: AnswerVerdict, code: str) -> CloudError:
    """Name the error of a verdict that is neither success nor a matter of tokens, permissions or pace."""
    return REFUSALS.get(verdict, _unknown)(code)


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer, judged. ``code`` is the number the cloud gave, for logs and messages."""

    verdict: AnswerVerdict
    code: str
    result: Json = field(default=None, repr=False)
    retry_after: float | None = None
    request_id: str | None = field(default=None, repr=False)
    """What the outcome of a command is asked for by."""


def judge(answer: Answer) -> JudgedAnswer:
    """Sort an answer. Raises ``CloudUnreachable`` where there is no envelope to be judged."""
    if answer.status >= 500:
        raise CloudUnreachable("server_error", status=str(answer.status))
    if answer.status == 429:
        return JudgedAnswer(
            AnswerVerdict.TOO_FAST, "429", retry_after=answer.retry_after
        )
    try:
        content = answer.json()
    except UnexpectedAnswer:
        if (verdict := STATUSES.get(answer.status)) is not None:
            return JudgedAnswer(verdict, str(answer.status))
        raise CloudUnreachable("not_json", status=str(answer.status)) from None
    if not isinstance(content, dict) or (code := number(content.get("code"))) is None:
        if (verdict := STATUSES.get(answer.status)) is not None:
            return JudgedAnswer(verdict, str(answer.status))
        raise UnexpectedAnswer
    verdict = _by_code(int(code), content)
    if verdict is AnswerVerdict.ACCEPTED and answer.status >= 400:
        verdict = STATUSES.get(answer.status, AnswerVerdict.UNKNOWN)
    request_id = content.get("requestId")
    return JudgedAnswer(
        verdict,
        str(int(code)),
        content.get("result"),
        answer.retry_after,
        str(request_id) if isinstance(request_id, str | int) else None,
    )


def _by_code(code: int, content: Mapping[str, Json]) -> AnswerVerdict:
    if code != ABNORMAL:
        return CODES.get(code, AnswerVerdict.UNKNOWN)
    told = " ".join(
        str(content.get(name) or "") for name in ("message", "msg", "exception")
    ).lower()
    return next(
        (verdict for words, verdict in TEXTS if words in told), AnswerVerdict.UNKNOWN
    )
