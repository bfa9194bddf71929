"""A day of each demo home in a real Home Assistant, as it is after set-up; started by recorder.py."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
import os
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
TELL = int(os.environ.get("BENCHMARK_TELL", "12"))
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


async def test_rows_of_a_day(home: Home, cloud: Cloud[Any], sign_in: str) -> None:
    """Print what the recorder writes: a row for each change of a state or of its attributes."""
    rows: Counter[str] = Counter()
    series: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None:
            rows[state.entity_id] += 1
            series[state.entity_id].append((home.freezer().timestamp(), state.state))

    entry = await demo_entry(home, cloud, sign_in)
    home.hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    await home.start(entry)
    await home.pass_time(HOURS * HOUR)
    registered = er.async_entries_for_config_entry(
        er.async_get(home.hass), entry.entry_id
    )
    on = [each.entity_id for each in registered if each.disabled_by is None]
    ours = Counter({each: rows[each] for each in on})
    print(
        f"\n{sign_in}: {len(on)} on, {len(registered) - len(on)} off, {ours.total()} rows"
    )
    for entity_id, number in ours.most_common(TELL):
        print(f"  {number:6} {entity_id}")
    alike = defaultdict(list)
    for entity_id in on:
        if (
            len({state for _, state in series[entity_id]} - {"unknown", "unavailable"})
            > 2
        ):
            alike[tuple(series[entity_id])].append(entity_id)
    for twins in alike.values():
        if len(twins) > 1:
            print(f"  alike: {', '.join(twins)}")
