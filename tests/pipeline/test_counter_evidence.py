"""What vouches for a gain: the rows of docs/counters.md, each by itself, and random mixtures of them."""

from dataclasses import dataclass, field

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.solar_cloud.pipeline.counter_filter import (
    STEP_PATIENCE,
    CounterFilter,
)
from custom_components.solar_cloud.pipeline.growth import Evidence

from .recorder import increasing_sum

POLL, HOUR, DAY = 300.0, 3600.0, 86400.0
START = 1_780_000_000.0
LEVEL = 12_000.0


@dataclass
class Home:
    """A thing that uses energy, its counter, its counter of today, and the filter."""

    told: bool = True
    """Whether there is a counter of today."""
    ceiling: float | None = None
    date: int = 0
    dated: bool = True
    idle_since: float | None = None
    watts: float = 2_000.0
    now: float = START
    true: float = LEVEL
    today: float = 3.0
    filter: CounterFilter = field(default_factory=CounterFilter)
    published: list[float | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the witnesses get acquainted."""
        self.run(6 * HOUR)

    def pass_time(self, seconds: float) -> None:
        """Let energy flow unheard."""
        self.now += seconds
        self.true += self.watts * seconds / 3_600_000
        self.today += self.watts * seconds / 3_600_000

    def run(
        self,
        seconds: float,
        error: float = 0.0,
        *,
        null: bool = False,
        stuck: bool = False,
        today_error: float = 0.0,
    ) -> float:
        """Poll for a time, the lifetime and today told with errors; return how far what is published is from the truth."""
        standing = self.true
        for _ in range(round(seconds / POLL)):
            self.pass_time(POLL)
            evidence = self.evidence(self.watts, self.today + today_error)
            if null:
                self.filter.witness(self.now, evidence)
            else:
                level = standing if stuck else self.true
                raw = round(max(0.0, level + error), 2)
                self.published.append(self.filter.observe(raw, self.now, evidence))
        value = self.filter.value
        assert value is not None
        return value - self.true

    def evidence(self, watts: float, today: float) -> Evidence:
        """Say what else is known."""
        return Evidence(
            power=watts,
            sibling=round(today, 2) if self.told else None,
            dated=self.dated,
            date=self.date,
            idle_since=self.idle_since,
        )

    def show(self, level: float, today: float, watts: float) -> None:
        """Let a cloud that was away show an old upload first."""
        self.pass_time(POLL)
        evidence = self.evidence(watts, today)
        value = self.filter.observe(round(level, 2), self.now, evidence)
        self.published.append(value)

    def be_silent(self, seconds: float) -> None:
        """Let the device say nothing, while others may measure around it."""
        for _ in range(round(seconds / POLL)):
            self.pass_time(POLL)
            self.filter.witness(self.now, Evidence(ceiling=self.ceiling))

    @property
    def sum_error(self) -> float:
        """Return what statistics sum up beyond the truth."""
        return increasing_sum(self.published) - (self.true - LEVEL)


@pytest.fixture(params=[True, False], ids=["today told", "no today"])
def home(request: pytest.FixtureRequest) -> Home:
    """A home with a counter of today, and one without."""
    return Home(told=request.param)


@pytest.mark.parametrize("leap", [31.7, 8.0, 1.3])
@pytest.mark.parametrize("minutes", [5, 25, 60, 120])
def test_of_a_leap_only_what_the_power_explains_is_published(
    home: Home, leap: float, minutes: int
) -> None:
    """However long it lasts, the counter goes on by what is true, and is right at once when it is over."""
    assert home.run(minutes * 60, error=leap) == pytest.approx(0, abs=0.05)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)
    assert home.sum_error == pytest.approx(-2_000 * POLL / 3_600_000, abs=0.05)


@pytest.mark.parametrize("fall", [-31.7, -4.0])
def test_an_older_total_does_not_stop_the_counter(home: Home, fall: float) -> None:
    """It goes on by what the replay gains, and ends where it should."""
    assert home.run(90 * 60, error=fall) == pytest.approx(-0.17, abs=0.05)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_half_kwh_is_told_by_the_day_alone() -> None:
    """Less than the sun may give between two uploads: the counter of today does not share it."""
    home = Home()
    assert home.run(HOUR, error=0.5) == pytest.approx(0, abs=0.05)
    assert home.filter.rejected == 12


def test_nulls_hide_nothing() -> None:
    """What flowed meanwhile was measured."""
    home = Home()
    home.run(40 * 60, null=True)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_nulls_and_a_leap_are_told_apart(home: Home) -> None:
    """The part that was measured passes, the rest is held."""
    home.run(40 * 60, null=True)
    assert home.run(30 * 60, error=20.9) == pytest.approx(0, abs=0.1)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_doubted_time_earns_nothing(home: Home) -> None:
    """25 minutes of a leap do not make a smaller one possible that follows it."""
    home.run(25 * 60, error=30.0)
    assert home.run(25 * 60, error=6.0) == pytest.approx(0, abs=0.05)
    home.run(25 * 60, error=0.0, null=True)
    assert home.run(25 * 60, error=9.0) == pytest.approx(0, abs=0.1)


def test_an_outage_the_day_confirms_passes_at_once() -> None:
    """Both gained 12 kWh."""
    home = Home()
    home.pass_time(6 * HOUR)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_two_uploads_in_one_poll_pass_right_after_an_outage() -> None:
    """FusionSolar does not say when a counter was read: what an outage brought has used no credit up."""
    home = Home(dated=False)
    home.pass_time(6 * HOUR)
    home.run(POLL)
    home.pass_time(POLL)
    home.now -= POLL
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_counter_that_stands_for_days_earns_no_leap() -> None:
    """Read every 20 minutes at night, as consents of FusionSolar are: what nobody saw between two readings has not flowed."""
    counter = CounterFilter()
    for number in range(3 * 72):
        now = START + number * 1200.0
        counter.observe(LEVEL, now, Evidence(power=0.0))
    for _ in range(3):
        now += 1200.0
        counter.observe(LEVEL + 8.0, now, Evidence(power=0.0))
        assert counter.value == LEVEL


@pytest.mark.parametrize("stays", [10, 40])
def test_a_stuck_counter_may_make_up_for_all_of_it(stays: int) -> None:
    """Stuck, and low for a while after that: what it lacks then comes at once, and nothing waits for it."""
    home = Home(told=False)
    home.run(stays * POLL, stuck=True)
    assert home.filter.stuck
    held = home.filter.why_held()
    assert held is not None
    assert (held.because, held.behind) == ("stuck", 0)
    home.true, lacking = home.true - stays / 12, home.true
    assert home.run(3 * POLL) == pytest.approx(0, abs=0.02)
    home.true = lacking + 0.5
    assert home.run(POLL) == pytest.approx(0, abs=0.02)
    assert not home.filter.holds


def test_an_outage_over_midnight_passes_though_today_is_smaller_than_the_gain() -> None:
    """Today began anew unseen and has passed what it showed before."""
    home = Home()
    home.pass_time(6 * HOUR)
    home.today, home.date = 4.0, 1
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_an_outage_over_midnight_is_no_glitch() -> None:
    """That today began anew says nothing against the lifetime, nor against the plant's other counters."""
    home = Home()
    home.pass_time(8 * HOUR)
    home.today, home.date = home.today - 15.5, 1
    evidence = home.evidence(home.watts, home.today)
    assert not home.filter.is_denied(round(home.true, 2), home.now, evidence)
    home.today, home.date = home.today + 15.5, 0
    home.run(HOUR)
    evidence = home.evidence(home.watts, home.today)
    assert home.filter.is_denied(home.true + 5.0, home.now, evidence)


def test_a_counter_that_stood_for_hours_says_nothing_of_others() -> None:
    """The cloud repeated its last value while the device was cut off, with a new day's zero beside it after midnight."""
    home = Home()
    standing, shown_today, home.watts = home.true, home.today, 500.0
    for number in range(96):
        home.pass_time(POLL)
        if number == 84:
            home.today, home.date, shown_today = 0.0, 1, 0.0
        shown = home.evidence(0.0, shown_today)
        home.filter.observe(round(standing, 2), home.now, shown)
    for _ in range(3):
        home.pass_time(POLL)
        evidence = home.evidence(home.watts, home.today)
        assert not home.filter.is_denied(round(home.true, 2), home.now, evidence)
        home.filter.observe(round(home.true, 2), home.now, evidence)
    assert home.filter.holds


@pytest.mark.parametrize("watts", [1_000.0, 0.0], ids=["stuck", "of the night"])
def test_a_solar_counter_that_was_repeated_until_the_dark_says_nothing_of_others(
    watts: float,
) -> None:
    """Its last reading, with the power beside it, until the dongle came back after dusk. Today shows the same energy; a leap it does not show is one."""
    home = Home()
    standing, shown_today = home.true, home.today
    for _ in range(120):
        home.pass_time(POLL)
        shown = home.evidence(watts, shown_today)
        home.filter.observe(round(standing, 2), home.now, shown)
    home.idle_since, home.watts = home.now - HOUR, 0.0
    for _ in range(3):
        home.pass_time(POLL)
        evidence = home.evidence(0.0, home.today)
        assert not home.filter.is_denied(round(home.true, 2), home.now, evidence)
        if not watts:
            leap = round(home.true, 2) + 9
            assert home.filter.is_denied(leap, home.now, evidence)
        home.filter.observe(round(home.true, 2), home.now, evidence)
    assert home.filter.holds


def test_what_one_of_two_strings_kept_back_is_energy_when_it_comes() -> None:
    """Each upload was behind by less than two uploads can be apart, all of them by 8 kWh."""
    home = Home(told=False, dated=False, watts=7_000.0)
    for number in range(1, 21):
        home.run(POLL, error=-0.4 * number)
    assert home.run(STEP_PATIENCE + 2 * POLL) == pytest.approx(0, abs=0.02)


def test_an_outage_nobody_confirms_passes_after_half_an_hour() -> None:
    """And the counter goes on meanwhile."""
    home = Home(told=False)
    home.pass_time(6 * HOUR)
    assert home.run(20 * 60) == pytest.approx(-12.1, abs=0.2)
    assert home.run(10 * 60) == pytest.approx(0, abs=0.02)


def test_an_outage_on_the_first_day_passes_though_no_noon_was_seen_yet() -> None:
    """The highest power of a morning does not say what noon gives."""
    home = Home(told=False, watts=1_500.0)
    home.watts = 7_000.0
    home.pass_time(12 * HOUR)
    home.watts = 1_500.0
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_what_flowed_between_the_last_upload_and_the_dark_passes() -> None:
    """The value heard last was made up to an upload before: more than the time until dusk counts."""
    home = Home(told=False, watts=6_000.0)
    home.run(POLL)
    home.idle_since = home.now + 300.0
    home.pass_time(570.0)
    home.watts = 0.0
    home.pass_time(2 * HOUR)
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_an_outage_later_is_measured_by_what_a_whole_day_showed() -> None:
    """Nothing of these days gave more than 1.5 kW: 7 kW are a leap."""
    home = Home(told=False, watts=1_500.0)
    home.run(DAY)
    home.watts = 7_000.0
    home.pass_time(12 * HOUR)
    home.watts = 1_500.0
    assert home.run(2 * HOUR) == pytest.approx(-84, abs=0.2)


def test_a_cloud_that_was_away_may_show_an_upload_of_before_first() -> None:
    """Most of what flowed meanwhile was measured, or taken to go on as it was: one old value does not end that."""
    home = Home(told=False, watts=5_000.0)
    home.run(HOUR)
    before = home.true
    home.be_silent(40 * 60)
    home.show(before + 0.4, 0.0, 5_000.0)
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_cloud_that_comes_back_at_night_may_show_an_upload_of_the_day_first() -> None:
    """The value is heard in the dark, but was made in the light."""
    home = Home(told=False, watts=3_000.0)
    before = home.true
    home.be_silent(4 * HOUR)
    home.watts, home.idle_since = 0.0, home.now
    home.be_silent(2 * HOUR)
    home.show(before + 0.2, 0.0, 3_000.0)
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_cloud_that_comes_back_after_midnight_may_show_the_day_before_first() -> None:
    """Today still stands as yesterday did: that it began anew contradicts nothing."""
    home = Home()
    home.run(POLL)
    before, today = home.true, home.today
    home.be_silent(8 * HOUR)
    home.today, home.date = today + 0.5, 1
    home.show(before + 0.17, today + 0.17, 2_000.0)
    home.run(30 * 60)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("dark", "held"), [(HOUR, False), (11.5 * HOUR, True), (None, False)]
)
def test_what_the_sun_gave_before_an_outage_ended_at_night_passes(
    dark: float | None, held: bool
) -> None:
    """The sun set an hour ago; had it been down when the inverter was last heard, nothing could have flowed."""
    counter, evidence = CounterFilter(), Evidence(limit=8_000.0)
    for number in range(12):
        counter.observe(LEVEL, START + number * POLL, evidence)
    for number in range(6):
        now = START + 12 * HOUR + number * POLL
        since = None if dark is None else START + 12 * HOUR - dark
        counter.observe(LEVEL + 20.0, now, Evidence(limit=8_000.0, idle_since=since))
    assert (counter.value == LEVEL) == held


def test_an_outage_and_a_leap_the_day_does_not_share() -> None:
    """Held for longer than any glitch lasts."""
    home = Home()
    home.pass_time(HOUR)
    home.run(110 * 60, error=5.0)
    assert home.filter.value is not None
    assert home.filter.value <= home.true
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_silent_device_is_bounded_by_what_is_measured_around_it() -> None:
    """A battery that sleeps beside a house drawing 300 W was not charged with 20 kWh."""
    home = Home(told=False, ceiling=300.0)
    home.watts = 0.0
    home.run(2 * POLL)
    home.be_silent(4 * HOUR)
    assert home.run(2 * HOUR, error=20.0) == pytest.approx(0, abs=0.05)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_what_a_stuck_counter_lacks_after_an_outage_is_not_lost() -> None:
    """The cloud shows its last value for an hour and a half more: the time nobody measured is not forgotten meanwhile."""
    home = Home(told=False)
    home.be_silent(HOUR)
    home.run(90 * 60, error=-2.0, stuck=True)
    home.run(STEP_PATIENCE + HOUR)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_an_outage_does_not_explain_what_was_there_before_it() -> None:
    """Lifetime and today had leapt together while the power was known."""
    home = Home()
    home.watts = 300.0
    home.run(HOUR)
    home.run(25 * 60, error=2.0, today_error=2.0)
    home.be_silent(50 * 60)
    assert home.run(HOUR, error=2.0, today_error=2.0) <= 0.05
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_day_that_leapt_before_an_outage_confirms_nothing_after_it() -> None:
    """It stood through the outage: the lifetime, low until then, shows the same leap now."""
    home = Home()
    home.watts = 0.0
    home.run(HOUR)
    home.run(15 * 60, error=-8.0)
    home.run(15 * 60, error=-6.1, today_error=1.9)
    home.be_silent(75 * 60)
    assert home.run(HOUR, error=1.9, today_error=1.9) == pytest.approx(0, abs=0.05)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_counter_that_is_low_for_a_night_earns_no_leap() -> None:
    """It stands a little below what was published, and nobody looks more often than every 20 minutes."""
    counter = CounterFilter()
    for number in range(72):
        now = START + number * 1200.0
        low = 0.0 if number < 3 else 0.9
        counter.observe(LEVEL - low, now, Evidence(power=0.0))
    counter.observe(LEVEL + 3.5, now + POLL, Evidence(power=0.0))
    assert counter.value == LEVEL


@pytest.mark.parametrize(("hidden", "held"), [(0.0, True), (2_000.0, False)])
def test_nothing_flows_unseen_where_nothing_can(hidden: float, held: bool) -> None:
    """Between two readings at night a kettle boils, but no sun shines."""
    counter = CounterFilter()
    for number in range(3):
        now = START + number * 1200.0
        counter.observe(LEVEL, now, Evidence(power=0.0, hidden=hidden))
    now += 1200.0
    counter.observe(LEVEL + 0.4, now, Evidence(power=0.0, hidden=hidden))
    assert counter.holds == held


def ahead_of_its_counter() -> Home:
    """A leap was believed after an outage and has proved to be none."""
    home = Home(told=False)
    home.be_silent(2 * HOUR)
    home.run(HOUR, error=0.9)
    home.run(POLL)
    assert home.filter.value is not None
    assert home.filter.value > home.true + 0.4
    return home


def test_a_counter_that_waits_for_its_energy_is_not_stuck() -> None:
    """It has made up for most of it when the power ends: the house's energy need not wait for the rest."""
    home = ahead_of_its_counter()
    home.run(15 * 60)
    home.watts = 0.0
    home.run(2 * HOUR)
    assert not home.filter.stuck
    assert home.filter.ahead


def test_a_counter_that_waits_for_hours_is_counted_on() -> None:
    """What is published more than it counted is known by then."""
    home = ahead_of_its_counter()
    home.watts = 0.0
    home.be_silent(HOUR)
    home.run(POLL, error=0.9)
    home.run(STEP_PATIENCE + HOUR)
    assert home.filter.holds
    assert home.filter.ahead
    assert home.filter.back is None


def test_what_was_only_assumed_is_over_when_the_counter_stands() -> None:
    """A battery fell asleep while it gave much; what it did not give then does not explain a leap when it wakes."""
    home = Home(told=False, watts=5_000.0)
    home.watts = 0.0
    home.be_silent(25 * 60)
    home.pass_time(12 * HOUR)
    home.run(30 * 60)
    assert home.run(POLL, error=2.0) == pytest.approx(0, abs=0.3)


def test_a_leap_when_a_battery_wakes_is_made_up_for() -> None:
    """Nobody can tell it from what the battery gave before it slept; when it is over, the counter waits, and nothing is booked twice."""
    home = Home(told=False, watts=2_400.0)
    home.watts = 100.0
    home.be_silent(7 * HOUR)
    home.watts = 0.0
    home.run(30 * 60, error=1.34)
    home.run(4 * HOUR)
    home.watts = 500.0
    assert home.run(4 * HOUR) == pytest.approx(0, abs=0.02)


def test_what_a_silent_device_gave_last_is_not_assumed_to_go_on() -> None:
    """It gave 5 kW when it fell silent, and wakes with a leap: of what nobody measured nothing is published at once."""
    home = Home(told=False)
    home.watts = 5_000.0
    home.run(HOUR)
    last_addends, home.watts = home.true, 0.0
    home.be_silent(HOUR)
    home.run(POLL, error=17.0)
    assert home.filter.value == pytest.approx(last_addends, abs=0.02)


@pytest.mark.parametrize("today_error", [-2.0, 25.0])
def test_a_wrong_day_holds_no_lifetime(today_error: float) -> None:
    """It is set back late, or leaps: power and lifetime agree."""
    home = Home()
    assert home.run(2 * HOUR, today_error=today_error) == pytest.approx(0, abs=0.02)
    assert home.run(2 * HOUR) == pytest.approx(0, abs=0.02)


def test_a_day_that_stands_still_holds_no_lifetime() -> None:
    """The farther one from the power is wrong."""
    home = Home()
    for _ in range(24):
        home.today -= home.watts * POLL / 3_600_000
        assert home.run(POLL) == pytest.approx(0, abs=0.02)


def test_a_correction_for_good_makes_no_step(home: Home) -> None:
    """The vendor adds 500 kWh it had forgotten."""
    home.true += 500
    home.run(STEP_PATIENCE + HOUR)
    assert increasing_sum(home.published) == pytest.approx(
        home.true - LEVEL - 500, abs=0.3
    )


def test_a_power_of_something_else_is_not_asked_for_long() -> None:
    """A meter that shows kW as W explains a thousandth: the counter runs all the same."""
    home = Home(told=False)
    home.watts = 6_000.0
    for _ in range(200):
        home.pass_time(POLL)
        value = home.filter.observe(
            round(home.true, 2), home.now, Evidence(power=6.0, dated=True)
        )
    assert value == pytest.approx(home.true, abs=0.6)


GLITCHES = st.lists(
    st.tuples(
        st.sampled_from(["leap", "fall", "zero", "null", "hold", "held low"]),
        st.floats(1.2, 40),
        st.integers(1, 24),
        st.integers(1, 60),
    ),
    max_size=8,
)
"""Kind, kWh, uploads it lasts, uploads until the next."""


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(GLITCHES, st.booleans(), st.sampled_from([0.0, 300.0, 2_000.0, 9_000.0]))
def test_no_storm_leaves_anything(
    glitches: list[tuple[str, float, int, int]], told: bool, watts: float
) -> None:
    """One upload after the last glitch the counter is right; it was never ahead, and never fell."""
    home = Home(told=told)
    home.watts = watts
    home.run(HOUR)
    for kind, amount, lasts, until in glitches:
        errors = {"leap": amount, "fall": -amount, "zero": -1e6, "held low": -amount}
        ahead = home.run(
            lasts * POLL,
            errors.get(kind, 0.0),
            null=kind == "null",
            stuck=kind.startswith("held") or kind == "hold",
        )
        assert ahead <= 0.35
        home.run(until * POLL)
    assert home.run(POLL) == pytest.approx(0, abs=0.02)
    values = [each for each in home.published if each is not None]
    assert values == sorted(values)
