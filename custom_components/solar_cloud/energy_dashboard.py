"""The Energy Dashboard: which of a plant's sources it lacks, the repair that offers them, and adding them without touching what is there.

Home Assistant promises integrations no interface for this. The one its own frontend uses is used with care: what is added is checked
against Home Assistant's schema first, and where the interface is gone or has changed the user gets the list to click by hand.
"""

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
import importlib
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .account import Account
from .cloud.model import Device, DeviceKind, Inventory, Quantity as Q, Slot
from .cloud.serialization import from_json, to_json
from .const import DOMAIN, LOGGER
from .issues import drop_issue, drop_plain_issue, plant_issue_id
from .runtime import SolarCloudConfigEntry
from .statistics.counters import entity_of
from .statistics.manager import History

SECTION: Final = "dashboard"
KEY: Final = "energy_dashboard"
SIGNAL: Final = f"{DOMAIN}_energy_preferences"
LISTENING: Final[HassKey[bool]] = HassKey(f"{DOMAIN}_listens_to_energy")


class DashboardIssue:
    """Keeps the repair of one account in step with the dashboard: one, however many plants lack something."""

    def __init__(
        self, hass: HomeAssistant, entry: SolarCloudConfigEntry, history: History
    ) -> None:
        """Watch the plants of one entry."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._history: Final = history
        self._issue_id: Final = f"{KEY}_{entry.entry_id}"
        self._shown: list[str] = []
        """The plants that it offers."""
        self._checking = False

    @callback
    def start(self) -> Callable[[], None]:
        """Check with every poll and with every change of the dashboard; returns what stops it."""
        entry_id = self._entry.entry_id
        self.settle(
            self._history.account,
            [
                plant_id
                for plant_id in self._history.inventory.plants
                # Earlier versions offered each plant by a repair of its own.
                if drop_plain_issue(self._hass, KEY, entry_id, plant_id)
                | drop_issue(self._hass, plant_issue_id(KEY, entry_id, plant_id))
            ],
        )
        removers = [
            self._history.account.readings.async_add_listener(self.check),
            async_dispatcher_connect(self._hass, SIGNAL, self.check),
        ]
        self.check()

        @callback
        def stop() -> None:
            for remove in removers:
                remove()
            self._remember_dismissed()
            self._show([])

        return stop

    def _remember_dismissed(self) -> None:
        """Keep what the user ignored: with its repair Home Assistant forgets that."""
        issue = ir.async_get(self._hass).async_get_issue(DOMAIN, self._issue_id)
        if issue is not None and issue.dismissed_version is not None:
            self.settle(self._history.account, self._shown)

    @staticmethod
    def settle(account: Account, plants: Iterable[str]) -> None:
        """Do not offer plants again: their user has clicked by hand, or wants none of it."""
        before = _settled(account)
        if settled := before.union(plants) - before:
            account.store.delay_save(SECTION, partial(to_json, before | settled))

    @callback
    def check(self) -> None:
        """Look whether the dashboard lacks something."""
        if has_dashboard(self._hass) and not self._checking:
            self._checking = True
            self._entry.async_create_background_task(
                self._hass, self._async_check(), "solar_cloud_dashboard"
            )

    async def _async_check(self) -> None:
        try:
            await _async_listen(self._hass)
            preferences = await async_preferences(self._hass)
        except CannotAddError:
            preferences = None
            LOGGER.debug("The Energy Dashboard cannot be read")
        finally:
            self._checking = False
        self._show(lacking(self._hass, self._history, preferences))

    @callback
    def _show(self, plants: list[str]) -> None:
        self._shown = plants
        if not plants:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        inventory = self._history.inventory
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            data={"entry_id": self._entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=KEY,
            translation_placeholders={
                "plant": inventory.plants[plants[0]].name
                if len(plants) == 1
                else self._entry.title,
                "vendor": self._history.account.vendor.name,
            },
        )


def lacking(
    hass: HomeAssistant, history: History, preferences: Mapping[str, Any] | None
) -> list[str]:
    """Return the plants of which the dashboard lacks something and which are still offered."""
    account, inventory = history.account, history.inventory
    settled = _settled(account)
    return [
        plant_id
        for plant_id in inventory.plants
        if plant_id not in settled
        and propose(hass, account, inventory, plant_id).beyond(preferences)
    ]


def _settled(account: Account) -> set[str]:
    return from_json(set[str], account.store.load(SECTION))


async def _async_listen(hass: HomeAssistant) -> None:
    """Hear of changes of the dashboard; its manager never lets go of a listener, so there is one for all accounts."""
    if hass.data.get(LISTENING) or (energy := interface()) is None:
        return
    hass.data[LISTENING] = True
    manager = await energy.manager(hass)

    async def changed() -> None:
        async_dispatcher_send(hass, SIGNAL)

    manager.async_listen_updates(changed)


type Source = dict[str, Any]
PRICES: Final = (
    "entity_energy_price",
    "number_energy_price",
    "entity_energy_price_export",
    "number_energy_price_export",
    "cost_adjustment_day",
)
"""What a grid source knows of the contract, and no entity of ours."""
MODULE: Final = "homeassistant.components.energy.data"
FORECASTS: Final = "homeassistant.components.energy.websocket_api"
ENERGIES: Final = ("stat_energy_from", "stat_energy_to", "stat_consumption")


class CannotAddError(Exception):
    """Home Assistant's interface is missing, differs, or refuses the sources."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a plant can give to the dashboard."""

    sources: Sequence[Source]
    devices: Sequence[Source]

    @classmethod
    def of(cls, proposals: Iterable[Proposal]) -> Proposal:
        """Join what several plants can give."""
        joined = list(proposals)
        return cls(
            [source for each in joined for source in each.sources],
            [device for each in joined for device in each.devices],
        )

    def __bool__(self) -> bool:
        """Whether the plant has anything to add."""
        return bool(self.sources or self.devices)

    def texts(self, hass: HomeAssistant) -> dict[str, str]:
        """Name the entities by kind of source, as a user sees them."""
        named: dict[str, list[str]] = {
            "solar": [],
            "grid": [],
            "battery": [],
            "devices": [],
        }
        for source in self.sources:
            named[source["type"]] += _entities(source)
        for device in self.devices:
            named["devices"] += _entities(device)
        return {
            kind: ", ".join(_name(hass, each) for each in ids) or "–"
            for kind, ids in named.items()
        }

    def beyond(self, preferences: Mapping[str, Any] | None) -> Proposal:
        """Return what of it the dashboard does not show yet, whatever it is combined with there."""
        known = set(_used(preferences or {}))
        return Proposal(
            [each for each in self.sources if known.isdisjoint(_energies(each))],
            [each for each in self.devices if known.isdisjoint(_energies(each))],
        )


def _name(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    return entity_id if state is None else state.name


def _entities(source: Source) -> list[str]:
    ids = [value for key, value in source.items() if key.startswith("stat_") and value]
    power = source.get("power_config", {})
    return [*ids, *power.values()]


def _energies(source: Source) -> set[str]:
    return {source[key] for key in ENERGIES if source.get(key)}


def _used(preferences: Mapping[str, Any]) -> Iterator[str]:
    for key in ("energy_sources", "device_consumption"):
        for source in preferences.get(key) or ():
            yield from _energies(source)


def propose(
    hass: HomeAssistant, account: Account, inventory: Inventory, plant_id: str
) -> Proposal:
    """Return the sources a plant has entities for."""

    def entity(quantity: Q, owner: str = plant_id) -> str | None:
        return entity_of(hass, account, owner, Slot(quantity))

    devices = inventory.devices_of(plant_id)
    sources = [_solar(entity), _grid(entity), _battery(entity, devices)]
    chargers = (
        _device(
            entity(Q.CHARGER_ENERGY_TOTAL, device.id),
            entity(Q.CHARGER_POWER, device.id),
        )
        for device in devices
        if device.kind is DeviceKind.CHARGER
    )
    return Proposal(
        [each for each in sources if each], [each for each in chargers if each]
    )


def _solar(entity: Callable[[Q], str | None]) -> Source | None:
    if (energy := entity(Q.PV_ENERGY_TOTAL)) is None:
        return None
    source: Source = {
        "type": "solar",
        "stat_energy_from": energy,
        "config_entry_solar_forecast": None,
    }
    if power := entity(Q.PV_POWER):
        source["stat_rate"] = power
    return source


def _grid(entity: Callable[[Q], str | None]) -> Source | None:
    bought = entity(Q.GRID_IMPORT_ENERGY_TOTAL)
    sold = entity(Q.GRID_EXPORT_ENERGY_TOTAL)
    if bought is None and sold is None:
        return None
    source: Source = {
        "type": "grid",
        "stat_energy_from": bought,
        "stat_energy_to": sold,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }
    return _with_power(source, entity(Q.GRID_POWER))


def _battery(
    entity: Callable[[Q], str | None], devices: Sequence[Device]
) -> Source | None:
    given, taken = (
        entity(Q.BATTERY_DISCHARGE_ENERGY_TOTAL),
        entity(Q.BATTERY_CHARGE_ENERGY_TOTAL),
    )
    if given is None or taken is None:
        return None
    source: Source = {
        "type": "battery",
        "stat_energy_from": given,
        "stat_energy_to": taken,
    }
    if charge := entity(Q.BATTERY_SOC):
        source["stat_soc"] = charge
    capacities = [each.capacity for each in devices if each.kind is DeviceKind.BATTERY]
    known = [capacity for capacity in capacities if capacity]
    if known and len(known) == len(capacities):
        source["capacity"] = round(sum(known), 3)
    return _with_power(source, entity(Q.BATTERY_POWER))


def _with_power(source: Source, power: str | None) -> Source:
    """Add a power that is positive towards the house, as the dashboard wants it."""
    return source | {"power_config": {"stat_rate": power}} if power else source


def _device(energy: str | None, power: str | None) -> Source | None:
    if energy is None:
        return None
    return {"stat_consumption": energy} | ({"stat_rate": power} if power else {})


@dataclass(frozen=True, slots=True)
class Interface:
    """What the frontend's own commands use."""

    manager: Callable[[HomeAssistant], Awaitable[Any]]
    check_sources: Callable[[list[Source]], object]
    check_device: Callable[[Source], object]


def has_dashboard(hass: HomeAssistant) -> bool:
    """Whether this Home Assistant has an Energy Dashboard."""
    return "energy" in hass.config.components


def interface() -> Interface | None:
    """Return the interface, ``None`` where it is not as we know it."""
    try:
        module = importlib.import_module(MODULE)
        return Interface(
            module.async_get_manager,
            module.ENERGY_SOURCE_SCHEMA,
            module.DEVICE_CONSUMPTION_SCHEMA,
        )
    except ImportError, AttributeError:
        return None


async def async_preferences(hass: HomeAssistant) -> Mapping[str, Any] | None:
    """Return what the dashboard shows; raises ``CannotAddError`` when that cannot be read."""
    if (energy := interface()) is None:
        raise CannotAddError
    manager = await energy.manager(hass)
    try:
        return dict(manager.data or {})
    except (AttributeError, TypeError, ValueError) as err:
        raise CannotAddError from err


def _priced(source: Source, present: Sequence[Source]) -> Source:
    """Take the prices over from the grid that is there: a home has one contract."""
    grids = [each for each in present if each.get("type") == "grid"]
    if source["type"] != "grid" or len(grids) != 1:
        return source
    return source | {key: grids[0][key] for key in PRICES if grids[0].get(key)}


async def _async_forecasts(hass: HomeAssistant, sources: Sequence[Source]) -> list[str]:
    """Return the accounts of forecasts that can only be about the one solar source of a home; none where there are several."""
    solar = [each for each in sources if each.get("type") == "solar"]
    if len(solar) != 1:
        return []
    try:
        platforms = await importlib.import_module(FORECASTS).async_get_energy_platforms(
            hass
        )
    except ImportError, AttributeError:
        return []
    return [
        entry.entry_id
        for domain in sorted(platforms)
        for entry in hass.config_entries.async_entries(domain)
    ]


async def async_solar_forecast(
    hass: HomeAssistant, statistic_ids: Collection[str]
) -> dict[float, float]:
    """Return kWh by instant that the forecasts chosen in the dashboard expect of a plant, known by its statistics, or of the only roof.

    Empty where none is chosen, or none answers.
    """
    roofs = [each for each in await _async_sources(hass) if each["type"] == "solar"]
    ours = [each for each in roofs if each["stat_energy_from"] in statistic_ids]
    chosen = {
        entry_id
        for each in ours or (roofs if len(roofs) == 1 else ())
        for entry_id in each.get("config_entry_solar_forecast") or ()
    }
    energies: dict[float, float] = {}
    for entry_id in chosen:
        for at, energy in (await _async_forecast(hass, entry_id)).items():
            energies[at] = energies.get(at, 0.0) + energy
    return energies


async def _async_forecast(hass: HomeAssistant, entry_id: str) -> dict[float, float]:
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None:
        return {}
    try:
        platforms = await importlib.import_module(FORECASTS).async_get_energy_platforms(
            hass
        )
        told = await platforms[entry.domain](hass, entry_id)
        return {
            dt_util.parse_datetime(at, raise_on_error=True).timestamp(): energy / 1000
            for at, energy in told["wh_hours"].items()
        }
    except Exception:  # noqa: BLE001  whatever another integration raises: there is no forecast
        LOGGER.debug("No solar forecast of %s", entry.domain, exc_info=True)
        return {}


async def async_grid(hass: HomeAssistant) -> Source:
    """Return the grid of the dashboard with its prices; empty unless there is one alone."""
    grids = [each for each in await _async_sources(hass) if each["type"] == "grid"]
    return grids[0] if len(grids) == 1 else {}


async def _async_sources(hass: HomeAssistant) -> Sequence[Source]:
    if not has_dashboard(hass):
        return ()
    try:
        preferences = await async_preferences(hass) or {}
    except CannotAddError:
        return ()
    sources: Sequence[Source] = preferences.get("energy_sources") or ()
    return sources


async def async_add(hass: HomeAssistant, proposal: Proposal) -> None:
    """Add what is missing; raises ``CannotAddError`` and changes nothing where that is not possible."""
    preferences = await async_preferences(hass) or {}
    energy = interface()
    assert energy is not None
    missing = proposal.beyond(preferences)
    update: dict[str, list[Source]] = {}
    try:
        if missing.sources:
            present = preferences.get("energy_sources", ())
            update["energy_sources"] = [
                *present,
                *(_priced(source, present) for source in missing.sources),
            ]
            forecasts = await _async_forecasts(hass, update["energy_sources"])
            for source in missing.sources:
                if source["type"] == "solar" and forecasts:
                    source["config_entry_solar_forecast"] = forecasts
            energy.check_sources(update["energy_sources"])
        if missing.devices:
            update["device_consumption"] = [
                *preferences.get("device_consumption", ()),
                *missing.devices,
            ]
            for device in missing.devices:
                energy.check_device(device)
        if update:
            await (await energy.manager(hass)).async_update(update)
    except (
        Exception
    ) as err:  # the interface is not ours: whatever it raises, the user clicks by hand
        LOGGER.warning("The Energy Dashboard does not take the sources: %s", err)
        raise CannotAddError from err
