"""How a command ended: answers that come late or never, settings that are read back, and a count that is kept."""

import math
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud.cloud.control import (
    Command,
    CommandResult,
    Control,
    Outcome,
    Settings,
)
from custom_components.solar_cloud.cloud.errors import CloudUnreachable, CommandRejected
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.exceptions import ServiceValidationError

from ..emulators.solax import Kind, SolaxCloud
from ..helpers.home import Home
from ..helpers.house import SolaxHouse
from .scripted import Vendor


async def test_one_read_back_after_the_setting_settled(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """For vendors whose settings cost a call: one for two commands, and it confirms."""
    key = (vendor.charger, Control.CHARGER_MODE)
    for mode in ("eco", "stop"):
        await vendor.control_manager.async_apply(Command(*key, mode))
    assert vendor.control_manager.value(*key) == "stop"
    vendor.settings_now = Settings({key: "stop"})
    await house.home.pass_time(400)
    assert vendor.asked == 1
    assert vendor.control_manager.pending.states[key] == "confirmed"


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([CloudUnreachable(), CommandResult(outcome=Outcome.CONFIRMED)], "confirmed"),
        ([CommandResult(outcome=Outcome.ACCEPTED, task="b"), CommandResult(outcome=Outcome.ACCEPTED)], "accepted"),
        ([CommandRejected("device_timeout")], "refused"),
        ([CommandRejected("no_effect")], "refused"),
    ],
)  # fmt: skip
async def test_an_answer_that_comes_late(
    house: SolaxHouse,
    vendor: Vendor,
    answers: list[CommandResult | Exception],
    result: str,
) -> None:
    """The caller is told that it runs; the logbook hears the rest."""
    key = (vendor.charger, Control.CHARGE_CURRENT_LIMIT)
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=90)
    ]
    vendor.follows = answers
    receipt = await vendor.control_manager.async_apply(Command(*key, 9.0))
    assert receipt.task == "a"
    assert vendor.control_manager.report()["running"] == ["charge_current_limit"]
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(300)
    assert [event.data["result"] for event in events] == [result]
    assert vendor.control_manager.pending.states[key] == result
    assert vendor.control_manager.report()["running"] == []


async def test_a_newer_command_is_the_one_that_is_followed(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """The answer to the older one is nobody's business any more."""
    command = Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
    for task in ("a", "b"):
        vendor.receipts = [
            CommandResult(outcome=Outcome.ACCEPTED, task=task, check_after=90)
        ]
        await vendor.control_manager.async_apply(command)
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(300)
    assert len(events) == 1


async def test_an_answer_that_never_comes_is_given_up(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """After a day."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=3600)
    ]
    vendor.follows = [CloudUnreachable() for _ in range(5000)]
    await vendor.control_manager.async_apply(
        Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
    )
    house.home.freezer.tick(86500)
    await house.home.settle()
    assert vendor.control_manager.report()["running"] == []


async def test_a_refusal_while_the_caller_waits(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """It is the caller's."""
    vendor.receipts = [CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=2)]
    vendor.follows = [CommandRejected("device_refused")]
    with pytest.raises(Exception, match="refused the command"):
        await vendor.control_manager.async_apply(
            Command(vendor.charger, Control.CHARGE_CURRENT_LIMIT, 9.0)
        )
    assert vendor.control_manager.report()["running"] == []
    with pytest.raises(Exception, match="does not offer"):
        await vendor.control_manager.async_apply(
            Command(vendor.charger, Control.EXPORT_LIMIT, 9.0)
        )


async def test_a_damaged_memory_is_no_memory(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
) -> None:
    """What is kept on disk may be anything."""
    await home.start(entry)
    store = entry.runtime_data.store
    for section in ("forces", "settings", "tasks", "writes", "solax_told"):
        for junk in ([{}, 1, {"owner": 1}], {"a": {"until": "x"}, "b": 2}, "x"):
            await store.save(section, junk)
        await store.save(section, [{"target": 1}] if section == "tasks" else {"a": 1})
    await home.restart(entry)
    assert entry.runtime_data.control_manager is not None


async def test_a_mistake_of_ours_loses_no_running_command(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """It is asked for again, and told."""
    key = (vendor.charger, Control.CHARGE_CURRENT_LIMIT)
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=90)
    ]
    vendor.follows = [ValueError("x"), CommandResult(outcome=Outcome.CONFIRMED)]
    await vendor.control_manager.async_apply(Command(*key, 9.0))
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(400)
    assert [event.data["result"] for event in events] == ["confirmed"]


async def test_a_command_of_another_version_is_told_as_uncertain(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """After an update nobody can read its handle any more: it is dropped, and nothing stays pending for ever."""
    key = (vendor.charger, Control.CHARGE_CURRENT_LIMIT)
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=90)
    ]
    vendor.follows = [KeyError("x") for _ in range(50)]
    await vendor.control_manager.async_apply(Command(*key, 9.0))
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(900)
    assert [event.data["result"] for event in events] == ["uncertain"]
    assert vendor.control_manager.report()["running"] == []
    assert vendor.control_manager.pending.states[key] == "uncertain"


async def test_old_settings_are_no_answer_to_a_new_command(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """The change took longer than usual; what was read before it says nothing about it."""
    key = (vendor.charger, Control.CHARGER_MODE)
    vendor.settings_now = Settings({key: "fast"})
    await vendor.control_manager.settings.async_refresh()
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, task="a", check_after=600)
    ]
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await vendor.control_manager.async_apply(Command(*key, "stop"))
    await house.home.pass_time(420)
    vendor.control_manager.settings.async_update_listeners()
    assert vendor.control_manager.value(*key) == "stop"
    vendor.settings_now = Settings({key: "stop"})
    await house.home.pass_time(400)
    assert [event.data["result"] for event in events] == ["accepted", "confirmed"]
    assert vendor.control_manager.pending.states[key] == "confirmed"


async def test_switching_off_is_a_change_like_any_other(house: SolaxHouse) -> None:
    """An automation that flips a switch is stopped after 150 changes; the end of a forced mode still goes."""
    await house.act(
        "set_work_mode",
        mode="self_consumption",
        min_soc=10,
        max_soc=100,
        grid_charging=False,
    )
    await house.act("charge_battery", power=1000, duration={"hours": 2})
    for n in range(148):
        house.home.freezer.tick(10)
        turn = "turn_off" if n % 2 else "turn_on"
        await house.call("switch", turn, Kind.INVERTER, "grid_charging")
    for turn in ("turn_on", "turn_off"):
        with pytest.raises(ServiceValidationError) as err:
            await house.call("switch", turn, Kind.INVERTER, "grid_charging")
        assert err.value.translation_key == "write_budget_spent"
    sent = len(house.solax.commands())
    await house.act("stop_battery")
    assert len(house.solax.commands()) == sent + 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
async def test_no_number_that_is_none_is_sent(house: SolaxHouse, value: float) -> None:
    """From entities and actions: refused with a reason, before anything is sent."""
    wishes: list[Any] = [
        house.call("number", "set_value", Kind.CHARGER, "charge_current_limit", value=value),
        house.act("charge_battery", power=value, duration=600),
        house.act("discharge_battery", power=1000, target_soc=value),
        house.act("charge_battery", power=1000, duration=value),
        house.act("charge_battery", power=1000, duration={"hours": value}),
        house.act("set_work_mode", mode="backup", min_soc=value),
        house.act("set_battery_schedule", periods=[{"start": "01:00", "end": "02:00", "target_soc": value}]),
        house.act("reserve_charging", Kind.CHARGER, start="01:00", end="02:00", current=value),
    ]  # fmt: skip
    for wish in wishes:
        with pytest.raises(ServiceValidationError) as err:
            await wish
        assert err.value.translation_key in {"not_a_number", "out_of_range"}
    assert not house.solax.commands()
