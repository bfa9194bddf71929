"""A consent that is lost is asked for again, without a secret that is known; and what else changes an account by consent."""

import pytest
from yarl import URL

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..helpers.consent import STEP, TYPED, Browser, Bureau, added, finish
from ..helpers.home import Home


async def wants_reauth(
    browser: Browser, hass: HomeAssistant, home: Home, step: str
) -> None:
    """Poll until the account is refused, and open the form that asks for help."""
    await home.pass_time(900)
    (progress,) = hass.config_entries.flow.async_progress()
    browser.result = progress
    await browser.look()
    assert browser.at(step), browser.result


async def test_e39_a_lost_consent_asks_for_consent_and_for_no_secret(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """The owner withdrew it: nothing that was typed is wrong, and the entry goes on with the new token."""
    entry = await added(browser, hass)
    bureau.revoked = True
    await wants_reauth(browser, hass, home, "reauth_consent")
    assert browser.result["data_schema"] == []
    bureau.revoked, bureau.codes = False, {"new-code": "ada"}
    await browser.answer()
    assert browser.result["step_id"] == "consent"
    await browser.answer(next_step_id="paste")
    await browser.answer(code="new-code")
    assert browser.result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert bureau.opened[-1] == "token-of-ada-2"


async def test_a_new_secret_needs_no_second_consent(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """It was made in the vendor's portal; the consent is as good as before, and the secret is tried."""
    entry = await added(browser, hass)
    bureau.secret = "the-new-secret"
    await wants_reauth_for_secret(browser, hass, home)
    await browser.answer(client_secret="mistyped")
    assert browser.at("reauth_confirm", base="invalid_auth")
    bureau.unreachable = True
    await browser.answer(client_secret="the-new-secret")
    assert browser.at("reauth_confirm", base="cannot_connect")
    bureau.unreachable = False
    await browser.answer(client_secret="the-new-secret")
    assert browser.result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["credentials"]["client_secret"] == "the-new-secret"
    assert len(bureau.exchanged) == 1


async def wants_reauth_for_secret(
    browser: Browser, hass: HomeAssistant, home: Home
) -> None:
    """Let the token run out, so that the secret is needed."""
    await home.pass_time(86_400, step=3600)
    await wants_reauth(browser, hass, home, "reauth_confirm")


async def test_a_consent_lost_while_a_secret_is_typed_is_told(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """Both at once: the secret is new, and the owner has withdrawn the consent meanwhile."""
    await added(browser, hass)
    bureau.secret = "the-new-secret"
    await wants_reauth_for_secret(browser, hass, home)
    bureau.revoked = True
    await browser.answer(client_secret="the-new-secret")
    assert browser.at("reauth_consent")
    bureau.revoked, bureau.codes = False, {"new-code": "ada"}
    await browser.answer()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="new-code")
    assert browser.result["reason"] == "reauth_successful"


@pytest.mark.parametrize("by_page", [False, True])
async def test_a_consent_with_a_wrong_secret_is_mended_without_a_second_consent(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, by_page: bool
) -> None:
    """Back to the credentials, filled in but for the secret; the owner's code is still good."""
    await browser.post(browser.path, {"handler": DOMAIN})
    await browser.sign_in(STEP)
    await browser.answer(**TYPED | {"client_secret": "mistyped"})
    await consent(browser, by_page=by_page)
    assert browser.at(STEP, base="invalid_auth"), browser.result
    filled = {
        each["name"]: each.get("description", {}).get("suggested_value")
        for each in browser.result["data_schema"]
    }
    assert filled == {"region": "eu", "client_id": "app-1", "client_secret": None}
    await browser.answer(**TYPED)
    entry = await finish(browser, hass)
    assert [code for code, _ in bureau.exchanged] == ["good-code"] * 2
    assert len({redirect for _, redirect in bureau.exchanged}) == 1
    assert entry.data["credentials"] == TYPED


async def consent(browser: Browser, *, by_page: bool) -> None:
    """Give consent, and come back by the page or with the code."""
    if not by_page:
        await browser.answer(next_step_id="paste")
        await browser.answer(code="good-code")
        return
    await browser.answer(next_step_id="auth")
    back = browser.consent_url
    await browser.client.get(
        URL(back.query["redirect"]).path,
        params={"code": "good-code", "state": back.query["state"]},
    )
    await browser.look()


async def test_a_wrong_client_needs_a_consent_of_its_own(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """A code belongs to the application the page was opened for."""
    await browser.post(browser.path, {"handler": DOMAIN})
    await browser.sign_in(STEP)
    await browser.answer(**TYPED | {"client_secret": "mistyped"})
    await consent(browser, by_page=False)
    assert browser.at(STEP, base="invalid_auth")
    await browser.answer(**TYPED | {"client_id": "app-2"})
    assert browser.result["step_id"] == "consent"
    await consent(browser, by_page=False)
    await finish(browser, hass)


async def test_a_code_that_was_traded_in_is_not_asked_for_again(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """The account could not be read at once: submitting again goes on with its token."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    bureau.plants = 0
    await browser.answer(code="good-code")
    assert browser.at("paste", base="no_plants")
    bureau.plants = 1
    suggested = browser.result["data_schema"][0]["description"]["suggested_value"]
    await browser.answer(code=suggested)
    await finish(browser, hass)
    assert len(bureau.exchanged) == 1


@pytest.mark.parametrize("reconfigure", [False, True])
async def test_somebody_elses_consent_is_refused(
    browser: Browser,
    bureau: Bureau,
    hass: HomeAssistant,
    home: Home,
    reconfigure: bool,
) -> None:
    """The wrong person was signed in at the vendor's page."""
    entry = await added(browser, hass)
    if reconfigure:
        await browser.post(
            browser.path, {"handler": DOMAIN, "entry_id": entry.entry_id}
        )
        await browser.answer(region="eu", client_id="app-1")
    else:
        bureau.revoked = True
        await wants_reauth(browser, hass, home, "reauth_consent")
        bureau.revoked = False
        await browser.answer()
    bureau.codes = {"her-code": "grace"}
    await browser.answer(next_step_id="paste")
    await browser.answer(code="her-code")
    assert browser.result["reason"] == "unique_id_mismatch"
    assert hass.config_entries.async_get_entry(entry.entry_id) is entry
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_reconfigure_with_a_new_secret_keeps_the_consent(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """Only where nothing was changed, a new consent is what was wanted."""
    entry = await added(browser, hass)
    bureau.secret = "the-new-secret"
    await browser.post(browser.path, {"handler": DOMAIN, "entry_id": entry.entry_id})
    await browser.answer(region="eu", client_id="app-1", client_secret="mistyped")
    assert browser.at("reconfigure", base="invalid_auth")
    await browser.answer(region="eu", client_id="app-1", client_secret="the-new-secret")
    assert browser.result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert len(bureau.exchanged) == 1


async def test_a_new_application_asks_for_a_consent_of_its_own(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """The old one's belongs to the old application; the entry stays."""
    entry = await added(browser, hass)
    bureau.codes = {"new-code": "ada"}
    await browser.post(browser.path, {"handler": DOMAIN, "entry_id": entry.entry_id})
    await browser.answer(region="eu", client_id="app-2", client_secret="the-secret")
    assert browser.result["step_id"] == "consent"
    await browser.answer(next_step_id="paste")
    await browser.answer(code="new-code")
    assert browser.result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["credentials"]["client_id"] == "app-2"


async def test_removing_signs_out(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """Where the vendor counts sessions, none is left behind."""
    entry = await added(browser, hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert bureau.signed_out == ["token-of-ada-1"]
