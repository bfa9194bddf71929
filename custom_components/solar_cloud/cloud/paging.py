"""Lists that come in pages, and a listing that goes on where a limit stopped it, over restarts too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import time
from typing import Final

from .serialization import from_json, to_json
from .storage import LATER, SOON, Json, Storage

MOST_PAGES: Final = 100
MANY: Final = 10
"""Answers that are worth a write of their own: a crash must not make a long listing begin anew."""
PATIENCE: Final = 900.0
"""Seconds within which a listing that was stopped is taken up again rather than begun anew."""


@dataclass(frozen=True, slots=True)
class Page[RowT]:
    """Rows, and how long the list is: in pages, or in rows, where the cloud tells. A list of untold length ends with an empty page."""

    rows: list[RowT]
    pages: int | None = None
    count: int | None = None

    def ends(self, number: int, total: int) -> bool:
        """Whether the list ends with this page, by its number and by how many rows were read in all."""
        if self.pages is not None and number >= self.pages:
            return True
        return not self.rows or (self.count is not None and total >= self.count)


@dataclass(frozen=True, slots=True)
class Listing[RowT]:
    """Rows of all pages, and whether they are all there are."""

    rows: list[RowT]
    complete: bool = True


async def read_list[RowT](
    read: Callable[[int], Awaitable[Page[RowT]]],
) -> Listing[RowT]:
    """Read a list page by page, from the first, to its end."""
    rows: list[RowT] = []
    for number in range(1, MOST_PAGES + 1):
        page = await read(number)
        rows += page.rows
        if page.ends(number, len(rows)):
            return Listing(rows, page.count is None or len(rows) >= page.count)
    return Listing(rows, complete=False)


@dataclass(slots=True)
class KeptListing:
    """What a listing has been answered so far, by question, and when it was last."""

    at: float = 0.0
    answers: dict[str, list[Json]] = field(default_factory=dict)


class ListingMemory:
    """What one listing of an account has been answered, by question, and how many answers there will be."""

    def __init__(self, storage: Storage, section: str) -> None:
        """Take up what an earlier try was told."""
        self._storage: Final = storage
        self._section: Final = section
        self._kept: Final = from_json(KeptListing, storage.load(section))
        self._expected: dict[str, int] = {}

    def begin(self) -> None:
        """Start a listing, or take up one that was stopped a moment ago."""
        self._expected.clear()
        if not self._kept.at <= time.time() <= self._kept.at + PATIENCE:
            self._kept.answers.clear()

    def finish(self) -> None:
        """Forget the answers, so that the next listing asks again."""
        self._kept.answers.clear()
        self._storage.delay_save(self._section, self._as_json, LATER)

    def kept(self, question: str) -> tuple[Json, ...] | None:
        """Return the answer that was kept, nothing for a refusal that was; ``None`` for a question not asked yet."""
        answer = self._kept.answers.get(question)
        return None if answer is None else tuple(answer)

    def keep(self, question: str, *answer: Json) -> None:
        """Keep an answer, or without one that the question was refused."""
        self._kept.answers[question] = list(answer)
        self._kept.at = time.time()
        delay = LATER if len(self._kept.answers) < MANY else SOON
        self._storage.delay_save(self._section, self._as_json, delay)

    def expect(self, lists: Mapping[str, int]) -> None:
        """Say how many pages lists have, as far as is known."""
        self._expected |= lists

    @property
    def progress(self) -> tuple[int, int]:
        """How many pages there are, and how many there will be as far as is known."""
        done = len(self._kept.answers)
        return done, max(done + 1, sum(self._expected.values()))

    def _as_json(self) -> Json:
        return to_json(self._kept) if self._kept.answers else None
