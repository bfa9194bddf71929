"""How a Sungrow command is told to its end, and what is on disk before it is sent."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.solar_cloud.control.events import EVENT_COMMAND

from .test_sungrow_controls import House, house, sungrow, waiting

__all__ = ["house", "sungrow", "waiting"]


@pytest.mark.parametrize("seconds", [4.0, 20.0, 40.0, 70.0])
async def test_a_change_that_takes_its_time_is_not_told_as_ignored(
    house: House, caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    """Accepted, then confirmed, and nothing after that, however long the inverter takes and whoever looks meanwhile."""
    house.cloud.turn(task_seconds=seconds)
    events = async_capture_events(house.hass, EVENT_COMMAND)
    account = house.entry.runtime_data
    for wish in (25, 30):
        await house.turn("number", "set_value", "battery_min_soc", value=wish)
        for _ in range(60):
            await house.home.pass_time(5, step=5)
            account.control_manager.settings.async_update_listeners()
        assert float(house.state("number", "battery_min_soc")) == wish
        assert house.command("number", "battery_min_soc") == "confirmed"
    told = [event.data["result"] for event in events]
    assert set(told) <= {"accepted", "confirmed"}
    assert told.count("confirmed") == 2
    assert "reports something else" not in caplog.text


@pytest.mark.parametrize(
    ("control", "option"), [("battery_command", "charge"), ("work_mode", "forced")]
)
async def test_a_select_that_forces_is_on_disk_before_it_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch, control: str, option: str
) -> None:
    """Home Assistant dies between sending and answering: the battery is released all the same."""
    store = house.entry.runtime_data.store
    seen: list[Any] = []
    apply = house.entry.runtime_data.cloud.controls.apply

    async def watched(command: Any) -> Any:
        seen.append(store.load("forces"))
        return await apply(command)

    monkeypatch.setattr(house.entry.runtime_data.cloud.controls, "apply", watched)
    await house.set("select", control, option)
    (kept,) = seen[0].values()
    assert kept["until"] > kept["begun"]
    assert not kept["ends_by_itself"]
