"""Counters over time: what was really counted, from samples that lie now and then.

The past holds the same zeros, dips and jumps as the present (failures.md E01-E09), but here both sides of a lie are known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

type Sample = tuple[float, float]
"""Epoch seconds and kWh."""

HOUR: Final = 3600.0
LONGEST_STEP: Final = 4500.0
"""Between two samples farther apart nothing is known of the hours, except where the counter stood still."""
RESET_LASTS: Final = 6 * HOUR
"""A counter that stays far below its old value that long was really reset."""
RESET_FALL: Final = 0.9
TOUCH: Final = 900.0
"""Just beyond the first and the last sample a counter is taken to stand."""


def clean(samples: Iterable[Sample]) -> list[Sample]:
    """Keep the most samples that never fall, in the order of time; zeros, dips and jumps are what is left out."""
    ordered = _without_zeros(sorted(dict(samples).items()))
    tails: list[float] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, value) in enumerate(ordered):
        place = bisect_right(tails, value)
        before.append(ends[place - 1] if place else -1)
        if place == len(tails):
            tails.append(value)
            ends.append(number)
        else:
            tails[place] = value
            ends[place] = number
    kept: list[Sample] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        kept.append(ordered[number])
        number = before[number]
    return kept[::-1]


def _without_zeros(ordered: Sequence[Sample]) -> list[Sample]:
    """Leave out zeros after more: that is a device asleep, never a counter."""
    kept: list[Sample] = []
    for sample in ordered:
        if sample[1] > 0 or not kept or kept[-1][1] <= 0:
            kept.append(sample)
    return kept


def continuous(samples: Iterable[Sample]) -> list[Sample]:
    """Clean a counter's samples and let it go on over real resets, as if it had never started anew."""
    ordered = sorted(dict(samples).items())
    joined: list[Sample] = []
    for segment in _segments(ordered):
        kept = clean(segment)
        lift = joined[-1][1] if joined else 0.0
        joined += [(at, value + lift) for at, value in kept]
    return joined


def _segments(ordered: Sequence[Sample]) -> list[list[Sample]]:
    """Cut where a counter fell and stayed down for hours."""
    segments: list[list[Sample]] = [[]]
    top = 0.0
    for number, (at, value) in enumerate(ordered):
        if value < RESET_FALL * top and _stays_below(ordered, number, top):
            segments.append([])
            top = 0.0
        segments[-1].append((at, value))
        if number + 1 == len(ordered) or ordered[number + 1][1] >= value * RESET_FALL:
            top = max(top, value)
    return segments


def _stays_below(ordered: Sequence[Sample], number: int, top: float) -> bool:
    end = ordered[number][0] + RESET_LASTS
    last = ordered[-1][0]
    stop = bisect_left(ordered, (end, float("-inf")))
    return last >= end and all(
        0 < value < RESET_FALL * top for _, value in ordered[number + 1 : stop]
    )


def value_at(samples: Sequence[Sample], at: float) -> float | None:
    """Read a cleaned counter at an instant; ``None`` where its samples do not say."""
    place = bisect_right(samples, (at, float("inf")))
    earlier = samples[place - 1] if place else None
    later = samples[place] if place < len(samples) else None
    if earlier is None or later is None:
        near = earlier or later
        return near[1] if near and abs(at - near[0]) <= TOUCH else None
    (first, low), (second, high) = earlier, later
    if high == low:
        return low
    if second - first > LONGEST_STEP:
        return None
    return low + (high - low) * (at - first) / (second - first)


def least_at(samples: Sequence[Sample], at: float) -> float | None:
    """Return what a cleaned counter was seen to have reached by an instant."""
    place = bisect_right(samples, (at, float("inf")))
    return samples[place - 1][1] if place else None


def thin(samples: Iterable[Sample]) -> list[Sample]:
    """Keep what the full hours need: the first and the last sample of each."""
    ordered = sorted(dict(samples).items())
    return [
        sample
        for number, sample in enumerate(ordered)
        if number in {0, len(ordered) - 1}
        or ordered[number - 1][0] // HOUR != sample[0] // HOUR
        or ordered[number + 1][0] // HOUR != sample[0] // HOUR
    ]


def hours(start: float, end: float) -> list[float]:
    """Return the starts of the full hours that lie in a span."""
    first = -(-start // HOUR) * HOUR
    count = int((end - first) // HOUR)
    return [first + number * HOUR for number in range(max(0, count))]
