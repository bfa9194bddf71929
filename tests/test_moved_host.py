"""A vendor moves a region to another host, as the European FusionSolar does: what an owner sees, and what is kept."""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.repairs import async_change_over
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from .emulators.fusionsolar import FusionSolarCloud
from .emulators.world import World
from .helpers.accounts import Visitor, account_entry, added, reauths, repairs, role
from .helpers.flow import Flow
from .helpers.home import Home

LOGIN = "thirdData/login"


@pytest.fixture
async def old(world: World, socket_enabled: None) -> AsyncIterator[FusionSolarCloud]:
    """The host the account was made on."""
    async with FusionSolarCloud(world, "home") as cloud:
        yield cloud


@pytest.fixture
async def new(old: FusionSolarCloud) -> AsyncIterator[FusionSolarCloud]:
    """The host it moves to: the same accounts, sessions and plants."""
    async with FusionSolarCloud(World(), "empty") as cloud:
        cloud.take_over(old)
        yield cloud


@pytest.fixture
async def entry(old: FusionSolarCloud, home: Home) -> MockConfigEntry:
    """The API account, running."""
    entry = account_entry(old, "fusionsolar_account")
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
async def client(hass: HomeAssistant, visitor: Visitor) -> TestClient[Any, Any]:
    """The frontend's connection."""
    assert await async_setup_component(hass, "repairs", {})
    return visitor.client


def host(cloud: FusionSolarCloud) -> str:
    """Return a cloud's host as it is shown."""
    return URL(cloud.url).host_port_subcomponent or ""


@pytest.fixture
async def foreign(socket_enabled: None) -> AsyncIterator[FusionSolarCloud]:
    """A host with an account of the same name and password, and somebody else's plants."""
    async with FusionSolarCloud(World(), "commercial") as cloud:
        for number, plant in enumerate(cloud.plants):
            plant.code = f"NE=7700{number}"
            for device in plant.devices:
                device.serial = f"OTHER{device.id}"
        yield cloud


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> set[tuple[str, str]]:
    """Return what the account has, by the ids that history hangs on."""
    registry = er.async_get(hass)
    return {
        (each.entity_id, each.unique_id)
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
    }


async def open_repair(client: TestClient[Any, Any], hass: HomeAssistant) -> Any:
    """Press the repair's button."""
    (issue,) = [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.translation_key == "interface_moved"
    ]
    assert issue.is_fixable
    answer = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issue.issue_id},
    )
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def confirm(client: TestClient[Any, Any], hass: HomeAssistant, flow: Any) -> Any:
    """Press submit."""
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert answer.status == 200, await answer.text()
    result = await answer.json()
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


@pytest.mark.parametrize("status", [200, 301, 302, 308, 410])
async def test_e74_a_host_that_moved_is_named_and_changed_over_to_when_confirmed(
    entry: MockConfigEntry,
    old: FusionSolarCloud,
    new: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
    status: int,
) -> None:
    """Never by itself; entities, history and the session stay, and nobody is asked to sign in."""
    before = entities(home.hass, entry)
    old.turn(moved_to=new.url, moved_status=status)
    await home.pass_time(2400)
    told = repairs(home.hass)["interface_moved"]
    assert (told["old"], told["host"]) == (host(old), host(new))
    assert len(new.calls) == 0
    assert reauths(home.hass) == 0

    flow = await open_repair(client, home.hass)
    assert flow["step_id"] == "confirm"
    assert flow["description_placeholders"]["host"] == host(new)
    assert len(new.calls) == 0
    result = await confirm(client, home.hass, flow)
    assert result["type"] == "create_entry", result

    await home.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["credentials"]["base_url"] == new.url
    assert before <= entities(home.hass, entry)
    assert "interface_moved" not in repairs(home.hass)
    await home.pass_time(900)
    assert role(home, "fusionsolar", new.plant.code, "pv_power") > 0
    # The session of before the move may have run out meanwhile; one sign-in is all it takes.
    assert new.calls.count(LOGIN) <= 1


async def test_e74_a_restart_after_the_move_still_names_the_new_host(
    entry: MockConfigEntry, old: FusionSolarCloud, new: FusionSolarCloud, home: Home
) -> None:
    """Set-up fails then, and says why."""
    old.turn(moved_to=new.url, moved_status=308)
    await home.pass_time(1800)
    await home.restart(entry)
    for _ in range(3):  # our own pace does not hide it in between
        await home.pass_time(200)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "interface_moved"
    assert repairs(home.hass)["interface_moved"]["host"] == host(new)
    old.turn(moved_to=None)
    await home.pass_time(300)
    assert "interface_moved" not in repairs(home.hass)
    assert role(home, "fusionsolar", new.plant.code, "pv_power") > 0


@pytest.mark.parametrize("status", [200, 410])
async def test_a_host_that_was_closed_says_so(
    entry: MockConfigEntry, old: FusionSolarCloud, home: Home, status: int
) -> None:
    """Where it names no other, the vendor's announcement does; it is not the password, whatever the notice looks like."""
    old.turn(moved_to="", moved_status=status)
    await home.pass_time(2400)
    assert repairs(home.hass)["interface_closed"]["old"] == host(old)
    assert reauths(home.hass) == 0


@pytest.mark.parametrize("target", ["https://192.168.1.7", "https://nas.local"])
async def test_a_redirect_into_the_home_is_never_offered(
    entry: MockConfigEntry, old: FusionSolarCloud, home: Home, target: str
) -> None:
    """Whoever answers that is up to no good, or broken."""
    old.turn(moved_to=target)
    await home.pass_time(2400)
    assert "interface_moved" not in repairs(home.hass)


@pytest.mark.parametrize(
    ("number", "says"), [("10.0.0.7", "private"), (None, "cannot be reached")]
)
async def test_a_name_that_leads_into_the_home_is_not_followed(
    entry: MockConfigEntry,
    old: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
    number: str | None,
    says: str,
) -> None:
    """It looks public; its number is not, or nobody knows it."""
    old.turn(moved_to="https://api.example.com")
    await home.pass_time(2400)
    before = dict(entry.data["credentials"])

    async def lookup(*_: Any, **__: Any) -> list[Any]:
        if number is None:
            raise OSError
        return [(2, 1, 6, "", (number, 443))]

    flow = await open_repair(client, home.hass)
    with monkeypatch.context() as patch:
        patch.setattr(home.hass.loop, "getaddrinfo", lookup)
        result = await confirm(client, home.hass, flow)
    assert result["reason"] == "not_changed"
    assert says in result["description_placeholders"]["detail"]
    assert entry.data["credentials"] == before


async def test_a_private_host_is_refused_whoever_names_it(
    entry: MockConfigEntry, old: FusionSolarCloud, home: Home
) -> None:
    """Whatever a repair of an older version holds."""
    with pytest.raises(CloudError, match="private_host"):
        await async_change_over(home.hass, entry, host(old), "192.168.1.9")


async def test_a_change_over_made_by_hand_meanwhile_is_left_alone(
    entry: MockConfigEntry,
    old: FusionSolarCloud,
    new: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
) -> None:
    """The repair was open while the owner typed the address."""
    old.turn(moved_to=new.url)
    await home.pass_time(2400)
    flow = await open_repair(client, home.hass)
    typed = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    await typed.submit(region="other", username=old.credentials["username"])
    await typed.submit(base_url=new.url)
    assert typed.reason == "reconfigure_successful"
    before = dict(entry.data)
    result = await confirm(client, home.hass, flow)
    assert result["type"] == "create_entry", result
    assert dict(entry.data) == before


async def test_an_account_that_shows_other_plants_is_not_changed_over(
    entry: MockConfigEntry,
    old: FusionSolarCloud,
    foreign: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
) -> None:
    """The same name and password on another host may be somebody else's."""
    before = dict(entry.data["credentials"])
    old.turn(moved_to=foreign.url)
    await home.pass_time(2400)
    flow = await open_repair(client, home.hass)
    result = await confirm(client, home.hass, flow)
    assert result["type"] == "abort", result
    assert result["reason"] == "not_changed"
    assert "plants" in result["description_placeholders"]["detail"]
    assert entry.data["credentials"] == before
    old.turn(moved_to=None)
    await home.pass_time(1200)
    assert entry.state is ConfigEntryState.LOADED


async def test_e74_reconfiguring_the_address_keeps_entities_and_session(
    entry: MockConfigEntry, old: FusionSolarCloud, new: FusionSolarCloud, home: Home
) -> None:
    """Typed by the owner, portal's way of writing it included; no second sign-in."""
    before = entities(home.hass, entry)
    flow = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="other", username=old.credentials["username"])
    await flow.submit(base_url=f"{new.url}/unisso/login.action")
    assert flow.reason == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["credentials"]["base_url"] == new.url
    assert before <= entities(home.hass, entry)
    assert new.calls.count(LOGIN) == 0
    # And the account is known by its new address from now on.
    again = await Flow.add(home.hass)
    await again.sign_in("fusionsolar_account")
    await again.submit(region="other", **new.credentials)
    await again.submit(base_url=new.url)
    assert again.reason == "already_configured"


async def test_reconfiguring_to_where_another_entry_is_already_is_refused(
    entry: MockConfigEntry, old: FusionSolarCloud, home: Home
) -> None:
    """Two entries would show one account."""
    elsewhere = {"base_url": old.url.replace("127.0.0.1", "localhost")}
    twin = account_entry(old, "fusionsolar_account", **elsewhere)
    assert twin.unique_id != entry.unique_id
    twin.add_to_hass(home.hass)
    flow = Flow(home.hass, await twin.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="other", username=old.credentials["username"])
    await flow.submit(base_url=old.url)
    assert flow.reason == "already_configured"


async def test_reconfiguring_to_somebody_elses_plants_is_refused(
    entry: MockConfigEntry,
    old: FusionSolarCloud,
    foreign: FusionSolarCloud,
    home: Home,
) -> None:
    """The entry goes on as it was."""
    flow = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    await flow.submit(region="other", username=old.credentials["username"])
    await flow.submit(base_url=foreign.url)
    assert flow.reason == "unique_id_mismatch"
    await home.settle()
    assert entry.data["credentials"]["base_url"] == old.url
    assert entry.state is ConfigEntryState.LOADED


async def consented(
    client: TestClient[Any, Any], old: FusionSolarCloud, home: Home
) -> MockConfigEntry:
    """Add an account by its owner's consent, interface and page of consent stated apart."""
    visitor = Visitor(client)
    await visitor.post(visitor.path, {"handler": DOMAIN})
    await visitor.sign_in("fusionsolar_oauth")
    await visitor.answer(region="other", **old.oauth_credentials)
    await visitor.answer(base_url=old.url, oauth_url=f"{old.url}/rest/dp")
    await visitor.answer(next_step_id="paste")
    opened = URL(visitor.result["description_placeholders"]["url"])
    await visitor.answer(code=old.consent(opened.query["redirect_uri"]))
    await visitor.take_all()
    await home.settle()
    entry = added(home.hass)
    assert entry.data["credentials"]["oauth_url"] == old.url
    return entry


async def test_e74_a_consent_moves_with_its_account(
    old: FusionSolarCloud,
    new: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
) -> None:
    """Interface and consent page on two hosts, then both on the new one: the owner consents once."""
    entry = await consented(client, old, home)
    before = entities(home.hass, entry)

    old.turn(moved_to=new.url)
    await home.pass_time(5400, step=300)
    flow = await open_repair(client, home.hass)
    result = await confirm(client, home.hass, flow)
    assert result["type"] == "create_entry", result
    await home.pass_time(600)
    assert entry.state is ConfigEntryState.LOADED
    assert before <= entities(home.hass, entry)
    assert reauths(home.hass) == 0
    credentials = entry.data["credentials"]
    assert (credentials["base_url"], credentials["oauth_url"]) == (new.url, new.url)


async def test_e74_reconfiguring_the_address_of_a_consent_keeps_it(
    old: FusionSolarCloud,
    new: FusionSolarCloud,
    home: Home,
    client: TestClient[Any, Any],
) -> None:
    """The owner is not asked again, and the token is traded in no sooner than it would have been."""
    entry = await consented(client, old, home)
    before = entities(home.hass, entry)
    begun = await home.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    flow = Flow(home.hass, begun, [])
    await flow.submit(region="other", client_id=old.oauth_credentials["client_id"])
    await flow.submit(base_url=new.url)
    assert flow.reason == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert "oauth_url" not in entry.data["credentials"]
    assert before <= entities(home.hass, entry)
    assert new.calls.count("oauth2/v1/token") == 0
    await home.pass_time(4500, step=300)
    assert new.calls.count("oauth2/v1/token") == 1
    assert reauths(home.hass) == 0


async def test_a_long_wait_of_our_own_is_told_and_not_sat_out(
    old: FusionSolarCloud, home: Home
) -> None:
    """Four mistyped passwords: the fifth would lock the account, and the wait is not the vendor's."""
    flow = await Flow.add(home.hass)
    await flow.sign_in("fusionsolar_account")
    await flow.submit(region="other", **old.credentials | {"password": "mistyped"})
    await flow.submit(base_url=old.url)
    for number in range(4):
        assert flow.at("base_url", base="invalid_auth")
        await flow.submit(base_url=old.url, password=f"mistyped-{number}")
    assert flow.at("base_url", base="rate_limited")
    assert "Home Assistant" in flow.detail
    assert old.calls.count(LOGIN) == 4
