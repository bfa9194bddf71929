"""Huawei FusionSolar through the SmartPVMS Northbound API, by an API account or by an owner's consent (OAuth Connect)."""

from collections.abc import Mapping
from typing import Final

from ..quota import Quota
from ..storage import Storage
from ..transport import Transport
from ..vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    OAuth,
    SignIn,
    Vendor,
    fingerprint,
)
from . import oauth
from .api import REGIONS, base_url, normalize_url, oauth_url
from .auth import ApiAccount, Authorization, ConsentAuthorization
from .client import FusionSolarCloud
from .limits import set_total, windows
from .points import CATALOGUE
from .readings import STALE_AFTER
from .schedule import POLL_PERIOD
from .session import FusionSolarSession

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


def _quota(storage: Storage) -> Quota:
    return Quota(windows(0, {}), storage)


def _connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    quota: Quota,
) -> FusionSolarCloud:
    """Build a client; the limit of the whole account depends on how it signs in."""
    owner = sign_in.oauth is not None
    set_total(quota, owner=owner)
    auth: Authorization = (ConsentAuthorization if owner else ApiAccount)(
        credentials, transport, storage, quota
    )
    return FusionSolarCloud(
        FusionSolarSession(base_url(credentials), auth, transport, quota),
        storage,
        owner=owner,
    )


VENDOR: Final = Vendor(
    key="fusionsolar",
    name="FusionSolar",
    maker="Huawei",
    sign_ins=(ACCOUNT, CONSENT),
    quota=_quota,
    connect=_connect,
    stale_after=STALE_AFTER,
    catalogue=CATALOGUE,
    poll_period=POLL_PERIOD,
)

__all__ = ["VENDOR"]
