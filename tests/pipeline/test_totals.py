"""Totals over plants: exact, never lower than before, and honest about who is missing."""

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.totals import PlantFigures, Total, Totals

PV = Slot(Q.PV_ENERGY_TOTAL)
TODAY = Slot(Q.PV_ENERGY_TODAY)
POWER = Slot(Q.PV_POWER)
MIDNIGHT = 86400.0


def plant(**values: float) -> PlantFigures:
    """A plant that tells these, and is expected to."""
    told = {Slot(Q(key)): value for key, value in values.items()}
    return PlantFigures(told, {PV, TODAY, POWER}, MIDNIGHT)


def look(
    totals: Totals,
    plants: dict[str, PlantFigures],
    quantity: Q = Q.PV_ENERGY_TOTAL,
    *,
    gone: tuple[str, ...] = (),
    now: float = 1000.0,
    complete: bool = True,
    patient: bool = False,
) -> float | None:
    """Add up, and return one total."""
    found = totals.add_up(plants, {*gone}, now, complete=complete, patient=patient).get(
        quantity
    )
    return None if found is None else found.value


def test_three_hundred_plants_are_summed_exactly_and_never_fall() -> None:
    """Through a day in which plants fall silent and come back, and Home Assistant restarts."""
    drawn, storage = Random(7), MemoryStorage()
    totals = Totals(storage)
    counted = {f"plant{each}": round(drawn.uniform(0, 9e4), 2) for each in range(300)}
    shown = 0.0
    for poll in range(288):
        counted = {
            key: round(value + drawn.choice((0, 0.01, 0.4)), 2)
            for key, value in counted.items()
        }
        silent = set() if poll in {0, 287} else {*drawn.sample([*counted], 20)}
        told = {
            key: plant() if key in silent else plant(pv_energy_total=value)
            for key, value in counted.items()
        }
        if poll == 100:
            totals = Totals(storage)
        total = look(totals, told)
        assert total is not None
        assert total >= shown
        shown = total
    exact = sum(Fraction(str(value)) for value in counted.values())
    assert shown == pytest.approx(float(exact), abs=1e-6)


def test_what_one_plant_does_not_tell_stands_still_and_the_others_go_on() -> None:
    """No energy is lost: it comes with that plant's next word."""
    totals = Totals(MemoryStorage())
    both = {"a": plant(pv_energy_total=100.0), "b": plant(pv_energy_total=50.0)}
    assert look(totals, both) == 150.0
    assert look(totals, {"a": plant(pv_energy_total=101.0), "b": plant()}) == 151.0
    assert look(totals, {"a": plant(pv_energy_total=102.0)}) == 152.0
    assert look(totals, {"b": plant(pv_energy_total=53.0)}) == 155.0


def test_no_total_begins_before_every_plant_has_told() -> None:
    """The rest would look like energy made in one moment; a plant that never tells is not waited for."""
    totals = Totals(MemoryStorage())
    one = {"a": plant(pv_energy_total=100.0, pv_energy_today=1.0), "b": plant()}
    assert look(totals, one, patient=True) is None
    assert look(totals, one, Q.PV_ENERGY_TODAY, patient=True) is None
    heard = {"a": one["a"]}
    assert look(totals, heard, complete=False, patient=True) is None
    assert one["a"].counts
    assert not one["b"].counts
    both = one | {"b": plant(pv_energy_total=50.0, pv_energy_today=2.0)}
    assert look(totals, both, patient=True) == 150.0
    assert look(totals, both, Q.PV_ENERGY_TODAY, patient=True) == 3.0
    assert look(Totals(MemoryStorage()), one) == 100.0


def test_a_day_that_nobody_told_of_yet_is_no_zero() -> None:
    """Home Assistant was off at midnight: until a plant is read, nobody knows what it made; once it ran, a new day begins with nothing."""
    totals = Totals(storage := MemoryStorage())
    told = {"a": plant(pv_energy_today=9.0)}
    assert look(totals, told, Q.PV_ENERGY_TODAY) == 9.0
    late: dict[str, Any] = {"now": MIDNIGHT + 10.0, "complete": False}
    assert look(totals, {}, Q.PV_ENERGY_TODAY, **late) == 0.0
    again = Totals(storage)
    assert look(again, {}, Q.PV_ENERGY_TODAY, patient=True, **late) is None
    assert look(again, {}, Q.PV_ENERGY_TODAY, patient=True, complete=False) == 9.0


def test_plants_that_join_or_leave_make_no_step() -> None:
    """What they make while they are there counts."""
    storage = MemoryStorage()
    totals = Totals(storage)
    a, b = plant(pv_energy_total=100.0), plant(pv_energy_total=5000.0)
    assert look(totals, {"a": a}) == 100.0
    assert look(totals, {"a": a, "b": b}) == 100.0
    grown = {"a": a, "b": plant(pv_energy_total=5004.0)}
    assert look(totals, grown) == 104.0
    totals = Totals(storage)
    assert look(totals, {"a": a}, gone=("b",)) == 104.0
    assert totals.counted == {"a"}
    assert look(totals, {"a": plant(pv_energy_total=101.0)}) == 105.0
    assert totals.bases == {Q.PV_ENERGY_TOTAL: 4.0}


def test_a_counter_that_begins_anew_makes_no_step_and_a_dip_none_either() -> None:
    """A new inverter counts from nothing; the last digit may waver."""
    totals = Totals(MemoryStorage())
    assert look(totals, {"a": plant(pv_energy_total=100.0)}) == 100.0
    assert look(totals, {"a": plant(pv_energy_total=99.9)}) == 100.0
    assert look(totals, {"a": plant(pv_energy_total=101.0)}) == 101.0
    assert look(totals, {"a": plant(pv_energy_total=0.5)}) == 101.0
    assert look(totals, {"a": plant(pv_energy_total=2.5)}) == 103.0


def test_a_power_is_of_those_who_tell_it_and_says_how_many_do_not() -> None:
    """Nothing stands in for what is missing, and nobody's nothing is not zero."""
    totals = Totals(MemoryStorage())
    plants = {"a": plant(pv_power=700.0), "b": plant(), "c": plant(pv_power=500.0)}

    def add_up(shown: dict[str, PlantFigures]) -> dict[Q, Total]:
        return totals.add_up(shown, set(), 0.0, complete=True, patient=False)

    assert add_up(plants)[Q.PV_POWER] == (1200.0, 2, 1)
    assert add_up({"b": plant()})[Q.PV_POWER] == (None, 0, 1)
    assert Q.BATTERY_POWER not in add_up(plants)


def test_today_ends_for_each_plant_with_its_own_day() -> None:
    """A plant that was not polled since midnight has made nothing today."""
    storage = MemoryStorage()
    totals = Totals(storage)
    values = {"a": plant(pv_energy_today=20.0), "b": plant(pv_energy_today=30.0)}
    today = Q.PV_ENERGY_TODAY
    assert look(totals, values, today, now=MIDNIGHT - 1) == 50.0
    fresh = PlantFigures({TODAY: 0.2}, {TODAY}, 2 * MIDNIGHT)
    after = {"a": fresh, "b": values["b"]}
    totals = Totals(storage)
    assert look(totals, after, today, now=MIDNIGHT + 1) == 0.2
    less = PlantFigures({TODAY: 0.1}, {TODAY}, 2 * MIDNIGHT)
    assert look(totals, {"a": less}, today, now=MIDNIGHT + 2) == 0.2
    assert look(totals, {}, today, gone=("a",), now=MIDNIGHT + 3) == 0.0
    unknown = PlantFigures({TODAY: 4.0}, {TODAY}, None)
    assert look(Totals(MemoryStorage()), {"a": unknown}, today) is None


def test_after_a_crash_no_total_falls_behind_what_was_shown() -> None:
    """The recorder knows more than what was written last."""
    totals = Totals(MemoryStorage())
    totals.take_up({Q.PV_ENERGY_TOTAL: 100.3})
    assert look(totals, {"a": plant(pv_energy_total=100.0)}) == 100.3
    assert look(totals, {"a": plant(pv_energy_total=100.4)}) == 100.4
    assert look(totals, {"a": plant(pv_energy_total=100.4)}) == 100.4
