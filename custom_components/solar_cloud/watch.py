"""What triggers and conditions share: the plants and devices that were chosen, followed over reloads of their accounts, and what holds of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import CONF_FOR, CONF_MODE, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
from homeassistant.util import dt as dt_util

from .account import is_account, loaded_accounts
from .cloud.control import AUTOMATIC, BATTERY_MODES
from .cloud.model import Quantity, Slot
from .const import DOMAIN
from .device_registry import own_identifier
from .pipeline.surplus import Streak, Surplus
from .runtime import RuntimeData, SolarCloudConfigEntry

CONF_POWER: Final = "power"
CONF_WITH_BATTERY: Final = "with_battery"
CONF_LEVEL: Final = "level"

MODES: Final = tuple(mode for mode in BATTERY_MODES if mode != AUTOMATIC)
"""The battery modes that are forced, and end."""


def _finite(value: Any) -> float:
    """Read a number; what only looks like one would never be reached."""
    number: float = vol.Coerce(float)(value)
    if not math.isfinite(number):
        raise vol.Invalid("expected a finite number")
    return number


def _some(target: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is about nothing."""
    if not TargetSelection(target).has_any_target:
        raise vol.Invalid("choose at least one plant or device")
    return target


TARGET: Final = vol.All(vol.Schema(cv.TARGET_FIELDS), _some)
PERCENTAGE_OPTION: Final = vol.All(_finite, vol.Range(0, 100))
SURPLUS_OPTIONS: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_POWER): _finite,
    vol.Optional(CONF_WITH_BATTERY, default=False): cv.boolean,
    vol.Optional(CONF_FOR, default=timedelta()): cv.positive_time_period,
}
SILENT_OPTIONS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_FOR, default=timedelta()): cv.positive_time_period
}
MODE_OPTIONS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_MODE, default=list): vol.All(cv.ensure_list, [vol.In(MODES)])
}


def schema(options: Mapping[vol.Marker, Any]) -> vol.Schema:
    """Return what is asked of a trigger or condition."""
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): TARGET,
            vol.Required(CONF_OPTIONS, default=dict): dict(options),
        }
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """A plant or device of ours that was chosen, of an account that is loaded."""

    account: RuntimeData
    key: str
    """The vendor's id."""
    device: dr.DeviceEntry

    @property
    def plant_id(self) -> str:
        """The plant it is, or belongs to."""
        device = self.account.inventory.data.devices.get(self.key)
        return device.plant_id if device else self.key

    @property
    def is_plant(self) -> bool:
        """Whether it is a plant itself."""
        return self.key in self.account.inventory.data.plants

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.device.name_by_user or self.device.name or ""


def chosen(hass: HomeAssistant, selection: TargetSelection) -> list[Owner]:
    """Return the plants and devices of ours that a target names, itself or by an entity, an area or a label."""
    found = async_extract_referenced_entity_ids(
        hass, selection, primary_entities_only=False
    )
    entities = er.async_get(hass).entities
    ids = set(found.referenced_devices)
    for entity_id in found.referenced | found.indirectly_referenced:
        entry = entities.get(entity_id)
        if entry is not None and entry.platform == DOMAIN and entry.device_id:
            ids.add(entry.device_id)
    owners = (_owner(hass, device_id) for device_id in sorted(ids))
    return [owner for owner in owners if owner is not None]


def _owner(hass: HomeAssistant, device_id: str) -> Owner | None:
    """Return a device of ours whose account is loaded, ``None`` for any other, and for what stands for the account itself."""
    device, entry = dr.async_get_device_and_config_entry_for_domain(
        hass, device_id, domain=DOMAIN, include_child_devices=False
    )
    if device is None or entry is None or not is_account(entry):
        return None
    if entry.state is not ConfigEntryState.LOADED:
        return None
    key = own_identifier(device)
    account: RuntimeData = entry.runtime_data
    listed = account.inventory.data
    if key is None or not (key in listed.plants or key in listed.devices):
        return None
    return Owner(account, key, device)


def _relative(hass: HomeAssistant, owner: Owner, key: str) -> Owner | None:
    """Return another plant or device of the same account."""
    if key == owner.key:
        return owner
    entry_id = owner.account.readings.config_entry.entry_id
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry_id)
    return None if device is None else Owner(owner.account, key, device)


def plants(hass: HomeAssistant, selection: TargetSelection) -> list[Owner]:
    """Return the plants that a target is about, each once: a device stands for its plant."""
    found = {
        plant.device.id: plant
        for owner in chosen(hass, selection)
        if (plant := _relative(hass, owner, owner.plant_id)) is not None
    }
    return list(found.values())


def distinct(hass: HomeAssistant, selection: TargetSelection) -> list[Owner]:
    """Return what a target is about without the devices of plants that are in it themselves."""
    owners = chosen(hass, selection)
    whole = {owner.device.id for owner in plants(hass, selection)} & {
        owner.device.id for owner in owners
    }
    return [
        owner
        for owner in owners
        if owner.is_plant
        or (plant := _relative(hass, owner, owner.plant_id)) is None
        or plant.device.id not in whole
    ]


def steered(hass: HomeAssistant, selection: TargetSelection) -> list[Owner]:
    """Return where a forced mode of what was chosen may be: a plant's at any of its devices, a device's also at what it hangs on."""
    found: dict[str, Owner] = {}
    for owner in chosen(hass, selection):
        for key in _steered_by(owner):
            if (other := _relative(hass, owner, key)) is not None:
                found[other.device.id] = other
    return list(found.values())


def _steered_by(owner: Owner) -> Iterator[str]:
    inventory = owner.account.inventory.data
    yield owner.key
    if (device := inventory.devices.get(owner.key)) is None:
        yield from inventory.members(owner.key)
        return
    yield device.plant_id
    if device.parent_id:
        yield device.parent_id


# What holds of them


def surplus(owner: Owner, *, with_battery: bool) -> Surplus | None:
    """Return what a plant has to spare, ``None`` while that is not known or too old to be called live."""
    account = owner.account
    if not account.readings.last_update_success:
        return None
    told = account.pipeline.surplus(owner.key, with_battery=with_battery)
    if told is None:
        return None
    age = dt_util.utcnow().timestamp() - told.heard_at
    return told if age <= account.vendor.stale_after else None


def state_of_charge(owner: Owner) -> float | None:
    """Return the state of charge of a plant or battery in %, ``None`` where there is none that is live."""
    readings = owner.account.readings
    reading = readings.data.readings.get(owner.key)
    if reading is None or not readings.last_update_success:
        return None
    soc = reading.values.get(Slot(Quantity.BATTERY_SOC))
    return soc if isinstance(soc, float) else None


def is_heard(owner: Owner) -> bool | None:
    """Whether a plant or device reports, ``None`` where nobody can know.

    A cloud that does not answer makes its plants silent; of the devices nobody knows then.
    """
    readings = owner.account.readings
    if not readings.last_update_success:
        return False if owner.is_plant else None
    return owner.account.pipeline.is_heard(owner.key, dt_util.utcnow())


def silent_since(owner: Owner) -> datetime:
    """Return since when nothing is heard of a plant or device that is silent."""
    return owner.account.pipeline.silent_since(owner.key, dt_util.utcnow())


def forced_mode(owner: Owner) -> str | None:
    """Return the forced mode that is on at a plant or device; an empty text where nobody said which."""
    manager = owner.account.control_manager
    if manager is None or manager.forces.until(owner.key) is None:
        return None
    wish = manager.forces.wish(owner.key)
    return "" if wish is None else wish.mode


def is_steering(owner: Owner) -> bool:
    """Whether it is about to be told, or not yet certain, that a forced mode of a plant or device began or ended."""
    if (manager := owner.account.control_manager) is None:
        return False
    force = manager.forces.get(owner.key)
    return manager.is_sending(owner.key) or (force is not None and force.stopping)


class SurplusWatch:
    """How long the surplus of plants has been on one side of a power, by the uploads that told so."""

    def __init__(
        self, options: Mapping[str, Any], meets: Callable[[float, float], bool]
    ) -> None:
        """Compare with the power of ``options``."""
        self._power: Final[float] = options[CONF_POWER]
        self._with_battery: Final[bool] = options[CONF_WITH_BATTERY]
        self._for: Final[timedelta] = options[CONF_FOR]
        self._meets: Final = meets
        self._streaks: Final[dict[str, Streak]] = {}

    def look(self, plant: Owner) -> tuple[Surplus | None, bool, bool]:
        """Return what is to spare, whether it is on the side that is meant, and whether it has been so for long enough."""
        streak = self._streaks.get(plant.device.id)
        if streak is None:
            streak = Streak(plant.account.vendor.stale_after)
            self._streaks[plant.device.id] = streak
        if (told := surplus(plant, with_battery=self._with_battery)) is None:
            streak.interrupt()
            return None, False, False
        met = self._meets(told.watts, self._power)
        streak.add(told.made_at, met)
        return told, met, streak.lasted(self._for.total_seconds())


class Watch:
    """Looks again whenever an account tells something new, is loaded or goes."""

    def __init__(self, hass: HomeAssistant, look: CALLBACK_TYPE) -> None:
        """Call ``look``."""
        self._hass: Final = hass
        self._look: Final = look
        self._followed: Final[dict[str, list[CALLBACK_TYPE]]] = {}

    def start(self) -> CALLBACK_TYPE:
        """Look for the first time, and from then on; returns what stops it."""
        unlisten = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
        )
        for entry in loaded_accounts(self._hass):
            self._follow(entry)
        self._look()

        @callback
        def stop() -> None:
            unlisten()
            for entry_id in list(self._followed):
                self._drop(entry_id)

        return stop

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or not is_account(entry):
            return
        if entry.state is ConfigEntryState.LOADED:
            self._follow(entry)
        else:
            self._drop(entry.entry_id)
        self._look()

    def _follow(self, entry: SolarCloudConfigEntry) -> None:
        if entry.entry_id in self._followed:
            return  # something else of it changed
        account = entry.runtime_data
        listening = [account.readings.async_add_listener(self._look)]
        if (manager := account.control_manager) is not None:
            listening.append(manager.settings.async_add_listener(self._look))
        self._followed[entry.entry_id] = listening

    def _drop(self, entry_id: str) -> None:
        for unlisten in self._followed.pop(entry_id, ()):
            unlisten()
