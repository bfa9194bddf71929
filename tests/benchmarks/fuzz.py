"""Answers, files and inputs that nobody should send, drawn at random: how many were tried and survived, and what was violated."""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import random
import subprocess
import sys
from typing import Final

from tests.fuzz.hunt import Hunt
from tests.fuzz.targets import TARGETS

ROOT: Final = Path(__file__).parents[2]
ATHERIS: Final = "atheris==3.1.0"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
HOME: Final = "home"
EXAMPLES: Final = 150
"""Inputs a minute of each test in Home Assistant."""
PLACE: Final = CACHE / "solar-cloud" / ATHERIS.replace("==", "-")


def main(arguments: Sequence[str]) -> int:
    """Run ``benchmark fuzz [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark fuzz")
    parser.add_argument("--minutes", type=float, default=1.0, help="of each target")
    parser.add_argument("--target", action="append", choices=[*TARGETS, HOME])
    parser.add_argument(
        "--guided", action="store_true", help="by coverage, with atheris"
    )
    options = parser.parse_args(arguments)
    if options.guided:
        return max(
            guided(name, options.minutes)
            for name in options.target or TARGETS
            if name != HOME
        )
    print(f"{'target':<30}{'tried':>8}{'survived':>10}{'violations':>12}")
    kept = True
    for name in options.target or [*TARGETS, HOME]:
        if name == HOME:
            kept = at_home(options.minutes) and kept
            continue
        hunt = Hunt(name, TARGETS[name])
        hunt.run(options.minutes)
        print(hunt.table(), flush=True)
        kept = kept and not hunt.violations
    return 0 if kept else 1


def at_home(minutes: float) -> bool:
    """Try actions, forms and options in a Home Assistant, which takes about as long as it should."""
    return not subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:logging"),
            *(
                "-p",
                "no:cacheprovider",
                str(ROOT / "tests" / "fuzz" / "test_fuzz_home.py"),
            ),
            f"--hypothesis-seed={random.SystemRandom().getrandbits(32)}",
        ],
        env=os.environ | {"FUZZ_EXAMPLES": str(max(20, int(minutes * EXAMPLES)))},
        check=False,
    ).returncode


def guided(name: str, minutes: float) -> int:
    """Let atheris look for inputs that reach more of the code, in a process of its own.

    It is no dependency of ours: it is installed, when it is wanted, into a folder beside the caches.
    """
    if not (PLACE / "atheris").exists():
        subprocess.run(
            [
                *(str(ROOT / "scripts" / "uv"), "pip", "install", "--quiet"),
                *("--python", sys.executable, "--target", str(PLACE)),
                *("--no-deps", "--only-binary", ":all:", ATHERIS),
            ],
            check=True,
        )
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(PLACE))))
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", name, str(minutes)],
        env=os.environ | {"PYTHONPATH": path},
        cwd=ROOT,
        check=False,
    ).returncode
