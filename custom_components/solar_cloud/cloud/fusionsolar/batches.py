"""Packing ids into calls, and finding the one id that makes the vendor refuse a whole call."""

from collections.abc import Iterable
import time
from typing import Final

from .limits import BATCH

SHUN_SECONDS: Final = 3600.0
"""How long an id that spoils its call is left out before it is tried again."""


class Packer:
    """Packs ids of one interface and kind.

    One plant without its owner's permission makes the vendor refuse all hundred of a call, without naming it. A refused batch is halved
    until the culprit is alone; it is then left out for a while, and its companions travel together again.
    """

    def __init__(self, shun_seconds: float = SHUN_SECONDS) -> None:
        """Suspect nobody."""
        self._shun_seconds: Final = shun_seconds
        self._groups: dict[str, int] = {}
        self._shunned: dict[str, float] = {}
        self._next_group = 1

    def pack(self, ids: Iterable[str]) -> list[tuple[str, ...]]:
        """Return full batches, each suspicious group apart from the others."""
        now = time.time()
        groups: dict[int, list[str]] = {}
        for each in ids:
            if self._shunned.get(each, 0.0) <= now:
                if self._shunned.pop(each, None) is not None:
                    self._suspect((each,))  # on probation, alone
                groups.setdefault(self._groups.get(each, 0), []).append(each)
        return [
            tuple(members[start : start + BATCH])
            for members in groups.values()
            for start in range(0, len(members), BATCH)
        ]

    def spoilt(self, batch: tuple[str, ...]) -> bool:
        """Note a refusal; whether the culprit is now alone, and left out."""
        if len(batch) == 1:
            self._groups.pop(batch[0], None)
            self._shunned[batch[0]] = time.time() + self._shun_seconds
            return True
        middle = len(batch) // 2
        self._suspect(batch[:middle])
        self._suspect(batch[middle:])
        return False

    def fine(self, batch: tuple[str, ...]) -> None:
        """Note a success: nobody in it is to blame."""
        for each in batch:
            self._groups.pop(each, None)

    def forgive(self, ids: Iterable[str]) -> None:
        """Ask for these again at once, each on its own: what spoilt their calls was mended."""
        for each in ids:
            if self._shunned.pop(each, None) is not None:
                self._suspect((each,))

    def shuns(self, each: str) -> bool:
        """Whether an id is left out at the moment."""
        return self._shunned.get(each, 0.0) > time.time()

    def _suspect(self, batch: tuple[str, ...]) -> None:
        for each in batch:
            self._groups[each] = self._next_group
        self._next_group += 1
