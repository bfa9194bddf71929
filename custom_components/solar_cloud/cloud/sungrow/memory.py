"""What must be remembered about signing in, so that neither a restart nor a retry provokes the vendor.

A refused password counts towards a lock of the account, so the same one is never tried twice. Everything here outlives the process.
"""

from collections.abc import Mapping
import time
from typing import Final

from ..backoff import LONGEST, moment, stored_end
from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
)
from ..points import number
from ..storage import Json, Storage
from ..token import Token
from .errors import BARRED_FOR

SECTION: Final = "sign_in"
FIRST_WAIT: Final = 60.0
LONGEST_WAIT: Final = 3600.0


class SignInMemory:
    """Refusals, locks and failed attempts of one account."""

    def __init__(self, storage: Storage, credentials: str) -> None:
        """Take up the memory of the last run; ``credentials`` is the fingerprint of those in use."""
        self._storage: Final = storage
        self._credentials: Final = credentials
        stored = storage.load(SECTION)
        self._facts: dict[str, Json] = dict(stored) if isinstance(stored, dict) else {}
        if "until" in self._facts:
            self._facts["until"] = _end(self._facts)

    def check(self, stale: Token | None) -> None:
        """Raise what the last attempt ended with, while another one would be pointless or harmful.

        A token that is younger than this memory says that somebody signed in since, by hand.
        """
        at = self._facts.get("at")
        if stale is not None and isinstance(at, int | float) and stale.issued_at > at:
            return
        if self._facts.get("refused") == self._credentials:
            raise CredentialsRejected(self._key, **self._placeholders)
        until = self._facts.get("until")
        if isinstance(until, int | float) and (wait := until - time.time()) > 0:
            if self._key == CloudUnreachable.default_key:
                raise CloudUnreachable
            if isinstance(permission := self._facts.get("permission"), str):
                raise PermissionMissing(permission, self._key)
            raise QuotaExhausted(wait, self._key, **self._placeholders)

    @property
    def _key(self) -> str:
        return str(self._facts.get("key"))

    @property
    def _placeholders(self) -> dict[str, str]:
        stored = self._facts.get("placeholders")
        return (
            {name: str(value) for name, value in stored.items()}
            if isinstance(stored, dict)
            else {}
        )

    def count(self, what: str) -> int:
        """Return how often something happened in a row."""
        stored = self._facts.get(what)
        return stored if isinstance(stored, int) else 0

    async def refuse(self, error: CredentialsRejected) -> None:
        """Never try these credentials again."""
        await self._save(
            {
                "refused": self._credentials,
                "key": error.key,
                "placeholders": _plain(error.placeholders),
            }
        )

    async def bar(self, error: PermissionMissing) -> None:
        """Do not sign in for a while: a permission is missing, which no sign-in mends."""
        await self._save(
            {
                "until": time.time() + BARRED_FOR.get(error.key, LONGEST_WAIT),
                "key": error.key,
                "permission": error.permission,
            }
        )

    async def pause(self, error: QuotaExhausted) -> QuotaExhausted:
        """Stay away as long as the error says; returns it with the time of its end."""
        until = time.time() + error.retry_after
        placeholders = {**error.placeholders, "until": moment(until)}
        await self._save(
            {"until": until, "key": error.key, "placeholders": _plain(placeholders)}
        )
        return QuotaExhausted(error.retry_after, error.key, **placeholders)

    async def fail(self, error: CloudError) -> None:
        """Double the wait before the next attempt; a refused request is counted."""
        failures = self.count("failures") + 1
        wait = min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
        refused = self.count(error.key) + 1
        await self._save(
            {
                "until": time.time() + wait,
                "key": CloudUnreachable.default_key,
                "failures": min(failures, 10),
                error.key: refused,
            }
        )

    async def succeed(self) -> None:
        """Forget everything."""
        await self._save({})

    async def _save(self, facts: dict[str, Json]) -> None:
        self._facts = {**facts, "at": time.time()} if facts else {}
        await self._storage.save(SECTION, self._facts)


def _end(facts: Mapping[str, Json]) -> float:
    """Return the end of a stored pause, counted from when it began: restarts do not renew one that was too long."""
    until, begun = stored_end(facts.get("until")), number(facts.get("at"))
    return 0.0 if until is None or begun is None else min(until, begun + LONGEST)


def _plain(placeholders: Mapping[str, str]) -> dict[str, Json]:
    return dict(placeholders)
