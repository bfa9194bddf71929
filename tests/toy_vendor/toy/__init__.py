"""Toy Solar: what the forms of Home Assistant need to know of a vendor, and how its client is put together."""

from custom_components.solar_cloud.cloud.quota import ALL, DAY, Quota, Window
from custom_components.solar_cloud.cloud.storage import Storage
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    SignIn,
    Vendor,
    fingerprint,
)

from .client import ToyClient
from .session import LOGIN, ToySession


def account(credentials: Credentials) -> str:
    """Tell accounts apart without telling whose they are."""
    return fingerprint(credentials["username"].lower())


def quota(storage: Storage) -> Quota:
    """Stay below what the vendor allows (60 calls a minute), and do not sign in in a circle; a day's calls are counted."""
    every = (Window(30, 60.0), Window(None, DAY))
    return Quota({ALL: every, LOGIN: (Window(4, 600.0),)}, storage)


def connect(
    sign_in: SignIn,
    credentials: Credentials,
    transport: Transport,
    storage: Storage,
    budget: Quota,
) -> ToyClient:
    """Build a client without calling anybody."""
    base = sign_in.base_url(credentials)
    return ToyClient(ToySession(base, credentials, transport, storage, budget))


SIGN_IN = SignIn(
    key="toy",
    fields=(CredentialField("username"), CredentialField("password", FieldKind.SECRET)),
    regions={"world": "https://api.toy-solar.example"},
    account=account,
    quota_account=account,
)
VENDOR = Vendor(
    key="toy",
    name="Toy Solar",
    sign_ins=(SIGN_IN,),
    quota=quota,
    connect=connect,
    stale_after=1200.0,
)
