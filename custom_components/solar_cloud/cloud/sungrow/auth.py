"""Signing in with an account's password (V1), and what must outlive a restart, so that the same wrong one is never tried twice (sungrow.md §2.2)."""

from collections.abc import Mapping
import re
import time
from typing import Final

from ..backoff import LONGEST, doubled, moment, stored_end
from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    TokenRefused,
    UnexpectedAnswer,
)
from ..points import number, text
from ..quota import DAY, Quota, Window
from ..storage import Json, Storage
from ..token import Token
from ..vendor import fingerprint
from .api import ApiClient, Body
from .errors import BARRED_FOR, HALF_AN_HOUR, Throttled, safe_code

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
        """Raise the error of the last attempt, while another one would be pointless or harmful.

        A token that is younger than this memory says that the user has signed in since, in a form.
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
        failures = self.count("failures")
        wait = doubled(FIRST_WAIT, failures, LONGEST_WAIT)
        refused = self.count(error.key) + 1
        await self._save(
            {
                "until": time.time() + wait,
                "key": CloudUnreachable.default_key,
                "failures": min(failures + 1, 10),
                error.key: refused,
            }
        )

    async def succeed(self) -> None:
        """Forget earlier failures, after a sign-in that worked."""
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


BUCKET: Final = "sign_in"
WINDOWS: Final = (Window(4, 600.0), Window(24, DAY))
"""Fewer than what locks an account (a guess: 5 wrong passwords) or what E916 punishes (a guess: 10 in ten minutes)."""
TOKEN_LIFE: Final = DAY
"""Sliding: each accepted call starts it anew (sungrow.md §2.3)."""


class AccountLogin:
    """Gets tokens for a user name and a password, once per reason."""

    def __init__(
        self,
        api: ApiClient,
        quota: Quota,
        storage: Storage,
        username: str,
        password: str,
        scope: str,
    ) -> None:
        """Remember the credentials; ``scope`` tells apart where they are used."""
        self._api: Final = api
        self._quota: Final = quota
        self._username: Final = username
        self._password: Final = password
        self._memory: Final = SignInMemory(
            storage, fingerprint(scope, username, password)
        )

    async def issue(self, stale: Token | None) -> Token:
        """Log in, unless the last attempt forbids it."""
        self._memory.check(stale)
        self._quota.acquire(BUCKET)
        try:
            answer = await self._api.call(
                "openapi/login",
                {"user_account": self._username, "user_password": self._password},
            )
            token = self._read(answer)
        except CredentialsRejected as err:
            if err.key in REFUSED_FOR_GOOD:
                await self._memory.refuse(err)
            raise
        except PermissionMissing as err:
            await self._memory.bar(err)
            raise
        except Throttled:
            raise
        except QuotaExhausted as err:
            raise await self._memory.pause(err) from None
        except (CloudUnreachable, UnexpectedAnswer) as err:
            await self._memory.fail(err)
            if isinstance(err, TokenRefused):
                raise UnexpectedAnswer("login_refused", state="?") from None
            raise
        await self._memory.succeed()
        return token

    @staticmethod
    def _read(answer: Body) -> Token:
        result = answer.get("result_data")
        if not isinstance(result, dict):
            raise UnexpectedAnswer("not_an_object")
        state = str(result.get("login_state"))
        access = text(result.get("token"))
        if state == "1" and access:
            now = time.time()
            user = text(result.get("user_id"))
            return Token(
                access,
                now,
                now + TOKEN_LIFE,
                extra=(("user", user),) if user else (),
            )
        raise _login_error(state, result)


REFUSED_FOR_GOOD: Final = frozenset(
    {"wrong_password", "unknown_account", "account_disabled"}
)
"""What the same credentials would only meet again, at the price of a lock."""


def _login_error(state: str, result: Body) -> CloudError:
    match state:
        case "0":
            attempts = text(result.get("err_times")) or ""
            return CredentialsRejected(
                "wrong_password", attempts=attempts if attempts.isdecimal() else "?"
            )
        case "-1":
            return CredentialsRejected("unknown_account")
        case "2":
            since = text(result.get("disable_time")) or ""
            known = re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", since, re.ASCII)
            return QuotaExhausted(
                DAY,
                "account_locked_until",
                since=since if known else "?",
                until=moment(time.time() + DAY),
            )
        case "5":
            return CredentialsRejected("account_disabled")
    return QuotaExhausted(HALF_AN_HOUR, "login_refused", state=safe_code(state))
