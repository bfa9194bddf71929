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
    Outcome,
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
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.plant import BATTERY, CHARGER, HYBRID, LOGGER, PV

from .conftest import NOON, Connect, Time
from .control import House

STOPPED = {"10004": "204", "10003": "0"}
CONFIRMED = Outcome.CONFIRMED


@pytest.fixture
def new_house(server: SungrowCloud, connect: Connect, clock: Time) -> House:
    """A home nobody has looked at."""
    account = connect()
    return House(server, account, clock, lambda: connect(storage=account.storage))


@pytest.fixture
async def house(new_house: House) -> House:
    """A home that was read once."""
    await new_house.start()
    return new_house


def other_home(house: House, scenario: str) -> House:
    """Another scenario behind the same door."""
    house.server.load(scenario)
    return house


def powers(house: House) -> Any:
    """Return the site's powers now."""
    house.server.tasks.catch_up(house.server.now())
    return house.server.plant.site.powers()


def told(house: House) -> Any:
    """Return what the site was told."""
    return house.server.plant.site.controls.latest


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
    house.clock.set(NOON + timedelta(hours=12, minutes=30))
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


# What is offered


async def test_e46_no_battery_no_battery_control(new_house: House) -> None:
    """E46: a forced discharge stops a PV-only hybrid's production for good; and a charger takes nothing at all."""
    house = other_home(new_house, "no-battery")
    await house.start()
    assert house.spec(Control.EXPORT_LIMIT) is not None
    assert house.spec(Control.WORK_MODE) is None
    available = house.available()
    assert not available.actions[house.id]
    reasons = available.unavailable_reasons[house.id]
    assert reasons["work_mode"] == reasons["ChargeBattery"] == "no_battery"
    charger = str(house.server.first(CHARGER).sn)
    assert available.unavailable_reasons[charger] == {"all": "not_by_cloud"}
    for action in (
        DischargeBattery(device_id=house.id, duration=60),
        StopBattery(device_id=charger),
    ):
        with pytest.raises(CommandInvalid, match="not_offered"):
            await house.client.run_action(action)
    with pytest.raises(CommandInvalid, match="not_offered"):
        await house.client.apply(Command(charger, Control.CHARGING, value=True))
    assert not house.sent()
    for call in house.server.calls.of("paramSetting"):
        assert "10003" not in str(call.params["param_list"])


async def test_a_string_inverter_takes_limits_alone(new_house: House) -> None:
    """Export and active power; nothing is withheld that nobody expects there."""
    house = other_home(new_house, "home-string")
    await house.account.poll()
    await house.read()
    inverter = str(house.server.first(PV).sn)
    assert {spec.control for spec in house.available().specs[inverter]} == {
        Control.EXPORT_LIMIT_ENABLED,
        Control.EXPORT_LIMIT,
        Control.EXPORT_LIMIT_RATIO,
        Control.ACTIVE_POWER_LIMIT_ENABLED,
        Control.ACTIVE_POWER_LIMIT,
    }
    assert house.spec(Control.EXPORT_LIMIT, inverter).maximum == 8000  # type: ignore[union-attr]
    assert not house.available().unavailable_reasons
    result = await house.tell(Control.EXPORT_LIMIT, 0.0, inverter)
    assert result.outcome is CONFIRMED


async def test_two_hybrids_have_their_own(new_house: House) -> None:
    """Which battery hangs on which inverter shows in its capacity."""
    house = other_home(new_house, "two-hybrids")
    first, second = house.server.plant.of(HYBRID)
    second.values["13140"] = 0.0
    await house.account.poll()
    await house.read()
    assert house.spec(Control.WORK_MODE, str(first.sn)) is not None
    assert house.spec(Control.WORK_MODE, str(second.sn)) is None
    second.absent = {"13140"}
    first.absent = {"13140"}
    house.clock.advance(300)
    await house.account.poll()
    house.clock.advance(3600)
    await house.read()
    assert house.spec(Control.WORK_MODE, str(second.sn)) is not None
    house.server.plant.of(BATTERY)[0].listed = False
    house.account.inventory = await house.account.cloud.inventory()
    assert house.spec(Control.WORK_MODE, str(second.sn)) is None


@pytest.mark.parametrize("code", ["6-1", "E900"])
async def test_a_share_for_viewing(new_house: House, code: str) -> None:
    """Nothing is offered, and the reason is known; a share for managing is seen within the hour."""
    house = new_house
    house.server.turn(viewer_code=code)
    house.server.user.shares["5000001"] = "1"
    await house.start()
    assert house.available().specs[house.id] == ()
    assert house.available().unavailable_reasons[house.id] == {"all": "no_permission"}
    with pytest.raises(CommandInvalid, match="not_offered"):
        await house.tell(Control.BATTERY_MIN_SOC, 20.0)
    house.server.user.shares["5000001"] = "2"
    house.clock.advance(3600)
    await house.read()
    assert house.spec(Control.BATTERY_MIN_SOC) is not None


async def test_nothing_is_offered_before_it_was_read(new_house: House) -> None:
    """And what was read is offered at once after a restart."""
    house = new_house
    await house.account.poll()
    assert (
        house.available().unavailable_reasons[house.id]["work_mode"] == "not_read_yet"
    )
    await house.start()
    house.restart()
    assert house.spec(Control.WORK_MODE) is not None
    assert (await house.client.settings(house.wanted)).values[
        house.id, Control.BATTERY_MAX_SOC
    ] == 100


@pytest.mark.parametrize("style", ["whole", "parameter"])
async def test_a_model_without_a_parameter(new_house: House, style: str) -> None:
    """One unknown code refuses the whole task: it is found, and asked for no more."""
    house = new_house
    house.server.turn(
        unsupported=frozenset({"10024", "10014"}), unsupported_style=style
    )
    await house.start()
    for control in (Control.BATTERY_FIRST, Control.EXPORT_LIMIT_RATIO):
        assert house.spec(control) is None
        expected = "not_supported" if style == "whole" else "not_read_yet"
        assert house.available().unavailable_reasons[house.id][str(control)] == expected
    assert house.spec(Control.BATTERY_MIN_SOC) is not None
    if style == "whole":
        house.clock.advance(3600)
        await house.read()
        assert len(house.reads()) == 3
        assert not any("10024" in codes for codes in house.reads())


async def test_a_missing_switch_is_left_out(new_house: House) -> None:
    """A limit without its switch is sent alone."""
    new_house.server.turn(unsupported=frozenset({"10012"}))
    await new_house.start()
    await new_house.tell(Control.EXPORT_LIMIT, 1000.0)
    assert new_house.sent() == [{"10013": "100"}]


async def test_implausible_limits_are_not_offered(new_house: House) -> None:
    """The scale of the power limits is not certain: what does not fit it cannot be written."""
    new_house.told.store["10091"] = 5000
    await new_house.start()
    assert new_house.spec(Control.BATTERY_CHARGE_POWER_LIMIT) is None
    reasons = new_house.available().unavailable_reasons[new_house.id]
    assert reasons["battery_charge_power_limit"] == "implausible"
    assert new_house.spec(Control.BATTERY_DISCHARGE_POWER_LIMIT) is not None


@pytest.mark.parametrize("known", [True, False])
async def test_a_hybrid_listed_as_its_battery(new_house: House, known: bool) -> None:
    """Its model says nothing: what it was limited to so far says what it can do, and without that no W are offered."""
    new_house.server.turn(hybrid_as_battery=True)
    if not known:
        new_house.server.turn(unsupported=frozenset({"10091", "10092"}))
    await new_house.start()
    assert new_house.wanted.devices[new_house.id].rated_power is None
    for control in (Control.EXPORT_LIMIT, Control.BATTERY_COMMAND_POWER):
        spec = new_house.spec(control)
        assert (None if spec is None else spec.maximum) == (5000 if known else None)
    if known:
        await new_house.tell(Control.EXPORT_LIMIT, 1000.0)
        assert new_house.spec(Control.EXPORT_LIMIT).maximum == 5000  # type: ignore[union-attr]
        return
    reasons = new_house.available().unavailable_reasons[new_house.id]
    assert reasons["export_limit"] == reasons["battery_command_power"] == "no_rating"
    with pytest.raises(CommandInvalid, match="not_offered"):
        await new_house.ask(ChargeBattery(device_id=new_house.id, duration=600))


async def test_a_virtual_power_plant_is_shown_and_not_set(new_house: House) -> None:
    """Mode 4 belongs to somebody else."""
    new_house.told.store["10003"] = 4
    await new_house.start()
    settings = await new_house.read()
    assert settings[new_house.id, Control.WORK_MODE] == "virtual_power_plant"
    spec = new_house.spec(Control.WORK_MODE)
    assert spec is not None
    assert "virtual_power_plant" in spec.options
    with pytest.raises(CommandInvalid, match="mode_not_offered"):
        await new_house.tell(Control.WORK_MODE, "virtual_power_plant")


@pytest.mark.parametrize("names", [False, True])
async def test_values_may_come_as_names(new_house: House, names: bool) -> None:
    """Some firmwares tell words instead of numbers; unknown ones are no value."""
    new_house.server.turn(read_names=names)
    new_house.told.store["10066"] = 7
    await new_house.start()
    settings = await new_house.read()
    assert settings[new_house.id, Control.WORK_MODE] == "self_consumption"
    assert settings[new_house.id, Control.BATTERY_FIRST] is False
    assert (new_house.id, Control.FORCED_CHARGING_DAYS) not in settings
    assert (
        await new_house.tell(Control.BATTERY_FIRST, value=True)
    ).outcome is CONFIRMED


async def test_a_logger_rules_its_inverters(new_house: House) -> None:
    """It overwrites what they were told: they take nothing, it takes its own ones and zeros, and the reason is known."""
    house = other_home(new_house, "home-logger")
    await house.account.poll()
    await house.read()
    logger = str(house.server.first(LOGGER).sn)
    assert {spec.control for spec in house.available().specs[logger]} == {
        Control.EXPORT_LIMIT_ENABLED,
        Control.EXPORT_LIMIT_RATIO,
    }
    for device in house.server.plant.of(HYBRID, PV):
        assert house.available().unavailable_reasons[str(device.sn)] == {
            "all": "by_logger"
        }
        assert str(device.sn) not in house.available().specs
        command = Command(str(device.sn), Control.EXPORT_LIMIT_ENABLED, value=True)
        with pytest.raises(CommandInvalid, match="not_offered"):
            await house.client.apply(command)
    result = await house.tell(Control.EXPORT_LIMIT_RATIO, 30.0, logger)
    assert result.outcome is CONFIRMED
    assert house.sent() == [{"10012": "1", "10014": "300"}]
    assert told(house).export_limit_w == 3900
    snapshot = await house.account.poll()
    assert not snapshot.silent
    settings = await house.read()
    assert settings[logger, Control.EXPORT_LIMIT_ENABLED] is True
