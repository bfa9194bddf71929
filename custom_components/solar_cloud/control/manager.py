"""Every command's one way out: allowed, counted, one at a time, followed to its end, told truthfully, never repeated.

The client sends and asks; this waits, shows pending values until the device reports its own, and keeps what must outlive a restart.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import datetime
import math
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_call_later

from ..cloud.control import (
    AUTOMATIC,
    FORCED_MODE_CONTROLS,
    LOCAL_CONTROLS,
    BatterySchedule,
    Capabilities,
    ChargeBatteryFromSun,
    Command,
    CommandResult,
    Control,
    ControlAction,
    ControlClient,
    ControlSpec,
    ForceBattery,
    ForcedMode,
    HoldBattery,
    Outcome,
    SetBatterySchedule,
    Settings,
    SettingValue,
    SetWorkMode,
    SteerBattery,
    StopBattery,
    battery_mode_of,
)
from ..cloud.control_kit import check_range
from ..cloud.errors import CloudError, CommandInvalid, CommandRejected, describe
from ..cloud.model import Notice, Snapshot
from ..cloud.storage import Json
from ..const import CONF_BATTERY_MODE_HOURS, DOMAIN, LOGGER
from ..coordinator import InventoryCoordinator, SolarCloudCoordinator
from ..device_registry import registered_name
from ..storage import AccountStorage
from .battery_mode import USUAL_HOURS, BatteryModes
from .events import command_name, fire
from .forced_mode import ForcedModeManager, Superseded, Supervised, Wish
from .pending import CommandState, Key, LastCommands, PendingValues
from .tasks import RunningTask, TaskStore
from .write_limit import WriteLimiter

PATIENCE: Final = 20.0
"""Seconds a caller waits for the device; then the command is followed in the background."""
ASK_AGAIN: Final = 60.0
LONGEST_TASK: Final = 86400.0
ACTION_SETTLES: Final = 30.0
SOON: Final = 1.0
MOST_MISTAKES: Final = 3
"""How often a task is tried to be followed that raises what no client should: one kept by another version always does."""
UNSURE: Final = frozenset({"half_done", "device_timeout"})
"""Refusals after which a part of a command may have been carried out all the same."""
NOT_READ: Final = "not_read_yet"
SETTINGS: Final = "fields"
"""The placeholder of an error that lists controls by their keys."""
FORCED_MODES: Final = frozenset({"charge", "discharge"})
"""Options of a battery command that are battery modes too."""

type What = Command | ControlAction

pause: Callable[[float], Awaitable[None]] = asyncio.sleep
"""How waiting is done; tests let their own time pass."""


class ControlManager:
    """The changeable side of an account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        cloud: ControlClient,
        store: AccountStorage,
        inventory: InventoryCoordinator,
        settings: SolarCloudCoordinator[Settings],
    ) -> None:
        """Command the chosen devices of ``inventory`` through ``cloud``, which may have to end something on others."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._cloud: Final = cloud
        self._store: Final = store
        self._inventory: Final = inventory
        self.settings: Final = settings
        self._running: Final = TaskStore(store)
        self.pending: Final = PendingValues(store, self._running.changing)
        self.battery_modes: Final = BatteryModes(
            store, entry.options.get(CONF_BATTERY_MODE_HOURS, USUAL_HOURS)
        )
        self.budget: Final = WriteLimiter(store)
        self._last_commands: Final = LastCommands(store, self._running.running())
        self.forces: Final = ForcedModeManager(
            hass,
            entry,
            store,
            self._send_action_by_itself,
            self._running.ending,
            self._tell_entities,
        )
        self._locks: Final[dict[str, asyncio.Lock]] = {}
        self._last: Final[dict[str, float]] = {}
        self._timers: Final[dict[str, CALLBACK_TYPE]] = {}
        self._ineffective: Final[set[str]] = set()
        self._shown_modes: dict[str, SettingValue | None] = {}
        self._stopped = False
        self.available = Capabilities()

    async def async_start(
        self, readings: SolarCloudCoordinator[Snapshot]
    ) -> Callable[[], None]:
        """Read what is set, take up what the last run left running; returns what stops it all."""
        self.settings.data = Settings({})
        self._offer()
        await self.settings.async_refresh()
        self._compare()
        unlisten = [
            self.settings.async_add_listener(self._compare),
            readings.async_add_listener(self._follow_readings),
            self.forces.start(),
        ]
        for task in self._running.tasks():
            self._poll_task_later(
                replace(task, check_after=min(task.check_after, 10.0))
            )

        @callback
        def stop() -> None:
            self._stopped = True
            for each in unlisten:
                each()
            for cancel in self._timers.values():
                cancel()
            self._timers.clear()

        return stop

    @callback
    def _offer(self) -> None:
        offered = self._cloud.available(self._inventory.steered)
        self.available = offered.only(self._inventory.chosen)

    @callback
    def _follow_readings(self) -> None:
        """Readings may bring devices, and with some vendors the settings."""
        self._offer()
        shown, self._shown_modes = self._shown_modes, self._modes()
        if self._entry.runtime_data.vendor.settings_period is None:
            self._entry.async_create_background_task(
                self._hass, self.settings.async_refresh(), "solar_cloud settings"
            )
        elif shown != self._shown_modes:
            self._tell_entities()

    def _modes(self) -> dict[str, SettingValue | None]:
        """Return the battery mode of every plant and device that has one."""
        return {
            device_id: self.value(device_id, Control.BATTERY_MODE)
            for device_id in self.available.specs
            if self.spec(device_id, Control.BATTERY_MODE) is not None
        }

    @callback
    def _compare(self) -> None:
        self._offer()  # with some vendors only what was read can be set
        self.forces.watch()
        self._drop_ended_modes()
        self.pending.compare(
            self._reported(), time.time(), self._running.changing, self._disagree
        )
        self._last_commands.follow(self.pending.states)

    def _reported(self) -> Settings:
        """Return what devices are set to, with the battery modes that are waited for."""
        modes: dict[Key, SettingValue] = {
            key: mode
            for key in self.pending.sent(Control.BATTERY_MODE)
            if (mode := self._cloud.battery_mode(key[0])) is not None
        }
        settings = self.settings.data
        return replace(settings, values={**settings.values, **modes})

    def _drop_ended_modes(self) -> None:
        """Show what the device tells of its battery once a mode is over: one that ended before the next report is no contradiction."""
        for key in self.pending.sent(Control.BATTERY_MODE):
            known = self.pending.get(key)
            over = self.forces.get(key[0]) is None
            if known is not None and known.value != AUTOMATIC and over:
                self.pending.drop(key, self.pending.states[key])

    def _disagree(self, key: Key) -> None:
        LOGGER.warning(
            "A command was accepted but the device reports something else: %s", key[1]
        )
        self._tell(key[0], str(key[1]), "not_taken", None, None)

    @callback
    def _tell_entities(self) -> None:
        self.settings.async_update_listeners()

    # What entities ask

    def spec(self, device_id: str, control: Control) -> ControlSpec | None:
        """Return the limits of a control that hold now, ``None`` while it is not offered."""
        return self.available.spec(device_id, control)

    def value(self, device_id: str, control: Control) -> SettingValue | None:
        """Return what a control is set to, as far as is known."""
        key = (device_id, control)
        if control in LOCAL_CONTROLS:
            return self.battery_modes.value(device_id, control)
        if control is Control.BATTERY_MODE:
            return self.pending.value(key, self._battery_mode(device_id))
        return self.pending.value(key, self.settings.data.values.get(key))

    def _battery_mode(self, device_id: str) -> str | None:
        """Return what the device says of its battery; while it says nothing, what it was told by us."""
        told = self._cloud.battery_mode(device_id)
        if told is None and (force := self.forces.get(device_id)) is not None:
            if force.stopping:
                return AUTOMATIC
            return None if force.wish is None else force.wish.mode
        return told

    def schedule(self, device_id: str) -> BatterySchedule | None:
        """Return the periods of charging and discharging: those on their way, else what is known of the device."""
        known = self._cloud.schedule(device_id)
        sent = self._running.periods(device_id)
        return known if known is None or sent is None else replace(known, periods=sent)

    def last_command(self, device_id: str) -> tuple[str, CommandState] | None:
        """Return the name of the last command somebody gave a plant or device, and how it stands."""
        last = self._last_commands.get(device_id)
        return None if last is None else (last.name, last.state)

    def last_sent(self, device_id: str) -> float | None:
        """Return when this run last sent something to a plant or device, in epoch seconds."""
        return self._last.get(device_id)

    def is_sending(self, device_id: str) -> bool:
        """Whether a command is just being sent to a plant or device: nobody knows yet what comes of it."""
        return (lock := self._locks.get(device_id)) is not None and lock.locked()

    def is_changing(self, device_id: str) -> bool:
        """Whether a forced mode, a task or a value that was sent is still on its way at a plant or device."""
        return (
            self.forces.get(device_id) is not None
            or any(task.device_id == device_id for task in self._running.tasks())
            or any(
                key[0] == device_id and state is CommandState.PENDING
                for key, state in self.pending.states.items()
            )
        )

    @property
    def notices(self) -> frozenset[Notice]:
        """What the user should know."""
        found = (
            ("command_storm", self.budget.spent()),
            ("force_not_ended", self.forces.overdue),
            ("command_without_effect", frozenset(self._ineffective)),
        )
        return frozenset(
            Notice(key, (("device", self._name(device_id)),))
            for key, targets in found
            for device_id in targets
        )

    def _name(self, device_id: str) -> str:
        return registered_name(self._hass, self._entry.entry_id, device_id)

    # Commands

    async def async_apply(
        self, command: Command, context: Context | None = None
    ) -> CommandResult:
        """Carry out a command. Raises a translated ``HomeAssistantError``."""
        key = (command.device_id, command.control)
        spec = self.spec(*key)
        if spec is None:
            raise as_error(self._hass, CommandInvalid("not_offered"))

        async def send() -> CommandResult:
            _check_numbers(command)
            if command.control in LOCAL_CONTROLS:
                return self._keep(command, spec)
            result = await self._send_shown(
                command, spec, command.value, lambda: self._cloud.apply(command)
            )
            if spec.reads_back:
                self._read_settings_in(spec.settle)
            return result

        return await self._tell_user(command, send, context)

    def _keep(self, command: Command, spec: ControlSpec) -> CommandResult:
        """Keep what goes along with the next battery mode."""
        assert command.value is not None
        check_range(float(command.value), spec.minimum, spec.maximum)
        key = (command.device_id, command.control)
        self.battery_modes.keep(*key, command.value)
        self.pending.answered(key, Outcome.KEPT)
        return CommandResult(outcome=Outcome.KEPT)

    async def _send_shown(
        self,
        what: What,
        spec: ControlSpec,
        value: SettingValue | None,
        call: Callable[[], Awaitable[CommandResult]],
    ) -> CommandResult:
        """Send in turn, and show what was asked for until the device tells; a button has no value."""
        key = (what.device_id, spec.control)
        pending = None
        if value is not None:
            pending = self.pending.queue(key, spec, value)
            self._tell_entities()
        sent = False

        async def send() -> CommandResult:
            nonlocal sent
            sent = True
            if pending is not None:
                self.pending.send(key, pending)
            return await call()

        try:
            result = await self._send(what, send)
        except CloudError:
            self.pending.withdraw(key, pending)
            self._tell_entities()
            raise
        except BaseException:  # cut off, or the disk is full
            if sent:
                self.pending.answered(key, Outcome.UNCERTAIN)
            else:
                self.pending.withdraw(key, pending)
            raise
        self.pending.answered(key, result.outcome, waits=result.task is not None)
        return result

    async def async_run_action(
        self, action: ControlAction, context: Context | None = None
    ) -> CommandResult:
        """Carry out an action. Raises a translated ``HomeAssistantError``."""

        mode = battery_mode_of(action)
        spec = self.spec(action.device_id, Control.BATTERY_MODE) if mode else None

        async def send() -> CommandResult:
            _check_numbers(action)
            if spec is None:
                return await self._send_action(action)
            result = await self._send_shown(
                action, spec, mode, lambda: self._cloud.run_action(action)
            )
            self._read_settings_in(ACTION_SETTLES)
            return result

        return await self._tell_user(action, send, context)

    async def async_choose_battery_mode(
        self, device_id: str, mode: str, context: Context | None = None
    ) -> CommandResult:
        """Choose a battery mode with the numbers beside it. Raises a translated ``HomeAssistantError``."""
        return await self.async_run_action(
            self.battery_modes.chosen(device_id, mode), context
        )

    def plant_of_only(self, device_id: str, control: Control) -> str:
        """Return the plant of which a device is the only one with a control, else the device itself.

        One that has not been read yet may turn out to have it, too: what an entity belongs to must not depend on who was read first.
        """
        inventory = self._inventory.data
        device = inventory.devices.get(device_id)
        if device is None:
            return device_id
        able = [
            each.id
            for each in inventory.devices_of(device.plant_id)
            if self.spec(each.id, control) is not None
            or self.available.unavailable_reasons.get(each.id, {}).get(str(control))
            == NOT_READ
        ]
        return device.plant_id if able == [device_id] else device_id

    async def _send_action(
        self, action: ControlAction, wanted: Callable[[], bool] | None = None
    ) -> CommandResult:
        result = await self._send(
            action, lambda: self._cloud.run_action(action), wanted
        )
        self._read_settings_in(ACTION_SETTLES)
        return result

    async def _send_action_by_itself(
        self, action: ControlAction, wanted: Callable[[], bool]
    ) -> None:
        """Send what the supervision of a forced mode asks for, if that is still so when it is its turn."""
        result = await self._send_action(action, wanted)
        self._tell(action.device_id, name_of(action), result.outcome, None, None)

    async def _tell_user(
        self,
        what: What,
        send: Callable[[], Awaitable[CommandResult]],
        context: Context | None,
    ) -> CommandResult:
        value, control = (
            (what.value, what.control)
            if isinstance(what, Command)
            else (_mode_named(what), None)
        )
        self._last_commands.begin(what.device_id, name_of(what), control)
        try:
            result = await send()
        except CloudError as err:
            self._tell(what.device_id, name_of(what), "refused", value, context, err)
            self._tell_entities()
            raise as_error(self._hass, err) from err
        except BaseException:
            self._last_commands.note(
                what.device_id, name_of(what), CommandState.UNCERTAIN
            )
            self._tell_entities()
            raise
        self._tell(what.device_id, name_of(what), result.outcome, value, context)
        self._tell_entities()
        return result

    async def _send(
        self,
        what: What,
        send: Callable[[], Awaitable[CommandResult]],
        wanted: Callable[[], bool] | None = None,
    ) -> CommandResult:
        """Send in turn what is ``wanted`` then; a forced mode is on disk before it is on the wire, and no mishap removes its end."""
        device_id = what.device_id
        async with self._turn(device_id):
            if self._stopped:
                raise CommandInvalid("not_offered")
            if wanted is not None and not wanted():
                raise Superseded
            before = self.forces.get(device_id)
            self.budget.acquire(device_id, what, forced=before is not None)
            begins = self._begins(what)
            try:
                result = await self._deliver(what, send, begins, before)
                return await self._wait(what, result)
            except CommandRejected as err:
                self._note_no_effect(device_id, err)
                await self._unsteer(what, begins, before, err)
                raise
            except CloudError as err:
                await self._unsteer(what, begins, before, err)
                raise

    async def _deliver(
        self,
        what: What,
        send: Callable[[], Awaitable[CommandResult]],
        begins: ForcedMode | None,
        before: Supervised | None,
    ) -> CommandResult:
        """Send once. What raises anything but a ``CloudError`` may have arrived."""
        if begins is not None:
            try:
                await self.forces.prepare(
                    what.device_id, begins, before, self._wish(what)
                )
            except asyncio.CancelledError:  # nothing was sent
                await self.forces.restore(what.device_id, before)
                raise
        try:
            result = await send()
        except CloudError:
            raise
        except Exception as err:  # noqa: BLE001  a mistake of ours is no answer
            LOGGER.error("The outcome of a command is not known: %s", describe(err))
            result = CommandResult(outcome=Outcome.UNCERTAIN)
        self._expect_change()
        self._last[what.device_id] = time.time()
        self._ineffective.discard(what.device_id)
        if _steers(what):
            force = result.force or begins
            await self._supervise(what, result, force, before)
        return result

    def _begins(self, what: What) -> ForcedMode | None:
        """Return the forced mode that a command begins, as far as that is known before it is sent."""
        if isinstance(what, SteerBattery):
            return ForcedMode(ends_after=what.duration)
        if isinstance(what, Command):
            control, option = what.control, str(what.value)
        elif isinstance(what, SetWorkMode):
            control, option = Control.WORK_MODE, what.mode
        else:
            return None
        spec = self.spec(what.device_id, control)
        return spec.begins.get(option) if spec else None

    def _wish(self, what: What) -> Wish | None:
        """Return what a command or action asks of the battery, as far as it says."""
        mode = battery_mode_of(what)
        if isinstance(what, ForceBattery) and mode is not None:
            return Wish(mode, what.power, what.target_soc)
        if isinstance(what, SteerBattery) and mode is not None:
            return Wish(mode, None, None)
        if (
            isinstance(what, Command)
            and what.control is Control.BATTERY_COMMAND
            and (command := str(what.value)) in FORCED_MODES
        ):
            power = self.value(what.device_id, Control.BATTERY_COMMAND_POWER)
            return Wish(command, power if isinstance(power, float) else None, None)
        return None

    async def _supervise(
        self,
        what: What,
        result: CommandResult,
        force: ForcedMode | None,
        before: Supervised | None,
    ) -> None:
        """Take up the end of what is on now; an end counts when the device has confirmed it."""
        device_id, wish = what.device_id, self._wish(what)
        if force is not None and result.outcome is Outcome.UNCERTAIN:
            await self.forces.prepare(device_id, force, before, wish)
        elif force is not None:
            if self._begins(what) is None:  # the one before goes on
                wish = wish or self.forces.wish(device_id)
            await self.forces.begin(device_id, force, before, wish)
        elif result.task is None:
            await self.forces.stop(device_id)
            await self._ended(device_id, result.outcome)
        else:
            await self.forces.stop(device_id)

    async def _ended(self, device_id: str, outcome: Outcome) -> None:
        """Take note of how the end of a forced mode came out; it is sent again until the device confirms it."""
        force = self.forces.get(device_id)
        if force is None or not force.stopping:
            return  # something else is on by now
        if outcome is Outcome.CONFIRMED:
            await self.forces.end(device_id)
        else:
            self.forces.failed(device_id)

    async def _unsteer(
        self,
        what: What,
        begins: ForcedMode | None,
        before: Supervised | None,
        err: CloudError,
    ) -> None:
        """Go back to what was on before a command that came to nothing, if that is certain."""
        if err.key in UNSURE:
            self._expect_change()
        if begins is not None and err.key in UNSURE:
            await self.forces.prepare(what.device_id, begins, before, self._wish(what))
        elif _steers(what):
            await self.forces.restore(what.device_id, before)

    @asynccontextmanager
    async def _turn(self, device_id: str) -> AsyncIterator[None]:
        """Let one command at a time at a device, at the vendor's pace."""
        async with self._locks.setdefault(device_id, asyncio.Lock()):
            pace = self._cloud.min_interval
            wait = self._last.get(device_id, 0.0) + pace - time.time()
            if wait > 0:
                await pause(min(wait, pace))  # the clock may have been set back
            yield

    async def _wait(self, what: What, result: CommandResult) -> CommandResult:
        """Follow a command while its caller waits, then leave it to the background."""
        if result.task is None:
            return result
        force, waited = result.force, 0.0
        task = self._task(what, result)
        await self._running.begin(task)
        try:
            while waited + task.check_after <= PATIENCE:
                await pause(task.check_after)
                waited += task.check_after
                result = await self._cloud.poll_task(task.handle)
                if result.task is None:
                    self._running.forget(task)
                    await self._over(task, result.outcome)
                    return replace(result, force=force)
                task = _next(task, result)
                self._running.put(task)
        except CommandRejected:
            self._running.forget(task)
            raise
        except CloudError as err:
            LOGGER.debug("The outcome of a command is not known yet: %s", err.key)
            task = replace(task, check_after=ASK_AGAIN)
        except Exception as err:  # noqa: BLE001  the command goes on
            task = self._mistaken(task, err)
        except asyncio.CancelledError:
            self._poll_task_later(task)
            raise
        self._poll_task_later(task)
        return replace(result, force=force)

    # Tasks

    def _task(self, what: What, result: CommandResult) -> RunningTask:
        return RunningTask(
            what.device_id,
            name_of(what),
            result.task or "",
            result.check_after or ASK_AGAIN,
            time.time(),
            self._control_of(what),
            ends=_steers(what)
            and result.force is None
            and not isinstance(what, SteerBattery),
            periods=what.periods if isinstance(what, SetBatterySchedule) else None,
        )

    def _control_of(self, what: What) -> Control | None:
        """Return the control whose value a command or action changes."""
        if isinstance(what, Command):
            return what.control
        mode = battery_mode_of(what)
        offered = mode and self.spec(what.device_id, Control.BATTERY_MODE)
        return Control.BATTERY_MODE if offered else None

    def _poll_task_later(self, task: RunningTask) -> None:
        self._running.put(task)
        key = task.key
        if self._stopped:
            return  # the next start goes on with it
        if cancel := self._timers.pop(key, None):
            cancel()

        @callback
        def poll_task(_: datetime) -> None:
            self._timers.pop(key, None)
            self._entry.async_create_background_task(
                self._hass, self._poll_task(task), "solar_cloud command"
            )

        self._timers[key] = async_call_later(self._hass, task.check_after, poll_task)

    async def _poll_task(self, task: RunningTask) -> None:
        """Ask how a command stands whose caller no longer waits, and tell the outcome."""
        if not self._running.is_newest(task):
            return  # a newer command took its place
        try:
            result = await self._cloud.poll_task(task.handle)
        except CommandRejected as err:
            self._running.forget(task)
            self._failed(task, err)
            if task.ends:
                await self._over(task, Outcome.UNCERTAIN)
            else:
                await self.forces.refused(task.device_id, task.since)
            return
        except CloudError as err:
            LOGGER.debug("The outcome of a command is not known yet: %s", err.key)
            task = replace(task, check_after=ASK_AGAIN)
            if time.time() < task.since + LONGEST_TASK:
                self._poll_task_later(task)
            else:
                await self._finish(task, Outcome.UNCERTAIN)
            return
        except Exception as err:  # noqa: BLE001  no mistake of ours may lose a command
            task = self._mistaken(task, err)
            if task.mistakes < MOST_MISTAKES:
                self._poll_task_later(task)
            else:
                await self._finish(task, Outcome.UNCERTAIN)
            return
        if result.task is not None:
            self._poll_task_later(_next(task, result))
        else:
            await self._finish(task, result.outcome)

    @staticmethod
    def _mistaken(task: RunningTask, err: Exception) -> RunningTask:
        LOGGER.error("A command could not be followed: %s", describe(err))
        return replace(task, check_after=ASK_AGAIN, mistakes=task.mistakes + 1)

    async def _finish(self, task: RunningTask, outcome: Outcome) -> None:
        """Tell how a command ended that somebody followed to its end, or gave up."""
        self._running.forget(task)
        if task.control is not None:
            self.pending.answered((task.device_id, task.control), outcome, over=True)
        if outcome is Outcome.CONFIRMED:
            self._ineffective.discard(task.device_id)
        await self._over(task, outcome)
        self._tell(task.device_id, task.name, outcome, None, None)
        self._tell_entities()
        self._read_settings_in(SOON)

    async def _over(self, task: RunningTask, outcome: Outcome) -> None:
        self._expect_change()
        if task.ends:
            await self._ended(task.device_id, outcome)

    def _failed(self, task: RunningTask, err: CommandRejected) -> None:
        LOGGER.warning("A command failed after it had been accepted: %s", err.key)
        if task.control is not None:
            self.pending.drop((task.device_id, task.control), CommandState.REFUSED)
        self._note_no_effect(task.device_id, err)
        self._tell(task.device_id, task.name, "refused", None, None, err)
        self._tell_entities()
        self._read_settings_in(SOON)

    def _expect_change(self) -> None:
        """Let who asks for the readings next see what a command did; an account that was unloaded meanwhile has none."""
        if not self._stopped:
            self._entry.runtime_data.readings.expect_change()

    def _note_no_effect(self, device_id: str, err: CommandRejected) -> None:
        if err.key == "no_effect":
            self._ineffective.add(device_id)

    def _read_settings_in(self, seconds: float) -> None:
        """Ask the device once when the settings have settled, for vendors whose settings do not come by themselves."""
        if self._stopped or self._entry.runtime_data.vendor.settings_period is None:
            return
        key = "read back"
        if cancel := self._timers.pop(key, None):
            cancel()

        @callback
        def read(_: datetime) -> None:
            self._timers.pop(key, None)
            self._entry.async_create_background_task(
                self._hass, self.settings.async_refresh(), "solar_cloud settings"
            )

        self._timers[key] = async_call_later(self._hass, seconds, read)

    def _tell(
        self,
        device_id: str,
        name: str,
        result: str,
        value: SettingValue | None,
        context: Context | None,
        err: CloudError | None = None,
    ) -> None:
        """Write a command and its outcome into the logbook, and note it as the last one's."""
        waits = (device_id, name) in self._running.running()
        state = CommandState.PENDING if waits else CommandState(result)
        self._last_commands.note(device_id, name, state)
        fire(
            self._hass,
            self._entry.entry_id,
            device_id,
            {
                "command": name,
                "value": value,
                "result": str(result),
                "reason": str(as_error(self._hass, err)) if err else None,
            },
            context,
        )

    def report(self) -> dict[str, Json]:
        """Describe what runs, for diagnostics: no identity."""
        return {
            "running": [task.name for task in self._running.tasks()],
            "last_error": self.settings.last_error.key
            if self.settings.last_error
            else None,
        }


def _steers(what: What) -> bool:
    """Whether a forced mode is begun or ended by it."""
    if isinstance(what, Command):
        return what.control in FORCED_MODE_CONTROLS
    return isinstance(what, SteerBattery | StopBattery | SetWorkMode)


def _next(task: RunningTask, result: CommandResult) -> RunningTask:
    """Return how a task goes on."""
    return replace(
        task,
        handle=result.task or task.handle,
        check_after=result.check_after or ASK_AGAIN,
        mistakes=0,
    )


def _check_numbers(what: What) -> None:
    """Refuse what is no number before anything is done with it: infinity is above every limit, and the other fails no comparison."""
    for each in fields(what):
        value = getattr(what, each.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise CommandInvalid("not_a_number")


def name_of(what: What) -> str:
    """Name a command or action as users know it."""
    if isinstance(what, Command):
        return str(what.control)
    if _mode_named(what) is not None:
        return str(Control.BATTERY_MODE)
    return "".join(
        f"_{letter.lower()}" if letter.isupper() else letter
        for letter in type(what).__name__
    ).strip("_")


def _mode_named(what: What) -> str | None:
    """Return the battery mode of what has no action of its own, and is known by the mode it sets."""
    named = isinstance(what, HoldBattery | ChargeBatteryFromSun)
    return battery_mode_of(what) if named else None


def as_error(hass: HomeAssistant, err: CloudError) -> HomeAssistantError:
    """Tell the user what stands in the way, settings by their names: an error of the request where another request would help."""
    kind = (
        ServiceValidationError
        if isinstance(err, CommandInvalid)
        else HomeAssistantError
    )
    return kind(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders={
            **err.placeholders,
            **{
                key: ", ".join(command_name(hass, each) for each in text.split(", "))
                for key, text in err.placeholders.items()
                if key == SETTINGS
            },
        },
    )
