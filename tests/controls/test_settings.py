"""Settings: from the action a user calls to the request, the changed world and the state that is read back."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..emulators.solax import Kind, SolaxCloud
from ..helpers.home import Home
from ..helpers.house import UPLOAD, SolaxHouse, reason

WITH_COMPANIONS = {
    "work_mode",
    "battery_min_soc",
    "battery_max_soc",
    "grid_charging",
}


async def test_a_mode_is_pending_then_confirmed(house: SolaxHouse) -> None:
    """The select shows the wish, then the charger's own word."""
    assert house.state("select", Kind.CHARGER, "charger_mode") == "fast"
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="green"
    )
    assert house.state("select", Kind.CHARGER, "charger_mode") == "green"
    assert house.command("select", Kind.CHARGER, "charger_mode") == "pending"
    (call,) = house.solax.commands()
    assert call.params["workMode"] == 3
    await house.home.pass_time(UPLOAD)
    assert house.state("select", Kind.CHARGER, "charger_mode") == "green"
    assert house.command("select", Kind.CHARGER, "charger_mode") == "confirmed"
    assert len(house.solax.commands()) == 1


async def test_a_limit_is_assumed_and_restored(house: SolaxHouse) -> None:
    """It cannot be read back: shown as assumed, kept over a restart, seen in the charger's power."""
    entity = house.id(Kind.CHARGER, "charge_current_limit")
    state = house.home.state(entity, "number")
    assert state.state == "unknown"
    assert state.attributes["assumed_state"]
    assert (state.attributes["min"], state.attributes["max"]) == (6, 16)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
    )
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "confirmed"
    await house.home.pass_time(UPLOAD)
    power = house.home.value(house.id(Kind.CHARGER, "charger_power"))
    assert 5000 < power < 6000
    await house.home.restart(house.entry)
    assert float(house.home.state(entity, "number").state) == 8


@pytest.mark.parametrize(
    ("platform", "service", "kind", "control", "data", "field", "sent"),
    [
        ("select", "select_option", Kind.CHARGER, "eco_current", {"option": "16"}, None, None),
        ("select", "select_option", Kind.CHARGER, "green_current", {"option": "6"}, None, None),
        ("select", "select_option", Kind.CHARGER, "charger_start_mode", {"option": "card"}, "startMode", 1),
        ("select", "select_option", Kind.CHARGER, "charger_scene", {"option": "home"}, "chargerScene", 0),
        ("button", "press", Kind.CHARGER, "charger_unlock", {}, "workCmd", 1),
        ("select", "select_option", Kind.INVERTER, "work_mode", {"option": "backup"}, "chargeFromGridEnable", 0),
        ("number", "set_value", Kind.INVERTER, "battery_min_soc", {"value": 25}, "minSoc", 25),
        ("number", "set_value", Kind.INVERTER, "battery_max_soc", {"value": 95}, "chargeUpperSoc", 95),
        ("switch", "turn_on", Kind.INVERTER, "grid_charging", {}, "chargeFromGridEnable", 1),
        ("switch", "turn_on", Kind.INVERTER, "battery_heating", {}, "heatingEnable", 1),
        ("button", "press", Kind.INVERTER, "exit_remote_control", {}, None, None),
    ],
)  # fmt: skip
async def test_every_control(
    house: SolaxHouse,
    platform: str,
    service: str,
    kind: Kind,
    control: str,
    data: dict[str, Any],
    field: str | None,
    sent: object,
) -> None:
    """One request with the right field; the state is what was asked for, now and after the next uploads."""
    if control in WITH_COMPANIONS:
        await house.know()
    await house.call(platform, service, kind, control, **data)
    if field is not None:
        (call,) = house.solax.commands()
        assert call.params[field] == sent
        assert len(house.solax.command_queue.carried_out) == 1
    await house.home.pass_time(UPLOAD)
    if platform != "button":
        wish = data.get("option") or data.get("value") or "on"
        shown = house.state(platform, kind, control)
        assert shown in {
            str(wish),
            str(float(wish)) if field and platform == "number" else wish,
        }
        assert house.command(platform, kind, control) in {
            "confirmed",
            "accepted" if field else "kept",
        }


async def test_charging_is_switched(house: SolaxHouse) -> None:
    """Off stops the car, on starts it, a minute apart."""
    await house.call("switch", "turn_off", Kind.CHARGER, "charging")
    assert house.state("switch", Kind.CHARGER, "charging") == "off"
    await house.home.pass_time(UPLOAD)
    assert house.command("switch", Kind.CHARGER, "charging") == "confirmed"
    assert house.home.value(house.id(Kind.CHARGER, "charger_power")) == 0
    await house.call("switch", "turn_on", Kind.CHARGER, "charging")
    with pytest.raises(ServiceValidationError) as err:
        await house.call("switch", "turn_off", Kind.CHARGER, "charging")
    assert reason(err) == "too_soon"
    assert house.state("switch", Kind.CHARGER, "charging") == "on"
    await house.home.pass_time(UPLOAD)
    assert house.home.value(house.id(Kind.CHARGER, "charger_power")) > 10000


@pytest.mark.parametrize(
    ("platform", "service", "kind", "control", "data"),
    [
        ("select", "select_option", Kind.CHARGER, "charger_mode", {"option": "eco"}),
        ("select", "select_option", Kind.CHARGER, "charger_start_mode", {"option": "app"}),
        ("number", "set_value", Kind.CHARGER, "charge_current_limit", {"value": 9}),
        ("switch", "turn_off", Kind.CHARGER, "charging", {}),
        ("select", "select_option", Kind.INVERTER, "work_mode", {"option": "backup"}),
        ("number", "set_value", Kind.INVERTER, "battery_min_soc", {"value": 25}),
        ("switch", "turn_on", Kind.INVERTER, "grid_charging", {}),
        ("button", "press", Kind.INVERTER, "exit_remote_control", {}),
        ("button", "press", Kind.CHARGER, "charger_unlock", {}),
        ("select", "select_option", Kind.CHARGER, "charger_scene", {"option": "standard"}),
        ("number", "set_value", Kind.INVERTER, "battery_max_soc", {"value": 95}),
        ("switch", "turn_on", Kind.INVERTER, "battery_heating", {}),
    ],
)  # fmt: skip
async def test_every_refusal_is_shown(
    house: SolaxHouse,
    platform: str,
    service: str,
    kind: Kind,
    control: str,
    data: dict[str, Any],
) -> None:
    """The dialog says why, the state is what it was, nothing is repeated."""
    if control in WITH_COMPANIONS:
        await house.know()
    before = house.state(platform, kind, control)
    house.solax.turn(command_outcome=5)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(platform, service, kind, control, **data)
    assert reason(err) == "device_refused"
    assert house.command(platform, kind, control) == "refused"
    if platform != "button":
        assert house.state(platform, kind, control) == before
    await house.home.pass_time(UPLOAD)
    assert len(house.solax.commands()) == 1


async def test_a_lock_without_a_vehicle(house: SolaxHouse) -> None:
    """With one it is refused before anything is sent."""
    await house.home.pass_time(UPLOAD)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("button", "press", Kind.CHARGER, "charger_lock")
    assert err.value.translation_key == "vehicle_connected"
    assert not house.solax.commands()
    house.solax.plant.site.unplug("charger")
    await house.home.pass_time(UPLOAD)
    await house.call("button", "press", Kind.CHARGER, "charger_lock")
    (call,) = house.solax.commands()
    assert call.params["workCmd"] == 0
    await house.home.pass_time(UPLOAD)
    state = house.home.state(house.id(Kind.CHARGER, "operating_state"))
    assert state.state == "out_of_service"


async def test_the_feed_in_of_a_home_is_limited(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """One model takes it: the world sells no more than that, and a refusal changes nothing."""
    solax.change_device(solax.first(Kind.INVERTER).sn, {"model": 33})
    house = SolaxHouse(home, solax, entry)
    await house.start()
    limit = ("number", "set_value", Kind.INVERTER, "export_limit")

    def allowed() -> float | None:
        return solax.plant.site.controls.latest.export_limit_w

    await house.call(*limit, value=1250)
    await home.pass_time(UPLOAD)
    assert solax.commands()[-1].params["limitValue"] == 1.25
    assert allowed() == 1250
    assert float(house.state("number", Kind.INVERTER, "export_limit")) == 1250
    assert house.state("switch", Kind.INVERTER, "export_limit_enabled") == "on"
    await house.call("switch", "turn_off", Kind.INVERTER, "export_limit_enabled")
    await home.pass_time(UPLOAD)
    assert allowed() is None
    assert house.state("switch", Kind.INVERTER, "export_limit_enabled") == "off"
    solax.turn(command_outcome=5)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(*limit, value=0)
    assert reason(err) == "device_refused"
    with pytest.raises(HomeAssistantError) as err:
        await house.call("switch", "turn_on", Kind.INVERTER, "export_limit_enabled")
    assert reason(err) == "device_refused"
    await home.pass_time(UPLOAD)
    assert float(house.state("number", Kind.INVERTER, "export_limit")) == 1250
    assert house.state("switch", Kind.INVERTER, "export_limit_enabled") == "off"


@pytest.mark.parametrize("solax", ["ci-ems"], indirect=True)
@pytest.mark.parametrize("key", ["export_limit", "import_limit"])
async def test_a_business_is_limited_by_its_ems(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry, key: str
) -> None:
    """Where AELIO inverters hang on it."""
    for device in solax.plant.of(Kind.INVERTER):
        solax.change_device(device.sn, {"model": 1})
    ems = solax.plant.ems
    house = SolaxHouse(home, solax, entry)
    await house.start()

    async def call(platform: str, service: str, name: str, **data: Any) -> None:
        entity_id = home.entity_id(f"solax_{ems}_{name}", platform)
        await home.hass.services.async_call(
            platform, service, {"entity_id": entity_id, **data}, blocking=True
        )

    def allowed() -> float | None:
        if key == "export_limit":
            return solax.plant.site.controls.latest.export_limit_w
        kilowatts = solax.plant.import_limit_kw
        return None if kilowatts is None else 1000 * kilowatts

    def shown(name: str, platform: str) -> str:
        return home.state(f"solax_{ems}_{name}", platform).state

    await call("number", "set_value", key, value=20_000)
    await home.pass_time(UPLOAD)
    assert allowed() == 20_000
    assert float(shown(key, "number")) == 20_000
    assert shown(f"{key}_enabled", "switch") == "on"
    await call("switch", "turn_off", f"{key}_enabled")
    assert allowed() is None
    solax.turn(command_outcome=5)
    with pytest.raises(HomeAssistantError) as err:
        await call("switch", "turn_on", f"{key}_enabled")
    assert reason(err) == "device_refused"
    await home.pass_time(UPLOAD)
    assert shown(f"{key}_enabled", "switch") == "off"


async def test_a_mode_just_chosen_survives_the_next_setting(house: SolaxHouse) -> None:
    """Feed-in priority, and a minimum twenty seconds later: the inverter stays in feed-in priority."""
    await house.know()
    await house.home.pass_time(UPLOAD)
    await house.call(
        "select",
        "select_option",
        Kind.INVERTER,
        "work_mode",
        option="feed_in_priority",
    )
    await house.home.pass_time(20)
    await house.call("number", "set_value", Kind.INVERTER, "battery_min_soc", value=20)
    told = house.solax.told(Kind.INVERTER)
    assert (told.mode, told.settings["minSoc"]) == (153, 20)
    await house.home.pass_time(UPLOAD)
    state = house.state("sensor", Kind.INVERTER, "operating_state")
    assert state == "feed_in_priority"
    assert house.state("select", Kind.INVERTER, "work_mode") == "feed_in_priority"


async def test_a_limit_that_an_action_changed_is_shown(house: SolaxHouse) -> None:
    """Nobody can read it back: what was accepted last is shown, whichever way it was told."""
    await house.know()
    await house.call("number", "set_value", Kind.INVERTER, "battery_min_soc", value=20)
    await house.act("set_work_mode", mode="backup", min_soc=30, max_soc=95)
    for _ in range(2):
        await house.home.pass_time(600)
        assert float(house.state("number", Kind.INVERTER, "battery_min_soc")) == 30
        await house.home.restart(house.entry)
    await house.call("number", "set_value", Kind.INVERTER, "battery_min_soc", value=25)
    await house.home.pass_time(600)
    assert float(house.state("number", Kind.INVERTER, "battery_min_soc")) == 25


async def test_a_first_setting_asks_for_what_it_would_overwrite(
    house: SolaxHouse,
) -> None:
    """Nothing is sent, and the dialog names what to tell along, and where."""
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "number", "set_value", Kind.INVERTER, "battery_min_soc", value=25
        )
    assert reason(err) == "companions_unknown"
    assert "overwrite Max. charge, Charge from grid, which" in str(err.value)
    assert house.state("number", Kind.INVERTER, "battery_min_soc") == "unknown"
    assert not house.solax.commands()


async def test_a_current_for_a_mode_that_is_off_is_kept(house: SolaxHouse) -> None:
    """It is not called accepted: nothing was sent, and it goes along with the mode."""
    events = async_capture_events(house.hass, EVENT_COMMAND)
    current = ("select", Kind.CHARGER, "eco_current")
    await house.call("select", "select_option", *current[1:], option="16")
    assert house.command(*current) == "kept"
    assert [event.data["result"] for event in events] == ["kept"]
    assert not house.solax.commands()
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="eco"
    )
    assert house.solax.commands()[-1].params["currentGear"] == 16


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_charge_that_was_over_before_the_upload_makes_no_repair(
    house: SolaxHouse, stopped: bool
) -> None:
    """Ended by its timer or by a stop, it was not without effect."""
    house.solax.plant.site.set_soc(0.3)
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.act("charge_battery", duration={"seconds": 3600 if stopped else 20})
    if stopped:
        await house.home.pass_time(10)
        await house.act("stop_battery")
    await house.home.pass_time(UPLOAD)
    assert "refused" not in {event.data["result"] for event in events}
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert not any("command_without_effect" in key for key in keys)


async def test_stop_work_mode_schedule_and_reservation(house: SolaxHouse) -> None:
    """Each with its receipt, on the wire and in the world."""
    await house.act("discharge_battery", power=2000, duration={"hours": 1})
    assert (await house.act("stop_battery"))["ends_at"] is None
    result = await house.act(
        "set_work_mode", mode="feed_in_priority", min_soc=20, max_soc=95
    )
    assert result["outcome"] == "confirmed"
    told = house.solax.told(Kind.INVERTER)
    assert (told.mode, told.settings["minSoc"], told.remote) == (153, 20, None)
    await house.home.pass_time(UPLOAD)
    assert float(house.state("number", Kind.INVERTER, "battery_min_soc")) == 20
    await house.act(
        "set_battery_schedule",
        periods=[{"start": "23:00", "end": "05:00", "target_soc": 90}],
    )
    assert told.settings["chargeStartTimePeriod1"] == "23:00"
    assert told.settings["chargeUpperSoc"] == 90
    await house.act(
        "reserve_charging", Kind.CHARGER, start="01:00", end="04:00", current=10
    )
    assert house.solax.told(Kind.CHARGER).reservation["chargeCurrent"] == 10


async def test_what_the_user_can_mend(house: SolaxHouse) -> None:
    """Is a validation error with its reason, and costs no call."""
    for service, kind, data, key in (
        ("charge_battery", Kind.INVERTER, {"power": 99999, "duration": 60}, "out_of_range"),
        ("charge_battery", Kind.CHARGER, {"duration": {"hours": 20}}, "duration_too_long"),
        ("set_work_mode", Kind.INVERTER, {"mode": "manual"}, "mode_not_offered"),
        ("reserve_charging", Kind.CHARGER, {"start": "01:00", "end": "01:00", "current": 9}, "period_empty"),
    ):  # fmt: skip
        with pytest.raises(ServiceValidationError) as err:
            await house.act(service, kind, **data)
        assert reason(err) == key
    assert not house.solax.commands()
