"""What devices are known to be set to: what they accepted or told, and on top of it what they were sent since. Outlives restarts.

What was accepted last outranks every reading made before it: a value holds against all that was read until ``since``, however late it comes in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import time
from typing import Final

from .control import Control, ForcedMode, SettingValue
from .serialization import from_json, to_json
from .storage import LATER, SOON, Json, Storage

SECTION: Final = "controls"
FORCED: Final = "forced"
"""The last forced mode: when it was sent, when it ends at the latest, and whether by itself; the end of one ends in the past."""
LONGEST_OUTRANKING: Final = 300.0
"""Seconds; a time further ahead was taken from a clock that has been put right since."""
CONTROLS: Final = {str(control): control for control in Control}
ASKED_AGAIN: Final = 7 * 86400.0
"""Seconds after which a device is asked again for what it turned down: it may have been given another firmware."""


@dataclass(slots=True)
class KnownValue:
    """What a device accepted, or was read to be set to."""

    value: Json
    since: float = 0.0
    """Unix time until which it outranks readings: what was read until then may be from before. (The stored name; it is not when it was set.)"""
    before: list[Json] | None = None
    """Where answers carry no time: what was reported before. Any other answer is new, whenever it comes."""

    def outranks(self, value: Json, read_at: float) -> bool:
        """Whether what was read then may be from before."""
        if read_at >= _honest(self.since):
            return False
        return self.before is None or any(_says(value, each) for each in self.before)


def as_setting(value: Json) -> SettingValue | None:
    """Return what a control can be set to, ``None`` for anything else."""
    return value if isinstance(value, bool | int | float | str) else None


def _honest(since: float) -> float:
    """Return a time until which readings are outranked, or 0 for one that no true clock can have told."""
    return since if since <= time.time() + LONGEST_OUTRANKING else 0.0


def _says(answer: Json, part: Json) -> bool:
    if isinstance(answer, dict) and isinstance(part, dict):
        return part.items() <= answer.items()
    return answer == part


@dataclass(slots=True)
class SentValues:
    """What was sent to a device by a command whose outcome is not known, or never will be."""

    mark: str
    """Tells the command from others to the same device."""
    since: float
    """Unix time until which readings may be from before it."""
    values: dict[str, Json]
    doubted: bool = False

    @property
    def is_open(self) -> bool:
        """Whether an outcome may still be learnt."""
        return not self.doubted and time.time() <= self.since


@dataclass(slots=True)
class DeviceControlState:
    """One plant or device."""

    known: dict[str, KnownValue] = field(default_factory=dict)
    """By control, or by a name or code of the vendor's."""
    sent: list[SentValues] = field(default_factory=list)
    before: dict[str, Json] = field(default_factory=dict)
    """What a battery mode changed and is to be set back when it ends, as it was before, by a name or code of the vendor's."""
    lacks: dict[str, float] = field(default_factory=dict)
    """The ways to steer its battery that it turned down, by a name of the vendor's, with the Unix time."""

    def value(self, key: str) -> Json:
        """Return what it accepted or told last; ``None`` when it never did."""
        known = self.known.get(key)
        return None if known is None else known.value


class ControlState[S: DeviceControlState]:
    """All plants and devices of an account."""

    def __init__(
        self,
        storage: Storage,
        kind: type[S],
        earlier_section: str,
        present_form: Callable[[Json], Json],
    ) -> None:
        """Take up what earlier runs knew; ``present_form`` converts what the first versions kept in a section of their own."""
        self._storage: Final = storage
        self._kind: Final = kind
        stored = storage.load(SECTION)
        if stored is None:
            stored = present_form(storage.load(earlier_section))
        rows = stored.items() if isinstance(stored, dict) else ()
        self._devices: Final[dict[str, S]] = {
            device_id: from_json(kind, row) for device_id, row in rows
        }

    def of(self, device_id: str) -> S:
        """Return what is known of a device."""
        return self._devices.setdefault(device_id, self._kind())

    def save(self, delay: float = SOON) -> None:
        """Keep what changed."""
        self._storage.delay_save(SECTION, lambda: self._devices, delay)

    async def save_now(self) -> None:
        """Keep what changed; it is on disk when this returns."""
        await self._storage.save(SECTION, to_json(self._devices))

    # What a battery mode changes

    async def remember(self, device_id: str, values: Mapping[str, Json]) -> None:
        """Keep how a device is set before a battery mode changes it; it is on disk when this returns.

        What an earlier mode changed, and nobody has set back yet, stays as it was before that one.
        """
        row = self.of(device_id)
        row.before = {**values, **row.before}
        await self.save_now()

    def forget(self, device_id: str, keys: Iterable[str]) -> None:
        """Note that something need not be set back any more."""
        before = self.of(device_id).before
        if [key for key in keys if before.pop(key, None) is not None]:
            self.save(0.0)

    # What devices turned down

    def lack(self, device_id: str, way: str) -> None:
        """Note that a device does not take a way to steer its battery."""
        self.of(device_id).lacks[way] = time.time()
        self.save()

    def lacks(self, device_id: str, way: str) -> bool:
        """Whether a device turned a way down lately."""
        at = self.of(device_id).lacks.get(way)
        return at is not None and time.time() - at < ASKED_AGAIN

    # Values

    def get(self, device_id: str, key: str) -> Json:
        """Return what a device was sent last, unless it refused, else what it accepted or told last."""
        sent = [*self._sent_with(device_id, key)]
        return sent[-1].values[key] if sent else self.of(device_id).value(key)

    def number(self, device_id: str, key: str) -> float | None:
        """Return a number as ``get``."""
        value = self.get(device_id, key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)

    def since(self, device_id: str, key: str) -> float:
        """Return the time until which what was read says nothing about a value."""
        known = self.of(device_id).known.get(key)
        return max(
            0.0 if known is None else known.since,
            *(sent.since for sent in self._sent_with(device_id, key)),
            0.0,
        )

    def is_sent(self, device_id: str, key: str) -> bool:
        """Whether a value was sent that is neither accepted nor reported yet."""
        return any(self._sent_with(device_id, key))

    def settings(
        self, device_id: str, unsure: Callable[[SentValues], bool]
    ) -> dict[Control, SettingValue]:
        """Return what a device is set to, by control, without what it was sent with an ``unsure`` outcome."""
        return {
            CONTROLS[key]: value
            for key, known in self.of(device_id).known.items()
            if key in CONTROLS
            and (value := as_setting(known.value)) is not None
            and not any(map(unsure, self._sent_with(device_id, key)))
        }

    def accepted_at(
        self, device_ids: Iterable[str], settles: float = 0.0
    ) -> dict[tuple[str, Control], float]:
        """Return when devices accepted their settings, where each holds for ``settles`` seconds against readings."""
        return {
            (device_id, CONTROLS[key]): known.since - settles
            for device_id in device_ids
            for key, known in self.of(device_id).known.items()
            if key in CONTROLS
        }

    def _sent_with(self, device_id: str, key: str) -> Iterator[SentValues]:
        return (sent for sent in self.of(device_id).sent if key in sent.values)

    # Commands

    def send(
        self, device_id: str, mark: str, values: Mapping[str, Json], settles: float
    ) -> None:
        """Note what the platform took on its way to a device; for ``settles`` seconds readings may still be from before."""
        if values:
            sent = SentValues(mark, time.time() + settles, dict(values))
            self.of(device_id).sent.append(sent)
            self._replaced(device_id)

    def accept(
        self, device_id: str, mark: str, values: Mapping[str, Json], since: float
    ) -> None:
        """Keep what a device accepted of a command, unless something later is known."""
        self._drop(device_id, mark)
        known = self.of(device_id).known
        for key, value in values.items():
            if key not in known or known[key].since <= since:
                known[key] = KnownValue(value, since)
        self._replaced(device_id)

    def refuse(self, device_id: str, mark: str) -> None:
        """Forget a command that was not carried out."""
        self._drop(device_id, mark)
        self.save()

    def doubt(self, device_id: str, mark: str) -> None:
        """Stop waiting for the outcome of a command: it may or may not have been carried out."""
        for sent in self.of(device_id).sent:
            if sent.mark == mark:
                sent.doubted = True
        self.save()

    def keep(self, device_id: str, key: str, value: Json, since: float) -> None:
        """Keep a value, whatever was known."""
        self.of(device_id).known[key] = KnownValue(value, since)
        self._replaced(device_id)

    def expect(self, device_id: str, key: str, value: Json, since: float) -> None:
        """Keep what a device was told where answers have no time: until ``since``, those it gave before may come once more."""
        known = self.of(device_id).known.get(key, KnownValue({}))
        before = [known.value, *(known.before or [])]
        self.of(device_id).known[key] = KnownValue(
            value, since, [each for each in before if not _says(each, value)]
        )
        self.save()

    # Readings

    def read(self, device_id: str, key: str, value: Json, read_at: float) -> bool:
        """Take what a device was read to be set to, unless it is from before; return whether it counts."""
        known = self.of(device_id).known.get(key)
        if any(
            read_at <= _honest(sent.since) for sent in self._sent_with(device_id, key)
        ) or (known is not None and known.outranks(value, read_at)):
            return False
        self.of(device_id).known[key] = KnownValue(value, read_at)
        self._replaced(device_id, LATER)  # it will be read again
        return True

    # Forced modes

    def forced(self, device_id: str) -> ForcedMode | None:
        """Return what is left of a forced mode: a change of another setting does not end it."""
        match self.get(device_id, FORCED):
            case [_, int() | float() as until, bool(by_itself)] if until > time.time():
                return ForcedMode(
                    ends_after=until - time.time(), ends_by_itself=by_itself
                )
        return None

    def _drop(self, device_id: str, mark: str) -> None:
        state = self.of(device_id)
        state.sent = [sent for sent in state.sent if sent.mark != mark]

    def _replaced(self, device_id: str, delay: float = SOON) -> None:
        """Drop what newer knowledge has replaced, and keep the rest."""
        state = self.of(device_id)
        for sent in state.sent:
            sent.values = {
                key: value
                for key, value in sent.values.items()
                if key not in state.known
                or _honest(state.known[key].since) <= sent.since
            }
        state.sent = [sent for sent in state.sent if sent.values]
        self.save(delay)
