"""What can go wrong with a command: nothing is written twice, and how it stands is told truthfully (sungrow.md §9.1, §11.3)."""

import json
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    Control,
    RenewBattery,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CommandRejected,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    SessionConflict,
)
from custom_components.solar_cloud.cloud.quota import ALL
from custom_components.solar_cloud.cloud.storage import Json
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Connect, grant
from .control import (
    ACCEPTED,
    CONFIRMED,
    MIN_SOC,
    STOPPED,
    UNCERTAIN,
    House,
    answered,
    begin,
)

# An answer that got lost


@pytest.mark.parametrize("body", ["disconnect", "html", "truncated", "list", "null"])
@pytest.mark.parametrize("lost", [True, False])
async def test_an_answer_that_got_lost(house: House, body: str, lost: bool) -> None:
    """E30: the records say whether it arrived, then the device; it is not sent again."""
    house.server.fault("paramSetting", body=body, lost=lost, where={"set_type": 0})
    result = await begin(house)
    assert result.outcome is UNCERTAIN
    if lost or body == "truncated":
        assert (await house.settled(result)).outcome is CONFIRMED
        assert house.told.store["10002"] == 200
    else:
        with pytest.raises(CommandRejected, match="not_issued"):
            await house.settled(result)
        assert house.told.store["10002"] == 100
    assert len(house.sent()) == 1
    assert house.server.calls.of("getDeviceSettingRecordList")


@pytest.mark.parametrize("arrived", [True, False])
async def test_no_records_at_all(house: House, arrived: bool) -> None:
    """Then the device itself has to say it."""
    house.server.turn(records_refused=True)
    house.server.fault("paramSetting", body="disconnect", lost=arrived)
    result = await begin(house)
    if arrived:
        assert (await house.settled(result)).outcome is CONFIRMED
    else:
        with pytest.raises(CommandRejected, match="no_effect"):
            await house.settled(result)
    assert len(house.sent()) == 1


async def test_a_lost_task_that_still_runs(house: House) -> None:
    """The records show it at work until it is done, or for ever."""
    house.server.turn(task_seconds=30.0)
    house.server.fault("paramSetting", body="disconnect", lost=True)
    assert (await house.settled(await begin(house))).outcome is CONFIRMED
    house.clock.advance(60)
    house.server.turn(task_seconds=4.0, tasks_hang=True)
    house.server.fault("paramSetting", body="disconnect", lost=True)
    with pytest.raises(CommandRejected, match="device_timeout"):
        await house.settled(await begin(house, 30.0))
    assert len(house.sent()) == 2


async def test_records_that_never_end(house: House) -> None:
    """After two and a half minutes the device is asked."""
    house.server.fault("paramSetting", body="disconnect", lost=True)
    result = await begin(house)
    house.server.fault(
        "getDeviceSettingRecordList",
        body=answered(
            [
                {
                    "taskName": json.loads(result.task)["name"],
                    "paramCode": 10002,
                    "commandStatus": 2,
                }
            ]
        ),
        times=None,
    )
    assert (await house.settled(result)).outcome is CONFIRMED


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"check_result": "1"},
        {"check_result": "1", "dev_result_list": [{"code": "1", "task_id": None}]},
    ],
)
async def test_an_answer_without_a_task(house: House, answer: dict[str, Any]) -> None:
    """A success that names no task is no success."""
    house.server.fault("paramSetting", body=answered(answer), where={"set_type": 0})
    result = await begin(house)
    assert result.outcome is UNCERTAIN
    with pytest.raises(CommandRejected, match="not_issued"):
        await house.settled(result)


# Refusals


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("0", "control_denied"),
        ("5", "device_gone"),
        ("6", "no_remote_control"),
        ("6-1", "parameter_refused"),
        ("12", "firmware_too_old"),
        ("3", "refused_with_code"),
    ],
)
@pytest.mark.parametrize("inner", [True, False])
async def test_a_refused_task_says_why(
    house: House, code: str, key: str, inner: bool
) -> None:
    """E30: the reason may hide one level deeper."""
    row = {"uuid": house.device.uuid, "code": code, "task_id": None}
    result = (
        {"check_result": "1", "dev_result_list": [row]}
        if inner
        else {"check_result": code, "dev_result_list": []}
    )
    house.server.fault("paramSetting", body=answered(result))
    with pytest.raises(CommandRejected, match=key):
        await begin(house)
    assert len(house.sent()) == 1
    assert (await begin(house)).task, "nothing is left of it"


async def test_remote_control_switched_off(house: House) -> None:
    """The plant's or dongle's owner closed the channel."""
    house.server.turn(channel_closed=True)
    with pytest.raises(CommandRejected, match="remote_control_off"):
        await begin(house)


async def test_a_device_offline(house: House) -> None:
    """At once, and when it goes while the task is open."""
    house.server.set_online(False)
    with pytest.raises(CommandRejected, match="device_offline"):
        await begin(house)
    house.server.set_online(True)
    result = await begin(house)
    house.server.set_online(False)
    with pytest.raises(CommandRejected, match="device_timeout"):
        await house.settled(result)
    house.clock.advance(20)
    settings = await house.client.settings(house.wanted)
    assert (house.id, MIN_SOC) not in settings.values, "nobody knows"
    assert settings.silent == {house.id: "device_offline"}
    house.server.set_online(True)
    house.clock.advance(3600)
    assert (await house.read())[house.id, MIN_SOC] == 10


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"code": "E900", "times": 2}, PermissionMissing),
        ({"code": "E918"}, PermissionMissing),
        ({"code": "E999"}, QuotaExhausted),
        ({"code": "010"}, CloudError),
        ({"code": "E996"}, CloudError),
        ({"code": "E00003", "times": 2}, SessionConflict),
        ({"code": "E00000"}, CredentialsRejected),
    ],
)
async def test_what_was_turned_away_was_not_done(
    house: House, fault: dict[str, Any], expected: type[CloudError]
) -> None:
    """Each with its own reason; nothing reached the device."""
    house.server.fault("paramSetting", **fault)
    with pytest.raises(expected) as err:
        await begin(house)
    assert not house.server.tasks.written
    if fault["code"] == "E900":
        assert err.value.placeholders == {"permission": "Grid Control API"}


async def test_no_login_no_command(house: House) -> None:
    """A sign-in that fails is not taken for the command's own failure."""
    house.server.end_sessions()
    house.account.cloud._session.tokens._token = None  # type: ignore[attr-defined]  # noqa: SLF001
    house.server.fault("login", http=500)
    await house.account.storage.save("token", None)
    with pytest.raises(CloudUnreachable):
        await begin(house)
    assert not house.sent()


# Half done


async def test_e68_a_half_done_command_is_set_back(house: House) -> None:
    """E68: one of two limits was refused: the other is what it was before."""
    house.server.turn(refused_codes=frozenset({"10013"}))
    result = await house.client.apply(Command(house.id, Control.EXPORT_LIMIT, 500.0))
    with pytest.raises(CommandRejected, match="undone"):
        await house.settled(result)
    assert house.sent() == [{"10012": "170", "10013": "50"}, {"10012": "85"}]
    assert house.told.store["10012"] == 85
    house.clock.advance(20)
    settings = await house.read()
    assert settings[house.id, Control.EXPORT_LIMIT_ENABLED] is False


async def test_e68_a_half_begun_force_is_ended(house: House) -> None:
    """E68: compulsory mode without its command would do what was left behind."""
    house.server.turn(refused_codes=frozenset({"10005"}))
    result = await house.client.run_action(
        ChargeBattery(device_id=house.id, duration=600)
    )
    with pytest.raises(CommandRejected, match="undone"):
        await house.settled(result)
    assert house.sent()[-1] == STOPPED
    assert house.told.mode == 0
    assert house.told.store["10004"] == 204


async def test_e68_what_cannot_be_set_back_is_named(house: House) -> None:
    """E68: an end is not taken back; and an undoing can fail too, or nobody hears of it."""
    await house.settled(
        await house.client.run_action(ChargeBattery(device_id=house.id, duration=600))
    )
    house.clock.advance(60)
    house.server.turn(refused_codes=frozenset({"10003"}))
    result = await house.client.run_action(StopBattery(device_id=house.id))
    with pytest.raises(CommandRejected, match="half_done done=battery_command"):
        await house.settled(result)
    assert len(house.sent()) == 2
    house.clock.advance(60)
    house.server.turn(refused_codes=frozenset({"10001", "10002"}))
    action = SetWorkMode(device_id=house.id, mode="forced", min_soc=20)
    result = await house.client.run_action(action)
    assert result.task
    for phase in ("write", "read", "reading", "send"):
        assert result.task
        assert f'"phase": "{phase}"' in result.task
        house.clock.advance(9)
        result = await house.client.poll_task(result.task)
    house.server.turn(refused_codes=frozenset({"10003"}))
    with pytest.raises(CommandRejected, match="half_done"):
        await house.settled(result)


async def test_an_undoing_nobody_answers_for(house: House) -> None:
    """It was sent, and nothing more is known: told as half done."""
    house.server.turn(refused_codes=frozenset({"10013"}))
    result = await house.client.apply(Command(house.id, Control.EXPORT_LIMIT, 500.0))
    while '"reason": "undone"' not in (result.task or ""):
        house.clock.advance(result.check_after or 0)
        result = await house.client.poll_task(result.task or "")
    house.server.turn(records_refused=True)
    house.server.fault("paramSetting", body="disconnect")
    with pytest.raises(CommandRejected, match="half_done"):
        await house.settled(result)
    assert len(house.sent()) == 2


async def test_e45_an_ignored_command_is_told(house: House) -> None:
    """E45: the task succeeded and the mode is what it was."""
    house.server.turn(ignored_codes=frozenset({"10003"}))
    result = await house.client.run_action(
        ChargeBattery(device_id=house.id, duration=600)
    )
    with pytest.raises(CommandRejected, match="no_effect"):
        await house.settled(result)
    assert len(house.sent()) == 1
    house.clock.advance(20)
    assert (await house.read())[house.id, Control.WORK_MODE] == "self_consumption"


async def test_e45_half_a_force_is_ended(house: House) -> None:
    """E45: the mode was taken, the command was not."""
    house.server.turn(ignored_codes=frozenset({"10004"}))
    result = await house.client.run_action(
        ChargeBattery(device_id=house.id, duration=600)
    )
    with pytest.raises(CommandRejected, match="no_effect"):
        await house.settled(result)
    assert house.sent()[1:] == [STOPPED]
    assert house.told.mode == 0


# A device that is busy


async def test_a_busy_device_is_asked_again(house: House) -> None:
    """It refused at the door: three tries, then the user hears of it."""
    house.clock.advance(3600)
    await house.client.settings(house.wanted)  # a read-back is open
    result = await begin(house)
    assert result.outcome is ACCEPTED
    assert result.check_after == 9
    assert (await house.settled(result)).outcome is CONFIRMED
    assert len(house.sent()) == 3
    assert len(house.server.tasks.written) == 1
    house.clock.advance(3600)
    await house.read()
    house.clock.advance(3600)
    house.server.turn(task_seconds=100.0)
    await house.client.settings(house.wanted)
    with pytest.raises(CommandRejected, match="device_busy"):
        await house.settled(await begin(house, 30.0))
    assert len(house.server.tasks.written) == 1


async def test_two_commands_at_once(house: House) -> None:
    """Each is judged by what no later one has changed."""
    charge = await house.client.run_action(
        ChargeBattery(device_id=house.id, duration=600)
    )
    house.clock.advance(6)
    charge = await house.client.poll_task(charge.task or "")
    assert charge.task
    house.clock.advance(10)
    stop = await house.client.run_action(StopBattery(device_id=house.id))
    assert (await house.settled(stop)).outcome is CONFIRMED
    house.clock.advance(10)
    assert (await house.settled(charge)).outcome is CONFIRMED, "its power alone is left"
    assert [sent.get("10003") for sent in house.sent()] == ["2", "0"]


async def test_the_same_twice_at_once(house: House) -> None:
    """The first one has nothing left to be judged by: the device had said yes."""
    first = await begin(house, 20.0)
    house.clock.advance(6)
    first = await house.client.poll_task(first.task)
    house.clock.advance(10)
    second = await begin(house, 30.0)
    assert (await house.settled(second)).outcome is CONFIRMED
    assert await house.client.poll_task(first.task or "") == type(first)(
        outcome=CONFIRMED
    )
    assert len(house.sent()) == 2


# Tokens, restarts, limits


async def test_consent_works_too(
    server: SungrowCloud, transport: Any, connect: Connect, clock: StillClock
) -> None:
    """The other edition: same tasks, other address."""
    account = await grant(server, transport, connect)
    house = House(server, account, clock, lambda: account)
    await house.start()
    assert (await house.tell(MIN_SOC, 20.0)).outcome is CONFIRMED
    assert house.server.settings_sent[0].path.startswith("/openapi/platform/")


@pytest.mark.parametrize("after", range(5))
async def test_a_restart_in_between(house: House, after: int) -> None:
    """A task is good after a restart, in each of its phases."""
    result = await house.client.run_action(
        ChargeBattery(device_id=house.id, duration=600)
    )
    for _ in range(after):
        assert result.task
        house.clock.advance(result.check_after or 0)
        result = await house.client.poll_task(result.task)
    house.restart()
    assert (await house.settled(result)).outcome is CONFIRMED
    assert len(house.sent()) == 1
    assert (await house.read())[house.id, Control.WORK_MODE] == "forced"


async def test_commands_have_a_reserve(house: House) -> None:
    """Polling used its share up; a command and its outcome still go."""
    while house.account.quota.wait("data") == 0:
        house.account.quota.acquire("data")
    with pytest.raises(QuotaExhausted):
        await house.account.cloud.inventory()
    assert (await house.settled(await begin(house))).outcome is CONFIRMED
    while house.account.quota.wait("control", command=True) == 0:
        house.account.quota.acquire("control", command=True)
    with pytest.raises(QuotaExhausted):
        await begin(house, 30.0)
    assert len(house.sent()) == 1
    assert house.account.quota.wait(ALL) > 0


async def test_a_limit_reached_while_a_command_runs(house: House) -> None:
    """Its outcome is asked for later: that says nothing about the command."""
    result = await begin(house)
    house.server.fault("getParamSettingTask", code="E999")
    with pytest.raises(QuotaExhausted):
        await house.settled(result)
    house.clock.advance(3700)
    assert (await house.settled(result)).outcome is CONFIRMED
    assert len(house.sent()) == 1


async def test_records_that_cannot_be_asked_now(house: House) -> None:
    """Asked again later."""
    house.server.fault("paramSetting", body="disconnect", lost=True)
    result = await begin(house)
    house.server.fault("getDeviceSettingRecordList", http=502)
    with pytest.raises(CloudUnreachable):
        await house.settled(result)
    assert (await house.settled(result)).outcome is CONFIRMED


async def test_a_sign_of_life_that_got_lost(house: House) -> None:
    """The next one is on its way; a refused one is told."""
    await house.settled(
        await house.client.run_action(ChargeBattery(device_id=house.id, duration=6000))
    )
    house.clock.advance(360)
    house.server.fault("paramSetting", body="disconnect")
    result = await house.client.run_action(RenewBattery(device_id=house.id))
    assert result.outcome is UNCERTAIN
    house.server.set_online(False)
    with pytest.raises(CommandRejected, match="device_offline"):
        await house.client.run_action(RenewBattery(device_id=house.id))


async def test_a_damaged_memory_is_no_trouble(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """What an earlier run left is read leniently."""
    broken: dict[str, Json] = {"barred": 5, "values": 3, "refused": "", "target": "x"}
    damaged: list[Json] = [[], {"X": 1, "ADEMO0010002": broken}]
    for stored in damaged:
        account = connect()
        await account.storage.save("parameters", stored)
        house = House(server, connect(storage=account.storage), clock, connect)
        await house.start()
        assert house.spec(MIN_SOC) is not None
        clock.advance(60)
