"""The plant's day: late, early and skipped resets, odd clocks, and what Home Assistant sums up of it."""

from datetime import UTC, date, datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.cloud.timestamps import midnight
from custom_components.solar_cloud.pipeline.day_counters import (
    DayCounter,
    DayShare,
    PlantDay,
)
from custom_components.solar_cloud.pipeline.growth import Evidence

from .place import BERLIN
from .recorder import total_sum

RATED = 10_000.0
HOUR, DAY, POLL = 3600.0, 86400.0, 300.0
EVENING = datetime(2026, 6, 15, 16, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 6, 15, 22, tzinfo=UTC).timestamp()


def moment(at: float) -> datetime:
    """Return an instant."""
    return datetime.fromtimestamp(at, UTC)


class Play:
    """A vendor's counter of the day and what is published of it."""

    def __init__(self, rated: float | None = RATED) -> None:
        """Begin on the evening before."""
        self.counter, self.day, self.rated = DayCounter(), PlantDay(), rated
        self.published: list[tuple[float, float]] = []

    def say(self, raw: float | None, now: float, at: float | None = None) -> float:
        """Let the vendor say a value, or nothing."""
        self.day.turn(moment(now), BERLIN)
        if raw is None:
            value = self.counter.turn(self.day, self.rated)
        else:
            value = self.counter.observe(
                raw, at or now, self.day, Evidence(limit=self.rated)
            )
        self.published.append((value, self.day.start))
        return value

    @property
    def sum(self) -> float:
        """Return what Home Assistant's statistics make of it."""
        return total_sum(self.published)


@pytest.mark.parametrize("evening", [22.3, 0.8])
@pytest.mark.parametrize("late", [0, 3, 40, 400])
def test_e04_yesterdays_value_after_midnight_is_not_todays(
    late: int, evening: float
) -> None:
    """However late the vendor resets, also after a dull day."""
    play = Play()
    play.say(evening, MIDNIGHT - POLL)
    for minute in range(0, late, 5):
        assert play.say(evening, MIDNIGHT + minute * 60) == 0
    begin = MIDNIGHT + late * 60
    assert play.say(0.0, begin) == 0
    assert play.say(0.3, begin + POLL) == 0.3
    assert play.sum == pytest.approx(0.3)


def test_e04_a_late_addition_to_yesterday_is_not_todays() -> None:
    """The counter still rises a little before it falls."""
    play = Play()
    play.say(22.3, MIDNIGHT - POLL)
    assert play.say(22.4, MIDNIGHT + 60) == 0
    assert play.say(22.2, MIDNIGHT + 360) == 0
    assert play.say(0.1, MIDNIGHT + 660) == 0.1


def test_e05_a_clock_that_resets_early_loses_nothing_of_the_new_day() -> None:
    """Before midnight the day's value is held; after it the vendor's counter counts."""
    play = Play()
    play.say(22.0, MIDNIGHT - 1200)
    assert play.say(0.0, MIDNIGHT - 900) == 22
    assert play.say(0.2, MIDNIGHT - 600) == 22
    assert play.say(0.4, MIDNIGHT + 60) == 0.4
    assert play.say(0.6, MIDNIGHT + 360) == 0.6


def test_a_zero_that_passes_before_midnight_is_no_early_reset() -> None:
    """Yesterday's value stays yesterday's."""
    play = Play()
    for raw, ago in ((22.0, 1200), (0.0, 900), (22.0, 600)):
        play.say(raw, MIDNIGHT - ago)
    assert play.say(22.0, MIDNIGHT + 60) == 0


def test_a_counter_that_stops_until_sunrise_is_read_by_its_own_time() -> None:
    """The row of yesterday evening is delivered all night."""
    play = Play()
    asleep = MIDNIGHT - 2 * HOUR
    play.say(22.0, asleep)
    for hour in range(3, 8):
        assert play.say(22.0, asleep + hour * HOUR, at=asleep) == 0
    assert play.say(0.2, MIDNIGHT + 6 * HOUR) == 0.2


def test_a_day_after_an_outage_counts_in_full() -> None:
    """Home Assistant was off from the evening until noon, and today's value is higher than the last one seen."""
    play = Play()
    play.say(14.0, EVENING)
    assert play.say(20.0, MIDNIGHT + 12 * HOUR) == 20
    assert play.sum == 20


def test_a_reset_nobody_saw_is_noticed_when_it_happens() -> None:
    """A small carried-over value that rose was taken for today's; the fall proves it was not, and the sum is right."""
    play = Play()
    play.say(0.3, MIDNIGHT - POLL)
    assert play.say(0.4, MIDNIGHT + 240) == 0.4
    assert play.say(0.0, MIDNIGHT + 360) == 0
    assert play.say(0.2, MIDNIGHT + 660) == 0.2
    assert play.sum == pytest.approx(0.2)


def test_glitches_within_the_day_are_held() -> None:
    """A zero, a dip, an absurd value, and a restart of the device that forgot its day."""
    play = Play()
    play.say(0.0, MIDNIGHT)
    noon = MIDNIGHT + 12 * HOUR
    for poll in range(21):
        play.say(0.5 * poll, noon + (poll - 20) * POLL)
    assert play.say(10.0, noon) == 10
    assert play.say(0.0, noon + POLL) == 10
    assert play.say(9.5, noon + 2 * POLL) == 10
    assert play.say(180.0, noon + 3 * POLL) == 10
    assert play.say(10.5, noon + 4 * POLL) == 10.5
    for poll in range(5, 60):
        value = play.say(0.1 * (poll - 4), noon + poll * POLL)
    assert value == pytest.approx(10.5 + 5.5)


@pytest.mark.parametrize(
    ("raw", "after", "expected"),
    [(22.0, 180, 0.0), (22.0, 9 * HOUR, 22.0), (0.1, 180, 0.1), (0.0, 60, 0.0)],
)
def test_a_counter_met_for_the_first_time(
    raw: float, after: float, expected: float
) -> None:
    """Right after midnight a large value is yesterday's."""
    assert Play().say(raw, MIDNIGHT + after) == expected


def test_a_large_site_of_unknown_rating_is_believed_when_first_met_by_day() -> None:
    """Four megawatt hours at noon."""
    play = Play(rated=None)
    assert play.say(4_000.0, MIDNIGHT + 12 * HOUR) == 4_000


def test_silence_over_midnight_begins_the_day_with_nothing() -> None:
    """And the day's value is there with the first row."""
    play = Play()
    play.say(22.0, MIDNIGHT - POLL)
    assert play.say(None, MIDNIGHT + 60) == 0
    assert play.say(None, MIDNIGHT + 4 * HOUR) == 0
    assert play.say(5.0, MIDNIGHT + 9 * HOUR) == 5


def test_money_of_the_day_may_be_lost_again() -> None:
    """Negative prices: no filter, but yesterday's stays yesterday's."""
    counter, day = DayCounter(guarded=False), PlantDay()
    day.turn(moment(MIDNIGHT - POLL), BERLIN)
    counter.observe(-1.2, MIDNIGHT - POLL, day)
    day.turn(moment(MIDNIGHT), BERLIN)
    assert counter.observe(-1.2, MIDNIGHT + 60, day) == 0
    assert counter.observe(0.0, MIDNIGHT + 360, day) == 0
    assert counter.observe(0.5, MIDNIGHT + 660, day) == 0.5
    assert counter.observe(-0.2, MIDNIGHT + 960, day) == -0.2


def begins(day: date, zone: ZoneInfo) -> datetime:
    """Return when a local day begins."""
    return datetime.fromtimestamp(midnight(day, zone), UTC)


@pytest.mark.parametrize(
    ("zone", "on", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kolkata", date(2026, 6, 15), 24),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("America/Havana", date(2026, 11, 1), 25),
    ],
)
def test_e14_days_are_as_long_as_they_are(zone: str, on: date, hours: float) -> None:
    """Also where midnight does not exist, or comes twice."""
    where = ZoneInfo(zone)
    begin, end = begins(on, where), begins(on + timedelta(days=1), where)
    assert (end - begin).total_seconds() == hours * HOUR
    assert begin.astimezone(where).date() == on
    assert (begin - timedelta(seconds=1)).astimezone(where).date() < on


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(
        ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]
    ),
)
def test_an_instant_is_in_its_day(at: datetime, zone: str) -> None:
    """The day began at most 25 hours ago, on the date the wall calendar shows."""
    now, where = at.replace(tzinfo=UTC), ZoneInfo(zone)
    begin = begins(now.astimezone(where).date(), where)
    assert timedelta(0) <= now - begin < timedelta(hours=25)
    assert begin.astimezone(where).date() == now.astimezone(where).date()


def test_a_zone_learnt_later_does_not_repeat_a_day() -> None:
    """The date goes on, and its midnight stays where it was said to be."""
    day, now = PlantDay(), datetime(2026, 6, 15, 23, tzinfo=UTC)
    day.turn(now, BERLIN)
    begun = day.start
    day.turn(now, ZoneInfo("America/New_York"))
    assert day.start == begun
    day.turn(now + timedelta(hours=6), ZoneInfo("America/New_York"))
    assert day.start == begun
    day.turn(now - timedelta(days=40), BERLIN)
    assert day.start < begun - 30 * DAY


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(0, 30).map(lambda kwh: round(kwh, 1)), min_size=2, max_size=6),
    st.integers(0, 90),
    st.booleans(),
)
def test_the_sum_of_days_is_the_sum_of_energies(
    yields: list[float], late: int, stamped: bool
) -> None:
    """For any weather and any lateness of the reset, to the last kWh but what fell into the late minutes."""
    play = Play()
    shown = 0.0
    play.say(0.0, MIDNIGHT - POLL)
    for number, yielded in enumerate(yields):
        start = MIDNIGHT + number * DAY
        for poll in range(int(DAY / POLL)):
            since = poll * POLL
            if since >= late * 60:
                shown = round(
                    yielded * min(max((since - 6 * HOUR) / (10 * HOUR), 0), 1), 2
                )
            value = play.say(shown, start + since, at=start + since - 30 * stamped)
            assert value >= 0
    assert play.sum == pytest.approx(sum(yields), abs=0.02)


def test_a_share_of_a_counter_is_split_at_midnight() -> None:
    """What was gained over it belongs to both days by their time."""
    share, day = DayShare(), PlantDay()
    day.turn(moment(EVENING), BERLIN)
    assert share.observe(1_000.0, EVENING, day, known=7.5) == 7.5
    assert share.observe(1_002.0, MIDNIGHT - HOUR, day) == 9.5
    day.turn(moment(MIDNIGHT + HOUR), BERLIN)
    assert share.observe(1_004.0, MIDNIGHT + HOUR, day) == pytest.approx(1.0)
    assert share.observe(1_004.0, MIDNIGHT + HOUR, day) == pytest.approx(1.0)
    assert share.observe(1_003.5, MIDNIGHT + 2 * HOUR, day) == pytest.approx(0.5)
    assert share.observe(3.0, MIDNIGHT + 3 * HOUR, day) == 0


def test_the_first_day_of_a_share_is_unknown_until_somebody_knows_it() -> None:
    """A zero at noon would be a wrong number."""
    share, day = DayShare(), PlantDay()
    day.turn(moment(EVENING), BERLIN)
    assert share.observe(1_000.0, EVENING, day) is None
    assert share.observe(1_001.0, EVENING + HOUR, day) is None
    known = from_json(DayShare, json.loads(json.dumps(to_json(share))))
    assert known.observe(1_002.0, EVENING + HOUR, day, known=5.0) == 5.0
    assert known.observe(1_003.0, EVENING + HOUR, day, known=9.0) == 6.0
    day.turn(moment(MIDNIGHT + HOUR), BERLIN)
    assert share.observe(1_002.0, MIDNIGHT, day) == 0.0
    assert share.observe(1_004.0, MIDNIGHT + HOUR, day) == 2.0


def test_a_day_nobody_saw_begin_is_learnt_from_two_counters_of_one_moment() -> None:
    """The plant's counter of today is read every other poll: half a kWh late would be missing all day."""
    share, day = DayShare(), PlantDay()
    day.turn(moment(EVENING), BERLIN)
    share.observe(1_000.0, EVENING, day, known=7.5)
    day.turn(moment(MIDNIGHT + 12 * HOUR), BERLIN)
    noon = MIDNIGHT + 12 * HOUR
    assert share.observe(1_010.0, noon, day, 4.0) == 4.0
    assert share.observe(1_010.5, noon + POLL, day, 4.0) == 4.5
    kept = from_json(DayShare, json.loads(json.dumps(to_json(share))))
    assert kept.observe(1_011.0, noon + 2 * POLL, day, 5.5) == 5.5
    assert kept.observe(1_011.5, noon + 3 * POLL, day, 9.0) == 6.0


def test_a_day_is_never_more_than_its_lifetime_gained() -> None:
    """A battery wakes after a midnight nobody watched: its counter of today leaps, its lifetime is held."""
    share, day = DayShare(), PlantDay()
    day.turn(datetime(2026, 6, 1, 20, tzinfo=UTC), UTC)
    evening = datetime(2026, 6, 1, 20, tzinfo=UTC).timestamp()
    share.observe(700.0, evening, day, 5.0)
    day.turn(datetime(2026, 6, 2, 5, tzinfo=UTC), UTC)
    morning = evening + 9 * 3600
    assert share.observe(700.1, morning, day, 11.5, certain=False) == 0.1


def test_a_day_nobody_saw_begin_is_not_learnt_from_a_leap() -> None:
    """A counter of today that says more than the lifetime gained since the evening before is wrong."""
    share, day = DayShare(), PlantDay()
    evening = datetime(2026, 6, 1, 20, tzinfo=UTC)
    day.turn(evening, UTC)
    share.observe(700.0, evening.timestamp(), day, 5.0)
    day.turn(evening + timedelta(hours=9), UTC)
    at = evening.timestamp() + 9 * 3600
    assert share.observe(700.1, at, day, 10.0) == pytest.approx(0.1, abs=0.1)
    assert share.observe(700.2, at + 300, day, 10.1) == pytest.approx(0.2, abs=0.1)
    assert share.observe(700.3, at + 600, day, 10.2) == pytest.approx(0.3, abs=0.1)


def test_a_share_with_a_clock_that_stands_still() -> None:
    """No time has passed, so nothing belongs to the day before."""
    share, day = DayShare(), PlantDay()
    day.turn(moment(MIDNIGHT - HOUR), BERLIN)
    share.observe(10.0, MIDNIGHT, day)
    day.turn(moment(MIDNIGHT), BERLIN)
    assert share.observe(12.0, MIDNIGHT, day) == 2


def test_days_survive_a_restart() -> None:
    """Through JSON, in the middle of a late reset."""
    play = Play()
    play.say(22.0, MIDNIGHT - POLL)
    play.say(22.0, MIDNIGHT + 60)
    stored = json.loads(json.dumps(to_json(play.counter)))
    assert from_json(DayCounter, stored) == play.counter
    assert from_json(PlantDay, json.loads(json.dumps(to_json(play.day)))) == play.day
    share = DayShare(5, 1.0, 2.0, 3.0)
    assert from_json(DayShare, json.loads(json.dumps(to_json(share)))) == share


@pytest.mark.parametrize("stored", [None, [], ["x"], {"a": 1}])
def test_damaged_days_start_anew(stored: Any) -> None:
    """And nothing raises."""
    assert from_json(DayCounter, stored) == DayCounter()
    assert from_json(PlantDay, stored) == PlantDay()
    assert from_json(DayShare, stored) == DayShare()
