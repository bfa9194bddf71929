"""Replaying a bundle: what a user sent shows the same entities and values on a developer's machine."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.masking import Masks
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.diagnostics import async_get_config_entry_diagnostics
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .benchmarks._tape import SIGN_INS
from .emulators.replay import ReplayCloud
from .helpers.accounts import AnyCloud, demo_entry
from .helpers.home import Home

PASSED: Final = 660.0
"""Seconds in which everything is asked once; fewer than it takes to call answers stale that grow no older."""
MOVING: Final = (
    *("_data_age", "_last_report", "_api_calls_today", "_api_calls_left"),
    *("_time_to_full", "_time_to_empty"),
)
"""What is another a moment later, or an average over a time that a bundle does not hold."""


@pytest.fixture
def begin() -> datetime:
    """A summer's morning, when sun, house, battery and grid all have something to show."""
    return datetime(2026, 6, 15, 7, 1, 30, tzinfo=UTC)


BUNDLES: Final = sorted((Path(__file__).parent / "fixtures" / "bundles").iterdir())
"""Diagnostics that are kept. ``micro-only.json``: two emulated SolaX microinverters, downloaded when form 1 of the file was new."""


async def replay_entry(home: Home, cloud: ReplayCloud) -> MockConfigEntry:
    """The account of a bundle."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Replayed",
        unique_id="replayed",
        data={
            "vendor": cloud.bundle["vendor"],
            "sign_in": cloud.bundle["sign_in"],
            "credentials": cloud.credentials,
        },
        options={
            "excluded_plants": [],
            "controls": cloud.bundle["options"]["controls"],
        },
    )
    store = await async_get_store(home.hass, entry.entry_id, entry.unique_id)
    for section, content in cloud.memory.items():
        await store.save(section, content)
    await store.save(SECTION, to_json(cloud.token))
    return entry


async def bundle_of(home: Home, entry: MockConfigEntry) -> dict[str, Any]:
    """Download the bundle of an account."""
    report = await async_get_config_entry_diagnostics(home.hass, entry)
    assert "error" not in report, report
    bundle: dict[str, Any] = json.loads(json.dumps(report))
    return bundle


def described(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a bundle says of plants and devices, but for times."""
    return [
        {
            key: value
            for key, value in each.items()
            if key not in {"measured_at", "age", "held", "roles_held"}
        }
        | {
            "values": {
                key: value
                for key, value in each["values"].items()
                if not f"_{key}".endswith(MOVING)
            }
        }
        for each in bundle["devices"]
    ]


def shown(home: Home, entry: MockConfigEntry) -> dict[str, str]:
    """Return what every entity of an account shows, by its platform, its owner's pseudonym and its quantity."""
    masks = Masks()
    masks.learn_inventory(entry.runtime_data.inventory.data)
    devices = {
        each.id: next(key for _, key in each.identifiers)
        for each in dr.async_entries_for_config_entry(
            dr.async_get(home.hass), entry.entry_id
        )
    }
    found = {}
    for each in er.async_entries_for_config_entry(
        er.async_get(home.hass), entry.entry_id
    ):
        key = devices[each.device_id or ""]
        quantity = each.unique_id.partition(key)[2]
        state = home.hass.states.get(each.entity_id)
        if not quantity.endswith(MOVING):
            found[f"{each.domain} {masks.of(key)}{quantity}"] = (
                state.state if state else str(each.disabled_by)
            )
    return found


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_a_replayed_bundle_shows_the_same_entities_and_values(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Of each demo home, with its settings."""
    entry = await demo_entry(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(PASSED)
    bundle, before = await bundle_of(home, entry), shown(home, entry)
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    async with ReplayCloud(bundle) as replayed:
        again = await replay_entry(home, replayed)
        await home.start(again)
        await home.pass_time(PASSED)
        report, after = await bundle_of(home, again), shown(home, again)
    assert len(before) > 100
    assert described(report) == described(bundle)
    assert after == before


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
async def test_a_kept_bundle_still_shows_what_it_showed(
    socket_enabled: None, home: Home, path: Path
) -> None:
    """A report of an earlier version is a test of this one."""
    bundle = json.loads(path.read_text())
    home.freezer.move_to(datetime.fromisoformat(bundle["taken_at"]))
    async with ReplayCloud(bundle) as replayed:
        entry = await replay_entry(home, replayed)
        await home.start(entry)
        await home.pass_time(PASSED)
        assert described(await bundle_of(home, entry)) == described(bundle)
