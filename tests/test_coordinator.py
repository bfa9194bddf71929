"""Polling: a hiccup is no news, an outage is told once, and the vendor's word on waiting counts."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
import itertools
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud.cloud.model import Inventory, Snapshot
from custom_components.solar_cloud.const import DOMAIN, POLL_PERIOD
from custom_components.solar_cloud.coordinator import delay_to_slot
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_component import async_update_entity
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_entry, solax_id

GRACE = 15 * 60.0


def records(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return what the integration logged at a level or above."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= level and record.name.startswith("custom_components")
    ]


def flips(events: list[Event[EventStateChangedData]], entity_id: str) -> int:
    """Count how often an entity became unavailable."""
    return sum(
        event.data["entity_id"] == entity_id
        and event.data["new_state"] is not None
        and event.data["new_state"].state == STATE_UNAVAILABLE
        for event in events
    )


async def test_e58_a_short_outage_is_no_news(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One or two failed polls: nothing flaps, nothing is logged as an error."""
    await home.start(entry)
    power = home.entity_id(solax_id(solax, None, "pv_power"))
    events = async_capture_events(home.hass, EVENT_STATE_CHANGED)
    for _ in range(3):
        solax.fault(http=503, times=None)
        await home.pass_time(GRACE - POLL_PERIOD)
        assert home.state(solax_id(solax, None, "pv_power")).state != STATE_UNAVAILABLE
        solax.faults.clear()
        await home.pass_time(2 * POLL_PERIOD)
    assert flips(events, power) == 0
    assert records(caplog, logging.INFO) == []


async def test_an_outage_is_told_once_and_so_is_its_end(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Unavailable after the grace, back with the first poll that works."""
    await home.start(entry)
    ids = [solax_id(solax, None, "pv_power"), solax_id(solax, None, "pv_energy_total")]
    before = home.value(ids[1])
    solax.fault(http=503, times=None)
    await home.pass_time(GRACE + 2 * POLL_PERIOD)
    assert {home.state(each).state for each in ids} == {STATE_UNAVAILABLE}
    assert home.state(
        solax_id(solax, Kind.INVERTER, "online"), "binary_sensor"
    ).state == (STATE_UNAVAILABLE)
    await home.pass_time(3600)
    errors = records(caplog, logging.ERROR)
    assert len(errors) == 1
    assert "internal error" in errors[0]

    solax.faults.clear()
    caplog.clear()
    await home.pass_time(POLL_PERIOD + 60)
    assert home.value(ids[0]) > 0
    assert home.value(ids[1]) >= before
    assert len(records(caplog, logging.INFO)) == 1
    await home.pass_time(3600)
    assert len(records(caplog, logging.INFO)) == 1


async def test_a_failed_inventory_leaves_the_readings_alone(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The list of devices changes once in years."""
    await home.start(entry)
    solax.fault("page_device_info", http=500, times=None)
    solax.fault("page_plant_info", http=500, times=None)
    await home.pass_time(30 * 3600, step=900)
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0
    assert home.state(solax_id(solax, None, "load_power")).state != STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("wait", "fault"),
    [
        (3600.0, {"http": 429, "headers": {"Retry-After": "3600"}}),
        (60.0, {"code": 10406}),
    ],
)
async def test_the_wait_a_vendor_asks_for_is_kept(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    wait: float,
    fault: dict[str, object],
) -> None:
    """To the second, and then the poll goes on by itself."""
    await home.start(entry)
    solax.calls.clear()
    solax.fault(**fault)  # type: ignore[arg-type]
    while not len(solax.calls):
        await home.pass_time(10, step=10)
    (refused,) = solax.calls
    await home.pass_time(wait + 60, step=10)
    after = [call.at for call in solax.calls if call is not refused]
    assert after[0] - refused.at >= timedelta(seconds=wait)
    assert after[0] - refused.at <= timedelta(seconds=wait + 30)


async def test_a_long_wait_shows_at_once_and_ends(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Values of an hour ago would be a lie; one cycle brings the new ones."""
    await home.start(entry)
    power = solax_id(solax, None, "pv_power")
    solax.fault(http=429, headers={"Retry-After": "3600"})
    await home.pass_time(600)
    assert home.state(power).state == STATE_UNAVAILABLE
    solax.calls.clear()
    await home.pass_time(2400)
    assert len(solax.calls) == 0
    await home.pass_time(1000)
    assert home.value(power) >= 0


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_a_large_account_is_read_in_portions(
    solax: SolaxCloud, home: Home
) -> None:
    """What the limit cuts off is fetched as soon as the limit allows, oldest first."""
    solax.turn(per_minute=100)
    entry = solax_entry(solax)
    await home.start(entry)
    await home.pass_time(240, step=10)
    plants = [plant.plant_id for plant in solax.plants]
    assert len(plants) == 12
    for plant_id in plants:
        assert home.value(f"solax_{plant_id}_pv_energy_total") > 0
        assert home.state(f"solax_{plant_id}_load_power").state != STATE_UNAVAILABLE
    asked = [call.code for call in solax.calls]
    assert set(asked) == {0, 10000}

    # In the long run each plant is as fresh as the only one of a small account.
    await home.pass_time(1800, step=15)
    now = home.freezer.time_to_freeze
    for plant in solax.plants:
        inverter = plant.of(Kind.INVERTER)[0].sn
        report = datetime.fromisoformat(
            home.state(f"solax_{inverter}_last_report").state
        )
        assert now - report.replace(tzinfo=None) < timedelta(seconds=3 * POLL_PERIOD)
    assert {call.code for call in solax.calls} == {0, 10000}


def written(home: Home) -> tuple[list[str], list[str]]:
    """Return lists that fill with the entities that write another state, and with those that write the same once more."""
    changed: list[str] = []
    repeated: list[str] = []

    @callback
    def note(entities: list[str], data: Mapping[str, Any]) -> bool:
        entities.append(data["entity_id"])
        return False

    listen = home.hass.bus.async_listen
    for_changed = callback(partial(note, changed))
    for_repeated = callback(partial(note, repeated))
    listen(EVENT_STATE_CHANGED, lambda _: None, event_filter=for_changed)
    listen(EVENT_STATE_REPORTED, lambda _: None, event_filter=for_repeated)
    return changed, repeated


async def test_a_poll_writes_only_the_states_that_changed(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Most of what a home shows stands for hours; writing it once more costs, and says nothing."""
    await home.start(entry)
    await home.pass_time(2 * POLL_PERIOD)
    changed, repeated = written(home)
    await home.pass_time(3 * POLL_PERIOD)
    assert home.entity_id(solax_id(solax, None, "pv_power")) in changed
    assert repeated == []


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_a_portion_writes_only_the_plants_it_is_of(
    solax: SolaxCloud, home: Home
) -> None:
    """What a limit put off to the next portion is left alone, and so is what came before."""
    solax.turn(per_minute=4)
    entry = solax_entry(solax)
    await home.start(entry)
    await home.pass_time(4 * POLL_PERIOD, step=10)
    plant_of = {each.sn: plant for plant in solax.plants for each in plant.devices}
    registry, devices = er.async_get(home.hass), dr.async_get(home.hass)
    everybody = {plant.plant_id for plant in solax.plants}
    changed, repeated = written(home)
    portions = 0
    for _ in range(90):
        del changed[:]
        before = len(solax.calls)
        await home.pass_time(10)
        asked = set()
        for call in (solax.calls[each] for each in range(before, len(solax.calls))):
            asked |= {plant_of[each].plant_id for each in call.serials}
            asked |= {each for each in everybody if each in str(call.params)}
        wrote = set()
        for entity_id in changed + repeated:
            entity = registry.async_get(entity_id)
            assert entity is not None
            assert entity.device_id is not None
            device = devices.async_get(entity.device_id)
            assert device is not None
            wrote |= {
                plant_of[each].plant_id if each in plant_of else each
                for _, each in device.identifiers
            }
        assert wrote & everybody <= asked
        portions += asked < everybody and bool(wrote)
    assert portions > 2
    assert repeated == []


async def test_updating_every_half_minute_costs_no_more_than_polling(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass: HomeAssistant
) -> None:
    """An automation that asks all day long must not use up the account's calls; what it gets is as fresh as ever."""
    await home.start(entry)
    assert await async_setup_component(hass, "homeassistant", {})
    asked = [
        home.entity_id(solax_id(solax, kind, quantity))
        for kind, quantity in (
            (None, "pv_power"),
            (None, "load_power"),
            (Kind.INVERTER, "ac_power"),
        )
    ]
    solax.calls.clear()
    await home.pass_time(3600, step=10)
    polls = len(solax.calls.of("device/realtime_data", deviceType="1"))
    cost = len(solax.calls) / polls
    solax.calls.clear()
    for _ in range(120):
        await hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": asked}, blocking=True
        )
        await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
        await home.pass_time(30, step=10)
    # One poll in each period, and one more for where the hour begins.
    hourly = 4  # a plant's income and state, and alarms, whenever they fall
    assert len(solax.calls) <= cost * (3600 / POLL_PERIOD + 1) + hourly
    asked_at = [
        call.at for call in solax.calls.of("device/realtime_data", deviceType="1")
    ]
    assert len(asked_at) >= 10
    for earlier, later in itertools.pairwise(asked_at):
        assert POLL_PERIOD - 5 <= (later - earlier).total_seconds() < 2 * POLL_PERIOD


async def test_updating_every_half_minute_leaves_a_cloud_that_is_down_alone(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass: HomeAssistant
) -> None:
    """One more look between two polls is worth it, ten are not; and what comes back is seen soon."""
    await home.start(entry)
    await home.pass_time(600, step=30)
    solax.fault("*", http=503, times=None)
    await home.pass_time(1800, step=30)
    solax.calls.clear()
    await home.pass_time(3600, step=30)
    polling = len(solax.calls)
    solax.calls.clear()
    for _ in range(120):
        with suppress(HomeAssistantError):
            await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
        await home.pass_time(30, step=30)
    assert len(solax.calls) <= 3 * polling
    solax.faults.clear()
    for _ in range(5):
        with suppress(HomeAssistantError):
            await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
        await home.pass_time(30, step=30)
    assert entry.runtime_data.readings.last_error is None


async def test_updating_many_entities_at_once_asks_once(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, hass: HomeAssistant
) -> None:
    """However many of an account are named, and however often while the first is being answered."""
    await home.start(entry)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await home.restart(entry)
    await home.pass_time(600)
    solax.calls.clear()
    await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
    once = len(solax.calls)
    assert once
    await home.pass_time(600)
    solax.calls.clear()
    entity_id = home.entity_id(solax_id(solax, None, "pv_power"))
    await asyncio.gather(
        *(
            hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
            for _ in range(5)
        ),
        *(async_update_entity(hass, entity_id) for _ in range(5)),
    )
    await home.pass_time(60, step=10)
    assert len(solax.calls) <= once


async def test_what_changed_while_a_poll_was_under_way_is_read_when_somebody_asks(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That poll may have asked before the change; the next who asks has it read, and those after that get what is known."""
    await home.start(entry)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await home.restart(entry)
    await home.pass_time(2 * POLL_PERIOD)

    cloud = entry.runtime_data.cloud
    readings, was_read, changed = cloud.readings, asyncio.Event(), asyncio.Event()

    async def read_slowly(wanted: Inventory) -> Snapshot:
        snapshot: Snapshot = await readings(wanted)
        was_read.set()
        await changed.wait()
        return snapshot

    async def refresh() -> int:
        solax.calls.clear()
        await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
        return len(solax.calls.of("device/realtime_data"))

    monkeypatch.setattr(cloud, "readings", read_slowly)
    under_way = asyncio.create_task(refresh())
    await was_read.wait()
    entry.runtime_data.readings.expect_change()
    changed.set()
    await under_way
    assert await refresh() > 0
    assert await refresh() == 0


@pytest.mark.parametrize("late", [0.0, 4.0])
async def test_asking_every_five_minutes_by_an_automation_reads_each_time(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass: HomeAssistant,
    late: float,
) -> None:
    """With Home Assistant's own polling off; an automation that starts a moment late once is not put off to the next time."""
    await home.start(entry)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await home.restart(entry)
    await home.pass_time(POLL_PERIOD + late)
    for lateness in (late, 0.0, late, 0.0):
        solax.calls.clear()
        await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
        assert solax.calls
        await home.pass_time(POLL_PERIOD + (late - 2 * lateness))


async def test_polls_neither_drift_nor_crowd(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """As many in two hours as there are five minutes."""
    await home.start(entry)
    solax.calls.clear()
    await home.pass_time(2 * 3600, step=15)
    polls = {call.at for call in solax.calls.of("device/realtime_data", deviceType="1")}
    assert 23 <= len(polls) <= 25
    for earlier, later in itertools.pairwise(sorted(polls)):
        assert (later - earlier).total_seconds() > POLL_PERIOD / 2


def test_a_slot_is_never_missed_nor_met_twice(freezer: FrozenDateTimeFactory) -> None:
    """A poll that ends just before its slot waits for the next one."""
    assert delay_to_slot(1000.0, 300.0, 100.0) == 300.0
    assert delay_to_slot(1001.0, 300.0, 100.0) == 299.0
    assert delay_to_slot(1290.0, 300.0, 100.0) == 310.0
    assert delay_to_slot(1270.0, 300.0, 100.0) == 30.0
