"""Devices: their hierarchy, and how they come and go."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_entry, solax_id

HALF_A_DAY = 12 * 3600 + 400.0
"""Longer than the account is listed apart, in one step."""


def registered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> dict[str, dr.DeviceEntry]:
    """Return the plants and devices of an entry by the vendor's id."""
    registry = dr.async_get(hass)
    found = {}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        assert isinstance(device, dr.DeviceEntry)
        ((domain, key),) = device.identifiers
        assert domain == DOMAIN
        if device.model != "Account":
            found[key] = device
    return found


async def inventory(home: Home) -> None:
    """Let the account be listed once more."""
    await home.pass_time(HALF_A_DAY, step=HALF_A_DAY)


async def test_the_home_is_a_tree(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The plant as a service, its hardware below it, the battery below its inverter."""
    await home.start(entry)
    devices = registered(home.hass, entry)
    inverter = solax.first(Kind.INVERTER).sn
    battery, plant = f"{inverter}_battery", solax.plant.plant_id
    meter, charger = solax.first(Kind.METER).sn, solax.first(Kind.CHARGER).sn
    assert devices.keys() == {plant, inverter, battery, meter, charger}

    assert devices[plant].entry_type is dr.DeviceEntryType.SERVICE
    assert devices[plant].name == "Demo House"
    assert devices[plant].via_device_id is None
    for key in (inverter, meter, charger):
        assert devices[key].via_device_id == devices[plant].id
    assert devices[battery].via_device_id == devices[inverter].id
    assert {device.manufacturer for device in devices.values()} == {"SolaX"}

    assert devices[inverter].serial_number == inverter
    assert devices[inverter].model == "X3-Hybrid-G4"
    assert devices[inverter].sw_version == "ARM 1.31 / DSP 1.52"
    assert devices[battery].serial_number == solax.first(Kind.BATTERY).sn
    assert devices[meter].model == "M3-40"
    assert devices[charger].sw_version == "ARM 1.09"


async def test_names_hold_no_serial(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """They end up in entity ids, screenshots and voice assistants."""
    await home.start(entry)
    serials = {device.sn.lower() for device in solax.plant.devices}
    for device in registered(home.hass, entry).values():
        assert not [sn for sn in serials if sn in (device.name or "").lower()]
    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), entry.entry_id
    )
    assert len(entities) > 100
    for each in entities:
        assert not [sn for sn in serials if sn in each.entity_id]


@pytest.mark.parametrize("solax", ["home-unregistered-battery"], indirect=True)
async def test_a_battery_in_no_list_is_found(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Its inverter answers for it."""
    await home.start(entry)
    devices = registered(home.hass, entry)
    inverter = solax.first(Kind.INVERTER).sn
    assert devices[f"{inverter}_battery"].via_device_id == devices[inverter].id
    assert home.value(solax_id(solax, Kind.BATTERY, "battery_soh")) > 0


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_devices_of_one_kind_are_told_apart(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """By numbers, so that two batteries are two names."""
    await home.start(entry)
    names = [device.name for device in registered(home.hass, entry).values()]
    assert len(names) == 6
    assert len(set(names)) == len(names)


async def test_firmware_follows_an_update(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """With the next inventory."""
    await home.start(entry)
    sn = solax.first(Kind.CHARGER).sn
    solax.change_device(sn, {"facts": {"armVersion": "1.10"}})
    await inventory(home)
    assert registered(home.hass, entry)[sn].sw_version == "ARM 1.10"


async def test_a_new_device_appears_by_itself(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """With its entities, and without a restart."""
    await home.start(entry)
    added = solax.add_charger("second-charger")
    await inventory(home)
    assert added.sn in registered(home.hass, entry)
    await home.pass_time(900)
    assert home.state(f"solax_{added.sn}_charger_power").state == "0.0"
    assert home.state(f"solax_{added.sn}_online", "binary_sensor").state == "on"


async def test_lists_that_failed_are_asked_for_within_the_hour(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A cloud that fails as it is listed keeps what is new from nobody for half a day."""
    await home.start(entry)
    added = solax.add_charger("second-charger")
    solax.fault("page_device_info", http=500, times=None)
    await inventory(home)
    solax.faults.clear()
    assert added.sn not in registered(home.hass, entry)
    await home.pass_time(3600 + 120)
    assert added.sn in registered(home.hass, entry)


async def test_what_a_short_list_left_out_is_back_within_the_hour(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """An account in trouble is answered a short list with success; half a day would be long."""
    await home.start(entry)
    charger = solax.first(Kind.CHARGER)
    shown = f"solax_{charger.sn}_charger_power"
    charger.listed = False
    await inventory(home)
    await home.pass_time(360)
    assert home.state(shown).state == "unavailable"
    charger.listed = True
    await home.pass_time(4200)
    assert home.state(shown).state == "0.0"


async def test_looking_for_what_is_missing_does_not_miss_it_sooner(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Lists come every hour then; the device stays for a day all the same."""
    await home.start(entry)
    sn = solax.first(Kind.CHARGER).sn
    solax.remove_device(sn)
    await inventory(home)
    await home.pass_time(20 * 3600, step=600)
    assert sn in registered(home.hass, entry)
    await home.pass_time(6 * 3600, step=600)
    assert sn not in registered(home.hass, entry)


async def test_a_vanished_device_goes_after_three_complete_inventories(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Lists are short in trouble; what is missing three times is gone."""
    await home.start(entry)
    sn = solax.first(Kind.CHARGER).sn
    solax.remove_device(sn)
    for _ in range(2):
        await inventory(home)
        assert sn in registered(home.hass, entry)
        assert home.known(f"solax_{sn}_charger_power")
    await inventory(home)
    assert sn not in registered(home.hass, entry)
    assert not home.known(f"solax_{sn}_charger_power")
    assert solax.first(Kind.INVERTER).sn in registered(home.hass, entry)
    assert "ERROR" not in caplog.text


async def test_a_device_missing_for_a_while_comes_back_as_it_was(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its entities are not made twice."""
    await home.start(entry)
    charger = solax.first(Kind.CHARGER)
    before = home.entity_id(f"solax_{charger.sn}_charger_power")
    charger.listed = False
    await inventory(home)
    charger.listed = True
    await inventory(home)
    await home.pass_time(900)
    assert home.entity_id(f"solax_{charger.sn}_charger_power") == before
    assert home.value(f"solax_{charger.sn}_charger_power") >= 0
    assert "unique ID" not in caplog.text
    # The misses do not add up over a reappearance.
    charger.listed = False
    await inventory(home)
    await inventory(home)
    assert charger.sn in registered(home.hass, entry)


async def test_a_removed_device_may_return(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Sold, removed, bought back: everything is there again."""
    await home.start(entry)
    charger = solax.first(Kind.CHARGER)
    charger.listed = False
    for _ in range(3):
        await inventory(home)
    assert not home.known(f"solax_{charger.sn}_charger_power")
    charger.listed = True
    await inventory(home)
    await home.pass_time(900)
    assert home.value(f"solax_{charger.sn}_charger_power") >= 0
    assert home.known(f"solax_{charger.sn}_phase_current_1")
    assert "unique ID" not in caplog.text


async def test_incomplete_inventories_remove_nothing(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A list that was refused says nothing about what is on it."""
    await home.start(entry)
    before = registered(home.hass, entry).keys()
    solax.fault("page_device_info", code=10001, times=None)
    for _ in range(4):
        await inventory(home)
    assert registered(home.hass, entry).keys() == before


async def test_failed_inventories_remove_nothing(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Nor does a cloud that is down for days."""
    await home.start(entry)
    before = registered(home.hass, entry).keys()
    solax.fault(http=503, times=None)
    for _ in range(4):
        await inventory(home)
    assert registered(home.hass, entry).keys() == before


async def test_e24_a_list_suddenly_empty_keeps_everything_at_first(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """An owner who withdraws the plant for an hour must not lose names and history."""
    await home.start(entry)
    before = registered(home.hass, entry).keys()
    plants, solax.plants = solax.plants, []
    await inventory(home)
    assert registered(home.hass, entry).keys() == before
    solax.plants = plants
    await inventory(home)
    await home.pass_time(900)
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0


async def test_the_user_may_remove_what_is_gone_and_nothing_else(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A device the account still lists would only come back."""
    assert await async_setup_component(home.hass, "config", {})
    await home.start(entry)
    client = await hass_ws_client(home.hass)
    charger = solax.first(Kind.CHARGER)
    device = registered(home.hass, entry)[charger.sn]
    answer = await client.remove_device(device.id)
    assert not answer["success"]

    solax.remove_device(charger.sn)
    await inventory(home)
    answer = await client.remove_device(device.id)
    assert answer["success"]
    assert charger.sn not in registered(home.hass, entry)
    await home.pass_time(900)
    assert charger.sn not in registered(home.hass, entry)


async def test_nothing_is_removed_while_nobody_knows_what_is_listed(
    entry: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Asked while the account is not loaded, the answer is no, not a crash."""
    assert await async_setup_component(home.hass, "config", {})
    await home.start(entry)
    device = registered(home.hass, entry)[solax.first(Kind.CHARGER).sn]
    await home.hass.config_entries.async_unload(entry.entry_id)
    client = await hass_ws_client(home.hass)
    answer = await client.remove_device(device.id)
    assert answer["error"]["code"] == "home_assistant_error"


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_a_plant_left_out_goes_at_once(solax: SolaxCloud, home: Home) -> None:
    """The user said so: no need to be certain; children go with their plant."""
    entry = solax_entry(solax)
    await home.start(entry)
    assert len(registered(home.hass, entry)) == 10
    kept, left = solax.plants
    await home.pass_time(120)
    home.hass.config_entries.async_update_entry(
        entry, options={"excluded_plants": [left.plant_id], "controls": False}
    )
    await home.hass.config_entries.async_reload(entry.entry_id)
    await home.hass.async_block_till_done(wait_background_tasks=True)
    devices = registered(home.hass, entry)
    assert len(devices) == 5
    assert kept.plant_id in devices
    assert all(
        device.via_device_id in {each.id for each in devices.values()}
        for key, device in devices.items()
        if key != kept.plant_id
    )


async def test_e63_a_foreign_identifier_is_left_alone(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Only devices of ours are ours to remove."""
    await home.start(entry)
    other = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("somebody_else", "1")}
    )
    for _ in range(4):
        await inventory(home)
    assert dr.async_get(home.hass).async_get(other.id)


@pytest.mark.parametrize("style", ["string", "number"])
async def test_e63_the_type_of_an_id_does_not_matter(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, style: str
) -> None:
    """A plant id that turns from text into a number is the same plant."""
    await home.start(entry)
    before = {key: device.id for key, device in registered(home.hass, entry).items()}
    solax.turn(plant_id_type=style)
    for _ in range(3):
        await inventory(home)
    assert {
        key: device.id for key, device in registered(home.hass, entry).items()
    } == before
