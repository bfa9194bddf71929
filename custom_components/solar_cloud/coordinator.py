"""Polling an account: its inventory, its readings and its settings, each by a coordinator."""

from abc import abstractmethod
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import math
import time
from typing import Any, Final, override
import zlib

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .cloud.control import ControlClient, Settings
from .cloud.demand import SupportsDemand
from .cloud.errors import CloudError, CredentialsRejected, Paced, RetryLater
from .cloud.model import Inventory, Listed, Snapshot
from .cloud.vendor import Cloud, Vendor
from .const import (
    CONF_EXCLUDED_PLANTS,
    CONF_EXTRA_DEVICES,
    DOMAIN,
    GRACE,
    INVENTORY_INTERVAL,
    LOGGER,
    POLL_PERIOD,
)
from .control.forced_mode import SECTION as FORCES
from .demand import DemandWatch
from .location import HomeAssistantLocation
from .pipeline.alarms import AlarmMasking
from .pipeline.pipeline import ReadingPipeline
from .polling.scheduler import PollScheduler
from .storage import AccountStorage

LONGEST_WAIT: Final = 6 * 3600.0
SHORTEST_WAIT: Final = 15.0
INCOMPLETE_WAIT: Final = 3600.0
"""Seconds until lists that had to be left incomplete, or lack something, are looked at again."""
REFRESHED_BEHIND: Final = 20.0
"""Seconds after a start with the lists of the last run until they are read: the first readings go before."""
PUNCTUAL: Final = 5.0
"""Seconds that may be missing from a period: an automation that asks once in each is not punctual to the second."""
FAILED: Final = 120.0
"""Seconds after a poll that failed until another look is worth it."""
NEAR: Final = 60.0
"""A refresh asked for in the last seconds before a poll waits for it: that poll is placed where it brings most, and one before would move it."""

AT_ONCE: Final = 100
"""Entities that are told of a poll before others get their turn."""


POLLED: Final = f"{DOMAIN}_polled"
"""The signal that the readings of any account were asked for."""


def polled(entry_id: str) -> str:
    """Return the signal that the readings of an account were asked for, whether or not they came."""
    return f"{POLLED}_{entry_id}"


TROUBLES: Final[HassKey[dict[tuple[str, str], CloudError]]] = HassKey(
    f"{DOMAIN}_troubles"
)
"""What last kept an entry from being read, by what was read: set-up builds coordinators anew at each try."""


@contextmanager
def poll_errors() -> Iterator[None]:
    """Translate a client's errors into what a coordinator raises."""
    try:
        yield
    except CredentialsRejected as err:
        raise ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
        ) from err
    except CloudError as err:
        wait = (
            min(max(err.retry_after, SHORTEST_WAIT), LONGEST_WAIT)
            if isinstance(err, RetryLater)
            else None
        )
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
            retry_after=wait,
        ) from err


def delay_to_slot(
    now: float, period: float, phase: float, least: float = 30.0
) -> float:
    """Return the seconds to the next slot of a regular series, so that polls neither drift nor crowd.

    ``least`` keeps a poll that ended just before its slot from being repeated at once.
    """
    delay = period - (now - phase) % period
    return delay if delay >= least else delay + period


class SolarCloudCoordinator[DataT: (Inventory, Snapshot, Settings)](
    DataUpdateCoordinator[DataT]
):
    """Polls one thing of an account.

    A cloud that fails for a while is no news: the last data are kept for ``grace``, then the failure shows.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        name: str,
        interval: timedelta,
        *,
        grace: timedelta = GRACE,
        always_update: bool = False,
    ) -> None:
        """Poll every ``interval``, at a phase of its own per installation."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=name,
            update_interval=interval,
            always_update=always_update,
        )
        self._period: Final = interval.total_seconds()
        self._grace: Final = grace
        self._started = 0.0
        self._planned = 0.0
        self._phase: Final = zlib.crc32(entry.entry_id.encode()) % POLL_PERIOD
        self._resume_after: float | None = None
        self._troubles: Final = hass.data.setdefault(TROUBLES, {})
        self._trouble_key: Final = (entry.entry_id, name)
        self.last_success: datetime | None = None
        self.last_error: CloudError | None = None

    @property
    def next_poll(self) -> datetime:
        """When it polls again."""
        return dt_util.utc_from_timestamp(self._planned)

    @abstractmethod
    async def _async_poll(self) -> DataT:
        """Ask the cloud. Raises a ``CloudError``."""

    @override
    async def _async_update_data(self) -> DataT:
        """Poll, and place the next poll."""
        self._resume_after = None
        self._started = dt_util.utcnow().timestamp()
        try:
            with poll_errors():
                return await self._async_poll_patiently()
        finally:
            delay = self._next_delay()
            self._planned = dt_util.utcnow().timestamp() + delay
            self.update_interval = timedelta(seconds=delay)

    async def _async_poll_patiently(self) -> DataT:
        """Poll; within the grace a temporary failure returns what is known."""
        try:
            data = await self._async_poll()
        except CloudError as failure:
            err = self._true_cause(failure)
            self.last_error = err
            wait = failure.retry_after if isinstance(failure, RetryLater) else 0.0
            if isinstance(err, CredentialsRejected) or not self._within_grace(wait):
                raise err from None
            LOGGER.debug(
                "Poll of %s failed, keeping the last data: %s", self.name, err.key
            )
            if isinstance(failure, RetryLater):
                self._resume_after = failure.retry_after
            return self.data
        self._troubles.pop(self._trouble_key, None)
        self.last_success, self.last_error = dt_util.utcnow(), None
        self._resume_after = data.resume_after
        return data

    def _true_cause(self, failure: CloudError) -> CloudError:
        """Return why nothing comes: when our own pace stops a try, that is still what stopped the one before."""
        if isinstance(failure, Paced):
            return self._troubles.get(self._trouble_key, failure)
        if isinstance(failure, CredentialsRejected):  # which the user may have mended
            self._troubles.pop(self._trouble_key, None)
        else:
            self._troubles[self._trouble_key] = failure
        return failure

    def _within_grace(self, wait: float) -> bool:
        """Whether the last data still stand until the next poll; an hour's wait shows at once."""
        return (
            self.last_success is not None
            and dt_util.utcnow() + timedelta(seconds=wait) - self.last_success
            < self._grace
        )

    def _next_delay(self) -> float:
        """Return the wait to the next poll: the usual one, unless the vendor's limits say when to go on."""
        if self._resume_after is not None:
            return min(max(self._resume_after, SHORTEST_WAIT), LONGEST_WAIT)
        return self._usual_delay(dt_util.utcnow().timestamp())

    def _usual_delay(self, now: float) -> float:
        return delay_to_slot(now, self._period, self._phase)


class InventoryCoordinator(SolarCloudCoordinator[Inventory]):
    """Lists plants and devices."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        cloud: Cloud,
        storage: AccountStorage,
    ) -> None:
        """List with ``cloud``, unless a set-up before has left its list in ``storage``."""
        super().__init__(
            hass,
            entry,
            "inventory",
            INVENTORY_INTERVAL,
            grace=2 * INVENTORY_INTERVAL,
            always_update=True,  # an unchanged list is news too: it counts what is missing
        )
        self._cloud: Final = cloud
        self._storage: Final = storage
        self._account: Final = entry.unique_id or ""
        self._extra: Final[dict[str, str]] = entry.options.get(CONF_EXTRA_DEVICES, {})
        self.remembered = False
        """Whether the lists are those of the last run."""
        self._whole: Inventory | None = None
        """The last lists that lacked nothing of those before."""
        self._short = Listed()
        """How often something was missing since."""
        self._short_at = 0.0

    @property
    def chosen(self) -> Inventory:
        """The inventory without the plants the user left out; new ones are in by themselves."""
        excluded = self.config_entry.options.get(CONF_EXCLUDED_PLANTS, ())
        return self.data.only(frozenset(self.data.plants).difference(excluded))

    @property
    def steered(self) -> Inventory:
        """The chosen plants, and those left out since on which a forced mode is still to be ended."""
        devices = self.data.devices
        stored = self._storage.load(FORCES)
        forced = {
            devices[each].plant_id if each in devices else each
            for each in (stored if isinstance(stored, dict) else ())
        }
        return self.data.only(frozenset(self.chosen.plants) | forced)

    @override
    async def _async_poll(self) -> Inventory:
        """List, at a start from memory first; what could not be listed completely is looked at again sooner."""
        listed, self._storage.listed = self._storage.listed, None
        if listed is None and (known := self._known()) is not None:
            self.remembered, self._whole = True, known
            # Nothing is taken for gone by what was listed before.
            return replace(known, complete=False, resume_after=REFRESHED_BEHIND)
        inventory = listed or await self._cloud.inventory()
        self.remembered = False
        if inventory.complete:
            return self._complete(inventory)
        if inventory.resume_after:
            return inventory
        return replace(inventory, resume_after=INCOMPLETE_WAIT)

    def _complete(self, inventory: Inventory) -> Inventory:
        """Take complete lists as they are; what lacks in them is looked for every hour, but missed once in the usual interval.

        Accounts in trouble are answered short lists, with success.
        """
        if self._whole is None or not inventory.lacks(self._whole):
            return self._take(inventory)
        now = dt_util.utcnow().timestamp()
        if 0 <= now - self._short_at < INVENTORY_INTERVAL.total_seconds():
            return replace(inventory, complete=False, resume_after=INCOMPLETE_WAIT)
        self._short_at = now
        if self._short.miss():
            return self._take(inventory)
        return replace(inventory, resume_after=INCOMPLETE_WAIT)

    def _take(self, inventory: Inventory) -> Inventory:
        self._whole, self._short, self._short_at = inventory, Listed(), 0.0
        self._storage.keep_lists(self._account, self._extra, inventory)
        return inventory

    @override
    def _usual_delay(self, now: float) -> float:
        """Lists that failed are asked for within the hour: a new device would wait for half a day, and one that came back too."""
        if self.last_error is not None:
            return INCOMPLETE_WAIT
        return super()._usual_delay(now)

    def _known(self) -> Inventory | None:
        """Return the lists of the last run, where they are read soon after: not where polling is off."""
        if self.last_success is not None or self.config_entry.pref_disable_polling:
            return None
        return self._storage.take_lists(self._account, self._extra)


class ReadingsCoordinator(SolarCloudCoordinator[Snapshot]):
    """Reads the chosen plants and their devices, each time just after an upload can be seen.

    A refresh asked for within the vendor's period, or just before the next poll, returns what is known.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        vendor: Vendor,
        cloud: Cloud,
        storage: AccountStorage,
        inventory: InventoryCoordinator,
    ) -> None:
        """Read with ``cloud``, and publish what the pipeline makes of it."""
        super().__init__(hass, entry, "readings", timedelta(seconds=vendor.poll_period))
        self._cloud: Final = cloud
        self._inventory: Final = inventory
        self._demand: Final = DemandWatch(hass, entry, vendor.key)
        self._alarm_masking: Final = AlarmMasking()
        self._location: Final = HomeAssistantLocation(hass)
        self.pipeline: Final = ReadingPipeline(
            storage, vendor.stale_after, cloud.roles, self._location
        )
        self._scheduler: Final = PollScheduler(
            storage,
            vendor.poll_period,
            zlib.crc32(entry.entry_id.encode()),
            self.pipeline.seen,
            self._location,
        )
        self._expects_change = False
        self._audiences: Final[dict[str, list[CALLBACK_TYPE]]] = {}
        """Who listens to single plants and devices, by those."""
        self._news: set[str] = set()
        """The plants and devices whose listeners are still to hear of what changed."""
        self._told_success = True

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> CALLBACK_TYPE:
        """Listen to each poll that changes anything; with a plant or device as ``context``, only to those that change something of it."""
        if context is None:
            return super().async_add_listener(update_callback)
        audience = self._audiences.setdefault(context, [])
        audience.append(update_callback)
        return partial(audience.remove, update_callback)

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Tell everybody whom the last poll concerns; many of them bit by bit, those of a plant together."""
        if not (self._told_success and self.last_update_success):
            self._news.update(self._audiences)
        self._told_success = self.last_update_success
        super().async_update_listeners()
        self.config_entry.async_create_task(self.hass, self._async_tell())

    async def _async_tell(self) -> None:
        """Tell the listeners of what changed; others get their turn between two plants, so that nobody sees half of one."""
        told, listed = 0, self._inventory.data
        for plant_id in (*listed.plants, None):
            members = self._news if plant_id is None else listed.members(plant_id)
            for owner in self._news.intersection((*members, plant_id)):
                self._news.discard(owner)
                told += self._tell(owner)
            if told >= AT_ONCE:
                told = 0
                await asyncio.sleep(0)

    def _tell(self, owner: str) -> int:
        """Tell the listeners of a plant or device, and return how many there are."""
        listeners = (*self._audiences.get(owner, ()),)
        for listener in listeners:
            try:
                listener()
            except Exception:
                self.logger.exception("Unexpected error updating %s", self.name)
        return len(listeners)

    @callback
    def expect_change(self) -> None:
        """Let the next refresh that is asked for make a poll, however little time has passed: something was changed."""
        self._expects_change = True

    @override
    async def async_request_refresh(self) -> None:
        """Read soon, if that is worth a call."""
        if not self._suffices():
            await super().async_request_refresh()

    @override
    async def async_refresh(self) -> None:
        """Read now, if that is worth a call."""
        if not self._suffices():
            await super().async_refresh()

    @property
    def next_refresh(self) -> datetime | None:
        """When asking for a refresh can bring something; ``None`` when it can now."""
        if not self._suffices():
            return None
        wait = self._period - PUNCTUAL if self.last_update_success else FAILED
        at = self._started + wait
        if at <= dt_util.utcnow().timestamp():
            at = self._planned
        return dt_util.utc_from_timestamp(math.ceil(at))

    def _suffices(self) -> bool:
        """Whether asking again would only cost calls; a failure is soon worth another look, a clock that was put back at once."""
        if self._expects_change or self.last_success is None:
            return False
        now = dt_util.utcnow().timestamp()
        if self.last_error is not None or not self.last_update_success:
            return 0 <= now - self._started < FAILED
        if 0 <= now - self._started < self._period - PUNCTUAL:
            return True
        return (
            not self.config_entry.pref_disable_polling
            and 0 <= self._planned - now < NEAR
        )

    @override
    async def _async_update_data(self) -> Snapshot:
        """Poll, and tell of it: listeners hear of no failure within the grace."""
        try:
            return await super()._async_update_data()
        finally:
            async_dispatcher_send(self.hass, polled(self.config_entry.entry_id))
            async_dispatcher_send(self.hass, POLLED)

    @override
    async def _async_poll(self) -> Snapshot:
        """Read, learn when uploads come, and run it all through the pipeline."""
        self._expects_change = False  # what changes from here on is for the next poll
        chosen = self._inventory.chosen
        idle = self._demand.idle(chosen, self._cloud.roles)
        chosen = chosen.without(idle)
        if isinstance(self._cloud, SupportsDemand):
            demand = self._demand.demand
            needed = self.pipeline.needs_own(demand)
            night = self._scheduler.night
            self._cloud.meet(replace(demand, plants=needed, night=night))
        everything = await self._cloud.readings(self._inventory.steered.without(idle))
        if not (everything.answered or self.last_update_success):
            # Nothing was asked: what went wrong goes on.
            wait = everything.resume_after
            raise Paced(self._usual_delay(time.time()) if wait is None else wait)
        snapshot = everything.only(chosen)
        listed = self._inventory.data  # what is not read has numbers, too
        snapshot = replace(
            snapshot, alarms=self._alarm_masking.masked(snapshot.alarms, listed)
        )
        self._scheduler.learn(snapshot, chosen, dt_util.utcnow().timestamp())
        await self._location.async_learn(
            each.time_zone for each in chosen.plants.values()
        )
        return await self._async_process(snapshot, chosen)

    async def _async_process(self, snapshot: Snapshot, chosen: Inventory) -> Snapshot:
        """Run a poll through the pipeline, letting others have their turn in between."""
        work = self.pipeline.work(snapshot, chosen, dt_util.utcnow())
        while True:
            try:
                next(work)
            except StopIteration as done:
                self._news |= self.pipeline.changed
                published: Snapshot = done.value
                return published
            await asyncio.sleep(0)

    @override
    def _usual_delay(self, now: float) -> float:
        delay = max(self._scheduler.next_poll(self._started) - now, SHORTEST_WAIT)
        # The base class cuts the fraction off its clock's second.
        return delay + self.hass.loop.time() % 1


class SettingsCoordinator(SolarCloudCoordinator[Settings]):
    """Asks how plants and devices are set."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        controls: ControlClient,
        period: float | None,
        inventory: InventoryCoordinator,
    ) -> None:
        """Ask every ``period`` seconds for what is steered; without one the settings come with the readings."""
        super().__init__(
            hass,
            entry,
            "settings",
            timedelta(seconds=period) if period else INVENTORY_INTERVAL,
            always_update=True,  # the same word again may end a wait for another one
        )
        self._controls: Final = controls
        self._inventory: Final = inventory

    @override
    async def _async_poll(self) -> Settings:
        asked_at = time.time()
        settings = await self._controls.settings(self._inventory.steered)
        return replace(settings, asked_at=asked_at)
