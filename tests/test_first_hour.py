"""The past of a plant that was just added shows at once, and no kilowatt hour is lost or invented where it meets what is counted live."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise, product
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.statistics import recorder
from custom_components.solar_cloud.statistics.first_hour import Anchor, FirstHours
from custom_components.solar_cloud.statistics.importer import HistoryImport
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import validate_statistics
from homeassistant.core import CoreState
from homeassistant.helpers import entity_registry as er

from .emulators.fusionsolar import FusionSolarCloud, scenarios
from .emulators.fusionsolar.plant import Plant
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import SiteSpec, World
from .emulators.world.sample import Energies
from .helpers.accounts import AnyCloud, account_entry
from .helpers.cutting import ALL
from .helpers.home import Home
from .helpers.past import hourly, pass_minutes
from .test_history_import import HOUR, act

BERLIN: Final = ZoneInfo("Europe/Berlin")
INDIA: Final = ZoneInfo("Asia/Kolkata")
COUNTERS: Final[Mapping[str, Callable[[Energies], float]]] = {
    "pv_energy_total": lambda truth: truth.pv,
    "grid_import_energy_total": lambda truth: truth.grid_import,
    "grid_export_energy_total": lambda truth: truth.grid_export,
    "battery_charge_energy_total": lambda truth: truth.battery_charge,
    "battery_discharge_energy_total": lambda truth: truth.battery_discharge,
}
LAG: Final = 1200.0
"""Seconds that a counter may be behind the truth at a full hour: an upload, and a poll."""


@dataclass
class Added:
    """A plant that is just being added."""

    home: Home
    cloud: AnyCloud
    entry: MockConfigEntry

    @property
    def site(self) -> Any:
        """The world's truth."""
        return next(iter(self.cloud.world.sites.values()))

    def statistic(self, quantity: str) -> str:
        """The plant's counter."""
        return self.home.entity_id(self.unique_id(quantity))

    def unique_id(self, key: str) -> str:
        """The unique id of an entity of the plant."""
        (plant_id,) = self.entry.runtime_data.inventory.data.plants
        return f"{self.entry.data['vendor']}_{plant_id}_{key}"

    async def rows(self, quantity: str) -> list[Row]:
        """All hours of a counter."""
        return await hourly(self.home.hass, self.statistic(quantity))

    async def bring_in(self, days: int, within: int) -> str:
        """Ask for the past of some days, and wait some minutes for the newest of them; return since when it was asked for."""
        start = datetime.now(BERLIN).date() - timedelta(days=days)
        await act(self.home, start=start.isoformat())
        await self.home.settle()
        yesterday = datetime.now(UTC).timestamp() - 26 * HOUR
        for _ in range(within):
            await pass_minutes(self.home, 1)
            rows = await self.rows("pv_energy_total")
            if rows and rows[0].start < yesterday:
                return start.isoformat()
        raise AssertionError("There are no bars")

    async def compare(self, since: float, zone: ZoneInfo = BERLIN) -> None:
        """Compare all there is with the truth: the end of each day, or the hour after, and every hour since an instant."""
        for quantity, of in COUNTERS.items():
            rows = await self.rows(quantity)
            first = of(self.site.truth(rows[0].start))
            for before, row in pairwise(rows):
                assert row.sum >= before.sum - 1e-6, (quantity, row)
                local = datetime.fromtimestamp(row.end, zone)
                if row.end >= since or local.hour == 0:
                    least = of(self.site.truth(row.end - LAG)) - first
                    most = of(self.site.truth(row.end)) - first
                    assert least - 0.3 <= row.sum <= most + 0.3, (
                        quantity,
                        local,
                        least,
                        row.sum,
                        most,
                    )
            recent = await recorder.async_rows(
                self.home.hass, [self.statistic(quantity)], period="5minute"
            )
            for before, row in pairwise(recent[self.statistic(quantity)]):
                assert row.sum >= before.sum - 1e-6, (quantity, row)


def at(moment: str) -> datetime:
    """A time of the emulated home's clocks."""
    return datetime.fromisoformat(f"{moment}+02:00")


SOLAX: Final = (SolaxCloud, "solax", "home-hybrid")
SUNGROW: Final = (SungrowCloud, "sungrow_account", "home-hybrid")
FUSIONSOLAR: Final = (FusionSolarCloud, "fusionsolar_account", "home")
MOMENTS: Final = [
    at(each)
    for each in (
        "2026-06-15T12:00:05",
        "2026-06-15T12:02:00",
        "2026-06-15T12:30:00",
        "2026-06-15T12:58:30",
        "2026-06-15T02:30:00",
        "2026-06-15T00:00:05",
        "2026-06-15T00:00:30",
    )
]
"""Around the five minutes and hours that the recorder compiles; by night, when the battery sleeps; at midnight."""
TRIED: Final = [
    (SOLAX, MOMENTS[0]),
    (SOLAX, MOMENTS[4]),
    (SUNGROW, MOMENTS[1]),
    (FUSIONSOLAR, MOMENTS[3]),
]


@pytest.fixture
async def added(
    recorder_mock: Recorder,
    home: Home,
    world: World,
    socket_enabled: None,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Added]:
    """A plant of a vendor, by indirect parameter, that was just added."""
    make, sign_in, scenario = request.param
    async with make(world, scenario) as cloud:
        entry = account_entry(cloud, sign_in)
        await home.start(entry)
        yield Added(home, cloud, entry)


@pytest.mark.parametrize(
    ("added", "begin"),
    list(product((SOLAX, SUNGROW, FUSIONSOLAR), MOMENTS)) if ALL else TRIED,
    indirect=["added"],
)
async def test_the_days_before_show_at_once_and_meet_what_is_counted_live(
    added: Added, begin: datetime
) -> None:
    """Within minutes of adding it, whenever that is; Home Assistant is restarted before the first hour is over."""
    await added.bring_in(days=3, within=11)
    await added.home.restart(added.entry)
    await pass_minutes(added.home, 125)
    await added.compare(begin.timestamp() // HOUR * HOUR + HOUR)


@pytest.mark.parametrize("added", [FUSIONSOLAR], indirect=True)
async def test_a_plant_of_which_only_reports_go_back_far_has_bars_at_once(
    added: Added,
) -> None:
    """As the repair's click begins it: back as far as there is something, the newest days first."""
    await added.bring_in(days=40, within=8)
    await added.compare(datetime.now(UTC).timestamp())
    progress = added.home.value(added.unique_id("import_progress"))
    assert 0 < progress < 20


async def test_days_that_end_at_half_past_are_brought_in_as_well(
    recorder_mock: Recorder,
    home: Home,
    world: World,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in India, where a midnight is no full hour of the statistics."""
    india = replace(scenarios.HOME, zone=str(INDIA), latitude=28.6, longitude=77.2)
    monkeypatch.setitem(scenarios.SCENARIOS, "home", partial(_one_home, india))
    await home.hass.config.async_set_time_zone(str(INDIA))
    async with FusionSolarCloud(world, "home") as cloud:
        entry = account_entry(cloud, "fusionsolar_account")
        await home.start(entry)
        added = Added(home, cloud, entry)
        await added.bring_in(days=40, within=8)
        await added.compare(datetime.now(UTC).timestamp(), INDIA)


async def test_a_plant_whose_summer_time_nobody_knows_loses_no_day(
    recorder_mock: Recorder, home: Home, world: World, socket_enabled: None
) -> None:
    """Its offset is that of the winter it was built in, and Home Assistant's own clocks are elsewhere."""
    await home.hass.config.async_set_time_zone(str(INDIA))
    async with FusionSolarCloud(world, "home") as cloud:
        entry = account_entry(cloud, "fusionsolar_account")
        await home.start(entry)
        added = Added(home, cloud, entry)
        await added.bring_in(days=40, within=8)
        await added.compare(datetime.now(UTC).timestamp())


def _one_home(spec: SiteSpec, world: World) -> list[Plant]:
    """Build the usual home in another place."""
    builder = scenarios.Builder(world)
    builder.home(spec=spec).connected = "2023-03-14T00:00:00+05:30"
    return builder.plants


@pytest.mark.parametrize("added", [SOLAX], indirect=True)
async def test_what_shows_at_once_can_be_taken_back_at_once_and_later(
    added: Added,
) -> None:
    """Nothing of it is left then; brought in anew, and taken back when hours were counted live, those are what they would have been."""
    added.home.hass.set_state(CoreState.starting)
    await act(added.home, start="2026-06-13")
    await pass_minutes(added.home, 1)
    assert not await added.rows("pv_energy_total")  # the recorder is not ready either
    added.home.hass.set_state(CoreState.running)
    start = await added.bring_in(days=2, within=3)
    assert (await act(added.home, undo=True))["counters"]
    assert not await added.rows("pv_energy_total")
    await added.bring_in(days=2, within=6)
    await pass_minutes(added.home, 70)
    await added.compare(datetime.now(UTC).timestamp())
    before = await added.rows("pv_energy_total")
    await act(added.home, undo=True)
    left = await added.rows("pv_energy_total")
    assert left[0].start == at("2026-06-15T12:00:00").timestamp()
    assert 0 <= left[0].sum < 6
    assert len(left) == len([row for row in before if row.start >= left[0].start])
    await pass_minutes(added.home, 60)
    for quantity in COUNTERS:
        rows = await added.rows(quantity)
        assert all(row.sum >= last.sum for last, row in pairwise(rows))
    assert (await act(added.home, start=start, dry_run=True))["counters"]


@pytest.mark.parametrize("added", [SOLAX], indirect=True)
async def test_a_counter_renamed_while_its_past_comes_in_keeps_all_of_it(
    added: Added,
) -> None:
    """The days that were not there yet come under the new name, and all of them can be taken back."""
    start = await added.bring_in(days=4, within=11)
    (job,) = added.entry.runtime_data.history.imports.jobs.values()
    assert job.reached > job.start, "it was over before"
    registry = er.async_get(added.home.hass)
    registry.async_update_entity(
        added.statistic("pv_energy_total"), new_entity_id="sensor.roof"
    )
    await added.home.settle()
    await pass_minutes(added.home, 12)
    assert added.statistic("pv_energy_total") == "sensor.roof"
    rows = await added.rows("pv_energy_total")
    assert rows[0].start < datetime.fromisoformat(f"{start}T12:00+02:00").timestamp()
    undone = await act(added.home, undo=True)
    assert "sensor.roof" in {each["entity_id"] for each in undone["counters"]}
    assert not await added.rows("pv_energy_total")


@pytest.mark.parametrize("added", [SOLAX], indirect=True)
async def test_a_statistic_that_began_with_the_past_is_as_the_recorder_would_have_made_it(
    added: Added,
) -> None:
    """No repair about a changed unit, also for a user who sees megawatt hours."""
    pv = added.statistic("pv_energy_total")
    registry = er.async_get(added.home.hass)
    registry.async_update_entity_options(pv, "sensor", {"unit_of_measurement": "MWh"})
    await added.home.settle()
    await added.bring_in(days=2, within=3)
    await pass_minutes(added.home, 70)
    wrong = await get_instance(added.home.hass).async_add_executor_job(
        validate_statistics, added.home.hass
    )
    assert not {pv, added.statistic("grid_import_energy_total")} & wrong.keys()
    metadata = await recorder.async_metadata(added.home.hass, [pv])
    assert metadata[pv]["unit_of_measurement"] == "MWh"
    assert metadata[pv]["unit_class"] == "energy"
    await added.compare(datetime.now(UTC).timestamp())


@pytest.mark.parametrize("added", [SOLAX], indirect=True)
async def test_what_the_recorder_began_at_zero_meanwhile_goes_on_from_the_past(
    added: Added, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it compiled its first row of a counter just before ours was there, and Home Assistant stopped."""

    async def nothing(*_: object) -> None:
        """Bring in no days."""

    monkeypatch.setattr(HistoryImport, "_import", nothing)
    await act(added.home, start="2026-06-14")
    await added.home.settle()
    account, hass = added.entry.runtime_data, added.home.hass
    pv = added.statistic("pv_energy_total")
    (anchor,) = await added.rows("pv_energy_total")
    await pass_minutes(added.home, 8)

    async def recent() -> list[Row]:
        return (await recorder.async_rows(hass, [pv], period="5minute"))[pv]

    before = await recent()
    recorder.lift(hass, pv, before[1].start, -before[1].sum)
    first_hours = FirstHours(hass, account, account.history.watch)
    shown = Row(before[0].start, before[0].state, 0.0)
    (plant_id,) = account.inventory.data.plants
    written = Anchor(anchor, shown, before[0].start // HOUR * HOUR, frozenset())
    await first_hours.async_note(plant_id, {pv: written})
    assert (await first_hours.async_write(plant_id)).keys() == {pv}
    after = await recent()
    assert [row.sum for row in after] == pytest.approx([row.sum for row in before])
    assert not first_hours.noted
