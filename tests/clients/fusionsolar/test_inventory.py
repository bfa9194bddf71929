"""Lists of plants and devices: rarely read, never shortened by one bad answer."""

import pytest

from custom_components.solar_cloud.cloud.access import Batcher
from custom_components.solar_cloud.cloud.errors import CredentialsRejected
from custom_components.solar_cloud.cloud.model import DeviceKind, Notice
from tests.emulators.fusionsolar.plant import HOME_BATTERY, HOME_INVERTER, POWER_SENSOR

from .conftest import Rig
from .test_readings import PLANT, of

HOURS = 3600.0


async def test_a_home_is_listed(rig: Rig) -> None:
    """Serial as identity, the vendor's own name where there is none; ratings from the model."""
    inventory = await rig.lists()
    plant = inventory.plants[PLANT]
    assert plant.name == "Demo House"
    assert plant.pv_capacity == 9900
    assert plant.time_zone == "UTC+01:00"
    inverter = inventory.devices[rig.id_of(HOME_INVERTER)]
    assert inverter.serial == inverter.id
    assert inverter.rated_power == 8000
    assert inverter.firmware == "V100R001C00SPC161"
    assert inventory.devices[rig.id_of(HOME_BATTERY)].capacity == 10
    meter = rig.cloud.first(POWER_SENSOR)
    assert inventory.devices[meter.dn].serial is None
    assert inventory.devices[meter.dn].address["id"] == str(meter.id)
    (gateway,) = (
        device
        for device in inventory.devices.values()
        if device.kind is DeviceKind.GATEWAY
    )
    assert not gateway.reports
    assert inverter.reports
    assert inventory.complete
    assert rig.cloud.calls[1].params == {"pageNo": 1}


@pytest.mark.parametrize(
    ("connected", "zone"),
    [
        ("2020-02-06T00:00:00+08:00", "UTC+08:00"),
        ("2020-02-06T00:00:00-0330", "UTC-0330"),
        ("2020-02-06T00:00:00Z", "UTC+00:00"),
        ("2020-02-06T00:00:00", None),
        ("2020-02-06", None),
        (None, None),
    ],
)
async def test_the_day_of_connection_hints_at_the_time_zone(
    rig: Rig, connected: str, zone: str | None
) -> None:
    """The API tells nothing better."""
    rig.cloud.plant.connected = connected
    assert (await rig.lists()).plants[PLANT].time_zone == zone


async def test_reloads_do_not_list_again(rig: Rig) -> None:
    """25 device lists a day are soon used up; after ten hours it is time."""
    first = await rig.lists()
    for _ in range(5):
        rig.tick(HOURS)
        rig.restart()
        assert await rig.lists() == first
    assert rig.count("stations") == 1
    rig.tick(6 * HOURS)
    await rig.lists()
    assert rig.count("stations") == 2


async def test_a_short_list_takes_nothing_away(rig: Rig) -> None:
    """Lists are short after a login and in trouble; what is missing three times is gone."""
    await rig.lists()
    battery = rig.cloud.first(HOME_BATTERY)
    battery.listed = False
    for missing in (False, False, True):
        rig.tick(11 * HOURS)
        inventory = await rig.lists()
        assert (rig.id_of(HOME_BATTERY) not in inventory.devices) is missing
    battery.listed = True
    rig.tick(11 * HOURS)
    assert rig.id_of(HOME_BATTERY) in (await rig.lists()).devices


@of("two-plants")
async def test_a_plant_missing_once_stays(rig: Rig) -> None:
    """And its devices with it; what is missing three times is gone."""
    await rig.lists()
    shed = rig.cloud.plants.pop()
    for missing in (False, False, True):
        rig.tick(11 * HOURS)
        if not missing:
            rig.cloud.turn(foreign_ids="omit")
        inventory = await rig.lists()
        assert (shed.code not in inventory.plants) is missing
    assert len(inventory.devices) == 4


async def test_e24_an_account_whose_plants_all_vanished(rig: Rig) -> None:
    """They are kept, and a repair says that none is visible; when they are back it goes."""
    await rig.lists()
    rig.tick(11 * HOURS)
    rig.cloud.fault("stations", code=20007)
    inventory = await rig.lists()
    notice = Notice("no_plants_visible")
    assert PLANT in inventory.plants
    assert not inventory.complete
    assert notice in (await rig.poll()).notices
    rig.tick(11 * HOURS)
    assert (await rig.lists()).complete
    assert notice not in (await rig.poll()).notices


@of("empty")
async def test_an_account_without_plants(rig: Rig) -> None:
    """Is complete and empty: the set-up form has an answer to that."""
    inventory = await rig.lists()
    assert inventory.complete
    assert not inventory.plants
    rig.cloud.fault("stations", code=20007)
    rig.tick(11 * HOURS)
    assert (await rig.lists()).complete
    assert not (await rig.poll()).readings


async def test_an_unreachable_cloud_leaves_the_lists(rig: Rig) -> None:
    """A restart during an outage starts with what is known, and tries again in ten minutes."""
    await rig.lists()
    rig.tick(11 * HOURS)
    rig.restart()
    rig.cloud.fault("*", body="html", http=503)
    inventory = await rig.client.inventory()
    assert len(inventory.devices) == 4
    assert not inventory.complete
    assert inventory.resume_after == 600


async def test_refused_credentials_are_not_hidden_by_old_lists(rig: Rig) -> None:
    """Only the user can mend them."""
    await rig.lists()
    rig.tick(11 * HOURS)
    rig.cloud.account.standing = "expired"
    with pytest.raises(CredentialsRejected):
        await rig.client.inventory()


async def test_refused_credentials_are_not_hidden_while_listing_anew(rig: Rig) -> None:
    """Nor when the readings asked for new lists."""
    await rig.poll()
    rig.cloud.fault("getDevRealKpi", code=20008, times=3)
    rig.tick(308)
    await rig.poll()
    rig.tick(3700)
    rig.cloud.fault("stations", code=20002)
    assert isinstance(await rig.failing_poll(), CredentialsRejected)


@of("installer")
async def test_lists_of_a_large_account_come_in_parts(rig: Rig) -> None:
    """A minute between two device lists: the first part is there at once, the rest follows, even over a restart."""
    first = await rig.client.inventory()
    assert len(first.plants) == 200
    assert 0 < len(first.devices) < 1500
    assert not first.complete
    assert first.resume_after == pytest.approx(61, abs=1)
    rig.restart()
    rig.tick(62)
    second = await rig.client.inventory()
    assert len(second.devices) == 1500
    assert second.complete
    assert rig.count("getDevList") == 2


async def test_odd_rows_are_skipped(rig: Rig) -> None:
    """Rows without id, plant or type; ids beyond what a float holds."""
    rig.cloud.fault(
        "getDevList",
        body='{"success": true, "failCode": 0, "data": [{"id": null}, 5, '
        f'{{"id": 90071992547409931, "stationCode": "{PLANT}", "devTypeId": "38"}}, '
        f'{{"id": "7", "stationCode": "{PLANT}"}}, '
        '{"id": 8, "stationCode": "NE=1", "devTypeId": 38}]}',
    )
    inventory = await rig.lists()
    assert list(inventory.devices) == ["90071992547409931"]


async def test_a_serial_used_twice_tells_nothing(rig: Rig) -> None:
    """Then the vendor's own name does."""
    await rig.lists()
    inverter, battery = rig.cloud.plant.devices[:2]
    battery.serial = inverter.serial
    rig.tick(11 * HOURS)
    inventory = await rig.lists()
    assert {inverter.dn, battery.dn} <= set(inventory.devices)


async def test_plants_without_a_name_get_one(rig: Rig) -> None:
    """Names are user texts: empty, doubled, in any script."""
    rig.cloud.plant.name = ""
    assert (await rig.lists()).plants[PLANT].name == "FusionSolar"


def test_e25_ids_are_packed_by_the_hundred() -> None:
    """20015 is what more than a hundred plants in one call are answered with."""
    packer = Batcher(100, 3600.0)
    assert [len(batch) for batch in packer.pack([str(n) for n in range(250)])] == [
        100,
        100,
        50,
    ]
    assert packer.pack([]) == []


def test_the_one_that_spoils_a_call_is_found() -> None:
    """By halves; the others travel together again, and it gets another chance later."""
    packer = Batcher(100, 0.0)
    ids = [str(number) for number in range(100)]
    calls = 0
    for _ in range(10):
        mark_failed = False
        for batch in packer.pack(ids):
            calls += 1
            if "42" in batch:
                mark_failed = packer.mark_failed(batch) or mark_failed
            else:
                packer.mark_ok(batch)
        if mark_failed:
            break
    assert calls < 25
    assert sorted(map(len, packer.pack(ids))) == [1, 99]
    packer = Batcher(100, 3600.0)
    assert packer.mark_failed(("7",))
    assert packer.pack(["7", "8"]) == [("8",)]


@pytest.mark.parametrize("absurd", [1e200, -4.0])
async def test_a_capacity_that_cannot_be_is_not_known(rig: Rig, absurd: float) -> None:
    """It would bound nothing."""
    rig.cloud.plant.kwp = absurd
    inventory = await rig.lists()
    assert [plant.pv_capacity for plant in inventory.plants.values()] == [None]
