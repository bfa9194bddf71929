"""Signing in with an account's password (V1). ``result_code`` is ``1`` even when the password is wrong (sungrow.md §2.2)."""

import re
import time
from typing import Final

from ..backoff import moment
from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
    UnexpectedAnswer,
)
from ..points import text
from ..quota import DAY, Quota, Window
from ..storage import Storage
from ..token import Token
from ..vendor import fingerprint
from .api import Body, Gateway
from .errors import HALF_AN_HOUR, Throttled, TokenRefused, safe_code
from .memory import SignInMemory

LANE: Final = "sign_in"
WINDOWS: Final = (Window(4, 600.0), Window(24, DAY))
"""Fewer than what locks an account (a guess: 5 wrong passwords) or what E916 punishes (a guess: 10 in ten minutes)."""
TOKEN_LIFE: Final = DAY
"""Sliding: each accepted call starts it anew (sungrow.md §2.3)."""


class AccountLogin:
    """Gets tokens for a user name and a password, once per reason."""

    def __init__(
        self,
        gateway: Gateway,
        quota: Quota,
        storage: Storage,
        username: str,
        password: str,
        scope: str,
    ) -> None:
        """Remember the credentials; ``scope`` tells apart where they are used."""
        self._gateway: Final = gateway
        self._quota: Final = quota
        self._username: Final = username
        self._password: Final = password
        self._memory: Final = SignInMemory(
            storage, fingerprint(scope, username, password)
        )

    async def issue(self, stale: Token | None) -> Token:
        """Log in, unless the last attempt forbids it."""
        self._memory.check(stale)
        self._quota.acquire(LANE)
        try:
            answer = await self._gateway.call(
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
