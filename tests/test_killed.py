"""A machine that loses its power: what was not written yet is gone, and no counter loses or gains an energy by it.

Most of what polls change is written every half hour. Whatever the next poll tells again may be lost; what was decided may not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import itertools
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er

from .benchmarks._tape import ROLES, role_energies
from .helpers.accounts import AnyCloud, account_entry
from .helpers.cutting import Disk
from .helpers.home import Home

HOMES: Final = ("solax", "sungrow_account", "fusionsolar_account")
EVENING: Final = datetime(2026, 6, 15, 22, 20, tzinfo=ZoneInfo("Europe/Berlin"))
DARK: Final = 120.0
"""Seconds until the power is back."""
FLOW: Final = 0.4
"""kWh that may be on their way, and that are rounded, at night."""
KILLS: Final = (1500.0, 1400.0, 1680.0, 700.0, 2400.0)
"""Seconds from one kill to the next: late after a write and soon after it, shortly before midnight, and after it."""


@pytest.fixture
def begin() -> datetime:
    """An evening."""
    return EVENING


@contextmanager
def shown(home: Home) -> Iterator[dict[str, list[float]]]:
    """Note what each counter shows."""
    series: dict[str, list[float]] = {}

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in {"unknown", "unavailable"}:
            if state.attributes.get("device_class") == "energy":
                series.setdefault(state.entity_id, []).append(float(state.state))

    stop = home.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    yield series
    stop()


async def kill(home: Home, entry: MockConfigEntry, disk: Disk) -> None:
    """Pull the plug, wait, and start again with what is on disk."""
    await async_wait_recording_done(home.hass)
    files = disk.copy()
    await home.hass.config_entries.async_unload(entry.entry_id)
    disk.put_back(files)
    home.forget()
    home.freezer.tick(DARK)
    await home.start(entry)


@pytest.mark.parametrize("sign_in", HOMES)
async def test_a_night_of_kills_costs_no_energy(
    recorder_mock: Recorder, home: Home, cloud: AnyCloud, sign_in: str, disk: Disk
) -> None:
    """No counter ever falls but at midnight, and in the end each has grown by what truly flowed."""
    entry = account_entry(cloud, sign_in)
    await home.start(entry)
    await home.pass_time(2400, 120)
    site = next(iter(cloud.world.sites.values()))
    registry = er.async_get(home.hass)
    plant = next(iter(entry.runtime_data.inventory.data.plants))
    before = {
        role: home.value(f"{cloud.name}_{plant}_{role}")
        for role in ROLES
        if home.known(f"{cloud.name}_{plant}_{role}")
    }
    assert len(before) >= 5
    truth = site.truth()
    with shown(home) as series:
        for seconds in KILLS:
            await home.pass_time(seconds, 100)
            await kill(home, entry, disk)
        await home.pass_time(1800, 100)
    flowed = role_energies(cloud.name, site.truth().since(truth))
    for role, value in before.items():
        gained = home.value(f"{cloud.name}_{plant}_{role}") - value
        assert gained == pytest.approx(flowed[role], abs=FLOW), role
    midnight = (EVENING + timedelta(days=1)).replace(hour=0, minute=0)
    today = role_energies(
        cloud.name, site.truth().since(site.truth(midnight.timestamp()))
    )
    for role, each in ROLES.items():
        if home.known(f"{cloud.name}_{plant}_{each}"):
            counted = home.value(f"{cloud.name}_{plant}_{each}")
            assert counted == pytest.approx(today[role], abs=FLOW), each
    for entity_id, values in series.items():
        entity = registry.async_get(entity_id)
        assert entity is not None
        assert entity.platform == DOMAIN
        falls = sum(later < sooner for sooner, later in itertools.pairwise(values))
        assert falls <= entity.unique_id.endswith("_today"), (entity_id, values)
    assert datetime.now(UTC) > midnight + timedelta(hours=1)
