"""What must outlive a restart and a failed set-up, in named sections.

The client decides what is kept, its caller where: in Home Assistant's store, or in memory.
"""

from collections.abc import Callable
from typing import Final, Protocol

from .serialization import Json, to_json

__all__ = ["LATER", "SOON", "Json", "MemoryStorage", "Storage"]


SOON: Final = 30.0
"""Seconds what was decided may wait to be written: nobody could tell it again."""
LATER: Final = 900.0
"""Seconds that must be over since the last write before what the next poll tells again is written.

With the rest of a poll's period and a restart they are fewer than those over which a counter counts as watched (``BRIDGE``): after a
crash nothing is doubted.
"""


class Storage(Protocol):
    """Named sections of JSON."""

    def load(self, section: str) -> Json:
        """Return a section as it was last saved, ``None`` when there is none."""

    async def save(self, section: str, content: Json) -> None:
        """Write a section at once; it is on disk when this returns."""

    def delay_save(
        self, section: str, content: Callable[[], object], delay: float = SOON
    ) -> None:
        """Write a section soon, or when the last write was so many seconds ago, and at shutdown.

        ``content`` is asked then for what the codec writes.
        """


class MemoryStorage:
    """A storage that forgets: for a set-up form and for tests."""

    def __init__(self) -> None:
        """Begin without a section."""
        self._sections: dict[str, Json] = {}
        self._pending: dict[str, Callable[[], object]] = {}

    def load(self, section: str) -> Json:
        """Return the newest content, waiting or written."""
        if section in self._pending:
            return to_json(self._pending[section]())
        return self._sections.get(section)

    async def save(self, section: str, content: Json) -> None:
        """Keep a section, instead of what waits to be kept under its name."""
        self._pending.pop(section, None)
        self._sections[section] = content

    def delay_save(
        self, section: str, content: Callable[[], object], delay: float = SOON
    ) -> None:
        """Keep ``content``, and ask it each time the section is loaded."""
        self._pending[section] = content

    def sections(self) -> dict[str, Json]:
        """Return everything kept, for a storage that lasts to take over."""
        return self._sections | {
            section: to_json(content()) for section, content in self._pending.items()
        }
