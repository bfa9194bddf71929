"""A month of storm for every vendor, about five minutes each: what the recorder made of it; and how old the data are meanwhile."""

import argparse
import os
from pathlib import Path
import subprocess
import sys

from . import cadence


def main(arguments: list[str]) -> int:
    """Run ``benchmark energy [--days DAYS] [--seed SEED] [--vendor VENDOR]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark energy")
    parser.add_argument("--days", default="30", help="of storm, 30 when left out")
    parser.add_argument("--seed", default="1", help="of the storm")
    parser.add_argument("--vendor", help="only this one")
    options = parser.parse_args(arguments)
    chosen = ["-k", options.vendor] if options.vendor else []
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
            str(Path(__file__).with_name("_energy.py")),
            *chosen,
        ],
        env=os.environ
        | {"BENCHMARK_DAYS": options.days, "BENCHMARK_SEED": options.seed},
        check=False,
    ).returncode
    return done or cadence.main([])
