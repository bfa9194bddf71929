"""The blueprints load, and do at the emulated home what their descriptions say."""

from collections.abc import AsyncIterator
from pathlib import Path
import shutil
from typing import Any

import pytest

from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_entry
from .helpers.house import UPLOAD, SolaxHouse

FOLDER = Path(__file__).parent.parent / "blueprints" / "automation" / "solar_cloud"
NAMES = sorted(path.name for path in FOLDER.glob("*.yaml"))


@pytest.fixture
async def house(
    home: Home, solax: SolaxCloud, waiting: list[float]
) -> AsyncIterator[SolaxHouse]:
    """A home whose inverter takes an export limit, with a car at the charger."""
    solax.change_device(solax.first(Kind.INVERTER).sn, {"model": 33})
    solax.plant.site.plug("charger", needs_kwh=60)
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    house = SolaxHouse(home, solax, entry)
    await house.start()
    yield house
    if house.hass.services.has_service("automation", "turn_off"):
        await house.hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )


async def use(house: SolaxHouse, name: str, **inputs: Any) -> None:
    """Make an automation of a blueprint."""
    target = Path(house.hass.config.path("blueprints", "automation", "solar_cloud"))
    await house.hass.async_add_executor_job(
        lambda: shutil.copytree(FOLDER, target, dirs_exist_ok=True)
    )
    assert await async_setup_component(
        house.hass,
        "automation",
        {
            "automation": {
                "id": name,
                "alias": name,
                "use_blueprint": {"path": f"solar_cloud/{name}.yaml", "input": inputs},
            }
        },
    )
    await house.hass.async_block_till_done()
    assert house.hass.states.get(f"automation.{name}").state == "on"  # type: ignore[union-attr]


def test_there_are_three_and_none_knows_a_vendor() -> None:
    """Neutral, with a text for every input that needs one."""
    assert len(NAMES) == 3
    for name in NAMES:
        text = (FOLDER / name).read_text()
        assert not any(word in text.lower() for word in ("solax", "sungrow", "huawei"))
        parsed = parse_yaml(text)
        assert isinstance(parsed, dict)
        assert parsed["blueprint"]["source_url"].endswith(name)


async def test_charging_when_electricity_is_cheap(house: SolaxHouse) -> None:
    """Starts below the limit, stops above it."""
    house.solax.plant.site.set_soc(0.3)
    house.hass.states.async_set("sensor.price", "0.30")
    await house.home.pass_time(UPLOAD)
    await use(
        house,
        "charge_battery_when_cheap",
        price="sensor.price",
        limit=0.1,
        battery=house.device_id(None),
        soc=house.home.entity_id(house.id(Kind.BATTERY, "battery_soc")),
        target=80,
        power=2500,
    )
    house.hass.states.async_set("sensor.price", "0.05")
    await house.home.settle()
    (call,) = house.solax.commands()
    assert call.params["chargeDischargPower"] == 2500
    await house.home.pass_time(UPLOAD)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "soc_target"
    house.hass.states.async_set("sensor.price", "0.20")
    await house.home.settle()
    await house.home.pass_time(UPLOAD)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "self_consumption"


async def test_no_export_at_a_negative_price(house: SolaxHouse) -> None:
    """Zero while it lasts, the usual limit afterwards, each sent once."""
    house.hass.states.async_set("sensor.price", "0.08")
    await use(
        house,
        "no_export_at_negative_price",
        price="sensor.price",
        limit=house.home.entity_id(house.id(Kind.INVERTER, "export_limit"), "number"),
        usual=7000,
    )
    house.hass.states.async_set("sensor.price", "-0.02")
    await house.home.settle()
    assert house.solax.commands()[-1].params["limitValue"] == 0
    await house.home.pass_time(2000)
    assert len(house.solax.commands()) == 1
    assert house.solax.plant.site.powers().grid >= -1
    house.hass.states.async_set("sensor.price", "0.01")
    await house.home.settle()
    assert house.solax.commands()[-1].params["limitValue"] == 7
    assert len(house.solax.commands()) == 2


async def test_the_car_follows_the_surplus(house: SolaxHouse) -> None:
    """Stops without surplus, starts with it, and sets the current to what there is."""
    house.solax.plant.site.set_soc(1.0)
    house.solax.plant.site.change(clearness=1.0)
    house.solax.plant.site.override_load(9000)
    await use(
        house,
        "charge_car_from_surplus",
        grid=house.home.entity_id(house.id(Kind.INVERTER, "grid_power")),
        charger_power=house.home.entity_id(house.id(Kind.CHARGER, "charger_power")),
        charging=house.home.entity_id(house.id(Kind.CHARGER, "charging"), "switch"),
        current=house.home.entity_id(
            house.id(Kind.CHARGER, "charge_current_limit"), "number"
        ),
    )
    await house.home.pass_time(3000)
    assert house.state("switch", Kind.CHARGER, "charging") == "off"
    house.solax.plant.site.override_load(300)
    await house.home.pass_time(3000)
    assert house.state("switch", Kind.CHARGER, "charging") == "on"
    amps = float(house.state("number", Kind.CHARGER, "charge_current_limit"))
    assert 6 <= amps <= 16
