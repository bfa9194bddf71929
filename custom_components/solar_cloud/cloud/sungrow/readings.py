"""One poll: what it brought in, before it is understood (sungrow.md §4.4, §4.5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..errors import CloudError
from ..model import Alarm, Inventory, Reading, Slot, Value
from ..storage import Json
from .decoder import unwrap

STALE_AFTER: Final = 1800.0
KEYS_AT_ONCE: Final = 50

type Fields = Mapping[str, Json]


@dataclass(slots=True)
class Poll:
    """What one poll brought in, before it is understood."""

    wanted: Inventory
    now: datetime
    rows: dict[str, Fields] = field(default_factory=dict)
    """Fields by plant or device id."""
    silent: dict[str, str] = field(default_factory=dict)
    overview: dict[str, dict[Slot, Value]] | None = None
    alarms: dict[str, tuple[Alarm, ...]] | None = None
    errors: list[CloudError] = field(default_factory=list)
    succeeded: int = 0
    """How many tasks of every poll were done."""
    resume_after: float | None = None


def chunks[T](items: Iterable[T]) -> Iterator[list[T]]:
    """Cut what is asked for into what one call may name."""
    listed = list(items)
    for start in range(0, len(listed), KEYS_AT_ONCE):
        yield listed[start : start + KEYS_AT_ONCE]


def rows(result: Json) -> Iterator[dict[str, Json]]:
    """Yield the devices of a realtime answer."""
    listed = result.get("device_point_list") if isinstance(result, dict) else None
    for row in listed if isinstance(listed, list) else ():
        if (fields := unwrap(row)) is not None:
            yield fields


def merge(known: dict[str, Fields], key: str, fields: Fields) -> None:
    """Put the points of one chunk to those of the others."""
    known[key] = {**known.get(key, {}), **fields}


def missing(poll: Poll, asked: Iterable[str]) -> None:
    """Name what was asked and left out of the answer."""
    poll.silent |= {key: "not_answered" for key in asked if key not in poll.rows}


def plant_of(wanted: Inventory, key: str) -> str:
    """Return the plant a plant or device belongs to."""
    device = wanted.devices.get(key)
    return key if device is None else device.plant_id


def old(reading: Reading, now: datetime) -> bool:
    """Whether a reading is no longer live."""
    return (
        reading.measured_at is not None
        and (now - reading.measured_at).total_seconds() > STALE_AFTER
    )
