"""What an account may not read, found out by being refused: remembered, so that the rest is read without it, and tried again when it is time."""

from collections.abc import Iterable, Iterator
import time
from typing import Final


class Refusals[K]:
    """What was refused, or is not there, and since when; it is tried again some seconds later."""

    def __init__(self, seconds: float) -> None:
        """Begin with nothing refused."""
        self._seconds: Final = seconds
        self.since: Final[dict[K, float]] = {}

    def note(self, key: K) -> None:
        """Do not try this again for a while."""
        self.since[key] = time.time()

    def clear(self, key: K) -> bool:
        """Forget a refusal; whether there was one."""
        return self.since.pop(key, None) is not None

    def forget(self) -> None:
        """Let everything be tried again."""
        self.since.clear()

    def __contains__(self, key: K) -> bool:
        """Whether it is too early to try this again; a clock that was put back makes it no earlier."""
        return key in self.since and 0 <= time.time() - self.since[key] < self._seconds

    def __iter__(self) -> Iterator[K]:
        """Yield what must not be tried now."""
        return (key for key in self.since if key in self)


class Batcher:
    """Packs ids of one kind into calls.

    One that is not ours to read makes the vendor refuse a whole call without naming it. A refused batch is halved until the culprit is
    alone; it is then left out for a while, and its companions travel together again.
    """

    def __init__(self, size: int, seconds: float) -> None:
        """Put up to ``size`` ids into a call, and leave one that spoils it out for some seconds."""
        self._size: Final = size
        self._groups: dict[str, int] = {}
        self._next_group = 1
        self._excluded: Final = Refusals[str](seconds)

    def pack(self, ids: Iterable[str]) -> list[tuple[str, ...]]:
        """Return full batches, each suspicious group apart from the others."""
        groups: dict[int, list[str]] = {}
        for each in ids:
            if each not in self._excluded:
                self.retry((each,))
                groups.setdefault(self._groups.get(each, 0), []).append(each)
        return [
            tuple(members[start : start + self._size])
            for members in groups.values()
            for start in range(0, len(members), self._size)
        ]

    def mark_failed(self, batch: tuple[str, ...]) -> bool:
        """Note a refusal; whether the culprit is now alone, and left out."""
        if len(batch) == 1:
            self._groups.pop(batch[0], None)
            self._excluded.note(batch[0])
            return True
        middle = len(batch) // 2
        self._suspect(batch[:middle])
        self._suspect(batch[middle:])
        return False

    def mark_ok(self, batch: tuple[str, ...]) -> None:
        """Note a success: no id in it spoils a call."""
        for each in batch:
            self._groups.pop(each, None)

    def retry(self, ids: Iterable[str]) -> None:
        """Ask for these again at once, each that was left out on its own: what spoilt their calls may be mended."""
        for each in ids:
            if self._excluded.clear(each):
                self._suspect((each,))

    def retry_all(self) -> None:
        """Ask for all that was left out."""
        self.retry([*self._excluded.since])

    def _suspect(self, batch: tuple[str, ...]) -> None:
        for each in batch:
            self._groups[each] = self._next_group
        self._next_group += 1
