"""The filter of one counter: it only grows, and only by energy that somebody can vouch for.

A cloud sends zeros while an inverter sleeps, dips at midnight, and yesterday's energy once more (failures.md E01-E09). Home Assistant's
statistics would book each of these. What speaks for a gain, and what each oddity looks like in it, stands in docs/counters.md, whose
rules are named below by their numbers; in short:

- The counter's *line* is the vendor's value plus an offset. A value on the line is believed when the measured powers explain the gain, or
  when the counter of today confirms it; never when the latter contradicts.
- Any other value begins a *suspect series*. What such a series gains from value to value is energy like any other and is published; the
  step that began it is held back until the counter returns to its line, or the step has lasted.
- Time alone earns nothing. Where nobody measured (an outage), a step within the limits of what the thing can carry is believed when it has
  lasted for some minutes.

What is published makes the statistics come out right: a counter that really started anew falls to what it can have counted since, which they
read as a reset; any other lasting change continues without a step.
"""

from dataclasses import dataclass, field, replace
import itertools
import math
from typing import Final

from .growth import (
    BRIDGE,
    HEADROOM,
    JOULES,
    ROUNDING,
    SKEW,
    UNEVEN,
    UNRATED,
    Evidence,
    GrowthLimit,
    Mark,
    MeasuredEnergy,
)
from .held import Held, HeldBecause
from .sibling import Sibling, Verdict, decimals

STEP_PATIENCE: Final = 3 * 3600.0
"""Seconds a value nobody vouches for must last before it is believed; the longest known glitch takes two hours (E03)."""
SETTLING: Final = 1500.0
"""Seconds a step must last that nobody saw, but that was possible; glitches that add energy take less (E01, E09)."""
LONG_PATIENCE: Final = 48 * 3600.0
"""Seconds a counter may take to make up for a leap that proved to be none."""
TRIAL: Final = 86400.0
"""Seconds in which a leap that was believed can still prove to be none."""
FIRST_ZERO_PATIENCE: Final = 86400.0
"""Seconds before a counter that never showed anything but zero is believed to be new."""
LONGEST_GAP: Final = 3600.0
"""Seconds without a value after which nothing is known to have lasted."""
STANDSTILL: Final = 3600.0
"""Seconds a running counter may be shown unchanged, by a cloud that lags, and still have run; later it stood still."""
OVERLAP: Final = 6 * 3600.0
"""Seconds for which a counter may be behind its power for glitches that follow each other; beyond, the two do not measure the same."""
UPLOAD: Final = 300.0
"""Seconds by which a counter and the power beside it may be apart, and a poll may see two uploads at once."""
RETURN: Final = 900.0
"""Seconds for which a cloud may show its last value after an outage before the new ones come."""
DUSK: Final = 3600.0
"""Seconds before the dark at which solar devices may fall asleep."""
RESTING: Final = 100.0
"""W that a thing at rest may show."""
LITTLE: Final = 0.5
"""kWh by which a counter may be ahead of the vendor's and still be counted on."""
UNSEEN: Final = 0.1
"""kWh that may flow between two measured powers without either showing it: somebody boils water."""
BRIEF: Final = 600.0
"""Seconds for which what may flow unseen can have flowed."""
RISES: Final = 4
"""Points of a climb that show how fast a counter really moves."""
UNSTEADY: Final = 10.0
"""How much faster one step of a real climb may be than another: clouds pass."""


@dataclass(slots=True)
class SuspectSeries:
    """Values that are not on the counter's line: watched until it returns, or the step to them proves to stay."""

    begun: float
    """Since when the values have been off the line without a break."""
    lowest: float
    """The lowest of them."""
    since: float
    """Since when they have moved as a counter does."""
    raw: float
    at: float
    """The latest value and its time."""
    patience: float
    """Seconds the step to them must last."""
    believable: bool = False
    """Whether the step can have been energy."""
    mark: Mark = field(default_factory=Mark)
    """What was measured when they last moved."""
    owed: bool = False
    """Whether they take back what was published without proof."""
    frozen: bool = False
    """Whether their gains are not published: they count what was counted before, or from another zero."""
    tolerance_left: float = math.inf
    """kWh they may still gain beyond what the limit allows in the time, where no power is measured: all of it once an upload."""
    jumps: int = 0
    """How many uploads in a row rose to begin another series."""
    rises: list[tuple[float, float]] = field(default_factory=list)
    """The latest (time, value) at which they rose."""
    stood: bool = False
    """Whether the counter had stood still before, though it was told: the cloud may have heard nothing of it for hours."""
    stuck: bool = False
    """Whether it had stood though its power had not."""

    @property
    def because(self) -> HeldBecause:
        """Return which rule waits for them."""
        if self.owed:
            return HeldBecause.OWED
        if self.frozen:
            return HeldBecause.NEW_DEVICE
        possible = self.patience < STEP_PATIENCE
        return HeldBecause.UNSEEN_STEP if possible else HeldBecause.STEP

    def climb(self) -> float | None:
        """Return the W of a steady climb, ``None`` when there is none."""
        speeds = [
            (later[1] - earlier[1]) / (later[0] - earlier[0])
            for earlier, later in itertools.pairwise(self.rises)
            if later[0] > earlier[0]
        ]
        if len(speeds) < RISES - 1 or max(speeds) > UNSTEADY * min(speeds):
            return None
        return sum(speeds) / len(speeds) * JOULES


@dataclass(slots=True)
class CounterFilter:
    """The filter of one counter; all values in kWh, times in epoch seconds."""

    value: float | None = None
    """What is published; ``None`` while nothing is certain."""
    at: float = 0.0
    """When a value on the line was last heard, other than an old one after an outage."""
    moved: float = 0.0
    """When what is published last rose."""
    offset: float = 0.0
    """What is added to the vendor's value so that it continues without a step."""
    previous_offset: float | None = None
    """The offset before, for a change that is taken back."""
    tolerance_left: float = 0.0
    """kWh the counter may still gain beyond what is explained."""
    mark: Mark = field(default_factory=Mark)
    """What was measured when the published value last rose."""
    agreed: Mark = field(default_factory=Mark)
    """What was measured when counter and power last agreed, or long ago."""
    agreed_value: float = 0.0
    agreed_at: float = 0.0
    """What its power said then, and when."""
    seen: float = 0.0
    """What was likely when a value on the line was last heard, or more was published."""
    dip: float = 0.0
    """kWh by which the counter was below what it should be, since what is published last rose."""
    missing: float = 0.0
    """kWh that were measured while the counter was stuck or made up for a dip: they may still come at once."""
    missing_until: float = 0.0
    back: float | None = None
    """Since when the counter is told again after a time nobody measured, but may still be that of before."""
    unproven: float = 0.0
    """kWh published of late beyond what the measured powers make likely."""
    unproven_until: float = 0.0
    learned_limit: float = 0.0
    """W; what a steady climb has proved possible."""
    digits: int = 0
    """The most decimals seen."""
    suspect: SuspectSeries | None = None
    zero_since: float | None = None
    heard: float | None = None
    """When the latest value was measured."""
    raw: float | None = None
    """The latest value."""
    risen: Mark = field(default_factory=Mark)
    """What was measured when the vendor's value last rose."""
    renewed: bool = False
    """Whether the hardware behind it was replaced."""
    rejected: int = 0
    """How many values were held back."""
    holds: bool = False
    """Whether the latest was, wholly or in part."""
    ahead: bool = False
    """Whether the latest was held because more is published already, and no more than can be counted on."""
    low_since: float | None = None
    """Since when less was told than is published."""
    stuck: bool = False
    """Whether more was measured since the vendor's value last rose than it can have left out."""
    measured: MeasuredEnergy = field(default_factory=MeasuredEnergy)
    sibling: Sibling = field(default_factory=Sibling)
    beside: float | None = None
    """What the sibling showed last while all was measured, whether the counter was believed or not."""
    lifelong: bool = True
    """Whether it counts a life: started anew it is published as it is. One of today continues, and may begin anywhere."""

    @classmethod
    def starting(
        cls, value: float, at: float, watts: float | None, *, lifelong: bool = True
    ) -> CounterFilter:
        """Filter a counter that is known to have had a value at a time."""
        tolerance = GrowthLimit.of(watts or UNRATED).tolerance
        return cls(
            value=value,
            at=at,
            moved=at,
            tolerance_left=tolerance,
            digits=decimals(value),
            lifelong=lifelong,
        )

    @property
    def step(self) -> float:
        """Return the finest step the counter was seen to make."""
        return 10.0**-self.digits

    def why_held(self) -> Held | None:
        """Say why the latest value is not published as it was told, ``None`` where it is."""
        if self.value is None:
            since = self.zero_since
            if since is None:
                return None
            until = since + FIRST_ZERO_PATIENCE
            return Held(HeldBecause.FIRST_ZERO, since, until)
        if self.raw is None:
            return None
        behind = round(self.raw + self.offset - self.value, 3)
        if self.holds and self.raw == 0:
            return Held(HeldBecause.ZERO, self.at, None, behind)
        if self.holds and self.suspect is None:
            return Held(HeldBecause.DIP, self.moved, None, behind)
        if self.holds and self.suspect is not None:
            since = self.suspect.since
            until = since + self.suspect.patience
            return Held(self.suspect.because, since, until, behind)
        if self.stuck:
            return Held(HeldBecause.STUCK, self.moved, None, behind)
        if self.back is not None:
            return Held(HeldBecause.AFTER_OUTAGE, self.back, self.back + RETURN, behind)
        return None

    def renew(self) -> None:
        """Expect another counter: the hardware was replaced."""
        self.renewed = self.value is not None
        self.suspect, self.previous_offset = None, None

    def is_denied(self, raw: float, at: float, evidence: Evidence) -> bool:
        """Whether a rise cannot be, where a power is measured: of the sun in the dark, or one that the counter of today does not share."""
        if self.value is None or not self.measured.trusted:
            return False
        line = round(raw + self.offset, 6)
        gained = line - self.value
        if gained <= LITTLE:
            return False
        if self.suspect.stuck if self.suspect else self.stuck:
            return False
        heard = at - (self.measured.at or at) <= BRIDGE
        verdict = self.sibling.judge(
            line,
            evidence.sibling,
            gained,
            self._likely() if heard else None,
            self.step,
            evidence.date,
        )
        stood = self.suspect.stood if self.suspect else self._stood(at)
        if stood and verdict is Verdict.CONFIRMED:
            return False
        if self._is_idle(evidence):
            return gained > self._possible(at, evidence)
        return verdict is Verdict.CONTRADICTED and not stood

    def _stood(self, at: float) -> bool:
        """Whether the counter was told lately, and has not moved for long."""
        told = self.heard is not None and at - self.heard <= BRIDGE
        return told and at - self.moved > STANDSTILL

    def witness(self, at: float, evidence: Evidence) -> None:
        """Take in a reading that lacks the counter: energy may flow meanwhile."""
        if at != self.measured.at:
            self.measured.observe(at, evidence)

    def observe(
        self, raw: float, at: float, evidence: Evidence | None = None
    ) -> float | None:
        """Take in what the vendor says and when it was measured; return what to publish, ``None`` while nothing is certain."""
        evidence = evidence or Evidence()
        if (raw, at) == (self.raw, self.heard):
            return self.value
        before = self.measured.unseen
        self.witness(at, evidence)
        if raw == self.raw:
            self._saw_nothing(before)
        self.holds, self.ahead = False, False
        self.digits = max(self.digits, decimals(raw))
        if self.value is None:
            self._begin(raw, at, evidence)
        elif raw == 0 < self.value:
            self._reject()
        elif self.renewed:
            self._begin_anew(raw, at, self.value, evidence)
        else:
            self._judge(raw, at, self.value, evidence)
        if self.raw is None or raw > self.raw:
            self.risen = self.measured.mark
        behind = self._likely() and self.measured.likely - self.risen.likely
        self.stuck = self._lacks(behind, evidence)
        self.heard, self.raw = at, raw
        low = self.holds and raw > 0 and self._lead() > 0
        self.low_since = (self.low_since or at) if low else None
        if evidence.sibling is not None and self._likely() is not None:
            self.beside = evidence.sibling
        return self.value

    def _lead(self) -> float:
        """Return the kWh that are published beyond the latest value."""
        return (self.value or 0.0) - (self.raw or 0.0) - self.offset

    @property
    def overcounted(self) -> float:
        """Return the kWh published that proved to be none; a dip is over before that is known."""
        if not self.ahead or self.low_since is None or self.heard is None:
            return 0.0
        lasts = self.heard - self.low_since >= STEP_PATIENCE
        return self._lead() if lasts else 0.0

    def _limit(self, evidence: Evidence) -> GrowthLimit:
        return GrowthLimit.of(max(evidence.limit or UNRATED, self.learned_limit))

    def _reject(self) -> None:
        self.holds = True
        self.rejected += 1

    def _begin(self, raw: float, at: float, evidence: Evidence) -> None:
        """A zero may be the sleep of an old device: believing it would later book its whole life."""
        if raw == 0:
            if self.zero_since is None or at < self.zero_since:
                self.zero_since = at
            if at - self.zero_since < FIRST_ZERO_PATIENCE:
                return
        self.value, self.at, self.moved = round(raw, 6), at, at
        self.mark = self.measured.mark
        self._agree(at)
        self.tolerance_left = self._tolerance(evidence)
        self.sibling.believe(
            self.value, evidence.sibling, 0.0, self.step, evidence.date
        )

    def _agree(self, at: float, lag: float = 0.0) -> None:
        """Note that the counter is where its power says, or so little behind that one step does not show it."""
        self.agreed, self.agreed_at = self.measured.mark, at
        self.agreed_value = (self.value or 0.0) + lag

    def _lag(self, line: float, at: float) -> float:
        """Return the kWh by which a value is behind its power for more than their skew: one of two strings may be stuck. In hours it is forgotten."""
        measured = (self.measured.likely - self.agreed.likely) * (1 - SKEW)
        fades = 1 - (at - self.agreed_at) / OVERLAP
        return max(0.0, measured - (line - self.agreed_value)) * max(0.0, fades)

    def _begin_anew(
        self, raw: float, at: float, value: float, evidence: Evidence
    ) -> None:
        """Take over from new hardware: what it can have counted by itself counts, what it brought along does not."""
        self.renewed = False
        if self._restarted(raw, at, value, evidence):
            self._restart(raw, at, value, evidence)
        else:
            self.offset = value - raw
            self._believe(value, at, value, evidence)

    def _judge(self, raw: float, at: float, value: float, evidence: Evidence) -> None:
        """Believe a value that somebody vouches for; watch any other until it goes away or has lasted."""
        line = round(raw + self.offset, 6)
        if self._is_vouched_for(line, at, value, evidence):
            self._believe(line, at, value, evidence)
        elif self._is_taken_back(raw, line, at, value, evidence):
            assert self.previous_offset is not None
            back = round(raw + self.previous_offset, 6)
            self.previous_offset, self.offset = self.offset, self.previous_offset
            self._believe(back, at, value, evidence)
        elif self._is_dip(line, at, value, evidence):
            self._reject()
            self.suspect = None
            depth = value - line
            little = depth <= LITTLE
            owed = at < self.unproven_until and depth <= self.unproven + 2 * UNSEEN
            self.ahead = little or owed or at - self.at >= STEP_PATIENCE
            if self.ahead:
                self._stand_still(at)
            if little:
                self.at = at
            self.dip = max(self.dip, depth + (self._likely() or 0.0))
        else:
            self._reject()
            self._watch(raw, line, at, value, evidence)

    def _is_vouched_for(
        self, line: float, at: float, value: float, evidence: Evidence
    ) -> bool:
        """Whether a gain is explained (rule 1): by the powers, or by the counter of today within what is possible."""
        gained = line - value
        if gained < 0:
            return False
        if gained == 0:
            return True
        verdict, likely = self._ask_sibling(line, gained, evidence), self._likely()
        if verdict is Verdict.CONTRADICTED:
            return False
        unwatched = likely is None or self._is_sparse()
        doubted = evidence.glitch or self._was_there(line, at)
        if verdict is Verdict.CONFIRMED and unwatched and not doubted:
            return gained <= self._possible(at, evidence)
        return gained <= self._explained(at, evidence)

    def _was_there(self, line: float, at: float) -> bool:
        """Whether a step up was there while somebody measured, so that no time nobody did explains it."""
        suspect = self.suspect
        if suspect is None or not 0 <= at - suspect.at <= STEP_PATIENCE:
            return False
        step = suspect.lowest + self.offset
        return suspect.patience >= STEP_PATIENCE and (self.value or 0.0) < step <= line

    def _is_sparse(self) -> bool:
        """Whether the powers were measured so seldom since the value last rose that they say little."""
        return self.measured.sparse > self.mark.sparse

    def _likely(self) -> float | None:
        """Return the kWh that probably flowed since the value last rose, ``None`` where somebody was not measuring."""
        if not self.measured.trusted or self.measured.blind > self.mark.blind:
            return None
        return self.measured.likely - self.mark.likely

    def _tolerance(self, evidence: Evidence) -> float:
        """Return the kWh a gain may be more than the powers explain."""
        if not self.measured.trusted:
            return self._limit(evidence).tolerance
        apart = 0.0 if evidence.dated else self.measured.recent * UPLOAD / JOULES
        return 2 * self.step + UNSEEN + apart

    def _lacks(self, behind: float | None, evidence: Evidence) -> bool:
        """Whether a counter is too far behind what was measured."""
        if behind is None or not self.measured.trusted:
            return False
        doubt = self.measured.most(self.mark) - (self._likely() or 0.0)
        return behind > self._tolerance(evidence) + doubt

    def _explained(self, at: float, evidence: Evidence) -> float:
        """Return the kWh that can have been counted since the value last rose, as far as anybody knows."""
        tolerance = self._tolerance(evidence)
        rest = max(0.0, at - self.moved)
        left = min(tolerance, self.tolerance_left + tolerance * rest / SETTLING)
        left += self.missing if at < self.missing_until else 0.0
        limit = self._limit(evidence)
        if self.measured.trusted:
            blind = 0.0 if self.lifelong else self.measured.blind - self.mark.blind
            return left + self.measured.most(self.mark) + limit.rate * blind
        if self.suspect is not None or self._is_idle(evidence):
            return left
        if self.lifelong and rest > SETTLING:
            return left
        return left + limit.rate * rest

    def _is_idle(self, evidence: Evidence) -> bool:
        """Whether nothing can have flowed since a value on the line was heard."""
        since = evidence.idle_since
        return since is not None and self.at >= since - DUSK

    def _possible(self, at: float, evidence: Evidence) -> float:
        """Return the kWh that can have flowed unseen since the counter was last on its line."""
        limit = self._limit(evidence)
        since = max(0.0, at - self.at)
        if not self.measured.trusted:
            if at - self.moved <= STANDSTILL:
                since = max(since, at - self.moved)
            return limit.max_growth(0.0 if self._is_idle(evidence) else since)
        measured, mark = self.measured, self.mark
        peak = measured.capacity / JOULES
        seconds = measured.unbounded - mark.unbounded
        if measured.blind == mark.blind:
            seconds += min(since, BRIEF)
        if (dark := evidence.idle_since) is not None and self._is_idle(evidence):
            # The sun only sinks: until the dark no more can have flowed than when the counter was last heard, in an upload made before.
            peak, seconds = measured.recent / JOULES, max(0.0, dark - self.at + UPLOAD)
        return (
            measured.most(mark)
            + self._tolerance(evidence)
            + measured.bounded
            - mark.bounded
            + min(peak, limit.rate) * seconds
        )

    def _is_taken_back(
        self, raw: float, line: float, at: float, value: float, evidence: Evidence
    ) -> bool:
        """Whether the vendor has returned to the values it had before the latest change."""
        if self.previous_offset is None or -self.step <= line - value < 0:
            return False
        gained = round(raw + self.previous_offset, 6) - value
        return 0 <= gained <= self._explained(at, evidence)

    def _is_dip(self, line: float, at: float, value: float, evidence: Evidence) -> bool:
        """Whether a fall is small (rule 6): it is waited out until the counter makes up for it."""
        size = max(evidence.limit or 0.0, self.measured.peak)
        return 0 < value - line <= GrowthLimit.of(size).tolerance

    def _owes(self, line: float, at: float, value: float) -> bool:
        """Whether a fall takes back what was published without proof (rule 6)."""
        return at < self.unproven_until and 0 < value - line <= self.unproven + ROUNDING

    def _watch(
        self, raw: float, line: float, at: float, value: float, evidence: Evidence
    ) -> None:
        """Follow values that are not on the line (rule 2)."""
        suspect = self.suspect
        if suspect is None or not self._continues(suspect, raw, at, evidence):
            self._question_power(suspect, raw)
            suspect = self.suspect = self._suspect(raw, line, at, value, evidence)
        elif (gained := raw - suspect.raw) > 0:
            suspect.rises = [*suspect.rises, (at, raw)][-RISES:]
            suspect.raw, suspect.mark, suspect.jumps = raw, self.measured.mark, 0
            if not suspect.frozen:
                self._publish(value, gained, at)
        suspect.at, value = at, self.value or 0.0
        if self._is_climb(suspect, line, at, value, evidence):
            self._believe(line, at, value, evidence)
        elif at - suspect.since >= suspect.patience:
            self._decide(raw, line, at, value, suspect, evidence)
        elif suspect.owed:
            lasts = at - suspect.since >= STEP_PATIENCE
            self.ahead = lasts or value - line <= LITTLE
            if self.ahead:
                self._stand_still(at)

    def _continues(
        self, suspect: SuspectSeries, raw: float, at: float, evidence: Evidence
    ) -> bool:
        """Whether a value belongs to the same series: risen if anything, by what is explained, and not long after."""
        since, gained = at - suspect.at, raw - suspect.raw
        if not (0 <= since <= LONGEST_GAP and gained >= 0):
            return False
        if not self.measured.trusted:
            limit = self._limit(evidence)
            regained = suspect.tolerance_left + limit.tolerance * since / UPLOAD
            left = min(limit.tolerance, regained) + limit.rate * since
            suspect.tolerance_left = left - gained
            return gained <= left
        explained = self.measured.most(suspect.mark)
        return gained <= explained + self._tolerance(evidence)

    def _question_power(self, suspect: SuspectSeries | None, raw: float) -> None:
        """Learn from a steady climb that no power explains, upload by upload: a glitch is a step, so the power belongs to something else."""
        if suspect is not None and suspect.jumps >= RISES and raw > suspect.raw:
            likely = self.measured.likely - suspect.mark.likely
            self.measured.compare(raw - suspect.raw, likely)

    def _suspect(
        self, raw: float, line: float, at: float, value: float, evidence: Evidence
    ) -> SuspectSeries:
        """Begin a series; of its first step what is likely is published."""
        before = self.suspect
        rises = [(at, raw)]
        begun, lowest, jumps = at, raw, 0
        stood, stuck = self._stood(at), self.stuck
        if before is not None and 0 <= at - before.at <= LONGEST_GAP:
            begun, lowest = before.begun, min(before.lowest, raw)
            rises = [*before.rises, *rises][-RISES:]
            jumps = before.jumps + 1 if raw > before.raw else 0
            stood, stuck = before.stood, before.stuck
        owed = self._owes(line, at, value)
        series = SuspectSeries(
            begun=begun,
            lowest=lowest,
            since=at,
            raw=raw,
            at=at,
            patience=self._patience(line, at, value, evidence, owed=owed),
            believable=0 < line - value <= self._believable(at, evidence),
            mark=self.measured.mark,
            owed=owed,
            frozen=owed or self._restarted(raw, at, value, evidence),
            jumps=jumps,
            rises=rises,
            stood=stood,
            stuck=stuck,
        )
        if line > value and self.measured.trusted:
            assumed = self.measured.assumed - self.mark.assumed
            likely = self.measured.likely - self.seen - assumed
            self._publish(value, min(max(0.0, likely), line - value), at)
        return series

    def _patience(
        self, line: float, at: float, value: float, evidence: Evidence, *, owed: bool
    ) -> float:
        """Return how long a step must last (rules 3 and 4): one that was possible is soon believed, one that is owed is waited out."""
        gained = line - value
        if owed:
            return LONG_PATIENCE
        told = self.measured.assumed == self.mark.assumed
        watched = told and self._likely() is not None
        possible = 0 < gained <= self._possible(at, evidence)
        doubted = evidence.glitch or self._was_there(line, at)
        if watched or not possible or doubted:
            return STEP_PATIENCE
        verdict = self._ask_sibling(line, gained, evidence)
        return STEP_PATIENCE if verdict is Verdict.CONTRADICTED else SETTLING

    def _believable(self, at: float, evidence: Evidence) -> float:
        """Return the most kWh of a lasting step that are late news and not a correction of the vendor's books."""
        limit, measured = self._limit(evidence), self.measured
        if not measured.trusted:
            return limit.max_growth(at - self.moved)
        unbounded = measured.unbounded - self.mark.unbounded
        possible = self._possible(at, evidence) + limit.rate * unbounded
        return max(possible, self._behind(evidence))

    def _behind(self, evidence: Evidence) -> float:
        """Return the most kWh that the counter can be behind what flowed since it last agreed with its power."""
        measured, since, limit = self.measured, self.agreed, self._limit(evidence)
        flowed = measured.most(since) + measured.bounded - since.bounded
        unbounded = limit.rate * (measured.unbounded - since.unbounded)
        counted = (self.value or 0.0) - self.agreed_value
        return flowed * UNEVEN + unbounded + limit.tolerance - counted

    def _is_climb(
        self,
        suspect: SuspectSeries,
        line: float,
        at: float,
        value: float,
        evidence: Evidence,
    ) -> bool:
        """Learn that a counter nobody measures is faster than thought: soon where no rating is known, after hours where one is."""
        climb = suspect.climb()
        if self.measured.trusted or climb is None:
            return False
        if evidence.limit is not None and at - suspect.begun < STEP_PATIENCE:
            return False
        faster = climb > (evidence.limit or UNRATED) * HEADROOM
        self.learned_limit = max(self.learned_limit, climb)
        since = self.moved if at - self.moved <= STANDSTILL else self.at
        return faster and 0 < line - value <= self._limit(evidence).max_growth(
            at - since
        )

    def _decide(
        self,
        raw: float,
        line: float,
        at: float,
        value: float,
        suspect: SuspectSeries,
        evidence: Evidence,
    ) -> None:
        """Believe what has lasted: late news in full, a restart as such, anything else from here on."""
        confirmed = self._ask_sibling(line, line - value, evidence)
        if line > value and (suspect.believable or confirmed is Verdict.CONFIRMED):
            self.learned_limit = max(self.learned_limit, suspect.climb() or 0.0)
            self._believe(line, at, value, evidence)
        elif self._restarted(raw, at, value, evidence):
            self._restart(raw, at, value, evidence)
        else:
            self.previous_offset, self.offset = self.offset, value - raw
            self._believe(value, at, value, evidence)

    def _ask_sibling(self, line: float, gained: float, evidence: Evidence) -> Verdict:
        verdict = self.sibling.judge(
            line, evidence.sibling, gained, self._likely(), self.step, evidence.date
        )
        if verdict is Verdict.CONFIRMED and not self._shared(gained, evidence):
            return Verdict.CONTRADICTED
        return verdict

    def _shared(self, gained: float, evidence: Evidence) -> bool:
        """Whether the sibling moved with a gain of which a part was not measured: one that had leapt before has stood since."""
        if self._likely() is not None or None in {self.beside, evidence.sibling}:
            return True
        own = (evidence.sibling or 0.0) - (self.beside or 0.0)
        explained = self.measured.most(self.mark) + self._tolerance(evidence)
        return own < 0 or gained <= own + explained

    def _restarted(
        self, raw: float, at: float, value: float, evidence: Evidence
    ) -> bool:
        """Whether a counter can have come from zero since (rule 5), and the statistics would see that."""
        return raw < value / 2 and raw <= self._limit(evidence).max_growth(at - self.at)

    def _restart(self, raw: float, at: float, value: float, evidence: Evidence) -> None:
        self.previous_offset = None
        if self.lifelong:
            self.offset, self.unproven = 0.0, 0.0
            self._believe(round(raw, 6), at, round(raw, 6), evidence)
            self.value, self.holds = round(raw, 6), False
        else:
            self.offset = value
            self._believe(round(value + raw, 6), at, value, evidence)

    def _publish(self, value: float, gained: float, at: float) -> None:
        """Let the published value rise while the counter is off its line."""
        mark, measured = self.mark, self.measured
        self.value, self.moved = round(value + gained, 6), at
        self.mark = replace(mark, likely=min(mark.likely + gained, measured.likely))
        self.seen = min(self.seen + gained, measured.likely)

    def _believe(
        self, line: float, at: float, value: float, evidence: Evidence
    ) -> None:
        """Publish a value of the line."""
        gained = line - value
        if gained > 0 or at < self.moved:
            verdict = self._ask_sibling(line, gained, evidence)
            explained = self.measured.most(self.mark) + self._tolerance(evidence)
            likely, lag = self._likely(), self._lag(line, at)
            lags = likely is None or self._lacks(likely - gained, evidence)
            self._settle_accounts(gained, at, evidence, verdict)
            self.value, self.moved = line, at
            self.mark = self._next_mark(at, gained, caught_up=gained > explained)
            if not lags or not 0 <= at - self.agreed_at <= OVERLAP:
                self._agree(at, lag)
        else:
            self._stand_still(at)
        self.seen = self.measured.likely
        self.suspect, self.holds = None, False
        if self.back is None:
            self.at = at
            behind = self.missing > 0 and at < self.missing_until
            self.sibling.believe(
                line, evidence.sibling, gained, self.step, evidence.date, behind=behind
            )

    def _next_mark(self, at: float, gained: float = 0.0, *, caught_up: bool) -> Mark:
        """Return from where energy is measured now.

        A cloud that was away shows its last value, or the one after it, for a while: until then what was measured and the time nobody measured
        still count, unless the counter has ``caught_up``.
        """
        now, mark = self.measured.mark, self.mark
        if now.blind == mark.blind or not self.measured.trusted:
            self.back = None
            return now
        if self.back is None or at < self.back:
            self.back = at
        if caught_up or at - self.back >= RETURN:
            self.back = None
            return now
        return replace(
            now,
            likely=min(mark.likely + gained, now.likely),
            blind=mark.blind,
            unbounded=mark.unbounded,
            bounded=mark.bounded,
            assumed=mark.assumed,
        )

    def _stand_still(self, at: float) -> None:
        """Note that nothing was counted; what was measured may still be too little to show.

        What was only assumed has not flowed, where little flows now either: a counter that is stuck while much flows says nothing.
        """
        mark = self._next_mark(at, caught_up=False)
        rests = self.measured.recent <= RESTING
        assumed = mark.assumed - self.mark.assumed if rests else 0.0
        self.mark = Mark(
            likely=min(self.mark.likely + assumed, self.measured.likely),
            variance=self.mark.variance,
            blind=mark.blind,
            unbounded=mark.unbounded,
            bounded=mark.bounded,
            sparse=mark.sparse,
            unseen=self.mark.unseen,
            assumed=mark.assumed,
        )

    def _saw_nothing(self, unseen: float) -> None:
        """Note that a counter stood: what may have flowed without a power showing it has not, but for the latest."""
        self.mark = self.mark.with_seen(unseen)
        if self.suspect is not None:
            self.suspect.mark = self.suspect.mark.with_seen(unseen)

    def _settle_accounts(
        self, gained: float, at: float, evidence: Evidence, verdict: Verdict
    ) -> None:
        """Note how much of a gain was explained, and what is not proven."""
        left = self._explained(at, evidence) - gained
        likely, tolerance = self._likely(), self._tolerance(evidence)
        behind = 0.0 if likely is None else likely - gained
        self.missing = min(self.missing, max(0.0, left))
        if self.dip or self._lacks(behind, evidence):
            kept = self.missing if at < self.missing_until else 0.0
            self.missing, self.missing_until = (
                kept + max(0.0, behind),
                at + STEP_PATIENCE,
            )
        self.dip = 0.0
        # What passed for another reason than its power has used nothing up.
        self.tolerance_left = tolerance if left < 0 else min(left, tolerance)
        if likely is not None:
            self.measured.compare(gained, likely)
            if verdict is Verdict.CONFIRMED and not self._is_sparse():
                return
        if at >= self.unproven_until:
            self.unproven = 0.0
        if likely is not None:
            unexplained = gained - likely
        else:
            unexplained = gained if gained > tolerance else 0.0
        self.unproven = max(0.0, self.unproven + unexplained)
        if unexplained > 0:
            self.unproven_until = at + TRIAL
