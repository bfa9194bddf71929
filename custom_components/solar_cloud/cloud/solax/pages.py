"""What the cloud has answered of a listing that is not finished yet.

A large account has more pages than a minute allows. They outlive the try, the client and a restart, so that the next try goes on where this
one was stopped.
"""

from collections.abc import Mapping
import time
from typing import Final

from ..storage import Json, Storage

SECTION: Final = "solax_listing"
PATIENCE: Final = 900.0
"""Seconds within which a listing that was stopped is taken up again rather than begun anew."""


class Pages:
    """Answers by question, and how many there will be."""

    def __init__(self, storage: Storage) -> None:
        """Take up what an earlier try was told."""
        self._storage: Final = storage
        self._answers: dict[str, Json] = {}
        self._at = 0.0
        self._expected: dict[str, int] = {}
        match storage.load(SECTION):
            case {"at": int() | float() as at, "answers": dict(answers)}:
                self._at = float(at)
                self._answers = {
                    key: answer
                    for key, answer in answers.items()
                    if isinstance(answer, list)
                }

    def begin(self) -> None:
        """Start a listing, or take up one that was stopped a moment ago."""
        self._expected.clear()
        if not self._at <= time.time() <= self._at + PATIENCE:
            self._answers.clear()

    def finish(self) -> None:
        """Forget the answers, so that the next listing asks again."""
        self._answers.clear()
        self._storage.delay_save(SECTION, self._as_json)

    def kept(self, question: str) -> tuple[Json, ...] | None:
        """Return the answer that was kept, nothing for a refusal that was; ``None`` for a question not asked yet."""
        answer = self._answers.get(question)
        return tuple(answer) if isinstance(answer, list) else None

    def keep(self, question: str, *answer: Json) -> None:
        """Keep an answer, or without one that the question was refused."""
        self._answers[question] = list(answer)
        self._at = time.time()
        self._storage.delay_save(SECTION, self._as_json)

    def expect(self, lists: Mapping[str, int]) -> None:
        """Say how many pages lists have, as far as is known."""
        self._expected |= lists

    @property
    def progress(self) -> tuple[int, int]:
        """How many pages there are, and how many there will be as far as is known."""
        done = len(self._answers)
        return done, max(done + 1, sum(self._expected.values()))

    def _as_json(self) -> Json:
        return (
            {"at": self._at, "answers": dict(self._answers)} if self._answers else None
        )
