"""What devices are known to be set to and to take: kept, for a read-back takes a minute and comes once an hour.

All values are canonical. What was told last outranks every reading that was asked for before it was accepted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
import time
from typing import Final

from ...control import Control, SettingValue
from ...model import Device
from ...points import number, text
from ...storage import Json, Storage
from .parameters import (
    CONTROLS,
    EXPORT_POWER,
    HEARTBEAT,
    INVERTER,
    MOST_CHARGE,
    MOST_DISCHARGE,
    POWER,
    QUANTA,
    Parameter,
    ReadBack,
)

SECTION: Final = "parameters"
FRESH: Final = 600.0
"""Seconds for which a read-back is believed so far that the same value is not written again; the app may have changed it since."""
OPEN_FOR: Final = 300.0
"""Seconds after its last step in which a command and its read-back are over: until then nothing else is asked of the device."""


FIRST_BEAT: Final = 600.0
"""The sign of life that the first versions gave every time."""


@dataclass(slots=True)
class DeviceParameters:
    """What is known of one device; all of it outlives a restart."""

    barred: str | None = ""
    """Why it takes no settings, ``None`` when it does, and nothing while nobody asked."""
    settings: dict[str, SettingValue] = field(default_factory=dict)
    """What was read last."""
    told: dict[str, SettingValue] = field(default_factory=dict)
    """What was accepted since, and has not been read yet."""
    most: dict[str, float] = field(default_factory=dict)
    """The highest number each code was ever read with: what the device itself was set to, it can do."""
    quanta: dict[str, float] = field(default_factory=dict)
    """What a step on the wire was seen to be, for codes of which that is no common knowledge."""
    strange: list[str] = field(default_factory=list)
    """Codes that were read in a form nobody understands."""
    refused: list[str] = field(default_factory=list)
    """Codes that this model, or this account, has not."""
    target: float | None = None
    """The state of charge at which a forced mode is ended."""
    charges: bool = True
    over: bool = False
    """Whether a forced mode was ended at its target, so that nobody misses it."""
    beats: int = 0


class ParameterCache:
    """The records of all devices."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs learnt."""
        self._storage: Final = storage
        stored = storage.load(SECTION)
        self._records: Final = {
            device_id: _record(row)
            for device_id, row in (stored if isinstance(stored, dict) else {}).items()
            if isinstance(row, dict)
        }
        self._read_at: Final[dict[tuple[str, str], float]] = {}
        self._told_at: Final[dict[tuple[str, str], float]] = {}
        self._writers: Final[dict[tuple[str, str], str]] = {}
        self._open: Final[dict[str, tuple[str, float]]] = {}
        self._doubted: Final[dict[str, set[str]]] = {
            device_id: {*record.told} - {HEARTBEAT}
            for device_id, record in self._records.items()
        }

    def of(self, device_id: str) -> DeviceParameters:
        """Return the record of a device."""
        return self._records.setdefault(device_id, DeviceParameters())

    def save(self) -> None:
        """Keep what changed."""
        self._storage.delay_save(SECTION, self._as_json)

    # Values

    def known(self, device_id: str, code: str) -> bool:
        """Whether the device ever told a value, understood or not: then it has the parameter."""
        record = self.of(device_id)
        return code in record.settings or code in record.strange

    def value(self, device_id: str, code: str) -> SettingValue | None:
        """Return what a parameter is as far as anybody knows: what was told last, else what was read last."""
        record = self.of(device_id)
        return record.told.get(code, record.settings.get(code))

    def sure(self, device_id: str, code: str) -> SettingValue | None:
        """Return what a parameter is, unless a command is just changing it or came to no known end."""
        record = self.of(device_id)
        if self.is_open(device_id) or code in record.told:
            return None
        if code in self._doubted.get(device_id, ()):
            return None
        return record.settings.get(code)

    def number(self, device_id: str, code: str) -> float | None:
        """Return a number in canonical units, as ``value``."""
        value = self.value(device_id, code)
        return None if isinstance(value, bool | str) else value

    def note(
        self, device_id: str, told: Mapping[str, ReadBack], asked_at: float
    ) -> None:
        """Keep what a device said of itself when it was asked, except of what it was told since."""
        record = self.of(device_id)
        for code, row in told.items():
            if code not in INVERTER:
                continue
            if self._told_at.get((device_id, code), 0.0) >= asked_at:
                continue
            self._doubted.get(device_id, set()).discard(code)
            record.told.pop(code, None)
            value = INVERTER[code].read(row)
            record.strange = sorted(
                {*record.strange} - {code} | ({code} if value is None else set())
            )
            if value is None:
                record.settings.pop(code, None)
                continue
            record.settings[code] = value
            self._read_at[device_id, code] = asked_at
            if not isinstance(value, bool | str):
                record.most[code] = max(value, record.most.get(code, value))
        self.save()

    def is_so(self, device_id: str, values: Mapping[str, SettingValue]) -> bool:
        """Whether a device has just said that it is set this way."""
        since = time.time() - FRESH
        return all(
            INVERTER[code].same(self.of(device_id).settings.get(code), value)
            and code not in self.of(device_id).told
            and self._read_at.get((device_id, code), 0.0) > since
            for code, value in values.items()
        )

    def settings(self, device_id: str) -> dict[Control, SettingValue]:
        """Return what a device is set to; what a command has changed is left out until the device has said so."""
        record = self.of(device_id)
        written = {
            code
            for (owner, code), writer in self._writers.items()
            if owner == device_id and self.is_open(device_id, writer)
        }
        unsure = written | self._doubted.get(device_id, set()) | record.told.keys()
        return {
            CONTROLS[code]: value
            for code, value in record.settings.items()
            if code in CONTROLS and code not in unsure
        }

    def doubt(self, device_id: str, codes: Iterable[str]) -> None:
        """Stop vouching for what was written and could not be read back."""
        self._doubted.setdefault(device_id, set()).update(codes)

    def asked(self, device_id: str, codes: Iterable[str]) -> None:
        """Note that a device was asked, so that a code it does not answer for is not asked for again at once."""
        self._doubted.get(device_id, set()).difference_update(codes)

    def doubted(self, device_id: str) -> bool:
        """Whether something has to be read again."""
        return bool(self._doubted.get(device_id))

    # Steps on the wire

    def quantum(self, device_id: str, code: str) -> float | None:
        """Return what a step on the wire is, ``None`` while the device has not shown it."""
        return self.of(device_id).quanta.get(code, INVERTER[code].quantum)

    def learn(self, device_id: str, code: str, quantum: float) -> None:
        """Keep what a step was seen to be."""
        self.of(device_id).quanta[code] = quantum
        self.save()

    def unlearn(self, device_id: str, codes: Iterable[str]) -> None:
        """Forget steps that proved wrong."""
        for code in codes:
            self.of(device_id).quanta.pop(code, None)
        self.save()

    # Commands

    def begin(self, device_id: str, name: str, codes: Iterable[str]) -> None:
        """Note a command that is on its way."""
        self._open[device_id] = (name, time.time() + OPEN_FOR)
        for code in codes:
            self._writers[device_id, code] = name
            self._read_at.pop((device_id, code), None)

    def go_on(self, device_id: str, name: str) -> None:
        """Note that a command takes another step, unless a later one is on its way."""
        if not self.is_open(device_id) or self.is_open(device_id, name):
            self._open[device_id] = (name, time.time() + OPEN_FOR)

    def tell(self, device_id: str, values: Mapping[str, SettingValue]) -> None:
        """Note values that were accepted, or may have been: they are newer than all that was read."""
        now = time.time()
        self.of(device_id).told.update(values)
        self._told_at.update({(device_id, code): now for code in values})
        self.save()

    def take_back(self, device_id: str, name: str, codes: Iterable[str]) -> None:
        """Note that values were not taken after all, as far as no later command has told others."""
        for code in self.mine(device_id, name, codes):
            self.of(device_id).told.pop(code, None)
        self.save()

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


def _record(row: Mapping[str, Json]) -> DeviceParameters:
    record = DeviceParameters()
    match row:
        case {"barred": None | str() as barred}:
            record.barred = barred
    match row:
        case {"values": dict(words)}:  # numbers of this form were ten times off
            record.settings = _words(words)
    record.settings |= _settings(row.get("settings"))
    record.told = _settings(row.get("told"))
    if "values" in row:  # or the next sign of life would be turned away as no change
        record.told[HEARTBEAT] = FIRST_BEAT
    record.most = _numbers(row.get("most"))
    record.quanta = {
        code: quantum
        for code, quantum in _numbers(row.get("quanta")).items()
        if quantum in QUANTA
    }
    record.strange = _codes(row.get("strange"))
    record.refused = _codes(row.get("refused"))
    match row:
        case {"target": int() | float() as target, "charges": bool(charges)}:
            record.target, record.charges = float(target), charges
    record.over = row.get("over") is True
    return record


def _codes(listed: Json) -> list[str]:
    rows = listed if isinstance(listed, list) else []
    return [code for each in rows if (code := text(each))]


def _numbers(rows: Json) -> dict[str, float]:
    listed = rows.items() if isinstance(rows, dict) else ()
    return {code: value for code, each in listed if (value := number(each)) is not None}


def _settings(rows: Json) -> dict[str, SettingValue]:
    """Return stored values that are of their register's kind."""
    found: dict[str, SettingValue] = {}
    for code, value in rows.items() if isinstance(rows, dict) else ():
        if (register := INVERTER.get(code)) is None:
            continue
        if register.words:
            if isinstance(value, bool | str) and value in register.words.values():
                found[code] = value
        elif (known := number(value)) is not None:
            found[code] = known
    return found


def _words(rows: Mapping[str, Json]) -> dict[str, SettingValue]:
    """Return switches and modes of a store that kept what the cloud had sent."""
    return {
        code: value
        for code, each in rows.items()
        if (raw := text(each)) is not None
        and (register := INVERTER.get(code)) is not None
        and register.words
        and (value := register.read(ReadBack(raw))) is not None
    }


def highest(row: Parameter, device: Device, ledger: ParameterCache) -> float | None:
    """Return the highest value of a number; ``None`` while it needs a rating that nobody knows."""
    if row.unit != "W":
        return row.maximum
    if row.code == POWER:
        powers = [battery_power(device, ledger, charge=each) for each in (True, False)]
        return max((each for each in powers if each is not None), default=None)
    if row.maximum is None:
        return _rating(device, ledger)
    usual = device.rated_power or row.maximum
    seen = ledger.of(device.id).most.get(row.code, 0.0)
    return max(usual, seen) if row.plausible(seen, usual) else usual


def battery_power(
    device: Device, ledger: ParameterCache, *, charge: bool
) -> float | None:
    """Return the W that a battery can be charged or discharged with: what its own limit and the inverter's rating allow."""
    limit = ledger.number(device.id, MOST_CHARGE if charge else MOST_DISCHARGE)
    known = [each for each in (device.rated_power, limit) if each]
    return min(known, default=None)


def _rating(device: Device, ledger: ParameterCache) -> float | None:
    """Return an inverter's W: of its model, else the most it was ever seen limited to.

    Hybrids were seen under the model of their battery, which says nothing of it. Its own limits of export and battery are what it came
    with, unless somebody lowered them: then too little is offered and never too much.
    """
    if device.rated_power is not None:
        return device.rated_power
    most = ledger.of(device.id).most
    codes = (EXPORT_POWER, MOST_CHARGE, MOST_DISCHARGE)
    return max(most.get(code, 0.0) for code in codes) or None
