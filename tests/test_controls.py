"""Settings: from the action a user calls to the request, the changed world and the state that is read back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud import logbook
from custom_components.solar_cloud.cloud.control import (
    ControlAction,
    ForcedMode,
    StopBattery,
)
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.const import DOMAIN, POLL_PERIOD
from custom_components.solar_cloud.control import manager
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from custom_components.solar_cloud.control.forced_mode import (
    LONGEST_RETRY,
    ForcedModeManager,
)
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .conftest import Home, enable_everything, solax_entry, solax_id
from .emulators.solax import Kind, SolaxCloud

WITH_COMPANIONS = {
    "work_mode",
    "battery_min_soc",
    "battery_max_soc",
    "grid_charging",
}
UPLOAD = 900.0
"""Seconds in which every device has uploaded and been read."""


@pytest.fixture(autouse=True)
def waiting(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let waiting pass the shared time instead of the tests'."""
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        home.freezer.tick(seconds)

    monkeypatch.setattr(manager, "pause", wait)
    return waits


@pytest.fixture
def entry(solax: SolaxCloud) -> MockConfigEntry:
    """An account whose settings may be changed."""
    return solax_entry(solax, excluded_plants=[], controls=True)


class House:
    """The emulated home with everything enabled."""

    def __init__(self, home: Home, solax: SolaxCloud, entry: MockConfigEntry) -> None:
        """Not started yet."""
        self.home = home
        self.hass = home.hass
        self.solax = solax
        self.entry = entry

    async def start(self) -> None:
        """Set up and enable what is off by default."""
        await self.home.start(self.entry)
        enable_everything(self.hass, self.entry)
        await self.home.pass_time(120)
        await self.home.restart(self.entry)
        await self.home.pass_time(120)
        self.solax.calls.clear()

    async def know(self) -> None:
        """Tell what a work mode overwrites and nobody can ask for."""
        await self.act(
            "set_work_mode",
            mode="self_consumption",
            min_soc=10,
            max_soc=100,
            grid_charging=False,
        )
        self.solax.orders.carried_out.clear()
        self.solax.calls.clear()

    def id(self, kind: Kind, control: str) -> str:
        """Return a control's unique id."""
        return solax_id(self.solax, kind, control)

    def state(self, platform: str, kind: Kind, control: str) -> str:
        """Return what a user sees."""
        return self.home.state(self.id(kind, control), platform).state

    def command(self, platform: str, kind: Kind, control: str) -> str | None:
        """Return how the last command ended, as a user sees it."""
        state = self.home.state(self.id(kind, control), platform)
        told: str | None = state.attributes["command"]
        return told

    async def call(
        self,
        platform: str,
        service: str,
        kind: Kind,
        control: str,
        context: Context | None = None,
        **data: Any,
    ) -> None:
        """Call an action of an entity."""
        entity_id = self.home.entity_id(self.id(kind, control), platform)
        await self.hass.services.async_call(
            platform,
            service,
            {"entity_id": entity_id, **data},
            blocking=True,
            context=context,
        )

    def device_id(self, kind: Kind | None) -> str:
        """Return the registry's id of a device or of the plant."""
        key = self.solax.plant.plant_id if kind is None else self.solax.first(kind).sn
        if kind is Kind.BATTERY:
            key = f"{self.solax.first(Kind.INVERTER).sn}_battery"
        device = self.home.device(key, self.entry)
        assert device is not None
        return device.id

    async def act(
        self,
        service: str,
        kind: Kind | None = Kind.INVERTER,
        context: Context | None = None,
        **data: Any,
    ) -> Any:
        """Call one of our actions and return its receipt."""
        return await self.hass.services.async_call(
            DOMAIN,
            service,
            {"device_id": self.device_id(kind), **data},
            blocking=True,
            return_response=True,
            context=context,
        )


@pytest.fixture
async def house(home: Home, solax: SolaxCloud, entry: MockConfigEntry) -> House:
    """The home, with a car at the charger."""
    solax.plant.site.plug("charger", needs_kwh=60)
    house = House(home, solax, entry)
    await house.start()
    return house


def reason(err: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return the key of a translated error, which must have one."""
    assert err.value.translation_domain == DOMAIN
    assert str(err.value) != err.value.translation_key
    return err.value.translation_key


# Entities, to the wire and back


async def test_a_mode_is_pending_then_confirmed(house: House) -> None:
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


async def test_a_limit_is_assumed_and_restored(house: House) -> None:
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
    house: House,
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
        assert len(house.solax.orders.carried_out) == 1
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


async def test_charging_is_switched(house: House) -> None:
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
    house: House,
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


async def test_a_lock_without_a_vehicle(house: House) -> None:
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
    assert state.state == "unavailable"


async def test_the_feed_in_of_a_home_is_limited(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """One model takes it: the world sells no more than that, and a refusal changes nothing."""
    solax.change_device(solax.first(Kind.INVERTER).sn, {"model": 33})
    house = House(home, solax, entry)
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
    house = House(home, solax, entry)
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


async def test_a_mode_just_chosen_survives_the_next_setting(house: House) -> None:
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


async def test_a_limit_that_an_action_changed_is_shown(house: House) -> None:
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


async def test_a_first_setting_asks_for_what_it_would_overwrite(house: House) -> None:
    """Nothing is sent, and the dialog names what to tell along, and where."""
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "number", "set_value", Kind.INVERTER, "battery_min_soc", value=25
        )
    assert reason(err) == "companions_unknown"
    assert "max_soc, grid_charging" in str(err.value)
    assert house.state("number", Kind.INVERTER, "battery_min_soc") == "unknown"
    assert not house.solax.commands()


async def test_a_current_for_a_mode_that_is_off_is_kept(house: House) -> None:
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
    house: House, stopped: bool
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


# Orders


async def test_a_battery_is_charged_for_a_while(house: House) -> None:
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


async def test_a_target_is_ended_in_time_over_a_restart(house: House) -> None:
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


async def test_an_end_that_cannot_be_sent_is_tried_again(house: House) -> None:
    """A battery must not stay forced because the cloud was away; a repair says so meanwhile."""
    await house.act(
        "discharge_battery", power=500, duration={"minutes": 5}, target_soc=20
    )
    house.solax.fault("exit_vpp_mode", code=11500, times=3)
    await house.home.pass_time(400)
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert any("force_not_ended" in key for key in keys)
    await house.home.pass_time(1500)
    assert house.solax.orders.carried_out[-1][0] == "exit_vpp_mode"
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


async def test_a_forced_mode_ends_when_controls_are_switched_off(house: House) -> None:
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
    assert house.solax.orders.carried_out[-1][0] == "exit_vpp_mode"
    assert not house.home.known(house.id(Kind.CHARGER, "charging"), "switch")
    with pytest.raises(ServiceValidationError) as err:
        await house.act("stop_battery")
    assert reason(err) == "controls_off"
    assert not house.entry.runtime_data.store.load("forces")


async def test_a_forced_mode_ends_in_time_on_a_plant_that_was_left_out(
    house: House,
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
    assert house.solax.orders.carried_out[-1][0] == "exit_vpp_mode"
    await house.home.pass_time(900, 300)
    assert not house.entry.runtime_data.store.load("forces")
    assert len(house.solax.commands()) == 2


async def test_a_forced_mode_ends_with_its_account(house: House) -> None:
    """The inverter returns to what it did before."""
    house.solax.plant.site.set_soc(0.3)
    await house.act("charge_battery", power=2000, duration={"hours": 1})
    sent = len(house.solax.commands())
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    (stop,) = house.solax.commands()[sent:]
    assert "exit_vpp_mode" in stop.path


async def test_an_account_goes_though_its_cloud_is_down(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be ended is logged; the inverter ends it by its own timer."""
    await house.act("charge_battery", power=2000, duration={"hours": 1})
    house.solax.fault("*", http=503, times=None)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    assert not house.hass.config_entries.async_entries(DOMAIN)
    assert "Forced modes may go on" in caplog.text


async def test_stop_work_mode_schedule_and_reservation(house: House) -> None:
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


async def test_what_the_user_can_mend(house: House) -> None:
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


async def test_e45_a_force_without_effect_makes_a_repair(house: House) -> None:
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


async def test_e62_only_administrators(
    house: House, hass_read_only_user: MockUser
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


# Faults


@pytest.mark.parametrize("body", ["disconnect", "html"])
async def test_an_answer_that_got_lost(house: House, body: str) -> None:
    """Nobody knows whether it arrived; the next upload does."""
    house.solax.fault("set_evc_work_mode", body=body, lost=True)
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="stop"
    )
    assert house.command("select", Kind.CHARGER, "charger_mode") == "uncertain"
    await house.home.pass_time(UPLOAD)
    assert house.command("select", Kind.CHARGER, "charger_mode") == "confirmed"
    assert len(house.solax.commands()) == 1


async def test_an_ignored_command_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The device said yes and reports what it was: the state is the device's, and the log knows."""
    house.solax.fault("set_evc_work_mode", body="disconnect")
    await house.call(
        "select", "select_option", Kind.CHARGER, "charger_mode", option="stop"
    )
    events = async_capture_events(house.hass, EVENT_COMMAND)
    await house.home.pass_time(1000)
    assert house.state("select", Kind.CHARGER, "charger_mode") == "fast"
    assert house.command("select", Kind.CHARGER, "charger_mode") == "not_taken"
    assert [event.data["result"] for event in events] == ["not_taken"]
    assert "reports something else" in caplog.text
    assert len(house.solax.commands()) == 1


async def test_a_token_that_dies_while_a_command_runs(house: House) -> None:
    """One command at the device, and its outcome is known."""
    house.solax.steal_token()
    house.solax.fault("listByCondition", code=10402)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
    )
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "confirmed"
    assert len(house.solax.orders.carried_out) == 1
    assert len(house.solax.commands(refused=False)) == 1


async def test_a_restart_while_a_command_runs(house: House) -> None:
    """The outcome is asked for after the restart, the command is not sent again."""
    house.solax.fault("listByCondition", code=11500, times=1)
    await house.call(
        "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
    )
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "accepted"
    await house.home.restart(house.entry)
    assert float(house.state("number", Kind.CHARGER, "charge_current_limit")) == 8
    await house.home.pass_time(120)
    assert house.command("number", Kind.CHARGER, "charge_current_limit") == "confirmed"
    assert len(house.solax.commands()) == 1


async def test_the_limit_of_calls(house: House) -> None:
    """A command that cannot be sent now says so; the state stays."""
    house.solax.fault("set_evc_current_limit", code=10406)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "rate_limited"
    with pytest.raises(HomeAssistantError):
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert len(house.solax.commands()) == 1
    assert house.state("number", Kind.CHARGER, "charge_current_limit") == "unknown"


async def test_an_offline_device(house: House) -> None:
    """Its refusal is told at once; when silence lasts there is nothing to turn."""
    house.solax.set_online(False, house.solax.first(Kind.CHARGER).sn)
    with pytest.raises(HomeAssistantError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "device_offline"
    await house.home.pass_time(1800)
    assert house.state("number", Kind.CHARGER, "charge_current_limit") == "unavailable"


async def test_two_commands_at_once(house: House, waiting: list[float]) -> None:
    """One after the other, at the vendor's pace."""
    await house.know()
    calls = [
        house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=amps
        )
        for amps in (7, 9)
    ]
    first = house.hass.async_create_task(calls[0])
    second = house.hass.async_create_task(calls[1])
    await first
    await second
    sent = house.solax.commands()
    assert [call.params["currentLimit"] for call in sent] == [7, 9]
    assert (sent[1].at - sent[0].at).total_seconds() >= 6
    assert float(house.state("number", Kind.CHARGER, "charge_current_limit")) == 9
    await house.call(
        "select", "select_option", Kind.INVERTER, "work_mode", option="backup"
    )
    assert waiting


async def test_an_automation_that_storms(house: House) -> None:
    """The device is spared, switching off too, and a repair names it."""
    for n in range(150):
        house.home.freezer.tick(10)
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=6 + n % 2
        )
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "number", "set_value", Kind.CHARGER, "charge_current_limit", value=8
        )
    assert reason(err) == "write_budget_spent"
    assert len(house.solax.commands()) == 150
    keys = {issue for _, issue in ir.async_get(house.hass).issues}
    assert any("command_storm" in key for key in keys)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("switch", "turn_off", Kind.CHARGER, "charging")
    assert reason(err) == "write_budget_spent"
    await house.act("stop_battery")  # another device has a budget of its own
    assert len(house.solax.commands()) == 151


# Who, and whether at all


async def test_the_logbook_knows_who_did_what(
    house: House, hass_admin_user: MockUser
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
    assert line["message"] == "charge current limit → 8.0: confirmed by the device"
    assert line["name"] != "Solar Cloud"
    lost = Event(
        EVENT_COMMAND,
        {"command": "charging", "result": "refused", "reason": "No vehicle."},
    )
    line = described[EVENT_COMMAND](lost)
    assert line == {"name": "Solar Cloud", "message": "charging: refused (No vehicle.)"}


async def test_controls_off(home: Home, solax: SolaxCloud) -> None:
    """No entity, and the actions say so."""
    entry = solax_entry(solax, excluded_plants=[], controls=False)
    house = House(home, solax, entry)
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


async def test_a_refresh_after_a_change_of_settings_asks_once(house: House) -> None:
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


async def test_controls_switched_off_later(house: House) -> None:
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


async def test_a_missing_permission_is_explained(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """No entity for what was not granted; the diagnostics name the reason, no device by its serial."""
    assert await async_setup_component(home.hass, "diagnostics", {})
    solax.withdraw("API_EVC_V2", "API_Remote_V2")
    house = House(home, solax, entry)
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
    house = House(home, solax, entry)
    await house.start()
    assert not home.known(house.id(Kind.INVERTER, "work_mode"), "select")
    report = await _diagnostics(home.hass, hass_client, entry)
    assert report["withheld"][0]["reasons"]["work_mode"] == "no_battery"


@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_which_device_is_meant(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """A plant stands for its only inverter that takes commands."""
    house = House(home, solax, entry)
    await house.start()
    assert (await house.act("stop_battery", None))["outcome"]
    solax.change_device(solax.plant.of(Kind.INVERTER)[1].sn, {"facts": {"flag": 1}})
    await house.home.restart(entry)
    with pytest.raises(ServiceValidationError) as err:
        await house.act("stop_battery", None)
    assert reason(err) == "ambiguous_device"


async def test_a_mode_of_the_past_comes_back_with_its_device(house: House) -> None:
    """A control of a removed device goes with it."""
    serial = house.solax.first(Kind.CHARGER).sn
    house.solax.remove_device(serial)
    await house.home.restart(house.entry)
    await house.home.pass_time(600)
    state = house.hass.states.get(
        house.home.entity_id(f"solax_{serial}_charging", "switch")
    )
    assert state is None or state.state == "unavailable"
