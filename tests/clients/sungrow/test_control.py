"""From a command to the request, the changed world and what the inverter reads back (sungrow.md §4.10, §9)."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    Command,
    Control,
    ControlAction,
    DischargeBattery,
    Period,
    RenewBattery,
    ReserveCharging,
    SetBatterySchedule,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import CommandInvalid, CommandRejected
from custom_components.solar_cloud.cloud.model import Quantity

from .conftest import NOON
from .control import CONFIRMED, STOPPED, House, told


def powers(house: House) -> Any:
    """Return the site's powers now."""
    house.server.tasks.catch_up(house.server.now())
    return house.server.plant.site.powers()


# Every control


@pytest.mark.parametrize(
    ("control", "value", "sent"),
    [
        (Control.BATTERY_MAX_SOC, 90.0, {"10001": "900"}),
        (Control.BATTERY_MIN_SOC, 15.0, {"10002": "150"}),
        (Control.BATTERY_COMMAND_POWER, 2500.0, {"10005": "250"}),
        (Control.BATTERY_FIRST, True, {"10024": "170"}),
        (Control.FORCED_CHARGING, True, {"10065": "170"}),
        (Control.FORCED_CHARGING_DAYS, "every_day", {"10066": "1"}),
        (Control.BATTERY_CHARGE_POWER_LIMIT, 3000.0, {"10091": "300"}),
        (Control.BATTERY_DISCHARGE_POWER_LIMIT, 4000.0, {"10092": "400"}),
        (Control.EXPORT_LIMIT_ENABLED, True, {"10012": "170"}),
        (Control.EXPORT_LIMIT, 1500.0, {"10012": "170", "10013": "150"}),
        (Control.EXPORT_LIMIT_RATIO, 30.5, {"10012": "170", "10014": "305"}),
        (Control.ACTIVE_POWER_LIMIT_ENABLED, True, {"10007": "170"}),
        (Control.ACTIVE_POWER_LIMIT, 55.5, {"10007": "170", "10008": "555"}),
        (
            Control.WORK_MODE,
            "forced",
            {"10003": "2", "10004": "204", "10017": "600"},
        ),
        (Control.WORK_MODE, "external_control", {"10003": "3", "10017": "600"}),
        (
            Control.BATTERY_COMMAND,
            "discharge",
            {"10003": "2", "10004": "187", "10005": "100", "10017": "600"},
        ),
    ],
)
async def test_every_control_reaches_the_inverter_and_comes_back(
    house: House, control: Control, value: SettingValue, sent: dict[str, str]
) -> None:
    """One task with everything that belongs together, the store of the inverter, and its own word."""
    assert house.spec(control) is not None
    result = await house.tell(control, value)
    assert result.outcome is CONFIRMED
    assert house.sent() == [sent]
    assert {code: str(house.told.store[code]) for code in sent} == sent
    assert (await house.read())[house.id, control] == value
    (codes,) = house.reads()
    assert set(codes) == set(sent) - {"10017"}


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (Control.BATTERY_MAX_SOC, 90.0),
        (Control.BATTERY_MIN_SOC, 15.0),
        (Control.BATTERY_COMMAND_POWER, 2500.0),
        (Control.BATTERY_FIRST, True),
        (Control.FORCED_CHARGING, True),
        (Control.FORCED_CHARGING_DAYS, "every_day"),
        (Control.BATTERY_CHARGE_POWER_LIMIT, 3000.0),
        (Control.BATTERY_DISCHARGE_POWER_LIMIT, 3000.0),
        (Control.EXPORT_LIMIT_ENABLED, True),
        (Control.EXPORT_LIMIT, 1500.0),
        (Control.EXPORT_LIMIT_RATIO, 30.5),
        (Control.ACTIVE_POWER_LIMIT_ENABLED, True),
        (Control.ACTIVE_POWER_LIMIT, 55.5),
        (Control.WORK_MODE, "forced"),
        (Control.BATTERY_COMMAND, "charge"),
    ],
)
async def test_every_refusal_has_its_reason(
    house: House, control: Control, value: SettingValue
) -> None:
    """The inverter says no to all of it: nothing is changed, nothing repeated."""
    before = (await house.read())[house.id, control]
    house.server.turn(refused_codes=frozenset(map(str, range(10001, 10100))))
    with pytest.raises(CommandRejected, match="device_refused"):
        await house.tell(control, value)
    assert len(house.sent()) == 1
    house.clock.advance(10)
    assert (await house.read())[house.id, control] == before


async def test_limits_change_the_world(house: House) -> None:
    """What the inverter was told shows at the meter and at the battery."""
    site = house.server.plant.site
    site.set_soc(1.0)
    await house.tell(Control.EXPORT_LIMIT, 500.0)
    house.clock.advance(300)
    assert powers(house).grid == pytest.approx(-500, abs=1)
    await house.tell(Control.EXPORT_LIMIT_RATIO, 10.0)
    assert told(house).export_limit_w == 1000
    await house.tell(Control.EXPORT_LIMIT_ENABLED, value=False)
    assert told(house).export_limit_w is None
    await house.tell(Control.ACTIVE_POWER_LIMIT, 10.0)
    house.clock.advance(300)
    assert site.sample().inverter("hybrid").ac_w == pytest.approx(1000, abs=1)
    await house.tell(Control.BATTERY_MIN_SOC, 40.0)
    await house.tell(Control.BATTERY_MAX_SOC, 80.0)
    assert (told(house).min_soc, told(house).max_soc) == (0.4, 0.8)


# Forced modes


async def test_e45_mode_command_and_power_go_together(house: House) -> None:
    """E45: the command acts in compulsory mode only; the battery is charged at the power asked for."""
    house.server.plant.site.set_soc(0.3)
    action = ChargeBattery(device_id=house.id, power=3000, duration=3600)
    result = await house.client.run_action(action)
    assert result.force is not None
    assert (result.force.ends_after, result.force.ends_by_itself) == (3600, False)
    assert result.force.renew_after == 360
    assert (await house.settled(result)).outcome is CONFIRMED
    assert house.sent() == [
        {"10003": "2", "10004": "170", "10005": "300", "10017": "600"}
    ]
    house.clock.advance(300)
    assert powers(house).battery == pytest.approx(-3000, rel=0.01)
    snapshot = await house.account.poll()
    value = house.account.value
    assert value(snapshot, house.id, Quantity.OPERATING_STATE) == "forced"
    settings = await house.read()
    assert settings[house.id, Control.WORK_MODE] == "forced"
    assert settings[house.id, Control.BATTERY_COMMAND] == "charge"
    assert (await house.ask(StopBattery(device_id=house.id))).outcome is CONFIRMED
    assert house.sent()[-1] == STOPPED
    assert house.told.mode == 0
    assert (await house.read())[house.id, Control.WORK_MODE] == "self_consumption"


async def test_e48_a_left_over_power_is_not_used(house: House) -> None:
    """E48: 200 W from last time made forced charging look dead; without a wish it is all the inverter can."""
    await house.tell(Control.BATTERY_COMMAND_POWER, 200.0)
    assert (await house.read())[house.id, Control.BATTERY_COMMAND_POWER] == 200
    await house.ask(DischargeBattery(device_id=house.id, duration=600))
    assert house.sent()[-1]["10005"] == "500"
    await house.tell(Control.BATTERY_COMMAND, "charge")
    assert house.sent()[-1]["10005"] == "500"


async def test_a_mode_chosen_by_hand_ends_too(house: House) -> None:
    """Compulsory mode begins idle, and a command that was left behind does not start by itself."""
    house.told.store["10004"] = 170
    result = await house.client.apply(Command(house.id, Control.WORK_MODE, "forced"))
    assert result.force is not None
    assert result.force.ends_after == 7200
    assert (await house.settled(result)).outcome is CONFIRMED
    house.clock.advance(120)
    assert powers(house).battery == pytest.approx(0, abs=1)
    for control, value in (
        (Control.WORK_MODE, "self_consumption"),
        (Control.BATTERY_COMMAND, "stop"),
    ):
        result = await house.client.apply(Command(house.id, control, value))
        assert result.force is None
        assert (await house.settled(result)).outcome is CONFIRMED
    assert house.sent()[1:] == [STOPPED], "the second one was so already"


async def test_a_forced_mode_lasts_as_long_as_it_is_renewed(house: House) -> None:
    """Signs of life keep it; every fifth is looked after; without them the inverter goes back by itself."""
    await house.ask(ChargeBattery(device_id=house.id, power=500, duration=7200))
    for number in range(1, 6):
        house.clock.advance(360)
        result = await house.client.run_action(RenewBattery(device_id=house.id))
        assert (result.task is not None) == (number == 5)
        # Never the one before: what is set already may be turned away.
        assert house.sent()[-1] == {"10017": ("599", "598", "600")[number % 3 - 1]}
        await house.settled(result)
        assert house.told.mode == 2
    house.clock.advance(621)
    assert house.told.mode == 0


async def test_e47_a_mode_that_was_lost_is_told(house: House) -> None:
    """E47: the inverter fell back; the next look knows, and nobody keeps beating a dead horse."""
    await house.ask(ChargeBattery(device_id=house.id, power=500, duration=7200))
    for _ in range(4):
        house.clock.advance(360)
        await house.ask(RenewBattery(device_id=house.id))
    house.clock.advance(700)
    with pytest.raises(CommandRejected, match="no_effect"):
        await house.ask(RenewBattery(device_id=house.id))
    writes = len(house.sent())
    with pytest.raises(CommandRejected, match="no_effect"):
        await house.ask(RenewBattery(device_id=house.id))
    assert len(house.sent()) == writes


@pytest.mark.parametrize("restart", [False, True])
async def test_a_target_ends_a_force(house: House, restart: bool) -> None:
    """The inverter knows no target: the sign of life looks at the state of charge, after a restart too."""
    house.server.plant.site.set_soc(0.5)
    house.clock.advance(400)
    await house.account.poll()
    action = ChargeBattery(device_id=house.id, power=5000, duration=9000, target_soc=55)
    await house.ask(action)
    if restart:
        house.restart()
    ended: list[float] = []
    for _ in range(6):
        house.clock.advance(360)
        await house.account.poll()
        await house.ask(RenewBattery(device_id=house.id))
        if house.told.mode == 0:
            soc = 100 * house.server.plant.site.sample().battery("battery").soc
            ended.append(soc)
    assert [sent for sent in house.sent() if "10003" in sent][1:] == [STOPPED]
    assert 55 <= ended[0] < 62
    assert len(ended) > 2
    with pytest.raises(CommandInvalid, match="target_reached"):
        await house.ask(action)


async def test_the_work_mode_with_its_limits(house: House) -> None:
    """One task; what is not given stays."""
    action = SetWorkMode(
        device_id=house.id, mode="self_consumption", min_soc=20, max_soc=95
    )
    assert (await house.ask(action)).outcome is CONFIRMED
    assert house.sent() == [{"10002": "200", "10001": "950", **STOPPED}]
    result = await house.client.run_action(
        SetWorkMode(device_id=house.id, mode="forced")
    )
    assert result.force is not None
    assert "10001" not in house.sent()[-1]


async def test_a_schedule_charges_the_battery(house: House) -> None:
    """Two windows, one of them over midnight, which takes both."""
    night = Period(time(23, 0), time(5, 30), charge=True, target_soc=80)
    action = SetBatterySchedule(device_id=house.id, periods=(night,))
    assert (await house.ask(action)).outcome is CONFIRMED
    windows, switch = house.sent()
    assert [*switch] == ["10066", "10065"], "the switch is the last"
    sent = windows | switch
    assert [sent[str(code)] for code in range(10065, 10077)] == (
        ["170", "1", "23", "0", "23", "59", "80", "0", "0", "5", "30", "80"]
    )
    site = house.server.plant.site
    house.clock.move_to(NOON + timedelta(hours=12, minutes=30))
    house.server.tasks.catch_up(house.server.now())
    site.set_soc(0.3)
    house.clock.advance(60)
    assert powers(house).battery < -4000
    house.clock.advance(3600 * 4)
    assert site.sample().battery("battery").soc == pytest.approx(0.8, abs=0.01)
    noon = Period(
        time(12), time(0), charge=True, days=frozenset(range(1, 6))
    )  # to the end of the day
    await house.ask(SetBatterySchedule(device_id=house.id, periods=(noon,)))
    assert house.sent()[-1]["10066"] == "0"
    assert [house.sent()[-2][code] for code in ("10069", "10070")] == ["23", "59"]
    assert house.sent()[-2]["10072"] == "24"
    house.clock.advance(60)
    await house.ask(SetBatterySchedule(device_id=house.id, periods=()))
    assert house.sent()[-1]["10065"] == "85"
    assert (await house.read())[house.id, Control.FORCED_CHARGING] is False


@pytest.mark.parametrize(
    ("build", "key"),
    [
        (lambda i: ChargeBattery(device_id=i, power=6000, duration=60), "out_of_range"),
        (lambda i: ChargeBattery(device_id=i, duration=90000), "duration_too_long"),
        (lambda i: SetWorkMode(device_id=i, mode="backup"), "mode_not_offered"),
        (
            lambda i: SetWorkMode(device_id=i, mode="virtual_power_plant"),
            "mode_not_offered",
        ),
        (
            lambda i: SetWorkMode(device_id=i, mode="forced", grid_charging=True),
            "no_grid_charging",
        ),
        (
            lambda i: SetWorkMode(device_id=i, mode="forced", min_soc=60),
            "out_of_range",
        ),
        (
            lambda i: SetBatterySchedule(
                device_id=i, periods=(Period(time(1), time(2), charge=False),)
            ),
            "charging_periods_only",
        ),
        (
            lambda i: SetBatterySchedule(
                device_id=i,
                periods=tuple(
                    Period(time(n), time(n + 1), charge=True) for n in range(3)
                ),
            ),
            "charging_periods_only",
        ),
        (
            lambda i: SetBatterySchedule(
                device_id=i,
                periods=(Period(time(1), time(2), charge=True, days=frozenset({1})),),
            ),
            "days_not_offered",
        ),
        (
            lambda i: SetBatterySchedule(
                device_id=i,
                periods=(
                    Period(time(23), time(2), charge=True, days=frozenset(range(1, 6))),
                ),
            ),
            "days_not_offered",
        ),
        (
            lambda i: SetBatterySchedule(
                device_id=i, periods=(Period(time(1), time(1), charge=True),)
            ),
            "period_empty",
        ),
        (
            lambda i: ReserveCharging(
                device_id=i, start=time(1), end=time(2), current=8
            ),
            "not_offered",
        ),
        (lambda _: StopBattery(device_id="gone"), "device_gone"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(
    house: House, build: Callable[[str], ControlAction], key: str
) -> None:
    """It costs no call, and the user learns why."""
    with pytest.raises(CommandInvalid, match=key):
        await house.client.run_action(build(house.id))
    assert not house.server.calls.of("paramSetting")


@pytest.mark.parametrize(
    ("control", "value", "key"),
    [
        (Control.BATTERY_MIN_SOC, 51.0, "out_of_range"),
        (Control.EXPORT_LIMIT, 10_001.0, "out_of_range"),
        (Control.WORK_MODE, "virtual_power_plant", "mode_not_offered"),
        (Control.WORK_MODE, None, "mode_not_offered"),
        (Control.CHARGING, True, "not_offered"),
    ],
)
async def test_a_command_outside_its_limits(
    house: House, control: Control, value: SettingValue, key: str
) -> None:
    """Never above the rating."""
    with pytest.raises(CommandInvalid, match=key):
        await house.client.apply(Command(house.id, control, value))
    assert not house.server.calls.of("paramSetting")


async def test_limits_that_would_cross(house: House) -> None:
    """The lower one has to stay below the upper one, as far as both are known."""
    house.told.store["10001"] = 450
    house.clock.advance(4000)
    await house.read()
    with pytest.raises(CommandInvalid, match="soc_limits_crossed"):
        await house.tell(Control.BATTERY_MIN_SOC, 45.0)


async def test_what_is_so_already_is_not_written(house: House) -> None:
    """The memory of an inverter wears; but an old read-back is no proof."""
    first = await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    again = await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    assert first.outcome is again.outcome is CONFIRMED
    assert len(house.sent()) == 1
    house.clock.advance(900)
    await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    assert len(house.sent()) == 2
