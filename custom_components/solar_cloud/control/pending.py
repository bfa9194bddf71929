"""Values that were asked for and are not yet, or never will be, confirmed by the device; those that were sent outlive a restart."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import time
from typing import Final

from ..cloud.control import (
    Control,
    ControlKind,
    ControlSpec,
    Outcome,
    Settings,
    SettingValue,
)
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Storage

SECTION: Final = "settings"
LAST_SECTION: Final = "last_commands"

type Key = tuple[str, Control]


class CommandState(StrEnum):
    """How the last command of a control ended, as its entity shows it."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"
    KEPT = "kept"
    REFUSED = "refused"
    NOT_TAKEN = "not_taken"
    """The device accepted it, and reports something else."""


@dataclass(slots=True)
class PendingValue:
    """A value that is shown in place of what the device reports."""

    value: SettingValue
    reads_back: bool
    due: float = 0.0
    """When a read-back decides whether it was taken."""
    since: float = 0.0
    """When it was accepted, or sent where nobody can read it back: what was reported before says nothing about it."""
    settle: float = 0.0
    state: CommandState = CommandState.PENDING
    """How the last command that was sent, or refused before, ended."""
    before: PendingValue | None = field(default=None, init=False)
    """What had been sent before; it counts again when this one is refused."""


@dataclass(slots=True)
class LastCommand:
    """What was asked of a plant or device last."""

    name: str
    state: CommandState
    control: Control | None = None
    """What it set; how that stands is kept with its value."""


class LastCommands:
    """By plant or device, the last command that somebody gave, for those who do not look into each setting."""

    def __init__(self, storage: Storage, running: Collection[tuple[str, str]]) -> None:
        """Take up what was asked in an earlier run; of that, only what is ``running``, by device and name, is still waited for."""
        self._storage: Final = storage
        self._last: Final = from_json(
            dict[str, LastCommand], storage.load(LAST_SECTION)
        )
        for device_id, last in self._last.items():
            if last.state is CommandState.PENDING and (
                (device_id, last.name) not in running
            ):
                last.state = CommandState.UNCERTAIN  # cut off on its way

    def get(self, device_id: str) -> LastCommand | None:
        """Return the last one of a plant or device."""
        return self._last.get(device_id)

    def begin(self, device_id: str, name: str, control: Control | None) -> None:
        """Note that something is asked."""
        self._last[device_id] = LastCommand(name, CommandState.PENDING, control)
        self._save()

    def note(self, device_id: str, name: str, state: CommandState) -> None:
        """Note how the last command stands; what is heard of an earlier one says nothing of it."""
        last = self._last.get(device_id)
        if last is not None and last.name == name:
            last.state = state
            self._save()

    def follow(self, states: Mapping[Key, CommandState]) -> None:
        """Show of what set a value how that value stands: a read-back confirms it, or not, long after."""
        for device_id, last in self._last.items():
            if last.control is None or last.control.kind is ControlKind.BUTTON:
                continue
            state = states.get((device_id, last.control), last.state)
            if state is not last.state:
                self.note(device_id, last.name, state)

    def _save(self) -> None:
        self._storage.delay_save(LAST_SECTION, lambda: to_json(self._last))


class PendingValues:
    """By control, the value that was sent last and is not confirmed, and the newest one that still waits for its turn.

    Only what was sent is compared with what the device reports, and only that is stored: what never got its turn changed nothing.
    """

    def __init__(self, storage: Storage, changing: Callable[[Key], bool]) -> None:
        """Take up what an earlier run had sent; ``changing`` says whose command is still followed."""
        self._storage: Final = storage
        self._waiting: Final[dict[Key, PendingValue]] = {}
        self._sent: Final[dict[Key, PendingValue]] = {}
        self.states: Final[dict[Key, CommandState]] = {}
        self._sent.update(from_json(dict[Key, PendingValue], storage.load(SECTION)))
        for key, sent in self._sent.items():
            waits = sent.reads_back or changing(key)
            if sent.state is CommandState.PENDING and not waits:
                sent.state = CommandState.UNCERTAIN  # cut off on its way
            self.states[key] = sent.state

    def value(self, key: Key, reported: SettingValue | None) -> SettingValue | None:
        """Return what an entity shows: the pending value while there is one, else what the device ``reported``."""
        pending = self._waiting.get(key) or self._sent.get(key)
        return reported if pending is None else pending.value

    def get(self, key: Key) -> PendingValue | None:
        """Return what was sent last, as long as it is not confirmed."""
        return self._sent.get(key)

    def sent(self, control: Control) -> list[Key]:
        """Return where a value of a control was sent that is not confirmed."""
        return [key for key in self._sent if key[1] is control]

    def queue(self, key: Key, spec: ControlSpec, value: SettingValue) -> PendingValue:
        """Show a value whose command waits for its turn."""
        pending = PendingValue(value, spec.reads_back, settle=spec.settle)
        self._waiting[key] = pending
        self.states[key] = CommandState.PENDING
        return pending

    def send(self, key: Key, pending: PendingValue) -> None:
        """Note that the command of a value goes out now."""
        self._unqueue(key, pending)
        pending.since = time.time()
        pending.due = pending.since + pending.settle
        pending.before = self._sent.get(key)
        self._sent[key] = pending
        self._save()

    def withdraw(self, key: Key, pending: PendingValue | None) -> None:
        """Show what was there before a command that came to nothing; a button (``None``) has no value."""
        if pending is not None:
            self._unqueue(key, pending)
            if self._sent.get(key) is pending:
                self._replace(key, pending.before)
        self._note(key, CommandState.REFUSED)

    def drop(self, key: Key, state: CommandState) -> None:
        """Show what the device reports."""
        self._replace(key, None)
        self._note(key, state)

    def answered(
        self,
        key: Key,
        outcome: Outcome,
        *,
        over: bool = False,
        waits: bool = False,
    ) -> None:
        """Note what is known of a command; only a read-back confirms what can be read back.

        ``over`` says that the device had its time: what is read from now on decides. ``waits`` says that its answer is still asked for.
        """
        sent = self._sent.get(key)
        if sent is not None:
            now = time.time()
            sent.due = now + (0.0 if over else sent.settle)
            if sent.reads_back:
                sent.since = now
            sent.before = None
            if sent.reads_back and outcome is Outcome.CONFIRMED:
                self._save()
                return
        self._note(key, CommandState.PENDING if waits else CommandState(outcome))

    def compare(
        self,
        settings: Settings,
        now: float,
        changing: Callable[[Key], bool],
        disagree: Callable[[Key], None],
    ) -> None:
        """Drop the values that the device confirms, or contradicts in a report from after its last command was accepted.

        A contradiction counts when no command to the control is under way (``changing``) and the device had its time.
        """
        for key, sent in list(self._sent.items()):
            reported = settings.values.get(key)
            accepted_at = settings.accepted_at.get(key, 0.0)
            reported_at = settings.asked_at if sent.reads_back else accepted_at
            if reported is None or reported_at <= sent.since:
                continue
            if reported == sent.value:
                if sent.reads_back:
                    self.drop(key, CommandState.CONFIRMED)
            elif changing(key):
                continue
            elif not sent.reads_back:  # an action changed what the client keeps
                self.drop(key, self.states.get(key, CommandState.CONFIRMED))
            elif now >= sent.due:
                self.drop(key, CommandState.NOT_TAKEN)
                disagree(key)

    def report(self) -> Mapping[Key, str]:
        """Return the states of the last commands, for diagnostics."""
        return dict(self.states)

    def _note(self, key: Key, state: CommandState) -> None:
        """Note how a command ended; entities show it unless a newer one waits for its turn."""
        if (sent := self._sent.get(key)) is not None:
            sent.state = state
            self._save()
        if key not in self._waiting:
            self.states[key] = state

    def _unqueue(self, key: Key, pending: PendingValue) -> None:
        if self._waiting.get(key) is pending:
            del self._waiting[key]

    def _replace(self, key: Key, pending: PendingValue | None) -> None:
        """Put another value, or none, in the place of the one that was sent last."""
        if self._sent.pop(key, None) is not None:
            self._save()
        if pending is not None:
            self._sent[key] = pending

    def _save(self) -> None:
        self._storage.delay_save(SECTION, lambda: to_json(self._sent))
