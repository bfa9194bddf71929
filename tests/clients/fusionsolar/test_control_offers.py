"""Which settings a plant has and why not, what it says it is set to, and how rarely it is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.control import (
    ChargeBattery,
    ChargeBatteryFromSun,
    Control,
    DischargeBattery,
    HoldBattery,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.control_state import SECTION
from custom_components.solar_cloud.cloud.errors import (
    CloudUnreachable,
    CommandInvalid,
    CredentialsRejected,
    PermissionMissing,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.fusionsolar.controls import tasks
from tests.emulators.fusionsolar import FusionSolarCloud

from .conftest import Rig
from .controls import apply, ask, client, plant, ready, steered, tell, values, writes

ROOT = Path(__file__).parents[3] / "custom_components" / "solar_cloud"
BATTERY = {
    Control.WORK_MODE,
    Control.SURPLUS_PRIORITY,
    Control.GRID_CHARGE_POWER_LIMIT,
    Control.BATTERY_MIN_SOC,
    Control.BATTERY_MAX_SOC,
    Control.BATTERY_CHARGE_POWER_LIMIT,
    Control.BATTERY_DISCHARGE_POWER_LIMIT,
    Control.STOP_FORCED_CHARGE,
    Control.BATTERY_MODE,
    Control.BATTERY_MODE_POWER,
    Control.BATTERY_MODE_TARGET_SOC,
}
GRID = {Control.EXPORT_LIMIT, Control.EXPORT_LIMIT_ENABLED}
ACTIONS = {
    ChargeBattery,
    ChargeBatteryFromSun,
    DischargeBattery,
    StopBattery,
    SetWorkMode,
    SetBatterySchedule,
    HoldBattery,
    ChargeBatteryFromSun,
}


def offered(rig: Rig) -> set[Control]:
    """Return the controls of the first plant."""
    specs = client(rig).available(rig.inventory).specs[plant(rig)]
    return {spec.control for spec in specs}


def unavailable_reasons(rig: Rig) -> Any:
    """Return why others are not."""
    return client(rig).available(rig.inventory).unavailable_reasons.get(plant(rig))


async def test_a_home_with_a_battery_offers_everything(owner: Rig) -> None:
    """Within what its hardware is capable of."""
    await ready(owner)
    assert client(owner).min_interval == 5.0
    assert offered(owner) == BATTERY | GRID
    available = client(owner).available(owner.inventory)
    assert available.actions[plant(owner)] == ACTIONS
    assert unavailable_reasons(owner) is None
    specs = {spec.control: spec for spec in available.specs[plant(owner)]}
    assert specs[Control.WORK_MODE].options == ("self_consumption", "time_of_use")
    assert specs[Control.EXPORT_LIMIT].maximum == 9900.0
    assert specs[Control.GRID_CHARGE_POWER_LIMIT].maximum == 8000.0
    assert specs[Control.BATTERY_CHARGE_POWER_LIMIT].maximum == 5000.0
    soc = specs[Control.BATTERY_MAX_SOC]
    assert (soc.minimum, soc.maximum, soc.reads_back) == (90.0, 100.0, False)


@pytest.mark.parametrize("cloud", ["home-emma"], indirect=True)
async def test_an_emma_allows_more_than_a_dongle(
    owner: Rig, cloud: FusionSolarCloud
) -> None:
    """But never more than the inverter is rated for."""
    await ready(owner)
    specs = client(owner).available(owner.inventory).specs[plant(owner)]
    (spec,) = [s for s in specs if s.control is Control.GRID_CHARGE_POWER_LIMIT]
    assert spec.maximum == 8000.0


@pytest.mark.parametrize("cloud", ["string-only"], indirect=True)
async def test_e46_without_a_battery_there_is_nothing_of_it(
    owner: Rig, cloud: FusionSolarCloud
) -> None:
    """E46: and the diagnostics say why. Nobody is asked about its mode."""
    await ready(owner)
    assert offered(owner) == GRID
    assert unavailable_reasons(owner)["ChargeBattery"] == "no_battery"
    assert set(unavailable_reasons(owner).values()) == {"no_battery"}
    assert not cloud.calls.count("battery-mode")
    with pytest.raises(CommandInvalid, match="not_offered"):
        await apply(owner, Control.WORK_MODE, "backup")


@pytest.mark.parametrize("cloud", ["home", "odd-devices"], indirect=True)
async def test_without_a_rating_there_is_no_limit(
    owner: Rig, cloud: FusionSolarCloud
) -> None:
    """A limit above the rating is none."""
    cloud.plant.kwp = 0.0
    for device in cloud.plant.devices:
        device.model = "Something new"
    await ready(owner)
    reasons = unavailable_reasons(owner)
    assert reasons["export_limit"] == reasons["export_limit_enabled"] == "no_rating"
    assert not offered(owner) & (GRID | {Control.GRID_CHARGE_POWER_LIMIT})


@pytest.mark.parametrize("cloud", ["commercial"], indirect=True)
async def test_no_battery_is_held_whose_limit_nobody_knows(
    owner: Rig, cloud: FusionSolarCloud
) -> None:
    """An ESS tells no power: what was guessed would be set as its limit in the end."""
    await ready(owner)
    reasons = unavailable_reasons(owner)
    assert reasons["HoldBattery"] == reasons["ChargeBatteryFromSun"] == "not_read_yet"


async def test_without_the_scope_there_is_nothing(rig: Rig) -> None:
    """The owner may consent to reading alone."""
    rig.cloud.turn(grants=frozenset({"pvms.openapi.basic"}))
    await rig.consent()
    await ready(rig)
    assert offered(rig) == set()
    assert unavailable_reasons(rig) == {"all": "no_permission"}


async def test_a_scope_taken_away_hides_the_controls(owner: Rig) -> None:
    """And its return shows them again."""
    await ready(owner)
    owner.tick(4000)
    owner.cloud.plant.authorized = False
    assert (await client(owner).settings(owner.inventory)).silent == {}
    assert unavailable_reasons(owner) == {"all": "no_permission"}
    owner.cloud.plant.authorized = True
    owner.tick(4000)
    await client(owner).settings(owner.inventory)
    assert unavailable_reasons(owner) is None


async def test_an_api_account_has_to_prove_itself(rig: Rig) -> None:
    """Whether it may write is told by whether it may ask; known over a restart."""
    await rig.poll()
    assert unavailable_reasons(rig) == {"all": "not_proven"}
    await ready(rig)
    assert offered(rig) == BATTERY | GRID
    await tell(rig, Control.EXPORT_LIMIT, 1500.0)
    assert (await values(rig))["export_limit"] == 1500.0
    rig.restart()
    assert offered(rig) == BATTERY | GRID
    assert len(writes(rig)) == 1


async def test_an_api_account_that_may_only_read(rig: Rig) -> None:
    """The usual case, and no error: its settings are hidden."""
    rig.cloud.turn(account_controls=False)
    await ready(rig)
    assert offered(rig) == set()
    assert unavailable_reasons(rig) == {"all": "no_permission"}
    assert not writes(rig)


async def test_a_plant_with_several_controllers(owner: Rig) -> None:
    """Code 20609."""
    owner.cloud.plant.controllers = 2
    await ready(owner)
    assert unavailable_reasons(owner) == {"all": "several_controllers"}


async def test_plants_are_asked_hourly_and_after_changes(owner: Rig) -> None:
    """Two calls an hour, and two after each change."""
    await ready(owner)
    for _ in range(3):
        settings = await client(owner).settings(owner.inventory)
    assert settings.resume_after is None
    assert owner.count("configuration/battery-mode") == 0
    result = await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    settings = await client(owner).settings(owner.inventory)
    assert settings.resume_after == 60.0
    assert owner.count("configuration/active-power-control-mode") == 0
    owner.tick(1000)
    settings = await client(owner).settings(owner.inventory)
    assert settings.resume_after is None
    assert result.task is not None
    await client(owner).poll_task(result.task)
    await values(owner)
    assert owner.count("configuration/active-power-control-mode") == 1


async def test_a_task_nobody_follows_ends_after_a_day(owner: Rig) -> None:
    """Then the plant is asked again, and takes commands."""
    await ready(owner)
    await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    owner.tick(90000)
    assert (await values(owner))["export_limit"] == 1500.0


@pytest.mark.parametrize("cloud", ["installer"], indirect=True)
async def test_many_plants_are_asked_in_turns(
    rig: Rig, cloud: FusionSolarCloud
) -> None:
    """Two plants at a time, those first that were never asked."""
    rig.inventory = (await rig.lists()).only(
        frozenset(one.code for one in cloud.plants[:5])
    )
    cloud.calls.clear()
    asked: list[int] = []
    for _ in range(3):
        settings = await client(rig).settings(rig.inventory)
        asked.append(rig.count("configuration/battery-mode"))
        rig.tick(60)
    assert asked == [2, 4, 5]
    assert settings.resume_after is None


@pytest.mark.parametrize("cloud", ["two-plants"], indirect=True)
async def test_one_plant_may_be_silent(owner: Rig, cloud: FusionSolarCloud) -> None:
    """The other tells; it is asked again at the next turn."""
    await owner.poll()
    cloud.fault("active-power-control-mode", code=20614)
    settings = await client(owner).settings(owner.inventory)
    assert settings.silent == {plant(owner): "call_refused"}
    settings = await client(owner).settings(owner.inventory)
    assert settings.silent == {}
    assert settings.values[plant(owner), Control.EXPORT_LIMIT_ENABLED] is False


async def test_nothing_could_be_asked(owner: Rig) -> None:
    """An error, of its kind."""
    await owner.poll()
    owner.cloud.fault("battery-mode", http=502)
    with pytest.raises(CloudUnreachable):
        await values(owner)
    owner.cloud.fault("battery-mode", code=20614)
    with pytest.raises(UnexpectedAnswer):
        await values(owner)
    owner.cloud.fault("battery-mode", code=20002)
    with pytest.raises(CredentialsRejected):
        await values(owner)
    assert "work_mode" in await values(owner)


async def test_after_a_write_only_the_plants_word_counts(owner: Rig) -> None:
    """What it said before is not repeated while it cannot be asked."""
    await ready(owner)
    owner.cloud.fault("active-power-control/async-task", body="disconnect")
    await apply(owner, Control.EXPORT_LIMIT, 1500.0)
    settings = await client(owner).settings(owner.inventory)
    assert (settings.values, settings.resume_after) == ({}, 60.0)
    owner.tick(250)
    owner.cloud.fault("battery-mode", code=20614)
    with pytest.raises(UnexpectedAnswer):
        await values(owner)
    owner.cloud.fault("battery-mode", body='{"success":true,"failCode":0,"data":null}')
    assert (await values(owner))["export_limit_enabled"] is False


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        (
            {"controlMode": "noLimit"},
            {"export_limit_enabled": False, "export_limit": 9900.0},
        ),
        (
            {"controlMode": "zeroExportLimitation"},
            {"export_limit_enabled": True, "export_limit": 0.0},
        ),
        (
            {
                "activePowerControlMode": "limitedPowerGridKW",
                "limitedPowerGridValueParam": {"maxGridFeedInPowerValue": "3.5"},
            },
            {"export_limit_enabled": True, "export_limit": 3500.0},
        ),
        ({"controlMode": "limitedPowerGridKW"}, {"export_limit_enabled": True}),
        (
            {
                "controlMode": "limitedPowerGridKW",
                "limitedPowerGridValueParam": {"maxGridFeedInPowerValue": None},
            },
            {"export_limit_enabled": True},
        ),
        ({"controlMode": "limitedPowerGridPercent"}, {"export_limit_enabled": True}),
        ({"controlMode": "other"}, {}),
        (None, {}),
    ],
    ids=str,
)
async def test_how_the_feed_in_is_read(
    owner: Rig, grid: dict[str, Any] | None, told: dict[str, Any]
) -> None:
    """By names; what cannot be said in watts is left open."""
    await owner.poll()
    answer = {"success": True, "failCode": 0, "data": grid}
    owner.cloud.fault("active-power-control-mode", body=json.dumps(answer))
    read = await values(owner)
    assert {key: value for key, value in read.items() if key != "work_mode"} == told


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        ("fullyFidToGrid", "fully_fed_to_grid"),
        ("thirdPartyDispatch", "external_control"),
    ],
)
async def test_a_mode_that_was_seen_can_be_set(
    owner: Rig, mode: str, word: str
) -> None:
    """With the spelling it was read with."""
    steered(owner).mode = mode
    await ready(owner)
    assert (await values(owner))["work_mode"] == word
    await tell(owner, Control.WORK_MODE, "self_consumption")
    await tell(owner, Control.WORK_MODE, word)
    assert steered(owner).mode == mode
    specs = client(owner).available(owner.inventory).specs[plant(owner)]
    assert word in specs[0].options


async def test_a_mode_nobody_knows(owner: Rig) -> None:
    """Is not shown, and can be left."""
    await owner.poll()
    answer = {"success": True, "failCode": 0, "data": {"operationMode": "other"}}
    owner.cloud.fault("battery-mode", body=json.dumps(answer))
    assert "work_mode" not in await values(owner)
    times = {"allowedAcChargePower": "N/A", "redundantPVEnergyPriority": "?"}
    answer["data"] = {"operationMode": "TOU", "touOperationModeParamDetail": times}
    owner.tick(4000)
    owner.cloud.fault("battery-mode", body=json.dumps(answer))
    read = await values(owner)
    assert read["work_mode"] == "time_of_use"
    assert "surplus_priority" not in read
    assert "grid_charge_power_limit" not in read


async def test_a_memory_of_another_version_is_dropped(owner: Rig) -> None:
    """And begun anew."""
    await ready(owner)
    key = plant(owner)
    owner.storage.delay_save(SECTION, lambda: {key: {"what": 1}, "NE=2": None})
    owner.restart()
    assert "work_mode" in await values(owner)


async def test_several_batteries_have_no_common_charge(owner: Rig) -> None:
    """Their powers add up, and a target is not compared."""
    battery = owner.cloud.first(39)
    twin = type(battery)(**vars(battery) | {"id": 7, "dn": "NE=7", "serial": "LBTWIN"})
    owner.cloud.plant.add(twin)
    await ready(owner)
    specs = client(owner).available(owner.inventory).specs[plant(owner)]
    (spec,) = [s for s in specs if s.control is Control.BATTERY_CHARGE_POWER_LIMIT]
    assert spec.maximum == 10000.0
    action = ChargeBattery(
        device_id=plant(owner), duration=600.0, target_soc=80.0, power=4000.0
    )
    await ask(owner, action)
    assert len(writes(owner)) == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_reason_has_a_sentence(language: str) -> None:
    """Those found by table, too."""
    texts = json.loads((ROOT / "translations" / f"{language}.json").read_text())
    keys = {*tasks.WORDS.values(), *tasks.CODES.values()}
    assert keys <= texts["exceptions"].keys()
    assert PermissionMissing.default_key in texts["exceptions"]
