"""Adding a FusionSolar account: by login and by consent, with every mistake a form can have."""

from collections.abc import Callable

import pytest
from yarl import URL

from homeassistant.core import HomeAssistant

from ..emulators.fusionsolar import FusionSolarCloud
from ..helpers.accounts import Visitor, account_entry, redirected, type_account
from ..helpers.flow import Flow, rare_fields, shown
from ..helpers.fusionsolar import apply, key
from ..helpers.home import Home

OWN_CALLBACK = "https://home.example.com/auth/solar_cloud/callback"
type Change = Callable[[FusionSolarCloud], object]


def _stand(standing: str) -> Change:
    def change(cloud: FusionSolarCloud) -> None:
        cloud.account.standing = standing  # type: ignore[assignment]

    return change


def _mistype(**knobs: object) -> Change:
    def change(cloud: FusionSolarCloud) -> None:
        cloud.turn(**knobs)
        cloud.account.password = "another"

    return change


def _lock(cloud: FusionSolarCloud) -> None:
    cloud.account.locked_until = cloud.now() + 1800


def _fill(cloud: FusionSolarCloud) -> None:
    cloud.account.sessions_full = True


FORMS: dict[str, tuple[Change, str, str]] = {
    "portal": (
        lambda cloud: cloud.turn(portal_host=True),
        "cannot_connect",
        "not the API's",
    ),
    "password": (
        _mistype(),
        "invalid_auth",
        "",
    ),
    "password-2022": (
        _mistype(wrong_password_code=20001),
        "invalid_auth",
        "",
    ),
    "password-nothing-said": (
        _mistype(wrong_password_body="empty"),
        "invalid_auth",
        "",
    ),
    "password-expired": (
        _stand("password-expired"),
        "invalid_auth",
        "password has expired",
    ),
    "disabled": (_stand("disabled"), "invalid_auth", "disabled this account"),
    "expired": (_stand("expired"), "invalid_auth", "account has expired"),
    "restricted": (_stand("restricted"), "invalid_auth", "certain addresses"),
    "locked": (_lock, "account_locked", ""),
    "sessions": (_fill, "rate_limited", "Too many sessions"),
    "too-often": (lambda cloud: cloud.turn(logins=0), "rate_limited", ""),
    "no-plants": (lambda cloud: cloud.plants.clear(), "no_plants", ""),
    "html": (
        lambda cloud: cloud.fault("stations", body="html"),
        "cannot_connect",
        "",
    ),
    "null": (
        lambda cloud: cloud.fault("stations", body="null"),
        "cannot_connect",
        "",
    ),
    "list": (
        lambda cloud: cloud.fault("stations", body="list"),
        "cannot_connect",
        "",
    ),
}


MEANT = {
    "password has expired": "password",
    "disabled this account": "username",
    "account has expired": "username",
}
"""The field at which a mistake is shown, by what is said of it."""


@pytest.mark.parametrize("trouble", FORMS.values(), ids=FORMS)
async def test_every_mistake_in_the_form_is_named(
    flow: Flow, fusionsolar: FusionSolarCloud, trouble: tuple[Change, str, str]
) -> None:
    """Each in its own words, with one login."""
    typed = fusionsolar.credentials
    change, error, says = trouble
    change(fusionsolar)
    await type_account(flow, fusionsolar, "fusionsolar_account", **typed)
    assert flow.at("base_url", **{MEANT.get(says, "base"): error})
    if error != "no_plants":
        assert says in flow.detail
    assert fusionsolar.calls.count("thirdData/login") <= 1


@pytest.mark.parametrize(
    "path", ["", "/", "/thirdData/login", "/dashboards/home", "/uniportal/#/home"]
)
async def test_e26_an_address_with_the_apis_path_is_tidied(
    flow: Flow, fusionsolar: FusionSolarCloud, home: Home, path: str
) -> None:
    """As pasted from the vendor's documents."""
    await flow.sign_in("fusionsolar_account")
    await flow.submit(region="other", **fusionsolar.credentials)
    await flow.submit(base_url=f" {fusionsolar.url}{path} ")
    assert flow.at("plants")
    await flow.submit(plants=[fusionsolar.plant.code], controls=False)
    assert flow.entry.data["credentials"]["base_url"] == fusionsolar.url
    assert home.value(key(fusionsolar, None, "pv_power")) > 0


async def test_a_wrong_address_of_the_consent_page_is_named_in_sight(
    flow: Flow, fusionsolar: FusionSolarCloud
) -> None:
    """A form inside a form shows no errors: it stands above the section."""
    await flow.sign_in("fusionsolar_oauth")
    await flow.submit(region="other", **fusionsolar.oauth_credentials)
    assert rare_fields(flow.result) == ["oauth_url"]
    await flow.submit(base_url=fusionsolar.url, oauth_url="http://example.com")
    assert flow.at("base_url", advanced="invalid_host")
    assert shown(flow.result)["oauth_url"] == "http://example.com"
    await flow.submit(base_url=fusionsolar.url, oauth_url="")
    assert flow.at("paste")


async def test_e26_an_address_without_encryption_is_refused(
    flow: Flow, fusionsolar: FusionSolarCloud
) -> None:
    """Before anything is sent anywhere."""
    await flow.sign_in("fusionsolar_account")
    await flow.submit(region="other", **fusionsolar.credentials)
    for address in ("http://example.com", "https://me:mine@example.com"):
        await flow.submit(base_url=address)
        assert flow.at("base_url", base_url="invalid_host")
    assert len(fusionsolar.calls) == 0


async def test_the_state_is_short_and_the_callback_our_own(
    visitor: Visitor, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """A page that breaks with Home Assistant's long state gets eight characters."""
    fusionsolar.turn(longest_state=8)
    await apply(visitor, fusionsolar)
    assert visitor.redirect == OWN_CALLBACK
    await visitor.answer(next_step_id="auth")
    page = visitor.consent_url
    assert len(page.query["state"]) == 8
    assert page.query["redirect_uri"] == OWN_CALLBACK
    target, text = await redirected("GET", page)
    assert target is None
    approve = URL(
        text.partition('id="approve" href="')[2].partition('"')[0].replace("&amp;", "&")
    )
    target, _ = await redirected("GET", approve)
    assert target is not None
    await visitor.come_back(target)
    await visitor.take_all()
    await home.settle()
    assert home.value(key(fusionsolar, None, "pv_power")) > 0
    assert not fusionsolar.calls.of("thirdData/login")


async def test_a_refused_consent_ends_the_dialog(
    visitor: Visitor, fusionsolar: FusionSolarCloud
) -> None:
    """The owner said no."""
    fusionsolar.turn(consent="deny")
    await apply(visitor, fusionsolar)
    await visitor.answer(next_step_id="auth")
    target, _ = await redirected("GET", visitor.consent_url)
    assert target is not None
    await visitor.come_back(target)
    assert visitor.result["reason"] == "user_rejected_authorize"


async def test_a_pasted_code_that_fails_says_why(
    visitor: Visitor, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """A stale code, the wrong region, a refusal; then the right one."""
    await apply(visitor, fusionsolar)
    redirect = visitor.redirect
    await visitor.answer(next_step_id="paste")
    await visitor.answer(code="stale")
    assert visitor.at("paste", code="invalid_code")
    await visitor.answer(code=f"{redirect}?error=access_denied&state=x")
    assert visitor.at("paste", code="access_denied")
    fusionsolar.turn(bearer_region_ok=False)
    await visitor.answer(code=fusionsolar.consent(redirect))
    assert visitor.at("paste", base="cannot_connect")
    assert "does not live in this region" in visitor.detail
    fusionsolar.turn(bearer_region_ok=True)
    await visitor.answer(
        code=f"{redirect}?state=x&code={fusionsolar.consent(redirect)}"
    )
    await visitor.take_all()
    await home.settle()
    assert home.value(key(fusionsolar, None, "pv_power")) > 0


async def test_signing_in_again_is_counted_with_what_the_account_asks(
    hass: HomeAssistant, fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """The lists take a call a minute each: a form that did not know of the last one lost all devices for an hour."""
    entry = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    devices = {*entry.runtime_data.inventory.data.devices}
    flow = Flow(hass, await entry.start_reauth_flow(hass), [])
    await flow.submit(password=fusionsolar.credentials["password"])
    assert flow.reason == "reauth_successful"
    await home.pass_time(180)
    assert fusionsolar.account.budget.exceeded.total() == 0
    assert {*entry.runtime_data.inventory.data.devices} == devices
    await hass.config_entries.async_unload(entry.entry_id)
