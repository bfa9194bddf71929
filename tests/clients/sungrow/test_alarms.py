"""Alarms of Sungrow plants: what is open, what is over, and what only looks like it (sungrow.md §4.9)."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.alarms import SupportsPastAlarms
from custom_components.solar_cloud.cloud.errors import CloudUnreachable
from custom_components.solar_cloud.cloud.model import (
    Alarm,
    AlarmLevel,
    AlarmType,
    Notice,
)
from custom_components.solar_cloud.cloud.vendor import SupportsLanguages
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import HOME, INVERTER, NOON, Account, Connect

ALARMS = "getFaultAlarmInfo"
INVERTER_KEY = "5000001_14_1_1"


async def open_alarms(
    account: Account, clock: StillClock, plant_id: str = HOME
) -> tuple[Alarm, ...]:
    """Let the slow call have its turn, and return what is open at a plant."""
    for _ in range(4):
        snapshot = await account.poll()
        clock.advance(300)
    return snapshot.alarms[plant_id]


async def test_an_alarm_tells_what_is_wrong_since_when_and_what_the_device_shows(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """With its device; closed ones are not listed; the time is the plant's, told in UTC."""
    account = connect()
    await open_alarms(account, clock)
    raised = datetime.fromtimestamp(clock.now, UTC)
    server.change_device(INVERTER_KEY, {"fault": "BMS Communication Fault"})
    (alarm,) = await open_alarms(account, clock)
    assert (alarm.name, alarm.code, alarm.device_code) == (
        "BMS Communication Fault",
        "13822",
        "714, 932",
    )
    assert (alarm.level, alarm.type) == (AlarmLevel.MAJOR, AlarmType.FAULT)
    assert alarm.cause == "The inverter cannot reach the battery."
    assert alarm.raised_at == raised.replace(second=raised.second)
    assert alarm.device_id == INVERTER
    server.change_device(INVERTER_KEY, {"fault": None})
    assert await open_alarms(account, clock) == ()


@pytest.mark.parametrize(
    ("language", "lang", "name"),
    [
        ("de", "_de_DE", "Netzunterspannung"),
        ("pt", "_pt_BR", "Grid Undervoltage"),
        ("zh-Hans", "_zh_CN", "电网欠压"),
        ("zh-Hant", "_zh_TW", "电网欠压"),
        ("nb", "_en_US", "Grid Undervoltage"),
    ],
)
async def test_an_alarm_is_told_in_the_users_language(
    server: SungrowCloud, connect: Connect, language: str, lang: str, name: str
) -> None:
    """Where the cloud speaks it; everything else of the account stays as it is."""
    server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    account = connect()
    assert isinstance(account.cloud, SupportsLanguages)
    account.cloud.speak(language)
    (alarm,) = (await account.poll()).alarms[HOME]
    assert alarm.name == name
    assert server.calls.of(ALARMS)[0].params["lang"] == lang
    assert server.calls.of("getPowerStationList")[0].params["lang"] == "_en_US"


async def test_a_name_that_stays_chinese_is_replaced_by_what_its_code_means(
    server: SungrowCloud, connect: Connect
) -> None:
    """Names may stay Chinese in any language; those without a known code are shown as they come."""
    server.turn(chinese_alarms=True)
    for code in ("13802", "60022", "13893", "77702", "X"):
        server.plant.site.fail("hybrid", "Grid Undervoltage", code)
    alarms = (await connect().poll()).alarms[HOME]
    assert sorted(alarm.name for alarm in alarms) == [
        "BMS communication fault",
        "Bypass switch",
        "Grid undervoltage",
        "电网欠压",
        "电网欠压",
    ]


async def test_alarms_of_unlisted_devices_and_of_unknown_kinds_are_alarms(
    server: SungrowCloud, connect: Connect
) -> None:
    """They are the plant's; a kind that no table lists has no level, and worst comes first."""
    for kind in (4, 9, 2, 1):
        server.plant.site.fail(
            "hybrid", f"Kind {kind}", "13802", kind=kind, foreign=True
        )
    alarms = (await connect().poll()).alarms[HOME]
    told = [(alarm.name, alarm.level, alarm.device_id) for alarm in alarms]
    assert set(told[:2]) == {
        ("Kind 9", None, None),
        ("Kind 1", AlarmLevel.MAJOR, None),
    }
    assert told[2:] == [
        ("Kind 2", AlarmLevel.WARNING, None),
        ("Kind 4", AlarmLevel.NOTICE, None),
    ]


@pytest.mark.parametrize("longest", [366, 31])
async def test_an_alarm_that_lasts_for_months_stays_open(
    server: SungrowCloud, connect: Connect, clock: StillClock, longest: int
) -> None:
    """Without dates the server forgets it on the first (§7.2 #17); where a year is too long a span, what began before it is not over."""
    account = connect()
    server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    (alarm,) = (await account.poll()).alarms[HOME]
    server.turn(alarm_days=longest)
    for days in (20, 25, 25):
        clock.move_to(datetime.fromtimestamp(clock.now, UTC) + timedelta(days=days))
        assert await open_alarms(account, clock) == (alarm,)
    account = connect(storage=account.storage)
    assert await open_alarms(account, clock) == (alarm,)


async def test_a_fault_that_a_device_reports_has_the_next_poll_look(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """And its end; meanwhile every quarter of an hour, and every half where nothing is wrong."""
    account = connect()

    async def polls(count: int) -> int:
        server.calls.clear()
        for _ in range(count):
            clock.advance(300)
            await account.poll()
        return server.calls.count(ALARMS)

    await account.poll()
    assert await polls(7) == 1
    server.change_device(INVERTER_KEY, {"fault": "BMS Communication Fault"})
    assert await polls(2) == 1
    assert (await account.poll()).alarms[HOME]
    assert await polls(6) == 2
    server.change_device(INVERTER_KEY, {"fault": None})
    assert await polls(2) == 1
    assert not (await account.poll()).alarms[HOME]


async def test_alarms_without_dates_where_dates_are_refused(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """010: better this month's than none, found out once; last month's go on."""
    account = connect()
    server.turn(alarm_dates=False)
    server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    assert len((await account.poll()).alarms[HOME]) == 1
    assert server.calls.count(ALARMS) == 3
    assert len(await open_alarms(account, clock)) == 1
    assert server.calls.count(ALARMS) == 4
    clock.move_to(NOON + timedelta(days=25))
    assert len(await open_alarms(account, clock)) == 1


async def test_dates_are_tried_again_that_were_refused_by_a_cloud_in_trouble(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Without them an alarm of last month is not told by a cloud that could tell it; tried again the next day."""
    account = connect()
    server.turn(alarm_dates=False)
    server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    await account.poll()
    server.turn(alarm_dates=True)
    await open_alarms(account, clock)
    assert "startTime" not in server.calls.of(ALARMS)[-1].params
    clock.advance(86_400)
    await open_alarms(account, clock)
    assert "startTime" in server.calls.of(ALARMS)[-1].params


async def test_alarms_that_could_not_be_read_are_asked_for_ten_minutes_later(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """While nothing is wrong they are read every half hour: after an outage that is long."""
    account = connect()
    server.fault(ALARMS, code="-1")
    await account.poll()
    for _ in range(2):
        clock.advance(300)
        snapshot = await account.poll()
    assert server.calls.count(ALARMS) == 2
    assert HOME in snapshot.alarms


async def test_alarms_may_be_refused_alone(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A notice, one try a day, repeated once with a fresh token, and everything else goes on."""
    server.turn(alarms_refused=True)
    account = connect()
    for _ in range(8):
        snapshot = await account.poll()
        clock.advance(2700)
    assert snapshot.readings
    assert snapshot.notices == {
        Notice("permission_missing", (("permission", "Monitoring API"),))
    }
    assert server.calls.count(ALARMS) == 2
    server.turn(alarms_refused=False)
    clock.advance(86_400)
    await account.poll()
    clock.advance(300)
    assert not (await account.poll()).notices


async def test_a_page_that_fails_and_a_hollow_answer_end_no_alarm(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Half a list says nothing of the other half; a success that holds no list is believed the third time."""
    server.turn(page_limit=3)
    for number in range(5):
        server.plant.site.fail("hybrid", f"Fault {number}", "13802")
    account = connect()

    async def count() -> int:
        """Ask once."""
        asked = server.calls.count(ALARMS)
        while server.calls.count(ALARMS) == asked:
            clock.advance(300)
            snapshot = await account.poll()
        return len(snapshot.alarms[HOME])

    assert await count() == 5
    server.fault(ALARMS, http=500, skip=1, times=1)
    assert await count() == 5
    assert await count() == 5
    server.turn(alarm_troubles=frozenset({"shuffled"}))
    for _ in range(2):
        assert await count() == 5
    server.turn(alarm_troubles=frozenset())
    assert await count() == 5
    server.turn(alarm_troubles=frozenset({"hollow"}))
    assert [await count() for _ in range(3)] == [5, 5, 0]


async def test_the_alarms_of_a_period_are_asked_for_month_by_month(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """No answer is about two months; what stops the reading is told with what was read."""
    account = connect()
    await account.poll()
    begun = clock.now
    for _ in range(3):
        fault = server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
        clock.advance(3600)
        server.plant.site.repair(fault)
        clock.advance(25 * 86_400)
    cloud, inventory = account.cloud, account.inventory
    assert isinstance(cloud, SupportsPastAlarms)
    assert inventory is not None

    async def pause(seconds: float) -> None:
        """Let the time pass that our own pace asks for."""
        clock.advance(seconds)

    server.calls.clear()
    past = await cloud.past_alarms(HOME, inventory, (begun, clock.now), pause)
    assert past.stopped_by is None
    assert server.calls.count(ALARMS) == 3
    assert [
        alarm.cleared - alarm.raised
        for alarm in past.alarms
        if alarm.cleared is not None and alarm.raised is not None
    ] == [3600.0] * 3
    server.fault(ALARMS, http=500, skip=1, times=1)
    past = await cloud.past_alarms(HOME, inventory, (begun, clock.now), pause)
    assert len(past.alarms) == 1
    assert isinstance(past.stopped_by, CloudUnreachable)


async def test_past_alarms_are_told_before_the_plants_clock_is_known(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """When they were raised is not; to leave them out would say that nothing was."""
    account = connect()
    inventory = await account.cloud.inventory()
    server.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    begun = clock.now - 60
    clock.advance(3600)
    assert isinstance(account.cloud, SupportsPastAlarms)

    async def pause(seconds: float) -> None:
        """Let the time pass that our own pace asks for."""
        clock.advance(seconds)

    past = await account.cloud.past_alarms(HOME, inventory, (begun, clock.now), pause)
    assert past.stopped_by is None
    assert [alarm.raised for alarm in past.alarms] == [None]
