"""One call to the cloud: planned, sent with a live token, judged, and repeated once when the token had died."""

from collections.abc import Mapping
import logging
from typing import Final

from yarl import URL

from ..errors import CredentialsRejected, PermissionMissing, SessionContested
from ..token import Token, TokenManager
from ..transport import Transport
from ..vault import Json
from .codes import Envelope, Verdict, judge
from .endpoints import Endpoint
from .limits import READ, Brakes
from .refusals import refusal

LOGGER: Final = logging.getLogger(__name__)
CONTEST_PAUSE: Final = 600.0
"""Seconds to leave the application to whoever took the token twice in a row."""


class Api:
    """The signed-in application."""

    def __init__(
        self, base: URL, transport: Transport, tokens: TokenManager, brakes: Brakes
    ) -> None:
        """Call ``base`` with tokens from ``tokens``."""
        self._base: Final = base
        self._transport: Final = transport
        self.tokens: Final = tokens
        self.brakes: Final = brakes
        self.tokenless = False
        """Whether the last attempt to get a token failed: then no other call can succeed."""

    async def call(
        self,
        endpoint: Endpoint,
        *,
        params: Mapping[str, str] | None = None,
        body: dict[str, Json] | None = None,
        lane: str = READ,
    ) -> Json:
        """Return the ``result`` of an answer. Raises the ``CloudError`` its code stands for."""
        token = await self._token()
        envelope = await self._send(endpoint, token, params, body, lane)
        if envelope.verdict is Verdict.UNAUTHENTICATED:
            # Everyday life: another program of the application asked for a token and killed ours.
            LOGGER.debug("Token refused with code %s, renewing it once", envelope.code)
            token = await self._token(token)
            envelope = await self._send(endpoint, token, params, body, lane)
        match envelope.verdict:
            case Verdict.ACCEPTED:
                self.brakes.released()
                return envelope.result
            case Verdict.UNAUTHENTICATED:
                raise SessionContested(CONTEST_PAUSE)
            case Verdict.FORBIDDEN:
                raise PermissionMissing(endpoint.permission)
            case Verdict.TOO_FAST:
                raise await self.brakes.too_fast(envelope.retry_after)
            case Verdict.USED_UP:
                raise await self.brakes.used_up_today()
            case verdict:
                LOGGER.debug("%s refused with code %s", endpoint.path, envelope.code)
                raise refusal(verdict, envelope.code)

    async def _token(self, stale: Token | None = None) -> Token:
        """Return a live token; one whose credentials are refused must not come back at the next start."""
        self.tokenless = True
        try:
            token = await (
                self.tokens.current() if stale is None else self.tokens.replace(stale)
            )
        except CredentialsRejected:
            await self.tokens.forget()
            raise
        self.tokenless = False
        return token

    async def _send(
        self,
        endpoint: Endpoint,
        token: Token,
        params: Mapping[str, str] | None,
        body: dict[str, Json] | None,
        lane: str,
    ) -> Envelope:
        self.brakes.quota.spend(lane)
        return judge(
            await self._transport.send(
                endpoint.method,
                self._base.with_path(endpoint.path),
                headers={"Authorization": f"bearer {token.access}"},
                params=params,
                json=body,
            )
        )
