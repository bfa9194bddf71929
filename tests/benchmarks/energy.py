"""Storms, cuts and plain days for every vendor and sign-in: what was counted, held against the world's physical truth.

Slow, the default: in a real Home Assistant with its recorder, a minute or two for each day; and how old the data are meanwhile. Quick:
client and painter alone, days in seconds, by many seeds.
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
    parser.add_argument("--quick", action="store_true", help="without Home Assistant")
    parser.add_argument("--sign-in", action="append", choices=_quick.ALL)
    parser.add_argument("--vendor", help="only its sign-ins")
    parser.add_argument("--scenario", action="append", choices=[*_quick.SCENARIOS])
    parser.add_argument("--seeds", type=int, help="how many: 20 when quick, else 1")
    parser.add_argument("--first", type=int, default=1, help="seed of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--days", default="2", help="of each slow scenario")
    parser.add_argument("--jobs", type=int, default=1, help="processes, when quick")
    parser.add_argument("--tell", type=int, default=5, help="violations to describe")
    options = parser.parse_args(arguments)
    sign_ins = options.sign_in or [
        each for each in _quick.ALL if each.startswith(options.vendor or "")
    ]
    if options.quick:
        return _run_quick(options, sign_ins)
    return _run_slow(options, sign_ins)


def _seeds(options: argparse.Namespace, usual: int) -> list[int]:
    if options.seed is not None:
        return [options.seed]
    return [*range(options.first, options.first + (options.seeds or usual))]


def _run_quick(options: argparse.Namespace, sign_ins: list[str]) -> int:
    scenarios = options.scenario or [
        each for each in _quick.SCENARIOS if each != "long"
    ]
    seeds = _seeds(options, 20)
    broken = _quick.run(sign_ins, scenarios, seeds, options.jobs, options.tell)
    return 1 if broken else 0


def _run_slow(options: argparse.Namespace, sign_ins: list[str]) -> int:
    scenarios = options.scenario or ["plain", "midnight", "storm", "cut"]
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "--no-header", "--show-capture=no", "--tb=line"),
            str(Path(__file__).with_name("_energy.py")),
        ],
        env=os.environ
        | {
            "BENCHMARK_DAYS": options.days,
            "BENCHMARK_SEEDS": ",".join(map(str, _seeds(options, 1))),
            "BENCHMARK_SIGN_INS": ",".join(sign_ins),
            "BENCHMARK_SCENARIOS": ",".join(scenarios),
        },
        check=False,
    ).returncode
    return done or cadence.main([])
