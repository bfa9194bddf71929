"""Where accounts live: an account exists on exactly one regional host, and portal addresses are not API addresses."""

from collections.abc import Mapping
import re
from typing import Final

from yarl import URL

from ..vendor import OTHER, Credentials

REGIONS: Final[Mapping[str, str]] = {
    "eu5": "https://eu5.fusionsolar.huawei.com",
    "intl": "https://intl.fusionsolar.huawei.com",
    "sg5": "https://sg5.fusionsolar.huawei.com",
    "la5": "https://la5.fusionsolar.huawei.com",
    "cn": "https://cn.fusionsolar.huawei.com",
}
OAUTH: Final = "https://oauth2.fusionsolar.huawei.com"
"""One for all regions."""
VENDOR_DOMAIN: Final = ".huawei.com"


def tidy(address: str) -> str:
    """Make an API address of what a browser shows: portal hosts answer 404 or a page to every call (uni001eu5 → eu5)."""
    typed = address.strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        url = URL(typed)
        host = re.sub(r"^(?:uni|region)\d+(?=[a-z])", "", url.host or "")
        if not host:
            return address
        if not host.endswith(VENDOR_DOMAIN):
            bare = url.path.removesuffix("/").removesuffix("/login")
            return str(url.origin()) if bare == "/thirdData" else typed
        return str(URL.build(scheme="https", host=host))
    except ValueError:
        return address


def base_url(credentials: Credentials) -> URL:
    """Return the regional host."""
    region = credentials["region"]
    return URL(tidy(credentials["base_url"]) if region == OTHER else REGIONS[region])


def oauth_url(credentials: Credentials) -> URL:
    """Return the host of the consent page; a SmartPVMS of one's own serves it itself."""
    base = base_url(credentials)
    return URL(OAUTH) if (base.host or "").endswith(VENDOR_DOMAIN) else base
