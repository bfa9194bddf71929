"""Importing what was before: the hours before a counter's first live hour, joined to it without a step.

Collecting a year takes hours of small calls; what was fetched lies in a file of its own and survives restarts. The statistics are
written in one go when everything is there, and what was written is remembered, so that the last import can be taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from functools import partial
import math
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from . import statistics
from .cloud.history import Historian
from .cloud.model import Inventory
from .cloud.vault import Json
from .const import DOMAIN, LOGGER
from .coordinator import Account
from .counters import Counter, async_zone, plant_counters
from .energy.collecting import Collector, Reports
from .energy.joining import Prefix, Row, ahead
from .energy.samples import HOUR, TOUCH, hours
from .energy.shape import assumed, learnt, resolution, unrolled
from .store import async_load_or_set_aside

JOBS: Final = "import_jobs"
LEDGER: Final = "imports"
STEP: Final = timedelta(minutes=15)
SAVE_DELAY: Final = 60.0
SETTLE: Final = 10.0
"""Seconds after each five minutes at which the recorder compiles statistics."""
FIVE_MINUTES: Final = 300.0
DAY: Final = 24 * HOUR


class Imported(NamedTuple):
    """What one import did to one statistic."""

    start: float
    end: float
    lift: float
    kwh: float
    resolution: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import of one plant would do, or is doing."""

    plant_id: str
    start: float
    firsts: Mapping[str, Row]
    """The first live hour by statistic."""
    counters: Mapping[str, Counter]
    owners: frozenset[str]
    """Those whose readings are needed."""
    reported: frozenset[str]
    """The statistics that only reports can fill."""
    reports_end: float
    """The end of the day in which the live counters begin."""
    waits: bool
    """Whether no counter has a full hour yet to join to, or the past up to it is not complete yet."""

    def read_from(self, historian: Historian) -> float:
        """The instant from which readings are fetched: not further back than the vendor keeps them."""
        return max(
            self.start, self.end // DAY * DAY - historian.reach.readings.total_seconds()
        )

    @property
    def end(self) -> float:
        """The instant up to which the past is needed."""
        return max((row.end for row in self.firsts.values()), default=self.start)


class HistoryImport:
    """Imports the past of the plants of one account."""

    def __init__(self, hass: HomeAssistant, account: Account, entry_id: str) -> None:
        """Take up the jobs of the last run."""
        self._hass: Final = hass
        self._account: Final = account
        self._store: Final = import_store(hass, entry_id)
        self._kept: dict[str, Json] | None = None
        stored = account.store.load(JOBS)
        self.jobs: Final[dict[str, float]] = {
            str(plant_id): float(start)
            for plant_id, start in (stored.items() if isinstance(stored, dict) else ())
            if isinstance(start, int | float)
        }
        """Where each plant's import is to begin."""
        self.done: Final[dict[str, dict[str, Imported]]] = {}
        """What the imports of this run did, by plant."""

    async def async_plan(
        self,
        historian: Historian,
        inventory: Inventory,
        plant_id: str,
        start: float | None = None,
    ) -> Plan:
        """Say what there is to import; calls nobody."""
        start = earliest(historian) if start is None else start
        counters = {
            each.statistic_id: each
            for each in plant_counters(self._hass, self._account, inventory, plant_id)
        }
        metadata = await statistics.async_metadata(self._hass, counters.keys())
        rows = await statistics.async_rows(self._hass, metadata.keys())
        begun, imported = self._of_ledger(plant_id)
        firsts = {
            key: found[0]
            for key, found in rows.items()
            if found[0].start > start and (start < begun or key not in imported)
        }
        askable = {
            owner
            for batch in historian.batches(
                {owner for each in counters.values() for owner in each.owners},
                inventory,
            )
            for owner in batch
        }
        far = (
            start
            < dt_util.utcnow().timestamp() - historian.reach.readings.total_seconds()
        )
        readable = {
            key
            for key in firsts
            if counters[key].owners <= askable
            and not (
                far
                and historian.reach.energies > historian.reach.readings
                and counters[key].owner_id == plant_id
            )
        }
        reported = frozenset(
            key
            for key in firsts.keys() - readable
            if counters[key].owner_id == plant_id
        )
        end = max((row.end for row in firsts.values()), default=start)
        plant = inventory.plants[plant_id]
        midnight = _midnight_after(
            end, await async_zone(self._hass, self._account, plant)
        )
        newest = historian.newest(plant, dt_util.utcnow()).timestamp()
        return Plan(
            plant_id,
            start,
            firsts,
            counters,
            frozenset(owner for key in readable for owner in counters[key].owners),
            reported,
            midnight,
            not rows or newest < (midnight if reported else end),
        )

    def begin(self, plant_id: str, start: float) -> None:
        """Import a plant's past from an instant on, as soon as limits allow."""
        self.jobs[plant_id] = start
        self.done.pop(plant_id, None)
        self._save_jobs()

    async def async_run(self, historian: Historian, inventory: Inventory) -> None:
        """Go on with the jobs. Raises a ``CloudError`` when they must wait."""
        for plant_id, start in list(self.jobs.items()):
            if plant_id not in inventory.plants:
                self._end(plant_id)
                continue
            plan = await self.async_plan(historian, inventory, plant_id, start)
            if not plan.waits:
                await self._import(historian, inventory, plan)

    async def _import(
        self, historian: Historian, inventory: Inventory, plan: Plan
    ) -> None:
        """Fetch what is missing of a plant's past; write it when all of it is there."""
        kept = await self._async_kept()
        mine = kept.get(plan.plant_id)
        mine = mine if isinstance(mine, dict) else {}
        collector = Collector(
            plan.owners,
            plan.read_from(historian),
            plan.end + TOUCH,
            STEP,
            mine.get("readings"),
        )
        reports = Reports(plan.start, plan.reports_end, mine.get("reports"))
        plant = inventory.plants[plan.plant_id]
        zone = await async_zone(self._hass, self._account, plant)
        try:
            await collector.run(historian, inventory, zone)
            if plan.reported:
                await reports.run(historian, inventory, plant, zone)
        finally:
            kept[plan.plant_id] = {
                "readings": collector.as_json(),
                "reports": reports.as_json(),
            }
            self._store.async_delay_save(lambda: kept, SAVE_DELAY)
        await self._write(plan, await self._join(plan, collector, reports, zone))
        kept.pop(plan.plant_id)
        self._store.async_delay_save(lambda: kept, SAVE_DELAY)
        self._end(plan.plant_id)

    async def _join(
        self, plan: Plan, collector: Collector, reports: Reports, zone: tzinfo
    ) -> dict[str, tuple[Prefix, str]]:
        """Return the hours before each counter's first, and how finely the vendor knew them."""
        rows = await statistics.async_rows(self._hass, plan.firsts.keys())
        prefixes: dict[str, tuple[Prefix, str]] = {}
        for key, first in plan.firsts.items():
            counter = plan.counters[key]
            starts = hours(plan.start, first.start)
            if key not in plan.reported:
                value = partial(collector.value, counter.terms)
                prefixes[key] = ahead(first, starts, value), "readings"
                continue
            quantity = counter.slot.quantity
            shape = learnt(rows[key], zone) or assumed(quantity, zone)
            samples = dict(unrolled(reports.rows, quantity, shape))
            if first.start in samples:
                # Of its own first hour the live counter knows more than a day's total.
                samples[first.end] = samples[first.start] + first.sum
            prefixes[key] = ahead(first, starts, samples.get), resolution(reports.rows)
        return prefixes

    async def _write(
        self, plan: Plan, prefixes: Mapping[str, tuple[Prefix, str]]
    ) -> None:
        """Write the hours, lift what follows them, and remember both."""
        metadata = await statistics.async_metadata(self._hass, prefixes.keys())
        done: dict[str, Imported] = {}
        for key, (prefix, kind) in prefixes.items():
            if not prefix.rows or key not in metadata:
                continue
            first = plan.firsts[key]
            statistics.write(self._hass, metadata[key], prefix.rows)
            statistics.lift(self._hass, key, first.start, prefix.lift)
            done[key] = Imported(
                prefix.rows[0].start,
                first.start,
                prefix.lift,
                round(prefix.rows[-1].sum, 3),
                kind,
            )
        self.done[plan.plant_id] = done
        if done:
            ledger = self._ledger()
            ledger[plan.plant_id] = {
                "begun": plan.start,
                "counters": {key: list(each) for key, each in done.items()},
            }
            await self._account.store.save(LEDGER, ledger)
        LOGGER.info("Imported the past of %d counters", len(done))

    async def async_undo(self, plant_id: str) -> dict[str, Imported]:
        """Take the last import of a plant back, to the last row."""
        undone = {
            key: stored
            for key, stored in self._of_ledger(plant_id)[1].items()
            if await self._async_take_back(key, stored)
        }
        ledger = self._ledger()
        ledger.pop(plant_id, None)
        await self._account.store.save(LEDGER, ledger)
        self._end(plant_id)
        self.done.pop(plant_id, None)
        return undone

    async def _async_take_back(self, key: str, imported: Imported) -> bool:
        """Put the rows without the imported ones in the place of all; the recorder must not compile meanwhile."""
        while True:
            await statistics.async_written(self._hass)
            slot = _slot()
            metadata = await statistics.async_metadata(self._hass, [key])
            hourly = await statistics.async_rows(self._hass, [key])
            recent = await statistics.async_rows(self._hass, [key], period="5minute")
            if key not in metadata:
                return False
            if slot == _slot():
                statistics.replace(
                    self._hass,
                    metadata[key],
                    _without(hourly.get(key, ()), imported),
                    _without(recent.get(key, ()), imported),
                )
                return True

    def _of_ledger(self, plant_id: str) -> tuple[float, dict[str, Imported]]:
        """Return from when on a plant's past was imported last, and what that did to each statistic."""
        found: dict[str, Imported] = {}
        match self._ledger().get(plant_id):
            case {"begun": float() | int() as begun, "counters": dict(counters)}:
                pass
            case _:
                return math.inf, found
        for key, row in counters.items():
            match row:
                case [
                    float() | int() as start,
                    float() | int() as end,
                    float() | int() as raised,
                    float() | int() as kwh,
                    str(kind),
                ]:
                    found[key] = Imported(start, end, raised, kwh, kind)
        return float(begun), found

    def _ledger(self) -> dict[str, Json]:
        stored = self._account.store.load(LEDGER)
        return dict(stored) if isinstance(stored, dict) else {}

    def _end(self, plant_id: str) -> None:
        self.jobs.pop(plant_id, None)
        self._save_jobs()

    def _save_jobs(self) -> None:
        self._account.store.save_soon(JOBS, lambda: dict[str, Json](self.jobs))

    async def _async_kept(self) -> dict[str, Json]:
        if self._kept is None:
            self._kept = await async_load_or_set_aside(self._hass, self._store)
        return self._kept


def import_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Json]]:
    """Return the file that holds what an import has fetched."""
    return Store(
        hass, 1, f"{DOMAIN}.{entry_id}_history", private=True, atomic_writes=True
    )


def earliest(historian: Historian) -> float:
    """Return the first hour a vendor still knows."""
    reach = max(historian.reach.readings, historian.reach.energies)
    oldest = (dt_util.utcnow() - reach).timestamp()
    return oldest // HOUR * HOUR + HOUR


def _midnight_after(at: float, zone: tzinfo) -> float:
    day = dt_util.utc_from_timestamp(at - 1).astimezone(zone) + timedelta(days=1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _slot() -> int:
    return int((dt_util.utcnow().timestamp() - SETTLE) // FIVE_MINUTES)


def _without(rows: Sequence[Row], imported: Imported) -> list[Row]:
    return [
        Row(row.start, row.state, row.sum - imported.lift)
        for row in rows
        if not imported.start <= row.start < imported.end
    ]
