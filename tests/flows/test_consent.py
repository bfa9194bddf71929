"""Adding an account by consent in a browser.

The flow runs over Home Assistant's own HTTP interface, as the frontend runs it: redirect addresses depend on the request.
"""

import asyncio

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from yarl import URL

from custom_components.solar_cloud import config_flow
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import HomeAssistant

from ..helpers.consent import FRONTEND, KEY, STEP, TYPED, Browser, Bureau, finish
from ..helpers.home import Home


@pytest.mark.parametrize(
    ("longest_state", "callback"),
    [(None, "/auth/external/callback"), (16, "/auth/solar_cloud/callback")],
)
async def test_consent_comes_back_by_itself(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, callback: str
) -> None:
    """Out to the vendor's page, back with a code, on to the plants."""
    await browser.add()
    assert browser.result["step_id"] == "consent"
    assert browser.result["menu_options"] == ["auth", "paste"]
    redirect = FRONTEND + callback
    assert browser.result["description_placeholders"]["redirect_uri"] == redirect
    await browser.answer(next_step_id="auth")
    page = browser.consent_url
    assert page.host == "consent.example.com"
    assert page.query["redirect"] == redirect
    assert page.query["client"] == "app-1"
    state = page.query["state"]
    if callback.startswith("/auth/solar"):
        assert len(state) == 16

    back = await browser.client.get(
        callback, params={"code": "good-code", "state": state}
    )
    assert back.status == 200
    assert "window.close" in await back.text()
    await browser.look()
    entry = await finish(browser, hass)
    assert bureau.exchanged == [("good-code", redirect)]
    assert entry.unique_id == f"{KEY}_ada"
    assert entry.data["credentials"] == TYPED
    assert set(bureau.opened) == {"token-of-ada-1"}

    again = await browser.client.get(callback, params={"code": "x", "state": state})
    assert again.status == 400 or "window.close" not in await again.text()


MY = "https://my.home-assistant.io/redirect/oauth"
OUTSIDE = "https://outside.example.com"


@pytest.mark.parametrize(
    ("longest_state", "callback"),
    [(None, "/auth/external/callback"), (16, "/auth/solar_cloud/callback")],
)
@pytest.mark.parametrize(
    "base", [FRONTEND, "http://192.168.1.5:8123", "http://localhost:8123"]
)
async def test_the_redirect_address_is_the_same_wherever_home_assistant_is_opened(
    browser: Browser, hass: HomeAssistant, base: str, callback: str
) -> None:
    """A vendor knows one: that at which Home Assistant is reached from outside."""
    await hass.config.async_update(
        external_url=OUTSIDE, internal_url="http://192.168.1.5:8123"
    )
    browser.base = base
    await browser.add()
    told = browser.result["description_placeholders"]
    assert told["redirect_uri"] == OUTSIDE + callback
    assert browser.result["menu_options"] == ["auth", "paste"]


async def test_my_home_assistant_leads_back_into_a_house_without_https(
    browser: Browser, hass: HomeAssistant
) -> None:
    """Where it is set up it knows the way home, so that nothing is pasted."""
    hass.config.components.add("my")
    browser.base = "http://192.168.1.5:8123"
    await browser.add()
    told = browser.result["description_placeholders"]
    assert (told["redirect_uri"], told["warning"]) == (MY, "")
    assert browser.result["menu_options"] == ["auth", "paste"]


@pytest.mark.parametrize("longest_state", [None, 16])
async def test_e39_a_refused_consent_ends_the_flow(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, longest_state: int | None
) -> None:
    """The owner said no."""
    await browser.add()
    await browser.answer(next_step_id="auth")
    page = browser.consent_url
    path = URL(page.query["redirect"]).path
    await browser.client.get(
        path, params={"error": "denied", "state": page.query["state"]}
    )
    await browser.look()
    assert browser.result["type"] == "abort"
    assert browser.result["reason"] == "user_rejected_authorize"
    assert bureau.exchanged == []


@pytest.mark.parametrize("longest_state", [16])
async def test_a_state_works_once_and_only_if_it_is_ours(
    browser: Browser, bureau: Bureau
) -> None:
    """Nobody else's page may end the flow."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    first = URL(browser.result["description_placeholders"]["url"]).query["state"]
    await browser.answer(code="")
    second = URL(browser.result["description_placeholders"]["url"]).query["state"]
    assert first != second
    for params in (
        {"state": first, "code": "x"},
        {"state": "guessed", "code": "x"},
        {"code": "x"},
        {"state": second},
    ):
        answer = await browser.client.get("/auth/solar_cloud/callback", params=params)
        assert answer.status == 400
    assert bureau.exchanged == []


@pytest.mark.parametrize("longest_state", [16])
async def test_a_consent_for_a_dialog_that_was_closed_meanwhile_is_refused(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """As a state that nobody waits for, without an error in the log."""
    await browser.add()
    await browser.answer(next_step_id="auth")
    state = browser.consent_url.query["state"]
    hass.config_entries.flow.async_abort(browser.result["flow_id"])
    answer = await browser.client.get(
        "/auth/solar_cloud/callback", params={"state": state, "code": "x"}
    )
    assert answer.status == 400
    assert bureau.exchanged == []


@pytest.mark.parametrize(
    "pasted",
    [
        "good-code",
        "  good-code \n",
        '"good-code"',
        f"{FRONTEND}/auth/external/callback?code=good-code&state=whatever",
        f"{FRONTEND}/#/callback?state=1&code=good-code",
    ],
)
async def test_e39_a_code_is_pasted_in_any_form(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, pasted: str
) -> None:
    """Bare, with blanks, or the whole address the browser ended at."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    assert browser.at("paste")
    assert "consent.example.com" in browser.result["description_placeholders"]["url"]
    await browser.answer(code=pasted)
    await finish(browser, hass)
    assert bureau.exchanged[0][0] == "good-code"


async def test_e39_each_mistake_has_a_message_and_another_chance(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """In the same flow."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    for pasted, error in (
        ("", "invalid_code"),
        ("https://home.example.com/", "invalid_code"),
        ("https://home.example.com/?error=access_denied", "access_denied"),
        ("stale-code", "invalid_code"),
    ):
        await browser.answer(code=pasted)
        assert browser.at("paste", code=error), pasted
    bureau.unreachable = True
    await browser.answer(code="good-code")
    assert browser.at("paste", base="cannot_connect")
    bureau.unreachable = False
    await browser.answer(code="good-code")
    await finish(browser, hass)


async def test_a_code_spent_in_vain_needs_another(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """The consent worked, the account shows nothing: open the page again."""
    bureau.plants = 0
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="good-code")
    assert browser.at("paste", base="no_plants")
    bureau.plants, bureau.codes = 2, {"second-code": "ada"}
    await browser.answer(code="second-code")
    await finish(browser, hass)
    assert bureau.opened[-1] == "token-of-ada-2"


async def test_an_account_is_added_once_whoever_consents(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """Known only after the consent, and told then."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="good-code")
    await finish(browser, hass)
    bureau.codes = {"another-code": "ada"}
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="another-code")
    assert browser.result["reason"] == "already_configured"


async def test_our_own_pace_after_a_consent_is_waited_for(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """The code was traded in: the dialog goes on by itself when our turn comes."""
    bureau.pauses = 1
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="good-code")
    assert browser.result["type"] == "progress", browser.result
    await browser.look()
    assert browser.result["step_id"] == "listing"
    (work,) = (
        task for task in asyncio.all_tasks() if task.get_name() == "solar_cloud listing"
    )
    home.freezer.tick(31)
    async_fire_time_changed(hass)
    await asyncio.wait([work])
    await hass.async_block_till_done()
    await browser.look()
    await finish(browser, hass)
    assert len(bureau.exchanged) == 1


@pytest.mark.parametrize(
    ("longest_state", "base", "redirect", "ways"),
    [
        (None, FRONTEND, f"{FRONTEND}/auth/external/callback", ["auth", "paste"]),
        (16, FRONTEND, f"{FRONTEND}/auth/solar_cloud/callback", ["auth", "paste"]),
        (
            16,
            "http://localhost:8123",
            "http://localhost:8123/auth/solar_cloud/callback",
            ["auth", "paste"],
        ),
        (None, "http://192.168.1.5:8123", MY, []),
        (16, "http://homeassistant.local:8123", MY, []),
    ],
)
async def test_the_first_form_of_a_consent_shows_the_address_to_register(
    browser: Browser, base: str, redirect: str, ways: list[str]
) -> None:
    """Before the application is made, and one that the vendor takes, which is no http in the home; nothing is promised that cannot come back."""
    browser.base = base
    await browser.post(browser.path, {"handler": DOMAIN})
    await browser.sign_in(STEP)
    told = browser.result["description_placeholders"]
    assert told["redirect_uri"] == redirect
    assert ("My Home Assistant" in told["warning"]) is (redirect == MY)
    await browser.answer(**TYPED)
    if ways:
        assert browser.result["step_id"] == "consent"
        assert browser.result["menu_options"] == ways
    else:
        # No menu with a single choice.
        assert browser.at("paste")
        assert browser.result["description_placeholders"]["url"]
    assert browser.result["description_placeholders"]["redirect_uri"] == redirect


def test_the_flow_logs_as_the_integration() -> None:
    """So that one switch turns all of its debug logging on."""
    logger = config_flow.SolarCloudConfigFlow().logger
    assert logger.name == "custom_components.solar_cloud"
