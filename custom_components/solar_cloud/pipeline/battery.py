"""What a plant's battery still holds and gives back, and how long it lasts: reckoned from its charge and its counted energies.

A battery's own word of its health is a guess of its maker. What it gave between two charges was measured, and so was what went in and came out
in a month. Both are told only where they rest on enough; docs/entities.md says how they are reckoned.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import exp
from statistics import median
from typing import Final, NamedTuple

from .growth import JOULES

WINDOW: Final = 30
"""Days of which everything is told."""
LONGEST_MEMORY: Final = 180
"""Days after which a discharge says nothing of a battery of today."""

WIDE: Final = 40.0
"""% of charge a discharge must cover: charges are told in whole per cents, energies in steps of 0.1 kWh."""
PART: Final = 10.0
"""% after which a discharge is looked at in between."""
UNEVEN: Final = 0.25
"""Share by which the two halves of a discharge may differ; a charge that was set right on the way makes more."""
UNBROKEN: Final = 1800.0
"""Seconds between two samples after which nobody knows what came between."""
TOP_UP: Final = 0.03
"""Share of what was given that may have been charged meanwhile: a cloud goes by."""
FLICKER: Final = 1.0
"""% by which a charge may seem to rise meanwhile."""
LEAST_GIVEN: Final = 0.5
"""kWh; of less the steps of the counters are too large a part."""
ENOUGH_SWINGS: Final = 3
MOST_SWINGS: Final = 20
"""Discharges that are kept, the newest."""
SCATTERED: Final = 0.1
"""Share by which discharges may usually differ from their median before they contradict each other."""

SHORTEST_SPAN: Final = 7
"""Days over which an efficiency is reckoned at least."""
LEVEL: Final = 10.0
"""% by which the charge may differ at both ends, so that little hangs on the capacity."""
LEVEL_ALONE: Final = 3.0
"""The same while the capacity is not known."""
ENOUGH_CYCLES: Final = 3.0
ENOUGH_ENERGY: Final = 20.0
"""kWh that stand for enough cycles of a battery whose capacity nobody knows."""
BELIEVABLE: Final = (0.5, 1.0)
"""Between what a battery and its inverter give back; anything else is two counters that do not belong together."""

RESTS: Final = 50.0
"""W that a battery at rest may show."""
WANTED: Final = 150.0
"""W that the grid must give, or take, for a battery at rest to be at its end."""
NEAR: Final = 2.0
"""% by which the end of a battery may move."""
STEADY: Final = 900.0
"""Seconds over which a power is averaged."""
SLOWEST: Final = 48 * 3600.0
"""Seconds; what takes longer is a battery at rest."""
STEPS: Final = ((2 * 3600.0, 300.0), (8 * 3600.0, 900.0), (SLOWEST, 3600.0))
"""Up to which time it is told in which steps, in seconds: finer ones would be noise, and a row of the recorder each."""


class Unknown(StrEnum):
    """Why something is not known of a plant."""

    LEARNING = "learning"
    """It rests on more than was seen yet."""
    CONTRADICTORY = "contradictory"
    """What was seen does not fit together."""
    NO_CAPACITY = "no_capacity"
    """Neither was a capacity measured nor does anybody tell one."""
    IDLE = "idle"
    """The battery does not go there now."""
    NOT_SEEN_WHOLE = "not_seen_whole"
    """Not all of the day was seen."""
    NOT_TOLD = "not_told"
    """What it is made of is not asked for, or not told."""
    NO_INSTALLED_POWER = "no_installed_power"
    """The vendor does not tell the peak power of the panels."""


class BatterySample(NamedTuple):
    """A battery at one instant: seconds, %, kWh over its life, and W."""

    at: float
    soc: float
    charged: float
    discharged: float
    power: float | None = None
    """Positive while it discharges."""
    grid: float | None = None
    """Positive while the plant buys."""


class Measured(NamedTuple):
    """A capacity in kWh, or an efficiency as a share, and what it rests on."""

    value: float
    rests_on: float
    """Discharges, or cycles."""
    days: int


class BatteryKnowledge(NamedTuple):
    """What is known of a battery."""

    capacity: Measured | Unknown
    """kWh from full to empty."""
    efficiency: Measured | Unknown
    """The share of what was charged that came back."""
    bottom: float
    top: float
    """% between which it is used, as far as that was seen."""

    def usable(self, rated: Callable[[], float | None]) -> float | None:
        """Return the kWh from full to empty: those measured, else those told."""
        return self.capacity.value if isinstance(self.capacity, Measured) else rated()


@dataclass(slots=True)
class Discharge:
    """A battery that becomes emptier, from the instant its charge fell for the first time."""

    at: float
    soc: float
    """The charge told last, %."""
    charged: float
    """What the counters showed at its begin, kWh."""
    discharged: float
    places: list[tuple[float, float]] = field(default_factory=list)
    """Charge in % and energy given in kWh: at the begin, after each ten per cent, and where the charge fell last."""
    given: float = 0.0

    def goes_on(self, sample: BatterySample) -> bool:
        """Whether a sample still belongs to it."""
        charged = sample.charged - self.charged
        given = sample.discharged - self.discharged
        highest = self.places[-1][0] + FLICKER if self.places else self.soc
        return (
            0 <= sample.at - self.at <= UNBROKEN
            and sample.soc <= highest
            and charged >= 0
            and given >= self.given - 1e-6
            and charged <= max(0.1, TOP_UP * given)
        )

    def take(self, sample: BatterySample) -> None:
        """Go on to a sample; a charge says most at the instant it changes."""
        self.given = sample.discharged - self.discharged
        if self.places and sample.soc < self.places[-1][0]:
            net = self.given - (sample.charged - self.charged)
            if len(self.places) > 1 and sample.soc > self.places[-2][0] - PART:
                self.places[-1] = (sample.soc, net)
            else:
                self.places.append((sample.soc, net))
        self.at, self.soc = sample.at, sample.soc

    def capacity(self) -> float | None:
        """Return the kWh from full to empty that it stands for, ``None`` where it is too narrow, or not of a piece."""
        if len(self.places) < 3:
            return None
        (top, begun), (bottom, given) = self.places[0], self.places[-1]
        if top - bottom < WIDE or given - begun < LEAST_GIVEN:
            return None
        middle = min(
            self.places[1:-1], key=lambda each: abs(2 * each[0] - top - bottom)
        )
        halves = [
            (later[1] - earlier[1]) / (earlier[0] - later[0])
            for earlier, later in pairwise((self.places[0], middle, self.places[-1]))
        ]
        if min(halves) <= 0 or max(halves) - min(halves) > UNEVEN * max(halves):
            return None
        return 100.0 * (given - begun) / (top - bottom)


@dataclass(slots=True)
class BatteryDay:
    """A day of a battery: how it began, and how far it went."""

    date: int
    """The day of the plant, as an ordinal."""
    soc: float
    charged: float
    discharged: float
    lowest: float = 100.0
    highest: float = 0.0
    stopped_low: float | None = None
    """% at which it gave nothing though the plant bought."""
    stopped_high: float | None = None
    """% at which it took nothing though the plant sold."""

    def see(self, sample: BatterySample) -> None:
        """Note how far it went, and where it stopped."""
        soc = sample.soc
        self.lowest, self.highest = min(self.lowest, soc), max(self.highest, soc)
        if sample.power is None or sample.grid is None or abs(sample.power) > RESTS:
            return
        if sample.grid > WANTED and (
            self.stopped_low is None or soc < self.stopped_low
        ):
            self.stopped_low = soc
        elif sample.grid < -WANTED and (
            self.stopped_high is None or soc > self.stopped_high
        ):
            self.stopped_high = soc


@dataclass(slots=True)
class BatteryHistory:
    """What was seen of a plant's battery."""

    swings: list[tuple[int, float]] = field(default_factory=list)
    """The day and the kWh from full to empty of discharges, oldest first."""
    days: list[BatteryDay] = field(default_factory=list)
    """The latest days, that of today as the last."""
    discharge: Discharge | None = field(default=None, init=False)
    flow: float | None = field(default=None, init=False)
    """W, averaged; positive while it discharges."""
    flow_at: float = field(default=0.0, init=False)
    _known: BatteryKnowledge | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """What follows of it, until a day or a discharge ends."""

    def observe(self, sample: BatterySample, date: int) -> bool:
        """Take in a sample, on a day of the plant; return whether a day or a discharge ended with it."""
        turned, swung = self._turn(sample, date), self._swing(sample, date)
        self.days[-1].see(sample)
        if sample.power is not None:
            self._average(sample.power, sample.at)
        if turned or swung:
            self._known = None
        return turned or swung

    @property
    def known(self) -> BatteryKnowledge:
        """Return what is known of the battery by now."""
        if self._known is None:
            capacity = self._capacity()
            efficiency = self._efficiency(capacity)
            self._known = BatteryKnowledge(
                capacity, efficiency, self._bottom(), self._top()
            )
        return self._known

    def _turn(self, sample: BatterySample, date: int) -> bool:
        if self.days:
            latest = self.days[-1]
            if sample.charged < latest.charged or sample.discharged < latest.discharged:
                # Another battery counts, or the same one anew.
                self.days, self.swings, self.discharge = [], [], None
            elif date == latest.date:
                return False
        day = BatteryDay(date, sample.soc, sample.charged, sample.discharged)
        self.days = [each for each in self.days if each.date >= date - WINDOW] + [day]
        recent = [each for each in self.swings if each[0] > date - LONGEST_MEMORY]
        self.swings = recent[-MOST_SWINGS:]
        return True

    def _swing(self, sample: BatterySample, date: int) -> bool:
        if self.discharge is not None and self.discharge.goes_on(sample):
            if not self.discharge.places and sample.soc < self.discharge.soc:
                self.discharge = _begun(sample)
                self.discharge.places.append((sample.soc, 0.0))
            else:
                self.discharge.take(sample)
            return False
        capacity = self.discharge.capacity() if self.discharge else None
        if capacity is not None:
            self.swings.append((date, round(capacity, 3)))
        self.discharge = _begun(sample)
        return capacity is not None

    def _average(self, power: float, at: float) -> None:
        since = at - self.flow_at
        if self.flow is None or not 0 <= since <= UNBROKEN or power * self.flow <= 0:
            self.flow = power
        else:
            self.flow += (power - self.flow) * (1 - exp(-since / STEADY))
        self.flow_at = at

    @property
    def _today(self) -> int:
        return self.days[-1].date if self.days else 0

    def _capacity(self) -> Measured | Unknown:
        """Return the kWh the battery gives from full to empty: the median of a month's discharges, or of the newest three."""
        recent = [each for each in self.swings if each[0] > self._today - WINDOW]
        used = recent if len(recent) >= ENOUGH_SWINGS else self.swings[-ENOUGH_SWINGS:]
        if len(used) < ENOUGH_SWINGS:
            return Unknown.LEARNING
        values = [capacity for _, capacity in used]
        found = median(values)
        if median(abs(each - found) for each in values) > SCATTERED * found:
            return Unknown.CONTRADICTORY
        return Measured(found, len(used), self._today - used[0][0])

    def _efficiency(self, known: Measured | Unknown) -> Measured | Unknown:
        """Return which share of what was charged came back, over the longest time within a month that ends as it began."""
        capacity = known.value if isinstance(known, Measured) else None
        if not self.days:
            return Unknown.LEARNING
        end, level = self.days[-1], LEVEL if capacity else LEVEL_ALONE
        for begin in self.days:
            if end.date - begin.date < SHORTEST_SPAN:
                break
            if abs(end.soc - begin.soc) > level:
                continue
            charged = end.charged - begin.charged
            given = end.discharged - begin.discharged
            enough = ENOUGH_CYCLES * capacity if capacity else ENOUGH_ENERGY
            if given < enough or charged <= 0:
                continue
            stored = (end.soc - begin.soc) / 100 * (capacity or 0.0)
            share = (given + stored) / charged
            if not BELIEVABLE[0] <= share <= BELIEVABLE[1]:
                return Unknown.CONTRADICTORY
            cycles = given / capacity if capacity else 0.0
            return Measured(share, cycles, end.date - begin.date)
        return Unknown.LEARNING

    def _bottom(self) -> float:
        """Return the % at which it was seen to end on two days of the month, and which it never left downwards; else 0."""
        stops = [each.stopped_low for each in self.days if each.stopped_low is not None]
        lowest = min((each.lowest for each in self.days), default=0.0)
        low = [stop for stop in stops if stop <= lowest + NEAR]
        return min(low) if len(low) > 1 else 0.0

    def _top(self) -> float:
        """Return the % at which it was seen to end on two days of the month, and which it never passed; else 100."""
        stops = [
            each.stopped_high for each in self.days if each.stopped_high is not None
        ]
        highest = max((each.highest for each in self.days), default=100.0)
        high = [stop for stop in stops if stop >= highest - NEAR]
        return max(high) if len(high) > 1 else 100.0

    def time_to(
        self, target: float, soc: float, rated: Callable[[], float | None]
    ) -> float | Unknown:
        """Return the seconds to a charge in % at the averaged power; ``rated`` tells the kWh, for as long as none were measured."""
        known = self.known
        capacity = known.usable(rated)
        if capacity is None:
            return Unknown.NO_CAPACITY
        # kWh that are to be given; negative ones are to be taken.
        missing = capacity * (soc - target) / 100
        if missing < 0 and isinstance(known.efficiency, Measured):
            missing /= known.efficiency.value
        if self.flow is None or missing * self.flow <= 0:
            return Unknown.IDLE
        seconds = JOULES * missing / self.flow
        for most, step in STEPS:
            if seconds <= most:
                return max(step, round(seconds / step) * step)
        return Unknown.IDLE


def _begun(sample: BatterySample) -> Discharge:
    return Discharge(sample.at, sample.soc, sample.charged, sample.discharged)
