"""Each threat that ``SECURITY.md`` names has a measure, and a test that exists."""

from pathlib import Path
import re
from typing import Final, NamedTuple

from .helpers.named import missing

PAGE: Final = Path(__file__).parents[1] / "SECURITY.md"
TABLE: Final = (
    PAGE.read_text().partition("## Threats and measures")[2].partition("\n## ")[0]
)


class Threat(NamedTuple):
    """A row of the table."""

    asset: str
    threat: str
    measure: str
    test: str

    @property
    def tests(self) -> list[str]:
        """The tests that fail without the measure."""
        return re.findall(r"`(tests/[^`]+)`", self.test)


THREATS: Final = [
    Threat(*(cell.strip() for cell in line.strip("|").split(" | ")))
    for line in TABLE.splitlines()
    if line.startswith("|") and "---" not in line
][1:]


def test_each_threat_has_a_measure_and_a_test() -> None:
    """None is left open, and none is named by a test that is gone."""
    assert len(THREATS) >= 28
    assert THREATS[0].asset
    for row in THREATS:
        assert row.threat, row
        assert row.measure, row
        assert row.tests, row
    assert [each for row in THREATS for each in row.tests if missing(each)] == []


def test_what_an_attacker_may_try_is_all_there() -> None:
    """Secrets, answers, addresses, consent, people, files and what we build with."""
    told = TABLE.lower()
    for word in (
        *("at rest", "in memory", "in logs", "diagnostics", "huge", "never ends"),
        *("nested", "wrong type", "page instead", "packed", "redirect", "rebinding"),
        *("link-local", "metadata", "user name", "state", "code is used again"),
        *("mixed in", "administrators", "entities", "link", "hashes", "pip-audit"),
    ):
        assert word in told, word
