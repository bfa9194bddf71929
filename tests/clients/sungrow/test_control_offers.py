"""What is offered to control: devices, roles, permissions and what the inverter has decide (sungrow.md §4.10, §9)."""

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    ChargeBatteryFromSun,
    Command,
    Control,
    DischargeBattery,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import CloudError, CommandInvalid
from custom_components.solar_cloud.cloud.model import Inventory
from custom_components.solar_cloud.cloud.sungrow.controls.manager import SungrowControls
from tests.emulators.sungrow.plant import BATTERY, CHARGER, HYBRID, LOGGER, PV

from .control import CONFIRMED, House, other_home, told


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


async def test_whether_settings_are_allowed_stays_open_where_nobody_can_say(
    new_house: House,
) -> None:
    """A set-up asks it to tell the user; a cloud that fails, and an account without inverters, show nothing."""
    await new_house.account.poll()
    client = new_house.client
    assert isinstance(client, SungrowControls)
    assert await client.may_set(Inventory({}, {})) is None
    new_house.server.fault(http=500, times=None)
    assert await client.may_set(new_house.wanted) is None
    new_house.server.faults.clear()
    assert await client.may_set(new_house.wanted) is True


async def test_a_mode_that_was_never_sent_leaves_nothing_to_set_back(
    new_house: House,
) -> None:
    """The limit is kept before it is sent; where that comes to nothing, what is set elsewhere later is not undone."""
    await new_house.start()
    new_house.server.fault("paramSetting", code="E919", times=None)
    with pytest.raises(CloudError):
        await new_house.client.run_action(
            ChargeBatteryFromSun(device_id=new_house.id, duration=3600)
        )
    new_house.server.faults.clear()
    new_house.server.calls.clear()
    new_house.clock.advance(7200)
    new_house.told.store["10092"] //= 2  # in the app
    await new_house.read()
    await new_house.ask(ChargeBattery(device_id=new_house.id, duration=3600))
    await new_house.ask(StopBattery(device_id=new_house.id))
    assert new_house.sent()
    assert not [values for values in new_house.sent() if "10092" in values]
