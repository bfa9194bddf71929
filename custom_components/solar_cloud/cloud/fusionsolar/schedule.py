"""When to ask for what: cycles of five minutes for what moves, slow buckets for what does not, and a day's budget for owners.

An API account may repeat its whole reading every five minutes; plants are part of it only where no device tells the same. An owner's
consent is good for 1000 calls a day, so plants, reports and alarms go slower there, and nights, when all inverters are dark, are read every
twenty minutes: the counters miss nothing by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import time
from typing import Final

from ..quota import DAY, Quota
from ..serialization import from_json
from ..storage import LATER, Storage
from . import POLL_PERIOD
from .limits import ALARMS, PLANT_DAY, PLANT_NOW

SECTION: Final = "fusionsolar_plan"

CYCLE: Final = 301.0
"""Just behind the windows of five minutes, which begin with the answers: these may take a second, and two until the poll's own rhythm breaks."""
AT_ONCE: Final = 6
"""Cycles of up to so many calls are read in one go; larger ones are spread over the five minutes."""
IN_A_GO: Final = 3
"""Calls for devices that a large cycle makes together: inverters, batteries and meters of the same plants, which are then worked on once."""
SPREAD: Final = 0.93
"""Share of a cycle its calls are spread over."""
NEAR: Final = 150.0
"""A next cycle this near is worth coming back for; otherwise the poll's own rhythm will do."""

BUDGET: Final = 780
"""Calls a day an owner's reading is laid out for; below 800 by what restarts and refreshes take."""
LISTS: Final = 6
LONG_DAY: Final = 17 * 3600.0
"""The daylight the budget is laid out for; longer days are stretched by ``strain``."""
NIGHT_CYCLE: Final = 1200.0
OWNER_PLANT_DAY: Final = 1800.0
OWNER_PLANT_NIGHT: Final = 3600.0
OWNER_SLOW: Final = 7200.0
STRAIN: Final = ((740, 2.0), (770, 4.0), (790, 16.0))
"""From so many calls within 24 hours on, cycles take so many times as long."""

PLANT_SELDOM: Final = 3540.0
"""Seconds between an API account's looks at plants whose devices tell all that moves: income, state."""
ALARM_PERIOD: Final = 1860.0
SLOW: Final = frozenset({PLANT_DAY, ALARMS})


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: an interface, a device type (0 for plants) and its ids."""

    bucket: str
    kind: int
    ids: tuple[str, ...]


@dataclass(slots=True)
class _Job:
    batch: Batch
    at: float


class CallPlanner:
    """The calls of one account."""

    def __init__(self, quota: Quota, storage: Storage, *, owner: bool) -> None:
        """Plan for an owner's consent or for an API account."""
        self._quota: Final = quota
        self._storage: Final = storage
        self._owner: Final = owner
        self._jobs: list[_Job] = []
        self._started = 0.0
        self._period = CYCLE
        self.cycle = 0
        self.alarms_wanted = True
        self.plants_needed = True
        self._done: Final = from_json(dict[str, float], storage.load(SECTION))

    @property
    def period(self) -> float:
        """Seconds from one reading of a device to the next, at present."""
        return self._period

    @property
    def starting(self) -> bool:
        """Whether this is the first cycle since the start."""
        return self.cycle <= 1

    def due(
        self, devices: list[Batch], plants: list[tuple[str, ...]], *, dark: bool
    ) -> list[Batch]:
        """Return the calls to make now; opens a new cycle when the last one is over."""
        now = time.time()
        self._period = self._pace(len(devices), len(plants), dark=dark)
        if now >= self._started + self._period or now < self._started:
            self._open(devices, plants, now, dark=dark)
        return [job.batch for job in self._jobs if job.at <= now]

    def done(self, batch: Batch) -> None:
        """Note that a call was made."""
        self._jobs = [job for job in self._jobs if job.batch != batch]

    def resume_after(self) -> float | None:
        """Return the wait to the rest of this cycle, or to the next one if that is near."""
        now = time.time()
        rest = [
            max(job.at - now, self._quota.wait(job.batch.bucket)) for job in self._jobs
        ]
        following = self._started + self._period - now
        near = min((wait for wait in rest if wait < POLL_PERIOD), default=NEAR)
        near = min(near, following)
        return max(near, 1.0) if near < (POLL_PERIOD if rest else NEAR) else None

    def _open(
        self,
        devices: list[Batch],
        plants: list[tuple[str, ...]],
        now: float,
        *,
        dark: bool,
    ) -> None:
        others = [job.batch for job in self._jobs if job.batch.bucket in SLOW]
        if self.cycle:  # a start is not delayed by what can wait
            for bucket, period in self._slow_periods(len(plants)):
                waits = any(batch.bucket == bucket for batch in others)
                if (
                    self._is_wanted(bucket)
                    and not waits
                    and self._is_due(bucket, period, now)
                ):
                    others += [Batch(bucket, 0, ids) for ids in plants]
        asked = 0
        if self._is_due(PLANT_NOW, self._plant_period(dark=dark), now):
            others = [*(Batch(PLANT_NOW, 0, ids) for ids in plants), *others]
            asked = len(plants)
        large = self.cycle and len(devices) + asked > AT_ONCE
        spread = CYCLE * SPREAD if large else 0.0
        self._jobs = [
            _Job(batch, now + share * spread)
            for share, batch in _placed(devices, others)
        ]
        self._started = now
        self.cycle += 1

    def _is_due(self, bucket: str, period: float, now: float) -> bool:
        """Whether a bucket's turn has come; if so it counts as taken."""
        if period and 0 <= now - self._done.get(bucket, 0.0) < period:
            return False
        self._done[bucket] = now
        self._storage.delay_save(SECTION, lambda: self._done, LATER)
        return True

    def _plant_period(self, *, dark: bool) -> float:
        if not self._owner:
            return 0.0 if self.plants_needed else PLANT_SELDOM
        return OWNER_PLANT_NIGHT if dark else OWNER_PLANT_DAY

    def _slow_periods(self, plants: int) -> Iterable[tuple[str, float]]:
        """Return the periods of report and alarms; the report's daily calls grow by one with every hundred plants."""
        if self._owner:
            return ((PLANT_DAY, OWNER_SLOW), (ALARMS, OWNER_SLOW))
        per_day = 0.8 * (plants + 24)
        return ((PLANT_DAY, plants * DAY / per_day), (ALARMS, ALARM_PERIOD))

    def _is_wanted(self, bucket: str) -> bool:
        return bucket != ALARMS or self.alarms_wanted

    def _pace(self, devices: int, plants: int, *, dark: bool) -> float:
        """Return the length of a cycle."""
        if not self._owner:
            return CYCLE
        period = NIGHT_CYCLE if dark else self._daylight(max(1, devices), plants)
        used = self._quota.used()
        strain = max((factor for calls, factor in STRAIN if used >= calls), default=1.0)
        return period * strain

    @staticmethod
    def _daylight(devices: int, plants: int) -> float:
        """Return the shortest cycle by day that leaves a long day within the budget."""
        night = DAY - LONG_DAY
        fixed = LISTS + plants * (
            LONG_DAY / OWNER_PLANT_DAY
            + night / OWNER_PLANT_NIGHT
            + 2 * DAY / OWNER_SLOW
        )
        left = BUDGET - fixed - devices * night / NIGHT_CYCLE
        return max(CYCLE, LONG_DAY * devices / max(left, 1.0))


def _placed(
    devices: Sequence[Batch], others: Sequence[Batch]
) -> list[tuple[float, Batch]]:
    """Place calls in a cycle, as shares of it: devices in few goes, the others evenly between, for plant calls must lie a minute apart."""
    goes = -(-len(devices) // IN_A_GO)
    placed = [
        *((number // IN_A_GO / goes, batch) for number, batch in enumerate(devices)),
        *(((number + 0.6) / len(others), batch) for number, batch in enumerate(others)),
    ]
    return sorted(placed, key=lambda pair: pair[0])
