"""Who may call: API accounts with one session each, and owners with their consents."""

from dataclasses import dataclass, field
from typing import Literal

from ..limits import Day, Window
from ..world.noise import chance, seed_of
from .knobs import Knobs
from .plant import Plant
from .quota import Budget

TEN_MINUTES = 600.0
LOCKED = 1800.0

type Standing = Literal[
    "active", "disabled", "expired", "restricted", "password-expired"
]


class Refusal(Exception):
    """A failCode with what goes with it."""

    def __init__(self, code: int, message: str | None = None) -> None:
        """Name the code."""
        self.code = code
        self.message = message
        super().__init__(f"{code} {message or ''}")


def secret(*parts: object) -> str:
    """Return a token that no other parts have."""
    seed = seed_of(*parts)
    return "".join(f"{int(chance(seed, number) * 2**32):08x}" for number in range(4))


@dataclass
class ApiAccount:
    """A Northbound account."""

    username: str
    password: str
    plants: list[Plant]
    standing: Standing = "active"
    token: str | None = None
    expires_at: float = 0.0
    locked_until: float = 0.0
    sessions_full: bool = False
    issued: int = 0
    logins: Window = field(default_factory=lambda: Window(TEN_MINUTES))
    failures: Window = field(default_factory=lambda: Window(TEN_MINUTES))
    logouts: Window = field(default_factory=lambda: Window(TEN_MINUTES))
    budget: Budget = field(default_factory=Budget)

    def login(self, password: str, now: float, knobs: Knobs) -> str:
        """Open a session; the previous one ends."""
        used = self.logins.used(now)
        self.logins.acquire(now)
        if used >= knobs.logins:
            raise Refusal(407)
        if now < self.locked_until:
            raise Refusal(20400, "user.user.policy_violation_lock")
        if password != self.password:
            self.failures.acquire(now)
            if self.failures.used(now) >= 5:
                self.locked_until = now + LOCKED
            raise Refusal(knobs.wrong_password_code, "user.login.user_or_value_invalid")
        match self.standing:
            case "disabled":
                raise Refusal(20002)
            case "expired":
                raise Refusal(20003)
            case "restricted":
                raise Refusal(20403)
            case "password-expired":
                raise Refusal(20400, "user.pwd.expired")
        if self.sessions_full:
            raise Refusal(20400, "user.session.online_limit")
        self.issued += 1
        self.token = f"x-{secret(self.username, self.issued, now)}"
        self.expires_at = now + knobs.session_seconds
        return self.token

    def admit(self, token: str, now: float, knobs: Knobs) -> bool:
        """Say whether a token is that of the open session."""
        if token != self.token or now >= self.expires_at:
            return False
        if knobs.sliding:
            self.expires_at = now + knobs.session_seconds
        return True


@dataclass
class Owner:
    """A plant owner who may consent to a client's access."""

    name: str
    plants: list[Plant]
    budget: Budget = field(default_factory=Budget)
    day: Window = field(default_factory=lambda: Window(86400.0))
    utc_day: Day = field(default_factory=Day)
    control: Window = field(default_factory=lambda: Window(86400.0))
    role: bool = True  # holds the Owner role

    def used(self, now: float, knobs: Knobs) -> int:
        """Return the calls of the day."""
        counter = self.utc_day if knobs.owner_reset == "utc" else self.day
        return counter.used(now)

    def acquire(self, now: float) -> None:
        """Count a call."""
        self.day.acquire(now)
        self.utc_day.acquire(now)


@dataclass
class Grant:
    """What one consent gave: tokens that follow each other."""

    owner: Owner
    scope: frozenset[str]
    access: str = ""
    expires_at: float = 0.0
    refresh: str | None = None
    revoked: bool = False


@dataclass
class Client:
    """An OAuth client."""

    client_id: str
    client_secret: str
    owner: Owner
    codes: dict[str, tuple[float, str, frozenset[str]]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    issued: int = 0

    def code(self, redirect_uri: str, scope: frozenset[str], now: float) -> str:
        """Return a code for a consent just given."""
        self.issued += 1
        code = secret(self.client_id, "code", self.issued)
        self.codes[code] = (now + 300.0, redirect_uri, scope)
        return code

    def redeem(self, code: str, redirect_uri: str, now: float) -> Grant | None:
        """Trade a code in, once."""
        until, wanted, scope = self.codes.pop(code, (0.0, "", frozenset()))
        if now >= until or redirect_uri != wanted:
            return None
        grant = Grant(self.owner, scope)
        self.grants.append(grant)
        return grant

    def issue(self, grant: Grant, now: float, knobs: Knobs) -> dict[str, object]:
        """Give a grant new tokens."""
        self.issued += 1
        grant.access = f"at-{secret(self.client_id, 'access', self.issued)}"
        grant.expires_at = now + knobs.token_seconds
        answer: dict[str, object] = {
            "access_token": grant.access,
            "expires_in": knobs.token_seconds,
            "scope": " ".join(sorted(grant.scope & knobs.grants)),
            "token_type": "Bearer",
        }
        if grant.refresh is None or knobs.rotation == "new":
            grant.refresh = f"rt-{secret(self.client_id, 'refresh', self.issued)}"
            answer["refresh_token"] = grant.refresh
        elif knobs.rotation == "same":
            answer["refresh_token"] = grant.refresh
        return answer

    def refreshable(self, refresh: str) -> Grant | None:
        """Find a grant by its refresh token."""
        return next(
            (
                grant
                for grant in self.grants
                if grant.refresh == refresh and not grant.revoked
            ),
            None,
        )

    def admit(self, access: str, now: float) -> Grant | None:
        """Find a grant by its access token."""
        return next(
            (
                grant
                for grant in self.grants
                if grant.access == access
                and now < grant.expires_at
                and not grant.revoked
            ),
            None,
        )
