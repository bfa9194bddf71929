"""Credentials that belong to another region than the one chosen."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from custom_components.solar_cloud.cloud.registry import VENDORS
from homeassistant.data_entry_flow import FlowResultType

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.solax import SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..helpers.accounts import AnyCloud, account_entry
from ..helpers.flow import UNREACHABLE, Flow, shown
from ..helpers.home import Home

CODES = {"eu": 10400, "cn": 10402, "us": 10400, "in": 10401}


@pytest.fixture
async def regions(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[dict[str, SolaxCloud]]:
    """SolaX's data centres: servers of their own, of which one knows the application."""
    async with AsyncExitStack() as stack:
        clouds = {key: await stack.enter_async_context(SolaxCloud()) for key in CODES}
        known = VENDORS["solax"].sign_in("solax").regions
        for key, cloud in clouds.items():
            cloud.turn(lives_elsewhere=key != "us", bad_secret_code=CODES[key])
            monkeypatch.setitem(known, key, cloud.url)
        yield clouds


def asked(regions: dict[str, SolaxCloud]) -> dict[str, int]:
    """Return how many calls each data centre got."""
    return {key: len(cloud.calls) for key, cloud in regions.items()}


async def test_an_account_of_another_region_is_found(
    flow: Flow, regions: dict[str, SolaxCloud], home: Home
) -> None:
    """It is offered, and taken over only when that is wanted; with the token that found it."""
    await flow.sign_in("solax")
    typed = regions["us"].credentials
    await flow.submit(region="eu", **typed)
    assert flow.result["type"] is FlowResultType.MENU
    assert flow.result["step_id"] == "other_region"
    assert flow.result["description_placeholders"] == {
        "typed": "Europe and global",
        "found": "USA",
    }
    # The search ends where it was found.
    assert asked(regions) | {"us": 0} == {"eu": 1, "cn": 1, "us": 0, "in": 0}

    await flow.choose("take_region")
    assert flow.at("plants")
    await flow.submit(plants=[regions["us"].plant.plant_id], controls=False)
    assert flow.entry.data["credentials"] == {"region": "us", **typed}
    assert len(regions["us"].token_calls) == 1
    assert asked(regions) | {"us": 0} == {"eu": 1, "cn": 1, "us": 0, "in": 0}


async def test_nothing_changes_unless_the_found_region_is_wanted(
    flow: Flow, regions: dict[str, SolaxCloud]
) -> None:
    """Back to the form, with what was typed and why it does not work; nobody is asked twice."""
    await flow.sign_in("solax")
    typed = regions["us"].credentials
    await flow.submit(region="eu", **typed)
    await flow.choose("keep_region")
    assert flow.at("solax", base="invalid_auth")
    assert shown(flow.result) == {"region": "eu", "client_id": typed["client_id"]}
    before = asked(regions)
    await flow.submit(region="eu", **typed)
    assert flow.at("solax", base="invalid_auth")
    assert asked(regions) == before | {"eu": before["eu"] + 1}


async def test_a_wrong_secret_is_tried_once_in_each_region(
    flow: Flow, regions: dict[str, SolaxCloud]
) -> None:
    """However often it is sent, and whichever region is chosen; the right one works then."""
    await flow.sign_in("solax")
    typed = {**regions["us"].credentials, "client_secret": "mistyped"}
    await flow.submit(region="eu", **typed)
    assert flow.at("solax", base="invalid_auth")
    assert asked(regions) == dict.fromkeys(CODES, 1)
    await flow.submit(region="us", **typed)
    assert flow.at("solax", base="invalid_auth")
    assert asked(regions) == dict.fromkeys(CODES, 1) | {"us": 2}
    await flow.submit(region="us", **regions["us"].credentials)
    assert flow.at("plants")


async def test_a_region_that_cannot_be_reached_ends_no_search(
    flow: Flow, regions: dict[str, SolaxCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are asked all the same; one where only a permission is missing is the right one."""
    known = VENDORS["solax"].sign_in("solax").regions
    monkeypatch.setitem(known, "cn", UNREACHABLE)
    regions["us"].withdraw("API_Info_V2")
    await flow.sign_in("solax")
    await flow.submit(region="eu", **regions["us"].credentials)
    assert flow.result["step_id"] == "other_region"
    await flow.choose("take_region")
    assert flow.at("solax", base="no_permission")
    assert shown(flow.result)["region"] == "us"


async def test_an_address_that_was_typed_is_meant(
    flow: Flow, regions: dict[str, SolaxCloud], solax: SolaxCloud
) -> None:
    """A secret goes nowhere else then."""
    await flow.sign_in("solax")
    solax.turn(lives_elsewhere=True)
    await flow.submit(region="other", **regions["us"].credentials)
    await flow.submit(base_url=solax.url)
    assert flow.at("base_url", base="invalid_auth")
    assert asked(regions) == dict.fromkeys(CODES, 0)


async def test_changing_a_connection_tries_no_other_region(
    regions: dict[str, SolaxCloud], home: Home
) -> None:
    """A token found there would end the one that the entry works with."""
    entry = account_entry(regions["us"], "solax", region="us")
    await home.start(entry)
    before = asked(regions)
    flow = Flow(home.hass, await entry.start_reconfigure_flow(home.hass), [])
    typed = {**regions["us"].credentials, "client_secret": "mistyped"}
    await flow.submit(region="in", **typed)
    assert flow.at("reconfigure", base="invalid_auth")
    assert asked(regions) == before | {"in": 1}


@pytest.fixture
async def elsewhere(socket_enabled: None) -> AsyncGenerator[list[AnyCloud]]:
    """Other regions of the vendors whose passwords lock."""
    async with SungrowCloud() as sungrow, FusionSolarCloud() as fusionsolar:
        yield [sungrow, fusionsolar]


@pytest.mark.parametrize("index", [0, 1], ids=["sungrow", "fusionsolar"])
async def test_a_refused_password_goes_to_no_other_region(
    flow: Flow,
    elsewhere: list[AnyCloud],
    sungrow: SungrowCloud,
    fusionsolar: FusionSolarCloud,
    monkeypatch: pytest.MonkeyPatch,
    index: int,
) -> None:
    """Wrong ones are counted there too, and lock the account."""
    clouds: list[AnyCloud] = [sungrow, fusionsolar]
    here = clouds[index]
    sign_in = VENDORS[here.name].sign_in(f"{here.name}_account")
    for region in sign_in.regions:
        monkeypatch.setitem(sign_in.regions, region, elsewhere[index].url)
    first = next(iter(sign_in.regions))
    monkeypatch.setitem(sign_in.regions, first, here.url)
    await flow.sign_in(sign_in.key)
    await flow.submit(**{"region": first, **here.credentials, "password": "mistyped"})
    assert flow.result["step_id"] == sign_in.key
    assert flow.result["errors"]
    assert len(elsewhere[index].calls) == 0
