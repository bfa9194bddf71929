"""Every flow of every vendor, cut at every point at which it waits: how many cuts were tried, survived, and violated a promise."""

import argparse
import os
from pathlib import Path
import subprocess
import sys
from typing import Final

TESTS: Final = Path(__file__).parents[1]
FILES: Final = tuple(sorted(path.name for path in TESTS.glob("test_cut*.py")))


def main(arguments: list[str]) -> int:
    """Run ``benchmark crash [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark crash")
    parser.add_argument("--only", help="flows of this name, as pytest's -k takes it")
    options = parser.parse_args(arguments)
    return subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "-s", "--no-header", "--show-capture=no"),
            *("-p", "no:logging", "-p", "no:cacheprovider"),
            *(("-k", options.only) if options.only else ()),
            *(str(TESTS / name) for name in FILES),
        ],
        env=os.environ | {"SOLAR_CLOUD_CUTS": "all"},
        check=False,
    ).returncode
