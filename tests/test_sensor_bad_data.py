"""Sensors: what a user sees of bad data and none."""

import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.sensor import SensorStateClass
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er, translation

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import POLL, ROLES, Home, entities, solax_id, uploads_seen

# Night and silence


async def test_e08_the_zeros_of_a_sleeping_house_are_not_counted(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A counter that sends 0 at night keeps its value, and the morning adds no lifetime."""
    before = {key: home.value(solax_id(solax, None, key)) for key in ROLES}
    for kind, field in (
        (Kind.INVERTER, "totalYield"),
        (Kind.METER, "importEnergy"),
        (Kind.METER, "exportEnergy"),
        (Kind.BATTERY, "totalDeviceCharge"),
        (Kind.BATTERY, "totalDeviceDischarge"),
    ):
        solax.distort(solax.first(kind).sn, field, value=0.0, uploads=12)
    for _ in range(19):
        await home.pass_time(300)
        for key, value in before.items():
            shown = home.value(solax_id(solax, None, key))
            assert value <= shown < value + 20, key
    after = {key: home.value(solax_id(solax, None, key)) for key in ROLES}
    told = next(uploads_seen(solax, solax.first(Kind.METER)))
    truth = solax.plant.site.truth(told)
    assert after["grid_export_energy_total"] == pytest.approx(
        truth.grid_export, abs=0.011
    )


async def test_e09_an_absurd_point_is_not_shown(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """150 kWh in five minutes are beyond any roof."""
    key = solax_id(solax, None, "pv_energy_total")
    before = home.value(key)
    solax.distort(solax.first(Kind.INVERTER).sn, "totalYield", add=150.0, uploads=2)
    for _ in range(6):
        await home.pass_time(300)
        assert before <= home.value(key) < before + 5
    told = next(uploads_seen(solax, solax.first(Kind.INVERTER)))
    truth = solax.plant.site.truth(told)
    assert home.value(key) == pytest.approx(truth.pv, abs=0.11)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_e10_today_starts_anew_without_losing_anything(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A daily counter falls to 0 at midnight; its class must not make that negative energy."""
    key = solax_id(solax, Kind.INVERTER, "pv_energy_today")
    evening = 0.0
    await home.pass_time(11.5 * 3600, step=1800)
    evening = home.value(key)
    assert evening > 10
    await home.pass_time(2.5 * 3600, step=300)
    night = home.state(key)
    assert float(night.state) == 0
    if night.attributes["state_class"] == SensorStateClass.TOTAL:
        assert "last_reset" in night.attributes
    else:
        assert night.attributes["state_class"] == SensorStateClass.TOTAL_INCREASING


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_e11_a_sum_waits_for_all_its_addends(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """One of two inverters silent: the plant's total neither falls nor jumps."""
    key = solax_id(solax, None, "pv_energy_total")
    second = solax.plant.of(Kind.INVERTER)[1]
    last = home.value(key)
    for readable in (False, True):
        second.readable = readable
        for _ in range(4):
            await home.pass_time(300)
            shown = home.value(key)
            assert last <= shown < last + 12
            last = shown
    truth = sum(
        solax.plant.site.sample(next(uploads_seen(solax, each)))
        .inverter(each.part)
        .pv_kwh
        for each in solax.plant.of(Kind.INVERTER)
    )
    assert last == pytest.approx(truth, abs=0.2)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    "absent", [None, "", "--", "N/A", "unknown", "null", "NaN", [], {}, True]
)
async def test_e12_absence_is_unknown_and_nothing_breaks(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    absent: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the cloud writes where it has no value."""
    sn = solax.first(Kind.INVERTER).sn
    total = home.value(solax_id(solax, Kind.INVERTER, "pv_energy_total"))
    for field in (
        "inverterTemperature",
        "deviceStatus",
        "totalActivePower",
        "totalYield",
    ):
        solax.distort(sn, field, value=absent, uploads=None)
    await home.pass_time(900)
    for quantity in ("temperature", "operating_state"):
        assert (
            home.state(solax_id(solax, Kind.INVERTER, quantity)).state == STATE_UNKNOWN
        )
    assert home.value(solax_id(solax, Kind.INVERTER, "pv_energy_total")) == total
    assert home.value(solax_id(solax, Kind.INVERTER, "pv_power")) > 0
    assert "Traceback" not in caplog.text


async def test_e13_a_counter_keeps_its_unit_over_any_size(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """More than a MWh is still told in kWh, whatever the portal's pages do."""
    shown = home.state(solax_id(solax, None, "pv_energy_total"))
    assert float(shown.state) > 1000
    assert shown.attributes["unit_of_measurement"] == "kWh"
    truth = solax.truth_at_last_upload(solax.first(Kind.INVERTER).sn)
    assert truth is not None
    assert float(shown.state) == pytest.approx(truth.pv, abs=0.11)


@pytest.mark.parametrize("solax", ["home-unregistered-battery"], indirect=True)
async def test_e52_a_meter_in_no_list_leaves_its_role_to_the_inverter(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The grid is counted all the same."""
    truth = solax.truth_at_last_upload(solax.first(Kind.INVERTER).sn)
    assert truth is not None
    for quantity, flowed in (
        ("grid_import_energy_total", truth.grid_import),
        ("grid_export_energy_total", truth.grid_export),
    ):
        assert home.value(solax_id(solax, None, quantity)) == pytest.approx(
            flowed, abs=0.11
        )
    assert home.state(solax_id(solax, None, "grid_power")).state != STATE_UNKNOWN


async def test_e56_uploads_from_the_future_make_no_energy(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A wrong clock is not live data for ever, and no reason to believe a leap."""
    solax.turn(clock_skew=86400.0)
    before = {key: home.value(solax_id(solax, None, key)) for key in ROLES}
    await home.pass_time(1200)
    for key, value in before.items():
        assert value <= home.value(solax_id(solax, None, key)) < value + 5
    # Cut off now: the last row, dated tomorrow, still grows old.
    solax.set_online(False)
    await home.pass_time(2400)
    assert home.state(solax_id(solax, None, "pv_power")).state == STATE_UNAVAILABLE


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("rows", ["stale", "missing"])
async def test_e59_a_cut_off_house_shows_no_old_power(
    running: MockConfigEntry, solax: SolaxCloud, home: Home, rows: str
) -> None:
    """Live values are unavailable, counters keep; both return with the next upload."""
    solax.turn(offline_rows=rows)
    solax.set_online(False)
    before = {key: home.value(solax_id(solax, None, key)) for key in ROLES}
    await home.pass_time(2400)
    for quantity in ("pv_power", "grid_power", "battery_power", "load_power"):
        assert home.state(solax_id(solax, None, quantity)).state in {
            STATE_UNAVAILABLE,
            STATE_UNKNOWN,
        }
    for kind, quantity in (
        (Kind.INVERTER, "pv_power"),
        (Kind.METER, "grid_power"),
        (Kind.BATTERY, "battery_soc"),
        (Kind.CHARGER, "charger_power"),
        (Kind.INVERTER, "operating_state"),
    ):
        assert home.state(solax_id(solax, kind, quantity)).state == STATE_UNAVAILABLE
    assert before == {key: home.value(solax_id(solax, None, key)) for key in ROLES}
    assert home.value(solax_id(solax, Kind.CHARGER, "charger_energy_total")) > 0
    assert (
        home.state(solax_id(solax, Kind.INVERTER, "last_report")).state
        != STATE_UNAVAILABLE
    )

    solax.set_online(True)
    await home.pass_time(720)
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert home.value(solax_id(solax, Kind.CHARGER, "charger_power")) >= 0
    for key, value in before.items():
        assert value <= home.value(solax_id(solax, None, key)) < value + 15


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_e59_rows_without_a_time_grow_old_as_well(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What has not changed for twenty minutes is not live."""
    for device in solax.plant.devices:
        for name in ("dataTime", "plantLocalTime"):
            solax.distort(device.sn, name, value=None, uploads=None)
    await home.pass_time(900)
    assert home.value(solax_id(solax, Kind.INVERTER, "pv_power")) > 0
    solax.set_online(False)
    await home.pass_time(3000)
    for kind, quantity in (
        (Kind.INVERTER, "pv_power"),
        (Kind.CHARGER, "charger_power"),
    ):
        assert home.state(solax_id(solax, kind, quantity)).state == STATE_UNAVAILABLE
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_one_silent_device_leaves_the_others_alone(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """It is not a failed poll."""
    charger = solax.first(Kind.CHARGER)
    charger.authorised = False
    await home.pass_time(1800)
    assert home.state(f"solax_{charger.sn}_charger_power").state == STATE_UNAVAILABLE
    assert home.value(f"solax_{charger.sn}_charger_energy_total") > 0
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert home.value(solax_id(solax, Kind.METER, "grid_power")) != 0


async def test_e64_a_start_in_the_night_keeps_every_entity(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What was seen once is there before the sun is; what only a lifetime counter says of a day begins at midnight."""
    await home.pass_time(1800)
    before = {each.unique_id: each.disabled_by for each in entities(home.hass, running)}
    solax.plant.site.charger("charger", plugged=False)
    await home.pass_time(15 * 3600, step=1800)
    solax.plant.site.set_soc(0.10)
    await home.pass_time(900)
    assert (
        home.state(solax_id(solax, Kind.INVERTER, "operating_state")).state == "waiting"
    )
    await home.restart(running)
    await home.pass_time(2 * POLL)  # alarms are read less often
    after = {each.unique_id: each.disabled_by for each in entities(home.hass, running)}
    assert after.keys() - before.keys() <= {solax_id(solax, None, "load_energy_today")}
    assert before.items() <= after.items()
    for each in entities(home.hass, running):
        state = home.hass.states.get(each.entity_id)
        assert each.disabled_by or state is not None
        assert state is None or not state.attributes.get("restored"), each.unique_id
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0
    assert (
        home.state(solax_id(solax, Kind.INVERTER, "temperature")).state == STATE_UNKNOWN
    )
    await home.pass_time(7 * 3600, step=1800)
    assert home.value(solax_id(solax, Kind.INVERTER, "temperature")) > 0
    assert home.value(solax_id(solax, None, "pv_power")) > 0


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("solax", ["night"], indirect=True)
async def test_e64_a_first_start_in_the_night_loses_nothing(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What appears with the sun appears by itself, enabled."""
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0
    await home.pass_time(9 * 3600, step=1800)
    for kind, quantity in (
        (Kind.INVERTER, "temperature"),
        (Kind.BATTERY, "battery_soc"),
        (None, "pv_power"),
        (None, "battery_charge_energy_total"),
    ):
        assert home.value(solax_id(solax, kind, quantity)) >= 0
        each = er.async_get(home.hass).async_get(
            home.entity_id(solax_id(solax, kind, quantity))
        )
        assert each is not None
        assert each.disabled_by is None


# Odd answers


async def test_an_unknown_state_is_unknown_with_its_code(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So that a user can report it."""
    key = solax_id(solax, Kind.INVERTER, "operating_state")
    assert "code" not in home.state(key).attributes
    solax.turn(inverter_status=199)
    await home.pass_time(POLL)
    assert home.state(key).state == STATE_UNKNOWN
    assert home.state(key).attributes["code"] == "199"
    solax.turn(inverter_status=102)
    await home.pass_time(POLL)
    assert home.state(key).state == "running"
    assert "code" not in home.state(key).attributes
    assert "ERROR" not in caplog.text


async def test_e65_states_are_keys_whatever_the_language(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """An automation goes on working when the language changes."""
    key = solax_id(solax, Kind.INVERTER, "operating_state")
    english = home.state(key).state
    home.hass.config.language = "de"
    await home.restart(running)
    assert home.state(key).state == english
    for language, word in (
        ("en", "Running: self-consumption"),
        ("de", "In Betrieb: Eigenverbrauch"),
    ):
        texts = await translation.async_get_translations(
            home.hass, language, "entity", ["solar_cloud"]
        )
        path = f"component.solar_cloud.entity.sensor.operating_state.state.{english}"
        assert texts[path] == word


async def test_nan_and_broken_answers_change_nothing_lasting(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each lasts for one poll, and the next good one mends it."""
    for fault in (
        {"body": "nan"},
        {"body": "null"},
        {"body": "list"},
        {"body": "truncated"},
        {"body": "html"},
        {
            "body": json.dumps(
                {"code": 10000, "result": [None, 7, "x", {"deviceSn": 5}]}
            )
        },
        {"body": json.dumps({"code": 10000, "result": {"records": "none"}})},
        {"code": 10001},
    ):
        before = {key: home.value(solax_id(solax, None, key)) for key in ROLES}
        rule = solax.fault("realtime_data", times=None, **fault)
        await home.pass_time(POLL)
        solax.faults.remove(rule)
        assert before == {key: home.value(solax_id(solax, None, key)) for key in ROLES}
        await home.pass_time(600)
        assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("solax", ["awkward-json"], indirect=True)
async def test_the_most_awkward_spelling_is_read_like_any(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Numbers as text, ids as numbers, field names in any case, fields nobody knows."""
    truth = solax.truth_at_last_upload(solax.first(Kind.INVERTER).sn)
    assert truth is not None
    assert home.value(solax_id(solax, None, "pv_energy_total")) == pytest.approx(
        truth.pv, abs=0.11
    )
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    status = home.state(solax_id(solax, Kind.INVERTER, "operating_state"))
    assert status.state == STATE_UNKNOWN
    assert status.attributes["code"] == "199"
