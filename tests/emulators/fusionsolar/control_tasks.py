"""The life of a command: taken by the platform, carried out at the device's next tick, or given up after a day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .accounts import Refusal, secret
from .control_checks import (
    SAME,
    Invalid,
    check_dispatch,
    check_force,
    check_grid,
    check_mode,
    check_parameters,
    tasks_of,
)
from .knobs import Knobs
from .plant import HOME_INVERTER, STRING_INVERTER, Plant
from .steered import TOU, Forced, SteeredPlant

TICK = 180.0
DAY = 86400.0
RUNNING, SUCCESS, FAIL = "RUNNING", "SUCCESS", "FAIL"
FORCE, MODE, BATTERY, GRID = "force", "mode", "battery", "grid"
DISPATCH = "dispatch"
MOST = {FORCE: 100, MODE: 10, BATTERY: 10, GRID: 10, DISPATCH: 1}
CHECKS: Mapping[str, Callable[[Mapping[str, Any], SteeredPlant, float], None]] = {
    FORCE: check_force,
    MODE: check_mode,
    BATTERY: check_parameters,
    GRID: check_grid,
    DISPATCH: check_dispatch,
}
FIRST_REQUEST = 1107541629693466


@dataclass
class Task:
    """One command to one plant."""

    kind: str
    plant: Plant
    body: dict[str, Any]
    sent: float
    status: str = RUNNING
    message: str | None = None
    began: float | None = None
    ended: float | None = None
    forced: Forced | None = None

    def finish(self, at: float, status: str, message: str | None = None) -> None:
        """End it."""
        self.status, self.message, self.ended = status, message, at


@dataclass
class Batch:
    """One request."""

    kind: str
    sent: float
    tasks: list[Task] = field(default_factory=list)


class Desk:
    """All commands of a cloud, and the plants they change."""

    def __init__(self, knobs: Knobs) -> None:
        """Begin with plants as they were commissioned."""
        self.knobs = knobs
        self._batches: dict[str, Batch] = {}
        self._steered: dict[str, SteeredPlant] = {}
        self._seen: float | None = None
        self.carried_out: list[tuple[str, str]] = []
        """Kind and plant of everything a device did."""

    def steered(self, plant: Plant) -> SteeredPlant:
        """Return what a plant was told."""
        return self._steered.setdefault(plant.code, SteeredPlant(plant))

    # Time

    def catch_up(self, now: float) -> None:
        """Let everything happen that is due, tick by tick."""
        tick = ((self._seen or now) // TICK + 1) * TICK
        while tick <= now and (self._running or self._forcing):
            self._run_until(tick)
            for task in self._running:
                if task.sent < tick and task.began is None:
                    self._try(task, tick)
            tick += TICK
        self._run_until(now)
        self._seen = now

    @property
    def _running(self) -> list[Task]:
        return [
            task
            for batch in self._batches.values()
            for task in batch.tasks
            if task.status == RUNNING
        ]

    @property
    def _forcing(self) -> bool:
        return any(steered.forced for steered in self._steered.values())

    def _run_until(self, at: float) -> None:
        for steered in self._steered.values():
            steered.catch_up(at)
        for task in self._running:
            if task.forced and self.steered(task.plant).forced is not task.forced:
                task.finish(at, SUCCESS)

    def _try(self, task: Task, at: float) -> None:
        inverter = next(iter(task.plant.of(HOME_INVERTER, STRING_INVERTER)), None)
        if inverter and not task.plant.dongle(inverter).online.at(at):
            if at - task.sent >= DAY:
                task.finish(at, FAIL, "TIMEOUT")
            return
        wanted = self.knobs.task_outcome
        if wanted not in ("done", "ignored"):
            task.finish(at, FAIL, wanted)
            return
        task.began = at
        if wanted == "done":
            self._carry_out(task, at)
            self.carried_out.append((task.kind, task.plant.code))
        elif task.kind == FORCE:
            task.began = None
            task.forced = None
            return
        if task.forced is None:
            task.finish(at, SUCCESS)

    def _carry_out(self, task: Task, at: float) -> None:
        steered, body = self.steered(task.plant), task.body
        if not steered.said:
            steered.note(0.0)
        match task.kind:
            case "force":
                steered.forced = task.forced = _forced(body, steered, at)
            case "mode":
                steered.mode, steered.setpoint = body["operationMode"], 0.0
                steered.times = (
                    {
                        name: value
                        for name, value in body.items()
                        if name not in ("plantCode", "operationMode")
                    }
                    if steered.mode == TOU
                    else None
                )
            case "dispatch":
                steered.setpoint = body["dispatchPower"]
            case "battery":
                taken = steered.clamp(body["batteryConfigurationInfo"])
                task.body = body | {"batteryConfigurationInfo": taken}
                steered.parameters |= taken
            case _:
                info = body.get("controlInfo") or {}
                limited = body["controlMode"] == "6"
                steered.limit_kw = info["maxGridFeedInPower"] if limited else None
                steered.grid_mode = None
                steered.limitation = (
                    "singlePhasePower"
                    if info.get("limitationMode") == "1"
                    else "totalPower"
                )
        steered.note(at)
        steered.steer(at)

    # Taking and telling

    def deliver(
        self, kind: str, params: Mapping[str, Any], plants: list[Plant], now: float
    ) -> tuple[int, str | None, dict[str, Any]]:
        """Take a request: failCode, message, data."""
        batch = Batch(kind, now)
        known = {plant.code: plant for plant in plants}
        rows, message = [], None
        bodies = tasks_of(params, MOST[kind])
        for body in bodies:
            try:
                rows.append(self._take(batch, body, known, now))
            except Refusal as refusal:
                if refusal.code != 2 and len(bodies) == 1:
                    raise
                message = refusal.message
                rows.append(_refused(kind, body, message or str(refusal.code)))
            except Invalid:
                rows.append(_refused(kind, body, "INVALID"))
        task_id: str | int
        task_id = key = secret("task", len(self._batches), now)[:16]
        if kind == FORCE:
            task_id = FIRST_REQUEST + len(self._batches)
            key = str(task_id)
        self._batches[key] = batch
        taken = len(batch.tasks)
        code = 0 if taken == len(bodies) else 1 if taken else 2
        if kind == DISPATCH:
            return 0, message, {"taskId": task_id if taken else None, **rows[0]}
        name = "requestID" if kind == FORCE else "taskId"
        return code, message, {name: task_id if taken else None, "result": rows}

    def _take(
        self, batch: Batch, body: dict[str, Any], known: dict[str, Plant], now: float
    ) -> dict[str, Any]:
        plant = known.get(body["plantCode"])
        if plant is None:
            raise Refusal(20622)
        admit(plant)
        steered = self.steered(plant)
        stops = batch.kind == FORCE and body.get("dispatchSwitch") == 0
        if not stops and any(
            task.plant is plant and task.kind == batch.kind for task in self._running
        ):
            raise Refusal(20615)
        CHECKS[batch.kind](body, steered, _soc(plant, steered, now))
        batch.tasks.append(Task(batch.kind, plant, body, now))
        if batch.kind == FORCE:
            return {
                "plantCode": plant.code,
                "sn": None,
                "dispatchResult": 0,
                "subTaskId": f"{plant.code}-1",
                "description": None,
            }
        told = {"plantCode": plant.code, "status": RUNNING, "message": None}
        return (
            told | {"batteryDn": body["batteryDn"]} if batch.kind == DISPATCH else told
        )

    def status(self, kind: str, params: Mapping[str, Any], now: float) -> Any:
        """Answer a question about a request."""
        name = "requestID" if kind == FORCE else "taskId"
        batch = self._batches.get(str(params.get(name)))
        if batch is None or batch.kind != kind or now - batch.sent > 7 * DAY:
            raise Refusal(20050 if kind == FORCE else 20620)
        if kind == FORCE:
            return [_force_row(task) for task in batch.tasks]
        if kind == DISPATCH:
            (task,) = batch.tasks
            return task.body | {"status": task.status, "message": task.message}
        ended = [task.ended for task in batch.tasks]
        return {
            "dispatchResult": [
                task.body
                | {
                    "status": task.status,
                    "message": task.message,
                }
                for task in batch.tasks
            ],
            "startTime": _iso(batch.sent),
            "endTime": None if None in ended else _iso(max(filter(None, ended))),
        }


def admit(plant: Plant) -> None:
    """Refuse plants that cannot be set."""
    if not plant.authorized:
        raise Refusal(20621)
    if plant.controllers != 1:
        raise Refusal(20609)


def _forced(body: Mapping[str, Any], steered: SteeredPlant, at: float) -> Forced | None:
    if body["dispatchSwitch"] == 0:
        return None
    battery = steered.battery
    most = battery.charge_w if battery else 0.0
    sign = -1 if body["dispatchSwitch"] == 1 else 1
    watts = sign * abs(body.get("powerDispatch") or most)
    if body["controlType"] == 1:
        return Forced(watts, at, target_soc=body["targetSOC"])
    return Forced(watts, at, until=at + 60.0 * body["dispatchTime"])


def _soc(plant: Plant, steered: SteeredPlant, now: float) -> float:
    battery = steered.battery
    return 100 * plant.site.sample(now).battery(battery.id).soc if battery else 0.0


def _refused(kind: str, body: Mapping[str, Any], message: str) -> dict[str, Any]:
    row: dict[str, Any] = {"plantCode": body["plantCode"]}
    if kind == FORCE:
        return row | {"dispatchResult": 1, "description": message}
    return row | {"status": FAIL, "message": message}


def _force_row(task: Task) -> dict[str, Any]:
    return {
        "plantCode": task.plant.code,
        "sn": None,
        "remoteID": 1,
        "status": {SUCCESS: 0, RUNNING: 1, FAIL: 2}[task.status],
        "execStartTime": None if task.began is None else int(1000 * task.began),
        "execEndTime": None if task.ended is None else int(1000 * task.ended),
        "message": task.message,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


__all__ = ["SAME", "Desk", "admit"]
