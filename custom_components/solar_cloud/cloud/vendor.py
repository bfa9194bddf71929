"""What a vendor is: how its accounts sign in and the client that reads them.

Everything outside ``cloud/`` reaches a vendor through these types, so that a fourth vendor changes no other file.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import hashlib
from importlib import import_module
import re
from typing import Final, NamedTuple, Protocol, runtime_checkable
from urllib.parse import unquote

from yarl import URL

from .addresses import tidied
from .catalogue import NO_CATALOGUE, Catalogue, CataloguePoint
from .control import ControlClient
from .errors import CloudError
from .history import HistoryClient
from .model import Device, DeviceKind, Inventory, Plant, Snapshot
from .quota import Quota
from .sources import PlantSources
from .storage import Json, Storage
from .token import Token
from .transport import Transport

OTHER: Final = "other"
"""The region that asks for an address."""


class FieldKind(StrEnum):
    """How a credential is entered."""

    TEXT = "text"
    SECRET = "secret"
    """Hidden while typed, never prefilled, asked again on re-authentication."""
    ADDRESS = "address"
    """The address of a server."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One field of a sign-in form."""

    key: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    rare: bool = False
    """Whether few accounts need it: it is kept out of sight."""


type Credentials = Mapping[str, str]
"""Values by field key, plus ``region`` and, for the region ``other``, ``base_url`` and the sign-in's fields of the region ``other``."""


@dataclass(frozen=True, slots=True)
class OAuth:
    """How the owner of an account grants access in a browser, for sign-ins that ask for no password.

    The flow sends the owner to ``authorize_url``, receives a code (by redirect or pasted), exchanges it and stores the token in the section
    ``token`` of the storage before it builds a client. Vendors that do not promise to return ``state`` make the pasted code necessary.
    """

    authorize_url: Callable[[Credentials, str, str], str]
    """The page to open, from credentials, redirect URI and state."""
    exchange: Callable[[Credentials, str, str, Transport], Awaitable[Token]]
    """The first token, from credentials, code, redirect URI and transport. Raises a ``CloudError``."""
    account: Callable[[Credentials, Token], str]
    """The identity of the account, known only after consent; it replaces ``SignIn.account``."""
    https_only: bool = True
    """Whether the vendor takes no redirect address that starts with http."""
    longest_state: int | None = None
    """The most characters of ``state`` the vendor's page survives; longer ones are kept here and sent as a short stand-in."""

    @staticmethod
    def code_from(pasted: str) -> str:
        """Return the code in what a user pasted: bare, with spaces, or in the query or fragment of the address the browser ended at.

        Raises ``CloudError("access_denied")`` for an address that reports a refusal, ``CloudError("invalid_code")`` when there is no code.
        """
        text = "".join(pasted.split()).strip("\"'<>")
        if found := re.search(r"(?:^|[?&#])code=([^&#]+)", text):
            return unquote(found[1])
        if re.search(r"(?:^|[?&#])error=", text):
            raise CloudError("access_denied")
        if not text or "://" in text or text.startswith("/"):
            raise CloudError("invalid_code")
        return unquote(text)


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way to sign in: its form, its regions and how to tell accounts apart."""

    key: str
    """The step of the set-up form, and what the entry remembers."""
    fields: tuple[CredentialField, ...]
    regions: Mapping[str, str]
    """Base URL by region."""
    account: Callable[[Credentials], str]
    """The stable, non-secret identity of the account, unique within the vendor."""
    quota_account: Callable[[Credentials], str]
    """What the vendor counts calls by; entries that share it share a quota."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses the texts of the form refer to, by placeholder."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """The web pages where owners look at their plants, by region, as far as they are known."""
    oauth: OAuth | None = None
    """The consent in a browser that follows the form, when the vendor asks for one."""
    normalize_url: Callable[[str], str] = tidied
    """Mends an address the user typed, before it is checked."""
    other_fields: tuple[CredentialField, ...] = ()
    """Fields asked together with the address, for the region ``other`` only; all may be left empty."""
    blames: Mapping[str, str] = field(default_factory=dict)
    """Which field is wrong, by the key of an error; what several may have caused is not named."""
    may_try_elsewhere: bool = False
    """Whether refused credentials may be tried in the other regions: where that costs a call, counts towards no lock and ends no session."""
    portal_step: str | None = None
    """Where in the vendor's portal a permission is granted: the key of a text."""
    own_step: str | None = None
    """How another program gets an access of its own: the key of a text."""
    servers: Callable[[Credentials], Mapping[str, URL]] = lambda _: {}
    """Servers beside ``base_url`` that the account uses, by their field among ``other_fields``."""

    @property
    def secrets(self) -> tuple[CredentialField, ...]:
        """The fields re-authentication asks for."""
        return tuple(each for each in self.fields if each.kind is FieldKind.SECRET)

    @property
    def place(self) -> frozenset[str]:
        """The fields that name the server of an account, not its owner."""
        return frozenset(
            {"region", "base_url", *(each.key for each in self.other_fields)}
        )

    def base_url(self, credentials: Credentials) -> URL:
        """Return the address of the account's server."""
        region = credentials["region"]
        return URL(credentials["base_url"] if region == OTHER else self.regions[region])

    def moved(
        self, credentials: Credentials, old: str, new: URL
    ) -> dict[str, str] | None:
        """Return the credentials with one server replaced, ``old`` by its host; ``None`` when the account does not use it."""
        servers = {
            "base_url": self.base_url(credentials),
            **self.servers(credentials),
        }
        gone = [
            key
            for key, url in servers.items()
            if url.host_port_subcomponent == old and url.origin() != new.origin()
        ]
        if not gone:
            return None
        if gone == ["base_url"] and (region := self._region_at(new)) is not None:
            return self.elsewhere(credentials, region)
        places = {key: str(url.origin()) for key, url in servers.items()}
        return {
            **credentials,
            **places,
            **dict.fromkeys(gone, str(new.origin())),
            "region": OTHER,
        }

    def elsewhere(self, credentials: Credentials, region: str) -> dict[str, str]:
        """Return the credentials in another region."""
        stays = {
            key: text for key, text in credentials.items() if key not in self.place
        }
        return {**stays, "region": region}

    def in_region(self, credentials: Credentials) -> dict[str, str]:
        """Call the server of a typed address by its region, if it is one of these and nothing else was typed beside it."""
        if self.place & credentials.keys() == {"region", "base_url"}:
            region = self._region_at(URL(credentials["base_url"]))
            if region is not None:
                return self.elsewhere(credentials, region)
        return dict(credentials)

    def _region_at(self, server: URL) -> str | None:
        at = (
            region
            for region, url in self.regions.items()
            if URL(url).origin() == server.origin()
        )
        return next(at, None)


class Ability(StrEnum):
    """What a user can have of a plant."""

    VALUES = "values"
    ALARMS = "alarms"
    HISTORY = "history"
    SETTINGS = "settings"


class Permission(NamedTuple):
    """Something the vendor's portal grants by name."""

    name: str
    serves: tuple[Ability, ...]
    kinds: frozenset[DeviceKind] = frozenset()
    """The hardware it is of use for; empty is any."""


class Access(NamedTuple):
    """What an account may do, by the names of the vendor's portal, as far as is known."""

    granted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    """What each of the names is for."""

    def needed(self, ability: Ability, kinds: frozenset[DeviceKind]) -> list[str]:
        """Return the permissions that a plant with this hardware needs for something."""
        return [
            each.name
            for each in self.permissions
            if ability in each.serves and (not each.kinds or each.kinds & kinds)
        ]


class Cloud(Protocol):
    """The client of one signed-in account: what every vendor offers."""

    @property
    def history(self) -> HistoryClient | None:
        """What reads the past, if the vendor keeps one."""

    @property
    def controls(self) -> ControlClient | None:
        """What changes settings, if the vendor lets it."""

    async def inventory(self) -> Inventory:
        """List plants and devices. Raises a ``CloudError``."""

    async def readings(self, wanted: Inventory) -> Snapshot:
        """Read the plants and devices given, as far as the vendor's limits allow now.

        Devices that fail alone are named in ``Snapshot.silent``. Raises a ``CloudError`` when nothing could be read.
        """

    def roles(self, plant_id: str, inventory: Inventory) -> PlantSources:
        """Say what can feed the plant's roles, best first."""

    def report(self) -> dict[str, Json]:
        """Describe the client's state for diagnostics: nothing secret, no identity."""


@runtime_checkable
class SupportsManualDevices(Protocol):
    """A client that can read devices which the vendor's lists leave out."""

    def take_serials(self, serials: Mapping[str, str]) -> None:
        """List these devices too, from the next inventory on: plant ids by serial."""

    async def check_serial(self, serial: str, plant: Plant) -> None:
        """Try to read a device. Raises ``CloudError("unknown_serial")`` when there is none, another ``CloudError`` when that is not certain."""


@runtime_checkable
class SupportsLanguages(Protocol):
    """A client whose vendor words alarms in several languages."""

    def speak(self, language: str) -> None:
        """Ask for texts in the language nearest to this one ("de", "pt-BR", "zh-Hans")."""


@runtime_checkable
class ShowsAccess(Protocol):
    """A client that can find out what was granted to it, before an entry relies on it."""

    async def access(self, inventory: Inventory, *, again: bool = False) -> Access:
        """Look what may be read and set, with one live reading at most; ``again`` forgets what was refused before, and asks for it.

        Raises ``PermissionMissing`` when no live data may be read, unless it looks again, another ``CloudError`` when that is not certain.
        """


@runtime_checkable
class ListsPoints(Protocol):
    """A client whose vendor has a list of the points of each type of device."""

    async def listed_points(self, owner: Plant | Device) -> Sequence[CataloguePoint]:
        """Return that list for a plant or device. Raises a ``CloudError``."""


@runtime_checkable
class AnswersCalls(Protocol):
    """A client that sends calls by hand, of a list of those that only read."""

    async def ask(
        self,
        name: str,
        owner: Plant | Device | None,
        parameters: Mapping[str, Json],
    ) -> Json:
        """Return the answer to a call about a plant, a device or the account.

        Raises ``CommandInvalid`` for a call that is not listed or a parameter that it does not take, and any other ``CloudError``.
        """


@runtime_checkable
class SupportsLogout(Protocol):
    """A client whose session should end with the entry."""

    async def sign_out(self) -> None:
        """End the session because the entry is being removed; never raises a ``CloudError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """What makes a vendor's clients: ``CLIENTS`` of its module ``client``."""

    quota: Callable[[Storage], Quota]
    connect: Callable[[SignIn, Credentials, Transport, Storage, Quota], Cloud]
    """Builds a client without a call."""
    catalogue: Catalogue = NO_CATALOGUE
    """Every documented point of its devices."""


def import_clients(package: str) -> Clients:
    """Import what makes the clients of a vendor's package."""
    clients: Clients = import_module(f"{package}.client").CLIENTS
    return clients


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor, as every home knows it; its clients are imported where it has an account."""

    key: str
    name: str
    """Of the cloud, as users know it."""
    sign_ins: tuple[SignIn, ...]
    clients: Callable[[], Clients]
    """Imports what makes its clients. That takes a while: the first call is to be made outside the event loop."""
    stale_after: float
    """Seconds after which a reading is no longer live."""
    poll_period: float = 300.0
    """Seconds between polls: never less than what the vendor's limits allow, latencies included."""
    settings_period: float | None = 3600.0
    """Seconds between read-backs of the settings; ``None`` when they come with the readings, at no call of their own."""
    maker: str | None = None
    """Who makes the devices, where that is not the name of the cloud."""

    @property
    def catalogue(self) -> Catalogue:
        """Every documented point of its devices."""
        return self.clients().catalogue

    def quota(self, storage: Storage) -> Quota:
        """Return a new account's budget of calls."""
        return self.clients().quota(storage)

    def connect(
        self,
        sign_in: SignIn,
        credentials: Credentials,
        transport: Transport,
        storage: Storage,
        quota: Quota,
    ) -> Cloud:
        """Build a client without a call."""
        return self.clients().connect(sign_in, credentials, transport, storage, quota)

    def sign_in(self, key: str) -> SignIn:
        """Find a sign-in by its key."""
        return next(each for each in self.sign_ins if each.key == key)


def fingerprint(*parts: str) -> str:
    """Name an account without telling it: identities are written to logs, and a user name may be an e-mail address."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
