"""Device history: the uploads of half a day, with gaps."""

from collections.abc import Sequence
from typing import Any

from ..world.noise import chance, seed_of
from .envelope import bad_parameter
from .knobs import Knobs
from .plant import Device, Plant
from .query import Query
from .realtime import row_at, wanted

LONGEST = 12 * 3600.0
YEAR = 365 * 86400.0
INTERVALS = (5, 10, 15, 30, 60)
TOO_OLD = "The date must be within the past year"


def rows(query: Query, knobs: Knobs, known: Sequence[Plant]) -> Any:
    """Answer device/history_data."""
    start, end = _span(query)
    minutes = query.integer("timeInterval", 5)
    if minutes not in INTERVALS:
        raise bad_parameter("timeInterval is not supported")
    devices = wanted(query, knobs, known)
    answer = [
        row
        for number, (plant, device) in enumerate(devices)
        for at in _kept(plant, device, start, end, minutes, knobs)[
            number :: len(devices)
        ]
        if (row := row_at(plant, device, at, knobs)) is not None
    ]
    if len(answer) == 1 and knobs.history_single_object:
        return answer[0]
    return answer


def _span(query: Query) -> tuple[float, float]:
    start, end = query.integer("startTime") / 1000, query.integer("endTime") / 1000
    if end < start:
        raise bad_parameter("endTime must be after startTime")
    if end - start > LONGEST:
        raise bad_parameter("The time span must not exceed 12 hours")
    if start < query.now - YEAR:
        raise bad_parameter(TOO_OLD)
    return start, end


def _kept(
    plant: Plant, device: Device, start: float, end: float, minutes: int, knobs: Knobs
) -> list[float]:
    """Return one upload per interval, some missing; several serials share the rows."""
    dongle = plant.dongle(device)
    heard = dongle.last_upload(plant.site.now())
    if heard is None:
        return []
    slots: dict[int, float] = {}
    for at in dongle.uploads(start, min(end, heard) + 1e-3):
        slots.setdefault(int(at // (60 * minutes)), at)
    seed = seed_of(device.sn, "gaps")
    return [
        at for slot, at in slots.items() if chance(seed, slot) >= knobs.history_gaps
    ]
