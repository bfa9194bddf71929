"""Changing settings: a task is delivered, looked at until the device has carried it out, and what is set then is asked (fusionsolar.md §4, §11)."""

from dataclasses import replace
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    Command,
    CommandResult,
    ControlAction,
    ForceBattery,
    ForcedMode,
    Outcome,
    SetBatterySchedule,
    Settings,
    SetWorkMode,
    StopBattery,
)
from ...control_kit import check_offered
from ...errors import (
    CloudUnreachable,
    CommandInvalid,
    CommandRejected,
    Unanswered,
    UnexpectedAnswer,
)
from ...model import Inventory, Quantity, Reading, Slot
from ...polling import ReadingCache
from ...states import BatteryMode
from ..errors import ParameterRefused, Refused
from ..limits import CONTROL, STOP as STOP_BUCKET
from ..session import FusionSolarSession
from ..sources import PlantHardware
from .api import Kind
from .catalog import CHARGE, DISCHARGE, FusionSolarControlCatalog
from .readback import SettingsReader
from .requests import (
    STOP,
    answer_of,
    change_of,
    complete,
    dispatched,
    force,
    mode_changes,
    schedule,
    setpoint,
    stop,
)
from .state import LONGEST_TASK, ControlStates
from .tasks import GONE, ControlTask, TaskStatus, refusal, standing, taken

MIN_INTERVAL: Final = 5.0
UNDER_WAY: Final = 240.0
"""Seconds: tasks are carried out, and their states move, about every three minutes."""
BEGUN: Final = 900.0
"""Seconds after which readings must show a forced mode: three uploads and what the cloud needs."""
UNSEEN: Final = 3600.0
"""Seconds after which a forced mode that no reading could show is called unconfirmed: nights are read every twenty minutes."""
LEAST_WATTS: Final = 100.0
"""A battery that moves more than this, the way it was told to, obeys."""
SOC: Final = Slot(Quantity.BATTERY_SOC)
POWER: Final = Slot(Quantity.BATTERY_POWER)
MODE: Final = Slot(Quantity.WORK_MODE)
CAPABLE: Final = {
    CHARGE: Slot(Quantity.BATTERY_MAX_CHARGE_POWER),
    DISCHARGE: Slot(Quantity.BATTERY_MAX_DISCHARGE_POWER),
}


class FusionSolarControls:
    """Everything about settings of one account. Implements ``ControlClient``."""

    min_interval = MIN_INTERVAL

    def __init__(
        self,
        session: FusionSolarSession,
        memory: ControlStates,
        cache: ReadingCache,
        *,
        owner: bool,
    ) -> None:
        """Write with ``session``; ``cache`` holds the last readings, and who is offline."""
        self._session: Final = session
        self._memory: Final = memory
        self._cache: Final = cache
        self._owner: Final = owner
        self._reader: Final = SettingsReader(session, memory)
        self._inventory = Inventory({}, {})

    def available(self, inventory: Inventory) -> Capabilities:
        """Say what may be set."""
        self._inventory = inventory
        for plant_id in inventory.plants:
            self._see_powers(PlantHardware.of(plant_id, inventory))
        token = self._session.auth.tokens.token
        scope = token.scope if self._owner and token is not None else None
        return FusionSolarControlCatalog(
            scope, self._memory, owner=self._owner
        ).available(inventory)

    def _see_powers(self, house: PlantHardware) -> None:
        """Note what a plant's batteries are capable of together."""
        for direction, slot in CAPABLE.items():
            powers = [
                value
                for reading, _ in self._readings(house)
                if isinstance(value := reading.values.get(slot), float)
            ]
            if powers and len(powers) == len(house.batteries):
                self._memory.see_power(house.plant.id, direction, sum(powers))

    async def settings(self, wanted: Inventory) -> Settings:
        """Ask how plants are set, as far as it is their turn."""
        return await self._reader.read(wanted)

    # Sending

    async def apply(self, command: Command) -> CommandResult:
        """Send a command."""
        house = self._house(command.device_id)
        check_offered(self.available(self._inventory), command)
        write = change_of(command, self._memory.of(house.plant.id), house)
        return await self._send(ControlTask(house.plant.id, write, hides=True))

    async def run_action(self, action: ControlAction) -> CommandResult:
        """Run an action."""
        house = self._house(action.device_id)
        known = self._memory.of(house.plant.id)
        ends: ForcedMode | None = None
        match action:
            case ForceBattery():
                charge = isinstance(action, ChargeBattery)
                write, ends = (
                    setpoint(action, known, house, charge=charge)
                    if dispatched(known)
                    else force(action, known, charge=charge, soc=self._soc(house))
                )
                writes = [write]
            case StopBattery():
                writes = [stop(known, house)]
            case SetWorkMode():
                writes = mode_changes(action, known, house)
            case SetBatterySchedule():
                writes = [schedule(action)]
            case _:
                raise CommandInvalid("not_offered")
        task = ControlTask(house.plant.id, writes[0], rest=tuple(writes[1:]))
        return await self._send(task, ends)

    def _house(self, plant_id: str) -> PlantHardware:
        if plant_id not in self._inventory.plants:
            raise CommandInvalid("device_gone")
        return PlantHardware.of(plant_id, self._inventory)

    def _soc(self, house: PlantHardware) -> float | None:
        """Return the state of charge of a plant's only battery; of several there is no common one."""
        values = [
            value
            for reading, _ in self._readings(house)
            if isinstance(value := reading.values.get(SOC), float)
        ]
        return values[0] if len(values) == len(house.batteries) == 1 else None

    def _readings(self, house: PlantHardware) -> list[tuple[Reading, float]]:
        """Return the last readings of a plant's batteries, each with its time."""
        entries = (self._cache.get(key, LONGEST_TASK) for key in house.batteries)
        return [(entry.reading, entry.read_at) for entry in entries if entry]

    async def _send(
        self, task: ControlTask, ends: ForcedMode | None = None
    ) -> CommandResult:
        """Deliver a task, or let it wait for one of its kind that runs: the vendor takes one at a time."""
        house = self._house(task.plant)
        kind = task.write.kind
        forces = kind in (Kind.FORCE, Kind.DISPATCH)
        needed = house.batteries if forces else house.devices
        if not task.write.stops and needed and self._cache.silent.keys() >= {*needed}:
            raise CommandInvalid("device_offline")
        if self._memory.running(task.plant, kind) is not None:
            return _poll_task(task, self._memory.forced(task.plant))
        return await self._deliver(task, ends)

    async def _deliver(
        self, task: ControlTask, ends: ForcedMode | None = None
    ) -> CommandResult:
        """Send one step once."""
        plant, write = task.plant, task.write
        known = self._memory.of(plant)
        if write.kind is Kind.MODE:
            await self._look_up(plant)
        body = complete(write, plant, known)
        bucket = STOP_BUCKET if write.stops else CONTROL
        try:
            reply = await self._session.write(
                bucket,
                write.kind.deliver,
                body if write.kind is Kind.DISPATCH else {"tasks": [body]},
            )
        except Unanswered:
            if answer := answer_of(write.kind, body):
                self._memory.take(plant, write.kind, answer)
            self._memory.ask_again(plant, UNDER_WAY)
            return CommandResult(
                outcome=Outcome.UNCERTAIN, force=self._steer(task, ends)
            )
        except ParameterRefused:
            raise _told(task, CommandRejected("value_refused")) from None
        try:
            task_id = taken(write.kind, reply, plant)
        except CommandRejected as err:
            raise _told(task, err) from None
        sent = replace(task, id=task_id)
        left = self._steer(sent, ends)
        if write.kind is not Kind.FORCE:
            answer = answer_of(write.kind, body)
            self._memory.open(
                plant, write.kind, task_id, write.told, answer, hides=task.hides
            )
        if task_id is None:
            return await self._next(sent, left)
        return _poll_task(
            ControlTask(
                plant, write, task_id, rest=task.rest, done=task.done, hides=task.hides
            ),
            left,
        )

    async def _look_up(self, plant: str) -> None:
        """Ask for the mode that is to be changed in part."""
        try:
            await self._reader.ask_mode(plant)
        except Refused as err:
            raise refusal(err.code) from None

    def _steer(self, task: ControlTask, ends: ForcedMode | None) -> ForcedMode | None:
        """Note the forced mode a delivered step begins or ends; any other leaves it as it is."""
        if ends is not None:
            self._memory.begin(task.plant, ends, task.write.kind)
        elif task.write.stops and task.id is not None:
            self._memory.end(task.plant)
        return self._memory.forced(task.plant)

    async def _next(
        self, task: ControlTask, left: ForcedMode | None = None
    ) -> CommandResult:
        """Note that a step is done, and take the next."""
        self._memory.done(task.plant, task.write.kind, task.id)
        self._memory.ask_again(task.plant)
        if not task.rest:
            return CommandResult(outcome=Outcome.CONFIRMED, force=left)
        following = ControlTask(
            task.plant,
            task.rest[0],
            rest=task.rest[1:],
            done=(*task.done, *task.write.told),
        )
        try:
            result = await self._send(following)
        except CommandRejected as err:
            raise _told(following, err) from None
        return replace(result, force=left)

    # Following

    async def poll_task(self, task: str) -> CommandResult:
        """Look how a command stands; take its next step when it may."""
        if (known := ControlTask.parse(task)) is None:
            return CommandResult(outcome=Outcome.UNCERTAIN)  # another version's
        if known.id is None:
            return await self._wait_for_turn(known)
        if known.write.kind is Kind.FORCE and not known.write.stops:
            return await self._follow_force(known)
        match await self._standing(known):
            case TaskStatus.DONE:
                return await self._next(known)
            case TaskStatus.GONE:
                self._memory.close(known.plant, known.write.kind)
                return CommandResult(outcome=Outcome.ACCEPTED)
        return _poll_task(known)

    async def _wait_for_turn(self, task: ControlTask) -> CommandResult:
        """Look at the task before this one; when that is over, however it ended, it is this one's turn."""
        before = self._memory.running(task.plant, task.write.kind)
        if before is not None:
            try:
                ahead = await self._standing(replace(task, id=before.id))
            except CommandRejected:
                pass  # told to whoever follows that one
            else:
                if ahead is TaskStatus.RUNNING:
                    return _poll_task(task)
                if ahead is TaskStatus.DONE:
                    self._memory.done(task.plant, task.write.kind, before.id)
                self._memory.close(task.plant, task.write.kind)
        return await self._deliver(task)

    async def _standing(self, task: ControlTask) -> TaskStatus:
        """Ask how a task stands. One that failed is over, and an error."""
        kind = task.write.kind
        name = "requestID" if kind is Kind.FORCE else "taskId"
        try:
            data = await self._session.send(
                CONTROL, {name: task.id}, command=True, path=kind.status
            )
            found, _ = standing(kind, data, task.plant)
        except Refused as err:
            return TaskStatus.GONE if err.code in GONE else TaskStatus.RUNNING
        except CloudUnreachable, UnexpectedAnswer:
            return TaskStatus.RUNNING  # as far as is known; each look costs a call
        except CommandRejected as err:
            self._memory.close(task.plant, kind)
            self._memory.ask_again(task.plant)
            raise _told(task, err) from None
        return found

    async def _follow_force(self, task: ControlTask) -> CommandResult:
        """A forced mode is confirmed by readings: plants were seen to accept and ignore it (failures.md E45)."""
        house = self._house(task.plant)
        if self._forced(house, task):
            return CommandResult(outcome=Outcome.CONFIRMED)
        try:
            found = await self._standing(task)
        except CommandRejected:
            self._memory.end(task.plant)
            raise
        if found is not TaskStatus.RUNNING:
            self._memory.end(task.plant)
            done = found is TaskStatus.DONE
            return CommandResult(
                outcome=Outcome.CONFIRMED if done else Outcome.ACCEPTED
            )
        readings = [
            reading for reading, read_at in self._readings(house) if read_at > task.sent
        ]
        if task.age < BEGUN or (not readings and task.age < UNSEEN):
            return _poll_task(task)
        if not readings:
            return CommandResult(outcome=Outcome.ACCEPTED)
        if self._moves(readings, task):
            return CommandResult(outcome=Outcome.CONFIRMED)
        # It must not begin hours later, when nobody expects it.
        await self._deliver(ControlTask(task.plant, STOP))
        raise CommandRejected("no_effect")

    def _forced(self, house: PlantHardware, task: ControlTask) -> bool:
        """Whether a reading made since then shows the forced mode."""
        return any(
            read_at > task.sent and reading.values.get(MODE) == BatteryMode.FORCED
            for reading, read_at in self._readings(house)
        )

    @staticmethod
    def _moves(readings: list[Reading], task: ControlTask) -> bool:
        """Whether the batteries do as they were told; ours is positive when they discharge."""
        watts = sum(
            value
            for reading in readings
            if isinstance(value := reading.values.get(POWER), float)
        )
        charge = task.write.changes.get("dispatchSwitch") == 1
        return (-watts if charge else watts) >= LEAST_WATTS


def _poll_task(task: ControlTask, ends: ForcedMode | None = None) -> CommandResult:
    return CommandResult(
        outcome=Outcome.ACCEPTED,
        task=str(task),
        check_after=task.next_look,
        force=ends,
    )


def _told(task: ControlTask, err: CommandRejected) -> CommandRejected:
    """Say what was done before a later step failed."""
    if not task.done or err.key == "half_done":
        return err
    return CommandRejected("half_done", done=", ".join(task.done))
