"""Forced modes and their ends: kept on disk from before the first of them is sent, so that no restart leaves a battery forced."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..cloud.backoff import doubled
from ..cloud.control import (
    ControlAction,
    ForcedMode,
    Outcome,
    RenewBattery,
    StopBattery,
)
from ..cloud.errors import CloudError, CloudUnreachable, describe
from ..cloud.serialization import from_json, to_json
from ..cloud.storage import Json, Storage
from ..cloud.vendor import Cloud
from ..const import LOGGER

SECTION: Final = "forces"
RETRY: Final = 60.0
LONGEST_RETRY: Final = 900.0
END_AGAIN: Final = 300.0
"""Seconds after which an end is sent again whose outcome is not known."""
CLOCK_SET: Final = 2.0
"""Seconds by which a clock that runs on its own never jumps."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a forced mode was asked for."""

    mode: str
    """One of ``BATTERY_MODES``."""
    power: float | None
    """W; ``None`` where the device was left to choose."""
    target_soc: float | None
    """%, ``None`` where it only ends in time."""


@dataclass(slots=True)
class Supervised:
    """One forced mode."""

    until: float
    ends_by_itself: bool
    renew_after: float | None = None
    renewed: float = 0.0
    begun: float = 0.0
    """When the command that began it was about to be sent."""
    replaces: float | None = None
    """Until when the one before it lasted, which is on should the device refuse this one."""
    stopping: bool = False
    """Whether its end was sent, and the device has not confirmed it yet."""
    failures: int = 0
    wish: Wish | None = None
    """``None`` where nobody said, as of a mode that begins idle."""


class Superseded(Exception):
    """An action of the supervision was overtaken while it waited for its turn."""


class ForcedModeManager:
    """Renews forced modes that want it and ends those that do not end by themselves.

    An entry is removed when the device confirms that its mode is over, or when its own timer has run out, and by nothing else.

    What is on disk is the time of the clock, which a restart can compare; while this runs, it is the time that passed that counts.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        storage: Storage,
        send: Callable[[ControlAction, Callable[[], bool]], Awaitable[object]],
        ending: Callable[[str], bool],
        changed: Callable[[], None],
    ) -> None:
        """Send actions with ``send``.

        It asks whether an action is still wanted when it is its turn, raises ``Superseded`` when not, and a ``CloudError`` when it was not
        carried out. ``ending`` says whether the end of a device's forced mode is under way.
        """
        self._hass: Final = hass
        self._entry: Final = entry
        self._storage: Final = storage
        self._send: Final = send
        self._ending: Final = ending
        self._changed: Final = changed
        self._forces: Final = supervised(storage.load(SECTION))
        self._timers: Final[dict[str, CALLBACK_TYPE]] = {}
        self._acting: Final[set[str]] = set()
        self._ahead = time.time() - hass.loop.time()
        self._stopped = False

    def _now(self) -> float:
        """Return the time. A clock that was set takes the ends along: a mode lasts as long as it was to."""
        now = time.time()
        by = now - self._hass.loop.time() - self._ahead
        if abs(by) >= CLOCK_SET:
            self._ahead += by
            for force in self._forces.values():
                force.until += by
                force.renewed += by
                if force.replaces is not None:
                    force.replaces += by
            self._storage.delay_save(SECTION, lambda: to_json(self._forces))
        return now

    def start(self) -> CALLBACK_TYPE:
        """Take up what the last run began; returns what stops all timers."""
        for device_id in self._forces:
            self._plan(device_id)
        return self._stop

    @callback
    def _stop(self) -> None:
        self._stopped = True
        for cancel in self._timers.values():
            cancel()
        self._timers.clear()

    @callback
    def watch(self) -> None:
        """Plan again whatever lost its plan, by a mistake of ours or a task that was cut off; look whether the clock was set."""
        self._now()
        for device_id in self._forces.keys() - self._timers.keys() - self._acting:
            self._plan(device_id)

    def expire(self) -> None:
        """Let all of them end now, those with a timer of their own too: changing settings is no longer allowed."""
        now = self._now()
        for force in self._forces.values():
            if force.until > now:
                force.until, force.ends_by_itself = now, False

    def get(self, device_id: str) -> Supervised | None:
        """Return the forced mode of a device."""
        return self._forces.get(device_id)

    def until(self, device_id: str) -> datetime | None:
        """Return when a forced mode ends at the latest."""
        self._now()
        force = self._forces.get(device_id)
        if force is None or force.stopping:
            return None
        return dt_util.utc_from_timestamp(force.until)

    def wish(self, device_id: str) -> Wish | None:
        """Return what the forced mode that is on was asked for."""
        force = self._forces.get(device_id)
        return None if force is None or force.stopping else force.wish

    @property
    def overdue(self) -> frozenset[str]:
        """The devices whose forced mode could not be ended in time."""
        now = self._now()
        return frozenset(
            device_id
            for device_id, force in self._forces.items()
            if force.failures and now >= force.until
        )

    async def prepare(
        self,
        device_id: str,
        force: ForcedMode,
        before: Supervised | None,
        wish: Wish | None = None,
    ) -> None:
        """Supervise what may be about to begin; it is on disk when this returns.

        Until it is known whether the command arrived, either mode may be on: the earlier end is right for both, and it is ours to send.
        """
        entry = _begun(self._now(), force, wish)
        if before is not None:
            entry.until = min(entry.until, before.until)
            entry.ends_by_itself = False
            entry.renew_after = entry.renew_after or before.renew_after
        await self._put(device_id, entry)

    async def begin(
        self,
        device_id: str,
        force: ForcedMode,
        before: Supervised | None = None,
        wish: Wish | None = None,
    ) -> None:
        """Supervise a forced mode that was accepted; it is on disk when this returns."""
        entry = _begun(self._now(), force, wish)
        if before is not None and not before.stopping:
            entry.replaces = before.until
        await self._put(device_id, entry)

    async def refused(self, device_id: str, since: float) -> None:
        """Go back to the end of what was on before a command that the device refused after it had been accepted at ``since``."""
        force = self._forces.get(device_id)
        if force is None or force.replaces is None or force.begun > since:
            return
        until = min(force.until, force.replaces)
        entry = replace(
            force, until=until, ends_by_itself=False, replaces=None, wish=None
        )
        await self._put(device_id, entry)

    async def stop(self, device_id: str) -> None:
        """Note that an end was sent; it is sent again unless the device says that it is over."""
        if (force := self._forces.get(device_id)) is not None:
            now = self._now()
            until = min(force.until, now + END_AGAIN)
            entry = replace(
                force, until=until, ends_by_itself=False, stopping=True, renewed=now
            )
            await self._put(device_id, entry)

    def failed(self, device_id: str) -> None:
        """Try again later what could not be done."""
        if (force := self._forces.get(device_id)) is not None:
            force.failures += 1
            self._plan(device_id)
            self._changed()

    async def end(self, device_id: str) -> None:
        """Stop supervising."""
        await self.restore(device_id, None)

    async def restore(self, device_id: str, force: Supervised | None) -> None:
        """Go back to what was supervised before a command that came to nothing."""
        if force is not None:
            await self._put(device_id, force)
            return
        if cancel := self._timers.pop(device_id, None):
            cancel()
        if self._forces.pop(device_id, None) is not None:
            await self._save()

    async def _put(self, device_id: str, force: Supervised) -> None:
        self._forces[device_id] = force
        self._plan(device_id)
        await self._save()

    async def _save(self) -> None:
        await self._storage.save(SECTION, to_json(self._forces))
        self._changed()

    def _plan(self, device_id: str) -> None:
        if cancel := self._timers.pop(device_id, None):
            cancel()
        if self._stopped:
            return

        @callback
        def act(_: datetime) -> None:
            self._timers.pop(device_id, None)
            self._acting.add(device_id)
            self._entry.async_create_background_task(
                self._hass, self._act(device_id), "solar_cloud forced mode"
            )

        now = self._now()  # which may move the end
        wait = _wait(self._forces[device_id], now)
        self._timers[device_id] = async_call_later(self._hass, wait, act)

    async def _act(self, device_id: str) -> None:
        """End or renew, and whatever comes of it, plan the next look."""
        try:
            await self._end_or_renew(device_id)
        except Superseded:
            pass  # what took its place has a plan of its own
        except Exception as err:  # noqa: BLE001  nothing may leave a battery forced
            LOGGER.warning(
                "A forced mode could not be ended or renewed: %s", describe(err)
            )
            self.failed(device_id)
        finally:
            self._acting.discard(device_id)
            self.watch()

    async def _end_or_renew(self, device_id: str) -> None:
        """Send what is due. Only what certainly was not carried out is sent again."""
        force = self._forces.get(device_id)
        if force is None:
            return
        if force.stopping and self._ending(device_id):
            force.renewed = self._now()  # whoever follows it tells how it ended
            return
        ends = self._now() >= force.until
        if ends and force.ends_by_itself:
            await self.end(device_id)
            return
        kind = StopBattery if ends else RenewBattery
        await self._send(
            kind(device_id=device_id), lambda: self._forces.get(device_id) is force
        )
        if not ends:
            force.failures, force.renewed = 0, self._now()
            await self._save()


def _begun(now: float, force: ForcedMode, wish: Wish | None) -> Supervised:
    return Supervised(
        now + force.ends_after,
        force.ends_by_itself,
        force.renew_after,
        now,
        now,
        wish=wish,
    )


def _wait(force: Supervised, now: float) -> float:
    """Return the seconds until something is to be done about a forced mode."""
    at = force.until
    if force.stopping:
        at = max(at, force.renewed + END_AGAIN)
    elif force.renew_after is not None:
        at = min(at, force.renewed + force.renew_after)
    if force.failures:
        at = max(at, now + doubled(RETRY, force.failures - 1, LONGEST_RETRY))
    return max(at - now, 0.0)


async def async_end_all(cloud: Cloud, stored: Json) -> frozenset[str]:
    """End what runs while its account is removed, as far as that can be done now; return the devices whose mode nothing ends any more."""
    forces = supervised(stored)
    if not forces or (controls := cloud.controls) is None:
        return frozenset()
    lasting = {key for key, force in forces.items() if not force.ends_by_itself}
    try:
        controls.available(await cloud.inventory())
    except CloudError as err:
        LOGGER.warning("Forced modes may go on without their account: %s", err.key)
        return frozenset(lasting)
    for device_id in forces:
        try:
            result = await controls.run_action(
                StopBattery(device_id=device_id, unfollowed=True)
            )
            if result.outcome is Outcome.UNCERTAIN:
                raise CloudUnreachable
            lasting.discard(device_id)
        except CloudError as err:
            LOGGER.warning("A forced mode may go on without its account: %s", err.key)
    return frozenset(lasting)


def supervised(stored: Json) -> dict[str, Supervised]:
    """Read the forced modes of the last run by device; their ends are tried anew."""
    forces = from_json(dict[str, Supervised], stored)
    for force in forces.values():
        force.failures = 0
    return forces
