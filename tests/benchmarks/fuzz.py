"""Answers, files and inputs that nobody should send, drawn at random: how many were tried and survived, and what was violated."""

import argparse
from collections.abc import Sequence

from tests.fuzz.hunt import Hunt
from tests.fuzz.targets import TARGETS


def main(arguments: Sequence[str]) -> int:
    """Run ``benchmark fuzz [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark fuzz")
    parser.add_argument("--minutes", type=float, default=1.0, help="of each target")
    parser.add_argument("--target", action="append", choices=[*TARGETS])
    options = parser.parse_args(arguments)
    print(f"{'target':<30}{'tried':>8}{'survived':>10}{'violations':>12}")
    kept = True
    for name in options.target or TARGETS:
        hunt = Hunt(name, TARGETS[name])
        hunt.run(options.minutes)
        print(
            f"{name:<30}{hunt.tried:8}{hunt.survived:10}{len(hunt.violations):12}",
            flush=True,
        )
        for what, shown in hunt.violations.items():
            kept = False
            print(f"  {what}\n    {shown[:600]}", flush=True)
    return 0 if kept else 1
