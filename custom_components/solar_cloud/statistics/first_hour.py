"""An hour to join to, for counters that are younger than the end of the past: what was before shows as soon as a plant is added.

An import joins to the first hour of a counter. A counter that was just added has none; one that was added today has none that a past reaches
which ends with yesterday. Such a counter gets an *anchor*: an hour of the past, at whose end it is known where the counter stood, with sum 0.
What the recorder counted since is lifted to go on from there; where it counted nothing yet, it is left five minutes to go on from.

The anchor is written last: whatever a crash leaves behind, no sum falls.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import pairwise
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..account import Account
from ..backfill.fetcher import HistoryFetcher, Key
from ..backfill.gaps import Gap, GapWatch
from ..backfill.rows import SAME, Row, lacking
from ..backfill.samples import HOUR, TOUCH
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json
from ..pipeline.counter_filters import bound
from ..pipeline.growth import UNRATED, GrowthLimit
from . import recorder
from .counters import Counter, renamed
from .plan import DAY, STEP, Plan, read_from
from .undo import Imported

SECTION: Final = "import_anchors"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An hour in front of what is counted live."""

    row: Row
    live: Row
    """The first row the recorder has; where it has none, the five minutes it is to go on from."""
    first_hour: float
    """When the first live hour begins."""
    keys: frozenset[Key]
    """The addends of the counter."""

    @property
    def lift(self) -> float:
        """The kWh that were counted in between."""
        return lacking(self.row, self.live)

    @property
    def gaps(self) -> list[Gap]:
        """The hours between it and the first live one, by addend."""
        if self.first_hour <= self.row.end:
            return []
        end = self.first_hour + HOUR - 1
        return [Gap(key, self.row.end, end) for key in sorted(self.keys)]

    @property
    def imported(self) -> Imported:
        """What it does to the statistic."""
        kwh = round(self.lift, 3)
        return Imported(self.row.start, self.first_hour, self.lift, kwh, "readings")


type Anchors = Mapping[str, Anchor]
"""By statistic."""


class FirstHours:
    """Gives the counters of one account hours to join to."""

    def __init__(self, hass: HomeAssistant, account: Account, watch: GapWatch) -> None:
        """Let ``watch`` know of hours between the past and the first live one: they are filled when the past reaches them."""
        self._hass: Final = hass
        self._account: Final = account
        self._watch: Final = watch

    @property
    def noted(self) -> dict[str, dict[str, Anchor]]:
        """What was to be written, and not seen to be there, by plant."""
        return from_json(
            dict[str, dict[str, Anchor]], self._account.store.load(SECTION)
        )

    async def async_find(
        self, inventory: Inventory, plan: Plan, fetcher: HistoryFetcher
    ) -> Anchors:
        """Return the anchors of the fresh counters of which it is known where they stood; ``fetcher`` holds the end of the past."""
        counted = await self._async_counted(
            {key: plan.firsts[key].end for key in plan.fresh}
        )
        anchors: dict[str, Anchor] = {}
        for key in plan.fresh:
            counter = plan.counters[key]
            if key in counted:
                live, hour = counted[key][0], counted[key][0].start
            elif (shown := recorder.five_minutes(self._hass, key)) is not None:
                live, hour = shown, recorder.settled()
            else:
                continue
            for row in _stood(plan, key, fetcher):
                anchor = Anchor(row, live, hour // HOUR * HOUR, counter.keys)
                if _possible(anchor, counter, inventory):
                    anchors[key] = anchor
                    break
        return anchors

    async def async_note(self, plant_id: str, anchors: Anchors) -> None:
        """Note what is to be written of a plant, over a crash."""
        noted = self.noted | {plant_id: dict(anchors)}
        await self._account.store.save(SECTION, to_json(noted))

    @callback
    def rename(self, old: str, new: str) -> None:
        """Write what was noted under the new name of a statistic."""
        noted = {key: renamed(each, old, new) for key, each in self.noted.items()}
        self._account.store.delay_save(SECTION, partial(to_json, noted))

    async def async_write(self, plant_id: str) -> dict[str, Imported]:
        """Write what was noted, as far as it is not there yet; return what is there now."""
        noted = self.noted
        if not (anchors := noted.pop(plant_id, {})):
            return {}
        metadata = await recorder.async_expected_metadata(self._hass, anchors.keys())
        anchors = {key: each for key, each in anchors.items() if key in metadata}
        counted = await self._async_counted(
            {key: each.row.end for key, each in anchors.items()}
        )
        for key, anchor in anchors.items():
            if key not in counted:
                seed = Row(anchor.live.start, anchor.live.state, anchor.lift)
                recorder.write(self._hass, metadata[key], (), [seed])
        await self._async_lift(anchors)
        for key, anchor in anchors.items():
            recorder.write(self._hass, metadata[key], [anchor.row])
        await self._async_lift(anchors)  # what was compiled meanwhile
        # The gaps lie in another file: they are there before what would note them again is dropped.
        await self._watch.note([gap for each in anchors.values() for gap in each.gaps])
        self._account.store.delay_save(SECTION, partial(to_json, noted))
        return {key: anchor.imported for key, anchor in anchors.items()}

    async def _async_lift(self, anchors: Anchors) -> None:
        """Let what the recorder began to sum at 0 go on from what is before."""
        counted = await self._async_counted(
            {key: each.row.end for key, each in anchors.items()}
        )
        for key, live in counted.items():
            first, *others = live
            if abs(by := lacking(anchors[key].row, first)) > SAME:
                recorder.lift(self._hass, key, first.start, by)
            for before, row in pairwise([first, *others]):
                if row.sum < before.sum - SAME:
                    recorder.lift(self._hass, key, row.start, lacking(before, row))
                    break
        await recorder.async_written(self._hass)

    async def _async_counted(self, ends: Mapping[str, float]) -> dict[str, list[Row]]:
        """Return the hours each statistic has since an instant; where there are none yet, its five minutes."""
        await recorder.async_written(self._hass)
        since = min(ends.values(), default=0.0)
        hours = await recorder.async_rows(self._hass, ends.keys(), since)
        found = {
            key: [row for row in rows if row.start >= ends[key]]
            for key, rows in hours.items()
        }
        fresh = [key for key in ends if not found.get(key)]
        recent = await recorder.async_rows(self._hass, fresh, period="5minute")
        return {key: rows for key, rows in (found | recent).items() if rows}


async def async_read_end(
    history_client: HistoryClient,
    inventory: Inventory,
    zone: tzinfo,
    plan: Plan,
    fetcher: HistoryFetcher,
) -> None:
    """Fetch the readings that say where fresh counters stood: one call for each batch as a rule. Raises a ``CloudError``."""
    window = history_client.limits.window.total_seconds()
    oldest = min(plan.firsts[key].end for key in plan.fresh)
    await fetcher.run(history_client, inventory, zone, oldest + TOUCH - window)


def collector(
    history_client: HistoryClient, plan: Plan, stored: Json
) -> HistoryFetcher:
    """Return what collects the past of the fresh counters; when there are no others, it is that of the import."""
    owners = {owner for key in plan.fresh for owner in plan.counters[key].owners}
    end = max(plan.firsts[key].end for key in plan.fresh)
    start = read_from(plan.start, end, history_client)
    return HistoryFetcher(owners, start, end + TOUCH, STEP, stored)


def _stood(plan: Plan, key: str, fetcher: HistoryFetcher) -> Iterator[Row]:
    """Yield the hours of the past at whose end it is known where a counter stood, the newest first.

    Reports tell whole days, so that nothing joins to them but the end of one.
    """
    at = plan.firsts[key].end
    least = max(plan.start + HOUR, at - (0 if key in plan.reported else DAY))
    while at >= least:
        value = fetcher.value(plan.counters[key].terms, at)
        if value is not None:
            yield Row(at - HOUR, value, 0.0)
        at -= HOUR


def _possible(anchor: Anchor, counter: Counter, inventory: Inventory) -> bool:
    """Whether what was counted in between can have been: else live values and the past do not tell of the same."""
    if (anchor.live.state or 0.0) < (anchor.row.state or 0.0) - SAME:
        return False
    watts = bound(counter.slot.quantity, counter.device_id, inventory) or UNRATED
    seconds = anchor.first_hour + HOUR - anchor.row.end
    return -SAME <= anchor.lift <= GrowthLimit.of(watts).max_growth(seconds)
