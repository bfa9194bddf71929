"""Who may change settings, which there are, and why one is missing."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud import logbook
from custom_components.solar_cloud.const import POLL_PERIOD
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component

from ..emulators.solax import Kind, SolaxCloud
from ..helpers.home import Home, solax_entry, solax_id
from ..helpers.house import SolaxHouse, reason


async def test_e62_only_administrators(
    house: SolaxHouse, hass_read_only_user: MockUser
) -> None:
    """E62: nobody else operates hardware through actions."""
    context = Context(user_id=hass_read_only_user.id)
    for service, data in (
        ("charge_battery", {"duration": 60}),
        ("stop_battery", {}),
        ("set_work_mode", {"mode": "backup"}),
    ):
        with pytest.raises(Unauthorized):
            await house.act(service, context=context, **data)
    assert not house.solax.commands()


async def test_entities_are_operated_by_whom_home_assistant_lets(
    house: SolaxHouse, hass_read_only_user: MockUser
) -> None:
    """Who may only look changes nothing; the rest of the household need not be administrators."""
    household = MockUser(name="Household").add_to_hass(house.hass)
    household.mock_policy({"entities": True})
    only_looks = Context(user_id=hass_read_only_user.id)
    setting = ("number", "set_value", Kind.CHARGER, "charge_current_limit")
    with pytest.raises(Unauthorized):
        await house.call(*setting, context=only_looks, value=9)
    assert not house.solax.commands()
    await house.call(*setting, context=Context(user_id=household.id), value=9)
    assert len(house.solax.commands()) == 1


async def test_the_logbook_knows_who_did_what(
    house: SolaxHouse, hass_admin_user: MockUser
) -> None:
    """User, wish and result of every command."""
    events = async_capture_events(house.hass, EVENT_COMMAND)
    context = Context(user_id=hass_admin_user.id)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", context, value=8
    )
    await house.act("stop_battery", context=context)
    first, second = events[:2]
    assert first.context.user_id == second.context.user_id == hass_admin_user.id
    assert first.data == {
        "device_id": house.device_id(Kind.CHARGER),
        "command": "charge_current_limit",
        "value": 8,
        "result": "confirmed",
        "reason": None,
    }
    assert second.data["command"] == "stop_battery"
    described: dict[str, Any] = {}
    logbook.async_describe_events(
        house.hass, lambda domain, event, describe: described.update({event: describe})
    )
    line = described[EVENT_COMMAND](first)
    assert line["message"] == "Max. current → 8: Confirmed"
    assert line["name"] != "Solar Cloud"
    for command, value, shown in (
        ("charger_mode", "eco", "Work mode → Eco: Confirmed"),
        ("charging", True, "Charging → On: Confirmed"),
    ):
        data = {"command": command, "value": value, "result": "confirmed"}
        line = described[EVENT_COMMAND](Event(EVENT_COMMAND, data))
        assert line["message"] == shown
    lost = Event(
        EVENT_COMMAND,
        {"command": "charging", "result": "refused", "reason": "No vehicle."},
    )
    line = described[EVENT_COMMAND](lost)
    assert line == {"name": "Solar Cloud", "message": "Charging: Refused (No vehicle.)"}


async def test_controls_off(home: Home, solax: SolaxCloud) -> None:
    """No entity, and the actions say so."""
    entry = solax_entry(solax, excluded_plants=[], controls=False)
    house = SolaxHouse(home, solax, entry)
    await house.start()
    for platform, kind, control in (
        ("number", Kind.CHARGER, "charge_current_limit"),
        ("switch", Kind.CHARGER, "charging"),
        ("select", Kind.INVERTER, "work_mode"),
    ):
        assert not home.known(house.id(kind, control), platform)
    with pytest.raises(ServiceValidationError) as err:
        await house.act("stop_battery")
    assert reason(err) == "controls_off"


async def test_a_refresh_after_a_change_of_settings_asks_once(
    house: SolaxHouse,
) -> None:
    """Who changes something wants to see what it did; who asks again a moment later gets what is known."""
    await house.home.pass_time(POLL_PERIOD)
    button = house.home.entity_id(solax_id(house.solax, None, "refresh"), "button")

    async def refresh() -> int:
        house.solax.calls.clear()
        await house.hass.services.async_call(
            "button", "press", {"entity_id": button}, blocking=True
        )
        return len(house.solax.calls.of("device/realtime_data"))

    await refresh()  # whatever the polls left due
    assert await refresh() == 0
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=10
    )
    assert await refresh() > 0
    assert await refresh() == 0


async def test_controls_switched_off_later(house: SolaxHouse) -> None:
    """Their entities go; those that only tell stay."""
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    assert not house.home.known(house.id(Kind.CHARGER, "charging"), "switch")
    assert not house.home.known(house.id(Kind.CHARGER, "charger_lock"), "button")
    plant = solax_id(house.solax, None, "refresh")
    assert house.home.known(plant, "button")
    assert house.home.known(house.id(Kind.CHARGER, "charger_power"))


async def _diagnostics(
    hass: HomeAssistant, client: ClientSessionGenerator, entry: MockConfigEntry
) -> Any:
    return (await get_diagnostics_for_config_entry(hass, client, entry))["controls"]


async def test_what_was_granted_later_is_there_after_a_reload(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The token of before lives for weeks, and would name no other packs; where none is missing no other token is asked for."""
    solax.withdraw("API_EVC_V2")
    house = SolaxHouse(home, solax, entry)
    await house.start()
    charging = house.id(Kind.CHARGER, "charging")
    assert not home.known(charging, "switch")
    solax.authorise("API_EVC_V2")
    await home.pass_time(600)
    await home.restart(entry)
    await home.pass_time(600)
    assert home.known(charging, "switch")
    solax.calls.clear()
    await home.restart(entry)
    await home.pass_time(600)
    assert not solax.calls.of("token")


async def test_a_missing_permission_is_explained(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """No entity for what was not granted; the diagnostics name the reason, no device by its serial."""
    assert await async_setup_component(home.hass, "diagnostics", {})
    solax.withdraw("API_EVC_V2", "API_Remote_V2")
    house = SolaxHouse(home, solax, entry)
    await house.start()
    assert not home.known(house.id(Kind.CHARGER, "charging"), "switch")
    assert home.known(house.id(Kind.INVERTER, "work_mode"), "select")
    report = await _diagnostics(home.hass, hass_client, entry)
    assert report["enabled"]
    unavailable_reasons = {row["device"]: row["reasons"] for row in report["withheld"]}
    assert unavailable_reasons["charger_1"] == {"all": "no_permission"}
    assert unavailable_reasons["inverter_1"]["ChargeBattery"] == "no_permission"
    with pytest.raises(ServiceValidationError) as err:
        await house.act("charge_battery", duration=60)
    assert reason(err) == "no_controllable_device"


@pytest.mark.parametrize("solax", ["micro-only"], indirect=True)
async def test_no_battery_is_explained(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """E46: battery controls only with a battery."""
    assert await async_setup_component(home.hass, "diagnostics", {})
    house = SolaxHouse(home, solax, entry)
    await house.start()
    assert not home.known(house.id(Kind.INVERTER, "work_mode"), "select")
    report = await _diagnostics(home.hass, hass_client, entry)
    assert report["withheld"][0]["reasons"]["work_mode"] == "no_battery"


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_which_device_is_meant(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A plant stands for its only inverter that takes commands."""
    house = SolaxHouse(home, solax, entry)
    await house.start()
    assert (await house.act("stop_battery", None))["outcome"]
    solax.change_device(solax.plant.of(Kind.INVERTER)[1].sn, {"facts": {"flag": 1}})
    await house.home.restart(entry)
    await house.home.pass_time(360)  # the lists are read behind the first values
    with pytest.raises(ServiceValidationError) as err:
        await house.act("stop_battery", None)
    assert reason(err) == "ambiguous_device"


async def test_a_mode_of_the_past_comes_back_with_its_device(house: SolaxHouse) -> None:
    """A control of a removed device goes with it."""
    serial = house.solax.first(Kind.CHARGER).sn
    house.solax.remove_device(serial)
    await house.home.restart(house.entry)
    await house.home.pass_time(600)
    state = house.hass.states.get(
        house.home.entity_id(f"solax_{serial}_charging", "switch")
    )
    assert state is None or state.state == "unavailable"
