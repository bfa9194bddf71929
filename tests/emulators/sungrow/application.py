"""Applications, users, and what opens their data."""

from dataclasses import dataclass, field
from functools import cached_property
import secrets
import string
import uuid

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..limits import Window
from .crypto import make_key, public_text

CODE_LIFE = 1800.0
ACCESS_LIFE = 172_799.0
REFRESH_LIFE = 30 * 86400.0


@dataclass
class User:
    """An iSolarCloud account."""

    account: str
    password: str
    user_id: int
    err_times: int = 0
    locked_until: float = 0.0
    locked_at: float | None = None
    shares: dict[str, str] = field(default_factory=dict)  # ps_id: 0 own, 1 view, 2
    logins: Window = field(default_factory=lambda: Window(600.0))


@dataclass
class Session:
    """A V1 token; each accepted call prolongs it."""

    value: str
    user: User
    expires: float


@dataclass
class Code:
    """What the page of consent hands out."""

    value: str
    user: User
    plants: tuple[str, ...]
    redirect: str
    created: float
    used: bool = False


@dataclass
class Grant:
    """A pair of OAuth tokens."""

    user: User
    plants: tuple[str, ...]
    access: str = ""
    refresh: str = ""
    access_expires: float = 0.0
    refresh_expires: float = 0.0
    revoked: bool = False
    generation: int = 0

    def rotate(self, now: float) -> None:
        """Make a new pair; the old one is dead."""
        self.access, self.refresh = str(uuid.uuid4()), str(uuid.uuid4())
        self.access_expires = now + ACCESS_LIFE
        self.refresh_expires = now + REFRESH_LIFE
        self.generation += 1


@dataclass
class Application:
    """What the developer portal made."""

    app_key: str
    secret_key: str
    application_id: str
    redirect_url: str
    sessions: dict[str, Session] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    nonces: dict[str, float] = field(default_factory=dict)
    second: Window = field(default_factory=lambda: Window(1.0))
    calls: dict[str, int] = field(default_factory=dict)  # by UTC hour, day, month

    @cached_property
    def rsa(self) -> RSAPrivateKey:
        """Make the pair when somebody asks for it."""
        return make_key()

    @property
    def rsa_public_key(self) -> str:
        """The key as the portal shows it."""
        return public_text(self.rsa)

    def open_session(self, user: User, expires: float) -> Session:
        """Log a user in."""
        session = Session(f"{user.user_id}_{uuid.uuid4().hex}", user, expires)
        self.sessions[session.value] = session
        return session

    def consent(self, user: User, plants: tuple[str, ...], now: float) -> Code:
        """Give consent."""
        value = "".join(secrets.choice(string.ascii_letters) for _ in range(6))
        code = Code(value, user, plants, self.redirect_url, now)
        self.codes[value] = code
        return code
