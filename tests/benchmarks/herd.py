"""How evenly thousands of installations ask a cloud whose devices all upload in the same second, every five minutes.

The real scheduler of each of them, without HTTP. Told is how many polls come in the busiest second, over the mean; and how old the data
are that a poll brings. An even load of polls that come within so many seconds after the upload can be seen is their share of five minutes:
within 100 s the peak is 3, and data are 50 s older than the cloud has them.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
import heapq
import json
from pathlib import Path
import random
import statistics
import time
from typing import Final

from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity as Q,
    Reading,
    Slot,
    Snapshot,
)
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots
from custom_components.solar_cloud.polling.scheduler import PollScheduler
from tests.pipeline.place import Place

UPLOADS: Final = 300.0
HOUR: Final = 3600.0
START: Final = datetime(2026, 6, 10, 8, tzinfo=UTC).timestamp()
DELAY: Final = 20.0
"""Seconds until the cloud shows an upload."""
VARIES: Final = 40.0
"""Seconds more that it may take, where it is not the same for each."""
LATENCY: Final = (0.3, 2.0)
LATE: Final = 0.05
BOOT: Final = (45.0, 165.0)
"""Seconds Home Assistant takes to be there again after a power cut: the router, the system, itself."""
LEARNING: Final = 5.0
"""Hours before anything is measured."""
LIMIT: Final = 3.0
SIZE: Final = 3000
"""Enough to tell what is systematic; by chance their busiest second is somewhat busier than that of 10,000."""
INVENTORY: Final = Inventory(
    {"plant": Plant(id="plant", name="Home")},
    {"device": Device(id="device", plant_id="plant", kind=DeviceKind.METER)},
)
SCENES: Final = ("a normal hour", "after an hour's outage", "all restarted together")


@dataclass
class Row:
    """What a cloud saw within an hour."""

    visibility: str
    scene: str
    peak: int
    mean: float
    ratio: float
    age: float
    """Mean seconds between upload and poll."""
    polls: int


class _Herd:
    """Installations at one cloud."""

    def __init__(self, size: int, varies: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._varies = varies
        self._storages = [MemoryStorage() for _ in range(size)]
        self._seeds = [self._random.getrandbits(32) for _ in range(size)]
        self._homes = [self._start(number) for number in range(size)]
        self._agenda = [
            (START + self._random.uniform(0.0, UPLOADS), number)
            for number in range(size)
        ]
        heapq.heapify(self._agenda)
        self._values = {Slot(Q.GRID_POWER): 1.0}
        self._delays: dict[tuple[int, int], float] = {}
        self._down = (0.0, 0.0)

    def _start(self, number: int) -> PollScheduler:
        storage = self._storages[number]
        return PollScheduler(
            storage, UPLOADS, self._seeds[number], KnownSlots(storage), Place()
        )

    def _seen(self, number: int, at: float) -> float:
        """Return the newest upload the cloud shows an installation."""
        upload = (at - DELAY) // UPLOADS
        if self._varies:
            chance = random.Random(number * 1_000_003 + int(upload)).random()
            if at < upload * UPLOADS + DELAY + chance * self._varies:
                upload -= 1
        return upload * UPLOADS

    def live(self, until: float) -> list[tuple[float, float | None]]:
        """Let everybody poll; return when, and how old what came was."""
        polls: list[tuple[float, float | None]] = []
        while self._agenda[0][0] < until:
            at, number = heapq.heappop(self._agenda)
            home, age = self._homes[number], None
            if not self._down[0] <= at < self._down[1]:
                upload = self._seen(number, at)
                age = at - upload
                measured = datetime.fromtimestamp(upload, UTC)
                snapshot = Snapshot({"device": Reading(measured, self._values)})
                latency = self._random.uniform(*LATENCY)
                home.learn(snapshot, INVENTORY, at + latency)
            polls.append((at, age))
            following = home.next_poll(at) + self._random.uniform(0.0, LATE)
            heapq.heappush(self._agenda, (following, number))
        return polls

    def break_down(self, begin: float, end: float) -> None:
        """Answer nothing for a while."""
        self._down = (begin, end)

    def restart(self, at: float) -> None:
        """Start all of them anew after a power cut."""
        self._homes = [self._start(number) for number in range(len(self._homes))]
        self._agenda = [
            (at + self._random.uniform(*BOOT), number)
            for number in range(len(self._homes))
        ]
        heapq.heapify(self._agenda)


def _row(
    visibility: str, scene: str, polls: Sequence[tuple[float, float | None]]
) -> Row:
    seconds = Counter(int(at) for at, _ in polls)
    ages = [age for _, age in polls if age is not None]
    mean = len(polls) / HOUR
    peak = max(seconds.values())
    age = statistics.fmean(ages)
    return Row(visibility, scene, peak, mean, peak / mean, age, len(polls))


def measure(visibility: str, varies: float, size: int, seed: int = 1) -> list[Row]:
    """Live through the scenes."""
    herd = _Herd(size, varies, seed)
    now = START + LEARNING * HOUR
    herd.live(now)
    rows = [_row(visibility, SCENES[0], herd.live(now + HOUR))]
    now += HOUR
    herd.break_down(now, now + HOUR)
    herd.live(now + HOUR)
    now += HOUR
    rows.append(_row(visibility, SCENES[1], herd.live(now + HOUR)))
    now += HOUR
    herd.restart(now)
    rows.append(_row(visibility, SCENES[2], herd.live(now + HOUR)))
    return rows


def main(arguments: Sequence[str]) -> int:
    """Print the table; fail where the promise is not kept."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark herd")
    parser.add_argument("--size", type=int, default=SIZE, help="installations")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    print(f"{options.size} installations, uploads every five minutes at one second")
    print(
        f"{'visible':12}{'':26}{'peak/s':>8}{'mean':>7}{'ratio':>7}{'age':>6}{'polls':>9}"
    )
    rows: list[Row] = []
    for visibility, varies in (("at once", 0.0), ("varying", VARIES)):
        started = time.perf_counter()
        for row in measure(visibility, varies, options.size):
            rows.append(row)
            print(
                f"{row.visibility:12}{row.scene:26}{row.peak:8}{row.mean:7.1f}"
                f"{row.ratio:7.1f}{row.age:6.0f}{row.polls:9}"
            )
        print(f"  {time.perf_counter() - started:.0f} s", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return int(any(row.ratio > LIMIT for row in rows))
