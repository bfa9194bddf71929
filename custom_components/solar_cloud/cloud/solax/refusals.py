"""Refusals that the client itself reacts to before anybody else sees them, and the errors they are to everybody else."""

from collections.abc import Callable, Mapping
from typing import Final

from ..errors import CloudError, CloudUnreachable, UnexpectedAnswer
from .errors import Verdict


class AccessDenied(UnexpectedAnswer):
    """A device or plant is not the account's to read."""

    default_key = "no_access"


class OperationFailed(UnexpectedAnswer):
    """Code 10001: the cloud stumbled, or there is nothing of the kind asked for."""

    default_key = "operation_failed"


class AccessBlocked(CloudUnreachable):
    """HTTP 403: a gateway in front of the cloud turned the call away."""

    default_key = "access_blocked"


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
