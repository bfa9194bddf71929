"""How quick the emulated world is: a start takes milliseconds, a whole year of past a second or two of the processor's time."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import time

from tests.emulators.world import Clock, World

from .cadence import HOME

NOON = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)
LIMITS = {"a start": 0.2, "a year of past": 4.0}
"""Seconds of the processor, however busy the machine is."""


def main(arguments: Sequence[str]) -> int:
    """Print the table; fail where the promise is not kept."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark world")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    begun = time.process_time()
    site = World(Clock(NOON)).add(HOME)
    site.truth()
    started = time.process_time()
    site.truth(NOON - timedelta(days=365))
    took = {"a start": started - begun, "a year of past": time.process_time() - started}
    for name, seconds in took.items():
        print(f"{name:20}{seconds:8.2f} s, promised {LIMITS[name]} s")
    if options.json:
        options.json.write_text(json.dumps(took, indent=1) + "\n", "utf-8")
    return int(any(took[name] > LIMITS[name] for name in took))
