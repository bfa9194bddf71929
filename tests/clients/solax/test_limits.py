"""Calls are planned: a home's budget, the pace, and the pauses the cloud asks for."""

from datetime import UTC, datetime
from functools import partial
import os
import time
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.demand import Demand
from custom_components.solar_cloud.cloud.errors import ListingUnfinished, QuotaExhausted
from custom_components.solar_cloud.cloud.model import Notice, Quantity as Q, Slot
from custom_components.solar_cloud.cloud.quota import Window
from custom_components.solar_cloud.cloud.solax.limits import READ
from tests.emulators.solax import Kind, SolaxCloud
from tests.helpers.clock import StillClock

from .conftest import CHARGER, INVERTER, PLANT, Account


@pytest.mark.slow
async def test_a_home_costs_four_calls_a_poll_and_a_few_that_can_wait(
    account: Account, cloud: SolaxCloud
) -> None:
    """Over a whole day, with every fill of a role a device's: the plant's own figures are its income alone, once an hour."""
    await account.list()
    await account.poll()
    account.client.meet(Demand(plants={}))
    cloud.calls.clear()
    for _ in range(288):
        await account.poll()
    assert len(cloud.calls) <= 1200
    assert 46 <= cloud.calls.count("page_alarm_info") <= 50  # every half hour
    assert 20 <= cloud.calls.count("page_plant_info") <= 24  # every hour
    assert 20 <= cloud.calls.count("plant/realtime_data") <= 24
    for kind in (Kind.INVERTER, Kind.BATTERY, Kind.METER):
        asked = cloud.calls.count("device/realtime_data", deviceType=int(kind))
        assert asked == 288


async def test_a_plant_whose_own_figures_are_shown_is_read_with_its_devices(
    account: Account, cloud: SolaxCloud
) -> None:
    """A role that no device fills is as fresh as the others."""
    await account.poll()
    account.client.meet(Demand(plants={PLANT: frozenset({Q.PV_ENERGY_TOTAL})}))
    for _ in range(12):
        snapshot = await account.poll()
        reading = snapshot.readings[PLANT]
        assert reading.measured_at is not None
        assert Slot(Q.PV_ENERGY_TOTAL) in reading.values
    assert cloud.calls.count("plant/realtime_data") == 13


async def test_what_a_plant_tells_once_an_hour_is_never_called_stale(
    account: Account, cloud: SolaxCloud
) -> None:
    """Nothing is made of its age, and of its energies, which devices tell, nothing new."""
    await account.poll()
    account.client.meet(Demand(plants={}))
    for _ in range(10):
        snapshot = await account.poll()
    assert PLANT not in snapshot.stale
    reading = snapshot.readings[PLANT]
    assert reading.slow >= {slot for slot in reading.values if slot.quantity.is_energy}
    assert cloud.calls.count("plant/realtime_data") == 1


async def test_a_charger_that_does_nothing_at_night_is_read_every_second_time(
    account: Account, cloud: SolaxCloud
) -> None:
    """By day, and while it charges, with everybody."""
    asked = partial(cloud.calls.count, "device/realtime_data", deviceType=4)
    while not _at(account, 11):
        await account.poll(1200)
    cloud.calls.clear()
    for _ in range(6):
        await account.poll()
    assert asked() == 6
    while not _at(account, 3):
        await account.poll(1200)
    cloud.calls.clear()
    powers = [
        (await account.poll()).readings[CHARGER].values[Slot(Q.CHARGER_POWER)]
        for _ in range(6)
    ]
    assert powers == [0.0] * 6
    assert asked() == 3


@pytest.mark.parametrize("cloud", ["forty"], indirect=True)
async def test_many_plants_come_one_after_the_other_and_whole(
    account: Account, cloud: SolaxCloud
) -> None:
    """What the pace lets through first are all devices of some plants, not one kind of device of all."""
    inventory = await account.list()
    assert len(inventory.plants) == 40
    account.clock.advance(60)
    for _ in range(20):
        account.quota.acquire(READ)  # as an action just did
    part = await account.poll(0)
    assert part.resume_after is not None
    whole = [
        plant_id
        for plant_id in inventory.plants
        if all(each.id in part.readings for each in inventory.devices_of(plant_id))
    ]
    assert whole == [*inventory.plants][: len(whole)]
    assert len(whole) >= 10


def _at(account: Account, hour: int) -> bool:
    """Whether it is that hour at the plant."""
    now = datetime.fromtimestamp(account.clock.now, ZoneInfo("Europe/Berlin"))
    return now.hour == hour


async def test_o3_a_start_goes_through_at_once(
    account: Account, cloud: SolaxCloud
) -> None:
    """Token, lists, batteries and the first poll."""
    await account.list()
    snapshot = await account.poll(0)
    assert snapshot.resume_after is None
    assert not snapshot.silent
    assert len(cloud.calls) <= 13


@pytest.mark.parametrize("cloud", ["many"], indirect=True)
async def test_c27_many_plants_page_chunk_and_resume(
    account: Account, cloud: SolaxCloud
) -> None:
    """Twelve plants: a poll stops at the pace, keeps what it has, and goes on where it stopped."""
    inventory = await account.list()
    assert len(inventory.plants) == 12
    assert len(inventory.devices) == 48
    for _ in range(10):
        account.quota.acquire(READ)  # as an action just did
    part = await account.poll(0)
    assert part.resume_after is not None
    assert part.resume_after <= 61
    assert part.readings
    snapshot = await account.whole(part.resume_after)
    assert snapshot.resume_after is None
    assert part.readings.keys() < snapshot.readings.keys()
    assert len(snapshot.readings) == 60
    assert not snapshot.silent
    live = [call for call in cloud.calls if call.path.endswith("realtime_data")]
    polled = [
        (
            call.path,
            call.params.get("plantId"),
            call.serials,
            call.params.get("deviceType"),
        )
        for call in live
    ]
    # The two calls that looked for batteries are those of the poll, too; nothing else is asked twice.
    assert len(polled) - len(set(polled)) == 2
    assert all(len(call.serials) <= 10 for call in cloud.calls)
    assert cloud.application.minute.used(time.time()) <= 31


@pytest.mark.parametrize("cloud", ["many"], indirect=True)
async def test_c27_pages_of_ten(account: Account, cloud: SolaxCloud) -> None:
    """A cloud that ignores our page size is read to its end, over a stop by the pace."""
    for _ in range(3):
        try:
            await account.list()
            break
        except QuotaExhausted as err:
            account.clock.advance(err.retry_after)
    assert len(account.wanted.devices) == 48
    pages = [
        (call.params.get("deviceType"), call.params.get("pageNo"))
        for call in cloud.calls.of("page_device_info")
    ]
    assert len(pages) == len(set(pages))
    assert cloud.calls.count("page_plant_info") >= 2


@pytest.mark.parametrize("cloud", ["many"], indirect=True)
async def test_devices_that_take_all_calls_leave_some_for_what_can_wait(
    account: Account, cloud: SolaxCloud
) -> None:
    """As of 1,500 devices: a round is never read to its end before the next is due, and alarms are read all the same."""
    await account.list()
    account.quota.limit(READ, [Window(6, 240)])
    account.client.meet(Demand(plants={}))
    for _ in range(20):
        snapshot = await account.poll(250)
        assert snapshot.resume_after is not None
    assert not snapshot.silent.keys() & account.wanted.devices.keys()
    assert cloud.calls.count("page_alarm_info") >= 3


async def test_e6_rate_limit_backs_off_and_recovers(
    account: Account, cloud: SolaxCloud
) -> None:
    """60 s, 120 s, … up to half an hour; a call that goes through starts over; nothing is called meanwhile."""
    await account.poll()
    fault = cloud.fault(code=10406, times=None)
    waits: list[float] = []
    for _ in range(7):
        with pytest.raises(QuotaExhausted) as caught:
            await account.poll(waits[-1] if waits else 300)
        waits.append(caught.value.retry_after)
    assert waits == [60, 120, 240, 480, 960, 1800, 1800]
    calls = len(cloud.calls)
    with pytest.raises(QuotaExhausted):
        await account.poll(100)
    assert len(cloud.calls) == calls
    cloud.faults.remove(fault)
    assert (await account.poll(1800)).readings
    cloud.fault("realtime_data", code=10406, skip=1)
    snapshot = await account.poll()
    assert snapshot.resume_after == 60


async def test_pause_outlives_a_restart(account: Account, cloud: SolaxCloud) -> None:
    """Neither a failed set-up nor a restart makes us forget that the cloud told us to stay away (E55)."""
    await account.poll()
    cloud.fault("realtime_data", code=10406, skip=1)
    await account.poll()
    account.restart()
    calls = len(cloud.calls)
    with pytest.raises(QuotaExhausted):
        await account.list()
    assert len(cloud.calls) == calls
    account.clock.advance(61)
    assert (await account.list()).plants
    assert len(cloud.token_calls) == 1


@pytest.mark.parametrize("style", ["10406", "10200-text", "http429"])
async def test_limits_of_the_emulated_cloud(
    account: Account, cloud: SolaxCloud, style: str
) -> None:
    """Every way a limit is told ends in a pause and no error."""
    await account.poll()
    cloud.turn(rate_style=style, per_minute=3, retry_after=90)
    snapshot = await account.poll()
    assert snapshot.resume_after == (90 if style == "http429" else 60)
    assert INVERTER in snapshot.readings
    assert cloud.calls.count("realtime_data") <= 10


@pytest.mark.parametrize(
    ("header", "wait"), [("90", 90), ("0", 60), ("99999999999", 86400), ("soon", 60)]
)
async def test_retry_after_is_honoured_within_reason(
    account: Account, cloud: SolaxCloud, header: str, wait: float
) -> None:
    """An absurd one must not close the account for ever."""
    await account.list()
    cloud.fault("realtime_data", http=429, headers={"Retry-After": header}, times=None)
    with pytest.raises(QuotaExhausted) as caught:
        await account.poll()
    assert caught.value.retry_after == wait


async def test_slow_lanes_close_after_a_rate_limit(
    account: Account, cloud: SolaxCloud
) -> None:
    """What can wait does, for half an hour."""
    await account.poll()
    cloud.fault("realtime_data", code=10406, skip=1)
    await account.poll()
    cloud.calls.clear()
    for _ in range(5):
        await account.poll()
    assert cloud.calls.count("page_alarm_info") == 0
    await account.poll()
    assert cloud.calls.count("page_alarm_info") == 1


async def test_e7_calls_of_the_day_are_used_up(
    account: Account, cloud: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour, then two, then four, but never past midnight; the user is told."""
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    try:
        await account.poll()
        cloud.fault("device/realtime_data", code=10405, skip=2, times=None)
        snapshot = await account.poll()
        assert snapshot.resume_after == 3600
        assert Notice("daily_quota_exhausted") in snapshot.notices
        waits: list[float] = []
        ends: list[datetime] = []
        for _ in range(5):
            account.clock.advance(waits[-1] if waits else 3600)
            cloud.faults.clear()
            cloud.fault(code=10405, times=None)
            with pytest.raises(QuotaExhausted) as caught:
                await account.poll(0)
            assert caught.value.key == "daily_quota_exhausted"
            waits.append(caught.value.retry_after)
            ends.append(datetime.fromtimestamp(time.time() + waits[-1], UTC))
        assert waits[:2] == [7200, 14400]
        assert all(wait >= 3600 for wait in waits)
        assert (ends[2].hour, ends[2].minute) == (0, 0)
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_used_calls_are_counted_over_a_restart(
    account: Account, cloud: SolaxCloud
) -> None:
    """What the user sees of the budget is the account's, not the process's."""
    await account.poll()
    account.restart()
    assert account.quota.used() == len(cloud.calls)
    assert account.quota.left() == 1_000_000 - len(cloud.calls)


async def test_e58_a_plants_energies_are_kept_when_their_turn_is_given_away(
    account: Account, cloud: SolaxCloud
) -> None:
    """On polls with alarms the plant's own call is left out; its values stay."""
    for _ in range(4):
        snapshot = await account.poll()
        assert PLANT in snapshot.readings
    assert cloud.calls.count("page_alarm_info") >= 1


async def test_a_stopped_poll_is_begun_anew_when_it_is_old(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """After four minutes everything is due again, oldest first."""
    await account.poll()
    cloud.fault("device/realtime_data", code=10406, skip=1)
    assert (await account.poll()).resume_after == 60
    cloud.calls.clear()
    assert (await account.poll(300)).resume_after is None
    assert cloud.calls.count("realtime_data") == 5


async def read_in_tries(account: Account, *, restarts: bool) -> list[tuple[int, int]]:
    """List an account as set-up does it: a new client after each interruption; return how far each try came."""
    told: list[tuple[int, int]] = []
    for _ in range(30):
        try:
            await account.list()
        except ListingUnfinished as err:
            told.append((err.done, err.total))
            account.clock.advance(err.retry_after)
            if restarts:
                account.restart()
        else:
            return told
    pytest.fail(f"The listing never ends: {told}")


@pytest.mark.parametrize("cloud", ["installer"], indirect=True)
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.slow
async def test_e77_an_account_of_300_plants_and_1500_devices_is_listed(
    account: Account, cloud: SolaxCloud, restarts: bool
) -> None:
    """Page after page, each asked for once however often set-up is tried; our pace is not called the vendor's limit."""
    cloud.turn(largest_page=10)
    told = await read_in_tries(account, restarts=restarts)
    assert len(account.wanted.plants) == 300
    assert len(account.wanted.devices) == 1500
    assert len(told) > 5
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert all(0 < done < total <= 300 for done, total in told)
    asked = [
        (call.path, *sorted(call.params.items()))
        for call in cloud.calls
        if "page_" in call.path or call.serials
    ]
    assert len(asked) == len(set(asked))
    assert cloud.application.minute.used(time.time()) <= 31
    assert len(cloud.token_calls) == 1


@pytest.mark.parametrize("cloud", ["installer"], indirect=True)
async def test_e77_a_listing_left_lying_is_begun_anew(
    account: Account, cloud: SolaxCloud
) -> None:
    """Pages of an hour ago may be wrong by now."""
    cloud.turn(largest_page=10)
    with pytest.raises(ListingUnfinished) as caught:
        await account.list()
    account.clock.advance(3600)
    account.restart()
    cloud.calls.clear()
    with pytest.raises(ListingUnfinished) as again:
        await account.list()
    assert again.value.done == caught.value.done
    assert cloud.calls.of("page_plant_info")[0].params["pageNo"] == "1"


@pytest.mark.parametrize(
    "wait", ["99999999999", "9" * 400, "1e300", "inf", "-5", "nan", "soon"]
)
@pytest.mark.parametrize("endpoint", ["realtime_data", "oauth/token"])
async def test_e76_a_retry_after_of_centuries_ends_within_a_day(
    account: Account, cloud: SolaxCloud, clock: StillClock, endpoint: str, wait: str
) -> None:
    """Wherever it is ordered, over a restart."""
    if endpoint == "oauth/token":
        account.restart()
    else:
        await account.list()
    cloud.fault(endpoint, http=429, headers={"Retry-After": wait}, times=None)
    with pytest.raises(QuotaExhausted):
        await account.poll()
    cloud.faults.clear()
    assert 0 < account.quota.wait(READ) <= 86_400
    clock.advance(86_400)
    account.restart()
    assert INVERTER in (await account.whole()).readings
