"""What is known of plants and devices between polls."""

from datetime import UTC, datetime, timedelta

from custom_components.solar_cloud.cloud.model import Quantity, Reading, Slot
from custom_components.solar_cloud.cloud.polling import ReadingCache

from .conftest import StillClock

STALE_AFTER = 1200.0


def reading(watts: float, measured_at: datetime | None = None) -> Reading:
    """A power."""
    return Reading(measured_at, {Slot(Quantity.PV_POWER): watts})


def stale(cache: ReadingCache) -> bool:
    """Whether the inverter's last reading is no longer live."""
    last = cache.last("inverter")
    assert last is not None
    return cache.stale({"inverter": last}, STALE_AFTER) == {"inverter"}


def test_a_dated_reading_grows_old_by_its_own_time(still_clock: StillClock) -> None:
    """However often it is read again, and whatever is in it."""
    cache = ReadingCache()
    made = datetime.fromtimestamp(still_clock.now, UTC) - timedelta(minutes=15)
    for watts in (1.0, 2.0, 3.0):
        cache.put("inverter", reading(watts, made))
        assert stale(cache) == (watts > 2)
        still_clock.advance(300)


def test_an_undated_reading_grows_old_while_it_does_not_change(
    still_clock: StillClock,
) -> None:
    """Being read again does not make it new; another value does."""
    cache = ReadingCache()
    for _ in range(5):
        cache.put("inverter", reading(1.0))
        assert not stale(cache)
        still_clock.advance(300)
    cache.put("inverter", reading(1.0))
    assert stale(cache)
    cache.put("inverter", reading(2.0))
    assert not stale(cache)


def test_a_silent_device_is_still_known(still_clock: StillClock) -> None:
    """Its last reading is shown to nobody, and is live again with the next one only."""
    cache = ReadingCache()
    cache.put("inverter", reading(1.0))
    cache.fail(("inverter", "meter"), "offline")
    assert cache.live("inverter") is None
    assert cache.last("inverter") == reading(1.0)
    assert cache.last("meter") is None
    assert cache.silent == {"inverter": "offline", "meter": "offline"}
    cache.put("inverter", reading(2.0))
    assert cache.live("inverter") == reading(2.0)
    assert cache.silent == {"meter": "offline"}


def test_only_what_was_read_lately_is_had(still_clock: StillClock) -> None:
    """An age may be asked for, and what is no longer true forgotten."""
    cache = ReadingCache()
    cache.put("inverter", reading(1.0))
    still_clock.advance(600)
    assert cache.get("inverter", 600) is not None
    assert cache.get("inverter", 599) is None
    cache.drop("inverter")
    assert cache.get("inverter") is None
