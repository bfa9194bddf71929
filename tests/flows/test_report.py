"""The last page of adding an account says what was found, and what is missing."""

from collections.abc import Callable

import pytest

from homeassistant.core import HomeAssistant

from ..emulators.fusionsolar import FusionSolarCloud
from ..emulators.solax import SolaxCloud
from ..emulators.sungrow import SungrowCloud
from ..helpers.accounts import type_account
from ..helpers.flow import Flow, reach_plants, shown

EVERYTHING = "Values ✓ · Alarms ✓ · History ✓ · Settings ✓"
UNKNOWN = "Values: with the first values · Alarms: with the first values · History: with the first values · Settings: with the first values"


async def finished(flow: Flow, **changes: object) -> str:
    """Take the plants as they are offered and return what the last page says."""
    await flow.submit(**{**shown(flow.result), **changes})
    assert flow.entry
    told = flow.result["description_placeholders"]
    assert told is not None
    return told["report"]


async def test_the_last_page_says_what_was_found(flow: Flow, solax: SolaxCloud) -> None:
    """The plant with its hardware, and that everything is granted."""
    await reach_plants(flow, solax)
    said = await finished(flow, controls=True)
    assert said == (
        f"**{solax.plant.name}** – X3-Hybrid-G4, battery 10 kWh, meter, EV charger\n"
        f"{EVERYTHING}"
    )  # nothing is left to wait for


async def test_a_missing_pack_is_named_behind_what_it_is_for(
    flow: Flow, solax: SolaxCloud
) -> None:
    """With what to grant; the rest of it goes."""
    solax.withdraw("API_Workmode_V2")
    await reach_plants(flow, solax)
    said = await finished(flow, controls=True)
    assert "History ✓ · Settings partly (grant *Inverter Workmode Control" in said


async def test_without_any_pack_for_settings_none_are_promised(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Each of those that the plant's hardware has a use for is named."""
    solax.withdraw(
        *("API_Workmode_V2", "API_Remote_V2", "API_Overall_V2", "API_EVC_V2")
    )
    await reach_plants(flow, solax)
    said = await finished(flow, controls=True)
    assert "Settings ✗ (grant *EV Charger Control Service*, *Inverter Workm" in said
    assert "EMS" not in said


async def test_settings_that_were_not_wanted_are_said_to_be_off(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Whoever misses them later knows where to look."""
    await reach_plants(flow, solax)
    assert (await finished(flow)).endswith(
        "Changing settings is off, as chosen; the account's options turn it on."
    )


@pytest.mark.parametrize("solax", ["micro-only"], indirect=True)
async def test_a_pack_without_hardware_is_not_missed(
    flow: Flow, solax: SolaxCloud
) -> None:
    """No charger, no battery: their packs are nobody's business."""
    solax.withdraw("API_EVC_V2", "API_Workmode_V2")
    await reach_plants(flow, solax)
    said = await finished(flow, controls=True)
    assert "EV Charger" not in said
    assert "Workmode" not in said
    assert "Settings: with the first values" in said


async def test_a_group_that_is_missing_is_told_from_one_that_is_granted(
    flow: Flow, sungrow: SungrowCloud
) -> None:
    """Found out by asking for one plant's values and whether one device takes settings."""
    sungrow.turn(control_group=False)
    await type_account(flow, sungrow, "sungrow_account")
    said = await finished(flow, controls=True)
    assert "Values ✓ · Alarms ✓ · History ✓ · Settings ✗ (grant *Grid Control" in said


async def test_an_api_account_is_told_of_its_hardware(
    flow: Flow, fusionsolar: FusionSolarCloud
) -> None:
    """Its rights are known only by asking."""
    await type_account(flow, fusionsolar, "fusionsolar_account")
    said = await finished(flow, controls=True)
    assert UNKNOWN in said
    assert "it shows in some minutes" in said
    assert "battery" in said


@pytest.mark.parametrize("solax", ["many"], indirect=True)
async def test_the_report_of_an_installer_stays_short(
    flow: Flow, solax: SolaxCloud
) -> None:
    """Ten plants, and how many more."""
    await reach_plants(flow, solax)
    plants = [plant.plant_id for plant in solax.plants]
    said = await finished(flow, plants=plants, controls=True)
    assert said.count("**") == 20
    assert "… and 2 more" in said


def _plain(name: str) -> str:
    return name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Roof", _plain),
        ("[click](x) *now* <b>", lambda _: r"\[click\](x) \*now\* \<b\>"),
    ],
)
async def test_a_plants_name_is_a_name_and_nothing_else(
    flow: Flow, solax: SolaxCloud, name: str, written: Callable[[str], str]
) -> None:
    """Whoever named it writes no links and no marks onto our page."""
    solax.plant.name = name
    await reach_plants(flow, solax)
    assert f"**{written(name)}** –" in await finished(flow)


async def test_the_report_is_in_the_language_of_home_assistant(
    hass: HomeAssistant, flow: Flow, solax: SolaxCloud
) -> None:
    """No English word in a German one."""
    hass.config.language = "de"
    solax.withdraw("API_EVC_V2")
    await reach_plants(flow, solax)
    said = await finished(flow)
    assert "Batterie 10 kWh, Zähler, Wallbox" in said
    assert "Werte ✓ · Alarme ✓ · Verlauf ✓ · Einstellungen teilweise (" in said
    assert " off" not in said
