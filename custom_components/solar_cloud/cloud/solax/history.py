"""The past of a SolaX account: the uploads of half a day in one call, one serial at a time.

Several serials in one call share the rows of one (failures.md E50), longer windows are refused (E51), and only the last year is kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from ..history import HistoryLimits, Interval, PastEnergies, PastEnergy, PastWindow
from ..model import Device, DeviceKind, Inventory, Plant, Quantity as Q, Reading
from ..timestamps import YEARS
from .api import DEVICE_HISTORY, STATISTICS, SolaxRow, rows
from .battery_discovery import BY_BATTERY, battery_params
from .decoder import SolaxDecoder
from .limits import HISTORY
from .session import SolaxSession
from .timestamps import moment, stamp

LIMITS: Final = HistoryLimits(
    readings=timedelta(days=364),
    window=timedelta(hours=12),
    energies=timedelta(days=364),
)
INTERVALS: Final = (5, 10, 15, 30, 60)
"""Minutes between rows the cloud can give."""
BY: Final[Mapping[Interval, tuple[int, str]]] = {
    Interval.DAY: (2, "%Y-%m"),
    Interval.MONTH: (1, "%Y"),
}
"""What a report is asked by: the days of a month, the months of a year [doc: Statistics]. There is none of years."""
REPORTED: Final = (
    ("pvGeneration", Q.PV_ENERGY_TOTAL),
    ("inverterACOutputEnergy", Q.AC_ENERGY_TOTAL),
    ("importEnergy", Q.GRID_IMPORT_ENERGY_TOTAL),
    ("exportEnergy", Q.GRID_EXPORT_ENERGY_TOTAL),
    ("batteryCharged", Q.BATTERY_CHARGE_ENERGY_TOTAL),
    ("batteryDischarged", Q.BATTERY_DISCHARGE_ENERGY_TOTAL),
    ("loadConsumption", Q.LOAD_ENERGY_TOTAL),
)
"""kWh of a day or month [doc: Statistics]."""
MOST_A_DAY: Final = 24 * 1000.0
"""kWh; beyond it a report is wrong rather than the plant large [guess]."""
MOST_A_MONTH: Final = 31 * MOST_A_DAY


class SolaxHistory:
    """Reads the past with the same tables as the present."""

    limits = LIMITS

    def __init__(self, session: SolaxSession, decoder: SolaxDecoder) -> None:
        """Read through ``session``, and decode as in a poll."""
        self._session: Final = session
        self._decoder: Final = decoder

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return now: an upload is in the past as soon as it is live."""
        return now

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Ask for each device alone; plants and energy managers have no history."""
        return [
            (owner,)
            for owner in sorted(owners)
            if (device := inventory.devices.get(owner)) is not None
            and device.kind is not DeviceKind.ENERGY_MANAGER
            and device.address.get("device_type")
        ]

    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> Mapping[str, Sequence[Reading]]:
        """Return a device's uploads of at most twelve hours."""
        return {
            device_id: await self._uploads(inventory.devices[device_id], window)
            for device_id in batch
        }

    async def _uploads(self, device: Device, window: PastWindow) -> list[Reading]:
        minutes = window.step.total_seconds() / 60
        interval = max((each for each in INTERVALS if each <= minutes), default=5)
        result = await self._session.call(
            DEVICE_HISTORY,
            params={
                **address_of(device),
                "startTime": str(int(window.start.timestamp() * 1000)),
                "endTime": str(int(window.end.timestamp() * 1000)),
                "timeInterval": str(interval),
            },
            bucket=HISTORY,
        )
        return [
            self._decoder.device(device, row, measured_at, window.points)
            for row in rows(result)
            if (measured_at := _measured_at(row)) is not None
        ]

    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Return days and months of plants; devices have no reports."""
        return dict.fromkeys(BY, LIMITS.energies) if owner in inventory.plants else {}

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the days of the month in which ``end`` lies, or that ends with it."""
        return await self.totals(plant.id, inventory, Interval.DAY, end)

    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return the days of a month or the months of a year."""
        last, kind = end - timedelta(seconds=1), BY[interval]
        result = await self._session.call(
            STATISTICS,
            body={
                "plantId": owner,
                "dateType": kind[0],
                "date": f"{last:{kind[1]}}",
                "businessType": int(inventory.plants[owner].address["business_type"]),
            },
            bucket=HISTORY,
        )
        listed = (
            rows(result.get("plantEnergyStatDataList"))
            if isinstance(result, dict)
            else []
        )
        whole = Interval.MONTH if interval is Interval.DAY else Interval.YEAR
        return PastEnergies(
            list(_periods(listed, end.tzinfo, interval)), whole.begin(last).timestamp()
        )


def address_of(device: Device) -> Mapping[str, str]:
    """Name a device as its realtime call does."""
    address = device.address
    if sn_type := address.get("sn_type"):
        name = "battery_sn" if sn_type == BY_BATTERY else "sn"
        return battery_params(address["business_type"], [address[name]], sn_type)
    return {
        "snList": address["sn"],
        "deviceType": address["device_type"],
        "businessType": address["business_type"],
    }


def _measured_at(row: SolaxRow) -> datetime | None:
    at = stamp(row.text("dataTime", "utcTime"))
    return None if at is None else moment(at)


def _periods(
    listed: Sequence[SolaxRow], zone: tzinfo | None, interval: Interval
) -> Iterator[PastEnergy]:
    """Read the rows of a report; one that is out of bounds says nothing (solax.md §3.8: 678 kWh in a home's day)."""
    behind, most = (
        ("", MOST_A_DAY) if interval is Interval.DAY else ("-01", MOST_A_MONTH)
    )
    for row in listed:
        try:
            day = date.fromisoformat(f"{row.text('date')}{behind}")
        except ValueError:
            continue
        if day.year not in YEARS:
            continue
        values = {
            role: value
            for name, role in REPORTED
            if (value := row.number(name)) is not None and 0 <= value <= most
        }
        if (earned := row.number("earnings") or 0.0) > 0:  # 0 without a tariff
            values[Q.INCOME_TOTAL] = earned
        yield PastEnergy.of(day, zone, values, interval)
