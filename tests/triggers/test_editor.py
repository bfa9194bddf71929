"""What the automation editor shows: every trigger and condition with its fields, icons and texts, where it can be chosen."""

import json
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
import yaml

from custom_components.solar_cloud.cloud.model import AlarmLevel, DeviceKind
from custom_components.solar_cloud.condition import CONDITIONS
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.trigger import TRIGGERS
from custom_components.solar_cloud.watch import MODES
from homeassistant.components.websocket_api.automation import (
    async_get_conditions_for_target,
    async_get_triggers_for_target,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, trigger
from homeassistant.helpers.selector import selector

from .conftest import Automated

ROOT = Path(__file__).parents[2] / "custom_components" / DOMAIN
BEHIND: dict[str, dict[str, Any]] = {"triggers": TRIGGERS, "conditions": CONDITIONS}
DESCRIBED: dict[str, dict[str, Any]] = {
    kind: {
        key: each
        for key, each in yaml.safe_load((ROOT / f"{kind}.yaml").read_text()).items()
        if not key.startswith(".")
    }
    for kind in BEHIND
}
EVERY = [(kind, key) for kind, keys in BEHIND.items() for key in keys]
TEXTS = json.loads((ROOT / "translations" / "en.json").read_text())
ICONS = json.loads((ROOT / "icons.json").read_text())
TARGET = {"device_id": ["some"]}


def options_of(kind: str, key: str) -> dict[str, Any]:
    """Return the options a trigger or condition takes, by name."""
    behind: Any = BEHIND[kind][key]
    (options,) = [
        each
        for name, each in behind._schema.schema.items()  # noqa: SLF001
        if name == "options"
    ]
    return {str(name): each for name, each in options.items()}


@pytest.mark.parametrize("kind", BEHIND)
def test_exactly_what_there_is_is_described(kind: str) -> None:
    """In the editor, in words, and with an icon."""
    keys = BEHIND[kind].keys()
    assert DESCRIBED[kind].keys() == keys
    assert TEXTS[kind].keys() == keys
    assert ICONS[kind].keys() == keys


@pytest.mark.parametrize(("kind", "key"), EVERY)
def test_every_field_is_asked_for_and_named(kind: str, key: str) -> None:
    """The editor asks for what the program takes, begins with what it takes by default, and each choice has a word."""
    options, fields = options_of(kind, key), DESCRIBED[kind][key]["fields"]
    assert fields.keys() == options.keys() == TEXTS[kind][key]["fields"].keys()
    for name, field in fields.items():
        chosen: Any = selector(field["selector"])
        if "default" in field:
            assert chosen(field["default"]) == field["default"]
            assert BEHIND[kind][key]._schema(  # noqa: SLF001
                {
                    "target": TARGET,
                    "options": {**required(options), name: field["default"]},
                }
            )
        select = field["selector"].get("select") or {}
        if select:
            words = TEXTS["selector"][select["translation_key"]]["options"]
            assert words.keys() >= set(select["options"])


def required(options: dict[str, Any]) -> dict[str, Any]:
    """Return values for what has no default."""
    return {name: 50 for name in options if name in {"power", "level"}}


def test_the_choices_are_those_of_the_program() -> None:
    """All modes, all levels."""
    fields = DESCRIBED["triggers"]
    mode = fields["forced_mode_began"]["fields"]["mode"]["selector"]["select"]
    level = fields["alarm_raised"]["fields"]["least_level"]["selector"]["select"]
    assert mode["options"] == list(MODES)
    assert set(level["options"]) == set(AlarmLevel)


WRONG = [
    ("surplus_rose_above", {}),
    ("surplus_rose_above", {"power": "much"}),
    ("surplus_rose_above", {"power": float("nan")}),
    ("surplus_rose_above", {"power": 1000, "for": "a while"}),
    ("surplus_rose_above", {"power": 1000, "for": -5}),
    ("surplus_rose_above", {"power": 1000, "until": 5}),
    ("battery_reached", {"level": 101}),
    ("battery_reached", {"level": 50, "direction": "sideways"}),
    ("forced_mode_began", {"mode": "sleep"}),
    ("alarm_raised", {"least_level": "none"}),
]


@pytest.mark.parametrize(("key", "options"), WRONG)
async def test_what_cannot_be_is_refused(
    hass: HomeAssistant, key: str, options: dict[str, Any]
) -> None:
    """When the automation is saved, not when it should have run."""
    behind = TRIGGERS[key]
    with pytest.raises(vol.Invalid):
        await behind.async_validate_config(hass, {"target": TARGET, "options": options})


@pytest.mark.parametrize("target", [{}, {"device_id": []}, {"device": "some"}])
async def test_what_is_about_nothing_is_refused(
    hass: HomeAssistant, target: dict[str, Any]
) -> None:
    """A condition without a plant would never hold, and nobody would know why."""
    for behind in (TRIGGERS["device_fell_silent"], CONDITIONS["device_is_silent"]):
        with pytest.raises(vol.Invalid):
            await behind.async_validate_config(hass, {"target": target})


@pytest.mark.parametrize("sign_in", ["solax"], indirect=True)
async def test_the_editor_offers_them_where_they_mean_something(
    automated: Automated,
) -> None:
    """All for a plant; and what Home Assistant's own helpers make of the files is whole."""
    hass = automated.hass
    await automated.automate(trigger="device_fell_silent")
    await automated.home.pass_time(1200, step=300)  # until alarms were read
    plant, charger = (
        automated.target(),
        automated.target(DeviceKind.CHARGER),
    )
    told = await trigger.async_get_all_descriptions(hass)
    for key in TRIGGERS:
        description = told[f"{DOMAIN}.{key}"]
        assert description is not None
        assert description["fields"].keys() == options_of("triggers", key).keys()
    asked = await condition.async_get_all_descriptions(hass)
    assert all(asked[f"{DOMAIN}.{key}"] for key in CONDITIONS)
    offered = await async_get_triggers_for_target(hass, plant, expand_group=True)
    assert ours(offered) >= TRIGGERS.keys() - {"forced_mode_began", "forced_mode_ended"}
    offered = await async_get_conditions_for_target(hass, plant, expand_group=True)
    assert ours(offered) >= CONDITIONS.keys() - {"forced_mode_is_on"}
    offered = await async_get_triggers_for_target(hass, charger, expand_group=True)
    assert "battery_reached" not in ours(offered)
    assert "device_fell_silent" in ours(offered)


def ours(keys: set[str]) -> set[str]:
    """Leave out what others offer."""
    return {
        key.removeprefix(f"{DOMAIN}.") for key in keys if key.startswith(f"{DOMAIN}.")
    }
