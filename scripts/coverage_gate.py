"""Fail when any module of the integration is covered less than pyproject.toml demands.

One figure for the whole lets a well-tested module hide a badly tested one.
"""

from pathlib import Path
import sys
import tomllib
from typing import Any

from coverage import Coverage
from coverage.results import Numbers


def wanted_percent(gate: dict[str, Any], module: str) -> float:
    """Return the floor of one module; the longest matching path decides."""
    paths = [path for path in gate["modules"] if module.startswith(path)]
    floor = gate["modules"][max(paths, key=len)] if paths else gate["default"]
    return float(floor)


def shortfalls(coverage: Coverage, gate: dict[str, Any]) -> list[str]:
    """Name every module below its floor."""
    found = []
    for path in sorted(Path("custom_components/solar_cloud").rglob("*.py")):
        # The public analysis leaves branches out; the report's own figures have them.
        numbers: Numbers = coverage._analyze(str(path)).numbers  # noqa: SLF001
        floor = wanted_percent(gate, path.as_posix())
        if numbers.pc_covered < floor:
            found.append(f"{path}: {numbers.pc_covered:.1f} % < {floor:g} %")
    return found


def main() -> int:
    """Read the last run's data and say what is missing."""
    gate = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["coverage_gate"]
    coverage = Coverage()
    coverage.load()
    found = shortfalls(coverage, gate)
    print(
        "\n".join(
            ["Modules covered too little:", *found]
            if found
            else ["Every module is covered enough."]
        )
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
