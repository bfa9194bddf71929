"""Changing settings: one write, the platform's word, the device's word, and what the next upload shows (solax.md §8.1, §9.7)."""

from collections.abc import Callable, Mapping
import json
import time
from typing import Final

from ..control import (
    Available,
    ChargeBattery,
    Command,
    Control,
    Force,
    ForceBattery,
    Order,
    Outcome,
    Receipt,
    ReserveCharging,
    SetBatterySchedule,
    Settings,
    SettingValue,
    SetWorkMode,
    StopBattery,
)
from ..errors import CommandInvalid, CommandRejected
from ..model import Device, DeviceKind, Inventory, Quantity, Reading, Slot
from ..states import ChargerState, InverterState
from ..vault import Json
from . import writes
from .api import Api, Unanswered
from .codes import Envelope, Verdict
from .control_endpoints import RESULT
from .controls import WORK_MODES, Catalogue
from .limits import CONTROL
from .rows import rows
from .states import REMOTE
from .told import Told
from .writes import LEFT, Write

PACE: Final = 6.0
FIRST_LOOK: Final = 2.0
LOOK: Final = 3.0
PATIENCE: Final = 60.0
"""Seconds in which a device answers or never does: the platform itself gives up after thirty."""
NEXT_UPLOAD: Final = 60.0
LATEST_UPLOAD: Final = 900.0
"""Seconds after which a remote mode that no upload showed is called unconfirmed."""
DONE: Final = 4
REASONS: Final = {
    1: "device_offline",
    2: "not_issued",
    5: "device_refused",
    6: "device_timeout",
}
REFUSALS: Final = {
    Verdict.DENIED: "no_access",
    Verdict.BUSY: "cloud_busy",
    Verdict.BAD_REQUEST: "request_refused",
    Verdict.NO_MASTER: "no_master",
    Verdict.FAILED: "operation_failed",
}
STATE: Final = Slot(Quantity.OPERATING_STATE)
MODE: Final = Slot(Quantity.WORK_MODE)
SOC: Final = Slot(Quantity.BATTERY_SOC)

type Task = dict[str, Json]


class Steering:
    """Everything about settings of one application. Implements ``Controllable``."""

    def __init__(
        self, api: Api, told: Told, read: Callable[[str], Reading | None]
    ) -> None:
        """Write with ``api``; ``read`` returns what a device said last."""
        self._api: Final = api
        self._told: Final = told
        self._read: Final = read
        self._inventory = Inventory({}, {})

    @property
    def pace(self) -> float:
        """Return the least seconds between two commands to one device."""
        return PACE

    def available(self, inventory: Inventory) -> Available:
        """Say what may be set."""
        self._inventory = inventory
        token = self._api.tokens.token
        return Catalogue(None if token is None else token.scope, inventory).available()

    def settings(self, wanted: Inventory) -> Settings:
        """Return what the last readings and the accepted commands say; asks nobody."""
        values: dict[tuple[str, Control], SettingValue] = {}
        for device in wanted.devices.values():
            self._see(device)
            believed = self._told.settings(device.id)
            if device.kind is DeviceKind.CHARGER:
                believed |= self._charger_settings(device)
            values |= {(device.id, key): value for key, value in believed.items()}
        return Settings(values)

    def _see(self, device: Device) -> None:
        """Note a work mode an inverter shows; while it waits or is steered from afar it keeps the one from before."""
        mode = self._state(device.id)
        if device.kind is DeviceKind.INVERTER and mode in WORK_MODES:
            self._told.note(device.id, {str(Control.WORK_MODE): mode})

    def _charger_settings(self, device: Device) -> Mapping[Control, SettingValue]:
        found: dict[Control, SettingValue] = {}
        reading = self._read(device.id)
        if reading and (mode := reading.values.get(MODE)) is not None:
            found[Control.CHARGER_MODE] = mode
        if (state := self._state(device.id)) is not None:
            found[Control.CHARGING] = state == ChargerState.CHARGING
        return found

    def _state(self, device_id: str) -> str | None:
        reading = self._read(device_id)
        value = reading.values.get(STATE) if reading else None
        return value if isinstance(value, str) else None

    # Sending

    async def apply(self, command: Command) -> Receipt:
        """Send a command."""
        device = self._device(command.target_id)
        self._check(device, command)
        match command.control:
            case Control.ECO_CURRENT | Control.GREEN_CURRENT:
                return await self._gear(device, command)
            case (
                Control.WORK_MODE
                | Control.BATTERY_MIN_SOC
                | Control.BATTERY_MAX_SOC
                | Control.GRID_CHARGING
            ):
                return await self._send(device, self._mode_write(device, command))
        return await self._send(
            device, writes.write_of(device, command, self._told, time.time())
        )

    async def order(self, order: Order) -> Receipt:
        """Send an order."""
        device = self._device(order.target_id)
        self._see(device)  # before a remote mode hides it
        match order:
            case ForceBattery():
                charge = isinstance(order, ChargeBattery)
                write = writes.force(
                    device, order, charge=charge, soc=self._soc(device)
                )
            case StopBattery():
                write = writes.exit_remote(device)
            case SetWorkMode():
                write = writes.mode_order(device, self._told, order)
            case SetBatterySchedule():
                mode = self._work_mode(device)
                write = writes.schedule(device, self._told, mode, order)
            case ReserveCharging():
                write = writes.reservation(device, order)
            case _:
                raise CommandInvalid("not_offered")
        return await self._send(device, write)

    def _device(self, device_id: str) -> Device:
        if (device := self._inventory.devices.get(device_id)) is None:
            raise CommandInvalid("device_gone")
        return device

    def _check(self, device: Device, command: Command) -> None:
        """Refuse what cannot work now, before it costs a call or wears a relay."""
        if command.control is Control.CHARGING:
            switched = self._told.number(device.id, writes.SWITCHED_AT, 0.0)
            left = switched + writes.SWITCH_PAUSE - time.time()
            if left > 0:
                raise CommandInvalid("too_soon", seconds=f"{left:.0f}")
            if command.value and self._state(device.id) == ChargerState.AVAILABLE:
                raise CommandInvalid("no_vehicle")
        if command.control is Control.CHARGER_LOCK and self._state(device.id) not in {
            None,
            ChargerState.AVAILABLE,
            ChargerState.UNAVAILABLE,
        }:
            raise CommandInvalid("vehicle_connected")

    def _work_mode(self, device: Device) -> str:
        self._see(device)
        mode = self._told.get(device.id, Control.WORK_MODE)
        if not isinstance(mode, str):
            raise CommandInvalid("work_mode_unknown")
        return mode

    def _mode_write(self, device: Device, command: Command) -> Write:
        value = command.value
        if command.control is Control.WORK_MODE:
            return writes.work_mode(device, self._told, str(value))
        mode = self._work_mode(device)
        if command.control is Control.GRID_CHARGING:
            return writes.work_mode(device, self._told, mode, grid_charging=bool(value))
        assert value is not None
        low = command.control is Control.BATTERY_MIN_SOC
        return writes.work_mode(
            device,
            self._told,
            mode,
            min_soc=float(value) if low else None,
            max_soc=None if low else float(value),
        )

    async def _gear(self, device: Device, command: Command) -> Receipt:
        """Set a current that belongs to a mode: sent while the charger is in it, else kept for the next time it is."""
        value = str(command.value)
        reading = self._read(device.id)
        mode = reading.values.get(MODE) if reading else None
        if mode is None or writes.GEAR_OF.get(str(mode)) is not command.control:
            self._told.note(device.id, {str(command.control): value})
            return Receipt(outcome=Outcome.ACCEPTED)
        return await self._send(
            device, writes.gear(device, self._told, str(mode), value)
        )

    def _soc(self, device: Device) -> float | None:
        """Return the state of charge of an inverter's battery, if it is known."""
        for each in self._inventory.devices.values():
            if each.kind is DeviceKind.BATTERY and each.parent_id == device.id:
                reading = self._read(each.id)
                value = reading.values.get(SOC) if reading else None
                return value if isinstance(value, float) else None
        return None

    async def _send(self, device: Device, write: Write) -> Receipt:
        """Send a write once; only the other name of a field is tried when the platform knows the first one not."""
        try:
            envelope = await self._api.write(write.endpoint, write.body)
            if write.other_body and envelope.verdict in {
                Verdict.UNKNOWN,
                Verdict.BAD_REQUEST,
                Verdict.FAILED,
            }:
                envelope = await self._api.write(write.endpoint, write.other_body)
                write = _with_other_field(write)
        except Unanswered:
            self._told.doubt(device.id, write.told)
            return Receipt(outcome=Outcome.UNCERTAIN, force=write.force)
        if envelope.verdict is not Verdict.ACCEPTED:
            raise _refused(envelope)
        task: Task = {
            "id": envelope.request_id,
            "device": device.id,
            "serial": str(device.address.get("sn") or device.address["register"]),
            "sent": time.time(),
            "told": write.told,
            "watch": write.watch,
            "phase": "device",
        }
        status = _status(envelope.result, str(task["serial"]))
        return self._judge(task, status, write)

    def _judge(self, task: Task, status: int | None, write: Write | None) -> Receipt:
        """Say how a command stands by its status word."""
        force = write.force if write else None
        if status in REASONS:
            raise CommandRejected(REASONS[status])
        if status == DONE:
            self._accepted(task)
            if not task["watch"] or task["watch"] in WORK_MODES:
                return Receipt(outcome=Outcome.CONFIRMED, force=force)
            return _running({**task, "phase": "upload"}, NEXT_UPLOAD, force)
        if task["id"] is None or _age(task) > PATIENCE:
            self._told.doubt(str(task["device"]), _told(task))
            return Receipt(outcome=Outcome.ACCEPTED, force=force)
        return _running(task, FIRST_LOOK if write else LOOK, force)

    def _accepted(self, task: Task) -> None:
        self._told.note(str(task["device"]), _told(task))

    # Following

    async def follow(self, task: str) -> Receipt:
        """Ask how a command stands, or look whether the last upload shows its effect."""
        known = _parse(task)
        if known["phase"] == "upload":
            return await self._look(known)
        result = await self._api.call(
            RESULT, body={"requestId": known["id"]}, lane=CONTROL
        )
        status = _status(result, str(known["serial"]))
        if status == DONE and known["phase"] == "freed":
            return await self._leave(known)
        return self._judge(known, status, None)

    async def _look(self, task: Task) -> Receipt:
        """A remote mode is confirmed by the next upload only: inverters were seen to accept and ignore it."""
        device_id = str(task["device"])
        reading = self._read(device_id)
        taken = (
            reading.measured_at.timestamp() if reading and reading.measured_at else 0
        )
        if taken <= _sent(task):
            if _age(task) > LATEST_UPLOAD:
                return Receipt(outcome=Outcome.ACCEPTED)
            return _running(task, NEXT_UPLOAD)
        state = self._state(device_id)
        if task["watch"] == LEFT:
            if state == InverterState.RESTRICTED and "freed" not in task:
                return await self._free(task)
            if state not in REMOTE:
                return Receipt(outcome=Outcome.CONFIRMED)
        elif state == task["watch"]:
            return Receipt(outcome=Outcome.CONFIRMED)
        raise CommandRejected("no_effect")

    async def _free(self, task: Task) -> Receipt:
        """Nudge an inverter that did not return to its mode."""
        return await self._step(task, writes.free(self._device(str(task["device"]))))

    async def _leave(self, task: Task) -> Receipt:
        device = self._device(str(task["device"]))
        return await self._step(task, writes.exit_remote(device))

    async def _step(self, task: Task, write: Write) -> Receipt:
        """Send the next step of an end of a remote mode."""
        try:
            envelope = await self._api.write(write.endpoint, write.body)
        except Unanswered:
            return Receipt(outcome=Outcome.UNCERTAIN)
        if envelope.verdict is not Verdict.ACCEPTED:
            raise _refused(envelope)
        last = task["phase"] == "freed"
        return _running(
            {
                **task,
                "id": envelope.request_id,
                "sent": time.time(),
                "freed": True,
                "phase": "device" if last else "freed",
            },
            PACE,
        )


def _running(task: Task, check_after: float, force: Force | None = None) -> Receipt:
    return Receipt(
        outcome=Outcome.ACCEPTED,
        task=json.dumps(task),
        check_after=check_after,
        force=force,
    )


def _parse(task: str) -> Task:
    parsed: Task = json.loads(task)
    return parsed


def _sent(task: Task) -> float:
    sent = task["sent"]
    return float(sent) if isinstance(sent, int | float) else 0.0


def _age(task: Task) -> float:
    return time.time() - _sent(task)


def _told(task: Task) -> dict[str, Json]:
    told = task["told"]
    return told if isinstance(told, dict) else {}


def _refused(envelope: Envelope) -> CommandRejected:
    if (key := REFUSALS.get(envelope.verdict)) is not None:
        return CommandRejected(key)
    return CommandRejected("refused_with_code", code=envelope.code)


def _with_other_field(write: Write) -> Write:
    told = dict(write.told)
    known = told[writes.GEAR_FIELD]
    told[writes.GEAR_FIELD] = writes.OTHER_GEAR if known == writes.GEAR else writes.GEAR
    return Write(write.endpoint, write.other_body or {}, told)


def _status(result: Json, serial: str) -> int | None:
    """Find a device's status: in a list of rows, in one row, or below its serial."""
    if isinstance(result, dict) and isinstance(below := result.get(serial), dict):
        return rows([below])[0].whole("status")
    for row in rows(result):
        if (row.text("sn", "deviceSn") or serial).upper() == serial.upper():
            return row.whole("status")
    return None
