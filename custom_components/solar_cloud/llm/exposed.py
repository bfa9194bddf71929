"""What of its plants an assistant is told: those of which an entity is exposed, by a name that names nobody, and what all tools about them share.

A plant is called as its user renamed it in Home Assistant, else by a number: the vendor's name of a plant is often its owner's, or an address.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.llm import (
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
from homeassistant.util.unit_conversion import PowerConverter

from ..account import accounts
from ..cloud.control import Control
from ..cloud.model import Quantity as Q
from ..const import CONF_VENDOR, DOMAIN
from ..device_registry import own_identifier, registered_devices
from ..runtime import RuntimeData, SolarCloudConfigEntry
from ..statistics import recorder
from ..statistics.counters import async_zone

READS: Final = ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)
POWERS: Final[Mapping[str, tuple[Q, int]]] = {
    "produced": (Q.PV_POWER, 1),
    "used": (Q.LOAD_POWER, 1),
    "bought": (Q.GRID_POWER, 1),
    "sold": (Q.GRID_POWER, -1),
    "charged": (Q.BATTERY_POWER, -1),
    "discharged": (Q.BATTERY_POWER, 1),
}
"""What flows, and the sign its quantity has then: no model has to know what a negative power means."""
ENERGIES: Final[Mapping[str, tuple[Q, Q]]] = {
    "produced": (Q.PV_ENERGY_TOTAL, Q.PV_ENERGY_TODAY),
    "used": (Q.LOAD_ENERGY_TOTAL, Q.LOAD_ENERGY_TODAY),
    "bought": (Q.GRID_IMPORT_ENERGY_TOTAL, Q.GRID_IMPORT_ENERGY_TODAY),
    "sold": (Q.GRID_EXPORT_ENERGY_TOTAL, Q.GRID_EXPORT_ENERGY_TODAY),
    "charged": (Q.BATTERY_CHARGE_ENERGY_TOTAL, Q.BATTERY_CHARGE_ENERGY_TODAY),
    "discharged": (
        Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
        Q.BATTERY_DISCHARGE_ENERGY_TODAY,
    ),
}
"""By the same words: what is counted over a life, and since midnight."""
TOLD: Final = frozenset(
    {
        Q.BATTERY_SOC,
        *(quantity for quantity, _ in POWERS.values()),
        *(quantity for pair in ENERGIES.values() for quantity in pair),
    }
)
MOST: Final = 10
"""Plants, and values of one, that are told one by one: an answer is read by a model, word by word."""

DEEPEST: Final = 6
"""Devices that may hang on each other below a plant."""


@dataclass(frozen=True, slots=True)
class ExposedPlant:
    """A plant of which an assistant may be told something."""

    entry: SolarCloudConfigEntry
    device: dr.DeviceEntry
    name: str
    entities: Mapping[str, str]
    """The exposed entities of its own, by what they tell."""

    @property
    def id(self) -> str:
        """The vendor's id; for us alone."""
        return own_identifier(self.device) or ""

    @property
    def account(self) -> RuntimeData | None:
        """Its account, while that is loaded and lists it."""
        if self.entry.state is not ConfigEntryState.LOADED:
            return None
        account: RuntimeData = self.entry.runtime_data
        return account if self.id in account.inventory.data.plants else None

    def called(self, name: str) -> bool:
        """Whether a user may mean it: what the vendor calls it is understood, though never told."""
        names = (self.name, self.device.name_by_user, self.device.name)
        return name.strip().casefold() in {each.casefold() for each in names if each}

    def state(self, hass: HomeAssistant, key: str) -> State | None:
        """Return what an exposed entity of its own shows, ``None`` where that is nothing."""
        state = hass.states.get(self.entities.get(key, ""))
        if state is None or state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
            return None
        return state

    def power(self, hass: HomeAssistant, quantity: Q) -> float | None:
        """Return W."""
        if (state := self.state(hass, quantity)) is None:
            return None
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        return PowerConverter.convert(float(state.state), unit, UnitOfPower.WATT)

    def energy(self, hass: HomeAssistant, quantity: Q) -> float | None:
        """Return kWh."""
        state = self.state(hass, quantity)
        return None if state is None else recorder.energy_of(state)


def exposed_plants(hass: HomeAssistant, assistant: str) -> Iterator[ExposedPlant]:
    """Yield the plants of all accounts, loaded or not, of which an assistant may be told something; a plant's number stays."""
    registry = er.async_get(hass)
    found: dict[str, tuple[dr.DeviceEntry, SolarCloudConfigEntry]] = {}
    for entry in accounts(hass):
        for key, device in registered_devices(hass, entry.entry_id):
            if device.entry_type is dr.DeviceEntryType.SERVICE:
                # One that two accounts read is told of once.
                found.setdefault(f"{entry.data[CONF_VENDOR]}_{key}_", (device, entry))
    by_age = sorted(found.items(), key=lambda each: (each[1][0].created_at, each[0]))
    for number, (prefix, (device, entry)) in enumerate(by_age, 1):
        ids = {
            quantity: registry.async_get_entity_id(
                Platform.SENSOR, DOMAIN, f"{prefix}{quantity}"
            )
            for quantity in TOLD
        }
        exposed = {
            str(key): entity_id
            for key, entity_id in ids.items()
            if entity_id and async_should_expose(hass, assistant, entity_id)
        }
        if exposed:
            name = device.name_by_user or f"plant {number}"
            yield ExposedPlant(entry, device, name, exposed)


def exposed_batteries(
    hass: HomeAssistant, assistant: str
) -> dict[str, list[er.RegistryEntry]]:
    """Return the selects of battery modes that an assistant may know, by the plant's id in the device registry."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    found: dict[str, list[er.RegistryEntry]] = {}
    for state in hass.states.async_all(Platform.SELECT):
        each = registry.async_get(state.entity_id)
        if (
            each is not None
            and each.platform == DOMAIN
            and each.unique_id.endswith(f"_{Control.BATTERY_MODE}")
            and async_should_expose(hass, assistant, each.entity_id)
        ):
            if (plant := _plant_above(devices, each.device_id)) is not None:
                found.setdefault(plant, []).append(each)
    return found


def _plant_above(devices: dr.DeviceRegistry, at: str | None) -> str | None:
    """Return the plant that a device belongs to, or that it is."""
    for _ in range(DEEPEST):
        device = devices.async_get(at) if at else None
        if not isinstance(device, dr.DeviceEntry):
            break
        if device.entry_type is dr.DeviceEntryType.SERVICE:
            return at
        at = device.via_device_id
    return None


class NotTold(Exception):
    """There is no answer, and why; in words for a model."""


class SolarCloudTool(Tool):
    """A tool about exposed plants."""

    integration = DOMAIN
    fields: Mapping[vol.Marker, Any] = {}
    """What it takes beside a plant."""

    def __init__(self) -> None:
        """Take the name of a plant, too."""
        self.parameters = vol.Schema(
            {
                **self.fields,
                vol.Optional(
                    "plant",
                    description="Name of one solar plant. Leave it out for all of them.",
                ): cv.string,
            }
        )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer; what cannot be answered is an error with its reason."""
        asked = self.parameters(tool_input.tool_args)
        try:
            plants = _chosen(hass, llm_context.assistant, asked.get("plant"))
            return ToolResult(
                data=await self.async_answer(hass, plants, asked, llm_context)
            )
        except NotTold as reason:
            return ToolResult(data={"error": str(reason)}, error=True)

    @abstractmethod
    async def async_answer(
        self,
        hass: HomeAssistant,
        plants: list[ExposedPlant],
        asked: Mapping[str, Any],
        llm_context: LLMContext,
    ) -> JsonObjectType:
        """Answer about some plants. Raises ``NotTold``."""


def _chosen(
    hass: HomeAssistant, assistant: str, name: str | None
) -> list[ExposedPlant]:
    """Return the plant of a name, or all. Raises ``NotTold``."""
    plants = list(exposed_plants(hass, assistant))
    if not plants:
        raise NotTold("No entity of a solar plant is exposed to this assistant.")
    if name is None:
        return plants
    if not (chosen := [each for each in plants if each.called(name)]):
        known = ", ".join(each.name for each in plants[:MOST])
        raise NotTold(f"No plant of that name is exposed. There is: {known}")
    return chosen


def loaded(plants: Iterable[ExposedPlant]) -> list[tuple[ExposedPlant, RuntimeData]]:
    """Return those that are read. Raises ``NotTold``."""
    found = [(each, account) for each in plants if (account := each.account)]
    if not found:
        raise NotTold(
            "The account is not loaded, so there are no values. Ask why by solar_cloud__explain_missing_values."
        )
    return found


async def zone_of(
    hass: HomeAssistant, account: RuntimeData, plant: ExposedPlant
) -> tzinfo:
    """Return a plant's time zone."""
    return await async_zone(hass, account, account.inventory.data.plants[plant.id])


def iso(at: datetime | None, zone: tzinfo | None = None) -> str | None:
    """Write an instant as a clock at the plant, or at home, shows it."""
    if at is None:
        return None
    zone = zone or dt_util.get_default_time_zone()
    return at.astimezone(zone).isoformat(timespec="seconds")


def dated(account: RuntimeData, plant_id: str, zone: tzinfo) -> JsonObjectType:
    """Say from when a plant's values are; where its vendor gives no times, when they were read."""
    readings, told = account.readings, "measured_at"
    reading = readings.data.readings.get(plant_id)
    if (at := reading.measured_at if reading else None) is None:
        told = "read_at"
        at = readings.last_success
    age = (dt_util.utcnow() - at).total_seconds() if at else 0.0
    return {told: iso(at, zone), "minutes_old": round(age / 60)}


def is_live(account: RuntimeData, plant_id: str) -> bool:
    """Whether what is known of a plant can be called the present."""
    readings = account.readings
    return readings.last_update_success and plant_id not in readings.data.stale


def listed(rows: list[JsonObjectType], *sums: str) -> JsonObjectType:
    """Tell of each plant, of many only the first, and of several their sums."""
    told: JsonObjectType = {"plants": [*rows[:MOST]]}
    if len(rows) > MOST:
        told["plants_not_listed"] = len(rows) - MOST
    if len(rows) > 1:
        told["all_plants"] = {key: _added(row.get(key) for row in rows) for key in sums}
    return told


def _added(parts: Iterable[JsonValueType]) -> JsonObjectType:
    """Add figures up, each over the plants that have it."""
    added: dict[str, float] = {}
    for part in parts:
        for key, value in (part if isinstance(part, dict) else {}).items():
            if isinstance(value, float | int):
                added[key] = round(added.get(key, 0) + value, 2)
    return {**added}
