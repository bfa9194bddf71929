"""Polling: one generic coordinator, used for the inventory, the readings and the settings of an account."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, override
import zlib

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .cloud.control import Settings
from .cloud.errors import CloudError, CredentialsRejected, Paced, RetryLater
from .cloud.model import Inventory, Snapshot
from .const import DOMAIN, GRACE, LOGGER, POLL_PERIOD

LONGEST_WAIT: Final = 6 * 3600.0
SHORTEST_WAIT: Final = 15.0
INCOMPLETE_WAIT: Final = 3600.0
"""Seconds until lists that had to be left incomplete are looked at again."""
PUNCTUAL: Final = 5.0
"""Seconds that may be missing from a period: an automation that asks once in each is not punctual to the second."""
FAILED: Final = 120.0
"""Seconds after a poll that failed until another look is worth it."""
NEAR: Final = 60.0
"""Seconds to the next poll for which who asks can wait: it is placed where it brings most, and one before it would move it."""

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
    """Return the seconds to the next moment of a rhythm, so that polls neither drift nor crowd.

    ``least`` keeps a poll that ended just before its slot from being repeated at once.
    """
    delay = period - (now - phase) % period
    return delay if delay >= least else delay + period


class SolarCloudCoordinator[DataT](DataUpdateCoordinator[DataT]):
    """Polls one thing of an account.

    A cloud that fails for a while is no news: the last data are kept for ``grace``, then the failure shows.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        name: str,
        poll: Callable[[], Awaitable[DataT]],
        interval: timedelta,
        *,
        grace: timedelta = GRACE,
        always_update: bool = False,
        next_poll: Callable[[float], float] | None = None,
        sparing: bool = False,
    ) -> None:
        """Poll with ``poll`` every ``interval``, at a phase of its own per installation.

        ``next_poll`` says instead when to poll after a poll that started at a time, both in epoch seconds.
        ``sparing`` answers who asks within ``interval``, or just before the next poll, with what is known.
        """
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=name,
            update_interval=interval,
            always_update=always_update,
        )
        self._poll: Final = poll
        self._period: Final = interval.total_seconds()
        self._grace: Final = grace
        self._next_poll: Final = next_poll
        self._sparing: Final = sparing
        self._expecting = False
        self._started = 0.0
        self._planned = 0.0
        self._phase: Final = zlib.crc32(entry.entry_id.encode()) % POLL_PERIOD
        self._resume_after: float | None = None
        self._troubles: Final = hass.data.setdefault(TROUBLES, {})
        self._trouble_key: Final = (entry.entry_id, name)
        self.last_success: datetime | None = None
        self.last_error: CloudError | None = None

    @callback
    def expect_change(self) -> None:
        """Let the next who asks have it read, however little time has passed: something was changed."""
        self._expecting = True

    @override
    async def _async_refresh(
        self,
        log_failures: bool = True,
        raise_on_auth_failed: bool = False,
        scheduled: bool = False,
        raise_on_entry_error: bool = False,
    ) -> None:
        """Poll when it is time or worth it; every refresh comes by here, one at a time."""
        if not scheduled:
            if self._suffices():
                return
            self._expecting = False
        await super()._async_refresh(
            log_failures, raise_on_auth_failed, scheduled, raise_on_entry_error
        )

    def _suffices(self) -> bool:
        """Whether asking again would only cost calls; a failure is soon worth another look, a clock that was put back at once."""
        if not self._sparing or self._expecting or self.last_success is None:
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
    async def _async_update_data(self) -> DataT:
        """Poll, and place the next poll."""
        self._resume_after = None
        self._started = dt_util.utcnow().timestamp()
        try:
            with poll_errors():
                return await self._poll_patiently()
        finally:
            delay = self._next_delay()
            self._planned = dt_util.utcnow().timestamp() + delay
            self.update_interval = timedelta(seconds=delay)

    async def _poll_patiently(self) -> DataT:
        """Poll; within the grace a temporary failure returns what is known."""
        try:
            data = await self._poll()
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
        if isinstance(data, Snapshot | Inventory | Settings):
            self._resume_after = data.resume_after
        if isinstance(data, Inventory) and not data.complete:
            self._resume_after = self._resume_after or INCOMPLETE_WAIT
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
        """Return the wait to the next poll: the rhythm's, unless the vendor's limits say when to go on."""
        if self._resume_after is not None:
            return min(max(self._resume_after, SHORTEST_WAIT), LONGEST_WAIT)
        now = dt_util.utcnow().timestamp()
        if self._next_poll is None:
            return delay_to_slot(now, self._period, self._phase)
        delay = max(self._next_poll(self._started) - now, SHORTEST_WAIT)
        # The base class cuts the fraction off its clock's second and adds one of its own.
        return delay + self.hass.loop.time() % 1 - self._microsecond
