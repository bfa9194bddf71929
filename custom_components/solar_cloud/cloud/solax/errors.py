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


class Verdict(Enum):
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
    """Wrong for good: the same call will never succeed."""
    NO_MASTER = auto()
    BLOCKED = auto()
    """A gateway in front of the cloud turned the call away."""
    UNKNOWN = auto()


CODES: Final[Mapping[int, Verdict]] = {
    0: Verdict.ACCEPTED,  # token endpoint [doc, seen]
    10000: Verdict.ACCEPTED,
    10001: Verdict.FAILED,
    11500: Verdict.BUSY,
    10400: Verdict.UNAUTHENTICATED,
    10401: Verdict.UNAUTHENTICATED,
    10402: Verdict.UNAUTHENTICATED,
    10403: Verdict.FORBIDDEN,
    10404: Verdict.UNKNOWN,  # a callback is missing: no call of ours asks for one
    10405: Verdict.USED_UP,
    10406: Verdict.TOO_FAST,
    10500: Verdict.DENIED,
    10505: Verdict.DENIED,
    10506: Verdict.DENIED,
}

ABNORMAL: Final = 10200
"""Means whatever its text says. Without a telling text it is *not* a rate limit: it was seen for a misspelt field."""

TEXTS: Final = (
    ("rate limit", Verdict.TOO_FAST),
    ("maximum call threshold", Verdict.TOO_FAST),
    ("current minute", Verdict.TOO_FAST),
    ("too many requests", Verdict.TOO_FAST),
    ("suspend the request", Verdict.TOO_FAST),
    ("param_error", Verdict.BAD_REQUEST),
    ("must be within the past year", Verdict.BAD_REQUEST),
    ("master", Verdict.NO_MASTER),
)
"""Which words of a 10200 decide, first match first."""

STATUSES: Final[Mapping[int, Verdict]] = {
    401: Verdict.UNAUTHENTICATED,
    403: Verdict.BLOCKED,
    429: Verdict.TOO_FAST,
}


def _unknown(code: str) -> CloudError:
    return UnexpectedAnswer("unexpected_code", code=code)


REFUSALS: Final[Mapping[Verdict, Callable[[str], CloudError]]] = {
    Verdict.DENIED: lambda code: AccessDenied(),
    Verdict.FAILED: lambda code: OperationFailed(),
    Verdict.BLOCKED: lambda code: AccessBlocked(),
    Verdict.BUSY: lambda code: CloudUnreachable("cloud_busy"),
    Verdict.BAD_REQUEST: lambda code: UnexpectedAnswer("request_refused"),
    Verdict.NO_MASTER: lambda code: UnexpectedAnswer("no_master"),
}


def refusal(verdict: Verdict, code: str) -> CloudError:
    """Name the error of a verdict that is neither success nor a matter of tokens, permissions or pace."""
    return REFUSALS.get(verdict, _unknown)(code)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer, judged. ``code`` is the number the cloud gave, for logs and messages."""

    verdict: Verdict
    code: str
    result: Json = field(default=None, repr=False)
    retry_after: float | None = None
    request_id: str | None = field(default=None, repr=False)
    """What the outcome of a command is asked for by."""


def judge(answer: Answer) -> Envelope:
    """Sort an answer. Raises ``CloudUnreachable`` where there is no envelope to be judged."""
    if answer.status >= 500:
        raise CloudUnreachable("server_error", status=str(answer.status))
    if answer.status == 429:
        return Envelope(Verdict.TOO_FAST, "429", retry_after=answer.retry_after)
    try:
        content = answer.json()
    except UnexpectedAnswer:
        if (verdict := STATUSES.get(answer.status)) is not None:
            return Envelope(verdict, str(answer.status))
        raise CloudUnreachable("not_json", status=str(answer.status)) from None
    if not isinstance(content, dict) or (code := number(content.get("code"))) is None:
        if (verdict := STATUSES.get(answer.status)) is not None:
            return Envelope(verdict, str(answer.status))
        raise UnexpectedAnswer
    verdict = _by_code(int(code), content)
    if verdict is Verdict.ACCEPTED and answer.status >= 400:
        verdict = STATUSES.get(answer.status, Verdict.UNKNOWN)
    request_id = content.get("requestId")
    return Envelope(
        verdict,
        str(int(code)),
        content.get("result"),
        answer.retry_after,
        str(request_id) if isinstance(request_id, str | int) else None,
    )


def _by_code(code: int, content: Mapping[str, Json]) -> Verdict:
    if code != ABNORMAL:
        return CODES.get(code, Verdict.UNKNOWN)
    told = " ".join(
        str(content.get(name) or "") for name in ("message", "msg", "exception")
    ).lower()
    return next((verdict for words, verdict in TEXTS if words in told), Verdict.UNKNOWN)
