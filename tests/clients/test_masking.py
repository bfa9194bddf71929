"""Masking: nobody is named in what is told of an answer, and what was measured is told."""

from datetime import UTC, datetime
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.solar_cloud.cloud.masking import (
    WITHHELD,
    Identity,
    Masks,
    identity_of,
    is_moment,
)
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
)


@pytest.fixture(autouse=True)
def now(freezer: FrozenDateTimeFactory) -> None:
    """A moment is known by the time."""
    freezer.move_to(datetime(2026, 6, 15, 10, 0, tzinfo=UTC))


def masked(answer: Any, *answers: Any) -> Any:
    """Mask an answer as part of a report with others."""
    masks = Masks()
    masks.learn_answers((answer, *answers))
    told = masks.answer(answer)
    assert not masks.leaks(told)
    return told


@pytest.mark.parametrize(
    ("field", "identity"),
    [
        ("deviceSn", Identity.SERIAL),
        ("esnCode", Identity.SERIAL),
        ("registerNo", Identity.SERIAL),
        ("battery_serial", Identity.SERIAL),
        ("plantName", Identity.NAME),
        ("user_account", Identity.NAME),
        ("contactMethod", Identity.NAME),
        ("ps_location", Identity.ADDRESS),
        ("plantAddress", Identity.ADDRESS),
        ("zip_code", Identity.ADDRESS),
        ("owner_email", Identity.MAIL),
        ("mobile_tel", Identity.PHONE),
        ("latitude", Identity.COORDINATE),
        ("ps_key", Identity.ID),
        ("stationCodes", Identity.ID),
        ("uuid", Identity.ID),
        ("access_token", Identity.SECRET),
        ("systemCode", Identity.SECRET),
        ("result_code", None),
        ("code", None),
        ("devTypeId", None),
        ("device_model_id", None),
        ("plantTimeZone", None),
        ("batterySOC", None),
        ("chargingEnergyThisSession", None),
        ("p83022", None),
        ("cell_voltage", None),
    ],
)
def test_what_a_field_holds_is_told_by_its_name(
    field: str, identity: Identity | None
) -> None:
    """In camel case, with underscores, and in the plural."""
    assert identity_of(field) is identity


def test_measurements_moments_and_codes_are_told() -> None:
    """They are what a maintainer looks for; numbers as text, units and absences too."""
    answer = {
        "code": 10000,
        "result_code": "E00003",
        "gridPower": -1200.5,
        "p83024": "15363100.0000",
        "soc": "21.3%",
        "none": "--",
        "online": True,
        "dataTime": "2026-06-15T07:18:12.000+00:00",
        "local": "2026-06-15 09:18:12",
        "compact": "20260615091812",
        "collectTime": 1781508302000,
        "open_time": 1781508302,
        "deviceModel": 14,
        "model": "SH10RT-V112(COM1)",
        "softwareVersion": "V100R001C00SPC161",
        "plantTimeZone": "(UTC+01:00)Amsterdam,Berlin,Bern",
        "deviceStatus": "standby",
        "lang": "_en_US",
        "ids": [1, 2, None],
    }
    assert masked(answer) == answer


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("deviceSn", "H3AB12345678", "serial_1"),
        ("ps_id", 5000001, "id_1"),
        ("plantName", "Sonnenallee 7", "name_1"),
        ("latitude", 48.1, "coordinate_1"),
        ("longitude", "11.5755", "coordinate_1"),
        ("owner_email", "maria@example.com", "mail_1"),
        ("mobile", "+49 170 1234567", "phone_1"),
        ("mobile", 1701234567, "phone_1"),
        ("password", 1234, "secret_1"),
        ("remark", "Frau Muster, Tel. 0170 1234567", "text_1"),
        ("whatever", "maria@example.com", "text_1"),
        ("whatever", "0170123456", "text_1"),
        ("whatever", 491701234567, "text_1"),
        ("whatever", "+491701234", "text_1"),
        ("model", "maria@example.com", "text_1"),
        ("deviceStatus", "offline since 17012345678", "text_1"),
        ("result_code", "no data of H3AB12345678", "text_1"),
    ],
)
def test_what_may_identify_has_a_pseudonym(field: str, value: Any, told: str) -> None:
    """By the name of its field, and where that says nothing by what it looks like."""
    assert masked({field: value}) == {field: told}


def test_one_pseudonym_per_id_everywhere() -> None:
    """As a number and as text, inside another id, as a key, and where nothing says that it is one."""
    answer = {
        "ps_id": 5000001,
        "list": [{"ps_id": "5000001", "ps_key": "5000001_14_1_1"}],
        "5000001": {"status": 3},
        "odd": "5000001",
        "snList": "H3AB12345678,H3AB12345679",
    }
    serials = [{"sn": "H3AB12345678"}, {"sn": "H3AB12345679"}]
    assert masked(answer, serials) == {
        "ps_id": "id_1",
        "list": [{"ps_id": "id_1", "ps_key": "id_1_14_1_1"}],
        "id_1": {"status": 3},
        "odd": "id_1",
        "snList": "serial_1,serial_2",
    }


def test_a_key_that_is_no_fields_name_is_masked() -> None:
    """A client that maps serials to values names devices no list has."""
    assert masked({"H3AB12345678": 1, "Frau Muster": 2, "p83024": 3}) == {
        "text_1": 1,
        "text_2": 2,
        "p83024": 3,
    }


INVENTORY = Inventory(
    {"5000001": Plant(id="5000001", name="Haus Muster", address={"zone": "GMT+1"})},
    {
        "SN10000010": Device(
            id="SN10000010",
            plant_id="5000001",
            kind=DeviceKind.INVERTER,
            serial="SN10000010",
            model="SH10RT",
        ),
        "SN10000009": Device(
            id="SN10000009",
            plant_id="5000001",
            kind=DeviceKind.INVERTER,
            serial="TB77000001",
            address={"uuid": "2000102", "type": "14"},
        ),
    },
)


def test_plants_and_devices_are_called_by_their_kind() -> None:
    """In the order of their ids, so that a replayed report, in which they are numbered, keeps it."""
    masks = Masks()
    masks.learn_inventory(INVENTORY)
    answer: Any = {
        "ps_name": "Haus Muster",
        "ps_id": 5000001,
        "sn": ["SN10000009", "SN10000010", "TB77000001"],
        "device_name": "SH10RT",
        "zone": "GMT+1",
        "uuid": 2000102,
    }
    assert masks.answer(answer) == {
        "ps_name": "plant_1_name",
        "ps_id": "plant_1",
        "sn": ["inverter_1", "inverter_2", "inverter_1_serial"],
        "device_name": "name_1",
        "zone": "GMT+1",
        "uuid": "id_1",
    }
    assert masks.of("SN10000010") == "inverter_2"
    assert masks.of("elsewhere") == "unlisted"
    assert masks.ids({"SN10000009": ["5000001", "pv_power", 1.5]}) == {
        "inverter_1": ["plant_1", "pv_power", 1.5]
    }


def test_a_replayed_report_keeps_its_pseudonyms() -> None:
    """They are the ids of the replayed account, and identify nobody."""
    plants = {"plant_1": Plant(id="plant_1", name="plant_1_name")}
    devices = {
        name: Device(id=name, plant_id="plant_1", kind=DeviceKind.METER)
        for name in ("meter_10", "meter_2", "meter_1")
    }
    masks = Masks()
    masks.learn_inventory(Inventory(plants, devices))
    assert [masks.of(f"meter_{number}") for number in (1, 2, 10)] == [
        "meter_1",
        "meter_2",
        "meter_3",
    ]
    report: Any = {"sn": "meter_2", "ps_key": "plant_1_14_1_1", "name": "name_3"}
    assert masks.answer(report) == masks.told(report) == report
    assert not masks.leaks(report)


def test_what_we_say_ourselves_is_withheld_where_somebody_is_named() -> None:
    """Keys, values and lists, as a word or inside an id; nothing else."""
    masks = Masks()
    masks.learn("H3DEMO1", Identity.SERIAL)
    masks.learn("Musterhaus", Identity.NAME)
    masks.learn("Haus Nord", Identity.NAME)
    report = {
        "solax_H3DEMO1_battery": 1,
        "list": ["H3DEMO1", "h3demo12", 5, None, {"text": "at musterhaus now"}],
        "pv_musterhaus": "Haus Süd",
    }
    assert masks.told(report) == {
        WITHHELD: 1,
        "list": [WITHHELD, "h3demo12", 5, None, {"text": WITHHELD}],
        "pv_musterhaus": "Haus Süd",
    }


@pytest.mark.parametrize("name", ["Plant", "Solar", "PV", "Home", "Battery 1", "Grid"])
def test_an_ordinary_name_hides_nothing(name: str) -> None:
    """Words of ours are not its name."""
    masks = Masks()
    masks.learn(name, Identity.NAME)
    report: Any = {"plant": "solar", "battery_1": ["home", "grid", "PV"]}
    assert masks.told(report) == report


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        ("maria@example.com", "mail"),
        ("Tel. +49 170 1234567", "phone"),
        ("0170/1234567", "phone"),
        ("Bearer AbcdefGhij", "secret"),
        ("0123456789abcdef0123456789abcdef", "secret"),
        ("eyJhbGciOiJIUzI1NiJ9.e30", "secret"),
        ("http://10.0.0.7:8080", "address"),
        ("aa:bb:cc:dd:ee:ff", "address"),
        ("solax_h3demo1_power", "serial"),
        ("48.13743", "coordinate"),
        (48.13743, "coordinate"),
    ],
)
def test_what_is_left_is_found(left: Any, kind: str) -> None:
    """Whoever put it there, as a value, in a list and as a key."""
    masks = Masks()
    masks.learn("H3DEMO1", Identity.SERIAL)
    masks.learn_coordinate("48.13743")
    assert masks.leaks({"a": [left]}) == {kind: 1}
    assert masks.leaks({str(left): 1}) == {kind: 1}


def test_a_report_without_identities_has_no_leaks() -> None:
    """Times, versions, ids of points, paths and pseudonyms look like nothing else."""
    masks = Masks()
    report: Any = {
        "at": "2026-06-15T07:18:12.000+00:00",
        "firmware": "V1.2.3.4 / 3.0.0.12",
        "points": ["83022", 13003],
        "path": "/openapi/v2/device/realtime_data",
        "zone": "(UTC+01:00)Amsterdam",
        "id": "inverter_1_serial",
        "power": -1234567.25,
    }
    assert not masks.leaks(json.loads(json.dumps(report)))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-06-15", True),
        ("2026-06-15T07:18:12Z", True),
        (20230808152800, True),
        ("202606150918", True),
        ("20261315", False),
        (1781508302, True),
        ("1781508302000", True),
        (2025550123, False),
        (4155551234, False),
        (12, False),
        (1781508302.5, False),
        (True, False),
        (None, False),
    ],
)
def test_moments_are_told_from_phone_numbers(value: Any, moment: bool) -> None:
    """Nothing was measured in the future, and numbers of ten digits begin with others than the present's."""
    assert is_moment(value) is moment
