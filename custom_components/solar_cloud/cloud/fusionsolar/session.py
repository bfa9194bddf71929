"""Signed-in calls: ids packed into them, each planned, counted, sent, and its refusal turned into what the reader must do."""

from collections.abc import Iterable, Mapping
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
from .limits import ALARMS, BATCH, DEVICE_NOW, PLANT_NOW

SHUN_SECONDS: Final = 3600.0
"""How long an id that spoils its call is left out before it is tried again."""


class Batcher:
    """Packs ids of one interface and kind.

    One plant without its owner's permission makes the vendor refuse all hundred of a call, without naming it. A refused batch is halved
    until the culprit is alone; it is then left out for a while, and its companions travel together again.
    """

    def __init__(self, shun_seconds: float = SHUN_SECONDS) -> None:
        """Suspect nobody."""
        self._shun_seconds: Final = shun_seconds
        self._groups: dict[str, int] = {}
        self._shunned: dict[str, float] = {}
        self._next_group = 1

    def pack(self, ids: Iterable[str]) -> list[tuple[str, ...]]:
        """Return full batches, each suspicious group apart from the others."""
        now = time.time()
        groups: dict[int, list[str]] = {}
        for each in ids:
            if self._shunned.get(each, 0.0) <= now:
                if self._shunned.pop(each, None) is not None:
                    self._suspect((each,))  # on probation, alone
                groups.setdefault(self._groups.get(each, 0), []).append(each)
        return [
            tuple(members[start : start + BATCH])
            for members in groups.values()
            for start in range(0, len(members), BATCH)
        ]

    def mark_failed(self, batch: tuple[str, ...]) -> bool:
        """Note a refusal; whether the culprit is now alone, and left out."""
        if len(batch) == 1:
            self._groups.pop(batch[0], None)
            self._shunned[batch[0]] = time.time() + self._shun_seconds
            return True
        middle = len(batch) // 2
        self._suspect(batch[:middle])
        self._suspect(batch[middle:])
        return False

    def mark_ok(self, batch: tuple[str, ...]) -> None:
        """Note a success: nobody in it is to blame."""
        for each in batch:
            self._groups.pop(each, None)

    def retry(self, ids: Iterable[str]) -> None:
        """Ask for these again at once, each on its own: what spoilt their calls was mended."""
        for each in ids:
            if self._shunned.pop(each, None) is not None:
                self._suspect((each,))

    def is_excluded(self, each: str) -> bool:
        """Whether an id is left out at the moment."""
        return self._shunned.get(each, 0.0) > time.time()

    def _suspect(self, batch: tuple[str, ...]) -> None:
        for each in batch:
            self._groups[each] = self._next_group
        self._next_group += 1


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
