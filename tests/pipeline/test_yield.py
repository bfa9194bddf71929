"""What panels yielded on a day, and by what the parts of a plant are told from each other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.solar_cloud.cloud.model import (
    Quantity as Q,
    Reading,
    Slot,
    Value,
)
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from custom_components.solar_cloud.pipeline.insights import (
    Insights,
    PlantLook,
    YieldDay,
    parts_of,
)
from custom_components.solar_cloud.pipeline.known_slots import KnownSlots

from .test_pipeline import BATTERY, INVERTER, METER, NOON, PLANT, Home

FIRST = 739_000


def days(*looks: tuple[int, float, float]) -> YieldDay:
    """Look at the counters of today and of a life on some days."""
    day = YieldDay()
    for date, today, total in looks:
        day.look(FIRST + date, today, total)
    return day


def test_a_day_that_was_seen_from_midnight_to_midnight_is_known() -> None:
    """With the little that came after the last look, and without what the next day made already."""
    day = days((0, 3.0, 103.0), (1, 0.0, 103.0), (1, 19.9, 122.9), (2, 0.3, 123.3))
    assert day.last == pytest.approx(20.0)


@pytest.mark.parametrize(
    "looks",
    [
        ((0, 3.0, 103.0), (1, 0.0, 103.0)),
        ((0, 3.0, 103.0), (1, 0.0, 103.0), (1, 9.0, 112.0), (2, 0.0, 123.0)),
        ((0, 3.0, 103.0), (1, 0.0, 103.0), (1, 9.0, 112.0), (3, 0.0, 112.0)),
        ((0, 3.0, 103.0), (1, 2.0, 113.0), (1, 9.0, 120.0), (2, 0.0, 120.0)),
    ],
    ids=["only its evening", "not its evening", "a day between", "not its morning"],
)
def test_a_day_that_was_seen_in_part_is_not(
    looks: tuple[tuple[int, float, float], ...],
) -> None:
    """Neither the day on which somebody began to look, nor one that ended or began unseen."""
    assert days(*looks).last is None


def slots(*keys: str) -> list[Slot]:
    """Return slots by their keys."""
    return [slot for key in keys if (slot := Slot.of_key(key))]


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        (
            ("pv_power", "mppt_power_1", "mppt_power_2"),
            ["mppt_power_1", "mppt_power_2"],
        ),
        (
            ("mppt_power_1", "mppt_power_2", "string_power_1", "string_power_2"),
            ["string_power_1", "string_power_2"],
        ),
        (
            (
                *("string_current_1", "string_current_2", "string_current_3"),
                *("string_voltage_1", "string_voltage_2"),
            ),
            ["string_current_1", "string_current_2"],
        ),
        (("pv_power", "ac_power", "mppt_power_1"), ["pv_power"]),
        (("ac_power",), ["ac_power"]),
        (("ac_power", "battery_soc"), []),
        (("grid_power",), []),
    ],
)
def test_the_finest_that_can_be_compared_is(
    told: tuple[str, ...], parts: list[str]
) -> None:
    """A string before a tracker before the inverter; its output only where no battery adds to it."""
    assert [slot.key for slot, _ in parts_of(slots(*told))] == parts


def look(insights: Insights, home: Home, **told: Reading) -> dict[Slot, Value]:
    """Look at a plant whose devices say this."""
    values = told["plant"].values
    plant = PLANT if values else replace(PLANT, pv_capacity=None)
    return insights.look(
        PlantLook(plant, values, told, home.now.timestamp(), FIRST, live=True),
        home.inventory,
    )


def test_currents_and_voltages_make_powers_and_silence_makes_none() -> None:
    """A string that tells no current lets the whole look pass: the others would seem larger."""
    storage, home = MemoryStorage(), Home()
    seen = KnownSlots(storage)
    told: dict[Slot, Value] = {
        Slot(quantity, number): value
        for number in (1, 2)
        for quantity, value in ((Q.STRING_CURRENT, 5.0), (Q.STRING_VOLTAGE, 400.0))
    }
    plant = Reading(NOON, {Slot(Q.PV_POWER): 4000.0})
    seen.add({"inverter": Reading(NOON, told)})
    insights = Insights(storage, seen)
    assert Q.UNDERPERFORMING in insights.applies("plant", home.inventory)
    for minute in range(0, 20, 5):
        home.now = NOON + timedelta(minutes=minute)
        part = told if minute != 10 else told | {Slot(Q.STRING_CURRENT, 2): "no"}
        inverter = Reading(NOON, part)
        look(insights, home, plant=plant, inverter=inverter)
        look(insights, home, plant=plant)
    assert insights.lags("plant") is None
    assert insights.lags("elsewhere") is None
    assert insights.learning("plant") == {"reason": "not_told", "days_learnt": 0}
    look(insights, home, plant=plant, inverter=Reading(NOON, told))
    assert insights.learning("plant") == {"reason": "learning", "days_learnt": 0}


def test_a_yield_without_installed_power_and_a_time_without_capacity_say_so() -> None:
    """The vendor tells neither; with the ratings of its batteries a time is known."""
    home = Home()
    insights = Insights(MemoryStorage(), KnownSlots(MemoryStorage()))
    assert look(insights, home, plant=Reading(NOON, {})) == {}
    assert insights.told("plant", Q.SPECIFIC_YIELD) == {"reason": "no_installed_power"}
    unread = insights.told("another", Q.SPECIFIC_YIELD)
    assert unread == {"reason": "not_seen_whole"}, "its plant was not read yet"
    told: dict[Slot, Value] = {
        Slot(Q.BATTERY_SOC): 50.0,
        Slot(Q.BATTERY_POWER): 1000.0,
        Slot(Q.BATTERY_CHARGE_ENERGY_TOTAL): 100.0,
        Slot(Q.BATTERY_DISCHARGE_ENERGY_TOTAL): 90.0,
    }
    assert look(insights, home, plant=Reading(NOON, told)) == {}
    assert insights.told("plant", Q.TIME_TO_EMPTY) == {"reason": "no_capacity"}
    held = Reading(NOON, {Slot(Q.BATTERY_CAPACITY): 10.0})
    found = look(insights, home, plant=Reading(NOON, told), battery=held)
    assert found == {Slot(Q.TIME_TO_EMPTY): 5 * 3600.0}
    home.devices = (INVERTER, replace(BATTERY, capacity=5.0), METER)
    found = look(insights, home, plant=Reading(NOON, told))
    assert found == {Slot(Q.TIME_TO_EMPTY): 2.5 * 3600.0}
    soc_less = {
        key: each for key, each in told.items() if key.quantity != Q.BATTERY_SOC
    }
    assert look(insights, home, plant=Reading(NOON, soc_less)) == {}
    assert insights.told("plant", Q.BATTERY_USABLE_CAPACITY) == {"reason": "learning"}
