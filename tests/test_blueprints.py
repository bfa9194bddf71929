"""The blueprints load, and do at the emulated home what their descriptions say."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
import re
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_mock_service,
)

from homeassistant.components.recorder import Recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml

from .emulators.faults import Fault
from .emulators.solax import Kind, SolaxCloud
from .helpers.home import Home, solax_entry, solax_id
from .helpers.house import UPLOAD, SolaxHouse
from .helpers.past import remember, sunny_days, usual_evenings

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
    assert await async_setup_component(house.hass, "homeassistant", {})
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


def test_there_are_six_and_none_knows_a_vendor() -> None:
    """Neutral, with a text for every input that needs one."""
    assert len(NAMES) == 6
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


async def charge_when_cheap(house: SolaxHouse) -> None:
    """Charge to 80 % below 10 cents, an hour at most."""
    await use(
        house,
        "charge_battery_when_cheap",
        price="sensor.price",
        limit=0.1,
        battery=house.device_id(None),
        soc=house.home.entity_id(house.id(Kind.BATTERY, "battery_soc")),
        target=80,
        power=2500,
        duration={"hours": 1},
    )


async def test_a_price_that_is_cheap_already_is_used(house: SolaxHouse) -> None:
    """Whoever makes the automation, or restarts, in the middle of a cheap night need not wait for the next one."""
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    house.hass.states.async_set("sensor.price", "0.05")
    await charge_when_cheap(house)
    await house.home.pass_time(960)
    (call,) = house.solax.commands()
    assert call.params["chargeDischargPower"] == 2500
    await house.home.pass_time(1800)
    assert len(house.solax.commands()) == 1, "once is enough"


async def test_nothing_is_stopped_that_was_not_begun(house: SolaxHouse) -> None:
    """Each stop is a command to the inverter, which is sent only where a charge may be running."""
    house.solax.plant.site.unplug("charger")
    house.solax.plant.site.set_soc(0.9)
    house.hass.states.async_set("sensor.price", "0.05")
    await house.home.pass_time(UPLOAD)
    await charge_when_cheap(house)
    house.hass.states.async_set("sensor.price", "0.20")
    await house.home.settle()
    assert house.solax.commands() == [], "the battery is full enough"
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    house.hass.states.async_set("sensor.price", "0.05")
    await house.home.settle()
    assert len(house.solax.commands()) == 1
    house.hass.states.async_set("sensor.price", "unavailable")
    await house.home.pass_time(3660)
    sent = len(house.solax.commands())
    house.hass.states.async_set("sensor.price", "0.20")
    await house.home.settle()
    assert len(house.solax.commands()) == sent, "its hour is over"


async def charge_before_peak(house: SolaxHouse, begin: str, peak: str) -> None:
    """Charge to 80 % between two times."""
    await use(
        house,
        "charge_battery_before_peak",
        begin=begin,
        peak=peak,
        battery=house.device_id(None),
        soc=house.home.entity_id(house.id(Kind.BATTERY, "battery_soc")),
        target=80,
        power=2500,
    )


async def test_charging_before_the_peak(house: SolaxHouse) -> None:
    """Begins at the time, once, and lasts until the peak without any stop."""
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    now = dt_util.now()
    begin, peak = now + timedelta(minutes=20), now + timedelta(minutes=80)
    await charge_before_peak(house, f"{begin:%H:%M:00}", f"{peak:%H:%M:00}")
    await house.home.pass_time(900)
    assert house.solax.commands() == []
    await house.home.pass_time(900)
    (call,) = house.solax.commands()
    assert call.params["chargeDischargPower"] == 2500
    await house.home.pass_time(1500)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "soc_target"
    await house.home.pass_time(3600)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "self_consumption"
    assert len(house.solax.commands()) <= 2, "one charge, and at most its end"


async def test_a_peak_is_prepared_though_the_beginning_was_missed(
    house: SolaxHouse,
) -> None:
    """After a restart in between, over midnight too; what the battery has needs no charge."""
    house.solax.plant.site.unplug("charger")
    house.solax.plant.site.set_soc(0.9)
    await house.home.pass_time(UPLOAD)
    now = dt_util.now()
    await charge_before_peak(
        house,
        f"{now - timedelta(hours=11):%H:%M:00}",
        f"{now + timedelta(hours=2):%H:%M:00}",
    )
    await house.home.pass_time(1800)
    assert house.solax.commands() == []
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD + 1800)
    assert len(house.solax.commands()) == 1


async def test_low_charge_and_silence_are_told(house: SolaxHouse) -> None:
    """Each once, when it begins."""
    house.solax.plant.site.set_soc(0.5)
    await house.home.pass_time(UPLOAD)
    told = async_capture_events(house.hass, "told")
    await use(
        house,
        "notify_low_charge_or_silence",
        soc=house.home.entity_id(house.id(Kind.BATTERY, "battery_soc")),
        low=20,
        watched=[
            house.home.entity_id(
                f"solax_{house.solax.plant.plant_id}_cloud_connection", "binary_sensor"
            )
        ],
        silence={"minutes": 30},
        notify=[
            {
                "event": "told",
                "event_data": {"title": "{{ title }}", "message": "{{ message }}"},
            }
        ],
    )
    await house.home.pass_time(1200)
    assert told == []
    house.solax.plant.site.unplug("charger")
    house.solax.plant.site.set_soc(0.15)
    await house.home.pass_time(1800)
    (low,) = told
    assert low.data["title"] == "Low charge"
    assert re.search(r"State of charge: 1\d %$", low.data["message"])
    house.solax.faults.add(Fault(http=503, times=None))
    await house.home.pass_time(4800)
    assert len(told) == 2
    assert told[1].data["title"] == "No values"
    assert "Cloud connection" in told[1].data["message"]


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


async def use_surplus(house: SolaxHouse, **inputs: Any) -> None:
    """Switch something on with what is left over."""
    quickly = {"least_on": {"minutes": 5}, "least_off": {"minutes": 5}}
    await use(
        house, "use_surplus", **{"plant": house.device_id(None), **quickly, **inputs}
    )


async def follow_surplus(house: SolaxHouse, **inputs: Any) -> None:
    """Let the charger follow what is left over."""
    find = house.home.entity_id
    await use_surplus(
        house,
        **{
            "load": find(house.id(Kind.CHARGER, "charging"), "switch"),
            "grid": find(house.id(Kind.INVERTER, "grid_power")),
            "charger_power": find(house.id(Kind.CHARGER, "charger_power")),
            "current": find(house.id(Kind.CHARGER, "charge_current_limit"), "number"),
            **inputs,
        },
    )


async def test_the_car_follows_the_surplus(house: SolaxHouse) -> None:
    """Stops without surplus, starts with it, and sets the current to what there is."""
    house.solax.plant.site.set_soc(1.0)
    house.solax.plant.site.change(clearness=1.0)
    house.solax.plant.site.override_load(9000)
    await follow_surplus(house)
    await house.home.pass_time(3000)
    assert house.state("switch", Kind.CHARGER, "charging") == "off"
    house.solax.plant.site.override_load(300)
    await house.home.pass_time(3000)
    assert house.state("switch", Kind.CHARGER, "charging") == "on"
    amps = float(house.state("number", Kind.CHARGER, "charge_current_limit"))
    assert 6 <= amps <= 16


async def test_a_heater_uses_the_surplus(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """On after two uploads, off when it is gone, never for a moment; the battery gives nothing meanwhile."""
    site, hass = house.solax.plant.site, house.hass
    site.unplug("charger")
    site.change(clearness=1.0)
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": {"heater": {}}}
    )
    drawn = 0.0

    async def let(free: float, minutes: int) -> None:
        """Leave so much beside the heater for a while."""
        nonlocal drawn
        for _ in range(minutes):
            on = hass.states.get("input_boolean.heater").state == "on"  # type: ignore[union-attr]
            drawn = 2000.0 if on else 0.0
            site.set_soc(1.0 if free > 0 else 0.0)
            site.override_load(site.powers().pv - free + drawn)
            await house.home.pass_time(60)

    await let(-500, 10)
    await use_surplus(
        house,
        load="input_boolean.heater",
        start=2500,
        hold=True,
        least_on={"minutes": 30},
    )
    await let(3000, 9)
    assert drawn == 0, "two uploads, not one"
    await let(3000, 16)
    assert drawn == 2000
    (held,) = house.solax.commands()
    assert held.path.endswith("charge_only_mode")
    await let(800, 12)
    assert drawn == 2000, "its own draw is no lack"
    site.change(clearness=0.2)
    await let(-1500, 10)
    assert drawn == 2000
    await let(-1500, 20)
    assert drawn == 0
    assert house.solax.commands()[1].path.endswith("exit_vpp_mode")
    assert errors(caplog) == []


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return why runs of the automation failed, which is what makes a trace red."""
    return [
        record.message
        for record in caplog.records
        if record.levelname == "ERROR" and "automation" in record.name
    ]


@pytest.mark.parametrize("told", [True, False])
async def test_without_a_car_no_run_fails(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture, told: bool
) -> None:
    """Nothing is sent to a charger that says it has no car; where nobody says so, its refusal is no failure."""
    site = house.solax.plant.site
    site.unplug("charger")
    site.set_soc(1.0)
    site.change(clearness=1.0)
    site.override_load(300)
    await house.home.pass_time(UPLOAD)
    house.solax.calls.clear()
    connected = house.id(Kind.CHARGER, "vehicle_connected")
    vehicle = {"vehicle": house.home.entity_id(connected, "binary_sensor")}
    await follow_surplus(house, **(vehicle if told else {}))
    await house.home.pass_time(1500)
    assert errors(caplog) == []
    if told:
        assert house.solax.commands() == []
        site.plug("charger", needs_kwh=60)
        await house.home.pass_time(UPLOAD + 1500)
        assert house.state("switch", Kind.CHARGER, "charging") == "on"


async def test_a_charger_that_is_not_there_is_left_alone(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Its entities are unavailable, or it was never there."""
    house.hass.states.async_set("switch.garage", "unavailable")
    await follow_surplus(
        house,
        load="switch.garage",
        current="number.garage",
        charger_power="sensor.garage",
    )
    await house.home.pass_time(1500)
    assert errors(caplog) == []
    assert house.solax.commands() == []


async def test_a_charger_of_any_integration_follows_the_surplus(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Number, switch and power are another's, which tells kilowatts, and no power at all while it rests."""
    site = house.solax.plant.site
    site.unplug("charger")
    site.set_soc(1.0)
    site.change(clearness=1.0)
    site.override_load(300)
    await house.home.pass_time(UPLOAD)
    hass = house.hass
    hass.states.async_set("switch.garage", "off")
    hass.states.async_set("number.garage", "6", {"min": 6, "max": 16})
    hass.states.async_set("sensor.garage", "unknown", {"unit_of_measurement": "kW"})
    numbers = async_mock_service(hass, "number", "set_value")
    on = async_mock_service(hass, "switch", "turn_on")
    off = async_mock_service(hass, "switch", "turn_off")
    await follow_surplus(
        house,
        load="switch.garage",
        current="number.garage",
        charger_power="sensor.garage",
        phases=1,
    )
    await house.home.pass_time(1260)
    assert on[0].data["entity_id"] == ["switch.garage"]
    assert numbers[0].data["value"] == 16
    hass.states.async_set("switch.garage", "on")
    hass.states.async_set("sensor.garage", "3.6", {"unit_of_measurement": "kW"})
    hass.states.async_set("number.garage", "16", {"min": 6, "max": 16})
    site.override_load(9000)
    await house.home.pass_time(1800)
    hass.states.async_set("sensor.garage", "0.1", {"unit_of_measurement": "kW"})
    await house.home.pass_time(660)
    assert off
    assert errors(caplog) == []


async def plan_battery(house: SolaxHouse, **inputs: Any) -> None:
    """Plan by prices that are low in the next hour, in a home that needs a lot in the evening."""
    hass = house.hass
    for key, kwh in (
        ("load_energy_total", usual_evenings),
        ("pv_energy_total", sunny_days),
    ):
        entity_id = house.home.entity_id(solax_id(house.solax, None, key))
        await remember(house.home, entity_id, kwh)
    begin = dt_util.now().replace(minute=0, second=0, microsecond=0)
    prices = [
        {
            "start": begin + timedelta(hours=hour),
            "end": begin + timedelta(hours=hour + 1),
            "value": 0.01 if hour == 1 else 0.4,
        }
        for hour in range(24)
    ]
    hass.states.async_set("sensor.spot", "0.4", {"raw_today": prices})
    await use(
        house,
        "plan_battery",
        battery=house.device_id(None),
        battery_mode=house.home.entity_id(
            solax_id(house.solax, None, "battery_mode"), "select"
        ),
        **inputs,
    )


async def test_a_plan_is_applied_window_by_window(
    recorder_mock: Recorder, house: SolaxHouse
) -> None:
    """The battery is charged in the cheap hour, once, and left alone before and after it."""
    site = house.solax.plant.site
    site.unplug("charger")
    site.set_soc(0.15)
    await house.home.pass_time(UPLOAD)
    await plan_battery(
        house, prices=["sensor.spot"], more={"export_price": 0.05, "power": 4000}
    )
    mode = solax_id(house.solax, None, "battery_mode")
    until_cheap = 3600 - dt_util.now().minute * 60
    await house.home.pass_time(until_cheap - 120)
    assert house.solax.commands() == [], "planned, and not begun"
    await house.home.pass_time(900)
    (call,) = house.solax.commands()
    assert call.params["chargeDischargPower"] == 4000
    assert house.home.state(mode, "select").state == "charge"
    stored = site.sample().battery("battery").soc
    await house.home.pass_time(1200)
    assert site.sample().battery("battery").soc > stored + 0.05
    await house.home.pass_time(2400)
    assert house.home.state(mode, "select").state == "automatic"
    begun = [
        call for call in house.solax.commands() if "chargeDischargPower" in call.params
    ]
    assert len(begun) <= 2, "the target may be raised once"


async def test_nothing_is_set_without_a_plan(
    recorder_mock: Recorder, house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """A price is missing: the automation stops, and says why."""
    await plan_battery(house)
    await house.home.pass_time(4500, step=300)
    assert house.solax.commands() == []
    assert "There is no plan without: price" in caplog.text
