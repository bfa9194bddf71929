"""The past of a Sungrow account: minutes of the last days, and days of the last years; never today (sungrow.md §4.6, §4.7).

Both are asked in the plant's local time. Three hours of minutes fit into one call, so that only days in question are read that finely;
what lies further back comes as days, a hundred in one call.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
import time
from typing import Final, NamedTuple

from ..history import (
    PLANT_LIFE,
    HistoryLimits,
    Interval,
    PastEnergies,
    PastEnergy,
    PastWindow,
)
from ..model import Device, Inventory, Plant, Quantity as Q, Reading, Unit
from ..points import number
from ..storage import Json
from .api import Operation
from .limits import HISTORY_BUCKET
from .points import DEVICE_TYPES, HYBRID_TYPE, PLANT_POINTS, PLANT_TYPE, DeviceType
from .poller import SungrowPoller
from .session import SungrowSession
from .timestamps import parse_time

LIMITS: Final = HistoryLimits(
    readings=timedelta(days=10),
    window=timedelta(hours=3),
    energies=timedelta(days=5 * 365),
)
MOST_POINTS: Final = 50


class SungrowReport(NamedTuple):
    """How the totals of days, months or years are asked for (sungrow.md §4.7)."""

    number: str
    """What V1 calls it."""
    at_once: int
    """How many one call returns."""
    value: str
    """Which of a counter's values: the peak of a day, which is what it brought; the total of the days of a month or year."""
    style: str
    rest: str
    """What a row's time lacks of a moment."""


REPORTS: Final[Mapping[Interval, SungrowReport]] = {
    Interval.DAY: SungrowReport("1", 100, "2", "%Y%m%d", "000000"),
    Interval.MONTH: SungrowReport("2", 24, "4", "%Y%m", "01000000"),
    Interval.YEAR: SungrowReport("3", 5, "4", "%Y", "0101000000"),
}
REACH: Final[Mapping[Interval, timedelta]] = {
    Interval.DAY: LIMITS.energies,
    Interval.MONTH: PLANT_LIFE,
    Interval.YEAR: PLANT_LIFE,
}
"""How far back they go; a limit is not documented."""

PLANT_DAYS: Final[Mapping[str, Q]] = {
    "p83022": Q.PV_ENERGY_TOTAL,
    "p83102": Q.GRID_IMPORT_ENERGY_TOTAL,
    "p83072": Q.GRID_EXPORT_ENERGY_TOTAL,
    "p83118": Q.LOAD_ENERGY_TOTAL,
    "p83243": Q.BATTERY_CHARGE_ENERGY_TOTAL,
    "p83244": Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
}
"""Daily counters of a plant, in Wh (sungrow.md §5.4)."""
HYBRID_DAYS: Final[Mapping[str, Q]] = {
    "p13112": Q.PV_ENERGY_TOTAL,
    "p13147": Q.GRID_IMPORT_ENERGY_TOTAL,
    "p13122": Q.GRID_EXPORT_ENERGY_TOTAL,
    "p13199": Q.LOAD_ENERGY_TOTAL,
    "p13028": Q.BATTERY_CHARGE_ENERGY_TOTAL,
    "p13029": Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
}
"""The same of a hybrid inverter (sungrow.md §5.6); the grid is the same for all of a plant."""
SHARED: Final = frozenset(
    {Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TOTAL, Q.LOAD_ENERGY_TOTAL}
)


class SungrowHistory:
    """Reads the past with the tables of the present."""

    limits = LIMITS

    def __init__(self, session: SungrowSession, poller: SungrowPoller) -> None:
        """Read through ``session``; ``poller`` knows the plants' time zones and points."""
        self._session: Final = session
        self._poller: Final = poller

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return the plant's last midnight: the current day is never returned."""
        offset = self._poller.offset(plant.id) or timedelta()
        local = now.replace(tzinfo=None) + offset
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return now - (local - midnight)

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Group by plant, whose local time is asked for, and by type."""
        groups: dict[tuple[str, str], list[str]] = {}
        for owner in sorted(owners):
            if (device := inventory.devices.get(owner)) is not None:
                kind, plant_id = device.address.get("type", ""), device.plant_id
                if not kind.isdecimal() or int(kind) not in DEVICE_TYPES:
                    continue
            elif owner in inventory.plants:
                kind, plant_id = str(PLANT_TYPE), owner
            else:
                continue
            groups.setdefault((plant_id, kind), []).append(owner)
        return [tuple(group) for group in groups.values()]

    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> dict[str, list[Reading]]:
        """Return the minutes of up to three hours."""
        first = inventory.devices.get(batch[0])
        kind = (
            PLANT_POINTS if first is None else DEVICE_TYPES[int(first.address["type"])]
        )
        keys = _keys(
            batch, inventory, plain=first is None and self._session.api_version.bearer
        )
        operation = (
            Operation.PLANT_MINUTES if first is None else Operation.DEVICE_MINUTES
        )
        ids = (
            "ps_id_list"
            if operation is Operation.PLANT_MINUTES and self._session.api_version.bearer
            else "ps_key_list"
        )
        minutes = max(5, int(window.step.total_seconds() // 300) * 5)
        result = await self._session.call(
            operation,
            {
                ids: [*keys],
                "points": ",".join(_points(kind, window)),
                "start_time_stamp": f"{window.start:%Y%m%d%H%M%S}",
                "end_time_stamp": f"{window.end:%Y%m%d%H%M%S}",
                "minute_interval": str(minutes),
            },
            HISTORY_BUCKET,
        )
        return {
            owner: [
                self._poller.past_reading(
                    owner, inventory, kind, row, at, window.points
                )
                for at, row in _rows(result, key, window.start.tzinfo)
            ]
            for key, owner in keys.items()
        }

    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Return days, months and years of plants, and of devices that count by the day."""
        counts = owner in inventory.plants or (
            owner in inventory.devices and _days_of(inventory.devices[owner])
        )
        return REACH if counts else {}

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the finished days before ``end``."""
        return await self.totals(plant.id, inventory, Interval.DAY, end)

    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return finished days, months or years.

        Whether the sum of a running month or year is told, and up to when, is not known (sungrow.md §4.7): it is left out.
        """
        report = REPORTS[interval]
        zone = end.tzinfo
        last = interval.begin(end - timedelta(seconds=1))
        first = last
        for _ in range(report.at_once - 1):
            first = interval.begin(first - timedelta(days=1))
        devices, table = self._counted(owner, inventory)
        keys = [device.address["ps_key"] for device in devices]
        operation, ids = Operation.DEVICE_DAYS, "ps_key_list"
        if not devices:
            operation = Operation.PLANT_DAYS
            keys = [f"{owner}_{PLANT_TYPE}_0_0"]
            if self._session.api_version.bearer:
                ids, keys = "ps_id_list", [owner]
        result = await self._session.call(
            operation,
            {
                ids: [*keys],
                "data_point": ",".join(table),
                "data_type": report.value,
                "query_type": interval.value
                if self._session.api_version.bearer
                else report.number,
                "start_time": f"{first:{report.style}}",
                "end_time": f"{last:{report.style}}",
                "order": "0",
            },
            HISTORY_BUCKET,
        )
        running = interval.begin(datetime.fromtimestamp(time.time(), zone))
        found: dict[date, dict[Q, float]] = {}
        for key in keys:
            for day, told in _told(result, key, table, report).items():
                values = found.setdefault(day, {})
                for quantity, kwh in told.items():
                    if quantity not in values or quantity not in SHARED:
                        values[quantity] = values.get(quantity, 0.0) + kwh
        return PastEnergies(
            [
                PastEnergy.of(day, zone, found[day], interval)
                for day in sorted(found)
                if day < running.date()
            ],
            first.timestamp(),
            running.timestamp(),
        )

    def _counted(
        self, owner: str, inventory: Inventory
    ) -> tuple[list[Device], Mapping[str, Q]]:
        """Return the devices that count for a plant or device, none for a plant that counts itself, and by which points."""
        if (device := inventory.devices.get(owner)) is not None:
            return [device], _days_of(device)
        hybrids = [
            device
            for device in sorted(inventory.devices_of(owner), key=lambda each: each.id)
            if device.address.get("type") == str(HYBRID_TYPE)
        ]
        return hybrids, HYBRID_DAYS if hybrids else PLANT_DAYS


def _days_of(device: Device) -> Mapping[str, Q]:
    """Return the daily counters of a device, in Wh, by what they add to."""
    kind = device.address.get("type", "")
    if kind == str(HYBRID_TYPE):
        return HYBRID_DAYS
    if not kind.isdecimal() or int(kind) not in DEVICE_TYPES:
        return {}
    return {
        point.field: total
        for point in DEVICE_TYPES[int(kind)].table.points
        if point.unit is Unit.WATT_HOUR and (total := point.quantity.lifetime)
    }


def _keys(batch: Sequence[str], inventory: Inventory, *, plain: bool) -> dict[str, str]:
    """Return our ids by the vendor's."""
    return {
        (
            inventory.devices[owner].address["ps_key"]
            if owner in inventory.devices
            else owner
            if plain
            else f"{owner}_{PLANT_TYPE}_0_0"
        ): owner
        for owner in batch
    }


def _points(kind: DeviceType, window: PastWindow) -> list[str]:
    """Name the points to ask for: those that are wanted, then the lifetime counters, for a call takes only so many."""
    rows = sorted(
        kind.table.points,
        key=lambda point: (
            point.slot not in window.slots,
            not point.quantity.is_counter,
        ),
    )
    fields = (*(f"p{each}" for each in window.points), *(point.field for point in rows))
    return list(dict.fromkeys(fields))[:MOST_POINTS]


def _rows(
    result: Json, key: str, zone: tzinfo | None
) -> Iterator[tuple[datetime, dict[str, Json]]]:
    """Yield the rows of one plant or device; where clocks go back an hour, time goes on."""
    listed = result.get(key) if isinstance(result, dict) else None
    before: datetime | None = None
    for row in listed if isinstance(listed, list) else ():
        if not isinstance(row, dict):
            continue
        if (local := parse_time(row.get("time_stamp"))) is None:
            continue
        at = local.replace(tzinfo=zone)
        if before is not None and at.timestamp() <= before.timestamp():
            at = at.replace(fold=1)
        before = at
        yield at, row


def _told(
    result: Json, key: str, table: Mapping[str, Q], report: SungrowReport
) -> dict[date, dict[Q, float]]:
    """Read the rows of one plant or device, by the first day of their intervals; the first of several points for one energy is the best."""
    points = result.get(key) if isinstance(result, dict) else None
    found: dict[date, dict[Q, float]] = {}
    if not isinstance(points, dict):
        return found
    for name in table:
        listed = points.get(name)
        for row in listed if isinstance(listed, list) else ():
            if not isinstance(row, dict):
                continue
            day = parse_time(f"{row.get('time_stamp')}{report.rest}")
            value = number(row.get(report.value))
            if day is not None and value is not None and value >= 0:
                found.setdefault(day.date(), {}).setdefault(table[name], value / 1000)
    return found
