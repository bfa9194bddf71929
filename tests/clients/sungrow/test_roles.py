"""Who feeds a plant's roles, held against the world's own truth (sungrow.md §8.1)."""

from collections.abc import Mapping

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Snapshot
from custom_components.solar_cloud.cloud.sources import PlantSources, Source
from custom_components.solar_cloud.cloud.sungrow.sources import roles
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.world import Sample
from tests.helpers.clock import StillClock

from .conftest import Account, Connect

STEP = 0.1
"""kWh: the resolution of Sungrow's counters."""


def _value(source: Source, snapshot: Snapshot) -> float | None:
    addends = []
    for term in source.terms:
        reading = snapshot.readings.get(term.device_id)
        value = reading.values.get(term.slot) if reading else None
        if not isinstance(value, float):
            return None
        addends.append(value * term.factor)
    total = sum(addends)
    if source.mean:
        total /= sum(term.factor for term in source.terms)
    return total if source.floor is None else max(source.floor, total)


def choose(roles: PlantSources, snapshot: Snapshot) -> Mapping[Q, Source]:
    """Take the best source of each role that answers."""
    return {
        role: next(each for each in sources if _value(each, snapshot) is not None)
        for role, sources in roles.items()
        if any(_value(each, snapshot) is not None for each in sources)
    }


def _truth(server: SungrowCloud, sample: Sample) -> dict[Q, float]:
    energies, powers = sample.energies, sample.powers
    hybrids = {device.part for device in server.plant.of(14)}
    pv = sum(
        each.pv_kwh if each.spec.id in hybrids else each.ac_out_kwh
        for each in sample.inverters
    )
    truth = {
        Q.PV_ENERGY_TOTAL: pv,
        Q.GRID_IMPORT_ENERGY_TOTAL: energies.grid_import,
        Q.GRID_EXPORT_ENERGY_TOTAL: energies.grid_export,
        Q.LOAD_ENERGY_TOTAL: energies.load + energies.charger,
        Q.GRID_POWER: powers.grid,
        Q.LOAD_POWER: powers.load + powers.charger,
    }
    if sample.batteries:
        stored = sum(each.stored_kwh for each in sample.batteries)
        capacity = sum(each.spec.capacity_kwh for each in sample.batteries)
        truth |= {
            Q.BATTERY_CHARGE_ENERGY_TOTAL: energies.battery_charge,
            Q.BATTERY_DISCHARGE_ENERGY_TOTAL: energies.battery_discharge,
            Q.BATTERY_POWER: powers.battery,
            Q.BATTERY_SOC: 100 * stored / capacity,
        }
    if hybrids:
        truth[Q.PV_POWER] = powers.pv
    return truth


@pytest.mark.parametrize("edition", ["V1", "V2"])
@pytest.mark.parametrize(
    ("scenario", "terms"),
    [("home-hybrid", 1), ("home-string", 1), ("two-hybrids", 3)],
)
async def test_a_day_of_roles_equals_truth(
    server: SungrowCloud,
    connect: Connect,
    granted: Account,
    clock: StillClock,
    scenario: str,
    terms: int,
    edition: str,
) -> None:
    """Counters to the resolution of the field, powers and signs to a tenth of a watt, chosen once."""
    grant = server.application.grants[0]
    server.load(scenario)
    server.application.grants.append(grant)
    grant.plants = (server.plant.ps_id,)
    account = connect() if edition == "V1" else granted
    chosen: Mapping[Q, Source] = {}
    for _ in range(13):
        snapshot = await account.poll()
        assert account.inventory is not None
        roles = account.cloud.roles(server.plant.ps_id, account.inventory)
        chosen = chosen or choose(roles, snapshot)
        shown = server.plant.shown()
        assert shown is not None
        for role, true in _truth(server, shown[1]).items():
            value = _value(chosen[role], snapshot)
            assert value is not None, role
            if role.is_counter:
                assert 0 <= true - value + 1e-6 <= terms * STEP, role
            else:
                assert value == pytest.approx(true, abs=0.2), role
        clock.advance(2 * 3600)


async def test_a_plant_without_storage_has_no_battery_roles(
    server: SungrowCloud, connect: Connect
) -> None:
    """Nothing answers for them, so nothing is shown."""
    server.load("home-string")
    account = connect()
    snapshot = await account.poll()
    assert account.inventory is not None
    roles = account.cloud.roles(server.plant.ps_id, account.inventory)
    chosen = choose(roles, snapshot)
    assert not [role for role in chosen if role.startswith("battery")]
    # Nothing but the AC side is known of a string inverter's plant.
    assert chosen[Q.PV_POWER].terms[0].slot.quantity is Q.AC_POWER


async def test_each_role_has_its_sources_in_order(connect: Connect) -> None:
    """As the table of sungrow.md §8.1 lists them."""
    account = connect()
    inventory = await account.cloud.inventory()
    found = roles("5000001", inventory)

    def order(role: Q) -> list[str]:
        names = {
            "5000001": "plant",
            "ADEMO0010002": "hybrid",
            "SDEMO0010003": "battery",
            "5000001_7_1_1": "meter",
        }
        return [
            " ".join(
                f"{names[term.device_id]}.{term.slot.key}*{term.factor:g}"
                for term in source.terms
            )
            for source in found[role]
        ]

    assert order(Q.PV_POWER) == [
        "plant.pv_power*1",
        "hybrid.pv_power*1",
    ]
    assert order(Q.PV_ENERGY_TOTAL) == [
        "hybrid.pv_energy_total*1",
        "plant.pv_energy_total*1",
    ]
    assert order(Q.GRID_POWER) == [
        "hybrid.grid_import_power*1 hybrid.grid_export_power*-1",
        "plant.grid_power*1",
        "meter.grid_power*1",
    ]
    assert order(Q.GRID_IMPORT_ENERGY_TOTAL) == [
        "plant.grid_import_energy_total*1",
        "hybrid.grid_import_energy_total*1",
        "meter.grid_import_energy_total*1",
    ]
    assert order(Q.BATTERY_CHARGE_ENERGY_TOTAL) == [
        "hybrid.battery_charge_energy_total*1",
        "plant.battery_charge_energy_total*1",
        "battery.battery_charge_energy_total*1",
    ]
    assert order(Q.BATTERY_SOC) == [
        "plant.battery_soc*1",
        "hybrid.battery_soc*12.8",
        "battery.battery_soc*12.8",
    ]
    assert order(Q.LOAD_POWER) == [
        "plant.load_power*1",
        "hybrid.load_power*1",
    ]


async def test_a_charger_feeds_its_plant(
    server: SungrowCloud, connect: Connect
) -> None:
    """Only where there is one."""
    server.load("no-battery")
    account = connect()
    inventory = await account.cloud.inventory()
    found = roles("5000004", inventory)
    (source,) = found[Q.CHARGER_POWER]
    assert source.terms[0].device_id == "CDEMO0040003"


async def test_another_plants_devices_feed_nothing(
    server: SungrowCloud, connect: Connect
) -> None:
    """E70: and a plant without devices has its own points alone."""
    server.load("all")
    account = connect()
    inventory = await account.cloud.inventory()
    for plant_id in inventory.plants:
        for sources in roles(plant_id, inventory).values():
            for source in sources:
                for term in source.terms:
                    device = inventory.devices.get(term.device_id)
                    assert term.device_id == plant_id or (
                        device is not None and device.plant_id == plant_id
                    )


async def test_capacities_weigh_the_mean_of_several_batteries(
    server: SungrowCloud, connect: Connect
) -> None:
    """Where they are known of all; here two inverters share what nobody assigned."""
    server.load("two-hybrids")
    account = connect()
    inventory = await account.cloud.inventory()
    means = [s for s in roles("5000006", inventory)[Q.BATTERY_SOC] if s.mean]
    assert [[term.factor for term in each.terms] for each in means] == [
        [1.0, 1.0],
        [12.8, 9.6],
    ]


async def test_e05_counters_that_lie_at_midnight_do_not_reach_the_lifetime(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Late resets and spikes of daily points: the lifetime sources are others."""
    server.turn(late_reset=2, spike=frozenset({"83022", "13112"}))
    account = connect()
    snapshot = await account.poll()
    assert account.inventory is not None
    chosen = choose(account.cloud.roles("5000001", account.inventory), snapshot)
    for role, source in chosen.items():
        if role.is_counter:
            assert all(term.slot.quantity.is_counter for term in source.terms)
