"""Signing in: client credentials for a token of about thirty days.

An application has one live token. Asking for another kills the first, so nothing here is called without need.
"""

import logging
import time
from typing import Final

from yarl import URL

from ..errors import CredentialsRejected, UnexpectedAnswer
from ..points import number
from ..token import Token
from ..transport import Transport
from ..vendor import Credentials
from .api import TOKEN_PATH
from .errors import AnswerVerdict, judge, refusal
from .limits import TOKEN, SolaxBackoff

LOGGER: Final = logging.getLogger(__name__)
MARGIN: Final = 3600.0
"""Seconds before its expiry at which a token is renewed."""
DEFAULT_LIFE: Final = 3600.0
"""When the cloud does not say how long a token lives [seen in public clients]."""
LONGEST_LIFE: Final = 400 * 86400.0
REFUSAL_REST: Final = 3600.0
"""A refused secret is not shown again before that: repeated bad sign-ins may be punished."""


class TokenIssuer:
    """Gets an application's tokens by its client id and secret."""

    def __init__(
        self,
        base: URL,
        credentials: Credentials,
        transport: Transport,
        backoff: SolaxBackoff,
    ) -> None:
        """Keep the credentials, which nothing prints."""
        self._url: Final = base.with_path(TOKEN_PATH)
        self._form: Final = {
            "client_id": credentials["client_id"].strip(),
            "client_secret": credentials["client_secret"].strip(),
            "grant_type": "client_credentials",
        }
        self._transport: Final = transport
        self._backoff: Final = backoff
        self._refused_at: float | None = None

    async def issue(self, stale: Token | None) -> Token:
        """Ask for a token; this grant has nothing to refresh, so the stale one is of no use."""
        now = time.time()
        if self._refused_at is not None and now < self._refused_at + REFUSAL_REST:
            raise CredentialsRejected
        self._backoff.quota.acquire(TOKEN)
        envelope = judge(await self._transport.send("POST", self._url, form=self._form))
        match envelope.verdict:
            case AnswerVerdict.ACCEPTED:
                self._backoff.released()
                return _token(envelope.result, now)
            case AnswerVerdict.UNAUTHENTICATED:
                self._refused_at = now
                LOGGER.debug("Sign-in refused with code %s", envelope.code)
                raise CredentialsRejected
            case AnswerVerdict.TOO_FAST:
                raise await self._backoff.too_fast(envelope.retry_after)
            case AnswerVerdict.USED_UP:
                raise await self._backoff.used_up_today()
            case verdict:
                raise refusal(verdict, envelope.code)


def _token(result: object, now: float) -> Token:
    """Read the answer; anything but the token itself may be missing."""
    access = result.get("access_token") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(access, str) or not access:
        raise UnexpectedAnswer
    life = number(result.get("expires_in")) or 0.0
    scope = result.get("scope")
    words = scope.split() if isinstance(scope, str) else ()
    return Token(
        access,
        issued_at=now,
        expires_at=now + (min(life, LONGEST_LIFE) if life > 0 else DEFAULT_LIFE),
        scope=tuple(words) or None,
    )
