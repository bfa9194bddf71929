"""Toy Solar: what the forms of Home Assistant need to know of a vendor."""

from custom_components.solar_cloud.cloud.vendor import (
    CredentialField,
    Credentials,
    FieldKind,
    SignIn,
    Vendor,
    fingerprint,
    import_clients,
)


def account(credentials: Credentials) -> str:
    """Tell accounts apart without telling whose they are."""
    return fingerprint(credentials["username"].lower())


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
    clients=lambda: import_clients(__name__),
    stale_after=1200.0,
)
