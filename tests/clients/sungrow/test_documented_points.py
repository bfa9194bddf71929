"""Every point that the page of the protocol names can be had: as an entity of its own, or picked by the user."""

from collections.abc import Iterator
from pathlib import Path
import re

from custom_components.solar_cloud.cloud.sungrow.points import CATALOGUE, PLANT_TYPE

PAGE = Path(__file__).parents[3] / "docs" / "protocol" / "sungrow.md"
PERSONAL = {(22, 23008)}
"""A card's number is never shown."""
NEGATIVE = "-478739.7"
"""A value that stands in the table of the plant's points."""
MOST_RAW = 140
"""Points that are no entity of their own; fewer is better. Of 537 points on the page of before, 155 could not be had at all."""


def _section(number: str) -> str:
    text = PAGE.read_text().replace(NEGATIVE, "")
    return text.partition(f"\n### {number} ")[2].partition("\n### ")[0]


def _ids(text: str) -> Iterator[int]:
    """Yield the numbers of a cell: single ones, ranges, and every other one of ``7708…7722``."""
    for first, last, far in re.findall(r"(\d+)(?:–(\d+)|…(\d+))?", text):
        step = 2 if far else 1
        yield from range(int(first), int(last or far or first) + 1, step)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("|")]


def _pv_inverter(section: str) -> Iterator[int]:
    """Two tables beside each other, and a paragraph with the families; the ranges in brackets there count trackers and strings."""
    for row in section.splitlines():
        if row.startswith("|"):
            cells = _cells(row)
            yield from _ids(f"{cells[1]} {cells[5]}")
    families = section.rpartition("\n\nMPPT ")[2]
    families = re.sub(r"\((\d+)–(\d+)\)", "", families)
    pairs = re.sub(r"/\d+ … \d+/", "–", families)
    yield from (number for number in _ids(pairs) if number > 1)


def documented() -> set[tuple[int, int]]:
    """Return every point of the page by type and id."""
    found = {(1, number) for number in _pv_inverter(_section("5.5"))}
    for row in _section("5.4").splitlines():
        found |= {(PLANT_TYPE, number) for number in _ids(row) if number > 83000}
    for row in _section("5.6").splitlines():
        if row.startswith("| 1"):
            found |= {(14, number) for number in _ids(_cells(row)[1])}
    for row in _section("5.7").splitlines():
        if prefix := re.match(r"\| (\d+)\.", row):
            cells, kind = _cells(row), int(prefix[1])
            found |= {(kind, n) for n in _ids(cells[1].replace(f"{kind}.", ""))}
            found |= {(kind, n) for n in _ids(cells[4]) if 58000 < n < 59000}
    for row in _section("5.8").splitlines():
        if prefix := re.match(r"\| (\d+) ", row):
            points = _ids(_cells(row)[2])
            found |= {(int(prefix[1]), number) for number in points if number > 2000}
    return found


def test_no_documented_point_is_out_of_reach() -> None:
    """The page and the tables name the same points; what is no quantity of ours is a raw point that users may pick."""
    known = {(int(each.device_type), int(each.id)): each for each in CATALOGUE.points}
    on_the_page = documented()
    assert len(on_the_page) > 590
    assert on_the_page - known.keys() == PERSONAL
    assert known.keys() - on_the_page == set()
    raw = {key for key, point in known.items() if point.slot is None}
    assert len(raw) <= MOST_RAW
