"""Anomalies: looks through the past of our counters once a day and offers to take out what cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.anomalies import Finding, examine
from ..backfill.samples import HOUR
from ..cloud.model import Inventory
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json
from ..const import DOMAIN, LOGGER
from ..issues import drop_plain_issue, plant_issue_id
from ..pipeline.counter_filters import bound
from ..pipeline.growth import UNRATED
from . import recorder
from .counters import plant_counters, renamed

SECTION: Final = "doctor"
KEY: Final = "statistics_doctor"
PERIOD: Final = 24 * HOUR
OVERLAP: Final = 72 * HOUR
MOST_LINES: Final = 15
LOOKED_BACK: Final = 10 * 24 * HOUR

type Findings = Mapping[str, Sequence[Finding]]


@dataclass(slots=True)
class Examination:
    """What is known of a plant's counters."""

    examined: float = 0.0
    """When they were looked at, in epoch seconds."""
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    """By statistic."""
    accepted: set[tuple[str, float]] = field(default_factory=set)
    """Statistics and hours that are never named again."""


async def async_sanity(
    hass: HomeAssistant, account: Account, plant_id: str
) -> list[dict[str, Json]]:
    """Describe the statistics of a plant and its devices over the last days, for diagnostics: the last row, falls and gaps.

    Energies are in kWh; ``owner`` is the plant or device.
    """
    if not recorder.has_recorder(hass):
        return []
    counters = plant_counters(hass, account, account.inventory.chosen, plant_id)
    since = dt_util.utcnow().timestamp() - LOOKED_BACK
    rows = await recorder.async_rows(
        hass, [each.statistic_id for each in counters], since
    )
    return [
        {
            "owner": each.device_id,
            "counter": each.slot.key,
            "rows": len(hours),
            "last": dt_util.utc_from_timestamp(hours[-1].start).isoformat()
            if hours
            else None,
            "state": hours[-1].state if hours else None,
            "sum": hours[-1].sum if hours else None,
            "falls": sum(after.sum < before.sum for before, after in pairwise(hours)),
            "gaps": sum(
                after.start - before.start > HOUR for before, after in pairwise(hours)
            ),
        }
        for each in counters
        for hours in [rows.get(each.statistic_id, [])]
    ]


class AnomalyFinder:
    """Examines the counters of one account."""

    def __init__(self, hass: HomeAssistant, account: Account, entry_id: str) -> None:
        """Take up what the last run found."""
        self._hass: Final = hass
        self._account: Final = account
        self._entry_id: Final = entry_id
        self._plants: Final = from_json(
            dict[str, Examination], account.store.load(SECTION)
        )

    def findings(self, plant_id: str) -> Findings:
        """Return what is known to be wrong with a plant's counters."""
        return self._plant(plant_id).findings

    def _plant(self, plant_id: str) -> Examination:
        return self._plants.setdefault(plant_id, Examination())

    async def async_run(self, inventory: Inventory) -> None:
        """Examine the plants that are due."""
        now = dt_util.utcnow().timestamp()
        for plant_id in inventory.plants:
            if now - self._plant(plant_id).examined >= PERIOD:
                await self.async_examine(inventory, plant_id)
                self._plant(plant_id).examined = now
                self._save()
            self._show(inventory, plant_id)

    async def async_examine(self, inventory: Inventory, plant_id: str) -> None:
        """Look at the hours since the last look, and again at those that were odd."""
        counters = {
            each.statistic_id: each
            for each in plant_counters(self._hass, self._account, inventory, plant_id)
        }
        plant = self._plant(plant_id)
        known = [each.start for found in plant.findings.values() for each in found]
        since = min([plant.examined, *known]) - OVERLAP
        metadata = await recorder.async_metadata(self._hass, counters.keys())
        rows = await recorder.async_rows(self._hass, metadata.keys(), max(0.0, since))
        found: dict[str, list[Finding]] = {}
        for key, hours in rows.items():
            counter = counters[key]
            watts = bound(counter.slot.quantity, counter.device_id, inventory)
            if odd := [
                each
                for each in examine(hours, watts or UNRATED)
                if (key, each.start) not in plant.accepted
            ]:
                found[key] = odd
        plant.findings = found

    async def async_correct(self, inventory: Inventory, plant_id: str) -> None:
        """Take the findings out of the sums."""
        for key, found in self.findings(plant_id).items():
            for each in found:
                recorder.lift(self._hass, key, each.start, -each.excess)
                LOGGER.info(
                    "Took %.3f kWh out of %s from %s on",
                    each.excess,
                    key,
                    dt_util.utc_from_timestamp(each.start).isoformat(),
                )
        await recorder.async_written(self._hass)
        await self.async_examine(inventory, plant_id)
        self._save()
        self._show(inventory, plant_id)

    def accept(self, inventory: Inventory, plant_id: str) -> None:
        """Leave the findings in the statistics, and never name them again."""
        plant = self._plant(plant_id)
        plant.accepted.update(
            (key, each.start) for key in plant.findings for each in plant.findings[key]
        )
        plant.findings = {}
        self._save()
        self._show(inventory, plant_id)

    @callback
    def rename(self, old: str, new: str) -> None:
        """Know what was found and accepted under the new name of a statistic."""
        for plant in self._plants.values():
            plant.findings = renamed(plant.findings, old, new)
            plant.accepted = {
                (new if key == old else key, start) for key, start in plant.accepted
            }
        self._save()

    def _save(self) -> None:
        self._account.store.delay_save(SECTION, partial(to_json, self._plants))

    def lines(self, plant_id: str) -> str:
        """Name the findings, as a list."""
        lines = sorted(
            (each.start, key, each.excess)
            for key, found in self.findings(plant_id).items()
            for each in found
        )
        named = [
            f"- {dt_util.as_local(dt_util.utc_from_timestamp(start)):%Y-%m-%d %H:%M}"
            f" {key}: {excess:+.2f} kWh"
            for start, key, excess in lines[:MOST_LINES]
        ]
        if len(lines) > MOST_LINES:
            named.append(f"- … {len(lines) - MOST_LINES}")
        return "\n".join(named)

    @callback
    def _show(self, inventory: Inventory, plant_id: str) -> None:
        drop_plain_issue(self._hass, KEY, self._entry_id, plant_id)
        issue_id = plant_issue_id(KEY, self._entry_id, plant_id)
        if not self.findings(plant_id):
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry_id, "plant_id": plant_id, "kind": KEY},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=KEY,
            translation_placeholders={"plant": inventory.plants[plant_id].name},
        )

    @callback
    def stop(self) -> None:
        """Remove the repairs that are shown."""
        for plant_id in self._plants:
            ir.async_delete_issue(
                self._hass, DOMAIN, plant_issue_id(KEY, self._entry_id, plant_id)
            )
