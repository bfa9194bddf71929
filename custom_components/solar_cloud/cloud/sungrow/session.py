"""A signed-in session: token, quota and one renewal around every call."""

from collections.abc import Awaitable
from dataclasses import dataclass
import time
from typing import Final

from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    NotConnected,
    Paced,
    PermissionMissing,
    QuotaExhausted,
    RetryLater,
    SessionConflict,
    Unanswered,
    UnexpectedAnswer,
)
from ..points import number
from ..quota import Quota
from ..storage import Json
from ..token import Token, TokenManager
from .access import Permissions, call_of
from .api import ApiClient, ApiVersion, Body, Operation
from .auth import TOKEN_LIFE
from .errors import (
    AUTHORIZATION_GONE,
    BARRED_FOR,
    ClockWrong,
    EndpointMissing,
    NonceRepeated,
    RequestRefused,
    Throttled,
    TokenRefused,
    Unauthorized,
)
from .limits import SungrowBackoff

LANE: Final = "data"
HISTORY_LANE: Final = "history"
CONTROL_LANE: Final = "control"
"""Commands: polling leaves them the reserve of every limit."""
CONTESTED_WAIT: Final = 900.0
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100


TURNED_AWAY: Final = (
    ClockWrong,
    EndpointMissing,
    NonceRepeated,
    RequestRefused,
    TokenRefused,
)
"""What refuses a call at the door: nothing was carried out."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a paged answer, and whether they are all."""

    rows: list[dict[str, Json]]
    complete: bool = True


class SungrowSession:
    """Calls operations for one account."""

    def __init__(
        self,
        gateway: ApiClient,
        dialect: ApiVersion,
        tokens: TokenManager,
        quota: Quota,
        backoff: SungrowBackoff,
        permissions: Permissions,
    ) -> None:
        """Call nobody yet."""
        self.dialect: Final = dialect
        self.tokens: Final = tokens
        self.backoff: Final = backoff
        self._gateway: Final = gateway
        self._quota: Final = quota
        self._permissions: Final = permissions
        self._barred: tuple[float, PermissionMissing] | None = None

    @property
    def encrypted(self) -> bool:
        """Whether bodies are encrypted."""
        return self._gateway.encrypted

    async def call(self, operation: Operation, body: Body, lane: str = LANE) -> Json:
        """Return the ``result_data`` of an operation. A refused token is renewed once, also on E900. Raises a ``CloudError``."""
        self._check_barred()
        try:
            return await self._call(operation, body, lane)
        except Throttled as err:
            wait = await self.backoff.wait(err)
            key = "monthly_limit" if err.code == "E998" else QuotaExhausted.default_key
            await self._quota.block(wait, key=key)
            raise QuotaExhausted(wait, key) from None
        except PermissionMissing as err:
            if (seconds := BARRED_FOR.get(err.key)) is not None:
                self._barred = (time.time() + seconds, err)
            raise
        except QuotaExhausted as err:
            if err.key == "address_changes":
                await self._quota.block(err.retry_after, key=err.key)
            raise

    def _check_barred(self) -> None:
        if self._barred is not None:
            until, error = self._barred
            if time.time() < until:
                raise PermissionMissing(error.permission, error.key)
            self._barred = None

    async def _call(self, operation: Operation, body: Body, lane: str) -> Json:
        commands = lane == CONTROL_LANE
        self._quota.acquire(lane, command=commands)
        token = await self._token()
        try:
            return await self._send(operation, body, token)
        except TokenRefused:
            if self.tokens.session_conflict:
                raise SessionConflict(CONTESTED_WAIT) from None
            fresh = await self._guarded(self.tokens.replace(token))
        except Unauthorized as err:
            return await self._doubt(operation, body, lane, token, err)
        self._quota.acquire(lane, command=commands)
        try:
            return await self._send(operation, body, fresh)
        except TokenRefused:
            raise SessionConflict(CONTESTED_WAIT) from None

    async def _doubt(
        self,
        operation: Operation,
        body: Body,
        lane: str,
        token: Token,
        refusal: Unauthorized,
    ) -> Json:
        """Repeat a call that may have been refused for its token. Raises the refusal where a fresh one does not help."""
        call = call_of(operation, body)
        if not self._permissions.doubtful(call, token):
            raise refusal
        if self.tokens.session_conflict:
            raise SessionConflict(CONTESTED_WAIT)
        try:
            fresh = await self._guarded(self.tokens.replace(token, suspect=True))
        except QuotaExhausted as err:
            if err.key in {Paced.default_key, QuotaExhausted.default_key}:
                # Our own limit of sign-ins is not the reason.
                raise refusal from None
            raise
        self._permissions.renewed(fresh)
        self._quota.acquire(lane, command=lane == CONTROL_LANE)
        try:
            result = await self._send(operation, body, fresh)
        except TokenRefused:
            raise SessionConflict(CONTESTED_WAIT) from None
        except Unauthorized:
            await self._permissions.refused(call)
            raise
        self.tokens.note_death()
        return result

    async def write(self, operation: Operation, body: Body) -> Json:
        """Send what changes something, as ``call`` does.

        Raises ``Unanswered`` when nobody knows whether it was carried out, any other ``CloudError`` when it certainly was not.
        """
        self._check_barred()
        await self._token()  # its failure must not be taken for the call's
        try:
            return await self.call(operation, body, CONTROL_LANE)
        except (NotConnected, *TURNED_AWAY):
            raise
        except CloudUnreachable, UnexpectedAnswer:
            raise Unanswered from None

    async def _token(self) -> Token:
        """Return a token; while renewal fails for the moment the old one serves as long as it lives."""
        try:
            return await self._guarded(self.tokens.current())
        except CloudUnreachable, RetryLater:
            token = self.tokens.token
            if token is not None and token.expires_at > time.time():
                return token
            raise

    async def _guarded[T](self, renewal: Awaitable[T]) -> T:
        """Drop a pair of tokens the vendor called dead, in memory and in storage."""
        try:
            return await renewal
        except CredentialsRejected as err:
            if err.key in AUTHORIZATION_GONE:
                await self.tokens.forget()
            raise

    async def _send(self, operation: Operation, body: Body, token: Token) -> Json:
        path = self.dialect.path(operation)
        if self.dialect.bearer:
            answer = await self._gateway.call(path, body, bearer=token.access)
        else:
            answer = await self._gateway.call(path, {"token": token.access, **body})
            self.tokens.extend(token, time.time() + TOKEN_LIFE)
        self._permissions.accepted(call_of(operation, body), token)
        return answer.get("result_data")

    async def list_all(self, operation: Operation, body: Body) -> Listing:
        """Return all pages of a list; what cannot be read to its end is marked so."""
        rows: list[dict[str, Json]] = []
        for page in range(1, MOST_PAGES + 1):
            paged: Body = {**body, self.dialect.page: page, "size": PAGE_SIZE}
            try:
                result = await self.call(operation, paged)
            except CredentialsRejected, PermissionMissing:
                raise
            except CloudError:
                if not rows:
                    raise
                return Listing(rows, complete=False)
            listed, count = _page(result)
            rows += listed
            if not listed or (count is not None and len(rows) >= count):
                return Listing(rows, complete=count is None or len(rows) >= count)
        return Listing(rows, complete=False)


def _page(result: Json) -> tuple[list[dict[str, Json]], int | None]:
    """Read one page: its rows and how many there are in all, under either name."""
    if not isinstance(result, dict):
        return [], None
    listed = result.get("pageList")
    rows = (
        [row for row in listed if isinstance(row, dict)]
        if isinstance(listed, list)
        else []
    )
    for name in ("rowCount", "row_count"):
        if (count := number(result.get(name))) is not None:
            return rows, int(count)
    return rows, None
