"""Every text a user can meet exists, in every language, with the same placeholders."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.solar_cloud.catalogue import SENSORS
from custom_components.solar_cloud.cloud.errors import CloudError
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.states import MODES, STATES, PlantState

ROOT = Path(__file__).parent.parent / "custom_components" / "solar_cloud"
LANGUAGES = sorted(path.stem for path in (ROOT / "translations").glob("*.json"))
SIGN_INS = [sign_in for vendor in VENDORS.values() for sign_in in vendor.sign_ins]


def _texts(language: str) -> Any:
    return json.loads((ROOT / "translations" / f"{language}.json").read_text())


EN = _texts("en")


def _flat(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _flat(child, f"{path}.{key}" if path else key)
    else:
        yield path, node


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_say_the_same(language: str) -> None:
    """Same keys, same placeholders."""
    english, other = dict(_flat(EN)), dict(_flat(_texts(language)))
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert _placeholders(other[key]) == _placeholders(text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_clean(language: str) -> None:
    """What hassfest refuses: HTML, blanks at the ends, quoted placeholders, odd keys."""
    for key, text in _flat(_texts(language)):
        assert text == text.strip(), key
        assert not re.search(r"<[a-z/]", text), key
        assert not re.search(r"'{\w+}'", text), key
        assert "://" not in text, key
        for part in key.split("."):
            assert re.fullmatch(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", part), key


def test_every_sensor_and_state_has_a_name() -> None:
    """Exactly those that exist."""
    sensors = EN["entity"]["sensor"]
    assert sensors.keys() == {str(quantity) for quantity in SENSORS}
    states = {str(word) for words in STATES.values() for word in words}
    modes = {str(word) for words in MODES.values() for word in words}
    assert sensors["operating_state"]["state"].keys() == states
    assert sensors["work_mode"]["state"].keys() == modes
    assert sensors["plant_state"]["state"].keys() == set(PlantState)


@pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda sign_in: sign_in.key)
def test_every_field_of_a_sign_in_is_explained(sign_in: Any) -> None:
    """In its own form, when it is changed, and when it is asked again."""
    steps = EN["config"]["step"]
    assert sign_in.key in steps["user"]["menu_options"]
    own = steps[sign_in.key]
    fields = {"region", *(field.key for field in sign_in.fields)}
    assert own["data"].keys() == own["data_description"].keys() == fields
    assert fields <= steps["reconfigure"]["data"].keys()
    for field in sign_in.secrets:
        assert field.key in steps["reauth_confirm"]["data"]
        assert field.key in steps["reauth_confirm"]["data_description"]
        assert field.key in steps["base_url"]["data"]
    assert _placeholders(own["description"]) <= sign_in.links.keys() | {"detail"}


@pytest.mark.parametrize("key", sorted(VENDORS))
def test_every_region_has_a_name(key: str) -> None:
    """And nothing else."""
    regions = {
        region for sign_in in VENDORS[key].sign_ins for region in sign_in.regions
    }
    assert EN["selector"][f"{key}_region"]["options"].keys() == {*regions, "other"}


def _client_files() -> list[Path]:
    """Return what is shared by all vendors and what belongs to those that are offered."""
    own = [ROOT / "cloud" / key for key in VENDORS]
    return [
        path
        for path in (ROOT / "cloud").rglob("*.py")
        if path.parent == ROOT / "cloud"
        or any(path.is_relative_to(each) for each in own)
    ]


def _error_keys() -> dict[str, set[str]]:
    """Find every message key a client raises, with its placeholders."""
    classes = {each.__name__ for each in _subclasses(CloudError)} | {"CloudError"}
    found: dict[str, set[str]] = {
        each.default_key: set()
        for each in _subclasses(CloudError)
        if "default_key" in vars(each)
    }
    for path in _client_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in classes
            ):
                keys = [
                    arg.value
                    for arg in node.args
                    if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                ]
                for key in keys[-1:]:
                    if re.fullmatch(r"[a-z_]+", key):
                        found.setdefault(key, set()).update(
                            kw.arg for kw in node.keywords if kw.arg
                        )
    return found


def _subclasses(each: type[CloudError]) -> Iterator[type[CloudError]]:
    for child in each.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_every_error_has_a_sentence() -> None:
    """With placeholders the error fills in."""
    messages = EN["exceptions"]
    for key, placeholders in _error_keys().items():
        if key in {"invalid_host", "invalid_code", "access_denied"}:
            assert key in EN["config"]["error"]
            continue
        assert key in messages, key
        wanted = _placeholders(messages[key]["message"])
        assert wanted <= placeholders | (
            {"permission"} if key == "permission_missing" else set()
        ), key


def test_every_error_of_a_form_has_a_text() -> None:
    """The contract of the flow."""
    assert {
        "invalid_auth",
        "cannot_connect",
        "no_permission",
        "rate_limited",
        "account_locked",
        "no_plants",
        "invalid_host",
        "unknown",
    } <= EN["config"]["error"].keys()
    assert {
        "already_configured",
        "unique_id_mismatch",
        "reauth_successful",
        "reconfigure_successful",
    } <= EN["config"]["abort"].keys()


def _notice_keys() -> set[str]:
    """Find every notice a client gives by a literal key."""
    return {
        node.args[0].value
        for path in _client_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Notice"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_notice_has_an_issue() -> None:
    """What the user can mend is told in the repairs."""
    assert _notice_keys() <= EN["issues"].keys()
    for issue in EN["issues"].values():
        assert issue["title"]
        steps = issue.get("fix_flow", {"step": {"": issue}})["step"].values()
        assert all(step["description"] for step in steps)
