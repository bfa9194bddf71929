"""What happens at the same time: an account that is stopped in the middle of its work, two that share an application, a clock that is set."""

import asyncio
from collections.abc import Callable, Iterator
from copy import deepcopy
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState

from .emulators.solax import Kind, SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import demo_entry, repairs
from .helpers.flow import open_options
from .helpers.home import POLL, Home, solax_entry, solax_id
from .helpers.house import UPLOAD, SolaxHouse
from .helpers.past import hourly, live
from .test_history_import import act

HOUR = 3600.0
MINUTES = 40
"""How long the forced modes of these tests are to last."""


@pytest.fixture
async def house(home: Home, solax: SolaxCloud, waiting: list[float]) -> SolaxHouse:
    """The home with a battery that Home Assistant may steer."""
    house = SolaxHouse(
        home, solax, solax_entry(solax, excluded_plants=[], controls=True)
    )
    await house.start()
    solax.plant.site.set_soc(0.3)
    await home.pass_time(UPLOAD)
    return house


def forced(solax: SolaxCloud) -> bool:
    """Whether the battery really is."""
    return solax.told(Kind.INVERTER).remote is not None


async def charge(house: SolaxHouse) -> Any:
    """Charge to a target that is not reached: the inverter itself would never end it."""
    duration = {"minutes": MINUTES}
    return await house.act(
        "charge_battery", power=500, duration=duration, target_soc=90
    )


# A clock that is set


@pytest.mark.parametrize(("by", "restart"), [(-2 * HOUR, True), (2 * HOUR, False)])
async def test_a_forced_mode_lasts_as_long_as_it_was_to_though_the_clock_is_set(
    house: SolaxHouse, monkeypatch: pytest.MonkeyPatch, by: float, restart: bool
) -> None:
    """By the time that passed: neither hours longer nor cut off at once, over a restart as well."""
    await charge(house)
    await house.home.pass_time(600)
    house.home.set_clock(by, house.solax, monkeypatch)
    await house.home.pass_time(600)
    if restart:
        await house.home.restart(house.entry)
    await house.home.pass_time(MINUTES * 60 - 1200 - 120)
    assert forced(house.solax)
    await house.home.pass_time(300)
    assert not forced(house.solax)


async def test_an_end_does_not_wait_for_a_clock_that_was_set_back(
    house: SolaxHouse, waiting: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands keep their distance by seconds, not by what the clock said before."""
    await charge(house)
    house.home.set_clock(-HOUR, house.solax, monkeypatch)
    waiting.clear()
    await house.act("stop_battery")
    assert not forced(house.solax)
    assert max(waiting, default=0.0) <= 10.0


# Stopped in the middle


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be logged as a mistake, whatever is cut off."""
    yield
    wrong = [
        record.getMessage()
        for when in ("call", "teardown")
        for record in caplog.get_records(when)
        if record.levelno >= logging.ERROR or record.exc_info
    ]
    assert wrong == []


async def until(happened: Callable[[], object]) -> None:
    """Let what needs no time go on until something happened."""
    for _ in range(100_000):
        if happened():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not happen")


def ours() -> list[str]:
    """Return the tasks of accounts that are still there."""
    return [
        task.get_name()
        for task in asyncio.all_tasks()
        if DOMAIN in task.get_name() or DOMAIN in repr(task.get_coro())
    ]


async def begin(house: SolaxHouse, what: str) -> asyncio.Task[Any] | None:
    """Begin a piece of work whose call the cloud has and does not answer."""
    path = {"poll": "realtime_data", "command": "soc_target_control_mode"}[what]
    held = house.solax.fault(path, delay=20.0, lost=True)
    calls = len(house.solax.calls)
    task = None
    if what == "command":
        task = asyncio.create_task(charge(house))
    else:
        house.home.freezer.tick(POLL)
        async_fire_time_changed(house.hass)
    await until(lambda: held not in house.solax.faults.rules)
    assert len(house.solax.calls) > calls
    return task


@pytest.mark.parametrize("how", ["unload", "reload", "stop"])
@pytest.mark.parametrize("what", ["poll", "command"])
async def test_an_account_is_stopped_in_the_middle(
    house: SolaxHouse,
    hass_storage: dict[str, Any],
    quiet: None,
    what: str,
    how: str,
) -> None:
    """Nothing runs on, nothing is written or asked any more, and no battery stays forced."""
    entries, entry_id = house.hass.config_entries, house.entry.entry_id
    task = await begin(house, what)
    if how == "stop":
        await house.hass.async_stop(force=True)
    elif how == "unload":
        assert await entries.async_unload(entry_id)
    else:
        assert await entries.async_reload(entry_id)
    house.home.freezer.tick(30)  # in which the cloud answers
    async_fire_time_changed(house.hass)
    if task is not None:
        await asyncio.gather(task, return_exceptions=True)
    if how == "unload":
        await house.home.pass_time(60)  # in which it is written how the command ended
    if how != "reload":
        assert ours() == []
        kept, calls = deepcopy(hass_storage), len(house.solax.calls)
        if how == "unload":
            await house.home.pass_time(HOUR, 600)
        assert hass_storage == kept
        assert len(house.solax.calls) == calls
        force = kept[f"{DOMAIN}.{entry_id}"]["data"].get("forces")
        assert bool(force) is (what == "command")
        return
    assert house.entry.state is ConfigEntryState.LOADED
    await house.home.pass_time(MINUTES * 60 + 300, 300)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "self_consumption"
    assert not forced(house.solax)
    assert house.solax.token_calls == []


# Two accounts at once


@pytest.mark.parametrize("sungrow", ["all"], indirect=True)
async def test_two_accounts_of_one_application_share_it_while_one_of_them_is_reloaded(
    sungrow: SungrowCloud, home: Home, quiet: None
) -> None:
    """Every call of either is counted for both, none signs in again, and neither disturbs the other."""
    account = await demo_entry(home, sungrow, "sungrow_account")
    consent = await demo_entry(home, sungrow, "sungrow_oauth")
    object.__setattr__(consent, "unique_id", "sungrow_demo_2")
    plants = [plant.ps_id for plant in sungrow.plants]
    for number, entry in enumerate((account, consent)):
        entry.add_to_hass(home.hass)
        others = [key for key in plants if key != plants[number]]
        options = {"excluded_plants": others, "controls": False}
        home.hass.config_entries.async_update_entry(entry, options=options)
    sungrow.calls.clear()
    await home.start(account)  # which brings all accounts up
    quota = account.runtime_data.quota
    assert consent.runtime_data.quota is quota
    await home.pass_time(POLL)
    entries = home.hass.config_entries
    home.freezer.tick(POLL)
    async_fire_time_changed(home.hass)  # both are about to poll
    assert await entries.async_reload(account.entry_id)
    await home.pass_time(HOUR, 300)
    for entry in (account, consent):
        assert entry.state is ConfigEntryState.LOADED
        assert entry.runtime_data.readings.last_error is None
        assert entry.runtime_data.quota is quota
        assert entry.runtime_data.readings.last_update_success
    # What was cut off before it went out stays counted.
    assert len(sungrow.calls) <= quota.used() <= len(sungrow.calls) + 1
    assert sungrow.calls.count("openapi/login") == 1
    assert not {"session_contested", "rate_limited"} & repairs(home.hass).keys()


# An import


async def test_an_import_goes_on_though_its_account_is_changed_and_stopped_meanwhile(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    hass_storage: dict[str, Any],
    quiet: None,
) -> None:
    """Other options, then a stop, each while the cloud is being asked: nothing is lost, nothing twice, nothing written by one that is stopped."""
    entry = solax_entry(solax)
    await home.start(entry)
    await live(home, 1.1)
    entries = home.hass.config_entries

    async def ask() -> None:
        held = solax.fault("history_data", delay=20.0)
        home.freezer.tick(70)
        async_fire_time_changed(home.hass)
        await until(lambda: held not in solax.faults.rules)

    assert (await act(home, start="2026-05-14"))["state"] == "running"
    await ask()
    flow = await open_options(home.hass, entry)
    await entries.options.async_configure(
        flow["flow_id"],
        {"plants": [solax.plant.plant_id], "controls": True, "repair_gaps": True},
    )
    await home.settle()
    assert entry.state is ConfigEntryState.LOADED
    await ask()
    assert await entries.async_unload(entry.entry_id)
    await home.pass_time(60)
    assert ours() == []
    pv = home.entity_id(solax_id(solax, None, "pv_energy_total"))
    hours, calls = await hourly(home.hass, pv), len(solax.calls)
    asked = solax.calls.count("history_data")
    await home.pass_time(600, 300)
    assert await hourly(home.hass, pv) == hours
    assert len(solax.calls) == calls
    await home.start(entry)
    await home.pass_time(600, 60)  # it goes on by itself
    assert solax.calls.count("history_data") > asked
    assert entry.runtime_data.history.imports.jobs
