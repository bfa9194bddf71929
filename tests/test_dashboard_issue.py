"""The offer of the Energy Dashboard, once the user has said no."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .emulators.solax import SolaxCloud
from .helpers.home import Home


@pytest.mark.parametrize("ignored", [True, False])
async def test_an_ignored_offer_stays_away(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    ignored: bool,
) -> None:
    """Over a reload, which takes the repair away and with it what Home Assistant knows of the user's wish."""
    assert await async_setup_component(home.hass, "energy", {})
    await home.start(entry)
    registry = ir.async_get(home.hass)

    def offers() -> list[str]:
        return [
            issue_id
            for (domain, issue_id), issue in registry.issues.items()
            if domain == DOMAIN and issue.translation_key == "energy_dashboard"
        ]

    (issue_id,) = offers()
    if ignored:
        ir.async_ignore_issue(home.hass, DOMAIN, issue_id, ignore=True)
    await home.hass.config_entries.async_reload(entry.entry_id)
    await home.hass.async_block_till_done(wait_background_tasks=True)
    assert offers() == ([] if ignored else [issue_id])


async def test_e60_a_download_of_diagnostics_holds_no_plant_id(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """The file as the user gets it: Home Assistant adds the repairs, by their ids; those of an earlier version too."""
    for component in ("energy", "http", "diagnostics"):
        assert await async_setup_component(home.hass, component, {})
    plant_id = solax.plant.plant_id
    old = f"energy_dashboard_{entry.entry_id}_{plant_id}"
    entry.add_to_hass(home.hass)
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        old,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    await home.start(entry)
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    text = await answer.text()
    assert "energy_dashboard" in text
    assert plant_id not in text


async def test_an_offer_ignored_before_its_id_changed_stays_away(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The user has said no once."""
    assert await async_setup_component(home.hass, "energy", {})
    old = f"energy_dashboard_{entry.entry_id}_{solax.plant.plant_id}"
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        old,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    ir.async_ignore_issue(home.hass, DOMAIN, old, ignore=True)
    await home.start(entry)
    assert not [
        issue_id
        for domain, issue_id in ir.async_get(home.hass).issues
        if domain == DOMAIN
    ]
