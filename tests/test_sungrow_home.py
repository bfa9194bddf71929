"""A Sungrow owner's home in Home Assistant: a day that adds up, and everything that can go wrong on the way in."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from .emulators.sungrow import SungrowCloud
from .emulators.sungrow.plant import HYBRID, PV
from .emulators.world import Sample
from .helpers.accounts import (
    Visitor,
    account_entry,
    added,
    reauths,
    redirected,
    repairs,
    role,
    type_account,
)
from .helpers.home import Home, enable_everything
from .test_config_flow import Flow

STEP = 0.1
"""kWh: what Sungrow's lifetime counters are cut off at."""
EVENING = datetime(2026, 6, 14, 21, 46, 30, tzinfo=UTC)
"""A quarter of an hour before the plants' midnight."""


@pytest.fixture
async def visitor(
    hass: HomeAssistant,
    home: Home,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> Visitor:
    """The frontend's side of a running Home Assistant."""
    for component in ("config", "auth"):
        assert await async_setup_component(hass, component, {})
    return Visitor.of(hass, await hass_client(), hass_admin_user)


@pytest.fixture
async def flow(hass: HomeAssistant, home: Home) -> Flow:
    """A flow at its menu."""
    return await Flow.add(hass)


# Consent


async def apply(visitor: Visitor, cloud: SungrowCloud) -> None:
    """Type the application in, and register the address that is shown with it."""
    await visitor.begin(
        "sungrow_oauth",
        cloud.url,
        cloud.consent_credentials,
        cloud_id=cloud.knobs.cloud_id,
    )
    assert visitor.result["step_id"] == "consent", visitor.result
    cloud.application.redirect_url = visitor.redirect


async def approve(
    cloud: SungrowCloud, page: URL, *plants: str
) -> tuple[URL | None, str]:
    """Do what the page's script and its owner do."""
    route = URL("/?" + page.fragment.partition("?")[2]).query
    form = {
        "account": cloud.user.account,
        "password": cloud.user.password,
        "state": page.query.get("state", ""),
        "applicationId": route["applicationId"],
        "redirectUrl": route["redirectUrl"],
        "cloudId": route["cloudId"],
        "ps_id": list(plants or (plant.ps_id for plant in cloud.plants)),
    }
    return await redirected("POST", URL(cloud.url) / "authorize", form)


async def consented(visitor: Visitor, cloud: SungrowCloud) -> None:
    """Add the account by the page of consent."""
    await apply(visitor, cloud)
    await visitor.answer(next_step_id="auth")
    target, text = await approve(cloud, visitor.consent_url)
    assert target is not None, text
    await visitor.come_back(target)
    await visitor.take_all()


# A day


def truth(cloud: SungrowCloud, sample: Sample) -> dict[str, tuple[float, int]]:
    """Return the plant's true counters, each with how many cut-off figures it is made of."""
    energies = sample.energies
    hybrids = {device.part for device in cloud.plant.of(HYBRID)}
    inverters = len(cloud.plant.of(HYBRID, PV))
    # A string inverter counts what it gave on its AC side, a hybrid one what the sun gave.
    counted = {
        "pv_energy_total": (
            sum(
                each.pv_kwh if each.spec.id in hybrids else each.ac_out_kwh
                for each in sample.inverters
            ),
            inverters,
        )
    }
    if cloud.plant.ps_type != 3:  # the farm has no meter
        counted |= {
            "grid_import_energy_total": (energies.grid_import, 1),
            "grid_export_energy_total": (energies.grid_export, 1),
            "load_energy_total": (energies.load + energies.charger, 1),
        }
    if sample.batteries:
        counted |= {
            "battery_charge_energy_total": (energies.battery_charge, len(hybrids)),
            "battery_discharge_energy_total": (
                energies.battery_discharge,
                len(hybrids),
            ),
        }
    return counted


def seen(cloud: SungrowCloud) -> Sample:
    """Return the plant as it was at the upload that Home Assistant was last told of."""
    call = cloud.calls.of("RealTimeData")[-1]
    at = cloud.plant.site.last_upload(cloud.plant.devices[0].ps_key, call.at)
    return cloud.plant.site.sample(at)


def check_day(home: Home, cloud: SungrowCloud) -> None:
    """Compare every role counter with the truth."""
    for quantity, (true, addends) in truth(cloud, seen(cloud)).items():
        shown = role(home, "sungrow", cloud.plant.ps_id, quantity)
        assert -1e-3 <= true - shown <= addends * STEP + 1e-3, quantity


async def live_a_day(home: Home, cloud: SungrowCloud, entry: MockConfigEntry) -> None:
    """From before one midnight to after the next, with a breakfast the roof cannot serve, and a restart."""
    before = {
        quantity: role(home, "sungrow", cloud.plant.ps_id, quantity)
        for quantity in truth(cloud, seen(cloud))
    }
    for quarter in range(24 * 4 + 2):
        if quarter in {28, 34}:
            cloud.plant.site.override_load(18_000 if quarter == 28 else None)
        await home.pass_time(900, step=900)
        check_day(home, cloud)
        if quarter == 40:
            await home.restart(entry)
    for quantity, start in before.items():
        assert role(home, "sungrow", cloud.plant.ps_id, quantity) > start + 1, quantity
    assert not [call for call in cloud.calls if call.code not in {"1", None}]
    assert len(cloud.data_calls) < 1440


@pytest.mark.parametrize("begin", [EVENING])
@pytest.mark.parametrize(
    "sungrow", ["home-hybrid", "home-string", "farm", "two-hybrids"], indirect=True
)
async def test_a_day_of_an_account_adds_up(sungrow: SungrowCloud, home: Home) -> None:
    """Hybrid home, string inverter, two inverters without and with batteries."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    await live_a_day(home, sungrow, entry)
    assert len(sungrow.logins) == 1


@pytest.mark.parametrize("begin", [EVENING])
@pytest.mark.parametrize("sungrow", ["home-hybrid", "farm"], indirect=True)
async def test_a_day_of_a_consent_adds_up(
    sungrow: SungrowCloud, home: Home, visitor: Visitor
) -> None:
    """The same by OAuth."""
    await consented(visitor, sungrow)
    await home.settle()
    await live_a_day(home, sungrow, added(home.hass))
    assert not sungrow.logins


# The form of an account

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
        "Try another region",
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


@pytest.mark.parametrize("trouble", FORMS.values(), ids=FORMS)
async def test_e39_every_mistake_in_the_form_is_named(
    flow: Flow, sungrow: SungrowCloud, trouble: tuple[Change, dict[str, str], str, str]
) -> None:
    """Each in its own words, with at most one login."""
    begin_trouble, typed, error, says = trouble
    begin_trouble(sungrow)
    await type_account(flow, sungrow, "sungrow_account", **typed)
    assert flow.at("base_url", base=error)
    assert says in flow.detail
    assert len(sungrow.logins) <= 1


async def test_the_same_wrong_password_is_not_sent_twice(
    flow: Flow, sungrow: SungrowCloud, home: Home
) -> None:
    """It counts towards a lock; the right one is."""
    await type_account(flow, sungrow, "sungrow_account", password="wrong")
    for _ in range(3):
        await flow.submit(base_url=sungrow.url, password="wrong")
        assert flow.at("base_url", base="invalid_auth")
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


# The consent


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
    assert visitor.at("paste", base="invalid_code")

    sungrow.turn(unapproved=True)
    assert await approve(sungrow, page) == (None, "Operation failed")
    await visitor.answer(code=sungrow.consent())
    assert visitor.at("paste", base="no_permission")
    assert "Wait for its approval" in visitor.detail

    sungrow.turn(unapproved=False)
    await visitor.answer(code=sungrow.consent())
    await visitor.take_all()


# Afterwards


@pytest.fixture
async def entry(sungrow: SungrowCloud, home: Home) -> MockConfigEntry:
    """The account, running."""
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.mark.parametrize(
    ("knob", "key"),
    [
        ("ip_refused", "ip_not_allowed"),
        ("user_refused", "user_not_allowed"),
        ("unapproved", "not_authorized"),
        ("expired", "service_expired"),
        ("address_changes", "address_changes"),
    ],
)
async def test_e36_what_the_portal_must_grant_is_a_repair(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home, knob: str, key: str
) -> None:
    """No question for credentials, few calls, no login unless the token may be the reason; gone when it is granted."""
    sungrow.turn(**{knob: True})
    before = len(sungrow.calls)
    await home.pass_time(6 * 3600, step=300)
    assert key in repairs(home.hass)
    assert not reauths(home.hass)
    logins = len(sungrow.logins)
    assert logins <= (1 + 6 if knob == "unapproved" else 1)
    assert len(sungrow.calls) - before <= 6 * 12 + 5 + logins
    await home.restart(entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    sungrow.turn(**{knob: False})
    await home.pass_time(2 * 3600, step=300)
    assert key not in repairs(home.hass)
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_energy_total") > 0
    assert len(sungrow.logins) <= logins + (2 if knob == "unapproved" else 0)


async def test_e37_a_changed_password_is_asked_for_once(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """The account is not locked by the old one."""
    sungrow.user.password = "another-password"
    sungrow.end_sessions()
    await home.pass_time(24 * 3600, step=900)
    await home.restart(entry)
    await home.pass_time(3600, step=300)
    assert reauths(home.hass) == 1
    assert len(sungrow.logins) == 2
    flow = Flow(home.hass, home.hass.config_entries.flow.async_progress()[0], [])
    await flow.submit(secret_key=sungrow.application.secret_key, password="mistyped")
    assert flow.at("reauth_confirm", base="invalid_auth")
    await flow.submit(
        secret_key=sungrow.application.secret_key, password="another-password"
    )
    assert flow.reason == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert len(sungrow.logins) == 4
    await home.pass_time(600)
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_energy_total") > 0


async def test_e73_an_expired_account_token_heals_by_itself(
    sungrow: SungrowCloud, home: Home
) -> None:
    """The cloud calls it a missing permission (E900): the user is told nothing, and misses nothing."""
    sungrow.turn(expired_code="E900")
    await home.start(account_entry(sungrow, "sungrow_account"))
    for _ in range(2):
        sungrow.end_sessions()
        await home.pass_time(1800)
        assert role(home, "sungrow", sungrow.plant.ps_id, "pv_power") > 0
        assert not repairs(home.hass)
        assert not reauths(home.hass)
    assert len(sungrow.logins) == 3


async def test_e76_a_gateways_absurd_wait_does_not_silence_the_plant(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """It orders three thousand years: the plant is back within a day, over restarts, and polling goes on."""
    headers = {"Retry-After": "99999999999"}
    sungrow.fault("getDeviceRealTimeData", http=429, headers=headers)
    await home.pass_time(600)
    await home.restart(entry)
    await home.pass_time(25 * 3600, step=900)
    assert entry.state is ConfigEntryState.LOADED
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_power") >= 0


async def test_a_locked_account_is_left_alone(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """A repair names the end of the lock; nobody signs in before it, whatever is restarted."""
    _lock(sungrow)
    sungrow.end_sessions()
    for _ in range(4):
        await home.pass_time(4 * 3600, step=900)
        await home.restart(entry)
    assert len(sungrow.logins) == 2
    assert not reauths(home.hass)
    await home.pass_time(10 * 3600, step=900)
    assert len(sungrow.logins) == 3
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("body", ["html", "null", "0123456789ABCDEF0123456789ABCDEF"])
async def test_a_login_that_gets_no_answer_is_tried_ever_more_rarely(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home, body: str
) -> None:
    """At most one login per step of the back-off."""
    sungrow.end_sessions()
    sungrow.fault("openapi/login", body=body, times=None)
    await home.pass_time(12 * 3600, step=300)
    times = [call.at.timestamp() for call in sungrow.logins[1:]]
    for step, (earlier, later) in enumerate(pairwise(times)):
        assert later - earlier >= min(60 * 2**step, 3600)
    assert len(times) <= 20
    sungrow.faults.clear()
    if body in {"html", "null"}:
        assert not reauths(home.hass)
        await home.pass_time(2 * 3600, step=300)
        assert role(home, "sungrow", sungrow.plant.ps_id, "pv_energy_total") > 0


@pytest.mark.parametrize("gone", ["revoked", "expired"])
async def test_a_consent_that_ended_is_asked_for_once(
    visitor: Visitor, sungrow: SungrowCloud, home: Home, gone: str
) -> None:
    """The entry and its entities stay; a new consent mends it."""
    await consented(visitor, sungrow)
    entry = added(home.hass)
    await home.pass_time(600)
    if gone == "revoked":
        sungrow.revoke()
    else:
        await home.hass.config_entries.async_unload(entry.entry_id)
        home.freezer.tick(31 * 86400)
        await home.restart(entry)
    sungrow.calls.clear()
    await home.pass_time(12 * 3600, step=900)
    await home.restart(entry)
    await home.pass_time(3600, step=300)
    assert reauths(home.hass) == 1
    assert len(sungrow.calls.of("refreshToken")) <= 1
    assert len(sungrow.calls) <= 3
    assert home.known(f"sungrow_{sungrow.plant.ps_id}_pv_energy_total")

    (visitor.result,) = home.hass.config_entries.flow.async_progress()
    await visitor.look()
    assert visitor.at("reauth_consent"), visitor.result
    await visitor.answer()
    assert visitor.result["step_id"] == "consent"
    await visitor.answer(next_step_id="paste")
    await visitor.answer(code=sungrow.consent())
    assert visitor.result["reason"] == "reauth_successful", visitor.result
    await home.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert role(home, "sungrow", sungrow.plant.ps_id, "pv_energy_total") > 0


# Reported failures


@pytest.mark.parametrize("begin", [EVENING])
async def test_e07_a_zero_at_midnight_is_no_beginning(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """The lifetime is 0 for the first minutes of the day; what returns is not today's."""
    hybrid = sungrow.first(HYBRID)
    await home.pass_time(600)
    total = role(home, "sungrow", sungrow.plant.ps_id, "grid_import_energy_total")
    pv = role(home, "sungrow", sungrow.plant.ps_id, "pv_energy_total")
    counters = ("13112", "13134", "13147", "13148", "13149", "83102", "83105")
    hybrid.values = dict.fromkeys(counters, 0.0)
    await home.pass_time(1500, step=300)
    hybrid.values = {}
    for _ in range(8):
        await home.pass_time(600, step=300)
        for quantity, before in (
            ("pv_energy_total", pv),
            ("grid_import_energy_total", total),
        ):
            shown = role(home, "sungrow", sungrow.plant.ps_id, quantity)
            assert before <= shown < before + 3
        for quantity in ("pv_energy_today", "grid_import_energy_today"):
            unique = f"sungrow_{sungrow.plant.ps_id}_{quantity}"
            assert home.value(unique) < 3, quantity


@pytest.mark.parametrize("sungrow", ["all"], indirect=True)
async def test_e44_no_foreign_glyph_reaches_the_user(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """Names, models, units and states are ours, whatever language the cloud falls back to."""
    sungrow.turn(chinese=True)
    enable_everything(home.hass, entry)
    await home.pass_time(900)
    shown = [
        text
        for state in home.hass.states.async_all()
        for text in (state.state, *map(str, state.attributes.values()))
    ]
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), entry.entry_id)
    shown += [text for each in devices for text in (each.name, each.model) if text]
    assert "°C" in shown
    assert not [text for text in shown if re.search("[\u2103\u4e00-\u9fff]", text)]
