"""How Toy Solar is called: what a call carries, what an answer means, and where tokens come from."""

import time

from yarl import URL

from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CredentialsRejected,
    QuotaExhausted,
    TokenRefused,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.points import number, text
from custom_components.solar_cloud.cloud.quota import ALL, Quota
from custom_components.solar_cloud.cloud.session import Call, Session
from custom_components.solar_cloud.cloud.storage import Json, Storage
from custom_components.solar_cloud.cloud.token import Token, TokenManager
from custom_components.solar_cloud.cloud.transport import Answer, Transport
from custom_components.solar_cloud.cloud.vendor import Credentials

LOGIN = "login"


class ToySession(Session):
    """One account."""

    def __init__(
        self,
        base: URL,
        credentials: Credentials,
        transport: Transport,
        storage: Storage,
        quota: Quota,
    ) -> None:
        """Renew tokens five minutes before their end; call nobody yet."""
        super().__init__(TokenManager(self._sign_in, storage, margin=300.0), quota)
        self._base = base
        self._credentials = credentials
        self._transport = transport

    async def get(self, path: str) -> dict[str, Json]:
        """Return the answer to a call. Raises a ``CloudError``."""

        async def send(token: Token) -> dict[str, Json]:
            url, bearer = self._base / path, {"Authorization": f"Bearer {token.access}"}
            answer = await self._transport.send("GET", url, headers=bearer)
            return await self._read(answer)

        return await self.exchange(Call(send, ALL))

    async def _sign_in(self, stale: Token | None) -> Token:
        """Ask for a token; a stale one is of no use here."""
        self.quota.acquire(LOGIN)
        now = time.time()
        typed: Json = {key: self._credentials[key] for key in ("username", "password")}
        answer = await self._transport.send("POST", self._base / "login", json=typed)
        if answer.status == 403:
            raise CredentialsRejected
        body = await self._read(answer)
        access, life = text(body.get("token")), number(body.get("expires_in"))
        if access is None or life is None:
            raise UnexpectedAnswer
        return Token(access, issued_at=now, expires_at=now + life)

    async def _read(self, answer: Answer) -> dict[str, Json]:
        """Return what was answered; nothing the vendor wrote gets into an error."""
        if answer.status == 401:
            raise TokenRefused
        if answer.status == 429:
            refusal = QuotaExhausted(answer.retry_after or 60.0)
            await self.quota.block(refusal.retry_after)
            raise refusal
        if answer.status >= 500:
            raise CloudUnreachable("server_error")
        body = answer.json()
        if answer.status != 200 or not isinstance(body, dict):
            raise UnexpectedAnswer("http_error", status=str(answer.status))
        return body
