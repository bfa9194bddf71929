"""The journal of changes: what another hand changed is told once, what Home Assistant changed never."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.solar_cloud import logbook
from custom_components.solar_cloud.journal import EVENT_CHANGE
from homeassistant.core import Event

from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import BATTERY, HYBRID
from ..helpers.home import Home
from ..helpers.house import SungrowHouse

HOUR = 3600.0


@pytest.fixture
async def house(home: Home, sungrow: SungrowCloud) -> SungrowHouse:
    """A home whose settings were read."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    return house


def lines(house: SungrowHouse, events: list[Event[Any]]) -> list[str]:
    """Return what the logbook says."""
    described: dict[str, Any] = {}
    logbook.async_describe_events(
        house.hass, lambda domain, event, describe: described.update({event: describe})
    )
    told = [described[EVENT_CHANGE](each) for each in events]
    return [f"{line['name']}: {line['message']}" for line in told]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_the_vendors_app_changes_is_told_and_what_home_assistant_changes_is_not(
    house: SungrowHouse,
) -> None:
    """By a line in the logbook and the plant's event, with what it was and what it is."""
    events = async_capture_events(house.hass, EVENT_CHANGE)
    await house.turn("number", "set_value", "battery_min_soc", value=25)
    await house.home.pass_time(2 * HOUR, step=120)
    assert float(house.state("number", "battery_min_soc")) == 25
    assert events == []

    inverter = house.cloud.told(house.cloud.first(HYBRID))
    inverter.write({"10002": 300}, house.cloud.now())
    await house.home.pass_time(2 * HOUR, step=120)
    assert lines(house, events) == [
        "Home A Inverter: Setting changed: Min. charge: 25 → 30"
    ]
    state = house.home.state(f"sungrow_{house.cloud.plant.ps_id}_change", "event")
    assert state.attributes["event_type"] == "setting_changed"
    assert (state.attributes["before"], state.attributes["after"]) == ("25", "30")


async def test_firmware_and_devices_that_change_while_home_assistant_is_off_are_told_once(
    house: SungrowHouse,
) -> None:
    """A device that three lists lack is gone, and a restart repeats nothing."""
    events = async_capture_events(house.hass, EVENT_CHANGE)
    house.cloud.turn(inverter_firmware="SAPPHIRE-H_01011.51.07")
    battery = house.cloud.first(BATTERY)
    house.cloud.plant.devices.remove(battery)
    await house.home.restart(house.entry)
    await house.home.pass_time(30, step=30)  # the lists are read behind
    (line,) = lines(house, events)
    assert "Firmware changed: " in line
    assert "51.03 → " in line
    assert str(house.cloud.first(HYBRID).sn) not in line
    await house.home.pass_time(25 * HOUR, step=1800)
    assert lines(house, events)[1:] == ["Home A Battery: Device removed"]
    house.cloud.plant.devices.append(battery)
    await house.home.pass_time(13 * HOUR, step=1800)
    assert [each.data["change"] for each in events[2:]] == ["device_added"]
    await house.home.restart(house.entry)
    assert len(events) == 3
