"""Counting calls as vendors do."""

from collections import deque


class Window:
    """At most so many calls in a rolling span of seconds."""

    def __init__(self, seconds: float) -> None:
        """Look back over a span."""
        self.seconds = seconds
        self._calls: deque[float] = deque()

    def used(self, now: float) -> int:
        """Count what the span still holds."""
        while self._calls and self._calls[0] <= now - self.seconds:
            self._calls.popleft()
        # A clock that was moved back leaves calls in the future: they are forgotten.
        while self._calls and self._calls[-1] > now:
            self._calls.pop()
        return len(self._calls)

    def acquire(self, now: float) -> None:
        """Count one call."""
        self.used(now)
        self._calls.append(now)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()


class Day:
    """Calls per UTC day."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._day: int | None = None
        self._count = 0

    def used(self, now: float) -> int:
        """Count today's calls."""
        if self._day != int(now // 86400):
            self._day, self._count = int(now // 86400), 0
        return self._count

    def acquire(self, now: float) -> None:
        """Count one call."""
        self._count = self.used(now) + 1
