"""From a command to the request, the changed world and what the next upload says (solax.md §8, §9.6, §9.7)."""

from datetime import time
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    CommandResult,
    Control,
    DischargeBattery,
    Outcome,
    Period,
    RenewBattery,
    ReserveCharging,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    CommandInvalid,
    CommandRejected,
    PermissionMissing,
    QuotaExhausted,
)
from tests.emulators.solax import Kind

from .conftest import BATTERY, CHARGER, INVERTER, Account
from .control import ask, know, ready, sent, settled, tell

SELF_USE = "batch_set_spontaneity_self_use"


def told_charger(account: Account) -> Any:
    """Return what the world's charger was told."""
    return account.cloud.plant.site.controls.latest.charger("charger")


async def test_a_mode_reaches_the_charger_and_comes_back(account: Account) -> None:
    """Eco with its current, seen in the next upload."""
    account.cloud.plant.site.plug("charger")
    await ready(account)
    result = await tell(account, CHARGER, Control.CHARGER_MODE, "eco")
    assert result.outcome is Outcome.CONFIRMED
    assert sent(account) == {
        "snList": [CHARGER],
        "businessType": 1,
        "workMode": 2,
        "currentGear": 6,
    }
    assert told_charger(account).mode == "eco"
    await account.poll()
    settings = await account.client.controls.settings(account.wanted)
    assert settings.values[CHARGER, Control.CHARGER_MODE] == "eco"
    assert settings.values[CHARGER, Control.ECO_CURRENT] == "6"
    assert settings.values[CHARGER, Control.CHARGING] is True


@pytest.mark.parametrize(
    ("control", "value", "path", "fields"),
    [
        (
            Control.CHARGE_CURRENT_LIMIT,
            10.0,
            "set_evc_current_limit",
            {"currentLimit": 10},
        ),
        (Control.CHARGER_START_MODE, "app", "set_evc_start_mode", {"startMode": 2}),
        (Control.CHARGER_SCENE, "home", "set_charge_scene", {"chargerScene": 0}),
        (Control.CHARGER_MODE, "stop", "set_evc_work_mode", {"workMode": 0}),
        (Control.CHARGING, False, "set_evc_charge_command", {"workCmd": 3}),
        (Control.CHARGER_UNLOCK, None, "set_evc_charge_command", {"workCmd": 1}),
    ],
)
async def test_what_a_charger_is_sent(
    account: Account,
    control: Control,
    value: SettingValue | None,
    path: str,
    fields: dict[str, Any],
) -> None:
    """One request each, accepted by the device."""
    account.cloud.plant.site.plug("charger")
    await ready(account)
    result = await tell(account, CHARGER, control, value)
    assert result.outcome is Outcome.CONFIRMED
    (call,) = account.cloud.commands()
    assert call.path.endswith(path)
    assert dict(call.params) == {"snList": [CHARGER], "businessType": 1, **fields}
    assert account.cloud.command_queue.carried_out == [(path, CHARGER)]


async def test_a_limit_changes_the_charging_power(account: Account) -> None:
    """The next upload shows it."""
    account.cloud.plant.site.plug("charger")
    await ready(account)
    before = (await account.values(CHARGER))["charger_power"]
    await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    await account.poll()
    after = (await account.values(CHARGER))["charger_power"]
    assert before > 10000
    assert 5000 < after < 6000


async def test_start_and_stop_spare_the_contactor(account: Account) -> None:
    """A minute lies between them; no car, no start; no lock with a car."""
    site = account.cloud.plant.site
    site.plug("charger")
    await ready(account)
    await tell(account, CHARGER, Control.CHARGING, value=False)
    with pytest.raises(CommandInvalid, match="too_soon"):
        await tell(account, CHARGER, Control.CHARGING, value=True)
    with pytest.raises(CommandInvalid, match="vehicle_connected"):
        await tell(account, CHARGER, Control.CHARGER_LOCK)
    await account.poll()
    assert (await account.values(CHARGER))["operating_state"] == "finished"
    await tell(account, CHARGER, Control.CHARGING, value=True)
    assert (await account.values(CHARGER))["operating_state"] == "charging"
    site.unplug("charger")
    await account.poll()
    with pytest.raises(CommandInvalid, match="no_vehicle"):
        await tell(account, CHARGER, Control.CHARGING, value=True)
    await tell(account, CHARGER, Control.CHARGER_LOCK)
    assert (await account.values(CHARGER))["operating_state"] == "out_of_service"
    await tell(account, CHARGER, Control.CHARGER_UNLOCK)
    assert (await account.values(CHARGER))["operating_state"] == "available"
    assert len(account.cloud.commands()) == 4


async def test_a_gear_waits_for_its_mode(account: Account) -> None:
    """Outside its mode nothing is sent; it goes along with the mode."""
    await ready(account)
    kept = await tell(account, CHARGER, Control.ECO_CURRENT, "16")
    assert kept == CommandResult(outcome=Outcome.KEPT)
    assert not account.cloud.commands()
    await tell(account, CHARGER, Control.CHARGER_MODE, "eco")
    assert sent(account)["currentGear"] == 16
    await account.poll()
    await tell(account, CHARGER, Control.ECO_CURRENT, "10")
    assert sent(account) | {"workMode": 2, "currentGear": 10} == sent(account)


@pytest.mark.parametrize("field", ["current", "currentGear"])
async def test_e49_the_other_field_name_is_tried_once_and_remembered(
    account: Account, field: str
) -> None:
    """E49: firmwares disagree about the name of the gear's field."""
    account.cloud.turn(gear_field=field)
    await ready(account)
    await tell(account, CHARGER, Control.CHARGER_MODE, "green")
    assert sent(account)[field] == 3
    tries = len(account.cloud.commands())
    account.restart()
    await ready(account)
    await tell(account, CHARGER, Control.CHARGER_MODE, "eco")
    assert len(account.cloud.commands()) == tries + 1
    assert sent(account)[field] == 6
    assert len(account.cloud.commands(refused=False)) == 2


async def test_a_reservation(account: Account) -> None:
    """A period over midnight, within the charger's class."""
    await ready(account)
    action = ReserveCharging(
        device_id=CHARGER, start=time(23, 30), end=time(5), current=12
    )
    assert (await ask(account, action)).outcome is Outcome.CONFIRMED
    assert account.cloud.told(Kind.CHARGER).reservation == {
        "chargeStartTime": "23:30",
        "chargeEndTime": "05:00",
        "chargeCurrent": 12,
    }
    with pytest.raises(CommandInvalid, match="out_of_range"):
        await ask(
            account,
            ReserveCharging(device_id=CHARGER, start=time(1), end=time(2), current=20),
        )
    with pytest.raises(CommandInvalid, match="period_empty"):
        await ask(
            account,
            ReserveCharging(device_id=CHARGER, start=time(1), end=time(1), current=8),
        )


async def test_a_work_mode_is_sent_whole(account: Account) -> None:
    """What a call leaves out may be reset, so that everything goes along."""
    await ready(account)
    await know(account)
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 30.0)
    assert account.cloud.commands()[-1].path.endswith(SELF_USE)
    whole = {
        "snList": [INVERTER],
        "businessType": 1,
        "minSoc": 30,
        "chargeUpperSoc": 100,
        "chargeFromGridEnable": 0,
        "chargeStartTimePeriod1": "00:00",
        "chargeEndTimePeriod1": "00:00",
        "chargeStartTimePeriod2": "00:00",
        "chargeEndTimePeriod2": "00:00",
        "dischargeStartTimePeriod1": "00:00",
        "dischargeEndTimePeriod1": "23:59",
        "dischargeStartTimePeriod2": "00:00",
        "dischargeEndTimePeriod2": "00:00",
        "enableTimePeriod2": 0,
    }
    assert sent(account) == whole
    assert account.cloud.plant.site.controls.latest.min_soc == 0.3
    await tell(account, INVERTER, Control.BATTERY_MAX_SOC, 90.0)
    await tell(account, INVERTER, Control.GRID_CHARGING, value=True)
    await tell(account, INVERTER, Control.WORK_MODE, "backup")
    assert account.cloud.commands()[-1].path.endswith("batch_set_peace_mode")
    assert sent(account) == whole | {"chargeUpperSoc": 90, "chargeFromGridEnable": 1}
    await account.poll()
    settings = (await account.client.controls.settings(account.wanted)).values
    assert settings[INVERTER, Control.WORK_MODE] == "backup"
    assert settings[INVERTER, Control.BATTERY_MIN_SOC] == 30.0
    await ask(
        account, SetWorkMode(device_id=INVERTER, mode="feed_in_priority", min_soc=20)
    )
    assert "chargeFromGridEnable" not in sent(account)
    assert (await account.values(INVERTER))["operating_state"] == "feed_in_priority"


async def test_the_limits_of_a_work_mode(account: Account) -> None:
    """What makes no sense is not sent."""
    await ready(account)
    await know(account)
    await tell(account, INVERTER, Control.BATTERY_MAX_SOC, 50.0)
    for wish in (60.0, 50.0):
        with pytest.raises(CommandInvalid, match="soc_limits_crossed"):
            await tell(account, INVERTER, Control.BATTERY_MIN_SOC, wish)
    for action in (
        SetWorkMode(device_id=INVERTER, mode="manual"),
        SetWorkMode(device_id=INVERTER, mode="backup", min_soc=5),
        RenewBattery(device_id=INVERTER),
        StopBattery(device_id="gone"),
    ):
        with pytest.raises(CommandInvalid):
            await ask(account, action)
    assert len(account.cloud.commands()) == 2


async def test_a_schedule_charges_at_night(account: Account) -> None:
    """The world follows the periods, in the plant's time."""
    await ready(account)
    await know(account)
    charge = Period(time(13), time(14), charge=True, target_soc=95)
    action = SetBatterySchedule(device_id=INVERTER, periods=(charge,))
    assert (await ask(account, action)).outcome is Outcome.CONFIRMED
    assert sent(account)["chargeUpperSoc"] == 95
    assert sent(account)["chargeFromGridEnable"] == 1
    account.cloud.plant.site.set_soc(0.2)
    account.cloud.plant.site.override_load(6000)
    await account.poll(3600)
    assert (await account.values(BATTERY))["battery_power"] < -4000
    await account.poll(3600)
    assert (await account.values(BATTERY))["battery_power"] > -4000
    two = Period(time(1), time(2), charge=False)
    await ask(account, SetBatterySchedule(device_id=INVERTER, periods=(two, two)))
    assert sent(account)["enableTimePeriod2"] == 1
    refused = (
        (charge, Period(time(5), time(6), charge=True, target_soc=80)),
        (Period(time(1), time(2), charge=True, days=frozenset({1})),),
        (two, two, two),
        (Period(time(1), time(1), charge=True),),
    )
    for periods in refused:
        with pytest.raises(CommandInvalid):
            await ask(account, SetBatterySchedule(device_id=INVERTER, periods=periods))


async def test_a_forced_discharge_ends_by_itself(account: Account) -> None:
    """Push power: positive discharges, and the inverter keeps the time."""
    await ready(account)
    result = await account.client.controls.run_action(
        DischargeBattery(device_id=INVERTER, power=3000, duration=1800)
    )
    assert result.force is not None
    assert result.force.ends_by_itself
    assert (await settled(account, result)).outcome is Outcome.CONFIRMED
    assert sent(account)["batteryPower"] == 3000
    assert (await account.values(INVERTER))["operating_state"] == "push_power"
    assert (await account.values(BATTERY, 0.0))["battery_power"] == pytest.approx(
        3000, rel=0.01
    )
    settings = (await account.client.controls.settings(account.wanted)).values
    assert settings[INVERTER, Control.WORK_MODE] == "self_consumption"
    await account.poll(1800)
    assert (await account.values(INVERTER))["operating_state"] == "self_consumption"


async def test_a_charge_to_a_target(account: Account) -> None:
    """SOC target: positive charges; somebody must end it when the time is over."""
    account.cloud.plant.site.set_soc(0.4)
    await ready(account)
    action = ChargeBattery(device_id=INVERTER, power=4000, duration=7200, target_soc=50)
    result = await account.client.controls.run_action(action)
    assert result.force is not None
    assert not result.force.ends_by_itself
    assert (await settled(account, result)).outcome is Outcome.CONFIRMED
    assert sent(account) == {
        "snList": [INVERTER],
        "businessType": 1,
        "targetSoc": 50,
        "chargeDischargPower": 4000,
    }
    await account.poll(3600)
    assert (await account.values(BATTERY))["battery_soc"] >= 50
    assert (await account.values(INVERTER, 0.0))[
        "operating_state"
    ] == "self_consumption"
    with pytest.raises(CommandInvalid, match="target_reached"):
        await ask(account, action)


async def test_the_limits_of_force(account: Account) -> None:
    """Never above the rating, never without an end."""
    account.cloud.plant.site.set_soc(0.5)
    account.clock.advance(300)
    await ready(account)
    for action in (
        ChargeBattery(device_id=INVERTER, power=10001, duration=60),
        ChargeBattery(device_id=INVERTER, power=0, duration=60),
        ChargeBattery(device_id=INVERTER, duration=60001),
        DischargeBattery(device_id=INVERTER, duration=600, target_soc=99),
    ):
        with pytest.raises(CommandInvalid):
            await ask(account, action)
    assert not account.cloud.commands()


async def test_e45_a_force_without_effect_is_told(account: Account) -> None:
    """E45: accepted, and nothing happens."""
    account.cloud.turn(remote_without_effect=True)
    await ready(account)
    with pytest.raises(CommandRejected, match="no_effect"):
        await ask(account, ChargeBattery(device_id=INVERTER, duration=600))
    assert len(account.cloud.commands()) == 1


async def test_a_force_nobody_saw_is_not_called_done(account: Account) -> None:
    """The device went silent right after it had accepted."""
    await ready(account)
    result = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=3600)
    )
    account.clock.advance(4)
    assert result.task
    result = await account.client.controls.poll_task(result.task)
    account.cloud.set_online(False)
    result = await settled(account, result)
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("sticks", [False, True])
async def test_leaving_a_remote_mode(account: Account, sticks: bool) -> None:
    """At once, or with the nudge some inverters need."""
    account.cloud.turn(remote_sticks=sticks)
    await ready(account)
    await ask(account, ChargeBattery(device_id=INVERTER, duration=3600))
    assert (
        await ask(account, StopBattery(device_id=INVERTER))
    ).outcome is Outcome.CONFIRMED
    assert len(account.cloud.commands()) == (4 if sticks else 2)
    assert (await account.values(INVERTER))["operating_state"] == "self_consumption"
    result = await tell(account, INVERTER, Control.EXIT_REMOTE_CONTROL)
    assert result.outcome is Outcome.CONFIRMED


async def test_limits_and_heating(account: Account) -> None:
    """Where the model takes them: in kilowatts, within the rating, and nobody else's limit is lifted."""
    account.cloud.change_device(INVERTER, {"model": 33})
    await ready(account)
    specs = account.client.controls.available(account.wanted).specs[INVERTER]
    (limit,) = (spec for spec in specs if spec.control is Control.EXPORT_LIMIT)
    assert limit.maximum == 10000
    with pytest.raises(CommandInvalid, match="limit_unknown"):
        await tell(account, INVERTER, Control.EXPORT_LIMIT_ENABLED, value=False)
    await tell(account, INVERTER, Control.EXPORT_LIMIT, 1250.0)
    assert sent(account) == {
        "snList": [INVERTER],
        "businessType": 1,
        "deviceType": 1,
        "isEnable": 1,
        "limitValue": 1.25,
    }
    assert account.cloud.plant.site.controls.latest.export_limit_w == 1250
    await tell(account, INVERTER, Control.EXPORT_LIMIT_ENABLED, value=False)
    controls = account.cloud.plant.site.controls.latest
    assert controls.export_limit_w is None
    await tell(account, INVERTER, Control.BATTERY_HEATING, value=True)
    assert account.cloud.device(INVERTER).facts.get("heating")
    await tell(account, INVERTER, Control.BATTERY_HEATING, value=False)
    assert account.cloud.device(INVERTER).facts.get("heating") is False


# Refusals and faults


@pytest.mark.parametrize(
    ("outcome", "key"),
    [(2, "not_issued"), (5, "device_refused"), (6, "device_timeout")],
)
async def test_a_refusal_has_a_reason(account: Account, outcome: int, key: str) -> None:
    """Nothing is kept of it and nothing is repeated."""
    await ready(account)
    await know(account)
    account.cloud.turn(command_outcome=outcome)
    with pytest.raises(CommandRejected, match=key):
        await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 30.0)
    settings = (await account.client.controls.settings(account.wanted)).values
    assert settings[INVERTER, Control.BATTERY_MIN_SOC] == 10
    assert len(account.cloud.commands()) == 2


async def test_an_offline_device(account: Account) -> None:
    """Is named at once."""
    await ready(account)
    account.cloud.set_online(False, CHARGER)
    with pytest.raises(CommandRejected, match="device_offline"):
        await account.client.controls.apply(
            Command(CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
        )


async def test_a_device_that_never_answers(account: Account) -> None:
    """The platform gives up, and so do we: not confirmed."""
    account.cloud.turn(command_outcome=0)
    await ready(account)
    with pytest.raises(CommandRejected, match="device_timeout"):
        await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)


async def test_an_outcome_that_is_never_told(account: Account) -> None:
    """Accepted, and doubted until it is told again, over a restart too."""
    limit = (CHARGER, Control.CHARGE_CURRENT_LIMIT)
    await ready(account)
    await tell(account, *limit, 10.0)
    assert (await account.client.controls.settings(account.wanted)).values[
        limit
    ] == 10.0
    result = await account.client.controls.apply(Command(*limit, 8.0))
    account.cloud.command_queue._batches.clear()  # noqa: SLF001
    assert (await settled(account, result)).outcome is Outcome.ACCEPTED
    assert limit not in (await account.client.controls.settings(account.wanted)).values
    account.client = account.restart()
    await ready(account)
    assert limit not in (await account.client.controls.settings(account.wanted)).values
    await tell(account, *limit, 9.0)
    assert (await account.client.controls.settings(account.wanted)).values[limit] == 9.0


@pytest.mark.parametrize(
    "junk",
    [
        {"told": {CHARGER: 1}, "doubted": {CHARGER: 1}},
        {"told": {CHARGER: {"charge_current_limit": []}}, "doubted": {CHARGER: [1]}},
        {"told": 1, "since": [], "sent": 1},
        {"told": {CHARGER: {}}, "since": {CHARGER: {"x": "x"}}, "sent": {CHARGER: 1}},
        {"told": {}, "sent": {CHARGER: [{"mark": 1}, "x"]}},
    ],
)
async def test_a_damaged_memory_tells_nothing(account: Account, junk: Any) -> None:
    """What is kept on disk may be anything."""
    await account.storage.save("solax_told", junk)
    account.client = account.restart()
    await ready(account)
    values = (await account.client.controls.settings(account.wanted)).values
    assert (CHARGER, Control.CHARGE_CURRENT_LIMIT) not in values


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"code": 10001}, CommandRejected),
        ({"code": 11500}, CommandRejected),
        ({"code": 10200}, CommandRejected),
        ({"code": 10200, "message": "PARAM_ERROR: x"}, CommandRejected),
        ({"code": 10505}, CommandRejected),
        ({"code": 10403}, PermissionMissing),
        ({"code": 10406}, QuotaExhausted),
        ({"code": 10405}, QuotaExhausted),
        ({"http": 403}, CloudError),
    ],
)
async def test_what_is_refused_was_not_done(
    account: Account, fault: dict[str, Any], expected: type[CloudError]
) -> None:
    """Each with its own reason, and sent once."""
    await ready(account)
    account.cloud.fault("set_evc_current_limit", **fault)
    with pytest.raises(expected):
        await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert len(account.cloud.commands()) == 1
    assert not account.cloud.command_queue.carried_out


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "disconnect"},
        {"http": 500},
        {"body": "html"},
        {"body": "truncated"},
        {"body": "list"},
    ],
)
async def test_an_answer_that_got_lost_leaves_it_open(
    account: Account, fault: dict[str, Any]
) -> None:
    """It was carried out, nobody said so, and it is not sent again."""
    await ready(account)
    account.cloud.fault("set_evc_current_limit", lost=True, **fault)
    result = await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert result == CommandResult(outcome=Outcome.UNCERTAIN)
    account.clock.advance(5)
    await account.poll()
    assert told_charger(account).limit_a == 8
    assert account.cloud.command_queue.carried_out == [
        ("set_evc_current_limit", CHARGER)
    ]


@pytest.mark.parametrize("shape", ["list", "serial", "object"])
@pytest.mark.parametrize("code", [0, 10000])
async def test_the_shapes_of_an_outcome(
    account: Account, shape: str, code: int
) -> None:
    """Lists, objects and both success codes were seen."""
    account.cloud.turn(result_shape=shape, result_code=code)
    await ready(account)
    result = await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert result.outcome is Outcome.CONFIRMED


async def test_a_restart_in_between(account: Account) -> None:
    """A task is good after a restart."""
    await ready(account)
    await know(account)
    result = await account.client.controls.apply(
        Command(INVERTER, Control.BATTERY_MIN_SOC, 25.0)
    )
    account.restart()
    await ready(account)
    assert (await settled(account, result)).outcome is Outcome.CONFIRMED
    values = (await account.client.controls.settings(account.wanted)).values
    assert values[INVERTER, Control.BATTERY_MIN_SOC] == 25.0
    assert len(account.cloud.commands()) == 2
