"""A month of everything that can go wrong, in a real Home Assistant with its recorder: what was tried, survived, and what was not.

Each sign-in lives by itself, one after the other: its faults come in a random order by seed, with a change of clocks in the middle. A month of one takes
about ten minutes. Exit status 1 when anything was violated; a line says by which seed, sign-in and fault, for ``--seed S --sign-in W --only N``.
"""

import argparse
from collections import defaultdict
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

from ._tape import SIGN_INS


@dataclass
class Row:
    """A fault of a vendor, over all its times."""

    tried: int = 0
    violations: int = 0
    recovered: list[float] = field(default_factory=list)
    bound: float = 0.0


def main(arguments: list[str]) -> int:
    """Run ``benchmark soak [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark soak")
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--vendors", nargs="+", choices=sorted({*SIGN_INS.values()}))
    parser.add_argument("--sign-in", action="append", choices=[*SIGN_INS])
    parser.add_argument("--only", type=int, nargs="+", help="the numbers of faults")
    parser.add_argument("--minutes", default="inf", help="stop each sign-in after")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    sign_ins = options.sign_in or [
        each
        for each, vendor in SIGN_INS.items()
        if not options.vendors or vendor in options.vendors
    ]
    soaked: list[dict[str, Any]] = []
    broken = 0
    for seed in range(options.seed, options.seed + options.seeds):
        for sign_in in sign_ins:
            began = time.monotonic()
            status, told = _run(sign_in, seed, options)
            broken += bool(status)
            if told is None:
                print(f"\nseed {seed}, {sign_in}: ended with {status}")
                continue
            told["seconds"] = time.monotonic() - began
            soaked.append(told)
            print(f"\n{_line(told)}", flush=True)
    print(table(soaked))
    if options.json:
        options.json.write_text(json.dumps(soaked, indent=1))
    return int(bool(broken) or any(_violations(each) for each in soaked))


def _run(
    sign_in: str, seed: int, options: argparse.Namespace
) -> tuple[int, dict[str, Any] | None]:
    """Let one account live in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "soak.json"
        status = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
                *("-p", "no:logging", "-p", "no:cacheprovider"),
                str(Path(__file__).with_name("_soak.py")),
            ],
            env=os.environ
            | {
                "SOAK_SIGN_IN": sign_in,
                "SOAK_SEED": str(seed),
                "SOAK_DAYS": str(options.days),
                "SOAK_ONLY": " ".join(map(str, options.only or ())),
                "SOAK_MINUTES": options.minutes,
                "SOAK_OUTPUT": str(output),
            },
            check=False,
        ).returncode
        told = json.loads(output.read_text()) if output.exists() else None
    return status, told


def _violations(told: dict[str, Any]) -> int:
    return sum(len(each["violations"]) for each in told["faults"])


def _line(told: dict[str, Any]) -> str:
    faults = [each for each in told["faults"] if each["number"]]
    survived = sum(not each["violations"] for each in faults)
    return (
        f"seed {told['seed']}, {told['sign_in']}: {len(faults)} tried, {survived} survived, "
        f"{_violations(told)} violations; {told['days']:.1f} days, {told['steps']} steps, {told['calls']} calls, "
        f"at most {told['sign_ins_an_hour']} sign-ins an hour, {told['seconds']:.0f} s"
    )


def table(soaked: list[dict[str, Any]]) -> str:
    """Return each kind of fault with what became of it."""
    rows: dict[tuple[str, str], Row] = defaultdict(Row)
    for told in soaked:
        for each in told["faults"]:
            if not each["number"]:
                continue
            row = rows[SIGN_INS[told["sign_in"]], each["name"]]
            row.tried += 1
            row.violations += bool(each["violations"])
            row.bound = max(row.bound, each["bound"])
            if each["recovered"] is not None:
                row.recovered.append(each["recovered"])
    lines = [
        f"\n{'vendor':12}{'fault':42}{'tried':>6}{'survived':>10}{'violated':>10}{'well after':>12}{'at most':>9}"
    ]
    for (vendor, name), row in sorted(rows.items()):
        worst = f"{max(row.recovered):.0f} s" if row.recovered else "never"
        lines.append(
            f"{vendor:12}{name:42}{row.tried:6}{row.tried - row.violations:10}"
            f"{row.violations:10}{worst:>12}{row.bound:>7.0f} s"
        )
    for vendor in sorted({vendor for vendor, _ in rows}):
        own = [row for (whose, _), row in rows.items() if whose == vendor]
        tried, violated = sum(each.tried for each in own), sum(each.violations for each in own)  # fmt: skip
        lines.append(
            f"{vendor:12}{'all':42}{tried:6}{tried - violated:10}{violated:10}"
        )
    return "\n".join(lines)
