"""What inverters are known to be set to and to take: kept, for a read-back takes a minute and comes once an hour."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
import time
from typing import Final

from ..control import Control, SettingValue
from ..points import text
from ..vault import Json, Vault
from .parameters import BY_CODE

SECTION: Final = "parameters"
FRESH: Final = 600.0
"""Seconds for which a read-back is believed so far that the same value is not written again; the app may have changed it since."""
OPEN_FOR: Final = 240.0
"""Seconds in which a command and its read-back are over: until then nothing else is asked of the device."""


@dataclass(slots=True)
class Record:
    """What is known of one inverter; all of it outlives a restart."""

    barred: str | None = ""
    """Why it takes no settings, ``None`` when it does, and nothing while nobody asked."""
    values: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Codes that this model, or this account, has not."""
    target: float | None = None
    """The state of charge at which a forced mode is ended."""
    charges: bool = True
    over: bool = False
    """Whether a forced mode was ended at its target, so that nobody misses it."""
    beats: int = 0


class Ledger:
    """The records of all inverters."""

    def __init__(self, vault: Vault) -> None:
        """Take up what earlier runs learnt."""
        self._vault: Final = vault
        stored = vault.load(SECTION)
        self._records: Final = {
            device_id: _record(row)
            for device_id, row in (stored if isinstance(stored, dict) else {}).items()
            if isinstance(row, dict)
        }
        self._read_at: Final[dict[tuple[str, str], float]] = {}
        self._writers: Final[dict[tuple[str, str], str]] = {}
        self._open: Final[dict[str, tuple[str, float]]] = {}
        self._doubted: Final[dict[str, set[str]]] = {}

    def of(self, device_id: str) -> Record:
        """Return the record of an inverter."""
        return self._records.setdefault(device_id, Record())

    def save(self) -> None:
        """Keep what changed."""
        self._vault.save_soon(SECTION, self._as_json)

    # Values

    def raw(self, device_id: str, code: str) -> str | None:
        """Return what a parameter was when it was last read."""
        return self.of(device_id).values.get(code)

    def sure(self, device_id: str, code: str) -> str | None:
        """Return what a parameter is, unless a command is just changing it or came to no known end."""
        if self.is_open(device_id) or code in self._doubted.get(device_id, ()):
            return None
        return self.raw(device_id, code)

    def number(self, device_id: str, code: str) -> float | None:
        """Return a number in canonical units."""
        raw = self.raw(device_id, code)
        value = None if raw is None else BY_CODE[code].decode(raw)
        return value if isinstance(value, float) else None

    def note(self, device_id: str, values: Mapping[str, str | None]) -> None:
        """Keep what a device said of itself."""
        record, now = self.of(device_id), time.time()
        self._doubted.get(device_id, set()).difference_update(values)
        for code, value in values.items():
            if value is not None:
                record.values[code] = value
                self._read_at[device_id, code] = now
        self.save()

    def is_so(self, device_id: str, values: Mapping[str, str]) -> bool:
        """Whether a device has just said that it is set this way."""
        since = time.time() - FRESH
        return all(
            self.raw(device_id, code) == value
            and self._read_at.get((device_id, code), 0.0) > since
            for code, value in values.items()
        )

    def settings(self, device_id: str) -> dict[Control, SettingValue]:
        """Return what a device is set to; what a command has just changed is left out until the device has said so."""
        written = {
            code
            for (owner, code), writer in self._writers.items()
            if owner == device_id and self.is_open(device_id, writer)
        } | self._doubted.get(device_id, set())
        return {
            BY_CODE[code].control: value
            for code, raw in self.of(device_id).values.items()
            if code in BY_CODE and code not in written
            if (value := BY_CODE[code].decode(raw)) is not None
        }

    def doubt(self, device_id: str, codes: Iterable[str]) -> None:
        """Stop vouching for what was written and could not be read back."""
        self._doubted.setdefault(device_id, set()).update(codes)

    def doubted(self, device_id: str) -> bool:
        """Whether something has to be read again."""
        return bool(self._doubted.get(device_id))

    # Commands

    def begin(self, device_id: str, name: str, codes: Iterable[str]) -> None:
        """Note a command that is on its way."""
        self._open[device_id] = (name, time.time() + OPEN_FOR)
        for code in codes:
            self._writers[device_id, code] = name
            self._read_at.pop((device_id, code), None)

    def mine(self, device_id: str, name: str, codes: Iterable[str]) -> list[str]:
        """Return the codes that no later command has changed."""
        return [
            code for code in codes if self._writers.get((device_id, code), name) == name
        ]

    def end(self, device_id: str, name: str) -> None:
        """Note that a command is over, whatever came of it."""
        if self._open.get(device_id, ("", 0.0))[0] == name:
            del self._open[device_id]

    def is_open(self, device_id: str, name: str | None = None) -> bool:
        """Whether a command, or any, is on its way."""
        known, until = self._open.get(device_id, ("", 0.0))
        return time.time() < until and name in {None, known}

    def _as_json(self) -> Json:
        return {key: asdict(record) for key, record in self._records.items()}


def _record(row: Mapping[str, Json]) -> Record:
    record = Record()
    match row:
        case {"barred": None | str() as barred}:
            record.barred = barred
    match row:
        case {"values": dict(values)}:
            record.values = {
                code: raw for code, each in values.items() if (raw := text(each))
            }
    match row:
        case {"refused": list(refused)}:
            record.refused = [code for each in refused if (code := text(each))]
    match row:
        case {"target": int() | float() as target, "charges": bool(charges)}:
            record.target, record.charges = float(target), charges
    record.over = row.get("over") is True
    return record
