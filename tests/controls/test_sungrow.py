"""A Sungrow owner changes settings in Home Assistant: from the action to the inverter and its own word."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.solar_cloud.control import manager
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import HYBRID, LOGGER
from ..helpers.home import Home, enable_everything
from ..helpers.house import SungrowHouse

STOPPED = {"10004": "204", "10003": "0"}


RECORDED = pytest.mark.parametrize("sungrow", ["home-recorded"], indirect=True)
"""A plant like the SH10RT with SBR256 whose answers were recorded."""
UNITS = pytest.mark.parametrize("watts_per_step", [1, 10])
"""What a step of a command's power may be: W by the document, 10 W by live metadata."""


@pytest.fixture
async def house(home: Home, sungrow: SungrowCloud) -> SungrowHouse:
    """A home whose settings were read."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    return house


async def test_a_number_is_pending_then_confirmed(house: SungrowHouse) -> None:
    """The wish shows at once, then the inverter's own word; a slow one's after the dialog is closed."""
    house.cloud.turn(task_seconds=10.0)
    assert float(house.state("number", "battery_min_soc")) == 10
    assert float(house.state("number", "export_limit")) == 0
    assert house.home.state(house.id("export_limit"), "number").attributes["max"] == (
        10_000
    )
    await house.turn("number", "set_value", "battery_min_soc", value=25)
    assert float(house.state("number", "battery_min_soc")) == 25
    assert house.command("number", "battery_min_soc") in {"pending", "accepted"}
    await house.home.pass_time(120, step=5)
    assert float(house.state("number", "battery_min_soc")) == 25
    assert house.command("number", "battery_min_soc") == "confirmed"
    assert house.written() == [{"10002": "250"}]
    assert house.cloud.plant.site.controls.latest.min_soc == 0.25


async def test_a_refusal_is_shown(house: SungrowHouse) -> None:
    """The dialog says why, and the state is what it was."""
    house.cloud.turn(refused_codes=frozenset({"10002"}))
    with pytest.raises(HomeAssistantError) as err:
        await house.turn("number", "set_value", "battery_min_soc", value=25)
    assert err.value.translation_key == "device_refused"
    await house.home.pass_time(120, step=5)  # a look while it was sent knew no value
    assert float(house.state("number", "battery_min_soc")) == 10
    assert len(house.cloud.settings_sent) == 1
    with pytest.raises(ServiceValidationError):
        await house.act("set_battery_schedule", periods=[
            {"start": "01:00", "end": "02:00", "charge": False}
        ])  # fmt: skip


EVERY_CONTROL = [
    ("number", "battery_min_soc", 25, {"10002": "250"}),
    ("number", "battery_max_soc", 90, {"10001": "900"}),
    ("number", "battery_command_power", 2000, {"10005": "200"}),
    ("number", "battery_charge_power_limit", 3000, {"10091": "300"}),
    ("number", "battery_discharge_power_limit", 3000, {"10092": "300"}),
    ("number", "export_limit", 4000, {"10012": "170", "10013": "400"}),
    ("number", "export_limit_ratio", 40, {"10012": "170", "10014": "400"}),
    ("number", "active_power_limit", 70, {"10007": "170", "10008": "700"}),
    ("switch", "battery_first", "on", {"10024": "170"}),
    ("switch", "forced_charging", "on", {"10065": "170"}),
    ("switch", "export_limit_enabled", "on", {"10012": "170"}),
    ("switch", "active_power_limit_enabled", "on", {"10007": "170"}),
    ("select", "work_mode", "forced", {"10003": "2", "10004": "204"}),
    ("select", "battery_command", "charge", {"10003": "2", "10004": "170"}),
    ("select", "forced_charging_days", "every_day", {"10066": "1"}),
]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(("platform", "control", "wish", "written"), EVERY_CONTROL)
async def test_every_control(
    house: SungrowHouse,
    platform: str,
    control: str,
    wish: float | str,
    written: dict[str, str],
) -> None:
    """One task with everything that belongs together, and the inverter's own word."""
    await house.set(platform, control, wish)
    await house.home.pass_time(120, step=5)
    assert len(house.written()) == 1
    assert written.items() <= house.written()[0].items()
    told = house.cloud.told(house.cloud.first(HYBRID)).store
    assert {code: str(told[code]) for code in written} == written
    shown = house.state(platform, control)
    assert float(shown) == wish if platform == "number" else shown == wish
    assert house.command(platform, control) == "confirmed"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    ("platform", "control", "wish", "written"),
    [row for row in EVERY_CONTROL if row[1] != "battery_command"],
)
async def test_every_refusal_is_shown(
    house: SungrowHouse,
    platform: str,
    control: str,
    wish: float | str,
    written: dict[str, str],
) -> None:
    """The dialog says why, and the state is what it was."""
    house.cloud.turn(refused_codes=frozenset(written))
    with pytest.raises(HomeAssistantError) as err:
        await house.set(platform, control, wish)
    assert err.value.translation_key == "device_refused"
    assert house.command(platform, control) == "refused"
    assert house.state(platform, control) != str(wish)
    sent = len(house.cloud.settings_sent)
    await house.home.pass_time(120, step=5)
    assert len(house.cloud.settings_sent) == sent


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_command_refused_in_part_is_taken_back(house: SungrowHouse) -> None:
    """The mode was taken and the direction was not: that shows when all is as it was, after the dialog is closed."""
    house.cloud.turn(refused_codes=frozenset({"10004"}))
    await house.set("select", "battery_command", "charge")
    await house.home.pass_time(120, step=5)
    assert house.mode == 0
    assert house.command("select", "battery_command") == "refused"
    assert house.state("select", "battery_command") == "stop"
    assert len(house.cloud.settings_sent) == 2


async def test_an_ignored_setting_is_told(house: SungrowHouse) -> None:
    """Accepted, and the inverter reads back something else: a repair says so."""
    house.cloud.turn(ignored_codes=frozenset({"10002"}))
    with pytest.raises(HomeAssistantError) as err:
        await house.turn("number", "set_value", "battery_min_soc", value=25)
    assert err.value.translation_key == "no_effect"
    await house.home.pass_time(120, step=5)
    assert float(house.state("number", "battery_min_soc")) == 10
    assert house.command("number", "battery_min_soc") == "refused"
    await house.home.pass_time(300)
    assert any("command_without_effect" in issue for issue in house.issues())
    assert len(house.written()) == 1


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("restart", [False, True])
async def test_a_forced_charge_ends_in_time(house: SungrowHouse, restart: bool) -> None:
    """It fills the battery, lives on signs of life, and ends after its time, over a restart too."""
    house.cloud.plant.site.set_soc(0.2)
    result = await house.act("charge_battery", power=3000, duration={"minutes": 30})
    assert result["outcome"] == "confirmed"
    assert result["ends_at"] > result["sent_at"]
    await house.home.pass_time(600, step=30)
    assert house.mode == 2
    assert house.home.value(house.id("battery_charge_power")) == pytest.approx(
        3000, rel=0.01
    )
    assert house.state("select", "work_mode") == "forced"
    assert house.state("select", "battery_command") == "charge"
    if restart:
        await house.home.restart(house.entry)
    await house.home.pass_time(1080, step=30)
    assert house.mode == 2, "signs of life keep it"
    await house.home.pass_time(240, step=30)
    assert house.mode == 0
    assert house.state("select", "work_mode") == "self_consumption"
    sent = house.written()
    assert [each["10003"] for each in sent if "10003" in each] == ["2", "0"]
    assert {"10017": "600"} in sent
    assert sent[-1] == STOPPED


@pytest.mark.parametrize("answers_after", [4.0, 40.0])
async def test_an_end_that_fails_is_tried_again(
    house: SungrowHouse, answers_after: float
) -> None:
    """A battery must not stay forced because it said no once, at once or when nobody waited any more."""
    house.cloud.turn(task_seconds=answers_after)
    await house.act("charge_battery", power=500, duration={"minutes": 10})
    await house.home.pass_time(420, step=30)
    house.cloud.turn(refused_codes=frozenset({"10003", "10004"}))
    await house.home.pass_time(300, step=30)
    assert house.mode == 2
    assert house.cloud.settings_sent[-1].params["param_list"][0]["param_code"] == (
        "10004"
    )
    house.cloud.turn(refused_codes=frozenset())
    await house.home.pass_time(900, step=30)
    assert house.mode == 0
    assert house.written()[-1] == STOPPED


async def test_e47_a_mode_that_was_lost_makes_a_repair(house: SungrowHouse) -> None:
    """E47: somebody else ended it; nobody pretends that it goes on."""
    await house.act("charge_battery", power=500, duration={"hours": 2})
    await house.home.pass_time(120, step=15)
    house.cloud.told(house.cloud.first(HYBRID)).write({"10003": 0}, house.cloud.now())
    await house.home.pass_time(2400)
    assert any("command_without_effect" in issue for issue in house.issues())


@pytest.mark.parametrize("sungrow", ["no-battery"], indirect=True)
async def test_e46_no_battery_no_battery_control(house: SungrowHouse) -> None:
    """E46: no entity and no action for what would stop the production."""
    assert not house.home.known(house.id("work_mode"), "select")
    assert house.home.known(house.id("export_limit"), "number")
    with pytest.raises(ServiceValidationError) as err:
        await house.act("discharge_battery", duration=60)
    assert err.value.translation_key == "no_controllable_device"


async def test_a_share_for_viewing_gives_no_entity(
    home: Home, sungrow: SungrowCloud
) -> None:
    """And none is tried."""
    sungrow.user.shares["5000001"] = "1"
    house = SungrowHouse(home, sungrow)
    await house.start()
    assert not home.known(house.id("export_limit"), "number")
    assert not sungrow.calls.of("paramSetting")


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@RECORDED
async def test_a_state_of_charge_limit_of_100_percent_is_shown_as_100_percent(
    house: SungrowHouse,
) -> None:
    """The cloud reads settings back in the unit it names, not as they are written."""
    shown = {
        key: float(house.state("number", key))
        for key in (
            "battery_max_soc",
            "battery_min_soc",
            "export_limit",
            "export_limit_ratio",
            "active_power_limit",
            "battery_charge_power_limit",
            "battery_command_power",
        )
    }
    assert shown == {
        "battery_max_soc": 100,
        "battery_min_soc": 5,
        "export_limit": 10_000,
        "export_limit_ratio": 100,
        "active_power_limit": 100,
        "battery_charge_power_limit": 10_600,
        "battery_command_power": 0,
    }


@RECORDED
async def test_a_limit_that_was_taken_is_confirmed_and_makes_no_repair(
    house: SungrowHouse,
) -> None:
    """95 % goes out in tenths, comes back in percent, and is the same."""
    await house.turn("number", "set_value", "battery_max_soc", value=95)
    await house.home.pass_time(120, step=5)
    assert float(house.state("number", "battery_max_soc")) == 95
    assert house.command("number", "battery_max_soc") == "confirmed"
    assert house.written() == [{"10001": "950"}]
    assert not any("command_without_effect" in issue for issue in house.issues())


@RECORDED
async def test_a_half_done_change_is_set_back_to_what_it_was(
    house: SungrowHouse,
) -> None:
    """The minimum was taken and the maximum was not: 5 % again, not half a percent."""
    house.cloud.turn(refused_codes=frozenset({"10001"}))
    await house.act("set_work_mode", mode="forced", min_soc=20, max_soc=90)
    await house.home.pass_time(180, step=5)
    told = house.cloud.told(house.cloud.first(HYBRID)).store
    assert told["10002"] == 50
    assert house.mode == 0
    assert float(house.state("number", "battery_min_soc")) == 5
    assert house.written()[-1]["10002"] == "50"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@RECORDED
@UNITS
async def test_a_forced_charge_of_3_kw_charges_with_3_kw_and_ends(
    house: SungrowHouse, watts_per_step: int
) -> None:
    """Whatever a step of its power is; and it never is told more than the inverter can do."""
    house.cloud.turn(watts_per_step=watts_per_step)
    house.cloud.plant.site.set_soc(0.2)
    await house.act("charge_battery", power=3000, duration={"minutes": 30})
    await house.home.pass_time(600, step=30)
    assert house.mode == 2
    assert house.home.value(house.id("battery_charge_power")) == pytest.approx(
        3000, rel=0.01
    )
    assert float(house.state("number", "battery_command_power")) == 3000
    assert house.state("select", "battery_command") == "charge"
    assert house.home.state(house.id("forced_mode_ends")).attributes["power"] == 3000
    assert not any("command_without_effect" in issue for issue in house.issues())
    await house.home.pass_time(1320, step=30)
    assert house.mode == 0
    assert house.state("select", "work_mode") == "self_consumption"
    assert not house.cloud.told(house.cloud.first(HYBRID)).overdriven


@RECORDED
@UNITS
async def test_a_hybrid_of_10_kw_charges_with_10_kw(
    house: SungrowHouse, watts_per_step: int
) -> None:
    """Its rating is the limit, not 5000 W."""
    house.cloud.turn(watts_per_step=watts_per_step)
    house.cloud.plant.site.set_soc(0.2)
    await house.act("charge_battery", power=10_000, duration={"minutes": 30})
    await house.home.pass_time(600, step=30)
    told = house.cloud.told(house.cloud.first(HYBRID))
    assert told.watts("10005") == 10_000
    assert not told.overdriven


@RECORDED
async def test_two_charging_windows_are_told_in_tasks_of_ten(
    house: SungrowHouse,
) -> None:
    """Windows, days and switch are twelve parameters; the cloud refuses more than ten in one task."""
    await house.act(
        "set_battery_schedule",
        periods=[
            {"start": "01:00", "end": "05:00", "charge": True, "target_soc": 80},
            {"start": "13:00", "end": "15:30", "charge": True},
        ],
    )
    await house.home.pass_time(180, step=5)
    store = house.cloud.told(house.cloud.first(HYBRID)).store
    assert [store[str(code)] for code in range(10065, 10077) if code != 10071] == (
        [170, 1, 1, 0, 5, 0, 13, 0, 15, 30, 100]
    )
    assert "10065" in house.written()[-1], "the switch is the last"
    assert house.state("switch", "forced_charging") == "on"


@pytest.mark.parametrize("sungrow", ["home-logger"], indirect=True)
async def test_a_plant_with_a_logger_is_limited_at_the_logger(
    home: Home, sungrow: SungrowCloud
) -> None:
    """What its inverters were told the logger would overwrite: they take nothing, and the diagnostics say why."""
    house = SungrowHouse(home, sungrow)
    await house.start()
    enable_everything(home.hass, house.entry)  # the ratio is rarely wanted
    await home.pass_time(600, step=60)  # loggers are read every quarter of an hour
    logger = sungrow.first(LOGGER)
    key = f"sungrow_{logger.sn}_export_limit_ratio"
    assert not home.known(house.id("export_limit"), "number")
    await home.hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": home.entity_id(key, "number"), "value": 30},
        blocking=True,
    )
    await home.pass_time(120, step=5)
    assert sungrow.tasks.written == [{"10012": "1", "10014": "300"}]
    assert sungrow.plant.site.controls.latest.export_limit_w == 3900
    assert home.state(key, "number").attributes["command"] == "confirmed"


@pytest.mark.parametrize("seconds", [4.0, 20.0, 40.0, 70.0])
async def test_a_change_that_takes_its_time_is_not_told_as_ignored(
    house: SungrowHouse, caplog: pytest.LogCaptureFixture, seconds: float
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
    house: SungrowHouse, monkeypatch: pytest.MonkeyPatch, control: str, option: str
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
    shown = house.home.state(house.id("forced_mode_ends")).attributes
    if option == "charge":  # at the power that is set
        power = float(house.state("number", "battery_command_power"))
        assert (shown["mode"], shown["power"]) == ("charge", power)
    else:
        assert shown["mode"] is None


async def test_a_mode_that_begins_idle_does_not_show_the_charge_before_it(
    house: SungrowHouse,
) -> None:
    """Compulsory mode stops what a command left behind, so its power and direction are nobody's wish any more."""
    await house.act("charge_battery", power=3000, duration={"minutes": 30})
    await house.home.pass_time(120, step=5)
    assert house.home.state(house.id("forced_mode_ends")).attributes["mode"] == "charge"
    await house.turn("select", "select_option", "work_mode", option="forced")
    await house.home.pass_time(120, step=5)
    shown = house.home.state(house.id("forced_mode_ends"))
    assert shown.state != "unknown"
    assert (shown.attributes["mode"], shown.attributes["power"]) == (None, None)


async def test_a_command_whose_account_is_unloaded_meanwhile_is_followed_to_its_end(
    house: SungrowHouse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Found by cutting: it was taken for a mistake of ours, and asked for again after the next start."""

    async def unloaded(seconds: float) -> None:
        house.home.freezer.tick(seconds)
        await house.hass.config_entries.async_unload(house.entry.entry_id)

    house.cloud.turn(task_seconds=0.0)
    monkeypatch.setattr(manager, "pause", unloaded)
    await house.set("select", "battery_command", "charge")
    assert house.mode == 2
    assert "could not be followed" not in caplog.text
