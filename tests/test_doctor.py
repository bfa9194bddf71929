"""The statistics doctor: finds what physics excludes, shows it, and corrects the sums when told to."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.issues import plant_issue_id
from custom_components.solar_cloud.statistics import recorder
from homeassistant.components.recorder import Recorder
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .emulators.solax import SolaxCloud
from .helpers.home import Home, solax_id
from .helpers.past import energies, hourly, live


async def _with_past(home: Home, statistic_id: str) -> list[Row]:
    """Give a counter two days in which an unguarded sensor booked a spike and took it back."""
    (first, *_) = await hourly(home.hass, statistic_id)
    past = []
    for number in range(48):
        start = first.start - (48 - number) * 3600
        total = first.sum - 48 + number
        if 20 <= number < 23:
            total += 300.0
        past.append(Row(start, None, total))
    metadata = await recorder.async_metadata(home.hass, [statistic_id])
    recorder.write(home.hass, metadata[statistic_id], past)
    await recorder.async_written(home.hass)
    return past


async def _token(home: Home) -> str:
    """Log in anew: the login of the test's start is a day old."""
    (owner, *_) = [
        user for user in await home.hass.auth.async_get_users() if user.is_admin
    ]
    token = await home.hass.auth.async_create_refresh_token(owner, "http://test")
    return home.hass.auth.async_create_access_token(token)


async def _examined(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> tuple[str, list[Row]]:
    """Let the doctor look at a past with a spike; return the statistic and its rows."""
    for component in ("repairs", "http"):
        assert await async_setup_component(home.hass, component, {})
    await home.start(entry)
    await live(home, 1.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    past = await _with_past(home, pv)
    home.freezer.tick(timedelta(hours=24))
    await home.settle()
    return pv, past


async def test_a_spike_is_found_shown_and_taken_out(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Nothing changes before the user confirms; afterwards only the spike is gone."""
    pv, past = await _examined(home, solax, entry)
    issue_id = plant_issue_id("statistics_doctor", entry.entry_id, solax.plant.plant_id)
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    assert (await hourly(home.hass, pv))[: len(past)] == past

    client = await hass_client(await _token(home))
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await answer.json()
    assert flow["step_id"] == "confirm"
    found = flow["description_placeholders"]["findings"].splitlines()
    assert [line.split(": ")[1] for line in found] == [
        "+300.00 kWh",
        "-300.00 kWh",
    ] or [line.split(": ")[1] for line in found] == ["+299.00 kWh", "-299.00 kWh"]
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"
    rows = await hourly(home.hass, pv)
    changes = list(energies(rows[: len(past)]).values())
    assert changes == pytest.approx([1.0] * len(changes), abs=1.01)
    assert rows[len(past)].sum == pytest.approx(past[-1].sum + 1, abs=1.01)
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id) is None


async def test_what_the_user_keeps_is_not_shown_again(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """The statistics stay as they are, over a restart and the next look."""
    pv, past = await _examined(home, solax, entry)
    issue_id = plant_issue_id("statistics_doctor", entry.entry_id, solax.plant.plant_id)
    client = await hass_client(await _token(home))
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await answer.json()
    await client.post(
        f"/api/repairs/issues/fix/{flow['flow_id']}", json={"dismiss": True}
    )
    assert (await hourly(home.hass, pv))[: len(past)] == past
    await home.restart(entry)
    home.freezer.tick(timedelta(hours=25))
    await home.settle()
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id) is None


async def test_a_healthy_past_is_left_alone(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The lump after a long absence is no spike."""
    await home.start(entry)
    await live(home, 1.2)
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.freezer.tick(timedelta(days=9))
    await home.restart(entry)
    await live(home, 1.2)
    home.freezer.tick(timedelta(hours=24))
    await home.settle()
    assert not [
        key for _, key in ir.async_get(home.hass).issues if key.startswith("statistics")
    ]


async def test_findings_survive_a_restart_and_long_lists_are_cut(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """What was found is kept; a damaged memory of it is not."""
    await home.start(entry)
    plant_id = solax.plant.plant_id
    store = entry.runtime_data.store
    found = [{"start": 3600.0 * n, "excess": 5.0} for n in range(20)]
    await store.save(
        "doctor",
        {
            plant_id: {
                "examined": 1e12,
                "findings": {"sensor.one": [*found, "odd"], "sensor.two": 7},
                "accepted": [["sensor.one", 1.0], "odd"],
            },
            "other": "damaged",
        },
    )
    await home.restart(entry)
    await home.settle()
    anomaly_finder = entry.runtime_data.history.anomaly_finder
    lines = anomaly_finder.lines(plant_id).splitlines()
    assert len(lines) == 16
    assert lines[-1] == "- … 5"
    issue_id = plant_issue_id("statistics_doctor", entry.entry_id, plant_id)
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    await home.hass.config_entries.async_unload(entry.entry_id)
    assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id) is None
