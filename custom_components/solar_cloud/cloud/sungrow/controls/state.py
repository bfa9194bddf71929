"""What devices are known to be set to and to take: kept, for a read-back takes a minute and comes once an hour.

All values are canonical, by the code of their parameter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import time
from typing import Final

from ...control import AUTOMATIC, Control, SettingValue
from ...control_state import ControlState, DeviceControlState, as_setting
from ...model import Device
from ...points import number, text
from ...storage import Json, Storage
from .parameters import (
    BY_CONTROL,
    CHARGE,
    DISCHARGE,
    EXPORT_POWER,
    FORCED,
    HEARTBEAT,
    INVERTER,
    MOST_CHARGE,
    MOST_DISCHARGE,
    POWER,
    QUANTA,
    SELF_CONSUMPTION,
    STOP,
    VIRTUAL_PLANT,
    Parameter,
    ReadBack,
)

EARLIER_SECTION: Final = "parameters"
FRESH: Final = 600.0
"""Seconds for which a read-back is believed so far that the same value is not written again; the app may have changed it since."""
COMMANDS: Final = {CHARGE: "charge", DISCHARGE: "discharge", STOP: "hold"}
"""Battery modes, by the command that compulsory mode follows."""
UNSTEERED: Final = frozenset({SELF_CONSUMPTION, VIRTUAL_PLANT})
"""Modes in which nothing of ours steers the battery."""
LIMIT: Final = Control.BATTERY_DISCHARGE_POWER_LIMIT
"""What a battery mode changes, to the least there is, and sets back."""
OPEN_FOR: Final = 300.0
"""Seconds after its last step in which a command and its read-back are over: until then nothing else is asked of the device."""
FIRST_BEAT: Final = 600.0
"""The sign of life that the first versions gave every time."""


@dataclass(slots=True)
class DeviceParameters(DeviceControlState):
    """What is known of one device; a value that was reported in a form that is not understood is known as ``None``."""

    barred: str | None = ""
    """Why it takes no settings, ``None`` when it does, and nothing before it was asked."""
    most: dict[str, float] = field(default_factory=dict)
    """The highest number each code was ever read with: what the device itself was set to, it can do."""
    quanta: dict[str, float] = field(default_factory=dict)
    """What a step on the wire was seen to be, for codes of which that is no common knowledge."""
    refused: list[str] = field(default_factory=list)
    """Codes that this model, or this account, has not."""
    target: float | None = None
    """The state of charge at which a forced mode is ended."""
    charges: bool = True
    over: bool = False
    """Whether a forced mode was ended at its target, so that it is not missed."""
    beats: int = 0


class ParameterCache(ControlState[DeviceParameters]):
    """The parameters of all devices."""

    def __init__(self, storage: Storage) -> None:
        """Take up what earlier runs learnt."""
        super().__init__(storage, DeviceParameters, EARLIER_SECTION, _present_form)
        self._read_at: Final[dict[tuple[str, str], float]] = {}
        self._writers: Final[dict[tuple[str, str], str]] = {}
        self._open: Final[dict[str, tuple[str, float]]] = {}
        self._doubted: Final[dict[str, set[str]]] = {
            device_id: {
                code for sent in record.sent for code in sent.values if code in INVERTER
            }
            for device_id, record in self._devices.items()
        }

    # Values

    def value(self, device_id: str, code: str) -> SettingValue | None:
        """Return what a parameter is, as far as is known: what was sent last, else what was read last."""
        return as_setting(self.get(device_id, code))

    def sure(self, device_id: str, code: str) -> SettingValue | None:
        """Return what a parameter is, unless a command is just changing it or came to no known end."""
        unsure = self.is_open(device_id) or self._is_unsure(device_id, code)
        return None if unsure else as_setting(self.of(device_id).value(code))

    def _is_unsure(self, device_id: str, code: str) -> bool:
        return self.is_sent(device_id, code) or code in self._doubted.get(device_id, ())

    def note(
        self, device_id: str, told: Mapping[str, ReadBack], asked_at: float
    ) -> None:
        """Keep what a device reported, except for what it was sent since."""
        most = self.of(device_id).most
        for code, row in told.items():
            if code not in INVERTER:
                continue
            value = INVERTER[code].read(row)
            if not self.read(device_id, code, value, asked_at):
                continue
            self.asked(device_id, [code])
            self._read_at[device_id, code] = asked_at
            if isinstance(value, float):
                most[code] = max(value, most.get(code, value))

    def is_so(self, device_id: str, values: Mapping[str, SettingValue]) -> bool:
        """Whether a device has just reported that it is set this way."""
        since = time.time() - FRESH
        return all(
            INVERTER[code].same(as_setting(self.of(device_id).value(code)), value)
            and not self.is_sent(device_id, code)
            and self._read_at.get((device_id, code), 0.0) > since
            for code, value in values.items()
        )

    def vouched_for(self, device_id: str) -> dict[Control, SettingValue]:
        """Return what a device is set to; what a command has changed is left out until the device has reported it."""
        return {
            control: value
            for control, row in BY_CONTROL.items()
            if (value := as_setting(self.of(device_id).value(row.code))) is not None
            and not self._is_unsure(device_id, row.code)
            and not self._is_written(device_id, row.code)
        }

    def battery_mode(self, device_id: str) -> str | None:
        """Return the battery mode that a device has told, ``None`` in a mode that is none of ours, or while a command changes it."""
        told = self.vouched_for(device_id)
        match told.get(Control.WORK_MODE):
            case str() as mode if mode == FORCED:
                return COMMANDS.get(str(told.get(Control.BATTERY_COMMAND)))
            case str() as mode if mode in UNSTEERED:
                limited = MOST_DISCHARGE in self.before(device_id)
                return "charge_from_sun" if limited else AUTOMATIC
        return None

    def before(self, device_id: str) -> dict[str, SettingValue]:
        """Return what a battery mode changed, as it was before; what the device told since to be set elsewhere stays as it is."""
        limit = number(self.of(device_id).before.get(MOST_DISCHARGE))
        told = self.vouched_for(device_id).get(LIMIT)
        # What was told before a cut that hid what was sent is what was before.
        ours = told in {None, limit, BY_CONTROL[LIMIT].minimum}
        return {MOST_DISCHARGE: limit} if limit is not None and ours else {}

    def _is_written(self, device_id: str, code: str) -> bool:
        writer = self._writers.get((device_id, code))
        return writer is not None and self.is_open(device_id, writer)

    def doubt_codes(self, device_id: str, codes: Iterable[str]) -> None:
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
        learnt = self.of(device_id).quanta.get(code)
        return learnt if learnt in QUANTA else INVERTER[code].quantum

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

    def tell(
        self, device_id: str, name: str, values: Mapping[str, SettingValue]
    ) -> None:
        """Note values that were accepted, or may have been; a sign of life is never read back."""
        readable = {code: each for code, each in values.items() if code != HEARTBEAT}
        self.send(device_id, name, readable, settles=0.0)
        if HEARTBEAT in values:
            self.keep(device_id, HEARTBEAT, values[HEARTBEAT], time.time())

    def take_back(self, device_id: str, name: str, codes: Iterable[str]) -> None:
        """Note that values were not taken after all, as far as no later command has told others."""
        state = self.of(device_id)
        for code in self.mine(device_id, name, codes):
            for sent in state.sent:
                sent.values.pop(code, None)
            if code in state.known:  # what was asked before the command is no news
                state.known[code].since = time.time()
        self._replaced(device_id)

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


def _present_form(stored: Json) -> Json:
    """Bring what the first versions kept to the present form."""
    rows = stored.items() if isinstance(stored, dict) else ()
    return {
        device_id: _present_row(row) for device_id, row in rows if isinstance(row, dict)
    }


def _present_row(row: dict[str, Json]) -> Json:
    """Convert what was read, what was told since, and the codes that were not understood."""
    settings, told = _settings(row.get("settings")), _settings(row.get("told"))
    if "values" in row:  # the very first: its numbers were ten times off
        settings = _words(row["values"]) | settings
        told[HEARTBEAT] = FIRST_BEAT  # or the next would be turned away as no change
    strange = row.get("strange")
    known = dict.fromkeys(map(str, strange if isinstance(strange, list) else ()), None)
    known |= settings
    if HEARTBEAT in told:
        known[HEARTBEAT] = told.pop(HEARTBEAT)
    return {
        **row,
        "known": {code: {"value": value} for code, value in known.items()},
        "sent": [{"mark": "", "since": 0.0, "values": {**told}}] if told else [],
    }


def _settings(rows: Json) -> dict[str, SettingValue]:
    """Return stored values that are of their register's kind."""
    found: dict[str, SettingValue] = {}
    for code, value in rows.items() if isinstance(rows, dict) else ():
        if (register := INVERTER.get(code)) is None:
            continue
        if register.options:
            if isinstance(value, bool | str) and value in register.options.values():
                found[code] = value
        elif (known := number(value)) is not None:
            found[code] = known
    return found


def _words(rows: Json) -> dict[str, SettingValue]:
    """Return switches and modes of a store that kept what the cloud had sent."""
    return {
        code: value
        for code, each in (rows.items() if isinstance(rows, dict) else ())
        if (raw := text(each)) is not None
        and (register := INVERTER.get(code)) is not None
        and register.options
        and (value := register.read(ReadBack(raw))) is not None
    }


def highest(row: Parameter, device: Device, cache: ParameterCache) -> float | None:
    """Return the highest value of a number; ``None`` while it needs a rating that nobody knows."""
    if row.unit != "W":
        return row.maximum
    if row.code == POWER:
        powers = [battery_power(device, cache, charge=each) for each in (True, False)]
        return max((each for each in powers if each is not None), default=None)
    if row.maximum is None:
        return _rating(device, cache)
    usual = device.rated_power or row.maximum
    seen = cache.of(device.id).most.get(row.code, 0.0)
    return max(usual, seen) if row.plausible(seen, usual) else usual


def battery_power(
    device: Device, cache: ParameterCache, *, charge: bool
) -> float | None:
    """Return the W that a battery can be charged or discharged with: what its own limit and the inverter's rating allow."""
    code = MOST_CHARGE if charge else MOST_DISCHARGE
    limit = number(cache.before(device.id).get(code)) or cache.number(device.id, code)
    known = [each for each in (device.rated_power, limit) if each]
    return min(known, default=None)


def _rating(device: Device, cache: ParameterCache) -> float | None:
    """Return an inverter's W: of its model, else the most it was ever seen limited to.

    Hybrids were seen under the model of their battery, which says nothing of it. Its own limits of export and battery are what it came
    with, unless somebody lowered them: then too little is offered and never too much.
    """
    if device.rated_power is not None:
        return device.rated_power
    most = cache.of(device.id).most
    codes = (EXPORT_POWER, MOST_CHARGE, MOST_DISCHARGE)
    return max(most.get(code, 0.0) for code in codes) or None
