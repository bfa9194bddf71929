"""Meters that the cloud lists nowhere and that can be read all the same."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.helpers import entity_registry as er

from .emulators.solax import Kind, SolaxCloud
from .helpers.flow import open_options
from .helpers.home import Home, solax_entry


@pytest.fixture
async def unlisted(home: Home, solax: SolaxCloud) -> MockConfigEntry:
    """The SolaX home, its meter in no list."""
    solax.first(Kind.METER).listed = False
    entry = solax_entry(solax)
    await home.start(entry)
    return entry


def _known(home: Home, serial: str) -> bool:
    registry = er.async_get(home.hass)
    unique_id = f"solax_{serial}_grid_import_energy_total"
    return registry.async_get_entity_id("sensor", DOMAIN, unique_id) is not None


async def _submit(home: Home, entry: MockConfigEntry, serial: str) -> Any:
    options = home.hass.config_entries.options
    form = await open_options(home.hass, entry)
    assert form["step_id"] == "settings"
    result = await options.async_configure(
        form["flow_id"],
        {
            "plants": list(entry.runtime_data.inventory.data.plants),
            "controls": False,
            "repair_gaps": True,
            "extra_serial": serial,
        },
    )
    await home.hass.async_block_till_done(wait_background_tasks=True)
    return result


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_e52_a_meter_in_no_list_is_added_by_its_serial(
    unlisted: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """It is read once before it is added, and is there after a restart."""
    meter = solax.first(Kind.METER)
    assert not _known(home, meter.sn)
    assert (await _submit(home, unlisted, f" {meter.sn} "))["type"] == "create_entry"
    truth = solax.truth_at_last_upload(meter.sn)
    assert truth is not None
    shown = home.value(f"solax_{meter.sn}_grid_import_energy_total")
    assert shown == pytest.approx(truth.grid_import, abs=0.011)
    await home.pass_time(120)
    await home.restart(unlisted)
    assert home.value(f"solax_{meter.sn}_grid_import_energy_total") >= shown


@pytest.mark.parametrize(
    ("serial", "errors"),
    [
        ("M3NOBODY0000001", {"base": "unknown_serial"}),
        ("H3DEMO00000001", {"extra_serial": "already_listed"}),
    ],
)
async def test_a_serial_without_a_meter_is_refused(
    unlisted: MockConfigEntry, home: Home, serial: str, errors: dict[str, str]
) -> None:
    """And what was entered stays in the form."""
    result = await _submit(home, unlisted, serial)
    assert result["type"] == "form"
    assert result["errors"] == errors
    assert "extra_devices" not in unlisted.options


async def test_a_cloud_that_fails_meanwhile_is_told(
    unlisted: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The meter may exist: it is not called unknown."""
    solax.fault("realtime_data", http=500)
    result = await _submit(home, unlisted, solax.first(Kind.METER).sn)
    assert result["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_with_several_plants_the_meter_s_plant_is_asked_for(
    unlisted: MockConfigEntry, home: Home
) -> None:
    """It cannot be guessed."""
    form = await open_options(home.hass, unlisted)
    schema = form["data_schema"]
    assert schema is not None
    assert "extra_plant" in {str(key) for key in schema.schema}
    home.hass.config_entries.options.async_abort(form["flow_id"])
