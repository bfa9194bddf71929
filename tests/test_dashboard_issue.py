"""The offer of the Energy Dashboard, once the user has said no."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .clouds.solax import SolaxCloud
from .conftest import Home


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
