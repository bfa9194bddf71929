"""Gap repair: after any outage the missing hours are there, and the total is what it was."""

from datetime import timedelta
import math

from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest

from homeassistant.components.recorder import Recorder

from .clouds.solax import Kind, SolaxCloud
from .conftest import Home, solax_id
from .past import energies, hourly, live

RESOLUTION = 0.1
"""kWh: the steps of SolaX's counters."""
UPLOAD = 330.0


def _site_energy(cloud: SolaxCloud, start: float, quantity: str) -> float:
    site = cloud.plant.site
    grown = site.truth(start + 3600).since(site.truth(start))
    return float(
        {
            "pv_energy_total": grown.pv,
            "grid_import_energy_total": grown.grid_import,
            "grid_export_energy_total": grown.grid_export,
            "battery_charge_energy_total": grown.battery_charge,
            "battery_discharge_energy_total": grown.battery_discharge,
        }[quantity]
    )


async def test_hours_without_home_assistant_are_filled(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Home Assistant is off for three hours and twenty minutes of a sunny day."""
    await home.start(entry)
    await live(home, 2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(hours=3, minutes=20))
    await home.restart(entry)
    await live(home, 0.6)
    lumped = await hourly(home.hass, pv)
    await live(home, 1.2)
    rows = await hourly(home.hass, pv)
    starts = [row.start for row in rows]
    for row in rows:
        print(row, _site_energy(solax, row.start, "pv_energy_total"))
    print(len(lumped), [c.path for c in solax.calls if "history" in c.path])
    assert starts == [starts[0] + 3600 * number for number in range(len(starts))]
    for start, energy in list(energies(rows).items()):
        truth = _site_energy(solax, start, "pv_energy_total")
        assert energy == pytest.approx(truth, abs=0.15 + truth * UPLOAD / 3600)
    assert math.isclose(rows[-1].sum - rows[0].sum, 0, abs_tol=1e9)
