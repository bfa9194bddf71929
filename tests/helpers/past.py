"""Living through time with the recorder: states recorded, statistics compiled, as a real Home Assistant does."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
import itertools

from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.solar_cloud.backfill.rows import Row
from custom_components.solar_cloud.statistics import recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .home import Home

FIVE_MINUTES = timedelta(minutes=5)


async def live(home: Home, hours: float) -> None:
    """Let hours pass, with a poll and a run of the recorder every five minutes."""
    for _ in range(round(hours * 12)):
        start = datetime.now(UTC)
        start = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
        home.freezer.move_to(start + FIVE_MINUTES - timedelta(seconds=20))
        await home.settle()
        await async_wait_recording_done(home.hass)
        home.freezer.move_to(start + FIVE_MINUTES + timedelta(seconds=12))
        do_adhoc_statistics(home.hass, start=start)
        await home.settle()
    await async_wait_recording_done(home.hass)


async def pass_minutes(home: Home, count: int) -> None:
    """Let minutes pass one by one, whenever it is; the recorder compiles what is due."""
    late = timedelta(seconds=12)
    for _ in range(count):
        now = datetime.now(UTC) - late
        start = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
        due = start + FIVE_MINUTES + late
        then = min(due, now + late + timedelta(minutes=1))
        home.freezer.move_to(then)
        await async_wait_recording_done(home.hass)
        if then == due:
            do_adhoc_statistics(home.hass, start=start)
            await async_wait_recording_done(home.hass)
        await home.settle()


async def hourly(hass: HomeAssistant, statistic_id: str) -> list[Row]:
    """Return all hours of a statistic."""
    await async_wait_recording_done(hass)
    rows = await recorder.async_rows(hass, [statistic_id])
    return rows.get(statistic_id, [])


def energies(rows: Sequence[Row]) -> dict[float, float]:
    """Return what each hour but the first added, by its start."""
    return {row.start: row.sum - before.sum for before, row in itertools.pairwise(rows)}


async def remember(
    home: Home, statistic_id: str, kwh: Callable[[datetime], float], days: int = 21
) -> None:
    """Give the recorder the hours of the last weeks, by what the clock on the wall shows."""
    metadata = await recorder.async_expected_metadata(home.hass, [statistic_id])
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    rows, counted = [], 0.0
    for hour in range(days * 24, 0, -1):
        at = now - timedelta(hours=hour)
        counted += kwh(dt_util.as_local(at))
        rows.append(Row(at.timestamp(), counted, counted))
    recorder.write(home.hass, metadata[statistic_id], rows)
    await async_wait_recording_done(home.hass)


def usual_evenings(at: datetime) -> float:
    """Return the kWh of an hour in a house that needs a lot in the evening."""
    return 3.0 if 18 <= at.hour < 22 else 0.4


def sunny_days(at: datetime) -> float:
    """Return the kWh of an hour on a roof."""
    return 1.5 if 9 <= at.hour < 16 else 0.0
