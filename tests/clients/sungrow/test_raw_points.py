"""Points a user picked, and points nobody wants: what is asked, and what that costs."""

from collections.abc import Iterable

from custom_components.solar_cloud.cloud.catalogue import (
    AsksByPoint,
    PickedPoints,
    SupportsRawPoints,
)
from custom_components.solar_cloud.cloud.demand import (
    ALARMS_OF_PLANT,
    Demand,
    SupportsDemand,
)
from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.sungrow.points import DEVICE_TYPES
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import HOME, INVERTER, Account, Connect

STRING_INVERTER = "ADEMO0020002"


def pick(account: Account, points: PickedPoints) -> None:
    """Do what the options do."""
    assert isinstance(account.cloud, SupportsRawPoints)
    account.cloud.pick(points)


def switch_off(account: Account, owner: str, keys: Iterable[str]) -> None:
    """Do what a user does in the registry."""
    assert isinstance(account.cloud, SupportsDemand)
    account.cloud.meet(Demand(frozenset((owner, key) for key in keys)))


def asked(server: SungrowCloud, kind: int) -> list[list[str]]:
    """Return the points of each call for a type, and forget the calls."""
    calls = server.calls.of("getDeviceRealTimeData", device_type=kind)
    points = [call.params["point_id_list"] for call in calls]
    server.calls.clear()
    return points


async def test_picked_points_come_along_in_the_vendors_unit(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Of an inverter and of its plant, at no call of their own; what the device does not have is missing."""
    account = connect()
    await account.poll()
    calls = len(server.calls.of("RealTimeData"))
    pick(account, {"14": ["18061", "13165", "424242"], "11": ["83019", "nonsense"]})
    server.calls.clear()
    clock.advance(300)
    found = await account.poll()
    assert found.readings[INVERTER].raw == {"18061": 255.0, "13165": 0.0}
    assert 0 < found.readings[HOME].raw["83019"] <= 1
    assert len(server.calls.of("RealTimeData")) <= calls
    pick(account, {})
    clock.advance(300)
    assert not (await account.poll()).readings[INVERTER].raw


async def test_a_point_the_cloud_refuses_costs_nobody_a_value(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """The whole call is refused: the same poll asks again without what was picked, and the next ones do not try again."""
    server.turn(refused_points=frozenset({"424242"}))
    account = connect()
    pick(account, {"14": ["424242", "13165"]})
    found = await account.poll()
    assert found.readings[INVERTER].values[Slot(Q.PV_POWER)]
    assert not found.readings[INVERTER].raw
    assert isinstance(account.cloud, AsksByPoint)
    assert account.cloud.refused_points == {"14"}
    assert len(asked(server, 14)) == 2
    clock.advance(300)
    await account.poll()
    (points,) = asked(server, 14)
    assert "424242" not in points
    assert account.cloud.report()["points_per_call"] == 100


async def test_entities_that_are_off_are_not_asked_for(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """A voltage only its entity needs; a power is worked with, whoever looks."""
    account = connect()
    await account.poll()
    (all_points,) = asked(server, 14)
    switch_off(account, INVERTER, ("phase_voltage_1", "phase_voltage_2", "pv_power"))
    clock.advance(300)
    await account.poll()
    (fewer,) = asked(server, 14)
    assert set(all_points) - set(fewer) == {"13157", "13158", "13187"}
    switch_off(account, INVERTER, ())
    clock.advance(300)
    await account.poll()
    assert asked(server, 14) == [all_points]


async def test_a_large_inverter_with_its_strings_off_costs_one_call(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Twenty trackers and forty strings fill two calls, in every poll; switched off they cost none."""
    server.load("home-string")
    table = DEVICE_TYPES[1].table
    server.device("5000002_1_1_1").values |= {
        point.field[1:]: 1.0 for point in table.points
    }
    account = connect()
    for _ in range(2):
        server.calls.clear()
        await account.poll()
        clock.advance(300)
        assert [len(each) for each in asked(server, 1)] == [100, 62]
    electrical = [
        point.slot.key
        for point in table.points
        if point.quantity
        in {Q.STRING_VOLTAGE, Q.STRING_CURRENT, Q.MPPT_VOLTAGE, Q.MPPT_CURRENT}
    ]
    switch_off(account, STRING_INVERTER, electrical)
    await account.poll()
    assert [len(each) for each in asked(server, 1)] == [42]


async def test_a_device_with_everything_off_still_tells_its_time(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """Whether the dongle is online is seen by it."""
    account = connect()
    await account.poll()
    assert account.inventory is not None
    dongle = next(
        each.id
        for each in account.inventory.devices.values()
        if each.address["type"] == "22"
    )
    switch_off(account, dongle, ("signal_strength",))
    server.calls.clear()
    clock.advance(1200)
    found = await account.poll()
    assert asked(server, 22) == [["23014"]]
    assert found.readings[dongle].measured_at is not None


async def test_income_nobody_looks_at_costs_no_list(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """The list of plants is read for its state, money and carbon alone."""
    account = connect()

    async def lists_of_an_hour() -> int:
        await account.poll()
        server.calls.clear()
        for _ in range(12):
            clock.advance(300)
            await account.poll()
        return len(server.calls.of("getPowerStationList"))

    assert await lists_of_an_hour() == 1
    quantities = (
        *("plant_state", "income_today", "income_total"),
        *("co2_saved_today", "co2_saved_total"),
    )
    switch_off(account, HOME, quantities)
    assert await lists_of_an_hour() == 0


async def test_alarms_nobody_looks_at_cost_no_call(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """While all entities that tell of them are off."""
    account = connect()
    await account.poll()
    switch_off(account, HOME, ALARMS_OF_PLANT)
    server.calls.clear()
    for _ in range(12):
        clock.advance(300)
        await account.poll()
    assert not server.calls.of("getFaultAlarmInfo")
