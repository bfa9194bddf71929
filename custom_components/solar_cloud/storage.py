"""What an account keeps in Home Assistant's storage, apart from its credentials.

What must be there before it is used (a token, the end of a forced mode) lies in ``.storage/solar_cloud.<entry_id>``, which is small and
written at once. What polls change lies in ``…_state``: counter filters, days, call counts, slots. Of that, what was decided is written soon,
and what the next poll tells again much later; after a crash it is as after as long an outage. Both are readable by their owner only, and
kept in memory beyond a failed set-up: a client built anew five seconds later must not sign in again.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from .cloud.capture import Capture
from .cloud.model import Inventory
from .cloud.quota import Quota
from .cloud.serialization import from_json_or_none, to_json
from .cloud.storage import SOON, Json, MemoryStorage
from .cloud.token import SECTION as TOKEN
from .cloud.vendor import Credentials, SignIn, Vendor
from .const import DOMAIN
from .pipeline.insights import SECTION as INSIGHTS
from .section_file import PackedFile, SectionFile, SectionStore, StateFile

ACCOUNT: Final = frozenset(
    {
        TOKEN,
        # control/: forced_mode, tasks, pending, write_limit
        "forces",
        "tasks",
        "settings",
        "last_commands",
        "writes",
        # pipeline/: alarms, sessions
        "told_alarms",
        "sessions",
        # statistics/: importer, first_hour
        "import_jobs",
        "imports",
        "import_writing",
        "import_undoing",
        "import_anchors",
    }
)
"""The sections of the account's file: saved at once, of one matter with what is, or small and decided at any time."""
STATE: Final = "_state"
"""The file of all the others."""
DAILY: Final = "_insights"
"""The file of what is known of plants by many days, written once a day."""
FETCHED: Final = "_history"
"""The file of what an import has fetched so far."""
LISTS: Final = "_lists"
"""The file of an account's lists, written when they change, and once a day."""
LISTS_TRUSTED: Final = 3 * 86400.0
"""Seconds after which lists say nothing any more."""
LISTS_CONFIRMED: Final = 86400.0
"""Seconds after which lists that did not change are written again, with their new time."""
KEPT: Final = "_undo"
"""The file of what a statistic is to hold from which an import is being taken."""


@dataclass(frozen=True, slots=True)
class KeptLists:
    """Complete lists of an account, and what they are good for."""

    at: float
    """When they were read, in epoch seconds."""
    account: str = field(repr=False)
    extra: dict[str, str] = field(repr=False)
    """The devices that the user added."""
    inventory: Inventory

    def serve(self, account: str, extra: Mapping[str, str]) -> bool:
        """Whether these are the lists of this account, and young enough."""
        return (self.account, self.extra) == (
            account,
            extra,
        ) and 0 <= time.time() - self.at < LISTS_TRUSTED


class AccountStorage:
    """The storage of one config entry: what is saved at once in one file, what polls change in another."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the files; ``async_load`` reads them."""
        self._hass: Final = hass
        self._entry_id: Final = entry_id
        self._account: Final = SectionFile(hass, SectionStore(hass, entry_id))
        self._state: Final = StateFile(hass, entry_id, STATE)
        self._daily: Final = PackedFile(hass, entry_id, DAILY)
        self._lists_file: Final = SectionFile(hass, SectionStore(hass, entry_id, LISTS))
        self._lists: KeptLists | None = None
        self._lists_tried = False
        self._removed = False
        self.crashed = False
        """Whether the last run ended without a word: what it showed last was not written."""
        self.listed: Inventory | None = None
        """What is known of the account's lists already: the first look of the next set-up."""
        self.capture: Final = Capture()
        """What the account was answered, for diagnostics; it is never written to disk."""

    async def async_load(self) -> None:
        """Read the files; those that cannot be read are set aside and count as empty."""
        await self._account.async_load()
        await self._state.async_load()
        await self._daily.async_load()
        await self._lists_file.async_load()
        lists = self._lists_file.load(LISTS)
        listed = from_json_or_none(KeptLists, lists)
        # Lists of which something is damaged would let devices vanish.
        if listed is not None and to_json(listed) == lists:
            self._lists = listed
        self.crashed = bool(self._state.sections) and not self._state.finished
        self._state.begin()
        earlier = self._account.sections.keys() - ACCOUNT
        if earlier:
            await self._async_move(earlier)

    async def async_begin(self) -> None:
        """Let the disk say that a run is under way: a crash before the first write must be seen too."""
        if self._state.finished:
            await self._state.async_write()

    async def _async_move(self, sections: Collection[str]) -> None:
        """Move what an earlier version kept in one file, which loses nothing whenever it is interrupted."""
        for section in sections:
            if section not in self._state.sections:
                self._state.put(section, self._account.load(section))
        await self._state.async_write()
        for section in sections:
            self._account.drop(section)
        await self._account.async_write()

    def take_lists(self, account: str, extra: Mapping[str, str]) -> Inventory | None:
        """Return the lists of the last run, once: when a set-up fails with them, the next one lists anew."""
        if self._lists is None or self._lists_tried:
            return None
        self._lists_tried = True
        kept = self._lists
        return kept.inventory if kept.serve(account, extra) else None

    def begin_with(self, inventory: Inventory) -> None:
        """Let the next set-up begin with a form's lists, unless earlier ones are complete and these are not."""
        if inventory.complete or self._lists is None:
            self.listed = inventory

    def keep_lists(
        self, account: str, extra: Mapping[str, str], inventory: Inventory
    ) -> None:
        """Keep complete lists that were just read."""
        self._lists_tried = False
        kept, now = self._lists, time.time()
        if (
            kept is None
            or not kept.serve(account, extra)
            or kept.inventory != inventory
            or now - kept.at >= LISTS_CONFIRMED
        ):
            lists = self._lists = KeptLists(now, account, {**extra}, inventory)
            if not self._removed:
                self._lists_file.note(LISTS, lambda: lists, SOON)

    def load(self, section: str) -> Json:
        """Return a section as it was last saved."""
        return self._file(section).load(section)

    def _file(self, section: str) -> SectionFile:
        if section == INSIGHTS:
            return self._daily
        return self._account if section in ACCOUNT else self._state

    async def save(self, section: str, content: Json) -> None:
        """Write at once: a token must be on disk before its first use."""
        if not self._removed:
            file = self._file(section)
            file.put(section, content)
            await file.async_write()

    def delay_save(
        self, section: str, content: Callable[[], object], delay: float = SOON
    ) -> None:
        """Write with the next batch, which no further change puts off, and at shutdown."""
        if not self._removed:
            self._file(section).note(section, content, delay)

    async def async_take_over(self, handover: MemoryStorage) -> None:
        """Adopt what a set-up form learnt: all of it at first, later only the newer token."""
        learnt = handover.sections()
        known = self._account.sections or self._state.sections
        for section in {TOKEN} if known else learnt:
            self._file(section).put(section, learnt.get(section))
        await self._account.async_write()
        await self._state.async_write()

    async def async_flush(self) -> None:
        """Write now what was to be written later: a run ends."""
        if not self._removed:
            await self._account.async_write()
            await self._state.async_finish()
            await self._daily.async_write()
            await self._lists_file.async_write()

    async def async_remove(self) -> None:
        """Delete the files and write no more."""
        self._removed = True
        await self._account.async_remove()
        await self._state.async_remove()
        await self._daily.async_remove()
        await self._lists_file.async_remove()
        for kind in (FETCHED, KEPT):
            store = SectionStore(self._hass, self._entry_id, kind)
            await SectionFile(self._hass, store).async_remove()


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

    def delay_save(
        self, section: str, content: Callable[[], object], delay: float = SOON
    ) -> None:
        """Write a section for every entry, with its next batch."""
        for store in self.stores:
            store.delay_save(section, content, delay)


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
        store.begin_with(handover.inventory)
        store.capture.take_up(handover.capture)
    await store.async_begin()
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
        quotas[key][0].watch(hass.loop.time)
        if store.crashed:
            quotas[key][0].forgot()
    quota, storage = quotas[key]
    if store not in storage.stores:
        storage.stores.append(store)
    return quota


def known_quota(
    hass: HomeAssistant, vendor: Vendor, sign_in: SignIn, credentials: Credentials
) -> Quota | None:
    """Return the budget of an account that an entry has."""
    key = (vendor.key, sign_in.quota_account(credentials))
    found = hass.data.setdefault(QUOTAS, {}).get(key)
    return found and found[0]


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


async def async_remove_strays(hass: HomeAssistant) -> None:
    """Delete the files of accounts that Home Assistant does not know.

    It writes a new entry a second after a form made it: killed before, it has forgotten whose token is on disk.
    """
    known = [each.entry_id for each in hass.config_entries.async_entries(DOMAIN)]
    for owner in await hass.async_add_executor_job(stored_owners, hass):
        if not any(
            owner == each or owner.startswith((f"{each}_", f"{each}."))
            for each in known
        ):
            with suppress(OSError):  # tried again at the next start
                await SectionStore(hass, owner).async_remove()


def stored_owners(hass: HomeAssistant) -> list[str]:
    """Return what our files are named after: an entry's id, with the file's kind. Blocks."""
    folder, prefix = Path(hass.config.path(STORAGE_DIR)), f"{DOMAIN}."
    return [each.name.removeprefix(prefix) for each in folder.glob(f"{prefix}*")]


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
    if known := known_quota(hass, vendor, sign_in, credentials):
        await known.unblock()
