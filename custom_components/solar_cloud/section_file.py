"""Files of named sections below ``.storage``: each section is noted by whoever knows it, and all that wait are written together."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
import lzma
import math
from pathlib import Path
import time
from typing import Any, Final, cast, override
import zlib

from orjson import Fragment

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
from homeassistant.util.json import json_loads

from .cloud.serialization import async_to_json, to_json
from .cloud.storage import LATER, SOON, Json
from .const import DOMAIN, LOGGER
from .migrations import VERSION, migrate

STORAGE_VERSION: Final = 1
PACKED: Final = "packed"
FILTERS: Final = ({"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20},)
"""A window that holds a counter and its twin of today, at a tenth of the memory that is usual."""
ZLIB: Final = b"x"
"""How packages of earlier versions begin."""
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
        self.failed = False
        """Whether the last write came to nothing: Home Assistant logs it, and raises nothing."""

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write, and know whether that went well."""
        self.failed = True
        await super()._async_write_data(data)
        self.failed = False

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
    packed = lzma.compress(json_bytes(whole), filters=FILTERS)
    return {PACKED: b64encode(packed).decode()}


def _unpack(stored: dict[str, Json]) -> dict[str, Json]:
    """Return the sections of a package, or those of an older version as they are."""
    if PACKED not in stored:
        return stored
    try:
        packed = b64decode(cast(str, stored[PACKED]))
        unpack = zlib.decompress if packed[:1] == ZLIB else lzma.decompress
        found = json_loads(unpack(packed))
    except (ValueError, zlib.error, lzma.LZMAError) as err:
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
        left = self._written_at + self._patience(delay) - self._hass.loop.time()
        self._write_in(SOON if left <= 0 else left + delay)

    def _write_in(self, seconds: float) -> None:
        """Write by then, and when Home Assistant stops."""
        due = self._hass.loop.time() + seconds
        if due < self._due:
            self._stop()
            self._due = due
            self._waiting = async_call_later(
                self._hass, seconds, HassJob(self._async_due, cancel_on_shutdown=True)
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
            await self._async_save(self.sections)

    async def _async_save(self, sections: dict[str, Content]) -> None:
        """Write all sections; what fails is tried again, whoever else writes meanwhile."""
        self._unwritten, written = False, False
        try:
            await self.store.async_save(sections)
            written = not self.store.failed
        finally:
            if not written:
                self._unwritten = True
                self._write_in(LATER)

    async def async_remove(self) -> None:
        """Delete the file."""
        self._stop()
        ir.async_delete_issue(self._hass, DOMAIN, _issue_id(self.store.key))
        await self.store.async_remove()
        self._stop()  # a write that failed meanwhile included


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
                await self._async_save({**self.sections})

    async def _async_encoded(self) -> dict[str, bytes]:
        """Return what changed, all of the same moment: what a poll changes meanwhile is encoded anew."""
        fresh: dict[str, bytes] = {}
        for patient in (True, True, False):
            notes, pause = self._notes, _pause_when_due() if patient else _no_pause
            for section in sorted(self._changed):
                content = await async_to_json(self._pending[section](), pause)
                fresh[section] = json_bytes(content)
            if notes == self._notes:
                break
        self._changed.clear()
        return fresh


class StateFile(PackedFile):
    """What polls change, and whether that is all."""

    @property
    def finished(self) -> bool:
        """Whether what was written last is all of a run."""
        return self.sections.get(FINISHED) in (True, json_bytes(True))

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


def _pause_when_due() -> Callable[[], Awaitable[None]]:
    """Return what lets others go on whenever a slice of time is used up."""
    begun = time.monotonic()

    async def pause() -> None:
        nonlocal begun
        if time.monotonic() - begun > SLICE:
            await asyncio.sleep(0)
            begun = time.monotonic()

    return pause


async def _no_pause() -> None:
    """Go on."""
