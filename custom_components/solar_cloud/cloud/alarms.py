"""What clients share about alarms: which are open, in which language they are told, and which are over."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
import math
import time
from typing import Final, Protocol, runtime_checkable

from .errors import CloudError, Paced
from .model import Alarm, Inventory
from .paging import Page, read_list
from .serialization import from_json
from .storage import LATER, SOON, Storage

AHEAD: Final = 300.0
"""Seconds a device's clock may be fast."""


def possible_time(at: float | None) -> float | None:
    """Return when an alarm was raised or over, ``None`` for the future: then its time zone is not what we take it for."""
    now = time.time()
    return None if at is None or not 0 < at <= now + AHEAD else min(at, now)


MISSES: Final = 3
"""Doubtful answers in a row without an alarm before it counts as over."""
KEPT: Final = 12 * 3600.0
"""Seconds for which what is open is shown without being read again; the slowest clients ask every few hours."""


@dataclass(slots=True)
class _PlantAlarms:
    """What is open at a plant, by id, and how often one was missing in answers that prove nothing."""

    read_at: float = 0.0
    """Since when it is known; 0 before the first answer that proves something."""
    doubts: int = 0
    """Answers in a row that prove nothing, while nothing is known."""
    alarms: dict[str, Alarm] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)


class OpenAlarms:
    """The alarms that go on, by plant, as they were last told; over restarts, for vendors are asked for them seldom."""

    SECTION: Final = "open_alarms"

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run was told."""
        self._storage: Final = storage
        self._plants: Final = from_json(
            dict[str, _PlantAlarms], storage.load(self.SECTION)
        )

    def take(
        self,
        plant_id: str,
        told: Iterable[Alarm],
        *,
        complete: bool = True,
        span: tuple[float, float] = (-math.inf, math.inf),
    ) -> None:
        """Take in an answer about what was raised in a span, in epoch seconds.

        What it lacks of that is over; where the answer was not ``complete``, only after some of them.
        """
        plant = self._plants.setdefault(plant_id, _PlantAlarms())
        found = {alarm.id: alarm for alarm in told}
        missed: dict[str, int] = {}
        for key, alarm in plant.alarms.items():
            if (again := found.get(key)) is not None:
                if again.raised is None:
                    found[key] = replace(again, raised=alarm.raised)
            elif alarm.raised is not None and not span[0] <= alarm.raised <= span[1]:
                found[key] = alarm
            elif not complete:
                missed[key] = plant.missed.get(key, 0) + 1
                if missed[key] < MISSES:
                    found[key] = alarm
        doubts = 0 if complete or plant.read_at else plant.doubts + 1
        known, delay = (
            not doubts or doubts >= MISSES,
            LATER if found == plant.alarms else SOON,
        )
        self._plants[plant_id] = _PlantAlarms(
            read_at=time.time() if known else 0.0,
            doubts=doubts,
            alarms=found,
            missed=missed,
        )
        self._storage.delay_save(self.SECTION, lambda: self._plants, delay)

    def oldest(self, plants: Iterable[str]) -> float | None:
        """Return when the oldest open alarm of some plants was raised."""
        return min(
            (
                alarm.raised
                for plant_id in plants
                if (plant := self._plants.get(plant_id)) is not None
                for alarm in plant.alarms.values()
                if alarm.raised is not None
            ),
            default=None,
        )

    def of(self, plants: Iterable[str]) -> dict[str, tuple[Alarm, ...]]:
        """Return the open alarms of those plants that were asked about lately, the worst and newest first."""
        now = time.time()
        return {
            plant_id: tuple(sorted(plant.alarms.values(), key=_order))
            for plant_id in plants
            if (plant := self._plants.get(plant_id)) is not None
            and 0 <= now - plant.read_at < KEPT
        }


def _order(alarm: Alarm) -> tuple[int, float, str]:
    return alarm.rank, -(alarm.raised or 0.0), alarm.id


_SCRIPTS: Final = {"zh": "zh_cn", "zh_hans": "zh_cn", "zh_hant": "zh_tw"}


def nearest_language(language: str, offered: Sequence[str], otherwise: str) -> str:
    """Return which of a vendor's languages ("de_DE") comes nearest to a user's ("de", "pt-BR", "zh-Hans")."""
    wanted = language.lower().replace("-", "_")
    wanted = _SCRIPTS.get(wanted, wanted)
    known = {each.lower(): each for each in offered}
    if wanted in known:
        return known[wanted]
    alike = (each for key, each in known.items() if key[:2] == wanted[:2])
    return otherwise if wanted[:2] == "zh" else next(alike, otherwise)


type Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""
LONGEST_PAUSE: Final = 75.0
"""Seconds of our own pace that one question about the past waits for, each time."""


async def read_partly[RowT](
    read: Callable[[int], Awaitable[Page[RowT]]], pause: Pause | None = None
) -> tuple[list[RowT], CloudError | None]:
    """Read a list page by page; return what came, and what stopped it before its end. Our own pace is waited for where it may be."""
    rows: list[RowT] = []

    async def keep(number: int) -> Page[RowT]:
        try:
            page = await read(number)
        except Paced as err:
            if pause is None or err.retry_after > LONGEST_PAUSE:
                raise
            await pause(err.retry_after)
            page = await read(number)
        rows.extend(page.rows)
        return page

    try:
        await read_list(keep)
    except CloudError as err:
        return rows, err
    return rows, None


@dataclass(frozen=True, slots=True)
class PastAlarms:
    """What a vendor keeps of the alarms of a period, as far as it could be read."""

    alarms: tuple[Alarm, ...]
    stopped_by: CloudError | None = None
    """Why the rest is missing."""


@runtime_checkable
class SupportsPastAlarms(Protocol):
    """A client whose vendor keeps alarms that are over."""

    async def past_alarms(
        self,
        plant_id: str,
        inventory: Inventory,
        span: tuple[float, float],
        pause: Pause,
    ) -> PastAlarms:
        """Return what was raised at a plant within a span, in epoch seconds; what stopped the reading is told, not raised."""
