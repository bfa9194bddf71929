"""Importing what was before: the hours before a counter's first live hour, joined to it without a step.

Collecting a year takes hours of small calls; what was fetched lies in a file of its own and survives restarts. The statistics are
written in one go when everything is there, and what was written is remembered, so that the last import can be taken back.

The recorder writes each counter's hours, and lifts what follows, in transactions of their own, any time later. What is to be written is
therefore noted before, and what became of it is looked up, after a crash in between too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from functools import partial
import math
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.fetcher import HistoryFetcher, Reports
from ..backfill.profiles import assumed, learnt, resolution, unrolled
from ..backfill.rows import Prefix, Row, ahead
from ..backfill.samples import HOUR, TOUCH, hours
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json
from ..cloud.timestamps import midnight
from ..const import LOGGER
from ..storage import FETCHED, KEPT, SectionStore, async_load_or_set_aside
from . import recorder
from .counters import Counter, async_zone, plant_counters
from .undo import Imported, async_complete, async_take_out

JOBS: Final = "import_jobs"
IMPORTS: Final = "imports"
WRITING: Final = "import_writing"
UNDOING: Final = "import_undoing"
STEP: Final = timedelta(minutes=15)
SAVE_DELAY: Final = 60.0
DAY: Final = 24 * HOUR


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

    def read_from(self, history_client: HistoryClient) -> float:
        """The instant from which readings are fetched: not further back than the vendor keeps them."""
        return max(
            self.start,
            self.end // DAY * DAY - history_client.limits.readings.total_seconds(),
        )

    @property
    def end(self) -> float:
        """The instant up to which the past is needed."""
        return max((row.end for row in self.firsts.values()), default=self.start)


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """From when on a plant's past was imported, and what that does to each statistic."""

    begun: float
    counters: dict[str, Imported] = field(default_factory=dict)


NOTHING: Final = ImportRecord(math.inf)


class HistoryImport:
    """Imports the past of the plants of one account."""

    def __init__(self, hass: HomeAssistant, account: Account, entry_id: str) -> None:
        """Take up the jobs of the last run."""
        self._hass: Final = hass
        self._account: Final = account
        self._store: Final = SectionStore(hass, entry_id, FETCHED)
        self._undo_file: Final = SectionStore(hass, entry_id, KEPT)
        self._kept: dict[str, Json] | None = None
        self._unwritten = False
        self._writing: Final = asyncio.Lock()
        self.jobs: Final = from_json(dict[str, float], account.store.load(JOBS))
        """Where each plant's import is to begin."""
        self.done: Final[dict[str, dict[str, Imported]]] = {}
        """What the imports of this run did, by plant."""

    async def async_plan(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant_id: str,
        start: float | None = None,
    ) -> Plan:
        """Say what there is to import, without a call."""
        await self.async_finish_undo()
        start = earliest(history_client) if start is None else start
        counters = {
            each.statistic_id: each
            for each in plant_counters(self._hass, self._account, inventory, plant_id)
        }
        metadata = await recorder.async_metadata(self._hass, counters.keys())
        rows = await recorder.async_rows(self._hass, metadata.keys())
        last = self._records(IMPORTS).get(plant_id, NOTHING)
        firsts = {
            key: found[0]
            for key, found in rows.items()
            if found[0].start > start
            and (start < last.begun or key not in last.counters)
        }
        askable = {
            owner
            for batch in history_client.batches(
                {owner for each in counters.values() for owner in each.owners},
                inventory,
            )
            for owner in batch
        }
        far = (
            start
            < dt_util.utcnow().timestamp()
            - history_client.limits.readings.total_seconds()
        )
        readable = {
            key
            for key in firsts
            if counters[key].owners <= askable
            and not (
                far
                and history_client.limits.energies > history_client.limits.readings
                and counters[key].device_id == plant_id
            )
        }
        reported = frozenset(
            key
            for key in firsts.keys() - readable
            if counters[key].device_id == plant_id
        )
        end = max((row.end for row in firsts.values()), default=start)
        plant = inventory.plants[plant_id]
        reported_to = _midnight_after(
            end, await async_zone(self._hass, self._account, plant)
        )
        newest = history_client.newest(plant, dt_util.utcnow()).timestamp()
        return Plan(
            plant_id,
            start,
            firsts,
            counters,
            frozenset(owner for key in readable for owner in counters[key].owners),
            reported,
            reported_to,
            not rows or newest < (reported_to if reported else end),
        )

    async def async_begin(self, plant_id: str, start: float) -> None:
        """Import a plant's past from an instant on, as soon as limits allow, and over restarts once this returns."""
        self.jobs[plant_id] = start
        self.done.pop(plant_id, None)
        await self._async_save_jobs()

    async def async_run(
        self, history_client: HistoryClient, inventory: Inventory
    ) -> None:
        """Go on with the jobs. Raises a ``CloudError`` when they must wait."""
        for plant_id, start in list(self.jobs.items()):
            if plant_id not in inventory.plants:
                await self._async_end(plant_id)
                continue
            async with self._writing:
                await self._async_settle(plant_id)
            if plant_id not in self.jobs:
                continue
            plan = await self.async_plan(history_client, inventory, plant_id, start)
            if not plan.waits:
                await self._import(history_client, inventory, plan)

    async def _import(
        self, history_client: HistoryClient, inventory: Inventory, plan: Plan
    ) -> None:
        """Fetch what is missing of a plant's past; write it when all of it is there."""
        kept = await self._async_kept()
        mine = kept.get(plan.plant_id)
        mine = mine if isinstance(mine, dict) else {}
        fetcher = HistoryFetcher(
            plan.owners,
            plan.read_from(history_client),
            plan.end + TOUCH,
            STEP,
            mine.get("readings"),
        )
        reports = Reports(plan.start, plan.reports_end, mine.get("reports"))
        plant = inventory.plants[plan.plant_id]
        zone = await async_zone(self._hass, self._account, plant)
        try:
            await fetcher.run(history_client, inventory, zone)
            if plan.reported:
                await reports.run(history_client, inventory, plant, zone)
        finally:
            kept[plan.plant_id] = {
                "readings": fetcher.as_json(),
                "reports": reports.as_json(),
            }
            self._save_kept_soon()
        prefixes = await self._join(plan, fetcher, reports, zone)
        async with self._writing:
            if plan.plant_id in self.jobs:  # else it was taken back meanwhile
                await self._async_write(plan, prefixes)

    async def _join(
        self, plan: Plan, fetcher: HistoryFetcher, reports: Reports, zone: tzinfo
    ) -> dict[str, tuple[Prefix, str]]:
        """Return the hours before each counter's first, and how finely the vendor knew them."""
        rows = await recorder.async_rows(self._hass, plan.firsts.keys())
        prefixes: dict[str, tuple[Prefix, str]] = {}
        for key, first in plan.firsts.items():
            counter = plan.counters[key]
            starts = hours(plan.start, first.start)
            if key not in plan.reported:
                value = partial(fetcher.value, counter.terms)
                prefixes[key] = ahead(first, starts, value), "readings"
                continue
            quantity = counter.slot.quantity
            profile = learnt(rows[key], zone) or assumed(quantity, zone)
            samples = dict(unrolled(reports.rows, quantity, profile))
            if first.start in samples:
                # Of its own first hour the live counter knows more than a day's total.
                samples[first.end] = samples[first.start] + first.sum
            prefixes[key] = ahead(first, starts, samples.get), resolution(reports.rows)
        return prefixes

    async def _async_write(
        self, plan: Plan, prefixes: Mapping[str, tuple[Prefix, str]]
    ) -> None:
        """Write the hours and lift what follows them."""
        metadata = await recorder.async_metadata(self._hass, prefixes.keys())
        written = {
            key: Imported(
                prefix.rows[0].start,
                plan.firsts[key].start,
                prefix.lift,
                round(prefix.rows[-1].sum, 3),
                kind,
                plan.firsts[key].sum,
            )
            for key, (prefix, kind) in prefixes.items()
            if prefix.rows and key in metadata
        }
        writing = self._records(WRITING)
        writing[plan.plant_id] = ImportRecord(plan.start, written)
        await self._account.store.save(WRITING, to_json(writing))
        for key in written:
            prefix, _ = prefixes[key]
            recorder.write(self._hass, metadata[key], prefix.rows)
            recorder.lift(self._hass, key, plan.firsts[key].start, prefix.lift)
        await self._async_settle(plan.plant_id)

    async def _async_settle(self, plant_id: str) -> None:
        """Finish a write that was interrupted: look up what was written, lift what was not lifted, and remember what is there.

        The job ends when all of it is. The others of its counters are written anew, from what was fetched.
        """
        if (writing := self._records(WRITING).get(plant_id)) is None:
            return
        await recorder.async_written(self._hass)
        rows = await recorder.async_rows(self._hass, writing.counters.keys())
        done: dict[str, Imported] = {}
        for key, imported in writing.counters.items():
            sums = {row.start: row.sum for row in rows.get(key, ())}
            if imported.start not in sums or imported.end not in sums:
                continue
            if abs(sums[imported.end] - imported.first_sum) < abs(imported.lift) / 2:
                recorder.lift(self._hass, key, imported.end, imported.lift)
            done[key] = imported
        await recorder.async_written(self._hass)
        self.done[plant_id] = done
        LOGGER.info("Imported the past of %d counters", len(done))
        self._remember(plant_id, writing.begun, done)
        if done.keys() == writing.counters.keys():
            await self._async_end(plant_id)

    def _remember(
        self, plant_id: str, begun: float, done: Mapping[str, Imported]
    ) -> None:
        """Note what was written, beside what the same import wrote before it was interrupted."""
        writing, ledger = self._records(WRITING), self._records(IMPORTS)
        writing.pop(plant_id)
        last = ledger.get(plant_id, NOTHING)
        if done:
            earlier = last.counters if last.begun == begun else {}
            ledger[plant_id] = ImportRecord(begun, earlier | dict(done))
        self._account.store.delay_save(WRITING, partial(to_json, writing))
        self._account.store.delay_save(IMPORTS, partial(to_json, ledger))

    @property
    def undoing(self) -> list[str]:
        """The plants whose import is being taken back, since the last run perhaps."""
        return from_json(list[str], self._account.store.load(UNDOING))

    async def async_undo(self, plant_id: str) -> dict[str, Imported]:
        """Take the last import of a plant back, to the last row, and one that is under way too."""
        async with self._writing:
            await self._async_settle(plant_id)
            # From here on a crash in between is made up for by the next start.
            await self._account.store.save(UNDOING, [*self.undoing, plant_id])
            return await self._async_undo(plant_id)

    async def async_finish_undo(self) -> None:
        """Take back to the end what the last run began to take back."""
        async with self._writing:
            for plant_id in self.undoing:
                await self._async_undo(plant_id)

    async def _async_undo(self, plant_id: str) -> dict[str, Imported]:
        await async_complete(self._hass, self._undo_file)
        ledger = self._records(IMPORTS)
        undone = {
            key: imported
            for key, imported in ledger.pop(plant_id, NOTHING).counters.items()
            if await async_take_out(self._hass, self._undo_file, key, imported)
        }
        self._account.store.delay_save(IMPORTS, partial(to_json, ledger))
        await self._async_end(plant_id)
        self.done.pop(plant_id, None)
        left: list[Json] = [each for each in self.undoing if each != plant_id]
        await self._account.store.save(UNDOING, left)
        return undone

    def _records(self, section: str) -> dict[str, ImportRecord]:
        return from_json(dict[str, ImportRecord], self._account.store.load(section))

    async def _async_end(self, plant_id: str) -> None:
        self.jobs.pop(plant_id, None)
        await self._async_save_jobs()
        if (await self._async_kept()).pop(plant_id, None) is not None:
            self._save_kept_soon()

    async def _async_save_jobs(self) -> None:
        await self._account.store.save(JOBS, to_json(self.jobs))

    async def _async_kept(self) -> dict[str, Json]:
        if self._kept is None:
            self._kept = await async_load_or_set_aside(self._hass, self._store)
        return self._kept

    def _save_kept_soon(self) -> None:
        """Write a while after the first change: put off by each further one, it would not be written for hours."""
        if not self._unwritten:
            self._unwritten = True
            self._store.async_delay_save(self._kept_content, SAVE_DELAY)

    def _kept_content(self) -> dict[str, Json]:
        self._unwritten = False
        return self._kept or {}

    async def async_flush(self) -> None:
        """Write now what was fetched and not yet written."""
        if self._unwritten:
            await self._store.async_save(self._kept_content())


def earliest(history_client: HistoryClient) -> float:
    """Return the first hour a vendor still knows."""
    reach = max(history_client.limits.readings, history_client.limits.energies)
    oldest = (dt_util.utcnow() - reach).timestamp()
    return oldest // HOUR * HOUR + HOUR


def _midnight_after(at: float, zone: tzinfo) -> float:
    last = dt_util.utc_from_timestamp(at - 1).astimezone(zone).date()
    return midnight(last + timedelta(days=1), zone)
