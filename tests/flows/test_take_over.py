"""What another integration counted before, in front of our counters."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.statistics import recorder
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import (
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant

from ..emulators.solax import SolaxCloud
from ..emulators.world import World
from ..helpers.accounts import account_entry
from ..helpers.cutting import Disk, quietly, switch_off, under
from ..helpers.home import Home, solax_id
from ..helpers.past import energies, hourly, live
from ..test_history_import import HOUR, act
from ..test_import_undo import RecorderKnife

OLD = "sensor.old_yield"
HOURS = 72
A_DAY = (*[0.0] * 7, *[0.5 + number / 4 for number in range(10)], *[0.0] * 7)
"""What the old integration counted in each hour of a day, in kWh."""


async def counted_before(hass: HomeAssistant, until: float) -> list[Row]:
    """Have the statistics of another integration, in Wh, up to an instant; return them in kWh."""
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source="recorder",
        statistic_id=OLD,
        unit_class="energy",
        unit_of_measurement=UnitOfEnergy.WATT_HOUR,
    )
    total, rows = 100.0, []
    for number in range(HOURS):
        total += A_DAY[number % 24]
        rows.append(Row(until - (HOURS - number) * HOUR, 5000 + total, total))
    recorder.write(hass, metadata, rows)
    return await hourly(hass, OLD)


async def _menu(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def _form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    menu = await _menu(hass, entry)
    assert menu["menu_options"] == ["settings", "take_over", "access"]
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "take_over"}
    )


async def test_the_old_integrations_days_stand_before_ours(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Every hour of theirs, converted and joined without a step, after a look at what would be written; undo leaves what was."""
    hass = home.hass
    await home.start(entry)
    await live(home, 2.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    before = await hourly(hass, pv)
    theirs = await counted_before(hass, before[0].start + HOUR)  # both ran for an hour

    form = await _form(hass, entry)
    shown = await hass.config_entries.options.async_configure(
        form["flow_id"], {"pv_energy_total": OLD}
    )
    assert shown["step_id"] == "take_over_confirm"
    placeholders = shown["description_placeholders"]
    assert placeholders is not None
    preview = placeholders["preview"]
    wanted = sum(energies(theirs[:-1]).values())
    assert f"{HOURS - 2} hours, {wanted:.1f} kWh" in preview
    assert pv in preview
    assert OLD in preview
    assert await hourly(hass, pv) == before, "nothing is written before it is confirmed"

    done = await hass.config_entries.options.async_configure(shown["flow_id"], {})
    assert done["reason"] == "taken_over"
    rows = await hourly(hass, pv)
    assert [row.start for row in rows] == [
        rows[0].start + number * HOUR for number in range(len(rows))
    ]
    assert rows[-1].start == before[-1].start
    found = energies(rows)
    for start, energy in energies(theirs[1:-1]).items():
        assert found[start] == pytest.approx(energy, abs=1e-6)
    assert found[before[0].start] == pytest.approx(before[0].sum, abs=1e-6)
    for start, energy in energies(before).items():
        assert found[start] == pytest.approx(energy, abs=1e-6)
    assert await hourly(hass, OLD) == theirs, "theirs stays as it is"

    await live(home, 1)
    longer = await hourly(hass, pv)
    assert longer[: len(rows)] == rows
    assert 0 <= longer[-1].sum - rows[-1].sum < 8

    undone = await act(home, undo=True)
    assert undone["state"] == "undone"
    left = await hourly(hass, pv)
    assert [row.sum for row in left[: len(before)]] == pytest.approx(
        [row.sum for row in before], abs=1e-9
    )


async def test_a_take_over_killed_in_between_is_completed(
    recorder_mock: Recorder,
    home: Home,
    disk: Disk,
    torn_sockets: None,
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """Their hours were written and ours not lifted yet: the next start lifts them, once."""
    hass = home.hass
    await home.start(entry)
    await live(home, 2.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    before = await hourly(hass, pv)
    theirs = await counted_before(hass, before[0].start)
    form = await _form(hass, entry)
    configure = hass.config_entries.options.async_configure
    shown = await configure(form["flow_id"], {"pv_energy_total": OLD})
    knife = RecorderKnife(disk, tasks=1)
    with under(knife):
        await knife.cut(quietly(configure(shown["flow_id"], {})))
    assert disk.dead, "it was over before"
    left = disk.copy()
    await switch_off(home, entry, disk)
    disk.put_back(left)

    await home.start(entry)
    await home.settle()
    found = energies(await hourly(hass, pv))
    for start, energy in (energies(theirs[1:]) | energies(before)).items():
        assert found[start] == pytest.approx(energy, abs=1e-6)
    assert found[before[0].start] == pytest.approx(before[0].sum, abs=1e-6)


async def test_nothing_is_taken_over_where_nothing_came_before(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A statistic that begins with ours has nothing to give; an import that runs is not disturbed; the form says which."""
    hass = home.hass
    await home.start(entry)
    assert (await _menu(hass, entry))["menu_options"] == ["settings", "access"]
    await live(home, 1.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    (first, *_) = await hourly(hass, pv)
    await counted_before(hass, first.start + (HOURS + 1) * HOUR)
    form = await _form(hass, entry)
    for answer in ({"pv_energy_total": OLD}, {}):
        form = await hass.config_entries.options.async_configure(
            form["flow_id"], answer
        )
        assert form["errors"] == {"base": "nothing_to_take_over"}

    await act(home, start="2026-06-11")
    form = await hass.config_entries.options.async_configure(
        form["flow_id"], {"pv_energy_total": OLD}
    )
    assert form["errors"] == {"base": "import_running"}


async def test_of_several_plants_one_is_chosen(
    recorder_mock: Recorder, home: Home, world: World, socket_enabled: None
) -> None:
    """Its counters are the ones that go on from the others; one without a first hour yet waits for it."""
    hass = home.hass
    async with SolaxCloud(world, "many") as cloud:
        entry = account_entry(cloud, "solax")
        await home.start(entry)
        await counted_before(hass, 1_780_000_000 // HOUR * HOUR)
        form = await _form(hass, entry)
        plants = [plant.plant_id for plant in cloud.plants]
        answer = {"plant": plants[-1], "pv_energy_total": OLD}
        form = await hass.config_entries.options.async_configure(
            form["flow_id"], answer
        )
        assert form["errors"] == {"base": "nothing_to_take_over"}
