"""How an account is described, and what the tables promise."""

import asyncio

import pytest
from yarl import URL

from custom_components.solar_cloud.cloud.model import DeviceKind, Unit
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.solax import VENDOR, account
from custom_components.solar_cloud.cloud.solax.access import SolaxAccess
from custom_components.solar_cloud.cloud.solax.points import TABLES
from custom_components.solar_cloud.cloud.storage import MemoryStorage

SIGN_IN = VENDOR.sign_in("solax")


def test_a015_identity_is_the_application() -> None:
    """Blanks and case do not matter; the id itself is not shown."""
    first = {"client_id": " 0F1E2D ", "client_secret": "a", "region": "eu"}
    second = {"client_id": "0f1e2d", "client_secret": "b", "region": "cn"}
    assert account(first) == account(second) == SIGN_IN.quota_account(first)
    assert "0f1e2d" not in account(first)
    assert account({"client_id": "0f1e2e"}) != account(first)


def test_a021_regions_are_https() -> None:
    """Every region has a host of its own."""
    urls = [SIGN_IN.base_url({"region": region}) for region in SIGN_IN.regions]
    assert set(SIGN_IN.regions) == {"eu", "cn", "us", "in"}
    assert all(url.scheme == "https" and url.path == "/" for url in urls)
    assert len(set(urls)) == 4
    other = {"region": "other", "base_url": "http://127.0.0.1:1"}
    assert SIGN_IN.base_url(other) == URL("http://127.0.0.1:1")


def test_a005_form_asks_for_two_fields() -> None:
    """The secret is hidden and asked again on re-authentication."""
    assert [field.key for field in SIGN_IN.fields] == ["client_id", "client_secret"]
    assert [field.key for field in SIGN_IN.secrets] == ["client_secret"]
    assert VENDORS["solax"] is VENDOR


@pytest.mark.parametrize("key", sorted(TABLES), ids=lambda key: f"{key[1]}-{key[0]}")
def test_every_row_has_a_source_and_the_unit_of_its_quantity(
    key: tuple[str, DeviceKind],
) -> None:
    """A row without a source cannot be checked; one with another dimension is wrong."""
    for point in TABLES[key].points:
        assert point.ref
        if point.codes is None:
            assert isinstance(point.unit, Unit)
            assert point.unit.canonical == point.quantity.unit
        else:
            assert point.quantity.unit == ""


@pytest.mark.parametrize(
    "stored", [None, 5, [], {"classes": 3}, {"classes": [1, None]}]
)
def test_damaged_memory_is_an_empty_one(stored: object) -> None:
    """What storage holds is not trusted."""
    storage = MemoryStorage()
    asyncio.run(storage.save("solax", stored))  # type: ignore[arg-type]
    memory = SolaxAccess(storage)
    assert not memory.seen(("a",))
    assert not memory.has_battery("b")
