"""The journal of changes by another hand: what the vendor's app, an installer or an update changed, told once, also when Home Assistant was off."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .account import Account
from .cloud.control import Control, ControlKind
from .cloud.model import LISTS_UNTIL_GONE, Device, Inventory
from .cloud.serialization import from_json
from .cloud.storage import LATER, SOON
from .const import DOMAIN
from .control.events import command_name, value_name
from .control.manager import ControlManager
from .device_registry import registered_name

SECTION: Final = "journal"
EVENT_CHANGE: Final = f"{DOMAIN}_change"
"""The event behind the logbook."""
SETTLES: Final = 1800.0
"""Seconds after a command of ours in which whatever changes at its plant is its doing: companions, and a forced mode that ends."""
MOVING: Final = frozenset(
    {
        Control.CHARGING,
        Control.BATTERY_COMMAND,
        Control.BATTERY_COMMAND_POWER,
        Control.FORCED_CHARGING,
    }
)
"""What changes in the course of a day without anybody's hand."""


class Change(StrEnum):
    """What was changed."""

    DEVICE_ADDED = "device_added"
    DEVICE_REMOVED = "device_removed"
    DEVICE_REPLACED = "device_replaced"
    FIRMWARE = "firmware_changed"
    RATED_POWER = "rated_power_changed"
    SETTING = "setting_changed"


@dataclass(slots=True)
class KnownDevice:
    """What is remembered of a device."""

    plant_id: str
    name: str = ""
    serial: str | None = None
    firmware: str | None = None
    rated_power: float | None = None
    missed: int = 0
    """Complete lists in a row without it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an account."""

    devices: dict[str, KnownDevice] = field(default_factory=dict)
    settings: dict[str, dict[str, float | bool | str]] = field(default_factory=dict)
    """Values by plant or device and control."""
    ours: dict[str, float] = field(default_factory=dict)
    """When Home Assistant last changed something of a plant, in epoch seconds."""


def signal_of(entry_id: str, plant_id: str) -> str:
    """Name the signal by which a plant's entity hears of changes."""
    return f"{EVENT_CHANGE}_{entry_id}_{plant_id}"


class ChangeJournal:
    """Compares lists and settings with what they were."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        account: Account,
        control_manager: ControlManager | None,
    ) -> None:
        """Take up what the last run knew."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._account: Final = account
        self._control_manager: Final = control_manager
        self._known: Final = from_json(Known, account.store.load(SECTION))
        self._counted: Inventory | None = None

    @callback
    def start(self) -> Callable[[], None]:
        """Tell what changed meanwhile, and go on watching; returns what stops it."""
        unlisten = [self._account.inventory.async_add_listener(self._compare_devices)]
        self._compare_devices()
        if self._control_manager is not None:
            settings = self._control_manager.settings
            unlisten.append(settings.async_add_listener(self._compare_settings))
            self._compare_settings()

        @callback
        def stop() -> None:
            for each in unlisten:
                each()

        return stop

    @callback
    def _compare_devices(self) -> None:
        inventory = self._account.inventory.data
        known = self._known.devices
        met = {each.plant_id for each in known.values()}
        for key, device in inventory.devices.items():
            before = known.get(key)
            if before is None and device.plant_id in met:
                self._tell(key, device.plant_id, Change.DEVICE_ADDED)
            elif before is not None:
                self._compare_device(key, before, device)
            known[key] = self._remembered(key, device, before)
        certain = inventory.complete and inventory is not self._counted
        self._counted = inventory
        for key in known.keys() - inventory.devices.keys() if certain else ():
            gone = known[key]
            gone.missed += 1
            if gone.missed >= LISTS_UNTIL_GONE:
                del known[key]
                self._tell(key, gone.plant_id, Change.DEVICE_REMOVED, name=gone.name)
        self._save()

    def _remembered(
        self, key: str, device: Device, before: KnownDevice | None
    ) -> KnownDevice:
        """Keep what a list leaves out this time."""
        old = before or KnownDevice(device.plant_id)
        return KnownDevice(
            device.plant_id,
            registered_name(self._hass, self._entry.entry_id, key) or old.name,
            device.serial or old.serial,
            device.firmware or old.firmware,
            device.rated_power or old.rated_power,
        )

    def _compare_device(self, key: str, before: KnownDevice, now: Device) -> None:
        if before.serial and now.serial and before.serial != now.serial:
            self._tell(key, now.plant_id, Change.DEVICE_REPLACED)
            return
        if before.firmware and now.firmware and before.firmware != now.firmware:
            self._tell(
                key, now.plant_id, Change.FIRMWARE, None, before.firmware, now.firmware
            )
        old, new = before.rated_power, now.rated_power
        if old and new and old != new:
            self._tell(
                key, now.plant_id, Change.RATED_POWER, None, f"{old:g} W", f"{new:g} W"
            )

    @callback
    def _compare_settings(self) -> None:
        """Tell of settings that are not what they were, unless Home Assistant has just changed something there."""
        manager = self._control_manager
        assert manager is not None
        self._note_ours(manager)
        settled = time.time() - SETTLES
        for (owner, control), value in manager.settings.data.values.items():
            spec = manager.spec(owner, control)
            if spec is None or not spec.reads_back:
                continue
            if control in MOVING or control.kind is ControlKind.BUTTON:
                continue
            known = self._known.settings.setdefault(owner, {})
            before, known[str(control)] = known.get(str(control)), value
            plant_id = self._plant_of(owner)
            if before in {None, value} or self._known.ours.get(plant_id, 0) > settled:
                continue
            self._tell(
                owner,
                plant_id,
                Change.SETTING,
                command_name(self._hass, str(control)),
                *(
                    value_name(self._hass, str(control), each)
                    for each in (before, value)
                ),
            )
        self._save()

    def _note_ours(self, manager: ControlManager) -> None:
        """Note where Home Assistant has changed something, or still does."""
        now = time.time()
        for owner in (
            *self._account.inventory.data.plants,
            *self._account.inventory.data.devices,
        ):
            sent = manager.last_sent(owner)
            if manager.is_changing(owner):
                sent = now
            if sent is not None:
                plant_id = self._plant_of(owner)
                ours = self._known.ours
                ours[plant_id] = max(sent, ours.get(plant_id, 0.0))

    def _plant_of(self, owner: str) -> str:
        device = self._account.inventory.data.devices.get(owner)
        return device.plant_id if device else owner

    def _tell(
        self,
        owner: str,
        plant_id: str,
        change: Change,
        setting: str | None = None,
        before: str | None = None,
        after: str | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """Fire the event behind the logbook, and let the plant's entity know; what was told is not told again after a crash."""
        self._save(SOON)
        if plant_id not in self._account.inventory.chosen.plants:
            return
        entry_id = self._entry.entry_id
        told = {
            "device": name or registered_name(self._hass, entry_id, owner),
            "setting": setting,
            "before": before,
            "after": after,
        }
        async_dispatcher_send(self._hass, signal_of(entry_id, plant_id), change, told)
        registry = dr.async_get(self._hass)
        device = registry.async_get_device_by_identifier((DOMAIN, owner), entry_id)
        device = device or registry.async_get_device_by_identifier(
            (DOMAIN, plant_id), entry_id
        )
        self._hass.bus.async_fire(
            EVENT_CHANGE,
            {ATTR_DEVICE_ID: device.id if device else None, "change": change, **told},
        )

    def _save(self, delay: float = LATER) -> None:
        self._account.store.delay_save(SECTION, lambda: self._known, delay)
