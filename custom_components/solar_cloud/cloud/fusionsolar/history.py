"""The past of a FusionSolar account: devices every five minutes, and plants by the hour.

The interfaces with a daily limit let one call a minute pass and about 25 a day, so that what is fetched is chosen: devices over three
days at once for the hours of an outage, the hours of one day at once for what lies further back.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Final, NamedTuple

from ..history import (
    PLANT_LIFE,
    HistoryLimits,
    Interval,
    PastEnergies,
    PastEnergy,
    PastWindow,
)
from ..model import Inventory, Plant, Quantity as Q, Reading, Slot, Value
from ..points import decode, number, text
from ..quota import in_background
from ..storage import Json
from ..timestamps import instant
from . import models
from .api import milliseconds, rows
from .decoder import FusionSolarDecoder
from .inventory import FusionSolarInventory
from .limits import (
    DEVICE_DAY,
    DEVICE_MONTH,
    DEVICE_PAST,
    DEVICE_YEAR,
    PLANT_DAY,
    PLANT_HOURS,
    PLANT_MONTH,
    PLANT_YEAR,
)
from .points import DEVICE_REPORT, REPORT
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
AT_A_STRETCH: Final = 200
"""Rows read before others have their turn: one answer can have thousands."""


class FusionSolarReport(NamedTuple):
    """A report of plants and of devices: what asks for it, how far back it goes, and of which interval one call returns the rows."""

    plants: str
    devices: str | None
    reach: timedelta
    whole: Interval | None
    """``None`` for one that returns all there is."""


REPORTS: Final[Mapping[Interval, FusionSolarReport]] = {
    Interval.HOUR: FusionSolarReport(PLANT_HOURS, None, LIMITS.energies, Interval.DAY),
    Interval.DAY: FusionSolarReport(
        PLANT_DAY, DEVICE_DAY, LIMITS.energies, Interval.MONTH
    ),
    Interval.MONTH: FusionSolarReport(
        PLANT_MONTH, DEVICE_MONTH, PLANT_LIFE, Interval.YEAR
    ),
    Interval.YEAR: FusionSolarReport(PLANT_YEAR, DEVICE_YEAR, PLANT_LIFE, None),
}


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
        for count, fields in enumerate(rows(answer)):
            if count % AT_A_STRETCH == 0:
                await asyncio.sleep(0)
            at = instant(_seconds(fields), window.start.tzinfo)
            items = fields.get("dataItemMap")
            device_id = text(fields.get("devId")) or ""
            if at is None or not isinstance(items, dict) or device_id not in known:
                continue
            owner, row = known[device_id]
            reading = self._decoder.decode(owner, row, items, window.points)
            if isinstance(reading, Reading):
                found[owner].append(replace(reading, measured_at=at))
        for readings in found.values():
            readings.sort(key=lambda each: each.measured_at or window.start)
        return found

    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Return hours to years of plants; days to years of inverters and batteries."""
        row = self._lists.device(owner)
        if row is not None and row.type not in models.REPORTED:
            return {}
        return {
            interval: report.reach
            for interval, report in REPORTS.items()
            if row is None or report.devices
        }

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the hours of the day in which ``end`` lies, or that ends with it."""
        return await self.totals(plant.id, inventory, Interval.HOUR, end)

    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return the hours of a day, the days of a month, the months of a year, or all years."""
        report, last = REPORTS[interval], end - timedelta(seconds=1)
        whole = report.whole
        asked = last if whole is None else min(last, _middle(whole, last))
        moment: dict[str, Json] = {"collectTime": milliseconds(asked.timestamp())}
        row = self._lists.device(owner)
        if row is None:
            key, name, table = owner, "stationCode", REPORT
            bucket, body = report.plants, {"stationCodes": owner, **moment}
        else:
            key, name, table = row.id, "devId", DEVICE_REPORT
            bucket = report.devices or ""
            body = {"devIds": row.id, "devTypeId": row.type, **moment}
        # The report of days is also what tells today: some of its few calls are left to that.
        with in_background() if bucket == PLANT_DAY else nullcontext():
            answer = await self._session.send(bucket, body)
        stored = row is not None or any(
            each.kind == "battery" for each in inventory.devices_of(owner)
        )
        found = [
            PastEnergy(
                begin.timestamp(),
                interval.following(begin).timestamp(),
                _energies(decode(table, items).values, stored),
            )
            for fields in rows(answer)
            if text(fields.get(name)) == key
            and isinstance(items := fields.get("dataItemMap"), dict)
            and (at := instant(_seconds(fields), end.tzinfo))
            and (begin := _nearest(interval, at))
        ]
        found.sort(key=lambda each: each.start)
        return PastEnergies(found, whole.begin(last).timestamp() if whole else -inf)


def _middle(whole: Interval, at: datetime) -> datetime:
    """Return the middle of the day, month or year of an instant.

    A plant's zone may be known as an offset only, which is wrong by an hour for half of the year: there the last second of its day is
    one of the next day to the vendor.
    """
    begin = whole.begin(at)
    return begin + (whole.following(begin) - begin) / 2


def _nearest(interval: Interval, at: datetime) -> datetime:
    """Return the beginning of an interval that is nearest to where the vendor has it, whose midnight may be an hour off."""
    return at if interval is Interval.HOUR else interval.begin(at + timedelta(hours=12))


def _seconds(fields: Mapping[str, Json]) -> float:
    """Return when a row is from, in epoch seconds; 0 where it does not say."""
    return (number(fields.get("collectTime")) or 0.0) / 1000


def _energies(values: Mapping[Slot, Value], stored: bool) -> dict[Q, float]:
    """Return the energies of one row; without a battery the inverters' yield is that of the sun."""
    told = {
        total: value
        for slot, value in values.items()
        if (total := slot.quantity.lifetime) and isinstance(value, float) and value >= 0
    }
    if not stored and Q.AC_ENERGY_TOTAL in told:
        told.setdefault(Q.PV_ENERGY_TOTAL, told[Q.AC_ENERGY_TOTAL])
    return told
