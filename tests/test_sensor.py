"""Sensors: what a user sees of good data, and under which names."""

from datetime import datetime
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.account_health import ACCOUNT_SENSORS
from custom_components.solar_cloud.cloud.model import Quantity
from custom_components.solar_cloud.device_registry import account_key
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, EntityCategory
from homeassistant.helpers import entity_registry as er, translation
from homeassistant.util import dt as dt_util

from .emulators.solax import Kind, SolaxCloud, Tariff
from .helpers.home import (
    POLL,
    ROLES,
    Home,
    enable_everything,
    entities,
    solax_entry,
    solax_id,
    uploads_seen,
)

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

LIVE = ["pv_power", "grid_power", "battery_power", "load_power", "battery_soc"]


def test_the_names_of_the_contract_are_kept() -> None:
    """Members may be added, never renamed."""
    assert {str(quantity) for quantity in Quantity} >= set(CONTRACT.split())


async def test_entities_are_named_as_the_contract_says(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Vendor, device and quantity make the unique id; the quantity is the translation key, at a battery without the battery."""
    owners = {
        account_key(running.entry_id),
        solax.plant.plant_id,
        f"{solax.first(Kind.INVERTER).sn}_battery",
        *(solax.first(kind).sn for kind in (Kind.INVERTER, Kind.METER, Kind.CHARGER)),
    }
    quantities = {str(quantity) for quantity in Quantity} | {
        "import_progress",
        "last_command",
        "forced_mode_ends",
        *(each.key for each in ACCOUNT_SENSORS),
    }
    for each in entities(home.hass, running):
        battery = f"battery_{each.translation_key}"
        key = each.translation_key if each.translation_key in quantities else battery
        assert key in quantities
        expected = re.compile(
            rf"solax_({'|'.join(owners)})_(battery_)?{each.translation_key}(_[1-9]\d*)?"
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
    session = home.state(solax_id(solax, Kind.CHARGER, "charger_energy_session"))
    assert session.attributes["state_class"] == SensorStateClass.TOTAL
    assert datetime.fromisoformat(session.attributes["last_reset"]) <= dt_util.utcnow()
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
    enable_everything(home.hass, running)
    await home.restart(running)
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
    enable_everything(home.hass, running)
    await home.restart(running)
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
