"""What is written to disk: a day of each demo home, a day of 100 plants, and an import of the past; the bytes of what there is beside it.

Counted is what reaches the file system: files put in place of others, and what a thread of the recorder's writes to its database.
"""

import argparse
from dataclasses import dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

from ._tape import SIGN_INS

HOMES = ("solax", "sungrow_account", "fusionsolar_account")
ROWS = (*HOMES, "plants", "history")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Promise:
    """What is promised of a row; ``None`` where nothing is."""

    writes: float | None = None
    megabytes: float | None = None
    ratio: float | None = None


PROMISES = dict.fromkeys(HOMES, Promise(writes=100.0, megabytes=1.0)) | {
    "plants": Promise(megabytes=20.0),
    "history": Promise(ratio=3.0),
}


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"{'':22}{'writes':>8}{'MB':>9}{'once MB':>9}{'ratio':>8}{'fsync':>7}  promised"
    ]
    for row in rows:
        promise = PROMISES[row["row"]]
        told = [
            f"{name} <= {limit:g}"
            for name, limit in vars(promise).items()
            if limit is not None
        ]
        lines.append(
            f"{row['name']:22}{row['writes']:8.0f}{row['bytes'] / MEGABYTE:9.2f}"
            f"{row['floor'] / MEGABYTE:9.3f}{row['bytes'] / row['floor']:8.1f}"
            f"{row['syncs']:7.0f}  {', '.join(told)}{row['note']}"
        )
    return "\n".join(lines)


def _kept(row: dict[str, Any]) -> bool:
    promise = PROMISES[row["row"]]
    found = {
        "writes": row["writes"],
        "megabytes": row["bytes"] / MEGABYTE,
        "ratio": row["bytes"] / row["floor"],
    }
    return all(
        limit is None or found[name] <= limit for name, limit in vars(promise).items()
    )


def main(arguments: list[str]) -> int:
    """Run ``benchmark storage [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark storage")
    parser.add_argument("--row", action="append", choices=[*SIGN_INS, *ROWS])
    parser.add_argument("--hours", type=float, default=24.0, help="of a home")
    parser.add_argument("--plants", type=int, default=100)
    parser.add_argument(
        "--plant-hours", type=float, default=1.0, help="of the plants, once settled"
    )
    parser.add_argument("--days", type=float, default=30.0, help="of history")
    parser.add_argument("--json", type=Path, help="where to write the figures too")
    parser.add_argument("--tell", action="store_true", help="what the files hold")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "rows.jsonl"
        done = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
                *("-p", "no:logging", "-p", "no:cacheprovider"),
                *(["-s"] if options.tell else []),
                str(Path(__file__).with_name("_storage.py")),
            ],
            env=os.environ
            | {
                "BENCHMARK_ROWS": ",".join(options.row or ROWS),
                "BENCHMARK_HOURS": str(options.hours),
                "BENCHMARK_PLANTS": str(options.plants),
                "BENCHMARK_PLANT_HOURS": str(options.plant_hours),
                "BENCHMARK_DAYS": str(options.days),
                "BENCHMARK_TOLD": str(told),
                "BENCHMARK_TELL": "1" if options.tell else "",
            },
            check=False,
            stdout=None if options.tell else subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            print(done.stdout or "")
            return done.returncode
        rows = [json.loads(line) for line in told.read_text("utf-8").splitlines()]
    print(
        "Written to disk in a day, and in an import; once: all there is, written once"
    )
    print(_table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0 if all(_kept(row) for row in rows) else 1
