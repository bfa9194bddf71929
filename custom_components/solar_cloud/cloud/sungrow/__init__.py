"""Sungrow iSolarCloud through its OpenAPI: with an account's password (V1) or by OAuth 2.0 (V2)."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..addresses import servers, tidied
from ..token import Token
from ..transport import Transport
from ..vendor import (
    OTHER,
    CredentialField,
    Credentials,
    FieldKind,
    OAuth,
    SignIn,
    Vendor,
    fingerprint,
    import_clients,
)
from .api import ApiClient, Keys
from .oauth import authorize_url, exchange

STALE_AFTER: Final = 1800.0

GATEWAYS: Final[Mapping[str, str]] = {
    "eu": "https://gateway.isolarcloud.eu",
    "international": "https://gateway.isolarcloud.com.hk",
    "cn": "https://gateway.isolarcloud.com",
    "au": "https://augateway.isolarcloud.com",
    "in": "https://gateway.isolarcloud.in",
}
"""sungrow.md §1.1; India's come from users, not from the portal (KRoperUK/sungrow-hass#404)."""
CONSENT_PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "eu": ("https://web3.isolarcloud.eu", "3"),
    "international": ("https://web3.isolarcloud.com.hk", "2"),
    "cn": ("https://web3.isolarcloud.com", "1"),
    "au": ("https://auweb3.isolarcloud.com", "7"),
    "in": ("https://web3.isolarcloud.in", "9"),
}
"""Where consent is given, and the number of the cloud (sungrow.md §1.1)."""
PAGES: Final = {region: page for region, (page, _) in CONSENT_PAGES.items()}
"""The same hosts show owners their plants (sungrow.md §1.1)."""
SERVERS: Final = servers(GATEWAYS, PAGES) | {"web3.isolarcloud.com.cn": GATEWAYS["cn"]}
"""The gateway by its host or that of the web page; China's has two in the documentation (sungrow.md §1.1)."""
PORTAL: Final = "https://developer-api.isolarcloud.com"


def _application(credentials: Credentials) -> str:
    return fingerprint(_home(credentials), credentials["app_key"].strip())


def _account(credentials: Credentials) -> str:
    return fingerprint(_home(credentials), credentials["username"].strip().lower())


def _granted_account(credentials: Credentials, token: Token) -> str:
    """The consenting user's number; the application's where the server does not tell it."""
    user = dict(token.extra).get("user")
    return fingerprint(
        _home(credentials), user or credentials["application_id"].strip()
    )


def _home(credentials: Credentials) -> str:
    """Say where an account lives; the region's name, so that a moved host changes nothing."""
    region = credentials["region"]
    return credentials["base_url"] if region == OTHER else region


def api_client(
    sign_in: SignIn, credentials: Credentials, transport: Transport
) -> ApiClient:
    """Return what sends an application's calls."""
    keys = Keys(
        credentials["app_key"].strip(),
        credentials["secret_key"].strip(),
        credentials.get("rsa_public_key", "").strip() or None,
    )
    return ApiClient(sign_in.base_url(credentials), keys, transport)


def _authorize_url(credentials: Credentials, redirect_uri: str, state: str) -> str:
    region = credentials["region"]
    page, cloud_id = CONSENT_PAGES.get(
        region,
        (
            credentials.get("base_url", "").rstrip("/"),
            credentials.get("cloud_id", "").strip() or None,
        ),
    )
    return authorize_url(
        page, cloud_id, credentials["application_id"].strip(), redirect_uri, state
    )


async def _exchange(
    credentials: Credentials, code: str, redirect_uri: str, transport: Transport
) -> Token:
    return await exchange(api_client(GRANT, credentials, transport), code, redirect_uri)


APPLICATION_FIELDS: Final = (
    CredentialField("app_key"),
    CredentialField("secret_key", FieldKind.SECRET),
)
RSA_FIELD: Final = CredentialField("rsa_public_key", required=False, rare=True)
LINKS: Final = {"portal": PORTAL}
BLAMES: Final[Mapping[str, str]] = {
    "invalid_app_key": "app_key",
    "invalid_secret_key": "secret_key",
    "wrong_password": "password",
    "unknown_account": "username",
    "account_disabled": "username",
    "invalid_rsa_key": "rsa_public_key",
    "encryption_required": "rsa_public_key",
}

ACCOUNT: Final = SignIn(
    key="sungrow_account",
    fields=(
        *APPLICATION_FIELDS,
        CredentialField("username"),
        CredentialField("password", FieldKind.SECRET),
        RSA_FIELD,
    ),
    regions=GATEWAYS,
    account=_account,
    quota_account=_application,
    links=LINKS,
    pages=PAGES,
    normalize_url=partial(tidied, known=SERVERS),
    blames=BLAMES,
    portal_step="portal_application",
    own_step="own_application",
)
GRANT: Final = SignIn(
    key="sungrow_oauth",
    fields=(*APPLICATION_FIELDS, CredentialField("application_id"), RSA_FIELD),
    regions=GATEWAYS,
    account=_application,
    quota_account=_application,
    links=LINKS,
    pages=PAGES,
    normalize_url=partial(tidied, known=SERVERS),
    oauth=OAuth(_authorize_url, _exchange, _granted_account),
    blames=BLAMES,
    portal_step="portal_application",
    own_step="own_application",
    # Without its number the page of consent takes an account for one of China's.
    other_fields=(CredentialField("cloud_id", required=False, rare=True),),
)


VENDOR: Final = Vendor(
    key="sungrow",
    name="Sungrow",
    sign_ins=(ACCOUNT, GRANT),
    clients=partial(import_clients, __name__),
    stale_after=STALE_AFTER,
)
