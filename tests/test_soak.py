"""A day of everything that can go wrong, for each vendor: `scripts/benchmark soak` in short."""

from datetime import datetime
from typing import Any

import pytest

from homeassistant.components.recorder import Recorder

from .benchmarks._soak_run import Soak, beginning, plan
from .emulators.base import Cloud
from .helpers.cutting import Disk
from .helpers.home import Home

DAYS = 0.5
SEED = 1


@pytest.fixture
def begin() -> datetime:
    """Hours before the clocks change."""
    return beginning(DAYS, SEED)


@pytest.fixture(params=["solax", "sungrow_oauth", "fusionsolar_account"])
def sign_in(request: pytest.FixtureRequest) -> str:
    """One for each vendor."""
    way: str = request.param
    return way


async def test_a_day_of_faults_is_survived(
    recorder_mock: Recorder,
    home: Home,
    cloud: Cloud[Any],
    sign_in: str,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing unhandled or left over, no kWh lost or invented, no limit exceeded, and well again in time after each fault."""
    said: list[str] = []
    soak = Soak(home, cloud, sign_in, disk, SEED, said.append, monkeypatch)
    told = await soak.run(DAYS, plan(cloud.name, sign_in, SEED, DAYS, short=True))
    assert len(told) > 10
    assert not said, "\n".join(said)
