"""All plants: an entry of its own, whose one device adds up what the accounts show; it asks no cloud."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import EntityCategory, Platform, UnitOfTime
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)
from homeassistant.util import dt as dt_util

from .account import Account, accounts, is_account, loaded_accounts
from .cloud.model import Quantity, Slot
from .const import CONF_VENDOR, DOMAIN, LOGGER
from .coordinator import POLLED
from .device_registry import registered_devices
from .pipeline.totals import LIFETIMES, OF_TODAY, POWERS, PlantFigures, Total, Totals
from .statistics.last_shown import async_last_energies
from .statistics.recorder import has_recorder
from .storage import AccountStorage, async_get_store

ALL_PLANTS: Final = "all_plants"
"""The unique id of the entry, and the identifier of its device."""
ALL_PLANTS_PLATFORMS: Final = [Platform.SENSOR]
FEWEST: Final = 2
"""Plants that there must be before adding them up says anything."""
PAUSE: Final = 60.0
"""Seconds between two looks, however often parts of accounts are polled."""
MOMENT: Final = 2.0
"""Seconds after a poll in which what it brought is told, and others may end."""
PATIENCE: Final = 1800.0
"""Seconds that the first sum waits for plants that are listed and were not heard."""
MOST_NAMES: Final = 10
"""Plants named in an attribute."""
AGE: Final = Slot(Quantity.DATA_AGE)


def plants_of(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the names of an account's plants, loaded or not, as the user calls them, by their ids."""
    return {
        key: device.name_by_user or device.name or ""
        for key, device in registered_devices(hass, entry.entry_id)
        if device.entry_type is DeviceEntryType.SERVICE
    }


def are_offered(hass: HomeAssistant) -> bool:
    """Whether there are enough plants, and they are not added up yet."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return (
        all(map(is_account, entries))
        and sum(len(plants_of(hass, entry)) for entry in accounts(hass)) >= FEWEST
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Plants of which something is told."""

    count: int
    first: tuple[str, ...]

    @classmethod
    def of(cls, names: list[str]) -> Names:
        """Keep the first few."""
        return cls(len(names), tuple(sorted(names)[:MOST_NAMES]))


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown of all plants."""

    plants: int = 0
    totals: Mapping[Quantity, Total] = field(default_factory=dict)
    offline: Names = Names(0, ())
    alarms: int | None = None
    """``None`` where no plant tells of any."""
    alarmed: Names = Names(0, ())
    oldest: float | None = None
    """Seconds since the plant that was silent longest reported, in whole minutes."""
    oldest_plant: str | None = None


class _ShownPlant(NamedTuple):
    key: str
    id: str
    name: str
    account: Account


class AllPlantsCoordinator(DataUpdateCoordinator[Overview]):
    """Looks at what the accounts show, a moment after each poll of any of them, but not more often than each minute."""

    config_entry: ConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, store: AccountStorage
    ) -> None:
        """Go on from what ``store`` keeps."""
        super().__init__(
            hass, LOGGER, config_entry=entry, name=ALL_PLANTS, always_update=False
        )
        self.data = Overview()
        self._store: Final = store
        self._totals: Final = Totals(store)
        self._begun: Final = dt_util.utcnow().timestamp()
        self._looked_at = 0.0
        self._next: CALLBACK_TYPE | None = None

    async def async_start(self) -> None:
        """Take up what was shown before a crash, look, and hear of polls and of accounts that come and go."""
        await self._async_take_up()
        self.look()
        connect = self.config_entry.async_on_unload
        connect(async_dispatcher_connect(self.hass, POLLED, self._look_soon))
        connect(
            async_dispatcher_connect(
                self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
            )
        )
        connect(self._cancel)

    async def _async_take_up(self) -> None:
        crashed, self._store.crashed = self._store.crashed, False
        if not crashed or not has_recorder(self.hass):
            return
        registry = er.async_get(self.hass)
        entities = {
            entity_id: quantity
            for quantity in LIFETIMES
            if (
                entity_id := registry.async_get_entity_id(
                    "sensor", DOMAIN, f"{ALL_PLANTS}_{quantity}"
                )
            )
        }
        if entities:
            shown = await async_last_energies(self.hass, entities)
            self._totals.take_up(
                {entities[key]: each.value for key, each in shown.items()}
            )

    @property
    def bases(self) -> Mapping[Quantity, float]:
        """What joins each lifetime total to before plants came and went, in kWh."""
        return self._totals.bases

    async def async_write(self) -> None:
        """Write what was counted."""
        await self._store.async_flush()

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and is_account(entry):
            self._look_soon()

    @callback
    def _look_soon(self) -> None:
        if self._next is None:
            passed = dt_util.utcnow().timestamp() - self._looked_at
            wait = max(PAUSE - passed, MOMENT) if passed >= 0 else MOMENT
            self._next = async_call_later(self.hass, wait, self._look_now)

    @callback
    def _look_now(self, _now: datetime) -> None:
        self._next = None
        self.look()

    @callback
    def _cancel(self) -> None:
        if self._next is not None:
            self._next()
            self._next = None

    @override
    async def _async_update_data(self) -> Overview:
        """Look because somebody asked for it; no cloud is asked."""
        return self._overview()

    @callback
    def look(self) -> None:
        """Add up anew, and show it."""
        self.async_set_updated_data(self._overview())

    def _overview(self) -> Overview:
        """Add up anew."""
        now = dt_util.utcnow()
        self._looked_at = now.timestamp()
        entries, loaded = accounts(self.hass), loaded_accounts(self.hass)
        shown = [each for entry in loaded for each in _shown(entry)]
        heard = [
            each for each in shown if each.id in each.account.readings.data.readings
        ]
        figures = {each.key: _figures(each) for each in heard}
        asleep = {
            _key(entry, plant_id): name
            for entry in entries
            if entry.state is not ConfigEntryState.LOADED
            for plant_id, name in plants_of(self.hass, entry).items()
        }
        totals = self._totals.add_up(
            figures,
            self._gone(figures),
            self._looked_at,
            complete=len(loaded) == len(entries)
            and all(_is_online(each) and figures[each.key].counts for each in shown),
            patient=self._looked_at - self._begun < PATIENCE,
            unread={*asleep, *(each.key for each in shown)} - figures.keys(),
        )
        alarms = {
            each.key: (each.name, len(told))
            for each in shown
            if (told := each.account.readings.data.alarms.get(each.id)) is not None
        }
        oldest = max(
            (
                (age, each.name)
                for each in heard
                if (age := _age(each, now)) is not None
            ),
            default=(None, None),
        )
        return Overview(
            plants=len(shown) + len(asleep),
            totals=totals,
            offline=Names.of(
                [
                    *asleep.values(),
                    *(each.name for each in shown if not _is_online(each)),
                ]
            ),
            alarms=sum(count for _, count in alarms.values()) if alarms else None,
            alarmed=Names.of([name for name, count in alarms.values() if count]),
            oldest=oldest[0],
            oldest_plant=oldest[1],
        )

    def _gone(self, present: Mapping[str, PlantFigures]) -> set[str]:
        """Return the plants that were added up and that no account has any more, loaded or not."""
        absent = self._totals.counted - present.keys()
        if not absent:
            return set()
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return absent - {
            _key(entry, plant_id)
            for entry in filter(is_account, entries)
            for plant_id in plants_of(self.hass, entry)
        }


def _key(entry: ConfigEntry, plant_id: str) -> str:
    """Return what a plant is counted by: once, though two accounts show it."""
    return f"{entry.data[CONF_VENDOR]}_{plant_id}"


def _shown(entry: ConfigEntry) -> Iterator[_ShownPlant]:
    """Yield the plants of a loaded account."""
    account: Account = entry.runtime_data
    for plant in account.inventory.chosen.plants.values():
        yield _ShownPlant(_key(entry, plant.id), plant.id, plant.name, account)


def _figures(plant: _ShownPlant) -> PlantFigures:
    start = plant.account.pipeline.day_start(plant.id)
    readings = plant.account.readings
    live = readings.last_update_success and _is_online(plant)
    values = readings.data.readings[plant.id].values
    return PlantFigures(
        values
        if live
        else {slot: each for slot, each in values.items() if slot.quantity.is_energy},
        plant.account.pipeline.seen.slots(plant.id),
        # On the wall, for days of a change of the clock have other lengths.
        (dt_util.as_local(start) + timedelta(days=1)).timestamp() if start else None,
    )


def _is_online(plant: _ShownPlant) -> bool:
    """Whether what is shown of a plant is the present."""
    readings = plant.account.readings
    return (
        readings.last_update_success
        and plant.id in readings.data.readings
        and plant.id not in readings.data.stale
        and plant.id not in readings.data.silent
    )


def _age(plant: _ShownPlant, now: datetime) -> float | None:
    """Return the seconds since a plant reported, in whole minutes: it ages between polls, too."""
    readings = plant.account.readings
    age = readings.data.readings[plant.id].values.get(AGE)
    if not isinstance(age, float) or readings.last_success is None:
        return None
    return 60.0 * ((age + (now - readings.last_success).total_seconds()) // 60)


async def async_setup_all_plants(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Begin to add up."""
    store = await async_get_store(hass, entry.entry_id, None)
    coordinator = entry.runtime_data = AllPlantsCoordinator(hass, entry, store)
    await coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, ALL_PLANTS_PLATFORMS)


async def async_unload_all_plants(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Stop; what was counted is written."""
    unloaded = await hass.config_entries.async_unload_platforms(
        entry, ALL_PLANTS_PLATFORMS
    )
    if unloaded:
        await entry.runtime_data.async_write()
    return unloaded


# Sensors


@dataclass(frozen=True, kw_only=True)
class AllPlantsSensorDescription(SensorEntityDescription):
    """A fact of all plants."""

    value_fn: Callable[[Overview], float | None]
    attributes_fn: Callable[[Overview], Mapping[str, Any]]


SENSORS: Final = (
    AllPlantsSensorDescription(
        key="plants_offline",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda seen: seen.offline.count,
        attributes_fn=lambda seen: {
            "plants": seen.plants,
            "names": [*seen.offline.first],
        },
    ),
    AllPlantsSensorDescription(
        key="active_alarms",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda seen: seen.alarms,
        attributes_fn=lambda seen: {"names": [*seen.alarmed.first]},
    ),
    AllPlantsSensorDescription(
        key="oldest_data_age",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda seen: seen.oldest,
        attributes_fn=lambda seen: {"name": seen.oldest_plant},
    ),
)


def _total(
    quantity: Quantity, plain: SensorEntityDescription
) -> AllPlantsSensorDescription:
    """Describe a total like a plant's own; the sum of days that end at different midnights has no statistics."""
    digits = 3 if quantity.is_energy else 0

    def value(seen: Overview) -> float | None:
        total = seen.totals.get(quantity)
        return (
            None if total is None or total.value is None else round(total.value, digits)
        )

    def attributes(seen: Overview) -> Mapping[str, Any]:
        if quantity not in POWERS or (total := seen.totals.get(quantity)) is None:
            return {}
        return {"plants": total.plants, "missing": total.missing}

    return AllPlantsSensorDescription(
        key=plain.key,
        device_class=plain.device_class,
        native_unit_of_measurement=plain.native_unit_of_measurement,
        state_class=None if quantity in OF_TODAY else plain.state_class,
        suggested_display_precision=plain.suggested_display_precision,
        value_fn=value,
        attributes_fn=attributes,
    )


def add_all_plants(
    entry: ConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    catalogue: Mapping[Quantity, SensorEntityDescription],
) -> None:
    """Add the sensors of all plants; a total as soon as one of them has the quantity."""
    coordinator: AllPlantsCoordinator = entry.runtime_data
    add(AllPlantsSensor(coordinator, each) for each in SENSORS)
    known: set[Quantity] = set()

    @callback
    def update() -> None:
        fresh = coordinator.data.totals.keys() - known
        known.update(fresh)
        add(
            AllPlantsSensor(coordinator, _total(each, catalogue[each]))
            for each in sorted(fresh)
        )

    update()
    entry.async_on_unload(coordinator.async_add_listener(update))


class AllPlantsSensor(CoordinatorEntity[AllPlantsCoordinator], SensorEntity):
    """A fact of all plants; always known to Home Assistant, though perhaps not its value."""

    entity_description: AllPlantsSensorDescription
    _attr_has_entity_name = True
    _unrecorded_attributes = frozenset({"name", "names", "plants", "missing"})
    _shown: object = None
    """What was written last."""

    def __init__(
        self, coordinator: AllPlantsCoordinator, description: AllPlantsSensorDescription
    ) -> None:
        """Belong to the device of all plants."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{ALL_PLANTS}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, ALL_PLANTS)},
            entry_type=DeviceEntryType.SERVICE,
            translation_key=ALL_PLANTS,
            model="All plants",
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write what is new."""
        shows = self.native_value, self.extra_state_attributes
        if shows != self._shown:
            self._shown = shows
            self.async_write_ha_state()

    @property
    @override
    def native_value(self) -> float | None:
        """The sum, the count or the age."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """How many plants are in it, or which are meant."""
        return self.entity_description.attributes_fn(self.coordinator.data)
