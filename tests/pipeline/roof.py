"""A plant that lives through months in the emulated world's weather: its panels, and its battery; looked at as often as a cloud would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import random
from typing import Final

from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.pipeline.battery import BatterySample
from custom_components.solar_cloud.pipeline.lagging import (
    Lag,
    PartsToday,
    PlantPowers,
    Siblings,
)

from ..emulators.world.spec import Array
from ..emulators.world.sun import Sky

DAY: Final = 86400.0
STEP: Final = 900
"""Seconds between two looks."""

type Shade = Callable[[int, int], float]
"""Which share of its light a part gets, by its place and the day."""


def unshaded(number: int, day: int) -> float:
    """Leave all light."""
    return 1.0


@dataclass
class Roof:
    """Strings of panels, compared day by day."""

    arrays: tuple[Array, ...]
    begin: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    latitude: float = 48.1
    seed: int = 1
    shade: Shade = unshaded
    limit: float | None = None
    """W at which the inverter holds the output."""
    siblings: Siblings = field(default_factory=Siblings)
    today: PartsToday = field(default_factory=PartsToday)

    def __post_init__(self) -> None:
        """Put it below the sky."""
        self._sky = Sky(self.latitude, 11.5, self.seed)
        self._noise = random.Random(self.seed)
        self.day = 0

    def powers(self, at: float) -> list[float] | None:
        """Return what the strings give, W; ``None`` in the dark."""
        if (light := self._sky.shine(at)) is None:
            return None
        sun, beam, diffuse = light
        given = []
        for number, array in enumerate(self.arrays):
            normal = array.normal
            straight = max(0.0, sum(a * b for a, b in zip(sun, normal, strict=True)))
            lit = beam * straight + diffuse * (1 + normal[2]) / 2
            noise = 1 + self._noise.gauss(0, 0.01)
            given.append(array.peak_w * lit * self.shade(number, self.day) * noise)
        most = sum(given)
        if self.limit is not None and most > self.limit:
            # The first string gives way, and the others only when it gives nothing.
            over = most - self.limit
            for number, power in enumerate(given):
                given[number] = max(0.0, power - over)
                over -= power - given[number]
        return given

    def live(self, days: int) -> Iterator[tuple[int, list[Lag] | None]]:
        """Live on, and yield after each day what lags."""
        for day in range(self.day, self.day + days):
            self.day = day
            midnight = self.begin.timestamp() + day * DAY
            date = self.begin.toordinal() + day
            for second in range(0, int(DAY), STEP):
                if (given := self.powers(midnight + second)) is None:
                    continue
                powers = {
                    ("inverter", Slot(Q.MPPT_POWER, number)): power
                    for number, power in enumerate(given, 1)
                }
                around = PlantPowers(-sum(given) + 500.0, None)
                self.siblings.observe(
                    powers, around, midnight + second, date, self.today
                )
            yield day, self.siblings.lags(date)
        self.day += 1


@dataclass
class Store:
    """A battery that is filled by day and emptied by night, and what a cloud tells of it."""

    capacity: float = 10.0
    """kWh that are in it when it is full."""
    way: float = 0.95
    """Which share of an energy gets in, or out."""
    floor: float = 10.0
    """% below which it gives nothing."""
    steps: float = 0.1
    """kWh in which its counters move."""
    seed: int = 1
    held: float = 4.5
    charged: float = 1000.0
    discharged: float = 900.0
    at: float = datetime(2026, 1, 1, tzinfo=UTC).timestamp()

    def __post_init__(self) -> None:
        """Begin."""
        self._noise = random.Random(self.seed)
        self._load = self._sun = 0.0

    def live(self, days: float, every: float = 300.0) -> Iterator[BatterySample]:
        """Live on, and yield what is told at each look."""
        end = self.at + days * DAY
        while self.at < end:
            hour = self.at % DAY / 3600
            if self.at % 3600 < every:
                self._load = self._noise.uniform(300, 1100)
                self._sun = self._noise.uniform(500, 4000) if 8 <= hour < 16 else 0.0
            self.at += every
            yield self._step(self._sun - self._load, every)

    def _step(self, surplus: float, seconds: float) -> BatterySample:
        """Let a surplus in W last, and tell of it."""
        empty = self.floor / 100 * self.capacity
        flow = surplus * seconds / 3_600_000
        if flow > 0:
            taken = min(flow, (self.capacity - self.held) / self.way)
            self.held += taken * self.way
            self.charged += taken
            power = -taken
        else:
            taken = min(-flow, max(0.0, self.held - empty) * self.way)
            self.held -= taken / self.way
            self.discharged += taken
            power = taken
        power *= 3_600_000 / seconds
        return BatterySample(
            self.at,
            round(100 * self.held / self.capacity),
            self._shown(self.charged),
            self._shown(self.discharged),
            power,
            -surplus - power,
        )

    def _shown(self, energy: float) -> float:
        return round(energy // self.steps * self.steps, 3)
