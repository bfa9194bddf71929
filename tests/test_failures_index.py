"""Every failure that users of these clouds have reported, and that reading must survive, has a test named after it.

The numbers are those of our collection of reported failures: ``test_e08_…`` shows what becomes of the zero of a sleeping inverter.
Failures of settings, actions and imported history have tests beside their features.
"""

from pathlib import Path
import re

import pytest

TESTS = Path(__file__).parent

READING = {
    1: "lifetime energy rises by yesterday's production after midnight",
    2: "a lifetime counter glitches around midnight",
    3: "energies fall by yesterday's yield at ten past one",
    4: "the day's energy is still yesterday's after midnight",
    5: "a huge bar at midnight, as large as the day before",
    6: "lifetime consumption dips by a tenth",
    7: "a 0 at the day's boundary becomes its baseline",
    8: "a lifetime counter sends 0 while the inverter sleeps",
    9: "one absurd point in the morning",
    10: "a daily counter falls to 0 at midnight",
    11: "one plant or device is missing in a sum",
    12: "an energy comes as '--', '', 'N/A' or null",
    13: "a value changes its unit with its size",
    14: "days of 23 and 25 hours, and zones other than Home Assistant's",
    15: "a rotated refresh token is not saved",
    16: "a dead token is loaded from storage again and again",
    17: "saving a token reloads the entry, which fetches a token",
    18: "two programs of one application kill each other's tokens",
    19: "another program with the same account ends our session",
    20: "an idle session dies while it is called alive",
    21: "a report is asked for more often than its allowance",
    22: "sign-ins are throttled after an outage",
    23: "one interface is refused, the others work",
    24: "the owner has not allowed the access",
    25: "a call names more plants than the interface takes",
    26: "the portal's address is typed, with a path",
    27: "an account is locked, expired or full of sessions",
    28: "an entity stays unknown after one missed update",
    29: "no devices, or only unknown ones",
    30: "an error of another shape",
    31: "a body of null",
    32: "a meter reports W where an inverter reports kW",
    33: "a state that no table lists",
    34: "the portal's own sign-in asks for a CAPTCHA",
    35: "an application that demands encryption",
    36: "an address or user that is not in the whitelist",
    37: "a refusal in the result code never asks for credentials",
    38: "the hour's or the month's calls are used up",
    39: "everything that goes wrong on the way to a consent",
    40: "only the first of several plants appears",
    41: "more points or devices than one call takes",
    42: "values are nested",
    43: "a charge between 0 and 1",
    44: "glyphs and texts of another language",
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
    69: "a yield that grows while the battery gives",
    70: "two entries for one plant make every entity twice",
    73: "a token that expired is refused as if a permission were missing",
    74: "a vendor moves a region to another host",
    75: "a token holds a character no header can carry",
    76: "a wait of thousands of years is ordered",
    77: "a large account is listed from its first page at each try",
    78: "a site of hundreds of plants is dark for minutes after a restart",
}
"""Those that concern reading."""

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
