"""Totals over the plants of all accounts.

A power is the sum of the plants that tell it, beside how many do not. An energy is the sum of what every plant counted last: one that
is not told now stays in it with that. A lifetime total goes on without a step where a plant joins or leaves, or a counter begins anew.
"""

from collections.abc import Collection, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
import math
from typing import Final, NamedTuple

from ..cloud.model import Quantity as Q, Slot, Value
from ..cloud.serialization import from_json
from ..cloud.storage import LATER, SOON, Storage
from .counter_filters import SHARES

TOTALS: Final = "totals"
POWERS: Final = (Q.PV_POWER, Q.LOAD_POWER, Q.GRID_POWER, Q.BATTERY_POWER)
LIFETIMES: Final = (
    Q.PV_ENERGY_TOTAL,
    Q.LOAD_ENERGY_TOTAL,
    Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.GRID_EXPORT_ENERGY_TOTAL,
    Q.BATTERY_CHARGE_ENERGY_TOTAL,
    Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
)
OF_TODAY: Final = tuple(SHARES[each] for each in LIFETIMES)
COUNTED_BY: Final = {
    Q.PV_POWER: Q.PV_ENERGY_TOTAL,
    Q.LOAD_POWER: Q.LOAD_ENERGY_TOTAL,
    Q.GRID_POWER: Q.GRID_IMPORT_ENERGY_TOTAL,
    Q.BATTERY_POWER: Q.BATTERY_CHARGE_ENERGY_TOTAL,
}
"""By which counter a plant that is not read now is known to have a power."""
BEGUN_ANEW: Final = 0.9
"""The share of what it was below which Home Assistant takes a counter for another one."""


@dataclass(frozen=True, slots=True)
class PlantFigures:
    """What a plant shows now."""

    values: Mapping[Slot, Value]
    known: Collection[Slot]
    """What it ever showed, and so is expected to show."""
    day_ends: float | None
    """When what it counts today is over, in epoch seconds."""

    @property
    def counts(self) -> bool:
        """Whether it has told a lifetime counter: one that was not heard yet is shown without any."""
        return any(Slot(each) in self.values for each in LIFETIMES)


class Total(NamedTuple):
    """A sum over the plants."""

    value: float | None
    plants: int
    """How many are in it."""
    missing: int
    """How many are expected, and do not tell it now."""


@dataclass(frozen=True, slots=True)
class Today:
    """What a plant counted on a day."""

    value: float
    ends: float


@dataclass(slots=True)
class Ledger:
    """A lifetime counter of all plants, in kWh."""

    last: dict[str, float]
    """What each plant counted last."""
    base: float = 0.0
    """What joins the sum of these to the total before a plant joined or left."""

    def take(self, told: Mapping[str, float], gone: AbstractSet[str]) -> bool:
        """Follow the plants; whether one joined, left or began anew, which nobody could tell again."""
        moved = False
        for key, value in told.items():
            last = self.last.get(key)
            if last is None:
                self.base -= value
                moved = True
            elif value < last * BEGUN_ANEW:
                self.base += last - value
                moved = True
            elif value < last:
                continue
            self.last[key] = value
        for key in gone & self.last.keys():
            self.base += self.last.pop(key)
            moved = True
        return moved

    @property
    def total(self) -> float:
        """The sum."""
        return math.fsum((self.base, *self.last.values()))


@dataclass(frozen=True, slots=True)
class TotalsState:
    """What is kept of all plants."""

    lifetimes: dict[Q, Ledger] = field(default_factory=dict)
    today: dict[Q, dict[str, Today]] = field(default_factory=dict)
    """By plant."""


class Totals:
    """Adds the plants of all accounts up."""

    def __init__(self, storage: Storage) -> None:
        """Take up the counters of the last run."""
        self._storage: Final = storage
        self._state: Final = from_json(TotalsState, storage.load(TOTALS))
        self._shown: dict[Q, float] = {}

    @property
    def counted(self) -> set[str]:
        """The plants that are in a total."""
        lifetimes = self._state.lifetimes.values()
        return {key for each in lifetimes for key in each.last} | {
            key for plants in self._state.today.values() for key in plants
        }

    @property
    def bases(self) -> dict[Q, float]:
        """What joins each lifetime total to the one before plants joined or left, in kWh."""
        return {key: each.base for key, each in self._state.lifetimes.items()}

    def take_up(self, shown: Mapping[Q, float]) -> None:
        """Let no lifetime total fall behind what it showed before a crash, in kWh."""
        self._shown = dict(shown)

    def add_up(
        self,
        plants: Mapping[str, PlantFigures],
        gone: AbstractSet[str],
        now: float,
        *,
        complete: bool,
        patient: bool,
        unread: Collection[str] = (),
    ) -> dict[Q, Total]:
        """Return the total of each quantity that a plant has.

        While it is ``patient`` no energy begins before all plants were heard, which is ``complete``, and have told what they are expected
        to. Plants that are ``gone`` leave their lifetime energy behind; ``unread`` ones are there, and nothing of them is known.
        """
        totals: dict[Q, Total] = {}
        moved = False
        for quantity in (*POWERS, *LIFETIMES, *OF_TODAY):
            slot = Slot(quantity)
            told = {
                key: value
                for key, plant in plants.items()
                if isinstance(value := plant.values.get(slot), float)
            }
            missing = sum(slot in plant.known for plant in plants.values()) - len(told)
            blocked = patient and (missing > 0 or not complete)
            if quantity in LIFETIMES:
                value, joined = self._lifetime(quantity, told, gone, blocked=blocked)
                moved |= joined
            elif quantity in OF_TODAY:
                days = {
                    key: Today(each, ends)
                    for key, each in told.items()
                    if (ends := plants[key].day_ends) is not None
                }
                value = self._today(quantity, days, gone, now, blocked=blocked)
            else:
                value = math.fsum(told.values()) if told else None
                counted = self._state.lifetimes.get(COUNTED_BY[quantity])
                missing += len(counted.last.keys() & unread) if counted else 0
            if told or missing > 0 or value is not None:
                totals[quantity] = Total(value, len(told), max(missing, 0))
        self._storage.delay_save(TOTALS, lambda: self._state, SOON if moved else LATER)
        return totals

    def _lifetime(
        self,
        quantity: Q,
        told: Mapping[str, float],
        gone: AbstractSet[str],
        *,
        blocked: bool,
    ) -> tuple[float | None, bool]:
        ledger = self._state.lifetimes.get(quantity)
        if ledger is None:
            if blocked or not told:
                return None, False
            ledger = self._state.lifetimes[quantity] = Ledger(dict(told))
            moved = True
        else:
            moved = ledger.take(told, gone)
        shown = self._shown.get(quantity, 0.0)
        if ledger.total >= shown:
            self._shown.pop(quantity, None)
        return max(ledger.total, shown), moved

    def _today(
        self,
        quantity: Q,
        told: Mapping[str, Today],
        gone: AbstractSet[str],
        now: float,
        *,
        blocked: bool,
    ) -> float | None:
        last = self._state.today.get(quantity)
        if last is None:
            if blocked or not told:
                return None
            last = self._state.today[quantity] = {}
        for key, today in told.items():
            before = last.get(key)
            if (
                before is None
                or before.ends != today.ends
                or today.value > before.value
            ):
                last[key] = today
        for key in gone & last.keys():
            del last[key]
        present = [each.value for each in last.values() if now < each.ends]
        return None if blocked and not present else math.fsum(present)
