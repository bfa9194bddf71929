"""Many plants of three vendors in one real Home Assistant, with their recorder on a database; started by fleet.py."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
import json
import os
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.solar_cloud.all_plants import AllPlantsCoordinator
from homeassistant.components.recorder import Recorder
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World
from tests.helpers.accounts import account_entry
from tests.helpers.flow import Flow
from tests.helpers.home import Home

from ._tape import HOMES, SEASONS, SIGN_INS
from ._worlds import resize

MINUTES = float(os.environ.get("BENCHMARK_MINUTES", "30"))
PLANTS = int(os.environ.get("BENCHMARK_PLANTS", "300"))
TOLD = os.environ.get("BENCHMARK_TOLD", os.devnull)
CHOSEN = ("solax", "sungrow_account", "fusionsolar_account")
STEP = 20.0


def _elapsed() -> float:
    """Return seconds of the machine's clock, which the story does not move."""
    return os.times().elapsed


@pytest.fixture
def begin() -> datetime:
    """A summer's day at ten: everything moves."""
    return SEASONS["summer"].replace(hour=10, minute=0)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Record as Home Assistant does by default."""
    return {"commit_interval": 5}


@pytest.fixture
def recorder_db_url() -> str:
    """The database that was asked for, which is empty."""
    return os.environ.get("BENCHMARK_RECORDER_URL", "sqlite://")


@pytest.fixture
async def clouds(
    world: World, socket_enabled: None
) -> AsyncIterator[dict[str, Cloud[Any]]]:
    """The three clouds, each with a third of the plants."""
    async with AsyncExitStack() as stack:
        found = {}
        for sign_in in CHOSEN:
            name = SIGN_INS[sign_in]
            cloud = await stack.enter_async_context(CLOUDS[name](world, HOMES[name]))
            resize(cloud, plants=PLANTS // len(CHOSEN))
            found[sign_in] = cloud
        yield found


def _tell(row: dict[str, Any]) -> None:
    """Hand a row to the program that asked for it."""
    with Path(TOLD).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


class Looks:
    """How long each sum over all plants takes the event loop."""

    def __init__(self) -> None:
        """Begin to measure."""
        self.seconds: list[float] = []
        usual = AllPlantsCoordinator.look

        def look(coordinator: AllPlantsCoordinator) -> None:
            begun = time.thread_time()
            usual(coordinator)
            self.seconds.append(time.thread_time() - begun)

        self.patch = patch.object(AllPlantsCoordinator, "look", look)


async def test_a_while(
    recorder_mock: Recorder, home: Home, clouds: dict[str, Cloud[Any]]
) -> None:
    """Tell what a while of all plants costs."""
    rows: Counter[str] = Counter()
    backlog = 0

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        nonlocal backlog
        if (state := event.data["new_state"]) is not None:
            rows[state.entity_id] += 1
        backlog = max(backlog, recorder_mock.backlog)

    looks, begun = Looks(), _elapsed()
    for sign_in, cloud in clouds.items():
        await home.start(account_entry(cloud, sign_in))
    await home.pass_time(600, STEP)
    set_up = _elapsed() - begun
    with looks.patch:
        flow = await Flow.add(home.hass)
        await flow.choose("all_plants")
        await flow.submit()
        await home.pass_time(600, STEP)
        await async_wait_recording_done(home.hass)
        looks.seconds.clear()
        home.hass.bus.async_listen(EVENT_STATE_CHANGED, count)
        begun, busy = _elapsed(), time.thread_time()
        await home.pass_time(MINUTES * 60, STEP)
        busy, passed = time.thread_time() - busy, _elapsed() - begun
    lag = _elapsed()
    await async_wait_recording_done(home.hass)
    lag = _elapsed() - lag
    registry = er.async_get(home.hass)
    own = {
        each.entity_id
        for each in er.async_entries_for_config_entry(registry, flow.entry.entry_id)
    }
    told = {
        "database": recorder_mock.dialect_name,
        "plants": PLANTS // len(CHOSEN) * len(clouds),
        "entities": len(home.hass.states.async_all()),
        "set_up_s": round(set_up, 1),
        "minutes": MINUTES,
        "rows": rows.total(),
        "rows_of_all_plants": sum(rows[each] for each in own),
        "most": [
            (each, rows[each]) for each in sorted(own, key=lambda e: -rows[e])[:5]
        ],
        "loop_s": round(busy, 2),
        "clock_s": round(passed, 1),
        "sums": len(looks.seconds),
        "sum_ms": round(1000 * max(looks.seconds, default=0.0), 1),
        "sums_s": round(sum(looks.seconds), 3),
        "backlog": backlog,
        "lag_s": round(lag, 2),
        "offline": home.value("all_plants_plants_offline"),
    }
    _tell(told)
