"""The life of a command: taken by the platform, carried out by the device a few seconds later, seen at its next upload."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .control_rules import RULES, Rule
from .envelope import Refusal
from .knobs import Knobs
from .plant import Device, Kind, Plant
from .query import Query
from .steered_charger import SteeredCharger
from .steered_inverter import SteeredInverter

OFFLINE, NOT_ISSUED, ISSUED, DONE, FAILED, TIMED_OUT = 1, 2, 3, 4, 5, 6
ISSUED_AFTER = 1.0
GIVEN_UP_AFTER = 30.0
REMEMBERED = 86400.0
_FIRST_ID = 8_840_000_000_000_000_000

type Steered = SteeredCharger | SteeredInverter | None


@dataclass
class Command:
    """One command to one device."""

    serial: str
    issued: float
    due: float
    act: Callable[[float], bool]
    outcome: int = ISSUED

    def status(self, now: float) -> int | None:
        """Return the status word at an instant; nothing in the first second."""
        if self.outcome == ISSUED:
            if now - self.issued >= GIVEN_UP_AFTER:
                return TIMED_OUT
            return ISSUED if now - self.issued >= ISSUED_AFTER else None
        return self.outcome


@dataclass
class Batch:
    """One request: a command for each serial."""

    issued: float
    commands: list[Command] = field(default_factory=list)


class CommandQueue:
    """All commands of a cloud, and the devices they change."""

    def __init__(self, knobs: Knobs) -> None:
        """Begin with devices as they left the factory."""
        self._knobs = knobs
        self._batches: dict[str, Batch] = {}
        self._steered: dict[str, Steered] = {}
        self.carried_out: list[tuple[str, str]] = []
        """Path and serial of everything a device did."""

    def steered(self, plant: Plant, device: Device) -> Steered:
        """Return what a device was told."""
        if device.sn not in self._steered:
            made: Steered = None
            if device.kind is Kind.CHARGER:
                made = SteeredCharger(plant, device)
            elif device.kind is Kind.INVERTER:
                made = SteeredInverter(plant, device, self._knobs)
            self._steered[device.sn] = made
        return self._steered[device.sn]

    def catch_up(self, now: float) -> None:
        """Let everything happen that is due."""
        open_commands = [
            command
            for batch in self._batches.values()
            for command in batch.commands
            if command.outcome == ISSUED and command.due <= now
        ]
        for command in sorted(open_commands, key=lambda each: each.due):
            self._run_until(command.due)
            wanted = self._knobs.command_outcome
            if wanted == 0:
                continue
            if wanted != DONE:
                command.outcome = wanted
                continue
            command.outcome = DONE if command.act(command.due) else FAILED
        self._run_until(now)

    def _run_until(self, at: float) -> None:
        for device in self._steered.values():
            if isinstance(device, SteeredInverter):
                device.catch_up(at)

    def take(
        self, path: str, query: Query, known: list[Plant]
    ) -> tuple[dict[str, Any], str]:
        """Take a request: the rows by serial, and the request's id."""
        rule = RULES[path]
        rule.check(query.params, self._knobs)
        targets = {serial: _find(serial, known) for serial in query.serials()}
        for found in targets.values():
            if found is not None:
                rule.fit(found[1], query.params)
        batch = Batch(query.now)
        result: dict[str, Any] = {}
        for serial, found in targets.items():
            if found is None:
                if self._knobs.unknown_serial == "10505":
                    raise Refusal(10505)
                result[serial] = {"status": OFFLINE}
                continue
            result[serial] = {"status": self._issue(path, rule, query, batch, *found)}
        request_id = str(_FIRST_ID + len(self._batches) + 1)
        self._batches[request_id] = batch
        return result, request_id

    def _issue(
        self,
        path: str,
        rule: Rule,
        query: Query,
        batch: Batch,
        plant: Plant,
        device: Device,
    ) -> int:
        params = dict(query.params)
        steered = self.steered(plant, device)

        def act(at: float) -> bool:
            done = rule.act(plant, device, steered, params, at)
            if done:
                self.carried_out.append((path.rsplit("/", 1)[-1], device.sn))
            return done

        due = query.now + self._knobs.command_delay
        command = Command(device.sn, query.now, due, act)
        if not plant.online(device):
            command.outcome = OFFLINE
        batch.commands.append(command)
        return OFFLINE if command.outcome == OFFLINE else ISSUED

    def outcome(self, query: Query) -> list[dict[str, Any]]:
        """Answer listByCondition."""
        batch = self._batches.get(query.require("requestId"))
        if batch is None or query.now - batch.issued > REMEMBERED:
            return []
        return [
            {"sn": command.serial, "status": status}
            for command in batch.commands
            if (status := command.status(query.now)) is not None
        ]

    def told(self) -> Mapping[str, Steered]:
        """Return what all devices were told."""
        return self._steered


def _find(serial: str, known: list[Plant]) -> tuple[Plant, Device] | None:
    for plant in known:
        for device in plant.steerable:
            if device.sn == serial and device.authorised:
                return plant, device
    return None
