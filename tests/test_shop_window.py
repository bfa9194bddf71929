"""What somebody sees first: the README on one screen, its badges, buttons and pictures."""

import json
from pathlib import Path
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from PIL import Image
import pytest

from homeassistant.util.yaml import parse_yaml

REPOSITORY: Final = Path(__file__).parent.parent
README: Final = (REPOSITORY / "README.md").read_text()
PICTURES: Final = sorted((REPOSITORY / "docs" / "pictures").iterdir())
BLUEPRINTS: Final = sorted((REPOSITORY / "blueprints").rglob("*.yaml"))
MANIFEST: Final = json.loads(
    (REPOSITORY / "custom_components/solar_cloud/manifest.json").read_text()
)


def _my(redirect: str, text: str) -> list[dict[str, str]]:
    """Return what each link of My Home Assistant asks for."""
    links = re.findall(r"\((https://my\.home-assistant\.io/[^)]*)\)", text)
    return [
        {key: value for key, (value,) in parse_qs(urlsplit(link).query).items()}
        for link in links
        if urlsplit(link).path == f"/redirect/{redirect}/"
    ]


def test_the_readme_is_one_screen() -> None:
    """Whoever wants more follows a link."""
    assert len(README.splitlines()) <= 90


def test_badges_say_what_is_so() -> None:
    """The least Home Assistant, the licence and the workflow are those of the repository."""
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    least = hacs["homeassistant"].removesuffix(".0")
    assert f"[![Home Assistant {least} or newer]" in README
    assert f"Home%20Assistant-{least}%20or%20newer" in README
    assert "licence-MIT" in README
    assert (REPOSITORY / "LICENSE").read_text().startswith("MIT")
    workflow = f"{MANIFEST['documentation']}/actions/workflows/test.yml"
    assert f"{workflow}/badge.svg" in README
    assert (REPOSITORY / ".github" / "workflows" / "test.yml").is_file()


def test_the_buttons_add_this_repository_and_this_integration() -> None:
    """Not those of the project they were copied from."""
    owner, name = urlsplit(MANIFEST["documentation"]).path.strip("/").split("/")
    for wanted in _my("hacs_repository", README):
        assert wanted == {"owner": owner, "repository": name, "category": "integration"}
    assert _my("hacs_repository", README)
    assert _my("config_flow_start", README) == [{"domain": MANIFEST["domain"]}]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_every_blueprint_has_a_button(path: Path) -> None:
    """It imports the address the blueprint itself names."""
    blueprint = parse_yaml(path.read_text())
    assert isinstance(blueprint, dict)
    source = blueprint["blueprint"]["source_url"]
    examples = (REPOSITORY / "docs" / "examples.md").read_text()
    assert {"blueprint_url": source} in _my("blueprint_import", examples)
    assert source.endswith(path.relative_to(REPOSITORY).as_posix())


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_are_small_and_shown(path: Path) -> None:
    """Few colours and no heavier than a page."""
    assert path.stat().st_size < 200_000
    with Image.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", "P")
        assert picture.width <= 1280
    assert f"(docs/pictures/{path.name})" in README


def test_there_are_four_pictures() -> None:
    """Energy page, device, dashboard and set-up."""
    assert {path.stem for path in PICTURES} == {
        "energy",
        "device",
        "dashboard",
        "set-up",
    }
