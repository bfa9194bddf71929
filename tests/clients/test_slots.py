"""Keys of slots, read back."""

import copy
import pickle

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


def test_a_slot_is_found_whichever_way_it_came() -> None:
    """As a copy, from another process, or by its key: mappings find it by its identity."""
    slot = Slot(Quantity.MPPT_POWER, 2)
    copied, sent = copy.deepcopy(slot), pickle.loads(pickle.dumps(slot))  # noqa: S301 - our own
    assert {slot: 1.0}[copied] == {slot: 1.0}[sent] == 1.0
    assert Slot.of_key("mppt_power_2") is slot


def test_slots_are_sorted_by_quantity_and_number() -> None:
    """The second string comes before the twelfth."""
    second, twelfth = (Slot(Quantity.STRING_POWER, index) for index in (2, 12))
    first = Slot(Quantity.BATTERY_SOC)
    assert sorted([twelfth, second, first]) == [first, second, twelfth]
