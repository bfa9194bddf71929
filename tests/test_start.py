"""A start: how many round trips the first states wait for, and lists of the last run that are wrong by now."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.const import CONF_EXTRA_DEVICES, DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .benchmarks._home import account
from .emulators.calls import Call
from .emulators.solax import Kind, SolaxCloud
from .helpers.accounts import AnyCloud, repairs
from .helpers.home import Home, solax_entry, solax_id
from .helpers.rounds import rounds, until_first_state

CHAINS = {
    "solax": 5,  # token, plants, devices, batteries, readings
    "sungrow_account": 4,  # login, plants, devices, readings
    "sungrow_oauth": 3,
    "fusionsolar_account": 5,  # login, plants, devices, one reading, which shows how a type is written, the others
    "fusionsolar_oauth": 4,
}
DAY = 86_400.0
BEHIND = 30.0
"""Seconds after which the lists of the last run have been read again."""


@pytest.mark.parametrize("sign_in", CHAINS, indirect=True)
async def test_only_what_needs_another_answer_waits_for_it(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Nothing is known yet: as many round trips as the vendor's calls need each other."""
    entry = await account(home, cloud, sign_in)
    with rounds(cloud) as counted, until_first_state(home.hass, counted) as states:
        await home.start(entry)
    assert states
    assert states[0] == CHAINS[sign_in]


@pytest.mark.parametrize("sign_in", CHAINS, indirect=True)
async def test_a_restart_shows_values_after_one_round_trip(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Token and lists are kept, and the lists are read again behind."""
    entry = await account(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(600.0)
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.forget()
    home.freezer.tick(600.0)
    with rounds(cloud) as counted, until_first_state(home.hass, counted) as states:
        await home.start(entry)
    assert states
    assert states[0] == 1
    lists = entry.runtime_data.inventory
    assert lists.remembered
    before = lists.data
    await home.pass_time(BEHIND, step=BEHIND)
    assert not lists.remembered
    assert lists.data.complete
    assert lists.data.devices == before.devices


LISTS = ("page_plant_info", "page_device_info")


def listed_first(calls: list[Call]) -> bool:
    """Whether the lists were read before any value."""
    kinds = [call.path.endswith(LISTS) for call in calls]
    return any(kinds) and kinds.index(False) > kinds.index(True)


async def stop(home: Home, entry: MockConfigEntry) -> None:
    """Stop as Home Assistant does."""
    await home.hass.config_entries.async_unload(entry.entry_id)
    home.forget()
    home.freezer.tick(600.0)


async def test_a_device_that_went_meanwhile_has_no_value_and_is_not_forgotten_at_once(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The lists of the last run have it still; what one look leaves out may come back."""
    gone = solax_id(solax, Kind.CHARGER, "charger_power")
    charger = solax.first(Kind.CHARGER).sn
    await stop(home, running)
    solax.remove_device(charger)
    await home.start(running)
    assert home.state(gone).state == "unavailable"
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    await home.pass_time(BEHIND, step=BEHIND)
    assert charger not in running.runtime_data.inventory.data.devices
    assert home.device(charger, running) is not None
    assert home.state(gone).state == "unavailable"


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_a_plant_that_came_meanwhile_is_found_behind(
    solax: SolaxCloud, home: Home
) -> None:
    """Its values come with the next poll."""
    del solax.plants[2:]
    late = solax.plants.pop()
    entry = solax_entry(solax)
    await home.start(entry)
    await stop(home, entry)
    solax.plants.append(late)
    await home.start(entry)
    assert late.plant_id not in entry.runtime_data.inventory.data.plants
    await home.pass_time(BEHIND + 400.0, step=100.0)
    assert home.value(f"solax_{late.plant_id}_pv_power") > 0


async def test_a_permission_lost_meanwhile_is_told_behind(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The values may go on: they need another one."""
    await stop(home, running)
    solax.withdraw("API_Info_V2")
    await home.start(running)
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    await home.pass_time(BEHIND, step=BEHIND)
    assert "permission_missing" in repairs(home.hass)


def of_another_account(stored: dict[str, Any]) -> None:
    """A copy of another entry's file."""
    stored["account"] = "solax_another"


def of_the_week_before(stored: dict[str, Any]) -> None:
    """Home Assistant was off for a holiday."""
    stored["at"] -= 3 * DAY


def from_the_future(stored: dict[str, Any]) -> None:
    """The clock was ahead."""
    stored["at"] += DAY


def without_a_device(stored: dict[str, Any]) -> None:
    """One device can no longer be read; all others could."""
    next(iter(stored["inventory"]["devices"].values()))["kind"] = "teapot"


def cut_off(stored: dict[str, Any]) -> None:
    """Nothing can be read."""
    stored["inventory"] = []


@pytest.mark.parametrize(
    "spoil",
    [
        of_another_account,
        of_the_week_before,
        from_the_future,
        without_a_device,
        cut_off,
    ],
)
async def test_lists_that_cannot_be_trusted_are_read_first(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_storage: dict[str, Any],
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    """As at a first start."""
    await stop(home, running)
    spoil(hass_storage[f"{DOMAIN}.{running.entry_id}_lists"]["data"]["_lists"])
    solax.calls.clear()
    await home.start(running)
    assert listed_first([*solax.calls])
    assert not running.runtime_data.inventory.remembered
    assert home.value(solax_id(solax, Kind.CHARGER, "charger_energy_total")) > 0


async def test_a_meter_that_was_added_by_hand_is_there_at_once(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The lists of before do not have it."""
    serial = "METERDEMO1"
    solax.calls.clear()
    home.hass.config_entries.async_update_entry(
        running, options={CONF_EXTRA_DEVICES: {serial: solax.plant.plant_id}}
    )
    await home.hass.config_entries.async_reload(running.entry_id)
    assert listed_first([*solax.calls])
    assert serial in running.runtime_data.inventory.data.devices


async def test_lists_that_a_start_failed_with_are_not_tried_again(
    running: MockConfigEntry, solax: SolaxCloud, home: Home, hass: HomeAssistant
) -> None:
    """They may be why it failed."""
    await stop(home, running)
    fault = solax.fault("realtime_data", http=500, times=None)
    await home.start(running)
    assert running.state is ConfigEntryState.SETUP_RETRY
    solax.faults.remove(fault)
    solax.calls.clear()
    await home.pass_time(60.0, step=10.0)
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [running]
    assert listed_first([*solax.calls])
