"""Settings when everything goes wrong: one write on the wire, and the truth about it (issue: the fault matrix)."""

from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Control,
    Outcome,
    RenewBattery,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CloudUnreachable,
    CommandInvalid,
    CommandRejected,
    CredentialsRejected,
    QuotaExhausted,
)
from tests.emulators.faults import HTML

from .conftest import Rig
from .controls import (
    apply,
    ask,
    body,
    client,
    pass_time,
    plant,
    ready,
    settled,
    steered,
    tell,
    values,
    writes,
)

LIMIT = "active-power-control/async-task"
LIMIT_STATUS = "active-power-control/task-info"
FORCE = "charge-and-discharge/async-task"


def charge(rig: Rig, **wish: Any) -> ChargeBattery:
    """Ask for an hour of charging."""
    return ChargeBattery(device_id=plant(rig), **{"duration": 3600.0} | wish)


def exception(kind: str) -> str:
    """Return a body without success and failCode."""
    return (
        f'{{"exceptionId":"framwork.remote.{kind}","exceptionType":"ROA","descArgs":'
        'null,"reasonArgs":["tasks"],"detailArgs":["wrong"],"adviceArgs":null}'
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "disconnect"},
        {"http": 502},
        {"body": HTML},
        {"body": "empty"},
        {"body": "truncated"},
        {"body": exception("SystemError"), "http": 500},
        {"code": 30008},
        {"code": 20004},
    ],
    ids=lambda fault: str(fault)[:40],
)
async def test_no_answer_is_no_second_write(owner: Rig, fault: dict[str, Any]) -> None:
    """It was carried out and nobody said so: uncertain, until the plant is asked."""
    await ready(owner)
    owner.cloud.fault(LIMIT, lost=True, **fault)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    assert result.outcome is Outcome.UNCERTAIN
    assert result.task is None
    assert len(writes(owner)) == 1
    await pass_time(owner, 240)
    assert (await values(owner))["export_limit"] == 1500.0


async def test_an_uncertain_forced_mode_is_supervised(owner: Rig) -> None:
    """It may run: its end is kept, and an uncertain stop does not take that away."""
    await ready(owner)
    owner.cloud.fault(FORCE, body="disconnect", lost=True)
    result = await client(owner).run_action(charge(owner, target_soc=90.0))
    assert result.outcome is Outcome.UNCERTAIN
    assert result.force is not None
    assert not result.force.ends_by_itself
    owner.cloud.fault(FORCE, body="disconnect")
    result = await client(owner).run_action(StopBattery(device_id=plant(owner)))
    assert result.outcome is Outcome.UNCERTAIN
    assert result.force is not None
    await pass_time(owner, 300)
    assert steered(owner).forced is not None
    await ask(owner, StopBattery(device_id=plant(owner)))
    assert steered(owner).forced is None
    assert len(writes(owner)) == 3


async def test_nothing_was_sent_when_no_connection_came_about(owner: Rig) -> None:
    """That is an error, and certain."""
    await ready(owner)
    await owner.cloud.stop()
    with pytest.raises(CloudUnreachable):
        await apply(owner, Control.WORK_MODE, "self_consumption")
    with pytest.raises(CloudUnreachable):
        await apply(owner, Control.EXPORT_LIMIT, 1500.0)


async def test_a_consent_withdrawn_while_a_task_runs(owner: Rig) -> None:
    """Says nothing about the command, and much about the account."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.cloud.revoke()
    assert result.task is not None
    with pytest.raises(CredentialsRejected):
        await client(owner).poll_task(result.task)
    assert len(writes(owner)) == 1


@pytest.mark.parametrize("control", [Control.EXPORT_LIMIT, Control.BATTERY_MIN_SOC])
async def test_a_restart_while_a_task_runs(owner: Rig, control: Control) -> None:
    """The handle is good for the next run; meanwhile nobody vouches for the setting."""
    await ready(owner)
    result = await apply(owner, control, 10.0)
    assert str(control) not in await values(owner)
    owner.restart()
    assert str(control) not in await values(owner)
    client(owner).available(owner.inventory)
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    assert (await values(owner))[str(control)] == 10.0
    assert len(writes(owner)) == 1


async def test_a_restart_while_a_forced_mode_runs(owner: Rig) -> None:
    """Followed by the readings of the next run."""
    await ready(owner)
    result = await client(owner).run_action(charge(owner))
    owner.restart()
    client(owner).available(owner.inventory)
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    assert len(writes(owner)) == 1


async def test_407_stays_away_from_the_lane(owner: Rig) -> None:
    """Nothing was carried out, nothing more is sent for an hour; ending a forced mode is another bucket."""
    await ready(owner)
    owner.cloud.fault(LIMIT, code=407)
    for _ in range(2):
        with pytest.raises(QuotaExhausted):
            await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    assert len(writes(owner)) == 1
    result = await client(owner).run_action(StopBattery(device_id=plant(owner)))
    assert result.outcome is Outcome.ACCEPTED
    owner.tick(3700)
    assert (await tell(owner, Control.EXPORT_LIMIT, 1500.0)).outcome is (
        Outcome.CONFIRMED
    )


async def test_the_hundred_of_a_day_are_not_exceeded(owner: Rig) -> None:
    """Ten of them are kept for ending forced modes."""
    await ready(owner)
    done = 0
    while done < 100:
        try:
            await tell(owner, Control.BATTERY_MIN_SOC, 10.0)
        except QuotaExhausted:
            break
        done += 1
    assert 15 <= done <= 45
    used = owner.cloud.owner.control.used(owner.cloud.now())
    assert 80 <= used <= 90
    result = await client(owner).run_action(StopBattery(device_id=plant(owner)))
    assert result.outcome is Outcome.ACCEPTED
    assert "day" not in owner.cloud.violations


async def test_a_plant_known_to_be_offline_is_left_alone(owner: Rig) -> None:
    """A command that waits for a day would come when nobody expects it. Ending a forced mode always goes."""
    await ready(owner)
    owner.cloud.set_online(False)
    await pass_time(owner, 700)
    with pytest.raises(CommandInvalid, match="device_offline"):
        await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    with pytest.raises(CommandInvalid, match="device_offline"):
        await client(owner).run_action(charge(owner))
    assert not writes(owner)
    await client(owner).run_action(StopBattery(device_id=plant(owner)))
    assert len(writes(owner)) == 1


@pytest.mark.slow
async def test_a_plant_that_goes_offline_answers_a_day_later(owner: Rig) -> None:
    """Looked at ever more rarely, and told as it is; the setting is what it was."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.cloud.set_online(False)
    with pytest.raises(CommandRejected, match="device_timeout"):
        await settled(owner, result)
    assert owner.cloud.calls.count(LIMIT_STATUS) < 45
    owner.cloud.set_online(True)
    await pass_time(owner, 400)
    assert (await values(owner))["export_limit_enabled"] is False
    assert len(writes(owner)) == 1


async def test_an_ignored_limit_shows_in_what_is_read_back(owner: Rig) -> None:
    """The device said yes; what it is set to says no."""
    await ready(owner)
    owner.cloud.turn(task_outcome="ignored")
    assert (await tell(owner, Control.EXPORT_LIMIT, 1500.0)).outcome is (
        Outcome.CONFIRMED
    )
    assert "export_limit" not in await values(owner)  # nobody knows yet
    await pass_time(owner, 300)
    assert (await values(owner))["export_limit_enabled"] is False


async def test_e45_an_ignored_forced_mode_is_withdrawn(owner: Rig) -> None:
    """E45: accepted, nothing happens. It must not begin hours later."""
    await ready(owner, load=0.0, light=0.0)
    owner.cloud.turn(task_outcome="ignored")
    with pytest.raises(CommandRejected, match="no_effect"):
        await ask(owner, charge(owner))
    assert [call.params["tasks"][0]["dispatchSwitch"] for call in writes(owner)] == [
        1,
        0,
    ]


async def test_a_battery_that_moves_as_told_is_believed(owner: Rig) -> None:
    """Whether the mode's number shows a forced mode is not documented for every firmware."""
    await ready(owner, 0.2)
    owner.cloud.turn(task_outcome="ignored")
    owner.cloud.plant.site.change(battery_w=-3000.0)
    assert (await ask(owner, charge(owner))).outcome is Outcome.CONFIRMED
    assert len(writes(owner)) == 1


async def test_without_readings_a_forced_mode_stays_unconfirmed(owner: Rig) -> None:
    """Neither confirmed nor withdrawn."""
    await ready(owner)
    owner.cloud.turn(task_outcome="ignored")
    result = await client(owner).run_action(charge(owner))
    assert result.task is not None
    owner.tick(1000)
    result = await client(owner).poll_task(result.task)
    assert result.task is not None
    owner.tick(3000)
    result = await client(owner).poll_task(result.task)
    assert (result.outcome, result.task) == (Outcome.ACCEPTED, None)


async def test_two_changes_of_a_kind_follow_each_other(owner: Rig) -> None:
    """The vendor refuses the second while the first runs (20615): it waits for its turn instead."""
    await ready(owner)
    first = await apply(owner, Control.BATTERY_MIN_SOC, 12.0)
    second = await apply(owner, Control.BATTERY_MAX_SOC, 95.0)
    assert len(writes(owner)) == 1
    assert second.outcome is Outcome.ACCEPTED
    owner.restart()
    client(owner).available(owner.inventory)
    assert (await settled(owner, second)).outcome is Outcome.CONFIRMED
    assert (await settled(owner, first)).outcome is Outcome.CONFIRMED
    assert [call.code for call in writes(owner)] == [0, 0]
    assert steered(owner).parameters["endOfDischargeSoc"] == 12.0
    assert steered(owner).parameters["endOfChargeSoc"] == 95.0


async def test_a_change_that_waited_is_sent_though_the_first_failed(
    owner: Rig,
) -> None:
    """The failure is told to whoever follows the first."""
    await ready(owner)
    owner.cloud.turn(task_outcome="BUSY")
    first = await apply(owner, Control.BATTERY_MIN_SOC, 12.0)
    second = await apply(owner, Control.BATTERY_MIN_SOC, 14.0)
    await pass_time(owner, 200)
    assert steered(owner).parameters["endOfDischargeSoc"] == 10.0
    owner.cloud.turn(task_outcome="done")
    assert (await settled(owner, second)).outcome is Outcome.CONFIRMED
    assert steered(owner).parameters["endOfDischargeSoc"] == 14.0
    with pytest.raises(CommandRejected, match="device_busy"):
        await settled(owner, first)


@pytest.mark.slow
async def test_a_mode_that_waited_builds_on_the_one_before(owner: Rig) -> None:
    """It is completed when it is sent, not when it was asked for."""
    await ready(owner)
    steered(owner).mode = "TOU"
    steered(owner).times = {
        "redundantPVEnergyPriority": "chargePreference",
        "allowedAcChargePower": 1.0,
        "chargingAndDischargingTimeWindow": [
            {
                "startTime": "01:00",
                "endTime": "02:00",
                "chargeOrDischarge": "charge",
                "repeat": [1],
            }
        ],
    }
    first = await apply(owner, Control.SURPLUS_PRIORITY, "feed_in")
    second = await apply(owner, Control.GRID_CHARGE_POWER_LIMIT, 2000.0)
    await settled(owner, first)
    await settled(owner, second)
    assert body(owner)["redundantPVEnergyPriority"] == "fedToGridPreference"
    assert body(owner)["allowedAcChargePower"] == 2.0


@pytest.mark.parametrize(
    ("cause", "key"),
    [
        ("FAILURE", "device_refused"),
        ("TIMEOUT", "device_timeout"),
        ("BUSY", "device_busy"),
        ("INVALID", "value_refused"),
        ("EXCEPTION", "operation_failed"),
    ],
)
async def test_a_failed_task_names_its_cause(owner: Rig, cause: str, key: str) -> None:
    """In our words; nothing is sent again, and the setting is what it was."""
    await ready(owner)
    owner.cloud.turn(task_outcome=cause)
    with pytest.raises(CommandRejected, match=key):
        await tell(owner, Control.EXPORT_LIMIT, 1500.0)
    assert (await values(owner))["export_limit_enabled"] is False
    with pytest.raises(CommandRejected, match=key):
        await ask(owner, charge(owner))
    assert len(writes(owner)) == 2


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"code": 20609}, "several_controllers"),
        ({"code": 20611}, "value_refused"),
        ({"code": 20614}, "device_offline"),
        ({"code": 20615}, "command_running"),
        ({"code": 20613}, "not_issued"),
        ({"code": 20621}, "permission_missing permission=Control APIs"),
        ({"code": 401}, "permission_missing"),
        ({"code": 20999}, "refused_with_code code=20999"),
        ({"code": 2}, "device_refused"),
        ({"code": 2, "message": "20615"}, "command_running"),
        ({"body": exception("Paramerror"), "http": 400}, "value_refused"),
        ({"body": exception("Paramerror")}, "value_refused"),
    ],
    ids=str,
)
async def test_e30_a_refusal_is_final(
    owner: Rig, fault: dict[str, Any], key: str
) -> None:
    """E30: bodies of every kind are read, once."""
    await ready(owner)
    owner.cloud.fault(LIMIT, **fault)
    with pytest.raises(CommandRejected, match=key):
        await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    assert len(writes(owner)) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [(20618, QuotaExhausted), (20200, QuotaExhausted), (20002, CredentialsRejected)],
)
async def test_what_has_nothing_to_do_with_the_command(
    owner: Rig, code: int, error: type[CloudError]
) -> None:
    """The account's and the system's troubles are what they are for queries."""
    await ready(owner)
    owner.cloud.fault(LIMIT, code=code)
    with pytest.raises(error):
        await apply(owner, Control.EXPORT_LIMIT, 1500.0)


@pytest.mark.parametrize(
    "rejected",
    [
        '{"success":true,"failCode":1,"data":{"taskId":"t","result":[{"plantCode":'
        '"NE=33987654","status":"FAIL","message":"INVALID"}]}}',
        '{"success":false,"failCode":2,"data":{"result":[{"plantCode":"NE=33987654",'
        '"status":"FAIL","message":"INVALID"}]}}',
        '{"success":true,"failCode":0,"message":"INVALID","data":null}',
    ],
)
async def test_a_partial_acceptance_is_read_for_our_plant(
    owner: Rig, rejected: str
) -> None:
    """Success on top says nothing about it."""
    await ready(owner)
    owner.cloud.fault(LIMIT, body=rejected)
    with pytest.raises(CommandRejected, match="value_refused"):
        await apply(owner, Control.EXPORT_LIMIT, 1500.0)


async def test_a_forced_mode_may_be_rejected_for_one_plant(owner: Rig) -> None:
    """By another word than the other commands."""
    await ready(owner)
    owner.cloud.fault(
        FORCE,
        body='{"success":true,"failCode":1,"data":{"requestID":5,"result":[{'
        '"plantCode":"NE=33987654","dispatchResult":1,"description":"BUSY"}]}}',
    )
    with pytest.raises(CommandRejected, match="device_busy"):
        await client(owner).run_action(charge(owner))


@pytest.mark.parametrize("code", [20620, 20050])
async def test_a_task_the_vendor_forgot(owner: Rig, code: int) -> None:
    """No more can be learnt but what the plant is set to."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.cloud.fault("task-info", code=code)
    assert result.task is not None
    result = await client(owner).poll_task(result.task)
    assert (result.outcome, result.task) == (Outcome.ACCEPTED, None)
    await pass_time(owner, 200)
    assert (await values(owner))["export_limit"] == 1500.0
    forced = await client(owner).run_action(charge(owner))
    owner.cloud.fault("chargeAndDischargeStatus", code=code)
    assert forced.task is not None
    forced = await client(owner).poll_task(forced.task)
    assert (forced.outcome, forced.task) == (Outcome.ACCEPTED, None)


@pytest.mark.parametrize(
    "fault",
    [
        {"code": 20617},
        {"code": 4711},
        {"http": 502},
        {"body": '{"success":true,"failCode":0,"data":null}'},
        {"body": '{"success":true,"failCode":0,"data":{"dispatchResult":null}}'},
    ],
    ids=str,
)
async def test_a_look_that_shows_nothing_is_repeated_later(
    owner: Rig, fault: dict[str, Any]
) -> None:
    """It says nothing about the command."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.cloud.fault("task-info", **fault)
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    assert len(writes(owner)) == 1


async def test_the_same_value_may_be_told_late(owner: Rig) -> None:
    """By the task instead of the delivery."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.cloud.fault(
        "task-info",
        body='{"success":true,"failCode":0,"data":{"dispatchResult":[{"status":"FAIL",'
        '"message":"configured value is the same as the current value"}]}}',
    )
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED


async def test_a_step_that_cannot_be_sent_now_is_sent_later(owner: Rig) -> None:
    """Nothing of it was on the wire: the next look takes it up."""
    await ready(owner)
    action = SetWorkMode(device_id=plant(owner), mode="self_consumption", min_soc=12.0)
    result = await client(owner).run_action(action)
    assert result.task is not None
    await pass_time(owner, 200)
    owner.cloud.fault("configuration/async-task", code=407)
    with pytest.raises(QuotaExhausted):
        await client(owner).poll_task(result.task)
    owner.tick(3700)
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    assert steered(owner).parameters["endOfDischargeSoc"] == 12.0


async def test_a_second_step_of_a_plant_gone_offline(owner: Rig) -> None:
    """What was done is told."""
    await ready(owner)
    action = SetWorkMode(device_id=plant(owner), mode="self_consumption", min_soc=12.0)
    result = await client(owner).run_action(action)
    await pass_time(owner, 200)
    owner.cloud.set_online(False)
    await pass_time(owner, 700)
    assert result.task is not None
    with pytest.raises(CommandRejected, match="half_done done=work_mode"):
        await client(owner).poll_task(result.task)


async def test_a_mode_is_not_written_over_what_could_not_be_read(owner: Rig) -> None:
    """Better refused than the periods lost."""
    await ready(owner)
    owner.cloud.fault("battery-mode", code=20614)
    with pytest.raises(CommandRejected, match="device_offline"):
        await apply(owner, Control.WORK_MODE, "self_consumption")
    assert not writes(owner)


async def test_an_order_of_another_vendor(owner: Rig) -> None:
    """Is not sent."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match="not_offered"):
        await client(owner).run_action(RenewBattery(device_id=plant(owner)))
