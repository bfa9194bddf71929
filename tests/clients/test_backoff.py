"""A wait doubles with each failure in a row, and has an end."""

import pytest

from custom_components.solar_cloud.cloud.backoff import DoublingWait, doubled


def test_a_wait_doubles_up_to_its_longest_and_begins_anew_after_a_success() -> None:
    """A minute, two, four, … a quarter of an hour."""
    waits = DoublingWait()
    assert [waits.next(60, 900) for _ in range(6)] == [60, 120, 240, 480, 900, 900]
    waits.reset()
    assert waits.next(60, 900) == 60


@pytest.mark.parametrize("failures", [-3, 0, 40, 5000])
def test_a_cloud_that_fails_for_weeks_is_still_tried(failures: int) -> None:
    """Two to the number of its failures is more than a number can hold, and a stored number may be damaged."""
    assert doubled(60, failures, 900) == (900 if failures > 0 else 60)
