"""What counters showed before a crash: none falls behind it, and none is kept at it for ever."""

from datetime import UTC, datetime

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Reading, Slot
from custom_components.solar_cloud.pipeline.shown import PATIENCE, Shown, ShownBefore

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 6, 14, 22, tzinfo=UTC)
TOTAL, TODAY = Slot(Q.PV_ENERGY_TOTAL), Slot(Q.PV_ENERGY_TODAY)


def held(before: ShownBefore, slot: Slot, value: float, now: float) -> object:
    """Return what is published of a counter."""
    readings = {"inverter": Reading(None, {slot: value})}
    before.hold(readings, lambda _: MIDNIGHT, now)
    return readings["inverter"].values[slot]


@pytest.fixture
def before() -> ShownBefore:
    """A lifetime counter and one of today, as the recorder knows them."""
    shown = ShownBefore()
    shown.take_up(
        {
            ("inverter", TOTAL): Shown(100.0, NOW - 300),
            ("inverter", TODAY): Shown(4.0, NOW - 300),
        },
        NOW,
    )
    return shown


def test_a_counter_stays_where_it_was_seen_until_it_gets_there(
    before: ShownBefore,
) -> None:
    """What was written of it is older; afterwards nothing is held."""
    assert held(before, TOTAL, 99.6, NOW) == 100.0
    assert held(before, TODAY, 3.6, NOW) == 4.0
    assert held(before, TOTAL, 100.2, NOW + 300) == 100.2
    assert held(before, TOTAL, 99.0, NOW + 600) == 99.0


def test_a_counter_of_today_begins_anew_at_midnight(before: ShownBefore) -> None:
    """Yesterday's end is not held over it."""
    before.take_up({("inverter", TODAY): Shown(20.0, MIDNIGHT.timestamp() - 60)}, NOW)
    assert held(before, TODAY, 0.0, NOW) == 0.0


def test_a_counter_that_does_not_get_there_is_another(before: ShownBefore) -> None:
    """It is believed after an hour, in which it may have been silent."""
    before.hold({}, lambda _: MIDNIGHT, NOW)
    assert held(before, TOTAL, 7.0, NOW + PATIENCE) == 100.0
    assert held(before, TOTAL, 7.0, NOW + PATIENCE + 1) == 7.0
