"""Raw points: what a user picked of all that a vendor tells, as sensors by the vendor's name and in its unit."""

from collections.abc import Iterator, Mapping
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
from .cloud.model import Device, Inventory, Plant, Snapshot, Unit, printable
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
        super().__init__(account.readings)
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
        """The number as it was told, ``None`` while there is none."""
        reading = self.coordinator.data.readings.get(self._owner)
        return None if reading is None else reading.raw.get(self._point)


def add_raw_points(
    hass: HomeAssistant,
    entry: SolarCloudConfigEntry,
    add: AddConfigEntryEntitiesCallback,
) -> None:
    """Create a sensor for each picked point of each plant and device, now and whenever one appears; remove those picked no more."""
    account = entry.runtime_data
    picked = _picked(entry)
    known: set[tuple[str, str]] = set()
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        _, part, point_id = each.unique_id.rpartition(PART)
        if part and not any(point_id in ids for ids in picked.values()):
            registry.async_remove(each.entity_id)

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


def _picked(entry: ConfigEntry) -> Mapping[str, list[str]]:
    picked: Mapping[str, list[str]] = entry.options.get(CONF_RAW_POINTS, {})
    return picked


def _owners(inventory: Inventory) -> Iterator[Plant | Device]:
    yield from inventory.plants.values()
    yield from inventory.devices.values()


def _points(
    account: Account, owner: Plant | Device, picked: Mapping[str, list[str]]
) -> Iterator[CataloguePoint]:
    """Yield the picked points of a plant or device; one that nobody has documented is called by its id."""
    catalogue = account.vendor.catalogue
    kind = catalogue.type_of(owner)
    for point_id in picked.get(kind, ()):
        yield catalogue.point(kind, point_id) or catalogue.unknown(kind, point_id)


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

    def types(self) -> list[SelectOptionDict]:
        """Return the types of devices that have something to pick, by the names of such devices."""
        if self._seen is None:
            return []
        names: dict[str, list[str]] = {}
        for owner in _owners(self._account.inventory.chosen):
            kind = self._account.vendor.catalogue.type_of(owner)
            if kind and (self.takes_any_id or self.options(kind)):
                name = registered_name(self._hass, self._entry.entry_id, owner.id)
                names.setdefault(kind, []).append(name or owner.id)
        return [
            SelectOptionDict(value=kind, label=_enumerated(named))
            for kind, named in names.items()
        ]

    def options(self, kind: str) -> list[SelectOptionDict]:
        """Return the points of a type that are no entity yet, by id and name."""
        catalogue = self._account.vendor.catalogue
        points = {
            each.id: each
            for each in catalogue.points
            if each.device_type == kind and each.slot is None
        }
        for point_id in (*(self._seen or {}).get(kind, ()), *self.picked(kind)):
            if catalogue.point(kind, point_id) is None and printable(point_id):
                points[point_id] = catalogue.unknown(kind, point_id)
        ordered = sorted(points.values(), key=lambda each: _natural(each.id))
        return [SelectOptionDict(value=each.id, label=_label(each)) for each in ordered]

    def picked(self, kind: str) -> list[str]:
        """Return what is picked of a type."""
        return list(_picked(self._entry).get(kind, ()))

    def pick(self, kind: str, points: list[str]) -> dict[str, list[str]]:
        """Return all that is picked with these points of one type."""
        clean = self._account.vendor.catalogue.point_id
        ids = [point_id for each in points if (point_id := clean(printable(each)))]
        others = {
            each: ids for each, ids in _picked(self._entry).items() if each != kind
        }
        return others | ({kind: list(dict.fromkeys(ids))} if ids else {})


def _enumerated(names: list[str]) -> str:
    more = ", …" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _label(point: CataloguePoint) -> str:
    unit = f" ({point.unit})" if point.unit else ""
    return point.id if point.name == point.id else f"{point.id} · {point.name}{unit}"


def _natural(point_id: str) -> tuple[int, str]:
    """Order ids that are numbers by their value, and names by themselves."""
    return (int(point_id) if point_id.isdecimal() else 0, point_id)
