"""What users type as an address, and what becomes of it."""

import pytest

from custom_components.solar_cloud.cloud.addresses import check_base_url
from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.fusionsolar.hosts import (
    base_url,
    oauth_url,
    tidy,
)

EU5 = "https://eu5.fusionsolar.huawei.com"


@pytest.mark.parametrize(
    "typed",
    [
        EU5,
        f"{EU5}/",
        f"{EU5}/thirdData",
        f"{EU5}/thirdData/login",
        f"{EU5}:27200/thirdData/login",
        "eu5.fusionsolar.huawei.com",
        "http://eu5.fusionsolar.huawei.com",
        " https://uni001eu5.fusionsolar.huawei.com/pvmswebsite/assets/build/index.html ",
        "https://uni005eu5.fusionsolar.huawei.com#/home",
        "region01eu5.fusionsolar.huawei.com/unisso/login.action",
    ],
)
def test_e26_portal_addresses_become_api_addresses(typed: str) -> None:
    """Whatever the browser's address bar shows."""
    assert check_base_url(tidy(typed)) == EU5


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [
        ("https://pvms.example.org/thirdData/", "https://pvms.example.org"),
        ("http://127.0.0.1:8902", "http://127.0.0.1:8902"),
        ("pvms.example.org", "https://pvms.example.org"),
    ],
)
def test_a_smartpvms_of_ones_own_keeps_its_address(typed: str, tidied: str) -> None:
    """Only what belongs to the API's path is cut off."""
    assert check_base_url(tidy(typed)) == tidied


@pytest.mark.parametrize("typed", ["", "https://", "https://x:port/"])
def test_nonsense_is_left_to_the_check(typed: str) -> None:
    """It is refused there."""
    with pytest.raises(CloudError, match="invalid_host"):
        check_base_url(tidy(typed))


def test_regions_have_their_hosts() -> None:
    """And one OAuth server between them, unless the SmartPVMS is one's own."""
    for sign_in in VENDOR.sign_ins:
        assert set(sign_in.regions) == {"eu5", "intl", "sg5", "la5", "cn"}
        assert sign_in.tidy is tidy
    assert str(base_url({"region": "sg5"})) == "https://sg5.fusionsolar.huawei.com"
    assert oauth_url({"region": "la5"}).host == "oauth2.fusionsolar.huawei.com"
    own = {"region": "other", "base_url": "https://pvms.example.org"}
    assert oauth_url(own).host == "pvms.example.org"
