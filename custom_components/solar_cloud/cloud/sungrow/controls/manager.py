"""Everything about settings of one account: what may be set, what is set, and the way to change it (sungrow.md §9)."""

from collections.abc import Callable
from typing import Final

from ...control import (
    BatterySchedule,
    Capabilities,
    ChargeBatteryFromSun,
    Command,
    CommandResult,
    ControlAction,
    ForceBattery,
    HoldBattery,
    Outcome,
    RenewBattery,
    SetBatterySchedule,
    Settings,
    SetWorkMode,
    StopBattery,
)
from ...control_kit import check_offered, target_reached
from ...errors import CloudError, CommandInvalid, CommandRejected
from ...model import Device, Inventory, Quantity, Reading, Slot
from ...storage import Storage
from ..inventory import LOGGER_KEY
from ..points import BATTERY_TYPE, HYBRID_TYPE
from ..session import SungrowSession
from . import requests
from .catalog import LIMITED, SungrowControlCatalog, is_steered
from .parameters import MODE, MOST_DISCHARGE, SELF_CONSUMPTION
from .readback import Readback
from .requests import ParameterWrite
from .state import ParameterCache
from .tasks import ParameterTasks
from .workflow import CommandWorkflow

MIN_INTERVAL: Final = 60.0
"""Seconds between two writes: parameters live in the inverter's flash (sungrow.md §9.1)."""
LOOKED_AFTER: Final = 5
"""Of so many signs of life one is followed and the mode read back: to do it for all would cost too many calls (sungrow.md §9.2)."""
CAPACITY: Final = Slot(Quantity.BATTERY_CAPACITY)
SOC: Final = Slot(Quantity.BATTERY_SOC)


class SungrowControls:
    """Implements ``ControlClient``."""

    min_interval = MIN_INTERVAL

    def __init__(
        self,
        session: SungrowSession,
        storage: Storage,
        read: Callable[[str], Reading | None],
    ) -> None:
        """Make no call yet; ``read`` returns what a device said last."""
        self._read: Final = read
        self._cache: Final = ParameterCache(storage)
        tasks = self._tasks = ParameterTasks(session)
        self._catalog: Final = SungrowControlCatalog(self._cache, self.has_battery)
        self._readback: Final = Readback(tasks, self._cache)
        self._workflow: Final = CommandWorkflow(tasks, self._cache)
        self._inventory = Inventory({}, {})

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set."""
        self._inventory = inventory
        return self._catalog.available(inventory)

    async def may_set(self, inventory: Inventory) -> bool | None:
        """Ask whether the account may change settings, by one device; ``None`` when that shows nothing."""
        device = next(filter(is_steered, inventory.devices.values()), None)
        if device is None:
            return None
        try:
            reason = await self._tasks.may_write(device.address["uuid"])
        except CloudError:
            return None
        if reason is None:
            self._cache.of(device.id).barred = None
        return {None: True, "no_permission": False}.get(reason)

    def has_battery(self, device: Device) -> bool:
        """Whether an inverter has a battery: without one a forced discharge stops its production for good (E46)."""
        batteries = self._in_plant(device, BATTERY_TYPE)
        if any(each.parent_id == device.id for each in batteries):
            return True
        if (capacity := self._number(device.id, CAPACITY)) is not None:
            return capacity > 0
        return len(batteries) >= max(1, len(self._in_plant(device, HYBRID_TYPE)))

    def _in_plant(self, device: Device, kind: int) -> list[Device]:
        return [
            each
            for each in self._inventory.devices.values()
            if each.plant_id == device.plant_id
            and each.address.get("type") == str(kind)
        ]

    def _number(self, device_id: str, slot: Slot) -> float | None:
        reading = self._read(device_id)
        value = None if reading is None else reading.values.get(slot)
        return value if isinstance(value, float) else None

    async def settings(self, wanted: Inventory) -> Settings:
        """Take the next step of reading and return what is known. Raises a ``CloudError``."""
        self._inventory = wanted
        return await self._readback.settings(
            (device, self._catalog.codes(device))
            for device in wanted.devices.values()
            if is_steered(device) and LOGGER_KEY not in device.address
        )

    def battery_mode(self, device_id: str) -> str | None:
        """Return what the inverter was read to be in."""
        return self._cache.battery_mode(device_id)

    def schedule(self, device_id: str) -> BatterySchedule | None:
        """Return the windows of forced charging; none are in force while it is off."""
        return requests.schedule_of(device_id, self._cache)

    async def apply(self, command: Command) -> CommandResult:
        """Send a command, unless the device has just reported that it is set so."""
        device = self._device(command.device_id)
        check_offered(self._catalog.available(self._inventory), command)
        return await self._start(
            device, requests.write_of(device, command, self._cache)
        )

    async def run_action(self, action: ControlAction) -> CommandResult:
        """Run an action."""
        device = self._device(action.device_id)
        if isinstance(action, RenewBattery):
            return await self._renew(device)
        offered = self._catalog.available(self._inventory).actions.get(device.id, ())
        if type(action) not in offered and not _ends_what_is_on(device, action):
            raise CommandInvalid("not_offered")
        match action:
            case ForceBattery():
                soc = self._number(device.id, SOC)
                write = requests.force(device, action, soc, self._cache)
            case HoldBattery():
                write = requests.hold(device, action, self._cache)
            case ChargeBatteryFromSun():
                write = requests.charge_from_sun(device, action, self._cache)
            case StopBattery():
                write = requests.stop(device, self._cache)
            case SetWorkMode():
                write = requests.change_mode(device, action, self._cache)
            case SetBatterySchedule():
                write = requests.schedule(action)
            case _:
                raise CommandInvalid("not_offered")
        result = await self._start(device, write)
        unfollowed = isinstance(action, StopBattery) and action.unfollowed
        if unfollowed and not self._workflow.is_sent(result):
            raise CommandRejected("device_busy")
        return result

    async def poll_task(self, task: str) -> CommandResult:
        """Take the next step of a command."""
        return await self._workflow.poll_task(task)

    def _device(self, device_id: str) -> Device:
        device = self._inventory.devices.get(device_id)
        if device is None:
            raise CommandInvalid("device_gone")
        if not is_steered(device):
            raise CommandInvalid("not_offered")
        return device

    async def _start(self, device: Device, write: ParameterWrite) -> CommandResult:
        if write.force is None and self._cache.is_so(device.id, write.values):
            self._cache.forget(device.id, write.values)
            return CommandResult(outcome=Outcome.CONFIRMED)
        fresh = write.way == LIMITED and await self._remember_limit(device)
        try:
            result = await self._workflow.start(device, write)
        except CloudError:
            if fresh:
                self._cache.forget(device.id, [MOST_DISCHARGE])
            raise
        if write.steers:
            record = self._cache.of(device.id)
            record.target, record.charges = write.target, write.charges
            record.over, record.beats = False, 0
            self._cache.save()
        return result

    async def _remember_limit(self, device: Device) -> bool:
        """Keep what the discharge was limited to, before anything is sent; return whether that was not kept yet.

        Raises ``CommandInvalid`` while nobody knows it.
        """
        limit = self._cache.number(device.id, MOST_DISCHARGE)
        if limit is None:
            raise CommandInvalid("not_offered")
        fresh = MOST_DISCHARGE not in self._cache.before(device.id)
        if fresh:
            self._cache.forget(device.id, [MOST_DISCHARGE])
        await self._cache.remember(device.id, {MOST_DISCHARGE: limit})
        return fresh

    async def _renew(self, device: Device) -> CommandResult:
        """Give the sign of life, unless the target is reached or the mode is gone."""
        record = self._cache.of(device.id)
        if record.over:
            return CommandResult(outcome=Outcome.CONFIRMED)
        if record.target is not None and target_reached(
            self._number(device.id, SOC), record.target, charge=record.charges
        ):
            stop = requests.stop(device, self._cache)
            result = await self._workflow.start(device, stop)
            record.over = True
            self._cache.save()
            return result
        mode = self._cache.sure(device.id, MODE)
        if mode == SELF_CONSUMPTION:  # E47: it fell back, or somebody else ended it
            raise CommandRejected("no_effect")
        record.beats += 1
        beat = requests.beat(device, self._cache)
        if record.beats % LOOKED_AFTER or mode is None:
            return await self._workflow.beat(device, beat)
        return await self._workflow.start(device, beat, {MODE: mode})


def _ends_what_is_on(device: Device, action: ControlAction) -> bool:
    """Whether an action ends a forced mode: that is never refused for what has come to light since it began."""
    storage = device.address.get("type") == str(HYBRID_TYPE)
    return storage and isinstance(action, StopBattery)
