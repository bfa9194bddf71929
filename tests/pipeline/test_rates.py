"""Self-sufficiency and self-consumption of today, made of what is known and of nothing else."""

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot, Value
from custom_components.solar_cloud.pipeline.pipeline import add_rates

SUFFICIENCY, CONSUMPTION = Slot(Q.SELF_SUFFICIENCY_RATE), Slot(Q.SELF_CONSUMPTION_RATE)
DAY: dict[Q, float] = {
    Q.PV_ENERGY_TODAY: 20.0,
    Q.GRID_EXPORT_ENERGY_TODAY: 5.0,
    Q.GRID_IMPORT_ENERGY_TODAY: 3.0,
    Q.LOAD_ENERGY_TODAY: 12.0,
}


def rates(**changes: float | None) -> dict[Slot, Value]:
    """Return what a day makes of a plant's values."""
    day = {str(key): value for key, value in DAY.items()} | changes
    values: dict[Slot, Value] = {
        Slot(Q(key)): value for key, value in day.items() if value is not None
    }
    add_rates(values)
    return values


def test_a_household_reads_how_much_of_its_use_it_made_itself() -> None:
    """Three of twelve kWh were bought, five of twenty sold."""
    assert rates()[SUFFICIENCY] == 75.0
    assert rates()[CONSUMPTION] == 75.0


def test_what_the_vendor_says_stays() -> None:
    """It may know better."""
    told = rates(self_sufficiency_rate=71.0, self_consumption_rate=64.0)
    assert (told[SUFFICIENCY], told[CONSUMPTION]) == (71.0, 64.0)


@pytest.mark.parametrize("missing", ["grid_import_energy_today", "load_energy_today"])
def test_a_rate_is_unknown_while_one_of_its_energies_is(missing: str) -> None:
    """Missing is not zero."""
    values = rates(**{missing: None})
    assert SUFFICIENCY not in values
    assert values[CONSUMPTION] == 75.0


def test_there_is_no_rate_of_nothing() -> None:
    """Before sunrise nothing was made, and just after midnight nothing was used."""
    assert CONSUMPTION not in rates(pv_energy_today=0.0, grid_export_energy_today=0.0)
    assert SUFFICIENCY not in rates(load_energy_today=0.01)


def test_a_rate_is_between_nothing_and_all() -> None:
    """Also for a battery that is filled from the grid, and one that is sold empty."""
    assert rates(grid_import_energy_today=15.0)[SUFFICIENCY] == 0.0
    assert rates(grid_export_energy_today=25.0)[CONSUMPTION] == 0.0
    assert rates(grid_import_energy_today=0.0)[SUFFICIENCY] == 100.0
