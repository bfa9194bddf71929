"""The files Home Assistant and HACS read: what hassfest would check, offline."""

import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.solar_cloud.account_health import ACCOUNT_SENSORS
from custom_components.solar_cloud.all_plants import SENSORS as ALL_PLANTS_SENSORS
from custom_components.solar_cloud.cloud.model import DeviceKind
from custom_components.solar_cloud.const import PLATFORMS
from custom_components.solar_cloud.entity import name_key
from custom_components.solar_cloud.sensor import SENSORS
from homeassistant.const import Platform

REPOSITORY = Path(__file__).parent.parent
ROOT = REPOSITORY / "custom_components" / "solar_cloud"
RULES = 54
"""Rules of the Integration Quality Scale up to Platinum."""


def _json(name: str) -> Any:
    return json.loads((ROOT / name).read_text())


def test_manifest_is_complete_and_in_order() -> None:
    """Domain and name first, then by letter, as hassfest wants it."""
    manifest = _json("manifest.json")
    assert manifest["domain"] == ROOT.name
    assert manifest["requirements"] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["documentation"].startswith("https://")
    assert manifest["issue_tracker"].startswith("https://")
    assert manifest["codeowners"]
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])


def test_hacs_names_the_least_home_assistant() -> None:
    """HACS refuses to install on older ones."""
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    assert hacs["homeassistant"] == "2026.10.0"
    assert hacs["name"] == "Solar Cloud"


def test_the_licence_is_recognisable() -> None:
    """The host reads the first lines."""
    text = (REPOSITORY / "LICENSE").read_text()
    assert text.startswith("MIT License")
    assert "THE SOFTWARE IS PROVIDED" in text


def test_quality_scale_answers_every_rule() -> None:
    """Nothing is left out, and what is exempt says why."""
    rules = yaml.safe_load((ROOT / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == RULES
    for rule, answer in rules.items():
        status = answer if isinstance(answer, str) else answer["status"]
        assert status in {"done", "todo", "exempt"}, rule
        if status == "exempt":
            assert answer["comment"], rule


@pytest.mark.parametrize("name", ["icon", "logo"])
@pytest.mark.parametrize("dark", ["", "dark_"])
def test_brand_images_are_there_in_both_sizes(name: str, dark: str) -> None:
    """Home Assistant serves them from the integration."""
    small, large = (ROOT / "brand" / f"{dark}{name}{size}.png" for size in ("", "@2x"))
    (width, height), (width2, height2) = map(_size, (small, large))
    assert (width2, height2) == (2 * width, 2 * height)
    if name == "icon":
        assert (width, height) == (256, 256)
    else:
        assert 128 <= min(width, height) <= 256


def _size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[16:20]), int.from_bytes(header[20:24])


def test_icons_belong_to_entities() -> None:
    """Only Material Design icons, only for what exists; device classes bring their own otherwise."""
    icons = _json("icons.json")["entity"]["sensor"]
    assert icons.keys() <= {
        name_key(quantity, kind)
        for quantity in SENSORS
        for kind in (DeviceKind.PLANT, DeviceKind.BATTERY)
    } | {
        *("import_progress", "last_command", "forced_mode_ends"),
        *(each.key for each in (*ACCOUNT_SENSORS, *ALL_PLANTS_SENSORS)),
    }
    for icon in re.findall(r'"(mdi:[^"]+)"', (ROOT / "icons.json").read_text()):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon)


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    """Platforms are sorted and each has its file."""
    assert sorted(PLATFORMS) == PLATFORMS
    for platform in PLATFORMS:
        assert isinstance(platform, Platform)
        assert re.search(
            r"^PARALLEL_UPDATES = \d$",
            (ROOT / f"{platform}.py").read_text(),
            re.MULTILINE,
        )
