"""What can go wrong with a cloud, sorted by what the caller must do about it.

Every error carries a ``key`` and ``placeholders`` instead of a sentence: the user interface translates them, and nothing a vendor
wrote (which may echo an account, a serial or a token) can reach a log line by way of an exception text.
"""

from pathlib import Path
from typing import ClassVar

from yarl import URL

from .backoff import bounded


class CloudError(Exception):
    """Base of all errors a cloud client raises.

    ``key`` names a message in the translations (``exceptions.<key>``); ``placeholders`` fill it in and never hold anything secret.
    """

    default_key: ClassVar[str] = "unexpected_answer"

    def __init__(self, key: str | None = None, **placeholders: str) -> None:
        """Name the message and what fills it in."""
        self.key = key or self.default_key
        self.placeholders = placeholders
        super().__init__(
            " ".join(
                (self.key, *(f"{name}={value}" for name, value in placeholders.items()))
            )
        )


class CloudUnreachable(CloudError):
    """Nothing usable came back (network, timeout, server error, maintenance page): try again later."""

    default_key = "cannot_connect"


class Unanswered(CloudUnreachable):
    """A call was sent and no answer came that means anything: it may have been carried out."""


class NotConnected(CloudUnreachable):
    """No connection came about: it is certain that nothing was sent."""


class CredentialsRejected(CloudError):
    """The vendor refuses the credentials themselves: only the user can mend it."""

    default_key = "invalid_auth"


class ConsentLost(CredentialsRejected):
    """The owner's consent is gone, or was never given: the owner consents again; no secret is wrong."""

    default_key = "consent_lost"


class PermissionMissing(CloudError):
    """The account is fine but may not do this: the user must grant something in the vendor's portal."""

    default_key = "permission_missing"

    def __init__(
        self, permission: str, key: str | None = None, **placeholders: str
    ) -> None:
        """Name the permission as the vendor's portal spells it."""
        self.permission = permission
        super().__init__(key, permission=permission, **placeholders)


class UnexpectedAnswer(CloudError):
    """The vendor answered something this version does not understand: keep what is known and try later."""

    default_key = "unexpected_answer"


class TurnedAway(UnexpectedAnswer):
    """A call was refused before it was looked at: nothing was carried out."""


class TokenRefused(TurnedAway):
    """A token is not, or no longer, valid. Never leaves the session."""


class InterfaceMoved(UnexpectedAnswer):
    """The vendor serves its interface somewhere else, or no longer: no fault of the credentials, and no outage.

    ``address`` is where the server asked (``old``) sends us, as far as an account may go there: only the user may follow.
    """

    default_key = "interface_moved"

    def __init__(self, status: int, old: str, address: URL | None) -> None:
        """Name both servers; ``status`` is HTTP's."""
        self.address = address
        if address is None:
            super().__init__("interface_closed", status=str(status), old=old)
        else:
            super().__init__(
                status=str(status), old=old, host=address.host_port_subcomponent or ""
            )


class CommandRejected(CloudError):
    """The device or the platform refused a command: tell the user, never repeat it."""

    default_key = "command_rejected"


class CommandInvalid(CommandRejected):
    """A command cannot be carried out as asked, and nothing was sent: the user can ask for something else, or later."""

    default_key = "command_invalid"


class RetryLater(CloudError):
    """Base of the errors that come with a wait in seconds."""

    def __init__(
        self, retry_after: float, key: str | None = None, **placeholders: str
    ) -> None:
        """State how many seconds to stay away, within the bounds of such waits."""
        self.retry_after = bounded(retry_after, key)
        super().__init__(key, **placeholders)


class QuotaExhausted(RetryLater):
    """A limit of calls is reached or the account is locked for a while: stay away until then."""

    default_key = "rate_limited"

    @property
    def locked(self) -> bool:
        """Whether the vendor locked the account, rather than counted its calls."""
        return self.key in {"account_locked", "account_locked_until"}


class Paced(QuotaExhausted):
    """We space our calls so that the vendor's limits are never met: nothing is wrong, and it goes on by itself."""

    default_key = "paced"


class ListingUnfinished(Paced):
    """The account's lists are longer than a minute's calls: the next try goes on where this one stopped."""

    default_key = "listing"

    def __init__(self, retry_after: float, done: int, total: int) -> None:
        """Say how many pages there are, and how many there will be as far as is known."""
        self.done = done
        self.total = total
        super().__init__(retry_after, done=str(done), total=str(total))


class SessionConflict(RetryLater):
    """A token was refused right after it was issued: another program signs in with the same account."""

    default_key = "session_contested"


def describe(err: BaseException) -> str:
    """Say what went wrong for a log line: the key of ours, or the kind and the place of a mistake, never what it was about."""
    if isinstance(err, CloudError):
        return err.key
    where, place = err.__traceback__, ""
    while where is not None:
        name = Path(where.tb_frame.f_code.co_filename).name
        place = f" at {name}:{where.tb_lineno}"
        where = where.tb_next
    return f"{type(err).__name__}{place}"
