"""When to poll next: just after the next upload can be seen, never sooner than the vendor's limits allow.

A poll right after an upload shows values as fresh as the cloud has them; one at any other moment shows them older by half a period on
average. How long an upload takes to be seen is learnt by trying: a poll that came too soon costs one period, so it is tried seldom.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from ..cloud.serialization import from_json_or_none
from ..cloud.storage import LATER, Storage
from .upload_period import SAME, UPLOADS, UploadPeriod

SECTION: Final = "cadence"
FINE: Final = 12.0
"""Seconds within which it is not worth trying to poll sooner."""
GUESS: Final = 25.0
"""Seconds tried first: what a quick cloud takes."""
FORGETTING: Final = FINE / 288
"""Seconds per poll by which the knowledge of "too soon" fades: it is tried again once a day."""
STEP_BACK: Final = 15.0
"""Seconds to poll later when uploads were missed: two in a row, or some among many, are no longer lost ones."""
ROW: Final = 2
SOME: Final = 3
MANY: Final = 12
FORGOTTEN: Final = 4
"""Periods without an upload after which a device no longer counts."""
LONGEST: Final = 1.1
"""How much longer than its period a rhythm may be to be followed."""
STRETCH: Final = 60.0
"""Seconds by which polls come later each time while the moment is looked for: the second one must not come ten minutes late."""
SLUGGISH: Final = 0.98
"""How fast it is forgotten that polls started later than planned."""
STAGGER: Final = 40.0
"""Seconds over which installations are spread that all wait for uploads of the same second; what they read is older by half of it."""
SHARED: Final = (-10.0, 30.0)
"""Seconds around the full five minutes in which uploads are taken for those of a cloud where all devices upload at once; few come early."""
OWN: Final = (-30.0, 90.0)
"""Where they have to lie outside to be taken for the device's own again: in between, late ones must not make polls jump to and fro."""


@dataclass(slots=True)
class PollOffset:
    """How many seconds after an upload is expected to poll: between what was too soon and what was late enough."""

    late_enough: float
    too_soon: float
    least: float = -math.inf
    """Where a whole period has been tried: uploads are more frequent than polls."""
    proved: bool = field(default=False, init=False)
    """Whether it was seen to be too soon; else it is a guess."""
    row: int = field(default=0, init=False)
    misses: list[bool] = field(default_factory=list, init=False)

    @property
    def settled(self) -> bool:
        """Whether another offset would gain too little to be tried."""
        return self.late_enough - self.too_soon <= FINE

    @property
    def next(self) -> float:
        """Return the offset to try next."""
        if self.settled:
            return self.late_enough
        if not self.proved and self.late_enough > GUESS:
            return GUESS
        return (self.late_enough + self.too_soon) / 2

    def met(self, after: float) -> None:
        """Note that an upload was seen so many seconds after it was expected."""
        self.row, self.misses = 0, [*self.misses, False][-MANY:]
        aimed = self.next
        if (gained := self.late_enough - max(after, aimed)) > 0:
            self.late_enough -= gained
            if aimed == GUESS and after <= GUESS + FINE:
                self.too_soon, self.proved = GUESS - FINE, True
            elif not self.proved:
                self.too_soon = min(self.too_soon, after - 2 * max(gained, FINE))
        self.too_soon = max(self.too_soon - FORGETTING, self.least)

    def seen(self, age: float, jitter: float) -> None:
        """Note how old an upload was when it was first seen: what was taken for too soon may have been a lost one."""
        if age < self.too_soon - FINE - 2 * jitter or (
            not self.settled and age < self.late_enough
        ):
            self.late_enough, self.proved = age, age <= GUESS
            self.too_soon = min(self.too_soon, age - FINE)

    def missed(self, after: float, longest: float) -> None:
        """Note that an upload was not seen so many seconds after it was expected."""
        if after < self.late_enough - 1:
            self.too_soon, self.proved = max(self.too_soon, after), True
            return
        self.row += 1
        self.misses = [*self.misses, True][-MANY:]
        if self.row >= ROW or sum(self.misses) >= SOME:
            self.misses = []
            self.too_soon, self.proved = self.late_enough, True
            self.late_enough += min(STEP_BACK * 2 ** max(0, self.row - ROW), longest)


class UploadTracker:
    """The rhythm of one account's polls."""

    def __init__(self, storage: Storage, period: float, seed: int) -> None:
        """Poll at most every ``period`` seconds; ``seed`` tells installations apart."""
        self._storage: Final = storage
        self._period: Final = period
        self._stagger: Final = (seed % 997) / 997 * STAGGER
        self._uploads: Final[dict[str, UploadPeriod]] = {}
        self._offset: PollOffset | None = None
        self._leader: str | None = None
        self._judged = 0.0
        self._planned = 0.0
        self._late = 0.0
        self._in_step = False
        self._shared = False
        self._visible = False
        if kept := from_json_or_none(PollOffset, storage.load(SECTION)):
            # Not tried anew at once: after a power cut all would try together.
            kept.proved = True
            self._offset = kept

    def learn(
        self, stamps: Mapping[str, float], polled: float, *, visible: bool = False
    ) -> None:
        """Take in when each device's newest upload was made, as seen by a poll at a time; or when it became ``visible``."""
        self._visible = visible
        due = self._due(polled)
        before = self._uploads.get(self._leader or "")
        known = before.last if before else None
        for key, at in stamps.items():
            if (upload := self._uploads.get(key)) is None:
                self._uploads[key] = UploadPeriod.of(at, polled)
            else:
                upload.hear(at, polled)
        for key in self._uploads.keys() - stamps.keys():
            del self._uploads[key]
        self._judge(due, polled)
        if self._offset and before and before.last != known:
            self._offset.seen(polled - before.last, before.jitter)
        live = self._live(polled)
        if self._offset is None and live:
            # The upload before the newest seen was there, the one after it was not.
            age = polled - max(upload.last for upload in live.values())
            self._offset = PollOffset(age, age - self._period, age - 2 * self._period)
            if visible:
                self._offset = PollOffset(0.0, -FINE, -FINE)
        self._leader = self._choose(live)
        self._storage.delay_save(SECTION, lambda: self._offset, LATER)

    def _due(self, polled: float) -> float | None:
        """Return the leader's upload a poll was meant for."""
        upload = self._uploads.get(self._leader or "")
        if upload is None or self._offset is None:
            return None
        due = upload.expected(polled - self._offset.next + 1)
        return due if due > max(upload.last, self._judged) + upload.period / 2 else None

    def _judge(self, due: float | None, polled: float) -> None:
        upload = self._uploads.get(self._leader or "")
        if due is None or upload is None or self._offset is None:
            return
        self._judged = due
        if upload.last >= due - upload.period / 2:
            self._offset.met(polled - due)
        else:
            self._offset.missed(polled - due, upload.period / 4)

    def _live(self, now: float) -> dict[str, UploadPeriod]:
        """Return the devices that upload."""
        return {
            key: upload
            for key, upload in self._uploads.items()
            if now - upload.heard < FORGOTTEN * max(upload.period, self._period)
        }

    def _choose(self, live: Mapping[str, UploadPeriod]) -> str | None:
        """Choose the device to follow: the moment after whose upload all devices' data are youngest on average."""
        phases: dict[int, tuple[str, int]] = {}
        for key, upload in sorted(live.items()):
            phase = round(upload.anchor % self._step(upload))
            first, count = phases.get(phase, (key, 0))
            phases[phase] = (first, count + 1)
        if not phases:
            return None
        seen, total = 0, sum(count for _, count in phases.values())
        moments = sum(phase * count for phase, (_, count) in phases.items())
        ages: dict[int, float] = {}
        for phase, (first, count) in sorted(phases.items()):
            seen += count
            # What is uploaded later in a round is known of the round before.
            before = self._step(live[first]) * (total - seen)
            ages[phase] = phase * total - moments + before
        return phases[min(phases, key=ages.__getitem__)][0]

    def _step(self, upload: UploadPeriod) -> float:
        """Return the seconds between polls that keep in step with the uploads: the multiple or fraction of its period next to ours."""
        ratio = upload.period / self._period
        return (
            upload.period * round(1 / ratio)
            if ratio < 1
            else upload.period / round(ratio)
        )

    def next_poll(self, started: float, rest: float = 0.0) -> float:
        """Return when to poll after a poll that started at a time, and after a rest beyond the usual."""
        late = started - self._planned
        self._late *= SLUGGISH
        if self._late < late < self._period / 2:
            self._late = late
        self._planned = self._plan(started + self._period + rest)
        return self._planned

    def _plan(self, earliest: float) -> float:
        """Return the moment in step that comes next."""
        upload = self._uploads.get(self._leader or "")
        if upload is None or self._offset is None:
            return earliest + self._stagger * (not self._uploads)
        step = self._step(upload)
        if step > LONGEST * self._period:
            return earliest
        settled = self._offset.settled
        # The moment is looked for without the stagger: what it puts off would be learnt away.
        stagger = self._stagger if settled and self._is_shared(upload) else 0.0
        slot = upload.anchor + self._offset.next + stagger
        tolerance = self._tolerance(step, upload.jitter)
        ahead = math.ceil((earliest - tolerance - slot) / step)
        planned = max(earliest, slot + ahead * step)
        if settled and self._in_step:
            return planned
        soon = min(planned, earliest + STRETCH)
        self._in_step = soon == planned
        return soon

    def _is_shared(self, upload: UploadPeriod) -> bool:
        """Whether a device uploads with all others of its cloud; elsewhere its own phase keeps installations apart.

        Of what became ``visible`` at a moment nobody knows when it was uploaded.
        """
        if self._visible:
            return False
        usual = abs(upload.period - UPLOADS) <= SAME * UPLOADS
        begin, end = OWN if self._shared else SHARED
        self._shared = usual and (upload.anchor - begin) % UPLOADS <= end - begin
        return self._shared

    def _tolerance(self, step: float, jitter: float) -> float:
        """Return how late a poll may come before the rest of a period is waited for the next upload.

        Where polls must lie further apart than uploads, each comes later than the one before; this bound gives the least age on average.
        """
        drift = max(self._period - step, 0.05)
        usual = max(math.sqrt(2 * drift * step), 2 * jitter)
        return min(usual + 1.5 * self._late, step / 3)
