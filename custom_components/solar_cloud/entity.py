"""What all our entities share: identity, device and availability; of those that can be set also limits, the value shown and the command sent."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import Account
from .cloud.control import (
    LOCAL_CONTROLS,
    Command,
    Control,
    ControlKind,
    ControlSpec,
    Settings,
    SettingValue,
)
from .cloud.model import Device, DeviceKind, Quantity, Reading, Slot, Snapshot
from .const import DOMAIN
from .control.manager import ControlManager
from .coordinator import SolarCloudCoordinator
from .pipeline.known_slots import survives_offline
from .runtime import SolarCloudConfigEntry

ATTR_COMMAND: Final = "command"
OF_PLANT: Final = LOCAL_CONTROLS | {Control.BATTERY_MODE}
"""Controls that stand at the plant where one of its devices has them: people know the battery of their house, not the inverter that obeys."""


class SolarCloudControl(CoordinatorEntity[SolarCloudCoordinator[Settings]]):
    """One control of one plant or device."""

    _attr_has_entity_name = True

    def __init__(
        self,
        account: Account,
        control_manager: ControlManager,
        device_id: str,
        spec: ControlSpec,
        description: EntityDescription,
    ) -> None:
        """Belong to one control of a plant or device."""
        super().__init__(control_manager.settings)
        self.account: Final = account
        self.control_manager: Final = control_manager
        self.device_id: Final = device_id
        self.control: Final = spec.control
        self._last_spec = spec
        self.entity_description = description
        owner = device_id
        if spec.control in OF_PLANT:
            owner = control_manager.plant_of_only(device_id, spec.control)
        self._attr_unique_id = f"{account.vendor.key}_{owner}_{spec.control}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner)})
        self._attr_assumed_state = not spec.reads_back and (
            spec.control not in LOCAL_CONTROLS
        )

    @property
    def spec(self) -> ControlSpec:
        """The limits that hold now."""
        if (
            spec := self.control_manager.spec(self.device_id, self.control)
        ) is not None:
            self._last_spec = spec
        return self._last_spec

    @property
    def setting(self) -> SettingValue | None:
        """What it is set to."""
        return self.control_manager.value(self.device_id, self.control)

    @property
    @override
    def available(self) -> bool:
        """A device that reports, and that may be set."""
        readings = self.account.readings
        return (
            readings.last_update_success
            and self.device_id not in readings.data.stale
            and self.device_id not in readings.data.silent
            and self.control_manager.spec(self.device_id, self.control) is not None
        )

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """How the last command ended, and until when a forced mode lasts."""
        state = self.control_manager.pending.states.get((self.device_id, self.control))
        return {ATTR_COMMAND: None if state is None else str(state)}

    async def async_command(self, value: SettingValue | None = None) -> None:
        """Send a command. Raises a translated ``HomeAssistantError``."""
        await self.control_manager.async_apply(
            Command(self.device_id, self.control, value), self._context
        )


def add_controls[EntityT: Entity](
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    catalogue: Mapping[Control, EntityDescription],
    build: Callable[[Account, ControlManager, str, ControlSpec, Any], EntityT],
) -> None:
    """Create an entity for each control of the catalogue that a device offers, now and whenever one appears."""
    account = entry.runtime_data
    if (control_manager := account.control_manager) is None:
        _remove(entry, catalogue)
        return
    known: set[tuple[str, Control]] = set()

    @callback
    def update() -> None:
        offered = {
            (device_id, spec.control): spec
            for device_id, specs in control_manager.available.specs.items()
            for spec in specs
            if spec.control in catalogue
        }
        listed = account.inventory.data
        known.intersection_update(
            {
                key
                for key in known
                if key[0] in listed.devices or key[0] in listed.plants
            }
        )
        fresh = offered.keys() - known
        known.update(fresh)
        if fresh:
            add_entities(
                entry,
                add,
                [
                    partial(
                        build,
                        account,
                        control_manager,
                        key[0],
                        offered[key],
                        catalogue[key[1]],
                    )
                    for key in sorted(fresh)
                ],
            )

    update()
    entry.async_on_unload(control_manager.settings.async_add_listener(update))


BATCH: Final = 100
"""Entities that are added before others get their turn."""
TURNS: Final = 10
"""Rounds of the event loop in which Home Assistant hands messages on to browsers."""


def add_entities(
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    builds: Sequence[Callable[[], Entity]],
) -> None:
    """Build and add entities, many of them bit by bit: a browser that has 4096 messages before it is cut off, and each entity makes several."""

    async def add_bit_by_bit() -> None:
        for batch in batched(builds, BATCH, strict=False):
            async with entry.runtime_data.adding:
                if entry.state not in {
                    ConfigEntryState.SETUP_IN_PROGRESS,
                    ConfigEntryState.LOADED,
                }:
                    return
                add([build() for build in batch])
                for _ in range(TURNS):
                    await asyncio.sleep(0)

    if len(builds) <= BATCH:
        add([build() for build in builds])
    else:
        entry.async_create_task(entry.runtime_data.readings.hass, add_bit_by_bit())


def _remove(
    entry: SolarCloudConfigEntry, catalogue: Mapping[Control, EntityDescription]
) -> None:
    """Remove the entities of settings, which the user no longer allows to be changed."""
    registry = er.async_get(entry.runtime_data.readings.hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if any(
            each.domain == control.kind and each.unique_id.endswith(f"_{control}")
            for control in catalogue
        ):
            registry.async_remove(each.entity_id)


def forget_calendars(hass: HomeAssistant, entry: SolarCloudConfigEntry) -> None:
    """Remove the calendars of an account whose settings the user no longer allows to be changed; their platform is not there to do it."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.domain == Platform.CALENDAR:
            registry.async_remove(each.entity_id)


EVERYDAY: Final = frozenset(
    {
        Control.CHARGING,
        Control.CHARGER_MODE,
        Control.CHARGE_CURRENT_LIMIT,
        Control.BATTERY_COMMAND,
        Control.BATTERY_COMMAND_POWER,
        Control.BATTERY_MODE,
        Control.BATTERY_MODE_POWER,
        Control.BATTERY_MODE_TARGET_SOC,
        Control.WORK_MODE,
        Control.FORCED_CHARGING,
        Control.STOP_FORCED_CHARGE,
    }
)
"""What people and automations turn every day; everything else is configuration."""
RARE: Final = frozenset(
    {
        Control.BATTERY_CHARGE_POWER_LIMIT,
        Control.BATTERY_DISCHARGE_POWER_LIMIT,
        Control.GRID_CHARGE_POWER_LIMIT,
        Control.EXPORT_LIMIT_RATIO,
        Control.IMPORT_LIMIT,
        Control.IMPORT_LIMIT_ENABLED,
        Control.ACTIVE_POWER_LIMIT,
        Control.ACTIVE_POWER_LIMIT_ENABLED,
        Control.BATTERY_HEATING,
        Control.FORCED_CHARGING_DAYS,
        Control.SURPLUS_PRIORITY,
        Control.CHARGER_START_MODE,
        Control.CHARGER_SCENE,
        Control.CHARGER_LOCK,
        Control.CHARGER_UNLOCK,
    }
)
"""Off at first: set once by an installer if at all, and no household looks for it. Whoever allows settings finds the rest enabled."""


def control_description(control: Control) -> dict[str, Any]:
    """Return what the descriptions of all controls share: names, options and icons follow from the key."""
    return {
        "key": str(control),
        "translation_key": str(control),
        "entity_category": None if control in EVERYDAY else EntityCategory.CONFIG,
        "entity_registry_enabled_default": control not in RARE,
    }


def controls_of(kind: ControlKind) -> list[Control]:
    """Return the controls of a platform."""
    return [control for control in Control if control.kind is kind]


AFTER_BATTERY: Final = frozenset(
    {
        Quantity.BATTERY_POWER,
        Quantity.BATTERY_CHARGE_POWER,
        Quantity.BATTERY_DISCHARGE_POWER,
        Quantity.BATTERY_CHARGE_ENERGY_TOTAL,
        Quantity.BATTERY_DISCHARGE_ENERGY_TOTAL,
        Quantity.BATTERY_CHARGE_ENERGY_TODAY,
        Quantity.BATTERY_DISCHARGE_ENERGY_TODAY,
        Quantity.BATTERY_VOLTAGE,
        Quantity.BATTERY_CURRENT,
        Quantity.BATTERY_TEMPERATURE,
        Quantity.BATTERY_CAPACITY,
        Quantity.BATTERY_CYCLES,
    }
)
"""Quantities whose names begin with the battery: at a battery the device has said so."""


def name_key(quantity: Quantity, kind: DeviceKind) -> str:
    """Return the translation key of a quantity's name at a kind of device."""
    if kind is DeviceKind.BATTERY and quantity in AFTER_BATTERY:
        return quantity.removeprefix("battery_")
    return str(quantity)


class SolarCloudEntity(CoordinatorEntity[SolarCloudCoordinator[Snapshot]]):
    """One slot of one plant or device."""

    _attr_has_entity_name = True
    _shown: object = None
    """What was written last."""

    def __init__(self, account: Account, device_id: str, slot: Slot) -> None:
        """Belong to one slot of a plant or device."""
        super().__init__(account.readings, device_id)
        self.account: Final = account
        self.device_id: Final = device_id
        self.slot: Final = slot
        self._attr_unique_id = f"{account.vendor.key}_{device_id}_{slot.key}"
        self._attr_translation_key = name_key(slot.quantity, self.kind)
        if slot.index:
            self._attr_translation_placeholders = {"index": str(slot.index)}
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device_id)})

    def shows(self) -> object:
        """Return all that a poll can change of what is written."""
        raise NotImplementedError

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new; a poll that changes nothing here is none."""
        if self.shows() != self._shown:
            self.async_write_ha_state()

    @callback
    @override
    def _async_write_ha_state(self) -> None:
        """Write, and note what."""
        self._shown = self.shows()
        super()._async_write_ha_state()

    @property
    @override
    def suggested_object_id(self) -> str | None:
        """What an entity id is made of: at a battery the key, for 'House' 'Battery power' and 'House Battery' 'Power' would be one id."""
        if self.translation_key != self.slot.quantity:
            return str(self.slot.quantity)
        return super().suggested_object_id

    @property
    def device(self) -> Device | None:
        """The hardware this entity belongs to, ``None`` for a plant."""
        return self.account.inventory.data.devices.get(self.device_id)

    @property
    def kind(self) -> DeviceKind:
        """What this entity belongs to."""
        return device.kind if (device := self.device) else DeviceKind.PLANT

    @property
    def reading(self) -> Reading | None:
        """What its plant or device said last."""
        return self.coordinator.data.readings.get(self.device_id)

    @property
    @override
    def available(self) -> bool:
        """A live value of a silent device is unavailable; what holds without it, a counter above all, stays."""
        if not super().available or (reading := self.reading) is None:
            return False
        return (
            self.device_id not in self.coordinator.data.stale
            or survives_offline(self.slot.quantity)
            or self.slot in reading.values
        )


def add_as_they_appear[EntityT: Entity](
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    wanted: Callable[[Account], Iterable[tuple[str, Slot]]],
    build: Callable[[Account, str, Slot], EntityT],
) -> None:
    """Create an entity for each wanted slot, now and whenever one appears.

    What is missing from one poll is still there; only with its device does an entity go, and both may come back.
    """
    account = entry.runtime_data
    known: set[tuple[str, Slot]] = set()
    looked_at: tuple[object, ...] = ()

    @callback
    def update() -> None:
        nonlocal looked_at
        registry = dr.async_get(account.readings.hass)
        seen = _what_there_is(account, registry)
        if seen == looked_at:
            return
        looked_at = seen
        present = set(wanted(account))
        gone = {
            device_id
            for device_id in {device_id for device_id, _ in known - present}
            if registry.async_get_device_by_identifier(
                (DOMAIN, device_id), entry.entry_id
            )
            is None
        }
        known.difference_update({key for key in known if key[0] in gone})
        fresh = present - known
        known.update(fresh)
        if fresh:
            add_entities(
                entry,
                add,
                [
                    partial(build, account, device_id, slot)
                    for device_id, slot in sorted(fresh)
                ],
            )

    update()
    entry.async_on_unload(account.readings.async_add_listener(update))


def _what_there_is(account: Account, registry: dr.DeviceRegistry) -> tuple[object, ...]:
    """Return what changes whenever there may be another entity to create, or one to forget."""
    return (
        account.inventory.data,
        account.pipeline.variety,
        account.quota.left() is None,
        len(registry.devices),
    )
