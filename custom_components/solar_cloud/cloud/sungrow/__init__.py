"""Sungrow iSolarCloud through its OpenAPI: with an account's password (V1) or by OAuth 2.0 (V2)."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..addresses import servers, tidied
from ..quota import ALL, DAY, Quota, Window
from ..storage import Storage
from ..token import Token, TokenManager
from ..transport import Transport
from ..vendor import (
    OTHER,
    Cloud,
    CredentialField,
    Credentials,
    FieldKind,
    OAuth,
    SignIn,
    Vendor,
    fingerprint,
)
from .access import Permissions
from .api import V1, V2, ApiClient, Keys
from .auth import BUCKET, WINDOWS, AccountLogin
from .client import SungrowCloud
from .limits import SungrowBackoff
from .oauth import OAuthRefresh, authorize_url, exchange
from .points import CATALOGUE
from .readings import STALE_AFTER
from .session import HISTORY_BUCKET, SungrowSession

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

HOUR_LIMIT: Final = Window(2000, 3600.0, reserved=100)
DAY_LIMIT: Final = Window(48_000, DAY, reserved=1000)
HISTORY_LIMITS: Final = (Window(100, 3600.0), Window(600, DAY))
"""The past can wait: two days of a home are 60 calls, and live values need most of a month's."""
MONTH_LIMIT: Final = Window(100_000, 31 * DAY, reserved=2000)
"""Of one application (sungrow.md §7.1); the last two are one user's observation."""

ACCOUNT_MARGIN: Final = 600.0
GRANT_MARGIN: Final = DAY
"""Refreshed once a day, so that a stopped Home Assistant keeps most of the thirty days (sungrow.md §2.6)."""


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


def _api_client(
    sign_in: SignIn, credentials: Credentials, transport: Transport
) -> ApiClient:
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
    return await exchange(
        _api_client(GRANT, credentials, transport), code, redirect_uri
    )


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


def _quota(storage: Storage) -> Quota:
    limits = (HOUR_LIMIT, DAY_LIMIT, MONTH_LIMIT)
    return Quota(
        {ALL: limits, BUCKET: WINDOWS, HISTORY_BUCKET: HISTORY_LIMITS}, storage
    )


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    quota: Quota,
) -> Cloud:
    """Build a client; no call is made."""
    api = _api_client(sign_in, credentials, transport)
    if sign_in is GRANT:
        refresh = OAuthRefresh(api, quota, storage)
        tokens = TokenManager(refresh.issue, storage, margin=GRANT_MARGIN)
        api_version = V2
    else:
        login = AccountLogin(
            api,
            quota,
            storage,
            credentials["username"].strip(),
            credentials["password"],
            scope=_application(credentials),
        )
        tokens = TokenManager(login.issue, storage, margin=ACCOUNT_MARGIN)
        api_version = V1
    session = SungrowSession(
        api, api_version, tokens, quota, SungrowBackoff(storage), Permissions(storage)
    )
    return SungrowCloud(session, storage)


VENDOR: Final = Vendor(
    key="sungrow",
    name="Sungrow",
    sign_ins=(ACCOUNT, GRANT),
    quota=_quota,
    connect=connect,
    stale_after=STALE_AFTER,
    catalogue=CATALOGUE,
)
