"""Changing settings: a task is delivered, looked at until the device has carried it out, and what is set then is asked (fusionsolar.md §4, §11)."""

from dataclasses import replace
import secrets
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
    SetBatterySchedule,
    Settings,
    SetWorkMode,
    StopBattery,
    battery_mode_of,
)
from ...control_kit import check_offered
from ...control_state import FORCED
from ...errors import (
    CloudError,
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
from .catalog import (
    CHARGE,
    DISCHARGE,
    LIMITED,
    TIME_OF_USE,
    FusionSolarControlCatalog,
    highest_power,
)
from .readback import SettingsReader, schedule_of
from .requests import (
    MOST_DISCHARGE,
    STOP,
    FusionSolarRequest,
    answer_of,
    change_of,
    complete,
    dispatched,
    ends as ends_of,
    force,
    mode_changes,
    restore,
    schedule,
    setpoint,
    without_discharge,
)
from .state import LONGEST_TASK, MODE as OPERATION, ControlStates
from .tasks import GONE, ControlTask, TaskStatus, refusal, standing, taken

MIN_INTERVAL: Final = 5.0
UNDER_WAY: Final = 240.0
"""Seconds: tasks are carried out, and their states move, about every three minutes."""
BEGUN: Final = 900.0
"""Seconds after which readings must show a forced mode: three uploads and what the cloud needs."""
SHOWS: Final = 600.0
"""Seconds after which a reading is certain to be from after a command: it is carried out, then measured, uploaded and asked for."""
UNSEEN: Final = 3600.0
"""Seconds after which a forced mode that no reading could show is called unconfirmed: nights are read every twenty minutes."""
LEAST_WATTS: Final = 100.0
"""A battery that moves more than this, the way it was told to, obeys."""
SOC: Final = Slot(Quantity.BATTERY_SOC)
POWER: Final = Slot(Quantity.BATTERY_POWER)
MODE: Final = Slot(Quantity.WORK_MODE)
NOT_TAKEN: Final = frozenset({"device_refused", "value_refused"})
"""Refusals of a limit of 0 W by which a plant shows that it does not take one."""
BY_FORCE: Final = frozenset({"charge", "discharge"})
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
        for direction in CAPABLE:
            if (watts := self._capable(house, direction)) is not None:
                self._memory.see_power(house.plant.id, direction, watts)

    def _capable(self, house: PlantHardware, direction: str) -> float | None:
        """Return the W a plant's batteries say to take or give, ``None`` unless all of them do."""
        powers = [
            value
            for reading, _ in self._readings(house)
            if isinstance(value := reading.values.get(CAPABLE[direction]), float)
        ]
        known = powers and len(powers) == len(house.batteries)
        return sum(powers) if known else None

    def battery_mode(self, device_id: str) -> str | None:
        """Return what a plant's readings show since it was told something; of a limit, what the plant has carried out."""
        if device_id not in self._inventory.plants:
            return None
        house, known = self._house(device_id), self._memory.of(device_id)
        limiting = self._memory.running(device_id, Kind.BATTERY)
        if limiting and Control.BATTERY_DISCHARGE_POWER_LIMIT in limiting.told:
            return None
        if MOST_DISCHARGE in known.before:
            return known.steered or None
        if self._memory.forced(device_id) and known.forced_by == Kind.DISPATCH:
            return known.steered or None
        since = known.known[FORCED].since if FORCED in known.known else 0.0
        forced = self._memory.forced(device_id) is not None
        shown = self._shown_mode(house, since + SHOWS)
        waits = (forced or known.ending) and time.time() < since + UNSEEN
        return None if shown is None and waits else shown or AUTOMATIC

    def _shown_mode(self, house: PlantHardware, since: float) -> str | None:
        """Return the mode that readings made after ``since`` show, ``None`` when there are none."""
        readings = [each for each, at in self._readings(house) if at > since]
        if not readings:
            return None
        if all(each.values.get(MODE) != BatteryMode.FORCED for each in readings):
            return AUTOMATIC
        watts = _watts(readings)
        return "discharge" if watts > 0 else "charge"

    async def settings(self, wanted: Inventory) -> Settings:
        """Ask how plants are set, as far as it is their turn."""
        return await self._reader.read(wanted)

    def schedule(self, device_id: str) -> BatterySchedule | None:
        """Return the periods of a plant: those it is told by a change that runs, else those it tells."""
        change = self._memory.running(device_id, Kind.MODE)
        return schedule_of(change.answer if change else self._memory.of(device_id).mode)

    # Sending

    async def apply(self, command: Command) -> CommandResult:
        """Send a command."""
        house = self._house(command.device_id)
        check_offered(self.available(self._inventory), command)
        if command.control is Control.STOP_FORCED_CHARGE:
            return await self.run_action(StopBattery(device_id=house.plant.id))
        known = self._memory.of(house.plant.id)
        write = change_of(command, known)
        task = ControlTask(house.plant.id, write, hides=True)
        if write.changes.keys() & known.before.keys():  # the user's word counts
            return await self._send_chosen(task)
        return await self._send(task)

    async def run_action(self, action: ControlAction) -> CommandResult:
        """Run an action."""
        house = self._house(action.device_id)
        known = self._memory.of(house.plant.id)
        ends: ForcedMode | None = None
        offered = self.available(self._inventory).actions[house.plant.id]
        fresh: set[str] = set()
        match action:
            case ForceBattery():
                charge = isinstance(action, ChargeBattery)
                write, ends = (
                    setpoint(action, known, house, charge=charge)
                    if dispatched(known)
                    else force(action, known, charge=charge, soc=self._soc(house))
                )
                writes = [*self._first(house), write]
            case HoldBattery() | ChargeBatteryFromSun() if type(action) in offered:
                limit = self._limit_of(house)
                writes, ends, before = without_discharge(action, known, limit)
                writes = [*self._stops(house), *writes]
                fresh = before.keys() - known.before.keys()
                await self._memory.remember(house.plant.id, before)
            case StopBattery():
                writes = ends_of(known, house)
                if action.unfollowed:
                    return await self._send_all(house.plant.id, writes)
            case SetWorkMode():
                writes = mode_changes(action, known, house)
            case SetBatterySchedule():
                writes = [schedule(action)]
            case _:
                raise CommandInvalid("not_offered")
        task = ControlTask(
            house.plant.id,
            writes[0],
            rest=tuple(writes[1:]),
            mode=battery_mode_of(action) or "",
        )
        if not task.mode:
            return await self._send(task, ends)
        try:
            return await self._send_chosen(task, ends)
        except CloudError as err:
            if err.key != "half_done":
                self._memory.forget(house.plant.id, fresh)
            raise

    async def _send_chosen(
        self, task: ControlTask, ends: ForcedMode | None = None
    ) -> CommandResult:
        """Deliver the first step of a battery mode, or what ends one: what is left of those before is not sent any more, unless this is refused."""
        known = self._memory.of(task.plant)
        before, known.choice = known.choice, secrets.token_hex(4)
        await self._memory.save_now()  # no restart takes up what was overtaken
        try:
            return await self._send(replace(task, choice=known.choice), ends)
        except CloudError as err:
            if err.key != "half_done":
                known.choice = before
                self._memory.save()
            raise

    def _overtaken(self, task: ControlTask) -> bool:
        """Whether another battery mode was chosen since the one that this is a step of."""
        return task.choice not in {"", self._memory.of(task.plant).choice}

    def _first(self, house: PlantHardware) -> list[FusionSolarRequest]:
        """Return what has to be done before a battery is forced: a limit of another mode would be in the way."""
        return [*self._stops(house), *restore(self._memory.of(house.plant.id))]

    def _stops(self, house: PlantHardware) -> list[FusionSolarRequest]:
        """Return what stops a battery that is forced: the vendor takes no other mode until then."""
        known = self._memory.of(house.plant.id)
        on = self._memory.forced(house.plant.id) is not None
        return [STOP] if on and known.forced_by == Kind.FORCE else []

    def _limit_of(self, house: PlantHardware) -> float:
        """Return the W the batteries may give: what was set here last, else what they say, else the most they ever said.

        An empty or cold battery says that it can give nothing: that is no limit to come back to.
        """
        known = self._memory.of(house.plant.id)
        told = known.value(Control.BATTERY_DISCHARGE_POWER_LIMIT)
        if isinstance(told, int | float):
            return float(told)
        watts = self._capable(house, DISCHARGE)
        if watts is None or watts < LEAST_WATTS:
            return highest_power(known, DISCHARGE)
        return watts

    async def _send_all(
        self, plant_id: str, writes: list[FusionSolarRequest]
    ) -> CommandResult:
        """Send at once what nobody will follow, each whatever became of the others. Raises a ``CloudError`` when one was not taken."""
        results: list[CommandResult] = []
        errors: list[CloudError] = []
        for each in writes:
            try:
                results.append(await self._deliver(ControlTask(plant_id, each)))
            except CloudError as err:
                errors.append(err)
        if errors:
            raise errors[0]
        unsure = (each for each in results if each.outcome is Outcome.UNCERTAIN)
        return next(unsure, results[-1])

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
            forced = self._memory.forced(task.plant)
            return _poll_task(task, None if task.write.restores else ends or forced)
        return await self._deliver(task, ends)

    async def _deliver(
        self, task: ControlTask, ends: ForcedMode | None = None
    ) -> CommandResult:
        """Send one step once."""
        plant, write = task.plant, task.write
        known = self._memory.of(plant)
        if write.kind is Kind.MODE:
            await self._look_up(plant)
            if write.restores and known.mode.get(OPERATION) != TIME_OF_USE:
                known.times |= write.changes  # it goes along when that mode comes back
                return await self._next(task, self._steer(task, ends))
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
            refused = CommandRejected("value_refused")
            self._learn(task, refused)
            raise _told(task, refused) from None
        try:
            task_id = taken(write.kind, reply, plant)
        except CommandRejected as err:
            self._learn(task, err)
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
            replace(task, id=task_id, sent=time.time()),
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
            last = (task.write, *task.rest)[-1]
            self._memory.begin(task.plant, ends, last.kind, task.mode)
        elif task.write.restores or (task.write.stops and task.id is not None):
            self._memory.end(task.plant)
        return self._memory.forced(task.plant)

    def _learn(self, task: ControlTask, err: CommandRejected) -> None:
        """Note that a plant does not take a limit by which its batteries would give nothing; then there is nothing to set back."""
        if task.write.changes == {MOST_DISCHARGE: 0.0} and err.key in NOT_TAKEN:
            self._memory.lack(task.plant, LIMITED)
            self._memory.forget(task.plant, [MOST_DISCHARGE])
            self._memory.end(task.plant)
            self._memory.ended(task.plant)

    async def _next(
        self, task: ControlTask, left: ForcedMode | None = None
    ) -> CommandResult:
        """Note that a step is done, and take the next."""
        self._memory.done(task.plant, task.write.kind, task.id)
        self._memory.ask_again(task.plant)
        if self._overtaken(task):
            return CommandResult(outcome=Outcome.ACCEPTED, force=left)
        if task.write.restores or task.hides:  # set back, or the user's word
            self._memory.forget(task.plant, task.write.changes)
        if task.write.stops:
            self._memory.ended(task.plant)
        if not task.rest:
            return CommandResult(outcome=Outcome.CONFIRMED, force=left)
        following = ControlTask(
            task.plant,
            task.rest[0],
            rest=task.rest[1:],
            done=(*task.done, *task.write.told),
            mode=task.mode,
            choice=task.choice,
        )
        try:
            result = await self._send(following)
        except CommandRejected as err:
            if following.write.kind is Kind.FORCE:
                self._memory.end(task.plant)
            raise _told(following, err) from None
        return replace(result, force=left)

    # Following

    async def poll_task(self, task: str) -> CommandResult:
        """Look how a command stands; take its next step when it may."""
        if (known := ControlTask.parse(task)) is None:
            return CommandResult(outcome=Outcome.UNCERTAIN)  # another version's
        begins = known.write.kind is Kind.FORCE and not known.write.stops
        if (begins or known.id is None) and self._overtaken(known):
            return CommandResult(outcome=Outcome.ACCEPTED)
        if known.id is None:
            return await self._wait_for_turn(known)
        if begins:
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
            self._learn(task, err)
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
        shows = task.sent + SHOWS
        readings = [reading for reading, at in self._readings(house) if at > shows]
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
        watts = _watts(readings)
        charge = task.write.changes.get("dispatchSwitch") == 1
        return (-watts if charge else watts) >= LEAST_WATTS


def _watts(readings: list[Reading]) -> float:
    """Return what batteries give together; what they take is negative."""
    powers = (reading.values.get(POWER) for reading in readings)
    return sum(watts for watts in powers if isinstance(watts, float))


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
