"""What devices were told: most settings cannot be read back, and a work mode must be sent with everything that belongs to it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
import time
from typing import Final, Self

from ...control import Control, SettingValue
from ...storage import Json, Storage

SECTION: Final = "solax_told"
KEYS: Final = {str(control): control for control in Control}
OUTRANKS: Final = 180.0
"""Seconds for which a command outranks what is measured: the platform gives up after thirty, effects were seen to take a minute, and a
device's clock may be two minutes ahead."""

type Facts = dict[str, Json]


@dataclass(slots=True)
class AssumedSetting:
    """What a device accepted, or was read to be set to."""

    value: Json
    since: float = 0.0
    """What was measured before that says nothing about it."""


@dataclass(slots=True)
class Sent:
    """A command whose outcome is not known, or never will be."""

    mark: str
    since: float
    told: Facts
    doubted: bool = False

    @property
    def open(self) -> bool:
        """Whether an outcome may still be learnt."""
        return not self.doubted and time.time() <= self.since

    @classmethod
    def of(cls, kept: Json) -> Self | None:
        """Read the form that is kept."""
        match kept:
            case {
                "mark": str(mark),
                "since": int() | float() as since,
                "told": dict(told),
                "doubted": bool(doubted),
            }:
                return cls(mark, float(since), told, doubted)
        return None


class AssumedSettings:
    """Settings by serial: those that were accepted, and on top of them those that were sent and not refused."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs told."""
        self._storage: Final = storage
        self._known: dict[str, dict[str, AssumedSetting]] = {}
        self._sent: dict[str, list[Sent]] = {}
        stored = storage.load(SECTION)
        if isinstance(stored, dict):
            self._restore(stored)

    def get(self, serial: str, key: str) -> Json:
        """Return what a device was told last, unless it refused; ``None`` when it never was."""
        sent = self._newest(serial, key)
        return self.accepted(serial, key) if sent is None else sent.told[key]

    def accepted(self, serial: str, key: str) -> Json:
        """Return what a device accepted last."""
        known = self._known.get(serial, {}).get(key)
        return None if known is None else known.value

    def number(self, serial: str, key: str) -> float | None:
        """Return a number a device was told."""
        value = self.get(serial, key)
        return (
            float(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else None
        )

    def since(self, serial: str, key: str) -> float:
        """Return the time before which what was measured says nothing about a setting."""
        known = self._known.get(serial, {}).get(key)
        return max(
            0.0 if known is None else known.since,
            *(sent.since for sent in self._holding(serial, key)),
            0.0,
        )

    def _holding(self, serial: str, key: str) -> Iterator[Sent]:
        return (sent for sent in self._sent.get(serial, ()) if key in sent.told)

    def _newest(self, serial: str, key: str) -> Sent | None:
        return max(
            self._holding(serial, key), key=lambda sent: sent.since, default=None
        )

    # Commands

    def send(self, serial: str, mark: str, told: Mapping[str, Json]) -> None:
        """Note what the platform took on its way to a device, by the command's ``mark``."""
        if told:
            self._sent.setdefault(serial, []).append(
                Sent(mark, time.time() + OUTRANKS, dict(told))
            )
            self._save(serial)

    def accept(
        self, serial: str, mark: str, told: Mapping[str, Json], at: float
    ) -> None:
        """Keep what a device accepted of a command sent ``at``; what was told later stays."""
        self._drop(serial, mark)
        known = self._known.setdefault(serial, {})
        for key, value in told.items():
            if key not in known or known[key].since <= at + OUTRANKS:
                known[key] = AssumedSetting(value, at + OUTRANKS)
        self._save(serial)

    def refuse(self, serial: str, mark: str) -> None:
        """Forget a command that was not carried out."""
        self._drop(serial, mark)
        self._save(serial)

    def doubt(self, serial: str, mark: str) -> None:
        """Stop waiting for the outcome of a command: it may or may not have been carried out."""
        for sent in self._sent.get(serial, ()):
            if sent.mark == mark:
                sent.doubted = True
        self._save(serial)

    def _drop(self, serial: str, mark: str) -> None:
        self._sent[serial] = [
            sent for sent in self._sent.get(serial, ()) if sent.mark != mark
        ]

    # Readings

    def read(self, serial: str, key: str, value: Json, measured: float) -> None:
        """Take what a device was measured to be set to, unless it was told something since."""
        if measured <= self.since(serial, key):
            return
        if value == self.get(serial, key) == self.accepted(serial, key):
            return
        self._known.setdefault(serial, {})[key] = AssumedSetting(value, measured)
        self._save(serial)

    def keep(self, serial: str, key: str, value: Json) -> None:
        """Keep a setting for a later command."""
        self._known.setdefault(serial, {})[key] = AssumedSetting(
            value, time.time() + OUTRANKS
        )
        self._save(serial)

    def settings(self, serial: str) -> dict[Control, SettingValue]:
        """Return what a device is believed to be set to."""
        return {
            KEYS[key]: known.value
            for key, known in self._known.get(serial, {}).items()
            if key in KEYS
            and not any(not sent.open for sent in self._holding(serial, key))
            and isinstance(known.value, bool | int | float | str)
        }

    # On disk

    def _save(self, serial: str) -> None:
        """Drop what newer knowledge has replaced, and keep the rest."""
        known = self._known.get(serial, {})
        for sent in self._sent.get(serial, ()):
            sent.told = {
                key: value
                for key, value in sent.told.items()
                if key not in known or known[key].since <= sent.since
            }
        self._sent[serial] = [sent for sent in self._sent.get(serial, ()) if sent.told]
        self._storage.delay_save(SECTION, self._as_json)

    def _as_json(self) -> Json:
        return {
            "told": {
                serial: {key: known.value for key, known in facts.items()}
                for serial, facts in self._known.items()
            },
            "since": {
                serial: {key: known.since for key, known in facts.items()}
                for serial, facts in self._known.items()
            },
            "sent": {
                serial: [asdict(sent) for sent in every]
                for serial, every in self._sent.items()
                if every
            },
        }

    def _restore(self, stored: Mapping[str, Json]) -> None:
        told, since = _maps(stored.get("told")), _maps(stored.get("since"))
        for serial, facts in told.items():
            times = since.get(serial, {})
            self._known[serial] = {
                key: AssumedSetting(value, _time(times.get(key)))
                for key, value in facts.items()
            }
        for serial, every in _lists(stored.get("sent")):
            self._sent[serial] = [sent for each in every if (sent := Sent.of(each))]
        for serial, keys in _lists(stored.get("doubted")):  # as it was kept before
            facts = told.get(serial, {})
            doubted = {key: facts[key] for key in map(str, keys) if key in facts}
            if doubted:
                self._sent.setdefault(serial, []).append(
                    Sent("", OUTRANKS, doubted, doubted=True)
                )


def _maps(stored: Json) -> dict[str, Facts]:
    return (
        {key: row for key, row in stored.items() if isinstance(row, dict)}
        if isinstance(stored, dict)
        else {}
    )


def _lists(stored: Json) -> Iterator[tuple[str, list[Json]]]:
    for key, row in stored.items() if isinstance(stored, dict) else ():
        if isinstance(row, list):
            yield key, row


def _time(stored: Json) -> float:
    return float(stored) if isinstance(stored, int | float) else 0.0
