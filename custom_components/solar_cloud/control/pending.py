"""What was asked for and is not yet, or never will be, confirmed by the device; what cannot be read back survives restarts here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import time
from typing import Final

from ..cloud.control import Control, ControlSpec, Outcome, Settings, SettingValue
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json, Storage

SECTION: Final = "settings"

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
    """The device said yes, and reports something else."""


@dataclass(slots=True)
class PendingValue:
    """A value that stands in for the device's word."""

    value: SettingValue
    reads_back: bool
    due: float
    """When a read-back has the last word."""
    since: float = 0.0
    """When it was accepted, or asked for where nobody can read it back: what was said before says nothing about it."""
    settle: float = 0.0


@dataclass(slots=True)
class KeptValue(PendingValue):
    """A value that stands in over a restart, and how its command ended."""

    state: CommandState = field(kw_only=True)


class PendingValues:
    """Wishes by control; the device's word replaces them."""

    def __init__(self, storage: Storage) -> None:
        """Take up what an earlier run assumed."""
        self._storage: Final = storage
        self._wishes: dict[Key, PendingValue] = {}
        self.states: Final[dict[Key, CommandState]] = {}
        kept = from_json(dict[Key, KeptValue], storage.load(SECTION))
        self._wishes |= kept
        self.states.update((key, value.state) for key, value in kept.items())

    def value(self, key: Key, settings: Settings) -> SettingValue | None:
        """Return what an entity shows: the wish while there is one, else what the vendor tells."""
        wish = self._wishes.get(key)
        return settings.values.get(key) if wish is None else wish.value

    def wish(self, key: Key, spec: ControlSpec, value: SettingValue) -> PendingValue:
        """Show a value until the device has spoken."""
        now = time.time()
        wish = PendingValue(value, spec.reads_back, now + spec.settle, now, spec.settle)
        self.states[key] = CommandState.PENDING
        self._wishes[key] = wish
        self._save()
        return wish

    def drop(self, key: Key, state: CommandState) -> None:
        """Show the device's word again."""
        self.states[key] = state
        if self._wishes.pop(key, None) is not None:
            self._save()

    def take_back(
        self,
        key: Key,
        wish: PendingValue | None,
        before: PendingValue | None,
        state: CommandState,
    ) -> None:
        """Show what was there before a command that came to nothing, unless a newer one took its place."""
        if self._wishes.get(key) is not wish:
            return
        self.drop(key, state)
        if before is not None:
            self._wishes[key] = before
            self._save()

    def get(self, key: Key) -> PendingValue | None:
        """Return the wish of a control."""
        return self._wishes.get(key)

    def answered(self, key: Key, outcome: Outcome, *, over: bool = False) -> None:
        """Note what is known of a command; only a read-back confirms what can be read back.

        ``over`` says that the device had its time: what is read from now on is its last word.
        """
        wish = self._wishes.get(key)
        if wish is not None:
            now = time.time()
            wish.due = now + (0.0 if over else wish.settle)
            if wish.reads_back:
                wish.since = now
            self._save()
        if wish is not None and wish.reads_back and outcome is Outcome.CONFIRMED:
            return
        self.states[key] = CommandState(outcome)

    def compare(
        self,
        settings: Settings,
        now: float,
        changing: Callable[[Key], bool],
        disagree: Callable[[Key], None],
    ) -> None:
        """Let the device's words replace wishes: those it said after the last command was accepted.

        Another word counts when no command to the control is under way (``changing``) and it had its time.
        """
        for key, wish in list(self._wishes.items()):
            word = settings.values.get(key)
            told_at = settings.told_at.get(key, 0.0)
            said_at = settings.asked_at if wish.reads_back else told_at
            if word is None or said_at <= wish.since:
                continue
            if word == wish.value:
                if wish.reads_back:
                    self.drop(key, CommandState.CONFIRMED)
            elif changing(key):
                continue
            elif not wish.reads_back:  # an action changed what the client keeps
                self.drop(key, self.states.get(key, CommandState.CONFIRMED))
            elif now >= wish.due:
                self.drop(key, CommandState.NOT_TAKEN)
                disagree(key)

    def report(self) -> Mapping[Key, str]:
        """Return the states of the last commands, for diagnostics."""
        return dict(self.states)

    def _save(self) -> None:
        self._storage.delay_save(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return to_json(
            {
                key: KeptValue(
                    wish.value,
                    wish.reads_back,
                    wish.due,
                    wish.since,
                    wish.settle,
                    state=self.states.get(key, CommandState.PENDING),
                )
                for key, wish in self._wishes.items()
            }
        )
