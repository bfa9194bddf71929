"""Diagnostics and logs: they help, and nothing in them says who or where."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import json
import logging
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.cloud.masking import WITHHELD
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_id

OWNER = "maria.mustermann@example.com"
STREET = "Sonnenallee 7, 80331 Muenchen"


def identities(cloud: SolaxCloud) -> Iterator[str]:
    """Yield everything in the emulated cloud that tells who, where or how to get in."""
    for application in cloud.applications.values():
        yield application.client_id
        yield application.client_secret
        yield from (token.value for token in application.tokens)
    for plant in cloud.plants:
        yield from (plant.plant_id, plant.name, plant.login, plant.address)
        for device in plant.devices:
            yield from (device.sn, device.register_no)
        if plant.ems:
            yield plant.ems


def leaks(cloud: SolaxCloud, text: str) -> list[str]:
    """Return what must not be in a text but is."""
    found = text.lower()
    return [
        each
        for each in identities(cloud)
        if each and re.search(rf"(?<![\d.]){re.escape(each.lower())}(?![\d])", found)
    ]


@pytest.fixture
def nameable(solax: SolaxCloud) -> SolaxCloud:
    """An account whose names say a lot."""
    solax.plant.name = f"{STREET} (Mustermann)"
    solax.plant.login, solax.plant.address = OWNER, STREET
    return solax


@pytest.fixture
async def hour_old(
    nameable: SolaxCloud, entry: MockConfigEntry, home: Home
) -> MockConfigEntry:
    """The account, set up, an hour old."""
    assert await async_setup_component(home.hass, "diagnostics", {})
    await home.start(entry)
    await home.pass_time(3600, step=300)
    return entry


async def entry_report(
    home: Home, client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    """Download the diagnostics of an account."""
    report = await get_diagnostics_for_config_entry(home.hass, client, entry)
    assert isinstance(report, dict)
    return report


async def test_an_account_is_described(
    hour_old: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_client: ClientSessionGenerator,
) -> None:
    """What a maintainer asks for first."""
    report = await entry_report(home, hass_client, hour_old)
    assert report["vendor"] == report["sign_in"] == "solax"
    times = {"last_success": None, "next_poll": None, "interval": 0}
    assert report["inventory"] | times == {
        "next_poll": None,
        "last_success": None,
        "last_error": None,
        "interval": 0,
        "complete": True,
        "plants": 1,
        "devices": 4,
    }
    assert report["readings"]["last_error"] is None
    assert report["readings"]["interval"] > 0
    assert report["quota"]["calls_last_24_hours"] == len(solax.calls)
    assert report["client"]["scopes"]
    devices = {each["id"]: each for each in report["devices"]}
    assert devices.keys() == {
        "plant_1",
        "inverter_1",
        "battery_1",
        "meter_1",
        "charger_1",
    }
    inverter = devices["inverter_1"]
    assert inverter["plant"] == "plant_1"
    assert inverter["model"] == "X3-Hybrid-G4"
    assert inverter["firmware"] == "ARM 1.31 / DSP 1.52"
    assert inverter["values"]["pv_power"] > 0
    assert inverter["age"] >= 0
    assert inverter["silent"] is None
    assert devices["battery_1"]["parent"] == "inverter_1"
    roles = devices["plant_1"]["roles"]
    assert roles["pv_energy_total"] == ["inverter_1.pv_energy_total"]
    assert roles["grid_import_energy_total"] == ["meter_1.grid_import_energy_total"]


async def test_a_device_is_described(
    hour_old: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_client: ClientSessionGenerator,
) -> None:
    """Alone, by the same pseudonym."""
    whole = await entry_report(home, hass_client, hour_old)
    for key, name in (
        (solax.first(Kind.CHARGER).sn, "charger_1"),
        (solax.plant.plant_id, "plant_1"),
    ):
        device = home.device(key, hour_old)
        assert device is not None
        report = await get_diagnostics_for_device(
            home.hass, hass_client, hour_old, device
        )
        assert isinstance(report, dict)
        described = report["device"]
        assert isinstance(described, dict)
        assert described["id"] == name
        assert described in whole["devices"]
        assert not leaks(solax, json.dumps(report))


async def test_a_device_that_is_gone_is_described_as_such(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """It is in the registry still, but nothing is known of it."""
    charger = solax.first(Kind.CHARGER)
    device = home.device(charger.sn, hour_old)
    assert device is not None
    charger.listed = False
    await home.pass_time(13 * 3600, step=13 * 3600)
    await home.pass_time(600)
    report = await async_get_device_diagnostics(home.hass, hour_old, device)
    assert report["device"] is None
    assert not leaks(solax, json.dumps(report))


async def test_e60_nothing_in_a_download_identifies_anybody(
    hour_old: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_client: ClientSessionGenerator,
) -> None:
    """By value, not by the name of a key: whatever the cloud knows of the owner is looked for."""
    text = json.dumps(await entry_report(home, hass_client, hour_old))
    assert len(set(identities(solax))) > 12
    assert len(text) > 5000
    assert leaks(solax, text) == []
    assert solax.url not in text
    assert WITHHELD not in text


@pytest.mark.parametrize(
    "solax",
    ["ci-ems", "commercial-twin", "many", "awkward-json", "micro-only"],
    indirect=True,
)
async def test_e60_whatever_the_account_holds(
    solax: SolaxCloud, entry: MockConfigEntry, home: Home
) -> None:
    """Every kind of device, field and error."""
    solax.plant.name = STREET
    solax.knobs.extra_fields |= {"ownerMail": OWNER, "wifiPassword": "hunter22"}
    await home.start(entry)
    await home.pass_time(1200)
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    text = json.dumps(report)
    assert leaks(solax, text) == []
    assert OWNER not in text
    assert "hunter22" not in text
    # That there are such fields is what a maintainer wants to know.
    unmapped = report["client"]["unmapped"]
    for names in unmapped.values():
        assert "ownermail" in {name.lower() for name in names}
    assert len(report["devices"]) > 1


async def test_unknown_codes_and_refusals_are_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """They are why somebody downloads this."""
    solax.turn(inverter_status=199)
    solax.first(Kind.CHARGER).authorised = False
    solax.distort(solax.first(Kind.METER).sn, "importEnergy", value=0.0, uploads=None)
    await home.pass_time(1800)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    devices = {each["id"]: each for each in report["devices"]}
    assert devices["inverter_1"]["unknown_codes"] == {"operating_state": "199"}
    assert devices["charger_1"]["silent"] == "no_access"
    assert devices["charger_1"]["stale"] is True
    assert devices["meter_1"]["rejected"] == {"grid_import_energy_total": 1} or (
        devices["meter_1"]["rejected"]["grid_import_energy_total"] > 1
    )


async def test_why_a_counter_is_held_is_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A counter leaps: by which rule it is held, since when, until when at most, and how far the vendor is from it."""
    solax.distort(solax.first(Kind.INVERTER).sn, "totalYield", add=150.0, uploads=None)
    await home.pass_time(1800, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    devices = {each["id"]: each for each in report["devices"]}
    assert devices["meter_1"]["held"] == {}
    held = devices["inverter_1"]["held"]["pv_energy_total"]
    assert held["because"] == "step"
    assert held["behind_kwh"] == pytest.approx(150, abs=1)
    since = datetime.fromisoformat(held["since"])
    now = home.freezer.time_to_freeze.replace(tzinfo=UTC)
    assert timedelta(minutes=15) < now - since < timedelta(minutes=30)
    believed_at = datetime.fromisoformat(held["believed_at"])
    assert believed_at - since == timedelta(hours=3)

    await home.pass_time(3 * 3600, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    assert not any(each["held"] for each in report["devices"])


async def test_why_a_role_of_the_plant_is_held_is_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The meter is silent: the plant's grid energy waits for it, since when."""
    silent_from = home.freezer.time_to_freeze.isoformat()
    solax.first(Kind.METER).authorised = False
    await home.pass_time(1800, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    devices = {each["id"]: each for each in report["devices"]}
    held = devices["plant_1"]["roles_held"]["grid_import_energy_total"]
    assert held["because"] == "source_missing"
    assert held["since"] >= silent_from
    assert "pv_energy_total" not in devices["plant_1"]["roles_held"]


async def test_an_outage_is_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Which error, since when."""
    solax.fault(http=503, times=None)
    await home.pass_time(1800)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    assert report["readings"]["last_error"] == "server_error"
    assert report["readings"]["last_success"] < home.freezer.time_to_freeze.isoformat()


async def test_e60_a_field_that_slips_through_is_withheld(
    hour_old: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client's report that should not be trusted blindly."""
    token = solax.application.tokens[-1].value
    told = {
        "token": f"Bearer {token}",
        "plant": solax.plant.name,
        "key": {f"{solax.first(Kind.INVERTER).sn}_battery": 1},
        "unique": f"solax_{solax.first(Kind.METER).sn}_grid_power",
        "harmless": "demo",
    }
    monkeypatch.setattr(type(hour_old.runtime_data.cloud), "report", lambda self: told)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    assert report["client"] == {
        "token": WITHHELD,
        "plant": WITHHELD,
        "key": {WITHHELD: 1},
        "unique": WITHHELD,
        "harmless": "demo",
    }


async def test_e60_a_file_in_which_somebody_is_named_is_not_made(
    hour_old: MockConfigEntry, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody whom no list names, in something of ours that should not be trusted blindly: only how many, and what, is told."""
    told = {"note": "ask heinz@example.org", "also": ["0170 1234567", "010203040506"]}
    monkeypatch.setattr(type(hour_old.runtime_data.cloud), "report", lambda self: told)
    assert await async_get_config_entry_diagnostics(home.hass, hour_old) == {
        "error": "identities_found",
        "found": {"mail": 1, "phone": 2},
    }


async def test_what_the_cloud_said_stands_beside_what_was_made_of_it(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A maintainer sees the vendor's own fields, and that one of them means what another row says."""
    solax.knobs.extra_fields |= {"strangePower": 12.5, "strangeWord": "Mustermann"}
    await home.pass_time(600, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    (inverter,) = (
        each["answer"]["result"][0]
        for each in report["answers"]
        if each["path"].endswith("device/realtime_data")
        and each["request"] | {"businessType": "1"}
        == {"snList": "inverter_1", "deviceType": "1", "businessType": "1"}
    )
    devices = {each["id"]: each for each in report["devices"]}
    values = devices["inverter_1"]["values"]
    assert inverter["deviceSn"] == "inverter_1"
    assert inverter["totalACOutput"] == values["ac_energy_total"]
    assert report["unmapped"]["strangePower"] == ["float"]
    assert inverter["strangePower"] == 12.5
    assert report["unmapped"]["strangeWord"] == ["str"]
    assert "Mustermann" not in json.dumps(report)
    assert report["memory"]["guards"]["inverter_1"]["ac_energy_total"]["value"]
    assert all(
        each["documented"] >= each["mapped"] > 0 for each in report["points"].values()
    )


async def test_a_device_that_is_gone_is_not_named_by_what_is_remembered_of_it(
    hour_old: MockConfigEntry, home: Home
) -> None:
    """Its counters stay in the memory of the account, under its serial; no list has that any more."""
    gone, serial = "H34GONE0815001", "X3OLD0815002"
    store = hour_old.runtime_data.store
    memory = {each: store.load(each) for each in ("guards", "seen", "serials")}
    for section, kept in memory.items():
        assert isinstance(kept, dict)
        old = serial if section == "serials" else next(iter(kept.values()))
        await store.save(section, {**kept, gone: old})
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    told = json.dumps(report)
    assert gone not in told
    assert serial not in told
    (masked,) = report["memory"]["guards"].keys() - {
        "plant_1",
        *(each["id"] for each in report["devices"]),
    }
    assert masked in report["memory"]["seen"]


async def test_calls_are_listed_with_the_vendors_number(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """By it the vendor's support finds the call; when, how long, and how it ended."""
    refused = solax.fault("device/realtime_data", code=10200, times=None)
    await home.pass_time(600, step=300)
    solax.faults.remove(refused)
    solax.fault(body="disconnect", times=None)
    await home.pass_time(600, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    calls = report["calls"]
    assert len(calls) > 30
    assert {each["path"] for each in calls} >= {
        "/openapi/auth/oauth/token",
        "/openapi/v2/plant/page_plant_info",
        "/openapi/v2/device/realtime_data",
    }
    first = next(each for each in calls if each["path"].endswith("realtime_data"))
    assert (first["status"], first["code"], first["failure"]) == (200, "10000", None)
    assert first["characters"] > 100
    assert re.fullmatch(r"[0-9a-f-]{36}\.\d{13}", first["number"])
    assert "10200" in {each["code"] for each in calls}
    assert calls[-1]["status"] is None
    assert calls[-1]["failure"] == "ServerDisconnectedError"


async def test_the_filters_decisions_are_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A counter leaps and returns: when it was held, why, at what, and when it was believed again."""
    sn = solax.first(Kind.INVERTER).sn
    solax.distort(sn, "totalYield", add=150.0, uploads=2)
    await home.pass_time(1800, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    held, back = (
        each
        for each in report["decisions"]
        if (each["owner"], each["counter"]) == ("inverter_1", "pv_energy_total")
    )
    assert held["held_because"] == "step"
    assert held["told"] - held["published"] == pytest.approx(150, abs=1)
    assert back["held_because"] is None
    assert back["told"] == back["published"]
    assert held["at"] < back["at"]


async def test_sign_in_cadence_and_repairs_are_told(
    hour_old: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What is the matter with an account that does not do what it should."""
    solax.fault("device/realtime_data", code=10402, times=None)
    solax.fault("plant/realtime_data", code=10402, times=None)
    await home.pass_time(1800, step=300)
    report = await async_get_config_entry_diagnostics(home.hass, hour_old)
    assert report["state"] == "loaded"
    assert report["token"]["issued_at"] < report["token"]["expires_at"]
    assert report["token"]["renewable"] is False
    assert "API_Telemetry_V2" in report["token"]["scopes"]
    assert report["cadence"]["period"] == 300
    assert report["cadence"]["offset"]
    assert report["readings"]["next_poll"] > report["taken_at"]
    assert report["readings"]["last_error"] == "session_contested"
    assert "session_contested" in {each["key"] for each in report["repairs"]}


async def test_an_account_that_does_not_come_up_has_a_file_too(
    nameable: SolaxCloud, entry: MockConfigEntry, home: Home
) -> None:
    """Just then one is needed: it tells what was asked and what came back."""
    nameable.fault("page_device_info", http=500, times=None)
    await home.start(entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    assert report["state"] == "setup_retry"
    assert "devices" not in report
    assert [each["status"] for each in report["calls"]][-1] == 500
    assert {each["path"] for each in report["answers"]} >= {
        "/openapi/v2/plant/page_plant_info"
    }
    assert leaks(nameable, json.dumps(report)) == []


async def test_statistics_are_looked_at(
    recorder_mock: Recorder, nameable: SolaxCloud, entry: MockConfigEntry, home: Home
) -> None:
    """The newest hour of each counter, how often its sum fell, and how many hours are missing."""
    await home.start(entry)
    await home.pass_time(600, step=300)
    counter = home.entity_id(solax_id(nameable, None, "pv_energy_total"))
    noon = datetime(2026, 6, 15, 8, tzinfo=UTC)
    async_import_statistics(
        home.hass,
        {
            "mean_type": StatisticMeanType.NONE,
            "has_sum": True,
            "name": None,
            "source": "recorder",
            "statistic_id": counter,
            "unit_class": "energy",
            "unit_of_measurement": "kWh",
        },
        [
            {"start": noon - timedelta(hours=hours), "state": 1.0, "sum": total}
            for hours, total in ((8, 1.0), (7, 3.0), (3, 2.0), (2, 4.0))
        ],
    )
    await async_wait_recording_done(home.hass)
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    (row,) = (
        each
        for each in report["statistics"]
        if (each["owner"], each["counter"]) == ("plant_1", "pv_energy_total")
    )
    assert row == {
        "owner": "plant_1",
        "counter": "pv_energy_total",
        "rows": 4,
        "last": (noon - timedelta(hours=2)).isoformat(),
        "state": 1.0,
        "sum": 4.0,
        "falls": 1,
        "gaps": 1,
    }


@pytest.mark.parametrize("name", ["Plant", "Inverter", "Solar", "PV", "Home"])
async def test_a_plant_with_an_ordinary_name_does_not_hide_the_report(
    solax: SolaxCloud, entry: MockConfigEntry, home: Home, name: str
) -> None:
    """Words of ours are not its name."""
    solax.plant.name = name
    await home.start(entry)
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    values = [len(each["values"]) for each in report["devices"]]
    assert sum(values) > 50


async def test_e61_logs_say_nothing_that_identifies(
    hass: HomeAssistant,
    nameable: SolaxCloud,
    entry: MockConfigEntry,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Adding, polling, every fault, a rotated secret: with debug logging on, from the form to the removal."""
    caplog.set_level(logging.DEBUG)
    cloud = nameable
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    for answer in (
        {"next_step_id": "solax"},
        {"region": "other", **cloud.credentials, "client_secret": "EXAMPLE-mistyped-1"},
        {"base_url": "https://owner:password@example.com"},
        {"base_url": cloud.url},
        {"base_url": cloud.url, "client_secret": cloud.credentials["client_secret"]},
        {"plants": [cloud.plant.plant_id], "controls": False},
    ):
        result = await flows.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done(wait_background_tasks=True)
    added = result["result"]

    await home.pass_time(1200, step=300)
    for fault in (
        {"body": "html"},
        {"body": "invalid-json"},
        {"body": "disconnect"},
        {"body": "redirect"},
        {"http": 500},
        {"code": 10001, "message": f"no data for {cloud.first(Kind.INVERTER).sn}"},
        {"code": 10200, "message": f"{OWNER} may not read {STREET}"},
        {"code": 77777, "message": f"{OWNER}"},
        {"code": 10505},
        {"code": 10402},
        {"code": 10403},
        {"http": 429},
    ):
        cloud.fault("realtime_data", times=2, **fault)
        await home.pass_time(600, step=300)
    cloud.set_online(False)
    await home.pass_time(2400, step=300)
    cloud.set_online(True)
    cloud.remove_device(cloud.first(Kind.CHARGER).sn)
    cloud.steal_token()
    await home.pass_time(86400, step=7200)
    cloud.turn(rotation_kills_token=True)
    fresh = cloud.rotate_secret()
    await home.pass_time(1200, step=300)
    (progress,) = flows.async_progress()
    await flows.async_configure(
        progress["flow_id"], {"client_secret": "EXAMPLE-mistyped-2"}
    )
    await flows.async_configure(progress["flow_id"], {"client_secret": fresh})
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_remove(added.entry_id)

    ours = [
        record.getMessage() + str(record.exc_text or "")
        for record in caplog.records
        if record.name.startswith(("custom_components", "homeassistant.config_entries"))
    ]
    assert len(ours) > 250
    text = "\n".join(ours)
    assert leaks(cloud, text) == []
    for secret in (OWNER, STREET, "mistyped", "password", fresh):
        assert secret not in text
