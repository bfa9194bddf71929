"""The short form of fuzzing: every target with a few inputs, the same in every run; and what was found by the long form."""

from hypothesis import HealthCheck, Phase, given, settings
import pytest

from .answers import Lie
from .targets import TARGETS, live_long, live_through

FEW = {"decryption": 60}
"""Inputs that cost next to nothing."""


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_hostile_gets_through(name: str) -> None:
    """Only errors of ours come out, and nothing is published, stored or told that cannot be."""
    target = TARGETS[name]
    target.prepare()
    tried = given(**target.inputs)(lambda **drawn: target.check(**drawn))
    settings(
        max_examples=FEW.get(name, 8),
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )(tried)()


FOUND = {
    "a row of the past in the year 287,000": (
        "fusionsolar_account",
        Lie("collectTime", "9040000000000000"),
    ),
    "a row of the past beyond any clock": (
        "fusionsolar_account",
        Lie("collectTime", "1e30"),
    ),
    "a day of the past at the end of the calendar": (
        "solax",
        Lie("date", '"9999-12-31"'),
    ),
    "a device's time at the beginning of the calendar": (
        "sungrow_account",
        Lie("device_time", '"00010101000000"'),
    ),
    "half a letter in the name of a plant": ("solax", Lie("plantName", '"\\ud800"')),
    "half a letter in the id of a plant": (
        "sungrow_account",
        Lie("ps_id", '"\\ud800"'),
    ),
    "half a letter in a serial number": (
        "fusionsolar_account",
        Lie("esnCode", '"\\ud800"'),
    ),
    "a mode beyond 64 bits": (
        "fusionsolar_account",
        Lie("operationMode", "47644869916158001941513239553906191969"),
    ),
    "a report of more energy than there is": ("sungrow_oauth", Lie("4", "4e15")),
}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("sign_in", "lie"), FOUND.values(), ids=list(FOUND))
def test_what_was_found(sign_in: str, lie: Lie) -> None:
    """Each raised something else than an error of ours, or was published."""
    live_through(sign_in, [lie])


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("sign_in", ["solax", "sungrow_account", "fusionsolar_account"])
def test_a_long_life_among_hostile_answers(sign_in: str) -> None:
    """What a client keeps stays bounded, and peace mends everything."""
    live_long(sign_in, 120, 7)
