"""The statistics doctor: looks through the past of our counters once a day and offers to take out what cannot be."""

from collections.abc import Mapping, Sequence
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.anomalies import Finding, examine
from ..backfill.samples import HOUR
from ..cloud.model import Inventory
from ..cloud.storage import Json
from ..const import DOMAIN, LOGGER
from ..issues import drop_plain_issue, plant_issue_id
from ..pipeline.counter_filters import bound
from ..pipeline.growth import UNRATED
from . import recorder
from .counters import plant_counters

SECTION: Final = "doctor"
KEY: Final = "statistics_doctor"
PERIOD: Final = 24 * HOUR
OVERLAP: Final = 72 * HOUR
MOST_LINES: Final = 15

type Findings = Mapping[str, Sequence[Finding]]


class AnomalyFinder:
    """Examines the counters of one account."""

    def __init__(self, hass: HomeAssistant, account: Account, entry_id: str) -> None:
        """Take up what the last run found."""
        self._hass: Final = hass
        self._account: Final = account
        self._entry_id: Final = entry_id
        self._examined: dict[str, float] = {}
        self._findings: dict[str, dict[str, list[Finding]]] = {}
        self._accepted: dict[str, set[tuple[str, float]]] = {}
        self._restore(account.store.load(SECTION))

    def findings(self, plant_id: str) -> Findings:
        """Return what is known to be wrong with a plant's counters."""
        return self._findings.get(plant_id, {})

    async def async_run(self, inventory: Inventory) -> None:
        """Examine the plants that are due."""
        now = dt_util.utcnow().timestamp()
        for plant_id in inventory.plants:
            if now - self._examined.get(plant_id, 0.0) >= PERIOD:
                await self.async_examine(inventory, plant_id)
                self._examined[plant_id] = now
                self._account.store.delay_save(SECTION, self._as_json)
            self._show(inventory, plant_id)

    async def async_examine(self, inventory: Inventory, plant_id: str) -> None:
        """Look at the hours since the last look, and again at those that were odd."""
        counters = {
            each.statistic_id: each
            for each in plant_counters(self._hass, self._account, inventory, plant_id)
        }
        known = [
            each.start for found in self.findings(plant_id).values() for each in found
        ]
        since = min([self._examined.get(plant_id, 0.0), *known]) - OVERLAP
        metadata = await recorder.async_metadata(self._hass, counters.keys())
        rows = await recorder.async_rows(self._hass, metadata.keys(), max(0.0, since))
        found: dict[str, list[Finding]] = {}
        for key, hours in rows.items():
            counter = counters[key]
            watts = bound(counter.slot.quantity, counter.owner_id, inventory)
            accepted = self._accepted.get(plant_id, set())
            if odd := [
                each
                for each in examine(hours, watts or UNRATED)
                if (key, each.start) not in accepted
            ]:
                found[key] = odd
        self._findings[plant_id] = found

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
        self._account.store.delay_save(SECTION, self._as_json)
        self._show(inventory, plant_id)

    def accept(self, inventory: Inventory, plant_id: str) -> None:
        """Leave the findings in the statistics, and never name them again."""
        self._accepted.setdefault(plant_id, set()).update(
            (key, each.start)
            for key, found in self.findings(plant_id).items()
            for each in found
        )
        self._findings[plant_id] = {}
        self._account.store.delay_save(SECTION, self._as_json)
        self._show(inventory, plant_id)

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
        """Take the repairs back."""
        for plant_id in self._findings:
            ir.async_delete_issue(
                self._hass, DOMAIN, plant_issue_id(KEY, self._entry_id, plant_id)
            )

    def _as_json(self) -> Json:
        return {
            plant_id: {
                "examined": at,
                "findings": [
                    [key, each.start, each.excess]
                    for key, found in self.findings(plant_id).items()
                    for each in found
                ],
                "accepted": [
                    [key, start]
                    for key, start in sorted(self._accepted.get(plant_id, ()))
                ],
            }
            for plant_id, at in self._examined.items()
        }

    def _restore(self, stored: Json) -> None:
        for plant_id, kept in stored.items() if isinstance(stored, dict) else ():
            match kept:
                case {
                    "examined": float() | int() as at,
                    "findings": list(rows),
                    "accepted": list(accepted),
                }:
                    self._examined[plant_id] = float(at)
                case _:
                    continue
            self._accepted[plant_id] = {
                (str(pair[0]), float(pair[1]))
                for pair in accepted
                if isinstance(pair, list)
                and len(pair) == 2
                and isinstance(pair[1], int | float)
            }
            found = self._findings.setdefault(plant_id, {})
            for row in rows:
                match row:
                    case [
                        str(key),
                        float() | int() as start,
                        float() | int() as excess,
                    ]:
                        found.setdefault(key, []).append(
                            Finding(float(start), float(excess))
                        )
