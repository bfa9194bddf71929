"""Importing the past: joined at both ends without a step, as often as one likes, and taken back to the last row."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder

from .clouds.solax import SolaxCloud
from .conftest import Home, solax_id
from .past import energies, hourly, live

HOUR = 3600.0


async def act(home: Home, **data: Any) -> Any:
    """Run the action and return what it answers for the only plant."""
    answer: Any = await home.hass.services.async_call(
        DOMAIN, "import_history", data, blocking=True, return_response=True
    )
    (plant,) = answer["plants"]
    return plant


async def finish(home: Home, start: str) -> Any:
    """Let the import run to its end."""
    for _ in range(60):
        plant = await act(home, start=start)
        if plant["state"] == "done":
            return plant
        await home.settle()
        await home.pass_time(70, 70)
    raise AssertionError("The import does not end")


async def test_an_import_joins_without_a_step(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Every hour of four days is the truth, across the seam and in the live part; undo leaves what was."""
    await home.start(entry)
    await live(home, 2.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    before = await hourly(home.hass, pv)
    plan = await act(home, dry_run=True, start="2026-06-11")
    assert plan["state"] == "planned"
    assert plan["calls"] == 4 * 10
    assert not [call for call in solax.calls if "history" in call.path]

    running = await act(home, start="2026-06-11")
    assert running["state"] == "running"
    await home.settle()
    done = await finish(home, "2026-06-11")
    assert {each["resolution"] for each in done["counters"]} == {"readings"}
    rows = await hourly(home.hass, pv)
    for number, row in enumerate(rows):
        assert row.start == rows[0].start + number * HOUR
    site = solax.plant.site
    for start, energy in energies(rows).items():
        truth = site.truth(start + HOUR).since(site.truth(start)).pv
        assert energy == pytest.approx(truth, abs=0.15 + truth * 330 / 3600), start
    assert rows[-1].sum == pytest.approx(
        site.truth(rows[-1].end).pv - site.truth(rows[0].start).pv, abs=0.5
    )

    await live(home, 1)
    longer = await hourly(home.hass, pv)
    assert longer[: len(rows)] == rows
    assert 0 < longer[-1].sum - rows[-1].sum < 8

    undone = await act(home, undo=True)
    assert undone["state"] == "undone"
    left = await hourly(home.hass, pv)
    assert [row.start for row in left[: len(before)]] == [row.start for row in before]
    assert [row.sum for row in left[: len(before)]] == pytest.approx(
        [row.sum for row in before], abs=1e-9
    )
    await live(home, 1)
    after = await hourly(home.hass, pv)
    assert 0 < after[-1].sum - left[-1].sum < 8
