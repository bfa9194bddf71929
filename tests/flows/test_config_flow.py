"""Adding an account: each mistake is named, and can be overcome."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import threading

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud import config_flow
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.solax.client import SolaxCloud as Client
from custom_components.solar_cloud.cloud.vendor import Clients
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..emulators.solax import SolaxCloud
from ..helpers.flow import (
    UNREACHABLE,
    Flow,
    rare_fields,
    reach_base_url,
    reach_plants,
    shown,
)
from ..helpers.home import Home, solax_entry, solax_id


async def test_the_first_page_asks_for_the_brand_only(flow: Flow) -> None:
    """What to sign in with is asked after that, of those who have a choice."""
    assert flow.result["type"] is FlowResultType.MENU
    assert flow.result["step_id"] == "user"
    assert flow.result["menu_options"] == ["solax", "sungrow", "fusionsolar"]


@pytest.mark.parametrize("brand", ["sungrow", "fusionsolar"])
async def test_a_brand_with_several_ways_asks_what_one_has(
    flow: Flow, brand: str
) -> None:
    """One choice per sign-in."""
    await flow.choose(brand)
    assert flow.result["type"] is FlowResultType.MENU
    assert flow.result["step_id"] == brand
    assert flow.result["menu_options"] == [f"{brand}_account", f"{brand}_oauth"]


async def test_a_brand_with_one_way_asks_nothing_more(flow: Flow) -> None:
    """Its form comes at once."""
    await flow.choose("solax")
    assert flow.at("solax")


@pytest.mark.parametrize("key", [s.key for v in VENDORS.values() for s in v.sign_ins])
async def test_every_form_asks_what_its_vendor_needs(flow: Flow, key: str) -> None:
    """Fields as the design names them, the region first; nobody reads a secret over one's shoulder."""
    vendor = next(
        each for each in VENDORS.values() if key in {s.key for s in each.sign_ins}
    )
    sign_in = vendor.sign_in(key)
    await flow.sign_in(key)
    assert flow.at(key)
    schema = flow.result["data_schema"]
    assert schema is not None
    fields = [str(marker) for marker in schema.schema]
    common = [field.key for field in sign_in.fields if not field.rare]
    rare = [field.key for field in sign_in.fields if field.rare]
    assert fields == ["region", *common, *(["advanced"] if rare else [])]
    assert rare_fields(flow.result) == rare
    for secret in set(common) & {field.key for field in sign_in.secrets}:
        assert schema.schema[secret].config["type"] == "password", secret
    regions = schema.schema["region"].config["options"]
    assert regions == [*sign_in.regions, "other"]


async def test_a_home_is_added(flow: Flow, solax: SolaxCloud, home: Home) -> None:
    """From the menu to living entities."""
    await reach_plants(flow, solax)
    assert shown(flow.result) == {"plants": [solax.plant.plant_id], "controls": False}
    await flow.submit(plants=[solax.plant.plant_id], controls=False)

    entry = flow.entry
    assert entry.title == "Demo House (SolaX)"
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


@pytest.mark.parametrize("path", ["/openapi/", "/login?next=home", "#/home"])
async def test_an_address_may_be_copied_from_the_browser(
    flow: Flow, solax: SolaxCloud, path: str
) -> None:
    """What follows the host is cut off."""
    await reach_base_url(flow, solax)
    await flow.submit(base_url=f"{solax.url}{path}")
    assert flow.at("plants")


async def test_the_address_of_a_known_region_is_called_by_its_name(
    flow: Flow, solax: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is wrong is then said on the form that shows the region."""
    monkeypatch.setitem(VENDORS["solax"].sign_in("solax").regions, "us", solax.url)
    await reach_base_url(flow, solax, client_secret="mistyped")
    await flow.submit(base_url=f"{solax.url}/login")
    assert flow.at("solax", base="invalid_auth")
    assert shown(flow.result)["region"] == "us"
    await flow.submit(**{**solax.credentials, "region": "us"})
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.data["credentials"] == {"region": "us", **solax.credentials}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "not an address",
        "http://example.com",
        "ftp://example.com",
        "https://",
        "https://user:pass@example.com",
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


async def test_a_client_is_imported_outside_the_event_loop(
    flow: Flow, solax: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the vendor is chosen and there is something to try, and not before."""
    vendor, threads = VENDORS["solax"], list[int]()

    def clients() -> Clients:
        threads.append(threading.get_ident())
        return vendor.clients()

    monkeypatch.setitem(config_flow.SIGN_INS, "solax", replace(vendor, clients=clients))
    await reach_base_url(flow, solax)
    assert threads == []
    await flow.submit(base_url=solax.url)
    assert flow.at("plants")
    assert threads[0] != threading.get_ident()


async def test_a_region_needs_no_address(
    flow: Flow, solax: SolaxCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form of credentials itself shows the error, and goes on."""
    await flow.sign_in("solax")
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


async def test_a_flow_of_a_closed_tab_stands_in_nobodys_way(
    flow: Flow, solax: SolaxCloud, hass: HomeAssistant
) -> None:
    """It cannot be found again in the user interface; the one that adds the account ends it."""
    await reach_plants(flow, solax)
    left_behind = flow.result["flow_id"]
    again = await Flow.add(hass)
    await reach_plants(again, solax)
    assert again.result["flow_id"] != left_behind
    await again.submit(plants=[solax.plant.plant_id], controls=False)
    assert again.entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


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
    await flow.sign_in("solax")
    await flow.submit(region="eu", **solax.credentials)
    assert flow.at("solax", base="no_permission")
    await flow.submit(region="eu", client_id="f" * 32, client_secret="EXAMPLEsecond")
    await flow.submit(plants=[solax.plant.plant_id], controls=False)
    assert flow.entry.data["credentials"]["client_id"] == "f" * 32
    assert [call.params["client_id"] for call in solax.token_calls] == [
        solax.credentials["client_id"],
        "f" * 32,
    ]
