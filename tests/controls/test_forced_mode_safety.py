"""A battery is never left forced: what is known before a command is sent, and what ends it whatever fails."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.solar_cloud.cloud.control import (
    Capabilities,
    ChargeBattery,
    Command,
    CommandResult,
    Control,
    ControlAction,
    ControlSpec,
    ForcedMode,
    Outcome,
    RenewBattery,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CommandRejected,
    QuotaExhausted,
)
from custom_components.solar_cloud.control import manager

from ..helpers.house import SolaxHouse, repairs_with
from .scripted import Vendor, charge


async def test_e47_signs_of_life_until_the_end(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """E47: renewed in time, ended in time, and a failure in between kills nothing."""
    force = ForcedMode(ends_after=1500, renew_after=300)
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=force),
        CommandResult(outcome=Outcome.CONFIRMED),
        QuotaExhausted(30),
    ]
    await vendor.control_manager.async_run_action(charge(vendor))
    assert vendor.control_manager.forces.until(vendor.inverter) is not None
    await house.home.pass_time(1700)
    kinds = [type(action) for action in vendor.actions]
    assert kinds[0] is ChargeBattery
    assert kinds[1:-1] == [RenewBattery] * 5
    assert kinds[-1] is StopBattery
    assert vendor.control_manager.forces.until(vendor.inverter) is None


async def test_a_force_is_known_before_it_is_sent(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """A crash between sending and answering leaves a deadline; a refusal leaves what was."""
    seen: list[object] = []

    async def run_action(action: ControlAction) -> CommandResult:
        seen.append(house.entry.runtime_data.store.load("forces"))
        raise CommandRejected("device_refused")

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.run_action = run_action
    with pytest.raises(Exception, match="refused"):
        await vendor.control_manager.async_run_action(charge(vendor))
    assert vendor.inverter in str(seen)
    assert house.entry.runtime_data.store.load("forces") == {}
    supervisor = vendor.control_manager.forces
    await supervisor.begin(
        vendor.inverter, ForcedMode(ends_after=900, ends_by_itself=True)
    )
    before = supervisor.until(vendor.inverter)
    with pytest.raises(Exception, match="refused"):
        await vendor.control_manager.async_run_action(charge(vendor))
    assert supervisor.until(vendor.inverter) == before


async def test_a_command_that_forces_is_supervised_too(
    house: SolaxHouse,
    vendor: Vendor,
) -> None:
    """A select that forces ends like an action; another command ends its supervision."""
    exit_ = Command(vendor.inverter, Control.EXIT_REMOTE_CONTROL)
    mode = Command(vendor.inverter, Control.WORK_MODE, "backup")
    vendor.receipts = [
        CommandResult(outcome=Outcome.ACCEPTED, force=ForcedMode(ends_after=600))
    ]
    await vendor.control_manager.async_apply(mode)
    assert vendor.control_manager.forces.until(vendor.inverter)
    await vendor.control_manager.async_apply(exit_)
    assert vendor.control_manager.forces.until(vendor.inverter) is None


async def _cut(task: asyncio.Task[Any]) -> None:
    """Cut a command off, as a stopped script does."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_command_that_was_never_sent_prolongs_nothing(
    house: SolaxHouse, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour is on; ten hours are cut off while they wait for their turn: it stays half an hour, on disk too."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=1800)),
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 1800))
    until = vendor.control_manager.forces.until(vendor.inverter)
    waits = asyncio.Event()

    async def wait(seconds: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(manager, "pause", wait)
    task = house.hass.async_create_task(
        vendor.control_manager.async_run_action(charge(vendor, 36000))
    )
    await waits.wait()
    await _cut(task)
    assert len(vendor.actions) == 1
    assert vendor.control_manager.forces.until(vendor.inverter) == until
    ((_, row),) = house.entry.runtime_data.store.load("forces").items()
    assert row["until"] == pytest.approx(until.timestamp() if until else 0)


@pytest.mark.parametrize("how", ["cut off", "failed"])
async def test_a_command_that_nobody_knows_of_ends_no_later_than_what_was_on(
    house: SolaxHouse, vendor: Vendor, how: str
) -> None:
    """It was on its way when it was cut off: either may be on, and the earlier end is right for both."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=1800))
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 1800))
    until = vendor.control_manager.forces.until(vendor.inverter)
    sent = asyncio.Event()

    async def run_action(action: ControlAction) -> CommandResult:
        sent.set()
        if how == "failed":
            raise ValueError
        await asyncio.Event().wait()
        raise AssertionError

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.run_action = run_action
    task = house.hass.async_create_task(
        vendor.control_manager.async_run_action(charge(vendor, 36000))
    )
    await sent.wait()
    if how == "failed":
        assert (await task).outcome is Outcome.UNCERTAIN
    else:
        await _cut(task)
    assert vendor.control_manager.forces.until(vendor.inverter) == until


@pytest.mark.parametrize(
    "err",
    [ValueError("x"), KeyError("x"), OverflowError(), CloudUnreachable()],
)
async def test_a_mistake_of_ours_ends_no_supervision(
    house: SolaxHouse, vendor: Vendor, err: Exception
) -> None:
    """The end is tried again until it is certain, and a repair says so meanwhile."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=600))
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 600))
    original = house.entry.runtime_data.cloud.controls.run_action

    async def run_action(action: ControlAction) -> CommandResult:
        vendor.actions.append(action)
        raise err

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.run_action = run_action
    await house.home.pass_time(900)
    assert len(vendor.actions) > 2
    assert repairs_with(house, "force_not_ended")
    controls.run_action = original
    await house.home.pass_time(1200)
    assert vendor.control_manager.forces.until(vendor.inverter) is None
    await house.home.pass_time(400)
    assert not repairs_with(house, "force_not_ended")


async def test_a_select_that_forces_is_on_disk_before_it_is_sent(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """A crash between sending and answering leaves a deadline, whichever way the mode was begun."""
    spec = ControlSpec(
        control=Control.BATTERY_COMMAND,
        options=("charge", "stop"),
        begins={"charge": ForcedMode(ends_after=7200, renew_after=360)},
    )
    seen: list[Any] = []

    async def apply(command: Command) -> CommandResult:
        seen.append(house.entry.runtime_data.store.load("forces"))
        return CommandResult(
            outcome=Outcome.CONFIRMED,
            force=spec.begins.get(str(command.value)),
        )

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.apply = apply
    controls.available = lambda inventory: Capabilities({vendor.inverter: (spec,)})
    vendor.control_manager.settings.async_update_listeners()
    await vendor.control_manager.async_apply(
        Command(vendor.inverter, Control.BATTERY_COMMAND, "charge")
    )
    assert vendor.inverter in seen[0]
    await vendor.control_manager.async_apply(
        Command(vendor.inverter, Control.BATTERY_COMMAND, "stop")
    )
    assert vendor.control_manager.forces.until(vendor.inverter) is None


async def test_an_order_outlives_the_stop_of_the_one_before(
    house: SolaxHouse, vendor: Vendor
) -> None:
    """The end of the first is being confirmed when the second begins: its end stays."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=900)),
        CommandResult(outcome=Outcome.ACCEPTED, task="stop", check_after=120),
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=7200)),
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 900))
    await vendor.control_manager.async_run_action(
        StopBattery(device_id=vendor.inverter)
    )
    assert vendor.control_manager.forces.until(vendor.inverter) is None
    await vendor.control_manager.async_run_action(charge(vendor, 7200))
    until = vendor.control_manager.forces.until(vendor.inverter)
    await house.home.pass_time(600)
    assert until is not None
    assert vendor.control_manager.forces.until(vendor.inverter) == until


async def test_an_end_in_time_does_not_kill_what_replaced_it(
    house: SolaxHouse, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the first waits for its turn behind the second: it is not sent any more."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=600))
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 600))
    house.home.freezer.tick(590)
    answer = asyncio.Event()

    async def run_action(action: ControlAction) -> CommandResult:
        vendor.actions.append(action)
        await answer.wait()
        return CommandResult(
            outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=7200)
        )

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.run_action = run_action
    task = house.hass.async_create_task(
        vendor.control_manager.async_run_action(charge(vendor, 7200))
    )
    await asyncio.sleep(0)
    house.home.freezer.tick(20)
    async_fire_time_changed(house.hass)
    await asyncio.sleep(0)
    answer.set()
    await task
    await house.home.settle()
    assert [type(action) for action in vendor.actions] == [ChargeBattery] * 2
    assert vendor.control_manager.forces.until(vendor.inverter) is not None


@pytest.mark.parametrize("restart", [False, True])
async def test_an_end_counts_when_the_device_said_so(
    house: SolaxHouse, vendor: Vendor, restart: bool
) -> None:
    """The stop was accepted and its outcome got lost: it is sent again, over a restart too."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=3600)),
        CommandResult(outcome=Outcome.UNCERTAIN),
    ]
    await vendor.control_manager.async_run_action(charge(vendor, 3600))
    await vendor.control_manager.async_run_action(
        StopBattery(device_id=vendor.inverter)
    )
    assert vendor.inverter in house.entry.runtime_data.store.load("forces")
    if restart:
        await house.home.restart(house.entry)
        await house.home.pass_time(900)
        assert house.solax.command_queue.carried_out[-1][0] == "exit_vpp_mode"
    else:
        await house.home.pass_time(900)
        assert isinstance(vendor.actions[-1], StopBattery)
        assert len(vendor.actions) == 3
    assert not house.entry.runtime_data.store.load("forces")


async def test_controls_switched_off_end_a_mode_with_a_timer_too(
    house: SolaxHouse,
) -> None:
    """Two hours without a target, which the inverter would end itself: it ends at once, as docs/controls.md promises."""
    house.solax.plant.site.set_soc(0.3)
    await house.act("charge_battery", power=2000, duration={"hours": 2})
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    await house.home.pass_time(900)
    assert house.solax.command_queue.carried_out[-1][0] == "exit_vpp_mode"
    assert not house.entry.runtime_data.store.load("forces")
