"""What an account keeps in Home Assistant's storage, apart from its credentials.

Tokens, call counts, counter filters and the memory of slots live in ``.storage/solar_cloud.<entry_id>``, readable by its owner only. They
are kept in memory beyond a failed set-up too: a client built anew five seconds later must not sign in again.
"""

from collections.abc import Callable
from pathlib import Path
import time
from typing import Final, NamedTuple, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .cloud.capture import Capture
from .cloud.model import Inventory
from .cloud.quota import Quota
from .cloud.storage import Json, MemoryStorage
from .cloud.token import SECTION as TOKEN
from .cloud.vendor import Credentials, SignIn, Vendor
from .const import DOMAIN, LOGGER
from .migrations import VERSION, migrate

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 30.0
FETCHED: Final = "_history"
"""The file of what an import has fetched so far."""
KEPT: Final = "_undo"
"""The file of what a statistic is to hold from which an import is being taken."""


class SectionStore(Store[dict[str, Json]]):
    """A private file of named sections, which older versions are brought up to date in."""

    def __init__(self, hass: HomeAssistant, entry_id: str, kind: str = "") -> None:
        """Name the file below ``.storage``."""
        super().__init__(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}{kind}",
            private=True,
            atomic_writes=True,
            minor_version=VERSION,
        )

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Json]
    ) -> dict[str, Json]:
        """Bring the sections to their present form; one of a newer minor version is read as far as it is understood."""
        if old_major_version != STORAGE_VERSION:
            raise NotImplementedError
        return migrate(old_data)


async def async_load_or_set_aside(
    hass: HomeAssistant, store: SectionStore
) -> dict[str, Json]:
    """Return what a file holds; one of a newer version or of another form is kept beside and told of, and everything begins anew.

    What is no JSON at all is set aside and told of by Home Assistant itself.
    """
    try:
        content: object = await store.async_load()
    except UnsupportedStorageVersionError:
        await _async_set_aside(hass, store, "store_newer")
        return {}
    except NotImplementedError, AttributeError, LookupError, TypeError:
        # An older version, or none: nothing that ever was a store of ours.
        await _async_set_aside(hass, store, "store_damaged")
        return {}
    if content is not None and not isinstance(content, dict):
        await _async_set_aside(hass, store, "store_damaged")
        return {}
    return content or {}


async def _async_set_aside(hass: HomeAssistant, store: SectionStore, key: str) -> None:
    path = Path(store.path)
    aside = path.with_name(f"{path.name}.aside.{int(time.time())}")
    try:
        await hass.async_add_executor_job(path.rename, aside)
    except OSError as err:
        LOGGER.warning("A storage file could not be kept: %s", type(err).__name__)
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(store.key),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"file": f".storage/{aside.name}"},
    )


def _issue_id(key: str) -> str:
    return f"store_set_aside_{key.removeprefix(f'{DOMAIN}.')}"


class AccountStorage:
    """The storage of one config entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the file; ``async_load`` reads it."""
        self._hass: Final = hass
        self._entry_id: Final = entry_id
        self._store: Final = SectionStore(hass, entry_id)
        self._sections: dict[str, Json] = {}
        self._pending: dict[str, Callable[[], Json]] = {}
        self._waiting = False
        self._removed = False
        self.listed: Inventory | None = None
        """What is known of the account's lists already: the first look of the next set-up."""
        self.capture: Final = Capture()
        """What the account was answered, for diagnostics; it is never written to disk."""

    async def async_load(self) -> None:
        """Read the file; one that cannot be read is set aside and counts as empty."""
        self._sections = await async_load_or_set_aside(self._hass, self._store)

    def load(self, section: str) -> Json:
        """Return a section as it was last saved."""
        if (pending := self._pending.get(section)) is not None:
            return pending()
        return self._sections.get(section)

    async def save(self, section: str, content: Json) -> None:
        """Write at once: a token must be on disk before its first use."""
        if not self._removed:
            self._pending.pop(section, None)
            self._sections[section] = content
            await self._store.async_save(self._content())

    def delay_save(self, section: str, content: Callable[[], Json]) -> None:
        """Write with the next batch, which no further change puts off, and at shutdown."""
        if not self._removed:
            self._pending[section] = content
            if not self._waiting:
                self._waiting = True
                self._store.async_delay_save(self._content, SAVE_DELAY)

    def _content(self) -> dict[str, Json]:
        self._waiting = False
        return self._sections | {
            section: content() for section, content in self._pending.items()
        }

    async def async_take_over(self, handover: MemoryStorage) -> None:
        """Adopt what a set-up form learnt: all of it at first, later only the newer token."""
        learnt = handover.sections()
        adopted = {TOKEN: learnt.get(TOKEN)} if self._sections else learnt
        for section in adopted:
            self._pending.pop(section, None)
        self._sections |= adopted
        await self._store.async_save(self._content())

    async def async_flush(self) -> None:
        """Write now what was to be written later."""
        if not self._removed:
            await self._store.async_save(self._content())

    async def async_remove(self) -> None:
        """Delete the files and write no more."""
        self._removed = True
        for file in (
            self._store,  # which may have a write of its own to come
            SectionStore(self._hass, self._entry_id, FETCHED),
            SectionStore(self._hass, self._entry_id, KEPT),
        ):
            ir.async_delete_issue(self._hass, DOMAIN, _issue_id(file.key))
            await file.async_remove()


class SharedStorage:
    """Keeps the budget of an account in the files of all entries that share it.

    Whichever of them is set up first next time, or outlives the others, knows what was spent.
    """

    def __init__(self, store: AccountStorage) -> None:
        """Begin with the first entry."""
        self.stores: Final = [store]

    def load(self, section: str) -> Json:
        """Return what the first entry kept."""
        return self.stores[0].load(section)

    async def save(self, section: str, content: Json) -> None:
        """Write a section for every entry."""
        for store in list(self.stores):
            await store.save(section, content)

    def delay_save(self, section: str, content: Callable[[], Json]) -> None:
        """Write a section for every entry, with its next batch."""
        for store in self.stores:
            store.delay_save(section, content)


class FlowHandover(NamedTuple):
    """What a form leaves for the entry it makes or mends."""

    storage: MemoryStorage
    inventory: Inventory
    capture: Capture


STORES: Final[HassKey[dict[str, AccountStorage]]] = HassKey(f"{DOMAIN}_stores")
QUOTAS: Final[HassKey[dict[tuple[str, str], tuple[Quota, SharedStorage]]]] = HassKey(
    f"{DOMAIN}_quotas"
)
HANDOVERS: Final[HassKey[dict[str, FlowHandover]]] = HassKey(f"{DOMAIN}_handovers")


async def async_get_store(
    hass: HomeAssistant, entry_id: str, unique_id: str | None
) -> AccountStorage:
    """Return the entry's store, with what a set-up form left for it."""
    stores = hass.data.setdefault(STORES, {})
    if (store := stores.get(entry_id)) is None:
        store = AccountStorage(hass, entry_id)
        await store.async_load()
        stores[entry_id] = store
    if handover := hass.data.setdefault(HANDOVERS, {}).pop(unique_id or "", None):
        await store.async_take_over(handover.storage)
        store.listed = handover.inventory
        store.capture.take_up(handover.capture)
    return store


def get_quota(
    hass: HomeAssistant,
    vendor: Vendor,
    sign_in: SignIn,
    credentials: Credentials,
    store: AccountStorage,
) -> Quota:
    """Return the budget of the account, one object for all entries that share it."""
    quotas = hass.data.setdefault(QUOTAS, {})
    key = (vendor.key, sign_in.quota_account(credentials))
    if key not in quotas:
        storage = SharedStorage(store)
        quotas[key] = vendor.quota(storage), storage
    quota, storage = quotas[key]
    if store not in storage.stores:
        storage.stores.append(store)
    return quota


async def async_remove_store(hass: HomeAssistant, entry_id: str) -> None:
    """Delete everything kept of an entry."""
    store = hass.data.setdefault(STORES, {}).pop(entry_id, None) or AccountStorage(
        hass, entry_id
    )
    await store.async_remove()
    quotas = hass.data.setdefault(QUOTAS, {})
    for key, (_, storage) in list(quotas.items()):
        if store in storage.stores:
            storage.stores.remove(store)
        if not storage.stores:
            del quotas[key]


async def async_hand_over(
    hass: HomeAssistant,
    vendor: Vendor,
    sign_in: SignIn,
    credentials: Credentials,
    unique_id: str | None,
    handover: FlowHandover,
) -> None:
    """Leave what a form learnt for the entry's next set-up, and lift the blocks that the old credentials caused."""
    hass.data.setdefault(HANDOVERS, {})[unique_id or ""] = handover
    known = hass.data.setdefault(QUOTAS, {}).get(
        (vendor.key, sign_in.quota_account(credentials))
    )
    if known is not None:
        await known[0].unblock()
