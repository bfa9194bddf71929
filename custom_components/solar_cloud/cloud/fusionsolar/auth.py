"""Two ways to be let in: the session of an API account, and an owner's consent."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
import time
from typing import ClassVar, Final, override

from yarl import URL

from ..backoff import DAILY, DoublingWait
from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    SessionConflict,
)
from ..quota import ALL, Quota
from ..storage import Storage
from ..token import Token, TokenManager
from ..transport import Answer, Transport
from ..vendor import Credentials
from . import oauth
from .api import Reply, base_url, read
from .errors import REACTIONS, ErrorAction, account_refusal
from .limits import BUSY_WAIT, LOGIN, LOGOUT

SESSION: Final = 1800.0
"""A session lives for half an hour after its last use."""
MARGIN: Final = 300.0
"""Seconds before its end from which a token is not used."""
SESSION_MARGIN: Final = 60.0
"""The same of a session, which each call prolongs: one refused all the same costs one call more."""
LOGIN_WAIT: Final = (600.0, 3600.0)
"""First and longest wait after 407 at login; a fleet that retries together keeps itself out (failures.md E22)."""
CONTEST_WAIT: Final = 600.0
CONTEST_LONG_WAIT: Final = 1800.0


class Authorization(ABC):
    """One way to sign in: what a call carries, and what a refused token means."""

    margin: ClassVar = MARGIN

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        storage: Storage,
        quota: Quota,
    ) -> None:
        """Take up the token of the last run or of the set-up form."""
        self._credentials: Final = credentials
        self._transport: Final = transport
        self._quota: Final = quota
        self.tokens: Final = TokenManager(self._fetch, storage, margin=self.margin)

    @abstractmethod
    async def _fetch(self, stale: Token | None) -> Token:
        """Return a fresh token."""

    @abstractmethod
    def headers(self, token: Token) -> Mapping[str, str]:
        """Return what shows the token."""

    @abstractmethod
    def accepted(self, token: Token) -> None:
        """Note that the vendor took a token."""

    @abstractmethod
    async def refused_again(self) -> CloudError:
        """Say what it means that a token of a moment ago is refused."""

    @abstractmethod
    async def sign_out(self) -> None:
        """End what is open at the vendor."""


class ApiAccount(Authorization):
    """A Northbound account: one session at a time, and every login ends the session before, another program's too."""

    margin = SESSION_MARGIN

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        storage: Storage,
        quota: Quota,
    ) -> None:
        """Take up the session of the last run."""
        super().__init__(credentials, transport, storage, quota)
        self._base: Final[URL] = base_url(credentials)
        self._waits: Final = DoublingWait()

    @override
    async def _fetch(self, stale: Token | None) -> Token:
        self._quota.acquire(LOGIN)
        answer = await self._transport.send(
            "POST",
            self._base / "thirdData/login",
            json={
                "userName": self._credentials["username"],
                "systemCode": self._credentials["password"],
            },
        )
        self._check_host(answer, known=stale is not None)
        reply = read(answer)
        token = answer.headers.get("xsrf-token") or _cookie(answer)
        if reply.code != 0 or not token:
            raise await self._refusal(reply)
        self._waits.reset()
        if self.tokens.session_conflict:
            await self._quota.block(CONTEST_LONG_WAIT, LOGIN, "session_contested")
        now = time.time()
        return Token(token, now, now + SESSION)

    @staticmethod
    def _check_host(answer: Answer, *, known: bool) -> None:
        """Tell a wrong address, and an account this host does not know, from a hiccup; only before the first success."""
        body = answer.body.strip()
        if answer.status == 404 or (
            answer.status == 200 and body.startswith("<") and not known
        ):
            raise CloudUnreachable("wrong_host")
        if answer.status == 200 and not body and not known:
            raise CredentialsRejected

    async def _refusal(self, reply: Reply) -> CloudError:
        match REACTIONS.get(reply.code):
            case ErrorAction.CREDENTIALS | ErrorAction.OWNER:
                error = account_refusal(reply.code, reply.message)
                if isinstance(error, QuotaExhausted):
                    await self._quota.block(error.retry_after, LOGIN, error.key)
                return error
            case ErrorAction.WAIT:
                return await self._quota.block(self._waits.next(*LOGIN_WAIT), LOGIN)
            case ErrorAction.BUSY:
                key = "access_blocked" if reply.blocked else "vendor_busy"
                wait = reply.retry_after or BUSY_WAIT[0]
                return await self._quota.block(wait, LOGIN, key)
            case ErrorAction.NEXT_DAY:
                return await self._quota.block(3600.0, LOGIN, DAILY)
            case _:
                return CloudUnreachable()

    @override
    def headers(self, token: Token) -> Mapping[str, str]:
        """Show the session's token."""
        return {"XSRF-TOKEN": token.access}

    @override
    def accepted(self, token: Token) -> None:
        """Every accepted call keeps the session for another half hour."""
        self.tokens.extend(token, time.time() + SESSION)

    @override
    async def refused_again(self) -> CloudError:
        """Another program signed in between our login and the next call: leave the account to it for a while."""
        await self._quota.block(CONTEST_WAIT, LOGIN, "session_contested")
        return SessionConflict(CONTEST_WAIT)

    @override
    async def sign_out(self) -> None:
        """End our session; another program's is left alone."""
        if (token := self.tokens.token) is None or self._quota.wait(LOGOUT) > 0:
            return
        self._quota.acquire(LOGOUT)
        with suppress(CloudError):
            await self._transport.send(
                "POST",
                self._base / "thirdData/logout",
                headers=self.headers(token),
                json={"xsrfToken": token.access},
            )
        await self.tokens.forget()


def _cookie(answer: Answer) -> str | None:
    """Return the session's token from the cookie; header and cookie come in any spelling, per host."""
    return next(
        (
            value
            for name in ("XSRF-TOKEN", "xsrf-token", "Xsrf-Token")
            if (value := answer.cookie(name))
        ),
        None,
    )


class ConsentAuthorization(Authorization):
    """An owner's consent: a token for an hour, renewed without the user."""

    @override
    async def _fetch(self, stale: Token | None) -> Token:
        try:
            return await oauth.refresh(self._credentials, stale, self._transport)
        except QuotaExhausted as err:
            await self._quota.block(err.retry_after, ALL)
            raise

    @override
    def headers(self, token: Token) -> Mapping[str, str]:
        """Show the bearer token alone."""
        return oauth.bearer(token)

    @override
    def accepted(self, token: Token) -> None:
        """Do nothing: a token's life does not depend on its use."""

    @override
    async def refused_again(self) -> CloudError:
        """A token of a moment ago is good on one regional host only: the owner's."""
        return SessionConflict(CONTEST_WAIT, "token_refused")

    @override
    async def sign_out(self) -> None:
        """Nothing to do: no documented call takes a consent back."""
