"""An installer's account: many plants at once, and a browser that looks on."""

import asyncio

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .emulators.solax import SolaxCloud
from .helpers.home import Home, solax_entry

PLANTS = 41


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_a_browser_is_not_cut_off_while_many_plants_are_added(
    home: Home,
    solax: SolaxCloud,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It listens to everything, as the frontend does; Home Assistant drops who has 4096 messages before them."""
    for component in ("websocket_api", "auth"):
        assert await async_setup_component(home.hass, component, {})
    browser = await hass_ws_client()
    for number, kind in enumerate(("subscribe_events", "subscribe_entities"), 1):
        await browser.send_json({"id": number, "type": kind})
        assert (await browser.receive_json())["success"]
    told = 0

    async def read() -> None:
        nonlocal told
        async for _ in browser:
            told += 1

    reader = asyncio.create_task(read())
    del solax.plants[PLANTS:]
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    registry = er.async_get(home.hass)
    added = len(er.async_entries_for_config_entry(registry, entry.entry_id))
    assert added > 4096
    assert "unable to keep up" not in caplog.text
    assert not browser.closed
    assert told > 0
    reader.cancel()
