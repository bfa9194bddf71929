"""Settings of a hybrid inverter as the live one answers: its own steps, failures that hold, words that are late (sungrow.md §4.10, §9.3)."""

from datetime import time
import json

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    Control,
    Outcome,
    Period,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.control_state import SECTION
from custom_components.solar_cloud.cloud.errors import CommandRejected
from custom_components.solar_cloud.cloud.storage import Json
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import BATTERY
from tests.helpers.clock import StillClock

from .conftest import Connect
from .control import STOPPED, House, answered

CONFIRMED = Outcome.CONFIRMED
POWER = Control.BATTERY_COMMAND_POWER


@pytest.fixture
async def house(server: SungrowCloud, connect: Connect, clock: StillClock) -> House:
    """The plant that was recorded, read once."""
    server.load("home-recorded")
    account = connect()
    house = House(server, account, clock, lambda: connect(storage=account.storage))
    await house.start()
    return house


def powers_sent(house: House, code: str = "10005") -> list[str]:
    """Return the powers that were sent."""
    return [sent[code] for sent in house.sent() if code in sent]


# What a step is


@pytest.mark.parametrize(("step", "sent"), [(10, ["300"]), (1, ["300", "3000"])])
async def test_a_power_is_3_kw_whatever_a_step_is(
    house: House, step: int, sent: list[str]
) -> None:
    """The first number is the wish or a tenth of it, never ten times as much; what is learnt outlives a restart."""
    house.server.turn(watts_per_step=step)
    action = ChargeBattery(device_id=house.id, power=3000, duration=3600)
    assert (await house.ask(action)).outcome is CONFIRMED
    assert powers_sent(house) == sent
    assert house.told.watts("10005") == 3000
    house.restart()
    house.clock.advance(60)
    assert (await house.tell(POWER, 10_000.0)).outcome is CONFIRMED
    assert powers_sent(house)[len(sent) :] == [str(10_000 // step)]
    assert house.told.watts("10005") == 10_000
    assert not house.told.overdriven


@pytest.mark.parametrize("step", [1, 10])
@pytest.mark.parametrize("watts", [0.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0])
@pytest.mark.parametrize("before", [0.0, 0.1, 0.3, 1.0, 3.0])
async def test_no_first_limit_exceeds_the_rating(
    house: House, step: int, watts: float, before: float
) -> None:
    """What was there before proves nothing about the step: then another number is sent first."""
    house.server.turn(watts_per_step=step)
    house.told.store["10013"] = round(before * 1000 / step)
    house.clock.advance(4000)
    await house.read()
    assert (await house.tell(Control.EXPORT_LIMIT, watts)).outcome is CONFIRMED
    assert house.told.watts("10013") == watts
    assert not house.told.overdriven
    assert all(int(sent) <= watts for sent in powers_sent(house, "10013"))


async def test_a_step_that_proves_wrong_is_forgotten(house: House) -> None:
    """A new firmware, a replaced device: told as without effect once, then learnt anew."""
    await house.tell(POWER, 3000.0)
    house.server.turn(watts_per_step=1)
    house.clock.advance(60)
    with pytest.raises(CommandRejected, match="no_effect"):
        await house.tell(POWER, 5000.0)
    house.clock.advance(60)
    assert (await house.tell(POWER, 5000.0)).outcome is CONFIRMED
    assert house.told.watts("10005") == 5000


async def test_a_power_that_cannot_be_completed_ends_the_mode(house: House) -> None:
    """The first number was taken, the second is not: the battery is not left charging with a tenth."""
    house.server.turn(watts_per_step=1)
    action = ChargeBattery(device_id=house.id, power=3000, duration=3600)
    result = await house.client.run_action(action)
    while json.loads(result.task or "{}").get("values") != {"10005": 3000.0}:
        house.clock.advance(result.check_after or 0)
        result = await house.client.poll_task(result.task or "")
    house.server.fault("paramSetting", body=answered({"check_result": "0"}))
    with pytest.raises(CommandRejected, match="undone"):
        await house.settled(result)
    assert house.sent()[-1] == STOPPED
    assert house.told.mode == 0


# Failures that hold


async def test_a_value_that_was_set_already_is_no_failure(house: House) -> None:
    """The task ends with a failure, and the device has the value: set in the app meanwhile."""
    house.told.store["10002"] = 200
    result = await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    assert result.outcome is CONFIRMED


async def test_a_charge_ordered_again_goes_on(house: House) -> None:
    """Mode, command and power are what they were, so all three are turned away; the sign of life is new."""
    action = ChargeBattery(device_id=house.id, power=3000, duration=3600)
    await house.ask(action)
    house.clock.advance(300)
    assert (await house.ask(action)).outcome is CONFIRMED
    assert [sent["10017"] for sent in house.sent()] == ["600", "599"]
    house.clock.advance(500)
    assert house.told.mode == 2


async def test_a_failure_nobody_can_look_into_ends_the_mode(house: House) -> None:
    """Refused, and it does not read back: what may be forced is ended."""
    house.server.turn(refused_codes=frozenset({"10005"}))
    result = await house.client.run_action(
        ChargeBattery(device_id=house.id, power=3000, duration=3600)
    )
    house.server.fault(
        "paramSetting",
        body=answered({"check_result": "6-1"}),
        where={"set_type": 2},
    )
    with pytest.raises(CommandRejected, match="undone"):
        await house.settled(result)
    assert house.told.mode == 0


# More than ten parameters


WINDOWS = (
    Period(time(1), time(5), charge=True, target_soc=80),
    Period(time(13), time(15, 30), charge=True),
)


async def test_half_a_schedule_is_set_back(house: House) -> None:
    """The windows were taken, days and switch were not."""
    before = dict(house.told.store)
    house.server.turn(refused_codes=frozenset({"10065", "10066"}))
    action = SetBatterySchedule(device_id=house.id, periods=WINDOWS)
    with pytest.raises(CommandRejected, match="undone"):
        await house.ask(action)
    assert house.told.store == before
    assert all(len(sent) <= 10 for sent in house.sent())
    assert not any("10065" in sent for sent in house.sent()[:1]), "the switch is last"


@pytest.mark.parametrize("restart", [False, True])
async def test_a_schedule_goes_on_after_a_restart(house: House, restart: bool) -> None:
    """The windows were taken; days and switch are still to be sent."""
    action = SetBatterySchedule(device_id=house.id, periods=WINDOWS)
    result = await house.client.run_action(action)
    while json.loads(result.task or "{}")["rest"]:
        house.clock.advance(result.check_after or 0)
        result = await house.client.poll_task(result.task or "")
    if restart:
        house.restart()
    assert (await house.settled(result)).outcome is CONFIRMED
    assert house.told.store["10065"] == 170
    if not restart:
        assert (await house.ask(action)).outcome is CONFIRMED
        assert len(house.sent()) == 2, "it is so already"


async def test_half_a_schedule_that_cannot_be_set_back_is_told(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """What the windows were was never read."""
    server.load("home-recorded")
    windows = {str(code) for code in range(10067, 10077)}
    server.turn(unsupported=frozenset(windows), unsupported_style="parameter")
    account = connect()
    house = House(server, account, clock, lambda: account)
    await house.start()
    server.turn(refused_codes=frozenset({"10065"}), unsupported=frozenset())
    action = SetBatterySchedule(device_id=house.id, periods=WINDOWS)
    with pytest.raises(CommandRejected, match="half_done"):
        await house.ask(action)


# Told last wins


async def test_a_power_told_last_is_what_a_charge_begins_with(house: House) -> None:
    """Accepted, and not read back yet: still what the user wants."""
    await house.tell(POWER, 4000.0)
    house.clock.advance(60)
    result = await house.client.apply(Command(house.id, POWER, 2000.0))
    assert result.outcome is Outcome.ACCEPTED
    house.restart()
    house.clock.advance(10)
    command = Command(house.id, Control.BATTERY_COMMAND, "charge")
    assert (await house.settled(await house.client.apply(command))).outcome is CONFIRMED
    assert house.told.watts("10005") == 2000


async def test_a_reading_asked_for_before_a_command_does_not_undo_it(
    house: House,
) -> None:
    """The hourly look was under way: what it brings is older than what was told since."""
    house.clock.advance(3600)
    await house.client.settings(house.wanted)
    assert house.reads()
    result = await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    assert result.outcome is CONFIRMED
    settings = await house.client.settings(house.wanted)
    assert settings.values[house.id, Control.BATTERY_MIN_SOC] == 20
    assert (await house.read())[house.id, Control.BATTERY_MIN_SOC] == 20


async def test_a_change_not_read_back_yet_is_not_shown_as_undone(house: House) -> None:
    """After a restart neither: nobody knows better than the last command."""
    result = await house.client.apply(Command(house.id, Control.BATTERY_MIN_SOC, 20.0))
    house.clock.advance(1)
    house.restart()
    settings = await house.client.settings(house.wanted)
    assert (house.id, Control.BATTERY_MIN_SOC) not in settings.values
    assert (await house.settled(result)).outcome is CONFIRMED
    settings = await house.client.settings(house.wanted)
    assert settings.values[house.id, Control.BATTERY_MIN_SOC] == 20


async def test_a_command_that_waits_is_not_sent_after_a_later_one(
    house: House,
) -> None:
    """The device was busy with the first; the second one came in between."""
    house.server.fault(
        "paramSetting", body=answered({"check_result": "9"}), where={"set_type": 0}
    )
    first = await house.client.apply(Command(house.id, Control.BATTERY_MIN_SOC, 30.0))
    house.clock.advance(1)
    await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    house.clock.advance(10)
    with pytest.raises(CommandRejected, match="not_issued"):
        await house.settled(first)
    assert house.told.store["10002"] == 200


# What others left


@pytest.mark.parametrize(
    "task",
    [
        '{"phase": "read", "device": "A", "uuid": "1", "name": "x", "values": {}, "verify": {}}',
        '{"phase": "send", "version": 2}',
        '{"version": 99}',
        "[]",
        "null",
        "x",
    ],
)
async def test_a_task_of_another_version_is_told_as_uncertain(
    house: House, task: str
) -> None:
    """Nobody knows what came of it; nothing is asked, nothing sent."""
    result = await house.client.poll_task(task)
    assert (result.outcome, result.task) == (Outcome.UNCERTAIN, None)
    assert not house.server.calls


async def test_what_an_earlier_version_kept_is_taken_over(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Rights, words and missing codes; its numbers were ten times off and are read again."""
    stored: dict[str, Json] = {
        "barred": None,
        "values": {"10003": "2", "10012": "85", "10001": "100", "10005": "3"},
        "refused": ["10024"],
        "target": 80.0,
        "charges": True,
        "over": False,
        "beats": 3,
    }
    account = connect()
    await account.storage.save("parameters", {"ADEMO0010002": stored})
    house = House(server, connect(storage=account.storage), clock, connect)
    await house.account.poll()
    specs = {spec.control for spec in house.available().specs[house.id]}
    assert specs == {Control.WORK_MODE, Control.EXPORT_LIMIT_ENABLED}
    assert (
        house.available().unavailable_reasons[house.id]["battery_first"]
        == "not_supported"
    )
    await house.start()
    assert house.spec(Control.BATTERY_MAX_SOC) is not None


async def test_a_limit_without_a_unit_is_not_offered(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """100 could be 100 % or 10 %."""
    server.turn(no_unit=frozenset({"10001"}))
    account = connect()
    house = House(server, account, clock, lambda: account)
    await house.start()
    assert house.spec(Control.BATTERY_MAX_SOC) is None
    assert (
        house.available().unavailable_reasons[house.id]["battery_max_soc"]
        == "implausible"
    )
    assert house.spec(Control.BATTERY_MIN_SOC) is not None


async def test_an_end_is_never_refused_for_a_battery_that_is_gone(
    house: House,
) -> None:
    """Whatever came to light since the mode began."""
    await house.ask(ChargeBattery(device_id=house.id, power=3000, duration=3600))
    house.server.first(BATTERY).listed = False
    house.device.values["13140"] = 0.0
    house.clock.advance(300)
    house.account.inventory = await house.account.cloud.inventory()
    await house.account.poll()
    assert StopBattery not in house.available().actions[house.id]
    assert (await house.ask(StopBattery(device_id=house.id))).outcome is CONFIRMED
    assert house.told.mode == 0


async def test_a_limit_that_cannot_be_set_back_does_not_keep_a_mode(
    house: House,
) -> None:
    """The mode ends all the same, and what stays changed is named."""
    stored = house.account.storage.load(SECTION)
    match stored:
        case {"ADEMO0080002": {"known": dict(known)}}:
            known.pop("10002")
    await house.account.storage.save(SECTION, stored)
    house.restart()
    house.server.turn(refused_codes=frozenset({"10001"}))
    action = SetWorkMode(device_id=house.id, mode="forced", min_soc=20, max_soc=90)
    with pytest.raises(CommandRejected, match="half_done"):
        await house.ask(action)
    assert house.told.mode == 0
