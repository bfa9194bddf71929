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
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.diagnostics import (
    WITHHELD,
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
    scrub,
)
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home

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
    assert report["inventory"] | {"last_success": None, "interval": 0} == {
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
    assert "itude" not in text
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


def test_the_last_scan_withholds_what_slipped_through() -> None:
    """Keys, values and lists, as a word or inside an id; nothing else."""
    pattern = re.compile(
        r"(?<![^\W_])h3demo1(?![^\W_])|(?<!\w)solar(?!\w)", re.IGNORECASE
    )
    report = {
        "solax_H3DEMO1_battery": 1,
        "list": ["H3DEMO1", "h3demo12", 5, None, {"text": "at Solar house"}],
        "solar_power": "pv_solar",
    }
    assert scrub(report, pattern) == {
        WITHHELD: 1,
        "list": [WITHHELD, "h3demo12", 5, None, {"text": WITHHELD}],
        "solar_power": "pv_solar",
    }
    assert scrub(report, None) == report


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
