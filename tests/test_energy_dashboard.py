"""The Energy Dashboard in one click: what is missing is added, what is there stays, and the repair knows when to go."""

from copy import deepcopy
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_platform
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.solar_cloud import energy_dashboard
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_id

FOREIGN: dict[str, Any] = {
    "energy_sources": [
        {
            "type": "solar",
            "stat_energy_from": "sensor.roof_next_door",
            "config_entry_solar_forecast": ["abc"],
            "name": "Next door",
        },
        {
            "type": "grid",
            "stat_energy_from": "sensor.utility",
            "stat_energy_to": None,
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": 0.31,
            "stat_compensation": None,
            "entity_energy_price_export": None,
            "number_energy_price_export": None,
            "cost_adjustment_day": 1.5,
            "power_config": {"stat_rate_inverted": "sensor.utility_power"},
        },
        {
            "type": "gas",
            "stat_energy_from": "sensor.gas",
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": None,
        },
    ],
    "device_consumption": [{"stat_consumption": "sensor.fridge"}],
    "device_consumption_water": [],
}


@pytest.fixture
async def energy(recorder_mock: Recorder, home: Home) -> None:
    """Home Assistant with an Energy Dashboard."""
    for component in ("energy", "repairs", "http"):
        assert await async_setup_component(home.hass, component, {})


def issue_id(cloud: SolaxCloud, entry: MockConfigEntry) -> str:
    """Return the id of the account's repair."""
    return f"energy_dashboard_{entry.entry_id}"


def issue(hass: HomeAssistant, cloud: SolaxCloud, entry: MockConfigEntry) -> Any:
    """Return the home's repair."""
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(cloud, entry))


async def _start(client: Any, issue: str) -> Any:
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue}
    )
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def _submit(client: Any, flow: Any, **data: Any) -> Any:
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json=data)
    assert answer.status == 200, await answer.text()
    return await answer.json()


@pytest.mark.usefixtures("energy")
async def test_one_click_adds_what_is_missing(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Foreign sources stay byte for byte; Home Assistant finds nothing to complain about."""
    hass = home.hass
    manager: Any = await async_get_manager(hass)
    await manager.async_update(deepcopy(FOREIGN))
    before = deepcopy(manager.data)
    assert before is not None
    await home.start(entry)
    assert issue(hass, solax, entry).is_fixable

    client = await hass_client()
    flow = await _start(client, issue_id(solax, entry))
    assert flow["step_id"] == "confirm"
    assert "Battery charge total" in flow["description_placeholders"]["battery"]
    assert (await _submit(client, flow))["type"] == "create_entry"

    assert manager.data is not None
    sources = manager.data["energy_sources"]
    assert sources[: len(FOREIGN["energy_sources"])] == before["energy_sources"]
    assert manager.data["device_consumption"][0] == before["device_consumption"][0]
    solar, grid, battery = sources[len(FOREIGN["energy_sources"]) :]
    assert solar["stat_energy_from"] == home.entity_id(
        solax_id(solax, None, "pv_energy_total")
    )
    assert solar["stat_rate"] == home.entity_id(solax_id(solax, None, "pv_power"))
    assert grid["power_config"]["stat_rate"] == home.entity_id(
        solax_id(solax, None, "grid_power")
    )
    assert battery["capacity"] > 0
    assert battery["stat_soc"] == home.entity_id(solax_id(solax, None, "battery_soc"))
    (_, charger) = manager.data["device_consumption"]
    assert charger["stat_consumption"] == home.entity_id(
        solax_id(solax, Kind.CHARGER, "charger_energy_total")
    )
    await home.settle()
    assert issue(hass, solax, entry) is None

    websocket = await hass_ws_client(hass)
    await websocket.send_json_auto_id({"type": "energy/validate"})
    verdict = (await websocket.receive_json())["result"]
    ours = verdict["energy_sources"][len(FOREIGN["energy_sources"]) :]
    kinds = {problem["type"] for problems in ours for problem in problems}
    assert kinds <= {"statistics_not_defined"}  # until the recorder's first run


@pytest.mark.usefixtures("energy")
@pytest.mark.parametrize("wanted", [True, False])
async def test_the_same_click_brings_in_the_past(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    *,
    wanted: bool,
) -> None:
    """Ticked at first; and the prices of the grid that is there count for ours."""
    manager: Any = await async_get_manager(home.hass)
    grid = {
        "type": "grid",
        "stat_energy_from": "sensor.meter_of_before",
        "stat_energy_to": None,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": 0.31,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": 0.08,
        "cost_adjustment_day": 0.0,
    }
    await manager.async_update({"energy_sources": [deepcopy(grid)]})
    await home.start(entry)
    client = await hass_client()
    flow = await _start(client, issue_id(solax, entry))
    (offer,) = [each for each in flow["data_schema"] if each["name"] == "import_past"]
    assert offer["default"] is True
    await _submit(client, flow, import_past=wanted)
    jobs = entry.runtime_data.history.imports.jobs
    assert (solax.plant.plant_id in jobs) is wanted
    before, ours = [
        each for each in manager.data["energy_sources"] if each["type"] == "grid"
    ]
    assert before == grid
    assert ours["number_energy_price"] == 0.31
    assert ours["number_energy_price_export"] == 0.08
    assert ours["stat_energy_from"] != grid["stat_energy_from"]


@pytest.mark.parametrize("neighbour", [False, True])
async def test_a_forecast_that_is_there_is_that_of_the_only_plant(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    *,
    neighbour: bool,
) -> None:
    """Where there is another solar source, nobody knows whose it is."""
    forecast = MockConfigEntry(domain="sun_tomorrow")
    forecast.add_to_hass(home.hass)
    mock_platform(
        home.hass,
        "sun_tomorrow.energy",
        Mock(spec_set=["async_get_solar_forecast"]),
    )
    home.hass.config.components.add("sun_tomorrow")
    for component in ("energy", "repairs", "http"):
        assert await async_setup_component(home.hass, component, {})
    manager: Any = await async_get_manager(home.hass)
    if neighbour:
        await manager.async_update(deepcopy(FOREIGN))
    await home.start(entry)
    client = await hass_client()
    flow = await _start(client, issue_id(solax, entry))
    await _submit(client, flow, import_past=False)
    solar = [each for each in manager.data["energy_sources"] if each["type"] == "solar"]
    found = solar[-1]["config_entry_solar_forecast"]
    assert found == (None if neighbour else [forecast.entry_id])


@pytest.mark.usefixtures("energy")
async def test_an_offer_can_be_refused_for_good(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Nothing is added, and a restart does not ask again."""
    hass = home.hass
    await home.start(entry)
    client = await hass_client()
    flow = await _start(client, issue_id(solax, entry))
    assert (await _submit(client, flow, dismiss=True))["type"] == "create_entry"
    manager: Any = await async_get_manager(hass)
    assert not (manager.data or {}).get("energy_sources")
    await home.restart(entry)
    await home.settle()
    assert issue(hass, solax, entry) is None


@pytest.mark.usefixtures("energy")
async def test_sources_clicked_by_hand_end_the_repair(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Whatever way they came in; when they go, the offer comes back."""
    await home.start(entry)
    account = entry.runtime_data
    proposal = energy_dashboard.propose(
        home.hass, account, account.inventory.data, solax.plant.plant_id
    )
    assert issue(home.hass, solax, entry)
    manager: Any = await async_get_manager(home.hass)
    await manager.async_update(
        {
            "energy_sources": list(proposal.sources),
            "device_consumption": list(proposal.devices),
        }
    )
    await home.settle()
    assert issue(home.hass, solax, entry) is None
    await manager.async_update({"energy_sources": []})
    await home.settle()
    assert issue(home.hass, solax, entry)
    await home.hass.config_entries.async_unload(entry.entry_id)
    assert issue(home.hass, solax, entry) is None


@pytest.mark.usefixtures("energy")
async def test_a_changed_interface_shows_the_list(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user clicks by hand and is not asked again."""
    await home.start(entry)
    monkeypatch.delattr(f"{energy_dashboard.MODULE}.ENERGY_SOURCE_SCHEMA")
    client = await hass_client()
    flow = await _start(client, issue_id(solax, entry))
    assert flow["step_id"] == "by_hand"
    assert "PV energy total" in flow["description_placeholders"]["solar"]
    assert (await _submit(client, flow))["type"] == "create_entry"
    await home.restart(entry)
    assert issue(home.hass, solax, entry) is None


@pytest.mark.usefixtures("energy")
async def test_what_the_schema_refuses_changes_nothing(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newer Home Assistant may want other fields."""
    await home.start(entry)
    manager: Any = await async_get_manager(home.hass)

    def refuse(_: object) -> None:
        raise ValueError("unknown field")

    monkeypatch.setattr(f"{energy_dashboard.MODULE}.ENERGY_SOURCE_SCHEMA", refuse)
    client = await hass_client()
    flow = await _submit(client, await _start(client, issue_id(solax, entry)))
    assert flow["step_id"] == "by_hand"
    assert not manager.data


@pytest.mark.usefixtures("energy")
async def test_the_repair_of_an_account_that_is_gone_just_goes(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """There is nothing left to add."""
    await home.start(entry)
    client = await hass_client()
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        "energy_dashboard_gone",
        data={"entry_id": "gone", "plant_id": "gone"},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    flow = await _start(client, "energy_dashboard_gone")
    assert (await _submit(client, flow))["type"] == "create_entry"


async def test_without_a_dashboard_nothing_is_offered(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Not every Home Assistant has one."""
    await home.start(entry)
    assert issue(home.hass, solax, entry) is None


@pytest.mark.parametrize("solax", ["evc-only"], indirect=True)
@pytest.mark.usefixtures("energy")
async def test_a_charger_alone_is_a_device(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """There is neither sun, grid nor battery to add; disabled entities are not offered."""
    await home.start(entry)
    account = entry.runtime_data
    plant_id = solax.plant.plant_id
    inventory = account.inventory.data

    def offered() -> energy_dashboard.Proposal:
        return energy_dashboard.propose(home.hass, account, inventory, plant_id)

    assert not offered().sources
    assert len(offered().devices) == 1
    assert offered().texts(home.hass)["solar"] == "–"
    await energy_dashboard.async_add(home.hass, offered())
    await energy_dashboard.async_add(home.hass, offered())
    manager: Any = await async_get_manager(home.hass)
    assert len(manager.data["device_consumption"]) == 1
    registry = er.async_get(home.hass)
    for quantity in ("charger_power", "charger_energy_total"):
        entity_id = home.entity_id(solax_id(solax, Kind.CHARGER, quantity))
        registry.async_update_entity(
            entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
        assert ("stat_rate" in str(offered().devices)) is False
    assert not offered()


@pytest.mark.usefixtures("energy")
async def test_only_what_is_enabled_is_proposed(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A source without its power is a source all the same; without its energy it is none."""
    await home.start(entry)
    account = entry.runtime_data
    registry = er.async_get(home.hass)
    for quantity in (
        "pv_power",
        "grid_power",
        "grid_export_energy_total",
        "battery_power",
        "battery_soc",
    ):
        registry.async_update_entity(
            home.entity_id(solax_id(solax, None, quantity)),
            disabled_by=er.RegistryEntryDisabler.USER,
        )
    proposal = energy_dashboard.propose(
        home.hass, account, account.inventory.data, solax.plant.plant_id
    )
    solar, grid, battery = proposal.sources
    assert "stat_rate" not in solar
    assert grid["stat_energy_to"] is None
    assert "power_config" not in grid
    assert "stat_soc" not in battery
    await energy_dashboard.async_add(home.hass, proposal)


@pytest.mark.usefixtures("energy")
async def test_preferences_nobody_understands_are_left_alone(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list to click is all there is to give."""
    await home.start(entry)
    manager: Any = await async_get_manager(home.hass)
    monkeypatch.setattr(manager, "data", 42)
    with pytest.raises(energy_dashboard.CannotAddError):
        await energy_dashboard.async_preferences(home.hass)
    await home.pass_time(300)
    assert issue(home.hass, solax, entry)
