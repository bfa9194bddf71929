"""What users type as an address, and what becomes of it."""

import pytest
from yarl import URL

from custom_components.solar_cloud.cloud.addresses import check_base_url
from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.fusionsolar.api import (
    base_url,
    normalize_url,
    oauth_url,
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
    assert check_base_url(normalize_url(typed)) == EU5


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [
        ("https://pvms.example.org/thirdData/", "https://pvms.example.org"),
        ("http://127.0.0.1:8902", "http://127.0.0.1:8902"),
        ("pvms.example.org", "https://pvms.example.org"),
        (
            "https://uni005eu5.energy.example/unisso/login.action",
            "https://eu5.energy.example",
        ),
        (
            "region01eu5.energy.example/pvmswebsite/index.html#/home",
            "https://eu5.energy.example",
        ),
        ("https://api.energy.example:27200/thirdData", "https://api.energy.example"),
        (
            "https://api.energy.example:31943/thirdData/login",
            "https://api.energy.example:31943",
        ),
    ],
)
def test_e74_addresses_of_any_host_are_tidied(typed: str, tidied: str) -> None:
    """A SmartPVMS of one's own, and the domain that European accounts move to: portal prefixes, paths and the old port go."""
    assert check_base_url(normalize_url(typed)) == tidied


@pytest.mark.parametrize("typed", ["", "https://", "https://x:port/"])
def test_nonsense_is_left_to_the_check(typed: str) -> None:
    """It is refused there."""
    with pytest.raises(CloudError, match="invalid_host"):
        check_base_url(normalize_url(typed))


def test_regions_have_their_hosts() -> None:
    """And one OAuth server between them, unless the SmartPVMS is one's own."""
    for sign_in in VENDOR.sign_ins:
        assert set(sign_in.regions) == {"eu5", "intl", "sg5", "la5", "cn"}
        assert sign_in.normalize_url is normalize_url
    assert str(base_url({"region": "sg5"})) == "https://sg5.fusionsolar.huawei.com"
    assert oauth_url({"region": "la5"}).host == "oauth2.fusionsolar.huawei.com"
    own = {"region": "other", "base_url": "https://pvms.example.org"}
    assert oauth_url(own).host == "pvms.example.org"


def test_e74_the_consent_page_may_have_a_host_of_its_own() -> None:
    """Typed after ``other``; nobody knows where it is after the move."""
    moved = {
        "region": "other",
        "base_url": "https://api.energy.example",
        "oauth_url": "https://login.energy.example",
    }
    assert oauth_url(moved).host == "login.energy.example"
    assert oauth_url(moved | {"region": "eu5"}).host == "oauth2.fusionsolar.huawei.com"


def test_e74_a_server_that_moved_takes_only_its_own_address_along() -> None:
    """Interface and consent page move apart; a known region is called by its name."""
    sign_in = VENDOR.sign_in("fusionsolar_oauth")
    secrets = {"client_id": "c", "client_secret": "s"}
    at_eu5 = {"region": "eu5", **secrets}
    new = URL("https://api.energy.example")
    moved = sign_in.moved(at_eu5, "eu5.fusionsolar.huawei.com", new)
    assert moved == {
        **secrets,
        "region": "other",
        "base_url": "https://api.energy.example",
        "oauth_url": "https://oauth2.fusionsolar.huawei.com",
    }
    page = URL("https://login.energy.example")
    both = sign_in.moved(moved, "oauth2.fusionsolar.huawei.com", page)
    assert both == moved | {"oauth_url": "https://login.energy.example"}
    assert sign_in.moved(both, "eu5.fusionsolar.huawei.com", new) is None
    intl = URL("https://intl.fusionsolar.huawei.com")
    account = VENDOR.sign_in("fusionsolar_account")
    assert account.moved(
        {"region": "eu5", "username": "u"}, "eu5.fusionsolar.huawei.com", intl
    ) == {"region": "intl", "username": "u"}
