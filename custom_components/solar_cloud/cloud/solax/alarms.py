"""A plant's alarms: those that go on, one page a poll, and those that are over (solax.md §3.9)."""

from collections.abc import Iterator, Mapping
from typing import Final

from ..alarms import OpenAlarms, PastAlarms, Pause, read_partly
from ..model import Alarm, AlarmLevel, DeviceKind, Inventory, Plant
from ..paging import Page
from ..storage import Json, Storage
from ..vendor import fingerprint
from .api import ALARMS, SolaxRow, rows
from .limits import HISTORY
from .session import SolaxSession
from .timestamps import TimestampReader

LEVELS: Final[Mapping[int, AlarmLevel]] = {}
"""``alarmLevel`` 1 to 5: which end is worse is not stated (solax.md §12 O17), so none is called bad or harmless."""
CLOSED: Final = 0
MOST_PAGES: Final = 10
PAGE_SIZE: Final = "100"


def alarm_params(plant: Plant, page: int, *, ongoing: bool) -> dict[str, str]:
    """Return the request for one page of a plant's alarms."""
    state = {"alarmState": "1"} if ongoing else {}
    return {
        "plantId": plant.id,
        "businessType": plant.address["business_type"],
        **state,
        "pageNo": str(page),
        "size": PAGE_SIZE,
    }


class SolaxAlarms:
    """Reads the alarms of an account's plants."""

    def __init__(
        self, session: SolaxSession, storage: Storage, timestamps: TimestampReader
    ) -> None:
        """Take up what was open; ``timestamps`` knows the plants' offsets from UTC."""
        self.open: Final = OpenAlarms(storage)
        self._session: Final = session
        self._timestamps: Final = timestamps
        self._gathered: Final[dict[str, list[SolaxRow]]] = {}
        self._pages: Final[dict[str, int]] = {}

    def page(self, plant_id: str) -> int:
        """Return the page to ask for next."""
        return self._pages.get(plant_id, 1)

    def begin(self, plant_id: str) -> None:
        """Begin with the first page again."""
        self._pages.pop(plant_id, None)
        self._gathered.pop(plant_id, None)

    def take(self, plant_id: str, result: Json, wanted: Inventory) -> bool:
        """Take in a page; whether it is the last one."""
        number, earlier = self.page(plant_id), self._gathered.get(plant_id, [])
        gathered = [*earlier, *rows(result)]
        told = SolaxRow.of(result) if isinstance(result, dict) else None
        pages = (told.whole("pages") if told else None) or 1
        if number < min(pages, MOST_PAGES):
            self._pages[plant_id] = number + 1
            self._gathered[plant_id] = gathered
            return False
        self.begin(plant_id)
        listed = [self._alarm(row, plant_id, wanted) for row in gathered]
        unique = {alarm.id for alarm in listed}
        total = told.whole("total") if told else None
        # A row that comes twice on several pages stands where another one is missing.
        doubtful = number > 1 and len(unique) < len(listed)
        complete = told is not None and not doubtful and len(listed) >= (total or 0)
        ongoing = [
            alarm
            for alarm, row in zip(listed, gathered, strict=True)
            if row.whole("alarmState") != CLOSED and row.text("alarmEndTime") is None
        ]
        self.open.take(plant_id, ongoing, complete=complete)
        return True

    async def past(
        self,
        plant_id: str,
        inventory: Inventory,
        span: tuple[float, float],
        pause: Pause,
    ) -> PastAlarms:
        """Return what was raised within a span; the cloud takes no dates, so that all pages are read."""
        plant = inventory.plants[plant_id]

        async def read(number: int) -> Page[SolaxRow]:
            params = alarm_params(plant, number, ongoing=False)
            result = await self._session.call(ALARMS, params=params, bucket=HISTORY)
            told = SolaxRow.of(result if isinstance(result, dict) else {})
            return Page(rows(result), told.whole("pages") or number)

        listed, stopped_by = await read_partly(read, pause)
        found = {
            alarm.id: alarm
            for row in listed
            # Of one whose time nobody can tell nobody can say that it was not then.
            if (alarm := self._alarm(row, plant_id, inventory)).raised is None
            or span[0] <= alarm.raised <= span[1]
        }
        return PastAlarms(tuple(found.values()), stopped_by)

    def _alarm(self, row: SolaxRow, plant_id: str, wanted: Inventory) -> Alarm:
        name, code = row.text("alarmName"), row.text("errorCode")
        level = row.whole("alarmLevel")
        serial, began = row.text("deviceSn") or "", row.text("alarmStartTime")
        return Alarm(
            id=fingerprint(serial.upper(), code or name or "", began or ""),
            name=name or code or "SolaX",
            code=code,
            level=None if level is None else LEVELS.get(level),
            vendor_level=row.text("alarmLevel"),
            cause=row.text("alarmCause"),
            advice=row.text("handleSuggestion"),
            raised=self._timestamps.alarm_time(plant_id, began),
            cleared=self._timestamps.alarm_time(plant_id, row.text("alarmEndTime")),
            device_id=next(_alarmed(serial, plant_id, wanted), None),
        )


def _alarmed(serial: str, plant_id: str, wanted: Inventory) -> Iterator[str]:
    """Yield the devices with a serial, a battery last: it may stand under its inverter's."""
    mine = wanted.devices_of(plant_id)
    for device in sorted(mine, key=lambda each: each.kind is DeviceKind.BATTERY):
        if serial and serial.upper() in {
            (device.serial or "").upper(),
            device.id.upper(),
        }:
            yield device.id
