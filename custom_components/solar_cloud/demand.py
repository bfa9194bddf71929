"""Which entities are switched off: nothing is asked for them alone."""

from collections.abc import Callable
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .cloud.demand import Demand
from .cloud.model import DeviceKind, Inventory, Quantity
from .cloud.sources import PlantSources
from .const import DOMAIN

ONLOOKERS: Final = frozenset(
    {
        DeviceKind.GATEWAY,
        DeviceKind.METER,
        DeviceKind.OPTIMIZER,
        DeviceKind.OTHER,
        DeviceKind.WEATHER_STATION,
    }
)
"""Kinds of devices that nobody steers: one that no role needs and whose entities are all off is not read."""


class DemandWatch:
    """What the user has switched off of one account, by the entity registry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, vendor: str) -> None:
        """Look again whenever an entity comes, goes or is switched."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._vendor: Final = vendor
        self._known: tuple[Demand, frozenset[str]] | None = None
        self._idle: tuple[object, frozenset[str]] = None, frozenset()
        """The devices that need not be read, and by what that was found out."""
        entry.async_on_unload(
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._look_again)
        )

    @callback
    def _look_again(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or "disabled_by" in event.data["changes"]:
            self._known = None

    @property
    def demand(self) -> Demand:
        """What is wanted."""
        return self._look()[0]

    def idle(
        self, inventory: Inventory, roles: Callable[[str, Inventory], PlantSources]
    ) -> frozenset[str]:
        """Return the devices that need not be read."""
        known = self._look()[1]
        if self._idle[0] != (known, inventory):
            off = frozenset(
                key
                for key in known
                if key in inventory.devices and inventory.devices[key].kind in ONLOOKERS
            )
            self._idle = (known, inventory), dispensable(off, inventory, roles)
        return self._idle[1]

    def _look(self) -> tuple[Demand, frozenset[str]]:
        """Read the registry; an owner's key is unwanted when every entity that shows it is off."""
        if self._known is None:
            shown: dict[str, dict[str, bool]] = {}
            registry, devices = er.async_get(self._hass), dr.async_get(self._hass)
            for each in er.async_entries_for_config_entry(
                registry, self._entry.entry_id
            ):
                device = devices.async_get(each.device_id) if each.device_id else None
                for domain, *owner in device.identifiers if device else ():
                    if domain == DOMAIN:
                        key = each.unique_id.removeprefix(f"{self._vendor}_{owner[0]}_")
                        keys = shown.setdefault(owner[0], {})
                        keys[key] = keys.get(key, False) or not each.disabled
            switched = {
                (owner, key): on
                for owner, keys in shown.items()
                for key, on in keys.items()
            }
            unwanted = frozenset(key for key, on in switched.items() if not on)
            idle = frozenset(
                owner for owner, keys in shown.items() if not any(keys.values())
            )
            shows = frozenset(switched) - unwanted
            compares = any(key == Quantity.UNDERPERFORMING for _, key in shows)
            self._known = Demand(unwanted, shows, compares=compares), idle
        return self._known


def dispensable(
    off: frozenset[str],
    inventory: Inventory,
    roles: Callable[[str, Inventory], PlantSources],
) -> frozenset[str]:
    """Return those of some devices that no role needs, and whose absence leaves every plant the same sources.

    Of two meters it is not known which one is at the grid: the one that is left would be taken for it.
    """
    by_plant: dict[str, set[str]] = {}
    for key in off:
        by_plant.setdefault(inventory.devices[key].plant_id, set()).add(key)
    left: set[str] = set()
    for plant_id, switched_off in by_plant.items():
        alone = inventory.of(plant_id)
        found = roles(plant_id, alone)
        needed = {
            term.device_id
            for sources in found.values()
            for source in sources
            for term in source.terms
        }
        mine = frozenset(switched_off - needed)
        if roles(plant_id, alone.without(mine)) == found:
            left |= mine
    return frozenset(left)
