"""Storms, cuts and plain days for every vendor and sign-in: what was counted, held against the world's physical truth.

Slow, the default: a month in a real Home Assistant, about five minutes each: what the recorder made of it; and how old the data are
meanwhile. Quick: client and painter alone, days in seconds, by many seeds.
"""

import argparse
import os
from pathlib import Path
import subprocess
import sys

from . import _quick, cadence


def main(arguments: list[str]) -> int:
    """Run ``benchmark energy [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark energy")
    parser.add_argument("--days", default="30", help="of storm, 30 when left out")
    parser.add_argument("--seed", type=int, help="of the storm; 1 when left out")
    parser.add_argument("--vendor", help="only this one")
    parser.add_argument("--quick", action="store_true", help="without Home Assistant")
    quick = parser.add_argument_group("with --quick")
    quick.add_argument("--seeds", type=int, default=20, help="how many, from 1")
    quick.add_argument("--sign-in", action="append", choices=_quick.ALL)
    quick.add_argument("--scenario", action="append", choices=[*_quick.SCENARIOS])
    quick.add_argument("--jobs", type=int, default=1, help="processes")
    quick.add_argument(
        "--tell", type=int, default=5, help="violations of each to describe"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        return _run_quick(options)
    return _run_slow(options)


def _run_quick(options: argparse.Namespace) -> int:
    sign_ins = options.sign_in or [
        each for each in _quick.ALL if each.startswith(options.vendor or "")
    ]
    scenarios = options.scenario or [
        each for each in _quick.SCENARIOS if each != "long"
    ]
    seeds = range(1, options.seeds + 1) if options.seed is None else [options.seed]
    broken = _quick.run(sign_ins, scenarios, seeds, options.jobs, options.tell)
    return 1 if broken else 0


def _run_slow(options: argparse.Namespace) -> int:
    chosen = ["-k", options.vendor] if options.vendor else []
    seed = 1 if options.seed is None else options.seed
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
            str(Path(__file__).with_name("_energy.py")),
            *chosen,
        ],
        env=os.environ | {"BENCHMARK_DAYS": options.days, "BENCHMARK_SEED": str(seed)},
        check=False,
    ).returncode
    return done or cadence.main([])
