"""One call to the cloud: planned, sent with a live token, judged, and repeated once when the token had died."""

from collections.abc import Mapping
import logging
from typing import Final

from yarl import URL

from ..errors import (
    CloudUnreachable,
    CredentialsRejected,
    NotConnected,
    PermissionMissing,
    SessionConflict,
    Unanswered,
    UnexpectedAnswer,
)
from ..storage import Json
from ..token import Token, TokenManager
from ..transport import Transport
from .api import Endpoint
from .errors import AnswerVerdict, JudgedAnswer, judge, refusal
from .limits import CONTROL, READ, SolaxBackoff

LOGGER: Final = logging.getLogger(__name__)
CONTEST_PAUSE: Final = 600.0
"""Seconds to leave the application to whoever took the token twice in a row."""


class SolaxSession:
    """The signed-in application."""

    def __init__(
        self,
        base: URL,
        transport: Transport,
        tokens: TokenManager,
        brakes: SolaxBackoff,
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
        envelope = await self._exchange(endpoint, params, body, lane)
        if envelope.verdict is AnswerVerdict.ACCEPTED:
            return envelope.result
        LOGGER.debug("%s refused with code %s", endpoint.path, envelope.code)
        raise refusal(envelope.verdict, envelope.code)

    async def write(self, endpoint: Endpoint, body: dict[str, Json]) -> JudgedAnswer:
        """Send a command and return its answer, whether it says yes or no.

        Raises ``Unanswered`` when nobody knows whether it arrived, any other ``CloudError`` when it certainly was not carried out.
        """
        return await self._exchange(endpoint, None, body, CONTROL)

    async def _exchange(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None,
        body: dict[str, Json] | None,
        lane: str,
    ) -> JudgedAnswer:
        """Send with a live token; what concerns tokens, permissions and pace is raised."""
        token = await self._token()
        envelope = await self._send(endpoint, token, params, body, lane)
        if envelope.verdict is AnswerVerdict.UNAUTHENTICATED:
            # Everyday life: another program of the application asked for a token and killed ours. Turned away at the door, nothing was
            # carried out, so that a command may go in again.
            LOGGER.debug("Token refused with code %s, renewing it once", envelope.code)
            token = await self._token(token)
            envelope = await self._send(endpoint, token, params, body, lane)
        match envelope.verdict:
            case AnswerVerdict.ACCEPTED:
                self.brakes.released()
            case AnswerVerdict.UNAUTHENTICATED:
                raise SessionConflict(CONTEST_PAUSE)
            case AnswerVerdict.FORBIDDEN:
                raise PermissionMissing(endpoint.permission)
            case AnswerVerdict.TOO_FAST:
                raise await self.brakes.too_fast(envelope.retry_after)
            case AnswerVerdict.USED_UP:
                raise await self.brakes.used_up_today()
            case AnswerVerdict.BLOCKED:
                raise refusal(envelope.verdict, envelope.code)
        return envelope

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
    ) -> JudgedAnswer:
        commands = lane == CONTROL
        self.brakes.quota.acquire(lane, command=commands)
        try:
            return judge(
                await self._transport.send(
                    endpoint.method,
                    self._base.with_path(endpoint.path),
                    headers={"Authorization": f"bearer {token.access}"},
                    params=params,
                    json=body,
                )
            )
        except NotConnected:
            raise
        except CloudUnreachable, UnexpectedAnswer:
            if commands:
                raise Unanswered from None
            raise
