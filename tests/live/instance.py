"""Start a real Home Assistant with the integration linked into its folder."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any, Final

from aiohttp import ClientError, ClientSession

from .client import Client, Login
from .process import LOOPBACK, Program, port_is_free
from .wait import eventually

REPOSITORY: Final = Path(__file__).parents[2]
COMPONENT: Final = REPOSITORY / "custom_components" / "solar_cloud"

_STAND_INS: Final = Path(__file__).parent / "stand_ins"

USER: Final = "demo"
PASSWORD: Final = "demo"

_START_SECONDS: Final = 120

ZONE: Final = "Europe/Berlin"

# No default_config: it brings components that look for hardware and the internet.
# No http either: a bare block is adopted on trial and taken back after five minutes.
_CONFIGURATION: Final = """\
homeassistant:
  name: Solar Cloud
  latitude: 52.5
  longitude: 13.4
  elevation: 40
  unit_system: metric
  currency: EUR
  country: DE
  language: en
  time_zone: {zone}
config:
diagnostics:
energy:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.solar_cloud: debug
recorder:
  commit_interval: 1
"""


class PortTakenError(Exception):
    """Somebody else listens on the port."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running Home Assistant."""

    folder: Path
    url: str
    program: Program
    client: Client

    def log_lines(self, level: str) -> list[str]:
        """Return the integration's own log lines of a level, such as ERROR."""
        lines = self.program.log.read_text(errors="replace").splitlines()
        return [
            line
            for line in lines
            if f" {level} " in line and "[custom_components.solar_cloud" in line
        ]


def write_store(folder: Path, key: str, version: int, data: dict[str, Any]) -> None:
    """Write a storage file, in the first form of its version, which Home Assistant brings up to date."""
    document = {"version": version, "minor_version": 1, "key": key, "data": data}
    path = folder / ".storage" / key
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps(document))


def _prepare(folder: Path, port: int, component: Path, zone: str) -> None:
    """Lay the config folder out; what an earlier run has left in it stays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(_CONFIGURATION.format(zone=zone))
    components = folder / "custom_components"
    components.mkdir(exist_ok=True)
    link = components / COMPONENT.name
    link.unlink(missing_ok=True)
    link.symlink_to(component, target_is_directory=True)
    # In the old form, which Home Assistant completes with its defaults and trusts.
    write_store(folder, "http", 1, {"server_host": [LOOPBACK], "server_port": port})
    if not (folder / ".storage" / "onboarding").exists():
        # Finishing core_config adds integrations that want the internet.
        write_store(folder, "onboarding", 4, {"done": ["core_config", "analytics"]})


async def _start(folder: Path) -> Program:
    return await Program.start(
        sys.executable,
        *(
            "-m",
            "homeassistant",
            "--config",
            str(folder),
            "--skip-pip",
            "--log-no-color",
        ),
        cwd=folder,
        log=folder / "output.log",
        env={
            # Keeps __pycache__ out of the linked sources, and the second start quick.
            "PYTHONPYCACHEPREFIX": str(REPOSITORY / ".cache" / "pycache"),
            "PYTHONPATH": str(_STAND_INS),
        },
    )


async def _listening(session: ClientSession, url: str, program: Program) -> bool:
    program.check()
    try:
        async with session.get(f"{url}/manifest.json") as response:
            return response.ok
    except ClientError:
        return False


async def _log_in(url: str, program: Program) -> Client:
    """Wait for the server, then become its user."""
    async with ClientSession() as session:
        await eventually(
            lambda: _listening(session, url, program),
            f"Home Assistant at {url}",
            within=_START_SECONDS,
        )
        login = Login(session, url)
        if await login.is_new():
            return Client(url, await login.create_owner(USER, PASSWORD))
        return Client(url, await login.with_password(USER, PASSWORD))


@asynccontextmanager
async def running_instance(
    folder: Path, port: int, component: Path = COMPONENT, zone: str = ZONE
) -> AsyncGenerator[Instance]:
    """Run Home Assistant with the integration in `folder` until the block ends."""
    if not port_is_free(port):
        # Home Assistant would quietly move to another port, in recovery mode.
        raise PortTakenError(f"Port {port} is in use; choose another one with --port")
    _prepare(folder, port, component, zone)
    program = await _start(folder)
    try:
        url = f"http://{LOOPBACK}:{port}"
        async with await _log_in(url, program) as client:
            await client.wait_until_running(_START_SECONDS)
            config = await client.get("/api/config")
            if Path(config["config_dir"]) != folder or config["recovery_mode"]:
                raise PortTakenError(
                    f"The Home Assistant at {url} is not the one that was started, or it is broken"
                )
            yield Instance(folder, url, program, client)
    finally:
        await program.stop()
