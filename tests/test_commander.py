"""What other vendors need of the way out: signs of life, read-backs that cost a call, answers that come late or never."""

import asyncio
from dataclasses import replace
import math
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

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
    Settings,
    StopBattery,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CommandRejected,
    QuotaExhausted,
)
from custom_components.solar_cloud.control import manager
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from custom_components.solar_cloud.control.manager import ControlManager
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from .conftest import Home
from .emulators.solax import Kind, SolaxCloud
from .test_controls import House, entry, house, waiting

__all__ = ["entry", "house", "waiting"]


class Vendor:
    """Answers in the client's place."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the loaded client."""
        self.actions: list[ControlAction] = []
        self.receipts: list[CommandResult | Exception] = []
        self.follows: list[CommandResult | Exception] = []
        self.asked = 0
        account = house.entry.runtime_data
        assert account.control_manager is not None
        self.control_manager: ControlManager = account.control_manager
        self.inverter = house.solax.first(Kind.INVERTER).sn
        self.charger = house.solax.first(Kind.CHARGER).sn
        self.settings_now = Settings({})

        async def run_action(action: ControlAction) -> CommandResult:
            self.actions.append(action)
            return _next(self.receipts, CommandResult(outcome=Outcome.CONFIRMED))

        async def apply(command: Command) -> CommandResult:
            return _next(self.receipts, CommandResult(outcome=Outcome.ACCEPTED))

        async def poll_task(task: str) -> CommandResult:
            return _next(self.follows, CommandResult(outcome=Outcome.CONFIRMED))

        async def settings(wanted: Any) -> Settings:
            self.asked += 1
            return self.settings_now

        for name, function in {
            "run_action": run_action,
            "apply": apply,
            "poll_task": poll_task,
            "settings": settings,
        }.items():
            monkeypatch.setattr(account.cloud.controls, name, function)
        account.vendor = replace(account.vendor, settings_period=3600.0)


def _next(
    queue: list[CommandResult | Exception], usual: CommandResult
) -> CommandResult:
    answer = queue.pop(0) if queue else usual
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def vendor(house: House, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The loaded account with a client that does what a test says."""
    return Vendor(house, monkeypatch)


def _charge(vendor: Vendor, duration: float = 1500) -> ChargeBattery:
    return ChargeBattery(device_id=vendor.inverter, power=1000, duration=duration)


async def test_e47_signs_of_life_until_the_end(house: House, vendor: Vendor) -> None:
    """E47: renewed in time, ended in time, and a failure in between kills nothing."""
    force = ForcedMode(ends_after=1500, renew_after=300)
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=force),
        CommandResult(outcome=Outcome.CONFIRMED),
        QuotaExhausted(30),
    ]
    await vendor.control_manager.async_run_action(_charge(vendor))
    assert vendor.control_manager.forces.until(vendor.inverter) is not None
    await house.home.pass_time(1700)
    kinds = [type(action) for action in vendor.actions]
    assert kinds[0] is ChargeBattery
    assert kinds[1:-1] == [RenewBattery] * 5
    assert kinds[-1] is StopBattery
    assert vendor.control_manager.forces.until(vendor.inverter) is None


async def test_a_force_is_known_before_it_is_sent(
    house: House,
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
        await vendor.control_manager.async_run_action(_charge(vendor))
    assert vendor.inverter in str(seen)
    assert house.entry.runtime_data.store.load("forces") == {}
    supervisor = vendor.control_manager.forces
    await supervisor.begin(
        vendor.inverter, ForcedMode(ends_after=900, ends_by_itself=True)
    )
    before = supervisor.until(vendor.inverter)
    with pytest.raises(Exception, match="refused"):
        await vendor.control_manager.async_run_action(_charge(vendor))
    assert supervisor.until(vendor.inverter) == before


async def test_a_command_that_forces_is_supervised_too(
    house: House,
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


async def test_one_read_back_after_the_setting_settled(
    house: House,
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
    house: House,
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
    house: House,
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
    house: House,
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
    house: House,
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


# A battery is never left forced


async def _cut(task: asyncio.Task[Any]) -> None:
    """Cut a command off, as a stopped script does."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_command_that_was_never_sent_prolongs_nothing(
    house: House, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour is on; ten hours are cut off while they wait for their turn: it stays half an hour, on disk too."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=1800)),
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 1800))
    until = vendor.control_manager.forces.until(vendor.inverter)
    waits = asyncio.Event()

    async def wait(seconds: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(manager, "pause", wait)
    task = house.hass.async_create_task(
        vendor.control_manager.async_run_action(_charge(vendor, 36000))
    )
    await waits.wait()
    await _cut(task)
    assert len(vendor.actions) == 1
    assert vendor.control_manager.forces.until(vendor.inverter) == until
    ((_, row),) = house.entry.runtime_data.store.load("forces").items()
    assert row["until"] == pytest.approx(until.timestamp() if until else 0)


@pytest.mark.parametrize("how", ["cut off", "failed"])
async def test_a_command_that_nobody_knows_of_ends_no_later_than_what_was_on(
    house: House, vendor: Vendor, how: str
) -> None:
    """It was on its way when it was cut off: either may be on, and the earlier end is right for both."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=1800))
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 1800))
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
        vendor.control_manager.async_run_action(_charge(vendor, 36000))
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
    house: House, vendor: Vendor, err: Exception
) -> None:
    """The end is tried again until it is certain, and a repair says so meanwhile."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=600))
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 600))
    original = house.entry.runtime_data.cloud.controls.run_action

    async def run_action(action: ControlAction) -> CommandResult:
        vendor.actions.append(action)
        raise err

    controls: Any = house.entry.runtime_data.cloud.controls
    controls.run_action = run_action
    await house.home.pass_time(900)
    assert len(vendor.actions) > 2
    assert _repairs(house, "force_not_ended")
    controls.run_action = original
    await house.home.pass_time(1200)
    assert vendor.control_manager.forces.until(vendor.inverter) is None
    await house.home.pass_time(400)
    assert not _repairs(house, "force_not_ended")


def _repairs(house: House, key: str) -> list[str]:
    return [issue for _, issue in ir.async_get(house.hass).issues if key in issue]


async def test_a_mistake_of_ours_loses_no_running_command(
    house: House, vendor: Vendor
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
    house: House, vendor: Vendor
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


async def test_a_select_that_forces_is_on_disk_before_it_is_sent(
    house: House, vendor: Vendor
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
    house: House, vendor: Vendor
) -> None:
    """The end of the first is being confirmed when the second begins: its end stays."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=900)),
        CommandResult(outcome=Outcome.ACCEPTED, task="stop", check_after=120),
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=7200)),
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 900))
    await vendor.control_manager.async_run_action(
        StopBattery(device_id=vendor.inverter)
    )
    assert vendor.control_manager.forces.until(vendor.inverter) is None
    await vendor.control_manager.async_run_action(_charge(vendor, 7200))
    until = vendor.control_manager.forces.until(vendor.inverter)
    await house.home.pass_time(600)
    assert until is not None
    assert vendor.control_manager.forces.until(vendor.inverter) == until


async def test_an_end_in_time_does_not_kill_what_replaced_it(
    house: House, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the first waits for its turn behind the second: it is not sent any more."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=600))
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 600))
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
        vendor.control_manager.async_run_action(_charge(vendor, 7200))
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
    house: House, vendor: Vendor, restart: bool
) -> None:
    """The stop was accepted and its outcome got lost: it is sent again, over a restart too."""
    vendor.receipts = [
        CommandResult(outcome=Outcome.CONFIRMED, force=ForcedMode(ends_after=3600)),
        CommandResult(outcome=Outcome.UNCERTAIN),
    ]
    await vendor.control_manager.async_run_action(_charge(vendor, 3600))
    await vendor.control_manager.async_run_action(
        StopBattery(device_id=vendor.inverter)
    )
    assert vendor.inverter in house.entry.runtime_data.store.load("forces")
    if restart:
        await house.home.restart(house.entry)
        await house.home.pass_time(900)
        assert house.solax.orders.carried_out[-1][0] == "exit_vpp_mode"
    else:
        await house.home.pass_time(900)
        assert isinstance(vendor.actions[-1], StopBattery)
        assert len(vendor.actions) == 3
    assert not house.entry.runtime_data.store.load("forces")


async def test_controls_switched_off_end_a_mode_with_a_timer_too(house: House) -> None:
    """Two hours without a target, which the inverter would end itself: it ends at once, as docs/controls.md promises."""
    house.solax.plant.site.set_soc(0.3)
    await house.act("charge_battery", power=2000, duration={"hours": 2})
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    await house.home.pass_time(900)
    assert house.solax.orders.carried_out[-1][0] == "exit_vpp_mode"
    assert not house.entry.runtime_data.store.load("forces")


# Told truthfully


async def test_old_settings_are_no_answer_to_a_new_command(
    house: House, vendor: Vendor
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


# A storm never passes


async def test_switching_off_is_a_change_like_any_other(house: House) -> None:
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
async def test_no_number_that_is_none_is_sent(house: House, value: float) -> None:
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
