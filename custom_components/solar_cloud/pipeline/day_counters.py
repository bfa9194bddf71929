"""The day of a plant: energy counted since its midnight, whatever the vendor's clock and the cloud's delay make of it.

Vendors set their counters of today back late, early, or at sunrise (failures.md E04, E05, E07). So the day begins with nothing, and the
vendor's counter counts from when it was seen to start anew.
"""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from ..cloud.timestamps import midnight
from .counter_filter import CounterFilter
from .growth import BRIDGE, UNRATED, Evidence, GrowthLimit

EARLY: Final = 3 * 3600.0
"""Seconds before midnight at which a counter's restart belongs to the next day: device clocks are wrong, daylight saving is ignored."""
SETTLED: Final = 2 * 3600.0
"""Seconds after midnight at which a counter never met before is believed to be today's."""


LEEWAY: Final = 0.2
"""kWh by which a counter of today may be ahead of the lifetime beside it: both are rounded."""


@dataclass(slots=True)
class PlantDay:
    """The day a plant is in; it never goes back by one, whatever clocks and zones do."""

    date: int = 0
    """Ordinal of the local date."""
    start: float = 0.0
    """Epoch seconds of its midnight."""

    def turn(self, now: datetime, zone: tzinfo) -> None:
        """Go to the day of an instant."""
        day = now.astimezone(zone).date()
        date = day.toordinal()
        if date > self.date or date < self.date - 1:
            self.date, self.start = date, midnight(day, zone)


@dataclass(slots=True)
class DayCounter:
    """A counter of today as the vendor keeps it; money, which can be lost, is not guarded."""

    guarded: bool = True
    date: int = 0
    value: float = 0.0
    waiting: bool = True
    """Whether the vendor's counter has not been seen to start anew today."""
    sure: bool = False
    """Whether it was seen to fall."""
    restarted_at: float | None = None
    raw: float | None = None
    """What the vendor said last, and when it was measured."""
    at: float = 0.0
    filter: CounterFilter = field(default_factory=lambda: CounterFilter(lifelong=False))

    def turn(self, day: PlantDay, rated: float | None = None) -> float:
        """Begin the plant's day if it is a new one, and return the energy since its midnight."""
        if day.date != self.date:
            self.date, self.value = day.date, 0.0
            early = self.restarted_at
            self.waiting = early is None or not -EARLY <= early - day.start <= 0
            self.sure = not self.waiting
            begin = day.start if self.waiting or early is None else early
            self._start(0.0, begin, rated)
        return self.value

    def _start(self, value: float, at: float, rated: float | None) -> None:
        """Count on from a value; what the counter proved it can do is remembered."""
        before = self.filter
        self.filter = CounterFilter.starting(value, at, rated, lifelong=False)
        self.filter.learned_limit = before.learned_limit
        self.filter.measured, self.filter.mark = before.measured, before.measured.mark

    @property
    def known(self) -> float | None:
        """Return the energy since midnight, ``None`` while the vendor's counter is not known to be today's, or is doubted."""
        doubted = self.guarded and self.filter.holds
        return None if self.waiting or doubted else self.value

    def observe(
        self, raw: float, at: float, day: PlantDay, evidence: Evidence | None = None
    ) -> float:
        """Take in what the vendor says and when it was measured; return the energy since the plant's midnight."""
        evidence = evidence or Evidence()
        first, rated = self.raw is None, evidence.limit
        self.turn(day, rated)
        pace = GrowthLimit.of(rated or UNRATED)
        fell = self._fell(raw, at, pace)
        if fell:
            self.restarted_at = at
        elif self.restarted_at is not None and raw > pace.max_growth(
            at - self.restarted_at
        ):
            self.restarted_at = None  # it had only been away
        if at >= day.start:
            if self.waiting and self._begins(raw, at, day, pace, fell=fell):
                settled = first and at - day.start >= SETTLED
                self.waiting, self.sure = False, fell or raw == 0 or settled
                if first:
                    self._start(raw, at, rated)
            elif fell and not (self.waiting or self.sure):
                self.sure = True
                self._start(raw, at, rated)
            if not self.waiting:
                self.value = self._counted(raw, at, evidence)
        self.raw, self.at = raw, at
        return self.value

    def _counted(self, raw: float, at: float, evidence: Evidence) -> float:
        if not self.guarded:
            return raw
        return self.filter.observe(raw, at, evidence) or 0.0

    def _fell(self, raw: float, at: float, pace: GrowthLimit) -> bool:
        """Whether the counter started anew since it was heard last."""
        return (
            self.raw is not None
            and abs(raw) < abs(self.raw) / 2
            and abs(raw) <= pace.max_growth(at - self.at)
        )

    def _begins(
        self, raw: float, at: float, day: PlantDay, pace: GrowthLimit, *, fell: bool
    ) -> bool:
        """Whether a value after midnight is today's already."""
        if fell or raw == 0:
            return True
        if self.raw is None:
            return at - day.start >= SETTLED or raw <= pace.rate * (at - day.start)
        unheard = at - max(self.at, day.start)
        return raw != self.raw and raw <= pace.rate * unheard


@dataclass(slots=True)
class DayShare:
    """What a lifetime counter gained since midnight."""

    date: int = 0
    base: float | None = None
    """The counter at midnight; ``None`` while it is not known."""
    last: float | None = None
    at: float = 0.0
    before: float | None = None
    """The counter when it was last heard before a midnight that nobody saw, until the share of the new day is known."""
    least: float | None = None
    """The counter when it was last heard before midnight: the day did not begin with less."""
    rough: bool = False
    """Whether the day began where a counter says that lags behind, or was not read together with this one."""
    known: float | None = None
    """What the vendor's counter of today said last."""
    seen: float = 0.0
    """What was shown of the counter last, certain or not."""
    whole: bool = False
    """Whether all that it grew since then was measured, so that what is missing is of the day before."""

    @property
    def begun(self) -> bool:
        """Whether it is known how the day began."""
        return self.base is not None and self.before is None

    def observe(
        self,
        counter: float,
        at: float,
        day: PlantDay,
        known: float | None = None,
        *,
        certain: bool = True,
        slow: bool = False,
        measured: bool = False,
    ) -> float | None:
        """Return the energy since midnight, ``None`` on a first day of which nobody says how it began.

        ``known`` is what the vendor's counter of today says: it counts where the counter was not watched at midnight; one that is ``slow``
        lags behind by up to an hour. What was gained over a midnight that was watched belongs to both days by their time. ``certain`` says
        that the counter was heard now, and nothing of it is held back, ``measured`` that it went on by its power meanwhile.
        """
        if self.last is not None and day.date != self.date:
            self._turn(self.last, counter, at, day, certain=certain)
        self.date = day.date
        if not certain:
            self.whole = self.whole and measured
        fresh = at - self.at <= BRIDGE and known != self.known and counter != self.seen
        if certain and self.before is not None:
            self._settle(counter, at, day, self.before, known)
            self.rough = not fresh
        elif certain and known is not None:
            self._learn(counter, known, slow=slow, fresh=fresh)
        if certain or self.last is None:
            self.last, self.at = counter, at
        self.seen, self.known = counter, known
        if self.base is None:
            return None
        self.base = min(self.base, counter)
        if self.before is not None and known is not None:
            return min(known, max(0.0, round(counter - self.before, 6)))
        return round(counter - self.base, 6)

    def _turn(
        self, last: float, counter: float, at: float, day: PlantDay, *, certain: bool
    ) -> None:
        """Begin a day; one whose midnight nobody watched begins with nothing until more is known."""
        watched = certain and at - self.at <= BRIDGE
        self.before, self.least = None if watched else last, last
        self.base = self._split(last, counter, at, day) if watched else counter
        self.rough, self.whole = False, not certain

    def _split(self, last: float, counter: float, at: float, day: PlantDay) -> float:
        """Return the counter at midnight: what was gained over it belongs to both days by their time."""
        span = at - self.at
        part = (day.start - self.at) / span if span > 0 else 0.0
        return last + (counter - last) * min(max(part, 0.0), 1.0)

    def _settle(
        self,
        counter: float,
        at: float,
        day: PlantDay,
        before: float,
        known: float | None,
    ) -> None:
        """Begin the day where the vendor's counter of today says it began; by time, when that is not heard of soon."""
        if known is not None and known <= counter - before + LEEWAY:
            self.base, self.before = counter - known, None
            return
        if self.whole and self.base is not None:
            self.base, self.before = self.base + counter - self.seen, None
            return
        if self.last == before:
            self.base = self._split(before, counter, at, day)
        if known is not None or at - day.start > SETTLED:
            self.before = None

    def _learn(self, counter: float, known: float, *, slow: bool, fresh: bool) -> None:
        """Begin the day where the vendor's counter of today says it began.

        One that is ``slow`` says it too late; only two that moved in the same poll are certainly of one moment.
        """
        begun = counter - known
        if self.least is not None and begun < self.least - LEEWAY:
            return
        if self.base is None:
            self.base, self.rough = begun, slow or not fresh
        elif self.rough and slow and counter != self.seen:
            self.base = min(self.base, begun)
        elif self.rough and fresh and not slow:
            self.rough = False
            if abs(begun - self.base) > LEEWAY / 2:
                self.base = begun
