"""What users type as the address of a server, and where their account is then looked for."""

import pytest

from custom_components.solar_cloud.cloud.addresses import check_base_url
from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.registry import VENDORS

TYPED = {
    "solax": {
        "https://openapi-eu.solaxcloud.com": "eu",
        "openapi-eu.solaxcloud.com": "eu",
        " http://OpenAPI-EU.SolaxCloud.com/openapi/auth/oauth/token ": "eu",
        "https://openapi-cn.solaxcloud.com/": "cn",
        "https://global.solaxcloud.com/#/home": "eu",
        "global.solaxcloud.com": "eu",
        "https://openapi-xx.solaxcloud.com/login": "https://openapi-xx.solaxcloud.com",
        "https://www.solaxcloud.com:8443/a?b#c": "https://www.solaxcloud.com:8443",
    },
    "sungrow_account": {
        "gateway.isolarcloud.eu": "eu",
        "HTTP://GATEWAY.ISOLARCLOUD.EU/openapi/": "eu",
        "https://web3.isolarcloud.eu/#/plantList": "eu",
        "https://web3.isolarcloud.com.hk/#/authorized-app?cloudId=2": "international",
        "https://web3.isolarcloud.com.cn": "cn",
        "auweb3.isolarcloud.com/login": "au",
        "https://gateway.isolarcloud.in/openapi/login": "in",
        "gateway.example.org:8443/openapi": "https://gateway.example.org:8443",
        "https://gateway.\n isolarcloud.eu": "eu",
    },
    "fusionsolar_account": {
        "eu5.fusionsolar.huawei.com": "eu5",
        "https://uni001eu5.fusionsolar.huawei.com/uniportal/#/home": "eu5",
        "http://Region01EU5.FusionSolar.Huawei.com/login": "eu5",
        "https://intl.fusionsolar.huawei.com:27200/thirdData/login": "intl",
        "https://la6.fusionsolar.huawei.com/": "https://la6.fusionsolar.huawei.com",
        "https://api.energy.example:31943/dashboards": "https://api.energy.example:31943",
    },
}
"""The region, or the address where it is none of the vendor's known ones, by what was typed."""


@pytest.mark.parametrize(
    ("key", "typed", "found"),
    [(key, *pair) for key, table in TYPED.items() for pair in table.items()],
)
def test_an_address_is_taken_as_a_browser_shows_it(
    key: str, typed: str, found: str
) -> None:
    """Path, scheme, capitals, blanks and the host of the vendor's web page: nothing of it is a mistake."""
    (sign_in,) = (
        each
        for vendor in VENDORS.values()
        for each in vendor.sign_ins
        if each.key == key
    )
    address = check_base_url(sign_in.normalize_url(typed))
    place = sign_in.in_region({"region": "other", "base_url": address, "id": "1"})
    assert place == (
        {"region": "other", "base_url": found, "id": "1"}
        if "://" in found
        else {"region": found, "id": "1"}
    )


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "not an address",
        "https://user:password@gateway.isolarcloud.eu",
        "user:password@openapi-eu.solaxcloud.com",
        "http://gateway.example.org",
        "ftp://gateway.example.org",
        "https://x:port/",
        "https://[::1",
    ],
)
def test_what_cannot_be_meant_is_still_refused(typed: str) -> None:
    """A password in an address, or an unencrypted way out of the house."""
    for vendor in VENDORS.values():
        for sign_in in vendor.sign_ins:
            with pytest.raises(CloudError, match="invalid_host"):
                check_base_url(sign_in.normalize_url(typed))


def test_a_known_server_with_a_consent_page_of_its_own_stays_an_address() -> None:
    """A region would lose what was typed beside it."""
    sign_in = VENDORS["fusionsolar"].sign_in("fusionsolar_oauth")
    typed = {
        "region": "other",
        "base_url": "https://eu5.fusionsolar.huawei.com",
        "oauth_url": "https://login.example.org",
    }
    assert sign_in.in_region(typed) == typed
