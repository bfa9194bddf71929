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
OLD_PORT: Final = 27200
"""Of the API until 2022."""
_PORTAL: Final = re.compile(r"^(?:uni|region)\d+(?=[a-z])")
_PATHS: Final = (
    *("/thirdData", "/rest/", "/unisso", "/pvmswebsite", "/uniportal"),
    *("/netecowebext", "/index.html", "/login"),
)
"""What the paths of API and portal begin with; another path is the user's to explain."""


def normalize_url(address: str) -> str:
    """Make an API address of what a browser shows: portal hosts answer 404 or a page to every call (uni001eu5 → eu5).

    For any host: European accounts move to another domain, whose portal may number its hosts in the same way.
    """
    typed = address.strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        url = URL(typed)
        host = _PORTAL.sub("", url.host or "")
        if not host:
            return address
        if host.endswith(VENDOR_DOMAIN):
            return str(URL.build(scheme="https", host=host))
        port = None if url.is_default_port() or url.port == OLD_PORT else url.port
        bare = URL.build(scheme=url.scheme, host=host, port=port)
    except ValueError:
        return address
    known = url.path.startswith(_PATHS) or url.path.strip("/") == ""
    return str(bare) if known and not (url.user or url.password) else typed


def base_url(credentials: Credentials) -> URL:
    """Return the regional host."""
    region = credentials["region"]
    return URL(
        normalize_url(credentials["base_url"]) if region == OTHER else REGIONS[region]
    )


def oauth_url(credentials: Credentials) -> URL:
    """Return the host of the consent page: the one that was typed; else the vendor's, or the SmartPVMS of one's own."""
    base = base_url(credentials)
    if credentials["region"] == OTHER and (typed := credentials.get("oauth_url")):
        return URL(normalize_url(typed))
    return URL(OAUTH) if (base.host or "").endswith(VENDOR_DOMAIN) else base
