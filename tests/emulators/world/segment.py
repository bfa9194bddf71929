"""A stretch of simulated time: what flowed, step by step, as running sums."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping

from .charging import Socket

LEVEL = "stored."  # columns beginning so are levels; all others are running sums


class Segment:
    """Running sums from a start on; within one step everything flows evenly."""

    def __init__(
        self, start: float, levels: Mapping[str, float], sums: Iterable[str]
    ) -> None:
        """Begin with levels as they are and every sum at zero."""
        self.names = (*sums, *levels)
        self.index = {name: position for position, name in enumerate(self.names)}
        self.times = array("d", [start])
        self.columns = tuple(array("d", [levels.get(name, 0.0)]) for name in self.names)
        self.sockets: dict[str, Socket] = {}
        self.base: dict[
            str, float
        ] = {}  # what the sums stood at when the segment began

    @property
    def start(self) -> float:
        """The first instant."""
        return self.times[0]

    @property
    def end(self) -> float:
        """The last instant simulated."""
        return self.times[-1]

    def share(self, other: Segment) -> None:
        """Have what another one of the same site simulated, which is over; what the sums began at stays one's own."""
        self.times, self.columns, self.sockets = (
            other.times,
            other.columns,
            other.sockets,
        )

    def append(self, at: float, row: Iterable[float]) -> None:
        """Add the sums reached at an instant."""
        self.times.append(at)
        for column, value in zip(self.columns, row, strict=True):
            column.append(value)

    def last(self) -> list[float]:
        """Return the newest row."""
        return [column[-1] for column in self.columns]

    def total(self, name: str) -> float:
        """Return what a sum grew by over the whole segment."""
        position = self.index.get(name)
        return 0.0 if position is None else self.columns[position][-1]

    def cut(self, at: float) -> None:
        """Forget everything after an instant, so that it can go on differently."""
        if at >= self.end:
            return
        moment = Moment(self, at)
        row = [moment.sum(name) for name in self.names]
        keep = bisect_right(self.times, at)
        del self.times[keep:]
        for column in self.columns:
            del column[keep:]
        if self.times[-1] < at:
            self.append(at, row)
        for socket in self.sockets.values():
            socket.cut(at)

    def reached(self) -> dict[str, float]:
        """Return all absolute sums at the end, those of devices since removed included."""
        return self.base | {
            name: self.base.get(name, 0.0) + self.total(name)
            for name in self.names
            if not name.startswith(LEVEL)
        }


class Moment:
    """One instant of a segment: sums by interpolation, powers by the slope."""

    def __init__(self, segment: Segment, at: float) -> None:
        """Look at an instant that the segment has simulated."""
        self.at = at
        self._segment = segment
        right = bisect_right(segment.times, at)
        self._right = min(max(right, 1), len(segment.times) - 1)
        self._left = max(self._right - 1, 0)

    def sum(self, name: str) -> float:
        """Return a sum since the segment's start, or a level."""
        position = self._segment.index.get(name)
        if position is None:
            return 0.0
        column, times = self._segment.columns[position], self._segment.times
        left, right = column[self._left], column[self._right]
        if left == right:
            return left
        begin = times[self._left]
        return left + (right - left) * (self.at - begin) / (times[self._right] - begin)

    def counter(self, name: str) -> float:
        """Return the absolute sum: kWh, or seconds for times."""
        return self._segment.base.get(name, 0.0) + self.sum(name)

    def counters(self, prefix: str) -> float:
        """Return the absolute sum of a family, of devices since removed too."""
        names = self._segment.base.keys() | self._segment.index.keys()
        return sum(self.counter(name) for name in names if name.startswith(prefix))

    def watts(self, name: str) -> float:
        """Return the power at which a sum of kWh grows."""
        position = self._segment.index.get(name)
        if position is None or self._right == self._left:
            return 0.0
        column, times = self._segment.columns[position], self._segment.times
        growth = column[self._right] - column[self._left]
        return growth * 3.6e6 / (times[self._right] - times[self._left])

    def socket(self, charger_id: str) -> Socket | None:
        """Return the log of a charger that existed then."""
        return self._segment.sockets.get(charger_id)
