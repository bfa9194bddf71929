"""Which string, tracker or inverter of a plant gives less than it did, beside its siblings.

Parts differ in size and look to different sides. So each is compared with itself: with its usual share of what those give that behave most
like it, day by day, at the same bright instants. Clouds, seasons and limits are left out: a day counts by the hours in which most parts are beyond
half of their best of late, and not while its output is held by an inverter's rating, a full battery or a limit to the grid. How far a share
wanders with weather and season is seen: a part lags when on four such days running it gave a fifth less than on the worst of the sixteen
before, and where its share was falling, than on the worst of them had it fallen on. What it is measured by stands still until it has returned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from statistics import median
from typing import Final, NamedTuple

from ..cloud.model import Slot

type PartKey = tuple[str, Slot]
"""A device, and what of it: a string's or a tracker's power, or the whole."""

LAG: Final = 0.2
"""Share of the least that is usual that a part must lack."""
RECOVERED: Final = 0.1
"""Share of it that a part may still lack to have returned."""
DEAD: Final = 0.9
"""Share from which on no season explains it."""
UNUSED: Final = 0.02
"""Share of its siblings' below which nothing is connected."""
ALIKE: Final = 0.05
"""By how much the logarithm of a share may vary among parts that are alike."""
WANDERING: Final = 0.2
"""By how much it may vary for a part to be judged by less than its death: those that look elsewhere see other weather, and other seasons."""
AS_ALIKE: Final = 1.5
"""How much more than that of the most alike it may."""

BRIGHT: Final = 0.5
"""Share of its best of late that a part gives when its sky is clear."""
FADING: Final = 0.985
"""What of a best is left after a day: the season changes."""
FIRST_SEEN: Final = 1.3
"""How far a best may rise on a day that counts."""
LEAST_DAY: Final = 3600.0
"""Seconds that must have counted for a day to count."""
LONGEST_STEP: Final = 600.0
"""Seconds a sample stands for at most."""

RECENT: Final = 4
"""Days that must agree."""
USUAL: Final = 16
"""Days that they are compared with; half of them at least must be there."""
MEMORY: Final = 75
"""Days after which what was usual says nothing of today."""
STANDS: Final = 21
"""Days for which what stands still can be compared with: then only what gives nothing is told."""
FOR_GOOD: Final = 90
"""Days after which a part that lags is taken for what it is, and all learn anew."""

FLAT: Final = 0.01
"""Share by which a power moves less from sample to sample while something limits it."""
FLAT_GRID: Final = 30.0
"""W by which a limited power at the grid may move."""
RESTING: Final = 100.0
"""W of a battery that neither takes nor gives."""


class Lag(NamedTuple):
    """A part that lags."""

    part: PartKey
    share: float
    """Which share of what is usual it lacks."""
    since: int
    """The first day, as an ordinal."""
    days: int


class PlantPowers(NamedTuple):
    """What is measured around the parts, W; towards the house is positive."""

    grid: float | None = None
    battery: float | None = None


@dataclass(slots=True)
class PartsDay:
    """A day of all parts: what each gave in its bright hours, in Wh."""

    date: int
    """The day of the plant, as an ordinal."""
    given: list[float]


@dataclass(slots=True)
class Laggard:
    """A part that lags, and what it is measured by."""

    number: int
    """Its place among the parts."""
    since: int
    siblings: list[int]
    """The places of those it is compared with."""
    usual: float
    """What it gave for each kWh of theirs."""
    least: float
    """The least of it."""


@dataclass(slots=True)
class PartsToday:
    """Today of the parts of a plant."""

    date: int = 0
    at: float = 0.0
    given: list[float] = field(default_factory=list)
    """Ws in bright hours."""
    seconds: float = 0.0
    """How long these were."""
    bests: list[float] = field(default_factory=list)
    """The most each part gave of late, W."""
    bests_before: list[float] = field(default_factory=list)
    """The same as the day began."""
    total: float = 0.0
    grid: float | None = None
    """W, at the sample before."""

    def add(self, powers: Sequence[float], seconds: float) -> None:
        """Count powers in W that lasted, if it was bright then: most parts are at half of their best, or one of two."""
        bests = self.bests = [*map(max, self.bests, powers, strict=True)]
        used = UNUSED * max(bests)
        shares = sorted(
            power / best
            for power, best in zip(powers, bests, strict=True)
            if best > used
        )
        if shares and shares[len(shares) // 2] >= BRIGHT:
            self.seconds += seconds
            for number, power in enumerate(powers):
                self.given[number] += power * seconds

    def whole(self) -> PartsDay | None:
        """Return the day, ``None`` where too little of it counted, or too much: the best was not known yet."""
        rose = any(
            best > FIRST_SEEN * before
            for best, before in zip(self.bests, self.bests_before, strict=True)
        )
        if rose or self.seconds < LEAST_DAY:
            return None
        return PartsDay(self.date, [round(each / 3600, 1) for each in self.given])


class Expected(NamedTuple):
    """What a part should give for each kWh of its siblings."""

    siblings: list[int]
    usual: float
    least: float
    wanders: bool
    """Whether that varies so much that only nothing is too little."""


@dataclass(slots=True)
class Siblings:
    """The parts of one plant, over days."""

    parts: list[PartKey] = field(default_factory=list)
    usual: list[PartsDay] = field(default_factory=list)
    recent: list[PartsDay] = field(default_factory=list)
    """The newest days, which are judged."""
    laggards: list[Laggard] = field(default_factory=list)
    stands_since: int = 0
    """Since when nothing is learnt, because one lags; 0 while none does."""

    def observe(
        self,
        powers: Mapping[PartKey, float],
        around: PlantPowers,
        at: float,
        date: int,
        today: PartsToday,
    ) -> bool:
        """Take in the powers of all parts, W, at an instant of a day; return whether a day ended with it."""
        if turned := today.date != date or len(today.given) != len(powers):
            self._turn([*powers], date, today)
        since, today.at = at - today.at, at
        total = sum(powers.values())
        limited = _is_limited(total, around, today)
        today.total, today.grid = total, around.grid
        if since > 0 and not limited:
            today.add([*powers.values()], min(since, LONGEST_STEP))
        return turned

    def _turn(self, parts: list[PartKey], date: int, today: PartsToday) -> None:
        """End the day that is over, and begin another; parts that came or went make all learn anew."""
        if self.parts != parts or len(today.given) != len(parts):
            self._learn_anew(parts)
            today.bests = [0.0] * len(parts)
        elif (day := today.whole()) is not None:
            self._end(day)
        if self.stands_since and date - self.stands_since > FOR_GOOD:
            self._learn_anew(parts)
        fading = FADING ** max(0, date - today.date)
        today.bests = [best * fading for best in today.bests]
        today.bests_before = today.bests
        today.date, today.seconds, today.given = date, 0.0, [0.0] * len(parts)

    def _learn_anew(self, parts: list[PartKey]) -> None:
        self.parts, self.stands_since = parts, 0
        self.usual, self.recent, self.laggards = [], [], []

    def _end(self, day: PartsDay) -> None:
        """Take in a day that counts, and judge the parts."""
        self.recent.append(day)
        if len(self.recent) > RECENT:
            first = self.recent.pop(0)
            if not self.laggards:
                known = [each for each in self.usual if each.date > day.date - MEMORY]
                self.usual = [*known[1 - USUAL :], first]
        self.laggards = [each for each in self.laggards if not self._returned(each)]
        if len(self.recent) == RECENT and self.learnt:
            found = [each.number for each in self.laggards]
            for number in range(len(self.parts)):
                if number not in found:
                    self._judge(number, found)
        if not self.laggards and self.stands_since:
            # The days on which one lagged are not usual, and those before may be of another season.
            if day.date - self.stands_since > STANDS:
                self._learn_anew(self.parts)
            self.stands_since, self.recent = 0, self.recent[1 - RECENT :]
        elif self.laggards and not self.stands_since:
            self.stands_since = day.date

    @property
    def learnt(self) -> bool:
        """Whether it is known how much the parts should give."""
        return len(self.usual) >= USUAL // 2

    def _returned(self, laggard: Laggard) -> bool:
        newest = self.recent[1 - RECENT :]
        shares = _shares(newest, laggard.number, laggard.siblings)
        return len(shares) == RECENT - 1 and min(shares) >= laggard.least * (
            1 - RECOVERED
        )

    def _judge(self, number: int, found: Sequence[int]) -> None:
        """See whether a part lags, beside others that do not."""
        expected = self._expected(number, found)
        if expected is None or expected.usual < UNUSED:
            return
        shares = _shares(self.recent, number, expected.siblings)
        date = self.recent[-1].date
        late = self.stands_since and date - self.stands_since > STANDS
        lag = DEAD if late or expected.wanders else LAG
        if len(shares) == RECENT and max(shares) <= (1 - lag) * expected.least:
            siblings, usual, least, _ = expected
            first = self.recent[0].date
            self.laggards.append(Laggard(number, first, siblings, usual, least))

    def _expected(self, number: int, found: Sequence[int]) -> Expected | None:
        """Return what a part should give now; ``None`` where nothing is like it.

        A share that fell from the older half of its days to the newer is expected to fall on; one that rose is not expected to rise.
        """
        spreads = {
            other: spread
            for other in range(len(self.parts))
            if other != number
            and other not in found
            and (spread := self._spread(number, other)) is not None
        }
        if not spreads:
            return None
        most = max(AS_ALIKE * min(spreads.values()), ALIKE)
        siblings = [other for other, spread in spreads.items() if spread <= most]
        shares = _shares(self.usual, number, siblings)
        half, dates = USUAL // 2, [each.date for each in self.usual]
        usual, at = median(shares[-half:]), median(dates[-half:])
        least = min(shares)
        wanders = log(max(shares) / least) > WANDERING
        if len(shares) > half:
            earlier, before = median(shares[:-half]), median(dates[:-half])
            now = median(each.date for each in self.recent)
            if usual < earlier and at > before:
                falls = exp(log(usual / earlier) * (now - at) / (at - before))
                usual, least = usual * falls, least * falls
        return Expected(siblings, usual, least, wanders)

    def _spread(self, number: int, other: int) -> float | None:
        """Return how far the logarithm of what one part gives for each kWh of another was apart; ``None`` where one gave nothing."""
        pairs = [(day.given[number], day.given[other]) for day in self.usual]
        if min(map(min, pairs)) <= 0:
            return None
        ratios = [one / two for one, two in pairs]
        return log(max(ratios) / min(ratios))

    def lags(self, date: int) -> list[Lag] | None:
        """Return the parts that lag, the worst first; ``None`` while it is not known how much they should give."""
        if not self.learnt:
            return None
        found = []
        for each in self.laggards:
            shares = _shares(self.recent, each.number, each.siblings) or [0.0]
            lacks = max(0.0, 1.0 - median(shares) / each.usual)
            part = self.parts[each.number]
            found.append(Lag(part, lacks, each.since, date - each.since))
        return sorted(found, key=lambda each: -each.share)


def _shares(
    days: Sequence[PartsDay], number: int, siblings: Sequence[int]
) -> list[float]:
    """Return what a part gave for each kWh of its siblings, on the days on which they gave any."""
    pairs = (
        (day.given[number], sum(day.given[other] for other in siblings)) for day in days
    )
    return [own / others for own, others in pairs if others > 0]


def _is_limited(total: float, around: PlantPowers, before: PartsToday) -> bool:
    """Whether something holds the output: an inverter at its rating, or a grid that may take no more, beside a battery that takes nothing."""
    if (
        total >= BRIGHT * sum(before.bests)
        and abs(total - before.total) <= FLAT * total
    ):
        return True
    if around.grid is None or before.grid is None or around.grid > FLAT_GRID:
        return False
    if around.battery is not None and abs(around.battery) > RESTING:
        return False
    moved = abs(around.grid - before.grid)
    return moved <= max(FLAT_GRID, FLAT * abs(around.grid))
