"""Our lifetime counters as the recorder knows them: which statistic, and which addends feed it."""

from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from datetime import tzinfo

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..account import Account
from ..cloud.model import Inventory, Plant, Slot
from ..cloud.sources import SourceTerm
from ..const import DOMAIN
from ..location import HomeAssistantLocation
from ..pipeline.timezones import plant_zone


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter with statistics of its own."""

    statistic_id: str
    device_id: str = field(repr=False)
    slot: Slot
    terms: tuple[SourceTerm, ...]
    """What it is the sum of, in the vendor's own readings."""

    @property
    def keys(self) -> frozenset[tuple[str, str]]:
        """Return the addends as (plant or device, slot key)."""
        return frozenset((term.device_id, term.slot.key) for term in self.terms)

    @property
    def owners(self) -> frozenset[str]:
        """Return the plants and devices whose past the counter is made of."""
        return frozenset(term.device_id for term in self.terms)


def entity_of(
    hass: HomeAssistant,
    account: Account,
    device_id: str,
    slot: Slot,
    platform: Platform = Platform.SENSOR,
) -> str | None:
    """Return the enabled entity of a slot."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        platform, DOMAIN, f"{account.vendor.key}_{device_id}_{slot.key}"
    )
    if entity_id is None or (entry := registry.async_get(entity_id)) is None:
        return None
    return None if entry.disabled_by else entity_id


def plant_counters(
    hass: HomeAssistant, account: Account, inventory: Inventory, plant_id: str
) -> list[Counter]:
    """Return the counters of a plant and of its devices."""
    owners = [plant_id, *(each.id for each in inventory.devices_of(plant_id))]
    return [
        Counter(entity_id, device_id, slot, terms)
        for device_id in owners
        for slot, terms in _slots(account, inventory, device_id)
        if (entity_id := entity_of(hass, account, device_id, slot)) is not None
    ]


def _slots(
    account: Account, inventory: Inventory, device_id: str
) -> Iterator[tuple[Slot, tuple[SourceTerm, ...]]]:
    plain = device_id not in inventory.plants
    roles = {} if plain else account.pipeline.counted_from(device_id, inventory)
    for slot in sorted(account.pipeline.seen.slots(device_id)):
        if slot.quantity.is_counter:
            yield slot, roles.get(slot.quantity) or (SourceTerm(device_id, slot),)


async def async_zone(hass: HomeAssistant, account: Account, plant: Plant) -> tzinfo:
    """Return a plant's time zone."""
    place = HomeAssistantLocation(hass)
    await place.async_learn([plant.time_zone])
    reading = account.readings.data.readings.get(plant.id)
    measured_at = reading.measured_at if reading else None
    return plant_zone(plant, measured_at, dt_util.utcnow(), place)


def renamed[ValueT](
    known: Mapping[str, ValueT], old: str, new: str
) -> dict[str, ValueT]:
    """Return what is known by statistic, one of which has another name now."""
    return {new if key == old else key: each for key, each in known.items()}


def renamed_each(ids: AbstractSet[str], old: str, new: str) -> frozenset[str]:
    """Return statistics, one of which has another name now."""
    return frozenset(new if key == old else key for key in ids)
