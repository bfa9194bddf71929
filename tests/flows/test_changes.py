"""Signing in again, other credentials, and the options of an account that runs."""

from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..emulators.solax import Kind, SolaxCloud
from ..emulators.world import World
from ..helpers.accounts import account_entry
from ..helpers.flow import UNREACHABLE, Flow, open_options, shown
from ..helpers.home import Home, solax_entry, solax_id


async def reauth(hass: HomeAssistant) -> Flow:
    """Open the form that Home Assistant has prepared."""
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["context"]["source"] == SOURCE_REAUTH
    flows = hass.config_entries.flow
    return Flow(hass, await flows.async_configure(progress["flow_id"]), [])


async def test_a_rotated_secret_is_asked_for_and_everything_else_stays(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The portal's button was pressed: the next sign-in fails, and only the user can help."""
    before = [
        (each.entity_id, each.unique_id)
        for each in er.async_entries_for_config_entry(
            er.async_get(home.hass), running.entry_id
        )
    ]
    solax.turn(rotation_kills_token=True)
    fresh = solax.rotate_secret()
    await home.pass_time(360)
    assert home.state(solax_id(solax, None, "pv_power")).state == "unavailable"

    flow = await reauth(home.hass)
    assert flow.at("reauth_confirm")
    assert shown(flow.result) == {}
    await flow.submit(client_secret="still-wrong")
    assert flow.at("reauth_confirm", base="invalid_auth")
    await flow.submit(client_secret=fresh)
    assert flow.reason == "reauth_successful"

    assert running.data["credentials"]["client_secret"] == fresh
    assert running.state is ConfigEntryState.LOADED
    registry = er.async_get(home.hass)
    assert before == [
        (each.entity_id, each.unique_id)
        for each in er.async_entries_for_config_entry(registry, running.entry_id)
    ]
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert not home.hass.config_entries.flow.async_progress()


async def test_reauth_goes_on_with_the_token_it_was_given(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The entry takes the new token up, and keeps what it counted and chose."""
    flow = Flow(home.hass, await running.start_reauth_flow(home.hass), [])
    await flow.submit(client_secret=solax.credentials["client_secret"])
    assert flow.reason == "reauth_successful"
    await home.pass_time(600)
    assert [call.token_generation for call in solax.token_calls] == [1, 2]
    assert solax.calls[len(solax.calls) - 1].token_generation == 2


async def test_reconfigure_keeps_a_secret_left_empty(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Only the address changes."""
    await home.pass_time(60)
    async with SolaxCloud(World()) as moved:
        flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
        assert flow.at("reconfigure")
        assert shown(flow.result) == {
            "region": "other",
            "client_id": solax.credentials["client_id"],
        }
        await flow.submit(region="other", client_id=solax.credentials["client_id"])
        assert flow.at("base_url")
        assert shown(flow.result) == {"base_url": solax.url}
        await flow.submit(base_url=UNREACHABLE)
        assert flow.at("base_url", base="cannot_connect")
        await flow.submit(base_url=moved.url)
        assert flow.reason == "reconfigure_successful"
        assert running.data["credentials"] == {
            "region": "other",
            **solax.credentials,
            "base_url": moved.url,
        }
        assert running.state is ConfigEntryState.LOADED
        assert moved.calls.count("realtime_data") > 0
        assert len(moved.token_calls) == 1
        await home.hass.config_entries.async_unload(running.entry_id)


async def test_a_new_application_takes_the_place_of_the_old_one(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The plants are the same, so entities, history and options stay: nobody deletes the entry for it."""
    entity = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    before = home.value(solax_id(solax, None, "pv_energy_total"))
    solax.add_application("f" * 32, "EXAMPLEsecond")
    flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="other", client_id="f" * 32, client_secret="EXAMPLEsecond")
    await flow.submit(base_url=solax.url)
    assert flow.reason == "reconfigure_successful"
    assert (
        running.unique_id == account_entry(solax, "solax", client_id="f" * 32).unique_id
    )
    assert running.state is ConfigEntryState.LOADED
    solax.calls.clear()
    await home.pass_time(900)
    assert home.entity_id(solax_id(solax, None, "pv_energy_total")) == entity
    assert home.value(solax_id(solax, None, "pv_energy_total")) >= before
    assert not solax.token_calls
    assert {call.code for call in solax.calls} == {10000}


async def test_an_application_of_another_owner_is_refused(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Its plants would take the place of the old ones; the entry goes on as it was."""
    async with SolaxCloud(solax.world, "evc-only") as other:
        flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
        other.add_application("f" * 32, "EXAMPLEsecond")
        await flow.submit(
            region="other", client_id="f" * 32, client_secret="EXAMPLEsecond"
        )
        await flow.submit(base_url=other.url)
        assert flow.reason == "unique_id_mismatch"
    await home.hass.async_block_till_done(wait_background_tasks=True)
    assert running.unique_id == solax_entry(solax).unique_id
    assert running.state is ConfigEntryState.LOADED


async def test_an_application_that_another_entry_uses_is_refused(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Before anything is asked: its session would end."""
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=account_entry(solax, "solax", client_id="f" * 32).unique_id,
    ).add_to_hass(home.hass)
    flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
    solax.calls.clear()
    await flow.submit(region="other", client_id="f" * 32, client_secret="EXAMPLEsecond")
    await flow.submit(base_url=solax.url)
    assert flow.reason == "already_configured"
    assert len(solax.calls) == 0
    assert running.data["credentials"]["client_id"] == solax.credentials["client_id"]


async def test_reconfigure_from_an_address_to_a_region_forgets_the_address(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the old way remains."""
    monkeypatch.setitem(VENDORS["solax"].sign_ins[0].regions, "eu", solax.url)
    flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="eu", client_id=solax.credentials["client_id"])
    assert flow.reason == "reconfigure_successful"
    assert running.data["credentials"] == {"region": "eu", **solax.credentials}


async def options(hass: HomeAssistant, entry: ConfigEntry) -> Flow:
    """Open the options."""
    return OptionsFlow(hass, await open_options(hass, entry), [])


class OptionsFlow(Flow):
    """A flow of options."""

    @override
    async def _configure(self, user_input: dict[str, Any]) -> None:
        flows = self.hass.config_entries.options
        self.result = await flows.async_configure(self.result["flow_id"], user_input)
        await self.hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def twin(solax: SolaxCloud, home: Home) -> MockConfigEntry:
    """An account with two plants."""
    entry = solax_entry(solax)
    await home.start(entry)
    return entry


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_a_plant_left_out_later_goes_and_may_come_back(
    twin: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """With its devices and entities, at once."""
    kept, left = (plant.plant_id for plant in solax.plants)
    await home.pass_time(120)
    flow = await options(home.hass, twin)
    assert flow.at("settings")
    assert shown(flow.result) == {
        "plants": [kept, left],
        "controls": False,
        "repair_gaps": True,
        "battery_mode_hours": 6,
    }
    await flow.submit(
        plants=[kept], controls=True, repair_gaps=False, battery_mode_hours=2
    )
    assert twin.options == {
        "excluded_plants": [left],
        "controls": True,
        "repair_gaps": False,
        "battery_mode_hours": 2,
    }
    assert home.device(left, twin) is None
    assert home.device(kept, twin)
    assert not home.known(f"solax_{left}_pv_power")
    solax.calls.clear()
    await home.pass_time(600)
    asked = {serial for call in solax.calls for serial in call.serials}
    assert asked
    for plant in solax.plants:
        assert (plant.of(Kind.INVERTER)[0].sn in asked) is (plant.plant_id == kept)

    flow = await options(home.hass, twin)
    assert shown(flow.result) == {
        "plants": [kept],
        "controls": True,
        "repair_gaps": False,
        "battery_mode_hours": 2,
    }
    await flow.submit(plants=[kept, left], controls=False, repair_gaps=True)
    assert twin.options == {
        "excluded_plants": [],
        "controls": False,
        "repair_gaps": True,
        "battery_mode_hours": 2,
    }
    assert home.value(f"solax_{left}_pv_power") > 0


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_a_plant_left_out_stays_so_while_it_is_not_listed(
    solax: SolaxCloud, home: Home
) -> None:
    """Opening the options in a bad moment does not bring it back."""
    _kept, left = (plant.plant_id for plant in solax.plants)
    gone = solax.plants.pop()
    assert gone.plant_id == left
    entry = solax_entry(solax, excluded_plants=[left], controls=False)
    await home.start(entry)
    flow = await options(home.hass, entry)
    await flow.submit(**shown(flow.result))
    assert entry.options["excluded_plants"] == [left]


async def test_options_need_a_connected_account(
    entry: MockConfigEntry, hass: HomeAssistant, home: Home
) -> None:
    """Its plants are not known otherwise."""
    entry.add_to_hass(hass)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["reason"] == "not_loaded"


async def test_e17_options_reload_but_no_listener_does(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Saving a token must never start the entry anew; changing the options must, once."""
    assert not running.update_listeners
    solax.steal_token()
    await home.pass_time(600)
    assert len(solax.token_calls) == 2
    lists = solax.calls.count("page_device_info")

    flow = await options(home.hass, running)
    polls = solax.calls.count("realtime_data")
    await flow.submit(plants=[solax.plant.plant_id], controls=True, repair_gaps=True)
    assert running.state is ConfigEntryState.LOADED
    assert solax.calls.count("realtime_data") == polls + 5
    assert solax.calls.count("page_device_info") == lists
    assert len(solax.token_calls) == 2
