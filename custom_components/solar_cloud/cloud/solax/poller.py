"""Polling: the calls that are due, oldest first, as far as the limits allow; what was not reached comes next time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
import itertools
import logging
import time
from typing import Final

from ..demand import Demand
from ..errors import (
    CloudError,
    CloudUnreachable,
    PermissionMissing,
    RetryLater,
    UnexpectedAnswer,
)
from ..model import (
    DeviceKind,
    Inventory,
    Notice,
    Plant,
    Quantity,
    Reading,
    Slot,
    Snapshot,
)
from ..polling import run_calls
from ..states import FAULTS
from ..storage import Json, Storage
from . import STALE_AFTER
from .access import RECHECK, SolaxAccess
from .alarms import SolaxAlarms
from .api import ALARMS, PLANT_DATA, PLANTS, rows
from .battery_discovery import BY_INVERTER
from .errors import AccessBlocked, AccessDenied, OperationFailed
from .inventory import SolaxInventory
from .readings import SolaxReadingCache, with_state
from .schedule import BUDGET_PERIOD, Job, live_jobs, make_room, slow_jobs
from .session import SolaxSession

LOGGER: Final = logging.getLogger(__name__)
PATIENCE: Final = 240.0
"""Seconds in which a poll that was stopped is continued; later everything is due again, oldest first."""
SILENCES: Final = 2
"""A cloud that did not answer so many calls in a row will not answer the next."""
NOT_REACHED: Final = "rate_limited"
FAULTY: Final = (CloudUnreachable, UnexpectedAnswer)
FIRST_CALLS: Final = 5
"""How many calls a first poll makes: what can wait is asked in it where a small plant leaves room."""
IDLE: Final = 480.0
"""Seconds for which a charger that does nothing at night is believed: every second poll asks it."""


@dataclass(slots=True)
class SolaxPoll:
    """One round of calls, possibly spread over several ``readings``."""

    begun: float
    plan: Sequence[Job] | None = None
    """Its calls, those waiting longest first."""
    planned_for: tuple[object, ...] = ()
    """What another plan would be made for."""
    done: set[tuple[str, ...]] = field(default_factory=set)
    answered: bool = False
    """Whether any call was."""
    succeeded: bool = False
    """Whether a device was read."""
    plants_read: bool = False
    silences: int = 0
    """Calls in a row that were not answered."""
    errors: list[CloudError] = field(default_factory=list)


class SolaxPoller:
    """Runs polls and keeps what they bring."""

    def __init__(
        self,
        session: SolaxSession,
        access: SolaxAccess,
        lists: SolaxInventory,
        storage: Storage,
    ) -> None:
        """Read through ``session`` what ``lists`` found and ``access`` allows."""
        self._session: Final = session
        self._access: Final = access
        self._lists: Final = lists
        self.cache: Final = SolaxReadingCache(access)
        self.alarms: Final = SolaxAlarms(session, storage, self.cache.timestamps)
        self._poll: SolaxPoll | None = None
        self._begun = self._previous = time.time()
        self._turn: Final = itertools.count(1)
        self._turns: Final[dict[tuple[str, ...], int]] = {}
        self._asked_at: Final[dict[tuple[str, ...], float]] = {}
        self._suspects: Final[set[str]] = set()
        self._faulty: frozenset[str] | None = None
        """The plants in which a device reports a fault; ``None`` before the first poll."""
        self.demand = Demand()
        self._starting = True

    async def poll(self, wanted: Inventory) -> Snapshot:
        """Fetch what is due and describe everything known. Raises the most telling error when nothing could be read."""
        poll, self._poll = self._poll, None
        if poll is None or time.time() > poll.begun + PATIENCE:
            if poll is not None and poll.succeeded:
                # So many devices are never all read in time: what is known of some has to do.
                self._faulty = self._reporting(wanted)
            poll = SolaxPoll(time.time())
            self._previous, self._begun = self._begun, poll.begun
        self._note_dropped(poll, wanted)
        resume_after = await self._work(poll, self._due(poll, wanted), wanted)
        if resume_after is None:
            resume_after = await self._work(poll, self._told(poll, wanted), wanted)
        if resume_after is None:
            self.cache.timestamps.close_poll()
        if not poll.succeeded and (error := self._error(poll)) is not None:
            # A plant's hourly figures between polls in which no device can be read are no recovery.
            if not poll.plants_read or (
                isinstance(error, FAULTY)
                and not any(map(self.demand.needs, wanted.plants))
            ):
                raise error
        if resume_after is not None:
            self._poll = poll
        return replace(self._snapshot(wanted, resume_after), answered=poll.answered)

    def _due(self, poll: SolaxPoll, wanted: Inventory) -> list[Job]:
        """List the calls still to be made, those waiting longest first."""
        planned_for = (wanted, frozenset(self._suspects))
        if poll.plan is None or poll.planned_for != planned_for:
            poll.plan, poll.planned_for = self._planned(poll, wanted), planned_for
        return [
            job
            for job in poll.plan
            if job.key not in poll.done
            and (self._would_answer(job) if job.period else self._open(job, poll))
        ]

    def _planned(self, poll: SolaxPoll, wanted: Inventory) -> list[Job]:
        """Plan a poll."""
        live, slow = self._live(poll, wanted), self._slow(wanted)
        periods = max(1, int((poll.begun - self._previous) / BUDGET_PERIOD))
        jobs = make_room(
            [*live, *filter(self._untold, slow)],
            self._overdue(poll, slow, len(live)),
            periods,
        )
        jobs.sort(key=lambda job: self._turns.get(job.key, 0))
        return jobs

    def _live(self, poll: SolaxPoll, wanted: Inventory) -> list[Job]:
        """List the calls of every poll that this one has not made; devices whose call may not be tried are silent."""
        jobs = [
            job
            for job in live_jobs(self._readable(wanted), self._suspects, self._needs)
            if job.key not in poll.done and self._open(job, poll)
        ]
        idle = {job.key for job in jobs if self._idle(job)}
        if idle and self._dark(wanted):
            return [job for job in jobs if job.key not in idle]
        return jobs

    def _overdue(self, poll: SolaxPoll, slow: Iterable[Job], live: int) -> list[Job]:
        """List those of the calls that can wait whose time has come, the most urgent first."""
        if poll.done:
            return []  # a continued poll only finishes what it began
        now = time.time()
        due = [job for job in slow if not 0 <= now - self._last(job) < job.period]
        due.sort(key=lambda job: (self._last(job) - now) / job.period)
        if self._faulty is None:
            return due[: max(0, FIRST_CALLS - live)]  # a start is not delayed
        return due

    def _untold(self, job: Job) -> bool:
        """Whether nobody knows yet what a list of plants tells, as after a start from remembered lists."""
        return (
            job.endpoint is PLANTS
            and job.business not in self._lists.states_at
            and job.key not in self._asked_at
        )

    def _slow(self, wanted: Inventory) -> list[Job]:
        """List the calls that can wait and that the cloud would answer now."""
        faulty = self._faulty or frozenset()
        jobs = slow_jobs(wanted, self.alarms.page, faulty, self.demand)
        return [*filter(self._would_answer, jobs)]

    def _would_answer(self, job: Job) -> bool:
        """Whether the cloud would answer a call that can wait."""
        return (
            self._access.resting(job.gate) is None and not self._session.backoff.quiet
        )

    def _told(self, poll: SolaxPoll, wanted: Inventory) -> list[Job]:
        """List the alarms of plants in which a device just began, or ceased, to report a fault."""
        before, self._faulty = self._faulty, self._reporting(wanted)
        changed = frozenset() if before is None else before ^ self._faulty
        jobs = [
            job
            for job in self._slow(wanted)
            if job.endpoint is ALARMS
            and job.key not in poll.done
            and changed.intersection(job.covers)
        ]
        return make_room((), jobs, 1)

    def _last(self, job: Job) -> float:
        """Return when a slow job was last done, by a poll or, for the plants' states, with the inventory."""
        listed = self._lists.states_at if job.endpoint is PLANTS else {}
        return max(
            self._asked_at.get(job.key, -RECHECK), listed.get(job.business, -RECHECK)
        )

    def _needs(self, plant_id: str) -> bool:
        """Whether a plant's own figures are of every poll: no device tells them, or nobody knows yet what they are good for."""
        return self.demand.needs(plant_id) or self.cache.last(plant_id) is None

    def _reporting(self, wanted: Inventory) -> frozenset[str]:
        """Return the plants of which a device says that something is wrong."""
        return frozenset(filter(partial(self._reports, wanted), wanted.plants))

    def _reports(self, wanted: Inventory, plant_id: str) -> bool:
        """Whether a device of a plant says that something is wrong."""
        slot = Slot(Quantity.OPERATING_STATE)
        readings = (self.cache.last(each.id) for each in wanted.devices_of(plant_id))
        return any(
            each is not None and each.values.get(slot) in FAULTS for each in readings
        )

    def _idle(self, job: Job) -> bool:
        """Whether a job is for chargers that do nothing, and were read a moment ago: at night it can wait."""
        return bool(job.devices) and all(
            each.kind is DeviceKind.CHARGER and self._is_off(each.id)
            for each in job.devices
        )

    def _is_off(self, charger_id: str) -> bool:
        """Whether a charger was read a moment ago and did nothing; a clock that was put back says nothing of a moment."""
        known = self.cache.get(charger_id, IDLE)
        return (
            known is not None
            and known.read_at <= time.time()
            and known.reading.values.get(Slot(Quantity.CHARGER_POWER)) == 0
        )

    def _dark(self, wanted: Inventory) -> bool:
        """Whether inverters say that the sun gives nothing."""
        powers = [
            reading.values.get(Slot(Quantity.PV_POWER))
            for key, device in wanted.devices.items()
            if device.kind is DeviceKind.INVERTER
            and (reading := self.cache.live(key)) is not None
        ]
        return bool(powers) and not any(powers)

    def _note_dropped(self, poll: SolaxPoll, wanted: Inventory) -> None:
        for identity in self._access.dropped:
            if identity in wanted.plants or identity in wanted.devices:
                self.cache.fail((identity,), AccessDenied.default_key)
                poll.errors.append(AccessDenied())

    def _readable(self, wanted: Inventory) -> Inventory:
        """Leave out what is not the account's to read."""
        if not (dropped := frozenset(self._access.dropped)):
            return wanted
        plants = {
            key: each for key, each in wanted.plants.items() if key not in dropped
        }
        return replace(wanted.without(dropped), plants=plants)

    def _open(self, job: Job, poll: SolaxPoll) -> bool:
        """Whether a live call may be tried at all; if not, its devices are silent."""
        if (rest := self._access.resting(job.gate)) is None:
            return True
        self.cache.fail(job.covers, rest.key)
        poll.errors.append(
            PermissionMissing(rest.permission) if rest.permission else AccessBlocked()
        )
        return False

    async def _work(
        self, poll: SolaxPoll, jobs: Sequence[Job], wanted: Inventory
    ) -> float | None:
        """Make calls until done; returns the wait when a limit stops them."""
        poll.silences = 0
        # The first readings somebody waits for; later ones are asked calmly, one after the other.
        at_once, self._starting = (
            self._session.most_at_once if self._starting else 1,
            False,
        )
        result = await run_calls(
            jobs,
            partial(self._make, poll, wanted),
            partial(self._failed, poll),
            at_once=at_once,
        )
        poll.errors += result.errors
        if result.gave_up is not None:
            for job in jobs:
                if job.key not in poll.done:
                    self._note(poll, job)
                    self._fail(job, result.gave_up.key)
        return result.resume_after

    async def _make(self, poll: SolaxPoll, wanted: Inventory, job: Job) -> None:
        result = await self._session.call(
            job.endpoint, params=job.params, body=job.body
        )
        poll.silences, poll.answered = 0, True
        self._note(poll, job)
        self._take(poll, job, result, wanted)

    def _failed(self, poll: SolaxPoll, job: Job, err: CloudError) -> bool:
        """Note an error; without a token, and without an answer, the rest is not tried."""
        LOGGER.debug("%s failed: %s", job.endpoint.path, err.key)
        self._note(poll, job)
        poll.silences = poll.silences + 1 if _silent(err) else 0
        if self._session.tokenless or poll.silences >= SILENCES:
            self._fail(job, err.key)
            return True
        self._refused(job, err)
        return False

    def _note(self, poll: SolaxPoll, job: Job) -> None:
        poll.done.add(job.key)
        self._turns[job.key] = next(self._turn)
        self._asked_at[job.key] = time.time()

    def _fail(self, job: Job, reason: str) -> None:
        if not job.period:
            self.cache.fail(job.covers, reason)

    def _refused(self, job: Job, err: CloudError) -> None:
        """Remember a refusal so that it is not asked for again too soon."""
        self._fail(job, err.key)
        if job.endpoint is ALARMS:
            self.alarms.begin(job.covers[0])
        match err:
            case PermissionMissing():
                self._access.forbid(job.gate, err.permission)
            case AccessBlocked():
                self._access.block(job.gate)
            case AccessDenied() if len(job.covers) == 1 and not job.period:
                self._suspects.difference_update(job.covers)
                self._access.dropped.note(job.covers[0])
            case AccessDenied() if job.devices:
                self._suspects.update(job.covers)
            case OperationFailed() if _by_inverter(job):
                # One inverter without a battery makes the whole call fail.
                self._suspects.update(job.covers)

    def _take(self, poll: SolaxPoll, job: Job, result: Json, wanted: Inventory) -> None:
        self._access.open(job.gate)
        self._suspects.difference_update(job.covers)
        if job.endpoint is ALARMS:
            if not self.alarms.take(job.covers[0], result, wanted):
                del self._asked_at[job.key]  # the next poll takes the next page
        elif job.endpoint is PLANTS:
            self._lists.note_states(job.business, rows(result))
        elif job.endpoint is PLANT_DATA:
            poll.plants_read = True
            self.cache.take_plant(job, result)
        else:
            poll.succeeded = True
            self.cache.take_devices(job, result)

    def _error(self, poll: SolaxPoll) -> CloudError | None:
        """Choose the error that says most about a poll that brought nothing."""
        return min(poll.errors, key=_rank, default=None)

    def _snapshot(self, wanted: Inventory, resume_after: float | None) -> Snapshot:
        cache = self.cache
        known = {
            plant.id: self._plant_reading(plant) for plant in wanted.plants.values()
        } | {key: cache.live(key) for key in wanted.devices}
        readings = {key: reading for key, reading in known.items() if reading}
        return Snapshot(
            readings,
            {
                key: cache.silent.get(key, NOT_REACHED)
                for key in known
                if key not in readings
            },
            cache.stale(
                {
                    key: reading
                    for key, reading in readings.items()
                    if reading.measured_at or key in wanted.devices
                },
                STALE_AFTER,
            ),
            self.alarms.open.of(wanted.plants),
            self._notices(),
            resume_after,
        )

    def _plant_reading(self, plant: Plant) -> Reading | None:
        """Return what a plant says itself, together with the state its list told."""
        reading = (
            self.cache.live(plant.id)
            if self.demand.needs(plant.id)
            else self.cache.lagging(plant.id)
        )
        state = self._lists.plant_states.get(plant.id)
        return with_state(reading, plant.address["business_type"], state)

    def _notices(self) -> frozenset[Notice]:
        notices = {
            Notice("permission_missing", (("permission", permission),))
            for permission in self._access.permissions
        }
        for key, applies in (
            ("session_contested", self._session.tokens.session_conflict),
            ("clock_skew", self.cache.timestamps.skewed),
            ("access_blocked", self._access.blocked),
            ("daily_quota_exhausted", self._session.backoff.used_up),
        ):
            if applies:
                notices.add(Notice(key))
        return frozenset(notices)


def _silent(err: CloudError) -> bool:
    """Whether there was no answer at all."""
    return isinstance(err, CloudUnreachable) and err.key == err.default_key


def _by_inverter(job: Job) -> bool:
    return len(job.devices) > 1 and job.devices[0].address.get("sn_type") == BY_INVERTER


def _rank(err: CloudError) -> int:
    """Order errors by how much they tell the user."""
    for rank, kind in enumerate(
        # A limit, perhaps our own, only delays; a missing permission is why nothing comes.
        (PermissionMissing, RetryLater, CloudUnreachable, UnexpectedAnswer)
    ):
        if isinstance(err, kind):
            return rank
    return len(CloudError.__subclasses__())
