"""Run all emulated clouds: `python -m tests.emulators --port 8900 --speed 60`.

When they listen, one JSON line on standard output says where and with which credentials.
"""

import argparse
import asyncio
from datetime import UTC, datetime
import json
import signal
from typing import Any

from .base import Cloud
from .registry import CLOUDS
from .world import Clock, World


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulators", description=__doc__
    )
    parser.add_argument(
        "--port", type=int, default=0, help="first port; the next cloud takes the next"
    )
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="[VENDOR=]NAME",
        help="for one cloud, or for all that know it",
    )
    parser.add_argument("--speed", type=float, default=1.0, help="of the world's clock")
    parser.add_argument("--seed", type=int, default=1, help="of weather and habits")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, help="the world's time to begin at"
    )
    return parser.parse_args()


def choose(name: str, cloud: type[Cloud[Any]], wishes: list[str]) -> str:
    """Return the scenario that the command line wants for a cloud."""
    chosen = cloud.scenarios[0]
    for wish in wishes:
        vendor, _, scenario = wish.rpartition("=")
        if vendor in ("", name) and scenario in cloud.scenarios:
            chosen = scenario
        elif vendor == name:
            raise SystemExit(
                f"{name} has no scenario {scenario}: {', '.join(cloud.scenarios)}"
            )
    return chosen


def make_clock(start: datetime | None, speed: float) -> Clock:
    """Return the world's clock; without a start it begins with the real time."""
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return Clock(start, speed=speed)


async def serve(options: argparse.Namespace) -> None:
    """Run until interrupted."""
    world = World(make_clock(options.start, options.speed), options.seed)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    clouds = {
        name: cloud(world, choose(name, cloud, options.scenario))
        for name, cloud in CLOUDS.items()
    }
    try:
        ready: dict[str, Any] = {}
        for position, (name, cloud) in enumerate(clouds.items()):
            ready[name] = await cloud.start(
                options.port + position if options.port else 0
            )
        ready["credentials"] = {
            name: cloud.credentials for name, cloud in clouds.items()
        }
        print(json.dumps(ready), flush=True)
        await stopped.wait()
    finally:
        for cloud in clouds.values():
            await cloud.stop()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
