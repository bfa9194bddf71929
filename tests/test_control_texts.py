"""Every control, option, word and action has a name, a description and an icon."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from custom_components.solar_cloud.button import BUTTONS
from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.cloud.solax.controls.catalog import (
    MODE_SPECS,
    charger_specs,
)
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.control.events import command_name
from custom_components.solar_cloud.control.pending import CommandState
from custom_components.solar_cloud.entity import RARE
from custom_components.solar_cloud.number import NUMBERS
from custom_components.solar_cloud.select import SELECTS
from custom_components.solar_cloud.services.control import ACTIONS
from custom_components.solar_cloud.switch import SWITCHES

from .emulators.solax import SolaxCloud
from .helpers.home import Home, solax_entry

ROOT = Path(__file__).parent.parent / "custom_components" / DOMAIN
LANGUAGES = sorted(each.stem for each in (ROOT / "translations").glob("*.json"))
EN: Any = json.loads((ROOT / "translations" / "en.json").read_text())
ICONS: Any = json.loads((ROOT / "icons.json").read_text())
PLATFORMS = {
    "number": NUMBERS,
    "switch": SWITCHES,
    "select": SELECTS,
    "button": BUTTONS,
}


def test_every_control_has_one_row() -> None:
    """In the catalogue of its kind, and nowhere else."""
    rows = [control for catalogue in PLATFORMS.values() for control in catalogue]
    assert sorted(rows) == sorted(Control)


@pytest.mark.parametrize("control", Control)
def test_every_control_has_name_and_icon(control: Control) -> None:
    """And the words of its last command, where it has a state."""
    texts = EN["entity"][control.kind][control]
    assert texts["name"]
    assert ICONS["entity"][control.kind][control]["default"].startswith("mdi:")
    if control not in BUTTONS:
        words = texts["state_attributes"]["command"]["state"]
        assert words.keys() == set(CommandState)


def test_the_page_names_what_is_off_at_first() -> None:
    """By the names users see, each once, and nothing else."""
    page = (ROOT.parent.parent / "docs" / "controls.md").read_text()
    listed = page.split("Rare ones are off")[1].split(":", 1)[1].split("\n\n")[0]
    told = " ".join(listed.split()).removesuffix(".").split(", ")
    assert sorted(told) == sorted(
        EN["entity"][control.kind][control]["name"] for control in RARE
    )


def test_every_option_has_a_name() -> None:
    """Those of the chargers and inverters that are offered."""
    device: Any = type("Device", (), {"rated_power": 22000.0})
    for spec in (*charger_specs(device), *MODE_SPECS):
        if spec.options:
            states = EN["entity"]["select"][spec.control]["state"]
            assert set(spec.options) <= states.keys(), spec.control


def test_every_action_is_described() -> None:
    """With all its fields, as the form shows them."""
    described = yaml.safe_load((ROOT / "services.yaml").read_text())
    for name in ACTIONS:
        fields = described[name]["fields"]
        texts = EN["services"][name]
        assert texts["name"]
        assert texts["description"]
        assert texts["fields"].keys() == fields.keys()
        assert name in ICONS["services"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_a_command_stands_has_one_set_of_words(language: str) -> None:
    """The same at a setting, at its device and in the logbook, which reads those of the device."""
    path = ROOT / "translations" / f"{language}.json"
    entities: Any = json.loads(path.read_text())["entity"]
    words = entities["sensor"]["last_command"]["state"]
    assert words.keys() == set(CommandState)
    assert len(set(words.values())) == len(words)
    for kind in ("number", "switch", "select"):
        for control in entities[kind].values():
            assert control["state_attributes"]["command"]["state"] == words


async def test_the_demo_offers_settings(home: Home, solax: SolaxCloud) -> None:
    """Its account has the packs; the entry's options decide."""
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    await home.start(entry)
    control_manager = entry.runtime_data.control_manager
    assert control_manager is not None
    assert any(control_manager.available.specs.values())


async def test_the_sign_of_life_of_a_mode_is_told_by_the_modes_name(
    home: Home, solax: SolaxCloud
) -> None:
    """Sungrow's is a command of its own every few minutes: users read what it is for."""
    await home.start(solax_entry(solax))
    assert command_name(home.hass, "renew_battery") == "Battery mode"
