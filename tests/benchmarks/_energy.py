"""A month of storm for every vendor: what the recorder made of it, and a sensor without a guard beside it.

It needs Home Assistant in the process, so that it runs under pytest, started by energy.py.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
import os
from typing import Any

import pytest

from homeassistant.components.recorder import Recorder
from tests.clouds.base import Cloud
from tests.clouds.registry import CLOUDS
from tests.clouds.world import World
from tests.conftest import Home
from tests.storm import Trial, table
from tests.test_energy_storm import CALM, HOMES, HOUR, RESOLUTION, account

DAYS = float(os.environ.get("BENCHMARK_DAYS", "30"))
SEED = int(os.environ.get("BENCHMARK_SEED", "1"))


@pytest.fixture
def begin() -> datetime:
    """Ten days before the clocks change."""
    return datetime(2026, 3, 19, 10, 1, 30, tzinfo=UTC)


@pytest.fixture(params=sorted(CLOUDS))
async def cloud(
    world: World, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[Cloud[Any]]:
    """Each vendor's cloud with its usual home."""
    async with CLOUDS[request.param](world, HOMES[request.param]) as cloud:
        yield cloud


async def test_energy(
    recorder_mock: Recorder,
    home: Home,
    cloud: Cloud[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is lost and nothing is invented, to the resolution of the counters."""
    trial = Trial(home, cloud, account(cloud), monkeypatch, seed=SEED)
    lines = await trial.run(DAYS, CALM[cloud.name])
    with capsys.disabled():
        print(table(cloud.name, DAYS, lines))
    for line in lines:
        assert abs(line.guarded - line.truth) <= RESOLUTION[cloud.name] + 1e-6
        assert line.worst_hour <= HOUR
