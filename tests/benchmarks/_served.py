"""An emulated cloud in a process of its own, as large as one likes, which keeps what it was asked and answered: the floor asks the same again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
import time
from typing import Any, Final, cast
import urllib.request

from aiohttp import web

from tests.emulators.base import Cloud
from tests.emulators.fusionsolar import scenarios as fusionsolar
from tests.emulators.fusionsolar.plant import (
    DONGLE,
    HOME_BATTERY,
    HOME_INVERTER,
    POWER_SENSOR,
)
from tests.emulators.registry import CLOUDS
from tests.emulators.solax import builder as solax_builder, scenarios as solax
from tests.emulators.solax.plant import Plant as SolaxPlant
from tests.emulators.sungrow import builder as sungrow_builder, scenarios as sungrow
from tests.emulators.sungrow.plant import Plant as SungrowPlant
from tests.emulators.world import World

type Ahead = Synchronized[float]
"""Seconds by which a moved clock is ahead of the real one."""

PER_PLANT: Final = 4
"""Devices of a home: inverter, battery, meter, and a charger or a dongle."""
REPLAY: Final = "/replay"


def _solax(cloud: Any, count: int) -> None:
    site = cloud.world.add(solax.HOME)
    for number in range(1, count + 1):
        plant = SolaxPlant(solax_builder.plant_id(number), f"Home {number}", site)
        builder = solax_builder.Builder(plant)
        inverter = builder.inverter()
        builder.battery(inverter)
        builder.meter(inverter)
        builder.charger()
        cloud.plants.append(plant)


def _sungrow(cloud: Any, count: int) -> None:
    site = cloud.world.add(sungrow.HOME)
    for number in range(1, count + 1):
        plant = SungrowPlant(str(5_000_000 + number), f"Home {number}", site)
        builder = sungrow_builder.Builder(plant, cloud.knobs.upload_delay)
        builder.hybrid("hybrid")
        builder.meter()
        cloud.plants.append(plant)


def _fusionsolar(cloud: Any, count: int) -> None:
    builder = fusionsolar.Builder(cloud.world)
    site = cloud.world.add(fusionsolar.HOME)
    for number in range(1, count + 1):
        plant = builder.plant(f"Home {number}", site)
        for kind, part in (
            (HOME_INVERTER, "inverter"),
            (HOME_BATTERY, "battery"),
            (POWER_SENSOR, "inverter"),
            (DONGLE, "inverter"),
        ):
            builder.add(plant, kind, part)
    for plant in builder.plants:
        cloud.plants.append(plant)


BUILD: Final = {"solax": _solax, "sungrow": _sungrow, "fusionsolar": _fusionsolar}


@dataclass
class _Exchange:
    at: float
    method: str
    content_type: str
    asked: str
    answered: bytes


class _Server:
    """The cloud, and beside it what it said before."""

    def __init__(self, vendor: str, devices: int) -> None:
        """Build an account of homes under one sun."""
        self._cloud: Cloud[Any] = CLOUDS[vendor](World(), "empty")
        BUILD[vendor](self._cloud, devices // PER_PLANT)
        self._cloud.alter = self._note
        self._exchanges: list[_Exchange] = []

    def _note(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        if isinstance(response, web.Response):
            body = response.body
            self._exchanges.append(
                _Exchange(
                    self._cloud.world.clock.timestamp(),
                    request.method,
                    request.headers.get("Content-Type", ""),
                    (request._read_bytes or b"").decode(),  # noqa: SLF001
                    bytes(body) if isinstance(body, bytes | bytearray) else b"",
                )
            )
        return response

    async def _replay(self, request: web.Request) -> web.Response:
        await request.read()
        exchange = self._exchanges[int(request.match_info["number"])]
        return web.Response(body=exchange.answered, content_type="application/json")

    async def _noted(self, _: web.Request) -> web.Response:
        return web.json_response(
            [
                [each.at, each.method, each.content_type, each.asked]
                for each in self._exchanges
            ]
        )

    async def serve(self, ready: Connection) -> None:
        """Serve until the other end hangs up."""
        url = await self._cloud.start()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", REPLAY + "/{number}", self._replay)
        app.router.add_get("/noted", self._noted)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        told = (url, self._cloud.credentials, f"http://{host}:{port}")
        ready.send(told)
        await asyncio.to_thread(_until_closed, ready)
        await runner.cleanup()
        await self._cloud.stop()


def _until_closed(ready: Connection) -> None:
    try:
        ready.recv()
    except EOFError:
        return


def _run(vendor: str, devices: int, ahead: Ahead, ready: Connection) -> None:
    real = time.time
    time.time = lambda: real() + ahead.value
    asyncio.run(_Server(vendor, devices).serve(ready))


@dataclass(frozen=True)
class Asked:
    """One request, and where its answer can be had again."""

    at: float
    method: str
    content_type: str
    body: str
    replay: str


@dataclass(frozen=True)
class ServedCloud:
    """What stands for the cloud in this process."""

    name: str
    url: str
    credentials: dict[str, str]
    replay: str

    def asked(self) -> list[Asked]:
        """Return all requests so far."""
        with urllib.request.urlopen(f"{self.replay}/noted") as answer:
            noted = json.load(answer)
        return [
            Asked(at, method, kind, body, f"{self.replay}{REPLAY}/{number}")
            for number, (at, method, kind, body) in enumerate(noted)
        ]


@contextmanager
def served(vendor: str, devices: int, ahead: Ahead) -> Iterator[ServedCloud]:
    """Serve an account of so many devices, at a clock that is ``ahead`` of this machine's."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(
        target=_run, args=(vendor, devices, ahead, there), daemon=True
    )
    process.start()
    there.close()
    try:
        url, credentials, replay = cast(tuple[str, dict[str, str], str], here.recv())
        yield ServedCloud(vendor, url, credentials, replay)
    finally:
        here.close()
        process.join(5.0)
        process.terminate()
