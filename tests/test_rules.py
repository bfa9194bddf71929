"""The rules that keep the code in shape: who may import whom, and what every table row must say."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
import re

import pytest

from custom_components.solar_cloud.cloud.model import RANGES, Quantity
from custom_components.solar_cloud.cloud.points import Point
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.states import MODES, STATES, PlantState
from custom_components.solar_cloud.sensor import SENSORS

from .helpers.tables import sourced_rows

ROOT = Path(__file__).parent.parent / "custom_components" / "solar_cloud"
VENDOR_WORDS = {"solax", "sungrow", "fusionsolar", "huawei", "isolarcloud"}
VOCABULARIES: list[type[StrEnum]] = [*STATES.values(), *MODES.values(), PlantState]
WORDS = {str(word) for words in VOCABULARIES for word in words}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _imports(path: Path) -> Iterator[str]:
    """Yield the absolute names a file imports."""
    package = ["custom_components", "solar_cloud", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    _files("cloud", "pipeline", "polling", "backfill", "planning"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_clients_and_logic_do_not_know_home_assistant(path: Path) -> None:
    """They could become libraries of their own."""
    assert not [
        name for name in _imports(path) if name.split(".")[0] == "homeassistant"
    ]


@pytest.mark.parametrize(
    "path",
    [path for path in _files("") if "cloud" not in path.relative_to(ROOT).parts[:1]],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_only_the_registry_reaches_a_vendor(path: Path) -> None:
    """A fourth vendor changes no other file: neither an import nor a word names one."""
    vendors = tuple(
        f"custom_components.solar_cloud.cloud.{key}" for key in VENDOR_WORDS
    )
    assert not [name for name in _imports(path) if name.startswith(vendors)]
    tree = _tree(path)
    told = {*_names(tree), *_strings(tree)}
    assert not [
        text for text in told if any(word in text.lower() for word in VENDOR_WORDS)
    ]


def _strings(tree: ast.AST) -> Iterator[str]:
    """Yield the texts a program works with; docstrings are for people."""
    documented = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documented:
                yield node.value


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield everything that is called something."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.keyword(arg=str(name)):
                yield name


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_vendors_do_not_know_each_other(vendor: str) -> None:
    """Each subpackage stands on the core alone."""
    others = tuple(
        f"custom_components.solar_cloud.cloud.{key}" for key in VENDORS if key != vendor
    )
    for path in _files(f"cloud/{vendor}"):
        assert not [name for name in _imports(path) if name.startswith(others)], path


def _points() -> list[Point]:
    """Collect the rows of all offered vendors that translate a field."""
    return [
        row
        for vendor in VENDORS
        for row in sourced_rows(vendor)
        if isinstance(row, Point)
    ]


def test_every_row_translates_one_field_with_unit_and_source() -> None:
    """The tables are the documentation: a row without a source cannot be checked."""
    points = _points()
    assert len(points) > 100
    for point in points:
        assert point.field, point
        assert point.ref, point
        assert point.sign in {1, -1}, point
        if point.codes is None:
            assert point.unit is not None, point
            assert point.unit.canonical == point.quantity.unit, point
        else:
            assert point.unit is None, point
            assert not point.quantity.unit, point


def test_every_state_a_row_can_yield_is_a_known_word() -> None:
    """Only words of the vocabulary have translations."""
    for point in _points():
        assert not set((point.codes or {}).values()) - WORDS, point


def test_a_quantity_is_either_indexed_everywhere_or_nowhere() -> None:
    """Its one name either has a number in it or has none."""
    indexed = {point.quantity for point in _points() if point.index}
    whole = {point.quantity for point in _points() if not point.index}
    assert not indexed & whole


def test_every_unit_has_a_range() -> None:
    """Without one nothing could be refused."""
    assert {quantity.unit for quantity in Quantity} - {""} <= RANGES.keys()


def test_every_quantity_has_an_entity() -> None:
    """A quantity nobody can see is dead."""
    assert Quantity.__members__.keys() == {quantity.name for quantity in SENSORS} | {
        "CLOUD_CONNECTION",
        "ONLINE",
        "PROBLEM",
        "UNDERPERFORMING",
        "VEHICLE_CONNECTED",
    }


def test_the_vendors_have_the_same_rooms() -> None:
    """Each file is in the table of ARCHITECTURE, and nothing is there that no vendor has; most rooms are everybody's."""
    text = (ROOT.parents[1] / "ARCHITECTURE.md").read_text()
    table = text.partition("## The rooms of a vendor")[2].partition("\n## ")[0]
    named = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([\w/]+)`", row.split("|")[1])
    }
    rooms = {
        vendor: {
            path.relative_to(ROOT / "cloud" / vendor).with_suffix("").as_posix()
            for path in (ROOT / "cloud" / vendor).rglob("*.py")
        }
        for vendor in _vendors()
    }
    assert set().union(*rooms.values()) - {"controls/__init__"} == named
    assert len(set.intersection(*rooms.values())) >= 20
    assert len({name.rpartition("/")[2] for name in named}) <= 32


def _vendors() -> list[str]:
    return [path.parent.name for path in (ROOT / "cloud").glob("*/client.py")]


def test_no_import_goes_in_a_circle() -> None:
    """What one file needs of another does not need the first."""
    needs = {_module(path): _needs(path) for path in _files("")}
    while free := {name for name, others in needs.items() if not others & needs.keys()}:
        needs = {name: others for name, others in needs.items() if name not in free}
    assert needs == {}


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT.parents[1]).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _modules() -> frozenset[str]:
    return frozenset(map(_module, _files("")))


@cache
def _needs(path: Path) -> set[str]:
    """Return the modules of ours that a file imports; a package is no need of what is inside it."""
    own, every = _module(path), _modules()
    found = {
        name if name in every else name.rpartition(".")[0] for name in _imports(path)
    }
    return {each for each in found & every if not f"{own}.".startswith(f"{each}.")}


def test_who_has_no_account_imports_no_client() -> None:
    """Of a vendor everybody imports how its accounts sign in; tables, polls and controls take several times as long."""
    needs = {_module(path): _needs(path) for path in _files("")}
    reached, fresh = set[str](), {each for each in needs if _vendor(each) is None}
    while fresh:
        reached |= fresh
        fresh = set().union(*(needs[each] for each in fresh)) - reached
    rooms = {each.rpartition(".")[2] for each in reached if _vendor(each)}
    assert rooms == {*_vendors(), "api", "auth", "crypto", "errors", "oauth"}


def _vendor(module: str) -> str | None:
    return next(
        (each for each in _vendors() if f".cloud.{each}." in f"{module}."), None
    )


def test_no_file_is_too_small_to_stand_alone() -> None:
    """One under 60 lines of use to one other alone joins it; a vendor's rooms are the same whatever their size."""
    needs = {_module(path): _needs(path) for path in _files("")}
    rooms = {path for vendor in VENDORS for path in _files(f"cloud/{vendor}")}
    for path in set(_files("")) - rooms:
        readers = [each for each in needs if _module(path) in needs[each]]
        large = len(path.read_text().splitlines()) >= 60
        assert large or path.name == "__init__.py" or len(readers) != 1, path


def test_class_names_are_unique() -> None:
    """Who reads a name in a trace knows where it is from."""
    names = [
        node.name
        for path in _files("")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name in set(names) if names.count(name) > 1] == []
