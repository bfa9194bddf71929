"""What a vendor's past offers: readings as they were uploaded, and energies from its reports.

Calls into the past have a bucket of their own in the quota, so that filling a year of history never costs a live value. One call is one
step: the caller keeps what it got, and goes on later where a limit stopped it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from .model import Inventory, Plant, Quantity, Reading
from .timestamps import midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How far back a vendor's past goes and how much of it one call returns; a reach of zero is none at all."""

    readings: timedelta
    window: timedelta
    """The longest span of one call for readings."""
    energies: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class PastEnergy:
    """What a plant's report says of one hour or one day; times in epoch seconds, energies in kWh."""

    start: float
    end: float
    values: Mapping[Quantity, float] = field(default_factory=dict)

    @classmethod
    def of_day(
        cls, day: date, zone: tzinfo | None, values: Mapping[Quantity, float]
    ) -> PastEnergy:
        """Say what was counted on a local day."""
        return cls(midnight(day, zone), midnight(day + timedelta(days=1), zone), values)


@dataclass(frozen=True, slots=True)
class PastEnergies:
    """One answer of a report, and the instant its rows begin at: what was before is another call."""

    rows: Sequence[PastEnergy]
    since: float


@dataclass(frozen=True, slots=True)
class PastWindow:
    """What one call is to return of the past: from when to when in the plant's time zone, and how far apart the readings may be."""

    start: datetime
    end: datetime
    step: timedelta


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
