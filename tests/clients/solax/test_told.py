"""What was told last outranks what was measured before, and nothing is overwritten that nobody knows."""

from dataclasses import replace
from datetime import time
import json
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    CommandResult,
    Control,
    ControlAction,
    DischargeBattery,
    Outcome,
    Period,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import CommandInvalid, CommandRejected
from custom_components.solar_cloud.cloud.storage import Json
from tests.emulators.solax import Kind

from .conftest import CHARGER, INVERTER, Account
from .control import ask, know, ready, sent, settled, tell

FEED_IN = "batch_set_on_grid_first"
MODE = (INVERTER, Control.WORK_MODE)


def path(account: Account) -> str:
    """Return the last part of the last command's path."""
    return account.cloud.commands()[-1].path.rsplit("/", 1)[-1]


# A work mode that was chosen


async def test_feed_in_priority_survives_a_minimum_set_right_after_it(
    account: Account,
) -> None:
    """The last upload still shows self-use; the minimum goes out with what was chosen since."""
    await ready(account)
    await know(account)
    await account.whole()
    await tell(account, *MODE, "feed_in_priority")
    account.clock.advance(20)
    await account.client.controls.settings(account.wanted)
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    assert path(account) == FEED_IN
    assert sent(account)["minSoc"] == 20
    assert account.cloud.told(Kind.INVERTER).mode == 153
    await account.whole()
    assert (await account.client.controls.settings(account.wanted)).values[MODE] == (
        "feed_in_priority"
    )


@pytest.mark.parametrize("skew", [0.0, 110.0])
async def test_feed_in_priority_survives_a_clock_that_is_ahead(
    account: Account, skew: float
) -> None:
    """A row measured before the choice is shown after it, with a time that seems to be later."""
    account.cloud.turn(clock_skew=skew)
    await ready(account)
    await know(account)
    await account.poll()
    result = await account.client.controls.apply(Command(*MODE, "feed_in_priority"))
    await settled(account, result)
    for _ in range(4):
        await account.poll(20)
        await account.client.controls.settings(account.wanted)
    await tell(account, INVERTER, Control.BATTERY_MAX_SOC, 90.0)
    assert path(account) == FEED_IN


async def test_a_mode_chosen_in_the_app_meanwhile_is_kept(account: Account) -> None:
    """The next upload that was measured after the command has the word again."""
    await ready(account)
    await know(account, "feed_in_priority")
    await account.whole(600)
    device = account.cloud.told(Kind.INVERTER)
    device.set_mode(152, device.settings, account.clock())
    await account.whole(600)
    assert (await account.client.controls.settings(account.wanted)).values[
        MODE
    ] == "backup"
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    assert path(account) == "batch_set_peace_mode"


async def test_a_choice_nobody_answered_for_goes_along_with_the_next(
    account: Account,
) -> None:
    """It may have arrived; what the user wanted last is sent, over a restart too."""
    await ready(account)
    await know(account)
    account.cloud.fault(FEED_IN, body="disconnect", lost=True)
    assert (await tell(account, *MODE, "feed_in_priority")).outcome is Outcome.UNCERTAIN
    assert MODE not in (await account.client.controls.settings(account.wanted)).values
    account.client = account.restart()
    await ready(account)
    account.clock.advance(6)
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    assert path(account) == FEED_IN


async def test_a_choice_the_inverter_has_not_answered_yet_is_not_undone(
    account: Account,
) -> None:
    """The second setting comes while the first is on its way."""
    account.cloud.turn(command_delay=20.0)
    await ready(account)
    await know(account)
    first = await account.client.controls.apply(Command(*MODE, "feed_in_priority"))
    account.clock.advance(6)
    second = await account.client.controls.apply(
        Command(INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    )
    assert path(account) == FEED_IN
    await settled(account, second)
    await settled(account, first)
    values = (await account.client.controls.settings(account.wanted)).values
    assert values[MODE] == "feed_in_priority"
    assert values[INVERTER, Control.BATTERY_MIN_SOC] == 20


async def test_a_choice_the_inverter_refused_is_not_sent_along(
    account: Account,
) -> None:
    """What holds is what was accepted before."""
    await ready(account)
    await know(account)
    account.cloud.turn(command_outcome=5)
    with pytest.raises(CommandRejected, match="device_refused"):
        await tell(account, *MODE, "feed_in_priority")
    account.cloud.turn(command_outcome=4)
    account.clock.advance(6)
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    assert path(account) == "batch_set_spontaneity_self_use"


async def test_periods_survive_the_settings_after_them(account: Account) -> None:
    """A schedule is part of every later change, also while it is on its way."""
    await ready(account)
    await know(account)
    night = Period(time(23), time(5), charge=True, target_soc=95)
    first = await account.client.controls.run_action(
        SetBatterySchedule(device_id=INVERTER, periods=(night,))
    )
    account.clock.advance(6)
    await tell(account, *MODE, "backup")
    await settled(account, first)
    account.clock.advance(20)
    await tell(account, INVERTER, Control.BATTERY_MIN_SOC, 20.0)
    told = account.cloud.told(Kind.INVERTER)
    assert told.mode == 152
    assert told.settings["chargeStartTimePeriod1"] == "23:00"
    assert told.settings["chargeFromGridEnable"] == 1
    assert told.settings["chargeUpperSoc"] == 95


async def test_a_charger_set_to_eco_takes_its_current_at_once(
    account: Account,
) -> None:
    """The upload from before says fast: the current belongs to the mode chosen since."""
    account.cloud.plant.site.plug("charger")
    await ready(account)
    await tell(account, CHARGER, Control.CHARGER_MODE, "eco")
    account.clock.advance(20)
    result = await tell(account, CHARGER, Control.ECO_CURRENT, "16")
    assert result.outcome is Outcome.CONFIRMED
    assert sent(account)["currentGear"] == 16
    settings = (await account.client.controls.settings(account.wanted)).values
    assert (CHARGER, Control.CHARGER_MODE) not in settings
    await account.poll()
    settings = (await account.client.controls.settings(account.wanted)).values
    assert settings[CHARGER, Control.CHARGER_MODE] == "eco"


# What nobody knows


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (
            SetWorkMode(device_id=INVERTER, mode="backup"),
            "battery_min_soc, battery_max_soc, grid_charging",
        ),
        (
            SetWorkMode(device_id=INVERTER, mode="feed_in_priority"),
            "battery_min_soc, battery_max_soc",
        ),
        (
            SetWorkMode(device_id=INVERTER, mode="backup", min_soc=20, max_soc=90),
            "grid_charging",
        ),
        (
            SetBatterySchedule(
                device_id=INVERTER, periods=(Period(time(1), time(2), charge=True),)
            ),
            "battery_min_soc, battery_max_soc",
        ),
    ],
)
async def test_a_first_change_does_not_overwrite_what_the_household_had_set(
    account: Account, action: ControlAction, fields: str
) -> None:
    """Nothing is sent, and the error names what has to be told along."""
    await ready(account)
    with pytest.raises(CommandInvalid) as err:
        await ask(account, action)
    assert err.value.key == "companions_unknown"
    assert err.value.placeholders == {"fields": fields}
    assert not account.cloud.commands()


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (Control.WORK_MODE, "feed_in_priority"),
        (Control.BATTERY_MIN_SOC, 20.0),
        (Control.BATTERY_MAX_SOC, 90.0),
        (Control.GRID_CHARGING, True),
    ],
)
async def test_a_first_setting_asks_for_its_companions(
    account: Account, control: Control, value: SettingValue
) -> None:
    """Told once, all of them can be set one by one."""
    await ready(account)
    with pytest.raises(CommandInvalid, match="companions_unknown"):
        await tell(account, INVERTER, control, value)
    assert not account.cloud.commands()
    await know(account)
    assert (await tell(account, INVERTER, control, value)).outcome is Outcome.CONFIRMED


async def test_charging_from_the_grid_is_kept_for_a_mode_that_knows_it(
    account: Account,
) -> None:
    """Feed-in priority has no such field: nothing is sent, and nothing is called accepted."""
    await ready(account)
    await know(account, "feed_in_priority")
    count = len(account.cloud.commands())
    result = await tell(account, INVERTER, Control.GRID_CHARGING, value=True)
    assert result == CommandResult(outcome=Outcome.KEPT)
    assert len(account.cloud.commands()) == count
    await tell(account, *MODE, "backup")
    assert sent(account)["chargeFromGridEnable"] == 1


# Remote modes that end before the next upload


async def finished(account: Account, result: CommandResult) -> Outcome:
    """Follow to the end."""
    return (await settled(account, result)).outcome


async def test_a_forced_charge_that_its_timer_ended_was_not_refused(
    account: Account,
) -> None:
    """Twenty seconds of charging between two uploads: nobody saw it, nobody calls it without effect."""
    await ready(account)
    result = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=20)
    )
    assert await finished(account, result) is Outcome.ACCEPTED


async def test_a_forced_charge_that_reached_its_target_was_not_refused(
    account: Account,
) -> None:
    """The state of charge says that it did what it should."""
    account.cloud.plant.site.set_soc(0.48)
    await ready(account)
    soc = (await account.values(f"{INVERTER}_battery"))["battery_soc"]
    result = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=3600, target_soc=soc + 2)
    )
    assert await finished(account, result) is Outcome.CONFIRMED


async def test_a_target_that_is_passed_again_was_not_refused(account: Account) -> None:
    """The house took back what was charged before the upload."""
    account.cloud.plant.site.set_soc(0.48)
    account.cloud.plant.site.override_load(9000)
    await ready(account)
    soc = (await account.values(f"{INVERTER}_battery"))["battery_soc"]
    result = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=3600, target_soc=soc + 4)
    )
    assert await finished(account, result) in {Outcome.ACCEPTED, Outcome.CONFIRMED}


async def test_a_forced_charge_that_was_stopped_was_not_refused(
    account: Account,
) -> None:
    """Stopped before the next upload: the stop is confirmed, the charge is not called without effect."""
    await ready(account)
    first = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=3600)
    )
    account.clock.advance(6)
    assert first.task is not None
    first = await account.client.controls.poll_task(first.task)
    stop = await account.client.controls.run_action(StopBattery(device_id=INVERTER))
    assert await finished(account, stop) is Outcome.CONFIRMED
    assert await finished(account, first) is Outcome.ACCEPTED


async def test_a_stop_that_a_new_charge_replaced_is_not_refused(
    account: Account,
) -> None:
    """What the upload shows is the new charge, which nobody ends for the old stop's sake."""
    await ready(account)
    await ask(account, DischargeBattery(device_id=INVERTER, duration=3600))
    stop = await account.client.controls.run_action(StopBattery(device_id=INVERTER))
    account.clock.advance(6)
    assert stop.task is not None
    stop = await account.client.controls.poll_task(stop.task)
    charge = await account.client.controls.run_action(
        ChargeBattery(device_id=INVERTER, duration=3600)
    )
    assert await finished(account, stop) is Outcome.ACCEPTED
    assert await finished(account, charge) is Outcome.CONFIRMED


@pytest.mark.parametrize("target", [None, 95.0])
async def test_e45_a_charge_without_effect_is_still_told(
    account: Account, target: float | None
) -> None:
    """E45: neither timer nor target can explain what the upload shows."""
    account.cloud.turn(remote_without_effect=True)
    account.cloud.plant.site.set_soc(0.3)
    await ready(account)
    action = ChargeBattery(device_id=INVERTER, duration=3600, target_soc=target)
    with pytest.raises(CommandRejected, match="no_effect"):
        await ask(account, action)


async def test_a_work_mode_chosen_meanwhile_does_not_forget_the_forced_mode(
    account: Account,
) -> None:
    """The inverter goes on being forced: whoever supervises its end must go on."""
    account.cloud.plant.site.set_soc(0.3)
    await ready(account)
    await know(account)
    action = ChargeBattery(device_id=INVERTER, power=500, duration=3600, target_soc=90)
    await ask(account, action)
    result = await account.client.controls.apply(Command(*MODE, "backup"))
    assert result.force is not None
    assert result.force.ends_after == pytest.approx(3600, abs=600)
    assert not result.force.ends_by_itself
    await settled(account, result)
    await ask(account, StopBattery(device_id=INVERTER))
    result = await account.client.controls.apply(Command(*MODE, "self_consumption"))
    assert result.force is None


# Answers without a word


async def test_an_answer_without_a_status_leaves_it_open(account: Account) -> None:
    """The platform took the command and says nothing of the device, neither now nor later."""
    account.cloud.turn(command_answer="empty", result_shape="empty")
    await ready(account)
    result = await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert result == CommandResult(outcome=Outcome.UNCERTAIN)
    assert len(account.cloud.commands()) == 1


async def test_an_answer_without_a_status_is_mended_by_the_next_question(
    account: Account,
) -> None:
    """What the device says later counts."""
    account.cloud.turn(command_answer="empty")
    await ready(account)
    result = await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert result.outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("answer", [3, None, [], [{}], "x", {CHARGER: 3}, {"sn": 1}])
async def test_any_answer_to_a_command_is_survived(
    account: Account, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was sent: whatever came back, it does not raise."""
    await ready(account)
    session = account.client.controls._session  # noqa: SLF001
    write = session.write

    async def distorted(*args: Any) -> Any:
        return replace(await write(*args), result=answer, request_id=None)

    monkeypatch.setattr(session, "write", distorted)
    result = await tell(account, CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    assert result.outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize(
    "change", [{"phase": "moon"}, {"serial": None}, {"watch": 3}, {"sent": "x"}, None]
)
async def test_a_task_of_another_version_ends_as_uncertain(
    account: Account, change: dict[str, Any] | None
) -> None:
    """What a newer or older release kept on disk is dropped, and said to be open."""
    await ready(account)
    result = await account.client.controls.apply(
        Command(CHARGER, Control.CHARGE_CURRENT_LIMIT, 8.0)
    )
    assert result.task is not None
    kept = json.loads(result.task)
    task = "{}" if change is None else json.dumps(kept | change)
    assert await account.client.controls.poll_task(task) == CommandResult(
        outcome=Outcome.UNCERTAIN
    )
    assert await account.client.controls.poll_task("gone") == CommandResult(
        outcome=Outcome.UNCERTAIN
    )


async def test_what_the_release_before_kept_is_taken_up(account: Account) -> None:
    """Settings, doubts and a running command of the store as it was."""
    old: Json = {
        "told": {INVERTER: {"battery_min_soc": 20.0, "battery_max_soc": 90.0}},
        "doubted": {INVERTER: ["battery_max_soc"]},
    }
    await account.storage.save("solax_told", old)
    account.client = account.restart()
    await ready(account)
    values = (await account.client.controls.settings(account.wanted)).values
    assert values[INVERTER, Control.BATTERY_MIN_SOC] == 20
    assert (INVERTER, Control.BATTERY_MAX_SOC) not in values
    action = SetWorkMode(device_id=INVERTER, mode="backup", grid_charging=True)
    await ask(account, action)
    assert (sent(account)["minSoc"], sent(account)["chargeUpperSoc"]) == (20, 90)
    task = {
        "id": "1",
        "device": INVERTER,
        "serial": INVERTER,
        "sent": account.clock(),
        "told": {"battery_heating": True},
        "watch": "",
        "phase": "device",
    }
    result = await account.client.controls.poll_task(json.dumps(task))
    assert result.task is not None
