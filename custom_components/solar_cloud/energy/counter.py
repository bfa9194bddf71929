"""The guard of lifetime counters: they only grow, and only as fast as physics allows.

A cloud sends zeros while an inverter sleeps, dips at midnight, and yesterday's energy once more (failures.md E01-E09). Home Assistant's
statistics would book each of these, so a counter is published through a guard that holds its last good value until the odd one goes
away, or has stayed for hours. A leap after a silence fits, and is believed after some minutes. What is published makes the statistics
come out right: a counter that really started anew falls to what it can have counted since, which they read as a reset; any other lasting
change continues without a step.
"""

from dataclasses import dataclass
import math
from typing import Final

from ..cloud.vault import Json
from .course import HEADROOM, UNRATED, Course, Pace
from .doubt import Doubt

PATIENCE: Final = 3 * 3600.0
"""Seconds an odd value must last before it is believed; the longest known glitch takes one hour (E03)."""
SILENCE: Final = 1500.0
"""Seconds without a value after which almost any leap is possible, and which it must last: glitches that add energy take less (E01, E09)."""
LONG_PATIENCE: Final = 48 * 3600.0
"""Seconds a counter may take to make up for a leap that proved to be none."""
TRIAL: Final = 86400.0
"""Seconds in which a leap that was believed can still prove to be none."""
FIRST_ZERO_PATIENCE: Final = 86400.0
"""Seconds before a counter that never showed anything but zero is believed to be new."""


@dataclass(slots=True)
class Guard:
    """The guard of one counter; all values in kWh, times in epoch seconds."""

    course: Course | None = None
    """What is published; ``None`` while nothing is certain."""
    offset: float = 0.0
    """What is added to the vendor's value so that it continues without a step."""
    other: float | None = None
    """The offset before, for a change that is taken back."""
    floor: float = 0.0
    """The value before the latest leap."""
    floor_until: float = -math.inf
    ceiling: float = 0.0
    """W; what a steady climb has proved possible."""
    doubt: Doubt | None = None
    zero_since: float | None = None
    heard: float = -math.inf
    """When the latest value was measured."""
    renewed: bool = False
    """Whether the hardware behind it was replaced."""
    rejected: int = 0
    """How many values were held back."""
    holds: bool = False
    """Whether the latest was."""
    lifelong: bool = True
    """Whether it counts a life: started anew it is published as it is, and leaps must last. One of today continues, and may begin anywhere."""

    @classmethod
    def starting(
        cls, value: float, at: float, watts: float | None, *, lifelong: bool = True
    ) -> Guard:
        """Guard a counter that is known to have had a value at a time."""
        slack = Pace.of(watts or UNRATED).slack
        return cls(course=Course.of(value, at, slack), lifelong=lifelong)

    @property
    def value(self) -> float | None:
        """What is published."""
        return None if self.course is None else self.course.value

    def renew(self) -> None:
        """Expect another counter: the hardware was replaced."""
        self.renewed, self.doubt, self.other = self.course is not None, None, None

    def observe(
        self, raw: float, at: float, rated: float | None = None
    ) -> float | None:
        """Take in what the vendor says and when it was measured; return what to publish, ``None`` while nothing is certain."""
        course, self.holds = self.course, False
        if course is None:
            self._first(raw, at, rated)
        elif raw == 0 < course.value:
            self._reject(at)
        elif self.renewed:
            self._begin_anew(raw, at, course, self._pace(rated))
        else:
            self._judge(raw, at, course, rated)
        self.heard = at
        return self.value

    def _pace(self, rated: float | None) -> Pace:
        return Pace.of(max(rated or UNRATED, self.ceiling))

    def _reject(self, at: float) -> None:
        self.holds = True
        if at != self.heard:
            self.rejected += 1

    def _first(self, raw: float, at: float, rated: float | None) -> None:
        """A zero may be the sleep of an old device: believing it would later book its whole life."""
        if raw == 0:
            if self.zero_since is None or at < self.zero_since:
                self.zero_since = at
            if at - self.zero_since < FIRST_ZERO_PATIENCE:
                return
        self.course = Course.of(round(raw, 6), at, self._pace(rated).slack)

    def _begin_anew(self, raw: float, at: float, course: Course, pace: Pace) -> None:
        """Take over from new hardware: what it can have counted by itself counts, what it brought along does not."""
        self.renewed = False
        if self._restarted(raw, at, course, pace):
            self._restart(raw, at, course, pace)
        else:
            self.offset = course.value - raw
            self._accept(course.value, at, course, pace)

    def _judge(
        self, raw: float, at: float, course: Course, rated: float | None
    ) -> None:
        """Accept a value that fits; hold any other until it goes away or has lasted."""
        pace = self._pace(rated)
        value = round(raw + self.offset, 6)
        doubted = self.doubt and self.doubt.continues(value, at, course.value)
        gained = value - course.value
        leaps = self.lifelong and gained > self._usual(at - course.at, pace)
        if not (doubted or leaps) and 0 <= gained <= course.room(at, pace):
            self._accept(value, at, course, pace)
        elif (back := self._taken_back(raw, value, at, course, pace)) is not None:
            self.other, self.offset = self.offset, back
            self._accept(round(raw + back, 6), at, course, pace)
        else:
            self._reject(at)
            self._hold(raw, value, at, course, rated)

    @staticmethod
    def _usual(seconds: float, pace: Pace) -> float:
        """Return the kWh that need no second look; after a silence, or where a counter stood still for longer than it was shown, few."""
        return pace.reach(seconds) if seconds <= SILENCE else pace.slack

    def _taken_back(
        self, raw: float, value: float, at: float, course: Course, pace: Pace
    ) -> float | None:
        """Return the offset before, when the vendor has returned to the values it had then."""
        if self.other is None or -pace.slack <= value - course.value < 0:
            return None
        gained = round(raw + self.other, 6) - course.value
        return self.other if 0 <= gained <= course.room(at, pace) else None

    def _hold(
        self, raw: float, value: float, at: float, course: Course, rated: float | None
    ) -> None:
        doubt = self.doubt
        if doubt is None or not doubt.continues(value, at, course.value):
            doubt = self.doubt = Doubt.of(value, at)
        doubt.watch(value, at, self._pace(rated))
        learnt = self._learn(doubt, at, rated)
        pace = self._pace(rated)
        if learnt and 0 < value - course.value <= course.room(at, pace):
            self._accept(value, at, course, pace)
        elif at - doubt.since >= self._patience(value, at, course, pace, doubt):
            self._believe(raw, value, at, course, pace, doubt)

    def _learn(self, doubt: Doubt, at: float, rated: float | None) -> bool:
        """A steady climb is no glitch: soon where no rating is known, after hours where one is."""
        climb = doubt.climb()
        if climb is None or (rated is not None and at - doubt.begun < PATIENCE):
            return False
        self.ceiling = max(self.ceiling, climb)
        return climb > (rated or UNRATED) * HEADROOM

    def _patience(
        self, value: float, at: float, course: Course, pace: Pace, doubt: Doubt
    ) -> float:
        """A dip that the counter soon makes up for by itself is waited out; a leap that was possible is soon believed."""
        if 0 < doubt.start - course.value <= course.room(doubt.since, pace):
            return SILENCE
        if course.value - pace.slack <= value < course.value:
            return math.inf
        if at < self.floor_until and self.floor <= value < course.value:
            return LONG_PATIENCE
        return PATIENCE

    def _believe(
        self,
        raw: float,
        value: float,
        at: float,
        course: Course,
        pace: Pace,
        doubt: Doubt,
    ) -> None:
        """What has lasted is true: late news in full, a restart as such, anything else from here on."""
        if 0 < value - course.value <= pace.reach(at - course.moved):
            self._accept(value, at, course, pace)
        elif self._restarted(raw, at, course, pace):
            self._restart(raw, at, course, pace)
        else:
            target = round(course.value + value - doubt.start, 6)
            self.other, self.offset = self.offset, target - raw
            self._accept(target, at, course, pace)

    @staticmethod
    def _restarted(raw: float, at: float, course: Course, pace: Pace) -> bool:
        """Whether a counter can have come from zero since, and the statistics would see that."""
        return raw < course.value / 2 and raw <= pace.reach(at - course.at)

    def _restart(self, raw: float, at: float, course: Course, pace: Pace) -> None:
        self.other = None
        if self.lifelong:
            self.offset, self.doubt, self.floor_until = 0.0, None, -math.inf
            self.course, self.holds = Course.of(round(raw, 6), at), False
        else:
            self.offset = course.value
            self._accept(round(course.value + raw, 6), at, course, pace)

    def _accept(self, value: float, at: float, course: Course, pace: Pace) -> None:
        if value - course.value > pace.slack:
            before = course.value - pace.slack
            leaping = at < self.floor_until
            self.floor = min(self.floor, before) if leaping else before
            self.floor_until = at + TRIAL
        course.advance(value, at, pace)
        self.doubt, self.holds = None, False

    def as_json(self) -> Json:
        """Give the form that is stored."""
        return [
            self.course.as_json() if self.course else None,
            self.offset,
            self.other,
            [self.floor, self.floor_until] if self.floor_until > -math.inf else None,
            self.ceiling,
            self.doubt.as_json() if self.doubt else None,
            self.zero_since,
            self.renewed,
            self.rejected,
        ]

    @classmethod
    def from_json(cls, stored: Json, *, lifelong: bool = True) -> Guard:
        """Read the stored form; a damaged one starts anew."""
        match stored:
            case [
                course,
                float() | int() as offset,
                float() | int() | None as other,
                floor,
                float() | int() as ceiling,
                doubt,
                float() | int() | None as zero_since,
                bool() as renewed,
                int() as rejected,
            ]:
                guard = cls(
                    course=Course.from_json(course),
                    offset=offset,
                    other=other,
                    ceiling=ceiling,
                    doubt=Doubt.from_json(doubt),
                    zero_since=zero_since,
                    renewed=renewed,
                    rejected=rejected,
                    lifelong=lifelong,
                )
                match floor:
                    case [float() | int() as level, float() | int() as until]:
                        guard.floor, guard.floor_until = level, until
                return guard
        return cls(lifelong=lifelong)
