"""What an account holds: lists that fail in every way, batteries that are in none of them."""

from collections.abc import Iterator
import dataclasses

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    PermissionMissing,
    QuotaExhausted,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.model import DeviceKind, Inventory
from custom_components.solar_cloud.cloud.solax.models import MODELS, model_name
from tests.emulators.solax import Kind, SolaxCloud
from tests.helpers.clock import StillClock

from .conftest import BATTERY, CHARGER, INVERTER, METER, PLANT, Account, named

DAY = 86400.0
LISTS = "page_device_info"


def kinds(inventory: Inventory) -> dict[str, DeviceKind]:
    """Return what each device is."""
    return {key: device.kind for key, device in inventory.devices.items()}


async def test_home(account: Account, cloud: SolaxCloud) -> None:
    """Every device of a home with what is known about it."""
    inventory = await account.list()
    assert inventory.complete
    assert kinds(inventory) == {
        INVERTER: DeviceKind.INVERTER,
        BATTERY: DeviceKind.BATTERY,
        METER: DeviceKind.METER,
        CHARGER: DeviceKind.CHARGER,
    }
    (plant,) = inventory.plants.values()
    assert plant.id == PLANT
    assert plant.pv_capacity == 9600
    assert (
        plant.time_zone is None
    )  # a label, which knows no daylight saving time (solax.md §5.2 Q16)
    inverter = inventory.devices[INVERTER]
    assert inverter.model == "X3-Hybrid-G4"
    assert inverter.firmware == "ARM 1.31 / DSP 1.52"
    assert inverter.rated_power == 10_000
    assert inverter.phases == 3
    assert inverter.parent_id is None
    battery = inventory.devices[BATTERY]
    assert battery.parent_id == INVERTER
    assert battery.serial == cloud.first(Kind.BATTERY).sn
    assert battery.capacity == 10
    assert inventory.devices[CHARGER].phases == 3
    assert all(device.plant_id == PLANT for device in inventory.devices.values())


async def test_time_zone_of_the_document(account: Account, cloud: SolaxCloud) -> None:
    """An IANA name is taken at its word."""
    cloud.turn(zone_style="iana")
    assert (await account.list()).plants[PLANT].time_zone == "Europe/Berlin"


async def test_a_home_asks_for_few_lists(account: Account, cloud: SolaxCloud) -> None:
    """One list per type for the whole account; the type that is absent is not asked again for a day."""
    await account.list()
    assert cloud.calls.count("page_plant_info") == 2
    assert cloud.calls.count(LISTS) == 4
    assert not [call for call in cloud.calls if call.params.get("plantId")]
    account.clock.advance(DAY / 2)
    await account.list()
    assert cloud.calls.count("page_plant_info") == 3
    account.clock.advance(DAY)
    await account.list()
    assert cloud.calls.count("page_plant_info") == 5


@pytest.mark.parametrize("cloud", ["home-unregistered-battery"], indirect=True)
async def test_c11_c13_unregistered_battery_and_hidden_meter(
    account: Account, cloud: SolaxCloud
) -> None:
    """A battery in no list is found through its inverter; a meter in none is not, but its counters are the inverter's, too."""
    inventory = await account.list()
    assert set(inventory.devices) == {INVERTER, BATTERY, CHARGER}
    assert inventory.devices[BATTERY].serial is None
    assert (await account.values(BATTERY))["battery_soc"] > 0


@pytest.mark.parametrize("cloud", ["home-unregistered-battery"], indirect=True)
async def test_battery_keeps_its_identity_when_it_is_registered(
    account: Account, cloud: SolaxCloud
) -> None:
    """The same device, now with a serial."""
    before = await account.list()
    cloud.change_device(cloud.first(Kind.BATTERY).sn, {"listed": True})
    account.clock.advance(DAY)
    after = await account.list()
    assert before.devices.keys() == after.devices.keys()
    assert after.devices[BATTERY].serial == cloud.first(Kind.BATTERY).sn


async def test_registered_battery_its_inverter_does_not_answer_for(
    account: Account, cloud: SolaxCloud
) -> None:
    """The list is enough: it has the same identity and is read by its own serial."""
    cloud.fault("realtime_data", code=10001, where={"requestSnType": 1}, times=None)
    inventory = await account.list()
    assert inventory.devices[BATTERY].parent_id == INVERTER
    assert (await account.values(BATTERY))["battery_soc"] > 0


@pytest.mark.parametrize("cloud", ["micro-only", "evc-only"], indirect=True)
async def test_c12_plants_without_battery(account: Account, cloud: SolaxCloud) -> None:
    """Families that cannot have one are not even asked."""
    inventory = await account.list()
    assert DeviceKind.BATTERY not in kinds(inventory).values()
    assert cloud.calls.count("realtime_data") == 0
    assert inventory.complete


async def test_c12_negative_answer_is_kept_for_a_day(
    account: Account, cloud: SolaxCloud, clock: StillClock
) -> None:
    """A hybrid without a battery refuses the question; it is asked again tomorrow."""
    cloud.plant.devices.remove(cloud.first(Kind.BATTERY))
    for wait, probes in ((0, 1), (DAY / 2, 1), (DAY / 2, 2)):
        clock.advance(wait)
        inventory = await account.list()
        assert cloud.calls.count("realtime_data") == probes
        assert BATTERY not in inventory.devices
        assert inventory.complete


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_q12_parallel_inverters(account: Account, cloud: SolaxCloud) -> None:
    """Two inverters, two batteries; the master is known."""
    inventory = await account.list()
    flags = {
        device.address["flag"]
        for device in inventory.devices.values()
        if device.kind is DeviceKind.INVERTER
    }
    assert flags == {"master", "slave"}
    batteries = [
        device
        for device in inventory.devices.values()
        if device.kind is DeviceKind.BATTERY
    ]
    assert {device.capacity for device in batteries} == {12, 6}
    serials = {device.serial for device in batteries}
    assert serials == {one.sn for one in cloud.plant.of(Kind.BATTERY)}
    snapshot = await account.poll()
    for battery in batteries:
        (part,) = (
            one.part for one in cloud.plant.of(Kind.BATTERY) if one.sn == battery.serial
        )
        measured_at = snapshot.readings[battery.id].measured_at
        assert measured_at is not None
        sample = cloud.plant.site.sample(measured_at.timestamp())
        values = named(snapshot.readings[battery.id])
        assert values["battery_soc"] == pytest.approx(
            sample.battery(part).soc * 100, abs=1
        )


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_two_inverters_behind_one_dongle_are_asked_apart(
    account: Account, cloud: SolaxCloud
) -> None:
    """A battery's row names its dongle only: in one call the two could not be told apart."""
    for device in cloud.plant.devices:
        device.register_no = "SDEMOSHARED"
        device.listed = device.kind is not Kind.BATTERY
    await account.list()
    asked = [call.serials for call in cloud.calls.of("realtime_data", requestSnType=1)]
    assert sorted(map(len, asked)) == [1, 1]
    snapshot = await account.poll()
    batteries = [key for key in snapshot.readings if key.endswith("_battery")]
    socs = {
        named(snapshot.readings[key])["battery_energy_remaining"] for key in batteries
    }
    assert len(batteries) == 2
    assert len(socs) == 2


@pytest.mark.parametrize("cloud", ["parallel-two-inverters"], indirect=True)
async def test_one_inverter_without_battery_spoils_no_other(
    account: Account, cloud: SolaxCloud
) -> None:
    """A call that fails for several is asked again one by one."""
    cloud.fault("realtime_data", code=10001, where={"deviceType": 2})
    inventory = await account.list()
    assert list(kinds(inventory).values()).count(DeviceKind.BATTERY) == 2
    assert cloud.calls.count("realtime_data") == 3


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_commercial_plant(account: Account, cloud: SolaxCloud) -> None:
    """Models, flags and capacities of the commercial tables, and the EMS."""
    inventory = await account.list()
    found = kinds(inventory)
    assert list(found.values()).count(DeviceKind.INVERTER) == 2
    manager = inventory.devices[cloud.plant.ems or ""]
    assert manager.kind is DeviceKind.ENERGY_MANAGER
    assert manager.rated_power == 200_000
    assert manager.capacity == 430
    capacities = {
        device.capacity
        for device in inventory.devices.values()
        if device.kind is DeviceKind.BATTERY
    }
    assert capacities == {215}


@pytest.mark.parametrize("cloud", ["ci-ems"], indirect=True)
async def test_no_ems_is_asked_for_once_a_day(
    account: Account, cloud: SolaxCloud
) -> None:
    """A plant without an EMS, or an account without its service pack, is complete without it."""
    cloud.withdraw("EMS_System_Functions")
    inventory = await account.list()
    assert DeviceKind.ENERGY_MANAGER not in kinds(inventory).values()
    assert inventory.complete
    account.clock.advance(3600)
    await account.list()
    assert cloud.calls.count("attribute_info") == 1


@pytest.mark.parametrize("style", ["empty", "10001", "10403"])
async def test_c10_absent_business_type(
    account: Account, cloud: SolaxCloud, style: str
) -> None:
    """No plants of one business type, however it is told."""
    cloud.turn(absent_business=style)
    inventory = await account.list()
    assert inventory.complete
    assert len(inventory.plants) == 1
    assert not (await account.poll()).notices


@pytest.mark.parametrize("cloud", ["evc-only"], indirect=True)
@pytest.mark.parametrize("style", ["empty", "10001"])
async def test_c10_absent_device_classes(
    account: Account, cloud: SolaxCloud, style: str
) -> None:
    """No devices of a type, told in two ways: no device, no second question, nothing missing."""
    cloud.turn(absent_class=style)
    inventory = await account.list()
    assert inventory.complete
    assert set(kinds(inventory).values()) == {DeviceKind.CHARGER}
    account.clock.advance(3600)
    await account.list()
    assert cloud.calls.count(LISTS) == 5


@pytest.mark.parametrize("cloud", ["empty"], indirect=True)
@pytest.mark.parametrize("shape", ["list", "object", "null", "missing"])
async def test_account_without_plants(
    account: Account, cloud: SolaxCloud, shape: str
) -> None:
    """An empty account is empty, not broken; a plant that comes later is found."""
    cloud.turn(empty_result=shape)
    assert await account.list() == Inventory({}, {})
    assert await account.client.readings(account.wanted)
    assert cloud.calls.count("page_plant_info") == 2
    cloud.load("home-hybrid")
    account.restart()
    assert (await account.list()).plants


@pytest.mark.parametrize("cloud", ["empty"], indirect=True)
async def test_no_plants_because_the_cloud_stumbled(
    account: Account, cloud: SolaxCloud
) -> None:
    """A failure is not taken for an empty account, nor remembered as one."""
    cloud.fault("page_plant_info", code=10001)
    with pytest.raises(UnexpectedAnswer) as caught:
        await account.list()
    assert caught.value.key == "operation_failed"
    assert not (await account.list()).plants


async def test_missing_information_pack_is_named(
    account: Account, cloud: SolaxCloud
) -> None:
    """Plants cannot even be listed: the error names the service pack as the portal spells it."""
    cloud.withdraw("API_Info_V2")
    with pytest.raises(PermissionMissing) as caught:
        await account.list()
    assert caught.value.permission == "Information Access Service"
    cloud.authorise("API_Info_V2")
    assert (await account.list()).plants


async def test_permission_withdrawn_later_keeps_what_is_known(
    account: Account, cloud: SolaxCloud
) -> None:
    """Lists that were read once keep their members; the inventory is not complete."""
    await account.list()
    cloud.fault(LISTS, code=10403, times=None)
    account.clock.advance(DAY / 2)
    inventory = await account.list()
    assert set(inventory.devices) == {INVERTER, BATTERY, METER, CHARGER}
    assert not inventory.complete
    calls = cloud.calls.count(LISTS)
    assert await account.list() == inventory
    assert cloud.calls.count(LISTS) == calls  # rechecked tomorrow
    assert {notice.key for notice in (await account.poll()).notices} == {
        "permission_missing"
    }


async def test_plants_forbidden_later(account: Account, cloud: SolaxCloud) -> None:
    """A type that had plants is missed, not forgotten."""
    await account.list()
    cloud.withdraw("API_Info_V2")
    with pytest.raises(PermissionMissing):
        await account.list()


async def test_stumbling_list_of_a_class_that_was_seen(
    account: Account, cloud: SolaxCloud
) -> None:
    """Code 10001 means absent only for a class that never had members, also after a restart."""
    await account.list()
    account.restart()
    cloud.fault(LISTS, code=10001, where={"deviceType": 3})
    inventory = await account.list()
    assert METER not in inventory.devices
    assert not inventory.complete
    assert METER in (await account.list()).devices
    account.clock.advance(3600)
    cloud.fault(LISTS, code=10001, where={"deviceType": 3})
    inventory = await account.list()
    assert METER in inventory.devices  # known since this start
    assert not inventory.complete


async def test_e8_unreachable_list_fails_the_inventory(
    account: Account, cloud: SolaxCloud
) -> None:
    """What is known stays with the caller; a first set-up is tried again as a whole."""
    cloud.fault(LISTS, http=500, where={"deviceType": 3})
    with pytest.raises(CloudUnreachable):
        await account.list()
    calls = cloud.calls.count(LISTS)
    assert METER in (await account.list()).devices
    assert cloud.calls.count(LISTS) - calls == 1  # what was read is not asked again


async def test_c22_removed_device_is_gone(account: Account, cloud: SolaxCloud) -> None:
    """A complete inventory without it."""
    await account.list()
    cloud.remove_device(CHARGER)
    account.clock.advance(DAY / 2)
    inventory = await account.list()
    assert CHARGER not in inventory.devices
    assert inventory.complete


async def test_battery_that_stops_answering_is_believed_in_twice(
    account: Account, cloud: SolaxCloud
) -> None:
    """A battery seen before is given up after the third look in vain; until then nothing is removed."""
    cloud.change_device(cloud.first(Kind.BATTERY).sn, {"listed": False})
    await account.list()
    account.restart()
    cloud.plant.devices.remove(cloud.first(Kind.BATTERY))
    found = []
    for _ in range(3):
        inventory = await account.list()
        found.append((BATTERY in inventory.devices, inventory.complete))
        account.clock.advance(DAY / 2)
    assert found == [(True, False), (True, False), (False, True)]


@pytest.mark.parametrize(
    "how",
    [{"code": 10403}, {"code": 10505}, {"body": '{"code": 10000, "result": []}'}],
    ids=["forbidden", "denied", "no-row"],
)
async def test_battery_that_cannot_be_asked(
    account: Account, cloud: SolaxCloud, how: dict[str, object]
) -> None:
    """Neither a refusal nor an offline dongle makes a known battery vanish."""
    cloud.change_device(cloud.first(Kind.BATTERY).sn, {"listed": False})
    await account.list()
    account.clock.advance(DAY)
    cloud.set_online(False)
    cloud.fault("realtime_data", **how)
    inventory = await account.list()
    assert BATTERY in inventory.devices
    assert not inventory.complete
    account.restart()
    cloud.fault("realtime_data", **how)
    assert BATTERY in (await account.list()).devices


async def test_forbidden_battery_question_is_not_repeated(
    account: Account, cloud: SolaxCloud
) -> None:
    """Without the monitoring pack there is no telling; asked again tomorrow."""
    cloud.change_device(cloud.first(Kind.BATTERY).sn, {"listed": False})
    cloud.withdraw("API_Telemetry_V2")
    for _ in range(2):
        inventory = await account.list()
        assert BATTERY not in inventory.devices
        assert cloud.calls.count("realtime_data") == 1


async def test_two_batteries_behind_one_inverter(
    account: Account, cloud: SolaxCloud
) -> None:
    """The first is read through the inverter, the other by its own serial; none is counted twice."""
    first = cloud.first(Kind.BATTERY)
    second = dataclasses.replace(
        first, sn=f"{first.sn}X", distortions=[], null_fields=set()
    )
    cloud.plant.devices.append(second)
    cloud.plant.site.dongles[second.sn] = cloud.plant.site.dongles[first.sn]
    inventory = await account.list()
    assert inventory.devices[BATTERY].serial == first.sn
    assert inventory.devices[second.sn].parent_id == INVERTER
    snapshot = await account.poll()
    assert {BATTERY, second.sn} <= snapshot.readings.keys()


def answers(*records: str) -> Iterator[str]:
    """Pages as the cloud writes them."""
    for record in records:
        yield f'{{"code": 10000, "result": {{"records": [{record}]}}}}'


async def test_sparse_records(account: Account, cloud: SolaxCloud) -> None:
    """Records without ids, of unknown plants, with unknown models or without any: none raises, none is invented."""
    cloud.fault(
        LISTS,
        body=next(
            answers(
                '{"deviceModel": 14}, {"deviceSn": "A1", "plantId": "7"}, '
                '{"deviceSn": "A2", "deviceModel": "999", "armVersion": 1.5}, '
                f'{{"deviceSn": "A3", "plantId": {PLANT}, "ratedPower": "x"}}, 5'
            )
        ),
        where={"deviceType": 1},
    )
    inventory = await account.list()
    inverters = {
        key: device
        for key, device in inventory.devices.items()
        if device.kind is DeviceKind.INVERTER
    }
    assert set(inverters) == {"A2", "A3"}
    assert inverters["A2"].model == "SolaX inverter (model 999)"
    assert inverters["A2"].firmware == "ARM 1.5"
    assert inverters["A3"].model == "SolaX inverter"
    assert inverters["A3"].rated_power is None


async def test_sparse_plants(account: Account, cloud: SolaxCloud) -> None:
    """A plant needs an id and nothing else."""
    cloud.fault(
        "page_plant_info",
        body=next(
            answers(
                '{"plantName": "x"}, {"plantId": 5, "electricityPriceUnit": "eur"}, '
                '{"plantId": "6", "electricityPriceUnit": "€", "plantTimeZone": "UTC"}'
            )
        ),
    )
    inventory = await account.list()
    assert set(inventory.plants) == {"5", "6"}
    assert inventory.plants["5"].currency == "EUR"
    assert inventory.plants["6"].currency is None
    assert inventory.plants["6"].time_zone == "UTC"


@pytest.mark.parametrize("cloud", ["many"], indirect=True)
async def test_lists_without_end(account: Account, cloud: SolaxCloud) -> None:
    """A cloud that always has another page is left after a hundred, and the inventory is not complete."""
    cloud.fault(
        "page_plant_info",
        body='{"code": 10000, "result": {"pages": 999, "records": [{"plantId": "5"}]}}',
        times=100,
        where={"businessType": "1"},
    )
    for _ in range(10):
        try:
            inventory = await account.list()
            break
        except QuotaExhausted as err:
            account.clock.advance(err.retry_after)
    assert not inventory.complete
    assert cloud.calls.count("page_plant_info") == 101


def test_a037_models() -> None:
    """Names by business type, device type and number."""
    assert model_name("1", "4", 2) == "X1/X3-EVC G1.1"
    assert model_name("4", "1", 2) == "X3-TRENE-100KI"
    newest = [model_name("1", "1", number) for number in (36, 37, 64, 67)]
    assert newest == ["J3-ULT-LV-16.5K", "J3-ULT-30K", "OG", "LVE"]
    assert model_name("1", "1", 12345) == "SolaX inverter (model 12345)"
    assert model_name("1", "9", None) == "SolaX device"
    assert all(
        name.strip() == name for names in MODELS.values() for name in names.values()
    )
