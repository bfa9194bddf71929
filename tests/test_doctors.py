"""Doctors: each appears, explains, offers what can be done, looks again when it is done, and goes by itself."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import PropertyMock, patch

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.errors import PermissionMissing
from custom_components.solar_cloud.cloud.model import Notice
from custom_components.solar_cloud.cloud.quota import ALL, DAY, Quota, Window
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.cloud.transport import Transport
from custom_components.solar_cloud.cloud.vendor import Access, ShowsAccess
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.doctors import REMEDIES
from custom_components.solar_cloud.repairs import async_create_fix_flow, issue_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from .benchmarks._tape import connect
from .emulators.fusionsolar import FusionSolarCloud
from .emulators.solax import SolaxCloud
from .emulators.sungrow import SungrowCloud
from .helpers.accounts import demo_entry, repairs
from .helpers.home import Home

CONTROL = "Grid Control API"


async def opened(hass: HomeAssistant, key: str) -> Any:
    """Press a repair that can be mended, and return its flow."""
    issue = next(
        each
        for each in ir.async_get(hass).issues.values()
        if each.translation_key == key
    )
    assert issue.is_fixable
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, issue.issue_id
    return flow


def told(result: Any) -> dict[str, str]:
    """Return what fills a form's texts in."""
    placeholders: dict[str, str] = result["description_placeholders"]
    return placeholders


async def test_a_missing_permission_is_looked_at_again_as_soon_as_it_is_granted(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Each service with a mark, where to grant it, the words for the installer; no waiting for tomorrow."""
    solax.withdraw("API_Telemetry_V2", "API_EVC_V2")
    await home.pass_time(1200)
    flow = await opened(home.hass, "permission_missing")
    shown = await flow.async_step_init()
    advice = told(shown)["advice"]
    assert "✗ **Data Monitoring Service** (Values, History)" in advice
    assert "✓ **Information Access Service** (Alarms)" in advice
    assert "*Service API*, and press *Authorize*" in advice
    (field,) = shown["data_schema"].schema
    letter = field.description["suggested_value"]
    assert "lacks: Data Monitoring Service, EV Charger Control Service" in letter
    assert "developer.solaxcloud.com" in letter

    shown = await flow.async_step_confirm({})
    assert shown["errors"] == {"base": "still_so"}
    assert "permission_missing" in repairs(home.hass)

    solax.authorise("API_Telemetry_V2", "API_EVC_V2")
    shown = await flow.async_step_confirm({})
    assert shown["type"] is FlowResultType.CREATE_ENTRY
    assert "permission_missing" not in repairs(home.hass)


async def test_the_options_say_at_any_time_what_is_granted(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Asked anew, also for settings that were granted since; with nothing missing there is nothing to do."""
    options = home.hass.config_entries.options
    solax.withdraw("API_Workmode_V2")
    result = await options.async_init(running.entry_id)
    result = await options.async_configure(
        result["flow_id"], {"next_step_id": "access"}
    )
    assert "✗ **Inverter Workmode Control" in told(result)["services"]
    solax.authorise("API_Workmode_V2")
    result = await options.async_configure(result["flow_id"], {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "looked")


async def test_who_else_may_use_the_account_is_named_and_the_fight_ends_at_once(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Predbat gets an application of its own; then the repair is over, not an hour later."""
    MockConfigEntry(domain="solax", title="Old SolaX").add_to_hass(home.hass)
    MockConfigEntry(domain=DOMAIN, title="Twin", data=running.data).add_to_hass(
        home.hass
    )
    MockConfigEntry(domain=DOMAIN, title="All plants").add_to_hass(home.hass)
    for _ in range(3):
        solax.steal_token()
        await home.pass_time(360)
    flow = await opened(home.hass, "session_contested")
    advice = told(await flow.async_step_init())["advice"]
    assert "Predbat" in advice
    assert "Old SolaX (solax)" in advice
    assert "Twin (solar_cloud)" in advice
    assert "All plants" not in advice
    assert f"{running.title} (solar_cloud)" not in advice
    assert "create an application for the other program" in advice
    assert (await flow.async_step_confirm({}))["type"] is FlowResultType.CREATE_ENTRY
    assert "session_contested" not in repairs(home.hass)


async def test_a_clock_that_is_wrong_is_told_until_it_is_right(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Whatever the vendor: every answer says what time it is."""
    assert "clock_skew" not in repairs(home.hass)
    solax.clock_off = 600.0
    await home.pass_time(660)
    flow = await opened(home.hass, "clock_skew")
    assert (await flow.async_step_init())["type"] is FlowResultType.FORM
    solax.clock_off = 0.0
    await home.pass_time(360)
    assert "clock_skew" not in repairs(home.hass)


async def test_a_plant_that_two_accounts_read_is_left_to_one_of_them(
    sungrow: SungrowCloud, home: Home
) -> None:
    """The newer account gives it up, and the repair goes."""
    first = await demo_entry(home, sungrow, "sungrow_account")
    second = await demo_entry(home, sungrow, "sungrow_oauth")
    object.__setattr__(second, "unique_id", "sungrow_demo_2")
    await home.start(first)
    assert "served_twice" not in repairs(home.hass)
    await home.start(second)
    assert repairs(home.hass)["served_twice"] == {
        "account": second.title,
        "other": first.title,
        "plant": sungrow.plant.name,
    }
    flow = await opened(home.hass, "served_twice")
    assert (await flow.async_step_init())["type"] is FlowResultType.FORM
    await flow.async_step_confirm({})
    await home.settle()
    assert second.options["excluded_plants"] == [sungrow.plant.ps_id]
    assert "served_twice" not in repairs(home.hass)


@pytest.mark.parametrize("asleep", ["older", "newer"])
async def test_a_plant_is_left_to_the_other_account_whichever_of_them_is_down(
    sungrow: SungrowCloud, home: Home, asleep: str
) -> None:
    """The repair was on the screen when the cloud went away."""
    first = await demo_entry(home, sungrow, "sungrow_account")
    second = await demo_entry(home, sungrow, "sungrow_oauth")
    object.__setattr__(second, "unique_id", "sungrow_demo_2")
    await home.start(first)
    await home.start(second)
    flow = await opened(home.hass, "served_twice")
    down = first if asleep == "older" else second
    await home.hass.config_entries.async_unload(down.entry_id)
    result = await flow.async_step_confirm({})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.settle()
    assert second.options["excluded_plants"] == [sungrow.plant.ps_id]
    assert first.options["excluded_plants"] == []
    if asleep == "older":
        await home.start(first)
    assert repairs(home.hass) == {}


async def test_looking_again_at_an_account_that_could_not_be_stopped_says_so(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Only a restart of Home Assistant helps it; the repair stays, and nothing breaks."""
    solax.withdraw("API_Telemetry_V2")
    await home.pass_time(1200)
    flow = await opened(home.hass, "permission_missing")
    with patch.object(
        type(home.hass.config_entries), "async_unload_platforms", return_value=False
    ):
        assert not await home.hass.config_entries.async_unload(running.entry_id)
    assert running.state is ConfigEntryState.FAILED_UNLOAD
    shown = await flow.async_step_confirm({})
    assert shown["errors"] == {"base": "still_so"}


def test_calls_that_run_out_are_told_before_there_are_none() -> None:
    """At nine of ten of a day or a month, never by an hour's calls."""
    quota = Quota({ALL: (Window(100, DAY), Window(91, 3600.0))}, MemoryStorage())
    for _ in range(89):
        quota.acquire("data")
    assert not quota.runs_out
    quota.acquire("data")
    assert quota.runs_out


async def test_a_repair_says_that_calls_run_out_and_goes_by_itself(
    running: MockConfigEntry, home: Home
) -> None:
    """It comes with a poll, and goes with one."""
    with patch.object(Quota, "runs_out", PropertyMock(return_value=True)):
        await home.pass_time(360)
        assert "calls_run_out" in repairs(home.hass)
    await home.pass_time(360)
    assert "calls_run_out" not in repairs(home.hass)


@pytest.fixture
async def transport(socket_enabled: None) -> AsyncIterator[Transport]:
    """Real HTTP."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Transport(session)


async def looked(
    sign_in: str, cloud: Any, transport: Transport, *, polls: int = 0
) -> Access:
    """Sign in, list, read, and look what is granted."""
    client = await connect(sign_in, cloud, transport, MemoryStorage())
    inventory = await client.inventory()
    for _ in range(polls):
        await client.readings(inventory)
    assert isinstance(client, ShowsAccess)
    return await client.access(inventory, again=True)


@pytest.mark.parametrize("sign_in", ["sungrow_account", "sungrow_oauth"])
async def test_sungrows_groups_are_told_apart(
    sign_in: str, sungrow: SungrowCloud, transport: Transport
) -> None:
    """Values are granted, settings are not: by one question each."""
    assert (await looked(sign_in, sungrow, transport)).missing == ()
    sungrow.turn(control_group=False)
    access = await looked(sign_in, sungrow, transport)
    assert (access.granted, access.missing) == (("Monitoring API",), (CONTROL,))


async def test_an_application_without_monitoring_is_told_before_any_value_fails(
    sungrow: SungrowCloud, transport: Transport
) -> None:
    """What was granted at set-up may be withdrawn later."""
    client = await connect("sungrow_account", sungrow, transport, MemoryStorage())
    inventory = await client.inventory()
    assert isinstance(client, ShowsAccess)
    sungrow.turn(unapproved=True)
    assert "Monitoring API" in (await client.access(inventory, again=True)).missing
    with pytest.raises(PermissionMissing):
        await client.access(inventory)


async def test_an_owner_who_has_not_allowed_access_is_told_from_an_administrator(
    fusionsolar: FusionSolarCloud, transport: Transport
) -> None:
    """Only the owner can grant it; nothing is claimed before anything was read."""
    way = "fusionsolar_account"
    assert await looked(way, fusionsolar, transport) == Access()
    fusionsolar.plants[0].authorized = False
    access = await looked(way, fusionsolar, transport, polls=2)
    assert access.missing == ("Access to API",)


def test_every_remedy_has_its_flow(hass: HomeAssistant) -> None:
    """What its flow needs is in the repair, and names nobody's secret."""
    for key in REMEDIES:
        data = issue_data("entry", Notice(key, (("permission", "API"),)))
        assert data == {
            "kind": "doctor",
            "entry_id": "entry",
            "key": key,
            "permission": "API",
        }
