"""The demo: a living home in a real Home Assistant, fed by emulated clouds.

Run it by scripts/demo. What Home Assistant learns stays in the demo's folder.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
import fcntl
import json
from pathlib import Path
import shutil
import sys

from tests.emulators.world import World
from tests.emulators.world.clock import Clock
from tests.toy_vendor.install import copy_with_toy

from .accounts import (
    ACCOUNTS,
    DOMAIN,
    TOY,
    Account,
    AccountRefusedError,
    AnyCloud,
    add_account,
)
from .client import Client, HomeAssistantError
from .dashboard import Home, find_home, preferences
from .instance import (
    COMPONENT,
    PASSWORD,
    REPOSITORY,
    USER,
    PortTakenError,
    running_instance,
)
from .past import Past
from .process import ProgramEndedError, free_port, port_is_free, until_stopped
from .wait import eventually

_VALUES_SECONDS = 60


def say(text: str) -> None:
    """Tell the user at once how far things are."""
    print(text, flush=True)


class FolderInUseError(Exception):
    """Another demo runs in the folder."""


@contextmanager
def _own_folder(folder: Path, *, fresh: bool) -> Generator[None]:
    """Keep other demos out of the folder; empty it first when `fresh`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise FolderInUseError(f"Another demo is running in {folder}") from err
        if fresh:
            shutil.rmtree(folder / "home-assistant", ignore_errors=True)
            for note in ("ports.json", "past.json", "since"):
                (folder / note).unlink(missing_ok=True)
        yield


def _cloud_port(folder: Path, name: str) -> int:
    """Return the port of a cloud: the same in every run, for the accounts refer to it."""
    file = folder / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if name not in ports:
        ports[name] = free_port()
        file.write_text(json.dumps(ports))
    if not port_is_free(ports[name]):
        raise PortTakenError(
            f"Port {ports[name]} of the emulated {name} cloud is in use by another "
            "program; stop that, or let scripts/demo --fresh take another port"
        )
    return ports[name]


def _world(folder: Path) -> World:
    """Return a world that has run on since the folder was made.

    A world begins with the counters of an installation of some age on the day it is
    built; built anew on another day, its meters would have gone backwards.
    """
    file = folder / "since"
    if not file.exists():
        file.write_text(datetime.now(UTC).isoformat())
    return World(Clock(datetime.fromisoformat(file.read_text()), speed=1.0))


@asynccontextmanager
async def _running_clouds(
    folder: Path, accounts: Iterable[Account]
) -> AsyncGenerator[dict[Account, AnyCloud]]:
    """Run the cloud of every account."""
    world = _world(folder)
    clouds = {account: account.make_cloud(world) for account in accounts}
    world.clock.set(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        for account, cloud in clouds.items():
            await cloud.start(_cloud_port(folder, account.name))
            stack.push_async_callback(cloud.stop)
            say(f"   {account.name} cloud at {cloud.url}")
        yield clouds


async def _home(client: Client) -> Home:
    """Wait until the first account's home has values."""
    entry = (await client.entries(DOMAIN))[0]
    home = await eventually(
        lambda: find_home(client, entry["entry_id"]),
        "the home's entities",
        within=_VALUES_SECONDS,
    )
    await eventually(
        lambda: home.has_values(client), "values of all of them", within=_VALUES_SECONDS
    )
    return home


async def _set_up(client: Client, clouds: dict[Account, AnyCloud], past: Past) -> None:
    """Do what a new user does: add the accounts, set the dashboard up."""
    for account, cloud in clouds.items():
        new = await add_account(client, account, cloud)
        say(f"== {account.name} account {'added' if new else 'is there already'}")
    say("== Waiting for values")
    home = await _home(client)
    if not await client.has_energy():
        say("== Setting the Energy Dashboard up")
        site = next(iter(clouds[ACCOUNTS[0]].world.sites.values()))
        await past.write(site, home.counters)
        await client.save_energy(preferences(home))


def _integration(folder: Path, *, toy: bool) -> Path:
    """Return the integration to run: as it is, or a copy with the vendor of the tutorial."""
    if not toy:
        return COMPONENT
    copy = folder / "with-toy" / COMPONENT.name
    copy_with_toy(COMPONENT, copy)
    return copy


async def demo(folder: Path, port: int, *, once: bool, toy: bool) -> None:
    """Run the demo until it is cancelled, or until values show when `once`."""
    say("== Starting the emulated clouds")
    accounts = (*ACCOUNTS, TOY) if toy else ACCOUNTS
    async with _running_clouds(folder, accounts) as clouds:
        say(f"== Starting Home Assistant in {folder}")
        integration = _integration(folder, toy=toy)
        async with running_instance(
            folder / "home-assistant", port, integration
        ) as instance:
            past = Past(instance.client, folder / "past.json")
            await _set_up(instance.client, clouds, past)
            say(
                f"\n   {instance.url}\n   user name: {USER}\n   password:  {PASSWORD}\n"
            )
            if not once:
                say("== Everything is up; Ctrl-C stops it")
                await past.join()
                await asyncio.Event().wait()


async def _until_stopped(folder: Path, options: argparse.Namespace) -> None:
    """Run the demo to its end, or until somebody stops it."""
    port = options.port or free_port()
    story = demo(folder, port, once=options.once, toy=options.toy)
    if not await until_stopped(story):
        say("\n== Stopped")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument(
        "--port",
        type=int,
        default=8123,
        help="Home Assistant's port, 0 for any (default: 8123)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / ".demo",
        help="where the demo lives (default: .demo)",
    )
    parser.add_argument(
        "--once", action="store_true", help="stop as soon as all values show"
    )
    parser.add_argument(
        "--toy",
        action="store_true",
        help="with the vendor of the tutorial too, see CONTRIBUTING.md",
    )
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    try:
        with _own_folder(folder, fresh=options.fresh):
            asyncio.run(_until_stopped(folder, options))
    except (
        AccountRefusedError,
        FolderInUseError,
        HomeAssistantError,
        PortTakenError,
        ProgramEndedError,
        TimeoutError,
    ) as err:
        print(f"scripts/demo: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
