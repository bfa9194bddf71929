"""Taking an import back, killed in between: the recorder clears a counter and writes it again in three transactions, and none may be the last."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import override

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.statistics import undo
from homeassistant.components.recorder import Recorder
from homeassistant.helpers import entity_registry as er

from .emulators.solax import SolaxCloud
from .helpers.cutting import WRITING, Disk, Knife, quietly, switch_off, under
from .helpers.home import Home, solax_id
from .helpers.past import FIVE_MINUTES, energies, hourly, live
from .test_history_import import HOUR, act, finish

COUNTERS = ("grid_export_energy_total", "pv_energy_total")
OLDEST = 600
"""Seconds that a counter may be behind the truth at the full hour."""
TASKS = 3
"""What the recorder does for each counter: clear it, write its hours, write its five-minute rows."""


@dataclass
class RecorderKnife(Knife):
    """Kills Home Assistant when the recorder has done so many of its tasks."""

    tasks: int = 0

    @override
    def tells(self, put: Callable[[], None], task: object) -> None:
        if not isinstance(task, WRITING):
            put()
        elif not self.disk.dead:
            put()
            self.tasks -= 1
            self.disk.dead = self.tasks == 0


async def imported_past(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> dict[str, list[Row]]:
    """Import two days before two counters of the plant, the only entities there are; return the hours there were before."""
    await home.start(entry)
    plain = [solax_id(solax, None, each) for each in COUNTERS]
    registry = er.async_get(home.hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.unique_id not in plain and not each.disabled_by:
            registry.async_update_entity(
                each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )
    await home.restart(entry)
    await live(home, 1.4)
    before = {key: await hourly(home.hass, home.entity_id(key)) for key in plain}
    await act(home, start="2026-06-13")
    await finish(home, "2026-06-13")
    await live(home, 0.2)
    return before


async def killed_after(
    tasks: int, home: Home, disk: Disk, entry: MockConfigEntry
) -> None:
    """Take the import back, and be killed when the recorder has done so many tasks; be off since."""
    knife = RecorderKnife(disk, tasks=tasks)
    with under(knife):
        await knife.cut(quietly(act(home, undo=True)))
    assert disk.dead, "it was over before"
    left = disk.copy()
    await switch_off(home, entry, disk)
    disk.put_back(left)


async def compile_what_was_missed(home: Home) -> None:
    """Let the recorder make up for the five minutes in which Home Assistant died, as it does when it starts."""
    await async_wait_recording_done(home.hass)
    start = datetime.now(UTC)
    start = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
    home.freezer.move_to(start + FIVE_MINUTES + timedelta(seconds=12))
    do_adhoc_statistics(home.hass, start=start)
    await async_wait_recording_done(home.hass)


@pytest.mark.parametrize("tasks", [1, 2, TASKS, TASKS + 2])
async def test_an_undo_killed_in_between_loses_no_history(
    recorder_mock: Recorder,
    home: Home,
    disk: Disk,
    torn_sockets: None,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    tasks: int,
) -> None:
    """The next start completes it by itself: the imported hours are gone, all others are there, each with its true energy."""
    before = await imported_past(home, solax, entry)
    await killed_after(tasks, home, disk, entry)
    await compile_what_was_missed(home)
    await home.start(entry)
    await home.settle()
    assert not [key for key in disk.files if key.endswith("_undo")]
    await live(home, 1.2)

    site = solax.plant.site
    for key, known in before.items():
        counted = attrgetter("pv" if "pv_energy" in key else "grid_export")
        rows = await hourly(home.hass, home.entity_id(key))
        same = rows[: len(known)]
        assert [row.start for row in same] == [row.start for row in known]
        assert [row.sum for row in same] == pytest.approx(
            [row.sum for row in known], abs=1e-6
        )
        assert len(rows) > len(known)
        for start, energy in energies(rows).items():
            least, most = (
                site.truth(start + after).since(site.truth(start - earlier))
                for after, earlier in ((HOUR - OLDEST, 0), (HOUR, OLDEST))
            )
            assert counted(least) - 0.1 <= energy <= counted(most) + 0.1, start
    assert (await act(home, undo=True))["counters"] == []


async def test_an_undo_and_the_recorder_do_not_cross(
    recorder_mock: Recorder,
    home: Home,
    disk: Disk,
    torn_sockets: None,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Statistics that are compiled between reading and writing are read again: in an undo, and where the next start completes one."""

    def compiling_meanwhile() -> None:
        slots = iter([1, 2])
        monkeypatch.setattr(undo, "_slot", lambda: next(slots, slot()))

    slot = undo._slot  # noqa: SLF001
    before = await imported_past(home, solax, entry)
    compiling_meanwhile()
    await killed_after(1, home, disk, entry)
    compiling_meanwhile()
    await home.start(entry)
    await home.settle()
    assert not [key for key in disk.files if key.endswith("_undo")]
    for key, known in before.items():
        rows = await hourly(home.hass, home.entity_id(key))
        assert rows[: len(known)] == known


async def test_an_account_removed_in_the_middle_of_an_undo_leaves_the_history_and_no_file(
    recorder_mock: Recorder,
    home: Home,
    disk: Disk,
    torn_sockets: None,
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """Killed when a counter was cleared, and removed before it ever ran again."""
    before = await imported_past(home, solax, entry)
    await killed_after(1, home, disk, entry)
    (key,) = [
        each for each in before if not await hourly(home.hass, home.entity_id(each))
    ]
    statistics = {each: home.entity_id(each) for each in before}
    await home.hass.config_entries.async_remove(entry.entry_id)
    assert not [file for file in disk.files if entry.entry_id in file]
    rows = await hourly(home.hass, statistics[key])
    assert [row.start for row in rows] == [row.start for row in before[key]]
    assert rows[-1].sum == pytest.approx(before[key][-1].sum, abs=1e-6)
