"""Tokens: one renewal per stale token, saved before its first use.

Vendors punish a second renewal (SolaX kills the token it issued a moment ago, Sungrow a refresh token already used), so everything here
happens under one lock per account, and a caller that comes later with the same stale token is given the new one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
import time
from typing import Final

from .errors import CloudError, CloudUnreachable, InterfaceMoved, UnexpectedAnswer
from .serialization import from_json_or_none, to_json
from .storage import Json, Storage

SECTION: Final = "token"
CONTEST_WINDOW: Final = 3600.0
"""Seconds in which three tokens that died early mean that another program uses the account (solax.md §2.2)."""
CONTEST_COUNT: Final = 3
RETRY: Final = 240.0
"""Seconds after a renewal that came to nothing until the next: each call of a poll would try, and a host that is gone was asked forty times an hour."""
EXTENDED: Final = 6 * 3600.0
"""Seconds within which it is written that use has put off an expiry: a crash costs a sign-in at most."""


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that opens an account for a while; times are epoch seconds."""

    access: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh: str | None = field(default=None, repr=False)
    scope: tuple[str, ...] | None = None
    """What the vendor says was granted; ``None`` when it does not say."""
    extra: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def usable(secret: str) -> bool:
    """Whether a secret can travel in a header: printable ASCII and nothing else."""
    return secret.isascii() and secret.isprintable()


def checked(token: Token) -> Token:
    """Return a token just issued. Raises ``UnexpectedAnswer`` when no request can carry it, or its refresh token."""
    if not (usable(token.access) and usable(token.refresh or "")):
        raise UnexpectedAnswer("unusable_token")
    return token


def _dead(token: Token) -> Token | None:
    """Return what an unusable token holds for its renewal, its refresh token; ``None`` without one."""
    if token.refresh is None or not usable(token.refresh):
        return None
    return replace(token, access="", expires_at=token.issued_at)


type Issue = Callable[[Token | None], Awaitable[Token]]
"""Ask the vendor for a token, given the stale one. Raises a ``CloudError``."""


class TokenManager:
    """Keeps an account's token, and renews it once whoever asks first."""

    def __init__(self, issue: Issue, storage: Storage, *, margin: float) -> None:
        """Renew ``margin`` seconds before expiry, but never earlier than at half of a token's life."""
        self._issue: Final = issue
        self._storage: Final = storage
        self._margin: Final = margin
        self._lock: Final = asyncio.Lock()
        self._token = from_json_or_none(Token, storage.load(SECTION))
        if self._token is not None and not usable(self._token.access):
            self._token = _dead(self._token)
        self._extended = 0.0
        self._renewals = 0
        self._failure: CloudError | None = None
        self._failed_at = 0.0
        self._died_early: list[float] = []
        self._last_dead: Token | None = None

    @property
    def token(self) -> Token | None:
        """The token at hand, however old."""
        return self._token

    @property
    def session_conflict(self) -> bool:
        """Whether tokens die so often that another program must be signing in with the same account."""
        return len(self._recent_deaths()) >= CONTEST_COUNT

    def _recent_deaths(self) -> list[float]:
        since = time.time() - CONTEST_WINDOW
        self._died_early = [moment for moment in self._died_early if moment > since]
        return self._died_early

    def _fresh(self, token: Token) -> bool:
        margin = min(self._margin, (token.expires_at - token.issued_at) / 2)
        expires_at = token.expires_at
        if token is self._token:
            expires_at = max(expires_at, self._extended)
        return time.time() < expires_at - margin

    def extend(self, token: Token, expires_at: float) -> None:
        """Put off the expiry of a token the vendor just accepted, where use keeps a session alive."""
        if token is self._token:
            self._extended = expires_at
            self._storage.delay_save(SECTION, self._as_json, EXTENDED)

    def _as_json(self) -> Json:
        if self._token is None:
            return None
        expires_at = max(self._token.expires_at, self._extended)
        return to_json(replace(self._token, expires_at=expires_at))

    async def current(self) -> Token:
        """Return a token with life left in it, renewing it when there is none."""
        token = self._token
        return (
            token
            if token is not None and self._fresh(token)
            else await self.replace(token)
        )

    async def replace(self, stale: Token | None, *, suspect: bool = False) -> Token:
        """Return a token other than ``stale``, issuing one unless another call just did.

        A token that is merely suspect stays until there is another, and its death is for the caller to note.
        """
        renewals = self._renewals
        async with self._lock:
            if self._failure is not None and (
                self._renewals != renewals or self._rests(self._failure)
            ):
                raise self._failure.with_traceback(None)
            token = self._token
            if token is not None and self._fresh(token):
                if token is not stale:
                    return token
                if not suspect:
                    token = await self._mark_dead(token)
            renewal = asyncio.ensure_future(
                self._renew(stale if token is None else token)
            )
            try:
                await asyncio.wait([renewal])
            except asyncio.CancelledError:
                # An account being reloaded must not lose a token the vendor has just traded for the old one.
                await asyncio.wait([renewal])
                if not renewal.cancelled():
                    renewal.exception()
                raise
            return renewal.result()

    def _rests(self, failure: CloudError) -> bool:
        """Whether a renewal just came to nothing that neither tells its own wait nor is for the user to mend."""
        return (
            isinstance(failure, CloudUnreachable | InterfaceMoved)
            and 0 <= time.time() - self._failed_at < RETRY
        )

    async def _renew(self, stale: Token | None) -> Token:
        self._renewals += 1
        self._failure = None
        try:
            return await self._renew_once(stale)
        except CloudError as err:
            self._failure, self._failed_at = err, time.time()
            raise

    async def _renew_once(self, stale: Token | None) -> Token:
        token = await self._issue(stale)
        if not usable(token.access) and (kept := _dead(token)) is not None:
            # The vendor may have traded the old pair for this one: what is good of it must not be lost.
            await self._keep(kept)
        await self._keep(checked(token))
        return token

    async def _keep(self, token: Token) -> None:
        await self._storage.save(SECTION, to_json(token))
        self._token, self._extended = token, 0.0

    async def _mark_dead(self, token: Token) -> Token:
        """Note that a token died early, once, and that it must not be used again, not even after a restart.

        What it may still be good for (its refresh token) is kept until there is another.
        """
        self.note_death(token)
        dead = replace(token, expires_at=token.issued_at)
        self._token, self._extended = dead, 0.0
        await self._storage.save(SECTION, to_json(dead))
        return dead

    def note_death(self, token: Token) -> None:
        """Note that a token died before its time, once, however many calls were turned away with it."""
        if token is not self._last_dead:
            self._last_dead = token
            self._died_early.append(time.time())

    def forgive(self) -> None:
        """Forget the tokens that died early: the user has sent the other program away."""
        self._died_early.clear()

    async def forget(self) -> None:
        """Drop the token in memory and in storage, so that no restart brings it back."""
        async with self._lock:
            self._token, self._extended = None, 0.0
            await self._storage.save(SECTION, None)
