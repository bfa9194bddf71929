"""What each failCode of the vendor asks of us; source: SmartPVMS Northbound API reference, error code list (2022-2025)."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from ..errors import (
    CloudError,
    CredentialsRejected,
    QuotaExhausted,
    TurnedAway,
    UnexpectedAnswer,
)


class ErrorAction(Enum):
    """What to do about an answer."""

    DONE = auto()
    RELOGIN = auto()
    """The session is gone: renew the token once and repeat the call once."""
    CREDENTIALS = auto()
    """The account itself is refused: only the user can mend it."""
    NOT_ALLOWED = auto()
    """The account may not use this interface: do without it, ask again rarely."""
    OWNER = auto()
    """The owner of a plant has not allowed access to it."""
    WAIT = auto()
    """This interface's window is full."""
    BUSY = auto()
    """The whole system is busy: stay away from all of it for a minute or more."""
    NEXT_DAY = auto()
    """The account's calls of the day are used up."""
    EMPTY = auto()
    """There is nothing to tell."""
    RELIST = auto()
    """The lists of plants and devices are out of date."""
    UNSUPPORTED = auto()
    """This kind of device has no such data."""
    SHORTEN = auto()
    """The span of time is too long."""
    OUR_FAULT = auto()
    """The request is wrong: sending it again is pointless."""


REACTIONS: Final[Mapping[int, ErrorAction]] = {
    0: ErrorAction.DONE,
    **dict.fromkeys((305, 306, 307), ErrorAction.RELOGIN),
    401: ErrorAction.NOT_ALLOWED,
    407: ErrorAction.WAIT,
    **dict.fromkeys((403, 429, 20004, 20200, 30008), ErrorAction.BUSY),
    **dict.fromkeys(
        (20001, 20002, 20003, 20028, 20029, 20400, 20403), ErrorAction.CREDENTIALS
    ),
    20618: ErrorAction.NEXT_DAY,
    **dict.fromkeys((20056, 20621, 30029), ErrorAction.OWNER),
    **dict.fromkeys((20006, 20007, 20008, 20045, 20046), ErrorAction.RELIST),
    **dict.fromkeys((20009, 30034, 30040), ErrorAction.EMPTY),
    20013: ErrorAction.UNSUPPORTED,
    **dict.fromkeys((20026, 20027, 30032), ErrorAction.SHORTEN),
    **dict.fromkeys(
        (
            *(20005, 20010, 20011, 20012, 20014, 20015, 20016, 20017, 20018, 20023),
            *(20024, 20025, 20055, 20604, 20605, 20606, 20607),
            *(30001, 30002, 30003, 30004, 30005, 30006, 30007, 30016, 30021, 30022),
            *(30030, 30031),
        ),
        ErrorAction.OUR_FAULT,
    ),
}
"""Codes of queries; an unlisted one fails its call only."""

ACCOUNT_KEYS: Final[Mapping[int, str]] = {
    20002: "account_disabled",
    20003: "account_expired",
    20403: "login_restricted",
}
LOCK_SECONDS: Final = 1800.0
"""Five wrong passwords lock an account for half an hour; no login may be tried meanwhile (login interface, note)."""
SESSIONS_SECONDS: Final = 600.0


class Refused(UnexpectedAnswer):
    """A call answered with a code that concerns this call only."""

    def __init__(self, code: int) -> None:
        """Keep the code; the vendor's text stays out."""
        self.code = code
        super().__init__("call_refused", code=str(code))

    @property
    def reaction(self) -> ErrorAction | None:
        """What the code asks for; ``None`` for a code no table lists."""
        return REACTIONS.get(self.code)


class ParameterRefused(TurnedAway):
    """The gateway found a parameter wrong: the call went no further (exception body ``Paramerror``)."""


def account_refusal(code: int, message: str) -> CloudError:
    """Sort the refusals of an account; 20400 means four things, told apart by the message's key."""
    if code == 20400:
        hint = message.lower()
        if "lock" in hint:
            return QuotaExhausted(LOCK_SECONDS, "account_locked")
        if "session" in hint or "online" in hint:
            return QuotaExhausted(SESSIONS_SECONDS, "too_many_sessions")
        if "expire" in hint:
            return CredentialsRejected("password_expired")
    return CredentialsRejected(ACCOUNT_KEYS.get(code))
