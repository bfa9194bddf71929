"""A user's account in a real Home Assistant, from downloaded diagnostics: an emulated cloud says again what theirs said.

Run it by scripts/replay FILE. Values are as old as they were in the file and stay so; settings that are changed change nothing.
"""

import argparse
import asyncio
import json
from pathlib import Path
import shutil
import sys
from typing import Final

from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION as TOKEN
from tests.emulators.replay import NotABundleError, ReplayCloud

from .accounts import DOMAIN
from .client import Client, HomeAssistantError
from .instance import (
    PASSWORD,
    REPOSITORY,
    USER,
    PortTakenError,
    running_instance,
    write_store,
)
from .process import ProgramEndedError, free_port, until_stopped
from .wait import eventually

ENTRY_ID: Final = "replayed"
_VALUES_SECONDS: Final = 60


def add_account(folder: Path, cloud: ReplayCloud) -> None:
    """Write the account into Home Assistant's folder as if it had been added there."""
    bundle = cloud.bundle
    entry = {
        "data": {
            "vendor": bundle["vendor"],
            "sign_in": bundle["sign_in"],
            "credentials": cloud.credentials,
        },
        "disabled_by": None,
        "domain": DOMAIN,
        "entry_id": ENTRY_ID,
        "options": {
            "controls": bundle["options"]["controls"],
            "excluded_plants": [],
        },
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "title": "Replayed",
        "unique_id": ENTRY_ID,
        "version": 1,
    }
    write_store(folder, "core.config_entries", 1, {"entries": [entry]})
    sections = {**cloud.memory, TOKEN: to_json(cloud.token)}
    write_store(folder, f"{DOMAIN}.{ENTRY_ID}", 1, sections)


async def _values(client: Client) -> bool:
    """Tell whether a sensor of the account has a value."""
    await client.check_entries(DOMAIN)
    states = await client.states()
    return any(
        states.get(entity["entity_id"], "unknown") not in {"unknown", "unavailable"}
        for entity in await client.entities(DOMAIN)
        if entity["entity_id"].startswith("sensor.")
    )


async def replay(cloud: ReplayCloud, folder: Path, port: int, *, once: bool) -> None:
    """Run until it is cancelled, or until values show when `once`."""
    shutil.rmtree(folder, ignore_errors=True)
    async with cloud:
        add_account(folder, cloud)
        print(f"== Starting Home Assistant in {folder}", flush=True)
        async with running_instance(folder, port) as instance:
            await eventually(
                lambda: _values(instance.client), "values", within=_VALUES_SECONDS
            )
            print(
                f"\n   {instance.url}\n   user name: {USER}\n   password:  {PASSWORD}\n"
                f"\n== The account of {cloud.taken_at.isoformat()} is up; Ctrl-C stops it",
                flush=True,
            )
            for path in sorted(set(cloud.unanswered)):
                print(f"   The file has no answer for {path}", flush=True)
            if not once:
                await asyncio.Event().wait()


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/replay", description=__doc__)
    parser.add_argument("file", type=Path, help="the downloaded diagnostics")
    parser.add_argument(
        "--port",
        type=int,
        default=8123,
        help="Home Assistant's port, 0 for any (default: 8123)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / ".demo" / "replay",
        help="where it lives; emptied at each start (default: .demo/replay)",
    )
    parser.add_argument(
        "--once", action="store_true", help="stop as soon as values show"
    )
    options = parser.parse_args()
    try:
        cloud = ReplayCloud(json.loads(options.file.read_text()), live=True)
        port = options.port or free_port()
        story = replay(cloud, options.folder.resolve(), port, once=options.once)
        asyncio.run(until_stopped(story))
    except (
        HomeAssistantError,
        NotABundleError,
        OSError,
        PortTakenError,
        ProgramEndedError,
        TimeoutError,
        ValueError,
    ) as err:
        print(f"scripts/replay: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
