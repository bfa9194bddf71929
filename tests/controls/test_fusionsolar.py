"""A FusionSolar owner changes settings in Home Assistant: from the action to the plant and its own word."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from homeassistant.exceptions import HomeAssistantError

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.fusionsolar.steered import THIRD_PARTY
from ..helpers.home import Home
from ..helpers.house import FusionSolarHouse

LIMIT = "active-power-control/async-task"


@pytest.fixture
async def house(home: Home, fusionsolar: FusionSolarCloud) -> FusionSolarHouse:
    """A home whose settings were read."""
    house = FusionSolarHouse(home, fusionsolar)
    await house.start()
    return house


@pytest.mark.parametrize("restart", [False, True])
async def test_a_number_is_pending_then_confirmed(
    house: FusionSolarHouse, restart: bool
) -> None:
    """The wish shows at once, then the plant's own word, over a restart too."""
    assert float(house.state("number", "export_limit")) == 9900
    assert house.state("switch", "export_limit_enabled") == "off"
    await house.turn("number", "set_value", "export_limit", value=1500)
    assert float(house.state("number", "export_limit")) == 1500
    assert house.command("number", "export_limit") == "pending"
    if restart:
        await house.home.restart(house.entry)
        assert float(house.state("number", "export_limit")) == 1500
    await house.home.pass_time(600, step=30)
    assert house.told.limit_kw == 1.5
    assert float(house.state("number", "export_limit")) == 1500
    assert house.command("number", "export_limit") == "confirmed"
    assert house.state("switch", "export_limit_enabled") == "on"
    assert house.writes == 1


EVERY_CONTROL = [
    ("number", "battery_min_soc", 15, {"endOfDischargeSoc": 15}),
    ("number", "battery_max_soc", 95, {"endOfChargeSoc": 95}),
    ("number", "battery_charge_power_limit", 2000, {"maximumChargePower": 2000}),
    ("number", "battery_discharge_power_limit", 2000, {"maximumDischargePower": 2000}),
    ("number", "export_limit", 1500, {"maxGridFeedInPower": 1.5}),
    ("number", "grid_charge_power_limit", 2000, {"allowedAcChargePower": 2.0}),
    ("select", "work_mode", "self_consumption", {"operationMode": "maximumSelfConsumption"}),
    ("select", "surplus_priority", "feed_in", {"redundantPVEnergyPriority": "fedToGridPreference"}),
    ("switch", "export_limit_enabled", "off", {"controlMode": "0"}),
]  # fmt: skip


async def _in_time_of_use_with_a_limit(house: FusionSolarHouse) -> None:
    """Settings that some controls need."""
    await house.turn("number", "set_value", "export_limit", value=3000)
    await house.act(
        "set_battery_schedule",
        periods=[{"start": "01:00", "end": "05:00", "charge": True}],
    )
    await house.home.pass_time(700, step=30)
    assert house.state("select", "work_mode") == "time_of_use"
    assert house.state("switch", "export_limit_enabled") == "on"
    house.cloud.calls.clear()


def _sent(house: FusionSolarHouse) -> dict[str, Any]:
    """Return every field of the last command."""
    (task,) = house.cloud.calls.of("async-task")[-1].params["tasks"]
    nested = [each for each in task.values() if isinstance(each, dict)]
    return {key: value for each in (task, *nested) for key, value in each.items()}


@pytest.mark.parametrize(("platform", "control", "wish", "fields"), EVERY_CONTROL)
async def test_every_control(
    house: FusionSolarHouse,
    platform: str,
    control: str,
    wish: float | str,
    fields: dict[str, Any],
) -> None:
    """One task with the right fields, and what the plant or its last acceptance says of it."""
    await _in_time_of_use_with_a_limit(house)
    await house.set(platform, control, wish)
    await house.home.pass_time(700, step=30)
    assert house.writes == 1
    assert fields.items() <= _sent(house).items()
    told = house.told
    assert {
        "battery_min_soc": told.parameters["endOfDischargeSoc"] == 15,
        "battery_max_soc": told.parameters["endOfChargeSoc"] == 95,
        "battery_charge_power_limit": told.parameters.get("maximumChargePower") == 2000,
        "battery_discharge_power_limit": (
            told.parameters.get("maximumDischargePower") == 2000
        ),
        "export_limit": told.limit_kw == 1.5,
        "grid_charge_power_limit": (told.times or {}).get("allowedAcChargePower") == 2,
        "work_mode": told.mode == "maximumSelfConsumption",
        "surplus_priority": (told.times or {}).get("redundantPVEnergyPriority")
        == "fedToGridPreference",
        "export_limit_enabled": told.limit_kw is None,
    } == {row[1]: row[1] == control for row in EVERY_CONTROL}
    shown = house.state(platform, control)
    assert float(shown) == wish if platform == "number" else shown == wish
    assert house.command(platform, control) == "confirmed"


@pytest.mark.parametrize(("platform", "control", "wish", "fields"), EVERY_CONTROL)
async def test_every_refusal_of_the_plant_is_told(
    house: FusionSolarHouse,
    platform: str,
    control: str,
    wish: float | str,
    fields: dict[str, Any],
) -> None:
    """Minutes after the dialog was closed: the state is what it was, and nothing is repeated."""
    await _in_time_of_use_with_a_limit(house)
    before = house.state(platform, control)
    house.cloud.turn(task_outcome="FAILURE")
    await house.set(platform, control, wish)
    await house.home.pass_time(700, step=30)
    assert house.command(platform, control) == "refused"
    assert house.state(platform, control) == before
    assert house.writes == 1


async def test_a_forced_mode_is_ended_by_the_button(house: FusionSolarHouse) -> None:
    """It ends at once, whatever was planned."""
    await house.act("discharge_battery", power=2000, duration={"hours": 2})
    await house.home.pass_time(600, step=30)
    assert house.forced()
    await house.turn("button", "press", "stop_forced_charge")
    await house.home.pass_time(600, step=30)
    assert not house.forced()
    assert house.writes == 2
    house.cloud.fault("charge-and-discharge/async-task", code=20615)
    with pytest.raises(HomeAssistantError) as err:
        await house.turn("button", "press", "stop_forced_charge")
    assert err.value.translation_key == "command_running"


async def test_a_refusal_is_shown(house: FusionSolarHouse) -> None:
    """At once in the dialog; later by the entity, which shows the plant's word again."""
    house.cloud.fault(LIMIT, code=20615)
    with pytest.raises(HomeAssistantError) as err:
        await house.turn("number", "set_value", "export_limit", value=1500)
    assert err.value.translation_key == "command_running"
    assert float(house.state("number", "export_limit")) == 9900
    house.cloud.turn(task_outcome="BUSY")
    await house.turn("number", "set_value", "export_limit", value=1500)
    await house.home.pass_time(600, step=30)
    assert house.command("number", "export_limit") == "refused"
    assert house.state("switch", "export_limit_enabled") == "off"
    assert house.writes == 2


async def test_an_ignored_limit_is_told(house: FusionSolarHouse) -> None:
    """The device said yes and reads back something else."""
    house.cloud.turn(task_outcome="ignored")
    await house.turn("number", "set_value", "export_limit", value=1500)
    await house.home.pass_time(900, step=30)
    assert house.command("number", "export_limit") == "not_taken"
    assert float(house.state("number", "export_limit")) == 9900
    assert house.state("switch", "export_limit_enabled") == "off"
    assert house.writes == 1


async def test_a_battery_is_charged_for_a_time(house: FusionSolarHouse) -> None:
    """By the action, on the battery a user selects: it fills, and the plant ends it."""
    result = await house.act("charge_battery", power=3000, duration={"minutes": 30})
    assert result["outcome"] == "accepted"
    assert result["running"] is True
    assert result["ends_at"] > result["sent_at"]
    await house.home.pass_time(1200, step=60)
    battery = f"fusionsolar_{house.cloud.first(39).serial}"
    assert house.home.value(f"{battery}_battery_power") == -3000
    assert house.home.state(f"{battery}_work_mode").state == "forced"
    await house.home.pass_time(1500, step=60)
    assert house.told.forced is None
    assert house.writes == 1


async def test_a_charge_to_a_target_is_ended_in_time(house: FusionSolarHouse) -> None:
    """The vendor knows no time beside a target: Home Assistant keeps it, over a restart too."""
    await house.act(
        "charge_battery", power=1000, target_soc=99, duration={"minutes": 20}
    )
    await house.home.pass_time(600, step=30)
    assert house.forced()
    await house.home.restart(house.entry)
    shown = house.home.state(house.id("forced_mode_ends")).attributes
    assert (shown["mode"], shown["power"], shown["target_soc"]) == ("charge", 1000, 99)
    await house.home.pass_time(1200, step=30)
    assert not house.forced()
    assert house.writes == 2


async def test_a_forced_mode_ends_with_its_account(house: FusionSolarHouse) -> None:
    """Nobody would keep its time any more."""
    await house.act("charge_battery", power=1000, target_soc=99, duration={"hours": 1})
    await house.home.pass_time(600, step=30)
    assert house.forced()
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    house.home.freezer.tick(600)
    assert not house.forced()
    assert house.writes == 2


async def test_an_account_goes_though_its_cloud_is_down(
    house: FusionSolarHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be ended is logged."""
    await house.act("charge_battery", power=1000, target_soc=99, duration={"hours": 1})
    house.cloud.fault("*", http=503, times=None)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    assert not house.hass.config_entries.async_entries(DOMAIN)
    assert "A forced mode may go on" in caplog.text


async def test_a_setpoint_of_third_party_dispatch_ends_in_time(
    home: Home, fusionsolar: FusionSolarCloud
) -> None:
    """By the same action; Home Assistant keeps the time, and ends it with a setpoint of nothing."""
    house = FusionSolarHouse(home, fusionsolar)
    house.told.mode = THIRD_PARTY
    await house.start()
    assert house.state("select", "work_mode") == "external_control"
    await house.act("charge_battery", power=2000, duration={"minutes": 20})
    await home.pass_time(900, step=30)
    assert house.told.setpoint == 2000
    battery = f"fusionsolar_{fusionsolar.first(39).serial}_battery_power"
    assert home.value(battery) == -2000
    await home.pass_time(900, step=30)
    assert house.told.setpoint == 0
    assert house.writes == 2


async def test_a_schedule_and_a_mode(house: FusionSolarHouse) -> None:
    """The mode follows its periods, and comes back with them."""
    assert house.state("select", "work_mode") == "self_consumption"
    period = {"start": "01:00", "end": "05:00", "charge": True}
    await house.act("set_battery_schedule", periods=[period])
    await house.home.pass_time(600, step=30)
    assert house.state("select", "work_mode") == "time_of_use"
    assert house.state("select", "surplus_priority") == "charge"
    await house.turn("select", "select_option", "work_mode", option="self_consumption")
    await house.home.pass_time(600, step=30)
    assert house.command("select", "work_mode") == "confirmed"
    assert house.state("select", "surplus_priority") == "unknown"


async def test_without_the_scope_there_is_no_entity(
    home: Home, fusionsolar: FusionSolarCloud, hass_client: ClientSessionGenerator
) -> None:
    """And the diagnostics say why."""
    fusionsolar.turn(grants=frozenset({"pvms.openapi.basic"}))
    house = FusionSolarHouse(home, fusionsolar)
    await house.start()
    assert not home.known(house.id("export_limit"), "number")
    report: Any = await get_diagnostics_for_config_entry(
        home.hass, hass_client, house.entry
    )
    (row,) = report["controls"]["withheld"]
    assert row["reasons"] == {"all": "no_permission"}
    with pytest.raises(HomeAssistantError) as err:
        await house.act("charge_battery", duration=600)
    assert err.value.translation_key == "no_controllable_device"
    assert house.writes == 0


async def test_controls_switched_off_end_a_mode_with_a_timer_too(
    house: FusionSolarHouse,
) -> None:
    """Two hours of charging, which the plant would end itself: it ends at once, as docs/controls.md promises."""
    await house.act("charge_battery", power=1000, duration={"hours": 2})
    await house.home.pass_time(300, step=30)
    assert house.forced()
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    await house.home.pass_time(900, step=30)
    assert not house.forced()
    assert not house.entry.runtime_data.store.load("forces")
