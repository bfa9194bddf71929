"""What a user finds in Home Assistant of each demo home: every entity and device, as they were when this was written.

A difference is a change that users notice. One that is wanted is taken over with ``--snapshot-update`` and named in the changelog.
"""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from homeassistant.helpers import device_registry as dr, entity_registry as er

from .benchmarks._tape import SIGN_INS
from .helpers.accounts import AnyCloud, demo_entry
from .helpers.home import Home, enable_everything

SEEN: Final = 1860.0
"""Seconds in which everything was uploaded, read and shown."""


@pytest.fixture
def begin() -> datetime:
    """A summer's morning, so that half an hour later sun, house, battery and grid all have something to show."""
    return datetime(2026, 6, 15, 7, 1, 30, tzinfo=UTC)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write as Home Assistant's own snapshots are written."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def entry(home: Home, cloud: AnyCloud, sign_in: str) -> MockConfigEntry:
    """The account, which has run for a while with all entities."""
    entry = await demo_entry(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(SEEN)
    return entry


def _entities(home: Home, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    rows = er.async_entries_for_config_entry(er.async_get(home.hass), entry.entry_id)
    return sorted(rows, key=lambda each: each.entity_id)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing."""
    return {key: value for key, value in row.items() if value not in (None, {}, 0)}


def _description(each: er.RegistryEntry, device: str) -> dict[str, Any]:
    """Return what of an entity is the same at any time; ``disabled_by`` as it is by default."""
    capabilities = dict(each.capabilities or {})
    row = {
        "unique_id": each.unique_id,
        "platform": each.domain,
        "device": device,
        "original_name": each.original_name,
        "translation_key": each.translation_key,
        "unit": each.unit_of_measurement,
        "device_class": each.original_device_class,
        "state_class": capabilities.pop("state_class", None),
        "capabilities": capabilities,
        "entity_category": each.entity_category,
        "disabled_by": each.disabled_by,
        "supported_features": each.supported_features,
    }
    return _told(row)


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_entities_and_devices_of_a_demo_home_are_the_known_ones(
    home: Home, entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """Ids, names, units, classes and categories, whether they are on by default, and what they show half an hour after set-up."""
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), entry.entry_id)
    names = {each.id: _identifier(each) for each in devices}
    names = {key: each.replace(entry.entry_id, "entry") for key, each in names.items()}
    described = {
        each.entity_id: _description(each, names[each.device_id or ""])
        | {"unique_id": each.unique_id.replace(entry.entry_id, "entry")}
        for each in _entities(home, entry)
    }
    enable_everything(home.hass, entry)
    await home.restart(entry)
    # First the lists are read behind, then Home Assistant reloads what was enabled: in one step, either came first.
    await home.pass_time(60.0, step=10.0)
    await home.pass_time(SEEN - 60.0)
    for entity_id, row in described.items():
        state = home.hass.states.get(entity_id)
        row["state"] = None if state is None else state.state
    assert described == snapshot(name="entities")
    assert {names[each.id]: _device(each, names) for each in devices} == snapshot(
        name="devices"
    )


def _identifier(device: dr.DeviceEntry) -> str:
    ((_, identifier),) = device.identifiers
    return identifier


def _device(each: dr.DeviceEntry, names: dict[str, str]) -> dict[str, Any]:
    row = {
        "name": each.name,
        "manufacturer": each.manufacturer,
        "model": each.model,
        "model_id": each.model_id,
        "serial_number": each.serial_number,
        "sw_version": each.sw_version,
        "hw_version": each.hw_version,
        "entry_type": each.entry_type,
        "via": names.get(each.via_device_id or ""),
        "configuration_url": each.configuration_url,
        "disabled_by": each.disabled_by,
    }
    return _told(row)
