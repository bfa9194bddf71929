"""A battery that is charged or discharged by command: it ends in time, whatever happens to the account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.solar_cloud.cloud.control import (
    ControlAction,
    ForcedMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from custom_components.solar_cloud.control.forced_mode import (
    LONGEST_RETRY,
    ForcedModeManager,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..emulators.solax import Kind
from ..helpers.house import UPLOAD, SolaxHouse, reason


async def test_a_battery_is_charged_for_a_while(house: SolaxHouse) -> None:
    """From any device of the plant; the receipt says how it stands and when it ends."""
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    result = await house.act(
        "charge_battery", Kind.BATTERY, power=3000, duration={"minutes": 30}
    )
    assert result["outcome"] == "accepted"
    assert result["running"]
    assert result["ends_at"] > result["sent_at"]
    await house.home.pass_time(UPLOAD)
    assert house.home.value(house.id(Kind.BATTERY, "battery_power")) == pytest.approx(
        -3000, rel=0.01
    )
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "push_power"
    await house.home.pass_time(2400)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "self_consumption"
    assert len(house.solax.commands()) == 1


async def test_a_target_is_ended_in_time_over_a_restart(house: SolaxHouse) -> None:
    """The vendor would go on for ever: we end it, even when restarted in between."""
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    await house.act(
        "charge_battery", None, power=500, duration={"minutes": 40}, target_soc=90
    )
    await house.home.pass_time(UPLOAD)
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "soc_target"
    await house.home.restart(house.entry)
    await house.home.pass_time(2400)
    assert house.solax.commands()[-1].path.endswith("exit_vpp_mode")
    assert len(house.solax.commands()) == 2
    assert house.state("sensor", Kind.INVERTER, "operating_state") == "self_consumption"


async def test_an_end_that_cannot_be_sent_is_tried_again(house: SolaxHouse) -> None:
    """A battery must not stay forced because the cloud was away; a repair says so meanwhile."""
    await house.act(
        "discharge_battery", power=500, duration={"minutes": 5}, target_soc=20
    )
    house.solax.fault("exit_vpp_mode", code=11500, times=3)
    await house.home.pass_time(400)
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert any("force_not_ended" in key for key in keys)
    await house.home.pass_time(1500)
    assert house.solax.command_queue.carried_out[-1][0] == "exit_vpp_mode"
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert not any("force_not_ended" in key for key in keys)


async def test_an_end_that_could_not_be_sent_for_weeks_is_still_tried(
    hass: HomeAssistant,
) -> None:
    """An inverter that is switched off over a long holiday is freed when it is back."""
    tried: list[ControlAction] = []

    async def send(action: ControlAction, _: Callable[[], bool]) -> None:
        tried.append(action)
        await supervision.end("battery")

    supervision = ForcedModeManager(
        hass,
        MockConfigEntry(domain=DOMAIN),
        MemoryStorage(),
        send,
        lambda device_id: False,
        lambda: None,
    )
    await supervision.begin("battery", ForcedMode(ends_after=0.0))
    for _ in range(2000):
        supervision.failed("battery")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=LONGEST_RETRY))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert tried == [StopBattery(device_id="battery")]


async def test_a_forced_mode_ends_when_controls_are_switched_off(
    house: SolaxHouse,
) -> None:
    """The vendor would go on for ever, and nobody could stop it from here any more."""
    await house.act(
        "discharge_battery", power=500, duration={"hours": 5}, target_soc=20
    )
    house.solax.fault("exit_vpp_mode", code=11500, times=1)
    house.hass.config_entries.async_update_entry(
        house.entry, options={"excluded_plants": [], "controls": False}
    )
    await house.home.restart(house.entry)
    await house.home.pass_time(UPLOAD)
    assert house.solax.command_queue.carried_out[-1][0] == "exit_vpp_mode"
    assert not house.home.known(house.id(Kind.CHARGER, "charging"), "switch")
    with pytest.raises(ServiceValidationError) as err:
        await house.act("stop_battery")
    assert reason(err) == "controls_off"
    assert not house.entry.runtime_data.store.load("forces")


async def test_a_forced_mode_ends_in_time_on_a_plant_that_was_left_out(
    house: SolaxHouse,
) -> None:
    """Whoever does not want to see a plant any more does not want its battery forced for ever."""
    await house.act(
        "discharge_battery", power=500, duration={"minutes": 40}, target_soc=20
    )
    house.hass.config_entries.async_update_entry(
        house.entry,
        options={"excluded_plants": [house.solax.plant.plant_id], "controls": True},
    )
    await house.home.restart(house.entry)
    await house.home.pass_time(1800, 300)
    assert len(house.solax.commands()) == 1
    assert not house.entry.runtime_data.control_manager.available.specs
    await house.home.pass_time(900, 300)
    assert house.solax.command_queue.carried_out[-1][0] == "exit_vpp_mode"
    await house.home.pass_time(900, 300)
    assert not house.entry.runtime_data.store.load("forces")
    assert len(house.solax.commands()) == 2


async def test_a_forced_mode_ends_with_its_account(house: SolaxHouse) -> None:
    """The inverter returns to what it did before."""
    house.solax.plant.site.set_soc(0.3)
    await house.act("charge_battery", power=2000, duration={"hours": 1})
    sent = len(house.solax.commands())
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    (stop,) = house.solax.commands()[sent:]
    assert "exit_vpp_mode" in stop.path


async def test_an_account_goes_though_its_cloud_is_down(
    house: SolaxHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be ended is logged; the inverter ends it by its own timer."""
    await house.act("charge_battery", power=2000, duration={"hours": 1})
    house.solax.fault("*", http=503, times=None)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    assert not house.hass.config_entries.async_entries(DOMAIN)
    assert "Forced modes may go on" in caplog.text


@pytest.mark.parametrize(
    ("wish", "told"), [({"target_soc": 90}, True), ({}, False)], ids=["ours", "timer"]
)
async def test_what_nobody_ends_any_more_is_told_when_the_account_goes(
    house: SolaxHouse, wish: dict[str, Any], told: bool
) -> None:
    """The cloud is down, and the account is removed all the same: only the user is left, and the inverter's own timer."""
    house.solax.plant.site.set_soc(0.3)
    await house.home.pass_time(UPLOAD)
    await house.act("charge_battery", power=500, duration={"hours": 1}, **wish)
    house.solax.fault("*", http=503, times=None)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    left = [
        each
        for each in ir.async_get(house.hass).issues.values()
        if each.translation_key == "force_left_on"
    ]
    assert bool(left) is told
    for each in left:
        assert each.translation_placeholders == {
            "account": "SolaX",
            "device": "Demo House Inverter",
        }


async def test_e45_a_force_without_effect_makes_a_repair(house: SolaxHouse) -> None:
    """E45: accepted, and the next upload shows nothing of it."""
    house.solax.turn(remote_without_effect=True)
    result = await house.act("charge_battery", duration={"minutes": 30})
    assert result["outcome"] == "accepted"
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(UPLOAD)
    assert [event.data["result"] for event in events] == ["refused"]
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert any("command_without_effect" in key for key in keys)
    assert len(house.solax.commands()) == 1
