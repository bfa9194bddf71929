"""The offer of the Energy Dashboard, once the user has said no."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.issues import plant_issue_id
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .emulators.solax import SolaxCloud
from .helpers.home import Home


@pytest.mark.parametrize("ignored", [True, False])
async def test_an_ignored_offer_stays_away(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    ignored: bool,
) -> None:
    """Over a reload, which takes the repair away and with it what Home Assistant knows of the user's wish."""
    assert await async_setup_component(home.hass, "energy", {})
    await home.start(entry)
    registry = ir.async_get(home.hass)

    def offers() -> list[str]:
        return [
            issue_id
            for (domain, issue_id), issue in registry.issues.items()
            if domain == DOMAIN and issue.translation_key == "energy_dashboard"
        ]

    (issue_id,) = offers()
    if ignored:
        ir.async_ignore_issue(home.hass, DOMAIN, issue_id, ignore=True)
    await home.hass.config_entries.async_reload(entry.entry_id)
    await home.hass.async_block_till_done(wait_background_tasks=True)
    assert offers() == ([] if ignored else [issue_id])


async def test_e60_a_download_of_diagnostics_holds_no_plant_id(
    recorder_mock: Recorder,
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """The file as the user gets it: Home Assistant adds the repairs, by their ids; those of an earlier version too."""
    for component in ("energy", "http", "diagnostics"):
        assert await async_setup_component(home.hass, component, {})
    plant_id = solax.plant.plant_id
    old = f"energy_dashboard_{entry.entry_id}_{plant_id}"
    entry.add_to_hass(home.hass)
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        old,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    await home.start(entry)
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    text = await answer.text()
    assert "energy_dashboard" in text
    assert plant_id not in text


async def test_an_offer_ignored_before_its_id_changed_stays_away(
    recorder_mock: Recorder, home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The user has said no once."""
    assert await async_setup_component(home.hass, "energy", {})
    old = f"energy_dashboard_{entry.entry_id}_{solax.plant.plant_id}"
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        old,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    ir.async_ignore_issue(home.hass, DOMAIN, old, ignore=True)
    await home.start(entry)
    assert not [
        issue_id
        for domain, issue_id in ir.async_get(home.hass).issues
        if domain == DOMAIN
    ]


def repairs_of(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return the offers of the Energy Dashboard."""
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.translation_key == "energy_dashboard"
    ]


@pytest.fixture
async def dialogs(recorder_mock: Recorder, home: Home) -> None:
    """Home Assistant with an Energy Dashboard and repairs."""
    for component in ("energy", "repairs", "http"):
        assert await async_setup_component(home.hass, component, {})


async def answer(client: Any, path: str, **data: Any) -> Any:
    """Begin a repair, or go on with it."""
    response = await client.post(f"/api/repairs/issues/fix{path}", json=data)
    assert response.status == 200, await response.text()
    return await response.json()


@pytest.mark.usefixtures("dialogs")
@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_an_installers_account_makes_one_repair(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Never one per plant; the plant is chosen in it, and the others are not offered again."""
    await home.start(entry)
    await home.pass_time(900, step=150)
    (issue,) = repairs_of(home.hass)
    assert (issue.translation_placeholders or {})["plant"] == entry.title

    client = await hass_client()
    step = await answer(client, "", handler=DOMAIN, issue_id=issue.issue_id)
    assert step["step_id"] == "choose"
    (field,) = step["data_schema"]
    assert len(field["selector"]["select"]["options"]) == 12
    assert field["default"] == []
    third = solax.plants[2]
    step = await answer(client, f"/{step['flow_id']}", plants=[third.plant_id])
    assert step["step_id"] == "confirm"
    assert step["description_placeholders"]["plant"] == third.name
    assert step["description_placeholders"]["solar"].count(", ") == 1
    done = await answer(client, f"/{step['flow_id']}")
    assert done["type"] == "create_entry"
    manager = await async_get_manager(home.hass)
    assert manager.data is not None
    assert [each["type"] for each in manager.data["energy_sources"]] == [
        *("solar", "grid", "battery")
    ]
    await home.pass_time(600, step=150)
    assert not repairs_of(home.hass)


@pytest.mark.usefixtures("dialogs")
@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
@pytest.mark.parametrize("wanted", [True, False])
async def test_two_plants_are_offered_together(
    home: Home,
    solax: SolaxCloud,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    wanted: bool,
) -> None:
    """Both chosen beforehand; who wants none is not asked again."""
    await home.start(entry)
    (issue,) = repairs_of(home.hass)
    client = await hass_client()
    step = await answer(client, "", handler=DOMAIN, issue_id=issue.issue_id)
    plants = step["data_schema"][0]["default"]
    assert plants == [plant.plant_id for plant in solax.plants]
    step = await answer(client, f"/{step['flow_id']}", plants=plants if wanted else [])
    if wanted:
        names = ", ".join(plant.name for plant in solax.plants)
        assert step["description_placeholders"]["plant"] == names
        step = await answer(client, f"/{step['flow_id']}")
    assert step["type"] == "create_entry"
    manager = await async_get_manager(home.hass)
    added = manager.data["energy_sources"] if manager.data else []
    assert len(added) == 6 * wanted
    await home.pass_time(600)
    assert not repairs_of(home.hass)


@pytest.mark.usefixtures("dialogs")
@pytest.mark.parametrize("solax", ["commercial-twin"], indirect=True)
async def test_one_of_two_offers_ignored_before_they_were_one_stays_away(
    home: Home, solax: SolaxCloud, entry: MockConfigEntry
) -> None:
    """The other one is still made, and speaks of its plant only."""
    ignored, left = solax.plants
    old = plant_issue_id("energy_dashboard", entry.entry_id, ignored.plant_id)
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        old,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="energy_dashboard",
    )
    ir.async_ignore_issue(home.hass, DOMAIN, old, ignore=True)
    await home.start(entry)
    (issue,) = repairs_of(home.hass)
    assert (issue.translation_placeholders or {})["plant"] == left.name
