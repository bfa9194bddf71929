"""Alarms of all plants of an account: those that are open, and those of a period (sungrow.md §4.9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re
import time
from typing import Final

from ..access import Refusals
from ..alarms import OpenAlarms, PastAlarms, Pause, nearest_language, read_partly
from ..errors import CloudError
from ..model import Alarm, Inventory
from ..paging import Page
from ..points import number, text
from ..storage import Json, Storage
from ..vendor import fingerprint
from .api import LANGUAGE, Body, Operation
from .errors import RequestRefused
from .inventory import Row
from .limits import HISTORY_BUCKET
from .session import BUCKET, PAGE_SIZE, SungrowSession, page_of
from .states import ALARM_TYPES, BYPASS, FAULT_FAMILIES, FAULTS
from .timestamps import PlantClocks

OPEN: Final = "8"
OPEN_AND_CLOSED: Final = "999"
CLOSED: Final = 9
SPANS: Final = (timedelta(days=365), timedelta(days=30))
"""Without dates the server lists the current month only, and on the 1st forgets what began before (sungrow.md §7.2 #17). How long a span
may be is not stated: a refused one is shortened, in the end to no dates at all."""
DAY: Final = timedelta(days=1)
FARTHEST: Final = timedelta(hours=14)
"""How far a plant's time may be from UTC, where it is not known."""
LANGUAGES: Final = (
    *("_en_US", "_zh_CN", "_ja_JP", "_es_ES", "_de_DE", "_pt_BR", "_fr_FR", "_it_IT"),
    *("_ko_KR", "_nl_NL", "_pl_PL", "_vi_VN", "_zh_TW"),
)
"""``lang`` (sungrow.md §2.1)."""
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class AlarmRows:
    """An answer, before the plants' clocks are set."""

    rows: Sequence[Row]
    complete: bool
    span: tuple[float, float]


class SungrowAlarms:
    """Reads the alarms of an account's plants."""

    def __init__(
        self, session: SungrowSession, storage: Storage, clocks: PlantClocks
    ) -> None:
        """Take up what was open; ``clocks`` know the plants' offsets from UTC."""
        self.open: Final = OpenAlarms(storage)
        self._session: Final = session
        self._clocks: Final = clocks
        self._refused_spans: Final = Refusals[timedelta](DAY.total_seconds())
        self._language = LANGUAGE

    def speak(self, language: str) -> None:
        """Ask for texts in the language nearest to the user's."""
        codes = [each.removeprefix("_") for each in LANGUAGES]
        self._language = f"_{nearest_language(language, codes, LANGUAGE[1:])}"

    async def ask(self) -> AlarmRows:
        """Return what is open. Raises a ``CloudError`` when nothing could be read."""
        while True:
            span = next(
                (each for each in SPANS if each not in self._refused_spans), None
            )
            now = datetime.fromtimestamp(time.time(), UTC)
            since = now.replace(day=1, hour=0) + DAY if span is None else now - span
            dates = {} if span is None else _dates(since, now + DAY)
            answer, refused = await self._read({"process_status": OPEN, **dates})
            if isinstance(refused, RequestRefused) and span is not None:
                self._refused_spans.note(span)
                continue
            if refused is not None and not answer.rows:
                raise refused
            return AlarmRows(
                answer.rows,
                answer.complete and refused is None,
                (since.timestamp(), now.timestamp()),
            )

    async def _read(
        self, body: Body, bucket: str = BUCKET, pause: Pause | None = None
    ) -> tuple[AlarmRows, CloudError | None]:
        hollow, pages = False, 0

        async def read(number: int) -> Page[dict[str, Json]]:
            nonlocal hollow, pages
            pages = number
            paged: Body = {
                **body,
                "lang": self._language,
                self._session.api_version.page: number,
                "size": PAGE_SIZE,
            }
            result = await self._session.call(Operation.ALARMS, paged, bucket)
            hollow = hollow or not _is_list(result)
            return page_of(result)

        rows, stopped_by = await read_partly(read, pause)
        told = {text(row.get("fault_code")) for row in rows}
        # A row that comes twice on several pages stands where another one is missing.
        doubtful = hollow or (pages > 1 and len(told) < len(rows))
        return AlarmRows(rows, not doubtful, (0.0, 0.0)), stopped_by

    def take(self, answer: AlarmRows, wanted: Inventory) -> None:
        """Take in what is open, by the plants' clocks of now."""
        for plant_id in wanted.plants:
            self.open.take(
                plant_id,
                self._alarms(answer.rows, plant_id, wanted, over=False),
                complete=answer.complete,
                span=answer.span,
            )

    async def past(
        self,
        plant_id: str,
        inventory: Inventory,
        span: tuple[float, float],
        pause: Pause,
    ) -> PastAlarms:
        """Return what was raised within a span, month by month, for none is answered about two."""
        clock = self._clocks.of(plant_id)
        offset = clock.offset or timedelta()
        zone_start, last = (datetime.fromtimestamp(each, UTC) + offset for each in span)
        if not clock.measured:
            zone_start, last = zone_start - FARTHEST, last + FARTHEST
        found: dict[str, Alarm] = {}
        while zone_start <= last:
            following = (zone_start.replace(day=1) + 32 * DAY).replace(day=1)
            following = following.replace(hour=0, minute=0)
            until = min(last, following - timedelta(minutes=1))
            body: Body = {"process_status": OPEN_AND_CLOSED, "ps_id": plant_id}
            answer, stopped_by = await self._read(
                {**body, **_dates(zone_start, until)}, HISTORY_BUCKET, pause
            )
            for alarm in self._alarms(answer.rows, plant_id, inventory, over=True):
                # Without the plant's clock nobody can say that it was not then.
                if alarm.raised is None or span[0] <= alarm.raised <= span[1]:
                    found[alarm.id] = alarm
            if stopped_by is not None:
                return PastAlarms(tuple(found.values()), stopped_by)
            zone_start = following
        return PastAlarms(tuple(found.values()))

    def _alarms(
        self, rows: Sequence[Row], plant_id: str, wanted: Inventory, *, over: bool
    ) -> Iterator[Alarm]:
        devices = {
            device.address["ps_key"]: device.id
            for device in wanted.devices_of(plant_id)
            if "ps_key" in device.address
        }
        for row in rows:
            ended = (
                text(row.get("over_time")) is not None
                or number(row.get("process_status")) == CLOSED
            )
            if text(row.get("ps_id")) == plant_id and (over or not ended):
                yield self._alarm(row, plant_id, devices)

    def _alarm(self, row: Row, plant_id: str, devices: Mapping[str, str]) -> Alarm:
        clock = self._clocks.of(plant_id)
        code, key = text(row.get("fault_type_code")), text(row.get("ps_key")) or ""
        occurrence = text(row.get("fault_code"))
        if code in {None, "0"} and occurrence is not None:
            code = occurrence.partition(".")[0]
        kind = number(row.get("fault_type"))
        sort, level = ALARM_TYPES.get(-1 if kind is None else int(kind), (None, None))
        began = text(row.get("create_time"))
        reason = text(row.get("fault_reason"))
        return Alarm(
            id=fingerprint(occurrence or f"{key} {code} {began}"),
            name=self._name(text(row.get("fault_name")), code) or "?",
            code=code,
            device_code=reason and ", ".join(filter(None, reason.split("|"))),
            level=level,
            vendor_level=text(row.get("fault_level")),
            type=sort,
            cause=text(row.get("fault_desc")),
            raised=clock.alarm_time(began),
            cleared=clock.alarm_time(row.get("over_time")),
            device_id=devices.get(key),
        )

    def _name(self, told: str | None, code: str | None) -> str | None:
        """Return a name the user can read: some stay Chinese in every language (sungrow.md §2.1)."""
        if told is not None and (
            self._language.startswith(("_zh", "_ja")) or not CHINESE.search(told)
        ):
            return told
        return fault_name(code) or told or code


def fault_name(code: str | None) -> str | None:
    """Return what a code of the catalogue stands for, in English (sungrow.md §5.9)."""
    if code is None or not code.isdecimal():
        return None
    family, fault = divmod(int(code), 100)
    if int(code) in BYPASS:
        return "Bypass switch"
    return FAULTS.get(fault) if family in FAULT_FAMILIES else None


def _is_list(result: Json) -> bool:
    return isinstance(result, dict) and isinstance(result.get("pageList"), list)


def _dates(start: datetime, end: datetime) -> Body:
    return {"startTime": f"{start:%Y%m%d%H%M}", "endTime": f"{end:%Y%m%d%H%M}"}
