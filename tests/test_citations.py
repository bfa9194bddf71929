"""What code, tests and documents cite of the clouds can be looked up: in the pages of ``docs/protocol``, section by section, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

import pytest

from custom_components.solar_cloud.cloud.registry import VENDORS

from .helpers.tables import sourced_rows

REPOSITORY: Final = Path(__file__).parent.parent
PROTOCOL: Final = REPOSITORY / "docs" / "protocol"

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
