"""Accounts of every sign-in started in a real Home Assistant; started by start.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path
import statistics
import time
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from tests.emulators.base import Cloud
from tests.emulators.registry import CLOUDS
from tests.emulators.world import World
from tests.helpers.home import Home

from ._blocks import Watch, watched
from ._chain import SlowCloud, depth, real_time, served
from ._floor import entities_of, set_up_floor
from ._home import account
from ._tape import HOMES, SIGN_INS
from ._worlds import resize

ROWS: Final = Path(os.environ.get("BENCHMARK_ROWS", os.devnull))
DELAY: Final = float(os.environ.get("BENCHMARK_DELAY", "0.1"))
CHOSEN: Final = os.environ.get("BENCHMARK_SIGN_INS", ",".join(SIGN_INS)).split(",")
DEVICES: Final = [
    int(each) for each in os.environ.get("BENCHMARK_DEVICES", "4,500").split(",")
]
RUNS: Final = int(os.environ.get("BENCHMARK_RUNS", "1"))
PLANTS: Final = 50
MEASURED: Final = frozenset({"power", "energy", "battery", "voltage"})
"""Classes of sensors that only a reading can fill."""
HOUR: Final = 3600.0
OFF: Final = 600.0
"""Seconds that Home Assistant is off for an update."""


def tell(**row: Any) -> None:
    """Hand a row to the program that prints it."""
    with ROWS.open("a") as file:
        file.write(json.dumps(row) + "\n")


@dataclass(slots=True)
class FirstState:
    """When the first sensor had a value that only a reading can bring."""

    at: float | None = None
    values: int = 0


@contextmanager
def first_state(hass: HomeAssistant) -> Iterator[FirstState]:
    """Wait for a value."""
    first, registry = FirstState(), er.async_get(hass)

    @callback
    def look(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is None or state.attributes.get("device_class") not in MEASURED:
            return
        known = registry.async_get(state.entity_id)
        if known is None or known.platform != "solar_cloud":
            return
        try:
            float(state.state)
        except ValueError:
            return
        first.values += 1
        first.at = first.at or real_time()

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, look)
    try:
        yield first
    finally:
        stop()


async def start(home: Home, entry: MockConfigEntry, slow: SlowCloud) -> dict[str, Any]:
    """Set an account up as it is; return what it took to the first state."""
    slow.exchanges.clear()
    begun = real_time()
    with first_state(home.hass) as first:
        await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    assert first.at is not None, "no sensor had a value"
    needed = [each for each in slow.exchanges if each.ended and each.ended <= first.at]
    return {
        "calls": len(needed),
        "depth": depth(needed),
        "seconds": round(first.at - begun, 3),
        "round_trips": round((first.at - begun) / DELAY, 1),
        "calls_in_all": len(slow.exchanges),
        "values": first.values,
    }


@pytest.mark.parametrize("sign_in", CHOSEN)
async def test_round_trips(
    home: Home, world: World, sign_in: str, socket_enabled: None
) -> None:
    """Count a cold start, and one after ten minutes' pause with nothing but the storage kept."""
    name = SIGN_INS[sign_in]
    with served(CLOUDS[name](world, HOMES[name]), DELAY) as slow:
        entry = await account(home, slow.cloud, sign_in)
        tell(kind="cold", sign_in=sign_in, **await start(home, entry, slow))
        await home.pass_time(HOUR, step=HOUR / 6)
        await home.hass.config_entries.async_unload(entry.entry_id)
        home.forget()
        home.freezer.tick(OFF)
        tell(kind="restart", sign_in=sign_in, **await start(home, entry, slow))


@pytest.mark.skipif(
    not any(each.startswith("sungrow") for each in CHOSEN), reason="not asked for"
)
async def test_many_plants(home: Home, world: World, socket_enabled: None) -> None:
    """Count a cold start of an account with many plants, whose devices are listed plant by plant."""
    cloud = CLOUDS["sungrow"](world, HOMES["sungrow"])
    resize(cloud, plants=PLANTS)
    with served(cloud, DELAY) as slow:
        entry = await account(home, slow.cloud, "sungrow_account")
        row = await start(home, entry, slow)
        tell(kind=f"cold, {PLANTS} plants", sign_in="sungrow_account", **row)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Put the quotas' clock ahead: a frozen one would cost time of its own at every look."""
    ahead, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    return ahead


BLOCK_SIGN_INS: Final = [
    each for each in CHOSEN if not each.endswith("oauth") and DEVICES
]


@pytest.mark.parametrize("devices", DEVICES)
@pytest.mark.parametrize("sign_in", BLOCK_SIGN_INS)
async def test_blocks(
    hass: HomeAssistant,
    clock: list[float],
    caplog: pytest.LogCaptureFixture,
    sign_in: str,
    devices: int,
    socket_enabled: None,
) -> None:
    """Time the longest block of the loop while an account is set up."""
    cloud: Cloud[Any] = CLOUDS[SIGN_INS[sign_in]](World(), HOMES[SIGN_INS[sign_in]])
    count = resize(cloud, devices=devices)
    caplog.set_level(logging.WARNING)  # as in a Home Assistant nobody tests
    home = Home(hass, None)  # type: ignore[arg-type]
    runs: list[Watch] = []
    tried = 0
    with served(cloud, 0.0) as slow:
        entry = await account(home, slow.cloud, sign_in)
        for number in range(RUNS):
            if number:
                await hass.config_entries.async_unload(entry.entry_id)
                clock[0] += HOUR
            while (watch := await _set_up(home, entry, clock)) is None:
                tried += 1
            runs.append(watch)
    rows = entities_of(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    with watched() as floor:
        await set_up_floor(hass, rows)
    longest = sorted((each.longest() for each in runs), key=lambda each: each.seconds)
    middle = longest[len(longest) // 2]
    ours = sorted(
        (each.longest_of_ours() for each in runs), key=lambda each: each.ours
    )[len(runs) // 2]
    tell(
        kind="block",
        sign_in=sign_in,
        devices=count,
        longest_ms=round(middle.seconds * 1000, 1),
        ours_in_it_ms=round(middle.ours * 1000, 1),
        collecting_ms=round(middle.collecting * 1000, 1),
        working_ms=round(
            statistics.median(each.longest_working().working for each in runs) * 1000, 1
        ),
        floor_ms=round(floor.longest().seconds * 1000, 1),
        floor_working_ms=round(floor.longest_working().working * 1000, 1),
        floor_cpu_ms=round(sum(block.seconds for block in floor.blocks) * 1000),
        entities=len(rows),
        most_ours_ms=round(ours.ours * 1000, 1),
        blocks_over_50_ms=statistics.median(
            sum(block.seconds > 0.05 for block in each.blocks) for each in runs
        ),
        set_up_cpu_ms=round(
            statistics.median(
                sum(block.seconds for block in each.blocks) for each in runs
            )
            * 1000
        ),
        tries=tried + 1,
        where=[
            [[at, seen] for at, seen in block.looks.most_common(12)]
            for block in sorted(
                runs[0].blocks, key=lambda each: each.seconds, reverse=True
            )[:6]
        ],
    )


async def _set_up(
    home: Home, entry: MockConfigEntry, clock: list[float]
) -> Watch | None:
    """Set up; ``None`` when a limit stopped it, and the next try may come after it."""
    with watched() as watch:
        await home.start(entry)
    if entry.state is ConfigEntryState.LOADED:
        return watch
    clock[0] += 70.0
    return None
