"""What a cycle of polling costs the event loop of Home Assistant, by the number of devices: beside it the floor, the same bytes asked for and parsed and the states set that changed."""

import argparse
from collections.abc import Sequence
import json
import math
from pathlib import Path
import subprocess
import sys
from typing import Any, Final

VENDORS: Final = ("solax", "sungrow", "fusionsolar")
SIZES: Final = (4, 40, 400)
LARGEST: Final = 1500
TARGETS: Final = {4: 2.0, LARGEST: 3.0}
"""How many times the floor a cycle may take, up to so many devices."""
EXPONENT: Final = 1.05
BLOCK: Final = 50.0
"""Milliseconds the event loop may stand in a cycle, at 500 devices."""


def _measure(vendor: str, devices: int, cycles: int) -> dict[str, Any]:
    """Run one account in a process of its own."""
    program = f"import sys; from {__package__} import _cycle; _cycle.main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, vendor, str(devices), str(cycles)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def exponent(found: Sequence[dict[str, Any]]) -> float | None:
    """Return the power of the number of devices with which a cycle grows, by least squares; ``None`` of one size."""
    points = [
        (math.log(each["devices"]), math.log(each["cpu"]))
        for each in found
        if each["loaded"]
    ]
    if len(points) < 2:
        return None
    across = sum(x for x, _ in points) / len(points)
    up = sum(y for _, y in points) / len(points)
    rise = sum((x - across) * (y - up) for x, y in points)
    return rise / sum((x - across) ** 2 for x, _ in points)


HEAD: Final = (
    f"{'':21}{'calls':>6}{'CPU':>8}{'floor':>8}{'ratio':>7}{'later':>8}{'ratio':>7}"
    f"{'writes':>8}{'changes':>8}{'block':>7}{'worst':>7} | {'set-up':>8}{'block':>7} | kB/entity"
)


def line(each: dict[str, Any]) -> str:
    """Print one account; times in ms."""
    name = f"{each['vendor']:12}{each['devices']:>8} "
    start = f"{1e3 * each['set_up']['polls']:8.0f}{1e3 * each['set_up']['block']:7.0f}"
    if not each["loaded"]:
        return (
            f"{name} not loaded within {each['set_up']['seconds'] / 3600:.0f} h{start}"
        )
    return (
        f"{name}{each['requests']:6.0f}{1e3 * each['cpu']:8.1f}{1e3 * each['floor']:8.1f}{each['ratio']:7.1f}"
        f"{1e3 * each['later']:8.1f}{each['ratio_with_later']:7.1f}"
        f"{each['writes']:8}{each['changes']:8}"
        f"{1e3 * each['block']:7.1f}{1e3 * each['worst_block']:7.1f}"
        f" | {start} | {each['bytes'] / 1024:.1f}"
    )


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def main(arguments: Sequence[str]) -> int:
    """Run ``benchmark cycle [OPTIONS]``."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark cycle")
    parser.add_argument("--vendor", action="append", choices=VENDORS)
    parser.add_argument(
        "--devices", type=_numbers, default=list(SIZES), help="4,40,400,1500"
    )
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    print(
        "Medians of cycles in ms of the event loop's thread; later is what is written afterwards; the ratios are to the floor"
    )
    print(HEAD)
    results: list[dict[str, Any]] = []
    for vendor in options.vendor or VENDORS:
        found = []
        for devices in options.devices:
            found.append(_measure(vendor, devices, options.cycles))
            print(line(found[-1]), flush=True)
        if (grows := exponent(found)) is not None:
            print(f"{vendor:12} grows with the number of devices to the {grows:.2f}")
        results.append({"vendor": vendor, "exponent": grows, "sizes": found})
    print(
        f"Promised: {TARGETS[4]:.0f} x the floor for a home, {TARGETS[LARGEST]:.0f} x for any number of devices, "
        f"to the {EXPONENT}, and no block over {BLOCK:.0f} ms at 500."
    )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return 0
