"""Alarms as a user meets them: what is open, what is news, and what never is."""

from datetime import timedelta
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.solar_cloud import logbook
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.event import EVENT_ALARM
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import account_entry
from .helpers.home import Home, enable_everything, solax_id

PLANT = "sungrow_5000001"
INVERTER = "sungrow_ADEMO0010002"
INVERTER_KEY = "5000001_14_1_1"
HOUR = 3600.0


def told(home: Home, event: str) -> Any:
    """Return what the event entity says last, if it says that."""
    state = home.state(f"{PLANT}_alarm", "event")
    assert state.attributes["event_type"] == event
    return state.attributes


async def test_an_alarm_is_told_once_in_the_users_words_and_once_that_it_is_over(
    home: Home, sungrow: SungrowCloud
) -> None:
    """What was open when the plant was added is no news; neither restarts nor outages of ours make any."""
    home.hass.config.language = "de"
    old = sungrow.plant.site.fail("hybrid", "Grid Undervoltage", "13802")
    entry = account_entry(sungrow, "sungrow_account")
    await home.start(entry)
    enable_everything(home.hass, entry)
    await home.restart(entry)
    news = async_capture_events(home.hass, EVENT_ALARM)
    assert home.state(f"{PLANT}_active_alarms").state == "1"
    (listed,) = home.state(f"{PLANT}_active_alarms").attributes["alarms"]
    assert listed["name"] == "Netzunterspannung"
    assert listed["device"].startswith("Home A ")
    assert home.state(f"{PLANT}_alarm_level").state == "major"
    assert home.state(f"{PLANT}_alarm", "event").state == STATE_UNKNOWN

    sungrow.plant.site.repair(old)
    sungrow.change_device(INVERTER_KEY, {"fault": "BMS Communication Fault"})
    await home.pass_time(1800, step=300)
    # Both came with one answer: what is over is told first.
    assert [each.data["news"] for each in news] == ["cleared", "raised"]
    raised = told(home, "raised")
    assert raised["name"] == "BMS-Kommunikationsfehler"
    assert raised["cause"] == "Der Wechselrichter erreicht die Batterie nicht."
    assert (raised["level"], raised["code"]) == ("major", "714, 932")
    assert raised["raised_at"] is not None
    assert home.state(f"{INVERTER}_fault_code").state == "714, 932"
    assert home.state(f"{PLANT}_problem", "binary_sensor").state == STATE_ON

    sungrow.fault("getFaultAlarmInfo", http=500, times=None)
    await home.pass_time(4 * HOUR, step=300)
    await home.restart(entry)
    assert home.state(f"{PLANT}_active_alarms").state == "1"
    await home.pass_time(12 * HOUR, step=900)
    # Nobody can say any more what is wrong.
    assert home.state(f"{PLANT}_active_alarms").state == STATE_UNAVAILABLE
    assert home.state(f"{PLANT}_problem", "binary_sensor").state != STATE_OFF
    sungrow.faults.clear()
    await home.pass_time(1800, step=300)
    assert len(news) == 2

    sungrow.change_device(INVERTER_KEY, {"fault": None})
    await home.pass_time(1800, step=300)
    assert told(home, "cleared")["name"] == "BMS-Kommunikationsfehler"
    assert home.state(f"{INVERTER}_fault_code").state == "none"
    assert home.state(f"{PLANT}_alarm_level").state == "none"
    assert home.state(f"{PLANT}_problem", "binary_sensor").state == STATE_OFF
    assert len(news) == 3
    lines = [_line(home, each) for each in news]
    assert [message.partition(" (")[0] for message in lines] == [
        "Alarm vorbei: Netzunterspannung",
        "Neuer Alarm: BMS-Kommunikationsfehler",
        "Alarm vorbei: BMS-Kommunikationsfehler",
    ]


def _line(home: Home, event: Event[Any]) -> str:
    described: dict[str, Any] = {}
    logbook.async_describe_events(
        home.hass, lambda domain, event, describe: described.update({event: describe})
    )
    line: str = described[EVENT_ALARM](event)["message"]
    return line


async def test_a_notice_is_no_problem(home: Home, sungrow: SungrowCloud) -> None:
    """It is listed, and nothing is wrong; the serial of a dongle that is off is no more told than any other."""
    entry = account_entry(sungrow, "sungrow_account")
    sungrow.plant.site.fail("hybrid", "Clean the filter BDEMO0010001", "13863", kind=4)
    await home.start(entry)
    enable_everything(home.hass, entry)
    registry = er.async_get(home.hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if "BDEMO0010001" in each.unique_id:
            registry.async_update_entity(
                each.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )
    await home.restart(entry)
    listed = home.state(f"{PLANT}_active_alarms")
    assert listed.state == "1"
    assert listed.attributes["alarms"][0]["name"] == "Clean the filter …"
    assert home.state(f"{PLANT}_problem", "binary_sensor").state == STATE_OFF


async def test_an_alarms_texts_are_readable(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Whatever a cloud sends: control characters, a text turned around, a whole page; its level means nothing here (O17)."""
    await home.pass_time(1200)
    solax.plant.site.fail(
        "inverter",
        "Fan\x1b[31m\r\n\u202efault " + "x" * 5000,
        "IE077",
        advice="1. Wait.\r\n\n2. Call.\x1b" + "y" * 5000,
    )
    await home.pass_time(1800)
    key = solax_id(solax, None, "active_alarms")
    (alarm,) = home.state(key).attributes["alarms"]
    assert alarm["name"].startswith("Fan [31m fault xxx")
    assert alarm["name"].isprintable()
    assert len(alarm["name"]) <= 120
    assert alarm["advice"].startswith("1. Wait.\n2. Call. yyy")
    assert len(alarm["advice"]) <= 600
    assert alarm["level"] is None
    shown = home.state(solax_id(solax, None, "alarm"), "event")
    assert shown.attributes["name"] == alarm["name"]


@pytest.mark.parametrize("solax", ["home-hybrid"], indirect=True)
async def test_a_plant_whose_alarms_may_not_be_read_has_none_of_it(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """No sensor that says zero."""
    solax.fault("page_alarm_info", code=10403, times=None)
    await home.start(entry)
    await home.pass_time(1800, step=300)
    for key, platform in (("active_alarms", "sensor"), ("alarm", "event")):
        assert not home.known(solax_id(solax, None, key), platform)


async def asked(home: Home, **data: Any) -> Any:
    """Run the action."""
    return await home.hass.services.async_call(
        DOMAIN, "get_alarms", data, blocking=True, return_response=True
    )


async def test_alarms_can_be_asked_for_with_those_that_are_over(
    home: Home, sungrow: SungrowCloud, fusionsolar: FusionSolarCloud
) -> None:
    """As far as the vendors keep them and the limits of the moment go; what is missing is said, and why."""
    owners = account_entry(sungrow, "sungrow_account")
    await home.start(owners)
    sungrow.change_device(INVERTER_KEY, {"fault": "BMS Communication Fault"})
    await home.pass_time(1800, step=300)
    plant, inverter = (
        device.id
        for key in ("5000001", "ADEMO0010002")
        if (device := home.device(key, owners))
    )
    calls = sungrow.calls.count("getFaultAlarmInfo")
    answer = await asked(home)
    assert sungrow.calls.count("getFaultAlarmInfo") == calls
    (alarm,) = answer["alarms"]
    assert (answer["missing"], answer["continue_at"]) == ([], None)
    assert alarm["open"]
    assert alarm["device_id"] == inverter
    assert (alarm["type"], alarm["level"], alarm["cleared_at"]) == (
        "fault",
        "major",
        None,
    )
    json.dumps(answer)

    start = (home.freezer() - timedelta(days=10)).isoformat()
    answer = await asked(home, device_id=[plant], start=start)
    assert [each["open"] for each in answer["alarms"]] == [True, False]
    over = answer["alarms"][1]
    assert over["cleared_at"] is not None
    assert over["cleared_at"] > over["raised_at"]
    assert (await asked(home, device_id=[inverter], start=start)) == answer
    with pytest.raises(ServiceValidationError, match="in the past"):
        await asked(home, start=start, end="2020-01-01 00:00:00")
    with pytest.raises(ServiceValidationError, match="in the past"):
        await asked(home, start="0001-01-01 00:00:00")

    sungrow.fault("getFaultAlarmInfo", code="E999", times=None)
    answer = await asked(home, device_id=[plant, inverter], start=start)
    assert [each["open"] for each in answer["alarms"]] == [True]
    (missing,) = answer["missing"]
    assert (missing["device_id"], missing["reason"]) == (plant, "rate_limited")
    assert answer["continue_at"] is not None

    account = account_entry(fusionsolar, "fusionsolar_account")
    await home.start(account)
    (house,) = (
        device.id
        for key in [fusionsolar.plant.code]
        if (device := home.device(key, account))
    )
    answer = await asked(home, device_id=house, start=start)
    assert {each["reason"] for each in answer["missing"]} == {"not_read", "no_history"}
    await home.pass_time(900, step=300)
    answer = await asked(home, start=start)
    assert {(each["device_id"], each["reason"]) for each in answer["missing"]} == {
        (plant, "rate_limited"),
        (house, "no_history"),
    }
