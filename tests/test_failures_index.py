"""Every failure that users of these clouds have reported, and that reading must survive, has a test named after it.

The numbers are those of our collection of reported failures: ``test_e08_…`` shows what becomes of the zero of a sleeping inverter.
Failures of settings, actions and imported history have tests beside their features.
"""

from pathlib import Path
import re

import pytest

TESTS = Path(__file__).parent

READING = {
    8: "a lifetime counter sends 0 while the inverter sleeps",
    9: "one absurd point in the morning",
    10: "a daily counter falls to 0 at midnight",
    11: "one plant or device is missing in a sum",
    12: "an energy comes as '--', '', 'N/A' or null",
    13: "a value changes its unit with its size",
    14: "days of 23 and 25 hours, and zones other than Home Assistant's",
    16: "a dead token is loaded from storage again and again",
    17: "saving a token reloads the entry, which fetches a token",
    18: "two programs of one application kill each other's tokens",
    52: "a meter is readable but in no list",
    53: "commercial plants report kW in fields that hold W at homes",
    54: "serial, registration number or secret are mixed up",
    55: "set-up fails after a restart because its first call is throttled",
    56: "uploads lie in the future",
    57: "every restart signs in again, until the account is locked",
    58: "entities flap with each failed call",
    59: "the last power is shown all night as live",
    60: "diagnostics tell a name, an address or an id",
    61: "a debug log tells a code or a token",
    63: "an id changes its type and the device is pruned",
    64: "what is null at first, in the night, never gets an entity",
    65: "automations on states break with the language",
    70: "two entries for one plant make every entity twice",
}
"""Rows about SolaX or any cloud that concern reading."""

OTHERS = (TESTS / "test_clouds", TESTS / "cloud" / "solax")
"""Their numbers are those of the emulated cloud's edge cases."""


def named() -> dict[int, set[str]]:
    """Collect the tests named after a failure."""
    found: dict[int, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        if any(path.is_relative_to(other) for other in OTHERS):
            continue
        for name, numbers in re.findall(
            r"^(?:async )?def (test_((?:e\d{2}_)+)\w+)", path.read_text(), re.MULTILINE
        ):
            for number in re.findall(r"e(\d{2})_", numbers):
                found.setdefault(int(number), set()).add(name)
    return found


NAMED = named()


@pytest.mark.parametrize("number", READING, ids=lambda number: f"e{number:02}")
def test_every_failure_of_reading_has_a_test(number: int) -> None:
    """Named after its number."""
    assert NAMED.get(number), READING[number]
