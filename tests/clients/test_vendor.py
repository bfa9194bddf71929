"""How accounts are described, errors are named, and addresses are checked."""

import inspect

import pytest
from yarl import URL

from custom_components.solar_cloud.cloud import errors
from custom_components.solar_cloud.cloud.addresses import (
    check_base_url,
    is_loopback,
    is_public,
    may_move,
)
from custom_components.solar_cloud.cloud.errors import (
    CloudError,
    PermissionMissing,
    QuotaExhausted,
)
from custom_components.solar_cloud.cloud.model import (
    Device,
    DeviceKind,
    Inventory,
    Plant,
    Quantity,
    Slot,
)
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.storage import MemoryStorage


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://openapi.example.com", "https://openapi.example.com"),
        (" https://openapi.example.com/ ", "https://openapi.example.com"),
        ("https://openapi.example.com:8443", "https://openapi.example.com:8443"),
        ("http://localhost:8123", "http://localhost:8123"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://[::1]:1", "http://[::1]:1"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_usable_address(typed: str, origin: str) -> None:
    """Encrypted, or not leaving this machine."""
    assert check_base_url(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "openapi.example.com",
        "http://openapi.example.com",
        "http://192.168.1.5",
        "https://openapi.example.com/openapi",
        "https://openapi.example.com?x=1",
        "https://openapi.example.com#x",
        "https://user@openapi.example.com",
        "https://user:secret@openapi.example.com",
        "ftp://openapi.example.com",
        "https://",
        "https://[::1",
        "https://host:port",
        "https://open api.example.com",
        "https://openapi..example.com",
        "https://openapi.example.com,https",
        "https://open%20api.example.com",
        "https://<openapi>.example.com",
        "https://-openapi.example.com",
        f"https://{'a' * 64}.example.com",
        "https://0.0.0.0",
        "https://169.254.169.254",
        "https://[fe80::1]",
        "https://[fd00:ec2::254]",
        "https://[::ffff:169.254.169.254]",
    ],
)
def test_unusable_address(typed: str) -> None:
    """Told as such, without repeating what was typed."""
    with pytest.raises(CloudError) as caught:
        check_base_url(typed)
    assert str(caught.value) == "invalid_host"


def test_loopback() -> None:
    """Names and numbers."""
    assert is_loopback("localhost")
    assert is_loopback("127.9.9.9")
    assert not is_loopback("example.com")


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS.keys())
def test_every_vendor_is_described_completely(vendor: object) -> None:
    """What the set-up form is built from."""
    described = VENDORS[vendor.key]  # type: ignore[attr-defined]
    assert described.name
    assert 0 < described.poll_period < described.stale_after
    for sign_in in described.sign_ins:
        assert described.sign_in(sign_in.key) is sign_in
        assert sign_in.secrets
        for region, url in sign_in.regions.items():
            assert str(sign_in.base_url({"region": region})).rstrip("/") == url
            assert check_base_url(url) == url
    assert described.quota(MemoryStorage()).used() == 0


def test_e70_vendors_do_not_share_keys() -> None:
    """Neither do their sign-ins: each is a step of one form."""
    keys = [sign_in.key for vendor in VENDORS.values() for sign_in in vendor.sign_ins]
    assert len(keys) == len(set(keys))
    assert all(key == vendor.key for key, vendor in VENDORS.items())


def test_inventory_of_chosen_plants() -> None:
    """Devices go with their plant; completeness stays what it was."""
    plants = {key: Plant(id=key, name=key) for key in ("a", "b")}
    devices = {
        f"{key}1": Device(id=f"{key}1", plant_id=key, kind=DeviceKind.METER)
        for key in plants
    }
    chosen = Inventory(plants, devices, complete=False).only(frozenset({"b"}))
    assert set(chosen.plants) == {"b"}
    assert set(chosen.devices) == {"b1"}
    assert not chosen.complete


def test_identities_do_not_show() -> None:
    """In no ``repr`` of the vocabulary (E60)."""
    address = {"sn": "hush"}
    shown = repr(Plant(id="hush", name="hush", address=address)) + repr(
        Device(
            id="hush",
            plant_id="hush",
            kind=DeviceKind.METER,
            serial="hush",
            parent_id="hush",
            address=address,
        )
    )
    assert "hush" not in shown


def test_quantities() -> None:
    """Which of them are counters, and what they are called in unique ids."""
    counters = {each for each in Quantity if each.is_counter}
    assert Quantity.PV_ENERGY_TOTAL in counters
    assert Quantity.PV_ENERGY_TODAY not in counters
    assert all(each.is_energy for each in counters)
    assert not Quantity.BATTERY_ENERGY_REMAINING.is_energy
    assert Slot(Quantity.STRING_VOLTAGE, 3).key == "string_voltage_3"
    assert Slot(Quantity.PV_POWER).key == "pv_power"


def test_errors_say_keys_and_placeholders() -> None:
    """And nothing else."""
    assert str(CloudError()) == "unexpected_answer"
    missing = PermissionMissing("Data Monitoring Service")
    assert str(missing) == "permission_missing permission=Data Monitoring Service"
    assert not QuotaExhausted(5.0).locked
    kinds = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, CloudError)
    ]
    assert all(each.default_key for each in kinds)


async def test_memory_vault() -> None:
    """The newest content, waiting or written."""
    storage = MemoryStorage()
    assert storage.load("a") is None
    content = 1
    storage.delay_save("a", lambda: content)
    content = 2
    assert storage.load("a") == 2
    assert storage.sections() == {"a": 2}
    await storage.save("a", 3)
    assert storage.load("a") == 3
    assert storage.sections() == {"a": 3}


def test_what_is_on_the_internet() -> None:
    """Names without a dot, names of home networks and private numbers are not."""
    for public in ("example.com", "api.fusionsolar.example", "8.8.8.8", "2001:4860::1"):
        assert is_public(public), public
    for private in (
        "localhost",
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "100.64.0.1",
        "192.168.0.1",
        "0.0.0.0",
        "fe80::1",
        "nas",
        "nas.local",
        "nas.fritz.lan",
        "127.1",
        "bad..example",
        "",
    ):
        assert not is_public(private), private


def test_a_server_on_the_internet_sends_nobody_to_this_machine() -> None:
    """What runs here may move within this machine, nothing else may come here."""
    here, away = URL("http://127.0.0.1:1"), URL("https://api.example.com")
    assert may_move(here, URL("http://127.0.0.1:2"))
    assert may_move(here, away)
    assert not may_move(away, here)
