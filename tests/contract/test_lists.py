"""Plants and devices: who is listed, and what hangs on what."""

import pytest

from custom_components.solar_cloud.cloud.model import DeviceKind

from .account import Account
from .accounts import every


@every
async def test_a_home_is_listed(account: Account) -> None:
    """One plant with its devices, each on something that is there too."""
    inventory = await account.list()
    assert len(inventory.plants) == 1
    assert inventory.complete
    for plant_id, plant in inventory.plants.items():
        assert plant.id == plant_id
        assert plant.name
    for device_id, device in inventory.devices.items():
        assert device.id == device_id
        assert device.plant_id in inventory.plants
        assert device.parent_id is None or device.parent_id in inventory.devices
    kinds = {device.kind for device in inventory.devices.values()}
    assert {DeviceKind.INVERTER, DeviceKind.BATTERY, DeviceKind.METER} <= kinds


@every
async def test_identities_outlive_a_restart(account: Account) -> None:
    """Entities, statistics and automations hang on them."""
    before = await account.list()
    account.restart()
    account.clock.advance(86400)
    after = await account.list()
    assert after.plants.keys() == before.plants.keys()
    assert {
        (each.id, each.kind, each.parent_id) for each in after.devices.values()
    } == {(each.id, each.kind, each.parent_id) for each in before.devices.values()}


@every
@pytest.mark.parametrize("scenario", ["empty"])
async def test_an_account_without_plants_is_empty(account: Account) -> None:
    """And no error."""
    inventory = await account.list()
    assert not inventory.plants
    assert not inventory.devices
    assert inventory.complete


@every
@pytest.mark.parametrize("scenario", ["several"])
async def test_only_what_is_wanted_is_read(account: Account) -> None:
    """A plant that was left out costs nothing and tells nothing."""
    everything = await account.list()
    assert len(everything.plants) > 1
    account.wanted = everything.only(frozenset(list(everything.plants)[:1]))
    snapshot = await account.whole()
    known = account.wanted.plants.keys() | account.wanted.devices.keys()
    assert snapshot.readings
    assert snapshot.readings.keys() | snapshot.silent.keys() <= known


@every
async def test_roles_are_fed_by_what_is_there(account: Account) -> None:
    """Every counter of the Energy Dashboard has a source, and no source is a stranger."""
    inventory = await account.list()
    (plant_id,) = inventory.plants
    roles = account.client.roles(plant_id, inventory)
    needed = {
        "pv_energy_total",
        "grid_import_energy_total",
        "grid_export_energy_total",
        "battery_charge_energy_total",
        "battery_discharge_energy_total",
        "load_energy_total",
        "pv_power",
        "grid_power",
        "battery_power",
        "load_power",
        "battery_soc",
    }
    assert needed <= {str(role) for role in roles}
    known = {plant_id, *inventory.devices}
    for sources in roles.values():
        assert {term.device_id for one in sources for term in one.terms} <= known
