"""What Sungrow's result codes mean for the caller: the one place that knows them (sungrow.md §2.2, §2.5, §2.6, §6).

Codes are strings: ``"000"`` and ``"1"`` are not numbers.
"""

from collections.abc import Callable, Mapping
import re
from typing import Final

from ..backoff import MONTHLY, ordered
from ..errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    TokenRefused,
    TurnedAway,
    UnexpectedAnswer,
)
from ..storage import Json

OK: Final = "1"
HALF_AN_HOUR: Final = 1800.0
MONITORING: Final = "Monitoring API"
BARRED_FOR: Final[Mapping[str, float]] = {
    "ip_not_allowed": HALF_AN_HOUR,
    "user_not_allowed": HALF_AN_HOUR,
    "service_expired": 3600.0,
}
"""Seconds for which a refusal of the whole account is believed without asking again."""


class Unauthorized(PermissionMissing):
    """E900: the token is not, or no longer, valid, or the account may not make this call; a fresh token tells."""

    def __init__(self) -> None:
        """Name the permission it is when it is not the token."""
        super().__init__(MONITORING, "not_authorized")


class EndpointMissing(TurnedAway):
    """This server does not know the endpoint."""

    default_key = "endpoint_missing"


class RequestRefused(TurnedAway):
    """A parameter was not accepted; mostly because there was too much of it."""

    default_key = "request_refused"


class NonceRepeated(TurnedAway):
    """The server has seen this nonce: try once with another."""

    default_key = "encryption_failed"


class ClockWrong(TurnedAway):
    """The request's time is too far from the server's: learn the difference and try once more."""

    default_key = "clock_wrong"


class Throttled(QuotaExhausted):
    """A limit of calls, before the session decided how long to stay away."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        """Remember the code; ``retry_after`` only when the server said one."""
        super().__init__(retry_after or 0.0, MONTHLY if code == "E998" else None)
        self.code = code


def _permission(name: str, key: str) -> Callable[[], CloudError]:
    return lambda: PermissionMissing(name, key)


def _refused(code: str, kind: type[CloudError], key: str) -> Callable[[], CloudError]:
    return lambda: kind(key, code=code)


ERRORS: Final[Mapping[str, Callable[[], CloudError]]] = {
    "-1": lambda: CloudUnreachable("server_error", code="-1"),
    "000": lambda: CloudUnreachable("server_error", code="000"),
    "001": _refused("001", UnexpectedAnswer, "request_refused"),
    "002": TokenRefused,
    "003": _refused("003", UnexpectedAnswer, "request_refused"),
    "009": _refused("009", RequestRefused, "request_refused"),
    "010": _refused("010", RequestRefused, "request_refused"),
    "011": lambda: CloudUnreachable("server_error", code="011"),
    "E00000": lambda: CredentialsRejected("invalid_app_key"),
    "E00001": _permission("API package", "service_expired"),
    "E00002": lambda: CredentialsRejected("invalid_rsa_key"),
    "E00003": TokenRefused,
    "E900": Unauthorized,
    "E901": lambda: Throttled("E901"),
    "E902": lambda: CredentialsRejected("encryption_required"),
    "E903": lambda: QuotaExhausted(HALF_AN_HOUR, "address_changes"),
    "E904": _refused("E904", UnexpectedAnswer, "encryption_failed"),
    "E905": lambda: CredentialsRejected("invalid_rsa_key"),
    "E906": lambda: CredentialsRejected("invalid_rsa_key"),
    "E907": lambda: CredentialsRejected("invalid_rsa_key"),
    "E908": _refused("E908", UnexpectedAnswer, "encryption_failed"),
    "E909": _refused("E909", UnexpectedAnswer, "encryption_failed"),
    "E910": NonceRepeated,
    "E911": lambda: CredentialsRejected("invalid_secret_key"),
    "E912": lambda: CredentialsRejected("invalid_secret_key"),
    "E913": ClockWrong,
    "E914": lambda: CredentialsRejected("invalid_secret_key"),
    "E916": lambda: QuotaExhausted(HALF_AN_HOUR, "login_too_often"),
    "E918": _permission("IP whitelist", "ip_not_allowed"),
    "E919": _permission("User whitelist", "user_not_allowed"),
    "E994": EndpointMissing,
    "E995": _refused("E995", RequestRefused, "request_refused"),
    "E996": EndpointMissing,
    "E997": lambda: CloudUnreachable("server_error", code="E997"),
    "E998": lambda: Throttled("E998"),
    "E999": lambda: Throttled("E999"),
}

# E905-E907: what comes of unwrapping our key with another application's private key.

HTTP_ERRORS: Final[Mapping[int, Callable[[], CloudError]]] = {
    401: TokenRefused,
    404: EndpointMissing,
    405: EndpointMissing,
    413: _refused("413", RequestRefused, "request_refused"),
    429: lambda: Throttled("E901"),
}

GRANT_ERRORS: Final[Mapping[str, Callable[[], CloudError]]] = {
    "2": lambda: CloudError("invalid_code"),
    "3": _permission(MONITORING, "not_authorized"),
    "4": lambda: CredentialsRejected("invalid_app_key"),
    "5": lambda: ConsentLost("redirect_mismatch"),
    "6": _refused("6", UnexpectedAnswer, "request_refused"),
}
"""``result_code`` of the exchange of a code."""

REFRESH_ERRORS: Final[Mapping[str, Callable[[], CloudError]]] = {
    "2": lambda: ConsentLost("authorization_revoked"),
    "-1": lambda: CloudUnreachable("server_error", code="-1"),
    "-2": lambda: ConsentLost("authorization_expired"),
    "4": _refused("4", RequestRefused, "request_refused"),
    "5": lambda: ConsentLost("authorization_lost"),
}
"""Inner ``code`` of a refresh."""


def safe_code(raw: object) -> str:
    """Return a code that may be shown: short, and nothing but letters, digits and signs."""
    code = str(raw)
    return code if re.fullmatch(r"[-\w]{1,10}", code, re.ASCII) else "?"


def error_for(code: str, body: Mapping[str, Json]) -> CloudError:
    """Return the error of a result code."""
    if (make := ERRORS.get(code)) is None:
        return UnexpectedAnswer("request_refused", code=safe_code(code))
    error = make()
    if (
        isinstance(error, Throttled)
        and (wait := ordered(body.get("retry_after"))) is not None
    ):
        return Throttled(error.code, wait)
    return error
