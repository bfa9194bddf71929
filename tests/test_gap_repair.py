"""Gap repair: after any outage the missing hours are there, and the total is what it was."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.statistics import recorder
from custom_components.solar_cloud.statistics.counters import plant_counters
from homeassistant.components.recorder import Recorder

from .emulators.solax import SolaxCloud
from .helpers.home import Home, solax_entry, solax_id
from .helpers.past import energies, hourly, live

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
    await live(home, 1.6)
    rows = await hourly(home.hass, pv)
    starts = [row.start for row in rows]
    assert starts == [starts[0] + 3600 * number for number in range(len(starts))]
    for start, energy in list(energies(rows).items()):
        truth = _site_energy(solax, start, "pv_energy_total")
        assert energy == pytest.approx(truth, abs=0.15 + truth * UPLOAD / 3600)
    # The ends stay, and with them the total.
    assert rows[: len(lumped)][0] == lumped[0]
    grown = solax.plant.site.truth(rows[-1].end).since(
        solax.plant.site.truth(rows[0].end)
    )
    assert rows[-1].sum - rows[0].sum == pytest.approx(grown.pv, abs=0.4)
    again = len([call for call in solax.calls if "history" in call.path])
    await live(home, 1)
    assert (await hourly(home.hass, pv))[: len(rows)] == rows
    assert len([call for call in solax.calls if "history" in call.path]) == again


async def test_a_mistake_in_one_step_keeps_no_gap_open(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever breaks in the examination of the past, its repair goes on; what broke rests an hour and is tried again."""
    await home.start(entry)
    history = entry.runtime_data.history
    tried = {"doctor": 0, "repair": 0}

    async def broken(*_: object) -> None:
        tried["doctor"] += 1
        raise ValueError

    async def repaired(*_: object) -> int:
        tried["repair"] += 1
        return 0

    monkeypatch.setattr(history.anomaly_finder, "async_run", broken)
    monkeypatch.setattr(history.repair, "async_run", repaired)
    await live(home, 1)
    assert tried == {"doctor": 1, "repair": 1}
    assert history.last_error is not None
    await live(home, 1.2)
    assert tried["doctor"] == tried["repair"] >= 2


async def test_a_gap_stays_when_the_user_wants_it_so(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud
) -> None:
    """The option is on by default."""
    entry = solax_entry(solax, excluded_plants=[], controls=False, repair_gaps=False)
    await home.start(entry)
    await live(home, 1.2)
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(hours=2))
    await home.restart(entry)
    await live(home, 2)
    assert not [call for call in solax.calls if "history" in call.path]


async def test_a_repair_goes_on_when_the_cloud_lets_it(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A limit makes it wait, trouble makes it wait longer; then the hours are filled."""
    await home.start(entry)
    await live(home, 2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(hours=3, minutes=20))
    await home.restart(entry)
    trouble = solax.fault("history_data", http=503, times=None)
    await live(home, 2)
    assert len(await hourly(home.hass, pv)) < 7
    solax.faults.remove(trouble)
    await live(home, 2.2)
    rows = await hourly(home.hass, pv)
    assert [row.start for row in rows] == [
        rows[0].start + 3600 * number for number in range(len(rows))
    ]


async def test_a_repair_waits_for_the_row_after_the_outage(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Off again at once, there is nothing to count up to yet; with no rows at all there is nothing to repair."""
    await home.start(entry)
    await live(home, 2)
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(hours=3, minutes=20))
    await home.restart(entry)
    await home.pass_time(1500)
    history = entry.runtime_data.history
    history_client = history.history_client
    assert history_client is not None
    plant_id = solax.plant.plant_id
    keys = {
        key
        for counter in plant_counters(
            home.hass, entry.runtime_data, history.inventory, plant_id
        )
        for key in counter.keys
    }
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(hours=2))
    until = datetime.now(UTC).timestamp()
    run = history.repair.async_run
    assert await run(history_client, history.inventory, plant_id) == 0
    assert history.watch.due(keys, until)

    async def nothing(*_: object) -> dict[str, list[Row]]:
        return {}

    monkeypatch.setattr(recorder, "async_rows", nothing)
    assert await run(history_client, history.inventory, plant_id) == 0
    assert not history.watch.due(keys, until)
