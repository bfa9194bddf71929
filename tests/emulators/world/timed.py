"""A value that changes over time and can be asked for any instant."""

from bisect import bisect_right
from collections.abc import Iterator
import math


class Timed[T]:
    """A step function of time: what was true at an instant stays answerable."""

    def __init__(self, value: T) -> None:
        """Start with a value that holds since ever."""
        self._since = [-math.inf]
        self._values = [value]

    @property
    def latest(self) -> T:
        """The value set last."""
        return self._values[-1]

    def at(self, at: float) -> T:
        """Return the value that held at an instant."""
        return self._values[bisect_right(self._since, at) - 1]

    def since(self, at: float) -> float:
        """Return since when the value of an instant had held."""
        return self._since[bisect_right(self._since, at) - 1]

    def set(self, at: float, value: T) -> None:
        """Hold a new value from an instant on; what was set for later is forgotten."""
        self.cut(at)
        self._since.append(at)
        self._values.append(value)

    def cut(self, at: float) -> None:
        """Forget what was set for this instant or later."""
        while self._since[-1] >= at:
            self._since.pop()
            self._values.pop()

    def changes(self) -> Iterator[tuple[float, T]]:
        """Yield every change with its time, oldest first."""
        yield from zip(self._since, self._values, strict=True)
