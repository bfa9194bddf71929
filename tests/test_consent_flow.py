"""Accounts opened by consent in a browser, and meters corrected by their owner.

The flow runs over Home Assistant's own HTTP interface, as the frontend runs it: redirect addresses depend on the request.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.solar_cloud import config_flow
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .helpers.consent import KEY, Bureau
from .helpers.home import Home

FRONTEND = "https://home.example.com"
STEP = f"{KEY}_oauth"
TYPED = {"region": "eu", "client_id": "app-1", "client_secret": "the-secret"}


@pytest.fixture
def longest_state() -> int | None:
    """How long a state the vendor's page carries; a test may say otherwise."""
    return None


@pytest.fixture
def bureau(monkeypatch: pytest.MonkeyPatch, longest_state: int | None) -> Bureau:
    """A fourth vendor: one line in the registry, and all the rest follows."""
    bureau = Bureau({"good-code": "ada"})
    vendor = bureau.vendor(longest_state)
    monkeypatch.setitem(VENDORS, KEY, vendor)
    monkeypatch.setitem(config_flow.SIGN_INS, STEP, vendor)
    monkeypatch.setattr(
        config_flow.SolarCloudConfigFlow,
        f"async_step_{STEP}",
        config_flow._step(STEP),  # noqa: SLF001
        raising=False,
    )
    return bureau


@dataclass
class Browser:
    """A user at the frontend."""

    client: TestClient[Any, Any]
    base: str = FRONTEND
    path: str = "/api/config/config_entries/flow"
    result: Any = None

    async def post(self, path: str, body: dict[str, Any]) -> None:
        """Send what the frontend sends."""
        headers = {"HA-Frontend-Base": self.base}
        response = await self.client.post(path, json=body, headers=headers)
        assert response.status == 200, await response.text()
        self.result = await response.json()

    async def add(self) -> None:
        """Press the button to add the integration, and type the credentials."""
        await self.post(self.path, {"handler": DOMAIN})
        await self.answer(next_step_id=STEP)
        await self.answer(**TYPED)

    async def answer(self, **user_input: Any) -> None:
        """Answer the step that is shown."""
        await self.post(f"{self.path}/{self.result['flow_id']}", user_input)

    async def look(self) -> None:
        """Look at the flow again, as the frontend does when the page came back."""
        response = await self.client.get(f"{self.path}/{self.result['flow_id']}")
        self.result = await response.json()

    @property
    def consent_url(self) -> URL:
        """The vendor's page that was opened."""
        assert self.result["type"] == "external", self.result
        return URL(self.result["url"])

    def at(self, step: str, **errors: str) -> bool:
        """Say whether a form is shown, with exactly these errors."""
        return (
            self.result["type"] == "form"
            and self.result["step_id"] == step
            and (self.result["errors"] or {}) == errors
        )


@pytest.fixture
async def browser(
    hass: HomeAssistant,
    home: Home,
    bureau: Bureau,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    monkeypatch: pytest.MonkeyPatch,
) -> Browser:
    """The frontend's side of a running Home Assistant, signed in for as long as the story is."""
    for component in ("config", "auth"):
        assert await async_setup_component(hass, component, {})
    # Home Assistant's own start, which tests leave out, lets views be added at any time.
    monkeypatch.setattr(hass.http.app.router, "freeze", lambda: None)
    client = await hass_client()
    refresh = next(iter(hass_admin_user.refresh_tokens.values()))
    refresh.access_token_expiration = timedelta(days=60)
    token = hass.auth.async_create_access_token(refresh)
    client.session.headers["Authorization"] = f"Bearer {token}"
    return Browser(client)


async def finish(browser: Browser, hass: HomeAssistant) -> MockConfigEntry:
    """Take all plants."""
    assert browser.at("plants"), browser.result
    plants = [
        each["value"]
        for each in browser.result["data_schema"][0]["selector"]["select"]["options"]
    ]
    await browser.answer(plants=plants, controls=False)
    assert browser.result["type"] == "create_entry", browser.result
    await hass.async_block_till_done(wait_background_tasks=True)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    return entry  # type: ignore[return-value]


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


@pytest.mark.parametrize(
    ("longest_state", "base", "redirect"),
    [
        (
            16,
            "http://localhost:8123",
            "http://localhost:8123/auth/solar_cloud/callback",
        ),
        (
            16,
            "http://192.168.1.5:8123",
            "http://192.168.1.5:8123/auth/external/callback",
        ),
        (
            16,
            "http://homeassistant.local:8123",
            "http://homeassistant.local:8123/auth/external/callback",
        ),
        (
            None,
            "http://192.168.1.5:8123",
            "http://192.168.1.5:8123/auth/external/callback",
        ),
    ],
)
async def test_the_redirect_address_is_one_the_vendor_takes(
    browser: Browser, base: str, redirect: str
) -> None:
    """Our own page needs https or this machine; elsewhere the code is pasted."""
    browser.base = base
    await browser.add()
    assert browser.result["description_placeholders"]["redirect_uri"] == redirect


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
        assert browser.at("paste", base=error), pasted
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


async def added(browser: Browser, hass: HomeAssistant) -> MockConfigEntry:
    """Add the account."""
    await browser.add()
    await browser.answer(next_step_id="paste")
    await browser.answer(code="good-code")
    return await finish(browser, hass)


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
    await browser.answer(next_step_id=STEP)
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
    await browser.answer(next_step_id=STEP)
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


@pytest.mark.parametrize(
    ("longest_state", "base", "redirect", "warned", "ways"),
    [
        (
            None,
            FRONTEND,
            f"{FRONTEND}/auth/external/callback",
            False,
            ["auth", "paste"],
        ),
        (
            None,
            "http://192.168.1.5:8123",
            "http://192.168.1.5:8123/auth/external/callback",
            True,
            ["auth", "paste"],
        ),
        (
            16,
            FRONTEND,
            f"{FRONTEND}/auth/solar_cloud/callback",
            False,
            ["auth", "paste"],
        ),
        (
            16,
            "http://192.168.1.5:8123",
            "http://192.168.1.5:8123/auth/external/callback",
            True,
            ["paste"],
        ),
    ],
)
async def test_the_first_form_of_a_consent_shows_the_address_to_register(
    browser: Browser, base: str, redirect: str, warned: bool, ways: list[str]
) -> None:
    """Before the application is made, with a warning where the vendor takes no http; nothing is promised that cannot come back."""
    browser.base = base
    await browser.post(browser.path, {"handler": DOMAIN})
    await browser.answer(next_step_id=STEP)
    told = browser.result["description_placeholders"]
    assert told["redirect_uri"] == redirect
    assert ("https" in told["warning"]) is warned
    await browser.answer(**TYPED)
    assert browser.result["step_id"] == "consent"
    assert browser.result["menu_options"] == ways
    assert browser.result["description_placeholders"]["redirect_uri"] == redirect


async def test_removing_signs_out(
    browser: Browser, bureau: Bureau, hass: HomeAssistant
) -> None:
    """Where the vendor counts sessions, none is left behind."""
    entry = await added(browser, hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert bureau.signed_out == ["token-of-ada-1"]


def test_the_flow_logs_as_the_integration() -> None:
    """So that one switch turns all of its debug logging on."""
    logger = config_flow.SolarCloudConfigFlow().logger
    assert logger.name == "custom_components.solar_cloud"


# Meters


async def test_a_meter_is_corrected_by_its_owner(
    browser: Browser, bureau: Bureau, hass: HomeAssistant, home: Home
) -> None:
    """Wired the other way round, and reporting another unit; other options stay."""
    entry = await added(browser, hass)
    meter = "ada-1-meter"
    power = f"{KEY}_{meter}_grid_power"
    assert home.value(power) == 1500
    browser.path = "/api/config/config_entries/options/flow"
    await browser.post(browser.path, {"handler": entry.entry_id})
    assert browser.result["menu_options"] == ["settings", "meter"]
    await browser.answer(next_step_id="meter")
    assert browser.at("meter")
    fields = {each["name"]: each for each in browser.result["data_schema"]}
    assert fields["device"]["selector"]["select"]["options"] == [
        {"value": meter, "label": "Meter"}
    ]
    assert fields["unit"]["selector"]["select"]["options"] == [
        "as_documented",
        "watt",
        "kilowatt",
    ]
    await browser.answer(device=meter, swap_direction=True, unit="kilowatt")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["tunings"] == {
        meter: {"swap_direction": True, "unit": "kilowatt"}
    }
    assert entry.options["excluded_plants"] == []
    assert home.value(power) == -1_500_000

    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="meter")
    await browser.answer(device=meter, swap_direction=False, unit="as_documented")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert home.value(power) == 1500


async def test_settings_keep_the_corrections(
    browser: Browser, hass: HomeAssistant, home: Home
) -> None:
    """One page of the options does not undo the other."""
    entry = await added(browser, hass)
    meter = "ada-1-meter"
    browser.path = "/api/config/config_entries/options/flow"
    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="meter")
    await browser.answer(device=meter, swap_direction=True, unit="watt")
    await hass.async_block_till_done(wait_background_tasks=True)
    await browser.post(browser.path, {"handler": entry.entry_id})
    await browser.answer(next_step_id="settings")
    defaults = {each["name"]: each["default"] for each in browser.result["data_schema"]}
    await browser.answer(**defaults | {"controls": True})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["controls"] is True
    assert entry.options["tunings"] == {meter: {"swap_direction": True, "unit": "watt"}}
    assert home.value(f"{KEY}_{meter}_grid_power") == -1500
