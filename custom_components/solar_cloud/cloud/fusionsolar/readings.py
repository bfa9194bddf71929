"""The newest reading of each plant and device, with its age, and the reports of the day."""

from base64 import b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
import time
from typing import Final, override
import zlib

from ..model import Quantity, Reading, Slot, Value
from ..points import decode, number, text
from ..polling import CachedReading, ReadingCache
from ..storage import LATER, Json, Storage
from .api import rows
from .points import REPORT

DAY_SECONDS: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Report:
    """One plant's report of the day that began at ``since``."""

    since: float
    values: dict[Slot, Value]
    raw: dict[str, float] = field(default_factory=dict)

    @property
    def current(self) -> bool:
        """Whether that day still lasts: yesterday's totals are not today's."""
        return time.time() < self.since + DAY_SECONDS


def day_reports(answer: Json, picked: Collection[str] = ()) -> dict[str, Report]:
    """Return each plant's newest row; a month's rows come unsorted and with the plants interleaved."""
    newest: dict[str, Report] = {}
    for row in rows(answer):
        plant, moment = text(row.get("stationCode")), number(row.get("collectTime"))
        items = row.get("dataItemMap")
        if plant is None or moment is None or not isinstance(items, dict):
            continue
        since = moment / 1000
        if since <= time.time() and since > getattr(newest.get(plant), "since", 0.0):
            decoded = decode(REPORT, items, picked=picked)
            newest[plant] = Report(since, decoded.values, decoded.raw)
    return newest


SECTION: Final = "fusionsolar_last"
STUCK_READS: Final = 4
"""Reads without any change, over that many seconds, after which a device that claims to produce is not believed."""
CAPABLE: Final = frozenset(
    {Quantity.BATTERY_MAX_CHARGE_POWER, Quantity.BATTERY_MAX_DISCHARGE_POWER}
)
"""Powers that are what a device could do, not what it does."""
CLOCK_BACK: Final = 3600.0
"""Seconds the clock may have been put back since a reading was stored; one from further ahead is damaged."""

_QUANTITIES: Final = {str(quantity): quantity for quantity in Quantity}


class FusionSolarReadingCache(ReadingCache):
    """Readings that outlive a restart: the windows forbid to read again at once."""

    def __init__(self, storage: Storage) -> None:
        """Take up the readings of the last run."""
        super().__init__()
        self._storage: Final = storage
        self._restore()

    @override
    def put(self, device_id: str, reading: Reading, now: float | None = None) -> None:
        """Keep a reading that was just made, on disk as well."""
        super().put(device_id, reading, now)
        self._storage.delay_save(SECTION, self._as_json, LATER)

    @override
    def stale(
        self, readings: Mapping[str, Reading], stale_after: float
    ) -> frozenset[str]:
        """Return those that claim to produce and were read to say the same for too long and too often; zeros may last all night.

        Time in which nobody read does not count.
        """
        return frozenset(
            device_id
            for device_id, reading in readings.items()
            if (entry := self._entries[device_id]).reads >= STUCK_READS
            and entry.read_at - entry.changed_at > stale_after
            and _has_power(reading)
        )

    def _as_json(self) -> dict[str, Json]:
        return {
            key: [
                entry.read_at,
                entry.changed_at,
                [
                    [str(slot.quantity), slot.index, value]
                    for slot, value in entry.reading.values.items()
                ],
            ]
            for key, entry in self._entries.items()
        }

    def _restore(self) -> None:
        stored = self._storage.load(SECTION)
        if isinstance(stored, str):
            stored = _unpack(stored)
        for key, row in stored.items() if isinstance(stored, dict) else ():
            match row:
                case [
                    float() | int() as read_at,
                    float() | int() as changed_at,
                    list(slots),
                ] if 0 < read_at <= time.time() + CLOCK_BACK:
                    reading = Reading(
                        None,
                        dict(filter(None, map(_slot, slots))),
                        heard_at=datetime.fromtimestamp(read_at, UTC),
                        cycle=0,
                    )
                    self._entries[key] = CachedReading(
                        reading, float(read_at), float(changed_at), 1
                    )


def _has_power(reading: Reading) -> bool:
    return any(
        value
        for slot, value in reading.values.items()
        if slot.quantity.unit == "W" and slot.quantity not in CAPABLE
    )


def _unpack(text: str) -> Json:
    """Return what an earlier version packed; nothing for a damaged package."""
    try:
        content: Json = json.loads(zlib.decompress(b64decode(text)))
    except ValueError, zlib.error:
        return None
    return content


def _slot(stored: Json) -> tuple[Slot, Value] | None:
    match stored:
        case [str(name), int(index), str() | float() | int() as value] if (
            name in _QUANTITIES
        ):
            if isinstance(value, str):
                return Slot(_QUANTITIES[name], index), value
            figure = number(value)
            return None if figure is None else (Slot(_QUANTITIES[name], index), figure)
    return None
