"""The past of a FusionSolar account: devices every five minutes, and plants by the hour.

The interfaces with a daily limit let one call a minute pass and about 25 a day, so that what is fetched is chosen: devices over three
days at once for the hours of an outage, the hours of one day at once for what lies further back.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ..history import HistoryLimits, PastEnergies, PastEnergy, PastWindow
from ..model import Inventory, Plant, Quantity as Q, Reading, Slot
from ..points import decode, number, text
from ..storage import Json
from . import models
from .api import milliseconds, rows
from .decoder import FusionSolarDecoder
from .inventory import FusionSolarInventory
from .limits import DEVICE_PAST, PLANT_HOURS
from .points import REPORT
from .session import FusionSolarSession

LIMITS: Final = HistoryLimits(
    readings=timedelta(days=10),
    window=timedelta(days=3),
    energies=timedelta(days=2 * 365),
)
LAG: Final = timedelta(minutes=15)
"""Uploads show in the past a little later than live."""
AT_ONCE: Final = 10
"""Devices per call (30031)."""
HOUR: Final = 3600.0
LIFETIMES: Final[Mapping[Q, Q]] = {
    Q.PV_ENERGY_TODAY: Q.PV_ENERGY_TOTAL,
    Q.GRID_IMPORT_ENERGY_TODAY: Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.GRID_EXPORT_ENERGY_TODAY: Q.GRID_EXPORT_ENERGY_TOTAL,
    Q.BATTERY_CHARGE_ENERGY_TODAY: Q.BATTERY_CHARGE_ENERGY_TOTAL,
    Q.BATTERY_DISCHARGE_ENERGY_TODAY: Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
    Q.LOAD_ENERGY_TODAY: Q.LOAD_ENERGY_TOTAL,
}
"""What an energy of a report adds to."""


class FusionSolarHistory:
    """Reads the past with the tables of the present."""

    limits = LIMITS

    def __init__(
        self,
        session: FusionSolarSession,
        lists: FusionSolarInventory,
        decoder: FusionSolarDecoder,
    ) -> None:
        """Read through ``session`` the devices of ``lists``."""
        self._session: Final = session
        self._lists: Final = lists
        self._decoder: Final = decoder

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return the instant up to which the past is complete."""
        return now - LAG

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Pack devices of one type, ten to a call; plants have reports only."""
        types: dict[int, list[str]] = {}
        for owner in sorted(owners):
            row = self._lists.device(owner)
            if row is not None and row.type in models.READABLE:
                types.setdefault(row.type, []).append(owner)
        return [
            tuple(members[start : start + AT_ONCE])
            for _, members in sorted(types.items())
            for start in range(0, len(members), AT_ONCE)
        ]

    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> dict[str, list[Reading]]:
        """Return the five minutes of up to three days."""
        known = {
            row.id: (owner, row)
            for owner in batch
            if (row := self._lists.device(owner)) is not None
        }
        found: dict[str, list[Reading]] = {owner: [] for owner in batch}
        if not known:
            return found
        answer = await self._session.send(
            DEVICE_PAST,
            {
                "devIds": ",".join(known),
                "devTypeId": next(iter(known.values()))[1].type,
                "startTime": milliseconds(window.start.timestamp()),
                "endTime": milliseconds(window.end.timestamp()),
            },
        )
        for fields in rows(answer):
            at = number(fields.get("collectTime"))
            items = fields.get("dataItemMap")
            device_id = text(fields.get("devId")) or ""
            if at is None or not isinstance(items, dict) or device_id not in known:
                continue
            owner, row = known[device_id]
            reading = self._decoder.decode(owner, row, items)
            if isinstance(reading, Reading):
                moment = datetime.fromtimestamp(at / 1000, window.start.tzinfo)
                found[owner].append(Reading(moment, reading.values, reading.unknown))
        for readings in found.values():
            readings.sort(key=lambda each: each.measured_at or window.start)
        return found

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the hours of the day in which ``end`` lies, or that ends with it."""
        last = end - timedelta(seconds=1)
        midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
        answer = await self._session.send(
            PLANT_HOURS,
            {"stationCodes": plant.id, "collectTime": milliseconds(last.timestamp())},
        )
        stored = any(each.kind == "battery" for each in inventory.devices_of(plant.id))
        hours = []
        for row in rows(answer):
            at, items = number(row.get("collectTime")), row.get("dataItemMap")
            if at is None or text(row.get("stationCode")) != plant.id:
                continue
            if isinstance(items, dict):
                start = at / 1000
                hours.append(PastEnergy(start, start + HOUR, _energies(items, stored)))
        hours.sort(key=lambda hour: hour.start)
        return PastEnergies(hours, midnight.timestamp())


def _energies(items: Mapping[str, Json], stored: bool) -> dict[Q, float]:
    """Read the energies of one hour; without a battery the inverters' yield is that of the sun."""
    values = decode(REPORT, items).values
    if not stored and (yielded := values.get(Slot(Q.AC_ENERGY_TODAY))) is not None:
        values.setdefault(Slot(Q.PV_ENERGY_TODAY), yielded)
    return {
        LIFETIMES[slot.quantity]: value
        for slot, value in values.items()
        if slot.quantity in LIFETIMES and isinstance(value, float) and value >= 0
    }
