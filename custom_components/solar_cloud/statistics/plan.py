"""What there is to import of a plant's past: which counters, how, and to which of their hours it joins."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.rows import Row
from ..backfill.samples import HOUR
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..cloud.timestamps import midnight
from . import recorder
from .counters import Counter, async_zone, plant_counters

DAY: Final = 24 * HOUR
STEP: Final = timedelta(minutes=15)
"""How far apart the readings are that an import asks for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import of one plant would do, or is doing."""

    plant_id: str
    start: float
    firsts: Mapping[str, Row]
    """The hour that the past joins to, by statistic."""
    fresh: frozenset[str]
    """Those of them that are younger than the end of the past: the hour is still to be written."""
    late: frozenset[str]
    """The statistics whose past can be brought in later only."""
    counters: Mapping[str, Counter]
    reported: frozenset[str]
    """The statistics that only reports can fill."""
    reports_end: float
    """The end of the day in which the last of these joins."""
    waits: bool
    """Whether there is nothing to join to yet, but will be."""

    @property
    def end(self) -> float:
        """The instant up to which the past is needed."""
        return max((row.end for row in self.firsts.values()), default=self.start)

    @property
    def owners(self) -> frozenset[str]:
        """Those whose readings are needed."""
        return frozenset(
            owner
            for key in self.firsts.keys() - self.reported
            for owner in self.counters[key].owners
        )

    def read_from(self, history_client: HistoryClient) -> float:
        """Return the instant from which readings are fetched."""
        return read_from(self.start, self.end, history_client)

    def without_fresh(self) -> Plan:
        """Return what can be done at once."""
        firsts = {key: row for key, row in self.firsts.items() if key not in self.fresh}
        return replace(
            self,
            firsts=firsts,
            fresh=frozenset(),
            late=self.late | self.fresh,
            reported=self.reported & firsts.keys(),
        )


class _Ways(NamedTuple):
    """How the past of statistics can be had."""

    readable: AbstractSet[str]
    """By readings of their addends."""
    reported: AbstractSet[str]
    """By reports only."""
    askable: AbstractSet[str]
    """By readings, if only of the last days."""


async def async_make(
    hass: HomeAssistant,
    account: Account,
    history_client: HistoryClient,
    inventory: Inventory,
    plant_id: str,
    start: float,
    done: AbstractSet[str],
    *,
    late: bool = False,
) -> Plan:
    """Say what there is to import from an instant on, without a call; of the statistics in ``done`` nothing is missing.

    To the first hour of a counter that was ``late`` nothing may join, as when its battery slept: it counts as fresh.
    """
    plant = inventory.plants[plant_id]
    zone = await async_zone(hass, account, plant)
    counters = {
        each.statistic_id: each
        for each in plant_counters(hass, account, inventory, plant_id)
    }
    ids = counters.keys() - done
    metadata = await recorder.async_expected_metadata(hass, ids)
    rows = await recorder.async_rows(hass, metadata.keys())
    wanted = {
        key: counters[key]
        for key in ids
        if key not in rows or rows[key][0].start > start
    }
    ways = _ways(history_client, inventory, plant_id, start, wanted)
    newest = min(
        history_client.newest(plant, dt_util.utcnow()).timestamp(), recorder.settled()
    )
    hour, day = newest // HOUR * HOUR, _midnight_before(newest, zone)
    end = day if ways.reported & ways.askable else hour
    firsts: dict[str, Row] = {}
    fresh: set[str] = set()
    for key in ways.readable | ways.reported:
        first = rows[key][0] if key in rows else None
        is_reported = key in ways.reported
        if first and (is_reported or not late):
            if first.end <= (day if is_reported else hour):
                firsts[key] = first
                continue
        counted = first is not None or recorder.state_of(hass, key) is not None
        if not counted or key not in ways.askable or key not in metadata:
            continue
        if (anchor := _anchor(first, start, end)) is not None:
            firsts[key] = anchor
            fresh.add(key)
    missing = frozenset((ways.readable | ways.reported) - firsts.keys())
    ends = [firsts[key].end for key in ways.reported if key in firsts]
    return Plan(
        plant_id,
        start,
        firsts,
        frozenset(fresh),
        missing,
        counters,
        frozenset(ways.reported & firsts.keys()),
        midnight_after(max(ends, default=start), zone),
        not firsts and (not missing.isdisjoint(rows) or not (rows or done)),
    )


def _anchor(first: Row | None, start: float, end: float) -> Row | None:
    """Return the whole hour of UTC up to ``end`` that a counter is to join to, if there is one."""
    at = min(end, first.start if first else end) // HOUR * HOUR - HOUR
    return Row(at, None, 0.0) if at > start else None


def _ways(
    history_client: HistoryClient,
    inventory: Inventory,
    plant_id: str,
    start: float,
    counters: Mapping[str, Counter],
) -> _Ways:
    owners = {owner for each in counters.values() for owner in each.owners}
    known = {
        owner for batch in history_client.batches(owners, inventory) for owner in batch
    }
    askable = {key for key, each in counters.items() if each.owners <= known}
    limits = history_client.limits
    far = start < dt_util.utcnow().timestamp() - limits.readings.total_seconds()
    of_plant = {key for key, each in counters.items() if each.device_id == plant_id}
    readable = askable
    if far and limits.energies > limits.readings:
        readable = askable - of_plant
    return _Ways(readable, of_plant - readable, askable)


def read_from(start: float, end: float, history_client: HistoryClient) -> float:
    """Return the instant from which readings are fetched: not further back than the vendor keeps them."""
    reach = history_client.limits.readings.total_seconds()
    return max(start, end // DAY * DAY - reach)


def midnight_after(at: float, zone: tzinfo) -> float:
    """Return the end of the day that an instant belongs to, or ends."""
    last = dt_util.utc_from_timestamp(at - 1).astimezone(zone).date()
    return midnight(last + timedelta(days=1), zone)


def _midnight_before(at: float, zone: tzinfo) -> float:
    return midnight(dt_util.utc_from_timestamp(at).astimezone(zone).date(), zone)
