"""What a plant carried out last outranks what it was said to be set to before."""

import json
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    CommandResult,
    Control,
    Outcome,
    SetBatterySchedule,
)
from tests.emulators.fusionsolar.steered import TIMES, TOU

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
)
from .test_control import NIGHT, PEAK

LAG = 200.0
"""Seconds for which the cloud goes on telling how a plant was set."""


@pytest.fixture(autouse=True)
def lag(owner: Rig) -> None:
    """Let the cloud be late."""
    owner.cloud.turn(settings_lag=LAG)


async def schedule(rig: Rig, *periods: Any) -> CommandResult:
    """Replace all periods."""
    return await ask(rig, SetBatterySchedule(device_id=plant(rig), periods=periods))


async def test_periods_are_not_undone_by_the_next_setting(owner: Rig) -> None:
    """The cloud still tells the old ones when the rest of the mode is changed a moment later."""
    await ready(owner)
    await schedule(owner, NIGHT)
    await pass_time(owner, 600)
    await schedule(owner, NIGHT, PEAK)
    await pass_time(owner, 20)
    await values(owner)
    await tell(owner, Control.GRID_CHARGE_POWER_LIMIT, 2000.0)
    assert len(body(owner)[TIMES]) == 2
    times = steered(owner).times
    assert times is not None
    assert len(times[TIMES]) == 2


async def test_a_mode_is_not_undone_by_the_next_setting(owner: Rig) -> None:
    """Time of use was chosen: what belongs to it can be set at once."""
    await ready(owner)
    await schedule(owner, NIGHT)
    assert (await values(owner))["work_mode"] == "time_of_use"
    assert (await tell(owner, Control.SURPLUS_PRIORITY, "feed_in")).outcome is (
        Outcome.CONFIRMED
    )
    assert steered(owner).mode == TOU
    await pass_time(owner, 600)
    assert (await values(owner))["surplus_priority"] == "feed_in"


async def test_two_changes_within_the_lag_are_both_kept(owner: Rig) -> None:
    """The cloud tells what was before the first of them."""
    await ready(owner)
    await schedule(owner, NIGHT)
    await tell(owner, Control.WORK_MODE, "self_consumption")
    await values(owner)
    await tell(owner, Control.WORK_MODE, "time_of_use")
    await values(owner)
    await tell(owner, Control.GRID_CHARGE_POWER_LIMIT, 2000.0)
    assert steered(owner).mode == TOU


async def test_a_setting_carried_out_is_not_told_as_ignored(owner: Rig) -> None:
    """Until the cloud tells the change, or has had its time, nobody says that the plant is set as before."""
    await ready(owner)
    await tell(owner, Control.EXPORT_LIMIT, 1500.0)
    await pass_time(owner, 600)
    assert (await values(owner))["export_limit"] == 1500
    await tell(owner, Control.EXPORT_LIMIT, 3000.0)
    told = [await values(owner)]
    for _ in range(10):
        await pass_time(owner, 60)
        told.append(await values(owner))
    assert {each.get("export_limit") for each in told} == {None, 3000}
    assert told[-1]["export_limit"] == 3000


async def test_a_limit_switched_off_and_on_is_the_last_one(owner: Rig) -> None:
    """Not the one the cloud told while it was late."""
    await ready(owner)
    await tell(owner, Control.EXPORT_LIMIT, 1500.0)
    await pass_time(owner, 600)
    await values(owner)
    await tell(owner, Control.EXPORT_LIMIT, 3000.0)
    await values(owner)
    await tell(owner, Control.EXPORT_LIMIT_ENABLED, value=False)
    await values(owner)
    await tell(owner, Control.EXPORT_LIMIT_ENABLED, value=True)
    assert steered(owner).limit_kw == 3


async def test_periods_nobody_answered_for_go_along_with_the_next_setting(
    owner: Rig,
) -> None:
    """They may have arrived; what the owner wanted last is what is sent."""
    await ready(owner)
    await schedule(owner, NIGHT)
    await pass_time(owner, 600)
    owner.cloud.fault("battery/mode/async-task", body="disconnect", lost=True, times=2)
    assert (await schedule(owner, NIGHT, PEAK)).outcome is Outcome.UNCERTAIN
    owner.cloud.faults.clear()
    await pass_time(owner, 200)
    await tell(owner, Control.GRID_CHARGE_POWER_LIMIT, 2000.0)
    assert len(body(owner)[TIMES]) == 2


async def test_the_outcome_of_the_first_does_not_replace_the_second(
    owner: Rig,
) -> None:
    """Two lower limits one after the other: the second is what is set, whoever is asked about first."""
    await ready(owner)
    first = await apply(owner, Control.BATTERY_MIN_SOC, 5.0)
    second = await apply(owner, Control.BATTERY_MIN_SOC, 15.0)
    await settled(owner, second)
    await settled(owner, first)
    assert steered(owner).parameters["endOfDischargeSoc"] == 15
    assert (await values(owner))["battery_min_soc"] == 15


@pytest.mark.parametrize(
    "change",
    [
        {"write": {"kind": "moon", "changes": {}, "told": {}}},
        {"write": {}},
        {"rest": [{}]},
        {"hides": "x"},
        {"plant": None},
        None,
    ],
)
async def test_a_task_of_another_version_ends_as_uncertain(
    owner: Rig, change: dict[str, Any] | None
) -> None:
    """What a newer or older release kept on disk is dropped, and said to be open."""
    await ready(owner)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    assert result.task is not None
    kept = json.loads(result.task)
    task = "{}" if change is None else json.dumps(kept | change)
    uncertain = CommandResult(outcome=Outcome.UNCERTAIN)
    assert await client(owner).poll_task(task) == uncertain
    assert await client(owner).poll_task("gone") == uncertain
