"""What an ordinary day of each demo home costs the recorder: entities that are on, rows they write, and which entities write most."""

import argparse
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from ._tape import SIGN_INS


def main(arguments: list[str]) -> int:
    """Run ``benchmark recorder [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark recorder")
    parser.add_argument("--sign-in", action="append", choices=[*SIGN_INS])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--tell", type=int, default=3, help="entities to name")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    homes = options.sign_in or ["solax", "sungrow_account", "fusionsolar_account"]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "rows.jsonl"
        status = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "--no-header", "--show-capture=no"),
                *("-p", "no:logging", "-p", "no:cacheprovider"),
                str(Path(__file__).with_name("_recorder.py")),
            ],
            env=os.environ
            | {
                "BENCHMARK_SIGN_INS": ",".join(homes),
                "BENCHMARK_HOURS": str(options.hours),
                "BENCHMARK_TOLD": str(told),
            },
            stdout=subprocess.PIPE,
            check=False,
        ).returncode
        lines = told.read_text("utf-8").splitlines() if told.exists() else []
    rows = [json.loads(each) for each in lines]
    print(f"Rows of the recorder in {options.hours:g} hours")
    print(f"{'':22}{'on':>5}{'off':>5}{'rows':>8}  most")
    for row in rows:
        most = [f"{each} {count}" for each, count in row["most"][: options.tell]]
        print(
            f"{row['sign_in']:22}{row['on']:5}{row['off']:5}{row['rows']:8}  "
            + ", ".join(most)
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return status
