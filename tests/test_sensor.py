"""Sensors: what a user sees of good data, bad data and none."""

import json
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.model import Quantity
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, translation

from .emulators.solax import Kind, SolaxCloud, Tariff
from .helpers.home import Home, enable_everything, solax_entry, solax_id, uploads_seen

CONTRACT = """
    pv_power ac_power grid_power grid_import_power grid_export_power battery_power
    battery_charge_power battery_discharge_power load_power charger_power reactive_power
    apparent_power mppt_power string_power phase_power backup_power
    pv_energy_total ac_energy_total grid_import_energy_total grid_export_energy_total
    battery_charge_energy_total battery_discharge_energy_total load_energy_total
    charger_energy_total mppt_energy_total
    pv_energy_today ac_energy_today grid_import_energy_today grid_export_energy_today
    battery_charge_energy_today battery_discharge_energy_today load_energy_today
    charger_energy_session
    battery_soc battery_soh battery_voltage battery_current battery_temperature
    battery_energy_remaining battery_cycles
    phase_voltage phase_current line_voltage string_voltage string_current mppt_voltage
    mppt_current grid_frequency power_factor
    temperature operating_state work_mode last_report fault_code
    online problem vehicle_connected
    income_today income_total co2_saved_total active_alarms
    api_calls_today api_calls_left data_age
"""
"""The names users' automations rely on: none may ever change."""

POLL = 360.0
ROLES = [
    "pv_energy_total",
    "grid_import_energy_total",
    "grid_export_energy_total",
    "battery_charge_energy_total",
    "battery_discharge_energy_total",
]
LIVE = ["pv_power", "grid_power", "battery_power", "load_power", "battery_soc"]


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """Return all entities of an account that tell something."""
    registry = er.async_get(hass)
    return [
        each
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
        if each.domain in {"sensor", "binary_sensor"}
    ]


def test_the_names_of_the_contract_are_kept() -> None:
    """Members may be added, never renamed."""
    assert {str(quantity) for quantity in Quantity} >= set(CONTRACT.split())


async def test_entities_are_named_as_the_contract_says(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Vendor, device and quantity make the unique id; the quantity is the translation key."""
    owners = {
        solax.plant.plant_id,
        f"{solax.first(Kind.INVERTER).sn}_battery",
        *(solax.first(kind).sn for kind in (Kind.INVERTER, Kind.METER, Kind.CHARGER)),
    }
    quantities = {str(quantity) for quantity in Quantity}
    for each in entities(home.hass, running):
        assert each.translation_key in quantities
        expected = re.compile(
            rf"solax_({'|'.join(owners)})_{each.translation_key}(_[1-9]\d*)?"
        )
        assert expected.fullmatch(each.unique_id), each.unique_id
        assert each.has_entity_name


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_entity_has_a_name_of_its_own(
    running: MockConfigEntry, home: Home, language: str
) -> None:
    """On its device, in the user's language."""
    texts = await translation.async_get_translations(
        home.hass, language, "entity", ["solar_cloud"]
    )
    names: dict[str | None, list[str]] = {}
    for each in entities(home.hass, running):
        key = f"component.solar_cloud.entity.{each.domain}.{each.translation_key}.name"
        index = each.unique_id.rpartition("_")[2]
        names.setdefault(each.device_id, []).append(texts[key].format(index=index))
    for given in names.values():
        assert len(given) == len(set(given))


async def test_what_is_rare_is_off_at_first(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Enough for everybody, the rest for those who look for it."""
    enabled = {
        each.unique_id for each in entities(home.hass, running) if not each.disabled_by
    }
    disabled = {
        each.unique_id for each in entities(home.hass, running) if each.disabled_by
    }
    for quantity in (*ROLES, *LIVE):
        assert solax_id(solax, None, quantity) in enabled
    for quantity in (
        "string_voltage_1",
        "mppt_current_1",
        "grid_frequency",
        "ac_energy_total",
    ):
        assert solax_id(solax, Kind.INVERTER, quantity) in disabled
    assert solax_id(solax, Kind.INVERTER, "mppt_power_1") in enabled
    assert solax_id(solax, Kind.BATTERY, "battery_voltage") in disabled
    assert solax_id(solax, Kind.METER, "phase_voltage_1") in disabled
    assert not any(
        each.disabled_by
        for each in entities(home.hass, running)
        if each.domain == "binary_sensor"
    )


async def test_categories_and_classes_fit(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What the Energy Dashboard and the automatic views go by."""
    total = home.state(solax_id(solax, None, "pv_energy_total")).attributes
    assert total["device_class"] == SensorDeviceClass.ENERGY
    assert total["state_class"] in {
        SensorStateClass.TOTAL,
        SensorStateClass.TOTAL_INCREASING,
    }
    assert total["unit_of_measurement"] == "kWh"
    power = home.state(solax_id(solax, None, "grid_power")).attributes
    assert power["device_class"] == SensorDeviceClass.POWER
    assert power["state_class"] == SensorStateClass.MEASUREMENT
    assert power["unit_of_measurement"] == "W"
    charge = home.state(solax_id(solax, None, "battery_soc")).attributes
    assert charge["device_class"] == SensorDeviceClass.BATTERY
    registry = er.async_get(home.hass)
    for quantity, category in (
        ("last_report", EntityCategory.DIAGNOSTIC),
        ("pv_power", None),
    ):
        each = registry.async_get(
            home.entity_id(solax_id(solax, Kind.INVERTER, quantity))
        )
        assert each is not None
        assert each.entity_category is category


async def test_everything_enabled_shows_sound_values(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Electrical values lie where physics puts them."""
    enable_everything(home.hass, running)
    await home.pass_time(POLL)
    bounds = {
        "phase_voltage": (200, 260),
        "grid_frequency": (49, 51),
        "mppt_voltage": (0, 1000),
        "power_factor": (-1, 1),
        "temperature": (-20, 90),
        "battery_soh": (50, 100),
    }
    seen = 0
    for each in entities(home.hass, running):
        state = home.hass.states.get(each.entity_id)
        assert state is not None, each.unique_id
        assert state.state != STATE_UNAVAILABLE, each.unique_id
        if limits := bounds.get(str(each.translation_key)):
            assert limits[0] <= float(state.state) <= limits[1], each.unique_id
            seen += 1
    assert seen > 10
    assert home.value(solax_id(solax, Kind.INVERTER, "string_power_1")) > 0


# Directions


async def test_powers_point_towards_the_house(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Import and discharge positive, export and charge negative."""
    site = solax.plant.site
    for load, soc, grid, battery in (
        (200.0, 0.3, 0, -1),
        (200.0, 1.0, -1, 0),
        (14000.0, 0.9, 1, 1),
    ):
        site.override_load(load)
        site.set_soc(soc)
        await home.pass_time(900)
        truth = site.powers(next(uploads_seen(solax, solax.first(Kind.METER))))
        shown = {
            key: home.value(solax_id(solax, None, key))
            for key in (
                *LIVE,
                "grid_import_power",
                "grid_export_power",
                "battery_charge_power",
                "battery_discharge_power",
            )
        }
        assert shown["grid_power"] == pytest.approx(truth.grid, abs=3)
        assert shown["battery_power"] == pytest.approx(truth.battery, abs=3)
        assert shown["load_power"] == pytest.approx(truth.load + truth.charger, abs=4)
        for key, sign in (("grid_power", grid), ("battery_power", battery)):
            if sign:
                assert shown[key] * sign > 100, (key, load)
        assert (
            shown["grid_import_power"] - shown["grid_export_power"]
            == shown["grid_power"]
        )
        assert (
            shown["battery_discharge_power"] - shown["battery_charge_power"]
            == shown["battery_power"]
        )
        assert (
            min(value for key, value in shown.items() if not key.endswith("_power"))
            >= 0
        )
        assert shown["pv_power"] >= 0 and shown["load_power"] >= 0


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_e53_a_business_shows_the_same_watts_as_a_home(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """One house registered twice: W on one side, kW on the other."""
    await home.pass_time(600)
    house, business = solax.plants
    compared = 0
    for kind, quantities in (
        (Kind.INVERTER, ("pv_power", "ac_power", "grid_power", "mppt_power_1")),
        (Kind.METER, ("grid_power", "grid_import_power", "grid_export_power")),
        (Kind.CHARGER, ("charger_power",)),
        (None, (*LIVE, *ROLES)),
    ):
        for quantity in quantities:
            at_home, at_work = (
                home.value(
                    f"solax_{plant.of(kind)[0].sn if kind else plant.plant_id}_{quantity}"
                )
                for plant in (house, business)
            )
            assert at_work == pytest.approx(at_home, abs=2), quantity
            compared += at_home != 0
    assert compared > 10
    assert abs(home.value(f"solax_{business.plant_id}_pv_power")) > 500


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


async def test_every_documented_state_is_an_option(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the inverter does, the entity says it."""
    key = solax_id(solax, Kind.INVERTER, "operating_state")
    for code in (
        100,
        101,
        103,
        104,
        105,
        107,
        110,
        130,
        135,
        140,
        147,
        153,
        170,
        177,
        1301,
        1309,
    ):
        solax.turn(inverter_status=code)
        await home.pass_time(300, step=300)
        state = home.state(key)
        assert state.state in state.attributes["options"], code
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
    for language, word in (("en", "Self-consumption"), ("de", "Eigenverbrauch")):
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


@pytest.mark.parametrize(
    "solax",
    [
        "micro-only",
        "evc-only",
        "second-meter",
        "parallel-two-inverters",
        "ci-ems",
        "offline",
    ],
    indirect=True,
)
async def test_every_kind_of_account_lives(
    solax: SolaxCloud, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it holds, each plant shows at least one value, and nothing complains."""
    entry = solax_entry(solax)
    await home.start(entry)
    await home.pass_time(900)
    assert entry.state is ConfigEntryState.LOADED
    states = [
        home.hass.states.get(each.entity_id) for each in entities(home.hass, entry)
    ]
    numbers = [
        state for state in states if state and re.fullmatch(r"-?\d+\.?\d*", state.state)
    ]
    assert numbers
    assert "ERROR" not in caplog.text
    assert "WARNING  custom_components" not in caplog.text


@pytest.mark.parametrize("solax", ["second-meter"], indirect=True)
async def test_the_second_meter_is_shown_beside_the_first(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Its counters follow the older roof; rare, so off at first."""
    each = er.async_get(home.hass).async_get(
        home.entity_id(
            solax_id(solax, Kind.INVERTER, "second_grid_export_energy_total")
        )
    )
    assert each is not None
    assert each.disabled_by is er.RegistryEntryDisabler.INTEGRATION


# Plants


async def test_alarms_are_counted_and_named(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """While they go on."""
    await home.pass_time(1200)
    key = solax_id(solax, None, "active_alarms")
    assert home.state(key).state == "0"
    assert home.state(key).attributes["alarms"] == []
    fault = solax.plant.site.fail("inverter", "Fan fault", "IE077")
    await home.pass_time(1800)
    assert home.state(key).state == "1"
    assert home.state(key).attributes["alarms"] == ["Fan fault"]
    solax.plant.site.repair(fault)
    await home.pass_time(1800)
    assert home.state(key).state == "0"


async def test_an_alarms_name_is_one_readable_line(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Whatever a cloud sends as a name: control characters, a text turned around, a whole page."""
    solax.plant.site.fail(
        "inverter", "Fan\x1b[31m\r\n\u202efault " + "x" * 5000, "IE077"
    )
    await home.pass_time(1800)
    key = solax_id(solax, None, "active_alarms")
    (name,) = home.state(key).attributes["alarms"]
    assert name.startswith("Fan [31m fault xxx")
    assert name.isprintable()
    assert len(name) <= 120


async def test_income_is_in_the_plants_currency(solax: SolaxCloud, home: Home) -> None:
    """As the vendor names it."""
    solax.plant.tariff = Tariff("EUR", 0.32, 0.08)
    entry = solax_entry(solax)
    await home.start(entry)
    enable_everything(home.hass, entry)
    await home.pass_time(POLL)
    income = home.state(solax_id(solax, None, "income_total"))
    assert float(income.state) > 0
    assert income.attributes["unit_of_measurement"] == "EUR"
    assert income.attributes["device_class"] == SensorDeviceClass.MONETARY


async def test_a_plant_says_whether_it_is_online(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """By the list of plants, which is looked at once an hour."""
    await home.pass_time(1200)
    key = solax_id(solax, None, "plant_state")
    assert home.state(key).state == "online"
    solax.set_online(False)
    await home.pass_time(2 * 3600, step=300)
    assert home.state(key).state == "offline"
