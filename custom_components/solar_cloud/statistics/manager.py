"""The past of one account: notices gaps, repairs them, and imports what was before, whenever the vendor's limits leave room."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..account import Account
from ..backfill.gaps import GapWatch
from ..cloud.errors import CloudError, Paced, RetryLater, UnexpectedAnswer, describe
from ..cloud.history import HistoryClient
from ..cloud.model import Inventory
from ..cloud.quota import in_background
from ..const import CONF_REPAIR_GAPS, LOGGER
from . import recorder
from .anomalies import AnomalyFinder
from .gap_fill import GapRepair
from .importer import HistoryImport, earliest
from .undo import Imported

PATIENCE: Final = 3600.0
"""Seconds to leave a past alone that could not be read."""
LONGEST_STOP: Final = 5.0
"""Seconds to wait for work that was stopped."""


class History:
    """Works on the past of one account in the background."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, account: Account
    ) -> None:
        """Take up what the last run noticed."""
        self._hass: Final = hass
        self._entry: Final = entry
        self.account: Final = account
        self.watch: Final = GapWatch(account.store)
        self.repair: Final = GapRepair(hass, account, self.watch)
        self.imports: Final = HistoryImport(hass, account, entry.entry_id, self.watch)
        self.anomaly_finder: Final = AnomalyFinder(hass, account, entry.entry_id)
        self.last_error: CloudError | None = None
        self._not_before: datetime | None = None
        self.stopped = False
        """Whether the account was unloaded: another one may be at work already."""
        self._running = False
        self._waiting = 0
        """How many wait for an answer about the past."""
        self._task: asyncio.Task[None] | None = None
        self._wake: CALLBACK_TYPE | None = None

    @property
    def history_client(self) -> HistoryClient | None:
        """What reads the past, if the vendor keeps one."""
        return self.account.cloud.history

    @property
    def inventory(self) -> Inventory:
        """The plants the user chose, with their devices."""
        return self.account.inventory.chosen

    @callback
    def start(self) -> Callable[[], None]:
        """Work with every poll from now on; returns what stops it."""
        remove = self.account.readings.async_add_listener(self.on_poll)
        forget = self._hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED, self._on_registry
        )
        self.on_poll()

        @callback
        def stop() -> None:
            remove()
            forget()
            self._cancel_wake()
            self.anomaly_finder.stop()

        return stop

    @callback
    def _on_registry(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow a statistic whose entity was renamed."""
        if event.data["action"] == "update" and "old_entity_id" in event.data:
            old, new = event.data["old_entity_id"], event.data["entity_id"]
            self.imports.rename(old, new)
            self.anomaly_finder.rename(old, new)

    @property
    def can_import(self) -> bool:
        """Whether the vendor keeps a past, and there is somewhere to put it."""
        return self.history_client is not None and recorder.has_recorder(self._hass)

    async def async_import(self, plants: Iterable[str]) -> None:
        """Import the past of plants as far back as the vendor gives, or go on with it."""
        if (history_client := self.history_client) is None:
            return
        for plant_id in plants:
            if plant_id not in self.imports.jobs:
                await self.imports.async_begin(plant_id, earliest(history_client))
        self.work()

    async def async_undo(self, plant_id: str) -> Mapping[str, Imported] | None:
        """Take the last import of a plant back; ``None`` when the account was unloaded meanwhile, and the next start goes on."""
        if self.stopped:
            return None
        task = self._entry.async_create_background_task(
            self._hass, self.imports.async_undo(plant_id), "solar_cloud_undo"
        )
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    async def async_stop(self) -> None:
        """Stop all work, and write what was fetched."""
        self.stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=LONGEST_STOP)
        await self.imports.async_flush()

    @callback
    def on_poll(self) -> None:
        """Note what a poll says of gaps, and work on the past."""
        if self.account.readings.last_update_success:
            pipeline = self.account.pipeline
            self.watch.observe(
                self.account.readings.data,
                dt_util.utcnow().timestamp(),
                pipeline.heard,
                pipeline.is_holding,
            )
        self.work()

    @callback
    def work(self) -> None:
        """Work on the past as far as the limits allow, unless that is going on."""
        if (
            self.stopped
            or self._running
            or self._waiting
            or not recorder.has_recorder(self._hass)
            or (self._not_before is not None and dt_util.utcnow() < self._not_before)
        ):
            return
        self._running = True
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_work(), "solar_cloud_history"
        )

    @contextmanager
    def stand_back(self) -> Iterator[None]:
        """Begin no work meanwhile: somebody waits for an answer, and the calls are theirs."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self.work()

    async def _async_work(self) -> None:
        try:
            with in_background():
                await self._async_steps()
            self.last_error = None
        except Paced as err:
            self.last_error = None  # as planned
            self._rest(err.retry_after)
        except RetryLater as err:
            self.last_error = err
            self._rest(err.retry_after)
        except CloudError as err:
            LOGGER.debug("The past cannot be read now: %s", err.key)
            self.last_error = err
            self._rest(PATIENCE)
        finally:
            self._running = False

    async def _async_steps(self) -> None:
        """Do all there is to do; a mistake of ours in one step stops no other. Raises a ``CloudError`` to go on later."""
        mistaken = False
        for step in self._steps():
            try:
                await step()
            except CloudError:
                raise
            except Exception as err:  # noqa: BLE001  the other steps are still to be done
                LOGGER.error("A step of work on the past failed: %s", describe(err))
                mistaken = True
        if mistaken:
            raise UnexpectedAnswer

    def _steps(self) -> Iterator[Callable[[], Awaitable[object]]]:
        inventory = self.inventory
        if self.imports.undoing:
            yield self.imports.async_finish_undo
        if self.imports.interrupted:
            yield self.imports.async_settle
        if self._hass.is_running:
            yield partial(self.anomaly_finder.async_run, inventory)
        if (history_client := self.history_client) is None:
            return
        if self._entry.options.get(CONF_REPAIR_GAPS, True):
            for plant_id in inventory.plants:
                yield partial(
                    self.repair.async_run, history_client, inventory, plant_id
                )
        if self.imports.jobs:
            yield partial(self.imports.async_run, history_client, inventory)

    def _rest(self, seconds: float) -> None:
        """Go on when the limits allow."""
        self._cancel_wake()
        self._not_before = dt_util.utcnow() + timedelta(seconds=seconds)

        @callback
        def wake(_: datetime) -> None:
            self._wake = self._not_before = None
            self.work()

        self._wake = async_call_later(self._hass, seconds + 1, wake)

    def _cancel_wake(self) -> None:
        if self._wake is not None:
            self._wake()
            self._wake = None
