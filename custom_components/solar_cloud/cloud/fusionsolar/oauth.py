"""OAuth Connect: the owner's consent in a browser, and the tokens that follow from it.

Source: OAuth Connect pages of EDOC1100379184; the token endpoint takes form fields only.
"""

from collections.abc import Mapping
import time
from typing import Final

from ..errors import (
    CloudError,
    CloudUnreachable,
    ConsentLost,
    CredentialsRejected,
    QuotaExhausted,
    UnexpectedAnswer,
)
from ..points import number, text
from ..token import Token, checked
from ..transport import Answer, Transport
from ..vendor import Ability, Credentials, Permission, fingerprint
from .api import FORBIDDEN, base_url, milliseconds, oauth_url, read, rows
from .errors import REACTIONS, ErrorAction

PERMISSIONS: Final = (
    Permission("pvms.openapi.basic", (Ability.VALUES, Ability.ALARMS, Ability.HISTORY)),
    Permission("pvms.openapi.control", (Ability.SETTINGS,)),
)
SCOPES: Final = tuple(each.name for each in PERMISSIONS)
PATH: Final = "/rest/dp/uidm/oauth2/v1/"
LIFETIME: Final = 3600.0
FIRST_PLANT: Final = "first_plant"
LONGEST_STATE: Final = 8
"""Home Assistant's signed state of 200 characters breaks the page; eight characters are known to pass."""


def authorize_url(credentials: Credentials, redirect_uri: str, state: str) -> str:
    """Return the page on which the owner approves."""
    return str(
        (oauth_url(credentials) / (PATH + "authorize").lstrip("/")).with_query(
            response_type="code",
            client_id=credentials["client_id"],
            redirect_uri=redirect_uri,
            state=state,
            scope=" ".join(SCOPES),
        )
    )


async def exchange(
    credentials: Credentials, code: str, redirect_uri: str, transport: Transport
) -> Token:
    """Trade the code for tokens, and ask the regional host for the account's first plant: its identity, and proof of the region."""
    token = checked(
        await _request(
            credentials,
            transport,
            None,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
        )
    )
    plant = await _first_plant(credentials, token, transport)
    return Token(
        token.access,
        token.issued_at,
        token.expires_at,
        token.refresh,
        token.scope,
        ((FIRST_PLANT, plant),),
    )


async def _first_plant(
    credentials: Credentials, token: Token, transport: Transport
) -> str:
    answer = await transport.send(
        "POST",
        base_url(credentials) / "thirdData/stations",
        headers=bearer(token),
        json={"pageNo": 1},
    )
    reply = read(answer)
    match REACTIONS.get(reply.code):
        case ErrorAction.DONE:
            codes = (text(row.get("plantCode")) for row in rows(reply.data, "list"))
            return min(filter(None, codes), default="")
        case ErrorAction.RELOGIN:
            raise CloudError("wrong_region")
        case ErrorAction.WAIT | ErrorAction.BUSY | ErrorAction.NEXT_DAY:
            raise QuotaExhausted(reply.retry_after or 60.0)
        case _:
            return ""


def account(credentials: Credentials, token: Token) -> str:
    """Tell owners apart who approved the same client: the API names no user, so the oldest plant stands for its owner."""
    plant = dict(token.extra).get(FIRST_PLANT, "")
    return fingerprint(
        base_url(credentials).host or "", credentials["client_id"], plant
    )


def bearer(token: Token) -> Mapping[str, str]:
    """Return the one header of a call; with XSRF-TOKEN beside it the gateway answers 305."""
    return {"Authorization": f"Bearer {token.access}"}


async def refresh(
    credentials: Credentials, stale: Token | None, transport: Transport
) -> Token:
    """Renew a token; the vendor replaces the refresh token at will."""
    if stale is None or stale.refresh is None:
        raise ConsentLost
    return await _request(
        credentials,
        transport,
        stale,
        grant_type="refresh_token",
        refresh_token=stale.refresh,
    )


async def _request(
    credentials: Credentials, transport: Transport, stale: Token | None, **form: str
) -> Token:
    sent_at = milliseconds() / 1000
    answer = await transport.send(
        "POST",
        oauth_url(credentials) / (PATH + "token").lstrip("/"),
        form={
            **form,
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
        },
    )
    try:
        body = answer.json()
    except UnexpectedAnswer:
        body = None
    fields = body if isinstance(body, dict) else {}
    access = text(fields.get("access_token"))
    if access is None:
        raise _refusal(answer, fields.get("error"), first=stale is None)
    scope = text(fields.get("scope"))
    return Token(
        access,
        time.time(),
        sent_at + (number(fields.get("expires_in")) or LIFETIME),
        text(fields.get("refresh_token")) or (stale.refresh if stale else None),
        tuple(scope.replace(",", " ").split())
        if scope
        else (stale.scope if stale else None),
        stale.extra if stale else (),
    )


def _refusal(answer: Answer, error: object, *, first: bool) -> CloudError:
    """Sort what the token endpoint says: a 4xx that is not a gateway's ends the consent, everything else passes."""
    if answer.status == 429:
        return QuotaExhausted(answer.retry_after or 60.0)
    if not 400 <= answer.status < 500:
        return CloudUnreachable()
    if answer.status == FORBIDDEN and error is None:
        return CloudUnreachable("access_blocked")
    if answer.status in (404, 405) and error is None:
        return CloudUnreachable("wrong_host")  # this host serves no consents
    if error in ("invalid_client", "unauthorized_client"):
        return CredentialsRejected("client_refused")
    return CloudError("invalid_code") if first else ConsentLost()
