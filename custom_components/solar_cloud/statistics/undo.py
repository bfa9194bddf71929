"""Taking an import out of a statistic again: its hours go, and the others are what they were.

The recorder cannot delete single hours. A statistic is cleared and written again without them, in three transactions, and a crash in
between would lose the whole history of a counter. What is to stay is therefore on disk before, one statistic at a time, and the next start
looks what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..backfill.rows import SAME, Row, lacking
from ..backfill.samples import HOUR
from ..cloud.serialization import from_json_or_none, to_json
from ..const import LOGGER
from ..section_file import SectionStore, async_load_or_set_aside
from . import recorder


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import did to one statistic."""

    start: float
    """Unix time of its first hour."""
    end: float
    """Unix time of the first hour after it: it was there before."""
    lift: float
    """kWh by which the sums from ``end`` on were raised, so that they go on from the imported ones."""
    kwh: float
    """What was imported, in kWh."""
    resolution: str
    """``hours`` or ``days``: the finest span the vendor told energies of."""
    first_sum: float = 0.0
    """The sum of its first hour before."""


@dataclass(frozen=True, slots=True)
class KeptStatistic:
    """What a statistic is to hold when an import was taken out of it."""

    metadata: dict[str, str | int | bool | None]
    imported_from: float
    """The first imported hour: as long as it is there, nothing was cleared."""
    hours: list[Row]
    recent: list[Row]
    """Rows of five minutes."""

    @property
    def statistic_id(self) -> str:
        """The recorder's name of the statistic."""
        return str(self.metadata["statistic_id"])


@dataclass(frozen=True, slots=True)
class _Present:
    """What the recorder holds of a statistic."""

    slot: int
    """The five minutes in which it was read."""
    metadata: StatisticMetaData | None
    hours: Sequence[Row]
    recent: Sequence[Row]


async def async_take_out(
    hass: HomeAssistant, file: SectionStore, key: str, imported: Imported
) -> bool:
    """Take what was imported out of a statistic; return whether it was there."""
    # Rows that the recorder compiles between reading and clearing would be lost: then all is read again.
    while True:
        present = await _async_read(hass, key)
        if present.metadata is None or not _has(present.hours, imported.start):
            return False
        kept = KeptStatistic(
            cast(Any, present.metadata),
            imported.start,
            _without(present.hours, imported),
            _without(present.recent, imported),
        )
        await file.async_save(cast(Any, to_json(kept)))
        if present.slot == _slot():
            recorder.clear(hass, key)
            recorder.write(hass, present.metadata, kept.hours, kept.recent)
            await recorder.async_written(hass)
            await file.async_remove()
            return True


async def async_complete(hass: HomeAssistant, file: SectionStore) -> None:
    """Bring back what a crash left in the file only."""
    kept = from_json_or_none(KeptStatistic, await async_load_or_set_aside(hass, file))
    if kept is not None:
        while not await _async_bring_back(hass, kept):
            pass  # the recorder compiled statistics meanwhile: all is read again
        await file.async_remove()


async def _async_bring_back(hass: HomeAssistant, kept: KeptStatistic) -> bool:
    """Write the rows again unless nothing was cleared; return false when the recorder compiled statistics meanwhile."""
    present = await _async_read(hass, kept.statistic_id)
    if _has(present.hours, kept.imported_from):
        return True
    if present.slot != _slot():
        return False
    metadata = present.metadata or cast(StatisticMetaData, kept.metadata)
    known = (kept.recent or kept.hours)[-1:]
    anew = [row for row in present.recent if known and row.start > known[0].start]
    if anew and abs(by := lacking(known[0], anew[0])) > SAME:
        recorder.lift(hass, kept.statistic_id, anew[0].start, by)
    hours = [*kept.hours, *_not_compiled(kept, present)]
    recorder.write(hass, metadata, hours, kept.recent)
    await recorder.async_written(hass)
    LOGGER.info("Brought back the history of a counter that was being cleared")
    return True


async def _async_read(hass: HomeAssistant, key: str) -> _Present:
    await recorder.async_written(hass)
    slot = _slot()
    metadata = await recorder.async_metadata(hass, [key])
    hours = await recorder.async_rows(hass, [key])
    recent = await recorder.async_rows(hass, [key], period="5minute")
    return _Present(slot, metadata.get(key), hours.get(key, []), recent.get(key, []))


def _not_compiled(kept: KeptStatistic, present: _Present) -> list[Row]:
    """Return the hours that the recorder would have made of the kept rows of five minutes, had they been there."""
    last_rows = {row.start // HOUR * HOUR: row for row in kept.recent}
    return [
        Row(start, row.state, row.sum)
        for start, row in last_rows.items()
        if start + HOUR <= present.slot * recorder.FIVE_MINUTES
        and not _has(kept.hours, start)
        and not _has(present.hours, start)
    ]


def _has(hours: Sequence[Row], start: float) -> bool:
    return any(row.start == start for row in hours)


def _without(rows: Sequence[Row], imported: Imported) -> list[Row]:
    return [
        Row(row.start, row.state, row.sum - imported.lift)
        for row in rows
        if not imported.start <= row.start < imported.end
    ]


def _slot() -> int:
    return int(
        (dt_util.utcnow().timestamp() - recorder.COMPILES) // recorder.FIVE_MINUTES
    )
