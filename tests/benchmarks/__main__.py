"""Run one benchmark by name."""

import importlib
from pathlib import Path
import sys

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem[0] != "_"
)


def main(arguments: list[str]) -> int:
    """Run ``benchmark NAME [ARGUMENTS]``."""
    if not arguments or arguments[0] not in NAMES:
        print(f"usage: scripts/benchmark {{{','.join(NAMES)}}} [ARGUMENTS]")
        return 2
    module = importlib.import_module(f".{arguments[0]}", __package__)
    status: int = module.main(arguments[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
