"""A day of each demo home in a real Home Assistant, as it is after set-up; started by recorder.py."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World
from tests.helpers.accounts import demo_entry
from tests.helpers.home import Home

from ._tape import HOMES, HOUR, SEASONS, SIGN_INS

HOURS = float(os.environ.get("BENCHMARK_HOURS", "24"))
TOLD = os.environ.get("BENCHMARK_TOLD", os.devnull)
MOST = 12
"""Entities that are named."""
CHOSEN = os.environ.get("BENCHMARK_SIGN_INS", "solax").split(",")


@pytest.fixture
def begin() -> datetime:
    """A summer's day, from its first minutes."""
    return SEASONS["summer"]


@pytest.fixture(params=CHOSEN)
def sign_in(request: pytest.FixtureRequest) -> str:
    """The way in to the demo home."""
    way: str = request.param
    return way


@pytest.fixture
async def cloud(
    world: World, sign_in: str, socket_enabled: None
) -> AsyncIterator[Cloud[Any]]:
    """The cloud of the demo home."""
    name = SIGN_INS[sign_in]
    async with CLOUDS[name](world, HOMES[name]) as cloud:
        yield cloud


def tell(row: dict[str, Any]) -> None:
    """Hand a row to the program that asked for it."""
    with Path(TOLD).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


async def test_rows_of_a_day(home: Home, cloud: Cloud[Any], sign_in: str) -> None:
    """Print what the recorder writes: a row for each change of a state or of its attributes."""
    rows: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None:
            rows[state.entity_id] += 1

    entry = await demo_entry(home, cloud, sign_in)
    home.hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    await home.start(entry)
    await home.pass_time(HOURS * HOUR)
    registered = er.async_entries_for_config_entry(
        er.async_get(home.hass), entry.entry_id
    )
    on = [each.entity_id for each in registered if each.disabled_by is None]
    ours = Counter({each: rows[each] for each in on})
    told = {
        "sign_in": sign_in,
        "on": len(on),
        "off": len(registered) - len(on),
        "rows": ours.total(),
        "most": ours.most_common(MOST),
    }
    tell(told)
