"""Every command's one way out: allowed, counted, one at a time, followed to its end, told truthfully, never repeated.

The client sends and asks; this waits, shows what is pending, lets the device's word replace it, and keeps what must outlive a restart.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
import time
from typing import Final

from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_call_later

from .cloud.control import (
    STEERING,
    Available,
    Command,
    Control,
    Controllable,
    ControlSpec,
    Force,
    ForceBattery,
    Order,
    Outcome,
    Receipt,
    Settings,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from .cloud.errors import CloudError, CommandInvalid, CommandRejected
from .cloud.model import Inventory, Notice, Snapshot
from .cloud.vault import Json
from .const import DOMAIN, LOGGER
from .coordinator import SolarCloudConfigEntry, SolarCloudCoordinator
from .devices import registered_name
from .forces import Supervisor
from .journal import fire
from .overlay import CommandState, Key, Overlay
from .running import Running, Task
from .store import AccountStore
from .write_budget import WriteBudget

PATIENCE: Final = 20.0
"""Seconds a caller waits for the device; then the command is followed in the background."""
ASK_AGAIN: Final = 60.0
LONGEST_TASK: Final = 86400.0
ORDER_SETTLES: Final = 30.0
SOON: Final = 1.0
END_AGAIN: Final = 300.0
STOP: Final = "stop_battery"
"""What ``StopBattery`` is called."""

type What = Command | Order

pause: Callable[[float], Awaitable[None]] = asyncio.sleep
"""How waiting is done; tests let their own time pass."""


class Commander:
    """The changeable side of an account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: SolarCloudConfigEntry,
        cloud: Controllable,
        store: AccountStore,
        chosen: Callable[[], Inventory],
        settings: SolarCloudCoordinator[Settings],
    ) -> None:
        """Command through ``cloud`` the devices that ``chosen`` returns."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._cloud: Final = cloud
        self._store: Final = store
        self._chosen: Final = chosen
        self.settings: Final = settings
        self.overlay: Final = Overlay(store)
        self.budget: Final = WriteBudget(store)
        self.forces: Final = Supervisor(
            hass, entry, store, self._order_by_itself, self._tell_entities
        )
        self._locks: Final[dict[str, asyncio.Lock]] = {}
        self._last: Final[dict[str, float]] = {}
        self._running: Final = Running(store)
        self._timers: Final[dict[str, CALLBACK_TYPE]] = {}
        self._ineffective: Final[set[str]] = set()
        self._ending: Final[set[str]] = set()
        self.available = Available()

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
            self._follow_later(replace(task, check_after=min(task.check_after, 10.0)))

        @callback
        def stop() -> None:
            for each in unlisten:
                each()
            for cancel in self._timers.values():
                cancel()
            self._timers.clear()

        return stop

    @callback
    def _offer(self) -> None:
        self.available = self._cloud.available(self._chosen())

    @callback
    def _follow_readings(self) -> None:
        """Readings may bring devices, and with some vendors the settings."""
        self._offer()
        if self._entry.runtime_data.vendor.settings_period is None:
            self._entry.async_create_background_task(
                self._hass, self.settings.async_refresh(), "solar_cloud settings"
            )

    @callback
    def _compare(self) -> None:
        self._offer()  # with some vendors only what was read can be set
        self.overlay.compare(self.settings.data, time.time(), self._disagree)

    def _disagree(self, key: Key) -> None:
        LOGGER.warning(
            "A command was accepted but the device reports something else: %s", key[1]
        )
        self._tell(key[0], str(key[1]), "not_taken", None, None)

    @callback
    def _tell_entities(self) -> None:
        self.settings.async_update_listeners()

    # What entities ask

    def spec(self, target_id: str, control: Control) -> ControlSpec | None:
        """Return the limits of a control, ``None`` when it is not to be had now."""
        return next(
            (
                spec
                for spec in self.available.specs.get(target_id, ())
                if spec.control is control
            ),
            None,
        )

    def value(self, target_id: str, control: Control) -> SettingValue | None:
        """Return what a control is set to, as far as anybody knows."""
        return self.overlay.value((target_id, control), self.settings.data)

    @property
    def notices(self) -> frozenset[Notice]:
        """What the user should know."""
        found = (
            ("command_storm", self.budget.spent()),
            ("force_not_ended", self.forces.overdue),
            ("command_without_effect", frozenset(self._ineffective)),
        )
        return frozenset(
            Notice(key, (("device", self._name(target_id)),))
            for key, targets in found
            for target_id in targets
        )

    def _name(self, target_id: str) -> str:
        return registered_name(self._hass, self._entry.entry_id, target_id)

    # Commands

    async def async_apply(
        self, command: Command, context: Context | None = None
    ) -> Receipt:
        """Carry out a command. Raises a translated ``HomeAssistantError``."""
        key = (command.target_id, command.control)
        spec = self.spec(*key)
        if spec is None:
            raise as_error(CommandInvalid("not_offered"))

        async def send() -> Receipt:
            before = self.overlay.get(key)
            if command.value is not None:
                self.overlay.wish(key, spec, command.value)
                self._tell_entities()
            try:
                receipt = await self._send(command, lambda: self._cloud.apply(command))
            except CloudError:
                self.overlay.take_back(key, before, CommandState.REFUSED)
                self._tell_entities()
                raise
            self.overlay.answered(key, receipt.outcome)
            if spec.reads_back:
                self._read_settings_in(spec.settle)
            return receipt

        return await self._tell_user(command, send, context)

    async def async_order(
        self, order: Order, context: Context | None = None
    ) -> Receipt:
        """Carry out an order. Raises a translated ``HomeAssistantError``."""

        async def send() -> Receipt:
            return await self._send_order(order)

        return await self._tell_user(order, send, context)

    async def _send_order(self, order: Order) -> Receipt:
        """Send an order; a forced mode is on disk before it is on the wire."""
        target_id = order.target_id
        before = self.forces.get(target_id)
        if isinstance(order, ForceBattery):
            await self.forces.begin(target_id, Force(ends_after=order.duration))
        try:
            receipt = await self._send(order, lambda: self._cloud.order(order))
        except CloudError:
            if isinstance(order, ForceBattery | StopBattery):
                await self.forces.restore(target_id, before)
            raise
        self._read_settings_in(ORDER_SETTLES)
        return receipt

    async def _order_by_itself(self, order: Order) -> None:
        """Send what the supervision of a forced mode asks for. Raises a ``CloudError``."""
        receipt = await self._send_order(order)
        self._tell(order.target_id, name_of(order), receipt.outcome, None, None)

    async def _tell_user(
        self,
        what: What,
        send: Callable[[], Awaitable[Receipt]],
        context: Context | None,
    ) -> Receipt:
        value = what.value if isinstance(what, Command) else None
        try:
            receipt = await send()
        except CloudError as err:
            self._tell(what.target_id, name_of(what), "refused", value, context, err)
            raise as_error(err) from err
        self._tell(what.target_id, name_of(what), receipt.outcome, value, context)
        self._tell_entities()
        return receipt

    async def _send(
        self, what: What, send: Callable[[], Awaitable[Receipt]]
    ) -> Receipt:
        async with self._turn(what.target_id):
            self.budget.spend(what.target_id, what)
            try:
                receipt = await send()
                self._last[what.target_id] = time.time()
                self._ineffective.discard(what.target_id)
                await self._supervise(what, receipt.force)
                return await self._wait(what, receipt)
            except CommandRejected as err:
                self._note_no_effect(what.target_id, err)
                raise

    @asynccontextmanager
    async def _turn(self, target_id: str) -> AsyncIterator[None]:
        """Let one command at a time at a device, at the vendor's pace."""
        async with self._locks.setdefault(target_id, asyncio.Lock()):
            wait = self._last.get(target_id, 0.0) + self._cloud.pace - time.time()
            if wait > 0:
                await pause(wait)
            yield

    async def _supervise(self, what: What, force: Force | None) -> None:
        steers = (
            what.control in STEERING
            if isinstance(what, Command)
            else isinstance(what, ForceBattery | StopBattery | SetWorkMode)
        )
        if steers and force is not None:
            await self.forces.begin(what.target_id, force)
        elif steers:
            if self.forces.get(what.target_id) is not None:
                self._ending.add(what.target_id)
            await self.forces.end(what.target_id)

    async def _wait(self, what: What, receipt: Receipt) -> Receipt:
        """Follow a command while its caller waits, then leave it to the background."""
        force, waited = receipt.force, 0.0
        while receipt.task is not None:
            task = self._keep(what, receipt)
            if waited + task.check_after > PATIENCE:
                self._follow_later(task)
                break
            await pause(task.check_after)
            waited += task.check_after
            try:
                receipt = await self._cloud.follow(task.handle)
            except CommandRejected:
                self._running.forget(task)
                raise
            except CloudError as err:
                LOGGER.debug("The outcome of a command is not known yet: %s", err.key)
                self._follow_later(replace(task, check_after=ASK_AGAIN))
                break
            if receipt.task is None:
                self._running.forget(task)
        return replace(receipt, force=force)

    # Tasks

    def _keep(self, what: What, receipt: Receipt) -> Task:
        """Remember a running command, over a restart too."""
        task = Task(
            what.target_id,
            name_of(what),
            receipt.task or "",
            receipt.check_after or ASK_AGAIN,
            time.time(),
            what.control if isinstance(what, Command) else None,
        )
        self._running.put(task)
        return task

    def _follow_later(self, task: Task) -> None:
        self._running.put(task)
        key = task.key
        if cancel := self._timers.pop(key, None):
            cancel()

        @callback
        def follow(_: datetime) -> None:
            self._timers.pop(key, None)
            self._entry.async_create_background_task(
                self._hass, self._follow(task), "solar_cloud command"
            )

        self._timers[key] = async_call_later(self._hass, task.check_after, follow)

    async def _follow(self, task: Task) -> None:
        """Ask how a command stands whose caller no longer waits, and tell the outcome."""
        if not self._running.holds(task):
            return  # a newer command took its place
        try:
            receipt = await self._cloud.follow(task.handle)
        except CommandRejected as err:
            self._running.forget(task)
            self._failed(task, err)
            await self._end_again(task)
            return
        except CloudError as err:
            LOGGER.debug("The outcome of a command is not known yet: %s", err.key)
            if time.time() < task.since + LONGEST_TASK:
                self._follow_later(replace(task, check_after=ASK_AGAIN))
            else:
                self._running.forget(task)
            return
        if receipt.task is not None:
            wait = receipt.check_after or ASK_AGAIN
            self._follow_later(replace(task, handle=receipt.task, check_after=wait))
            return
        self._running.forget(task)
        if task.control is not None:
            self.overlay.answered((task.target_id, task.control), receipt.outcome)
        if receipt.outcome is Outcome.CONFIRMED:
            self._ineffective.discard(task.target_id)
        self._tell(task.target_id, task.name, receipt.outcome, None, None)
        self._tell_entities()
        self._read_settings_in(SOON)

    def _failed(self, task: Task, err: CommandRejected) -> None:
        LOGGER.warning("A command failed after it had been accepted: %s", err.key)
        if task.control is not None:
            self.overlay.drop((task.target_id, task.control), CommandState.REFUSED)
        self._note_no_effect(task.target_id, err)
        self._tell(task.target_id, task.name, "refused", None, None, err)
        self._tell_entities()
        self._read_settings_in(SOON)

    def _note_no_effect(self, target_id: str, err: CommandRejected) -> None:
        if err.key == "no_effect":
            self._ineffective.add(target_id)

    async def _end_again(self, task: Task) -> None:
        """Supervise a forced mode again whose end was refused when nobody waited for it any more."""
        if task.name == STOP and task.target_id in self._ending:
            self._ending.discard(task.target_id)
            await self.forces.begin(task.target_id, Force(ends_after=END_AGAIN))

    def _read_settings_in(self, seconds: float) -> None:
        """Ask the device once when the settings have settled, for vendors whose settings do not come by themselves."""
        if self._entry.runtime_data.vendor.settings_period is None:
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
        target_id: str,
        name: str,
        result: str,
        value: SettingValue | None,
        context: Context | None,
        err: CloudError | None = None,
    ) -> None:
        """Write a command and its outcome into the logbook."""
        fire(
            self._hass,
            self._entry.entry_id,
            target_id,
            {
                "command": name,
                "value": value,
                "result": str(result),
                "reason": str(as_error(err)) if err else None,
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


def name_of(what: What) -> str:
    """Name a command or order as users know it."""
    if isinstance(what, Command):
        return str(what.control)
    return "".join(
        f"_{letter.lower()}" if letter.isupper() else letter
        for letter in type(what).__name__
    ).strip("_")


def as_error(err: CloudError) -> HomeAssistantError:
    """Tell the user what stands in the way: an error of the request where another request would help."""
    kind = (
        ServiceValidationError
        if isinstance(err, CommandInvalid)
        else HomeAssistantError
    )
    return kind(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders=err.placeholders,
    )
