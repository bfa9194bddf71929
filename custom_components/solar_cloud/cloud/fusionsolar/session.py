"""Signed-in calls: planned, counted, sent, and a refusal turned into what the reader must do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import time
from typing import Final

from yarl import URL

from ..backoff import DAILY, moment
from ..errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    NotConnected,
    QuotaExhausted,
    Unanswered,
    UnexpectedAnswer,
)
from ..quota import ALL, Quota
from ..storage import Json
from ..token import Token
from ..transport import Transport
from .api import Reply, read
from .auth import Authorization
from .errors import REACTIONS, ErrorAction, ParameterRefused, Refused, account_refusal
from .limits import ALARMS, DEVICE_NOW, PLANT_NOW

WAITS: Final[Mapping[str, tuple[float, float]]] = {
    DEVICE_NOW: (300.0, 1800.0),
    PLANT_NOW: (300.0, 1800.0),
    ALARMS: (1800.0, 7200.0),
}
"""First and longest wait after 407, by interface; those with a daily limit wait an hour, then longer."""
DAILY_WAIT: Final = (3600.0, 86400.0)
BUSY_WAIT: Final = (60.0, 900.0)
LEAST_DAY_WAIT: Final = 3600.0
AT_THE_DOOR: Final = frozenset(
    {ErrorAction.CREDENTIALS, ErrorAction.WAIT, ErrorAction.BUSY, ErrorAction.NEXT_DAY}
)
"""Answers to a command that have nothing to do with what it says: it was not looked at."""
DOUBTFUL: Final = frozenset({20004, 30008})
"""The server stumbled, and perhaps over the command itself."""


class FusionSolarSession:
    """Sends calls within the account's budget."""

    def __init__(
        self, base: URL, auth: Authorization, transport: Transport, quota: Quota
    ) -> None:
        """Send to one regional host."""
        self._base: Final = base
        self.auth: Final = auth
        self._transport: Final = transport
        self.quota: Final = quota
        self._strikes: dict[str, int] = {}

    async def send(
        self,
        lane: str,
        body: dict[str, Json],
        *,
        command: bool = False,
        path: str | None = None,
    ) -> Json:
        """Send a call and return its data.

        Raises ``Refused`` for a refusal that concerns this call only, and the ``CloudError`` that fits for everything else.
        """
        path = path or f"thirdData/{lane}"
        reply = await self._exchange(lane, path, body, command=command)
        if REACTIONS.get(reply.code) is not ErrorAction.DONE:
            raise await self._refusal(lane, reply)
        return reply.data

    async def write(self, lane: str, path: str, body: dict[str, Json]) -> Reply:
        """Send a command and return its answer, whether it says yes or no.

        Raises ``Unanswered`` when nobody knows whether it arrived, any other ``CloudError`` when it certainly was not carried out.
        """
        reply = await self._exchange(lane, path, body, command=True, writes=True)
        if reply.code in DOUBTFUL:
            raise Unanswered
        if REACTIONS.get(reply.code) in AT_THE_DOOR:
            raise await self._refusal(lane, reply)
        return reply

    async def _exchange(
        self,
        lane: str,
        path: str,
        body: dict[str, Json],
        *,
        command: bool,
        writes: bool = False,
    ) -> Reply:
        """Send with a live token. A refused token is replaced once: what it came with was turned away at the door, a command too."""
        if self.quota.wait(lane, command=command) > 0:
            self.quota.acquire(lane, command=command)  # raises

        async def send(token: Token) -> Reply:
            self.quota.acquire(lane, command=command)
            try:
                return await self._send(path, body, token)
            except NotConnected, ParameterRefused:
                raise
            except CloudUnreachable, UnexpectedAnswer:
                if writes:
                    raise Unanswered from None
                raise
            finally:
                self.quota.answered(lane)

        token = await self._token()
        reply = await send(token)
        if REACTIONS.get(reply.code) is ErrorAction.RELOGIN:
            token = await self._token(token)
            reply = await send(token)
            if REACTIONS.get(reply.code) is ErrorAction.RELOGIN:
                raise await self.auth.refused_again()
        if REACTIONS.get(reply.code) is ErrorAction.DONE:
            self.auth.accepted(token)
            self._strikes.pop(lane, None)
            self._strikes.pop(ALL, None)
        return reply

    async def _token(self, stale: Token | None = None) -> Token:
        """Return a live token; a consent that is lost must not come back at the next start, nor a secret be doubted for it."""
        tokens = self.auth.tokens
        try:
            return await (tokens.current() if stale is None else tokens.replace(stale))
        except ConsentLost:
            await tokens.forget()
            raise

    async def _send(self, path: str, body: dict[str, Json], token: Token) -> Reply:
        return read(
            await self._transport.send(
                "POST",
                self._base.joinpath(path),
                headers=self.auth.headers(token),
                json=body,
            )
        )

    async def _refusal(self, lane: str, reply: Reply) -> CloudError:
        match REACTIONS.get(reply.code):
            case ErrorAction.CREDENTIALS:
                error = account_refusal(reply.code, reply.message)
                if isinstance(error, QuotaExhausted):
                    await self.quota.block(error.retry_after, key=error.key)
                return error
            case ErrorAction.WAIT:
                return await self._stay_away(lane, WAITS.get(lane, DAILY_WAIT))
            case ErrorAction.BUSY:
                return await self._stay_away(ALL, BUSY_WAIT, "vendor_busy")
            case ErrorAction.NEXT_DAY:
                wait = max(LEAST_DAY_WAIT, _until_midnight())
                await self.quota.block(wait, ALL, DAILY)
                until = moment(time.time() + wait)
                return QuotaExhausted(wait, "daily_limit", until=until)
            case _:
                return Refused(reply.code)

    async def _stay_away(
        self, lane: str, waits: tuple[float, float], key: str = "rate_limited"
    ) -> QuotaExhausted:
        """Block a lane, twice as long each time in a row; the next accepted call ends the row."""
        strikes = self._strikes.get(lane, 0)
        self._strikes[lane] = strikes + 1
        wait = min(waits[0] * 2**strikes, waits[1])
        await self.quota.block(wait, lane, key)
        return QuotaExhausted(wait, key)


def _until_midnight() -> float:
    """Return the seconds to the end of the UTC day; when the vendor's day ends is not documented."""
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return (tomorrow - now).total_seconds()
