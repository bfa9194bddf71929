"""What can go wrong with a command: it is told truthfully, and never sent twice."""

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..emulators.solax import Kind
from ..helpers.house import UPLOAD, SolaxHouse, reason


@pytest.mark.parametrize("body", ["disconnect", "html"])
async def test_an_answer_that_got_lost(house: SolaxHouse, body: str) -> None:
    """Nobody knows whether it arrived; the next upload does."""
    house.solax.fault("set_evc_work_mode", body=body, lost=True)
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="stop"
    )
    assert house.command("select", Kind.CHARGER, "charger_mode") == "uncertain"
    await house.home.pass_time(UPLOAD)
    assert house.command("select", Kind.CHARGER, "charger_mode") == "confirmed"
    assert len(house.solax.commands()) == 1


async def test_an_ignored_command_is_told(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The device said yes and reports what it was: the state is the device's, and the log knows."""
    house.solax.fault("set_evc_work_mode", body="disconnect")
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="stop"
    )
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(1000)
    assert house.state("select", Kind.CHARGER, "charger_mode") == "fast"
    assert house.command("select", Kind.CHARGER, "charger_mode") == "not_taken"
    assert [event.data["result"] for event in events] == ["not_taken"]
    assert "reports something else" in caplog.text
    assert len(house.solax.commands()) == 1


async def test_a_token_that_dies_while_a_command_runs(house: SolaxHouse) -> None:
    """One command at the device, and its outcome is known."""
    house.solax.steal_token()
    house.solax.fault("listByCondition", code=10402)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
    )
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "confirmed"
    assert len(house.solax.command_queue.carried_out) == 1
    assert len(house.solax.commands(refused=False)) == 1


async def test_a_restart_while_a_command_runs(house: SolaxHouse) -> None:
    """The outcome is asked for after the restart, the command is not sent again."""
    house.solax.fault("listByCondition", code=11500, times=1)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
    )
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "pending"
    await house.home.restart(house.entry)
    assert float(house.state("number", Kind.CHARGER, "charge_current_limit")) == 8
    await house.home.pass_time(120)
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "confirmed"
    assert len(house.solax.commands()) == 1


async def test_the_limit_of_calls(house: SolaxHouse) -> None:
    """A command that cannot be sent now says so; the state stays."""
    house.solax.fault("set_evc_current_limit", code=10406)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "rate_limited"
    with pytest.raises(HomeAssistantError):
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert len(house.solax.commands()) == 1
    assert house.state("number", Kind.CHARGER, "charge_current_limit") == "unknown"


async def test_an_offline_device(house: SolaxHouse) -> None:
    """Its refusal is told at once; when silence lasts there is nothing to turn."""
    house.solax.set_online(False, house.solax.first(Kind.CHARGER).sn)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "device_offline"
    await house.home.pass_time(1800)
    assert house.state("number", Kind.CHARGER, "charge_current_limit") == "unavailable"


async def test_two_commands_at_once(house: SolaxHouse, waiting: list[float]) -> None:
    """One after the other, at the vendor's pace."""
    await house.know()
    calls = [
        house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=amps
        )
        for amps in (7, 9)
    ]
    first = house.hass.async_create_task(calls[0])
    second = house.hass.async_create_task(calls[1])
    await first
    await second
    sent = house.solax.commands()
    assert [call.params["currentLimit"] for call in sent] == [7, 9]
    assert (sent[1].at - sent[0].at).total_seconds() >= 6
    assert float(house.state("number", Kind.CHARGER, "charge_current_limit")) == 9
    await house.call(
        "select", "select_option", Kind.INVERTER, "work_mode", option="backup"
    )
    assert waiting


async def test_an_automation_that_storms(house: SolaxHouse) -> None:
    """The device is spared, switching off too, and a repair names it."""
    for n in range(150):
        house.home.freezer.tick(10)
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=6 + n % 2
        )
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "write_budget_spent"
    assert len(house.solax.commands()) == 150
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert any("command_storm" in key for key in keys)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("switch", "turn_off", Kind.CHARGER, "charging")
    assert reason(err) == "write_budget_spent"
    await house.act("stop_battery")  # another device has a budget of its own
    assert len(house.solax.commands()) == 151
