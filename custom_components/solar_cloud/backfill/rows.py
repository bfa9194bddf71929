"""Rows of long-term statistics that fit between or before the rows that are there.

A row stands for one hour and holds what the counter said at the hour's end (``state``) and what was counted since the series began
(``sum``). The rows that were there are the truth of the total; the past only says when it was counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .samples import HOUR

type Counter = Callable[[float], float | None]
"""A counter's value in kWh at an instant, ``None`` where it is not known."""

SAME: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One hour of one statistic; times in epoch seconds, energies in kWh."""

    start: float
    state: float | None
    sum: float

    @property
    def end(self) -> float:
        """The instant the row speaks of."""
        return self.start + HOUR


def between(
    before: Row, after: Row, counter: Counter, least: Counter = lambda at: None
) -> list[Row]:
    """Return the hours between two rows as the counter shaped them; none when it does not know.

    The last hour before ``after`` is included. Both rows stay as they are, and so does the total between them; an hour the counter does
    not know stands where the counter was seen last, which is the ``least`` it can have been. One end may be unknown too, as when a
    battery sleeps: the rows say how far it is off.
    """
    first, last = counter(before.end), counter(after.end)
    total = after.sum - before.sum
    if first is None and last is not None:
        first = last - total
    elif last is None and first is not None:
        last = first + total
    if first is None or last is None or total < 0:
        return []
    grown = last - first
    if grown <= SAME and total > SAME:
        return []
    share = total / grown if grown > SAME else 0.0
    rows, reached = [], before.sum
    at = before.end
    while at < after.start:
        value = counter(at + HOUR)
        if value is None:
            value = least(at + HOUR)
        if value is not None:
            wanted = before.sum + (value - first) * share
            reached = min(max(reached, wanted), after.sum)
        rows.append(Row(at, _state(before, after, reached), reached))
        at += HOUR
    return rows


def _state(before: Row, after: Row, reached: float) -> float | None:
    """Return what the counter showed; unknown when it started anew in between."""
    if before.state is None or after.state is None or after.state < before.state:
        return None
    return min(before.state + reached - before.sum, after.state)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Hours before a series, and what the series must be lifted by to go on from them."""

    rows: Sequence[Row]
    lift: float


def ahead(first: Row, starts: Sequence[float], counter: Counter) -> Prefix:
    """Return the hours ``starts`` (whole, ascending, up to the first row) and the lift of the rows there are.

    Hours before the counter is first known are left out; one it does not know later stands where the one before it stood. Where it is not
    known at the end of the first row, as when a battery sleeps, that row itself says how much it adds to what is known at its start.
    """
    after = counter(first.end)
    if after is None and (known := counter(first.start)) is not None:
        after = known + first.sum
    base: float | None = None
    rows: list[Row] = []
    if after is None:
        return Prefix((), 0.0)
    offset = (first.state if first.state is not None else after) - after
    reached = 0.0
    for start in starts:
        if base is None:
            if (base := counter(start)) is None:
                continue
            reached = base
        if (value := counter(start + HOUR)) is not None:
            reached = max(reached, value)
        rows.append(Row(start, reached + offset, reached - base))
    if base is None:
        return Prefix((), 0.0)
    return Prefix(rows, after - base - first.sum)


def lacking(last: Row, first: Row) -> float:
    """Return the kWh a row lacks that is to go on from ``last``, as when the recorder began to sum at 0."""
    if last.state is None or first.state is None or first.state < last.state:
        return max(0.0, last.sum - first.sum)
    return last.sum + first.state - last.state - first.sum


def spread(
    energy: float, starts: Sequence[float], weight: Callable[[float], float]
) -> list[float]:
    """Share a day's energy out to its hours by weight; evenly when there is none."""
    weights = [max(0.0, weight(start)) for start in starts]
    whole = sum(weights)
    if whole <= 0:
        return [energy / len(starts) for _ in starts]
    return [energy * each / whole for each in weights]
