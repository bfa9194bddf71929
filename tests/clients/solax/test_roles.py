"""Who feeds the Energy Dashboard."""

from collections.abc import Mapping

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Snapshot
from custom_components.solar_cloud.cloud.solax.sources import COUNTERS
from custom_components.solar_cloud.cloud.sources import PlantSources, Source
from tests.emulators.solax import Kind, SolaxCloud

from .conftest import BATTERY, INVERTER, METER, PLANT, Account


def who(roles: PlantSources, role: Q) -> list[list[str]]:
    """Return the devices behind each source of a role."""
    return [[term.device_id for term in source.terms] for source in roles[role]]


def worth(source: Source, snapshot: Snapshot) -> float:
    """Compute a source."""
    pairs = [
        (float(snapshot.readings[term.device_id].values[term.slot]), term.factor)
        for term in source.terms
    ]
    if source.mean:
        return sum(value * factor for value, factor in pairs) / sum(
            factor for _, factor in pairs
        )
    total = sum(value * factor for value, factor in pairs)
    return total if source.floor is None else max(source.floor, total)


async def test_home(account: Account, cloud: SolaxCloud) -> None:
    """The devices' own counters first, the plant's as a fallback."""
    roles = account.client.roles(PLANT, await account.list())
    assert who(roles, Q.PV_ENERGY_TOTAL) == [[INVERTER], [PLANT]]
    assert who(roles, Q.GRID_IMPORT_ENERGY_TOTAL) == [[METER], [INVERTER], [PLANT]]
    assert who(roles, Q.BATTERY_CHARGE_ENERGY_TOTAL) == [[BATTERY], [PLANT]]
    assert who(roles, Q.LOAD_POWER) == [[INVERTER, METER], [INVERTER, INVERTER]]
    assert who(roles, Q.LOAD_ENERGY_TOTAL) == [
        [INVERTER, BATTERY, BATTERY, grid, grid] for grid in (METER, INVERTER)
    ]
    assert all(source.floor == 0 for source in roles[Q.LOAD_POWER])


async def test_every_first_source_is_the_truth(
    account: Account, cloud: SolaxCloud
) -> None:
    """To the resolution of the fields."""
    cloud.plant.site.set_soc(0.5)
    snapshot = await account.poll(600)
    roles = account.client.roles(PLANT, account.wanted)
    sample = cloud.plant.site.sample(cloud.plant.uploaded_at(cloud.device(METER)) or 0)
    expected: Mapping[Q, tuple[float, float]] = {
        Q.PV_ENERGY_TOTAL: (sample.energies.pv, 0.2),
        Q.GRID_IMPORT_ENERGY_TOTAL: (sample.energies.grid_import, 0.02),
        Q.GRID_EXPORT_ENERGY_TOTAL: (sample.energies.grid_export, 0.02),
        Q.BATTERY_CHARGE_ENERGY_TOTAL: (sample.energies.battery_charge, 0.2),
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL: (sample.energies.battery_discharge, 0.2),
        # What the house and the car used, and what the conversion lost.
        Q.LOAD_ENERGY_TOTAL: (
            sample.energies.load + sample.energies.charger + sample.energies.loss,
            0.5,
        ),
        Q.PV_POWER: (sample.powers.pv, 3),
        Q.GRID_POWER: (sample.powers.grid, 3),
        Q.BATTERY_POWER: (sample.powers.battery, 3),
        Q.LOAD_POWER: (sample.powers.load, 5),
    }
    for role, (truth, resolution) in expected.items():
        assert worth(roles[role][0], snapshot) == pytest.approx(truth, abs=resolution)


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_q12_parallel_inverters(account: Account, cloud: SolaxCloud) -> None:
    """Yield adds up, the grid is the meter's, else the master's; charge is weighed by capacity."""
    master, slave = (one.sn for one in cloud.plant.of(Kind.INVERTER))
    cloud.plant.site.set_soc(0.9, "battery-master")
    cloud.plant.site.set_soc(0.3, "battery-slave")
    plant_id = cloud.plant.plant_id
    snapshot = await account.poll(600)
    roles = account.client.roles(plant_id, account.wanted)
    meter = cloud.first(Kind.METER).sn
    assert who(roles, Q.PV_POWER) == [[master, slave]]
    assert who(roles, Q.GRID_EXPORT_ENERGY_TOTAL) == [[meter], [master], [plant_id]]
    (charge,) = roles[Q.BATTERY_SOC]
    assert charge.mean
    assert [term.factor for term in charge.terms] == [12, 6]
    assert 65 < worth(charge, snapshot) < 80


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_several_meters_leave_the_grid_to_the_master(
    account: Account, cloud: SolaxCloud
) -> None:
    """Nobody says which of them is at the grid connection."""
    meter = cloud.first(Kind.METER)
    inventory = await account.list()
    second = inventory.devices[meter.sn]
    devices = {**inventory.devices, "M2": second}
    roles = account.client.roles(
        cloud.plant.plant_id, type(inventory)(inventory.plants, devices)
    )
    master = cloud.plant.of(Kind.INVERTER)[0].sn
    assert who(roles, Q.GRID_POWER) == [[master]]


@pytest.mark.parametrize("cloud", ["micro-only"], indirect=True)
async def test_micro_inverters_without_a_meter(
    account: Account, cloud: SolaxCloud
) -> None:
    """Each might know the grid; none does, so the role stays empty rather than doubled."""
    first, second = (one.sn for one in cloud.plant.of(Kind.INVERTER))
    snapshot = await account.poll()
    roles = account.client.roles(cloud.plant.plant_id, account.wanted)
    assert who(roles, Q.GRID_POWER) == [[first], [second]]
    assert worth(roles[Q.PV_ENERGY_TOTAL][0], snapshot) > 0
    assert Q.BATTERY_POWER not in roles


@pytest.mark.parametrize("cloud", ["evc-only"], indirect=True)
async def test_charger_only(account: Account, cloud: SolaxCloud) -> None:
    """A plant of nothing but a charger feeds no role: its zeros are not values."""
    plant_id = cloud.plant.plant_id
    snapshot = await account.poll()
    roles = account.client.roles(plant_id, account.wanted)
    assert set(roles) == set(COUNTERS)
    assert not any(
        source.terms[0].slot in snapshot.readings[plant_id].values
        for sources in roles.values()
        for source in sources
    )


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_commercial_plant(account: Account, cloud: SolaxCloud) -> None:
    """The EMS counts the whole plant; its powers, whose signs are uncertain, come last."""
    snapshot = await account.poll()
    roles = account.client.roles(cloud.plant.plant_id, account.wanted)
    manager = cloud.plant.ems or ""
    for role in (*COUNTERS, Q.LOAD_ENERGY_TOTAL):
        assert who(roles, role)[0] == [manager]
    for role in (Q.PV_POWER, Q.GRID_POWER, Q.BATTERY_POWER, Q.LOAD_POWER):
        assert who(roles, role)[0] != [manager]
        assert who(roles, role)[-1] == [manager]
    first, *_, last = roles[Q.LOAD_POWER]
    assert worth(first, snapshot) == pytest.approx(worth(last, snapshot), rel=0.3)
