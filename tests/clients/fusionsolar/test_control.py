"""From a command to the request, the changed world and what is read back (fusionsolar.md §4, §11, §12.5)."""

from datetime import time
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Control,
    DischargeBattery,
    Outcome,
    Period,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import CommandInvalid, CommandRejected
from custom_components.solar_cloud.cloud.model import Quantity
from tests.emulators.fusionsolar.steered import THIRD_PARTY, TIMES, TOU

from .conftest import Rig, value
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

NIGHT = Period(time(1, 30), time(5, 0), charge=True)
PEAK = Period(time(17, 0), time(21, 0), charge=False, days=frozenset({1, 2, 3, 4, 5}))


def soc(rig: Rig) -> float:
    """Return the world's state of charge."""
    return 100 * rig.cloud.plant.site.sample().battery("battery").soc


async def schedule(rig: Rig, *periods: Period) -> Any:
    """Replace all periods."""
    return await ask(rig, SetBatterySchedule(device_id=plant(rig), periods=periods))


async def test_a_forced_charge_fills_the_battery_and_ends(owner: Rig) -> None:
    """Half an hour from the grid; the readings confirm it, the mode is as before."""
    await ready(owner, load=0.0, light=0.0)
    before = soc(owner)
    result = await client(owner).run_action(
        ChargeBattery(device_id=plant(owner), power=3000.0, duration=1859.0)
    )
    assert result.force is not None
    assert result.force.ends_by_itself
    assert result.force.ends_after == 1800.0
    assert body(owner) == {
        "dispatchSwitch": 1,
        "controlType": 2,
        "dispatchTime": 30,
        "powerDispatch": 3000,
    }
    result = await settled(owner, result)
    assert result.outcome is Outcome.CONFIRMED
    snapshot = await owner.poll()
    assert value(snapshot, owner.id_of(39), Quantity.WORK_MODE) == "forced"
    assert value(snapshot, owner.id_of(39), Quantity.BATTERY_POWER) == -3000.0
    await pass_time(owner, 2400)
    assert soc(owner) - before == pytest.approx(14.2, abs=0.5)
    assert steered(owner).forced is None
    snapshot = await owner.next_poll()
    assert value(snapshot, owner.id_of(39), Quantity.WORK_MODE) == "self_consumption"
    assert len(writes(owner)) == 1


async def test_a_forced_discharge_to_a_target(owner: Rig) -> None:
    """The vendor knows no time beside a target: the end is ours to keep."""
    await ready(owner, 0.6, load=0.0, light=0.0)
    action = DischargeBattery(device_id=plant(owner), duration=7200.0, target_soc=50.0)
    result = await client(owner).run_action(action)
    assert result.force is not None
    assert not result.force.ends_by_itself
    assert body(owner) == {
        "dispatchSwitch": 2,
        "controlType": 1,
        "targetSOC": 50.0,
        "powerDispatch": -5000,
    }
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    await pass_time(owner, 1800)
    assert soc(owner) == pytest.approx(50.0, abs=0.5)


@pytest.mark.parametrize("button", [True, False])
async def test_a_forced_mode_is_stopped(owner: Rig, button: bool) -> None:
    """By the button and by the order; harmless when there is none."""
    await ready(owner)
    action = ChargeBattery(device_id=plant(owner), duration=7200.0)
    await ask(owner, action)
    assert steered(owner).forced is not None
    result = (
        await tell(owner, Control.STOP_FORCED_CHARGE)
        if button
        else await ask(owner, StopBattery(device_id=plant(owner)))
    )
    assert result.outcome is Outcome.CONFIRMED
    assert result.force is None
    assert body(owner) == {"dispatchSwitch": 0}
    assert steered(owner).forced is None
    again = await ask(owner, StopBattery(device_id=plant(owner)))
    assert again.outcome is Outcome.CONFIRMED


async def test_a_second_forced_mode_stops_the_first_one(owner: Rig) -> None:
    """The vendor takes no other while one runs: it says 20615."""
    await ready(owner)
    charge = ChargeBattery(device_id=plant(owner), duration=7200.0)
    discharge = DischargeBattery(device_id=plant(owner), duration=7200.0)
    await ask(owner, charge)
    result = await ask(owner, discharge)
    assert result.outcome is Outcome.CONFIRMED
    forced = steered(owner).forced
    assert forced is not None
    assert forced.watts > 0
    sent = [body(owner, number)["dispatchSwitch"] for number in range(3)]
    assert sent == [1, 0, 2]


async def in_dispatch(rig: Rig) -> None:
    """Let the installer have chosen third-party dispatch."""
    steered(rig).mode = THIRD_PARTY
    await ready(rig, load=0.0, light=0.0)


@pytest.mark.parametrize("button", [True, False])
async def test_a_plant_in_dispatch_takes_setpoints(owner: Rig, button: bool) -> None:
    """The world follows; the end is ours to keep, and is a setpoint of nothing."""
    await in_dispatch(owner)
    action = ChargeBattery(device_id=plant(owner), power=2000.0, duration=1800.0)
    result = await client(owner).run_action(action)
    assert result.force is not None
    assert not result.force.ends_by_itself
    name = owner.cloud.first(39).dn
    assert body(owner) == {"batteryDn": name, "dispatchPower": 2000}
    assert (await settled(owner, result)).outcome is Outcome.CONFIRMED
    await pass_time(owner, 1500)  # nights are read seldom
    snapshot = await owner.next_poll()
    assert value(snapshot, owner.id_of(39), Quantity.BATTERY_POWER) == -2000.0
    result = (
        await tell(owner, Control.STOP_FORCED_CHARGE)
        if button
        else await ask(owner, StopBattery(device_id=plant(owner)))
    )
    assert result.outcome is Outcome.CONFIRMED
    assert body(owner) == {"batteryDn": name, "dispatchPower": 0}
    await pass_time(owner, 1500)
    snapshot = await owner.next_poll()
    assert value(snapshot, owner.id_of(39), Quantity.BATTERY_POWER) == 0.0


async def test_a_forced_mode_begun_before_dispatch_is_ended_as_it_began(
    owner: Rig,
) -> None:
    """A setpoint of nothing would let it go on."""
    await ready(owner)
    action = ChargeBattery(device_id=plant(owner), duration=7200.0, target_soc=99.0)
    await ask(owner, action)
    steered(owner).mode = THIRD_PARTY
    owner.tick(3700)
    assert (await values(owner))["work_mode"] == "external_control"
    await ask(owner, StopBattery(device_id=plant(owner)))
    assert body(owner) == {"dispatchSwitch": 0}
    assert steered(owner).forced is None


async def test_a_setpoint_may_discharge(owner: Rig) -> None:
    """Without a power the most that the battery gives."""
    await in_dispatch(owner)
    await ask(owner, DischargeBattery(device_id=plant(owner), duration=600.0))
    assert body(owner)["dispatchPower"] == -5000


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        ({"duration": 600.0, "target_soc": 90.0}, "no_target_in_dispatch"),
        ({"duration": 600.0, "power": 6000.0}, "out_of_range"),
        ({"duration": 30.0}, "duration_out_of_range"),
    ],
)
async def test_a_setpoint_that_cannot_be(
    owner: Rig, wish: dict[str, float], key: str
) -> None:
    """Nothing is sent."""
    await in_dispatch(owner)
    with pytest.raises(CommandInvalid, match=key):
        await client(owner).run_action(ChargeBattery(device_id=plant(owner), **wish))
    assert not writes(owner)


@pytest.mark.parametrize("outcome", ["FAILURE", "BUSY"])
async def test_a_setpoint_the_battery_refuses(owner: Rig, outcome: Any) -> None:
    """Told with its cause; the mode may also have been left meanwhile."""
    await in_dispatch(owner)
    action = ChargeBattery(device_id=plant(owner), power=2000.0, duration=1800.0)
    owner.cloud.turn(task_outcome=outcome)
    with pytest.raises(CommandRejected):
        await ask(owner, action)
    owner.cloud.turn(task_outcome="done")
    steered(owner).mode = TOU
    with pytest.raises(CommandRejected, match="value_refused"):
        await client(owner).run_action(action)
    assert len(writes(owner)) == 2


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        ({"duration": 30.0}, "duration_out_of_range"),
        ({"duration": 90000.0}, "duration_out_of_range"),
        ({"duration": 600.0, "power": 6000.0}, "out_of_range"),
        ({"duration": 600.0, "target_soc": 40.0}, "target_reached"),
    ],
)
async def test_a_forced_charge_that_cannot_be(
    owner: Rig, wish: dict[str, float], key: str
) -> None:
    """Nothing is sent."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match=key):
        await client(owner).run_action(ChargeBattery(device_id=plant(owner), **wish))
    assert not writes(owner)


async def test_a_work_mode_keeps_its_periods(owner: Rig) -> None:
    """There and back again: what belongs to the mode is asked before and written whole."""
    await ready(owner)
    assert (await values(owner))["work_mode"] == "self_consumption"
    with pytest.raises(CommandInvalid, match="periods_needed"):
        await apply(owner, Control.WORK_MODE, "time_of_use")
    await schedule(owner, NIGHT, PEAK)
    times = [
        {
            "startTime": "01:30",
            "endTime": "05:00",
            "chargeOrDischarge": "charge",
            "repeat": [1, 2, 3, 4, 5, 6, 7],
        },
        {
            "startTime": "17:00",
            "endTime": "21:00",
            "chargeOrDischarge": "discharge",
            "repeat": [1, 2, 3, 4, 5],
        },
    ]
    assert body(owner) == {
        "operationMode": "TOU",
        "redundantPVEnergyPriority": "chargePreference",
        "allowedAcChargePower": 0.0,
        TIMES: times,
    }
    assert (await values(owner))["work_mode"] == "time_of_use"
    await tell(owner, Control.WORK_MODE, "self_consumption")
    assert body(owner) == {"operationMode": "maximumSelfConsumption"}
    assert steered(owner).times is None
    assert "surplus_priority" not in await values(owner)
    result = await tell(owner, Control.WORK_MODE, "time_of_use")
    assert result.outcome is Outcome.CONFIRMED
    assert body(owner)[TIMES] == times
    assert steered(owner).mode == TOU


@pytest.mark.parametrize(
    ("control", "wish", "field", "sent"),
    [
        (Control.SURPLUS_PRIORITY, "feed_in", "redundantPVEnergyPriority", "fedToGridPreference"),
        (Control.GRID_CHARGE_POWER_LIMIT, 2500.0, "allowedAcChargePower", 2.5),
    ],
)  # fmt: skip
async def test_a_part_of_the_mode_is_changed_alone(
    owner: Rig, control: Control, wish: SettingValue, field: str, sent: SettingValue
) -> None:
    """The owner may have changed the rest in the app meanwhile: it is asked right before."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match="time_of_use_only"):
        await apply(owner, control, wish)
    assert not writes(owner)
    await schedule(owner, NIGHT)
    site = steered(owner)
    assert site.times is not None
    site.times[TIMES] = [site.times[TIMES][0] | {"endTime": "06:00"}]
    assert (await tell(owner, control, wish)).outcome is Outcome.CONFIRMED
    assert body(owner)[field] == sent
    assert body(owner)[TIMES][0]["endTime"] == "06:00"
    assert (await values(owner))[str(control)] == wish


async def test_a_period_charges_from_the_grid(owner: Rig) -> None:
    """In its time, with the power allowed."""
    await ready(owner)
    now = Period(time(12, 30), time(14, 0), charge=True)
    await schedule(owner, now)
    action = SetWorkMode(device_id=plant(owner), mode="time_of_use", grid_charging=True)
    await ask(owner, action)
    assert body(owner)["allowedAcChargePower"] == 5.0
    await pass_time(owner, 1800)
    assert owner.cloud.plant.site.powers().battery == pytest.approx(-5000.0)
    off = SetWorkMode(device_id=plant(owner), mode="time_of_use", grid_charging=False)
    await ask(owner, off)
    assert body(owner)["allowedAcChargePower"] == 0.0
    await tell(owner, Control.GRID_CHARGE_POWER_LIMIT, 1200.0)
    await ask(owner, action)
    assert body(owner)["allowedAcChargePower"] == 1.2


@pytest.mark.parametrize(
    ("control", "wish", "field"),
    [
        (Control.BATTERY_MIN_SOC, 15.0, "endOfDischargeSoc"),
        (Control.BATTERY_MAX_SOC, 95.0, "endOfChargeSoc"),
        (Control.BATTERY_CHARGE_POWER_LIMIT, 2000.0, "maximumChargePower"),
        (Control.BATTERY_DISCHARGE_POWER_LIMIT, 1000.0, "maximumDischargePower"),
    ],
)
async def test_battery_parameters(
    owner: Rig, control: Control, wish: float, field: str
) -> None:
    """One at a time; nothing reads them back, so what was accepted is remembered over a restart."""
    await ready(owner)
    assert (await tell(owner, control, wish)).outcome is Outcome.CONFIRMED
    assert body(owner) == {"batteryConfigurationInfo": {field: wish}}
    assert steered(owner).parameters[field] == wish
    owner.restart()
    assert (await values(owner))[str(control)] == wish


async def test_a_lower_limit_does_not_narrow_its_own_range(owner: Rig) -> None:
    """The device reports the limit where it reported its capability."""
    await ready(owner)
    await tell(owner, Control.BATTERY_CHARGE_POWER_LIMIT, 2000.0)
    await pass_time(owner, 700)
    specs = client(owner).available(owner.inventory).specs[plant(owner)]
    (spec,) = [s for s in specs if s.control is Control.BATTERY_CHARGE_POWER_LIMIT]
    assert spec.maximum == 5000.0
    site = owner.cloud.plant.site
    assert site.powers().battery == pytest.approx(-2000.0)


async def test_the_feed_in_is_limited(owner: Rig) -> None:
    """Written by numbers in text, read by names; off and on again finds the limit."""
    site = owner.cloud.plant.site
    await ready(owner, 1.0)
    assert (await values(owner))["export_limit_enabled"] is False
    with pytest.raises(CommandInvalid, match="limit_unknown"):
        await apply(owner, Control.EXPORT_LIMIT_ENABLED, value=True)
    assert (await tell(owner, Control.EXPORT_LIMIT, 1500.0)).outcome is (
        Outcome.CONFIRMED
    )
    assert body(owner) == {
        "controlMode": "6",
        "controlInfo": {"maxGridFeedInPower": 1.5, "limitationMode": "0"},
    }
    assert site.powers().grid == pytest.approx(-1500.0, abs=1.0)
    read = await values(owner)
    assert (read["export_limit"], read["export_limit_enabled"]) == (1500.0, True)
    snapshot = await owner.next_poll()
    assert value(snapshot, owner.id_of(38), Quantity.OPERATING_STATE) == "restricted"
    await tell(owner, Control.EXPORT_LIMIT_ENABLED, value=False)
    assert body(owner) == {"controlMode": "0"}
    read = await values(owner)
    assert (read["export_limit"], read["export_limit_enabled"]) == (9900.0, False)
    await tell(owner, Control.EXPORT_LIMIT_ENABLED, value=True)
    assert body(owner)["controlInfo"]["maxGridFeedInPower"] == 1.5


async def test_a_limit_per_phase_stays_one(owner: Rig) -> None:
    """What is not ours to change is read and written back."""
    steered(owner).limit_kw, steered(owner).limitation = 3.0, "singlePhasePower"
    await ready(owner)
    await tell(owner, Control.EXPORT_LIMIT, 2000.0)
    assert body(owner)["controlInfo"]["limitationMode"] == "1"
    assert steered(owner).limitation == "singlePhasePower"


async def test_what_is_set_already_is_success(owner: Rig) -> None:
    """The vendor calls it a failure, with code 2 and a sentence."""
    await ready(owner)
    await tell(owner, Control.EXPORT_LIMIT, 1500.0)
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    assert result.outcome is Outcome.CONFIRMED
    assert result.task is None


async def test_a_mode_with_limits_takes_two_steps(owner: Rig) -> None:
    """The second when the first is done."""
    await ready(owner)
    action = SetWorkMode(
        device_id=plant(owner), mode="self_consumption", min_soc=12.0, max_soc=98.0
    )
    assert (await ask(owner, action)).outcome is Outcome.CONFIRMED
    assert [call.path.split("/")[-2] for call in writes(owner)] == [
        "mode",
        "configuration",
    ]
    assert body(owner) == {
        "batteryConfigurationInfo": {"endOfDischargeSoc": 12.0, "endOfChargeSoc": 98.0}
    }


async def test_a_half_done_order_says_what_was_done(owner: Rig) -> None:
    """The mode is set, the limits are refused; nothing is sent again (failures.md E68)."""
    await ready(owner)
    action = SetWorkMode(device_id=plant(owner), mode="self_consumption", min_soc=12.0)
    result = await client(owner).run_action(action)
    assert result.task is not None
    await pass_time(owner, 200)
    owner.cloud.fault("configuration/async-task", code=20611)
    with pytest.raises(CommandRejected, match="half_done done=work_mode"):
        await client(owner).poll_task(result.task)
    assert len(writes(owner)) == 2


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ({"mode": "backup"}, "mode_not_offered"),
        ({"mode": "self_consumption", "grid_charging": True}, "time_of_use_only"),
        ({"mode": "self_consumption", "min_soc": 30.0}, "out_of_range"),
        ({"mode": "self_consumption", "max_soc": 80.0}, "out_of_range"),
    ],
)
async def test_a_mode_that_cannot_be(
    owner: Rig, action: dict[str, Any], key: str
) -> None:
    """Nothing is sent."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match=key):
        await client(owner).run_action(SetWorkMode(device_id=plant(owner), **action))
    assert not writes(owner)


async def test_a_mode_change_leaves_a_forced_mode_running(owner: Rig) -> None:
    """Its end stays supervised: the receipt says what is left of it."""
    await ready(owner)
    await ask(
        owner, ChargeBattery(device_id=plant(owner), duration=7200, target_soc=99)
    )
    result = await apply(owner, Control.WORK_MODE, "self_consumption")
    assert result.force is not None
    assert not result.force.ends_by_itself
    assert 5000 < result.force.ends_after < 7200
    assert steered(owner).forced is not None


@pytest.mark.parametrize(
    ("periods", "key"),
    [
        ((), "work_mode_instead"),
        ((NIGHT, Period(time(4), time(6), charge=False)), "periods_overlap"),
        ((Period(time(1), time(1), charge=True),), "period_empty"),
        ((Period(time(1), time(2), charge=True, target_soc=80.0),), "no_target"),
        (
            tuple(
                Period(time(hour), time(hour, 30), charge=True) for hour in range(15)
            ),
            "too_many_windows",
        ),
    ],
)
async def test_periods_that_cannot_be(
    owner: Rig, periods: tuple[Period, ...], key: str
) -> None:
    """Nothing is sent."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match=key):
        await schedule(owner, *periods)
    assert not writes(owner)


async def test_a_period_over_midnight_is_two(owner: Rig) -> None:
    """The vendor's periods end at 23:59; what follows belongs to the next day."""
    await ready(owner)
    sunday = Period(time(22), time(3), charge=True, days=frozenset({6, 7}))
    till_midnight = Period(time(12), time(0), charge=False, days=frozenset({3}))
    last_minute = Period(time(23, 59), time(1), charge=False, days=frozenset({4}))
    await schedule(owner, sunday, till_midnight, last_minute)
    assert [
        (each["startTime"], each["endTime"], each["repeat"])
        for each in body(owner)[TIMES]
    ] == [
        ("22:00", "23:59", [6, 7]),
        ("00:00", "03:00", [1, 7]),
        ("12:00", "23:59", [3]),
        ("00:00", "01:00", [5]),
    ]


@pytest.mark.parametrize(
    ("control", "wish"),
    [
        (Control.ECO_CURRENT, "6"),
        (Control.CHARGING, True),
        (Control.IMPORT_LIMIT, 5.0),
        (Control.CHARGER_LOCK, None),
    ],
)
async def test_what_is_not_offered_is_not_sent(
    owner: Rig, control: Control, wish: SettingValue | None
) -> None:
    """Settings of other vendors, and plants of nobody."""
    await ready(owner)
    with pytest.raises(CommandInvalid, match="not_offered"):
        await apply(owner, control, wish)
    owner.cloud.plant.code = "NE=1"
    with pytest.raises(CommandInvalid, match="device_gone"):
        await apply(owner, control, wish)
    assert not writes(owner)
