"""What users type as the address of a server, and where their account is then looked for."""

import pytest

from custom_components.solar_cloud.cloud.addresses import check_base_url, check_numbers
from custom_components.solar_cloud.cloud.errors import CloudError, NotConnected
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


@pytest.mark.parametrize(
    "number",
    [
        *("0.0.0.0", "127.0.0.1", "127.8.8.8", "::", "::1", "::ffff:127.0.0.1"),
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0"),
        *("fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
        *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::ffff:169.254.169.254"),
        *("224.0.0.251", "ff02::fb", "240.0.0.1", "255.255.255.255"),
    ],
)
def test_no_name_leads_where_no_vendor_can_be(number: str) -> None:
    """However the number is written, and if one of several is right; nothing is sent, that is certain."""
    with pytest.raises(NotConnected, match="private_host"):
        check_numbers("api.example.com", ["203.0.113.7", number])


@pytest.mark.parametrize(
    ("host", "number"),
    [
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("api.example.com", "93.184.215.14"),
        ("api.example.com", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
        ("api.example.com", "64:ff9b::5db8:d70e"),
        ("api.example.com", "198.18.0.5"),
        ("plants.example.com", "10.1.2.3"),
    ],
)
def test_where_a_vendor_can_be_is_gone(host: str, number: str) -> None:
    """This machine by its name; servers behind a proxy, a network without IPv4, or in a company of its own."""
    check_numbers(host, [number])
