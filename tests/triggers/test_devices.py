"""Charge, silence, forced modes and alarms, each told once when it comes about."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.model import DeviceKind
from homeassistant.exceptions import HomeAssistantError

from ..emulators.solax import Kind
from .conftest import Automated

ONE_VENDOR = pytest.mark.parametrize("sign_in", ["solax"], indirect=True)


@pytest.mark.parametrize("sign_in", ["solax", "fusionsolar_account"], indirect=True)
async def test_a_state_of_charge_is_reached_from_one_side(
    automated: Automated,
) -> None:
    """From below or from above, by what a plant or its battery tells; each side is a condition, too."""
    home, site = automated.home, automated.site
    site.set_soc(0.5)
    await home.pass_time(900)
    await automated.automate(trigger="battery_reached", level=80)
    site.set_soc(0.9)
    await home.pass_time(900)
    (told,) = automated.told
    assert told["device_id"] == automated.device()
    assert float(told["before"]) < 80 <= float(told["state_of_charge"])
    site.set_soc(0.4)
    await home.pass_time(900)
    assert len(automated.ran) == 1
    battery = automated.target(DeviceKind.BATTERY)
    await automated.again(
        trigger="battery_reached", level=30, direction="falling", target=battery
    )
    site.set_soc(0.2)
    await home.pass_time(900)
    assert automated.told[-1]["device_id"] == battery["device_id"]
    assert float(automated.told[-1]["state_of_charge"]) <= 30
    for condition, holds in (("battery_is_below", True), ("battery_is_above", False)):
        await automated.again(
            {
                "condition": f"solar_cloud.{condition}",
                "target": automated.target(),
                "options": {"level": 50, "behavior": "all"},
            }
        )
        assert await automated.holds() is holds


@ONE_VENDOR
async def test_a_silent_device_is_told_once(automated: Automated) -> None:
    """By when it was heard last, over a restart; while the cloud does not answer, of its plant alone."""
    home, cloud = automated.home, automated.cloud
    charger = automated.target(DeviceKind.CHARGER)
    both = {"device_id": [charger["device_id"], automated.device()]}
    lasting: dict[str, Any] = {"for": {"hours": 1}}
    await automated.automate(trigger="device_fell_silent", target=both, **lasting)
    cloud.set_online(False, cloud.first(Kind.CHARGER).sn)
    await home.pass_time(1800, step=300)
    await automated.restart()
    fell = home.freezer()
    await home.pass_time(3000, step=300)
    (told,) = automated.told
    assert told["device_id"] == charger["device_id"]
    since = datetime.fromisoformat(told["since"]).replace(tzinfo=None)
    assert abs(fell - since - timedelta(minutes=30)) < timedelta(minutes=5)
    cloud.fault("*", http=503, times=None)
    await home.pass_time(7200, step=300)
    assert [each["device_id"] for each in automated.told[1:]] == [automated.device()]
    cloud.faults.clear()
    await home.pass_time(4200, step=300)
    await automated.restart()
    await home.pass_time(600, step=300)
    assert len(automated.ran) == 2, "the charger was silent all the time"
    silent = {"condition": "solar_cloud.device_is_silent", "target": both}
    await automated.again({**silent, "options": lasting})
    assert await automated.holds()
    await automated.again({**silent, "options": {**lasting, "behavior": "all"}})
    assert not await automated.holds()


@pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_oauth"], indirect=True
)
async def test_a_forced_mode_begins_and_ends(automated: Automated) -> None:
    """Told with its mode, whether somebody stops it or its time is over; a restart in the middle is none of both."""
    home, site = automated.home, automated.site
    site.set_soc(0.4)
    await home.pass_time(900, step=30)
    battery = automated.target(DeviceKind.BATTERY)
    await automated.automate(trigger="forced_mode_began", target=battery)
    await automated.act("charge_battery", power=1000, duration={"minutes": 20})
    await home.pass_time(120, step=30)
    (told,) = automated.told
    assert told["mode"] == "charge"
    condition = {
        "condition": "solar_cloud.forced_mode_is_on",
        "target": automated.target(),
        "options": {"mode": "charge"},
    }
    await automated.again(condition)
    assert await automated.holds()
    await automated.again(trigger="forced_mode_ended", mode=["charge"])
    automated.ran.clear()
    await automated.restart()
    assert not automated.ran
    await home.pass_time(2400, step=30)
    (told,) = automated.told
    assert told["mode"] == "charge"
    await automated.again(condition)
    assert not await automated.holds()


@ONE_VENDOR
async def test_a_mode_that_is_refused_did_not_begin(automated: Automated) -> None:
    """Nor did one begin that nobody asked to be told of."""
    home, cloud = automated.home, automated.cloud
    cloud.plant.site.set_soc(0.4)
    await home.pass_time(900)
    await automated.automate(trigger="forced_mode_began", mode=["discharge"])
    cloud.fault("positive_or_negative_mode", code=10406, times=1)
    with pytest.raises(HomeAssistantError):
        await automated.act("discharge_battery", power=500, duration={"minutes": 20})
    assert not automated.ran
    await home.pass_time(900)
    await automated.act("charge_battery", power=500, duration={"minutes": 20})
    await home.pass_time(300)
    assert not automated.ran
    await automated.act(
        "discharge_battery", power=500, duration={"minutes": 20}, target_soc=20
    )
    await home.pass_time(60)
    (told,) = automated.told
    assert told["mode"] == "discharge"
    await automated.again(trigger="forced_mode_ended")
    automated.ran.clear()
    await home.pass_time(1080)
    assert not automated.ran
    await home.pass_time(300)  # this one we end ourselves
    (told,) = automated.told
    assert told["mode"] == "discharge"


@pytest.mark.parametrize("sign_in", ["sungrow_account"], indirect=True)
async def test_an_alarm_is_raised(automated: Automated) -> None:
    """At a device and thereby at its plant; what is less bad than was asked for is not told."""
    home, site = automated.home, automated.site
    await automated.automate(trigger="alarm_raised", least_level="minor")
    site.fail("hybrid", "Clean the filter", "13863", kind=4)
    await home.pass_time(1800, step=300)
    assert not automated.ran
    site.fail("hybrid", "Grid Undervoltage", "13802")
    await home.pass_time(1800, step=300)
    (told,) = automated.told
    assert told["device_id"] == automated.device(DeviceKind.INVERTER)
    assert told["level"] == "major"
    await automated.again(
        trigger="alarm_raised", target=automated.target(DeviceKind.BATTERY)
    )
    site.fail("hybrid", "Grid Overvoltage", "13801")
    await home.pass_time(1800, step=300)
    assert len(automated.ran) == 1, "that is not the battery's"
