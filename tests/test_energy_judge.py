"""No phantom kWh and no frozen day, for every sign-in: a few seeds of what ``scripts/benchmark energy`` judges by many.

A recording of the emulated home is replayed with lies about its counters, and what the plant shows is held against the world.
"""

from random import Random

import pytest

from custom_components.solar_cloud.cloud.model import Quantity, Slot

from .benchmarks._glitches import Drawer
from .benchmarks._quick import violations
from .benchmarks._tape import HOUR, SIGN_INS, Take, Tape, recorded
from .benchmarks._verdict import Trial, judge, published

DAYS = 1.75
CALM = 12 * HOUR
SEEDS = (1, 2)

STORM = "test_a_storm_leaves_no_phantom_energy"
BROKEN = {
    # A battery's counter lags a kWh for two hours after its device was silent twice: what it gave then counts only when it has lasted.
    f"{STORM}[solax-2]",
    # Leaps of half a kWh after nulls, within what passing clouds may have given: nothing else counts this energy.
    *(
        f"{STORM}[{each}-{seed}]"
        for each in SIGN_INS
        for seed in SEEDS
        if each.startswith("fusionsolar")
    ),
}
"""What is not mended yet; whoever mends it takes it out."""


@pytest.fixture(autouse=True)
def known(request: pytest.FixtureRequest) -> None:
    """Expect what is known to fail to fail, and nothing else."""
    if request.node.name in BROKEN:
        request.node.add_marker(pytest.mark.xfail(strict=True))


@pytest.fixture(params=SIGN_INS)
def tape(socket_enabled: None, request: pytest.FixtureRequest) -> Tape:
    """A summer's day and the morning after it, as the client tells them."""
    return recorded(Take(request.param, days=DAYS, phase=90.0))


def broken(tape: Tape, trial: Trial) -> list[str]:
    """Play it, and say what is not as promised."""
    return [
        f"{verdict.role}: {name} {amount:.2f}"
        for verdict in judge(tape, trial)
        for name, (amount, _) in violations(verdict, trial.patience).items()
    ]


def span(tape: Tape) -> tuple[float, float]:
    """From the first evening on, and long enough before the end."""
    end = tape.take.begin + DAYS * 24 * HOUR
    return tape.take.begin + 8 * HOUR, end - CALM


def test_energy_of_today_follows_the_day(tape: Tape) -> None:
    """Each counter of today lies between the truth of one and of four uploads ago."""
    assert broken(tape, Trial(today_patience=0.0)) == []


def test_a_faultless_home_shows_no_rejected_values(tape: Tape) -> None:
    """Not even while its inverter sleeps and says of the grid only what it draws itself."""
    *_, (_, _, shown) = published(tape, Trial())
    assert shown.values[Slot(Quantity.REJECTED_VALUES)] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_yesterday_is_not_counted_twice_at_midnight(tape: Tape, seed: int) -> None:
    """Nor is a leap, a zero, a late reset or a replay around the plant's midnight."""
    glitches = Drawer(Random(seed), tape).midnights(*span(tape))
    assert glitches
    assert broken(tape, Trial(glitches)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_leaves_no_phantom_energy(tape: Tape, seed: int) -> None:
    """Lies at any hour, one after the other and at once, with and without ratings told."""
    glitches = Drawer(Random(seed), tape).storm(*span(tape))
    assert glitches
    assert broken(tape, Trial(glitches, rated=seed % 2 == 0)) == []
