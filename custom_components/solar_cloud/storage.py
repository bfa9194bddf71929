"""What an account keeps in Home Assistant's storage, apart from its credentials.

What must be there before it is used (a token, the end of a forced mode) lies in ``.storage/solar_cloud.<entry_id>``, which is small and
written at once. What polls change lies in ``…_state``: counter filters, days, call counts, slots. Of that, what was decided is written soon,
and what the next poll tells again much later; after a crash it is as after as long an outage. Both are readable by their owner only, and
kept in memory beyond a failed set-up: a client built anew five seconds later must not sign in again.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import math
from pathlib import Path
import time
from typing import Any, Final, NamedTuple, cast, override
import zlib

from orjson import Fragment

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import json_loads

from .cloud.capture import Capture
from .cloud.model import Inventory
from .cloud.quota import Quota
from .cloud.serialization import async_to_json, from_json_or_none, to_json
from .cloud.storage import SOON, Json, MemoryStorage
from .cloud.token import SECTION as TOKEN
from .cloud.vendor import Credentials, SignIn, Vendor
from .const import DOMAIN, LOGGER
from .migrations import VERSION, migrate

STORAGE_VERSION: Final = 1
ACCOUNT: Final = frozenset(
    {
        TOKEN,
        # control/: forced_mode, tasks, pending, write_limit
        "forces",
        "tasks",
        "settings",
        "last_commands",
        "writes",
        # statistics/: importer, first_hour
        "import_jobs",
        "imports",
        "import_writing",
        "import_undoing",
        "import_anchors",
    }
)
"""The sections of the account's file: saved at once, or of one matter with what is."""
STATE: Final = "_state"
"""The file of all the others."""
PACKED: Final = "packed"
FINISHED: Final = "finished"
"""The section that says whether the last run came to its end."""
LARGE: Final = 2_000_000
"""Bytes of state beyond which it is written more seldom: no account writes more than some MB a day."""
YOUNG: Final = 4.0
"""How many times as old as its last write a run must be before that is a while ago."""
SELDOM: Final = 4.0
"""How much more seldom at most."""
SLICE: Final = 0.01
"""Seconds after which encoding lets others go on."""
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


type Content = Json | bytes
"""What a section holds, as its text perhaps."""


class SectionStore(Store[dict[str, Any]]):
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


class PackedStore(SectionStore):
    """The same, compressed: what each poll changes is thousands of counters, which all look alike."""

    @override
    async def async_load(self) -> dict[str, Json] | None:
        """Read the sections; raises ``TypeError`` for a damaged package."""
        found = await super().async_load()
        return found and await self.hass.async_add_executor_job(_unpack, found)

    @override
    async def async_save(self, data: Mapping[str, Content]) -> None:
        """Write the sections."""
        await super().async_save(await self.hass.async_add_executor_job(_pack, data))

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Json]
    ) -> dict[str, Json]:
        """Bring the sections to their present form."""
        return await super()._async_migrate_func(
            old_major_version, old_minor_version, _unpack(old_data)
        )


def _pack(sections: Mapping[str, Content]) -> dict[str, Json]:
    whole = {
        key: Fragment(each) if isinstance(each, bytes) else each
        for key, each in sections.items()
    }
    return {PACKED: b64encode(zlib.compress(json_bytes(whole))).decode()}


def _unpack(stored: dict[str, Json]) -> dict[str, Json]:
    """Return the sections of a package, or those of an older version as they are."""
    if PACKED not in stored:
        return stored
    try:
        found = json_loads(zlib.decompress(b64decode(cast(str, stored[PACKED]))))
    except (ValueError, zlib.error) as err:
        raise TypeError from err
    if not isinstance(found, dict):
        raise TypeError
    return found


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


class SectionFile:
    """The sections of one file: written at once, or after a while together."""

    def __init__(self, hass: HomeAssistant, store: SectionStore) -> None:
        """Prepare the file."""
        self._hass: Final = hass
        self.store: Final = store
        self.sections: dict[str, Content] = {}
        """As they were written last, or are being written."""
        self._pending: dict[str, Callable[[], object]] = {}
        self._changed: set[str] = set()
        """What was noted since."""
        self._unwritten = False
        """Whether ``sections`` hold more than the file does."""
        self._due = math.inf
        self._begun: Final = hass.loop.time()
        self._written_at = -math.inf
        self._waiting: CALLBACK_TYPE | None = None
        self._listening: CALLBACK_TYPE | None = None

    async def async_load(self) -> None:
        """Read the file; one that cannot be read is set aside and counts as empty."""
        self.sections = {**await async_load_or_set_aside(self._hass, self.store)}

    def load(self, section: str) -> Json:
        """Return a section as it was last noted."""
        if (pending := self._pending.get(section)) is not None:
            return to_json(pending())
        found = self.sections.get(section)
        return json_loads(found) if isinstance(found, bytes) else found

    def put(self, section: str, content: Json) -> None:
        """Take in what is written next, instead of what waits to be written under its name."""
        self._pending.pop(section, None)
        self._changed.discard(section)
        self.sections[section] = content
        self._unwritten = True

    def drop(self, section: str) -> None:
        """Keep a section no longer."""
        del self.sections[section]
        self._unwritten = True

    def note(self, section: str, content: Callable[[], object], delay: float) -> None:
        """Write a section with all others that wait: soon, or with the first poll so many seconds after the last write."""
        self._pending[section] = content
        self._changed.add(section)
        now = self._hass.loop.time()
        left = self._written_at + self._patience(delay) - now
        due = now + (SOON if left <= 0 else left + delay)
        if due < self._due:
            self._stop()
            self._due = due
            self._waiting = async_call_later(
                self._hass, due - now, HassJob(self._async_due, cancel_on_shutdown=True)
            )
            self._listening = self._hass.bus.async_listen_once(
                EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final
            )

    def _patience(self, delay: float) -> float:
        """Return how long ago the last write must be: not long in a young run, or one crash after another would lose what each learnt."""
        age = self._hass.loop.time() - self._begun
        return 0.0 if delay <= SOON else min(delay, age / YOUNG)

    def _stop(self) -> None:
        """Wait no longer."""
        for stop in (self._waiting, self._listening):
            if stop is not None:
                stop()
        self._waiting = self._listening = None
        self._due = math.inf

    async def _async_due(self, _: datetime) -> None:
        await self.async_write()

    async def _async_final(self, _: Event) -> None:
        self._listening = None
        await self.async_finish()

    async def async_finish(self) -> None:
        """Write what waits, at the end of a run."""
        await self.async_write()

    async def async_write(self) -> None:
        """Write what waits; nothing comes between what is read and the order to write it."""
        self._stop()
        self._written_at = self._hass.loop.time()
        for section in self._changed:
            self.sections[section] = to_json(self._pending[section]())
            self._unwritten = True
        self._changed.clear()
        if self._unwritten:
            await self.store.async_save(self.sections)
            self._unwritten = False

    async def async_remove(self) -> None:
        """Delete the file."""
        self._stop()
        ir.async_delete_issue(self._hass, DOMAIN, _issue_id(self.store.key))
        await self.store.async_remove()


class PackedFile(SectionFile):
    """What is large: packed, and written only when it is another."""

    def __init__(self, hass: HomeAssistant, entry_id: str, kind: str) -> None:
        """Prepare the file."""
        super().__init__(hass, PackedStore(hass, entry_id, kind))
        self._notes = 0
        self._size = 0
        """Bytes of what was written last."""
        self._writing: Final = asyncio.Lock()

    @override
    def note(self, section: str, content: Callable[[], object], delay: float) -> None:
        """Write a section with all others that wait."""
        self._notes += 1
        super().note(section, content, delay)

    @override
    def _patience(self, delay: float) -> float:
        """Return how long ago the last write must be: a large file is written more seldom."""
        return super()._patience(delay * min(max(1.0, self._size / LARGE), SELDOM))

    @override
    async def async_write(self) -> None:
        """Write what waits, if it is not what was written; the event loop goes on meanwhile."""
        async with self._writing:
            self._stop()
            self._written_at = self._hass.loop.time()
            fresh = await self._async_encoded()
            if any(self.sections.get(key) != each for key, each in fresh.items()):
                self.sections |= fresh
                self._unwritten = True
            if self._unwritten:
                self._size = sum(map(len, fresh.values()))
                await self.store.async_save({**self.sections})
                self._unwritten = False

    async def _async_encoded(self) -> dict[str, bytes]:
        """Return what changed, all of the same moment: what a poll changes meanwhile is encoded anew."""
        fresh: dict[str, bytes] = {}
        for patient in (True, True, False):
            notes, breathe = self._notes, _breath() if patient else _no_breath
            for section in sorted(self._changed):
                content = await async_to_json(self._pending[section](), breathe)
                fresh[section] = json_bytes(content)
            if notes == self._notes:
                break
        self._changed.clear()
        return fresh


class StateFile(PackedFile):
    """What polls change, and whether that is all."""

    def begin(self) -> None:
        """Let the next write say that a run is under way."""
        self._pending[FINISHED] = lambda: False
        self._changed.add(FINISHED)

    @override
    async def async_finish(self) -> None:
        """Write what waits, and that nothing is missing."""
        self.note(FINISHED, lambda: True, SOON)
        await self.async_write()
        self.begin()


def _breath() -> Callable[[], Awaitable[None]]:
    """Return what lets others go on whenever a slice of time is used up."""
    begun = time.monotonic()

    async def breathe() -> None:
        nonlocal begun
        if time.monotonic() - begun > SLICE:
            await asyncio.sleep(0)
            begun = time.monotonic()

    return breathe


async def _no_breath() -> None:
    """Go on."""


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
        await self._lists_file.async_load()
        lists = self._lists_file.load(LISTS)
        listed = from_json_or_none(KeptLists, lists)
        # Lists of which something is damaged would let devices vanish.
        if listed is not None and to_json(listed) == lists:
            self._lists = listed
        kept = self._state.sections
        self.crashed = bool(kept) and kept.get(FINISHED) is not True
        self._state.begin()
        earlier = self._account.sections.keys() - ACCOUNT
        if earlier:
            await self._async_move(earlier)

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
            await self._lists_file.async_write()

    async def async_remove(self) -> None:
        """Delete the files and write no more."""
        self._removed = True
        await self._account.async_remove()
        await self._state.async_remove()
        await self._lists_file.async_remove()
        for kind in (FETCHED, KEPT):
            file = SectionStore(self._hass, self._entry_id, kind)
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
