"""How much of its use a plant made itself, and how much of what it made it used: of today, where the vendor does not tell."""

from typing import Final

from ..cloud.model import Quantity as Q, Slot, Value

RATES: Final = (
    (Q.SELF_SUFFICIENCY_RATE, Q.GRID_IMPORT_ENERGY_TODAY, Q.LOAD_ENERGY_TODAY),
    (Q.SELF_CONSUMPTION_RATE, Q.GRID_EXPORT_ENERGY_TODAY, Q.PV_ENERGY_TODAY),
)
"""Each rate, what of the whole went through the grid, and the whole."""
LEAST: Final = 0.05
"""kWh; of less than that a counter's last digit would be a tenth."""


def add_rates(values: dict[Slot, Value]) -> None:
    """Add today's rates in % to a plant's values; one whose energies are not both known stays unknown.

    What a battery bought at night and sold by day counts against the sun, so a rate is kept between nothing and all.
    """
    for rate, through_grid, whole in RATES:
        part, made = values.get(Slot(through_grid)), values.get(Slot(whole))
        if Slot(rate) in values:
            continue
        if isinstance(part, float) and isinstance(made, float) and made >= LEAST:
            share = min(max(1.0 - part / made, 0.0), 1.0)
            values[Slot(rate)] = round(100.0 * share, 1)
