"""Adding a Sungrow account: by login and by consent, with every mistake a form can have."""

from collections.abc import Callable
from typing import Any

import pytest
import voluptuous as vol
from yarl import URL

from custom_components.solar_cloud.cloud.registry import VENDORS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import section

from ..emulators.sungrow import SungrowCloud
from ..helpers.accounts import Visitor, account_entry, added, role, type_account
from ..helpers.flow import Flow, rare_fields, shown
from ..helpers.home import Home
from ..helpers.sungrow import apply, approve

type Change = Callable[[SungrowCloud], object]


def _lock(cloud: SungrowCloud) -> None:
    cloud.user.locked_at = cloud.now()
    cloud.user.locked_until = cloud.now() + 86400


FORMS: dict[str, tuple[Change, dict[str, str], str, str]] = {
    "unapproved": (
        lambda cloud: cloud.turn(unapproved=True),
        {},
        "no_permission",
        "Wait for its approval",
    ),
    "app-key": (
        lambda cloud: None,
        {"app_key": "F" * 32},
        "invalid_auth",
        "does not know this app key",
    ),
    "secret-key": (
        lambda cloud: None,
        {"secret_key": "wrong"},
        "invalid_auth",
        "The secret key does not belong to this app key",
    ),
    "key-pair": (
        lambda cloud: cloud.add_application("E" * 32, "another-secret"),
        {"secret_key": "another-secret"},
        "invalid_auth",
        "The secret key does not belong to this app key",
    ),
    "e918": (
        lambda cloud: cloud.turn(ip_refused=True),
        {},
        "no_permission",
        "IP whitelist",
    ),
    "e919": (
        lambda cloud: cloud.turn(user_refused=True),
        {},
        "no_permission",
        "User whitelist",
    ),
    "expired": (
        lambda cloud: cloud.turn(expired=True),
        {},
        "no_permission",
        "has expired",
    ),
    "region": (
        lambda cloud: cloud.turn(other_region=True),
        {},
        "invalid_auth",
        "Check the region or the address",
    ),
    "password": (
        lambda cloud: None,
        {"password": "wrong"},
        "invalid_auth",
        "wrong attempts so far: 1",
    ),
    "locked": (_lock, {}, "account_locked", "until 2026-06-16T10:01"),
    "disabled": (
        lambda cloud: cloud.turn(admin_locked=True),
        {},
        "invalid_auth",
        "disabled this account",
    ),
    "captcha": (
        lambda cloud: cloud.turn(login_state="3"),
        {},
        "rate_limited",
        "sign in once in the vendor's app",
    ),
    "encrypted": (
        lambda cloud: cloud.turn(encryption="required"),
        {},
        "invalid_auth",
        "enter its RSA public key",
    ),
    "hex": (
        lambda cloud: cloud.turn(always_hex=True),
        {},
        "invalid_auth",
        "enter its RSA public key",
    ),
    "rsa-key": (
        lambda cloud: None,
        {"rsa_public_key": "nonsense"},
        "invalid_auth",
        "RSA public key",
    ),
    "html": (
        lambda cloud: cloud.fault(body="html"),
        {},
        "cannot_connect",
        "a page instead of data",
    ),
    "null": (
        lambda cloud: cloud.fault(body="null"),
        {},
        "cannot_connect",
        "unknown form",
    ),
    "no-plants": (
        lambda cloud: cloud.plants.clear(),
        {},
        "no_plants",
        "",
    ),
}


MEANT = {
    "does not know this app key": "app_key",
    "The secret key does not belong to this app key": "secret_key",
    "Check the region or the address": "username",
    "wrong attempts so far: 1": "password",
    "disabled this account": "username",
    "enter its RSA public key": "advanced",
    "RSA public key": "advanced",
}
"""The field at which a mistake is shown, by what is said of it."""


@pytest.mark.parametrize("trouble", FORMS.values(), ids=FORMS)
async def test_e39_every_mistake_in_the_form_is_named(
    flow: Flow, sungrow: SungrowCloud, trouble: tuple[Change, dict[str, str], str, str]
) -> None:
    """Each in its own words, with at most one login."""
    begin_trouble, typed, error, says = trouble
    begin_trouble(sungrow)
    await type_account(flow, sungrow, "sungrow_account", **typed)
    assert flow.at("base_url", **{MEANT.get(says, "base"): error})
    assert says in flow.detail
    assert len(sungrow.logins) <= 1


TOLD = {
    "app_key": (
        {"app_key": "F" * 32},
        "The vendor does not know this app key. Check that it is complete and that the region is right.",
    ),
    "secret_key": (
        {"secret_key": "f" * 32},
        "The secret key does not belong to this app key.",
    ),
}


@pytest.mark.parametrize("field", TOLD)
async def test_a_mistake_is_told_once(
    flow: Flow, sungrow: SungrowCloud, field: str
) -> None:
    """What the vendor says is wrong, and no second sentence about everything that could be."""
    mistyped, told = TOLD[field]
    await type_account(flow, sungrow, "sungrow_account", **mistyped)
    assert flow.at("base_url", **{field: "invalid_auth"})
    assert (await flow.told(field)).strip() == told


async def test_a_wrong_app_key_is_mended_where_it_is_named(
    flow: Flow, sungrow: SungrowCloud
) -> None:
    """The form that complains has the field, filled with what was typed; everything else is kept."""
    await type_account(flow, sungrow, "sungrow_account", app_key="F" * 32)
    assert flow.at("base_url", app_key="invalid_auth")
    assert shown(flow.result) == {
        "base_url": sungrow.url,
        "app_key": "F" * 32,
        "username": sungrow.credentials["username"],
    }
    await flow.submit(base_url=sungrow.url, app_key=sungrow.credentials["app_key"])
    assert flow.at("plants")


def section_is_open(flow: Flow) -> bool:
    """Say whether what is asked rarely is in sight."""
    schema = flow.result["data_schema"]
    assert schema is not None
    rare = schema.schema["advanced"]
    assert isinstance(rare, section)
    return not rare.options["collapsed"]


@pytest.mark.parametrize("key", ["sungrow_account", "sungrow_oauth"])
async def test_the_rsa_key_that_hardly_anybody_has_is_out_of_sight(
    flow: Flow, key: str
) -> None:
    """In a section that is closed."""
    await flow.sign_in(key)
    assert rare_fields(flow.result) == ["rsa_public_key"]
    assert not section_is_open(flow)


@pytest.mark.parametrize(
    "untouched", [{}, {"advanced": {}}, {"advanced": {"rsa_public_key": " "}}]
)
async def test_a_section_nobody_opened_changes_nothing(
    flow: Flow, sungrow: SungrowCloud, untouched: dict[str, Any]
) -> None:
    """However a browser sends it."""
    await flow.sign_in("sungrow_account")
    await flow.submit(region="other", **sungrow.credentials, **untouched)
    await flow.submit(base_url=sungrow.url)
    assert flow.at("plants")
    await flow.submit(plants=[sungrow.plant.ps_id], controls=False)
    assert flow.entry.data["credentials"] == {
        "region": "other",
        "base_url": sungrow.url,
        **sungrow.credentials,
    }


async def test_a_stored_rsa_key_is_in_sight_when_the_connection_is_changed(
    sungrow: SungrowCloud, home: Home
) -> None:
    """The section is open; the key stays as it is when it is sent as shown, flat in the entry as ever."""
    sungrow.turn(encryption="required")
    key = sungrow.application.rsa_public_key
    entry = account_entry(sungrow, "sungrow_account", rsa_public_key=key)
    await home.start(entry)
    flow = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    assert section_is_open(flow)
    assert shown(flow.result)["rsa_public_key"] == key
    await flow.submit(**shown(flow.result))
    await flow.submit(base_url=sungrow.url)
    assert flow.reason == "reconfigure_successful"
    assert entry.data["credentials"]["rsa_public_key"] == key
    assert "advanced" not in entry.data["credentials"]


async def test_a_wrong_rsa_key_is_taken_out_where_it_is_named(
    flow: Flow, sungrow: SungrowCloud
) -> None:
    """An application without encryption needs none; the section is open, and what is wrong in it stands above."""
    await type_account(flow, sungrow, "sungrow_account", rsa_public_key="nonsense")
    assert flow.at("base_url", advanced="invalid_auth")
    assert section_is_open(flow)
    await flow.submit(**{**shown(flow.result), "rsa_public_key": ""})
    assert flow.at("plants")


async def test_a_wrong_password_leaves_the_right_secret_where_it_is(
    flow: Flow, sungrow: SungrowCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the form of a known region, too: only the password is typed again."""
    monkeypatch.setitem(
        VENDORS["sungrow"].sign_in("sungrow_account").regions, "eu", sungrow.url
    )
    await flow.sign_in("sungrow_account")
    typed = {"region": "eu", **sungrow.credentials}
    await flow.submit(**{**typed, "password": "wrong"})
    assert flow.at("sungrow_account", password="invalid_auth")
    schema = flow.result["data_schema"]
    assert schema is not None
    needed = {str(each) for each in schema.schema if isinstance(each, vol.Required)}
    assert "password" in needed
    assert "secret_key" not in needed
    told = flow.result["description_placeholders"]
    assert told is not None
    assert told["kept"] == "A secret left empty stays as it was typed."
    assert "secret_key" not in shown(flow.result)
    await flow.submit(
        **{**shown(flow.result), "password": sungrow.credentials["password"]}
    )
    assert flow.at("plants")


async def test_the_same_wrong_password_is_not_sent_twice(
    flow: Flow, sungrow: SungrowCloud, home: Home
) -> None:
    """It counts towards a lock; the right one is."""
    await type_account(flow, sungrow, "sungrow_account", password="wrong")
    for _ in range(3):
        await flow.submit(base_url=sungrow.url, password="wrong")
        assert flow.at("base_url", password="invalid_auth")
        assert "wrong attempts so far: 1" in flow.detail
    assert len(sungrow.logins) == 1
    await flow.submit(base_url=sungrow.url, password=sungrow.user.password)
    assert flow.at("plants")
    await flow.submit(plants=[sungrow.plant.ps_id], controls=False)
    assert flow.entry.state is ConfigEntryState.LOADED
    assert len(sungrow.logins) == 2
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_power") > 0


async def test_e35_an_encrypted_home_works_with_the_portals_key(
    flow: Flow, sungrow: SungrowCloud, home: Home
) -> None:
    """The key as the portal shows it turns encryption on."""
    sungrow.turn(encryption="required")
    key = sungrow.application.rsa_public_key
    await type_account(flow, sungrow, "sungrow_account", rsa_public_key=key)
    assert flow.at("plants")
    await flow.submit(plants=[sungrow.plant.ps_id], controls=False)
    await home.pass_time(900)
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_power") > 0


async def test_an_emptied_key_turns_encryption_off(
    sungrow: SungrowCloud, home: Home
) -> None:
    """A field that is shown and emptied is meant to go; passwords, which are not shown, stay."""
    entry = account_entry(sungrow, "sungrow_account")
    credentials = dict(entry.data["credentials"])
    key = sungrow.application.rsa_public_key
    data = entry.data | {"credentials": credentials | {"rsa_public_key": key}}
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(entry, data=data)
    await home.start(entry)
    flow = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    await flow.submit(
        region="other",
        app_key=credentials["app_key"],
        username=credentials["username"],
    )
    await flow.submit(base_url=sungrow.url)
    assert flow.reason == "reconfigure_successful"
    assert entry.data["credentials"] == credentials


@pytest.mark.parametrize("sungrow", ["all"], indirect=True)
async def test_e40_every_authorised_plant_is_offered(
    visitor: Visitor, sungrow: SungrowCloud, home: Home
) -> None:
    """Those the owner ticked, and no other."""
    await apply(visitor, sungrow)
    assert visitor.redirect == "https://home.example.com/auth/external/callback"
    await visitor.answer(next_step_id="auth")
    ticked = ["5000001", "5000002", "5000003"]
    target, _ = await approve(sungrow, visitor.consent_url, *ticked)
    assert target is not None
    await visitor.come_back(target)
    assert visitor.offered == ticked
    await visitor.take_all()
    await home.settle()
    for plant in ticked:
        assert role(home, "sungrow", plant, "pv_energy_total") > 0


@pytest.mark.parametrize(
    "form", ["{}", "  {} \n", '"{}"', "https://x.example/?code={}"]
)
async def test_e39_the_code_of_the_page_is_pasted(
    visitor: Visitor, sungrow: SungrowCloud, home: Home, form: str
) -> None:
    """Bare, with blanks, or as the whole address."""
    await apply(visitor, sungrow)
    await visitor.answer(next_step_id="paste")
    url = URL(visitor.result["description_placeholders"]["url"])
    target, _ = await approve(sungrow, url)
    assert target is not None
    await visitor.answer(code=form.format(target.query["code"]))
    await visitor.take_all()
    await home.settle()
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_power") > 0
    assert added(home.hass).state is ConfigEntryState.LOADED


async def test_e39_a_consent_that_fails_says_why(
    visitor: Visitor, sungrow: SungrowCloud, home: Home
) -> None:
    """Redirect address, application, code: the same dialog goes on after each."""
    await apply(visitor, sungrow)
    await visitor.answer(next_step_id="paste")
    page = URL(visitor.result["description_placeholders"]["url"])

    sungrow.application.redirect_url = "https://elsewhere.example/callback"
    assert await approve(sungrow, page) == (
        None,
        "The redirect address is not registered",
    )
    await visitor.answer(code=sungrow.consent())
    assert visitor.at("paste", base="invalid_auth")
    assert "redirect address registered" in visitor.detail

    sungrow.application.redirect_url = visitor.redirect
    await visitor.answer(code="stale")
    assert visitor.at("paste", code="invalid_code")

    sungrow.turn(unapproved=True)
    assert await approve(sungrow, page) == (None, "Operation failed")
    await visitor.answer(code=sungrow.consent())
    assert visitor.at("paste", base="no_permission")
    assert "Wait for its approval" in visitor.detail

    sungrow.turn(unapproved=False)
    await visitor.answer(code=sungrow.consent())
    await visitor.take_all()
