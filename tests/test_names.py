"""What things are called: devices after their plant, by numbers that stay, and nothing twice."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.flow_schemas import entry_title
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .benchmarks._tape import SIGN_INS
from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import Kind, SolaxCloud
from .helpers.accounts import AnyCloud, account_entry, demo_entry
from .helpers.home import Home, solax_entry
from .test_devices import inventory, registered

BEFORE: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "fixtures" / "registries" / "6dd3105.json").read_text()
)
"""What earlier versions registered of each demo home."""


def names(home: Home, entry: MockConfigEntry) -> dict[str, str | None]:
    """Return what the devices are called, by the vendor's id."""
    return {key: each.name for key, each in registered(home.hass, entry).items()}


async def test_every_device_is_called_after_its_plant(
    entry: MockConfigEntry, home: Home
) -> None:
    """Whoever has two plants, or two brands, tells their inverters apart in any list."""
    await home.start(entry)
    assert set(names(home, entry).values()) == {
        "Demo House",
        "Demo House Inverter",
        "Demo House Battery",
        "Demo House Meter",
        "Demo House EV charger",
    }


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_the_second_inverter_is_number_two_for_ever(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Also when the first is gone, and after a restart."""
    await home.start(entry)
    first, second = sorted(
        each.sn for each in solax.plant.devices if each.kind is Kind.INVERTER
    )
    called = names(home, entry)
    assert called[first] == "Demo Farm Inverter"
    assert called[second] == "Demo Farm Inverter 2"
    assert called[f"{second}_battery"] == "Demo Farm Battery 2"
    solax.remove_device(first)
    for _ in range(3):
        await inventory(home)
    await home.restart(entry)
    called = names(home, entry)
    assert first not in called
    assert called[second] == "Demo Farm Inverter 2"


async def test_a_number_is_given_once(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """A charger that returns has its old name, whatever came in between."""
    await home.start(entry)
    old = solax.first(Kind.CHARGER)
    old.listed = False
    added = solax.add_charger("another-charger")
    for _ in range(3):
        await inventory(home)
    assert names(home, entry)[added.sn] == "Demo House EV charger 2"
    assert old.sn not in names(home, entry)
    old.listed = True
    await inventory(home)
    assert names(home, entry)[old.sn] == "Demo House EV charger"
    assert names(home, entry)[added.sn] == "Demo House EV charger 2"


async def test_the_battery_is_not_called_battery_twice(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """'Demo House Battery Charge total', not 'Demo House Battery Battery charge total'."""
    await home.start(entry)
    await home.pass_time(900)
    battery = home.device(f"{solax.first(Kind.INVERTER).sn}_battery", entry)
    assert battery is not None
    rows = er.async_entries_for_device(
        er.async_get(home.hass), battery.id, include_disabled_entities=True
    )
    called = {str(each.original_name) for each in rows}
    assert {"Charge total", "Power", "Temperature", "State of charge"} <= called
    assert not [each for each in called if "attery" in each]
    battery_id = f"solax_{solax.first(Kind.INVERTER).sn}_battery"
    total = f"{battery_id}_battery_charge_energy_total"
    shown = home.state(f"{battery_id}_battery_temperature")
    assert shown.name == "Demo House Battery Temperature"
    plant = f"solax_{solax.plant.plant_id}_battery_charge_energy_total"
    assert home.state(plant).name == "Demo House Battery charge total"
    # One id for both would give one of them a number, and nobody knows which.
    assert home.entity_id(plant) == "sensor.demo_house_battery_charge_total"
    assert "charge_total_2" not in home.entity_id(total)


def _register_as_before(home: Home, entry: MockConfigEntry, sign_in: str) -> None:
    """Fill the registries as an earlier version left them."""
    devices, entities = dr.async_get(home.hass), er.async_get(home.hass)
    found: dict[str, str] = {}
    for key, device in BEFORE[sign_in]["devices"].items():
        found[key] = devices.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, key)},
            name=device["name"],
        ).id
    for entity_id, each in BEFORE[sign_in]["entities"].items():
        domain, _, name = entity_id.partition(".")
        created = entities.async_get_or_create(
            domain,
            DOMAIN,
            each["unique_id"],
            suggested_object_id=name,
            config_entry=entry,
            device_id=found[each["device"]],
        )
        assert created.entity_id == entity_id


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_an_upgrade_renames_no_entity_id(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Devices get their plant's name, but automations, dashboards and statistics find what they had, and where it was on it stays on."""
    entry = await demo_entry(home, cloud, sign_in)
    entry.add_to_hass(home.hass)
    _register_as_before(home, entry, sign_in)
    before = registered(home.hass, entry)
    await home.start(entry)
    await home.pass_time(1860)
    after = registered(home.hass, entry)
    for key in {each["device"] for each in BEFORE[sign_in]["entities"].values()}:
        assert after[key].id == before[key].id
    plant = next(each for each in after.values() if each.entry_type)
    assert all(
        (each.name or "").startswith(plant.name or "?") for each in after.values()
    )
    rows = er.async_entries_for_config_entry(er.async_get(home.hass), entry.entry_id)
    ids = {each.entity_id: each for each in rows}
    for entity_id, each in BEFORE[sign_in]["entities"].items():
        assert ids[entity_id].unique_id == each["unique_id"]
        assert ids[entity_id].disabled_by is None


async def test_a_household_sees_who_made_its_inverter(
    fusionsolar: FusionSolarCloud, home: Home
) -> None:
    """FusionSolar is the cloud; it is Huawei that made the hardware."""
    entry = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(entry)
    makers = {each.manufacturer for each in registered(home.hass, entry).values()}
    assert makers == {"Huawei"}


async def test_visit_leads_to_the_page_of_the_region(
    solax: SolaxCloud, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One click from the device to the vendor's own page, without any id in the address."""
    vendor = VENDORS["solax"]
    sign_in = vendor.sign_in("solax")
    here = replace(sign_in, regions={"eu": solax.url, "us": solax.url})
    monkeypatch.setitem(VENDORS, "solax", replace(vendor, sign_ins=(here,)))
    for region, page in (("eu", "https://global.solaxcloud.com"), ("us", None)):
        entry = solax_entry(solax)
        entry.add_to_hass(home.hass)
        credentials = entry.data["credentials"] | {"region": region}
        home.hass.config_entries.async_update_entry(
            entry, data={**entry.data, "credentials": credentials}
        )
        await home.start(entry)
        pages = {
            each.configuration_url for each in registered(home.hass, entry).values()
        }
        assert pages == {page}
        await home.hass.config_entries.async_remove(entry.entry_id)


async def test_there_is_no_visit_where_the_page_is_not_known(
    entry: MockConfigEntry, home: Home
) -> None:
    """An address of one's own tells nothing of a page for people."""
    await home.start(entry)
    for each in registered(home.hass, entry).values():
        assert each.configuration_url is None


@pytest.mark.parametrize("key", sorted(VENDORS))
def test_pages_to_visit_are_safe(key: str) -> None:
    """Encrypted, of a region that exists, and nothing but a host."""
    for sign_in in VENDORS[key].sign_ins:
        assert sign_in.pages.keys() <= sign_in.regions.keys()
        assert sign_in.pages
        for page in sign_in.pages.values():
            assert page.startswith("https://")
            assert page.count("/") == 2
            assert "@" not in page


@pytest.mark.parametrize(
    ("plants", "title"),
    [
        (["Demo House"], "Demo House (SolaX)"),
        (["Demo House", "Barn"], "Demo House, Barn (SolaX)"),
        (["A", "B", "C", "D"], "A, B, C, … (SolaX)"),
        ([""], "SolaX"),
    ],
)
def test_an_account_is_called_after_its_plants(plants: list[str], title: str) -> None:
    """In the list of integrations one sees which house it is."""
    assert entry_title(VENDORS["solax"], plants) == title
