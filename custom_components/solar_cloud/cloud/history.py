"""What a vendor's past offers: readings as they were uploaded, and energies from its reports.

Calls into the past have a bucket of their own in the quota, so that filling a year of history never costs a live value. One call is one
step: the caller keeps what it got, and goes on later where a limit stopped it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from math import inf
from typing import Final, Protocol

from .model import Inventory, Plant, Quantity, Reading, Slot, in_range
from .timestamps import midnight


class Interval(StrEnum):
    """How finely the past is told, by the words Home Assistant has for periods of statistics; the finest first."""

    FIVE_MINUTES = "5minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def begin(self, at: datetime) -> datetime:
        """Return when the interval of an instant began, in the zone of the instant."""
        match self:
            case Interval.FIVE_MINUTES:
                return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
            case Interval.HOUR:
                return at.replace(minute=0, second=0, microsecond=0)
            case Interval.DAY:
                day = at.date()
            case Interval.MONTH:
                day = at.date().replace(day=1)
            case Interval.YEAR:
                day = at.date().replace(month=1, day=1)
        return datetime.combine(day, time.min, at.tzinfo)

    def following(self, begin: datetime) -> datetime:
        """Return when the interval that began at an instant is over."""
        step = _STEPS[self]
        if step < _STEPS[Interval.DAY]:
            return (begin.astimezone(UTC) + step).astimezone(begin.tzinfo)
        return self.begin(begin + step)


_STEPS: Final[Mapping[Interval, timedelta]] = {
    Interval.FIVE_MINUTES: timedelta(minutes=5),
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.MONTH: timedelta(days=32),
    Interval.YEAR: timedelta(days=367),
}
"""From the beginning of an interval into the next one."""
PLANT_LIFE: Final = timedelta(days=25 * 365)
"""How far back a report goes that keeps all there ever was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How far back a vendor's past goes and how much of it one call returns; a reach of zero is none at all."""

    readings: timedelta
    window: timedelta
    """The longest span of one call for readings."""
    energies: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class PastEnergy:
    """What a report says of one hour, day, month or year; times in epoch seconds, energies in kWh.

    The one that is still running has what was counted until now.
    """

    start: float
    end: float
    values: Mapping[Quantity, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave out what cannot be, as a reading does."""
        sound = {
            quantity: value
            for quantity, value in self.values.items()
            if in_range(value, quantity.unit)
        }
        if len(sound) < len(self.values):
            object.__setattr__(self, "values", sound)

    @classmethod
    def of(
        cls,
        day: date,
        zone: tzinfo | None,
        values: Mapping[Quantity, float],
        interval: Interval = Interval.DAY,
    ) -> PastEnergy:
        """Say what was counted in the interval that begins with a local day."""
        following = interval.following(datetime.combine(day, time.min, zone))
        return cls(midnight(day, zone), following.timestamp(), values)


@dataclass(frozen=True, slots=True)
class PastEnergies:
    """One answer of a report: the instant its rows begin at (what was before is another call), and up to which they are complete."""

    rows: Sequence[PastEnergy]
    since: float
    until: float = inf


@dataclass(frozen=True, slots=True)
class PastWindow:
    """What one call is to return of the past: from when to when in the plant's time zone, and how far apart the readings may be."""

    start: datetime
    end: datetime
    step: timedelta
    points: tuple[str, ...] = ()
    """The vendor's points that ``Reading.raw`` is to carry, by their ids; some vendors then leave out others."""
    slots: frozenset[Slot] = frozenset()
    """Those that matter where a call takes only so many points."""


class HistoryClient(Protocol):
    """Reads an account's past, one call at a time."""

    @property
    def limits(self) -> HistoryLimits:
        """How far back the past goes."""

    def newest(self, plant: Plant, now: datetime) -> datetime:
        """Return the instant up to which the past of a plant is complete."""

    def batches(
        self, owners: Collection[str], inventory: Inventory
    ) -> list[tuple[str, ...]]:
        """Cut plants and devices into groups that one call can ask for; those without a past are left out."""

    async def readings(
        self, batch: Sequence[str], inventory: Inventory, window: PastWindow
    ) -> Mapping[str, Sequence[Reading]]:
        """Return the readings of one batch in one window. Raises a ``CloudError``.

        Counters are raw, as in a poll. What the vendor lacks is missing.
        """

    async def energies(
        self, plant: Plant, inventory: Inventory, end: datetime
    ) -> PastEnergies:
        """Return the energies of a plant before ``end`` (in its time zone), as far as one call reaches. Raises a ``CloudError``."""

    def reported(
        self, owner: str, inventory: Inventory
    ) -> Mapping[Interval, timedelta]:
        """Return for which intervals reports have the energies of a plant or device, and how far back."""

    async def totals(
        self, owner: str, inventory: Inventory, interval: Interval, end: datetime
    ) -> PastEnergies:
        """Return the energies of a plant or device before ``end`` (in the plant's zone), as far as one call reaches. Raises a ``CloudError``.

        ``interval`` is one of ``reported``.
        """
