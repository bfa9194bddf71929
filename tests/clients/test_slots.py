"""Keys of slots, read back."""

import pytest

from custom_components.solar_cloud.cloud.model import Quantity, Slot


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        ("pv_energy_total", Slot(Quantity.PV_ENERGY_TOTAL)),
        ("mppt_energy_total_12", Slot(Quantity.MPPT_ENERGY_TOTAL, 12)),
        ("nothing_1", None),
        ("nothing", None),
    ],
)
def test_a_key_names_a_slot(key: str, slot: Slot | None) -> None:
    """With its index, or not at all."""
    assert Slot.of_key(key) == slot
