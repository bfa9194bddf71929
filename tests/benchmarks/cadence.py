"""How old data are when polled in step with the uploads, and by a fixed timer with as many calls.

Two ages are given: of the data a poll brings, which is what the sensor ``data_age`` shows, and of the data on the screen at any moment,
which is older by half a period on average whatever one does. The floor is what the best possible moment would give: data cannot be seen
before the cloud has processed them, and polls that must lie further apart than uploads fall behind.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
import itertools
import json
import math
from pathlib import Path
import random

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
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots
from custom_components.solar_cloud.polling.scheduler import PollScheduler
from tests.emulators.world import (
    Array,
    Battery,
    Clock,
    Dongle,
    Inverter,
    Sample,
    SiteSpec,
    World,
)
from tests.pipeline.place import Place

START = datetime(2026, 6, 10, 5, tzinfo=UTC)
UPLOADS = 300.0
DAY = 86400.0
LIMIT = 0.6
"""What is promised of the age of the data a poll brings."""

HOME = SiteSpec(
    id="home",
    inverters=(
        Inverter(
            id="inverter",
            arrays=(Array(peak_w=5200), Array(peak_w=4400, azimuth=250)),
            battery=Battery(id="battery"),
        ),
    ),
)
KINDS = {
    "inverter": DeviceKind.INVERTER,
    "battery": DeviceKind.BATTERY,
    "meter": DeviceKind.METER,
}


@dataclass(frozen=True)
class Case:
    """A vendor's cloud: how long it takes to show each device's upload, and whether it tells their times."""

    vendor: str
    delays: Mapping[str, float]
    stamped: bool = True
    jitter: float = 0.0
    missed: float = 0.0
    note: str = ""

    @property
    def period(self) -> float:
        """The least seconds between polls."""
        return VENDORS[self.vendor].poll_period

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{VENDORS[self.vendor].name}{self.note}"

    def dongles(self, phase: float) -> dict[str, Dongle]:
        """Build the devices' dongles."""
        return {
            key: Dongle(
                key, phase=phase, delay=delay, jitter=self.jitter, missed=self.missed
            )
            for key, delay in self.delays.items()
        }

    @property
    def floor(self) -> float:
        """The least mean age of what a poll brings: all uploads visible, and what polls fall behind."""
        drift = max(0.0, self.period - UPLOADS)
        behind = math.sqrt(2 * drift * UPLOADS) / 2
        return max(self.delays.values()) + behind


def _together(delay: float) -> dict[str, float]:
    return dict.fromkeys(KINDS, delay)


CASES = (
    Case("solax", _together(20.0)),
    Case("solax", _together(20.0), jitter=20.0, missed=0.02, note=", unsteady"),
    Case("sungrow", _together(75.0)),
    Case(
        "fusionsolar",
        {"inverter": 40.0, "battery": 70.0, "meter": 100.0},
        stamped=False,
        note=", no times",
    ),
)


@dataclass(frozen=True)
class Ages:
    """Mean seconds, and how many polls they took."""

    polled: float
    shown: float
    polls: int

    @classmethod
    def of(cls, moments: Sequence[float], dongles: Mapping[str, Dongle]) -> Ages:
        """Measure polls at these moments."""
        polled = shown = 0.0
        for at, following in itertools.pairwise(moments):
            ages = [at - (dongle.last_upload(at) or at) for dongle in dongles.values()]
            mean, lasts = sum(ages) / len(ages), following - at
            polled += mean
            shown += (mean + lasts / 2) * lasts
        count = len(moments) - 1
        return cls(polled / count, shown / (moments[-1] - moments[0]), count)

    @classmethod
    def mean(cls, runs: Sequence[Ages]) -> Ages:
        """Average several runs."""
        return cls(
            sum(each.polled for each in runs) / len(runs),
            sum(each.shown for each in runs) / len(runs),
            sum(each.polls for each in runs),
        )


def _reading(key: str, sample: Sample, *, stamped: bool) -> Reading:
    """Say what the client would make of an upload."""
    powers, energies = sample.powers, sample.energies
    inverter, grid = sample.inverter("inverter"), round(powers.grid)
    figures: dict[str, dict[Q, float]] = {
        "inverter": {
            Q.PV_POWER: round(inverter.pv_w),
            Q.PV_ENERGY_TOTAL: inverter.pv_kwh,
            Q.AC_POWER: round(inverter.ac_w),
            Q.AC_ENERGY_TOTAL: inverter.ac_out_kwh,
        },
        "battery": {Q.BATTERY_POWER: round(powers.battery)},
        "meter": {
            Q.GRID_IMPORT_POWER: max(0, grid),
            Q.GRID_EXPORT_POWER: max(0, -grid),
            Q.GRID_IMPORT_ENERGY_TOTAL: energies.grid_import,
            Q.GRID_EXPORT_ENERGY_TOTAL: energies.grid_export,
        },
    }
    at = datetime.fromtimestamp(sample.at, UTC) if stamped else None
    return Reading(
        at,
        {
            Slot(quantity): round(float(value), 2)
            for quantity, value in figures[key].items()
        },
    )


def in_step(case: Case, days: float, phase: float, seed: int) -> list[float]:
    """Poll as the integration does, with one restart in the middle, and return the moments."""
    site = World(Clock(START)).add(HOME)
    dongles = case.dongles(phase)
    devices = {key: Device(id=key, plant_id="home", kind=KINDS[key]) for key in dongles}
    inventory = Inventory({"home": Plant(id="home", name="Home")}, devices)
    storage, timing = MemoryStorage(), random.Random(seed)

    def rhythm() -> PollScheduler:
        return PollScheduler(
            storage, case.period, seed * 7919, KnownSlots(storage), Place()
        )

    polling, moments, begin = rhythm(), [], START.timestamp()
    known: dict[str, tuple[float, Reading]] = {}
    at, restarted = begin, False
    while at < begin + days * DAY:
        moments.append(at)
        for key, dongle in dongles.items():
            upload = dongle.last_upload(at) or at
            if key not in known or known[key][0] != upload:
                sample = site.sample(upload)
                known[key] = upload, _reading(key, sample, stamped=case.stamped)
        if not restarted and at > begin + days * DAY / 2:
            polling, restarted = rhythm(), True
        readings = {key: reading for key, (_, reading) in known.items()}
        polling.learn(Snapshot(readings), inventory, at + timing.uniform(0.3, 2.0))
        at = polling.next_poll(at) + timing.uniform(0.0, 0.05)
    return moments


def fixed(case: Case, days: float, phase: float, seed: int) -> list[float]:
    """Poll by Home Assistant's usual timer, which runs on when a poll ends."""
    timing, moments = random.Random(seed), []
    at = START.timestamp() + phase
    while at < START.timestamp() + days * DAY:
        moments.append(at)
        at += case.period + timing.uniform(0.3, 2.0)
    return moments


type Poll = Callable[[Case, float, float, int], list[float]]


def measure(case: Case, poll: Poll, days: float, runs: int) -> Ages:
    """Average runs whose uploads lie at different moments."""
    ages = []
    for run in range(runs):
        phase = run * UPLOADS / runs
        ages.append(Ages.of(poll(case, days, phase, run), case.dongles(phase)))
    return Ages.mean(ages)


def main(arguments: Sequence[str]) -> int:
    """Print the table; fail where the promise is not kept."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark cadence")
    parser.add_argument("--days", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    print("Mean age of data in seconds: as a poll brings them | as shown at any moment")
    print(
        f"{'':25}{'in step':>8}{'fixed':>7}{'floor':>7}{'ratio':>7}"
        f" |{'in step':>8}{'fixed':>7}{'floor':>7}{'ratio':>7} | polls"
    )
    kept, rows = True, []
    for case in CASES:
        ours = measure(case, in_step, options.days, options.runs)
        timer = measure(case, fixed, options.days, options.runs)
        ratio = ours.polled / timer.polled
        kept = kept and ratio <= LIMIT
        rows.append(
            {
                "name": case.name,
                "in_step": asdict(ours),
                "fixed": asdict(timer),
                "floor": case.floor,
                "ratio": ratio,
            }
        )
        print(
            f"{case.name:25}{ours.polled:8.0f}{timer.polled:7.0f}{case.floor:7.0f}{ratio:7.2f}"
            f" |{ours.shown:8.0f}{timer.shown:7.0f}{case.floor + case.period / 2:7.0f}"
            f"{ours.shown / timer.shown:7.2f} | {ours.polls} : {timer.polls}"
        )
    print(
        f"Promised: at most {LIMIT} of the fixed timer's age per poll, with no more polls."
    )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0 if kept else 1
