"""Planning a battery: what is known of prices, sun, consumption and the battery, brought together for the planner. Nothing is set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
import math
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..cloud.control import Control
from ..cloud.model import Device, DeviceKind, Plant, Quantity as Q, Slot
from ..const import DOMAIN
from ..device_registry import own_identifier
from ..energy_dashboard import async_grid, async_solar_forecast
from ..planning.horizon import AHEAD, DAY, Power, forecast, grown, horizon, usual
from ..planning.planner import BatteryPlan, PlannedBattery, PlannedMode, plan
from ..planning.prices import (
    HOUR,
    DailyPrice,
    Price,
    UnreadablePricesError,
    contract,
    from_now,
    per_kwh,
    published,
)
from ..runtime import SolarCloudConfigEntry
from ..statistics.counters import async_zone, entity_of
from ..statistics.recorder import async_rows, has_recorder
from .targets import ATTR_DEVICE, ATTR_END, ATTR_START, device_and_entry, error

ATTR_PRICE: Final = "price"
ATTR_PRICES: Final = "prices"
ATTR_PRICE_ENTITY: Final = "price_entity"
ATTR_PRICE_WINDOWS: Final = "price_windows"
ATTR_FACTOR: Final = "price_factor"
ATTR_SURCHARGE: Final = "price_surcharge"
ATTR_EXPORT_PRICE: Final = "export_price"
ATTR_EXPORT_ENTITY: Final = "export_price_entity"
ATTR_CAPACITY: Final = "capacity"
ATTR_POWER: Final = "power"
ATTR_EFFICIENCY: Final = "efficiency"
ATTR_WEAR: Final = "wear_cost"
ATTR_MIN_SOC: Final = "min_soc"
ATTR_MAX_SOC: Final = "max_soc"
ATTR_GRID_CHARGING: Final = "grid_charging"
ATTR_GRID_DISCHARGING: Final = "grid_discharging"

LOOK_BACK: Final = 28 * DAY
"""How far back the usual consumption is learnt: each weekday four times, and no other season."""
LAST_DAYS: Final = 7 * DAY
"""How far back the sun is taken from where no service forecasts it."""
EFFICIENCY: Final = 90.0
"""% that come out again of what went in, where it is not known; with the inverter."""
LIKELY_EFFICIENCY: Final = (0.6, 1.0)
ENOUGH_CHARGES: Final = 5.0
"""Fillings from which the efficiency can be told: what is in it at both ends weighs little then."""
HOURS_TO_FILL: Final = 2.0
"""In which home batteries are filled, where their power is not known."""
MIN_SOC: Final = 10.0
MAX_SOC: Final = 100.0
NUMBERS: Final = frozenset({"number", "input_number"})
"""Entities whose state is a price that lasts."""

_PERCENT: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=100))
_PRICE: Final = vol.All(vol.Coerce(float), vol.Range(min=-1000, max=1000))
PLAN: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE): cv.string,
        vol.Exclusive(ATTR_PRICE_ENTITY, ATTR_PRICE): cv.entity_ids,
        vol.Exclusive(ATTR_PRICES, ATTR_PRICE): vol.Any(dict, list),
        vol.Exclusive(ATTR_PRICE, ATTR_PRICE): _PRICE,
        vol.Optional(ATTR_PRICE_WINDOWS, default=list): vol.All(
            cv.ensure_list,
            [
                {
                    vol.Required(ATTR_START): cv.time,
                    vol.Required(ATTR_END): cv.time,
                    vol.Required(ATTR_PRICE): _PRICE,
                }
            ],
        ),
        vol.Optional(ATTR_FACTOR, default=1.0): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=100)
        ),
        vol.Optional(ATTR_SURCHARGE, default=0.0): _PRICE,
        vol.Exclusive(ATTR_EXPORT_ENTITY, ATTR_EXPORT_PRICE): cv.entity_ids,
        vol.Exclusive(ATTR_EXPORT_PRICE, ATTR_EXPORT_PRICE): _PRICE,
        vol.Optional(ATTR_CAPACITY): vol.All(
            vol.Coerce(float), vol.Range(min=0.1, max=100_000)
        ),
        vol.Optional(ATTR_POWER): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=10_000_000)
        ),
        vol.Optional(ATTR_EFFICIENCY): vol.All(
            vol.Coerce(float), vol.Range(min=30, max=100)
        ),
        vol.Optional(ATTR_WEAR): vol.All(vol.Coerce(float), vol.Range(min=0, max=1000)),
        vol.Optional(ATTR_MIN_SOC): _PERCENT,
        vol.Optional(ATTR_MAX_SOC): _PERCENT,
        vol.Optional(ATTR_GRID_CHARGING, default=True): cv.boolean,
        vol.Optional(ATTR_GRID_DISCHARGING, default=False): cv.boolean,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "plan_battery",
        _async_plan_battery,
        PLAN,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_plan_battery(call: ServiceCall) -> ServiceResponse:
    """Plan the battery of a plant from now on. Raises an error that names all that is missing."""
    device, entry = device_and_entry(call.hass, call.data[ATTR_DEVICE])
    key = own_identifier(device) or ""
    inventory = entry.runtime_data.inventory.data
    of_plant = inventory.devices.get(key)
    plant = inventory.plants.get(of_plant.plant_id if of_plant else key)
    if plant is None:
        raise error("device_gone")
    zone = await async_zone(call.hass, entry.runtime_data, plant)
    known = _PlanInputs(call.hass, call.data, entry, plant, zone)
    now = known.now
    buy, sell = await known.async_prices()
    await known.async_read_past()
    load, sun = known.load(), await known.async_sun()
    battery, stored = known.battery()
    if known.missing:
        raise error("plan_lacks", inputs=", ".join(known.missing))
    assert load is not None and sun is not None
    coming = horizon(from_now(buy, now), from_now(sell, now), sun, load)
    made = await call.hass.async_add_executor_job(
        plan, battery, stored, coming.steps, coming.until
    )
    return _as_json(made, battery, stored, known)


@dataclass(slots=True)
class _PlanInputs:
    """What is known of a plant for a plan, where from, and what is missing."""

    hass: HomeAssistant
    asked: Mapping[str, Any]
    entry: SolarCloudConfigEntry
    plant: Plant
    zone: tzinfo
    now: float = field(default_factory=lambda: dt_util.utcnow().timestamp())
    missing: list[str] = field(default_factory=list)
    """Without what there is no plan."""
    assumptions: list[JsonValueType] = field(default_factory=list)
    hours: dict[Q, dict[float, float]] = field(default_factory=dict)
    """What the plant's counters grew in hours of the last weeks."""

    def _note(self, name: str, value: float | str | None, source: str) -> None:
        """Say what a plan takes something for, and where that is from."""
        self.assumptions.append({"input": name, "value": value, "source": source})

    async def async_prices(self) -> tuple[list[Price], list[Price]]:
        """Return what a kWh costs, and what it brings: as asked, else as the Energy Dashboard knows."""
        grid = await async_grid(self.hass)
        buy = self._prices(
            ATTR_PRICE,
            self.asked.get(ATTR_PRICE_ENTITY) or grid.get("entity_energy_price"),
            self.asked.get(ATTR_PRICE, grid.get("number_energy_price")),
        )
        factor, surcharge = self.asked[ATTR_FACTOR], self.asked[ATTR_SURCHARGE]
        buy = [replace(each, price=each.price * factor + surcharge) for each in buy]
        if not from_now(buy, self.now):
            self.missing.append(ATTR_PRICE)
        sell = self._prices(
            ATTR_EXPORT_PRICE,
            self.asked.get(ATTR_EXPORT_ENTITY)
            or grid.get("entity_energy_price_export"),
            self.asked.get(ATTR_EXPORT_PRICE, grid.get("number_energy_price_export")),
        )
        if not from_now(sell, self.now):
            self._note(ATTR_EXPORT_PRICE, 0.0, "assumed")
            sell = self._contract(0.0, ())
        return buy, sell

    def _prices(
        self, name: str, entities: str | Sequence[str] | None, price: float | None
    ) -> list[Price]:
        """Return prices: of a response, of a contract, or of entities. A price that was asked for goes before an entity of the dashboard."""
        buys = name == ATTR_PRICE
        if buys and ATTR_PRICES in self.asked:
            self._note(name, None, "field")
            return self._published(self.asked[ATTR_PRICES], None, ATTR_PRICES)
        if price is not None and (name in self.asked or not entities):
            source = "field" if name in self.asked else "energy_dashboard"
            self._note(name, price, source)
            return self._contract(
                price,
                [
                    DailyPrice(each[ATTR_START], each[ATTR_END], each[ATTR_PRICE])
                    for each in (self.asked[ATTR_PRICE_WINDOWS] if buys else ())
                ],
            )
        rows: list[Price] = []
        for entity_id in [entities] if isinstance(entities, str) else entities or ():
            self._note(name, entity_id, "entity")
            rows += self._of_entity(entity_id)
        return sorted(rows, key=lambda each: each.start)

    def _of_entity(self, entity_id: str) -> list[Price]:
        if (state := self.hass.states.get(entity_id)) is None:
            return []
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        if state.domain in NUMBERS:
            price = _number(state.state)
            return [] if price is None else self._contract(price * per_kwh(unit), ())
        return self._published(dict(state.attributes), unit, entity_id)

    def _published(self, data: object, unit: str | None, source: str) -> list[Price]:
        try:
            return published(data, unit, self.zone)
        except UnreadablePricesError as err:
            raise error("prices_unreadable", source=source) from err

    def _contract(self, price: float, daily: Sequence[DailyPrice]) -> list[Price]:
        quarter = HOUR / 4
        return contract(
            price, daily, self.now // quarter * quarter, AHEAD + 1.0, self.zone
        )

    async def async_read_past(self) -> None:
        """Read what the plant's counters grew in the last weeks."""
        if not has_recorder(self.hass):
            return
        counters = {
            self._entity(quantity): quantity
            for quantity in (
                Q.LOAD_ENERGY_TOTAL,
                Q.PV_ENERGY_TOTAL,
                Q.BATTERY_CHARGE_ENERGY_TOTAL,
                Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
            )
        }
        found = await async_rows(
            self.hass, [each for each in counters if each], self.now - LOOK_BACK
        )
        for statistic_id, rows in found.items():
            self.hours[counters[statistic_id]] = grown(
                (row.start, row.sum) for row in rows
            )

    def load(self) -> Power | None:
        """Return the usual consumption."""
        power = usual(self.hours.get(Q.LOAD_ENERGY_TOTAL, {}), self.zone)
        if power is None:
            self.missing.append("consumption")
        else:
            days = len(self.hours[Q.LOAD_ENERGY_TOTAL]) / 24
            self._note("consumption", f"{days:.0f} days", "statistics")
        return power

    async def async_sun(self) -> Power | None:
        """Return what the sun is expected to give: as forecast, else as in the last days."""
        energies = await async_solar_forecast(self.hass, self.statistics())
        power = forecast(energies, self.zone)
        if power is not None and max(energies) > self.now - HOUR:
            self._note("solar_forecast", None, "energy_dashboard")
            return power
        past = self.hours.get(Q.PV_ENERGY_TOTAL, {})
        last = {at: each for at, each in past.items() if at > self.now - LAST_DAYS}
        if (power := usual(last, self.zone)) is not None:
            self._note("solar_forecast", f"{len(last) / 24:.0f} days", "statistics")
            return power
        self.missing.append("solar_forecast")
        return None

    def battery(self) -> tuple[PlannedBattery, float]:
        """Return the battery, and the kWh in it; where something is missing, numbers of no meaning stand for it."""
        measured = self._reading(self.plant.id, Q.BATTERY_USABLE_CAPACITY)
        source = "device" if measured is None else "statistics"
        capacity = self._value(ATTR_CAPACITY, source, measured or self._capacity())
        soc = self._reading(self.plant.id, Q.BATTERY_SOC)
        if capacity is None:
            self.missing.append(ATTR_CAPACITY)
        if soc is None:
            self.missing.append("state_of_charge")
        capacity = capacity or 1.0
        lowest = self._soc(ATTR_MIN_SOC, Control.BATTERY_MIN_SOC, MIN_SOC)
        highest = self._soc(ATTR_MAX_SOC, Control.BATTERY_MAX_SOC, MAX_SOC)
        if lowest >= highest:
            raise error("soc_limits_crossed")
        power = self._power(capacity) / 1000
        efficiency = self._efficiency(capacity) / 100
        wear = self._value(ATTR_WEAR, "", None, 0.0) or 0.0
        battery = PlannedBattery(
            capacity=capacity,
            lowest=capacity * lowest / 100,
            highest=capacity * highest / 100,
            charge_power=power,
            discharge_power=power,
            efficiency=efficiency,
            wear=wear,
            modes=self._modes(),
        )
        return battery, capacity * (soc or 0.0) / 100

    def _value(
        self,
        name: str,
        source: str,
        found: float | None,
        assumed: float | None = None,
    ) -> float | None:
        """Return what was asked for, else what was found, else what is assumed, and note where it is from."""
        value: float | None
        if (asked := self.asked.get(name)) is not None:
            value, source = float(asked), "field"
        elif found is not None:
            value = found
        else:
            value, source = assumed, "assumed"
        if value is not None:
            self._note(name, round(value, 3), source)
        return value

    def _capacity(self) -> float | None:
        """Return the kWh of all batteries, where all say it."""
        told = [
            each.capacity or self._reading(each.id, Q.BATTERY_CAPACITY)
            for each in self._devices(DeviceKind.BATTERY)
        ]
        known = [capacity for capacity in told if capacity]
        return sum(known) if known and len(known) == len(told) else None

    def _power(self, capacity: float) -> float:
        """Return the W at which the battery is charged and discharged; no more than the inverters can."""
        batteries, inverters = (
            [each.rated_power or 0.0 for each in self._devices(kind)]
            for kind in (DeviceKind.BATTERY, DeviceKind.INVERTER)
        )
        usual_power = capacity * 1000 / HOURS_TO_FILL
        found = sum(batteries) if all(batteries) and batteries else None
        most = sum(inverters) if all(inverters) and inverters else usual_power
        return self._value(ATTR_POWER, "device", found, min(usual_power, most)) or 1.0

    def _efficiency(self, capacity: float) -> float:
        """Return the % that come out again; told by the counters where the battery was filled often enough."""
        charged, discharged = (
            sum(self.hours.get(quantity, {}).values())
            for quantity in (
                Q.BATTERY_CHARGE_ENERGY_TOTAL,
                Q.BATTERY_DISCHARGE_ENERGY_TOTAL,
            )
        )
        lowest, highest = LIKELY_EFFICIENCY
        found = self._reading(self.plant.id, Q.BATTERY_ROUND_TRIP_EFFICIENCY)
        if found is None and charged > ENOUGH_CHARGES * capacity:
            share = discharged / charged
            found = 100 * share if lowest <= share <= highest else None
        return self._value(ATTR_EFFICIENCY, "statistics", found, EFFICIENCY) or 1.0

    def _soc(self, name: str, control: Control, assumed: float) -> float:
        """Return a limit of the charge in %: the device's own, where it is shown."""
        found = [
            value
            for owner in (self.plant.id, *(each.id for each in self._devices()))
            if (state := self._state(owner, str(control), Platform.NUMBER))
            and (value := _number(state)) is not None
        ]
        value = self._value(name, "setting", found[0] if found else None, assumed)
        return assumed if value is None else value

    def _modes(self) -> tuple[PlannedMode, ...]:
        """Return the modes that were asked for and that the battery has, where that is known."""
        wanted = [PlannedMode.AUTOMATIC, PlannedMode.HOLD]
        if self.asked[ATTR_GRID_CHARGING]:
            wanted.append(PlannedMode.CHARGE)
        if self.asked[ATTR_GRID_DISCHARGING]:
            wanted.append(PlannedMode.DISCHARGE)
        entity_id = self._entity_id("battery_mode", Platform.SELECT)
        state = self.hass.states.get(entity_id) if entity_id else None
        offered = state.attributes.get("options") if state else None
        return tuple(
            mode
            for mode in wanted
            if not offered or mode in offered or mode is PlannedMode.AUTOMATIC
        )

    def _devices(self, kind: DeviceKind | None = None) -> list[Device]:
        devices = self.entry.runtime_data.inventory.data.devices_of(self.plant.id)
        return [each for each in devices if kind in {None, each.kind}]

    def _reading(self, owner: str, quantity: Q) -> float | None:
        reading = self.entry.runtime_data.readings.data.readings.get(owner)
        value = reading.values.get(Slot(quantity)) if reading else None
        return value if isinstance(value, float) else None

    def _state(self, owner: str, key: str, platform: Platform) -> str | None:
        entity_id = self._entity_id(key, platform, owner)
        state = self.hass.states.get(entity_id) if entity_id else None
        return state.state if state else None

    def _entity_id(
        self, key: str, platform: Platform, owner: str | None = None
    ) -> str | None:
        vendor = self.entry.runtime_data.vendor.key
        return er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{vendor}_{owner or self.plant.id}_{key}"
        )

    def _entity(self, quantity: Q) -> str | None:
        return entity_of(
            self.hass, self.entry.runtime_data, self.plant.id, Slot(quantity)
        )

    def statistics(self) -> set[str]:
        """Return the entities of the plant and its devices, by which the Energy Dashboard knows its roofs."""
        return {
            entity_id
            for owner in (self.plant.id, *(each.id for each in self._devices()))
            if (
                entity_id := self._entity_id(
                    Slot(Q.PV_ENERGY_TOTAL).key, Platform.SENSOR, owner
                )
            )
        }


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _as_json(
    made: BatteryPlan, battery: PlannedBattery, stored: float, known: _PlanInputs
) -> ServiceResponse:
    """Give the form of the response; money in the plant's currency, or in that of the prices."""

    def percent(stored: float) -> int:
        return round(100 * stored / battery.capacity)

    def at(instant: float) -> str:
        return datetime.fromtimestamp(instant, known.zone).isoformat()

    windows: list[JsonValueType] = []
    targets: list[int] = []
    for window in made.windows:
        forced = window.mode in {PlannedMode.CHARGE, PlannedMode.DISCHARGE}
        if window.mode is PlannedMode.CHARGE:
            targets.append(percent(window.stored))
        windows.append(
            {
                "start": at(window.start),
                "end": at(window.end),
                "mode": str(window.mode),
                "power": round(1000 * battery.charge_power) if forced else None,
                "target_soc": percent(window.stored) if forced else None,
                "expected_soc": percent(window.stored),
            }
        )
    return {
        "soc": percent(stored),
        "target_soc": targets[0] if targets else None,
        "windows": windows,
        "until": at(made.windows[-1].end),
        "expected_cost": round(made.cost, 2),
        "cost_without_plan": round(made.cost_without, 2),
        "left_over": round(made.left_over, 2),
        "expected_saving": round(made.saving, 2),
        "expected_soc": percent(made.stored),
        "soc_without_plan": percent(made.stored_without),
        "currency": known.plant.currency or known.hass.config.currency,
        "assumptions": known.assumptions,
    }
