"""Looking for hostile inputs by coverage: a process of its own, for what is looked at is instrumented as it is imported.

``python -m tests.fuzz.guided TARGET MINUTES``, with atheris on the path.
"""

import importlib
import os
from pathlib import Path
import random
import sys
import tempfile
import time
from typing import Any, Final

from hypothesis import HealthCheck, given, settings

OURS: Final = "custom_components.solar_cloud"
SEEDS: Final = 64
LONGEST: Final = 4096
"""Bytes an input is made of."""


def main(name: str, minutes: float) -> None:
    """Fuzz a target for so long."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[OURS]):
        hunting = importlib.import_module("tests.fuzz.hunt")
        target = importlib.import_module("tests.fuzz.targets").TARGETS[name]
    target.prepare()
    hunt, until = hunting.Hunt(name, target), time.monotonic() + minutes * 60

    def look(**drawn: Any) -> None:
        if time.monotonic() > until:
            print(hunt.table(), flush=True)  # noqa: T201
            os._exit(1 if hunt.violations else 0)
        hunt.try_one(**drawn)

    fuzzed = given(**target.inputs)(look)
    fuzzed = settings(
        deadline=None, database=None, suppress_health_check=[*HealthCheck]
    )(fuzzed)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(SEEDS):
            seed = random.Random(number).randbytes(64 * (1 + number % 16))
            Path(folder, str(number)).write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], f"-max_len={LONGEST}", "-rss_limit_mb=0", folder],
            fuzzed.hypothesis.fuzz_one_input,  # type: ignore[attr-defined]
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
