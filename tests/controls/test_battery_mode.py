"""The battery mode, the same for every vendor: asked for at the plant, sent once, obeyed by the battery, shown, and over in time."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.solar_cloud.cloud.control import Command, Control
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import issue_registry as ir

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.solax import Kind, SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..emulators.sungrow.plant import HYBRID
from ..emulators.world import Site
from ..helpers.accounts import AnyCloud
from ..helpers.home import Home, solax_entry
from ..helpers.house import UPLOAD, FusionSolarHouse, SolaxHouse, SungrowHouse, reason

LOAD = 900.0
"""W that the house draws in the dark."""
LEAK = 100.1
"""W: what Sungrow's limit of the discharge cannot go below, and no other vendor needs."""
FLOWS = {"hold": 0.0, "charge": -2000.0, "charge_from_sun": 0.0, "discharge": 2000.0}
"""Each mode, with what flows out of the battery in the dark."""
HOUR = 3600.0
SENT: Final[Mapping[str, list[str]]] = {
    "solax": [
        "charge_only_mode",
        "positive_or_negative_mode",
        "charge_only_mode",
        "positive_or_negative_mode",
        "",
    ],
    "sungrow": [
        "10003=2 10004=204",
        "10003=2 10004=170 10005=200",
        "10003=0 10004=204 10092=10",
        "10003=2 10004=187 10005=200 10092=500",
        "10003=0 10004=204",
    ],
    "fusionsolar": [
        "limit 0",
        "limit 5000",
        "force 1",
        "force 0",
        "limit 0",
        "limit 5000",
        "force 2",
        "",
    ],
}
"""What goes over the wire for them and, where the device does not end the last one itself, for its end."""


@dataclass
class Steered:
    """A plant whose battery is steered, of any vendor."""

    home: Home
    entry: MockConfigEntry
    site: Site
    plant: str
    sent: Callable[[], list[str]]
    """What went out on the wire to change something, without signs of life."""
    refuse: Callable[[], object]
    """Let the device take no mode in which its battery gives nothing."""
    cloud: Any
    look: Callable[[], object] = lambda: None
    """Let happen what is due."""
    told: Callable[[], object] = lambda: None
    """What the plant is set to."""

    @property
    def vendor(self) -> str:
        """Whose it is."""
        vendor: str = self.entry.data["vendor"]
        return vendor

    @property
    def ends(self) -> Mapping[str, Any]:
        """What the sensor of the end tells."""
        (sensor,) = [
            each
            for each in self.home.hass.states.async_all("sensor")
            if each.entity_id.endswith("forced_mode_ends")
        ]
        return sensor.attributes

    def id(self, key: str) -> str:
        """Return a unique id of the plant."""
        return f"{self.vendor}_{self.plant}_{key}"

    @property
    def shown(self) -> str:
        """The mode a user sees."""
        return self.home.state(self.id("battery_mode"), "select").state

    @property
    def options(self) -> list[str]:
        """The modes a user may choose."""
        state = self.home.state(self.id("battery_mode"), "select")
        options: list[str] = state.attributes["options"]
        return options

    async def act(self, mode: str, **data: Any) -> Any:
        """Call the action on the plant, and return its receipt."""
        device = self.home.device(self.plant, self.entry)
        assert device is not None
        return await self.home.hass.services.async_call(
            DOMAIN,
            "set_battery_mode",
            {"device_id": device.id, "mode": mode, **data},
            blocking=True,
            return_response=True,
        )

    async def choose(self, mode: str) -> None:
        """Choose at the select."""
        await self._call("select", "select_option", "battery_mode", option=mode)

    async def press(self, key: str) -> None:
        """Press a button."""
        await self._call("button", "press", key)

    async def set(self, key: str, value: float) -> None:
        """Set a number beside it."""
        await self._call("number", "set_value", key, value=value)

    async def _call(self, platform: str, service: str, key: str, **data: Any) -> None:
        entity_id = self.home.entity_id(self.id(key), platform)
        await self.home.hass.services.async_call(
            platform, service, {"entity_id": entity_id, **data}, blocking=True
        )

    def battery(self) -> float:
        """Return the W that flow out of the battery."""
        self.look()
        (battery,) = self.site.spec.batteries
        return self.site.sample().battery(battery.id).watts


async def _solax(home: Home, cloud: SolaxCloud) -> Steered:
    house = SolaxHouse(
        home, cloud, solax_entry(cloud, excluded_plants=[], controls=True)
    )
    await house.start()
    return Steered(
        home,
        house.entry,
        cloud.plant.site,
        cloud.plant.plant_id,
        lambda: [call.path.split("/")[-1] for call in cloud.commands()],
        lambda: cloud.first(Kind.INVERTER).facts.update(refused_modes=(1305, 1307)),
        cloud,
        lambda: cloud.told(Kind.INVERTER),
    )


async def _sungrow(home: Home, cloud: SungrowCloud) -> Steered:
    house = SungrowHouse(home, cloud)
    await house.start()
    return Steered(
        home,
        house.entry,
        cloud.plant.site,
        str(cloud.plant.ps_id),
        lambda: [
            " ".join(
                f"{code}={value}"
                for code, value in sorted(values.items())
                if code != "10017"
            )
            for values in house.written()
            if values.keys() != {"10017"}
        ],
        lambda: cloud.turn(refused_codes=frozenset({"10003", "10092"})),
        cloud,
        lambda: cloud.told(cloud.first(HYBRID)),
    )


async def _fusionsolar(home: Home, cloud: FusionSolarCloud) -> Steered:
    house = FusionSolarHouse(home, cloud)
    await house.start()
    return Steered(
        home,
        house.entry,
        cloud.plant.site,
        cloud.plant.code,
        lambda: [
            _word(call.params["tasks"][0])
            for call in cloud.calls
            if call.path.endswith("async-task")
        ],
        lambda: cloud.turn(task_outcome="INVALID"),
        cloud,
        lambda: house.told,
        lambda: (house.told.times, house.told.parameters["maximumDischargePower"]),
    )


def _word(task: Mapping[str, Any]) -> str:
    """Say what a task of FusionSolar does."""
    if "dispatchSwitch" in task:
        return f"force {task['dispatchSwitch']}"
    if "operationMode" in task:
        return f"grid {task.get('allowedAcChargePower')}"
    limit = task["batteryConfigurationInfo"].get("maximumDischargePower")
    return f"limit {limit:g}"


BUILD: Final[Mapping[str, Callable[[Home, Any], Coroutine[Any, Any, Steered]]]] = {
    "solax": _solax,
    "sungrow": _sungrow,
    "fusionsolar": _fusionsolar,
}


@pytest.fixture(params=[*BUILD])
def any_cloud(request: pytest.FixtureRequest) -> AnyCloud:
    """The cloud of each vendor."""
    cloud: AnyCloud = request.getfixturevalue(request.param)
    return cloud


@pytest.fixture
async def steered(home: Home, any_cloud: AnyCloud) -> Steered:
    """A home of each vendor, whose settings were read, in the dark."""
    steered = await BUILD[any_cloud.name](home, any_cloud)
    steered.site.set_soc(0.5)
    steered.site.change(load_w=LOAD, clearness=0.0)
    await home.pass_time(UPLOAD)
    assert steered.shown == "automatic"
    return steered


async def test_every_mode_is_sent_obeyed_and_shown_and_the_last_is_over_in_time(
    steered: Steered,
) -> None:
    """One after the other, as people and other programs switch: the battery does it, and in the end what it did before."""
    for mode, watts in FLOWS.items():
        last = mode == [*FLOWS][-1]
        receipt = await steered.act(
            mode, power=2000, duration={"minutes": 45 if last else 240}
        )
        assert receipt["ends_at"] is not None
        assert steered.shown == mode, "what was asked for shows at once"
        await steered.home.pass_time(1500)
        assert steered.shown == mode
        assert steered.battery() == pytest.approx(watts, abs=LEAK)
        assert steered.ends["mode"] == mode
    assert steered.sent() == SENT[steered.vendor][:-1]
    await steered.home.pass_time(HOUR, 120)
    assert steered.shown == "automatic"
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert steered.ends["mode"] is None
    assert steered.sent() in (SENT[steered.vendor], SENT[steered.vendor][:-1])


async def test_the_sun_charges_it_and_nothing_is_bought_until_the_hours_are_over(
    steered: Steered,
) -> None:
    """Chosen at the select, over a restart, for as long as the account's options say; power and target are kept beside it."""
    home, site = steered.home, steered.site
    await steered.set("battery_mode_power", 1500)
    await steered.set("battery_mode_target_soc", 90)
    assert not steered.sent(), "no device has them"
    hass = home.hass
    hass.config_entries.async_update_entry(
        steered.entry, options={**steered.entry.options, "battery_mode_hours": 1}
    )
    await home.restart(steered.entry)
    await home.pass_time(UPLOAD)
    assert float(home.state(steered.id("battery_mode_power"), "number").state) == 1500
    site.change(load_w=300.0, clearness=1.0)
    await steered.choose("charge_from_sun")
    await home.pass_time(600)
    await home.restart(steered.entry)
    await home.pass_time(600)
    assert steered.shown == "charge_from_sun"
    bought = site.truth().grid_import
    assert steered.battery() < -500
    await home.pass_time(600)
    assert site.truth().grid_import == pytest.approx(bought, abs=1e-3)
    site.change(load_w=LOAD, clearness=0.0)
    await home.pass_time(60)
    assert steered.battery() <= LEAK
    await home.pass_time(HOUR, 120)
    assert steered.shown == "automatic"
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    await steered.choose("charge")
    await home.pass_time(1500)
    assert steered.battery() == pytest.approx(-1500, rel=0.02)
    assert steered.ends["target_soc"] == 90


async def test_a_refused_mode_is_told_learnt_and_withdrawn(steered: Steered) -> None:
    """With the reason where one looks for it; the modes the device takes stay."""
    steered.refuse()
    with suppress(HomeAssistantError):  # or told after the dialog was closed
        await steered.act("charge_from_sun", duration={"minutes": 40})
    await steered.home.pass_time(900)
    assert steered.shown == "automatic"
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert "charge_from_sun" not in steered.options
    assert {"automatic", "charge", "discharge"} <= {*steered.options}
    sent = len(steered.sent())
    with pytest.raises(ServiceValidationError) as refused:
        await steered.act("charge_from_sun")
    assert reason(refused) == "battery_mode_not_offered"
    assert len(steered.sent()) == sent
    manager = steered.entry.runtime_data.control_manager
    assert manager is not None
    reasons = [*manager.available.unavailable_reasons.values()]
    assert {"ChargeBatteryFromSun": "not_supported"}.items() <= reasons[-1].items()
    await steered.home.restart(steered.entry)
    assert "charge_from_sun" not in steered.options


async def test_a_mode_ends_though_nobody_may_change_settings_and_the_cloud_is_down(
    steered: Steered,
) -> None:
    """Controls are switched off: what was before comes back, as soon as the cloud does."""
    await steered.act("charge_from_sun", duration={"hours": 5})
    await steered.home.pass_time(900)
    assert steered.battery() <= LEAK
    hass = steered.home.hass
    hass.config_entries.async_update_entry(
        steered.entry, options={"excluded_plants": [], "controls": False}
    )
    await steered.home.restart(steered.entry)
    steered.cloud.fault("*", http=503, times=6)
    await steered.home.pass_time(3000)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert not steered.entry.runtime_data.store.load("forces")


async def test_a_mode_ends_with_its_account(steered: Steered) -> None:
    """All that it takes to set back is sent at once: nobody is left to send the rest."""
    await steered.act("charge_from_sun", duration={"hours": 5})
    await steered.home.pass_time(900)
    assert steered.battery() <= LEAK
    await steered.home.hass.config_entries.async_remove(steered.entry.entry_id)
    steered.home.freezer.tick(900)
    steered.look()
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)


@pytest.mark.parametrize("any_cloud", ["fusionsolar"], indirect=True)
async def test_a_plan_of_its_own_buys_nothing_for_a_battery_that_is_held(
    steered: Steered,
) -> None:
    """The plant's periods charge from the grid: that is put off while it is held, and comes back; so does a limit that was set before."""
    home = steered.home
    device = home.device(steered.plant, steered.entry)
    assert device is not None
    period = {"start": "00:00", "end": "23:59", "charge": True}
    for action, data in (
        ("set_battery_schedule", {"periods": [period]}),
        ("set_work_mode", {"mode": "time_of_use", "grid_charging": True}),
    ):
        await home.hass.services.async_call(
            DOMAIN, action, {"device_id": device.id, **data}, blocking=True
        )
        await home.pass_time(600)
    await steered.set("battery_discharge_power_limit", 3000)
    await home.pass_time(600)
    assert steered.battery() < -1000, "it buys"
    before = steered.told()
    await steered.act("hold", duration={"minutes": 60})
    await home.pass_time(1500)
    assert steered.battery() == pytest.approx(0, abs=1)
    assert steered.told() != before
    await home.pass_time(HOUR, 120)
    assert steered.told() == before
    assert steered.shown == "automatic"


@pytest.mark.parametrize("any_cloud", ["fusionsolar"], indirect=True)
async def test_periods_buy_again_though_they_were_left_while_the_battery_was_held(
    steered: Steered,
) -> None:
    """What was put off belongs to the mode with periods, whenever that comes back."""
    home = steered.home
    device = home.device(steered.plant, steered.entry)
    assert device is not None

    async def call(action: str, **data: Any) -> None:
        await home.hass.services.async_call(
            DOMAIN, action, {"device_id": device.id, **data}, blocking=True
        )
        await home.pass_time(600)

    period = {"start": "00:00", "end": "23:59", "charge": True}
    await call("set_battery_schedule", periods=[period])
    await call("set_work_mode", mode="time_of_use", grid_charging=True)
    await steered.set("battery_discharge_power_limit", 3000)
    await home.pass_time(600)
    before = steered.told()
    await steered.act("hold", duration={"minutes": 60})
    await home.pass_time(1500)
    await call("set_work_mode", mode="self_consumption")
    await home.pass_time(HOUR, 120)
    await call("set_work_mode", mode="time_of_use")
    assert steered.told() == before


@pytest.mark.parametrize("any_cloud", ["fusionsolar", "sungrow"], indirect=True)
async def test_what_the_user_sets_meanwhile_is_not_set_back(steered: Steered) -> None:
    """Whoever changes the limit that a mode uses has the last word."""
    manager = steered.entry.runtime_data.control_manager
    assert manager is not None
    (owner,) = [
        key
        for key in manager.available.specs
        if manager.spec(key, Control.BATTERY_MODE) is not None
    ]
    await steered.act("charge_from_sun", duration={"minutes": 60})
    await steered.home.pass_time(900)
    await manager.async_apply(
        Command(owner, Control.BATTERY_DISCHARGE_POWER_LIMIT, 400.0)
    )
    await steered.home.pass_time(900)
    assert steered.battery() == pytest.approx(400, abs=1)
    await steered.home.pass_time(HOUR, 120)
    assert steered.battery() == pytest.approx(400, abs=1)


@pytest.mark.parametrize("any_cloud", ["fusionsolar"], indirect=True)
@pytest.mark.parametrize(
    "modes",
    [
        ("hold", "automatic", "hold"),
        ("charge", "hold", "automatic"),
        ("hold", "charge", "automatic"),
        ("hold", "charge", "hold"),
    ],
    ids="-".join,
)
async def test_who_thinks_better_of_it_within_minutes_leaves_no_battery_steered(
    steered: Steered, modes: tuple[str, ...]
) -> None:
    """The device still works on the mode before: the last one counts, and its end sets everything back."""
    await steered.act(modes[0], duration={"hours": 5})
    await steered.home.pass_time(900)
    for mode in modes[1:]:
        await steered.act(mode, duration={"minutes": 60})
        await steered.home.pass_time(30)
    await steered.home.pass_time(1500)
    expected = LOAD if modes[-1] == "automatic" else 0.0
    assert steered.battery() == pytest.approx(expected, rel=0.05, abs=1)
    assert steered.shown == modes[-1]
    await steered.home.pass_time(2 * HOUR, 120)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert steered.shown == "automatic"


@pytest.mark.parametrize("any_cloud", ["fusionsolar", "sungrow"], indirect=True)
async def test_what_the_user_could_not_set_meanwhile_keeps_nothing_limited(
    steered: Steered,
) -> None:
    """A limit of his own was refused: the one from before the mode comes back all the same."""
    manager = steered.entry.runtime_data.control_manager
    assert manager is not None
    (owner,) = [
        key
        for key in manager.available.specs
        if manager.spec(key, Control.BATTERY_MODE) is not None
    ]
    await steered.act("charge_from_sun", duration={"minutes": 60})
    await steered.home.pass_time(900)
    usual = vars(replace(steered.cloud.knobs))
    steered.refuse()
    with suppress(HomeAssistantError):  # or told after the dialog was closed
        await manager.async_apply(
            Command(owner, Control.BATTERY_DISCHARGE_POWER_LIMIT, 400.0)
        )
    await steered.home.pass_time(900)
    steered.cloud.turn(**usual)
    await steered.home.pass_time(HOUR, 120)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)


@pytest.mark.parametrize("any_cloud", ["fusionsolar"], indirect=True)
async def test_the_button_that_stops_forcing_ends_every_mode(steered: Steered) -> None:
    """It would leave a battery that is held without anybody to end that."""
    await steered.act("hold", duration={"hours": 5})
    await steered.home.pass_time(900)
    await steered.press("stop_forced_charge")
    await steered.home.pass_time(900)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert steered.shown == "automatic"


@pytest.mark.parametrize("any_cloud", ["fusionsolar"], indirect=True)
async def test_a_battery_that_can_give_nothing_just_now_is_not_limited_for_ever(
    steered: Steered,
) -> None:
    """An empty or cold one says so: that is no limit to set back."""
    steered.cloud.turn(capable=0.0)
    await steered.home.pass_time(UPLOAD)
    await steered.act("hold", duration={"minutes": 30})
    await steered.home.pass_time(900)
    assert steered.battery() == pytest.approx(0, abs=1)
    await steered.home.pass_time(HOUR, 120)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)


async def test_who_removes_an_account_while_the_device_is_busy_is_told(
    steered: Steered,
) -> None:
    """A device may take no end while it works on the beginning, and nobody is left to send it later."""
    await steered.act("charge_from_sun", duration={"hours": 5})
    hass = steered.home.hass
    await hass.config_entries.async_remove(steered.entry.entry_id)
    told = {each.translation_key for each in ir.async_get(hass).issues.values()}
    steered.home.freezer.tick(900)
    steered.look()
    ended = steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert ended is not ("force_left_on" in told)


async def test_a_mode_that_would_not_last_is_refused_with_the_reason(
    steered: Steered,
) -> None:
    """No time at all is no duration, and nothing is sent."""
    with pytest.raises(ServiceValidationError) as refused:
        await steered.act("hold", duration={"seconds": 0})
    assert reason(refused) in {"duration_out_of_range", "duration_too_long"}
    assert not steered.sent()


@pytest.mark.parametrize("any_cloud", ["sungrow"], indirect=True)
async def test_a_limit_set_in_the_app_meanwhile_is_not_set_back(
    steered: Steered,
) -> None:
    """The device tells it: the mode is over, and what was before is no more."""
    await steered.act("charge_from_sun", duration={"hours": 3})
    await steered.home.pass_time(900)
    assert steered.shown == "charge_from_sun"
    cloud = steered.cloud
    cloud.told(cloud.first(HYBRID)).write({"10092": 40}, cloud.now())
    await steered.home.pass_time(2 * HOUR, 300)
    assert steered.shown == "automatic"
    await steered.act("charge_from_sun", duration={"minutes": 30})
    await steered.home.pass_time(2 * HOUR, 300)
    assert steered.battery() == pytest.approx(400, abs=1)


WRITES: Final = {
    "solax": ("charge_only_mode", "exit_vpp_mode"),
    "sungrow": ("paramSetting", "paramSetting"),
    "fusionsolar": ("configuration/async-task", "configuration/async-task"),
}
"""The ends of the paths by which a mode begins and ends."""


async def test_lost_answers_leave_no_battery_steered(steered: Steered) -> None:
    """That of the beginning and that of the end, though both were carried out: nothing begins twice, and it ends."""
    begins, ends = WRITES[steered.vendor]
    steered.cloud.fault(begins, body="disconnect", lost=True)
    await steered.act("charge_from_sun", duration={"minutes": 40})
    await steered.home.pass_time(900)
    assert steered.battery() <= LEAK
    begun = steered.sent()
    assert len(begun) == 1
    steered.cloud.fault(ends, body="disconnect", lost=True)
    await steered.home.pass_time(HOUR, 120)
    assert steered.battery() == pytest.approx(LOAD, rel=0.05)
    assert begun[0] not in steered.sent()[1:]
    assert steered.shown == "automatic"
    await steered.home.pass_time(HOUR, 120)
    assert not steered.entry.runtime_data.store.load("forces")


@pytest.mark.parametrize("sungrow", ["two-hybrids"], indirect=True)
async def test_where_two_inverters_have_batteries_each_has_its_own_mode(
    home: Home, sungrow: SungrowCloud
) -> None:
    """Whichever was read first; the action needs one of them, or both would be meant by the plant."""
    house = SungrowHouse(home, sungrow)
    first, second = sungrow.plant.of(HYBRID)
    late = {"uuid": str(second.uuid)}
    sungrow.fault("paramSetting", body="html", where=late, times=None)
    await house.start()
    await home.pass_time(HOUR, 60)
    assert home.known(f"sungrow_{first.sn}_battery_mode", "select")
    assert not home.known(f"sungrow_{second.sn}_battery_mode", "select")
    sungrow.faults.clear()
    await home.pass_time(2 * HOUR, 120)
    assert home.state(f"sungrow_{second.sn}_battery_mode", "select")
    plant = str(sungrow.plant.ps_id)
    assert not home.known(f"sungrow_{plant}_battery_mode", "select")
    device = home.device(plant, house.entry)
    assert device is not None
    with pytest.raises(ServiceValidationError) as refused:
        await home.hass.services.async_call(
            DOMAIN,
            "set_battery_mode",
            {"device_id": device.id, "mode": "hold"},
            blocking=True,
        )
    assert reason(refused) == "ambiguous_device"


async def test_only_administrators_choose_a_mode(
    house: SolaxHouse, hass: HomeAssistant
) -> None:
    """By the action; nothing is sent for anybody else."""
    user = MockUser(groups=[]).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await house.act(
            "set_battery_mode", mode="hold", context=Context(user_id=user.id)
        )
    assert not house.solax.commands()
