"""Every failure that users of these clouds have reported has a number, a heading in ``docs/protocol/failures.md``, and tests that exist.

``test_e08_…`` shows what becomes of the zero of a sleeping inverter. Tests of settings, actions and imported history that stand beside their
features are named in the page.
"""

from pathlib import Path
import re

import pytest

from .helpers.named import defined, missing

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "protocol" / "failures.md"
CASES = PAGE.with_name("solax.md")

BESIDE_THEIR_FEATURES = {66, 67, 71, 72, 79, 80}
"""Failures whose tests bear no number."""


def _listed() -> dict[int, list[str]]:
    """Return the tests the page names for each failure."""
    parts = re.split(r"^### E(\d{2}) .+$", PAGE.read_text(), flags=re.MULTILINE)
    return {
        int(number): re.findall(r"`(tests/\S+\.py::\w+)`", text)
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }


LISTED = _listed()
DEFINED = defined()


@pytest.mark.parametrize("number", LISTED, ids=lambda number: f"e{number:02}")
def test_every_failure_has_its_tests(number: int) -> None:
    """Those the page names exist, and one of them is named after the number."""
    assert LISTED[number]
    for test in LISTED[number]:
        assert not missing(test), test
    named = any(re.search(rf"_e{number:02}_", test) for test in LISTED[number])
    assert named or number in BESIDE_THEIR_FEATURES


def test_no_number_is_left_out() -> None:
    """They were given out one after the other."""
    assert sorted(LISTED) == list(range(1, len(LISTED) + 1))
    assert len(LISTED) >= 80


def test_every_number_in_a_name_is_a_failure() -> None:
    """Whoever reads a test can look its number up."""
    for path, names in DEFINED.items():
        for name in names:
            for number in re.findall(r"_e(\d{2})(?=_)", name):
                assert int(number) in LISTED, f"{path}::{name}"


def test_every_case_in_a_name_is_one_of_the_emulated_cloud() -> None:
    """``test_c26_…`` is a row of the table of cases in ``solax.md``."""
    cases = re.findall(r"^\| C(\d+) \|", CASES.read_text(), re.MULTILINE)
    named = {
        int(number)
        for names in DEFINED.values()
        for name in names
        for number in re.findall(r"_c(\d{2})(?=_)", name)
    }
    assert named
    assert named <= set(map(int, cases))
