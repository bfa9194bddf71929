"""What a poll costs, and what limits and absurd waits do to it (sungrow.md §6, §7)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import json

import pytest

from custom_components.solar_cloud.cloud.demand import Demand, SupportsDemand
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    QuotaExhausted,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from tests.emulators.calls import Call
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.builder import Builder
from tests.emulators.sungrow.plant import METER, PLANT, PV
from tests.helpers.clock import StillClock

from .conftest import BATTERY, HOME, INVERTER, Connect


async def test_a_home_costs_at_most_six_calls_a_poll(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """From the first poll on; the slow buckets take what is left (sungrow.md §7.1)."""
    account = connect()
    account.inventory = await account.cloud.inventory()
    server.calls.clear()
    most = 0
    for _ in range(4 * 12):
        before = len(server.calls)
        await account.poll()
        most = max(most, len(server.calls) - before)
        clock.advance(300)
    assert most <= 6
    paths = Counter(call.path.rsplit("/", 1)[1] for call in server.calls)
    assert paths["getFaultAlarmInfo"] == 8
    assert paths["getPowerStationList"] == 4
    assert paths["getDeviceRealTimeData"] == 4 * 48 + 12


def asked_for(call: Call) -> Json:
    """Return the type of devices a call is for."""
    return call.params.get("device_type")


async def test_an_inverter_in_the_dark_is_read_every_twenty_minutes(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """The meter and the plant with every poll, and the inverter again with the first one of the morning; nothing is earned meanwhile."""
    server.load("home-string")
    account = connect()
    assert isinstance(account.cloud, SupportsDemand)
    await account.poll()
    clock.advance(300)
    await account.poll()
    account.cloud.meet(Demand(night=True))
    server.calls.clear()
    for _ in range(6):
        clock.advance(600)
        known = await account.poll()
        assert len(known.readings) == 4
    polls = {
        kind: len({call.at for call in server.data_calls if kind == asked_for(call)})
        for kind in (PV, METER, PLANT)
    }
    assert polls == {PV: 3, METER: 6, PLANT: 6}
    assert not server.calls.of("getPowerStationList")
    account.cloud.meet(Demand())
    server.calls.clear()
    clock.advance(300)
    await account.poll()
    assert server.calls.of("getDeviceRealTimeData", device_type=PV)


async def test_more_than_six_types_take_turns(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Everything is read, nothing starves, and no poll costs more."""
    server.load("no-battery")
    plant = server.plant
    builder = Builder(plant, 75.0, module="")
    builder.string("hybrid")
    builder.meter()
    builder.micro("hybrid")
    builder.optimizers("hybrid")
    account = connect()
    account.inventory = await account.cloud.inventory()
    last: dict[str, float] = {}
    for _ in range(48):
        server.calls.clear()
        await account.poll()
        assert len(server.calls) <= 6
        for call in server.calls:
            last[f"{call.path} {call.params.get('device_type')}"] = clock.now
        clock.advance(300)
    assert len(last) == 11
    assert all(clock.now - at <= 4000 for at in last.values())


async def test_polls_in_quick_succession_cost_nothing(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A button pressed ten times reads once: the cloud has nothing newer."""
    account = connect()
    first = await account.poll()
    calls = len(server.calls)
    for _ in range(10):
        clock.advance(5)
        again = await account.poll()
    assert (
        again.readings[HOME].values[Slot(Q.PV_POWER)]
        == first.readings[HOME].values[Slot(Q.PV_POWER)]
    )
    assert len([c for c in server.calls if c.path.endswith("RealTimeData")]) == 5
    assert len(server.calls) <= calls + 1


async def test_e41_a_hundred_points_per_call(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A string inverter has 151: two calls, then one for those it fills, all again every hour."""
    server.load("home-string")
    account = connect()
    await account.poll()
    asked = [
        len(call.params["point_id_list"])
        for call in server.calls.of("getDeviceRealTimeData", device_type=1)
    ]
    assert asked == [100, 62]
    for _ in range(12):
        server.calls.clear()
        clock.advance(300)
        snapshot = await account.poll()
        calls = server.calls.of("getDeviceRealTimeData", device_type=1)
        assert len(calls) == 1
        assert snapshot.readings["ADEMO0020002"].values[Slot(Q.AC_POWER)]
    clock.advance(300)
    server.calls.clear()
    await account.poll()
    assert len(server.calls.of("getDeviceRealTimeData", device_type=1)) == 2
    restarted = connect(storage=account.storage)
    server.calls.clear()
    await restarted.poll()
    assert len(server.calls.of("getDeviceRealTimeData", device_type=1)) == 2


async def test_e41_a_smaller_limit_is_learnt(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """010: half as many points from the next poll on, also after a restart."""
    server.turn(most_points=30)
    account = connect()
    for _ in range(8):
        snapshot = await account.poll()
        clock.advance(300)
    assert INVERTER in snapshot.readings
    asked = [
        len(call.params["point_id_list"])
        for call in server.data_calls
        if "point_id_list" in call.params
    ]
    assert asked[-1] <= 25
    assert account.cloud.report()["points_per_call"] == 25
    assert connect(storage=account.storage).cloud.report()["points_per_call"] == 25


async def test_a_refusal_of_any_size_ends_somewhere(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Requests shrink to ten points and no further."""
    server.fault("getDeviceRealTimeData", code="010", times=None)
    account = connect()
    for _ in range(4):
        with pytest.raises(UnexpectedAnswer):
            await account.poll()
        clock.advance(300)
    assert account.cloud.report()["points_per_call"] == 10


async def test_many_devices_are_asked_in_chunks(
    server: SungrowCloud, connect: Connect
) -> None:
    """Fifty keys per call are the most that were seen."""
    builder = Builder(server.plant, 75.0, module="")
    for _ in range(60):
        builder.meter()
    account = connect()
    snapshot = await account.poll()
    asked = [
        len(call.params["ps_key_list"])
        for call in server.calls.of("getDeviceRealTimeData", device_type=METER)
    ]
    assert asked == [50, 11]
    assert len([key for key in snapshot.readings if "_7_" in key]) == 61


async def test_a_dead_server_is_not_asked_six_times(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Each call without answer costs half a minute: two are enough."""
    account = connect()
    await account.poll()
    clock.advance(300)
    server.calls.clear()
    server.fault("*", body="disconnect", times=None)
    with pytest.raises(CloudUnreachable):
        await account.poll()
    assert len(server.calls) == 2


async def test_a_limit_half_way_keeps_the_rest(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Last values stay, and the poll says when to go on."""
    account = connect()
    first = await account.poll()
    clock.advance(300)
    server.fault("getDeviceRealTimeData", code="E901", where={"device_type": 43})
    snapshot = await account.poll()
    assert snapshot.resume_after == 60.0
    assert snapshot.readings[BATTERY] == first.readings[BATTERY]
    assert snapshot.readings[INVERTER] != first.readings[INVERTER]
    assert not snapshot.silent
    clock.advance(61)
    server.calls.clear()
    snapshot = await account.poll()
    assert snapshot.resume_after is None
    assert snapshot.readings[BATTERY] != first.readings[BATTERY]
    asked = {
        call.params.get("device_type")
        for call in server.calls
        if call.path.endswith("RealTimeData")
    }
    assert 14 not in asked


async def test_e38_limits_back_off_by_doubling_and_nothing_resets_it(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E901: a minute, two, four, ... an hour; timeouts and restarts in between change nothing."""
    account = connect()
    await account.poll()
    waits = []
    for round_number in range(8):
        server.turn(per_second=0)
        with pytest.raises(QuotaExhausted) as caught:
            await connect(storage=account.storage).cloud.inventory()
        waits.append(caught.value.retry_after)
        clock.advance(caught.value.retry_after + 1)
        server.turn(per_second=None)
        server.fault("getPowerStationList", body="disconnect")
        with pytest.raises(CloudUnreachable):
            await connect(storage=account.storage).cloud.inventory()
        if round_number == 7:
            assert account.cloud.report()["doubled_waits"] == 0
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    clock.advance(10 * 3600)
    server.turn(per_second=0)
    with pytest.raises(QuotaExhausted) as caught:
        await connect(storage=account.storage).cloud.inventory()
    assert caught.value.retry_after == 60


async def test_e38_the_hour_is_waited_for(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E999: to the next full hour and a little, without a call, also after a restart."""
    account = connect()
    await account.poll()
    server.turn(per_hour=0)
    clock.advance(300)
    with pytest.raises(QuotaExhausted) as caught:
        await account.poll()
    to_the_hour = 3600 - clock.now % 3600
    assert to_the_hour + 5 <= caught.value.retry_after <= to_the_hour + 60
    server.calls.clear()
    for _ in range(10):
        clock.advance(300)
        with pytest.raises(QuotaExhausted):
            await connect(storage=account.storage).cloud.inventory()
    assert not server.calls
    server.turn(per_hour=2000)
    clock.advance(700)
    assert (await account.poll()).readings


async def test_e38_the_month_is_asked_for_once_a_day(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E998: until the first, with a look every day in case the limit was raised."""
    account = connect()
    await account.poll()
    server.turn(per_month=0)
    clock.move_to(datetime(2026, 6, 29, 12, 0, tzinfo=UTC))
    with pytest.raises(QuotaExhausted) as caught:
        await account.poll()
    assert caught.value.key == "monthly_limit"
    assert 86_400 < caught.value.retry_after < 86_500
    clock.advance(caught.value.retry_after + 1)
    with pytest.raises(QuotaExhausted) as caught:
        await account.poll()
    until = clock.now + caught.value.retry_after
    assert (
        timedelta(0)
        < datetime.fromtimestamp(until, UTC) - datetime(2026, 7, 1, tzinfo=UTC)
        < timedelta(minutes=2)
    )


async def test_the_server_may_say_how_long(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """``retry_after`` in the body, ``Retry-After`` in the headers."""
    server.turn(per_hour=0, retry_after=1234.0)
    with pytest.raises(QuotaExhausted) as caught:
        await connect().cloud.inventory()
    assert caught.value.retry_after == 1234.0
    server.turn(per_hour=2000)
    server.fault("getPowerStationList", http=429, headers={"Retry-After": "77"})
    with pytest.raises(QuotaExhausted) as caught:
        await connect().cloud.inventory()
    assert caught.value.retry_after == 77.0


async def test_our_own_budget_stops_before_theirs(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """2000 an hour, 100 of them for commands; nothing is sent beyond."""
    account = connect()
    for _ in range(1895):
        account.quota.acquire("data")
    await account.poll()
    assert account.quota.left() == 100
    sent = len(server.calls)
    clock.advance(300)
    with pytest.raises(QuotaExhausted):
        await account.poll()
    assert len(server.calls) == sent


async def test_an_endpoint_that_is_missing_is_tried_once_a_day(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """E996 (sungrow.md §6)."""
    server.fault("getFaultAlarmInfo", code="E996", times=None)
    account = connect()
    for _ in range(10):
        snapshot = await account.poll()
        clock.advance(3600)
    assert snapshot.readings
    assert not snapshot.notices
    assert server.calls.count("getFaultAlarmInfo") == 1


ABSURD = ["99999999999", "9" * 400, "1e300", "inf", "-5", "nan", "soon"]


@pytest.mark.parametrize("wait", ABSURD)
async def test_e76_a_retry_after_of_centuries_ends_within_a_day(
    server: SungrowCloud, connect: Connect, clock: StillClock, wait: str
) -> None:
    """In the header and in the body, over a restart."""
    account = connect()
    await account.poll()
    for fault in (
        {"http": 429, "headers": {"Retry-After": wait}},
        {"body": json.dumps({"result_code": "E999", "retry_after": wait})},
        {"body": f'{{"result_code": "E901", "retry_after": {"9" * 400}}}'},
    ):
        server.fault("getDeviceRealTimeData", **fault)
        clock.advance(7200)
        with pytest.raises(QuotaExhausted) as caught:
            await account.poll()
        assert 0 < caught.value.retry_after <= 86_400
        clock.advance(86_400)
        assert (await connect(storage=account.storage).poll()).readings


async def test_a_month_that_is_used_up_may_order_more_than_a_day(
    server: SungrowCloud, connect: Connect
) -> None:
    """But no more than a month."""
    server.turn(per_month=0, retry_after=1e12)
    with pytest.raises(QuotaExhausted, match="monthly_limit") as caught:
        await connect().cloud.inventory()
    assert 86_400 < caught.value.retry_after <= 31 * 86_400


@pytest.mark.parametrize(("level", "at"), [(10**6, 1e12), (3, -1e300), (-5, 1e300)])
async def test_a_stored_doubling_that_is_absurd_is_bounded(
    server: SungrowCloud, connect: Connect, level: int, at: float
) -> None:
    """A damaged file never raises."""
    storage = MemoryStorage()
    await storage.save("backoff", {"level": level, "at": at})
    server.turn(per_second=0)
    with pytest.raises(QuotaExhausted) as caught:
        await connect(storage=storage).cloud.inventory()
    assert 60 <= caught.value.retry_after <= 3600
