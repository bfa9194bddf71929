"""What code, tests and documents cite of the clouds can be looked up: in the pages of ``docs/protocol``, section by section, row by row.

And the pages name every call that the code makes, and no other.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

import pytest

from custom_components.solar_cloud.cloud.fusionsolar.controls import (
    api as fusionsolar_controls,
)
from custom_components.solar_cloud.cloud.fusionsolar.limits import windows
from custom_components.solar_cloud.cloud.fusionsolar.oauth import PATH as GRANT
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.solax import api as solax
from custom_components.solar_cloud.cloud.solax.controls import api as solax_controls
from custom_components.solar_cloud.cloud.sungrow.api import V1, V2, Operation

from .helpers.tables import sourced_rows

REPOSITORY: Final = Path(__file__).parent.parent
PROTOCOL: Final = REPOSITORY / "docs" / "protocol"
CLOUDS: Final = REPOSITORY / "custom_components" / "solar_cloud" / "cloud"

FILES: Final = sorted(
    path
    for path in (
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "custom_components").rglob("*"),
        *(REPOSITORY / "docs").rglob("*"),
        *(REPOSITORY / "tests").rglob("*"),
    )
    if path.suffix in {".json", ".md", ".py", ".yaml"}
    and path != Path(__file__)  # holds wrong ones on purpose
)

CITATION: Final = re.compile(
    r"(?:\b(?P<page>\w+)\.md\s)?§(?P<section>\d+(?:\.\d+)*)"
    r"(?P<rows>(?:(?:\s|,\s|\sand\s|-)[#QOC]\d+\b)*)"
)
"""``sungrow.md §7.2 #4, #11``; without a page it is the one cited before, in a page of the protocol that page itself."""
FAILURE: Final = re.compile(r"\bE\d{2}\b")


@dataclass(frozen=True)
class Page:
    """One page of the protocol: its headings, and the numbered rows below each of its sections."""

    headings: tuple[str, ...]
    rows: dict[str, set[str]]

    @classmethod
    def of(cls, path: Path) -> Page:
        """Read a page; what stands in fences is an example."""
        text = re.sub(
            r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL
        )
        parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
        headings = tuple(parts[1::2])
        rows: dict[str, set[str]] = {}
        for heading, below in zip(headings, parts[2::2], strict=True):
            if (number := re.match(r"(\d+(?:\.\d+)*)\.? ", heading)) is not None:
                rows[number[1]] = set(
                    re.findall(r"^\| ([QOC]?\d+) \|", below, flags=re.MULTILINE)
                )
        return cls(headings, rows)


PAGES: Final = {path.stem: Page.of(path) for path in PROTOCOL.glob("*.md")}
FAILURES: Final = {
    heading[:3] for heading in PAGES["failures"].headings if FAILURE.match(heading)
}


def _broken(text: str, page: str) -> Iterator[str]:
    """Yield the citations of a text that lead nowhere; ``page`` is meant where the first names none."""
    for found in CITATION.finditer(text):
        page = found["page"] or page
        rows = PAGES[page].rows.get(found["section"]) if page in PAGES else None
        wanted = {row.lstrip("#") for row in re.findall(r"[#QOC]\d+", found["rows"])}
        if rows is None or not wanted <= rows:
            yield f"{page}: {found[0]}"


def test_the_pages_are_there() -> None:
    """One for each vendor, and one for what goes wrong."""
    assert PAGES.keys() == {*VENDORS, "failures"}
    assert len(FAILURES) >= 80


def test_what_files_cite_exists() -> None:
    """Sections, and rows by their number."""
    broken = {
        path.relative_to(REPOSITORY).as_posix(): found
        for path in FILES
        if (
            found := [
                *_broken(path.read_text(), path.stem if path.parent == PROTOCOL else "")
            ]
        )
    }
    assert not broken


def test_every_failure_cited_exists() -> None:
    """By its number, in comments, docstrings and documents."""
    unknown: dict[str, set[str]] = {}
    for path in FILES:
        cited = set(FAILURE.findall(path.read_text())) - FAILURES
        if cited and path.suffix in {".md", ".py"}:
            unknown[path.relative_to(REPOSITORY).as_posix()] = cited
    assert not unknown


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_every_source_of_a_row_leads_to_a_heading(vendor: str) -> None:
    """Either by a section, or by the name under which the vendor's document has it: whoever doubts a row finds what is known.

    A new row's ``ref`` is right when it begins with words of a heading in the vendor's page.
    """
    headings = "\n".join(PAGES[vendor].headings).casefold()
    refs = {row.ref for row in sourced_rows(vendor)}
    assert refs
    for ref in refs:
        if "§" in ref:
            assert not list(_broken(ref, "")), ref
        else:
            name = re.split(r"[;,:(\[]", ref)[0].strip().casefold()
            assert name, ref
            assert name in headings, ref


@pytest.mark.parametrize(
    "text",
    [
        "sungrow.md §4.99",
        "sungrow.md §4.1-§4.99",
        "sungrow.md §7.2 #4, #99",
        "solax.md §5.2 Q99",
        "nowhere.md §1",
        "§1",
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str) -> None:
    """The tests above can fail."""
    assert list(_broken(text, ""))


def _spelt_out(vendor: str) -> Iterator[str]:
    """Yield the paths that a vendor's code holds in one piece."""
    for path in (CLOUDS / vendor).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if re.fullmatch(r"/?(openapi|rest|thirdData)(/\w+)*/\w+", node.value):
                    yield f"/{node.value.lstrip('/')}"


def _called(vendor: str) -> set[str]:
    """Return the paths that a vendor's client calls."""
    called = set(_spelt_out(vendor))
    match vendor:
        case "solax":
            called.remove("/openapi/v2/device")  # what its commands begin with
            names = [*vars(solax).values(), *vars(solax_controls).values()]
            called |= {one.path for one in names if isinstance(one, solax.Endpoint)}
        case "sungrow":
            called.remove("/openapi/platform")  # what V2 begins with
            versions = (V1, V2)
            called |= {f"/{one.path(each)}" for one in versions for each in Operation}
            called.add("/timestamp")
        case "fusionsolar":
            called |= {f"/thirdData/{bucket}" for bucket in windows(1, {})}
            called |= {f"{GRANT}{step}" for step in ("authorize", "token")}
            for kind in fusionsolar_controls.Kind:
                called |= {f"/{kind.deliver}", f"/{kind.status}"}
            called.add(f"/{fusionsolar_controls.BATTERY_MODE_PATH}")
            called.add(f"/{fusionsolar_controls.GRID_MODE_PATH}")
    return called


def _listed(vendor: str, title: str, prefixes: tuple[str, ...]) -> set[str]:
    """Return the paths in the first columns of a table; a name without a slash has the column's prefix."""
    page = (PROTOCOL / f"{vendor}.md").read_text()
    part = page.partition("What is used, and what is not\n")[2].partition("\n#")[0]
    rows = part.partition(f"| {title} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {
        name if name.startswith("/") else prefix + name
        for row in rows
        for prefix, cell in zip(prefixes, row.strip("| ").split(" | "), strict=False)
        for name in re.findall(r"`([\w/*-]+)`", cell)
    }


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_the_calls_in_the_tables_are_those_of_the_code(vendor: str) -> None:
    """Each is listed with what it is for, and none is said not to be used."""
    editions = ("/openapi/", "/openapi/platform/")
    title, prefixes = ("V1", editions) if vendor == "sungrow" else ("Used", ("",))
    assert _listed(vendor, title, prefixes) == _called(vendor)
    unused = {
        path for prefix in prefixes for path in _listed(vendor, "Not used", (prefix,))
    }
    assert len(unused) >= 7
    assert not unused & _called(vendor)
