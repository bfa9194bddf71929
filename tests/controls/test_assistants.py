"""An assistant chooses a battery mode: for an administrator, where the account allows it and the mode is exposed, and for nobody else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
import voluptuous as vol

from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control.events import EVENT_COMMAND
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.llm import ToolInput

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.solax import Kind, SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..helpers.assistant import READING, Assistant, RefusedError
from ..helpers.home import Home, solax_entry
from ..helpers.house import UPLOAD, FusionSolarHouse, SolaxHouse, SungrowHouse

type HomeCloud = SolaxCloud | SungrowCloud | FusionSolarCloud

TOOL = "set_battery_mode"


@dataclass
class Wired:
    """A home whose battery modes may be set, and what was sent to it."""

    home: Home
    entry: MockConfigEntry
    sent: Callable[[], int]
    """How often something was changed."""


async def _solax(home: Home, cloud: SolaxCloud) -> Wired:
    entry = solax_entry(cloud, excluded_plants=[], controls=True)
    await SolaxHouse(home, cloud, entry).start()
    return Wired(home, entry, lambda: len(cloud.commands()))


async def _sungrow(home: Home, cloud: SungrowCloud) -> Wired:
    house = SungrowHouse(home, cloud)
    await house.start()

    def sent() -> int:
        return sum(each.keys() != {"10017"} for each in house.written())

    return Wired(home, house.entry, sent)  # without signs of life


async def _fusionsolar(home: Home, cloud: FusionSolarCloud) -> Wired:
    house = FusionSolarHouse(home, cloud)
    await house.start()
    return Wired(home, house.entry, lambda: house.writes)


BUILD: dict[str, Callable[[Home, Any], Any]] = {
    "solax": _solax,
    "sungrow": _sungrow,
    "fusionsolar": _fusionsolar,
}


@pytest.fixture(params=[*BUILD])
def any_cloud(request: pytest.FixtureRequest) -> HomeCloud:
    """The cloud of each vendor, at whose home the battery has room."""
    cloud: HomeCloud = request.getfixturevalue(request.param)
    cloud.plant.site.set_soc(0.4)
    return cloud


@pytest.fixture
async def wired(home: Home, any_cloud: HomeCloud) -> Wired:
    """A home of each vendor, whose settings were read."""
    wired: Wired = await BUILD[any_cloud.name](home, any_cloud)
    await home.pass_time(UPLOAD)
    return wired


async def test_an_administrator_starts_and_ends_a_mode(
    wired: Wired, hass_admin_user: MockUser
) -> None:
    """By one command each, with an end; who it was stands in the logbook; what the battery is to do is told."""
    events = async_capture_events(wired.home.hass, EVENT_COMMAND)
    assistant = await Assistant.of(wired.home)
    assistant.user = hass_admin_user
    assert await assistant.offered() == {*READING, TOOL}
    receipt = await assistant.ask(TOOL, mode="charge", power_w=2000, minutes=40)
    assert (receipt["plant"], receipt["mode"]) == ("plant 1", "charge")
    assert receipt["outcome"] in {"accepted", "confirmed"}
    assert receipt["sent_at"].endswith("+02:00")
    assert receipt["sent_at"] < receipt["ends_at"]
    assert wired.sent() == 1
    assert events[0].context.user_id == hass_admin_user.id
    await wired.home.pass_time(UPLOAD)
    (plant,) = (await assistant.ask("get_energy_now"))["plants"]
    assert plant["battery_mode"] == "charge"
    assert plant["power_w"]["charged"] == pytest.approx(2000, abs=150)
    assert wired.sent() == 1
    ended = await assistant.ask(TOOL, mode="automatic")
    assert ended["ends_at"] is None
    assert wired.sent() == 2


@pytest.mark.parametrize("any_cloud", ["solax"], indirect=True)
async def test_nobody_else_changes_anything(
    wired: Wired, hass_admin_user: MockUser, hass_read_only_user: MockUser
) -> None:
    """Neither the household, nor a satellite of which nobody knows who speaks, nor an administrator who was locked out; and no model that made a mode up."""
    assistant = await Assistant.of(wired.home)
    household = MockUser(name="Household").add_to_hass(wired.home.hass)
    household.mock_policy({"entities": True})
    gone = MockUser(name="Gone", is_owner=True, is_active=False).add_to_hass(
        wired.home.hass
    )
    for user in (hass_read_only_user, household, gone, None):
        assistant.user = user
        with pytest.raises(RefusedError, match="Only an administrator"):
            await assistant.ask(TOOL, mode="hold")
    assistant.user = hass_admin_user
    for asked in ({"mode": "explode"}, {"mode": "hold", "minutes": 0}, {}):
        with pytest.raises(vol.Invalid):
            await assistant.ask(TOOL, **asked)
    with pytest.raises(RefusedError, match="60000|hours"):
        await assistant.ask(TOOL, mode="charge", minutes=1440)
    assert wired.sent() == 0


@pytest.mark.parametrize("any_cloud", ["solax"], indirect=True)
async def test_without_the_accounts_consent_or_an_exposed_mode_there_is_no_tool(
    wired: Wired, hass_admin_user: MockUser
) -> None:
    """Also where it is taken back in the middle of a conversation."""
    hass = wired.home.hass
    assistant = await Assistant.of(wired.home)
    assistant.user = hass_admin_user
    api = await assistant.api()
    assistant.expose("_battery_mode", shown=False)
    assert await assistant.offered() == READING.keys()
    tool = ToolInput(f"{DOMAIN}__{TOOL}", {"mode": "hold"})
    result = await api.async_call_tool(tool)
    assert (result.error, "not exposed" in str(result.data)) == (True, True)
    assistant.expose("_battery_mode")
    hass.config_entries.async_update_entry(
        wired.entry, options={"excluded_plants": [], "controls": False}
    )
    result = await api.async_call_tool(tool)
    assert (result.error, "not allowed" in str(result.data)) == (True, True)
    await wired.home.restart(wired.entry)
    assert await assistant.offered() == READING.keys()
    with pytest.raises(HomeAssistantError, match="not found"):
        await assistant.ask(TOOL, mode="hold")
    assert wired.sent() == 0


@pytest.mark.parametrize("any_cloud", ["solax"], indirect=True)
@pytest.mark.parametrize("solax", ["parallel-two-inverters"], indirect=True)
async def test_which_of_several_batteries_is_meant_no_model_decides(
    wired: Wired, solax: SolaxCloud, hass_admin_user: MockUser
) -> None:
    """It is sent to none of them, and all are told of."""
    solax.change_device(solax.plant.of(Kind.INVERTER)[1].sn, {"facts": {"flag": 1}})
    await wired.home.restart(wired.entry)
    await wired.home.pass_time(360)  # the lists are read behind the first values
    assistant = await Assistant.of(wired.home)
    assistant.user = hass_admin_user
    with pytest.raises(RefusedError, match="several batteries"):
        await assistant.ask(TOOL, mode="hold")
    (plant,) = (await assistant.ask("get_energy_now"))["plants"]
    assert plant["battery_mode"] == "automatic, automatic"
    assert not solax.commands()


@pytest.mark.parametrize("any_cloud", ["solax"], indirect=True)
@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_of_several_plants_one_must_be_named(
    wired: Wired, solax: SolaxCloud, hass_admin_user: MockUser
) -> None:
    """By what it is called in the answers; the other is left alone."""
    assistant = await Assistant.of(wired.home)
    assistant.user = hass_admin_user
    with pytest.raises(RefusedError, match="Say which plant is meant: plant 1, plant"):
        await assistant.ask(TOOL, mode="hold")
    assert not solax.commands()
    receipt = await assistant.ask(TOOL, mode="hold", plant="plant 1")
    assert receipt["plant"] == "plant 1"
    assert len(solax.commands()) == 1
