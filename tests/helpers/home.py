"""A real Home Assistant at an emulated home: the time both share, what a user sees, and the account of a SolaX home."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
import time
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity

from ..emulators.base import Cloud
from ..emulators.solax import Device, Kind, SolaxCloud

POLL = 360.0
"""Seconds after which a home was polled again."""

ROLES = [
    "pv_energy_total",
    "grid_import_energy_total",
    "grid_export_energy_total",
    "battery_charge_energy_total",
    "battery_discharge_energy_total",
]
"""The counters the energy dashboard is given."""


@dataclass(slots=True)
class Home:
    """Home Assistant and the time it shares with the clouds."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory

    async def settle(self) -> None:
        """Let everything that is due happen."""
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def pass_time(self, total: float | timedelta, step: float = 60.0) -> None:
        """Let time pass in small steps, as it does."""
        left = total.total_seconds() if isinstance(total, timedelta) else total
        while left > 0:
            self.freezer.tick(min(step, left))
            left -= step
            await self.settle()

    async def start(self, entry: MockConfigEntry) -> None:
        """Set an account up."""
        if not self.hass.config_entries.async_get_entry(entry.entry_id):
            entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def restart(self, entry: MockConfigEntry) -> None:
        """Unload and set up again, with nothing but the storage kept, as a restart does."""
        await self.hass.config_entries.async_unload(entry.entry_id)
        self.forget()
        await self.start(entry)

    def set_clock(
        self, seconds: float, cloud: Cloud[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Set Home Assistant's clock by hand: no time passes, neither for its timers nor for the cloud."""
        passed = time.monotonic
        self.freezer.tick(timedelta(seconds=seconds))
        monkeypatch.setattr(time, "monotonic", lambda: passed() - seconds)
        cloud.world.clock.advance(-seconds)
        cloud.clock_off -= seconds

    def forget(self) -> None:
        """Lose what is kept in memory beyond a set-up."""
        for key in ("stores", "quotas", "seeds"):
            self.hass.data.pop(f"{DOMAIN}_{key}", None)

    def entity_id(self, unique_id: str, platform: str = "sensor") -> str:
        """Find an entity by its unique id."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, unique_id
        )
        assert entity_id is not None, f"There is no {platform} {unique_id}"
        return entity_id

    def state(self, unique_id: str, platform: str = "sensor") -> State:
        """Return what a user sees of an entity."""
        state = self.hass.states.get(self.entity_id(unique_id, platform))
        assert state is not None, f"{platform} {unique_id} has no state"
        return state

    def known(self, unique_id: str, platform: str = "sensor") -> bool:
        """Say whether an entity is registered, enabled or not."""
        registry = er.async_get(self.hass)
        return registry.async_get_entity_id(platform, DOMAIN, unique_id) is not None

    def device(self, identifier: str, entry: MockConfigEntry) -> dr.DeviceEntry | None:
        """Find a plant or device in the registry by the vendor's id."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, identifier), entry.entry_id
        )
        assert device is None or isinstance(device, dr.DeviceEntry)
        return device

    def value(self, unique_id: str) -> float:
        """Return a sensor's number."""
        return float(self.state(unique_id).state)


def solax_entry(cloud: SolaxCloud, **options: Any) -> MockConfigEntry:
    """An account as the config flow stores it."""
    credentials = cloud.credentials | {"region": "other", "base_url": cloud.url}
    account = VENDORS["solax"].sign_in("solax").account(credentials)
    return MockConfigEntry(
        domain=DOMAIN,
        title="SolaX",
        unique_id=f"solax_{account}",
        data={"vendor": "solax", "sign_in": "solax", "credentials": credentials},
        options=options or {"excluded_plants": [], "controls": False},
    )


def solax_id(cloud: SolaxCloud, kind: Kind | None, quantity: str) -> str:
    """Return the unique id of a quantity of the first device of a kind, of the plant for none."""
    if kind is None:
        owner = cloud.plant.plant_id
    elif kind is Kind.BATTERY:
        owner = f"{cloud.first(Kind.INVERTER).sn}_battery"
    else:
        owner = cloud.first(kind).sn
    return f"solax_{owner}_{quantity}"


@contextmanager
def everything_enabled() -> Iterator[None]:
    """Register what is off at first as enabled, which spares the reload that enabling it takes."""
    enabled = PropertyMock(return_value=True)
    with patch.object(Entity, "entity_registry_enabled_default", enabled):
        yield


def enable_everything(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enable what is there for those who look for it; Home Assistant reloads the entry in half a minute."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.disabled_by:
            registry.async_update_entity(each.entity_id, disabled_by=None)


def uploads_seen(cloud: SolaxCloud, device: Device) -> Iterator[float]:
    """Yield when what Home Assistant was told of a device had been uploaded, newest first.

    The truth to compare with is the world's at these instants.
    """
    for position in reversed(range(len(cloud.calls))):
        call = cloud.calls[position]
        if call.matches("device/realtime_data", {"deviceType": int(device.kind)}):
            around = range(max(0, position - 12), min(position + 12, len(cloud.calls)))
            near = [cloud.calls[each] for each in around]
            if not any(
                each.at == call.at
                and each.matches(
                    "device/realtime_data", {"deviceType": int(Kind.INVERTER)}
                )
                for each in near
            ):
                continue  # a listing asks who has a battery: that is not shown
            uploaded = cloud.plant.site.last_upload(device.sn, call.at)
            assert uploaded is not None
            yield uploaded


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """Return all entities of an account that tell something."""
    registry = er.async_get(hass)
    return [
        each
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
        if each.domain in {"sensor", "binary_sensor"}
    ]
