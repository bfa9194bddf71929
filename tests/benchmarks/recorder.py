"""What an ordinary day of each demo home costs the recorder: entities that are on, rows they write, and which of them say the same."""

import argparse
import os
from pathlib import Path
import subprocess
import sys

from ._tape import SIGN_INS


def main(arguments: list[str]) -> int:
    """Run ``benchmark recorder [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark recorder")
    parser.add_argument("--sign-in", action="append", choices=[*SIGN_INS])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--tell", type=int, default=12, help="entities to name")
    options = parser.parse_args(arguments)
    homes = options.sign_in or ["solax", "sungrow_account", "fusionsolar_account"]
    return subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "-s", "--no-header", "--show-capture=no"),
            *("-p", "no:logging", str(Path(__file__).with_name("_recorder.py"))),
        ],
        env=os.environ
        | {
            "BENCHMARK_SIGN_INS": ",".join(homes),
            "BENCHMARK_HOURS": str(options.hours),
            "BENCHMARK_TELL": str(options.tell),
        },
        check=False,
    ).returncode
