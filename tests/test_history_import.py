"""Importing the past: joined at both ends without a step, as often as one likes, and taken back to the last row."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.services import get_history
from homeassistant.components import persistent_notification
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.helpers import entity_registry as er

from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import World
from .helpers.accounts import account_entry
from .helpers.cutting import unpacked
from .helpers.home import Home, solax_id
from .helpers.past import energies, hourly, live

HOUR = 3600.0


def fetched(file: dict[str, Any]) -> list[Any]:
    """Return what the file of an import holds of each plant; of another file nothing."""
    if "_history" not in file["key"]:
        return []
    return [each for each in unpacked(file["data"]).values() if each]


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
    # What the house used is what came less what went; while its battery sleeps the hours are not known, but what they add up to is.
    house = await hourly(
        home.hass, home.entity_id(solax_id(solax, None, "load_energy_total"))
    )
    assert house[0].start - rows[0].start < 8 * HOUR
    used = site.truth(house[-1].end).since(site.truth(house[0].start))
    assert house[-1].sum == pytest.approx(used.load + used.charger + used.loss, abs=1)

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


async def test_days_are_spread_and_marked_so(
    recorder_mock: Recorder,
    home: Home,
    world: World,
    socket_enabled: None,
) -> None:
    """Sungrow gives days of years: every day has its energy, the seam no step, and a second run does nothing."""
    async with SungrowCloud(world, "home-hybrid") as cloud:
        entry = account_entry(cloud, "sungrow_account")
        await home.start(entry)
        registry = er.async_get(home.hass)
        plant_id = next(iter(entry.runtime_data.inventory.data.plants))
        pv = home.entity_id(f"sungrow_{plant_id}_pv_energy_total")
        for each in er.async_entries_for_config_entry(registry, entry.entry_id):
            if not each.disabled_by and each.entity_id != pv:
                registry.async_update_entity(
                    each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
                )
        await home.restart(entry)
        await live(home, 1.2)
        (first,) = await hourly(home.hass, pv)
        live_since = first.start
        begun = await act(home, start="2026-05-01")
        assert [each["resolution"] for each in begun["counters"]] == ["reports"]
        assert begun["state"] == "running"  # though today is never in its past
        await home.settle()
        assert (await hourly(home.hass, pv))[0].start < live_since - 40 * 24 * HOUR
        await live(home, 13)
        done = await finish(home, "2026-05-01")
        (counter,) = done["counters"]
        assert counter["resolution"] == "days"
        rows = await hourly(home.hass, pv)
        site = next(iter(cloud.world.sites.values()))
        days: dict[str, float] = {}
        for start, energy in energies(rows).items():
            assert energy >= -1e-9
            day = datetime.fromtimestamp(start, ZoneInfo("Europe/Berlin"))
            days[f"{day:%Y-%m-%d}"] = days.get(f"{day:%Y-%m-%d}", 0.0) + energy
        for date in ("2026-05-02", "2026-05-20", "2026-06-13"):
            midnight = datetime.fromisoformat(f"{date}T00:00:00+02:00").timestamp()
            grown = site.truth(midnight + 24 * HOUR).since(site.truth(midnight))
            assert days[date] == pytest.approx(grown.pv, abs=0.25)
        assert max(energies(rows).values()) < 12
        # After midnight the hours before it was added are filled from today's minutes.
        begins = datetime.fromisoformat("2026-06-15T00:00:00+02:00").timestamp()
        for row in rows:
            if row.end >= begins:
                grown = site.truth(row.end).since(site.truth(begins))
                ahead = next(each.sum for each in rows if each.end == begins)
                assert row.sum - ahead == pytest.approx(grown.pv, abs=1.2), row
        calls = len(cloud.calls)
        assert (await act(home, start="2026-05-01"))["state"] == "done"
        await home.settle()
        assert len(cloud.calls) == calls


async def test_what_is_gone_is_neither_imported_nor_taken_back(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A plant the user left out, and statistics the user cleared."""
    await home.start(entry)
    await live(home, 1.2)
    history = entry.runtime_data.history
    await history.imports.async_begin("gone", 0.0)
    history.work()
    await home.settle()
    assert "gone" not in history.imports.jobs
    await act(home, start="2026-06-14")
    await home.settle()
    await finish(home, "2026-06-14")
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    get_instance(home.hass).async_clear_statistics([pv])
    undone = await act(home, undo=True)
    assert pv not in {each["entity_id"] for each in undone["counters"]}
    assert undone["counters"]


async def test_an_account_removed_during_its_import_leaves_no_file(
    recorder_mock: Recorder,
    home: Home,
    hass_storage: dict[str, Any],
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """What was fetched so far is not written again when everything is deleted."""
    await home.start(entry)
    await live(home, 1.2)
    assert (await act(home, start="2026-06-01"))["state"] == "running"
    await home.settle()
    assert [call for call in solax.calls if "history" in call.path]
    await home.hass.config_entries.async_remove(entry.entry_id)
    await home.pass_time(180)
    assert not [key for key in hass_storage if entry.entry_id in key]


async def test_the_newest_days_come_first_and_each_is_there_as_soon_as_it_was_read(
    recorder_mock: Recorder,
    home: Home,
    hass_storage: dict[str, Any],
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """While two weeks are imported yesterday is there already, the progress rises, and no file holds all of it."""
    await home.start(entry)
    await live(home, 1.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    share = solax_id(solax, None, "import_progress")
    assert not home.known(share)  # nobody who never imports sees it
    assert (await act(home, start="2026-06-01"))["error"] is None
    told: list[str] = []
    persistent_notification.async_register_callback(
        home.hass,
        lambda _, changed: told.extend(each["message"] for each in changed.values()),
    )
    shares, firsts, kept = [], [], []
    for _ in range(90):
        await home.settle()
        await home.pass_time(70, 70)
        if (plant := await act(home, start="2026-06-01"))["state"] == "done":
            break
        assert plant["error"] is None  # our own pace is no error
        shares.append(home.state(share).state)
        rows = await hourly(home.hass, pv)
        firsts.append(rows[0].start)
        assert [row.start for row in rows] == [
            rows[0].start + number * HOUR for number in range(len(rows))
        ]
        for file in hass_storage.values():
            for part in fetched(file):
                times = [
                    at
                    for device in part["readings"]["samples"].values()
                    for samples in device.values()
                    for at, _ in samples
                ]
                kept.append(max(times, default=0) - min(times, default=0))
    assert len(set(firsts)) >= 6
    assert firsts == sorted(firsts, reverse=True)
    numbers = [float(each) for each in shares if each != "unknown"]
    assert numbers == sorted(numbers)
    assert numbers[0] < 20
    assert numbers[-1] > 50
    assert 0 < max(kept) <= 8 * 24 * HOUR
    (message,) = told
    assert "2026-06-01" in message
    assert home.state(share).state == "unknown"
    await home.restart(entry)
    assert home.state(share).state == "unknown"  # what is there stays


async def test_the_past_can_be_looked_at_while_it_is_imported(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import, which would take every call there is for hours, stands back for a minute."""
    await home.start(entry)
    await live(home, 1.2)
    await act(home, start="2026-06-01")
    await home.settle()
    device = home.device(solax.first(Kind.INVERTER).sn, entry)
    assert device is not None
    # While the user waits, the clock goes on and so does everything else.
    monkeypatch.setattr(
        get_history, "async_pause", lambda _, seconds: home.pass_time(seconds, seconds)
    )
    answer: Any = await home.hass.services.async_call(
        DOMAIN,
        "get_history",
        {
            "device_id": device.id,
            "start": datetime(2026, 6, 13, tzinfo=UTC),
            "end": datetime(2026, 6, 14, tzinfo=UTC),
        },
        blocking=True,
        return_response=True,
    )
    assert len(answer["readings"]) > 200
    await finish(home, "2026-06-01")


async def test_an_import_goes_on_behind_what_is_written_after_a_restart(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Nothing is asked for twice, and all of it is taken back at once."""
    await home.start(entry)
    await live(home, 1.2)
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    before = await hourly(home.hass, pv)
    await act(home, start="2026-06-08")
    for _ in range(6):
        await home.settle()
        await home.pass_time(70, 70)
    assert (await hourly(home.hass, pv))[0].start < before[0].start
    await home.restart(entry)
    await home.settle()
    await finish(home, "2026-06-08")
    asked = [str(call.params) for call in solax.calls if "history" in call.path]
    assert len(asked) == len(set(asked))
    await act(home, undo=True)
    left = await hourly(home.hass, pv)
    assert [row.start for row in left[: len(before)]] == [row.start for row in before]
    assert [row.sum for row in left[: len(before)]] == pytest.approx(
        [row.sum for row in before], abs=1e-9
    )
