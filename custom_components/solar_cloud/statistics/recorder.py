"""The recorder's long-term statistics of our counters, read and written by the recorder's own functions only.

Nothing here speaks SQL, so that it works on every database the recorder knows. Energies are kWh inside; a statistic keeps the unit it
has.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    async_list_statistic_ids,
    get_metadata,
    statistic_during_period,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from ..backfill.rows import Row

KWH: Final = UnitOfEnergy.KILO_WATT_HOUR
FIVE_MINUTES: Final = 300.0
COMPILES: Final = 10.0
"""Seconds after each five minutes at which the recorder compiles statistics."""
SETTLED: Final = COMPILES + 5.0
"""Seconds after which it has begun to for sure."""
HOURS_COUNT: Final = timedelta(days=3)
"""How long a span may be for the hour in which its rows begin to be of interest."""
type Period = Literal["hour", "5minute"]
type Metadata = Mapping[str, StatisticMetaData]


def has_recorder(hass: HomeAssistant) -> bool:
    """Whether there are statistics at all."""
    return "recorder" in hass.config.components


async def async_metadata(
    hass: HomeAssistant, ids: Collection[str] | None = None
) -> Metadata:
    """Return what the recorder knows of those of the statistics that it has; of all energies when none is named."""
    found = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids=None if ids is None else set(ids))
    )
    return {
        statistic_id: metadata
        for statistic_id, (_, metadata) in found.items()
        if metadata["has_sum"]
        and metadata["unit_of_measurement"] in EnergyConverter.VALID_UNITS
    }


async def async_expected_metadata(
    hass: HomeAssistant, ids: Collection[str]
) -> Metadata:
    """Return what the recorder knows of statistics, or will when it compiles their first row."""
    await async_written(hass)  # by one of its tasks it hears of who has statistics
    found = await async_list_statistic_ids(hass, set(ids)) if ids else []
    return {
        each["statistic_id"]: StatisticMetaData(
            mean_type=each["mean_type"],
            has_sum=True,
            name=each["name"],
            source=each["source"],
            statistic_id=each["statistic_id"],
            unit_class=each["unit_class"],
            unit_of_measurement=each["statistics_unit_of_measurement"],
        )
        for each in found
        if each["has_sum"]
        and each["statistics_unit_of_measurement"] in EnergyConverter.VALID_UNITS
    }


def settled() -> float:
    """Return the instant before which the recorder compiles nothing any more, once ``async_written`` returns."""
    return dt_util.utcnow().timestamp() - SETTLED


def state_of(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return the kWh an entity shows."""
    state = hass.states.get(entity_id)
    return None if state is None else energy_of(state)


def energy_of(state: State) -> float | None:
    """Return the kWh of a state."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    try:
        return EnergyConverter.convert(float(state.state), unit, KWH)
    except ValueError, HomeAssistantError:
        return None


def five_minutes(hass: HomeAssistant, statistic_id: str) -> Row | None:
    """Return what an entity shows as the latest row of five minutes that the recorder will not compile."""
    if (state := state_of(hass, statistic_id)) is None:
        return None
    return Row((settled() // FIVE_MINUTES - 1) * FIVE_MINUTES, state, 0.0)


async def async_rows(
    hass: HomeAssistant,
    ids: Collection[str],
    start: float = 0.0,
    end: float | None = None,
    period: Period = "hour",
) -> dict[str, list[Row]]:
    """Return rows by statistic, oldest first."""
    if not ids:
        return {}
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(start),
        None if end is None else dt_util.utc_from_timestamp(end),
        set(ids),
        period,
        {EnergyConverter.UNIT_CLASS: KWH},
        {"state", "sum"},
    )
    return {
        statistic_id: [
            Row(row["start"], row.get("state"), total)
            for row in rows
            if (total := row.get("sum")) is not None
        ]
        for statistic_id, rows in found.items()
    }


class Growth(NamedTuple):
    """What a statistic grew by within a span."""

    energy: float
    """kWh."""
    since: datetime
    """When its rows begin, to the hour or, in a long span, to the day; else the begin of the span."""


async def async_growths(
    hass: HomeAssistant, ids: Collection[str], start: datetime, end: datetime
) -> dict[str, Growth]:
    """Return what statistics grew by, as exactly as the recorder knows; none of those without a row."""
    return await get_instance(hass).async_add_executor_job(
        _growths, hass, ids, start, end
    )


def _slot(at: datetime) -> datetime:
    """Return the begin of the five minutes: the recorder has no finer rows, and takes the minute 0 for a full hour."""
    return dt_util.utc_from_timestamp(at.timestamp() // FIVE_MINUTES * FIVE_MINUTES)


def _growths(
    hass: HomeAssistant, ids: Collection[str], start: datetime, end: datetime
) -> dict[str, Growth]:
    start, end = _slot(start), _slot(end)
    unit: dict[str, str] = {EnergyConverter.UNIT_CLASS: KWH}
    step = timedelta(hours=1) if end - start <= HOURS_COUNT else timedelta(days=1)
    period: Literal["hour", "day"] = "day" if step.days else "hour"
    rows = statistics_during_period(hass, start, end, {*ids}, period, unit, {"sum"})
    found = {}
    for statistic_id in ids:
        told = statistic_during_period(
            hass, start, end, statistic_id, {"change"}, unit
        ).get("change")
        if told is not None:
            first = rows.get(statistic_id)
            begun = dt_util.utc_from_timestamp(first[0]["start"]) if first else start
            found[statistic_id] = Growth(told, begun if begun - start > step else start)
    return found


async def async_mean_power(
    hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime
) -> float | None:
    """Return the mean W of a power, ``None`` where nothing was recorded."""
    if not has_recorder(hass):
        return None
    told = await get_instance(hass).async_add_executor_job(
        statistic_during_period,
        hass,
        _slot(start),
        _slot(end),
        statistic_id,
        {"mean"},
        {PowerConverter.UNIT_CLASS: UnitOfPower.WATT},
    )
    mean: float | None = told.get("mean")
    return mean


@callback
def write(
    hass: HomeAssistant,
    metadata: StatisticMetaData,
    hours: Iterable[Row],
    recent: Iterable[Row] = (),
) -> None:
    """Insert hours and rows of five minutes, or replace those there are; each kind in a transaction of its own."""
    async_import_statistics(hass, metadata, _data(metadata, hours))
    if five_minutes := _data(metadata, recent):
        get_instance(hass).async_import_statistics(
            metadata, five_minutes, StatisticsShortTerm
        )


@callback
def lift(hass: HomeAssistant, statistic_id: str, start: float, energy: float) -> None:
    """Raise the sums of all rows from an instant on."""
    get_instance(hass).async_adjust_statistics(
        statistic_id, dt_util.utc_from_timestamp(start), energy, KWH
    )


@callback
def clear(hass: HomeAssistant, statistic_id: str) -> None:
    """Delete a statistic with all its rows."""
    get_instance(hass).async_clear_statistics([statistic_id])


async def async_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all its tasks, the present one included."""
    done: asyncio.Future[None] = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(done))
    await done


def _data(metadata: StatisticMetaData, rows: Iterable[Row]) -> list[StatisticData]:
    convert = EnergyConverter.converter_factory(KWH, metadata["unit_of_measurement"])
    data = []
    for row in rows:
        hour = StatisticData(
            start=dt_util.utc_from_timestamp(row.start), sum=convert(row.sum)
        )
        if row.state is not None:
            hour["state"] = convert(row.state)
        data.append(hour)
    return data
