"""Applications of the developer portal: one live token each."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from ..limits import Day, Window

READ_PACKS = ("API_Telemetry_V2", "API_Info_V2")
CONTROL_PACKS = (
    "API_EVC_V2",
    "API_Workmode_V2",
    "API_A1hyb_V2",
    "API_Remote_V2",
    "API_Overall_V2",
    "RATE_CTRL",
)
EMS_PACK = "EMS_System_Functions"


@dataclass(frozen=True)
class Token:
    """An access token; generations count the tokens of an application."""

    value: str
    generation: int
    issued: float
    expires: float
    holder: str  # who asked for it: "client", or the name of a rival


@dataclass
class Application:
    """One registered application."""

    client_id: str
    client_secret: str
    packs: set[str] = field(
        default_factory=lambda: {*READ_PACKS, *CONTROL_PACKS, EMS_PACK}
    )
    tokens: list[Token] = field(default_factory=list)  # all ever issued
    live: Token | None = None
    minute: Window = field(default_factory=lambda: Window(60))
    day: Day = field(default_factory=Day)

    @property
    def scope(self) -> str:
        """The packs as the token answer lists them."""
        known = (*READ_PACKS, *CONTROL_PACKS, EMS_PACK)
        return " ".join(pack for pack in known if pack in self.packs)

    def issue(self, now: float, lifetime: float, holder: str = "client") -> Token:
        """Issue a token; the previous one is dead from now on."""
        generation = len(self.tokens) + 1
        material = f"{self.client_id}/{self.client_secret}/{generation}"
        value = urlsafe_b64encode(sha256(material.encode()).digest()).decode()[:27]
        self.live = Token(value, generation, now, now + lifetime, holder)
        self.tokens.append(self.live)
        return self.live

    def find(self, value: str) -> Token | None:
        """Return a token that this application was ever given."""
        return next((one for one in self.tokens if one.value == value), None)

    def accepts(self, token: Token, now: float) -> bool:
        """Say whether a token is the live one and not expired."""
        return token is self.live and now < token.expires

    def rotate(self, *, kill: bool) -> str:
        """Replace the secret as the portal's button does; the live token dies if `kill`."""
        digest = sha256(f"{self.client_secret}/rotated".encode()).digest()
        self.client_secret = urlsafe_b64encode(digest).decode()[:43]
        if kill:
            self.live = None
        return self.client_secret
