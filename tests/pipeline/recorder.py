"""Home Assistant's own arithmetic of sums (components/sensor/recorder.py), in the few lines that matter."""

from collections.abc import Iterable


def increasing_sum(values: Iterable[float | None]) -> float:
    """Sum a sensor of class ``total_increasing``: a fall below 90 % starts a cycle from 0, a smaller one counts as negative."""
    total, last = 0.0, None
    for value in values:
        if value is None:
            continue
        if last is not None:
            total += value if value < 0.9 * last else value - last
        last = value
    return total


def total_sum(values: Iterable[tuple[float, object]]) -> float:
    """Sum a sensor of class ``total`` from (value, last_reset): a new reset starts a cycle from 0, any other change counts."""
    total, last = 0.0, None
    for value, reset in values:
        if last is not None:
            total += value - (last[0] if reset == last[1] else 0.0)
        last = (value, reset)
    return total
