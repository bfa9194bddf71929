"""Alarms of FusionSolar plants: the interface lists what is active, and nothing of the past (fusionsolar.md §3.11)."""

from datetime import UTC, datetime

import pytest

from custom_components.solar_cloud.cloud.alarms import SupportsPastAlarms
from custom_components.solar_cloud.cloud.model import Alarm, AlarmLevel, AlarmType
from tests.emulators.fusionsolar.plant import HOME_BATTERY, POWER_SENSOR

from .conftest import Rig

PLANT = "NE=33987654"
DAY = 86400.0


async def open_alarms(rig: Rig) -> tuple[Alarm, ...]:
    """Let the slow call have its turn, and return what is open at the plant."""
    rig.tick(1860)
    await rig.poll()
    return (await rig.next_poll()).alarms[PLANT]


async def test_an_alarm_tells_what_is_wrong_since_when_and_what_to_do(rig: Rig) -> None:
    """With the device it concerns; a start is not delayed by it."""
    battery = rig.cloud.first(HOME_BATTERY)
    rig.cloud.raise_alarm(battery, "Battery pack undervoltage")
    raised = datetime.fromtimestamp(int(rig.cloud.now() * 1000) / 1000, UTC)
    assert not (await rig.poll()).alarms
    (alarm,) = (await rig.next_poll()).alarms[PLANT]
    assert (alarm.name, alarm.code, alarm.device_id) == (
        "Battery pack undervoltage",
        "3011",
        battery.serial,
    )
    assert (alarm.level, alarm.type) == (AlarmLevel.MAJOR, AlarmType.EXCEPTION)
    assert alarm.cause == "Voltage below threshold"
    assert alarm.advice == "1. Charge the battery.\n2. Contact the installer."
    assert alarm.raised_at == raised
    assert await open_alarms(rig) == (alarm,)
    rig.cloud.clear_alarms(battery)
    assert await open_alarms(rig) == ()


async def test_awkward_alarms(rig: Rig) -> None:
    """Solved ones are left out, nameless ones go by their number; unknown levels, kinds and devices are unknown."""
    battery = rig.cloud.first(HOME_BATTERY)
    rig.cloud.raise_alarm(battery, "Solved")["status"] = 6
    rig.cloud.raise_alarm(battery, "").update(causeId=2)
    strange = rig.cloud.raise_alarm(rig.cloud.first(POWER_SENSOR), "Strange", 9)
    strange |= {"alarmType": 77, "esnCode": "X0ALIEN", "raiseTime": "soon"}
    strange = rig.cloud.raise_alarm(battery, "Nothing known")
    strange |= {"alarmType": None, "lev": None, "esnCode": None, "alarmId": None}
    del strange["causeId"]
    for alarm in rig.cloud.plant.alarms:
        alarm.setdefault("raiseTime", 0)
    rig.cloud.plant.alarms[2]["raiseTime"] = int(rig.cloud.now() * 1000)
    await rig.poll()
    alarms = (await rig.next_poll()).alarms[PLANT]
    assert {(a.name, a.code, a.level, a.type, a.device_id) for a in alarms} == {
        ("3011", "3011", AlarmLevel.MAJOR, AlarmType.EXCEPTION, battery.serial),
        ("Strange", "3011", None, None, None),
        ("Nothing known", None, None, None, None),
    }


async def test_rows_that_come_twice_and_in_any_order_are_one_alarm_each(
    rig: Rig,
) -> None:
    """What is open does not change because a list is mixed up."""
    rig.cloud.turn(alarm_troubles=frozenset({"twice", "shuffled"}))
    battery = rig.cloud.first(HOME_BATTERY)
    for number in range(3):
        rig.cloud.raise_alarm(battery, f"Alarm {number}").update(causeId=number)
    await rig.poll()
    alarms = (await rig.next_poll()).alarms[PLANT]
    assert len(alarms) == 3
    assert await open_alarms(rig) == alarms


@pytest.mark.parametrize(
    ("language", "asked", "advice"),
    [
        ("de", "de_DE", "1. Lade die Batterie.\n2. Wende dich an den Installateur."),
        ("nb", "en_US", "1. Charge the battery.\n2. Contact the installer."),
    ],
)
async def test_the_advice_is_in_the_users_language(
    rig: Rig, language: str, asked: str, advice: str
) -> None:
    """Where the cloud speaks it."""
    rig.client.speak(language)
    rig.cloud.raise_alarm(rig.cloud.first(HOME_BATTERY), "Battery pack undervoltage")
    await rig.poll()
    (alarm,) = (await rig.next_poll()).alarms[PLANT]
    assert alarm.advice == advice
    assert rig.cloud.calls.of("getAlarmList")[0].params["language"] == asked


async def test_an_older_host_that_does_not_know_the_language_is_asked_in_english(
    rig: Rig,
) -> None:
    """20025 once, and never again; a newer host answers in it."""
    rig.client.speak("cs")
    rig.cloud.raise_alarm(rig.cloud.first(HOME_BATTERY), "Battery pack undervoltage")
    await rig.poll()
    assert not (await rig.next_poll()).alarms
    assert len(await open_alarms(rig)) == 1
    rig.restart().speak("cs")
    await rig.lists()
    await open_alarms(rig)
    asked = [each.params["language"] for each in rig.cloud.calls.of("getAlarmList")]
    assert asked == ["cs_CZ", "en_US", "en_US"]
    rig.client.speak("hu")
    rig.cloud.turn(more_languages=True)
    await open_alarms(rig)
    assert rig.cloud.calls.of("getAlarmList")[-1].params["language"] == "hu_HU"


async def test_an_alarm_older_than_a_call_reaches_stays_open_until_it_is_over(
    rig: Rig,
) -> None:
    """One turn in four is about an earlier time; what lies outside what was asked is not over."""
    battery = rig.cloud.first(HOME_BATTERY)
    rig.cloud.raise_alarm(battery, "Battery pack undervoltage")
    await rig.poll()
    (alarm,) = (await rig.next_poll()).alarms[PLANT]
    for days in (20, 20, 25):
        rig.tick(days * DAY)
        for _ in range(4):
            assert await open_alarms(rig) == (alarm,)
    rig.restart()
    await rig.lists()
    assert await open_alarms(rig) == (alarm,)
    rig.cloud.clear_alarms(battery)
    left = [len(await open_alarms(rig)) for _ in range(12)]
    assert (left[0], left[-1]) == (1, 0)
    begun = [
        round((call.params["endTime"] - call.params["beginTime"]) / 1000 / DAY)
        for call in rig.cloud.calls.of("getAlarmList")
    ]
    assert set(begun) == {30}
    assert rig.cloud.violations == {}


async def test_a_hollow_answer_is_not_the_end_of_an_alarm(rig: Rig) -> None:
    """Null instead of a list is believed the third time."""
    rig.cloud.raise_alarm(rig.cloud.first(HOME_BATTERY), "Battery pack undervoltage")
    await rig.poll()
    await rig.next_poll()
    rig.cloud.turn(alarm_troubles=frozenset({"hollow"}))
    assert len(await open_alarms(rig)) == 1
    assert len(await open_alarms(rig)) == 1
    assert len(await open_alarms(rig)) == 0


async def test_a_restart_knows_what_was_open(rig: Rig) -> None:
    """The window forbids to ask again for half an hour."""
    rig.cloud.raise_alarm(rig.cloud.first(HOME_BATTERY), "Battery pack undervoltage")
    await rig.poll()
    alarms = (await rig.next_poll()).alarms
    rig.restart()
    await rig.lists()
    assert (await rig.poll()).alarms == alarms


def test_the_vendor_keeps_no_alarms_that_are_over(rig: Rig) -> None:
    """An interface for them is mentioned by one source only, and not used."""
    assert not isinstance(rig.client, SupportsPastAlarms)
