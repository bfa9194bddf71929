"""Every benchmark in its short form, one after the other, within ten minutes on a machine that does nothing else: all tables, and all figures in one file.

Soak, crash and fuzz look for defects instead of measuring, and take as long as they are given: they are run by their names.
"""

import argparse
from collections.abc import Sequence
import json
import os
from pathlib import Path
import platform
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from homeassistant.const import __version__ as home_assistant

from . import _page

ROOT: Final = Path(__file__).parents[2]
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "world": (),
    "cadence": (),
    "calls": (),
    "herd": (),
    "start": (),
    "cycle": (),
    "recorder": (),
    "storage": (),
}


def _machine() -> dict[str, Any]:
    """Say on what was measured."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "processor": processor,
        "cores": os.process_cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "home_assistant": home_assistant,
        "commit": commit or "unknown",
    }


def _run(name: str, arguments: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run one, print what it prints, and return that and its figures."""
    begun, file = time.monotonic(), folder / f"{name}.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks", name, *arguments),
            *("--json", str(file)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout, flush=True)
    return {
        "command": f"scripts/benchmark {' '.join((name, *arguments))}",
        "seconds": round(time.monotonic() - begun),
        "status": done.returncode,
        "printed": done.stdout,
        "figures": json.loads(file.read_text("utf-8")) if file.exists() else None,
    }


def main(arguments: Sequence[str]) -> int:
    """Run ``benchmark all [OPTIONS]``; fail where a benchmark printed no figures. What misses its target is told, and is no failure here."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark all")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument(
        "--page", type=Path, help="put the tables into this page, docs/performance.md"
    )
    options = parser.parse_args(arguments)
    if options.page and options.only:
        parser.error("a page shows a run of everything")
    told: dict[str, Any] = {"machine": _machine(), "parts": {}}
    print(_page.machine(told), "\n")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only or PARTS:
            print(f"== {name}", flush=True)
            told["parts"][name] = part = _run(name, PARTS[name], Path(folder))
            print(f"   {part['seconds']} s, exit status {part['status']}\n")
    print(_page.summary(told))
    print(f"\n{sum(part['seconds'] for part in told['parts'].values())} s in all")
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if options.page:
        text = options.page.read_text("utf-8")
        options.page.write_text(_page.filled(text, told), "utf-8")
    return int(any(part["figures"] is None for part in told["parts"].values()))
