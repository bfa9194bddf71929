"""What E900 means: an account token that is invalid or expired [seen], or a call this account may not make.

Only a fresh token tells. A call refused with one is not allowed, and is remembered, over restarts too, so that the same refusal costs no
other login. Any call it is not known to be refused, made with a token that worked before, speaks of the token.
"""

import time
from typing import Final

from ..points import number, text
from ..quota import DAY
from ..storage import Json, Storage
from ..token import Token
from ..vendor import fingerprint
from .api import Body
from .api_version import Operation

SECTION: Final = "permissions"
MOST: Final = 200
"""Calls remembered at most: one per operation and plant or device that are closed to the account."""


class Permissions:
    """The calls that a fresh token was refused within the last day."""

    def __init__(self, storage: Storage) -> None:
        """Take up what the last run learnt."""
        self._storage: Final = storage
        self._refused: dict[str, float] = {}
        self._untried: Token | None = None
        stored = storage.load(SECTION)
        for call, raw in (stored if isinstance(stored, dict) else {}).items():
            if (at := number(raw)) is not None:
                self._refused[call] = min(at, time.time())

    def doubtful(self, call: str, token: Token) -> bool:
        """Whether a refusal may mean the token.

        It does not where a fresh one was refused the same, nor as long as the fresh one has not been of use for anything.
        """
        return (
            token is not self._untried
            and self._refused.get(call, 0.0) < time.time() - DAY
        )

    def renewed(self, token: Token) -> None:
        """Note a token that was issued because of a refusal."""
        self._untried = token

    def accepted(self, call: str, token: Token) -> None:
        """Note that a call went through."""
        if token is self._untried:
            self._untried = None
        if self._refused.pop(call, None) is not None:
            self._storage.delay_save(SECTION, self._as_json)

    async def refused(self, call: str) -> None:
        """Note that a fresh token did not help: on disk at once, or each restart would cost a login."""
        self._refused[call] = time.time()
        while len(self._refused) > MOST:
            del self._refused[next(iter(self._refused))]
        await self._storage.save(SECTION, self._as_json())

    def _as_json(self) -> Json:
        return dict[str, Json](self._refused)


def call_of(operation: Operation, body: Body) -> str:
    """Name a call by what a permission is given for: an operation, on one plant or device where it is made for one."""
    target = text(body.get("uuid")) or text(body.get("ps_id"))
    return operation.name + ("" if target is None else f" {fingerprint(target)}")
