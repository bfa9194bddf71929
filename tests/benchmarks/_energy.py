"""Storms, cuts and plain days in a real Home Assistant with its recorder, for every sign-in.

It needs Home Assistant in the process, so that it runs under pytest, started by energy.py.
"""

from collections.abc import AsyncIterator
from datetime import datetime
import os
from typing import Any

import pytest

from homeassistant.components.recorder import Recorder
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World
from tests.helpers.home import Home

from ._home import HomeTrial, lines
from ._quick import EXACT, FREEZE, LEAST
from ._tape import HOMES, SEASONS, SIGN_INS
from ._verdict import Verdict

DAYS = float(os.environ.get("BENCHMARK_DAYS", "2"))
SEEDS = [int(each) for each in os.environ.get("BENCHMARK_SEEDS", "1").split(",")]
SCENARIOS = os.environ.get("BENCHMARK_SCENARIOS", "storm").split(",")
CHOSEN = os.environ.get("BENCHMARK_SIGN_INS", ",".join(SIGN_INS)).split(",")
WAITED = 1.0
"""kWh an hour may hold of the one before: what was doubted for half an hour."""


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of the storm."""
    number: int = request.param
    return number


@pytest.fixture
def begin(seed: int) -> datetime:
    """Summer and winter in turn."""
    return SEASONS[("summer", "winter")[seed % 2]]


@pytest.fixture(params=CHOSEN)
async def cloud(
    world: World, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[Cloud[Any]]:
    """Each vendor's cloud with its usual home."""
    name = SIGN_INS[request.param]
    async with CLOUDS[name](world, HOMES[name]) as cloud:
        yield cloud


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_energy(
    recorder_mock: Recorder,
    home: Home,
    cloud: Cloud[Any],
    seed: int,
    scenario: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is lost and nothing is invented, to the resolution of the counters."""
    sign_in = request.node.callspec.params["cloud"]
    trial = HomeTrial(home, cloud, sign_in, seed, monkeypatch)
    verdicts, sums = await trial.run(scenario, DAYS)
    with capsys.disabled():
        print(f"\n{sign_in}, {scenario}, seed {seed}, {DAYS:g} days")
        print(lines(verdicts, sums))
    assert not [each for each in verdicts if _broken(each)]
    for each in sums:
        assert abs(each.sum) <= EXACT, each
        assert each.worst_hour <= WAITED, each


def _broken(verdict: Verdict) -> bool:
    return (
        max(verdict.phantom, verdict.above, verdict.below) > LEAST
        or verdict.falls > EXACT
        or verdict.freeze > FREEZE
    )
