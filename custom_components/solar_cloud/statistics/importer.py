"""Importing what was before: the hours before a counter's first live hour, joined to it without a step.

Collecting a year takes hours of small calls. The newest days come first, and each portion of days is written as soon as it is there; of
what was fetched only the days at the seam are kept, in a file of their own, and survive restarts. What was written is remembered, so that
the last import can be taken back.

The recorder writes each counter's hours, and lifts what follows, in transactions of their own, any time later. What is to be written is
therefore noted before, and what became of it is looked up, after a crash in between too.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta, tzinfo
from functools import partial
import math
from typing import Final

from homeassistant.components import persistent_notification
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.fetcher import HistoryFetcher, Reports
from ..backfill.gaps import GapWatch
from ..backfill.profiles import assumed, learnt, resolution, unrolled
from ..backfill.rows import Prefix, Row, ahead
from ..backfill.samples import HOUR, RESET_LASTS, TOUCH, hours
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json
from ..cloud.timestamps import midnight
from ..const import DOMAIN, LOGGER
from ..flow_schemas import async_sentence
from ..issues import plant_issue_id
from ..section_file import PackedFile, SectionStore
from ..storage import FETCHED, KEPT
from . import recorder
from .counters import Counter, async_zone, plant_counters, renamed, renamed_each
from .first_hour import FirstHours, async_read_end, collector
from .plan import DAY, STEP, Plan, async_make, read_from
from .take_over import TakenOver
from .undo import Imported, async_complete, async_take_out

JOBS: Final = "import_jobs"
IMPORTS: Final = "imports"
WRITING: Final = "import_writing"
UNDOING: Final = "import_undoing"
CHANGED: Final = f"{DOMAIN}_import"
"""Signal that an import began, went on, or is over."""
SAVE_DELAY: Final = 1800.0
"""Seconds between writes of what was fetched; a crash costs these calls once more."""
SINGLE_DAYS: Final = 7
"""How many of the newest days are written each by itself."""
MOST_DAYS: Final = 60
"""How many are written at once at most."""
MARGIN: Final = RESET_LASTS
"""Seconds beyond a portion that are fetched too: a lie at its end is told by both sides of it."""
PATIENCE: Final = 2 * DAY
"""Seconds in which counters that were not there yet may still appear and have their past brought in."""


@dataclass(slots=True)
class ImportJob:
    """How far the import of one plant has come; times in epoch seconds."""

    start: float
    """The first hour that is wanted."""
    until: float = math.inf
    """The end of the latest hour that is needed; known when the import begins to fetch."""
    reached: float = math.inf
    """What lies behind this is in the statistics."""
    reports_until: float = 0.0
    counters: frozenset[str] = frozenset()
    """The statistics whose past is imported."""
    reported: frozenset[str] = frozenset()
    """Those of them that only reports can fill."""
    owners: frozenset[str] = frozenset()
    """Those whose readings are needed."""
    begun: float = 0.0
    """When the first call was made."""
    asked: float = 0.0
    """When the user wanted it."""
    late: bool = False
    """Whether there are counters whose past can be brought in later only."""
    goes_on: bool = False
    """Whether something is written already: all of it is one import, also of counters that were late."""

    def begin(self, plan: Plan) -> None:
        """Begin with what was planned."""
        self.begun = dt_util.utcnow().timestamp()
        self.until = self.reached = plan.end
        self.reports_until = plan.reports_end
        self.counters, self.reported = frozenset(plan.firsts), plan.reported
        self.owners, self.late = plan.owners, bool(plan.late)

    @property
    def rests(self) -> bool:
        """Whether all that can be had is there, and what is still to come is not."""
        return self.goes_on and self.until == math.inf

    def portion(self, zone: tzinfo) -> float:
        """Return where the next portion begins: at a midnight of the plant, or where the import does.

        After the newest ones it has as many days as are there already: the recorder writes all of those anew with each portion, and small
        ones would make it write a year some thirty times.
        """
        day = dt_util.utc_from_timestamp(self.reached - 1).astimezone(zone).date()
        if (done := (self.until - self.reached) / DAY) > SINGLE_DAYS:
            day -= timedelta(days=min(int(done), MOST_DAYS) - 1)
        return max(self.start, midnight(day, zone))

    @property
    def share(self) -> float | None:
        """The share that is done, from 0 to 1; ``None`` before it has begun."""
        if not self.start < self.until < math.inf:
            return None
        return (self.until - self.reached) / (self.until - self.start)


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """From when on a plant's past was imported, and what that does to each statistic."""

    begun: float
    counters: dict[str, Imported] = field(default_factory=dict)


NOTHING: Final = ImportRecord(math.inf)
RESOLUTIONS: Final = ("readings", "hours", "days")
"""From the finest to the coarsest."""


class HistoryImport:
    """Imports the past of the plants of one account."""

    def __init__(
        self, hass: HomeAssistant, account: Account, entry_id: str, watch: GapWatch
    ) -> None:
        """Take up the jobs of the last run."""
        self._first_hours: Final = FirstHours(hass, account, watch)
        self._hass: Final = hass
        self._account: Final = account
        self._entry_id: Final = entry_id
        self._fetched: Final = PackedFile(hass, entry_id, FETCHED)
        self._undo_file: Final = SectionStore(hass, entry_id, KEPT)
        self._kept: dict[str, Json] | None = None
        self._writing: Final = asyncio.Lock()
        self.jobs: Final = from_json(dict[str, ImportJob], account.store.load(JOBS))
        """The imports under way, by plant."""
        self.done: Final[dict[str, dict[str, Imported]]] = {}
        """What the imports of this run did, by plant."""

    async def async_plan(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant_id: str,
        start: float | None = None,
        *,
        late: bool = False,
    ) -> Plan:
        """Say what there is to import, of counters that were ``late`` perhaps, without a call."""
        await self.async_finish_undo()
        start = earliest(history_client) if start is None else start
        last = self._records(IMPORTS).get(plant_id, NOTHING)
        done = set(last.counters) if start >= last.begun else set()
        return await async_make(
            self._hass,
            self._account,
            history_client,
            inventory,
            plant_id,
            start,
            done,
            late=late,
        )

    async def async_begin(self, plant_id: str, start: float) -> None:
        """Import a plant's past from an instant on, as soon as limits allow, and over restarts once this returns."""
        self.jobs[plant_id] = ImportJob(start, asked=dt_util.utcnow().timestamp())
        self.done.pop(plant_id, None)
        await self._async_save_jobs()

    async def async_run(
        self, history_client: HistoryClient, inventory: Inventory
    ) -> None:
        """Go on with the jobs. Raises a ``CloudError`` when they must wait."""
        for plant_id, job in list(self.jobs.items()):
            if plant_id not in inventory.plants:
                await self._async_end(plant_id)
                continue
            async with self._writing:
                await self._async_settle(plant_id)
            if self.jobs.get(plant_id) is not job:
                continue
            if job.until < math.inf or await self._async_begun(
                history_client, inventory, plant_id, job
            ):
                await self._import(history_client, inventory, plant_id, job)

    async def _async_begun(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant_id: str,
        job: ImportJob,
    ) -> bool:
        """Begin with the counters that have an hour to join to, or can be given one; return whether there are any."""
        # Late are those that are left when all else is there; before, their first hour may be the one they were just given.
        begun = self._records(IMPORTS).get(plant_id, NOTHING).begun
        plan = await self.async_plan(
            history_client,
            inventory,
            plant_id,
            job.start,
            late=job.goes_on and begun <= job.start,
        )
        if plan.fresh and self._hass.state is not CoreState.running:
            return False  # the recorder has not made up for what it missed, and would meet our rows
        if plan.fresh:
            await self._async_anchor(history_client, inventory, plan, job)
            plan = await self.async_plan(history_client, inventory, plant_id, job.start)
        plan = plan.without_fresh()
        if self.jobs.get(plant_id) is not job:
            return False  # it was taken back meanwhile
        if plan.firsts:
            job.begin(plan)
            await self._async_save_jobs()
        elif job.goes_on and dt_util.utcnow().timestamp() > job.asked + PATIENCE:
            await self._async_end(plant_id)
        return bool(plan.firsts)

    async def _async_anchor(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plan: Plan,
        job: ImportJob,
    ) -> None:
        """Give the fresh counters an hour to join to, as far as the past says where they stood."""
        kept = await self._async_kept()
        mine = kept.get(plan.plant_id)
        stored = mine.get("readings") if isinstance(mine, dict) else None
        fetcher = collector(history_client, plan, stored)
        plant = inventory.plants[plan.plant_id]
        zone = await async_zone(self._hass, self._account, plant)
        try:
            await async_read_end(history_client, inventory, zone, plan, fetcher)
        finally:
            kept[plan.plant_id] = {"readings": fetcher.as_json()}
            self._save_kept_soon(plan.plant_id)
        async with self._writing:
            anchors = await self._first_hours.async_find(inventory, plan, fetcher)
            if self.jobs.get(plan.plant_id) is job:
                await self._first_hours.async_note(plan.plant_id, anchors)
                await self._async_settle(plan.plant_id)

    async def _import(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant_id: str,
        job: ImportJob,
    ) -> None:
        """Fetch what is missing of a plant's past, and write each portion when all of it is there."""
        kept = await self._async_kept()
        mine = kept.get(plant_id)
        mine = mine if isinstance(mine, dict) else {}
        plant = inventory.plants[plant_id]
        zone = await async_zone(self._hass, self._account, plant)
        fetcher = HistoryFetcher(
            job.owners,
            read_from(job.start, job.until, history_client),
            job.until + TOUCH,
            STEP,
            mine.get("readings"),
        )
        reports = Reports(job.start, job.reports_until, mine.get("reports"))

        def keep() -> None:
            kept[plant_id] = {
                "readings": fetcher.as_json(),
                "reports": reports.as_json(),
            }
            self._save_kept_soon(plant_id)

        while True:
            since = job.portion(zone)
            try:
                await fetcher.run(history_client, inventory, zone, since - MARGIN)
                if job.reported:
                    await reports.run(history_client, inventory, plant, zone, since)
            finally:
                keep()
            if not fetcher.left(history_client, inventory) and (
                reports.ended or not job.reported
            ):
                since = job.start
            counters = {
                each.statistic_id: each
                for each in plant_counters(
                    self._hass, self._account, inventory, plant_id
                )
                if each.statistic_id in job.counters
            }
            firsts = await self._async_firsts(plant_id, job, since, counters)
            prefixes = await self._join(
                plant_id, job, since, firsts, counters, fetcher, reports, zone
            )
            async with self._writing:
                if self.jobs.get(plant_id) is not job:
                    return  # it was taken back meanwhile
                await self._async_write(plant_id, since, firsts, prefixes)
            if self.jobs.get(plant_id) is not job or job.reached != since:
                return  # it is over, or the recorder has not written all of it
            needed = _needed(since, firsts, prefixes, counters, fetcher)
            fetcher.forget(since - MARGIN, needed)
            reports.forget(max((row.end for row in firsts.values()), default=0.0))
            keep()

    async def _async_firsts(
        self,
        plant_id: str,
        job: ImportJob,
        since: float,
        counters: Collection[str],
    ) -> dict[str, Row]:
        """Return the first hour of each counter that has none as old as ``since`` yet."""
        done = self._records(IMPORTS).get(plant_id, NOTHING).counters
        newest = max(
            (done[key].start if key in done else job.until for key in counters),
            default=0.0,
        )
        rows = await recorder.async_rows(self._hass, counters, 0.0, newest + HOUR)
        return {
            key: found[0]
            for key, found in rows.items()
            if found and found[0].start > since
        }

    async def _join(
        self,
        plant_id: str,
        job: ImportJob,
        since: float,
        firsts: Mapping[str, Row],
        counters: Mapping[str, Counter],
        fetcher: HistoryFetcher,
        reports: Reports,
        zone: tzinfo,
    ) -> dict[str, tuple[Prefix, str]]:
        """Return the hours before each counter's first, and how finely the vendor knew them."""
        reported = firsts.keys() & job.reported
        done = self._records(IMPORTS).get(plant_id, NOTHING).counters
        live = await recorder.async_rows(self._hass, reported, job.until - HOUR)
        prefixes: dict[str, tuple[Prefix, str]] = {}
        for key, first in firsts.items():
            counter = counters[key]
            starts = hours(since, first.start)
            if key not in reported:
                value = partial(fetcher.value, counter.terms)
                prefixes[key] = ahead(first, starts, value), "readings"
                continue
            quantity = counter.slot.quantity
            profile = learnt(live.get(key, []), zone) or assumed(quantity, zone)
            samples = dict(unrolled(reports.rows, quantity, profile))
            anchored = key in done and done[key].start == first.start
            if first.start in samples and not anchored:
                # Of its own first hour the counter knows more than a day's total.
                samples[first.end] = samples[first.start] + first.sum
            prefixes[key] = ahead(first, starts, samples.get), resolution(reports.rows)
        return prefixes

    async def _async_write(
        self,
        plant_id: str,
        since: float,
        firsts: Mapping[str, Row],
        prefixes: Mapping[str, tuple[Prefix, str]],
    ) -> None:
        """Write the hours and lift what follows them."""
        metadata = await recorder.async_metadata(self._hass, prefixes.keys())
        written = {
            key: Imported(
                prefix.rows[0].start,
                firsts[key].start,
                prefix.lift,
                round(prefix.rows[-1].sum, 3),
                kind,
                firsts[key].sum,
            )
            for key, (prefix, kind) in prefixes.items()
            if prefix.rows and key in metadata
        }
        writing = self._records(WRITING)
        writing[plant_id] = ImportRecord(since, written)
        await self._account.store.save(WRITING, to_json(writing))
        for key in written:
            prefix, _ = prefixes[key]
            recorder.write(self._hass, metadata[key], prefix.rows)
            recorder.lift(self._hass, key, firsts[key].start, prefix.lift)
        await self._async_settle(plant_id)

    async def _async_settle(self, plant_id: str) -> None:
        """Finish a write that was interrupted: look up what was written, lift what was not lifted, and remember what is there.

        The import goes on when all of it is. The others of its counters are written anew, from what was fetched.
        """
        if anchored := await self._first_hours.async_write(plant_id):
            begun = max(each.end for each in anchored.values())
            self.done[plant_id] = self._remember(plant_id, begun, anchored)
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
        self.done[plant_id] = self._remember(plant_id, writing.begun, done)
        job = self.jobs.get(plant_id)
        if job is None or done.keys() != writing.counters.keys():
            return
        job.reached = writing.begun
        if job.reached > job.start:
            await self._async_save_jobs()
            return
        LOGGER.info("Imported the past of %d counters", len(self.done[plant_id]))
        await self._async_end(plant_id)
        if job.late:
            rest = ImportJob(job.start, asked=job.asked, goes_on=True)
            self.jobs[plant_id] = rest
            await self._async_save_jobs()
        await self._async_tell(plant_id)

    async def _async_tell(self, plant_id: str) -> None:
        """Notify the user that an import is over."""
        if done := self.done[plant_id]:
            first = dt_util.utc_from_timestamp(
                min(each.start for each in done.values())
            )
            day = dt_util.as_local(first).date().isoformat()
            await self.async_notify(plant_id, "import_done", day=day)

    async def async_notify(self, plant_id: str, key: str, **placeholders: str) -> None:
        """Say how a plant's import stands; the latest word takes the place of the one before."""
        if (plant := self._account.inventory.data.plants.get(plant_id)) is None:
            return
        persistent_notification.async_create(
            self._hass,
            await async_sentence(self._hass, key, plant=plant.name, **placeholders),
            notification_id=plant_issue_id("import", self._entry_id, plant_id),
        )

    @property
    def interrupted(self) -> bool:
        """Whether something was to be written of which it is not known what became."""
        return bool(self._records(WRITING) or self._first_hours.noted)

    async def async_settle(self) -> None:
        """Finish what the last run was writing, also of what no job goes on with."""
        async with self._writing:
            for plant_id in {*self._records(WRITING), *self._first_hours.noted}:
                await self._async_settle(plant_id)

    async def async_take_over(
        self, plant_id: str, found: Mapping[str, TakenOver]
    ) -> dict[str, Imported]:
        """Put hours that somebody else counted in front of a plant's counters; it is the import that is taken back next."""
        async with self._writing:
            await self._async_settle(plant_id)
            await self._async_write(
                plant_id,
                min(each.prefix.rows[0].start for each in found.values()),
                {key: each.first for key, each in found.items()},
                {key: (each.prefix, "hours") for key, each in found.items()},
            )
        return self.done[plant_id]

    def _remember(
        self, plant_id: str, begun: float, done: Mapping[str, Imported]
    ) -> dict[str, Imported]:
        """Note what was written beside what the same import wrote before, and return all of it."""
        writing, ledger = self._records(WRITING), self._records(IMPORTS)
        writing.pop(plant_id, None)
        last, job = ledger.get(plant_id, NOTHING), self.jobs.get(plant_id)
        same = job is not None and (job.goes_on or last.begun in {begun, job.reached})
        earlier = last.counters if same else {}
        if job is not None:
            job.goes_on = True
        whole = earlier | {
            key: _joined(each, earlier.get(key)) for key, each in done.items()
        }
        if whole:
            ledger[plant_id] = ImportRecord(begun, whole)
        # In one file, and so in one write: an import that does not know that it goes on would forget what it wrote before.
        self._account.store.delay_save(JOBS, partial(to_json, self.jobs))
        self._account.store.delay_save(WRITING, partial(to_json, writing))
        self._account.store.delay_save(IMPORTS, partial(to_json, ledger))
        return whole

    @callback
    def rename(self, old: str, new: str) -> None:
        """Go on under the new name of a statistic, which the recorder renames too."""
        for job in self.jobs.values():
            job.counters = renamed_each(job.counters, old, new)
            job.reported = renamed_each(job.reported, old, new)
        self._account.store.delay_save(JOBS, partial(to_json, self.jobs))
        for section in (IMPORTS, WRITING):
            records = {
                key: replace(each, counters=renamed(each.counters, old, new))
                for key, each in self._records(section).items()
            }
            self._account.store.delay_save(section, partial(to_json, records))
        for key, done in self.done.items():
            self.done[key] = renamed(done, old, new)
        self._first_hours.rename(old, new)

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
            self._save_kept_soon(plant_id)

    async def _async_save_jobs(self) -> None:
        async_dispatcher_send(self._hass, f"{CHANGED}_{self._entry_id}")
        await self._account.store.save(JOBS, to_json(self.jobs))

    async def _async_kept(self) -> dict[str, Json]:
        if self._kept is None:
            await self._fetched.async_load()
            self._kept = {
                plant_id: self._fetched.load(plant_id)
                for plant_id in self._fetched.sections
            }
        return self._kept

    def _save_kept_soon(self, plant_id: str) -> None:
        """Write what was fetched of a plant, a while after the last write."""
        kept = self._kept or {}
        self._fetched.note(plant_id, lambda: kept.get(plant_id), SAVE_DELAY)

    async def async_flush(self) -> None:
        """Write now what was fetched and not yet written."""
        await self._fetched.async_write()


def earliest(history_client: HistoryClient) -> float:
    """Return the first hour a vendor still knows."""
    reach = max(history_client.limits.readings, history_client.limits.energies)
    oldest = (dt_util.utcnow() - reach).timestamp()
    return oldest // HOUR * HOUR + HOUR


def _joined(older: Imported, newer: Imported | None) -> Imported:
    """Return what two portions did to one statistic."""
    if newer is None or newer.start != older.end:
        return older
    return replace(
        newer,
        start=older.start,
        lift=newer.lift + older.lift,
        kwh=round(newer.kwh + older.kwh, 3),
        resolution=max(newer.resolution, older.resolution, key=RESOLUTIONS.index),
    )


def _needed(
    since: float,
    firsts: Mapping[str, Row],
    prefixes: Mapping[str, tuple[Prefix, str]],
    counters: Mapping[str, Counter],
    fetcher: HistoryFetcher,
) -> dict[tuple[str, str], float]:
    """Return until when each addend's samples are needed to join the next portion, also to what a crash left written of this one."""
    seam = since + HOUR + MARGIN
    needed = {addend: seam for each in counters.values() for addend in each.keys}
    for key, first in firsts.items():
        rows = prefixes[key][0].rows
        row = rows[0] if rows else first
        value = partial(fetcher.value, counters[key].terms)
        if value(row.end) is None and value(row.start) is None:
            continue  # nothing joins there
        for addend in counters[key].keys:
            needed[addend] = max(row.end + MARGIN, needed[addend])
    return needed
