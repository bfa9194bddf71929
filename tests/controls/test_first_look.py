"""What a household finds when it has just allowed settings: what it uses is there, by short names."""

from itertools import combinations
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.solar_cloud.cloud.control import Control, ControlKind
from homeassistant.helpers import entity_registry as er

from ..benchmarks._tape import SIGN_INS
from ..emulators.solax import Kind, SolaxCloud
from ..helpers.accounts import AnyCloud, demo_entry
from ..helpers.home import Home, solax_entry, solax_id

OFF: Final = {
    "solax": {"charger_start_mode", "charger_scene", "charger_lock", "charger_unlock", "battery_heating"},
    "sungrow": {
        "forced_charging_days",
        "battery_charge_power_limit",
        "battery_discharge_power_limit",
        "export_limit_ratio",
        "active_power_limit",
        "active_power_limit_enabled",
    },
    "fusionsolar": {
        "surplus_priority",
        "grid_charge_power_limit",
        "battery_charge_power_limit",
        "battery_discharge_power_limit",
    },
}  # fmt: skip
"""What is off at first, of what the demo homes offer."""
USED: Final = {
    "solax": {"work_mode", "battery_min_soc", "battery_max_soc", "charger_mode"},
    "sungrow": {"work_mode", "battery_min_soc", "battery_max_soc", "export_limit"},
    "fusionsolar": {"work_mode", "battery_min_soc", "battery_max_soc", "export_limit"},
}
LONGEST: Final = 24
"""Letters of a name that a tile on a phone shows."""


async def _controls(home: Home, entry: MockConfigEntry) -> dict[str, er.RegistryEntry]:
    """Set up as the first time, and return what can be set by its key."""
    await home.start(entry)
    await home.pass_time(1800)
    rows = er.async_entries_for_config_entry(er.async_get(home.hass), entry.entry_id)
    kinds = {str(kind) for kind in ControlKind}
    keys = {str(control) for control in Control}
    return {
        str(row.translation_key): row
        for row in rows
        if row.domain in kinds and row.translation_key in keys
    }


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_what_a_household_uses_is_there_once_it_is_allowed(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Nobody has to look for the work mode among what is disabled; what is rarely wanted does not stand in the way."""
    controls = await _controls(home, await demo_entry(home, cloud, sign_in))
    off = {key for key, row in controls.items() if row.disabled_by}
    assert off == OFF[cloud.name]
    assert controls.keys() - off >= USED[cloud.name]


@pytest.mark.parametrize(
    "sign_in", ["solax", "sungrow_account", "fusionsolar_oauth"], indirect=True
)
async def test_names_of_settings_are_short(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """And say what is set, not what the device said already: 'Demo House Inverter Min. charge'."""
    controls = await _controls(home, await demo_entry(home, cloud, sign_in))
    names = {key: str(row.original_name) for key, row in controls.items()}
    assert {key: name for key, name in names.items() if len(name) > LONGEST} == {}
    assert names["battery_min_soc"] == "Min. charge"
    assert names["battery_max_soc"] == "Max. charge"
    assert names["work_mode"] == "Work mode"


def _modes(home: Home, entry: MockConfigEntry) -> dict[str, set[str]]:
    """Return what is enabled and shows a mode, with its words."""
    rows = er.async_entries_for_config_entry(er.async_get(home.hass), entry.entry_id)
    return {
        row.entity_id: set((row.capabilities or {})["options"])
        for row in rows
        if row.translation_key in {"work_mode", "charger_mode"} and not row.disabled_by
    }


@pytest.mark.parametrize("sign_in", SIGN_INS, indirect=True)
async def test_no_mode_is_shown_twice(
    home: Home, cloud: AnyCloud, sign_in: str
) -> None:
    """Where the mode can be chosen, nobody needs another entity that only tells it."""
    entry = await demo_entry(home, cloud, sign_in)
    await home.start(entry)
    await home.pass_time(1800)
    shown = _modes(home, entry)
    assert shown
    twins = [
        (one, other)
        for one, other in combinations(sorted(shown), 2)
        if shown[one] & shown[other]
    ]
    assert twins == []


async def test_a_mode_that_may_no_longer_be_set_is_still_told(
    home: Home, solax: SolaxCloud
) -> None:
    """Whoever forbids settings again gets back the sensor, which stood back for the choice."""
    entry = solax_entry(solax, excluded_plants=[], controls=True)
    await home.start(entry)
    await home.pass_time(400)
    told = home.entity_id(solax_id(solax, Kind.CHARGER, "work_mode"))
    chosen = home.entity_id(solax_id(solax, Kind.CHARGER, "charger_mode"), "select")
    assert list(_modes(home, entry)).count(told) == 0
    home.hass.config_entries.async_update_entry(
        entry, options={"excluded_plants": [], "controls": False}
    )
    await home.restart(entry)
    await home.pass_time(120)
    assert home.hass.states.get(chosen) is None
    assert home.state(solax_id(solax, Kind.CHARGER, "work_mode")).state == "fast"
