"""Changing settings: one write, the platform's answer, the device's answer, and what the next upload shows (solax.md §8.1, §9.7)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
import time
from typing import Final

from ...control import (
    AUTOMATIC,
    BatterySchedule,
    Capabilities,
    ChargeBattery,
    ChargeBatteryFromSun,
    Command,
    CommandResult,
    Control,
    ControlAction,
    ForceBattery,
    ForcedMode,
    HoldBattery,
    Outcome,
    ReserveCharging,
    SetBatterySchedule,
    Settings,
    SettingValue,
    SetWorkMode,
    StopBattery,
    battery_mode_of,
)
from ...control_kit import check_offered
from ...control_state import FORCED
from ...errors import CloudError, CommandInvalid, CommandRejected, Unanswered
from ...model import Device, DeviceKind, Inventory, Quantity, Reading, Slot
from ...states import ChargerState, InverterState
from ...storage import Json
from .. import STALE_AFTER
from ..api import SolaxRow, rows
from ..errors import AnswerVerdict, JudgedAnswer
from ..limits import CONTROL
from ..session import SolaxSession
from ..states import REMOTE
from ..timestamps import TOLERANCE
from . import requests
from .api import RESULT
from .catalog import WAYS, WORK_MODES, SolaxControlCatalog
from .requests import LEFT, SolaxRequest
from .state import OUTRANKS, AssumedSettings
from .tasks import DEVICE, FREED, UPLOAD, SolaxTask

MIN_INTERVAL: Final = 6.0
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
    AnswerVerdict.DENIED: "no_access",
    AnswerVerdict.BUSY: "cloud_busy",
    AnswerVerdict.BAD_REQUEST: "request_refused",
    AnswerVerdict.NO_MASTER: "no_master",
    AnswerVerdict.FAILED: "operation_failed",
}
REFUSED: Final = 5
SHOWS: Final[Mapping[str, tuple[str, ...]]] = {
    InverterState.PUSH_POWER: ("charge", "discharge"),
    InverterState.SOC_TARGET: ("charge", "discharge"),
    InverterState.PUSH_POWER_ZERO: ("hold",),
    InverterState.SELF_CONSUME_CHARGE_ONLY: ("charge_from_sun", "hold"),
}
"""The battery modes that each remote mode may stand for."""
TOKEN_YOUNG: Final = 300.0
"""Seconds in which a token's scope is taken to be what is granted."""
STATE: Final = Slot(Quantity.OPERATING_STATE)
MODE: Final = Slot(Quantity.WORK_MODE)
SOC: Final = Slot(Quantity.BATTERY_SOC)
POWER: Final = Slot(Quantity.BATTERY_POWER)


class SolaxControls:
    """Everything about settings of one application. Implements ``ControlClient``."""

    min_interval = MIN_INTERVAL

    def __init__(
        self,
        session: SolaxSession,
        assumed: AssumedSettings,
        read: Callable[[str], Reading | None],
    ) -> None:
        """Write with ``session``; ``read`` returns what a device said last."""
        self._session: Final = session
        self._assumed: Final = assumed
        self._read: Final = read
        self._inventory = Inventory({}, {})
        self._looked_for_grants = False

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set."""
        self._inventory = inventory
        token = self._session.tokens.token
        return SolaxControlCatalog(
            None if token is None else token.scope, inventory, self._assumed.lacks
        ).available()

    async def _look_for_grants(self, wanted: Inventory) -> None:
        """Once after each start ask for another token where a pack is missing: a token lives for weeks, and names what was granted before it."""
        token = self._session.tokens.token
        if self._looked_for_grants or token is None:
            return
        self._looked_for_grants = True
        missing = any(
            "no_permission" in each.values()
            for each in self.available(wanted).unavailable_reasons.values()
        )
        if missing and time.time() - token.issued_at > TOKEN_YOUNG:
            with suppress(CloudError):
                await self._session.tokens.replace(token, suspect=True)

    async def settings(self, wanted: Inventory) -> Settings:
        """Return what the last readings and the accepted commands say; makes no call for them."""
        await self._look_for_grants(wanted)
        values: dict[tuple[str, Control], SettingValue] = {}
        for device in wanted.devices.values():
            self._see(device)
            believed = self._believed(device.id)
            believed.pop(Control.BATTERY_MODE, None)  # told by itself
            if device.kind is DeviceKind.CHARGER:
                believed.pop(Control.CHARGER_MODE, None)
                believed |= self._charger_settings(device)
            values |= {(device.id, key): value for key, value in believed.items()}
        return Settings(
            values, accepted_at=self._assumed.accepted_at(wanted.devices, OUTRANKS)
        )

    def _believed(self, device_id: str) -> dict[Control, SettingValue]:
        return self._assumed.settings(device_id, lambda sent: not sent.is_open)

    def battery_mode(self, device_id: str) -> str | None:
        """Return what the inverter was told last and its uploads do not contradict."""
        if (device := self._inventory.devices.get(device_id)) is None:
            return None
        self._see(device)
        mode = self._believed(device_id).get(Control.BATTERY_MODE)
        return mode if isinstance(mode, str) else None

    def schedule(self, device_id: str) -> BatterySchedule:
        """Return the periods that were sent last; no inverter can be asked for them."""
        fields = self._assumed.get(device_id, requests.PERIODS)
        target = self._assumed.number(device_id, Control.BATTERY_MAX_SOC)
        periods = requests.periods_of(
            fields if isinstance(fields, dict) else {}, target
        )
        return BatterySchedule(periods, reads_back=False, shares_target=True)

    def _see(self, device: Device) -> None:
        """Note what an inverter shows; while it waits or is steered from afar it keeps the work mode from before."""
        state, taken = self._state(device.id), self._taken(device.id)
        if device.kind is not DeviceKind.INVERTER or state is None:
            return
        if state in WORK_MODES:
            self._assumed.read(device.id, Control.WORK_MODE, state, taken)
        if state not in REMOTE and self._assumed.forced(device.id) is not None:
            self._assumed.read(device.id, FORCED, None, taken)
        if self._battery_of(device) is not None:
            self._assumed.read(
                device.id,
                Control.BATTERY_MODE,
                self._shown_battery_mode(device, state),
                taken,
            )

    def _shown_battery_mode(self, device: Device, state: str) -> str | None:
        """Return the battery mode that an inverter's state shows, of several it may stand for the one that it was told."""
        if state not in REMOTE:
            return AUTOMATIC
        modes = SHOWS.get(state, ())
        told = self._assumed.get(device.id, Control.BATTERY_MODE)
        if isinstance(told, str) and told in modes:
            return told
        if modes != ("charge", "discharge"):
            return next(iter(modes), None)
        watts = self._of_battery(device, POWER, 0.0)
        return None if not watts else "discharge" if watts > 0 else "charge"

    def _charger_settings(self, device: Device) -> Mapping[Control, SettingValue]:
        """Say what a charger shows, as far as it was not told something since."""
        found: dict[Control, SettingValue] = {}
        shown, taken = self._shown_mode(device.id), self._taken(device.id)
        last = self._assumed.get(device.id, Control.CHARGER_MODE)
        if shown is not None and (
            shown == last
            or taken > self._assumed.since(device.id, Control.CHARGER_MODE)
        ):
            found[Control.CHARGER_MODE] = shown
        if (state := self._state(device.id)) is not None:
            found[Control.CHARGING] = state == ChargerState.CHARGING
        return found

    def _shown_mode(self, device_id: str) -> str | None:
        reading = self._read(device_id)
        value = reading.values.get(MODE) if reading else None
        return value if isinstance(value, str) else None

    def _charger_mode(self, device_id: str) -> Json:
        """Return the mode a charger was told last, or shows since."""
        shown = self._shown_mode(device_id)
        key = Control.CHARGER_MODE
        if shown is None or self._taken(device_id) <= self._assumed.since(
            device_id, key
        ):
            return self._assumed.get(device_id, key)
        return shown

    def _taken(self, device_id: str) -> float:
        """Return when a device's last row was measured; one without a time may be as old as a live row can be."""
        reading = self._read(device_id)
        if reading is None:
            return 0.0
        if reading.measured_at is None:
            return time.time() - STALE_AFTER
        return reading.measured_at.timestamp()

    def _state(self, device_id: str) -> str | None:
        reading = self._read(device_id)
        value = reading.values.get(STATE) if reading else None
        return value if isinstance(value, str) else None

    # Sending

    async def apply(self, command: Command) -> CommandResult:
        """Send a command."""
        device = self._device(command.device_id)
        check_offered(self.available(self._inventory), command)
        self._check(device, command)
        match command.control:
            case Control.ECO_CURRENT | Control.GREEN_CURRENT:
                return await self._gear(device, command)
            case Control.GRID_CHARGING if (
                self._work_mode(device) == InverterState.FEED_IN_PRIORITY
            ):
                return self._keep(device, command.control, bool(command.value))
            case (
                Control.WORK_MODE
                | Control.BATTERY_MIN_SOC
                | Control.BATTERY_MAX_SOC
                | Control.GRID_CHARGING
            ):
                return await self._send(device, self._mode_write(device, command))
        return await self._send(
            device, requests.write_of(device, command, self._assumed, time.time())
        )

    async def run_action(self, action: ControlAction) -> CommandResult:
        """Run an action."""
        device = self._device(action.device_id)
        self._see(device)  # before a remote mode hides it
        match action:
            case ForceBattery():
                charge = isinstance(action, ChargeBattery)
                soc, capacity = self._battery(device)
                write = requests.force(
                    device, action, charge=charge, soc=soc, capacity=capacity
                )
            case HoldBattery() | ChargeBatteryFromSun():
                ways = (
                    way
                    for way in WAYS[type(action)]
                    if not self._assumed.lacks(device.id, way)
                )
                if (way := next(ways, None)) is None:
                    raise CommandInvalid("not_offered")
                write = requests.without_discharge(device, action, way)
            case StopBattery():
                write = requests.exit_remote(device)
            case SetWorkMode():
                write = requests.change_mode(device, self._assumed, action)
            case SetBatterySchedule():
                mode = self._work_mode(device)
                write = requests.schedule(device, self._assumed, mode, action)
            case ReserveCharging():
                write = requests.reservation(device, action)
            case _:
                raise CommandInvalid("not_offered")
        if (chosen := battery_mode_of(action)) is not None:
            write.told[str(Control.BATTERY_MODE)] = chosen
        return await self._send(device, write)

    def _device(self, device_id: str) -> Device:
        if (device := self._inventory.devices.get(device_id)) is None:
            raise CommandInvalid("device_gone")
        return device

    def _check(self, device: Device, command: Command) -> None:
        """Refuse what cannot work now, before it costs a call or wears a relay."""
        if command.control is Control.CHARGING:
            switched = self._assumed.number(device.id, requests.SWITCHED_AT) or 0.0
            left = switched + requests.SWITCH_PAUSE - time.time()
            if 0 < left <= requests.SWITCH_PAUSE:  # the clock may have been set back
                raise CommandInvalid("too_soon", seconds=f"{left:.0f}")
            if command.value and self._state(device.id) == ChargerState.AVAILABLE:
                raise CommandInvalid("no_vehicle")
        if command.control is Control.CHARGER_LOCK and self._state(device.id) not in {
            None,
            ChargerState.AVAILABLE,
            ChargerState.OUT_OF_SERVICE,
        }:
            raise CommandInvalid("vehicle_connected")

    def _work_mode(self, device: Device) -> str:
        self._see(device)
        mode = self._assumed.get(device.id, Control.WORK_MODE)
        if not isinstance(mode, str):
            raise CommandInvalid("work_mode_unknown")
        return mode

    def _mode_write(self, device: Device, command: Command) -> SolaxRequest:
        value = command.value
        if command.control is Control.WORK_MODE:
            return requests.work_mode(device, self._assumed, str(value))
        mode = self._work_mode(device)
        if command.control is Control.GRID_CHARGING:
            return requests.work_mode(
                device, self._assumed, mode, grid_charging=bool(value)
            )
        assert value is not None
        low = command.control is Control.BATTERY_MIN_SOC
        return requests.work_mode(
            device,
            self._assumed,
            mode,
            min_soc=float(value) if low else None,
            max_soc=None if low else float(value),
        )

    async def _gear(self, device: Device, command: Command) -> CommandResult:
        """Set a current that belongs to a mode: sent while the charger is in it, else kept for the next time it is."""
        value, mode = str(command.value), self._charger_mode(device.id)
        if not isinstance(mode, str) or (
            requests.GEAR_OF.get(mode) is not command.control
        ):
            return self._keep(device, command.control, value)
        return await self._send(
            device, requests.preset_current(device, self._assumed, mode, value)
        )

    def _keep(self, device: Device, control: Control, value: Json) -> CommandResult:
        """Keep a setting that only another mode knows."""
        self._assumed.keep(device.id, control, value, time.time() + OUTRANKS)
        return CommandResult(outcome=Outcome.KEPT)

    def _battery(
        self, device: Device, since: float = 0.0
    ) -> tuple[float | None, float | None]:
        """Return the state of charge of an inverter's battery, if it was measured after ``since``, and its kWh, if they are known."""
        battery = self._battery_of(device)
        if battery is None:
            return None, None
        return self._of_battery(device, SOC, since), battery.capacity

    def _battery_of(self, device: Device) -> Device | None:
        return next(
            (
                each
                for each in self._inventory.devices.values()
                if each.kind is DeviceKind.BATTERY and each.parent_id == device.id
            ),
            None,
        )

    def _of_battery(self, device: Device, slot: Slot, since: float) -> float | None:
        """Return what an inverter's battery showed after ``since``."""
        battery = self._battery_of(device)
        if battery is None or self._taken(battery.id) <= since:
            return None
        reading = self._read(battery.id)
        value = reading.values.get(slot) if reading else None
        return value if isinstance(value, float) else None

    async def _send(self, device: Device, write: SolaxRequest) -> CommandResult:
        """Send a write once; only the other name of a field is tried when the platform knows the first one not."""
        sent, told = time.time(), dict(write.told)
        if write.force is not None:
            until = sent + write.force.ends_after
            told[FORCED] = [sent, until, write.force.ends_by_itself]
        elif write.watch == LEFT:
            told[FORCED] = [sent, sent, True]
        try:
            envelope = await self._session.write(write.endpoint, write.body)
            if write.other_body and envelope.verdict in {
                AnswerVerdict.UNKNOWN,
                AnswerVerdict.BAD_REQUEST,
                AnswerVerdict.FAILED,
            }:
                envelope = await self._session.write(write.endpoint, write.other_body)
                told = _with_other_field(told)
        except Unanswered:
            self._assumed.send(device.id, str(sent), told, OUTRANKS)
            self._assumed.doubt(device.id, str(sent))
            return CommandResult(
                outcome=Outcome.UNCERTAIN, force=self._left(device, write)
            )
        if envelope.verdict is not AnswerVerdict.ACCEPTED:
            raise _refused(envelope)
        task = SolaxTask(
            envelope.request_id,
            device.id,
            str(device.address.get("sn") or device.address["register"]),
            sent,
            told,
            write.watch,
            write.aim,
        )
        self._assumed.send(device.id, task.mark, told, OUTRANKS)
        status = _status(envelope.result, task.serial)
        return replace(
            self._judge(task, status, first=True), force=self._left(device, write)
        )

    def _left(self, device: Device, write: SolaxRequest) -> ForcedMode | None:
        """Return the remote mode that is on after a write."""
        return write.force or self._assumed.forced(device.id)

    def _judge(
        self, task: SolaxTask, status: int | None, *, first: bool = False
    ) -> CommandResult:
        """Say how a command stands by its status code."""
        task = replace(task, issued=task.issued or status is not None)
        if status in REASONS:
            self._assumed.refuse(task.device, task.mark)
            if status == REFUSED and task.watch in requests.REMOTE_PATHS:
                self._assumed.lack(task.device, task.watch)
            raise CommandRejected(REASONS[status])
        if status == DONE:
            self._assumed.accept(
                task.device, task.mark, task.told, task.sent + OUTRANKS
            )
            if not task.watch or task.watch in WORK_MODES:
                return CommandResult(outcome=Outcome.CONFIRMED)
            return _running(replace(task, phase=UPLOAD), NEXT_UPLOAD)
        if task.id is None or task.age > PATIENCE:
            self._assumed.doubt(task.device, task.mark)
            return CommandResult(
                outcome=Outcome.ACCEPTED if task.issued else Outcome.UNCERTAIN
            )
        return _running(task, FIRST_LOOK if first else LOOK)

    # Following

    async def poll_task(self, task: str) -> CommandResult:
        """Ask how a command stands, or look whether the last upload shows its effect."""
        if (known := SolaxTask.parse(task)) is None:
            return CommandResult(outcome=Outcome.UNCERTAIN)  # another version's
        if known.phase == UPLOAD:
            return await self._look(known)
        result = await self._session.call(
            RESULT, body={"requestId": known.id}, bucket=CONTROL
        )
        status = _status(result, known.serial)
        if status == DONE and known.phase == FREED:
            return await self._leave(known)
        return self._judge(known, status)

    async def _look(self, task: SolaxTask) -> CommandResult:
        """A remote mode is confirmed by the next upload only: inverters were seen to accept and ignore it."""
        if self._replaced(task):
            return CommandResult(outcome=Outcome.ACCEPTED)
        state, taken = self._state(task.device), self._taken(task.device)
        if taken > task.sent and state is not None:
            if task.watch == LEFT and state == InverterState.RESTRICTED:
                if not task.freed:
                    return await self._free(task)
            elif state not in REMOTE if task.watch == LEFT else state == task.watch:
                return CommandResult(outcome=Outcome.CONFIRMED)
            if (outcome := self._ended(task, taken)) is not None:
                return CommandResult(outcome=outcome)
            if taken > task.sent + OUTRANKS:
                raise CommandRejected("no_effect")
        if task.age > LATEST_UPLOAD:
            return CommandResult(outcome=Outcome.ACCEPTED)
        return _running(task, NEXT_UPLOAD)

    def _replaced(self, task: SolaxTask) -> bool:
        """Whether the inverter was told to begin or end a remote mode since: what it shows is about that."""
        match self._assumed.get(task.device, FORCED):
            case [int() | float() as sent, _, _]:
                return sent > task.sent
        return False

    def _ended(self, task: SolaxTask, taken: float) -> Outcome | None:
        """Say how a remote mode stands that came to its own end before the upload; ``None`` when it cannot have."""
        if task.watch == LEFT:
            return None
        match task.aim:
            case {"target": int() | float() as target, "charge": bool(charge)}:
                soc, _ = self._battery(self._device(task.device), task.sent)
                if soc is not None and (target - soc if charge else soc - target) <= 1:
                    return Outcome.CONFIRMED  # both are whole percents
        match task.aim:
            case {"lasts": int() | float() as lasts}:
                over = taken >= task.sent + lasts - TOLERANCE
                return Outcome.ACCEPTED if over else None
        return Outcome.ACCEPTED

    async def _free(self, task: SolaxTask) -> CommandResult:
        """Nudge an inverter that did not return to its mode."""
        return await self._step(task, requests.free(self._device(task.device)))

    async def _leave(self, task: SolaxTask) -> CommandResult:
        return await self._step(task, requests.exit_remote(self._device(task.device)))

    async def _step(self, task: SolaxTask, write: SolaxRequest) -> CommandResult:
        """Send the next step of an end of a remote mode."""
        try:
            envelope = await self._session.write(write.endpoint, write.body)
        except Unanswered:
            return CommandResult(outcome=Outcome.UNCERTAIN)
        if envelope.verdict is not AnswerVerdict.ACCEPTED:
            raise _refused(envelope)
        following = replace(
            task,
            id=envelope.request_id,
            sent=time.time(),
            freed=True,
            phase=DEVICE if task.phase == FREED else FREED,
        )
        return _running(following, MIN_INTERVAL)


def _running(task: SolaxTask, check_after: float) -> CommandResult:
    return CommandResult(
        outcome=Outcome.ACCEPTED, task=str(task), check_after=check_after
    )


def _refused(envelope: JudgedAnswer) -> CommandRejected:
    if (key := REFUSALS.get(envelope.verdict)) is not None:
        return CommandRejected(key)
    return CommandRejected("refused_with_code", code=envelope.code)


def _with_other_field(told: dict[str, Json]) -> dict[str, Json]:
    other = (
        requests.OTHER_GEAR
        if told[requests.GEAR_FIELD] == requests.GEAR
        else requests.GEAR
    )
    return told | {requests.GEAR_FIELD: other}


def _status(result: Json, serial: str) -> int | None:
    """Find a device's status: in a list of rows, in one row, or below its serial; ``None`` when it is not named."""
    if isinstance(result, dict):
        for name, below in result.items():
            if name.upper() == serial.upper() and isinstance(below, dict):
                return SolaxRow.of(below).whole("status")
    for row in rows(result):
        if (row.text("sn", "deviceSn") or serial).upper() == serial.upper():
            return row.whole("status")
    return None
