"""Taking over what another integration counted of the same plant: its hours go in front of ours, without a step.

Only hours before a counter's first one are taken, and only energies: what of ours is there stays, and is lifted by what comes before it.
The importer writes them, and takes them back, as it does with hours of the vendor's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..account import Account
from ..backfill.rows import Prefix, Row, ahead
from ..backfill.samples import hours
from ..cloud.model import Inventory, Quantity as Q
from ..const import DOMAIN
from . import recorder
from .counters import plant_counters

COUNTERS: Final = (
    Q.PV_ENERGY_TOTAL,
    Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.GRID_EXPORT_ENERGY_TOTAL,
    Q.BATTERY_CHARGE_ENERGY_TOTAL,
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
    Q.LOAD_ENERGY_TOTAL,
)
"""The plant's counters, which others count as well."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What would go in front of one of our counters, and its first hour now."""

    source: str
    """The statistic it comes from."""
    first: Row
    prefix: Prefix

    @property
    def kwh(self) -> float:
        """The energy of all the hours."""
        return self.prefix.rows[-1].sum


def in_front(first: Row, theirs: Sequence[Row]) -> Prefix:
    """Return another statistic's hours as they fit before our ``first`` one.

    Its own first hour only says where it begins to count: how much of its sum belongs to that hour is not known.
    """
    older = [row for row in theirs if row.end <= first.start]
    if len(older) < 2:
        return Prefix((), 0.0)
    sums = {row.end: row.sum for row in older}
    sums[first.end] = older[-1].sum + first.sum
    return ahead(first, hours(older[0].end, first.start), sums.get)


async def async_sources(hass: HomeAssistant) -> list[str]:
    """Return the statistics of energy that are none of ours."""
    registry = er.async_get(hass)
    return sorted(
        statistic_id
        for statistic_id in await recorder.async_metadata(hass)
        if (entry := registry.async_get(statistic_id)) is None
        or entry.platform != DOMAIN
    )


def own_counters(
    hass: HomeAssistant, account: Account, inventory: Inventory, plant_id: str
) -> dict[Q, str]:
    """Return the statistics of a plant's counters that are enabled."""
    return {
        each.slot.quantity: each.statistic_id
        for each in plant_counters(hass, account, inventory, plant_id)
        if each.device_id == plant_id and each.slot.quantity in COUNTERS
    }


async def async_taken_over(
    hass: HomeAssistant, wanted: Mapping[str, str]
) -> dict[str, TakenOver]:
    """Return what there is to take over, by our statistic; ``wanted`` says from which other one."""
    ids: Collection[str] = {*wanted, *wanted.values()}
    rows = await recorder.async_rows(hass, ids)
    found: dict[str, TakenOver] = {}
    for ours, theirs in wanted.items():
        if not rows.get(ours):
            continue  # no hour to join to yet
        first = rows[ours][0]
        prefix = in_front(first, rows.get(theirs, ()))
        if prefix.rows:
            found[ours] = TakenOver(theirs, first, prefix)
    return found
