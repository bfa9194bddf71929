"""Huawei FusionSolar through the SmartPVMS Northbound API, by an API account or by an owner's consent (OAuth Connect)."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    OAuth,
    SignIn,
    Vendor,
    fingerprint,
    import_clients,
)
from . import oauth
from .api import REGIONS, base_url, normalize_url, oauth_url

STALE_AFTER: Final = 1500.0
POLL_PERIOD: Final = 302.0
LINKS: Final[Mapping[str, str]] = {
    "portal": "https://eu5.fusionsolar.huawei.com",
    "reference": "https://support.huawei.com/enterprise/en/doc/EDOC1100261860",
}


def _account(credentials: Credentials) -> str:
    return fingerprint(base_url(credentials).host or "", credentials["username"])


def _client(credentials: Credentials) -> str:
    return fingerprint(base_url(credentials).host or "", credentials["client_id"])


ACCOUNT: Final = SignIn(
    key="fusionsolar_account",
    fields=(
        CredentialField("username"),
        CredentialField("password", FieldKind.SECRET),
    ),
    regions=REGIONS,
    account=_account,
    quota_account=_account,
    links=LINKS,
    portal_step="portal_northbound",
    own_step="own_api_account",
    pages=REGIONS,
    normalize_url=normalize_url,
    blames={
        "account_disabled": "username",
        "account_expired": "username",
        "password_expired": "password",
    },
)
CONSENT: Final = SignIn(
    key="fusionsolar_oauth",
    fields=(
        CredentialField("client_id"),
        CredentialField("client_secret", FieldKind.SECRET),
    ),
    regions=REGIONS,
    account=_client,
    quota_account=_client,
    links=LINKS,
    portal_step="portal_consent",
    own_step="own_application",
    pages=REGIONS,
    oauth=OAuth(
        authorize_url=oauth.authorize_url,
        exchange=oauth.exchange,
        account=oauth.account,
        longest_state=oauth.LONGEST_STATE,
    ),
    normalize_url=normalize_url,
    other_fields=(
        CredentialField("oauth_url", FieldKind.ADDRESS, required=False, rare=True),
    ),
    servers=lambda credentials: {"oauth_url": oauth_url(credentials)},
)


VENDOR: Final = Vendor(
    key="fusionsolar",
    name="FusionSolar",
    maker="Huawei",
    sign_ins=(ACCOUNT, CONSENT),
    clients=partial(import_clients, __name__),
    stale_after=STALE_AFTER,
    poll_period=POLL_PERIOD,
)
