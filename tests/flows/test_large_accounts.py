"""Adding an account whose lists take minutes to read: the form shows how far they are."""

import asyncio

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from ..emulators.solax import SolaxCloud
from ..helpers.flow import Flow, reach_base_url, shown
from ..helpers.home import Home, solax_entry, solax_id

LISTING = "solar_cloud listing"
"""The task behind the form's progress."""


async def reach_progress(flow: Flow, cloud: SolaxCloud) -> None:
    """Sign in to an account with more pages than a minute's calls."""
    await reach_base_url(flow, cloud)
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"], {"base_url": cloud.url}
    )
    assert flow.result["type"] is FlowResultType.SHOW_PROGRESS, flow.result


async def wait_for_lists(flow: Flow, home: Home) -> list[tuple[int, int]]:
    """Look at the dialog once a minute until it goes on; return how far it said it was."""
    told: list[tuple[int, int]] = []
    flows = flow.hass.config_entries.flow
    for _ in range(30):
        flow.result = await flows.async_configure(flow.result["flow_id"])
        if flow.result["type"] is not FlowResultType.SHOW_PROGRESS:
            return told
        shown = flow.result["description_placeholders"]
        assert shown is not None
        told.append((int(shown["done"]), int(shown["total"])))
        (work,) = (task for task in asyncio.all_tasks() if task.get_name() == LISTING)
        home.freezer.tick(61)
        async_fire_time_changed(flow.hass)
        await asyncio.wait([work])
        await flow.hass.async_block_till_done()
    pytest.fail(f"The lists never end: {told}")


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_the_form_shows_how_far_the_lists_of_a_large_account_are(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Instead of a limit that is not the vendor's; one plant of 300 is chosen at the end, and works."""
    solax.turn(largest_page=20)
    await reach_progress(flow, solax)
    told = await wait_for_lists(flow, home)
    assert len(told) >= 3
    assert told == sorted(told)
    assert all(0 < done < total for done, total in told)
    assert flow.at("plants")
    assert shown(flow.result)["plants"] == []
    schema = flow.result["data_schema"]
    assert schema is not None
    selector = schema.schema["plants"].config
    assert len(selector["options"]) == 300
    assert selector["mode"] == "dropdown"  # which can be searched
    pages = [
        tuple(sorted(call.params.items()))
        for call in solax.calls.of("page_device_info")
    ]
    assert len(pages) == len(set(pages))
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert len(flow.entry.options["excluded_plants"]) == 299
    await home.pass_time(180)
    assert flow.entry.state is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_what_fails_while_lists_are_read_leads_back_to_the_form(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """And the next try goes on from there."""
    solax.turn(largest_page=20)
    await reach_progress(flow, solax)
    fault = solax.fault(http=503, times=None)
    await wait_for_lists(flow, home)
    assert flow.at("base_url", base="cannot_connect")
    solax.faults.remove(fault)
    pages = solax.calls.count("page_plant_info")
    await reach_again(flow, solax)
    await wait_for_lists(flow, home)
    assert flow.at("plants")
    assert solax.calls.count("page_plant_info") == pages


async def reach_again(flow: Flow, cloud: SolaxCloud) -> None:
    """Submit the address once more."""
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"], {"base_url": cloud.url}
    )


async def test_a_fourth_secret_within_a_minute_waits_its_turn(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Three tokens a minute are our own limit: the form waits it out by itself."""
    await reach_base_url(flow, solax, client_secret="mistyped")
    await flow.submit(base_url=solax.url)
    for number in range(2):
        await flow.submit(base_url=solax.url, client_secret=f"mistyped-{number}")
        assert flow.at("base_url", base="invalid_auth")
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"],
        {
            "base_url": solax.url,
            "client_secret": solax.credentials["client_secret"],
        },
    )
    assert len(await wait_for_lists(flow, home)) == 1
    assert flow.at("plants")
    assert len(solax.token_calls) == 4


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_an_installers_plants_are_chosen_not_unchosen(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Up to three are preselected, of more none; without any there is nothing to add."""
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    assert shown(flow.result) == {"plants": [], "controls": False}
    await flow.submit(controls=True)
    assert flow.at("plants", plants="no_plant_chosen")
    assert shown(flow.result) == {"plants": [], "controls": True}
    await flow.submit(plants=[solax.plant.plant_id], controls=True)
    assert flow.entry.options["controls"]


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_an_entry_of_a_large_account_loads_in_the_end(
    solax: SolaxCloud, home: Home
) -> None:
    """Each try of set-up goes on where the last one stopped, and says how far it is."""
    solax.turn(largest_page=20)
    others = [plant.plant_id for plant in solax.plants[1:]]
    entry = solax_entry(solax, excluded_plants=others, controls=False)
    await home.start(entry)
    assert entry.error_reason_translation_key == "listing"
    assert entry.error_reason_translation_placeholders is not None
    assert int(entry.error_reason_translation_placeholders["done"]) > 10
    await home.pass_time(900, step=30)
    assert entry.state is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert len(solax.token_calls) == 1
