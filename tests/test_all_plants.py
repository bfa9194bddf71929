"""All plants: what one device says of all accounts, in a real Home Assistant at three emulated clouds."""

import asyncio
from collections.abc import Iterable
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .benchmarks._worlds import resize
from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .emulators.world import Fault
from .helpers.accounts import account_entry
from .helpers.cutting import Disk
from .helpers.flow import Flow
from .helpers.home import POLL, Home, solax_entry

ENERGIES = (
    "pv_energy",
    "load_energy",
    "grid_import_energy",
    "grid_export_energy",
    "battery_charge_energy",
    "battery_discharge_energy",
)
LIFETIMES = [f"{stem}_total" for stem in ENERGIES]
OF_TODAY = [f"{stem}_today" for stem in ENERGIES]
POWERS = ["pv_power", "load_power", "grid_power", "battery_power"]
OUTAGE = 2400.0
"""Seconds after which nothing of a cloud that fails is shown as the present."""


async def add_all_plants(home: Home) -> ConfigEntry:
    """Do what a user does."""
    flow = await Flow.add(home.hass)
    await flow.choose("all_plants")
    assert flow.at("all_plants")
    await flow.submit()
    # The last page of an account asks for a report, which there is none of here.
    assert flow.result["description"] == "all_plants"
    return flow.entry


@pytest.fixture
async def accounts(
    home: Home,
    solax: SolaxCloud,
    sungrow: SungrowCloud,
    fusionsolar: FusionSolarCloud,
) -> list[MockConfigEntry]:
    """An account at each vendor, polled once."""
    entries = [
        solax_entry(solax),
        account_entry(sungrow, "sungrow_account"),
        account_entry(fusionsolar, "fusionsolar_account"),
    ]
    for entry in entries:
        await home.start(entry)
    await home.pass_time(POLL)
    return entries


@pytest.fixture
async def all_plants(home: Home, accounts: list[MockConfigEntry]) -> ConfigEntry:
    """The device of all plants."""
    return await add_all_plants(home)


def total(home: Home, quantity: str) -> float:
    """Return what the device of all plants shows."""
    return home.value(f"all_plants_{quantity}")


def of_plants(home: Home, accounts: Iterable[ConfigEntry], quantity: str) -> float:
    """Return the sum of what the plants themselves show."""
    found = []
    for entry in accounts:
        for each in er.async_entries_for_config_entry(
            er.async_get(home.hass), entry.entry_id
        ):
            device = dr.async_get(home.hass).async_get(each.device_id or "")
            if (
                each.translation_key == quantity
                and isinstance(device, dr.DeviceEntry)
                and device.entry_type is dr.DeviceEntryType.SERVICE
            ):
                state = home.hass.states.get(each.entity_id)
                assert state is not None, each.entity_id
                found.append(float(state.state))
    assert found, quantity
    return sum(found)


async def assert_sums(home: Home, accounts: Iterable[ConfigEntry]) -> None:
    """Within two minutes of a poll, all energies are what the plants add up to, and so are the powers but for their rounding."""
    for _ in range(8):
        wrong = {
            quantity: (total(home, quantity), expected)
            for quantity in (*LIFETIMES, *OF_TODAY, *POWERS)
            if total(home, quantity)
            != pytest.approx(
                expected := of_plants(home, accounts, quantity),
                abs=2 if quantity in POWERS else 0.003,
            )
        }
        if not wrong:
            return
        await home.pass_time(30, step=15)
    pytest.fail(f"shown and expected: {wrong}")


async def test_three_vendors_add_up_and_an_outage_is_told_and_takes_no_energy(
    home: Home,
    accounts: list[MockConfigEntry],
    all_plants: ConfigEntry,
    solax: SolaxCloud,
) -> None:
    """Energies stay, powers are of who is there, and how many are missing is said."""
    await assert_sums(home, accounts)
    await home.pass_time(900)
    await assert_sums(home, accounts)
    assert total(home, "plants_offline") == 0
    assert home.state("all_plants_pv_power").attributes["plants"] == 3
    assert home.state("all_plants_pv_power").attributes["missing"] == 0
    assert total(home, "oldest_data_age") <= 15
    before = {each: total(home, each) for each in LIFETIMES}

    solax.fault(http=503, times=None)
    await home.pass_time(OUTAGE)
    assert total(home, "plants_offline") == 1
    offline = home.state("all_plants_plants_offline").attributes
    assert offline["names"] == ["Demo House"]
    assert offline["plants"] == 3
    power = home.state("all_plants_pv_power")
    assert (power.attributes["plants"], power.attributes["missing"]) == (2, 1)
    live = accounts[1:]
    assert float(power.state) <= max(
        1.2 * of_plants(home, live, "pv_power"), of_plants(home, live, "pv_power") + 50
    )
    assert total(home, "oldest_data_age") > 30
    oldest = home.state("all_plants_oldest_data_age").attributes["name"]
    assert oldest == "Demo House"
    for quantity, value in before.items():
        assert total(home, quantity) >= value, quantity

    solax.faults.clear()
    await home.pass_time(900)
    assert total(home, "plants_offline") == 0
    await assert_sums(home, accounts)


async def test_it_is_written_once_in_a_minute_at_most_and_only_what_is_new(
    home: Home, accounts: list[MockConfigEntry], all_plants: ConfigEntry
) -> None:
    """However many accounts are polled, and however often: a row each time would fill the recorder."""
    changes = async_capture_events(home.hass, EVENT_STATE_CHANGED)
    await home.pass_time(3600, step=20)
    own = er.async_entries_for_config_entry(
        er.async_get(home.hass), all_plants.entry_id
    )
    for each in own:
        rows: list[Any] = [
            event.data for event in changes if event.data["entity_id"] == each.entity_id
        ]
        assert len(rows) <= 40, each.entity_id
        assert all(
            (row["old_state"].state, row["old_state"].attributes)
            != (row["new_state"].state, row["new_state"].attributes)
            for row in rows
        )
    written = [event.data["entity_id"] for event in changes]
    assert home.entity_id("all_plants_pv_power") in written
    assert home.entity_id("all_plants_plants_offline") not in written


async def test_restarts_lose_and_invent_nothing(
    home: Home,
    accounts: list[MockConfigEntry],
    all_plants: ConfigEntry,
    solax: SolaxCloud,
) -> None:
    """Not even while an account does not come up: its part is what it was."""
    before = {each: total(home, each) for each in LIFETIMES}
    hass = home.hass
    for entry in (all_plants, *accounts):
        assert await hass.config_entries.async_unload(entry.entry_id)
    home.forget()
    solax.fault(http=503, times=None)
    for entry in (all_plants, *accounts):
        await hass.config_entries.async_setup(entry.entry_id)
    await home.pass_time(POLL)
    assert total(home, "plants_offline") == 1
    power = home.state("all_plants_pv_power").attributes
    assert (power["plants"], power["missing"]) == (2, 1)
    for quantity, value in before.items():
        assert value <= total(home, quantity) < value + 2, quantity
    solax.faults.clear()
    await home.pass_time(900)
    assert total(home, "plants_offline") == 0
    await assert_sums(home, accounts)


async def test_no_energy_begins_before_every_account_is_there(
    home: Home, accounts: list[MockConfigEntry]
) -> None:
    """What one of them has counted in years would come in a moment; who waits for it in vain waits half an hour."""
    hass = home.hass
    assert await hass.config_entries.async_unload(accounts[0].entry_id)
    await add_all_plants(home)
    await home.pass_time(600)
    for quantity in ("pv_energy_total", "pv_energy_today"):
        assert home.state(f"all_plants_{quantity}").state == STATE_UNKNOWN
    assert total(home, "pv_power") > 0
    await home.start(accounts[0])
    await home.pass_time(70)
    await assert_sums(home, accounts)


async def test_no_energy_begins_before_every_plant_is_read(
    home: Home, solax: SolaxCloud
) -> None:
    """Of a large account that was just added most plants were not read yet; one that stays silent is not waited for."""
    resize(solax, plants=2)
    late = solax.plants[1]
    dongles = {id(each): each for each in map(late.dongle, late.devices)}.values()
    for dongle in dongles:
        dongle.online.set(solax.now() - 7200, False)
    account = solax_entry(solax)
    await home.start(account)
    entry = await add_all_plants(home)
    await home.pass_time(POLL)
    assert home.state("all_plants_pv_energy_total").state == STATE_UNKNOWN
    assert total(home, "plants_offline") == 1
    for dongle in dongles:
        dongle.online.set(solax.now(), True)
    await home.pass_time(660)
    assert total(home, "plants_offline") == 0
    await assert_sums(home, [account])
    assert await home.hass.config_entries.async_remove(entry.entry_id)

    for dongle in dongles:
        dongle.online.set(solax.now(), False)
    await home.pass_time(1200, step=120)
    await add_all_plants(home)
    await home.pass_time(1200, step=120)
    assert home.state("all_plants_pv_energy_total").state == STATE_UNKNOWN
    await home.pass_time(900, step=120)
    assert total(home, "pv_energy_total") > 0
    assert total(home, "plants_offline") == 1


async def test_an_account_that_is_removed_leaves_what_it_made(
    home: Home, accounts: list[MockConfigEntry], all_plants: ConfigEntry
) -> None:
    """And one that comes later counts from then on: no step either way is taken for energy."""
    before = total(home, "pv_energy_total")
    gone = of_plants(home, accounts[:1], "pv_energy_total")
    assert await home.hass.config_entries.async_remove(accounts[0].entry_id)
    await home.pass_time(POLL)
    after = total(home, "pv_energy_total")
    assert before <= after < before + 2
    rest = of_plants(home, accounts[1:], "pv_energy_total")
    assert after == pytest.approx(gone + rest, abs=2)
    today = of_plants(home, accounts[1:], "pv_energy_today")
    assert total(home, "pv_energy_today") == pytest.approx(today, abs=1)
    assert home.state("all_plants_plants_offline").attributes["plants"] == 2
    again = MockConfigEntry(
        domain=DOMAIN,
        title="SolaX",
        unique_id=accounts[0].unique_id,
        data=dict(accounts[0].data),
        options=dict(accounts[0].options),
    )
    await home.start(again)
    await home.pass_time(POLL)
    assert after <= total(home, "pv_energy_total") < after + 2
    assert home.state("all_plants_pv_power").attributes["plants"] == 3


async def test_alarms_of_all_plants_are_counted(
    home: Home,
    accounts: list[MockConfigEntry],
    all_plants: ConfigEntry,
    fusionsolar: FusionSolarCloud,
) -> None:
    """With the plants that have some."""
    assert total(home, "active_alarms") == of_plants(home, accounts, "active_alarms")
    before = total(home, "active_alarms")
    inverter = fusionsolar.plants[0].devices[0]
    fusionsolar.raise_alarm(inverter, "Fan fault")
    await home.pass_time(3900, step=300)
    assert total(home, "active_alarms") == before + 1
    (name,) = home.state("all_plants_active_alarms").attributes["names"]
    assert name == fusionsolar.plants[0].name


async def test_plants_of_one_name_are_several(
    home: Home, hass: HomeAssistant, two_plants: MockConfigEntry, solax: SolaxCloud
) -> None:
    """Half of all plants are called 'Home': the alarms of each count."""
    begun = dt_util.utcnow().timestamp()
    for plant in solax.plants:
        plant.name = "Home"
        plant.site.faults.append(Fault("inverter", "Grid Lost Fault", "IE002", begun))
    assert await hass.config_entries.async_reload(two_plants.entry_id)
    await home.pass_time(3900, step=300)
    await add_all_plants(home)
    assert total(home, "active_alarms") == of_plants(
        home, [two_plants], "active_alarms"
    )
    alarmed = home.state("all_plants_active_alarms").attributes["names"]
    assert alarmed == ["Home", "Home"]


async def test_whoever_asks_for_an_update_gets_one(
    home: Home, hass: HomeAssistant, two_plants: MockConfigEntry
) -> None:
    """The action of Home Assistant looks at what the accounts show, as a poll does."""
    await add_all_plants(home)
    before = total(home, "plants_offline")
    assert await hass.config_entries.async_unload(two_plants.entry_id)
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": home.entity_id("all_plants_plants_offline")},
        blocking=True,
    )
    assert total(home, "plants_offline") == before + 2


async def test_a_killed_machine_shows_no_less_than_before(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    disk: Disk,
) -> None:
    """What was counted since the last write is in the recorder, and stands though the cloud is away."""
    account = solax_entry(solax)
    resize(solax, plants=2)
    await home.start(account)
    await home.pass_time(POLL)
    entry = await add_all_plants(home)
    await home.pass_time(120)
    files = disk.copy()
    await home.pass_time(840, step=120)
    await async_wait_recording_done(home.hass)
    before = {each: total(home, each) for each in LIFETIMES}
    for each in (entry, account):
        assert await home.hass.config_entries.async_unload(each.entry_id)
    disk.put_back(files)
    home.forget()
    solax.fault(http=503, times=None)
    for each in (account, entry):
        await home.hass.config_entries.async_setup(each.entry_id)
    await home.pass_time(POLL)
    assert total(home, "plants_offline") == 2
    for quantity, value in before.items():
        assert total(home, quantity) == pytest.approx(value, abs=0.001), quantity
    solax.faults.clear()
    await home.pass_time(900)
    await assert_sums(home, [account])


@pytest.fixture
async def two_plants(home: Home, solax: SolaxCloud) -> MockConfigEntry:
    """One account of two plants."""
    resize(solax, plants=2)
    entry = solax_entry(solax)
    await home.start(entry)
    return entry


async def test_it_is_offered_once_and_only_where_there_is_something_to_add_up(
    home: Home, solax: SolaxCloud, hass: HomeAssistant
) -> None:
    """The menu of brands stays what it is for everybody else."""
    brands = ["solax", "sungrow", "fusionsolar"]
    assert (await Flow.add(hass)).result["menu_options"] == brands
    entry = solax_entry(solax)
    await home.start(entry)
    assert (await Flow.add(hass)).result["menu_options"] == brands
    assert await hass.config_entries.async_remove(entry.entry_id)
    resize(solax, plants=2)
    await home.start(solax_entry(solax))
    first, late = await Flow.add(hass), await Flow.add(hass)
    assert first.result["menu_options"] == [*brands, "all_plants"]
    await first.choose("all_plants")
    await first.submit()
    assert first.entry.title == "All plants"
    assert first.entry.data == {}
    await late.choose("all_plants")
    assert late.reason == "already_configured"
    assert (await Flow.add(hass)).result["menu_options"] == brands


async def test_the_entry_has_nothing_to_set_and_its_device_no_actions(
    home: Home, hass: HomeAssistant, two_plants: MockConfigEntry
) -> None:
    """Whoever picks it is told what to pick; actions that mean the only account still find it."""
    entry = await add_all_plants(home)
    assert not entry.supports_options
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id},
    )
    assert result["reason"] == "totals_only"
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.name == "All plants"

    async def act(action: str, **data: Any) -> Any:
        return await hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )

    for action, about in (
        ("list_points", {"device_id": device.id}),
        ("get_alarms", {"device_id": [device.id]}),
        ("refresh", {"config_entry_id": entry.entry_id}),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await act(action, **about)
        assert refused.value.translation_key == "totals_only"
    assert len((await act("list_devices"))["devices"]) > 2
    assert "alarms" in await act("get_alarms")
    assert await async_setup_component(hass, "system_health", {})
    told = await get_system_health_info(hass, DOMAIN)
    for each in told.values():
        if asyncio.iscoroutine(each):
            each.close()
    assert not [key for key in told if key.startswith("All")]


async def test_its_diagnostics_are_numbers(
    home: Home, two_plants: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """No plant is named in them."""
    entry = await add_all_plants(home)
    assert await async_setup_component(home.hass, "diagnostics", {})
    told: Any = await get_diagnostics_for_config_entry(home.hass, hass_client, entry)
    assert told["plants"] == 2
    assert told["totals"]["pv_power"]["plants"] == 2
    assert told["joined_by"]["pv_energy_total"] == 0
    assert "Customer" not in json.dumps(told)
    (device,) = dr.async_entries_for_config_entry(
        dr.async_get(home.hass), entry.entry_id
    )
    again = await get_diagnostics_for_device(home.hass, hass_client, entry, device)
    assert again == told


async def test_nothing_is_left_of_it_when_it_is_removed(
    home: Home, two_plants: MockConfigEntry, disk: Disk
) -> None:
    """Neither its device nor its file; the accounts do not notice."""
    entry = await add_all_plants(home)
    await home.pass_time(POLL)
    assert await home.hass.config_entries.async_unload(entry.entry_id)
    await home.hass.config_entries.async_setup(entry.entry_id)
    await home.hass.async_block_till_done()
    mine = f"{DOMAIN}.{entry.entry_id}"
    assert [name for name in disk.files if name.startswith(mine)]
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    assert not [name for name in disk.files if name.startswith(mine)]
    registry = dr.async_get(home.hass)
    assert not dr.async_entries_for_config_entry(registry, entry.entry_id)
    await home.pass_time(POLL)
    assert of_plants(home, [two_plants], "pv_power") > 0
