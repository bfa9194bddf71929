"""What the slow lanes bring: the report of the day, and the alarms that are going on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import time
from typing import Final

from ..model import Alarm, Slot, Value
from ..points import decode, number, text
from ..storage import Json
from .api import milliseconds, rows
from .plant_points import REPORT
from .states import ALARM_LEVELS

DAY_SECONDS: Final = 86400.0
ALARM_DAYS: Final = 30
SHORT_ALARM_DAYS: Final = 7
"""What remains when the vendor refuses a month (20027); one field guide says a week."""
MOST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Report:
    """One plant's report of the day that began at ``since``."""

    since: float
    values: dict[Slot, Value]

    @property
    def current(self) -> bool:
        """Whether that day still lasts: yesterday's totals are not today's."""
        return time.time() < self.since + DAY_SECONDS


def day_reports(answer: Json) -> dict[str, Report]:
    """Return each plant's newest row; a month's rows come unsorted and with the plants interleaved."""
    newest: dict[str, Report] = {}
    for row in rows(answer):
        plant, moment = text(row.get("stationCode")), number(row.get("collectTime"))
        items = row.get("dataItemMap")
        if plant is None or moment is None or not isinstance(items, dict):
            continue
        since = moment / 1000
        if since <= time.time() and since > getattr(newest.get(plant), "since", 0.0):
            newest[plant] = Report(since, decode(REPORT, items).values)
    return newest


def alarm_query(plants: Iterable[str], days: int) -> dict[str, Json]:
    """Return the request for all active alarms of some plants."""
    now = time.time()
    return {
        "stationCodes": ",".join(plants),
        "beginTime": milliseconds(now - days * DAY_SECONDS),
        "endTime": milliseconds(now),
        "language": "en_US",
    }


def alarms(
    answer: Json, asked: Iterable[str], device_id: Callable[[str | None], str | None]
) -> dict[str, tuple[Alarm, ...]]:
    """Return the alarms by plant, an empty tuple where all is well."""
    found: dict[str, list[Alarm]] = {plant: [] for plant in asked}
    for row in rows(answer):
        plant = text(row.get("stationCode"))
        name = text(row.get("alarmName"))
        status = number(row.get("status"))
        if plant not in found or name is None or status in (4, 5, 6):
            continue
        level = number(row.get("lev"))
        found[plant].append(
            Alarm(
                name[:MOST_NAME],
                text(row.get("alarmId")),
                None if level is None else ALARM_LEVELS.get(int(level)),
                device_id(text(row.get("esnCode"))),
            )
        )
    return {plant: tuple(active) for plant, active in found.items()}
