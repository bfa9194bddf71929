"""SolaX: the developer portal's API, generation v2."""

from functools import partial
from typing import Final

from ..addresses import servers, tidied
from ..vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    SignIn,
    Vendor,
    fingerprint,
    import_clients,
)

STALE_AFTER: Final = 1200.0
"""Devices upload about every five minutes; after twenty a row says nothing about now [seen: rows an hour old]."""


def account(credentials: Credentials) -> str:
    """Identify an application without naming it."""
    return fingerprint(credentials["client_id"].strip().lower())


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
    clients=partial(import_clients, __name__),
    stale_after=STALE_AFTER,
    settings_period=None,
)
