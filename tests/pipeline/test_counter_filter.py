"""The filter of lifetime counters: every glitch users reported, and what must hold for any sequence at all."""

from collections.abc import Iterable, Iterator
import itertools
import json
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.pipeline.counter_filter import (
    FIRST_ZERO_PATIENCE,
    LONG_PATIENCE,
    SETTLING,
    STEP_PATIENCE,
    CounterFilter,
)
from custom_components.solar_cloud.pipeline.growth import Evidence, GrowthLimit
from custom_components.solar_cloud.pipeline.held import Held, HeldBecause

from .recorder import increasing_sum

RATED = 10_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
POLL = 5 * MINUTE
START = 1_780_000_000.0


class Play:
    """A counter in time, its counter, and what was published."""

    def __init__(self, level: float = 12_000.0, rated: float | None = RATED) -> None:
        """Begin at a level."""
        self.counter = CounterFilter()
        self.rated = rated
        self.now = START
        self.true = level
        self.published: list[float | None] = []
        self.say(level)

    def say(self, raw: float) -> float | None:
        """Let the vendor say a value now."""
        value = self.counter.observe(raw, self.now, Evidence(limit=self.rated))
        self.published.append(value)
        return value

    def wait(self, seconds: float) -> None:
        """Let time pass unheard."""
        self.now += seconds

    def run(
        self, seconds: float, watts: float = 0.0, error: float = 0.0, step: float = POLL
    ) -> float:
        """Let the true counter run, reported with an error, and return what is published at the end."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.true += watts * step / 3_600_000
            self.say(round(max(0.0, self.true + error), 3))
        value = self.published[-1]
        assert value is not None
        return value

    @property
    def sum(self) -> float:
        """Return what Home Assistant's statistics make of it."""
        return increasing_sum(self.published)


def test_a_day_of_production_passes_as_it_is() -> None:
    """Nothing is held that is not odd."""
    play = Play()
    play.run(10 * HOUR, watts=9_000)
    play.run(10 * HOUR)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)
    assert play.counter.rejected == 0


def test_e01_yesterday_once_more_after_midnight_is_refused() -> None:
    """30 kWh within five minutes of the night, gone after an hour."""
    play = Play()
    play.run(4 * HOUR)
    assert play.run(HOUR, error=30.0) == pytest.approx(12_000)
    assert play.run(HOUR) == pytest.approx(12_000)
    assert play.counter.rejected == 12
    assert play.run(HOUR, watts=5_000) == pytest.approx(12_005)
    assert play.sum == pytest.approx(5)


def test_e02_e03_a_fall_by_yesterdays_yield_is_held() -> None:
    """For an hour each night, and no hour becomes negative."""
    play = Play()
    for _ in range(30):
        play.run(10 * HOUR, watts=4_000)
        play.run(6 * HOUR)
        play.run(HOUR, error=-40.0)
        play.run(6 * HOUR)
    assert play.published == sorted(play.published, key=lambda value: value or 0)
    assert play.sum == pytest.approx(play.true - 12_000)


def test_e06_a_small_dip_is_held_until_the_counter_made_up_for_it() -> None:
    """8635.66 → 8635.56, and never anything else again."""
    play = Play(8635.66)
    play.true = 8635.56
    assert play.run(3 * DAY) == 8635.66
    assert play.run(HOUR, watts=50) == 8635.66
    assert play.run(HOUR, watts=100) == pytest.approx(8635.71)


@pytest.mark.parametrize("hours", [1, 5, 14])
def test_e08_the_zero_of_a_sleeping_inverter_is_no_reset(hours: float) -> None:
    """However long the night is."""
    play = Play()
    play.run(hours * HOUR, error=-12_000)
    assert play.published[-1] == 12_000
    play.run(HOUR, watts=2_000)
    assert play.published[-1] == pytest.approx(12_002)
    assert play.sum == pytest.approx(2)


def test_e08_a_counter_first_met_asleep_is_unknown() -> None:
    """Believing its zero would book its whole life at sunrise."""
    counter = CounterFilter()
    for poll in range(100):
        assert counter.observe(0.0, START + poll * POLL, Evidence(limit=RATED)) is None
    assert counter.observe(12_000.0, START + 9 * HOUR, Evidence(limit=RATED)) == 12_000


def test_a_counter_that_is_really_new_starts_from_zero() -> None:
    """After a day of zeros."""
    counter = CounterFilter()
    assert counter.observe(0.0, 0.0, Evidence(limit=RATED)) is None
    assert counter.observe(0.0, FIRST_ZERO_PATIENCE, Evidence(limit=RATED)) == 0.0
    assert (
        counter.observe(0.4, FIRST_ZERO_PATIENCE + HOUR, Evidence(limit=RATED)) == 0.4
    )


def test_a_clock_that_jumped_ahead_does_not_make_a_counter_new() -> None:
    """Its zero is counted from the earlier time."""
    counter = CounterFilter()
    assert counter.observe(0.0, START + 10 * DAY, Evidence(limit=RATED)) is None
    assert counter.observe(0.0, START, Evidence(limit=RATED)) is None
    assert counter.observe(0.0, START + HOUR, Evidence(limit=RATED)) is None


@pytest.mark.parametrize("rated", [RATED, None])
def test_e09_one_absurd_point_is_refused_and_the_next_good_one_counts(
    rated: float | None,
) -> None:
    """E28 too: no value is missed because of the one before."""
    play = Play(rated=rated)
    play.run(HOUR, watts=3_000)
    play.run(POLL, error=150.0)
    assert play.published[-1] == pytest.approx(12_003)
    play.run(POLL, watts=3_000)
    assert play.published[-1] == pytest.approx(12_003.25)
    assert play.counter.rejected == 1


def test_steps_of_a_whole_kwh_pass() -> None:
    """A counter without decimals moves seldom, and then by much."""
    play = Play(rated=1_000)
    for _ in range(100):
        play.run(70 * MINUTE)
        play.true += 1
    assert play.published[-1] == play.true - 1
    assert play.counter.rejected == 0


def test_a_home_assistant_that_was_off_for_two_days_misses_nothing() -> None:
    """What can have been counted meanwhile passes once it has lasted."""
    play = Play()
    play.wait(2 * DAY)
    play.true += 90
    assert play.say(play.true) == 12_000
    assert play.run(SETTLING, watts=3_000) == pytest.approx(play.true)


def test_a_short_silence_holds_nothing_up() -> None:
    """Two missed uploads at full power."""
    play = Play()
    play.wait(900)
    play.true += 1.5
    assert play.say(play.true) == 12_001.5


def test_a_leap_after_standstill_that_goes_away_was_none() -> None:
    """A counter that stood for an hour may have been shown late, or lie now."""
    play = Play(rated=None)
    play.run(3_300)
    assert play.run(900, error=31.7) == 12_000
    assert play.run(HOUR, watts=1_000) == pytest.approx(12_001)


@pytest.mark.parametrize("leap", [31.7, 187.0])
def test_a_leap_after_an_outage_that_goes_away_was_none(leap: float) -> None:
    """The first values after an outage came out of a glitch: however little flows, no kWh of it stays."""
    play = Play()
    play.wait(8 * HOUR)
    play.true += 5
    assert play.run(900, error=leap) == 12_000
    assert play.run(HOUR) == 12_005
    assert play.sum == pytest.approx(5)


def test_a_leap_after_an_outage_that_was_none_is_made_up_for() -> None:
    """A glitch outlasted the wait after an outage: no kWh is booked twice."""
    play = Play()
    play.wait(8 * HOUR)
    assert play.run(2 * SETTLING, error=30) == 12_030
    play.run(6 * HOUR)
    play.run(10 * HOUR, watts=4_000)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)
    assert play.sum == pytest.approx(40)


def test_a_leap_that_is_never_made_up_for_does_not_hold_a_counter_for_ever() -> None:
    """After two days the counter goes on from where it is."""
    play = Play()
    play.wait(2 * DAY)
    play.run(2 * SETTLING, error=400)
    play.run(LONG_PATIENCE + HOUR)
    play.run(HOUR, watts=1_000)
    assert play.published[-1] == pytest.approx(12_401)


def test_late_news_count_in_full_once_they_proved_true() -> None:
    """A frozen cloud without time stamps catches up with what was really counted."""
    play = Play()
    play.run(6 * HOUR)
    play.true += 25
    assert play.run(STEP_PATIENCE - HOUR) == pytest.approx(12_000)
    assert play.run(2 * HOUR, watts=1_000) == pytest.approx(12_027)


def test_a_corrected_total_continues_without_a_step() -> None:
    """Huawei recomputes lifetime sums up and down; neither is energy of this hour, and what flows meanwhile counts."""
    play = Play()
    play.true += 5_000
    play.run(HOUR * 6, watts=2_000)
    assert play.published[-1] == pytest.approx(12_012, abs=0.2)
    play.true -= 7_000
    play.run(HOUR * 6, watts=2_000)
    assert play.published[-1] == pytest.approx(12_024, abs=0.4)


def test_a_correction_that_is_taken_back_is_undone() -> None:
    """The step down lasted longer than the patience: its end is not energy either."""
    play = Play()
    play.run(5 * HOUR, error=-40.0)
    assert play.run(HOUR, watts=1_000) == pytest.approx(12_001)
    assert play.run(HOUR, watts=1_000) == pytest.approx(12_002)
    assert play.sum == pytest.approx(2)


def test_a_replaced_device_counts_from_its_zero() -> None:
    """After hours the new counter shows, and the statistics gain what it counted."""
    play = Play()
    play.run(HOUR, watts=3_000)
    play.true = 0.0
    play.run(4 * HOUR, watts=3_000)
    assert play.published[-1] == pytest.approx(12)
    assert play.sum == pytest.approx(3 + 12)


def test_a_new_serial_is_believed_at_once() -> None:
    """The battery was replaced."""
    play = Play()
    play.counter.renew()
    play.true = 0.0
    assert play.say(0.0) == 12_000
    play.run(HOUR, watts=3_000)
    assert play.published[-1] == pytest.approx(3)
    assert play.sum == pytest.approx(3)


@pytest.mark.parametrize("brought", [500.0, 11_900.0, 20_000.0])
def test_a_used_device_brings_no_energy_along(brought: float) -> None:
    """Only what it counts from now on is ours."""
    play = Play()
    play.counter.renew()
    play.true = brought
    assert play.say(brought) == 12_000
    play.run(HOUR, watts=2_000)
    assert play.published[-1] == pytest.approx(12_002)


def test_a_serial_told_before_the_first_value_changes_nothing() -> None:
    """There is nothing yet to start anew from."""
    counter = CounterFilter()
    counter.renew()
    assert counter.observe(700.0, START, Evidence(limit=RATED)) == 700
    assert counter.observe(10.0, START + POLL, Evidence(limit=RATED)) == 700


def test_a_counter_that_may_not_fall_continues_over_a_restart() -> None:
    """A counter of the day has statistics that take every fall for a loss."""
    counter = CounterFilter.starting(20.0, START, RATED, lifelong=False)
    for poll in range(1, 50):
        value = counter.observe(poll * 0.1, START + poll * POLL, Evidence(limit=RATED))
    assert value == pytest.approx(20 + 49 * 0.1)


def test_a_large_site_of_unknown_rating_never_locks_up() -> None:
    """A megawatt is far above what is assumed; a quarter of an hour of steady climbing proves it, and nothing is lost."""
    play = Play(rated=None)
    play.run(30 * MINUTE, watts=1_000_000)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)
    play.run(6 * HOUR, watts=900_000)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)
    assert play.counter.rejected < 5


def test_a_wrong_rating_gives_way() -> None:
    """Ten watts instead of ten kilowatts: hours later the counter is right, and stays right."""
    play = Play(rated=10)
    play.run(2 * DAY, watts=8_000)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)
    rejected = play.counter.rejected
    play.run(DAY, watts=8_000)
    assert play.counter.rejected == rejected


def test_a_clock_that_goes_back_does_not_lock() -> None:
    """A device that was a year ahead is set right."""
    play = Play()
    play.now += 365 * DAY
    play.say(play.true)
    play.now = START
    play.run(HOUR, watts=8_000)
    assert play.published[-1] == pytest.approx(play.true, abs=2e-3)


def test_an_oddity_seen_twice_with_silence_between_has_not_lasted() -> None:
    """Two nights' glitches are two glitches."""
    play = Play()
    play.run(POLL, error=-40.0)
    play.wait(DAY)
    play.run(POLL, error=-40.0)
    assert play.published[-1] == 12_000
    play.run(POLL)
    assert play.counter.offset == 0


def test_leaps_within_an_oddity_start_the_waiting_anew() -> None:
    """Garbage is not made true by more garbage."""
    play = Play()
    for error in (5_000.0, 6_000.0, 7_000.0):
        play.run(2 * HOUR, error=error)
    assert play.published[-1] == 12_000
    play.run(2 * HOUR, watts=1_000, error=7_000.0)
    assert play.published[-1] == pytest.approx(12_002, abs=0.1)


SAMPLES = st.lists(
    st.tuples(
        st.sampled_from([1.0, 30.0, POLL, POLL, POLL, HOUR, 10 * HOUR, 3 * DAY]),
        st.one_of(
            st.floats(0, 30_000, allow_nan=False).map(lambda value: round(value, 2)),
            st.floats(-2, 2).map(lambda change: f"{change:.2f}"),
        ),
    ),
    max_size=80,
)


def replay(
    counter: CounterFilter,
    samples: Iterable[tuple[float, float | str]],
    rated: float | None,
) -> Iterator[tuple[float, float | None]]:
    """Feed samples: a number is a level, a text a change of the last one."""
    now, raw = START, 12_000.0
    for wait, what in samples:
        now += wait
        raw = max(0.0, raw + float(what)) if isinstance(what, str) else what
        yield now, counter.observe(round(raw, 6), now, Evidence(limit=rated))


@settings(max_examples=300, deadline=None)
@given(SAMPLES, st.sampled_from([None, 3_000.0, RATED]))
def test_never_a_fall_but_to_what_can_have_been_counted_since(
    samples: list[tuple[float, float | str]], rated: float | None
) -> None:
    """A published fall is a restart: below half, and within what time allows."""
    counter = CounterFilter()
    moments = [
        (at, value)
        for at, value in replay(counter, samples, rated)
        if value is not None
    ]
    watts = max(rated or 30_000.0, counter.learned_limit)
    for (_, before), (later, after) in itertools.pairwise(moments):
        if after < before:
            assert after < before / 2
            assert after <= GrowthLimit.of(watts).max_growth(later - moments[0][0])


@settings(max_examples=300, deadline=None)
@example([(1.0, 1.0), (1.0, 2.0), *[(1.0, "1.00")] * 3], 3_000.0)
@example([(1.0, "0.00"), (36000.0, 12009.0), (1.0, "1.00"), (3600.0, "0.00")], 3_000.0)
@given(SAMPLES, st.sampled_from([3_000.0, RATED]))
def test_never_faster_than_physics(
    samples: list[tuple[float, float | str]], rated: float
) -> None:
    """Over any span since the counter last stood still, or was off its line: twice the rating times the time, and rounding once an upload."""
    counter = CounterFilter()
    moments = [
        (at, value, counter.holds)
        for at, value in replay(counter, samples, rated)
        if value is not None
    ]
    pace = GrowthLimit.of(max(rated, counter.learned_limit))
    moved = 0.0
    for start, (at, level, held) in enumerate(moments):
        if not start or (level != moments[start - 1][1] and not held):
            moved = at
        gained = 0.0
        for later, value, _ in moments[start + 1 :]:
            gained += value - level if value >= level else value
            level = value
            rounding = pace.tolerance * (1 + (later - moved) / POLL)
            assert gained <= pace.max_growth(later - moved) + rounding


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(SAMPLES, st.sampled_from([None, RATED]), st.floats(50, 20_000))
def test_recovers_from_any_garbage(
    samples: list[tuple[float, float | str]], rated: float | None, level: float
) -> None:
    """After days of good data what is published moves exactly as the vendor's counter does."""
    counter = CounterFilter()
    published = [*replay(counter, samples, rated)]
    now = published[-1][0] if published else START
    raw = round(level, 2)

    def run(seconds: float) -> float | None:
        nonlocal now, raw
        value = None
        for _ in range(round(seconds / POLL)):
            now += POLL
            raw = round(raw + 0.25, 6)
            value = counter.observe(raw, now, Evidence(limit=rated))
        return value

    run(LONG_PATIENCE + 2 * STEP_PATIENCE)
    before, base, rejected = run(POLL), raw, counter.rejected
    after = run(DAY)
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(raw - base, abs=1e-5)
    assert counter.rejected == rejected


@pytest.mark.parametrize(
    ("off", "says", "because", "lasts", "behind"),
    [
        (0.0, 0.0, "zero", None, -12_000.0),
        (0.0, 11_999.3, "dip", None, -0.7),
        (0.0, 12_150.0, "step", STEP_PATIENCE, 150.0),
        (0.0, 11_500.0, "step", STEP_PATIENCE, -500.0),
        (8 * HOUR, 12_031.7, "unseen_step", SETTLING, 31.7),
        (0.0, 0.7, "new_device", STEP_PATIENCE, -11_999.3),
    ],
)
def test_a_counter_says_why_it_is_held(
    off: float, says: float, because: str, lasts: float | None, behind: float
) -> None:
    """By which rule, since when, until when at most; nothing once the counter is right again."""
    play = Play()
    play.run(HOUR)
    assert play.counter.why_held() is None
    play.wait(off + POLL)
    play.say(says)
    held = play.counter.why_held()
    assert held is not None
    assert (held.because, held.behind) == (because, behind)
    heard = play.now - off - POLL
    since = play.now if lasts else START if because == "dip" else heard
    assert (held.since, held.believed_at) == (since, lasts and since + lasts)
    play.run(POLL)
    assert play.counter.why_held() is None


def test_a_counter_that_makes_up_for_a_leap_says_so() -> None:
    """A glitch outlasted the wait after an outage: until when the counter is waited for, at most."""
    play = Play()
    play.wait(8 * HOUR)
    play.run(2 * SETTLING, error=30)
    assert play.counter.why_held() is None
    play.run(POLL)
    since, until = play.now, play.now + LONG_PATIENCE
    play.run(6 * HOUR)
    assert play.counter.why_held() == Held(HeldBecause.OWED, since, until, -30.0)


def test_a_counter_first_met_asleep_says_so() -> None:
    """It may be new: for a day nobody knows."""
    counter = CounterFilter()
    assert counter.why_held() is None
    counter.observe(0.0, START, Evidence(limit=RATED))
    held = Held(HeldBecause.FIRST_ZERO, START, START + FIRST_ZERO_PATIENCE)
    assert counter.why_held() == held


@settings(max_examples=200, deadline=None)
@given(SAMPLES, st.integers(0, 80), st.sampled_from([None, RATED]))
def test_a_restart_changes_nothing(
    samples: list[tuple[float, float | str]], cut: int, rated: float | None
) -> None:
    """The state is what is stored, through JSON."""
    kept, whole = CounterFilter(), CounterFilter()
    expected = [*replay(whole, samples, rated)]
    now, raw = START, 12_000.0
    for number, (wait, what) in enumerate(samples):
        if number == cut:
            kept = from_json(CounterFilter, json.loads(json.dumps(to_json(kept))))
        now += wait
        raw = max(0.0, raw + float(what)) if isinstance(what, str) else what
        assert (
            kept.observe(round(raw, 6), now, Evidence(limit=rated))
            == expected[number][1]
        )


@settings(max_examples=200, deadline=None)
@given(SAMPLES, st.sampled_from([None, RATED]))
def test_the_same_sample_again_changes_nothing(
    samples: list[tuple[float, float | str]], rated: float | None
) -> None:
    """A row that is read twice is one row."""
    once, twice = CounterFilter(), CounterFilter()
    now, raw = START, 12_000.0
    for wait, what in samples:
        now += wait
        raw = max(0.0, raw + float(what)) if isinstance(what, str) else what
        value = once.observe(round(raw, 6), now, Evidence(limit=rated))
        for _ in range(3):
            again = twice.observe(round(raw, 6), now, Evidence(limit=rated))
        assert value == again
    assert once == twice


@pytest.mark.parametrize(
    "stored",
    [
        None,
        7,
        [],
        {"value": "x", "suspect": {"begun": 1}, "measured": 7, "mark": [1]},
    ],
)
def test_a_damaged_store_starts_anew(stored: Any) -> None:
    """And the filter works."""
    counter = from_json(CounterFilter, stored)
    assert counter.value is None
    assert counter.observe(5.0, START, Evidence(limit=RATED)) == 5.0


def test_a_damaged_part_of_a_store_is_left_out() -> None:
    """What remains is used."""
    play = Play()
    play.run(POLL, error=-40.0)
    stored = to_json(play.counter)
    assert isinstance(stored, dict)
    counter = from_json(CounterFilter, {**stored, "suspect": {"rises": "x"}, "new": 1})
    assert counter.suspect is None
    assert counter.value == play.counter.value
