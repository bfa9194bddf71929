"""SolaX: the developer portal's API, generation v2."""

from functools import partial
from typing import Final

from ..addresses import servers, tidied
from ..quota import Quota
from ..storage import Storage
from ..token import TokenManager
from ..transport import Transport
from ..vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    SignIn,
    Vendor,
    fingerprint,
)
from .auth import MARGIN, TokenIssuer
from .client import SolaxCloud
from .limits import SolaxBackoff, quota
from .points import CATALOGUE
from .session import SolaxSession
from .timestamps import STALE_AFTER


def account(credentials: Credentials) -> str:
    """Identify an application without naming it."""
    return fingerprint(credentials["client_id"].strip().lower())


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> SolaxCloud:
    """Build a client without a call."""
    base = sign_in.base_url(credentials)
    backoff = SolaxBackoff(budget)
    issuer = TokenIssuer(base, credentials, transport, backoff)
    tokens = TokenManager(issuer.issue, storage, margin=MARGIN)
    return SolaxCloud(SolaxSession(base, transport, tokens, backoff), storage)


REGIONS: Final = {
    "eu": "https://openapi-eu.solaxcloud.com",
    "cn": "https://openapi-cn.solaxcloud.com",
    "us": "https://openapi-us.solaxcloud.com",
    "in": "https://openapi-in.solaxcloud.com",
}
PAGES: Final = {"eu": "https://global.solaxcloud.com"}
"""As users of its older API were told to sign in; of the other regions nobody told."""

SIGN_IN: Final = SignIn(
    key="solax",
    fields=(
        CredentialField("client_id"),
        CredentialField("client_secret", FieldKind.SECRET),
    ),
    regions=REGIONS,
    account=account,
    quota_account=account,
    pages=PAGES,
    links={"portal": "https://developer.solaxcloud.com"},
    portal_step="portal_service_api",
    own_step="own_application",
    normalize_url=partial(tidied, known=servers(REGIONS, PAGES)),
    # A refused token call locks nothing, as far as anybody saw, and each data centre has accounts and counts of its own.
    may_try_elsewhere=True,
)

VENDOR: Final = Vendor(
    key="solax",
    name="SolaX",
    sign_ins=(SIGN_IN,),
    quota=quota,
    connect=connect,
    stale_after=STALE_AFTER,
    catalogue=CATALOGUE,
    settings_period=None,
)
