"""One sign-in's soak, in a Home Assistant of its own; started by soak.py."""

from collections.abc import AsyncIterator
from datetime import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest

from homeassistant.components.recorder import Recorder
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World
from tests.helpers.cutting import Disk
from tests.helpers.home import Home

from ._soak_run import Soak, beginning, plan, summary
from ._tape import HOMES, SIGN_INS

DAYS = float(os.environ.get("SOAK_DAYS", "1"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
SIGN_IN = os.environ.get("SOAK_SIGN_IN", "solax")
ONLY = {int(each) for each in os.environ.get("SOAK_ONLY", "").split()}
MINUTES = float(os.environ.get("SOAK_MINUTES", "inf"))
OUTPUT = os.environ.get("SOAK_OUTPUT")


@pytest.fixture
def begin() -> datetime:
    """Half of the days before clocks change."""
    return beginning(DAYS, SEED)


@pytest.fixture
async def cloud(world: World, socket_enabled: None) -> AsyncIterator[Cloud[Any]]:
    """The cloud of the usual home."""
    name = SIGN_INS[SIGN_IN]
    async with CLOUDS[name](world, HOMES[name]) as cloud:
        yield cloud


async def test_soak(
    recorder_mock: Recorder,
    home: Home,
    cloud: Cloud[Any],
    disk: Disk,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Print violations as they come, and write down what each fault came to."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", end="", flush=True)

    soak = Soak(home, cloud, SIGN_IN, disk, SEED, say, monkeypatch)
    planned = plan(cloud.name, SIGN_IN, SEED, DAYS, short="SOAK_SHORT" in os.environ)
    await soak.run(DAYS, planned, ONLY, MINUTES)
    if OUTPUT:
        Path(OUTPUT).write_text(json.dumps(summary(soak)))
