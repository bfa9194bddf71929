"""What counters showed when Home Assistant died: what was written by then is older, and no counter may fall behind what was seen."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..cloud.model import Reading, Slot
from .daily import daily

PATIENCE: Final = 3600.0
"""Seconds after which a counter that does not get there is another one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A counter's last state before the crash, in kWh, and since when it was shown, in epoch seconds."""

    value: float
    at: float


class ShownBefore:
    """Keeps counters at what they showed until they get there."""

    def __init__(self) -> None:
        """Begin with nothing: most runs end in order."""
        self._shown: dict[tuple[str, Slot], Shown] = {}
        self._until = 0.0

    def take_up(self, shown: Mapping[tuple[str, Slot], Shown], now: float) -> None:
        """Take up what was shown, by plant or device and slot."""
        self._shown, self._until = dict(shown), now + PATIENCE

    def hold(
        self,
        readings: MutableMapping[str, Reading],
        day_start: Callable[[str], datetime | None],
        now: float,
    ) -> None:
        """Raise counters to what they showed; one of today only on the same day."""
        if now > self._until:
            self._shown.clear()
        for (key, slot), shown in list(self._shown.items()):
            reading = readings.get(key)
            told = reading.values.get(slot) if reading else None
            if reading is None or not isinstance(told, float):
                continue
            start = day_start(key) if daily(slot.quantity) else None
            if told >= shown.value or (start and shown.at < start.timestamp()):
                del self._shown[key, slot]
            else:
                values = {**reading.values, slot: shown.value}
                readings[key] = reading.with_values(values)
