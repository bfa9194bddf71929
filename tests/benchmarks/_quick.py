"""Days of storms, cuts and plain weather in seconds: client and painter without a Home Assistant, judged against the world."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
import sys
from typing import Final

from ._glitches import Drawer, Glitch, outages
from ._tape import HOUR, MINUTE, ROLES, SIGN_INS, Take, Tape, clock, midnight, recorded
from ._verdict import Trial, Verdict, judge
from ._wire import drawn

DAY: Final = 86400.0
CALM: Final = 14 * HOUR
"""What follows a storm, so that everything held is believed or dropped."""
FREEZE: Final = 30.5
ACCEPTED: Final = 4 * HOUR
"""How long a replaced device may stay in doubt."""
LEAST: Final = 0.1
"""kWh beyond the resolution that are forgiven for a while: the smallest leap drawn, and what the judge interpolates."""
EXACT: Final = 0.05
"""The same for what stays."""


@dataclass(frozen=True)
class Case:
    """One home, one scenario, one seed."""

    sign_in: str
    scenario: str
    seed: int

    @property
    def random(self) -> Random:
        """Everything is drawn from it."""
        return Random(f"{self.scenario} {self.seed}")


@dataclass(frozen=True)
class Result:
    """What became of a case."""

    case: Case
    take: Take
    trial: Trial
    verdicts: tuple[Verdict, ...]


def _take(case: Case, days: float, **how: object) -> Take:
    """Choose season, weather and the phase of the polls: half the seeds poll in step with the uploads."""
    seed = case.seed
    return Take(
        case.sign_in,
        season=("summer", "winter")[seed % 2],
        days=days,
        phase=None if seed // 2 % 2 else 30.0 + 60.0 * (seed // 4 % 5),
        **how,  # type: ignore[arg-type]
    )


def _rated(case: Case) -> bool:
    return case.seed % 4 != 3 and case.seed % 4 != 0


def _storm(case: Case) -> tuple[Tape, Trial]:
    tape = recorded(_take(case, 4.0))
    drawn = _drawn(tape, case, Drawer.storm)
    return tape, Trial(drawn, rated=_rated(case))


def _midnight(case: Case) -> tuple[Tape, Trial]:
    tape = recorded(_take(case, 4.0))
    return tape, Trial(_drawn(tape, case, Drawer.midnights), rated=_rated(case))


def _long(case: Case) -> tuple[Tape, Trial]:
    """A fortnight of both, with restarts."""
    tape = recorded(_take(case, 14.0))
    random = case.random
    begin, end = _span(tape)
    drawer = Drawer(random, tape)
    glitches = [*drawer.storm(begin, end), *drawer.midnights(begin, end)]
    restarts = [random.uniform(begin, end) for _ in range(10)]
    return tape, Trial(glitches, restarts, rated=_rated(case))


def _replaced(case: Case) -> tuple[Tape, Trial]:
    tape = recorded(_take(case, 4.0))
    random = case.random
    begin, _ = _span(tape)
    glitches = Drawer(random, tape).replaced(begin + random.uniform(0.0, 1.5 * DAY))
    return tape, Trial(
        glitches, rated=_rated(case), patience=ACCEPTED, today_patience=ACCEPTED
    )


def _cut(case: Case) -> tuple[Tape, Trial]:
    """An outage of each kind, half an hour to twelve hours, at any time of the day."""
    begin = _take(case, 3.5).begin
    drawn = outages(case.random, begin + 5 * HOUR, begin + 3.5 * DAY - CALM)
    tape = recorded(_take(case, 3.5, outages=drawn))
    restarts = [each.end for each in drawn if each.kind == "off"]
    return tape, Trial((), restarts, rated=_rated(case))


def _wire(case: Case) -> tuple[Tape, Trial]:
    """A storm below the client: what devices upload."""
    take = _take(case, 3.5)
    end = take.begin + 3.5 * DAY - CALM
    lies = drawn(case.random, take.vendor.key, take.begin + 6 * HOUR, end)
    return recorded(_take(case, 3.5, lies=lies)), Trial(rated=_rated(case))


def _plain(case: Case) -> tuple[Tape, Trial]:
    """A sunny, a mixed, and a dark home; restarts at night and by day."""
    weather = ("sunny", "mixed", "dark")[case.seed % 3]
    tape = recorded(_take(case, 3.0, weather=weather))
    random = case.random
    restarts = [random.uniform(tape.take.begin + DAY, tape.take.begin + 3 * DAY)]
    restarts.append(midnight(tape.take.begin, 1) + random.uniform(-900.0, 900.0))
    return tape, Trial(
        (),
        restarts if case.seed % 2 else (),
        rated=_rated(case),
        today_patience=0.0,
    )


SCENARIOS: Final[dict[str, Callable[[Case], tuple[Tape, Trial]]]] = {
    "plain": _plain,
    "midnight": _midnight,
    "storm": _storm,
    "cut": _cut,
    "replaced": _replaced,
    "wire": _wire,
    "long": _long,
}


def _span(tape: Tape) -> tuple[float, float]:
    """Return when a storm may begin and must have ended."""
    return tape.take.begin + 6 * HOUR, tape.take.begin + tape.take.days * DAY - CALM


def _drawn(
    tape: Tape, case: Case, how: Callable[[Drawer, float, float], list[Glitch]]
) -> list[Glitch]:
    return how(Drawer(case.random, tape), *_span(tape))


def play(case: Case) -> Result:
    """Play one case and judge it."""
    tape, trial = SCENARIOS[case.scenario](case)
    return Result(case, tape.take, trial, tuple(judge(tape, trial)))


def violations(verdict: Verdict, patience: float) -> dict[str, tuple[float, float]]:
    """Return what is not as promised: how much, and when it was worst."""
    longest = max(FREEZE, patience / MINUTE)
    found = {
        "sum": (abs(verdict.sum), 0.0),
        "phantom": (verdict.phantom, verdict.phantom_at),
        "hour": (verdict.hour, verdict.hour_at),
        "today above": (verdict.above, verdict.above_at),
        "today below": (verdict.below, verdict.below_at),
        "falls": (verdict.falls, verdict.falls_at),
    }
    broken = {
        name: each
        for name, each in found.items()
        if each[0] > (EXACT if name in {"sum", "falls"} else LEAST)
    }
    if verdict.freeze > longest:
        broken["freeze"] = verdict.freeze, verdict.freeze_at
    return broken


def _row(results: Sequence[Result], role: object) -> str:
    verdicts = [
        verdict
        for result in results
        for verdict in result.verdicts
        if verdict.role is role
    ]
    total = max((each.sum for each in verdicts), key=abs)
    today = max(max(each.above, each.below) for each in verdicts)
    bad = sum(
        bool(violations(verdict, result.trial.patience))
        for result in results
        for verdict in result.verdicts
        if verdict.role is role
    )
    return (
        f"  {role!s:32}{total:9.2f}{max(each.phantom for each in verdicts):9.2f}"
        f"{max(each.hour for each in verdicts):9.2f}{max(each.freeze for each in verdicts):9.0f}"
        f"{today:9.2f}{max(each.falls for each in verdicts):8.2f}{bad:5}/{len(verdicts)}"
    )


HEAD: Final = (
    f"{'':34}{'sum':>9}{'phantom':>9}{'hour':>9}{'freeze':>9}{'today':>9}{'falls':>8}  bad\n"
    f"{'':34}{'kWh':>9}{'kWh':>9}{'kWh':>9}{'min':>9}{'kWh':>9}{'kWh':>8}"
)


def report(results: Sequence[Result], most: int) -> int:
    """Print the worst of each role of one sign-in and scenario, and how to see violations again; return their number."""
    case = results[0].case
    print(f"{case.sign_in}, {case.scenario}, {len(results)} seeds")
    for role in dict.fromkeys(v.role for each in results for v in each.verdicts):
        print(_row(results, role))
    count = 0
    for result in results:
        for verdict in result.verdicts:
            broken = violations(verdict, result.trial.patience)
            count += bool(broken)
            if broken and count <= most:
                print(_story(result, verdict, broken))
    sys.stdout.flush()
    return count


def _story(
    result: Result, verdict: Verdict, broken: dict[str, tuple[float, float]]
) -> str:
    case, take = result.case, result.take
    what = ", ".join(
        f"{name} {value:.2f}" + (f" at {clock(at)}" if at else "")
        for name, (value, at) in broken.items()
    )
    tape = recorded(take)
    about = {slot.quantity for _, slot in tape.counters(verdict.role)}
    concerned = {*about, *(ROLES[each] for each in about if each in ROLES)}
    times = [at for _, at in broken.values() if at]
    near = [
        str(each)
        for each in result.trial.glitches
        if any(each.begin - 1800 <= at <= each.end + 4 * HOUR for at in times)
        and any(slot.quantity in concerned for _, slot in each.counters)
    ]
    near += [
        f"{clock(each.begin)}+{(each.end - each.begin) / 60:.0f}min {each.kind}"
        for each in take.outages
    ]
    near += [
        f"{clock(each.begin)}+{(each.end - each.begin) / 60:.0f}min {each}"
        for each in take.lies
        if any(each.begin - 1800 <= at <= each.end + 4 * HOUR for at in times)
    ]
    near += [f"{clock(each)} restart" for each in result.trial.restarts]
    polls = "in step" if take.phase is None else f"at {take.phase:.0f} s"
    lines = [
        f"--sign-in {case.sign_in} --scenario {case.scenario} --seed {case.seed}"
        f" ({take.season}, {take.weather}, polls {polls}, {'rated' if result.trial.rated else 'ratings untold'})",
        f"    {verdict.role}: {what}",
        *(f"      {each}" for each in near[:12]),
    ]
    return "\n".join(lines)


def run(
    sign_ins: Sequence[str],
    scenarios: Sequence[str],
    seeds: Sequence[int],
    jobs: int = 1,
    most: int = 5,
) -> int:
    """Play all cases, print them by sign-in and scenario, and return the number of counters that broke a promise."""
    print(HEAD)
    count = total = 0
    with ExitStack() as stack:
        each = map if jobs < 2 else stack.enter_context(ProcessPoolExecutor(jobs)).map
        for sign_in in sign_ins:
            for scenario in scenarios:
                cases = [Case(sign_in, scenario, seed) for seed in seeds]
                results = list(each(play, cases))
                count += report(results, most)
                total += sum(len(result.verdicts) for result in results)
    print(f"{count} of {total} counters broke a promise.")
    return count


ALL: Final = tuple(SIGN_INS)
