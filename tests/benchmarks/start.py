"""What a start costs: round trips to the first states, the longest block of the event loop, and what is imported.

Every cloud answers after the same delay, so the seconds to the first state divided by it show how deep the chain of calls is; the depth itself is
counted at the cloud. Each figure stands beside its floor: the calls that need each other's answers, an integration that does nothing but add as many
entities, and the compiled modules read without running them. Garbage is told apart: when Python looks for it is nobody's choice.
"""

import argparse
from collections.abc import Mapping, Sequence
import json
import os
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Final

from ._tape import SIGN_INS

CHAINS: Final = {
    "solax": 5,
    "sungrow_account": 4,
    "sungrow_oauth": 3,
    "fusionsolar_account": 4,
    "fusionsolar_oauth": 3,
}
"""Calls of a cold start that need each other's answers: a token (which a consent leaves), plants, devices, what is behind them, values."""
VENDOR_SIGN_INS: Final = {"solax": "solax", "sungrow": "sungrow_account"} | {
    "fusionsolar": "fusionsolar_account"
}

IMPORTS: Final = 5
"""Set-ups of which the median is told."""

type Row = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Run ``benchmark start [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark start")
    parser.add_argument("--sign-in", action="append", choices=[*SIGN_INS])
    parser.add_argument("--devices", default="4,500", help="of the accounts in blocks")
    parser.add_argument("--delay", type=float, default=0.1, help="of each answer, in s")
    parser.add_argument(
        "--runs", type=int, default=1, help="of blocks, of which the median is told"
    )
    parser.add_argument(
        "--part", action="append", choices=["trips", "blocks", "imports"]
    )
    parser.add_argument("--where", action="store_true", help="in whose code blocks are")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args(arguments)
    parts = options.part or ["trips", "blocks", "imports"]
    rows: list[Row] = []
    status = 0
    if tests := [
        name
        for part, names in (
            ("trips", ("test_round_trips", "test_many_plants")),
            ("blocks", ("test_blocks",)),
        )
        for name in names
        if part in parts
    ]:
        status, rows = _run_tests(options, tests)
        rows = [
            row | {"floor": _chain(row)} if _table(row) == "trips" else row
            for row in rows
        ]
    if "imports" in parts:
        vendors = {SIGN_INS[each] for each in options.sign_in or SIGN_INS}
        rows += _imports(sorted(vendors))
    _print(rows, where=options.where)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return status


def _run_tests(
    options: argparse.Namespace, tests: Sequence[str]
) -> tuple[int, list[Row]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        file.touch()
        done = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
                *("--tb=short", "-k", " or ".join(tests)),
                str(Path(__file__).with_name("_start.py")),
            ],
            env=os.environ
            | {
                "BENCHMARK_ROWS": str(file),
                "BENCHMARK_SIGN_INS": ",".join(options.sign_in or SIGN_INS),
                "BENCHMARK_DEVICES": options.devices,
                "BENCHMARK_DELAY": str(options.delay),
                "BENCHMARK_RUNS": str(options.runs),
            },
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout)
        return done.returncode, [json.loads(each) for each in file.open()]


def _imports(vendors: Sequence[str]) -> list[Row]:
    """Measure with Home Assistant's modules imported before."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks._imports", str(IMPORTS)),
            json.dumps({each: VENDOR_SIGN_INS[each] for each in vendors}),
        ],
        env={
            name: each
            for name, each in os.environ.items()
            if name != "PYTHONDONTWRITEBYTECODE"
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, list[Row]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        found.setdefault(row["vendor"], []).append(row)
    return [
        {
            "kind": "imports",
            "sign_in": VENDOR_SIGN_INS[vendor],
            "modules": len(rows[0]["modules"]),
            "ms": statistics.median(each["ms"] for each in rows),
            "best_ms": min(each["ms"] for each in rows),
            "loop_ms": statistics.median(each["loop_ms"] for each in rows),
            "floor_ms": statistics.median(each["floor_ms"] for each in rows),
        }
        for vendor, rows in found.items()
    ]


COLUMNS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "trips": (
        ("kind", "start"),
        ("calls", "calls"),
        ("depth", "deep"),
        ("floor", "floor"),
        ("seconds", "s"),
        ("round_trips", "s ÷ delay"),
        ("calls_in_all", "calls in all"),
    ),
    "block": (
        ("devices", "devices"),
        ("entities", "entities"),
        ("longest_ms", "longest block ms"),
        ("floor_ms", "floor"),
        ("working_ms", "without garbage"),
        ("floor_working_ms", "floor"),
        ("most_ours_ms", "most of ours"),
        ("blocks_over_50_ms", "over 50 ms"),
        ("set_up_cpu_ms", "set-up CPU ms"),
        ("floor_cpu_ms", "floor"),
    ),
    "imports": (
        ("modules", "modules"),
        ("ms", "ms"),
        ("best_ms", "best ms"),
        ("loop_ms", "in the loop ms"),
        ("floor_ms", "floor ms"),
    ),
}


def _print(rows: Sequence[Row], *, where: bool) -> None:
    for table, columns in COLUMNS.items():
        mine = [each for each in rows if _table(each) == table]
        if not mine:
            continue
        print(f"\n{'':22}" + "".join(f"{title:>17}" for _, title in columns))
        for row in mine:
            print(
                f"{row['sign_in']:22}"
                + "".join(f"{row.get(name, '')!s:>17}" for name, _ in columns)
            )
            for looks in row.get("where", ()) if where else ():
                print("    " + ", ".join(f"{at} {seen}" for at, seen in looks))


def _table(row: Row) -> str:
    return row["kind"] if row["kind"] in COLUMNS else "trips"


def _chain(row: Row) -> int:
    return 1 if row["kind"] == "restart" else CHAINS[row["sign_in"]]
