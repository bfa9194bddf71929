"""What was published of a recording, held against the world's physical truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
import json
from typing import Final

from custom_components.solar_cloud.cloud.model import (
    Device,
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.storage import Json, MemoryStorage
from custom_components.solar_cloud.pipeline.pipeline import ReadingPipeline

from ._glitches import Glitch, distort
from ._tape import HOUR, MINUTE, ROLES, UPLOAD, Place, Poll, Tape, midnight, now_of

PATIENCE: Final = 30 * MINUTE
"""How long a counter may be held for a reason of our own."""
ROUNDING: Final = 0.015
MOST_SKEW: Final = 1.0
"""kWh: an upload at full power."""


@dataclass(frozen=True)
class Trial:
    """What happens to a home while a recording is played."""

    glitches: Sequence[Glitch] = ()
    restarts: Sequence[float] = ()
    rated: bool = True
    """Whether the cloud tells what devices and plant can do."""
    patience: float = PATIENCE
    """How long a lifetime may be below truth."""
    today_patience: float = PATIENCE
    """The same for a counter of today; nothing on a plain day."""


@dataclass
class Verdict:
    """One role of one trial. All in kWh, freeze in minutes; each with the time at which it was worst."""

    role: Q
    sum: float = 0.0
    """What statistics summed up in the end, minus truth: 0 when truth allows it."""
    phantom: float = 0.0
    """The most the sum ever was above truth."""
    phantom_at: float = 0.0
    hour: float = 0.0
    """The most an hour was given beyond what the world gave in it and in what was waited for."""
    hour_at: float = 0.0
    lag: float = 0.0
    """The most the sum ever was below truth while the vendor told the truth and patience was over."""
    freeze: float = 0.0
    """The longest it was below, in minutes the vendor told the truth."""
    freeze_at: float = 0.0
    above: float = 0.0
    """The most the counter of today was above truth."""
    above_at: float = 0.0
    below: float = 0.0
    """The most it was below, while the vendor told the truth and patience was over."""
    below_at: float = 0.0
    falls: float = 0.0
    """The most the lifetime fell without starting anew: statistics subtract it."""
    falls_at: float = 0.0
    missing: int = 0
    """Polls without a value after the first."""

    def worse(self, name: str, value: float, at: float) -> None:
        """Note the worst of something."""
        if value > getattr(self, name):
            setattr(self, name, value)
            setattr(self, f"{name}_at", at)


@dataclass
class _Course:
    """One role as it is published, poll by poll."""

    verdict: Verdict
    base: float = 0.0
    summed: float = 0.0
    last: float | None = None
    late: float = 0.0
    """Seconds the vendor told the truth and the counter was below it."""
    late_today: float = 0.0
    good_at: float | None = None
    """When the vendor last told the truth."""
    good: bool = False
    hours: dict[float, float] = field(default_factory=dict)
    """What was booked by hour."""
    reach: dict[float, float] = field(default_factory=dict)
    """Since when an hour may hold what was not told before."""
    skew: float = 0.0
    """How far a sum of devices that upload at different times went ahead of the world by itself."""
    offset: float | None = None
    """What the vendor's sum says more than the world."""


def painter_of(tape: Tape, storage: MemoryStorage) -> ReadingPipeline:
    """Build what a loaded account publishes with."""

    def roles(plant_id: str, inventory: Inventory) -> object:
        return tape.roles if plant_id == tape.plant else {}

    vendor = tape.take.vendor
    return ReadingPipeline(storage, vendor.stale_after, roles, Place())  # type: ignore[arg-type]


def restored(storage: MemoryStorage) -> MemoryStorage:
    """Lose everything but what a file would hold."""
    fresh = MemoryStorage()
    stored: dict[str, Json] = json.loads(json.dumps(storage.sections()))
    for section, content in stored.items():
        fresh.delay_save(section, _just(content))
    return fresh


def _just(content: Json) -> Callable[[], Json]:
    return lambda: content


def untold(inventory: Inventory) -> Inventory:
    """Take away what is told of the hardware's size."""
    devices: dict[str, Device] = {
        key: replace(device, rated_power=None, capacity=None)
        for key, device in inventory.devices.items()
    }
    plants: dict[str, Plant] = {
        key: replace(plant, pv_capacity=None) for key, plant in inventory.plants.items()
    }
    return replace(inventory, plants=plants, devices=devices)


def published(tape: Tape, trial: Trial) -> Iterator[tuple[Poll, Snapshot, Reading]]:
    """Play a recording; yield each poll, what was told in it, and what the plant shows then."""
    storage = MemoryStorage()
    pipeline = painter_of(tape, storage)
    restarts = sorted(trial.restarts)
    inventory = tape.inventory if trial.rated else untold(tape.inventory)
    for poll in tape.polls:
        if restarts and poll.at >= restarts[0]:
            restarts.pop(0)
            storage = restored(storage)
            pipeline = painter_of(tape, storage)
        told = distort(poll.snapshot, trial.glitches, poll.at, tape)
        painted = pipeline.process(told, inventory, now_of(poll.at))
        yield poll, told, painted.readings[tape.plant]


class Judge:
    """Watches what is published of a home, poll by poll."""

    def __init__(self, tape: Tape, trial: Trial) -> None:
        """Know what is said, and what of it is a lie."""
        self._tape: Final = tape
        self._trial: Final = trial
        self._before: float | None = None
        self._courses: Final = {
            role: _Course(Verdict(role))
            for role in ROLES
            if tape.addends(role) is not None
        }

    def look(self, poll: Poll, told: Snapshot, shown: Reading) -> None:
        """Take one poll in, with what was told in it and what the plant shows then."""
        for course in self._courses.values():
            _look(course, self._tape, self._trial, poll, told, shown, self._before)
        self._before = poll.at

    def verdicts(self, last: Poll) -> list[Verdict]:
        """Look at the end, and say how it was."""
        for course in self._courses.values():
            _close(course, self._tape, last)
        return [course.verdict for course in self._courses.values()]


def judge(tape: Tape, trial: Trial) -> list[Verdict]:
    """Play a recording and judge every role."""
    watching = Judge(tape, trial)
    for poll, told, shown in published(tape, trial):
        watching.look(poll, told, shown)
    return watching.verdicts(tape.polls[-1])


def _tolerance(tape: Tape, role: Q) -> float:
    return tape.resolution(role) + ROUNDING


def _told_truth(
    course: _Course, tape: Tape, trial: Trial, poll: Poll, told: Snapshot
) -> bool:
    """Whether the vendor said of a role what is so, to the resolution."""
    role = course.verdict.role
    source = tape.addends(role)
    assert source is not None
    counters = tape.counters(role)
    if any(
        glitch.kind != "replaced"
        and glitch.active(poll.at)
        and glitch.touches(counters)
        for glitch in trial.glitches
    ):
        return False
    if any(
        tape.silent_since_outage(owner, slot, poll.at)
        or _last_lied(tape, trial, owner, slot, poll.at)
        for owner, slot in counters
    ):
        return False
    # What a sleeping device leaves out stands as it stood.
    stands = [
        (tape.honest(term.device_id, term.slot, poll.at), term.factor)
        for term in source.terms
    ]
    if any(value is None for value, _ in stands):
        return False
    honest = sum((value or 0.0) * factor for value, factor in stands)
    truth = tape.truth
    if course.offset is None:
        course.offset = honest - truth.at(role, poll.newest)
    if len(stands) > 1:
        ahead = honest - course.offset - truth.at(role, poll.newest)
        course.skew = min(MOST_SKEW, max(course.skew, ahead))
    low = truth.at(role, poll.oldest - 3 * UPLOAD) - _tolerance(tape, role)
    high = truth.at(role, poll.newest) + _tolerance(tape, role) + 2.0
    return low <= honest - course.offset <= high


def _last_lied(tape: Tape, trial: Trial, owner: str, slot: Slot, at: float) -> bool:
    """Whether what a counter said last, before it fell silent, was a lie."""
    said = tape.last_said(owner, slot, at)
    return said is not None and any(
        each.kind != "replaced"
        and each.active(said)
        and each.touches(frozenset({(owner, slot)}))
        for each in trial.glitches
    )


def _look(
    course: _Course,
    tape: Tape,
    trial: Trial,
    poll: Poll,
    told: Snapshot,
    shown: Reading,
    before: float | None,
) -> None:
    """Take one poll in."""
    verdict, truth = course.verdict, tape.truth
    role, at = verdict.role, poll.at
    tolerance = _tolerance(tape, role)
    was_good, course.good = course.good, _told_truth(course, tape, trial, poll, told)
    passed = at - (before or at) if was_good and course.good else 0.0
    if passed > 3 * UPLOAD:  # nobody polled, which is no freeze of ours
        passed = 0.0
    value = shown.values.get(Slot(role))
    if not isinstance(value, float):
        verdict.missing += course.last is not None
        return
    if course.last is None:
        course.base, course.good_at = truth.at(role, poll.newest), at
        course.last = value
        return
    grown = value if value < 0.9 * course.last else value - course.last
    verdict.worse("falls", -grown, at)
    course.last, course.summed = value, course.summed + grown
    hour = at // HOUR * HOUR
    course.hours[hour] = course.hours.get(hour, 0.0) + grown
    since = min(hour, course.good_at or hour)
    course.reach[hour] = min(course.reach.get(hour, since), since)
    error = course.summed + course.base
    verdict.worse("phantom", error - truth.at(role, at) - tolerance - course.skew, at)
    behind = truth.at(role, poll.oldest - 3 * UPLOAD) - tolerance - error
    course.late = course.late + passed if behind > 0 else 0.0
    verdict.worse("freeze", course.late / MINUTE, at)
    if course.late > trial.patience:
        verdict.lag = max(verdict.lag, behind)
    if course.good and behind <= 0:
        course.good_at = poll.oldest
    _look_at_today(course, tape, trial, poll, shown, passed)


def _look_at_today(
    course: _Course,
    tape: Tape,
    trial: Trial,
    poll: Poll,
    shown: Reading,
    passed: float,
) -> None:
    """Judge the counter of today: between the truth of one and of four uploads ago; of the first day nobody knows."""
    verdict, truth, at = course.verdict, tape.truth, poll.at
    role, began = verdict.role, midnight(at)
    value = shown.values.get(Slot(ROLES[role]))
    if began < tape.take.begin or not isinstance(value, float):
        return
    tolerance = _tolerance(tape, role)
    start = truth.at(role, began)
    # The newest upload bounds it, or the very moment where a cloud adds up by itself.
    high = max(0.0, truth.at(role, at) - start) + tolerance + course.skew
    low = max(0.0, truth.at(role, poll.oldest - 3 * UPLOAD) - start) - tolerance
    verdict.worse("above", value - high, at)
    course.late_today = course.late_today + passed if value < low else 0.0
    if course.good and value < low and course.late_today >= trial.today_patience:
        verdict.worse("below", low - value, at)


def _close(course: _Course, tape: Tape, last: Poll) -> None:
    """Look at the end, and at the hours."""
    verdict, truth = course.verdict, tape.truth
    role = verdict.role
    tolerance = _tolerance(tape, role)
    error = course.summed + course.base
    above = error - truth.at(role, last.newest) - tolerance - course.skew
    below = truth.at(role, last.oldest - 3 * UPLOAD) - tolerance - error
    verdict.sum = above if above > 0 else -below if below > 0 else 0.0
    for hour, booked in course.hours.items():
        since = course.reach[hour] - 4 * UPLOAD - PATIENCE
        given = truth.at(role, hour + HOUR) - truth.at(role, since)
        # It may have been behind by as much before, and still be called right.
        verdict.worse("hour", booked - given - 2 * tolerance - course.skew, hour)
        verdict.worse("hour", -booked - tolerance, hour)
