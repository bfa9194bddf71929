"""The code a user pastes after giving consent."""

import pytest

from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.vendor import OAuth

CALLBACK = "https://my.home-assistant.io/redirect/oauth"


@pytest.mark.parametrize(
    "pasted",
    [
        "rFrnww",
        " rFr nww \n",
        '"rFrnww"',
        f"{CALLBACK}?code=rFrnww",
        f"{CALLBACK}?state=abc&code=rFrnww",
        f"{CALLBACK}#/done?code=rFrnww&lang=en",
        f"{CALLBACK}#code=rFrnww",
        f"{CALLBACK}?\ncode=rFr\nnww",
        "?code=rFrnww",
        "code=rFrnww",
    ],
)
def test_the_code_is_found_in_whatever_is_pasted(pasted: str) -> None:
    """A bare code, spaces, line breaks, and the address with query or fragment."""
    assert OAuth.code_from(pasted) == "rFrnww"


def test_an_escaped_code_is_unescaped() -> None:
    """Codes may hold characters that addresses escape; a plus sign stays one."""
    assert OAuth.code_from(f"{CALLBACK}?code=a%2Fb+c%3D") == "a/b+c="


@pytest.mark.parametrize("pasted", ["", "  ", CALLBACK, f"{CALLBACK}?state=abc", "/x"])
def test_an_address_without_a_code_is_refused(pasted: str) -> None:
    """So that the form says what is missing instead of asking the vendor."""
    with pytest.raises(CloudError, match="invalid_code"):
        OAuth.code_from(pasted)


def test_a_refused_consent_is_told_apart() -> None:
    """The owner said no."""
    with pytest.raises(CloudError, match="access_denied"):
        OAuth.code_from(f"{CALLBACK}?error=access_denied&state=abc")
