"""A charger's session: when it began, through restarts and while nobody looked."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Reading, Slot
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.sessions import Sessions

NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
STEP = timedelta(minutes=5)


class Charger:
    """A charger that reports every five minutes."""

    def __init__(self) -> None:
        """Begin without a session."""
        self.storage, self.now = MemoryStorage(), NOON
        self.sessions = Sessions(self.storage)

    def say(self, energy: float, **more: float) -> datetime | None:
        """Report five minutes later; return when the session is said to have begun."""
        self.now += STEP
        values = {Slot(Q.CHARGER_ENERGY_SESSION): energy}
        values |= {Slot(Q(name)): value for name, value in more.items()}
        self.told = Reading(self.now, {**values})
        return self.hear(self.now)

    def hear(self, now: datetime) -> datetime | None:
        """Hear the latest report, which may be no news."""
        self.readings = {"evc": self.told}
        self.sessions.follow(self.readings, now)
        return self.sessions.since("evc")

    @property
    def shown(self) -> object:
        """What is shown of the session's energy."""
        return self.readings["evc"].values[Slot(Q.CHARGER_ENERGY_SESSION)]


def test_a_session_has_one_begin_and_the_next_one_another() -> None:
    """The duration tells the begin; that it grows unevenly while the car pauses moves nothing."""
    charger = Charger()
    begun = charger.say(0.4, charger_session_duration=240.0)
    assert begun == NOON + STEP - timedelta(seconds=240)
    assert charger.say(1.2, charger_session_duration=500.0) == begun
    assert charger.say(1.2, charger_session_duration=500.0) == begun
    charger.sessions = Sessions(charger.storage)
    assert charger.say(2.0, charger_session_duration=800.0) == begun
    assert charger.say(0.0) == begun
    assert charger.say(0.0) == charger.now - STEP


def test_a_session_that_began_while_home_assistant_was_off_is_another() -> None:
    """It is further than the last one, but the lifetime counter gained more than the difference."""
    charger = Charger()
    begun = charger.say(5.0, charger_energy_total=100.0)
    assert charger.say(6.0, charger_energy_total=101.0) == begun
    charger.now += timedelta(days=1)
    assert charger.say(7.0, charger_energy_total=108.0) == charger.now


def test_a_lifetime_counter_that_is_held_back_ends_no_session() -> None:
    """It catches up later; without one at all the session still holds."""
    charger = Charger()
    begun = charger.say(5.0, charger_energy_total=100.0)
    for energy, total in ((6.0, 100.0), (8.0, 100.0), (8.2, 103.2)):
        assert charger.say(energy, charger_energy_total=total) == begun
    assert charger.say(9.0) == begun


def test_an_older_answer_in_between_begins_no_session() -> None:
    """Another begin would book the whole session a second time; one that fell further is over."""
    charger = Charger()
    begun = charger.say(11.4)
    for energy in (12.3, 11.4, 12.3, 12.2, 11.1):
        assert charger.say(energy) == begun
    assert charger.say(11.0) == begun
    assert charger.say(11.0) == charger.now - STEP


def test_a_zero_for_one_upload_begins_no_session() -> None:
    """What was charged stays on the screen; told again by a later call, the zero is no second one, and a restart changes nothing."""
    charger = Charger()
    begun = charger.say(12.3)
    assert charger.say(0.0) == begun
    assert charger.shown == 12.3
    charger.sessions = Sessions(charger.storage)
    assert charger.hear(charger.now + STEP) == begun
    assert charger.say(12.6) == begun
    assert charger.shown == 12.6
    charger.say(0.0)
    assert charger.say(0.4) == charger.now - STEP
    assert charger.shown == 0.4


@pytest.mark.parametrize("stored", ["x", {"evc": 7}, {"evc": {"since": "x"}}])
def test_a_damaged_store_begins_anew(stored: object) -> None:
    """It never raises."""
    charger = Charger()
    charger.storage.delay_save("sessions", lambda: stored)
    charger.sessions = Sessions(charger.storage)
    assert charger.say(1.0) == charger.now
    assert charger.sessions.since("other") is None
