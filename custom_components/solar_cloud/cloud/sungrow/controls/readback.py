"""Reading what inverters are set to: values never refresh by themselves, and a read is a task that takes its time (sungrow.md §9.1).

Nothing waits here: each look does what can be done now and says when the next one is worth it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
import time
from typing import Final

from ...control import Control, Settings, SettingValue
from ...errors import CloudError, CredentialsRejected, PermissionMissing, RetryLater
from ...model import Device
from .state import ParameterCache
from .tasks import MOST_PARAMETERS, NotSupported, ParameterTasks, Progress, Repeated

ROUND_EVERY: Final = 3500.0
"""Seconds after which everything is read again; a little less than the hour at which somebody asks."""
NEXT_LOOK: Final = 15.0
REST: Final = 8.5
"""Seconds a device wants between two tasks [seen]."""
PATIENCE: Final = 180.0
TASK_NAME: Final = "Home Assistant read-back"


@dataclass(slots=True)
class _Round:
    """The reading of one device."""

    waiting: deque[list[str]] = field(default_factory=deque)
    task_id: str | None = None
    codes: list[str] = field(default_factory=list)
    since: float = 0.0
    rest_until: float = 0.0
    done_at: float = 0.0


class Readback:
    """Keeps the cache up to date."""

    def __init__(self, tasks: ParameterTasks, cache: ParameterCache) -> None:
        """Make no call yet."""
        self._tasks: Final = tasks
        self._cache: Final = cache
        self._rounds: Final[dict[str, _Round]] = {}
        self._asked_at: Final[dict[str, float]] = {}

    async def settings(self, wanted: Iterable[tuple[Device, list[str]]]) -> Settings:
        """Do the next step for each device and return what is known. Raises a ``CloudError`` when no device could be asked."""
        values: dict[tuple[str, Control], SettingValue] = {}
        silent: dict[str, str] = {}
        errors: list[CloudError] = []
        devices = list(wanted)
        resume_after: float | None = None
        for device, codes in devices:
            if not any(isinstance(error, RetryLater) for error in errors):
                try:
                    if await self._step(device, codes):
                        resume_after = NEXT_LOOK
                except CredentialsRejected:
                    raise
                except CloudError as err:
                    errors.append(err)
                    silent[device.id] = err.key
                    if isinstance(err, RetryLater):
                        resume_after = err.retry_after
            known = self._cache.vouched_for(device.id)
            values |= {(device.id, control): value for control, value in known.items()}
        if errors and not values and len(silent) == len(devices):
            raise errors[0]
        return Settings(values, silent, resume_after)

    async def _step(self, device: Device, codes: list[str]) -> bool:
        """Do what can be done for one device now; return whether more is to come soon."""
        round_ = self._rounds.setdefault(device.id, _Round())
        record, now = self._cache.of(device.id), time.time()
        uuid = device.address["uuid"]
        if round_.task_id is not None:
            return await self._look(device, round_, round_.task_id, now)
        if self._cache.is_open(device.id):
            return True
        if not round_.waiting:
            if now < round_.done_at + ROUND_EVERY and not self._cache.doubted(
                device.id
            ):
                return False
            if record.barred is not None:
                record.barred = await self._tasks.may_write(uuid)
                self._cache.save()
                if record.barred is not None:
                    round_.done_at = now
                    return False
            round_.waiting = deque(_groups(codes, record.refused))
        if now < round_.rest_until:
            return True
        return await self._submit(device, round_, now)

    async def _submit(self, device: Device, round_: _Round, now: float) -> bool:
        """Ask for the next group; return whether more is to come."""
        group = round_.waiting[0]
        try:
            round_.task_id = await self._tasks.read(
                device.address["uuid"], group, TASK_NAME, command=False
            )
        except Repeated:
            round_.rest_until = now + REST
            return True
        except NotSupported:
            round_.waiting.popleft()
            self._halve(device, round_, group)
            return bool(round_.waiting)
        except CloudError as err:
            # What could not be asked now is asked at the next full round.
            round_.waiting.clear()
            if isinstance(err, PermissionMissing):
                self._cache.of(device.id).barred = "no_permission"
            raise
        round_.waiting.popleft()
        round_.codes, round_.since = group, now
        return True

    def _halve(self, device: Device, round_: _Round, group: list[str]) -> None:
        """Find the code that a model lacks: one is enough to refuse them all."""
        if len(group) == 1:
            record = self._cache.of(device.id)
            record.refused = sorted({*record.refused, *group})
            record.known.pop(group[0], None)
            self._cache.asked(device.id, group)
            self._cache.save()
        else:
            half = len(group) // 2
            round_.waiting.extendleft((group[half:], group[:half]))
        self._finish(round_)

    async def _look(
        self, device: Device, round_: _Round, task_id: str, now: float
    ) -> bool:
        """Ask how the open task stands; return whether more is to come."""
        progress = await self._tasks.progress(
            device.address["uuid"], task_id, command=False
        )
        if not progress.finished:
            if now < round_.since + PATIENCE:
                return True
            progress = Progress(finished=True)
        told = {
            code: row for code, row in progress.told.items() if code in round_.codes
        }
        self._cache.note(device.id, told, round_.since)
        self._cache.asked(device.id, round_.codes)
        round_.task_id = None
        round_.rest_until = now + REST
        self._finish(round_)
        return bool(round_.waiting)

    @staticmethod
    def _finish(round_: _Round) -> None:
        if not round_.waiting:
            round_.done_at = time.time()


def _groups(codes: list[str], refused: Iterable[str]) -> Iterable[list[str]]:
    known = set(refused)
    asked = [code for code in codes if code not in known]
    for start in range(0, len(asked), MOST_PARAMETERS):
        yield asked[start : start + MOST_PARAMETERS]
