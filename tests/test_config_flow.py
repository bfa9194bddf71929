"""Adding, re-authorising and changing an account, as the frontend would do it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.solax.client import SolaxCloud as Client
from custom_components.solar_cloud.const import DOMAIN
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from .emulators.solax import Kind, SolaxCloud
from .emulators.world import World
from .helpers.home import Home, solax_entry, solax_id

UNREACHABLE = "http://127.0.0.1:9"


def shown(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form fills in beforehand: it goes to the browser."""
    schema = result.get("data_schema")
    filled: dict[str, Any] = {}
    for marker in schema.schema if schema is not None else ():
        if marker.description and "suggested_value" in marker.description:
            filled[marker] = marker.description["suggested_value"]
        elif callable(marker.default):
            filled[marker] = marker.default()
    return {str(marker): value for marker, value in filled.items()}


@dataclass
class Flow:
    """One flow in the user interface; it notices when a secret is sent back."""

    hass: HomeAssistant
    result: ConfigFlowResult
    typed: list[str]

    @classmethod
    async def add(cls, hass: HomeAssistant) -> Flow:
        """Press the button to add the integration."""
        flows = hass.config_entries.flow
        return cls(
            hass, await flows.async_init(DOMAIN, context={"source": SOURCE_USER}), []
        )

    async def choose(self, step: str) -> None:
        """Choose from a menu."""
        await self._configure({"next_step_id": step})

    async def submit(self, **user_input: Any) -> None:
        """Fill a form in."""
        secrets = {"client_secret", "password", "secret_key"}
        self.typed += [str(user_input[key]) for key in secrets & user_input.keys()]
        await self._configure(user_input)

    async def _configure(self, user_input: dict[str, Any]) -> None:
        flows = self.hass.config_entries.flow
        self.result = await flows.async_configure(self.result["flow_id"], user_input)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        sent = repr(shown(self.result))
        assert not [secret for secret in self.typed if secret and secret in sent]

    def at(self, step: str, **errors: str) -> bool:
        """Say whether a form is shown, with exactly these errors."""
        assert self.result["type"] is FlowResultType.FORM, self.result
        return (
            self.result["step_id"] == step and (self.result["errors"] or {}) == errors
        )

    @property
    def detail(self) -> str:
        """The sentence that names the fix."""
        placeholders = self.result["description_placeholders"]
        assert placeholders is not None
        return placeholders["detail"]

    @property
    def reason(self) -> str:
        """Why the flow was aborted."""
        assert self.result["type"] is FlowResultType.ABORT, self.result
        return self.result["reason"]

    @property
    def entry(self) -> ConfigEntry:
        """What the flow made."""
        assert self.result["type"] is FlowResultType.CREATE_ENTRY, self.result
        return self.result["result"]


@pytest.fixture
async def flow(hass: HomeAssistant, home: Home) -> Flow:
    """A flow at its menu."""
    return await Flow.add(hass)


async def reach_base_url(flow: Flow, cloud: SolaxCloud, **changes: str) -> None:
    """Type everything up to the address."""
    await flow.choose("solax")
    await flow.submit(**{"region": "other", **cloud.credentials, **changes})
    assert flow.at("base_url")


async def reach_plants(flow: Flow, cloud: SolaxCloud) -> None:
    """Sign in without a mistake."""
    await reach_base_url(flow, cloud)
    await flow.submit(base_url=cloud.url)
    assert flow.at("plants")


async def test_the_menu_offers_every_way_to_sign_in(flow: Flow) -> None:
    """One choice per sign-in of each vendor, and a form behind it."""
    assert flow.result["type"] is FlowResultType.MENU
    assert flow.result["step_id"] == "user"
    keys = [each.key for vendor in VENDORS.values() for each in vendor.sign_ins]
    assert flow.result["menu_options"] == keys
    assert "solax" in keys


@pytest.mark.parametrize("key", [s.key for v in VENDORS.values() for s in v.sign_ins])
async def test_every_form_asks_what_its_vendor_needs(flow: Flow, key: str) -> None:
    """Fields as the design names them, the region first."""
    vendor = next(
        each for each in VENDORS.values() if key in {s.key for s in each.sign_ins}
    )
    sign_in = vendor.sign_in(key)
    await flow.choose(key)
    assert flow.at(key)
    schema = flow.result["data_schema"]
    assert schema is not None
    fields = [str(marker) for marker in schema.schema]
    assert fields == ["region", *(field.key for field in sign_in.fields)]
    regions = schema.schema["region"].config["options"]
    assert regions == [*sign_in.regions, "other"]


async def test_a_home_is_added(flow: Flow, solax: SolaxCloud, home: Home) -> None:
    """From the menu to living entities."""
    await reach_plants(flow, solax)
    assert shown(flow.result) == {"plants": [solax.plant.plant_id], "controls": False}
    await flow.submit(plants=[solax.plant.plant_id], controls=False)

    entry = flow.entry
    assert entry.title == "SolaX"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == solax_entry(solax).unique_id
    assert solax.credentials["client_id"] not in (entry.unique_id or "")
    assert entry.data == {
        "vendor": "solax",
        "sign_in": "solax",
        "credentials": {"region": "other", **solax.credentials, "base_url": solax.url},
    }
    assert entry.options == {"excluded_plants": [], "controls": False}
    assert home.value(solax_id(solax, None, "pv_energy_total")) > 0


async def test_the_token_of_the_form_is_the_one_the_entry_uses(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """A second token would be one too many: it kills the first."""
    await reach_plants(flow, solax)
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    await home.pass_time(900)
    assert len(solax.token_calls) == 1
    assert {call.token_generation for call in solax.calls} == {1}
    assert {call.code for call in solax.calls} == {0, 10000}


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_plants_left_out_are_remembered_as_such(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """What is kept is what was left out, so that a new plant comes in by itself."""
    first, second = (plant.plant_id for plant in solax.plants)
    await reach_plants(flow, solax)
    assert shown(flow.result)["plants"] == [first, second]
    await flow.submit(plants=[second], controls=True)
    assert flow.entry.options == {"excluded_plants": [first], "controls": True}
    assert home.known(f"solax_{second}_pv_power")
    assert not home.known(f"solax_{first}_pv_power")


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong while connecting, and how it is mended."""

    error: str
    begin: Callable[[SolaxCloud], object]
    end: Callable[[SolaxCloud], object] = lambda cloud: None
    says: str = ""
    wait: float = 0.0


def _hide_plants(cloud: SolaxCloud) -> None:
    cloud.hidden, cloud.plants = cloud.plants, []  # type: ignore[attr-defined]


def _show_plants(cloud: SolaxCloud) -> None:
    cloud.plants = cloud.hidden  # type: ignore[attr-defined]


TROUBLES = {
    "page": Trouble(
        "cannot_connect", lambda cloud: cloud.fault(body="html"), says="maintenance"
    ),
    "wrong-json": Trouble(
        "cannot_connect", lambda cloud: cloud.fault(body="invalid-json")
    ),
    "null": Trouble("cannot_connect", lambda cloud: cloud.fault(body="null")),
    "list": Trouble("cannot_connect", lambda cloud: cloud.fault(body="list")),
    "dropped": Trouble("cannot_connect", lambda cloud: cloud.fault(body="disconnect")),
    "redirect": Trouble(
        "cannot_connect", lambda cloud: cloud.fault(body="redirect"), says="region"
    ),
    "huge": Trouble(
        "cannot_connect",
        lambda cloud: cloud.fault("page_plant_info", body="huge"),
        says="too large",
    ),
    "pack": Trouble(
        "no_permission",
        lambda cloud: cloud.withdraw("API_Info_V2"),
        lambda cloud: cloud.authorise("API_Info_V2"),
        says="Information Access Service",
    ),
    "too-fast": Trouble(
        "rate_limited",
        lambda cloud: cloud.turn(per_minute=0),
        lambda cloud: cloud.turn(per_minute=100),
        wait=120,
    ),
    "used-up": Trouble(
        "rate_limited",
        lambda cloud: cloud.turn(per_day=0),
        lambda cloud: cloud.turn(per_day=1000),
        wait=7200,
    ),
    "no-plants": Trouble("no_plants", _hide_plants, _show_plants),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
async def test_every_trouble_is_named_and_can_be_overcome(
    flow: Flow, solax: SolaxCloud, home: Home, trouble: Trouble
) -> None:
    """The same flow goes on where it failed."""
    await reach_base_url(flow, solax)
    trouble.begin(solax)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base=trouble.error)
    assert shown(flow.result) == {"base_url": solax.url}
    assert trouble.says in flow.detail

    trouble.end(solax)
    await home.pass_time(trouble.wait)
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.state is ConfigEntryState.LOADED


async def test_a_wrong_secret_is_corrected(flow: Flow, solax: SolaxCloud) -> None:
    """Without typing anything else again."""
    await reach_base_url(flow, solax, client_secret="wrong-secret")
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="invalid_auth")
    await flow.submit(
        base_url=solax.url, client_secret=solax.credentials["client_secret"]
    )
    assert flow.at("plants")
    assert [call.code for call in solax.token_calls] == [10400, 0]


async def test_an_unreachable_address_is_corrected(
    flow: Flow, solax: SolaxCloud
) -> None:
    """The secret typed before is kept, though never shown."""
    await reach_base_url(flow, solax)
    await flow.submit(base_url=UNREACHABLE)
    assert flow.at("base_url", base="cannot_connect")
    await flow.submit(base_url=f"{solax.url}/")
    assert flow.at("plants")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "not an address",
        "example.com",
        "http://example.com",
        "ftp://example.com",
        "https://",
        "https://user:pass@example.com",
        "https://example.com/openapi",
        "https://example.com?region=eu",
        "https://example.com#top",
        "https://[::1",
    ],
)
async def test_an_address_that_cannot_be_right_is_refused(
    flow: Flow, solax: SolaxCloud, address: str
) -> None:
    """Before anything is sent anywhere."""
    await reach_base_url(flow, solax)
    await flow.submit(base_url=address)
    assert flow.at("base_url", base_url="invalid_host")
    assert len(solax.calls) == 0
    await flow.submit(base_url=f" {solax.url} ")
    assert flow.at("plants")


async def test_a_region_needs_no_address(
    flow: Flow, solax: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form of credentials itself shows the error, and goes on."""
    await flow.choose("solax")
    monkeypatch.setitem(VENDORS["solax"].sign_ins[0].regions, "eu", UNREACHABLE)
    await flow.submit(region="eu", **solax.credentials)
    assert flow.at("solax", base="cannot_connect")
    assert shown(flow.result) == {
        "region": "eu",
        "client_id": solax.credentials["client_id"],
    }
    monkeypatch.setitem(VENDORS["solax"].sign_ins[0].regions, "eu", solax.url)
    await flow.submit(region="eu", **solax.credentials)
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.data["credentials"] == {"region": "eu", **solax.credentials}


async def test_an_unexpected_error_is_logged_and_told(
    flow: Flow,
    solax: SolaxCloud,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault of ours does not end the flow."""
    await reach_base_url(flow, solax)
    with monkeypatch.context() as patch:

        async def broken(self: Client) -> None:
            raise RuntimeError("a fault of ours")

        patch.setattr(Client, "inventory", broken)
        await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="unknown")
    assert "a fault of ours" in caplog.text
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")


@pytest.mark.parametrize("spelling", [str, str.upper, " {} ".format])
async def test_an_account_is_added_once(
    flow: Flow,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass: HomeAssistant,
    spelling: Callable[[str], str],
) -> None:
    """And refused before a token is asked for, which would end the running session."""
    entry.add_to_hass(hass)
    await reach_base_url(
        flow, solax, client_id=spelling(solax.credentials["client_id"])
    )
    await flow.submit(base_url=solax.url)
    assert flow.reason == "already_configured"
    assert len(solax.calls) == 0


async def test_a_second_application_cannot_show_the_same_plant(
    flow: Flow, solax: SolaxCloud, entry: MockConfigEntry, home: Home
) -> None:
    """Its entities would collide; another account's plants are welcome."""
    await home.start(entry)
    solax.add_application("f" * 32, "EXAMPLEsecond")
    second = {"client_id": "f" * 32, "client_secret": "EXAMPLEsecond"}
    await reach_base_url(flow, solax, **second)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_plants")
    await home.hass.config_entries.async_unload(entry.entry_id)
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_e70_a_second_entry_shows_only_the_plants_left_over(
    flow: Flow, solax: SolaxCloud, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Two entries for one plant would create every entity twice."""
    served, left = (plant.plant_id for plant in solax.plants)
    await home.start(solax_entry(solax, excluded_plants=[left], controls=False))
    solax.add_application("f" * 32, "EXAMPLEsecond")
    second = {"client_id": "f" * 32, "client_secret": "EXAMPLEsecond"}
    await reach_base_url(flow, solax, **second)
    await flow.submit(base_url=solax.url)
    assert shown(flow.result)["plants"] == [left]
    await flow.submit(**shown(flow.result))
    assert flow.entry.options["excluded_plants"] == [served]
    assert "unique ID" not in caplog.text


async def test_a_token_opens_the_account_it_was_issued_for_only(
    flow: Flow, solax: SolaxCloud
) -> None:
    """What is typed after a failure is tried anew, not waved through by the token of before."""
    solax.withdraw("API_Info_V2")
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_permission")
    solax.authorise("API_Info_V2")
    await flow.submit(base_url=solax.url, client_secret="a-typing-mistake")
    assert flow.at("base_url", base="invalid_auth")
    await flow.submit(
        base_url=solax.url, client_secret=solax.credentials["client_secret"]
    )
    assert flow.at("plants")
    assert [call.code for call in solax.token_calls] == [0, 10400, 0]


async def test_another_application_starts_from_nothing(
    flow: Flow, solax: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither with the token nor with the calls of the one typed before."""
    monkeypatch.setitem(VENDORS["solax"].sign_ins[0].regions, "eu", solax.url)
    solax.add_application("f" * 32, "EXAMPLEsecond")
    solax.withdraw("API_Info_V2")
    await flow.choose("solax")
    await flow.submit(region="eu", **solax.credentials)
    assert flow.at("solax", base="no_permission")
    await flow.submit(region="eu", client_id="f" * 32, client_secret="EXAMPLEsecond")
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.data["credentials"]["client_id"] == "f" * 32
    assert [call.params["client_id"] for call in solax.token_calls] == [
        solax.credentials["client_id"],
        "f" * 32,
    ]


async def test_a_pack_authorised_meanwhile_needs_no_second_token(
    flow: Flow, solax: SolaxCloud
) -> None:
    """The same credentials go on with the token they have."""
    solax.withdraw("API_Info_V2")
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    solax.authorise("API_Info_V2")
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    assert len(solax.token_calls) == 1


# Later changes


@pytest.fixture
async def running(entry: MockConfigEntry, home: Home) -> MockConfigEntry:
    """The account, set up."""
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def reauth(hass: HomeAssistant) -> Flow:
    """Open the form that Home Assistant has prepared."""
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["context"]["source"] == SOURCE_REAUTH
    flows = hass.config_entries.flow
    return Flow(hass, await flows.async_configure(progress["flow_id"]), [])


async def test_a_rotated_secret_is_asked_for_and_everything_else_stays(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The portal's button was pressed: the next sign-in fails, and only the user can help."""
    before = [
        (each.entity_id, each.unique_id)
        for each in er.async_entries_for_config_entry(
            er.async_get(home.hass), running.entry_id
        )
    ]
    solax.turn(rotation_kills_token=True)
    fresh = solax.rotate_secret()
    await home.pass_time(360)
    assert home.state(solax_id(solax, None, "pv_power")).state == "unavailable"

    flow = await reauth(home.hass)
    assert flow.at("reauth_confirm")
    assert shown(flow.result) == {}
    await flow.submit(client_secret="still-wrong")
    assert flow.at("reauth_confirm", base="invalid_auth")
    await flow.submit(client_secret=fresh)
    assert flow.reason == "reauth_successful"

    assert running.data["credentials"]["client_secret"] == fresh
    assert running.state is ConfigEntryState.LOADED
    registry = er.async_get(home.hass)
    assert before == [
        (each.entity_id, each.unique_id)
        for each in er.async_entries_for_config_entry(registry, running.entry_id)
    ]
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert not home.hass.config_entries.flow.async_progress()


async def test_reauth_goes_on_with_the_token_it_was_given(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """The entry takes the new token up, and keeps what it counted and chose."""
    flow = Flow(home.hass, await running.start_reauth_flow(home.hass), [])
    await flow.submit(client_secret=solax.credentials["client_secret"])
    assert flow.reason == "reauth_successful"
    await home.pass_time(600)
    assert [call.token_generation for call in solax.token_calls] == [1, 2]
    assert solax.calls[len(solax.calls) - 1].token_generation == 2


async def test_reconfigure_keeps_a_secret_left_empty(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Only the address changes."""
    async with SolaxCloud(World()) as moved:
        flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
        assert flow.at("reconfigure")
        assert shown(flow.result) == {
            "region": "other",
            "client_id": solax.credentials["client_id"],
        }
        await flow.submit(region="other", client_id=solax.credentials["client_id"])
        assert flow.at("base_url")
        assert shown(flow.result) == {"base_url": solax.url}
        await flow.submit(base_url=UNREACHABLE)
        assert flow.at("base_url", base="cannot_connect")
        await flow.submit(base_url=moved.url)
        assert flow.reason == "reconfigure_successful"
        assert running.data["credentials"] == {
            "region": "other",
            **solax.credentials,
            "base_url": moved.url,
        }
        assert running.state is ConfigEntryState.LOADED
        assert moved.calls.count("realtime_data") > 0
        assert len(moved.token_calls) == 1
        await home.hass.config_entries.async_unload(running.entry_id)


async def test_reconfigure_refuses_another_account(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Its plants would take the place of the old ones; nothing is asked of the cloud."""
    solax.add_application("f" * 32, "EXAMPLEsecond")
    flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
    solax.calls.clear()
    await flow.submit(region="other", client_id="f" * 32, client_secret="EXAMPLEsecond")
    await flow.submit(base_url=solax.url)
    assert flow.reason == "unique_id_mismatch"
    assert len(solax.calls) == 0
    assert running.data["credentials"]["client_id"] == solax.credentials["client_id"]


async def test_reconfigure_from_an_address_to_a_region_forgets_the_address(
    running: MockConfigEntry,
    solax: SolaxCloud,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the old way remains."""
    monkeypatch.setitem(VENDORS["solax"].sign_ins[0].regions, "eu", solax.url)
    flow = Flow(home.hass, await running.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="eu", client_id=solax.credentials["client_id"])
    assert flow.reason == "reconfigure_successful"
    assert running.data["credentials"] == {"region": "eu", **solax.credentials}


# Options


async def options(hass: HomeAssistant, entry: ConfigEntry) -> Flow:
    """Open the options."""
    return OptionsFlow(
        hass, await hass.config_entries.options.async_init(entry.entry_id), []
    )


class OptionsFlow(Flow):
    """A flow of options."""

    @override
    async def _configure(self, user_input: dict[str, Any]) -> None:
        flows = self.hass.config_entries.options
        self.result = await flows.async_configure(self.result["flow_id"], user_input)
        await self.hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def twin(solax: SolaxCloud, home: Home) -> MockConfigEntry:
    """An account with two plants."""
    entry = solax_entry(solax)
    await home.start(entry)
    return entry


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_a_plant_left_out_later_goes_and_may_come_back(
    twin: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """With its devices and entities, at once."""
    kept, left = (plant.plant_id for plant in solax.plants)
    await home.pass_time(120)
    flow = await options(home.hass, twin)
    assert flow.at("settings")
    assert shown(flow.result) == {
        "plants": [kept, left],
        "controls": False,
        "repair_gaps": True,
    }
    await flow.submit(plants=[kept], controls=True, repair_gaps=False)
    assert twin.options == {
        "excluded_plants": [left],
        "controls": True,
        "repair_gaps": False,
    }
    assert home.device(left, twin) is None
    assert home.device(kept, twin)
    assert not home.known(f"solax_{left}_pv_power")
    solax.calls.clear()
    await home.pass_time(600)
    asked = {serial for call in solax.calls for serial in call.serials}
    assert asked
    for plant in solax.plants:
        assert (plant.of(Kind.INVERTER)[0].sn in asked) is (plant.plant_id == kept)

    flow = await options(home.hass, twin)
    assert shown(flow.result) == {
        "plants": [kept],
        "controls": True,
        "repair_gaps": False,
    }
    await flow.submit(plants=[kept, left], controls=False, repair_gaps=True)
    assert twin.options == {
        "excluded_plants": [],
        "controls": False,
        "repair_gaps": True,
    }
    assert home.value(f"solax_{left}_pv_power") > 0


@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_a_plant_left_out_stays_so_while_it_is_not_listed(
    solax: SolaxCloud, home: Home
) -> None:
    """Opening the options in a bad moment does not bring it back."""
    _kept, left = (plant.plant_id for plant in solax.plants)
    gone = solax.plants.pop()
    assert gone.plant_id == left
    entry = solax_entry(solax, excluded_plants=[left], controls=False)
    await home.start(entry)
    flow = await options(home.hass, entry)
    await flow.submit(**shown(flow.result))
    assert entry.options["excluded_plants"] == [left]


async def test_options_need_a_connected_account(
    entry: MockConfigEntry, hass: HomeAssistant, home: Home
) -> None:
    """Its plants are not known otherwise."""
    entry.add_to_hass(hass)
    flow = await options(hass, entry)
    assert flow.reason == "not_loaded"


async def test_e17_options_reload_but_no_listener_does(
    running: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Saving a token must never start the entry anew; changing the options must, once."""
    assert not running.update_listeners
    solax.steal_token()
    await home.pass_time(600)
    assert len(solax.token_calls) == 2
    assert solax.calls.count("page_plant_info") == 2

    flow = await options(home.hass, running)
    polls = solax.calls.count("realtime_data")
    await flow.submit(plants=[solax.plant.plant_id], controls=True, repair_gaps=True)
    assert running.state is ConfigEntryState.LOADED
    assert solax.calls.count("realtime_data") == polls + 5
    assert solax.calls.count("page_plant_info") == 2
    assert len(solax.token_calls) == 2


# Large accounts, and packs that are missing


LISTING = "solar_cloud listing"
"""The task behind the form's progress."""


async def reach_progress(flow: Flow, cloud: SolaxCloud) -> None:
    """Sign in to an account with more pages than a minute's calls."""
    await reach_base_url(flow, cloud)
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"], {"base_url": cloud.url}
    )
    assert flow.result["type"] is FlowResultType.SHOW_PROGRESS, flow.result


async def wait_for_lists(flow: Flow, home: Home) -> list[tuple[int, int]]:
    """Look at the dialog once a minute until it goes on; return how far it said it was."""
    told: list[tuple[int, int]] = []
    flows = flow.hass.config_entries.flow
    for _ in range(30):
        flow.result = await flows.async_configure(flow.result["flow_id"])
        if flow.result["type"] is not FlowResultType.SHOW_PROGRESS:
            return told
        shown = flow.result["description_placeholders"]
        assert shown is not None
        told.append((int(shown["done"]), int(shown["total"])))
        (work,) = (task for task in asyncio.all_tasks() if task.get_name() == LISTING)
        home.freezer.tick(61)
        async_fire_time_changed(flow.hass)
        await asyncio.wait([work])
        await flow.hass.async_block_till_done()
    pytest.fail(f"The lists never end: {told}")


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_the_form_shows_how_far_the_lists_of_a_large_account_are(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Instead of a limit that is not the vendor's; one plant of 300 is chosen at the end, and works."""
    solax.turn(largest_page=20)
    await reach_progress(flow, solax)
    told = await wait_for_lists(flow, home)
    assert len(told) >= 3
    assert told == sorted(told)
    assert all(0 < done < total for done, total in told)
    assert flow.at("plants")
    assert len(shown(flow.result)["plants"]) == 300
    pages = [
        tuple(sorted(call.params.items()))
        for call in solax.calls.of("page_device_info")
    ]
    assert len(pages) == len(set(pages))
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert len(flow.entry.options["excluded_plants"]) == 299
    await home.pass_time(180)
    assert flow.entry.state is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_what_fails_while_lists_are_read_leads_back_to_the_form(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """And the next try goes on from there."""
    solax.turn(largest_page=20)
    await reach_progress(flow, solax)
    fault = solax.fault(http=503, times=None)
    await wait_for_lists(flow, home)
    assert flow.at("base_url", base="cannot_connect")
    solax.faults.remove(fault)
    pages = solax.calls.count("page_plant_info")
    await reach_again(flow, solax)
    await wait_for_lists(flow, home)
    assert flow.at("plants")
    assert solax.calls.count("page_plant_info") == pages


async def reach_again(flow: Flow, cloud: SolaxCloud) -> None:
    """Submit the address once more."""
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"], {"base_url": cloud.url}
    )


async def test_a_fourth_secret_within_a_minute_waits_its_turn(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Three tokens a minute are our own limit: the form waits it out by itself."""
    await reach_base_url(flow, solax, client_secret="mistyped")
    await flow.submit(base_url=solax.url)
    for number in range(2):
        await flow.submit(base_url=solax.url, client_secret=f"mistyped-{number}")
        assert flow.at("base_url", base="invalid_auth")
    flows = flow.hass.config_entries.flow
    flow.result = await flows.async_configure(
        flow.result["flow_id"],
        {
            "base_url": solax.url,
            "client_secret": solax.credentials["client_secret"],
        },
    )
    assert len(await wait_for_lists(flow, home)) == 1
    assert flow.at("plants")
    assert len(solax.token_calls) == 4


@pytest.mark.parametrize("solax", ["installer"], indirect=True)
async def test_e77_an_entry_of_a_large_account_loads_in_the_end(
    solax: SolaxCloud, home: Home
) -> None:
    """Each try of set-up goes on where the last one stopped, and says how far it is."""
    solax.turn(largest_page=20)
    others = [plant.plant_id for plant in solax.plants[1:]]
    entry = solax_entry(solax, excluded_plants=others, controls=False)
    await home.start(entry)
    assert entry.error_reason_translation_key == "listing"
    assert entry.error_reason_translation_placeholders is not None
    assert int(entry.error_reason_translation_placeholders["done"]) > 10
    await home.pass_time(900, step=30)
    assert entry.state is ConfigEntryState.LOADED
    assert home.value(solax_id(solax, None, "pv_power")) > 0
    assert len(solax.token_calls) == 1


async def test_a_missing_live_data_pack_is_named_in_the_form(
    flow: Flow, solax: SolaxCloud, home: Home
) -> None:
    """Not after a success that is none; authorised meanwhile, the same form goes on."""
    solax.withdraw("API_Telemetry_V2")
    await reach_base_url(flow, solax)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_permission")
    assert "Data Monitoring Service" in flow.detail
    lists = solax.calls.count("page_device_info")
    solax.authorise("API_Telemetry_V2")
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    assert solax.calls.count("page_device_info") == lists
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("solax", ["evc-only", "micro-only"], indirect=True)
async def test_a_missing_live_data_pack_is_found_without_a_battery(
    flow: Flow, solax: SolaxCloud
) -> None:
    """By one reading of whatever there is."""
    solax.withdraw("API_Telemetry_V2")
    await reach_base_url(flow, solax)
    before = solax.calls.count("realtime_data")
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="no_permission")
    assert solax.calls.count("realtime_data") - before <= 1


async def test_the_plants_say_which_packs_are_missing(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Those for settings can be granted later; what is granted is said, too."""
    solax.withdraw("API_EVC_V2", "API_Remote_V2")
    await reach_plants(flow, solax)
    placeholders = flow.result["description_placeholders"]
    assert placeholders is not None
    granted, missing = placeholders["access"].split("Not granted")
    assert "Data Monitoring Service" in granted
    assert "EV Charger Control Service" in missing
    assert "Inverter Remote Control Mode Service" in missing


async def test_an_account_with_everything_granted_is_told_nothing(
    flow: Flow, solax: SolaxCloud
) -> None:
    """A form that is fine says little."""
    await reach_plants(flow, solax)
    placeholders = flow.result["description_placeholders"]
    assert placeholders == {"access": ""}


async def test_a_pack_withdrawn_later_stays_the_reason_however_often_set_up_is_tried(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """Never our own pace under the vendor's name."""
    solax.withdraw("API_Telemetry_V2")
    await home.start(entry)
    for _ in range(30):
        assert entry.error_reason_translation_key == "permission_missing"
        await home.pass_time(20, step=10)
    solax.authorise("API_Telemetry_V2")
    await home.pass_time(200, step=10)
    assert entry.state is ConfigEntryState.LOADED
