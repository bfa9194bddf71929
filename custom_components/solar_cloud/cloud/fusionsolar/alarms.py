"""The alarms that are active; those that are over the vendor keeps to itself (fusionsolar.md §3.11)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
import math
import time
from typing import Final

from ..alarms import OpenAlarms, nearest_language, possible_time
from ..model import Alarm
from ..points import number, text
from ..serialization import from_json, to_json
from ..storage import Json, Storage
from ..vendor import fingerprint
from .api import milliseconds, rows
from .states import ALARM_LEVELS, ALARM_TYPES

DAY_SECONDS: Final = 86400.0
DAYS: Final = 30
SHORT_DAYS: Final = 7
"""What remains when the vendor refuses a month (20027); one field guide says a week."""
LOOK_BACK_EVERY: Final = 4
"""Turns; where an alarm is older than what one call reaches, one in so many is about an earlier time."""
OVER: Final = frozenset({4, 5, 6})
"""``status`` of what is handled or cleared (fusionsolar.md §6.3)."""
ENGLISH: Final = "en_US"
LANGUAGES: Final = (
    *("zh_CN", ENGLISH, "ja_JP", "it_IT", "nl_NL", "pt_BR", "de_DE", "fr_FR", "es_ES"),
    *("pl_PL", "ro_RO", "cs_CZ", "hu_HU", "vi_VN", "tr_TR", "uk_UA", "zh_TW", "ko_KR"),
)
"""``language`` of the alarm interface; the last eight are of 26.x, and older hosts refuse them (fusionsolar.md §3.11)."""
WRONG_LANGUAGE: Final = 20025
SECTION: Final = "alarm_languages"


@dataclass(frozen=True, slots=True)
class AlarmQuery:
    """A request, and the span it is about in epoch seconds."""

    body: dict[str, Json]
    span: tuple[float, float]


class FusionSolarAlarms:
    """Reads the alarms of an account's plants."""

    def __init__(self, storage: Storage) -> None:
        """Take up what was open, and which languages are not known here."""
        self.open: Final = OpenAlarms(storage)
        self._storage: Final = storage
        self._refused: Final = from_json(set[str], storage.load(SECTION))
        self._language = ENGLISH
        self._turns: Final[dict[tuple[str, ...], int]] = {}

    def speak(self, language: str) -> None:
        """Ask for texts in the language nearest to the user's."""
        self._language = nearest_language(language, LANGUAGES, ENGLISH)

    @property
    def language(self) -> str:
        """The language that is asked for."""
        return ENGLISH if self._language in self._refused else self._language

    def refuse_language(self) -> None:
        """Note that this host does not know the language; English is asked for from now on."""
        self._refused.add(self._language)
        self._storage.delay_save(SECTION, partial(to_json, self._refused))

    def query(self, plants: tuple[str, ...], days: int) -> AlarmQuery:
        """Return the request for some plants' alarms of as many days, mostly of the last ones."""
        now, span = time.time(), days * DAY_SECONDS
        turn = self._turns[plants] = self._turns.get(plants, 0) + 1
        oldest = self.open.oldest(plants)
        earlier = 0 if oldest is None else math.ceil((now - oldest) / span) - 1
        back = 0
        if earlier > 0 and turn % LOOK_BACK_EVERY == 0:
            back = 1 + (turn // LOOK_BACK_EVERY - 1) % earlier
        begin, end = now - (back + 1) * span, now - back * span
        return AlarmQuery(
            {
                "stationCodes": ",".join(plants),
                "beginTime": milliseconds(begin),
                "endTime": milliseconds(end),
                "language": self.language,
            },
            (begin, end),
        )

    def take(
        self,
        plants: tuple[str, ...],
        query: AlarmQuery,
        answer: Json,
        device_id: Callable[[str | None], str | None],
    ) -> None:
        """Take in an answer about some plants."""
        listed = list(rows(answer))
        for plant_id in plants:
            mine = [row for row in listed if text(row.get("stationCode")) == plant_id]
            self.open.take(
                plant_id,
                _active(mine, device_id),
                complete=isinstance(answer, list),
                span=query.span,
            )


def _active(
    listed: list[dict[str, Json]], device_id: Callable[[str | None], str | None]
) -> Iterator[Alarm]:
    for row in listed:
        code, name = text(row.get("alarmId")), text(row.get("alarmName"))
        if (name or code) is None or number(row.get("status")) in OVER:
            continue
        serial, at = text(row.get("esnCode")), number(row.get("raiseTime"))
        level, kind = (number(row.get(key)) for key in ("lev", "alarmType"))
        occurrence = (serial, code, text(row.get("causeId")), text(at and f"{at:.0f}"))
        yield Alarm(
            id=fingerprint(*(part or "" for part in occurrence)),
            name=name or code or "",
            code=code,
            level=None if level is None else ALARM_LEVELS.get(int(level)),
            vendor_level=text(row.get("lev")),
            type=None if kind is None else ALARM_TYPES.get(int(kind)),
            cause=text(row.get("alarmCause")),
            advice=text(row.get("repairSuggestion")),
            raised=None if at is None else possible_time(at / 1000),
            device_id=device_id(serial),
        )
