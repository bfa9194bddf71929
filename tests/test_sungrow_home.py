"""A Sungrow owner's home in Home Assistant: a day that adds up, and everything that can go wrong afterwards."""

from datetime import UTC, datetime
from itertools import pairwise
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.diagnostics import async_get_config_entry_diagnostics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .emulators.sungrow import SungrowCloud
from .emulators.sungrow.plant import HYBRID, METER, PV
from .emulators.world import Sample
from .flows.test_sungrow import _lock
from .helpers.accounts import Visitor, account_entry, added, reauths, repairs, role
from .helpers.flow import Flow
from .helpers.home import Home, enable_everything
from .helpers.sungrow import consented

STEP = 0.1
"""kWh: what Sungrow's lifetime counters are cut off at."""
EVENING = datetime(2026, 6, 14, 21, 46, 30, tzinfo=UTC)
"""A quarter of an hour before the plants' midnight."""


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


@pytest.mark.parametrize("begin", [datetime(2026, 6, 14, 22, 30, tzinfo=UTC)])
@pytest.mark.parametrize("sungrow", ["home-string"], indirect=True)
async def test_a_night_without_battery_costs_few_calls_and_the_morning_is_in_time(
    sungrow: SungrowCloud, home: Home
) -> None:
    """The house is read every ten minutes, its inverter every twenty; from before sunrise on both every five."""
    await home.start(account_entry(sungrow, "sungrow_account"))

    async def polls(hours: float) -> dict[int, int]:
        await home.pass_time(900)
        sungrow.calls.clear()
        await home.pass_time(hours * 3600)
        kinds = [call.params.get("device_type") for call in sungrow.data_calls]
        return {kind: kinds.count(kind) for kind in (METER, PV)}

    night = await polls(2)
    assert night[METER] in {11, 12, 13}
    assert night[PV] in {5, 6, 7}
    await home.pass_time(
        datetime(2026, 6, 15, 3, 0, tzinfo=UTC) - dt_util.utcnow(), 900
    )
    morning = await polls(1)
    assert morning[METER] in {11, 12, 13}
    assert morning[PV] in {11, 12, 13}


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
    assert flow.at("reauth_confirm", password="invalid_auth")
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


async def test_a_report_tells_of_login_and_plant_but_not_whose_they_are(
    entry: MockConfigEntry, sungrow: SungrowCloud, home: Home
) -> None:
    """State and attempts of the login, facts of the plant, the vendor's number of each call; person and place are masked."""
    await home.pass_time(600)
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    answers = {
        each["path"].rpartition("/")[2]: each["answer"]["result_data"]
        for each in report["answers"]
    }
    login = answers["login"]
    assert (login["login_state"], login["err_times"]) == ("1", "0")
    assert login["user_account"].startswith("id_")
    assert login["user_id"].startswith("secret_")
    (plant,) = answers["getPowerStationList"]["pageList"]
    assert plant["ps_current_time_zone"] == "GMT+1"
    assert plant["install_date"] == "2023-08-08 15:27:58"
    assert plant["grid_connection_time"] == 20230808152800
    assert (plant["ps_type"], plant["ps_fault_status"], plant["ps_status"]) == (5, 3, 1)
    assert plant["ps_location"] == "address_1"
    assert {plant["latitude"], plant["longitude"]} == {"coordinate_1", "coordinate_2"}
    assert {each["code"] for each in report["calls"]} == {"1"}
    assert len({each["number"] for each in report["calls"]}) == len(report["calls"])
    assert sungrow.user.account not in str(report)
