"""The battery is planned with what the user has: prices of any integration, the dashboard's own forecast, the house's past; nothing is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    mock_platform,
)

from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.pipeline.battery import BatteryDay, BatteryHistory
from custom_components.solar_cloud.pipeline.insights import (
    SECTION as INSIGHTS,
    PlantInsights,
)
from custom_components.solar_cloud.storage import async_get_store
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder import Recorder
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .emulators.solax import SolaxCloud
from .helpers.accounts import AnyCloud, demo_entry
from .helpers.home import Home, solax_id
from .helpers.house import reason
from .helpers.past import remember, sunny_days, usual_evenings


async def plan(home: Home, plant: str, entry: MockConfigEntry, **data: Any) -> Any:
    """Call the action on a plant."""
    device = home.device(plant, entry)
    assert device is not None
    return await home.hass.services.async_call(
        DOMAIN,
        "plan_battery",
        {"device_id": device.id, **data},
        blocking=True,
        return_response=True,
    )


def sources(answer: Any) -> dict[str, tuple[Any, str]]:
    """Return what was taken for what, and where it is from."""
    return {
        each["input"]: (each["value"], each["source"]) for each in answer["assumptions"]
    }


def modes(answer: Any) -> set[str]:
    """Return the modes that are planned."""
    return {window["mode"] for window in answer["windows"]}


@pytest.fixture
async def past(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> SolaxCloud:
    """The home in Home Assistant, with three weeks behind it and a battery that is nearly empty."""
    for component in ("energy", "repairs", "http"):
        assert await async_setup_component(home.hass, component, {})
    solax.plant.site.set_soc(0.15)
    await home.start(entry)
    await home.pass_time(360)
    for key, kwh in (
        ("load_energy_total", usual_evenings),
        ("pv_energy_total", sunny_days),
    ):
        await remember(home, home.entity_id(solax_id(solax, None, key)), kwh)
    solax.calls.clear()
    return solax


async def test_two_rates(home: Home, past: SolaxCloud, entry: MockConfigEntry) -> None:
    """The night is cheap: the battery is filled then, for the evening; nothing is sent to anybody."""
    answer = await plan(
        home,
        past.plant.plant_id,
        entry,
        price=0.40,
        price_windows=[{"start": "13:00", "end": "15:00", "price": 0.10}],
        export_price=0.05,
    )
    first = next(each for each in answer["windows"] if each["mode"] == "charge")
    assert datetime.fromisoformat(first["start"]).hour in {13, 14}
    assert datetime.fromisoformat(first["end"]).hour in {14, 15}
    assert answer["target_soc"] == first["target_soc"] > 80
    assert first["power"] > 1000
    assert answer["expected_cost"] < answer["cost_without_plan"]
    assert answer["expected_saving"] > 1.0
    told = sources(answer)
    assert told["price"] == (0.4, "field")
    assert told["export_price"] == (0.05, "field")
    assert told["capacity"][1] == "device"
    assert told["efficiency"] == (90.0, "assumed")
    assert told["wear_cost"] == (0.0, "assumed")
    assert told["consumption"][1] == "statistics"
    assert told["solar_forecast"][1] == "statistics", "no service is configured"
    starts = [each["start"] for each in answer["windows"]]
    assert starts[1:] == [each["end"] for each in answer["windows"]][:-1]
    assert answer["windows"][-1]["end"] == answer["until"]
    assert past.commands() == []
    assert len(past.calls) == 0


async def test_a_worn_battery_is_planned_with_what_it_still_holds(
    home: Home, past: SolaxCloud, entry: MockConfigEntry
) -> None:
    """What was seen of it goes before what its label says."""
    plant = past.plant.plant_id
    now = home.value(solax_id(past, None, "battery_charge_energy_total"))
    out = home.value(solax_id(past, None, "battery_discharge_energy_total"))
    today = dt_util.now().toordinal()
    days = [
        BatteryDay(today - 20, 50.0, now - 100, out - 85),
        BatteryDay(today, 50.0, now, out),
    ]
    seen = BatteryHistory([(today - day, 6.5) for day in (9, 6, 3)], days)
    await home.hass.config_entries.async_unload(entry.entry_id)
    store = await async_get_store(home.hass, entry.entry_id, None)
    await store.save(INSIGHTS, {plant: to_json(PlantInsights(seen))})
    await home.restart(entry)
    told = sources(await plan(home, plant, entry, price=0.40))
    assert told["capacity"] == (6.5, "statistics")
    assert told["efficiency"] == (85.0, "statistics")


async def test_nothing_is_planned_that_was_not_allowed(
    home: Home, past: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Charging from the grid can be ruled out; selling from the battery has to be asked for."""
    asked = {
        "price": 0.40,
        "price_windows": [{"start": "13:00", "end": "15:00", "price": 0.01}],
        "export_price": 0.35,
    }
    plant = past.plant.plant_id
    assert "discharge" not in modes(await plan(home, plant, entry, **asked))
    answer = await plan(home, plant, entry, grid_discharging=True, **asked)
    assert {"charge", "discharge"} <= modes(answer)
    answer = await plan(home, plant, entry, grid_charging=False, **asked)
    assert "charge" not in modes(answer)
    assert answer["target_soc"] is None


async def test_the_dashboard_knows_sun_and_prices(
    home: Home, past: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A forecast service that was chosen there is asked, for this roof alone; the prices of the contract are there, too."""
    forecast = MockConfigEntry(domain="sun_tomorrow")
    forecast.add_to_hass(home.hass)
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    asked = AsyncMock(
        return_value={
            "wh_hours": {
                (now + timedelta(hours=hour)).isoformat(): 5000.0 for hour in range(24)
            }
        }
    )
    mock_platform(
        home.hass, "sun_tomorrow.energy", Mock(async_get_solar_forecast=asked)
    )
    home.hass.config.components.add("sun_tomorrow")
    await home.hass.async_block_till_done()
    manager: Any = await async_get_manager(home.hass)
    roof = {
        "type": "solar",
        "stat_energy_from": home.entity_id(solax_id(past, None, "pv_energy_total")),
        "config_entry_solar_forecast": [forecast.entry_id, "gone"],
    }
    next_door = roof | {
        "stat_energy_from": "sensor.next_door",
        "config_entry_solar_forecast": ["another"],
    }
    grid = {
        "type": "grid",
        "stat_energy_from": "sensor.bought",
        "number_energy_price": 0.31,
        "number_energy_price_export": 0.08,
    }
    await manager.async_update({"energy_sources": [next_door, roof, grid]})
    answer = await plan(home, past.plant.plant_id, entry)
    asked.assert_awaited_once_with(home.hass, forecast.entry_id)
    told = sources(answer)
    assert told["solar_forecast"] == (None, "energy_dashboard")
    assert told["price"] == (0.31, "energy_dashboard")
    assert told["export_price"] == (0.08, "energy_dashboard")
    assert modes(answer) == {"automatic"}, "one price: no window is worth a command"
    assert answer["cost_without_plan"] < 0, "5 kW around the clock"

    midnight = dt_util.start_of_local_day()
    costs = []
    for days in (1, 3):
        asked.return_value = {
            "wh_hours": {
                (midnight + timedelta(hours=hour)).isoformat(): 5000.0
                for hour in range(24 * days)
            }
        }
        answer = await plan(home, past.plant.plant_id, entry)
        costs.append(answer["cost_without_plan"])
    assert costs[0] == costs[1], "tomorrow is as today, its morning too"

    asked.side_effect = RuntimeError
    told = sources(await plan(home, past.plant.plant_id, entry))
    assert told["solar_forecast"][1] == "statistics"


async def test_prices_of_an_entity(
    home: Home, past: SolaxCloud, entry: MockConfigEntry
) -> None:
    """Known as far as they are published; in the entity's unit, with what the contract adds."""
    begin = dt_util.now().replace(minute=0, second=0, microsecond=0)
    rows = [
        {
            "start": begin + timedelta(hours=hour),
            "end": begin + timedelta(hours=hour + 1),
            "value": 1.0 if hour == 3 else 30.0,
        }
        for hour in range(12)
    ]
    home.hass.states.async_set(
        "sensor.spot",
        "30",
        {"raw_today": rows, "raw_tomorrow": [], "unit_of_measurement": "ct/kWh"},
    )
    home.hass.states.async_set("input_number.feed_in", "0.08")
    answer = await plan(
        home,
        past.plant.plant_id,
        entry,
        price_entity="sensor.spot",
        price_factor=1.19,
        price_surcharge=0.02,
        export_price_entity="input_number.feed_in",
        wear_cost=0.01,
        power=2000,
        min_soc=5,
        max_soc=95,
        efficiency=85,
        capacity=9,
    )
    (charge,) = [each for each in answer["windows"] if each["mode"] == "charge"]
    assert charge["start"] == (begin + timedelta(hours=3)).isoformat()
    assert charge["power"] == 2000
    assert answer["until"] == (begin + timedelta(hours=12)).isoformat()
    told = sources(answer)
    assert told["price"] == ("sensor.spot", "entity")
    costs = []
    for price, unit in (("30", "ct/kWh"), ("300", "EUR/MWh"), ("0.3", "EUR/kWh")):
        home.hass.states.async_set(
            "input_number.tariff", price, {"unit_of_measurement": unit}
        )
        lasting = await plan(
            home, past.plant.plant_id, entry, price_entity="input_number.tariff"
        )
        costs.append(lasting["expected_cost"])
    assert costs[0] == costs[1] == costs[2] > 0, "a helper has a unit, too"
    assert {told[key] for key in ("wear_cost", "power", "min_soc")} == {
        (0.01, "field"),
        (2000.0, "field"),
        (5.0, "field"),
    }


async def test_what_is_missing_is_named(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """All of it at once; a price in no known form is told by its source."""
    await home.start(entry)
    with pytest.raises(ServiceValidationError) as err:
        await plan(home, solax.plant.plant_id, entry)
    assert reason(err) == "plan_lacks"
    placeholders = err.value.translation_placeholders
    assert placeholders == {"inputs": "price, consumption, solar_forecast"}
    home.hass.states.async_set("sensor.odd", "0.3", {"unit_of_measurement": "EUR/kWh"})
    with pytest.raises(ServiceValidationError) as err:
        await plan(home, solax.plant.plant_id, entry, price_entity="sensor.odd")
    assert reason(err) == "prices_unreadable"
    assert err.value.translation_placeholders == {"source": "sensor.odd"}
    with pytest.raises(ServiceValidationError) as err:
        await plan(home, solax.plant.plant_id, entry, price=0.3, min_soc=60, max_soc=50)
    assert reason(err) == "soc_limits_crossed"


@pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_account"], indirect=True
)
async def test_every_vendor(
    recorder_mock: Recorder,
    home: Home,
    cloud: AnyCloud,
    sign_in: str,
    waiting: list[float],
) -> None:
    """The action knows plants, not vendors; everybody may look."""
    for site in cloud.world.sites.values():
        site.set_soc(0.3)
    entry = await demo_entry(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(420)
    (plant_id, *_) = [
        plant
        for plant in entry.runtime_data.inventory.data.plants
        if home.known(f"{entry.data['vendor']}_{plant}_battery_soc")
    ]
    key = f"{entry.data['vendor']}_{plant_id}"
    await remember(home, home.entity_id(f"{key}_load_energy_total"), usual_evenings)
    await remember(home, home.entity_id(f"{key}_pv_energy_total"), sunny_days)
    device = home.device(plant_id, entry)
    assert device is not None
    user = MockUser().add_to_hass(home.hass)
    answer: Any = await home.hass.services.async_call(
        DOMAIN,
        "plan_battery",
        {
            "device_id": device.id,
            "prices": [
                {
                    "start": (datetime.now(UTC) + timedelta(hours=hour)).isoformat(),
                    "price": price,
                }
                for hour, price in ((-1, 0.3), (1, 0.01), (2, 0.4), (3, 0.5), (9, 0.5))
            ],
        },
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id),
    )
    assert "charge" in modes(answer)
    assert sources(answer)["capacity"][1] == "device"
