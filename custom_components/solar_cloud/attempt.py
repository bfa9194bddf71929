"""Trying credentials before an entry has them: what they lead to, and what outlives each try."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.core import HomeAssistant

from .account import loaded_accounts
from .cloud.capture import Capture
from .cloud.errors import CloudError, Paced, PermissionMissing
from .cloud.model import Inventory, Plant
from .cloud.quota import Quota
from .cloud.serialization import from_json_or_none, to_json
from .cloud.storage import Json, MemoryStorage
from .cloud.token import SECTION as TOKEN, Token
from .cloud.vendor import Access, Cloud, Credentials, ShowsAccess, SignIn, Vendor
from .const import CONF_CREDENTIALS, CONF_REGION, CONF_VENDOR
from .device_registry import registered_devices
from .session import get_transport
from .storage import (
    AccountStorage,
    FlowHandover,
    async_get_store,
    async_hand_over,
    known_quota,
)


class CarriedStorage(MemoryStorage):
    """A try's storage that begins with an entry's token; a renewed one is on disk at once, because the one before no longer works."""

    def __init__(self, store: AccountStorage) -> None:
        """Take the token up."""
        super().__init__()
        self._store: Final = store
        self._sections[TOKEN] = store.load(TOKEN)

    @override
    async def save(self, section: str, content: Json) -> None:
        """Keep a section; a token is written to the entry's file as well."""
        await super().save(section, content)
        if section == TOKEN:
            await self._store.save(section, content)


class Attempt:
    """One account in a form: token, counts and lists, as long as what is typed is about the same account."""

    def __init__(self, hass: HomeAssistant, vendor: Vendor, sign_in: SignIn) -> None:
        """Prepare a try for one way to sign in; nothing is sent before credentials are typed."""
        self._hass: Final = hass
        self._vendor: Final = vendor
        self._sign_in: Final = sign_in
        self._quota: Quota | None = None
        self._tried: dict[str, str] = {}
        self._cloud: Cloud
        self._listed = False
        self._capture = Capture()
        self.storage = MemoryStorage()
        self.inventory = Inventory({}, {})
        self.access = Access()

    @property
    def token(self) -> Token | None:
        """The token at hand."""
        return from_json_or_none(Token, self.storage.load(TOKEN))

    @property
    def carries(self) -> bool:
        """Whether the token is an entry's."""
        return isinstance(self.storage, CarriedStorage)

    async def async_take_up(self, entry: ConfigEntry) -> None:
        """Use an entry's token: it stays valid at another address, and a consent stays valid with a new secret."""
        store = await async_get_store(self._hass, entry.entry_id, None)
        self.storage, self._quota = CarriedStorage(store), None
        self._listed = False

    async def async_let_go(self) -> None:
        """Forget the token and its storage, not what an entry keeps."""
        self.storage, self._quota = MemoryStorage(), None

    async def async_renew(self) -> None:
        """Make the token at hand look old, so that the next call shows whether its secret is right."""
        if (token := self.token) is not None:
            await self.storage.save(
                TOKEN, to_json(replace(token, expires_at=token.issued_at))
            )

    async def async_begin(self, credentials: Credentials) -> None:
        """Forget the token of what was typed before: it would open the account whatever is typed now.

        Calls stay counted for as long as they are the same account's.
        """
        tried, self._tried = self._tried, dict(credentials)
        if not tried or tried == self._tried:
            return
        self._listed, self._capture = False, Capture()
        quota_account = self._sign_in.quota_account
        if self.carries or quota_account(self._tried) != quota_account(tried):
            await self.async_let_go()
        else:
            await self.storage.save(TOKEN, None)

    async def async_connect(self, credentials: Credentials) -> None:
        """Build a client; what an earlier one of the same account was refused is asked for again."""
        await self._hass.async_add_import_executor_job(self._vendor.clients)
        if self._quota is None:
            known = known_quota(self._hass, self._vendor, self._sign_in, credentials)
            # Vendors count what is tried here together with what an entry asks.
            self._quota = (
                known.without_blocks(self.storage)
                if known
                else self._vendor.quota(self.storage)
            )
        self._tried = dict(credentials)
        self._cloud = self._vendor.connect(
            self._sign_in,
            credentials,
            get_transport(self._hass, self._capture),
            self.storage,
            self._quota,
        )

    async def async_list(self) -> None:
        """Sign in, list the plants, look what may be read. Raises a ``CloudError``; ``Paced`` when it goes on later."""
        if not self._listed:
            self.inventory = await self._cloud.inventory()
            self._listed = bool(self.inventory.plants) and self.inventory.complete
        self.access = (
            await self._cloud.access(self.inventory)
            if isinstance(self._cloud, ShowsAccess) and self.inventory.plants
            else Access()
        )

    def relist(self) -> None:
        """Ask for the lists again with the next try: what they showed was not enough."""
        self._listed = False

    async def async_hand_over(
        self, credentials: Credentials, unique_id: str | None
    ) -> None:
        """Leave token and lists to the entry: it need not ask again."""
        await async_hand_over(
            self._hass,
            self._vendor,
            self._sign_in,
            credentials,
            unique_id,
            FlowHandover(self.storage, self.inventory, self._capture),
        )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An account that was found in another region than the one typed."""

    credentials: dict[str, str]
    attempt: Attempt
    """It has the token: asking for another would end this one."""


async def async_look_elsewhere(
    hass: HomeAssistant, vendor: Vendor, sign_in: SignIn, credentials: Credentials
) -> Elsewhere | None:
    """Try refused credentials once in each other region of the vendor; an address that was typed is meant as it is."""
    regions = set(sign_in.regions) if sign_in.may_try_elsewhere else set[str]()
    if credentials[CONF_REGION] not in regions:
        return None
    for region in sign_in.regions:
        if region == credentials[CONF_REGION]:
            continue
        there = sign_in.elsewhere(credentials, region)
        attempt = Attempt(hass, vendor, sign_in)
        await attempt.async_connect(there)
        try:
            await attempt.async_list()
        except PermissionMissing, Paced:
            pass  # signed in all the same
        except CloudError:
            continue
        return Elsewhere(there, attempt)
    return None


@asynccontextmanager
async def paused(hass: HomeAssistant, entry: ConfigEntry) -> AsyncIterator[None]:
    """Stop an entry while its token is tried elsewhere: two that renew one token end it for both."""
    running = entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}
    if running:
        try:
            await hass.config_entries.async_unload(entry.entry_id)
        except OperationNotAllowed:  # it is just being set up or stopped
            running = False
    try:
        yield
    except BaseException:
        if running:
            # Not a reload: that would end the flow which asks for credentials.
            hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
        raise


def identity(
    vendor: Vendor, sign_in: SignIn, credentials: Credentials, token: Token | None
) -> str:
    """Return an account's unique id; a consent's is known only with its token."""
    if sign_in.oauth is not None and token is not None:
        return f"{vendor.key}_{sign_in.oauth.account(credentials, token)}"
    return f"{vendor.key}_{sign_in.account(credentials)}"


def at_home(sign_in: SignIn, entry: ConfigEntry, typed: Credentials) -> Credentials:
    """Return what was typed, at the address the entry has: whose account it is, whatever moved."""
    stored: Credentials = entry.data[CONF_CREDENTIALS]
    own = {key: text for key, text in typed.items() if key not in sign_in.place}
    return own | {key: text for key, text in stored.items() if key in sign_in.place}


def shows_same_plants(
    hass: HomeAssistant, entry: ConfigEntry, inventory: Inventory
) -> bool:
    """Whether lists hold a plant or device that the entry has, or the entry has none yet."""
    known = {key for key, _ in registered_devices(hass, entry.entry_id)}
    return not known or not known.isdisjoint({*inventory.plants, *inventory.devices})


def unserved(
    hass: HomeAssistant, vendor: Vendor, plants: Mapping[str, Plant]
) -> Mapping[str, Plant]:
    """Leave out plants that another entry shows already: their entities would collide."""
    served = {
        key
        for entry in loaded_accounts(hass)
        if entry.data[CONF_VENDOR] == vendor.key
        for key in entry.runtime_data.readings.data.readings
    }
    return {key: plant for key, plant in plants.items() if key not in served}
