"""Alarms of a SolaX plant: what goes on, what is over, and what only looks like it (solax.md §3.9)."""

from datetime import UTC, datetime

import pytest

from custom_components.solar_cloud.cloud.alarms import PastAlarms
from custom_components.solar_cloud.cloud.errors import CloudUnreachable
from custom_components.solar_cloud.cloud.model import Alarm
from tests.emulators.solax import Kind, SolaxCloud

from .conftest import BATTERY, INVERTER, PLANT, Account

ALARMS = "page_alarm_info"


async def never(seconds: float) -> None:
    """Nothing is to be waited for here."""
    pytest.fail(f"waited {seconds} s")


async def open_alarms(account: Account) -> tuple[Alarm, ...]:
    """Let the slow call have its turn, and return what is open at the plant."""
    for _ in range(3):
        snapshot = await account.poll()
    return snapshot.alarms[PLANT]


async def test_an_alarm_tells_what_is_wrong_since_when_and_what_to_do(
    account: Account, cloud: SolaxCloud
) -> None:
    """With its device; the time is the plant's, told in UTC; nobody knows which level is bad (O17)."""
    assert await open_alarms(account) == ()
    raised = datetime.fromtimestamp(account.clock.now, UTC)
    cloud.change_device(INVERTER, {"fault": "Grid Volt Fault"})
    (alarm,) = await open_alarms(account)
    assert (alarm.name, alarm.code, alarm.device_id) == (
        "Grid Volt Fault",
        "IE002",
        INVERTER,
    )
    assert (alarm.level, alarm.vendor_level, alarm.type) == (None, "2", None)
    assert alarm.cause == "The grid voltage is out of range."
    assert alarm.advice == (
        "1. Wait until the grid recovers.\n2. Ask the installer if it lasts."
    )
    assert alarm.raised_at == raised
    assert await open_alarms(account) == (alarm,)
    cloud.change_device(INVERTER, {"fault": None})
    assert await open_alarms(account) == ()


async def test_a_device_that_reports_a_fault_has_its_alarms_read_at_once(
    account: Account, cloud: SolaxCloud
) -> None:
    """In the same poll, when it begins and when it is over; while nothing happens nobody asks for half an hour."""
    for _ in range(2):
        await account.poll()
    cloud.change_device(INVERTER, {"fault": "Grid Volt Fault"})
    (alarm,) = (await account.poll()).alarms[PLANT]
    assert alarm.name == "Grid Volt Fault"
    cloud.change_device(INVERTER, {"fault": None})
    assert (await account.poll()).alarms[PLANT] == ()
    cloud.calls.clear()
    for _ in range(5):
        await account.poll()
    assert not cloud.calls.of(ALARMS)


async def test_a_cloud_without_texts_has_alarms_all_the_same(
    account: Account, cloud: SolaxCloud
) -> None:
    """Only one dashboard knows of causes and advice."""
    cloud.turn(alarm_texts=False)
    cloud.change_device(INVERTER, {"fault": "Grid Volt Fault"})
    (alarm,) = await open_alarms(account)
    assert (alarm.cause, alarm.advice) == (None, None)


async def test_awkward_alarms(account: Account, cloud: SolaxCloud) -> None:
    """Without a name, without a device, of an unknown one, of tomorrow; closed ones that slip in."""
    await account.poll()
    cloud.fault(
        ALARMS,
        body='{"code": 10000, "result": {"records": [{}, {"alarmName": null, "errorCode": 7},'
        '{"alarmState": 0}, {"alarmState": 1, "alarmEndTime": "2026-01-01 00:00:00"},'
        f'{{"alarmName": "Bat", "deviceSn": "{cloud.first(Kind.BATTERY).sn.lower()}"}},'
        '{"alarmName": "Alien", "deviceSn": "X", "alarmLevel": "high",'
        ' "alarmStartTime": "2027-01-01 00:00:00"}]}}',
    )
    alarms = (await account.poll()).alarms[PLANT]
    assert {(alarm.name, alarm.code, alarm.device_id) for alarm in alarms} == {
        ("7", "7", None),
        ("Bat", None, BATTERY),
        ("Alien", None, None),
    }
    assert {alarm.raised_at for alarm in alarms} == {None}


async def test_rows_that_come_twice_and_in_any_order_are_one_alarm_each(
    account: Account, cloud: SolaxCloud
) -> None:
    """What is open does not change because a list is mixed up."""
    cloud.turn(alarm_troubles=frozenset({"twice", "shuffled"}))
    for name in ("Fan fault", "Bus Volt Fault", "Temp Over Fault"):
        cloud.change_device(INVERTER, {"fault": name})
        account.clock.advance(60)
    alarms = await open_alarms(account)
    assert len(alarms) == 3
    assert await open_alarms(account) == alarms
    cloud.change_device(INVERTER, {"fault": None})
    assert await open_alarms(account) == ()


async def test_more_alarms_than_one_page_holds(
    account: Account, cloud: SolaxCloud
) -> None:
    """One call a poll, until the last page; none is lost, and none is over before the list is complete."""
    cloud.turn(largest_page=2)
    for number in range(5):
        cloud.plant.site.fail("inverter", f"Fault {number}", f"IE{number}")
    await account.poll()
    cloud.calls.clear()
    for _ in range(5):
        snapshot = await account.poll()
        assert len(snapshot.alarms.get(PLANT, ())) in {0, 5}
    assert [call.params["pageNo"] for call in cloud.calls.of(ALARMS)] == ["1", "2", "3"]
    assert len(snapshot.alarms[PLANT]) == 5
    fault = cloud.fault(ALARMS, http=500, skip=1, times=1)
    for _ in range(3):
        snapshot = await account.poll()
        assert len(snapshot.alarms[PLANT]) == 5
    assert fault.times == 0


async def test_a_list_that_changes_between_its_pages_ends_no_alarm(
    account: Account, cloud: SolaxCloud
) -> None:
    """A row that comes twice stands where another is missing."""
    for number in range(6):
        cloud.plant.site.fail("inverter", f"Fault {number}", f"IE{number}")
    assert len(await open_alarms(account)) == 6
    cloud.turn(largest_page=3, alarm_troubles=frozenset({"shuffled"}))
    for _ in range(6):
        assert len(await open_alarms(account)) == 6


async def test_a_hollow_answer_is_not_the_end_of_an_alarm(
    account: Account, cloud: SolaxCloud
) -> None:
    """One that is a success and holds no list: only the third in a row is believed."""
    cloud.change_device(INVERTER, {"fault": "Grid Volt Fault"})
    assert len(await open_alarms(account)) == 1
    cloud.turn(alarm_troubles=frozenset({"hollow"}))
    assert len(await open_alarms(account)) == 1
    assert len(await open_alarms(account)) == 1
    assert len(await open_alarms(account)) == 0


async def test_a_restart_knows_what_was_open(
    account: Account, cloud: SolaxCloud
) -> None:
    """At once, with its time; what was not asked about for half a day is not shown as of now."""
    cloud.change_device(INVERTER, {"fault": "Grid Volt Fault"})
    alarms = await open_alarms(account)
    account.restart()
    cloud.fault(ALARMS, http=500, times=None)
    assert (await account.poll()).alarms == {PLANT: alarms}
    for _ in range(13):
        snapshot = await account.poll(3600)
    assert snapshot.alarms == {}


async def test_e5_failed_alarms_blank_nothing(
    account: Account, cloud: SolaxCloud
) -> None:
    """The inverter does not care whether alarms can be read."""
    await account.poll()
    cloud.fault(ALARMS, http=500, times=None)
    for _ in range(4):
        snapshot = await account.poll()
        assert not snapshot.silent
    assert cloud.calls.count(ALARMS) == 1  # no faster than usual


async def test_the_alarms_of_a_period_are_read_page_by_page(
    account: Account, cloud: SolaxCloud
) -> None:
    """Open and closed, with both times; what stops the reading is told with what was read."""
    await account.poll()
    begun = account.clock.now
    for number in range(3):
        cloud.change_device(INVERTER, {"fault": f"Fault {number}"})
        await account.poll(600)
        cloud.change_device(INVERTER, {"fault": None})
        await account.poll(600)
    cloud.turn(largest_page=2)

    async def read(begin: float, end: float) -> PastAlarms:
        """Ask about a span."""
        return await account.client.past_alarms(
            PLANT, account.wanted, (begin, end), never
        )

    past = await read(begun, account.clock.now)
    assert past.stopped_by is None
    assert {alarm.name for alarm in past.alarms} == {"Fault 0", "Fault 1", "Fault 2"}
    for alarm in past.alarms:
        assert alarm.raised is not None
        assert alarm.cleared == alarm.raised + 600
    (second,) = [alarm for alarm in past.alarms if alarm.name == "Fault 1"]
    assert second.raised is not None
    past = await read(second.raised, second.raised + 60)
    assert [alarm.name for alarm in past.alarms] == ["Fault 1"]
    cloud.fault(ALARMS, http=500, skip=1, times=1)
    past = await read(begun, account.clock.now)
    assert len(past.alarms) == 2
    assert isinstance(past.stopped_by, CloudUnreachable)


async def test_past_alarms_are_told_before_the_plants_clock_is_known(
    account: Account, cloud: SolaxCloud
) -> None:
    """When they were raised is not; to leave them out would say that nothing was."""
    wanted = await account.client.inventory()
    cloud.change_device(INVERTER, {"fault": "Fault"})
    now = account.clock.now
    past = await account.client.past_alarms(PLANT, wanted, (now - 3600, now), never)
    assert past.stopped_by is None
    assert [alarm.raised for alarm in past.alarms] == [None]
