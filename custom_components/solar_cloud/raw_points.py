"""Raw points: what a user picked of all that a vendor tells, as sensors by the vendor's name and in its unit."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import Account
from .cloud.catalogue import AsksByPoint, CataloguePoint, SupportsRawPoints
from .cloud.errors import CloudError
from .cloud.model import Device, Inventory, Plant, Snapshot, Unit, printable
from .cloud.vendor import ListsPoints
from .const import CONF_RAW_POINTS, DOMAIN
from .coordinator import SolarCloudCoordinator
from .device_registry import registered_name
from .runtime import SolarCloudConfigEntry

PART: Final = "_point_"
"""What the unique id of a raw point has between its device and its id."""

CLASSES: Final[Mapping[str, SensorDeviceClass]] = {
    "W": SensorDeviceClass.POWER,
    "var": SensorDeviceClass.REACTIVE_POWER,
    "VA": SensorDeviceClass.APPARENT_POWER,
    "V": SensorDeviceClass.VOLTAGE,
    "A": SensorDeviceClass.CURRENT,
    "Hz": SensorDeviceClass.FREQUENCY,
    "°C": SensorDeviceClass.TEMPERATURE,
    "W/m²": SensorDeviceClass.IRRADIANCE,
    "dBm": SensorDeviceClass.SIGNAL_STRENGTH,
}
"""Units of what is measured, whatever it is called. An energy may be of a day, a year or a life, so it has no statistics."""
CANONICAL: Final = {unit.symbol: unit.canonical for unit in Unit if unit.symbol}
MOST_NAMES: Final = 3
"""Devices that are named in the list of types."""


def raw_key(point_id: str) -> str:
    """Return what stands for a raw point where others have their quantity."""
    return f"point_{point_id}"


class RawPointSensor(CoordinatorEntity[SolarCloudCoordinator[Snapshot]], SensorEntity):
    """One picked point of one plant or device."""

    _attr_has_entity_name = True
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, account: Account, owner: str, point: CataloguePoint) -> None:
        """Belong to a point."""
        super().__init__(account.readings, owner)
        self._owner: Final = owner
        self._point: Final = point.id
        self._attr_unique_id = f"{account.vendor.key}_{owner}_{raw_key(point.id)}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner)})
        self._attr_name = point.name
        self._attr_native_unit_of_measurement = point.unit or None
        self._attr_device_class = CLASSES.get(CANONICAL.get(point.unit, ""))
        if self._attr_device_class is not None:
            self._attr_state_class = SensorStateClass.MEASUREMENT

    @property
    @override
    def available(self) -> bool:
        """Only live values are shown: what a raw point is, nobody knows, and so not whether it holds without its device."""
        data = self.coordinator.data
        return (
            super().available
            and self._owner in data.readings
            and self._owner not in data.stale
        )

    @property
    @override
    def native_value(self) -> float | None:
        """The number as it was told, a whole one without decimals; ``None`` while there is none."""
        reading = self.coordinator.data.readings.get(self._owner)
        value = None if reading is None else reading.raw.get(self._point)
        return int(value) if value is not None and value.is_integer() else value


def add_raw_points(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
) -> None:
    """Create a sensor for each picked point of each plant and device, now and whenever one appears; remove those picked no more."""
    account = entry.runtime_data
    picked = _picked(entry)
    known: set[tuple[str, str]] = set()
    _remove_unpicked(hass, entry, picked)

    @callback
    def update() -> None:
        shown = {
            (owner.id, point.id): point
            for owner in _owners(account.inventory.chosen)
            for point in _points(account, owner, picked)
        }
        known.intersection_update(shown)
        fresh = shown.keys() - known
        known.update(fresh)
        add(RawPointSensor(account, key[0], shown[key]) for key in sorted(fresh))

    update()
    entry.async_on_unload(account.inventory.async_add_listener(update))


def _remove_unpicked(
    hass: HomeAssistant, entry: SolarCloudConfigEntry, picked: Picked
) -> None:
    """Remove the sensors of points that are not picked of their device's type; of a device that is gone, of any type."""
    account, registry = entry.runtime_data, er.async_get(hass)
    type_of = account.vendor.catalogue.type_of
    kinds = {owner.id: type_of(owner) for owner in _owners(account.inventory.data)}
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        owner, part, point_id = each.unique_id.rpartition(PART)
        kind = kinds.get(owner.removeprefix(f"{account.vendor.key}_"))
        of_type = picked.values() if kind is None else [picked.get(kind, {})]
        if part and not any(point_id in ids for ids in of_type):
            registry.async_remove(each.entity_id)


type Picked = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Of each type of device the picked points by id, each with its name and unit as far as the tables do not have them."""


def _picked(entry: ConfigEntry) -> Picked:
    picked: Picked = entry.options.get(CONF_RAW_POINTS, {})
    return picked


def _owners(inventory: Inventory) -> Iterator[Plant | Device]:
    yield from inventory.plants.values()
    yield from inventory.devices.values()


def _points(
    account: Account, owner: Plant | Device, picked: Picked
) -> Iterator[CataloguePoint]:
    """Yield the picked points of a plant or device."""
    catalogue = account.vendor.catalogue
    kind = catalogue.type_of(owner)
    for point_id, told in picked.get(kind, {}).items():
        yield catalogue.point(kind, point_id) or catalogue.unknown(
            kind, point_id, **told
        )


class PointPicker:
    """What can be picked of the devices of an account."""

    def __init__(self, hass: HomeAssistant, entry: SolarCloudConfigEntry) -> None:
        """Look at what an account has."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._account: Final = entry.runtime_data
        cloud = self._account.cloud
        self._seen: Final = (
            cloud.unmapped() if isinstance(cloud, SupportsRawPoints) else None
        )
        self.takes_any_id: Final = isinstance(cloud, AsksByPoint)
        """Whether points can be asked for that nobody has documented."""
        self._listed: dict[str, CataloguePoint] = {}

    def types(self) -> list[SelectOptionDict]:
        """Return the types of devices that have something to pick, by the names of such devices."""
        if self._seen is None:
            return []
        names: dict[str, list[str]] = {}
        for owner in _owners(self._account.inventory.chosen):
            kind = self._account.vendor.catalogue.type_of(owner)
            if kind and (self.takes_any_id or self._of_type(kind)):
                name = registered_name(self._hass, self._entry.entry_id, owner.id)
                names.setdefault(kind, []).append(name or owner.id)
        return [
            SelectOptionDict(value=kind, label=_enumerated(named))
            for kind, named in names.items()
        ]

    async def async_options(self, kind: str) -> list[SelectOptionDict]:
        """Return the points of a type that are no entity yet, by id and name; where the vendor has a list of them, it is asked."""
        cloud, chosen = self._account.cloud, self._account.inventory.chosen
        type_of = self._account.vendor.catalogue.type_of
        owner = next((each for each in _owners(chosen) if type_of(each) == kind), None)
        if owner is not None and isinstance(cloud, ListsPoints):
            with suppress(CloudError):  # the documented ones are there anyway
                self._listed = {
                    each.id: each for each in await cloud.listed_points(owner)
                }
        points = sorted(
            self._of_type(kind).values(), key=lambda each: _natural(each.id)
        )
        return [SelectOptionDict(value=each.id, label=_label(each)) for each in points]

    def _of_type(self, kind: str) -> dict[str, CataloguePoint]:
        """Return what can be picked of a type: documented, listed by the vendor, picked before, or seen in an answer."""
        catalogue = self._account.vendor.catalogue
        found = {each.id: each for each in catalogue.points if each.device_type == kind}
        picked = {
            point_id: catalogue.unknown(kind, point_id, **told)
            for point_id, told in _picked(self._entry).get(kind, {}).items()
        }
        seen = {
            point_id: catalogue.unknown(kind, point_id)
            for point_id in (self._seen or {}).get(kind, ())
            if printable(point_id)
        }
        found = {**seen, **picked, **self._listed, **found}
        return {key: point for key, point in found.items() if point.slot is None}

    def picked(self, kind: str) -> list[str]:
        """Return what is picked of a type."""
        return list(_picked(self._entry).get(kind, ()))

    def are_points(self, kind: str, points: list[str]) -> bool:
        """Whether all of these are known, or may be although nobody has documented them."""
        known, cloud = self._of_type(kind), self._account.cloud
        return all(
            point_id in known
            or (isinstance(cloud, AsksByPoint) and cloud.is_point_id(point_id))
            for point_id in map(self._account.vendor.catalogue.point_id, points)
        )

    def pick(self, kind: str, points: list[str]) -> Picked:
        """Return all that is picked with these points of one type."""
        catalogue, known = self._account.vendor.catalogue, self._of_type(kind)
        chosen: dict[str, Mapping[str, str]] = {}
        for each in points:
            point_id = catalogue.point_id(printable(each))
            point = known.get(point_id)
            if point is None or catalogue.point(kind, point_id) is not None:
                chosen[point_id] = {}
            else:
                chosen[point_id] = {"name": point.name, "unit": point.unit}
        others = {key: ids for key, ids in _picked(self._entry).items() if key != kind}
        return others | ({kind: chosen} if chosen else {})


def _enumerated(names: list[str]) -> str:
    more = ", …" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _label(point: CataloguePoint) -> str:
    unit = f" ({point.unit})" if point.unit else ""
    return point.id if point.name == point.id else f"{point.id} · {point.name}{unit}"


def _natural(point_id: str) -> tuple[int, str]:
    """Order ids that are numbers by their value, and names by themselves."""
    return (int(point_id) if point_id.isdecimal() else 0, point_id)
