"""Each feature of the forerunners has one row in ``docs/features.md``, and what shows it exists."""

from pathlib import Path
import re
from typing import Final, NamedTuple

from .helpers.named import missing

PAGE: Final = Path(__file__).parent.parent / "docs" / "features.md"
WAYS: Final = (
    *("Action", "Diagnostics", "Elsewhere", "Entity", "Flow", "Internal", "Page"),
    "Repair",
)


class FeatureRow(NamedTuple):
    """What the page says of one feature."""

    number: str
    feature: str
    here: str
    shown: str

    @property
    def tests(self) -> list[str]:
        """The tests that show it."""
        return re.findall(r"`(tests/[^`]+)`", self.shown)

    @property
    def links(self) -> list[str]:
        """The headings that tell of it; ``tests/test_docs.py`` follows them."""
        return re.findall(r"\]\([\w/.]+\.md#[\w-]+\)", self.shown)


ROWS: Final = [
    FeatureRow(*line.strip("| ").split(" | "))
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| A\d", line)
]


def test_each_feature_has_one_row() -> None:
    """From the first to the last, in their order."""
    assert [row.number for row in ROWS] == [f"A{n:03}" for n in range(1, 156)]
    for row in ROWS:
        assert row.feature, row.number
        assert row.here.startswith(WAYS), row.number


def test_what_shows_a_feature_exists() -> None:
    """A test that is defined; a page where words or another program serve. Nothing is left open."""
    gone = [(row.number, each) for row in ROWS for each in row.tests if missing(each)]
    assert gone == []
    for row in ROWS:
        if row.here.startswith(("Elsewhere", "Page")):
            assert row.links, row.number
        else:
            assert row.tests, row.number
        assert not re.search(r"\bopen\b", row.shown), row.number
