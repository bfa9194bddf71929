"""Forced modes and their ends: kept on disk from before the first of them is sent, so that no restart leaves a battery forced."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .cloud.control import (
    Controllable,
    Force,
    Order,
    Outcome,
    RenewBattery,
    StopBattery,
)
from .cloud.errors import CloudError, CloudUnreachable
from .cloud.vault import Json, Vault
from .cloud.vendor import Cloud
from .const import LOGGER

SECTION: Final = "forces"
RETRY: Final = 60.0
LONGEST_RETRY: Final = 900.0


@dataclass(slots=True)
class Supervised:
    """One forced mode."""

    until: float
    ends_by_itself: bool
    renew_after: float | None = None
    renewed: float = 0.0
    failures: int = 0


class Supervisor:
    """Renews forced modes that want it and ends those that do not end by themselves."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        vault: Vault,
        send: Callable[[Order], Awaitable[object]],
        changed: Callable[[], None],
    ) -> None:
        """Send orders with ``send``, which raises a ``CloudError`` when one was not carried out."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._vault: Final = vault
        self._send: Final = send
        self._changed: Final = changed
        self._forces: Final[dict[str, Supervised]] = dict(_read(vault.load(SECTION)))
        self._timers: Final[dict[str, CALLBACK_TYPE]] = {}

    def start(self) -> CALLBACK_TYPE:
        """Take up what the last run began; returns what stops all timers."""
        for target_id in self._forces:
            self._plan(target_id)
        return self._stop

    @callback
    def _stop(self) -> None:
        for cancel in self._timers.values():
            cancel()
        self._timers.clear()

    def expire(self) -> None:
        """Let all of them end now: nobody may change settings any more."""
        for force in self._forces.values():
            force.until = min(force.until, time.time())

    def get(self, target_id: str) -> Supervised | None:
        """Return the forced mode of a device."""
        return self._forces.get(target_id)

    def until(self, target_id: str) -> datetime | None:
        """Return when a forced mode ends at the latest."""
        force = self._forces.get(target_id)
        return dt_util.utc_from_timestamp(force.until) if force else None

    @property
    def overdue(self) -> frozenset[str]:
        """The devices whose forced mode could not be ended in time."""
        return frozenset(
            key
            for key, force in self._forces.items()
            if force.failures and time.time() >= force.until
        )

    async def begin(self, target_id: str, force: Force) -> None:
        """Supervise a forced mode; it is on disk when this returns."""
        now = time.time()
        self._forces[target_id] = Supervised(
            now + force.ends_after, force.ends_by_itself, force.renew_after, now
        )
        await self._save()
        self._plan(target_id)

    async def end(self, target_id: str) -> None:
        """Stop supervising."""
        await self.restore(target_id, None)

    async def restore(self, target_id: str, force: Supervised | None) -> None:
        """Go back to what was supervised before a command that came to nothing."""
        if cancel := self._timers.pop(target_id, None):
            cancel()
        if force is not None:
            self._forces[target_id] = force
            self._plan(target_id)
        elif self._forces.pop(target_id, None) is None:
            return
        await self._save()

    async def _save(self) -> None:
        content: Json = {key: asdict(force) for key, force in self._forces.items()}
        await self._vault.save(SECTION, content)
        self._changed()

    def _plan(self, target_id: str) -> None:
        force = self._forces[target_id]
        if cancel := self._timers.pop(target_id, None):
            cancel()
        at = force.until
        if force.renew_after is not None:
            at = min(at, force.renewed + force.renew_after)
        wait = max(at - time.time(), 0.0)
        if force.failures:
            wait = max(wait, min(RETRY * 2 ** (force.failures - 1), LONGEST_RETRY))

        @callback
        def act(_: datetime) -> None:
            self._timers.pop(target_id, None)
            self._entry.async_create_background_task(
                self._hass, self._act(target_id), "solar_cloud forced mode"
            )

        self._timers[target_id] = async_call_later(self._hass, wait, act)

    async def _act(self, target_id: str) -> None:
        """End or renew. Only what certainly was not carried out is sent again."""
        force = self._forces.get(target_id)
        if force is None:
            return
        ends = time.time() >= force.until
        if ends and force.ends_by_itself:
            await self.end(target_id)
            return
        order = StopBattery if ends else RenewBattery
        try:
            await self._send(order(target_id=target_id))
        except CloudError as err:
            LOGGER.warning(
                "A forced mode could not be %s: %s",
                "ended" if ends else "renewed",
                err.key,
            )
            force.failures += 1
            self._changed()
            self._plan(target_id)
            return
        force.failures = 0
        if not ends:
            force.renewed = time.time()
            await self._save()
            self._plan(target_id)


async def async_end_all(cloud: Cloud, stored: Json) -> None:
    """End what runs while its account is removed, as far as that can be done now."""
    targets = [target_id for target_id, _ in _read(stored)]
    if not targets or not isinstance(cloud, Controllable):
        return
    try:
        cloud.available(await cloud.inventory())
    except CloudError as err:
        LOGGER.warning("Forced modes may go on without their account: %s", err.key)
        return
    for target_id in targets:
        try:
            receipt = await cloud.order(StopBattery(target_id=target_id))
            if receipt.outcome is Outcome.UNCERTAIN:
                raise CloudUnreachable
        except CloudError as err:
            LOGGER.warning("A forced mode may go on without its account: %s", err.key)


def _read(stored: Json) -> Iterator[tuple[str, Supervised]]:
    for key, row in (stored if isinstance(stored, dict) else {}).items():
        match row:
            case {
                "until": int() | float() as until,
                "ends_by_itself": bool(by_itself),
                "renew_after": renew_after,
                "renewed": int() | float() as renewed,
            }:
                yield (
                    key,
                    Supervised(
                        float(until),
                        by_itself,
                        float(renew_after)
                        if isinstance(renew_after, int | float)
                        else None,
                        float(renewed),
                    ),
                )
