"""OAuth 2.0 (V2): the page of consent, the exchange of its code, and tokens that rotate (sungrow.md §2.4-§2.6)."""

import time
from typing import Final
from urllib.parse import quote

from ..errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    PermissionMissing,
    TokenRefused,
    UnexpectedAnswer,
)
from ..points import number, text
from ..quota import Quota
from ..storage import Json, Storage
from ..token import Token, checked
from ..vendor import fingerprint
from .api import ApiClient, Body
from .auth import BUCKET, SignInMemory
from .errors import (
    GRANT_ERRORS,
    OK,
    REFRESH_ERRORS,
    RequestRefused,
    Throttled,
    error_for,
)

ACCESS_LIFE: Final = 172_799.0
REFUSED_REQUESTS: Final = 3
"""Refreshes called invalid before the owner is asked (sungrow.md §2.6)."""


def authorize_url(
    web: str, cloud_id: str | None, application_id: str, redirect_uri: str, state: str
) -> str:
    """Return the page of consent.

    The page is a route behind ``#``; the state comes back only from before it.
    """
    cloud = "" if cloud_id is None else f"cloudId={quote(cloud_id, safe='')}&"
    return (
        f"{web}/?state={quote(state, safe='')}#/authorized-app?{cloud}"
        f"applicationId={quote(application_id, safe='')}&redirectUrl={quote(redirect_uri, safe='')}"
    )


async def exchange(api: ApiClient, code: str, redirect_uri: str) -> Token:
    """Turn a code into the first pair of tokens."""
    answer = await api.ask(
        "openapi/apiManage/token",
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
        },
    )
    token = read_pair(answer, None)
    if token is None:
        raise _exchange_error(answer)
    return checked(token)


def _exchange_error(answer: Body) -> CloudError:
    code = str(answer.get("result_code"))
    if code in GRANT_ERRORS:
        return GRANT_ERRORS[code]()
    if answer.get("error") == "invalid_grant":
        mismatch = "redirect" in str(answer.get("error_description")).lower()
        if mismatch:
            return ConsentLost("redirect_mismatch")
        return CloudError("invalid_code")
    if answer.get("error") == "invalid_client":
        return CredentialsRejected("invalid_app_key")
    return UnexpectedAnswer("not_an_object") if code == OK else error_for(code, answer)


def read_pair(answer: Body, stale: Token | None) -> Token | None:
    """Read a pair of tokens, at the top or nested; ``None`` when there is none.

    Right after consent a life of nothing means that the pair wants to be refreshed at once; after a refresh it means nothing.
    """
    fields = _flat(answer)
    access = text(fields.get("access_token"))
    if access is None:
        return None
    now = time.time()
    life = number(fields.get("expires_in"))
    if life is None or (life <= 0 and stale is not None):
        life = ACCESS_LIFE
    user = text(fields.get("auth_user"))
    extra = (("user", user),) if user else (stale.extra if stale else ())
    refresh = text(fields.get("refresh_token")) or (stale.refresh if stale else None)
    return Token(access, now, now + max(0.0, life), refresh, extra=extra)


def _flat(answer: Body) -> dict[str, Json]:
    """Put the nested form over the top-level one: the field reports know both."""
    nested = answer.get("result_data")
    return {**answer, **nested} if isinstance(nested, dict) else answer


class OAuthRefresh:
    """Renews the pair. Both old tokens die with it, so each refresh token is used once."""

    def __init__(self, api: ApiClient, quota: Quota, storage: Storage) -> None:
        """Remember failures in the storage."""
        self._api: Final = api
        self._quota: Final = quota
        self._memory: Final = SignInMemory(storage, fingerprint("grant"))

    async def issue(self, stale: Token | None) -> Token:
        """Exchange the refresh token for a new pair."""
        if stale is None or stale.refresh is None:
            raise ConsentLost("authorization_missing")
        self._memory.check(stale)
        self._quota.acquire(BUCKET)
        try:
            token = await self._refresh(stale, stale.refresh)
        except PermissionMissing as err:
            await self._memory.bar(err)
            raise
        except Throttled:
            raise
        except TokenRefused:
            raise ConsentLost("authorization_lost") from None
        except (CloudUnreachable, UnexpectedAnswer) as err:
            await self._memory.fail(err)
            if self._memory.count(RequestRefused.default_key) >= REFUSED_REQUESTS:
                raise ConsentLost("authorization_lost") from None
            raise
        await self._memory.succeed()
        return token

    async def _refresh(self, stale: Token, refresh: str) -> Token:
        body: Body = {"refresh_token": refresh}
        try:
            answer = await self._api.ask("openapi/apiManage/refreshToken", body)
        except CloudUnreachable:
            # The server may have rotated without telling: once more with the old token says so.
            answer = await self._api.ask("openapi/apiManage/refreshToken", body)
        fields = _flat(answer)
        code = str(fields.get("code", fields.get("result_code")))
        token = read_pair(answer, stale)
        if code == OK and token is not None:
            return token
        if fields.get("error") == "invalid_grant":
            raise ConsentLost("authorization_lost")
        if code in REFRESH_ERRORS:
            error = REFRESH_ERRORS[code]()
            raise error
        raise (
            UnexpectedAnswer("not_an_object") if code == OK else error_for(code, fields)
        )
