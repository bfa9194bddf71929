"""Signed-in calls: planned, counted, sent, and a refusal turned into what the reader must do."""

from collections import defaultdict
from datetime import UTC, datetime
import time
from typing import Final, override

from yarl import URL

from ..backoff import DAILY, DoublingWait, to_midnight
from ..errors import CloudError, QuotaExhausted, TokenRefused, Unanswered
from ..quota import ALL, Quota
from ..session import Call, Session
from ..storage import Json
from ..token import Token
from ..transport import Transport
from .api import Reply, read
from .auth import Authorization
from .errors import REACTIONS, ErrorAction, Refused, account_refusal
from .limits import BUSY_WAIT, DAILY_WAIT, LEAST_DAY_WAIT, WAITS

AT_THE_DOOR: Final = frozenset(
    {ErrorAction.CREDENTIALS, ErrorAction.WAIT, ErrorAction.BUSY, ErrorAction.NEXT_DAY}
)
"""Answers to a command that have nothing to do with what it says: it was not looked at."""
DOUBTFUL: Final = frozenset({20004, 30008})
"""The server stumbled, and perhaps over the command itself."""


class FusionSolarSession(Session):
    """Sends calls within the account's budget."""

    def __init__(
        self, base: URL, auth: Authorization, transport: Transport, quota: Quota
    ) -> None:
        """Send to one regional host."""
        super().__init__(auth.tokens, quota)
        self.auth: Final = auth
        self._base: Final = base
        self._transport: Final = transport
        self._waits: Final = defaultdict[str, DoublingWait](DoublingWait)
        """By bucket."""

    async def send(
        self,
        bucket: str,
        body: dict[str, Json],
        *,
        command: bool = False,
        path: str | None = None,
    ) -> Json:
        """Send a call and return its data.

        Raises ``Refused`` for a refusal that concerns this call only, and the ``CloudError`` that fits for everything else.
        """
        path = path or f"thirdData/{bucket}"
        reply = await self._exchange(bucket, path, body, command=command)
        if REACTIONS.get(reply.code) is not ErrorAction.DONE:
            raise await self._refusal(bucket, reply)
        return reply.data

    async def write(self, bucket: str, path: str, body: dict[str, Json]) -> Reply:
        """Send a command and return its answer, whether it says yes or no; errors as ``exchange``."""
        reply = await self._exchange(bucket, path, body, command=True, changes=True)
        if reply.code in DOUBTFUL:
            raise Unanswered
        if REACTIONS.get(reply.code) in AT_THE_DOOR:
            raise await self._refusal(bucket, reply)
        return reply

    async def _exchange(
        self,
        bucket: str,
        path: str,
        body: dict[str, Json],
        *,
        command: bool,
        changes: bool = False,
    ) -> Reply:
        async def send(token: Token) -> Reply:
            try:
                answer = await self._transport.send(
                    "POST",
                    self._base.joinpath(path),
                    headers=self.auth.headers(token),
                    json=body,
                )
            finally:
                self.quota.answered(bucket)
            reply = read(answer)
            match REACTIONS.get(reply.code):
                case ErrorAction.RELOGIN:
                    raise TokenRefused
                case ErrorAction.DONE:
                    self.auth.accepted(token)
                    self._waits[bucket].reset()
                    self._waits[ALL].reset()
            return reply

        return await self.exchange(Call(send, bucket, command=command, changes=changes))

    @override
    async def conflict(self) -> CloudError:
        """Let the way of signing in say what a token that was just taken means."""
        return await self.auth.refused_again()

    async def _refusal(self, bucket: str, reply: Reply) -> CloudError:
        match REACTIONS.get(reply.code):
            case ErrorAction.CREDENTIALS:
                error = account_refusal(reply.code, reply.message)
                if isinstance(error, QuotaExhausted):
                    await self.quota.block(error.retry_after, key=error.key)
                return error
            case ErrorAction.WAIT:
                return await self._stay_away(bucket, WAITS.get(bucket, DAILY_WAIT))
            case ErrorAction.BUSY:
                key = "access_blocked" if reply.blocked else "vendor_busy"
                return await self._stay_away(ALL, BUSY_WAIT, key, reply.retry_after)
            case ErrorAction.NEXT_DAY:
                # When the vendor's day ends is not documented.
                wait = max(
                    LEAST_DAY_WAIT,
                    to_midnight(datetime.fromtimestamp(time.time(), UTC)),
                )
                return await self.quota.block(wait, ALL, DAILY)
            case _:
                return Refused(reply.code)

    async def _stay_away(
        self,
        bucket: str,
        waits: tuple[float, float],
        key: str = QuotaExhausted.default_key,
        retry_after: float | None = None,
    ) -> QuotaExhausted:
        """Block a bucket for as long as it is ordered, else twice as long each time in a row; the next accepted call ends the row."""
        if (standing := self.quota.standing(bucket)) is not None:
            return standing
        growing = self._waits[bucket].next(*waits)
        return await self.quota.block(retry_after or growing, bucket, key)
