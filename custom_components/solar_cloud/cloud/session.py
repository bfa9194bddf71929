"""One signed-in call: planned, sent with a live token, and repeated once where the token had died.

Each vendor says how a call carries its token and which answers mean that the token was refused; all else is here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from .errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    InterfaceMoved,
    NotConnected,
    SessionConflict,
    TokenRefused,
    TurnedAway,
    Unanswered,
    UnexpectedAnswer,
)
from .quota import Quota
from .token import Token, TokenManager


@dataclass(frozen=True, slots=True)
class Call[AnswerT]:
    """How a call is sent, and the limits it is counted by."""

    send: Callable[[Token], Awaitable[AnswerT]]
    """Sends it once. Raises ``TokenRefused`` when the token was turned away."""
    bucket: str
    command: bool = False
    """Whether it may use what each limit reserves for commands."""
    changes: bool = False
    """Whether it changes something: then it matters whether it arrived."""


class Session:
    """Signed-in calls of one account."""

    token_gone: ClassVar[type[CredentialsRejected]] = ConsentLost
    """What a renewal fails with when the stored token is worth nothing any more."""
    conflict_wait: ClassVar = 600.0
    """Seconds without a call after another program took the token twice in a row."""

    def __init__(self, tokens: TokenManager, quota: Quota) -> None:
        """Show tokens from ``tokens``, and count calls in ``quota``."""
        self.tokens: Final = tokens
        self.quota: Final = quota
        self.tokenless = False
        """Whether the last attempt to get a token has failed: then no other call can succeed."""
        self.answering = True
        """Whether the last call was answered: a cloud that stumbles is asked one thing after the other."""

    async def exchange[AnswerT](self, call: Call[AnswerT]) -> AnswerT:
        """Send a call; where its token is refused, send it once more with a fresh one.

        That is safe for commands, too: a call whose token is refused was not carried out.

        Raises ``Unanswered`` for a change that may or may not have arrived, any other ``CloudError`` when it certainly was not
        carried out.
        """
        token = await self.begin(call)
        try:
            return await self.attempt(call, token)
        except TokenRefused:
            return await self.repeat(call, await self.token(token))

    async def begin[AnswerT](self, call: Call[AnswerT]) -> Token:
        """Return a live token for a call that the limits allow now: no sign-in is spent on one that has to wait."""
        self.quota.check(call.bucket, command=call.command)
        return await self.token()

    async def attempt[AnswerT](self, call: Call[AnswerT], token: Token) -> AnswerT:
        """Count a call and send it once."""
        self.quota.acquire(call.bucket, command=call.command)
        try:
            answer = await call.send(token)
        except TurnedAway:
            raise
        except (CloudUnreachable, UnexpectedAnswer) as err:
            self.answering = False
            # Where it did not arrive, or was sent elsewhere, a change was certainly not carried out.
            if call.changes and not isinstance(err, NotConnected | InterfaceMoved):
                raise Unanswered from None
            raise
        self.answering = True
        return answer

    def at_once(self, most: int) -> int:
        """Return how many calls may be under way side by side: ``most``, as long as they are answered."""
        return most if self.answering and not self.tokenless else 1

    async def repeat[AnswerT](self, call: Call[AnswerT], fresh: Token) -> AnswerT:
        """Send a call again. A token of a moment ago that is refused, too, was taken by another program."""
        try:
            return await self.attempt(call, fresh)
        except TokenRefused:
            raise await self.conflict() from None

    async def token(
        self, stale: Token | None = None, *, suspect: bool = False
    ) -> Token:
        """Return a live token that is not the stale one.

        When the stored token can never be renewed again, it is deleted, so that the next start does not try it once more.
        """
        try:
            token = await (
                self.tokens.current()
                if stale is None
                else self.tokens.replace(stale, suspect=suspect)
            )
        except CloudError as err:
            self.tokenless = True
            if isinstance(err, self.token_gone):
                await self.tokens.forget()
            raise
        self.tokenless = False
        return token

    async def conflict(self) -> CloudError:
        """Say what it means that a token of a moment ago is refused."""
        return SessionConflict(self.conflict_wait)
