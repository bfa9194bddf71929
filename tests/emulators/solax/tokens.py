"""The token endpoints: the documented one, and the older one with the same tokens."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from .application import Application, Token
from .envelope import Refusal
from .knobs import Knobs

SCHEME = "bearer"


def recognise(
    params: Mapping[str, Any],
    grant_type: str,
    applications: Mapping[str, Application],
    knobs: Knobs,
) -> Application:
    """Return the application that asks with the right credentials, or refuse."""
    asked = params.get("grant_type")
    if not asked or not params.get("client_id") or not params.get("client_secret"):
        raise Refusal(knobs.bad_grant_code)
    if asked == "authorization_code":
        raise Refusal(10001)  # a grant for third-party platforms, not offered here
    if asked != grant_type:
        raise Refusal(knobs.bad_grant_code)
    application = applications.get(str(params["client_id"]))
    if knobs.lives_elsewhere:
        application = None
    if application is None or application.client_secret != params["client_secret"]:
        raise Refusal(knobs.bad_secret_code)
    return application


def issue(application: Application, knobs: Knobs, now: float) -> dict[str, Any]:
    """Issue a token and return the answer's result."""
    token = application.issue(now, knobs.token_lifetime)
    if knobs.refuse_new_tokens:
        application.live = None
    return _answer(application, token, knobs)


def _answer(application: Application, token: Token, knobs: Knobs) -> dict[str, Any]:
    answer = {
        "access_token": token.value,
        "token_type": SCHEME,
        "expires_in": knobs.token_lifetime,
        "scope": application.scope,
        "grant_type": "client_credentials",
        "auth_station": "all",
    }
    return {
        key: value for key, value in answer.items() if key not in knobs.token_leaves_out
    }


class DeadToken(Refusal):
    """A token that was once good, or never was."""


def authenticate(
    request: web.Request, applications: Mapping[str, Application], now: float
) -> Application:
    """Return who asks, or refuse; the scheme's case does not matter."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not value:
        raise Refusal(10400)
    for application in applications.values():
        if token := application.find(value.strip()):
            if application.accepts(token, now):
                return application
            raise DeadToken(10402)
    raise DeadToken(10402)


def generation(
    request: web.Request, applications: Mapping[str, Application]
) -> int | None:
    """Return which generation of token a request carries, dead or alive."""
    value = request.headers.get("Authorization", "").partition(" ")[2].strip()
    for application in applications.values():
        if token := application.find(value):
            return token.generation
    return None
