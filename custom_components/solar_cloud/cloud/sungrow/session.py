"""Signed-in calls of either edition, also where a refusal may only mean the token."""

from functools import partial
import time
from typing import Final, override

from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    Paced,
    PermissionMissing,
    QuotaExhausted,
    RetryLater,
    TokenRefused,
)
from ..paging import Listing, Page, read_list
from ..points import number
from ..quota import Quota
from ..session import Call, Session
from ..storage import Json
from ..token import Token, TokenManager
from .access import Permissions, call_of
from .api import ApiClient, ApiVersion, Body, Operation
from .auth import TOKEN_LIFE
from .errors import BARRED_FOR, Throttled, Unauthorized
from .limits import SungrowBackoff

BUCKET: Final = "data"
CONTROL_BUCKET: Final = "control"
"""Commands: polling leaves them the reserve of every limit."""
PAGE_SIZE: Final = 100
AT_ONCE: Final = 30
"""Calls side by side: the lists of so many plants, or all readings of one. How many a second are too many is not known (sungrow.md §7.1)."""


class SungrowSession(Session):
    """Calls operations for one account."""

    conflict_wait = 900.0

    def __init__(
        self,
        api: ApiClient,
        api_version: ApiVersion,
        tokens: TokenManager,
        quota: Quota,
        backoff: SungrowBackoff,
        permissions: Permissions,
    ) -> None:
        """Call ``api`` in one version of the interface, as ``backoff`` and ``permissions`` allow."""
        super().__init__(tokens, quota)
        self.api_version: Final = api_version
        self.backoff: Final = backoff
        self._api: Final = api
        self._permissions: Final = permissions
        self._barred: tuple[float, PermissionMissing] | None = None

    @property
    def most_at_once(self) -> int:
        """How many calls may be under way side by side: one where the cloud complained of our pace, or stumbles."""
        return 1 if self.backoff.level else self.at_once(AT_ONCE)

    @property
    def encrypted(self) -> bool:
        """Whether bodies are encrypted."""
        return self._api.encrypted

    async def write(self, operation: Operation, body: Body) -> Json:
        """Send what changes something, as ``call`` does; errors also as ``exchange``."""
        return await self.call(operation, body, CONTROL_BUCKET, changes=True)

    async def call(
        self,
        operation: Operation,
        body: Body,
        bucket: str = BUCKET,
        *,
        changes: bool = False,
    ) -> Json:
        """Return the ``result_data`` of an operation. Raises a ``CloudError``."""
        self._check_barred()
        send = partial(self._send, operation, body)
        call = Call(send, bucket, command=bucket == CONTROL_BUCKET, changes=changes)
        try:
            return await self._exchange(call, call_of(operation, body))
        except Throttled as err:
            if (standing := self.quota.standing()) is not None:
                raise standing from None
            wait = await self.backoff.wait(err)
            key = "monthly_limit" if err.code == "E998" else QuotaExhausted.default_key
            raise await self.quota.block(wait, key=key) from None
        except PermissionMissing as err:
            if (seconds := BARRED_FOR.get(err.key)) is not None:
                self._barred = (time.time() + seconds, err)
            raise
        except QuotaExhausted as err:
            if err.key == "address_changes":
                await self.quota.block(err.retry_after, key=err.key)
            raise

    async def ask_again(self) -> None:
        """Let everything that was refused be asked for at once."""
        self.tokens.forgive()
        self._barred = None
        await self._permissions.forget()

    def _check_barred(self) -> None:
        if self._barred is not None:
            until, error = self._barred
            if time.time() < until:
                raise PermissionMissing(error.permission, error.key)
            self._barred = None

    async def _send(self, operation: Operation, body: Body, token: Token) -> Json:
        path = self.api_version.path(operation)
        if self.api_version.bearer:
            answer = await self._api.call(path, body, bearer=token.access)
        else:
            answer = await self._api.call(path, {"token": token.access, **body})
            self.tokens.extend(token, time.time() + TOKEN_LIFE)
        self._permissions.accepted(call_of(operation, body), token)
        return answer.get("result_data")

    async def _exchange(self, call: Call[Json], name: str) -> Json:
        """Send a call with a fresh token also where the refusal may only mean the token."""
        token = await self.begin(call)
        try:
            return await self.attempt(call, token)
        except TokenRefused:
            return await self.repeat(call, await self.token(token))
        except Unauthorized as refusal:
            if not self._permissions.doubtful(name, token):
                raise
            fresh = await self._suspected(token, refusal)
        try:
            result = await self.repeat(call, fresh)
        except Unauthorized:
            await self._permissions.refused(name)
            raise
        self.tokens.note_death(token)
        return result

    async def _suspected(self, token: Token, refusal: Unauthorized) -> Token:
        """Return a token that tells whether the one before was the reason of a refusal. Raises the refusal when it may not be asked for."""
        try:
            fresh = await self.token(token, suspect=True)
        except QuotaExhausted as err:
            if err.key in {Paced.default_key, QuotaExhausted.default_key}:
                # Our own limit of sign-ins is not the reason.
                raise refusal from None
            raise
        self._permissions.renewed(fresh)
        return fresh

    @override
    async def token(
        self, stale: Token | None = None, *, suspect: bool = False
    ) -> Token:
        """Return a live token; while a renewal in advance fails for the moment the old one serves as long as it lives."""
        if stale is not None and self.tokens.session_conflict:
            raise await self.conflict()
        try:
            return await super().token(stale, suspect=suspect)
        except CloudUnreachable, RetryLater:
            token = self.tokens.token
            if stale is None and token is not None and token.expires_at > time.time():
                return token
            raise

    async def list_all(
        self, operation: Operation, body: Body
    ) -> Listing[dict[str, Json]]:
        """Return all pages of a list; what cannot be read to its end is marked so."""
        rows: list[dict[str, Json]] = []

        async def read(number: int) -> Page[dict[str, Json]]:
            paged: Body = {**body, self.api_version.page: number, "size": PAGE_SIZE}
            page = page_of(await self.call(operation, paged))
            rows.extend(page.rows)
            return page

        try:
            return await read_list(read)
        except CredentialsRejected, PermissionMissing:
            raise
        except CloudError:
            if not rows:
                raise
            return Listing(rows, complete=False)


def page_of(result: Json) -> Page[dict[str, Json]]:
    """Read one page: its rows and how many there are in all, under either name."""
    if not isinstance(result, dict):
        return Page([])
    listed = result.get("pageList")
    rows = (
        [row for row in listed if isinstance(row, dict)]
        if isinstance(listed, list)
        else []
    )
    for name in ("rowCount", "row_count"):
        if (count := number(result.get(name))) is not None:
            return Page(rows, count=int(count))
    return Page(rows)
