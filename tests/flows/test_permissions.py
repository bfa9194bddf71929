"""Permissions that an application was not granted are named where the account is added, and later."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState

from ..emulators.solax import SolaxCloud
from ..helpers.flow import Flow, reach_base_url, reach_plants
from ..helpers.home import Home


async def test_a_pack_authorised_meanwhile_needs_no_second_token(
    flow: Flow, solax: SolaxCloud
) -> None:
    """The same credentials go on with the token they have."""
    solax.withdraw("API_Info_V2")
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    solax.authorise("API_Info_V2")
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    assert len(solax.token_calls) == 1


async def test_a_missing_live_data_pack_is_named_in_the_form(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Not after a success that is none; authorised meanwhile, the same form goes on."""
    solax.withdraw("API_Telemetry_V2")
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_permission")
    assert "Data Monitoring Service" in flow.detail
    lists = solax.calls.count("page_device_info")
    solax.authorise("API_Telemetry_V2")
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    assert solax.calls.count("page_device_info") == lists
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("solax", ["evc-only", "micro-only"], indirect=True)
async def test_a_missing_live_data_pack_is_found_without_a_battery(
    flow: Flow, solax: SolaxCloud
) -> None:
    """By one reading of whatever there is."""
    solax.withdraw("API_Telemetry_V2")
    await reach_base_url(flow, solax)
    before = solax.calls.count("realtime_data")
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_permission")
    assert solax.calls.count("realtime_data") - before <= 1


async def test_the_plants_say_which_packs_are_missing(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Those for settings can be granted later; what is granted is said, too."""
    solax.withdraw("API_EVC_V2", "API_Remote_V2")
    await reach_plants(flow, solax)
    placeholders = flow.result["description_placeholders"]
    assert placeholders is not None
    granted, missing = placeholders["access"].split("Not granted")
    assert "Data Monitoring Service" in granted
    assert "EV Charger Control Service" in missing
    assert "Inverter Remote Control Mode Service" in missing


async def test_an_account_with_everything_granted_is_told_nothing(
    flow: Flow, solax: SolaxCloud
) -> None:
    """A form that is fine says little."""
    await reach_plants(flow, solax)
    placeholders = flow.result["description_placeholders"]
    assert placeholders == {"access": ""}


async def test_a_pack_withdrawn_later_stays_the_reason_however_often_set_up_is_tried(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Never our own pace under the vendor's name."""
    solax.withdraw("API_Telemetry_V2")
    await home.start(entry)
    for _ in range(30):
        assert entry.error_reason_translation_key == "permission_missing"
        await home.pass_time(20, step=10)
    solax.authorise("API_Telemetry_V2")
    await home.pass_time(200, step=10)
    assert entry.state is ConfigEntryState.LOADED
