"""One call: planned, spent, sent, and its refusal turned into what the reader must do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from yarl import URL

from ..errors import CloudError, QuotaExhausted
from ..quota import ALL, Quota
from ..token import Token
from ..transport import Transport
from ..vault import Json
from .auth import Authorization
from .codes import REACTIONS, Reaction, Refused, account_refusal
from .envelope import Reply, read
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


class Calls:
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
        self, lane: str, body: dict[str, Json], *, command: bool = False
    ) -> Json:
        """Send a call and return its data.

        Raises ``Refused`` for a refusal that concerns this call only, and the ``CloudError`` that fits for everything else.
        """
        if self.quota.wait(lane, command=command) > 0:
            self.quota.spend(lane, command=command)  # raises
        token = await self.auth.tokens.current()
        reply = await self._send(lane, body, token, command)
        if REACTIONS.get(reply.code) is Reaction.RELOGIN:
            token = await self.auth.tokens.replace(token)
            reply = await self._send(lane, body, token, command)
            if REACTIONS.get(reply.code) is Reaction.RELOGIN:
                raise await self.auth.refused_again()
        if REACTIONS.get(reply.code) is not Reaction.DONE:
            raise await self._refusal(lane, reply)
        self.auth.accepted(token)
        self._strikes.pop(lane, None)
        self._strikes.pop(ALL, None)
        return reply.data

    async def _send(
        self, lane: str, body: dict[str, Json], token: Token, command: bool
    ) -> Reply:
        self.quota.spend(lane, command=command)
        return read(
            await self._transport.send(
                "POST",
                self._base / "thirdData" / lane,
                headers=self.auth.headers(token),
                json=body,
            )
        )

    async def _refusal(self, lane: str, reply: Reply) -> CloudError:
        match REACTIONS.get(reply.code):
            case Reaction.CREDENTIALS:
                error = account_refusal(reply.code, reply.message)
                if isinstance(error, QuotaExhausted):
                    await self.quota.block(error.retry_after, key=error.key)
                return error
            case Reaction.WAIT:
                return await self._stay_away(lane, WAITS.get(lane, DAILY_WAIT))
            case Reaction.BUSY:
                return await self._stay_away(ALL, BUSY_WAIT, "vendor_busy")
            case Reaction.NEXT_DAY:
                wait = max(LEAST_DAY_WAIT, _until_midnight())
                await self.quota.block(wait, ALL, "daily_limit")
                return QuotaExhausted(wait, "daily_limit")
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
