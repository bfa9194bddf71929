"""The past of a Sungrow account: minutes of the last days, and days of the last years; never today (sungrow.md §4.6, §4.7).

Both are asked in the plant's local time. Three hours of minutes fit into one call, so that only days in question are read that finely;
what lies further back comes as days, a hundred in one call.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from ..history import HistoryLimits, PastEnergies, PastEnergy, PastWindow
from ..model import Inventory, Plant, Quantity as Q, Reading
from ..points import number
from ..storage import Json
from ..timestamps import midnight
from .api import Operation
from .points import DEVICE_TYPES, HYBRID_TYPE, PLANT_POINTS, PLANT_TYPE, DeviceType
from .poller import SungrowPoller
from .session import HISTORY_BUCKET, SungrowSession
from .timestamps import parse_time

LIMITS: Final = HistoryLimits(
    readings=timedelta(days=10),
    window=timedelta(hours=3),
    energies=timedelta(days=5 * 365),
)
MOST_POINTS: Final = 50
DAYS_AT_ONCE: Final = 100
PEAK: Final = "2"
"""The highest value of a daily counter is what the day brought."""

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
                "points": ",".join(_points(kind)),
                "start_time_stamp": f"{window.start:%Y%m%d%H%M%S}",
                "end_time_stamp": f"{window.end:%Y%m%d%H%M%S}",
                "minute_interval": str(minutes),
            },
            HISTORY_BUCKET,
        )
        return {
            owner: [
                self._poller.past_reading(owner, inventory, kind, row, at)
                for at, row in _rows(result, key, window.start.tzinfo)
            ]
            for key, owner in keys.items()
        }

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the finished days before ``end``."""
        last = (end - timedelta(seconds=1)).date()
        first = last - timedelta(days=DAYS_AT_ONCE - 1)
        keys = [
            device.address["ps_key"]
            for device in sorted(
                inventory.devices_of(plant.id), key=lambda each: each.id
            )
            if device.address.get("type") == str(HYBRID_TYPE)
        ]
        table = HYBRID_DAYS if keys else PLANT_DAYS
        operation, ids = Operation.DEVICE_DAYS, "ps_key_list"
        if not keys:
            operation = Operation.PLANT_DAYS
            keys = [f"{plant.id}_{PLANT_TYPE}_0_0"]
            if self._session.api_version.bearer:
                ids, keys = "ps_id_list", [plant.id]
        result = await self._session.call(
            operation,
            {
                ids: [*keys],
                "data_point": ",".join(table),
                "data_type": PEAK,
                "query_type": "day" if self._session.api_version.bearer else "1",
                "start_time": f"{first:%Y%m%d}",
                "end_time": f"{last:%Y%m%d}",
                "order": "0",
            },
            HISTORY_BUCKET,
        )
        days: dict[date, dict[Q, float]] = {}
        for key in keys:
            for day, quantity, kwh in _days(result, key, table):
                values = days.setdefault(day, {})
                if quantity not in values or quantity not in SHARED:
                    values[quantity] = values.get(quantity, 0.0) + kwh
        return PastEnergies(
            [PastEnergy.of_day(day, end.tzinfo, days[day]) for day in sorted(days)],
            midnight(first, end.tzinfo),
        )


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


def _points(kind: DeviceType) -> list[str]:
    """Name the points to ask for: the lifetime counters first, for a call takes only so many."""
    rows = sorted(kind.table.points, key=lambda point: not point.quantity.is_counter)
    return list(dict.fromkeys(point.field for point in rows))[:MOST_POINTS]


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


def _days(
    result: Json, key: str, table: Mapping[str, Q]
) -> Iterator[tuple[date, Q, float]]:
    points = result.get(key) if isinstance(result, dict) else None
    for name, listed in points.items() if isinstance(points, dict) else ():
        for row in listed if name in table and isinstance(listed, list) else ():
            if not isinstance(row, dict):
                continue
            day = parse_time(f"{row.get('time_stamp')}000000")
            value = number(row.get(PEAK))
            if day is not None and value is not None and value >= 0:
                yield day.date(), table[name], value / 1000
