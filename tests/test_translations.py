"""Every text a user can meet exists, in every language, with the same placeholders."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
import inspect
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.solar_cloud.account_health import ACCOUNT_SENSORS
from custom_components.solar_cloud.all_plants import SENSORS as ALL_PLANTS_SENSORS
from custom_components.solar_cloud.cloud.errors import CloudError, PermissionMissing
from custom_components.solar_cloud.cloud.model import DeviceKind
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.states import MODES, STATES, PlantState
from custom_components.solar_cloud.entity import name_key
from custom_components.solar_cloud.repairs import LASTING, ORDINARY
from custom_components.solar_cloud.sensor import SENSORS

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


def test_german_says_du() -> None:
    """As Home Assistant's own texts do, throughout."""
    formal = re.compile(r"\b\w+(?:en|ern) Sie\b|\bIhnen\b|\bIhre?[mnrs]?\b")
    spoken = [text for _, text in _flat(_texts("de")) if formal.search(text)]
    assert not spoken


SPOKEN = {
    *("cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "ja", "nb", "nl"),
    *("pl", "pt", "pt-BR", "ro", "sv", "tr", "uk", "zh-Hans"),
}
ROOM = 30
"""Characters that a name has room for on a phone, whatever the English one takes."""


def test_every_promised_language_is_there() -> None:
    """And no file under a name that Home Assistant does not ask for."""
    assert set(LANGUAGES) == SPOKEN


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_short(language: str) -> None:
    """Names of entities, states, options and menu entries: at most twice the English; sentences have more room."""
    english = dict(_flat(EN))
    for key, text in _flat(_texts(language)):
        short = key.startswith(("entity.", "selector.", "device.")) or (
            ".menu_options." in key
        )
        most = max(ROOM, 2 * len(english[key]))
        assert len(text) <= (most if short else most + ROOM), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_and_marks_are_kept(language: str) -> None:
    """Where a text leads and what it sets apart is not translated."""
    english = dict(_flat(EN))
    for key, text in _flat(_texts(language)):
        targets = [re.findall(r"\]\(([^)]*)\)", each) for each in (english[key], text)]
        assert targets[0] == targets[1], key
        for mark in ("`", "**"):
            assert text.count(mark) == english[key].count(mark), key


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
    assert sensors.keys() == {
        name_key(quantity, kind)
        for quantity in SENSORS
        for kind in (DeviceKind.PLANT, DeviceKind.BATTERY)
    } | {
        *("import_progress", "last_command", "forced_mode_ends"),
        *(each.key for each in (*ACCOUNT_SENSORS, *ALL_PLANTS_SENSORS)),
    }
    states = {str(word) for words in STATES.values() for word in words}
    modes = {str(word) for words in MODES.values() for word in words}
    assert sensors["operating_state"]["state"].keys() == states
    assert sensors["work_mode"]["state"].keys() == modes
    assert sensors["plant_state"]["state"].keys() == set(PlantState)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_state_of_an_inverter_is_no_twin_of_its_work_mode(language: str) -> None:
    """Some tell the mode as their state: both stand on one page, and each says what it is."""
    texts = _texts(language)["entity"]
    states = texts["sensor"]["operating_state"]["state"]
    for mode, word in texts["select"]["work_mode"]["state"].items():
        assert states.get(mode, "") != word, mode


@pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda sign_in: sign_in.key)
def test_every_field_of_a_sign_in_is_explained(sign_in: Any) -> None:
    """In its own form, when it is changed, and when it is asked again."""
    steps = EN["config"]["step"]
    own, again, later = steps[sign_in.key], steps["reconfigure"], steps["base_url"]
    common = {"region", *(field.key for field in sign_in.fields if not field.rare)}
    assert own["data"].keys() == own["data_description"].keys() == common
    assert common <= again["data"].keys()
    rare = {field.key for field in sign_in.fields if field.rare}
    assert (rare == set()) is ("sections" not in own)
    for step in (own, again, later) if rare else ():
        section = step["sections"]["advanced"]
        assert section["name"]
        assert rare <= section["data"].keys() == section["data_description"].keys()
    for field in sign_in.secrets:
        assert field.key in steps["reauth_confirm"]["data"]
        assert field.key in steps["reauth_confirm"]["data_description"]
        assert field.key in steps["base_url"]["data"]
    told = {"detail", *({"redirect_uri", "warning"} if sign_in.oauth else ())}
    assert _placeholders(own["description"]) <= sign_in.links.keys() | told
    if sign_in.oauth:
        assert "```\n{redirect_uri}\n```" in own["description"]
    for field in sign_in.other_fields:
        place = later["sections"]["advanced"] if field.rare else later
        assert field.key in place["data"]
        assert field.key in place["data_description"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_of_the_address_is_announced(language: str) -> None:
    """The text of the region names the choice that leads to it, in its own words."""
    texts = _texts(language)
    for vendor in VENDORS.values():
        other = texts["selector"][f"{vendor.key}_region"]["options"]["other"]
        for step in ("reconfigure", *(each.key for each in vendor.sign_ins)):
            told = texts["config"]["step"][step]["data_description"]["region"]
            assert other in told, step


@pytest.mark.parametrize("key", sorted(VENDORS))
def test_every_choice_says_what_it_takes(key: str) -> None:
    """The brand, and what one has of it where there is a choice."""
    steps = EN["config"]["step"]
    chosen = {"user": [key]}
    if len(VENDORS[key].sign_ins) > 1:
        chosen[key] = [sign_in.key for sign_in in VENDORS[key].sign_ins]
    for menu, options in chosen.items():
        for option in options:
            assert steps[menu]["menu_options"][option]
            assert steps[menu]["menu_option_descriptions"][option]


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


def _subclasses(each: type[CloudError]) -> Iterator[type[CloudError]]:
    for child in each.__subclasses__():
        yield child
        yield from _subclasses(child)


@dataclass(frozen=True)
class Raised:
    """One way an error comes about: its class where it is known, its key, and what its text can be filled with."""

    kind: str
    key: str
    placeholders: frozenset[str]
    where: str


class _File:
    """One module of a client, looked through for errors and their keys, by whatever way they come."""

    def __init__(self, path: Path, helpers: dict[str, int]) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text())
        self.helpers = helpers
        """Functions that take a key, and its position among their arguments."""

    def raised(self) -> Iterator[Raised]:
        for function in ast.walk(self.tree):
            if isinstance(
                function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
            ):
                yield from self._in(function)

    def _in(self, scope: ast.AST) -> Iterator[Raised]:
        for node in ast.walk(scope):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = frozenset(each.arg for each in node.keywords if each.arg) - {"key"}
            if name in CLASSES:
                kind, first = CLASSES[name], CLASSES[name].key_position
                if kind.name == "PermissionMissing":
                    given |= {"permission"}
            elif name in self.helpers:
                named = [each.id for each in node.args if isinstance(each, ast.Name)]
                wanted = next((each for each in named if each in CLASSES), "")
                kind, first = CLASSES.get(wanted, HELPED[name]), self.helpers[name]
                given |= HELPED_WITH.get(name, frozenset())
            else:
                continue
            argument = (
                node.args[first]
                if len(node.args) > first
                else next((e.value for e in node.keywords if e.arg == "key"), None)
            )
            for key in self._texts(argument, scope):
                yield Raised(kind.name, key, given, f"{self.path.name}:{node.lineno}")

    def _texts(self, node: ast.AST | None, scope: ast.AST) -> Iterator[str]:
        """Yield every text an expression can stand for."""
        match node:
            case ast.Constant(value=str(text)) if text:
                yield text
            case ast.IfExp(body=one, orelse=other):
                yield from self._texts(one, scope)
                yield from self._texts(other, scope)
            case ast.Dict(values=values):
                for value in values:
                    yield from self._texts(value, scope)
            case ast.Subscript(value=table):
                yield from self._texts(table, scope)
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=arguments):
                yield from self._texts(table, scope)
                for argument in arguments[1:]:
                    yield from self._texts(argument, scope)
            case ast.Name(id=name):
                for place in (scope, self.tree):
                    for each in ast.walk(place):
                        match each:
                            case ast.Assign(targets=[ast.Name(id=found)], value=value):
                                pass
                            case ast.AnnAssign(
                                target=ast.Name(id=found), value=ast.AST() as value
                            ):
                                pass
                            case _:
                                continue
                        if found == name:
                            yield from self._texts(value, place)
                    if place is self.tree:
                        break


@dataclass(frozen=True)
class Kind:
    """A class of errors: what it is below, and where its key stands."""

    name: str
    key_position: int


def _kind(error: type[CloudError]) -> Kind:
    """Sort an error by the shared class it belongs to."""
    position = list(inspect.signature(error).parameters).index("key")
    shared = next(each for each in error.__mro__ if each.__module__.endswith(".errors"))
    return Kind(shared.__name__, position)


ERRORS: list[type[CloudError]] = [CloudError, *_subclasses(CloudError)]
CLASSES = {
    each.__name__: _kind(each)
    for each in ERRORS
    if "key" in inspect.signature(each).parameters
}
HELPED = {
    "_permission": CLASSES["PermissionMissing"],
    "_refused": CLASSES["UnexpectedAnswer"],
    "_stay_away": CLASSES["QuotaExhausted"],
    "block": CLASSES["QuotaExhausted"],
}
"""Functions of clients that make an error of a key."""
HELPED_WITH = {
    "_permission": frozenset({"permission"}),
    "_refused": frozenset({"code"}),
}
POSITIONS = {"_permission": 1, "_refused": 2, "_stay_away": 2, "block": 2}
PLAIN = {"invalid_host", "invalid_code", "access_denied", "unknown_serial"}
"""Errors that a form alone shows."""


def _raised() -> set[Raised]:
    """Find every message key a client raises, with what fills it in."""
    found = {
        Raised(
            _kind(each).name,
            each.default_key,
            frozenset({"permission"} if each is PermissionMissing else ()),
            each.__name__,
        )
        for each in _subclasses(CloudError)
        if "default_key" in vars(each) and each.__name__ in CLASSES
    }
    for path in _client_files():
        if path != ROOT / "cloud" / "errors.py":
            found |= set(_File(path, POSITIONS).raised())
    return found


def test_errors_are_found_by_whatever_way_their_keys_come() -> None:
    """Written out, chosen, looked up in a table, or handed to a function."""
    keys = {each.key for each in _raised()}
    assert keys >= {
        "wrong_password",  # written out
        "monthly_limit",  # kept in a variable
        "account_expired",  # looked up
        "login_restricted",
        "ip_not_allowed",  # handed to a function
        "vendor_busy",
        "session_contested",
    }
    assert not [key for key in keys if not re.fullmatch(r"[a-z_]+", key)]


def test_every_error_has_a_sentence() -> None:
    """With placeholders the error fills in."""
    messages = EN["exceptions"]
    for each in _raised():
        if each.key in PLAIN:
            assert each.key in EN["config"]["error"] | EN["options"]["error"]
            continue
        assert each.key in messages, each
        assert _placeholders(messages[each.key]["message"]) <= each.placeholders, each


def test_every_error_a_user_can_mend_has_a_repair() -> None:
    """Filled in by what the error says."""
    lasting = {"PermissionMissing", "SessionContested", "QuotaExhausted"}
    for each in _raised():
        if (each.kind in lasting and each.key not in ORDINARY) or each.key in LASTING:
            issue = EN["issues"].get(each.key)
            assert issue, each
            shown = issue.get("fix_flow", {"step": {"confirm": issue}})["step"]
            wanted = _placeholders(issue["title"] + shown["confirm"]["description"])
            assert wanted <= each.placeholders | {"account", "advice"}, each


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


def test_no_state_is_called_as_home_assistant_calls_its_own() -> None:
    """A charger that is "unavailable" looked like one that nobody hears from, to users and to automations."""
    words = {
        str(word) for words in (*STATES.values(), *MODES.values()) for word in words
    }
    assert words.isdisjoint({"unavailable", "unknown", "on", "off"})
