"""Give the Energy Dashboard a past, so that a new demo shows more than its first minutes.

The hours before the account was added come from the emulated world itself and are
imported as statistics. The recorder starts its own sums at zero; once it has its first
row, that is lifted so that the two join without a step.
"""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Final

from tests.emulators.world import Site

from .client import Client, Json
from .wait import eventually

_DAYS: Final = 14
# The recorder writes its first rows at the next full five minutes.
_FIRST_ROWS_SECONDS: Final = 330
_HOUR: Final = timedelta(hours=1)


def _counters(site: Site, at: datetime) -> dict[str, float]:
    """Return the site's lifetime energies by quantity."""
    truth = site.truth(at)
    return {
        "pv_energy_total": truth.pv,
        "grid_import_energy_total": truth.grid_import,
        "grid_export_energy_total": truth.grid_export,
        "battery_charge_energy_total": truth.battery_charge,
        "battery_discharge_energy_total": truth.battery_discharge,
        "charger_energy_total": truth.charger,
    }


def _metadata(entity_id: str) -> Json:
    return {
        "statistic_id": entity_id,
        "source": "recorder",
        "name": None,
        "has_sum": True,
        "mean_type": 0,
        "unit_class": "energy",
        "unit_of_measurement": "kWh",
    }


class Past:
    """The imported hours of a set of counters, and whether they are joined yet."""

    def __init__(self, client: Client, note: Path) -> None:
        """Import by a client; a note keeps what is left to join over a restart."""
        self._client = client
        self._note = note

    async def write(self, site: Site, entities: dict[str, str]) -> None:
        """Import the hours up to now for entities by quantity."""
        states = await self._client.states()
        # What an entity shows is what its device uploaded last.
        uploads = [site.last_upload(device) for device in site.dongles]
        shown_at = datetime.fromtimestamp(max(filter(None, uploads)), UTC)
        shown = _counters(site, shown_at)
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        ends = [now - _HOUR * back for back in reversed(range(_DAYS * 24))]
        past = [(end, _counters(site, end)) for end in ends]
        seams = {}
        for quantity, entity_id in entities.items():
            offset = float(states[entity_id]) - shown[quantity]
            first = past[0][1][quantity]
            rows = [
                {
                    "start": (end - _HOUR).isoformat(),
                    "state": round(counters[quantity] + offset, 2),
                    "sum": round(counters[quantity] - first, 2),
                }
                for end, counters in past
            ]
            await self._client.command(
                "recorder/import_statistics",
                metadata=_metadata(entity_id),
                stats=rows,
            )
            seams[entity_id] = rows[-1]
        self._note.write_text(json.dumps(seams))
        await eventually(
            lambda: self._rows(list(seams), "hour", now - _HOUR), "the imported hours"
        )

    async def _rows(
        self, entities: list[str], period: str, since: datetime
    ) -> dict[str, list[Json]] | None:
        """Return statistics of each entity once all have some."""
        rows: dict[str, list[Json]] = await self._client.command(
            "recorder/statistics_during_period",
            start_time=since.isoformat(),
            period=period,
            statistic_ids=entities,
            types=["state", "sum"],
        )
        return rows if len(rows) == len(entities) else None

    async def join(self) -> None:
        """Wait for the recorder's first rows and let its sums go on from the past."""
        if not self._note.exists():
            return
        seams: dict[str, Json] = json.loads(self._note.read_text())
        day_ago = datetime.now(UTC) - timedelta(days=1)
        rows = await eventually(
            lambda: self._rows(list(seams), "5minute", day_ago),
            "the recorder's first statistics",
            within=_FIRST_ROWS_SECONDS,
        )
        for entity_id, seam in seams.items():
            row = rows[entity_id][0]
            wanted = seam["sum"] + row["state"] - seam["state"]
            await self._client.command(
                "recorder/adjust_sum_statistics",
                statistic_id=entity_id,
                start_time=datetime.fromtimestamp(row["start"] / 1000, UTC).isoformat(),
                adjustment=wanted - row["sum"],
                adjustment_unit_of_measurement="kWh",
            )
        self._note.unlink()
