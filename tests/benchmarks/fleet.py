"""What many plants of three vendors cost one Home Assistant: rows, what the device of all plants adds, and how far the recorder lags, on a database of your choice."""

import argparse
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile

ROWS = (
    ("database", "database"),
    ("plants", "plants"),
    ("entities", "entities with a state"),
    ("set_up_s", "set up and ten minutes, s"),
    ("minutes", "minutes measured"),
    ("rows", "rows of states"),
    ("rows_of_all_plants", "- of the device of all plants"),
    ("loop_s", "CPU of the loop, s"),
    ("sums", "- sums over all plants"),
    ("sums_s", "- all of them, s"),
    ("sum_ms", "- the longest, ms"),
    ("backlog", "longest queue of the recorder"),
    ("lag_s", "until it is empty, s"),
)


def main(arguments: list[str]) -> int:
    """Run ``benchmark fleet [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark fleet")
    parser.add_argument("--plants", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument(
        "--recorder-url",
        default="sqlite://",
        help="an empty database as the recorder's db_url names it (default: SQLite in memory)",
    )
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "fleet.jsonl"
        status = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
                *("-p", "no:logging", "-p", "no:cacheprovider"),
                str(Path(__file__).with_name("_fleet.py")),
            ],
            env=os.environ
            | {
                "BENCHMARK_PLANTS": str(options.plants),
                "BENCHMARK_MINUTES": str(options.minutes),
                "BENCHMARK_RECORDER_URL": options.recorder_url,
                "BENCHMARK_TOLD": str(told),
            },
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        lines = told.read_text("utf-8").splitlines() if told.exists() else []
    if status.returncode:
        print(status.stdout[-4000:])
    rows = [json.loads(each) for each in lines]
    for row in rows:
        for key, name in ROWS:
            print(f"{name:32}{row[key]:>12}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return status.returncode
