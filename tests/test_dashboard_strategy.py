"""The dashboard that comes with the integration: its module's own tests, what it relies on, and how it reaches browsers."""

from http import HTTPStatus
import json
from pathlib import Path
import subprocess
from typing import Any, Final

import playwright
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.all_plants import SENSORS as ALL_PLANTS_SENSORS
from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.dashboard import MODULE, URLS
from custom_components.solar_cloud.sensor import SENSORS
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.template import Template
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, enable_everything, solax_entry, solax_id

NODE: Final = Path(playwright.__file__).parent / "driver" / "node"
"""A JavaScript engine that every developer has: the browser tests' library brings it."""
_ENGLISH: Final = MODULE.parents[1] / "translations" / "en.json"
TEXTS: Final = {
    f"component.solar_cloud.common.{key}": text
    for key, text in json.loads(_ENGLISH.read_text())["common"].items()
}
"""What Home Assistant tells a frontend that asks for them."""
TESTS: Final = Path(__file__).parent / "dashboard"
BINARY: Final = ("cloud_connection", "online", "problem", "vehicle_connected")
BUTTONS: Final = ("refresh", "import_history")


def _run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NODE, *arguments], input=text, capture_output=True, text=True, check=False
    )


def _evaluate(body: str, **values: Any) -> Any:
    """Return what the body of a function, which knows the module as ``strategy``, makes of some values."""
    program = f"""
    const values = {json.dumps(values)};
    const strategy = await import({json.dumps(MODULE.as_uri())});
    const ask = async () => ({{ resources: {json.dumps(TEXTS)} }});
    if (values.hass) values.hass.callWS = ask;
    const main = async ({{ {", ".join(values)} }}) => {{ {body} }};
    process.stdout.write(JSON.stringify(await main(values)));
    """
    done = _run("--input-type=module", "-", text=program)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_module_passes_its_own_tests() -> None:
    """They run where the module does: in JavaScript."""
    files = sorted(map(str, TESTS.glob("*.test.mjs")))
    done = _run("--test", "--test-reporter=tap", *files)
    assert done.returncode == 0, done.stdout
    assert "\n# fail 0" in done.stdout
    assert "\n# pass 0" not in done.stdout


def test_the_module_knows_no_entity_that_does_not_exist() -> None:
    """A quantity or control that is spelt otherwise would just be missing from every dashboard."""
    keys = _evaluate("return Object.values(strategy.KEYS).flat();")
    known = {
        *(f"sensor.{quantity}" for quantity in SENSORS),
        *(f"binary_sensor.{word}" for word in BINARY),
        *(f"{control.kind}.{control}" for control in Control),
        *(f"button.{word}" for word in BUTTONS),
        *(f"sensor.{each.key}" for each in ALL_PLANTS_SENSORS),
        "sensor.import_progress",
        "sensor.last_command",
        "sensor.forced_mode_ends",
    }
    assert keys
    assert set(keys) - known == set()


def _frontend(hass: HomeAssistant) -> dict[str, Any]:
    """Return of the registries what a frontend holds: what is enabled."""
    entities = er.async_get(hass).entities.values()
    devices = dr.async_get(hass).devices
    return {
        "locale": {"language": "en"},
        "user": {"is_admin": True},
        "config": {"components": []},
        "entities": {
            each.entity_id: {
                "entity_id": each.entity_id,
                "platform": each.platform,
                "device_id": each.device_id,
                "translation_key": each.translation_key,
                "entity_category": each.entity_category,
                "hidden": each.hidden_by is not None,
            }
            for each in entities
            if each.disabled_by is None
        },
        "devices": {
            each.id: {
                "id": each.id,
                "name": each.name,
                "name_by_user": each.name_by_user,
                "manufacturer": each.manufacturer,
                "model": each.model,
                "entry_type": each.entry_type,
                "via_device_id": each.via_device_id,
            }
            for each in devices
        },
    }


def _plant_view(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the cards that the only plant's view has."""
    view = _evaluate(
        """
        const { views } = await strategy.generateDashboard(hass);
        return strategy.generateView(views[0].strategy, hass);
        """,
        hass=_frontend(hass),
    )
    return [card for section in view["sections"] for card in section["cards"]]


async def test_home_assistant_tells_its_texts(
    running: MockConfigEntry, home: Home
) -> None:
    """As the module asks for them."""
    told = await async_get_translations(home.hass, "en", "common", [DOMAIN])
    assert told == TEXTS


@pytest.fixture
def entry(solax: SolaxCloud) -> MockConfigEntry:
    """The emulated home, whose owner lets settings be changed."""
    return solax_entry(solax, controls=True)


def _headings(cards: list[dict[str, Any]]) -> list[str]:
    return [card["heading"] for card in cards if card["type"] == "heading"]


async def test_a_home_has_power_energy_battery_charger_and_data(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """Of the registries as they are in Home Assistant; every entity it shows has a state."""
    cards = _plant_view(home.hass)
    assert _headings(cards) == [
        "Now",
        "Today",
        "Battery",
        "EV charger",
        "Controls",
        "Alarms",
        "Devices",
        "Data",
    ]
    shown = {card["entity"] for card in cards if "entity" in card}
    assert len(shown) > 20
    assert shown <= {state.entity_id for state in home.hass.states.async_all()}
    mode = solax_id(solax, Kind.CHARGER, "charger_mode")
    assert home.entity_id(mode, "select") in shown


async def test_rare_settings_are_there_once_they_are_enabled(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """The work mode is there from the beginning, the heating is not."""
    mode = home.entity_id(solax_id(solax, Kind.INVERTER, "work_mode"), "select")
    heating = home.entity_id(
        solax_id(solax, Kind.INVERTER, "battery_heating"), "switch"
    )
    before = json.dumps(_plant_view(home.hass))
    assert mode in before
    assert heating not in before
    enable_everything(home.hass, running)
    assert heating in json.dumps(_plant_view(home.hass))


async def test_a_command_that_waits_is_seen_among_the_controls(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """And nothing is said of one that is done: the tile is there only while it has something to say."""
    cards = {card.get("entity"): card for card in _plant_view(home.hass)}
    for key, silent in (
        ("last_command", ["confirmed", "unknown", "unavailable"]),
        ("forced_mode_ends", ["unknown", "unavailable"]),
    ):
        entity = home.entity_id(solax_id(solax, Kind.INVERTER, key))
        assert cards[entity]["visibility"] == [
            {"condition": "state", "entity": entity, "state_not": silent}
        ]
    assert home.entity_id(solax_id(solax, Kind.CHARGER, "last_command")) in cards


async def test_a_running_forced_charge_says_its_power_and_target(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """Beside until when it lasts; only what is known."""
    entity = home.entity_id(solax_id(solax, Kind.INVERTER, "forced_mode_ends"))
    (card,) = (
        each for each in _plant_view(home.hass) if entity in each.get("content", "")
    )
    assert card["visibility"][0]["entity"] == entity
    template = Template(card["content"], home.hass)

    def says(**wish: Any) -> Any:
        home.hass.states.async_set(entity, "2026-06-01T12:00:00+00:00", wish)
        return template.async_render()

    assert says(mode=None, power=None, target_soc=None) == ""
    full = {"mode": "charge", "power": 3000.0, "target_soc": 80.0}
    assert says(**full) == "Charge 3000 W → 80 %"
    assert says(mode="discharge", power=500.0, target_soc=None) == "Discharge 500 W"
    assert says(mode="charge", power=None, target_soc=None) == "Charge"


async def test_the_battery_says_when_it_is_full_at_this_power(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """Three kWh of ten are missing at two kW: an hour and a half; nothing when it rests, or when nobody knows."""
    power = home.entity_id(solax_id(solax, None, "battery_power"))
    charge = home.entity_id(solax_id(solax, None, "battery_soc"))
    left = home.entity_id(solax_id(solax, Kind.BATTERY, "battery_energy_remaining"))
    highest = next(
        card["content"] for card in _plant_view(home.hass) if "content" in card
    )
    template = Template(highest, home.hass)

    def says(watts: str, percent: str, kilowatt_hours: str, unit: str = "W") -> Any:
        home.hass.states.async_set(power, watts, {"unit_of_measurement": unit})
        home.hass.states.async_set(charge, percent, {"unit_of_measurement": "%"})
        home.hass.states.async_set(left, kilowatt_hours, {"unit_of_measurement": "kWh"})
        return template.async_render()

    full = "At 100 % in about 1 h 30 min, if the power stays as it is"
    assert says("-2000", "70", "7") == full
    assert says("-2", "70", "7", "kW") == full
    assert str(says("3500", "70", "7")).startswith("At 0 % in about 2 h 00 min")
    assert says("50", "70", "7") == ""
    assert says("unavailable", "70", "7") == ""
    assert says("-2000", "unknown", "7") == ""
    assert says("-2000", "70", "unknown") == ""
    assert says("-2000", "5", "0.1") == ""
    assert says("-110", "10", "1") == ""


async def test_disabled_values_are_not_shown_and_enabled_ones_are(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """Who enables the rejected values finds them among the data."""
    rejected = home.entity_id(solax_id(solax, None, "rejected_values"))
    assert rejected not in json.dumps(_plant_view(home.hass))
    enable_everything(home.hass, running)
    assert rejected in json.dumps(_plant_view(home.hass))


@pytest.fixture
async def frontend(home: Home) -> HomeAssistant:
    """Home Assistant with its frontend."""
    assert await async_setup_component(home.hass, "frontend", {})
    return home.hass


def _modules(hass: HomeAssistant) -> list[str]:
    return [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if DOMAIN in url]


async def test_browsers_load_the_modules_of_this_version(
    frontend: HomeAssistant,
    running: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """They keep them for long, as JavaScript, at addresses that change with the version."""
    version = json.loads((MODULE.parents[1] / "manifest.json").read_text())["version"]
    assert sorted(_modules(frontend)) == sorted(f"{url}?v={version}" for url in URLS)
    browser = await hass_client_no_auth()
    for url, module in URLS.items():
        answer = await browser.get(f"{url}?v={version}")
        assert answer.status == HTTPStatus.OK
        assert answer.content_type == "text/javascript"
        assert "max-age" in answer.headers["Cache-Control"]
        assert await answer.text() == module.read_text()


async def test_accounts_come_and_go_and_the_module_stays(
    frontend: HomeAssistant, running: MockConfigEntry, home: Home
) -> None:
    """It is loaded once, whatever becomes of the accounts."""
    once = _modules(frontend)
    await home.restart(running)
    assert _modules(frontend) == once
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Another",
        unique_id="solax_another",
        data=dict(running.data),
        options=dict(running.options),
    )
    await home.start(other)
    assert _modules(frontend) == once
    assert await frontend.config_entries.async_remove(other.entry_id)
    assert _modules(frontend) == once
    assert len(once) == len(URLS)


async def test_without_a_frontend_the_account_works_all_the_same(
    running: MockConfigEntry, home: Home, solax: SolaxCloud
) -> None:
    """Nobody loads a dashboard there, so nothing is served."""
    assert "frontend" not in home.hass.config.components
    assert DATA_EXTRA_MODULE_URL not in home.hass.data
    assert home.value(solax_id(solax, None, "pv_power")) > 0
