"""A counter's values that do not fit what it showed before: watched until they go away, or prove to stay."""

from dataclasses import dataclass, field
import itertools
from typing import Final

from ..cloud.vault import Json
from .course import Course, Pace

LONGEST_GAP: Final = 3600.0
"""Seconds without a value after which nothing is known to have lasted."""
STEPS: Final = 4
"""Points of a climb that show how fast a counter really moves."""
UNEVEN: Final = 10.0
"""How much faster one step of a real climb may be than another: clouds pass."""


@dataclass(slots=True)
class Doubt:
    """A course of its own beside the one that is published."""

    begun: float
    """Since when the values have been odd without a break."""
    since: float
    """Since when they have moved as a counter does."""
    start: float
    """Their value then."""
    course: Course
    trail: list[tuple[float, float]] = field(default_factory=list)
    """The latest (time, value) at which they rose."""

    @classmethod
    def of(cls, value: float, at: float) -> Doubt:
        """Begin to watch."""
        return cls(at, at, value, Course.of(value, at), [(at, value)])

    def continues(self, value: float, at: float, level: float) -> bool:
        """Whether a value belongs to the same oddity: on the same side of the level, risen if anything, and not long after."""
        return (
            value >= self.course.value
            and 0 <= at - self.course.at <= LONGEST_GAP
            and value != level
            and (value > level) == (self.course.value > level)
        )

    def watch(self, value: float, at: float, pace: Pace) -> None:
        """Follow the values; a leap among them starts the waiting anew."""
        gained = value - self.course.value
        if gained > 0:
            self.trail = [*self.trail, (at, value)][-STEPS:]
        if gained > self.course.room(at, pace):
            self.since, self.start = at, value
            self.course = Course.of(value, at)
        else:
            self.course.advance(value, at, pace)

    def climb(self) -> float | None:
        """Return the W of a steady climb, ``None`` when there is none."""
        steps = [
            (later[1] - earlier[1]) / (later[0] - earlier[0])
            for earlier, later in itertools.pairwise(self.trail)
            if later[0] > earlier[0]
        ]
        if len(steps) < STEPS - 1 or max(steps) > UNEVEN * min(steps):
            return None
        return sum(steps) / len(steps) * 3_600_000

    def as_json(self) -> Json:
        """Give the form that is stored."""
        trail: list[Json] = [[at, value] for at, value in self.trail]
        return [self.begun, self.since, self.start, self.course.as_json(), trail]

    @classmethod
    def from_json(cls, stored: Json) -> Doubt | None:
        """Read the stored form."""
        match stored:
            case [
                float() | int() as begun,
                float() | int() as since,
                float() | int() as start,
                list(course),
                list(trail),
            ] if (followed := Course.from_json(course)) is not None:
                points = [
                    (float(point[0]), float(point[1]))
                    for point in trail
                    if isinstance(point, list)
                    and len(point) == 2
                    and isinstance(point[0], float | int)
                    and isinstance(point[1], float | int)
                ]
                return cls(float(begun), float(since), float(start), followed, points)
        return None
