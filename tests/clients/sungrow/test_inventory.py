"""Plants and devices (sungrow.md §4.1-§4.3)."""

from typing import Any

import pytest

from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CredentialsRejected,
    PermissionMissing,
    QuotaExhausted,
)
from custom_components.solar_cloud.cloud.model import DeviceKind, Quantity, Slot
from custom_components.solar_cloud.cloud.sungrow.inventory import parse_devices
from tests.emulators.sungrow import SungrowCloud
from tests.helpers.clock import StillClock

from .conftest import Account, Connect

KINDS = {
    "ADEMO0010002": DeviceKind.INVERTER,
    "SDEMO0010003": DeviceKind.BATTERY,
    "5000001_7_1_1": DeviceKind.METER,
    "BDEMO0010001": DeviceKind.GATEWAY,
}


async def test_both_editions_list_the_same(connect: Connect, granted: Account) -> None:
    """Names, models, serials, ratings; nothing depends on the edition."""
    one = await connect().cloud.inventory()
    two = await granted.cloud.inventory()
    assert one.plants == two.plants
    assert one.devices == two.devices
    assert one.complete
    assert {key: device.kind for key, device in one.devices.items()} == KINDS
    plant = one.plants["5000001"]
    assert (plant.name, plant.currency, plant.pv_capacity) == ("Home A", "EUR", 9600.0)
    inverter = one.devices["ADEMO0010002"]
    assert inverter.model == "SH10RT-V112"
    assert inverter.rated_power == 10_000
    assert inverter.firmware == "SAPPHIRE-H_01011.51.03"
    battery = one.devices["SDEMO0010003"]
    assert battery.parent_id == inverter.id
    assert battery.capacity == 12.8
    meter = one.devices["5000001_7_1_1"]
    assert meter.serial is None
    assert meter.correctable


def _row(**fields: Any) -> dict[str, Any]:
    return {
        "ps_key": "1_14_1_1",
        "device_type": 14,
        "device_sn": "A1",
        "uuid": 7,
        "device_model_code": "SH10RT",
        **fields,
    }


def test_types_drift_and_identities_do_not() -> None:
    """E63: numbers as texts and texts as numbers give the same device."""
    as_numbers = parse_devices("1", [_row(uuid=7, device_type=14)])
    as_texts = parse_devices("1", [_row(uuid="7", device_type="14")])
    assert as_numbers == as_texts
    assert as_numbers["A1"].address == {"ps_key": "1_14_1_1", "type": "14", "uuid": "7"}


def test_a_shared_serial_belongs_to_the_first() -> None:
    """Whatever the order of the list."""
    rows = [
        _row(ps_key="1_14_1_2", uuid=8),
        _row(),
        _row(ps_key="1_1_1_1", device_type=1, device_sn=None, uuid=None),
    ]
    for listed in (rows, rows[::-1]):
        devices = parse_devices("1", listed)
        assert set(devices) == {"A1", "1_14_1_2", "1_1_1_1"}
        assert devices["A1"].address["ps_key"] == "1_14_1_1"
        assert "uuid" not in devices["1_1_1_1"].address


@pytest.mark.parametrize(
    "row",
    [
        {},
        _row(ps_key=None),
        _row(device_type="x"),
        _row(device_type=11),
        _row(device_type=3),
        _row(device_type=99),
    ],
)
def test_e29_rows_without_use_are_left_out(row: dict[str, Any]) -> None:
    """Virtual devices, unknown types, damaged rows."""
    assert parse_devices("1", [row]) == {}


@pytest.mark.parametrize(
    ("model", "watts"),
    [
        ("SH10RT-V112", 10_000),
        ("SG8K-D", 8000),
        ("SG50CX", 50_000),
        ("SH6.0RS", 6000),
        ("SG110CX", 110_000),
        ("S1600S", None),
        ("WiNet-S2", None),
        (None, None),
    ],
)
def test_models_carry_their_rating(model: str | None, watts: float | None) -> None:
    """It bounds what a counter can gain."""
    rows = [_row(device_model_code=model, type_name=None)]
    assert parse_devices("1", rows)["A1"].rated_power == watts


def test_batteries_hang_on_the_only_hybrid() -> None:
    """With two inverters nobody says which one."""
    battery = _row(ps_key="1_43_1_1", device_type=43, device_sn="S1")
    one = parse_devices("1", [_row(), battery])
    assert one["S1"].parent_id == "A1"
    second = _row(ps_key="1_14_2_1", device_sn="A2")
    assert parse_devices("1", [_row(), second, battery])["S1"].parent_id is None


@pytest.mark.parametrize("name", ["row_count", "rowCount"])
async def test_lists_longer_than_a_page(
    server: SungrowCloud, connect: Connect, name: str
) -> None:
    """The server may give less than was asked for: go on until nothing comes."""
    server.load("all")
    server.turn(page_limit=2, v2_count=name)
    inventory = await connect().cloud.inventory()
    assert len(inventory.plants) == 5
    assert len(inventory.devices) == 15
    assert inventory.complete


async def test_a_plant_without_devices_is_listed(
    server: SungrowCloud, connect: Connect
) -> None:
    """E29, and its reading has nothing in it."""
    server.load("empty-plant")
    account = connect()
    snapshot = await account.poll()
    assert account.inventory is not None
    assert set(account.inventory.plants) == {"5000005"}
    assert set(snapshot.readings["5000005"].values) == {Slot(Quantity.PLANT_STATE)}


async def test_an_account_without_plants_is_empty(
    server: SungrowCloud, connect: Connect
) -> None:
    """And costs no further call."""
    server.load("empty")
    account = connect()
    snapshot = await account.poll()
    assert not snapshot.readings
    assert len(server.data_calls) == 1


async def test_e40_a_plant_shared_later_is_found(
    server: SungrowCloud, connect: Connect
) -> None:
    """The next list has it."""
    server.load("all")
    server.user.shares = {"5000001": "0"}
    account = connect()
    assert set((await account.cloud.inventory()).plants) == {"5000001"}
    server.user.shares["5000004"] = "1"
    assert set((await account.cloud.inventory()).plants) == {"5000001", "5000004"}


async def test_details_are_a_luxury(server: SungrowCloud, connect: Connect) -> None:
    """Without them a plant has no size, but works."""
    server.fault("getBatchPsDetail", code="E996")
    inventory = await connect().cloud.inventory()
    assert inventory.plants["5000001"].pv_capacity is None
    assert inventory.plants["5000001"].currency == "EUR"
    assert inventory.complete
    server.fault("getBatchPsDetail", code="E912")
    with pytest.raises(CredentialsRejected):
        await connect().cloud.inventory()
    server.fault(
        "getBatchPsDetail", body='{"result_code":"1","result_data":{"dataList":[1]}}'
    )
    assert (await connect().cloud.inventory()).complete
    server.fault("getBatchPsDetail", body='{"result_code":"1","result_data":[]}')
    assert (await connect().cloud.inventory()).complete


async def test_a_plant_whose_devices_cannot_be_read_keeps_them(
    server: SungrowCloud, connect: Connect
) -> None:
    """E25: and the list says that it is not whole, so that nothing is removed."""
    server.load("all")
    account = connect()
    whole = await account.cloud.inventory()
    server.fault("getDeviceList", code="-1", where={"ps_id": "5000003"})
    partial = await account.cloud.inventory()
    assert partial.devices == whole.devices
    assert not partial.complete
    fresh = connect(storage=account.storage)
    server.fault("getDeviceList", code="-1", where={"ps_id": "5000003"})
    partial = await fresh.cloud.inventory()
    assert set(partial.plants) == set(whole.plants)
    assert len(partial.devices) < len(whole.devices)


async def test_a_limit_within_the_lists_says_when_to_go_on(
    server: SungrowCloud, connect: Connect, clock: StillClock
) -> None:
    """What was listed is kept, what was under way ends, and no further call is made."""
    server.load("all")
    server.fault("getDeviceList", code="E901", skip=1)
    account = connect()
    inventory = await account.cloud.inventory()
    assert inventory.resume_after == 60.0
    assert not inventory.complete
    assert server.calls.count("getDeviceList") == len(server.plants)
    server.calls.clear()
    with pytest.raises(QuotaExhausted):
        await account.cloud.inventory()
    assert not server.calls.count()
    clock.advance(61)
    assert (await account.cloud.inventory()).complete


async def test_a_refused_list_is_an_error(
    server: SungrowCloud, connect: Connect
) -> None:
    """Only what concerns the whole account is."""
    server.fault("getDeviceList", code="E918", times=None)
    with pytest.raises(PermissionMissing):
        await connect().cloud.inventory()
    server.faults.clear()
    server.fault("getPowerStationList", http=502, times=None)
    with pytest.raises(CloudUnreachable):
        await connect().cloud.inventory()


async def test_a_list_that_breaks_off_is_not_whole(
    server: SungrowCloud, connect: Connect
) -> None:
    """Its first page counts."""
    server.load("all")
    body = (
        '{"result_code":"1","result_data":{"rowCount":500,"pageList":'
        '[{"ps_id":5000001,"ps_name":null},{"ps_name":"x"},7]}}'
    )
    server.fault("getPowerStationList", body=body)
    server.fault("getPowerStationList", http=502)
    inventory = await connect().cloud.inventory()
    assert set(inventory.plants) == {"5000001"}
    assert inventory.plants["5000001"].name == "5000001"
    assert not inventory.complete
    server.fault("getPowerStationList", body=body)
    server.fault("getPowerStationList", code="E912")
    with pytest.raises(CredentialsRejected):
        await connect().cloud.inventory()


async def test_a_list_that_never_ends_is_given_up(
    server: SungrowCloud, connect: Connect
) -> None:
    """A hundred pages are enough for any account."""
    body = '{"result_code":"1","result_data":{"pageList":[{"ps_id":5000001}]}}'
    server.fault("getPowerStationList", body=body, times=None)
    inventory = await connect().cloud.inventory()
    assert not inventory.complete
    assert server.calls.count("getPowerStationList") == 100


async def test_answers_without_a_list_are_empty(
    server: SungrowCloud, connect: Connect
) -> None:
    """``result_data`` may be anything (sungrow.md §2.1)."""
    for data in ("null", "[]", '"x"', '{"pageList":"x"}'):
        server.fault(
            "getPowerStationList", body=f'{{"result_code":"1","result_data":{data}}}'
        )
        assert not (await connect().cloud.inventory()).plants
