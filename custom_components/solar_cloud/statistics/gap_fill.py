"""Gap repair: the hours in which nothing was read are filled from the vendor's past, between the sums that are there.

Only whole hours that are over are touched. The rows at both ends stay, and with them the total; doing it twice changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.fetcher import HistoryFetcher
from ..backfill.gaps import LONGEST, GapWatch, Outage
from ..backfill.rows import Row, between
from ..backfill.samples import HOUR, LONGEST_STEP
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..const import LOGGER
from . import recorder
from .counters import Counter, async_zone, plant_counters

SECTION: Final = "repair"
STEP: Final = timedelta(minutes=5)
LOOK_BACK: Final = 6 * HOUR
"""How far before an outage a row may be that the hours are counted from."""
LOOK_AHEAD: Final = 24 * HOUR

type Ends = tuple[Row, Row]


class GapRepair:
    """Fills the hours of the outages of one account."""

    def __init__(self, hass: HomeAssistant, account: Account, watch: GapWatch) -> None:
        """Repair what ``watch`` noticed."""
        self._hass: Final = hass
        self._account: Final = account
        self._watch: Final = watch

    async def async_run(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        plant_id: str,
        *,
        longest: float | None = LONGEST,
    ) -> int:
        """Repair what is due of a plant, and return how many hours were written. Raises a ``CloudError``."""
        plant = inventory.plants[plant_id]
        now = dt_util.utcnow()
        until = min(
            now.timestamp() // HOUR * HOUR,
            history_client.newest(plant, now).timestamp(),
        )
        counters = plant_counters(self._hass, self._account, inventory, plant_id)
        keys = {key for counter in counters for key in counter.keys}
        written = 0
        for outage in self._watch.due(keys, until, longest=longest):
            written += await self._repair(history_client, inventory, counters, outage)
        return written

    async def _repair(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        counters: Sequence[Counter],
        outage: Outage,
    ) -> int:
        """Fill the hours of one outage in all counters it concerns."""
        touched = {
            counter.statistic_id: counter
            for counter in counters
            if counter.keys & outage.keys
        }
        metadata = await recorder.async_metadata(self._hass, touched.keys())
        ends = await self._ends(metadata.keys(), outage)
        if ends is None:
            return 0
        hours: dict[str, list[Row]] = {}
        if ends:
            fetcher = await self._collect(history_client, inventory, touched, ends)
            for statistic_id, (before, after) in ends.items():
                terms = touched[statistic_id].terms
                hours[statistic_id] = between(
                    before,
                    after,
                    partial(fetcher.value, terms),
                    partial(fetcher.least, terms),
                )
        for statistic_id, rows in hours.items():
            if rows:
                recorder.write(self._hass, metadata[statistic_id], rows)
        await recorder.async_written(self._hass)  # or a crash would lose the gap
        self._close(outage, hours)
        return sum(len(rows) for rows in hours.values())

    async def _ends(
        self, ids: Collection[str], outage: Outage
    ) -> dict[str, Ends] | None:
        """Return the rows around an outage; ``None`` while a row after it is still to come."""
        first, last = outage.start // HOUR * HOUR, outage.end // HOUR * HOUR
        found = await recorder.async_rows(
            self._hass, ids, first - LOOK_BACK, last + LOOK_AHEAD
        )
        ends: dict[str, Ends] = {}
        for statistic_id, rows in found.items():
            before = [row for row in rows if row.start < first]
            before = before or [row for row in rows if row.start == first != last]
            after = [row for row in rows if row.start >= last]
            if before and after and after[0].start > before[-1].end - 1:
                ends[statistic_id] = before[-1], after[0]
            elif (
                before
                and not after
                and last + LOOK_AHEAD > dt_util.utcnow().timestamp()
            ):
                return None
        return ends

    async def _collect(
        self,
        history_client: HistoryClient,
        inventory: Inventory,
        touched: Mapping[str, Counter],
        ends: Mapping[str, Ends],
    ) -> HistoryFetcher:
        """Fetch the past around an outage, going on where a limit stopped it."""
        fetcher = HistoryFetcher(
            {owner for key in ends for owner in touched[key].owners},
            min(before.end for before, _ in ends.values()) - LONGEST_STEP,
            max(after.end for _, after in ends.values()),
            STEP,
            self._account.store.load(SECTION),
        )
        plant_id = next(iter(touched.values())).device_id
        plant_id = getattr(inventory.devices.get(plant_id), "plant_id", plant_id)
        zone = await async_zone(self._hass, self._account, inventory.plants[plant_id])
        try:
            await fetcher.run(history_client, inventory, zone)
        finally:
            await self._account.store.save(SECTION, fetcher.as_json())
        return fetcher

    def _close(self, outage: Outage, hours: Mapping[str, list[Row]]) -> None:
        self._watch.close(outage)
        self._account.store.delay_save(SECTION, lambda: None)
        filled = sum(1 for rows in hours.values() if rows)
        LOGGER.info(
            "Filled the hours from %s to %s in %d of %d counters from the history of the cloud",
            dt_util.utc_from_timestamp(outage.start).isoformat(timespec="minutes"),
            dt_util.utc_from_timestamp(outage.end).isoformat(timespec="minutes"),
            filled,
            len(hours),
        )
