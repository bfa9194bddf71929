"""A day of polling: no quota is ever exceeded, whatever is restarted, and the counters are right at its end."""

from collections import Counter
import time

import pytest

from custom_components.solar_cloud.cloud.errors import RetryLater
from custom_components.solar_cloud.cloud.fusionsolar import VENDOR
from custom_components.solar_cloud.cloud.fusionsolar.limits import (
    DEVICE_NOW,
    set_total,
    set_windows,
)
from custom_components.solar_cloud.cloud.fusionsolar.schedule import (
    ALARM_PERIOD,
    Batch,
    CallPlanner,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q, Snapshot
from custom_components.solar_cloud.cloud.quota import ALL
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.plant_sources import evaluate
from tests.emulators.world import Energies
from tests.helpers.clock import StillClock

from .conftest import Rig
from .test_readings import PLANT, add, of

SHORTEST = 15.0
DAY = 86400.0


async def live(rig: Rig, seconds: float, *, restarts: int = 0) -> Snapshot:
    """Poll as Home Assistant does, reloading every hour and restarting now and then."""
    end, hour, epoch = time.time() + seconds, time.time() + 3600, time.time() + 1800
    between = seconds / (restarts + 1)
    snapshot = await rig.poll()
    while time.time() < end:
        delay = VENDOR.poll_period
        if snapshot.resume_after is not None:
            delay = max(SHORTEST, snapshot.resume_after)
        rig.tick(delay)
        if time.time() >= hour:
            hour += 3600
            rig.start()
            rig.inventory = await rig.client.inventory()
        if restarts and time.time() >= epoch:
            epoch += between
            restarts -= 1
            rig.restart()
            rig.inventory = await rig.client.inventory()
        try:
            snapshot = await rig.poll()
        except RetryLater as err:
            rig.tick(err.retry_after)
    return snapshot


def check_counters(rig: Rig, snapshot: Snapshot, truth: Energies) -> None:
    """Compare the plant's role counters with what really flowed."""
    sources = rig.client.roles(rig.cloud.plant.code, rig.inventory)
    for role, expected in (
        (Q.PV_ENERGY_TOTAL, truth.pv),
        (Q.GRID_IMPORT_ENERGY_TOTAL, truth.grid_import),
        (Q.GRID_EXPORT_ENERGY_TOTAL, truth.grid_export),
        (Q.BATTERY_CHARGE_ENERGY_TOTAL, truth.battery_charge),
        (Q.BATTERY_DISCHARGE_ENERGY_TOTAL, truth.battery_discharge),
    ):
        if role in sources:
            assert add(snapshot, sources[role][0]) == pytest.approx(expected, abs=0.021)


async def settled(rig: Rig) -> Snapshot:
    """Read when every device shows the same upload."""
    rig.clock.advance(400)
    rig.tick(-time.time() % 300 + 250)
    return await rig.poll()


@pytest.mark.slow
async def test_a_day_of_an_account_has_no_violation(rig: Rig) -> None:
    """Twenty-four reloads and five restarts, readings every five minutes, one session, exact counters."""
    await live(rig, DAY, restarts=5)
    assert rig.cloud.violations == {}
    assert not [call for call in rig.cloud.calls if call.code not in {0, None}]
    assert rig.count("login") == 1
    assert rig.count("getDevList") <= 4
    assert rig.count("getDevRealKpi") > 3 * 270
    assert rig.count("getKpiStationDay") <= 24
    assert rig.count("getAlarmList") <= DAY / ALARM_PERIOD + 1
    snapshot = await settled(rig)
    truth = rig.cloud.truth_at_last_upload(str(rig.cloud.plant.devices[0].id))
    assert truth is not None
    check_counters(rig, snapshot, truth)


@pytest.mark.slow
async def test_a_day_of_an_owner_stays_below_800_calls(owner: Rig) -> None:
    """Five minutes by day, twenty by night, slow buckets slower; the tokens renew themselves."""
    owner.cloud.calls.clear()
    await live(owner, DAY, restarts=5)
    assert owner.cloud.violations == {}
    assert not [call for call in owner.cloud.calls if call.code not in {0, None}]
    now = owner.cloud.now()
    assert owner.cloud.owner.used(now, owner.cloud.knobs) <= 800
    assert owner.quota.used() <= 800
    by_day = [
        call
        for call in owner.cloud.calls.of("getDevRealKpi", devTypeId=38)
        if 8 <= call.at.hour < 17
    ]
    assert len(by_day) >= 9 * 11
    snapshot = await settled(owner)
    truth = owner.cloud.truth_at_last_upload(str(owner.cloud.plant.devices[0].id))
    assert truth is not None
    check_counters(owner, snapshot, truth)


@of("home-emma")
@pytest.mark.slow
async def test_a_home_with_emma_counts_right(rig: Rig) -> None:
    """Six hours around noon."""
    await live(rig, 6 * 3600)
    assert rig.cloud.violations == {}
    snapshot = await settled(rig)
    truth = rig.cloud.truth_at_last_upload(str(rig.cloud.plant.devices[2].id))
    assert truth is not None
    check_counters(rig, snapshot, truth)
    (house,) = rig.client.roles(PLANT, rig.inventory)[Q.LOAD_ENERGY_TOTAL]
    assert evaluate(house, snapshot.readings) is not None


@of("installer")
@pytest.mark.slow
async def test_an_installer_reads_200_plants_in_15_calls_a_cycle(rig: Rig) -> None:
    """The lists, one cycle at once, then fifteen calls spread over each five minutes."""
    await rig.lists()
    assert rig.count("stations") == 2
    assert rig.count("getDevList") == 2
    snapshot = await rig.poll()
    while snapshot.resume_after is not None:
        rig.tick(max(SHORTEST, snapshot.resume_after))
        snapshot = await rig.poll()
    assert rig.count("getDevRealKpi") == 13
    assert rig.count("getStationRealKpi") == 2
    assert len(snapshot.readings) == 1400
    rig.tick(VENDOR.poll_period)
    rig.cloud.calls.clear()
    started = time.time()
    await live(rig, 1200)
    buckets = Counter(call.path.rsplit("/")[-1] for call in rig.cloud.calls)
    cycles = buckets["getStationRealKpi"] / 2
    assert buckets["getDevRealKpi"] == pytest.approx(13 * cycles, abs=13)
    assert buckets["getKpiStationDay"] == 2
    assert buckets["getAlarmList"] == 2
    assert rig.cloud.violations == {}
    moments = [
        call.at.timestamp() - started
        for call in rig.cloud.calls
        if call.path.endswith("Kpi")
    ]
    busiest = max(
        sum(1 for each in moments if at <= each < at + 30) for at in range(0, 1200, 5)
    )
    assert busiest <= 4


async def test_a_refresh_between_two_polls_costs_nothing(rig: Rig) -> None:
    """Update buttons and reloads are served from what is at hand."""
    await rig.poll()
    calls = len(rig.cloud.calls)
    for _ in range(10):
        rig.tick(20)
        assert len((await rig.poll()).readings) == 4
    assert len(rig.cloud.calls) == calls


async def test_api_calls_are_counted_for_the_sensors(rig: Rig) -> None:
    """Today's calls of an account; what is left only where the limit is known."""
    await rig.poll()
    assert rig.quota.used() == len(rig.cloud.calls)
    assert rig.quota.left() is None
    await rig.consent()
    await rig.next_poll()
    assert rig.quota.left() == 1000 - rig.quota.used()


async def test_controls_have_a_share_of_the_owners_day(owner: Rig) -> None:
    """A hundred calls are kept for commands, whatever the polls used up."""
    for _ in range(900):
        owner.quota.acquire("anything")
    assert owner.quota.wait("anything") > 0
    assert owner.quota.wait("control", command=True) == 0


def simulate(clock: StillClock, types: int, dark_hours: float) -> int:
    """Run two days of an owner's plan without a cloud; return the calls of the second."""
    storage = MemoryStorage()
    quota = VENDOR.quota(storage)
    set_total(quota, owner=True)
    set_windows(quota, 1, dict.fromkeys(range(types), 1))
    plan = CallPlanner(quota, storage, owner=True)
    devices = [Batch(DEVICE_NOW, kind, ("x",)) for kind in range(types)]
    start = time.time()
    while (passed := time.time() - start) < 2 * DAY:
        dark = passed % DAY < dark_hours * 3600
        for batch in plan.due(devices, [("p",)], dark=dark):
            if quota.wait(batch.bucket) == 0:
                quota.acquire(batch.bucket)
                plan.done(batch)
        clock.advance(max(15.0, plan.resume_after() or VENDOR.poll_period))
    return quota.used()


@pytest.mark.parametrize(
    ("types", "dark_hours"), [(1, 0), (3, 16), (3, 7), (3, 0), (4, 7), (5, 7), (6, 0)]
)
def test_an_owners_day_is_planned_for_every_home_and_season(
    clock: StillClock, types: int, dark_hours: float
) -> None:
    """From a winter's night to the midnight sun, from one kind of device to six."""
    clock.move_to("2026-06-15T00:00:00Z")
    calls = simulate(clock, types, dark_hours)
    assert calls <= 800
    assert calls >= min(300, 280 * types)


def test_a_clock_that_goes_back_does_not_stop_the_plan(
    clock: StillClock,
) -> None:
    """A wrong clock at start is corrected minutes later."""
    storage = MemoryStorage()
    plan = CallPlanner(VENDOR.quota(storage), storage, owner=False)
    devices = [Batch(DEVICE_NOW, 38, ("x",))]
    assert plan.due(devices, [], dark=False)
    plan.done(devices[0])
    assert not plan.due(devices, [], dark=False)
    clock.move_to("2020-01-01T00:00:00Z")
    assert plan.due(devices, [], dark=False)


def test_a_large_cycle_asks_for_all_kinds_of_the_same_plants_together(
    clock: StillClock,
) -> None:
    """What is read of a plant in one go is worked on once; the goes are spread over the five minutes."""
    storage = MemoryStorage()
    plan = CallPlanner(VENDOR.quota(storage), storage, owner=False)
    devices = [
        Batch(DEVICE_NOW, kind, (str(chunk),))
        for chunk in range(4)
        for kind in (1, 39, 47)
    ]
    goes: list[list[str]] = []
    for _ in range(40):
        if batches := plan.due(devices, [], dark=False):
            goes.append([each for batch in batches for each in batch.ids])
        for batch in batches:
            plan.done(batch)
        clock.advance(15)
    at_start, *cycle = goes
    assert len(at_start) == 12
    assert cycle[:4] == [[str(chunk)] * 3 for chunk in range(4)]


async def test_the_whole_account_has_no_limit_but_is_counted(rig: Rig) -> None:
    """Lane ALL only counts."""
    for _ in range(2000):
        rig.quota.acquire("anything")
    assert rig.quota.used() == 2000
    assert rig.quota.wait(ALL) == 0


async def whole_cycle(rig: Rig) -> Snapshot:
    """Read until nothing more is due in this cycle."""
    snapshot = await rig.poll()
    while snapshot.resume_after is not None and snapshot.resume_after < 120:
        rig.tick(max(15.0, snapshot.resume_after))
        snapshot = await rig.poll()
    return snapshot


@of("installer")
@pytest.mark.slow
async def test_e78_a_large_site_is_shown_at_once_after_a_restart(rig: Rig) -> None:
    """The windows would leave 1500 devices without a reading for five minutes; the values of a moment ago are kept."""
    await rig.lists()
    before = await whole_cycle(rig)
    assert len(before.readings) > 1000
    rig.restart()
    rig.tick(30)
    await rig.lists()
    after = await rig.poll()
    assert after.readings.keys() == before.readings.keys()
    assert after.silent == before.silent
    assert rig.cloud.violations == {}


async def test_a_stored_reading_of_no_possible_time_is_forgotten(rig: Rig) -> None:
    """A damaged time breaks no poll; a reading of a moment ago is shown while the cloud is silent."""
    await rig.poll()
    stored = rig.storage.sections()["fusionsolar_last"]
    assert isinstance(stored, dict)
    damaged, *_ = stored
    row = stored[damaged]
    assert isinstance(row, list)
    row[0] = 1e300
    await rig.storage.save("fusionsolar_last", stored)
    rig.restart()
    await rig.lists()
    shown = (await rig.poll()).readings
    assert damaged not in shown
    assert len(shown) == len(stored) - 1


@pytest.mark.parametrize("damaged", ["", "no package", "eJw=", "AAAA"])
async def test_a_damaged_package_of_readings_is_an_empty_one(
    rig: Rig, damaged: str
) -> None:
    """Nothing raises, and the next readings take its place."""
    await rig.storage.save("fusionsolar_last", damaged)
    rig.restart()
    assert (await rig.poll()).readings
