"""Who feeds a role: chosen once, complete or held, and handed over without a step."""

from collections.abc import Mapping
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Reading, Slot
from custom_components.solar_cloud.cloud.serialization import from_json, to_json
from custom_components.solar_cloud.cloud.sources import Source, SourceTerm
from custom_components.solar_cloud.pipeline.held import Held, HeldBecause
from custom_components.solar_cloud.pipeline.plant_sources import (
    ABSENCE,
    BETTER_SOURCE_PATIENCE,
    SOURCE_LOST_AFTER,
    PollContext,
    SourceSelection,
    SourceSelections,
    evaluate,
)

PV, POWER, SOC = Slot(Q.PV_ENERGY_TOTAL), Slot(Q.PV_POWER), Slot(Q.BATTERY_SOC)
POLL = 300.0


def told(**values: float | None) -> dict[str, Reading]:
    """Return readings: device to lifetime energy; ``None`` for one that answers without it."""
    return {
        device: Reading(None, {} if value is None else {PV: value})
        for device, value in values.items()
    }


def summed(*devices: str, slot: Slot = PV) -> Source:
    """Return the source that adds devices up."""
    return Source(tuple(SourceTerm(device, slot) for device in devices))


class Play:
    """A plant whose role of solar production is fed."""

    def __init__(self, *sources: Source) -> None:
        """Begin with these sources."""
        self.plant, self.sources, self.now = SourceSelections(), sources, 1e9
        self.certain = True
        self.last: dict[str, Reading] = {}

    def poll(self, wait: float = POLL, **values: float | None) -> float | None:
        """Return the role after a poll in which these devices answered."""
        self.now += wait
        said = told(**values)
        self.last |= {key: each for key, each in said.items() if each.values}
        scene = PollContext(
            said,
            self.last | said,
            lambda _: False,
            lambda *_: True,
            lambda _: 0.0,
            self.certain,
            self.now,
        )
        value = self.plant.apply({Q.PV_ENERGY_TOTAL: self.sources}, scene).get(PV)
        assert value is None or isinstance(value, float)
        return value

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return the devices of the source in force."""
        return tuple(device for device, _ in self.plant.sources()[Q.PV_ENERGY_TOTAL])


def test_the_best_source_that_answers_is_chosen_and_kept() -> None:
    """Also when a better one appears later."""
    play = Play(summed("meter"), summed("plant"))
    assert play.poll(meter=None, plant=100.0) == 100
    assert play.poll(meter=5_000.0, plant=101.0) == 101
    assert play.chosen == ("plant",)


def test_a_silent_better_source_is_waited_for_a_day() -> None:
    """It may only be asleep."""
    play = Play(summed("meter"), summed("plant"))
    assert play.poll(plant=100.0) is None
    assert play.poll(BETTER_SOURCE_PATIENCE - 1, plant=100.0) is None
    assert play.poll(plant=100.0) == 100


def test_a_role_says_what_it_waits_for() -> None:
    """While nothing is chosen, until when; while its source is silent, since when."""
    play = Play(summed("meter"), summed("plant"))
    play.poll(plant=100.0)
    since, until = play.now, play.now + BETTER_SOURCE_PATIENCE
    role = Q.PV_ENERGY_TOTAL
    undecided = Held(HeldBecause.UNDECIDED, since, until)
    assert play.plant.held() == {role: undecided}
    play.poll(meter=5_000.0, plant=100.0)
    assert play.plant.held() == {}
    play.poll(plant=101.0)
    missing = Held(HeldBecause.SOURCE_MISSING, play.now)
    play.poll(plant=102.0)
    assert play.plant.held() == {role: missing}


def test_nothing_is_chosen_where_nothing_answers() -> None:
    """The role stays empty."""
    play = Play(summed("meter"))
    assert play.poll() is None
    assert play.poll(2 * BETTER_SOURCE_PATIENCE) is None
    assert play.poll(meter=3.0) == 3


def test_e11_a_sum_is_held_while_an_addend_is_missing() -> None:
    """No drop, no jump."""
    play = Play(summed("a", "b"))
    assert play.poll(a=100.0, b=50.0) == 150
    assert play.poll(a=101.0) == 150
    assert play.poll(a=102.0, b=None) == 150
    assert play.poll(a=103.0, b=52.0) == 155


def test_a_dead_addend_does_not_stop_the_others_for_ever() -> None:
    """After an hour the rest counts; what the dead one counted meanwhile is added when it is back."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=50.0)
    assert play.poll(a=101.0) == 150
    assert play.poll(ABSENCE, a=104.0) == 154
    assert play.poll(a=105.0, b=53.0) == 158


def test_a_difference_is_never_made_of_different_cycles() -> None:
    """What is subtracted must be of now."""
    both = Source((SourceTerm("a", PV), SourceTerm("b", PV, -1.0)))
    play = Play(both)
    play.poll(a=100.0, b=50.0)
    play.poll(a=101.0)
    assert play.poll(2 * ABSENCE, a=104.0) == 50
    assert play.poll(a=104.0, b=51.0) == 53


def test_a_difference_that_dips_is_held() -> None:
    """The two sides are rounded apart."""
    play = Play(Source((SourceTerm("a", PV), SourceTerm("b", PV, -1.0))))
    play.poll(a=100.0, b=50.0)
    assert play.poll(a=100.0, b=50.1) == 50
    assert play.poll(a=100.3, b=50.1) == pytest.approx(50.2)


def test_a_house_goes_on_when_its_inverter_was_replaced() -> None:
    """The new one has counted less than what was ever sold: the difference is below zero, and grows all the same."""
    both = Source((SourceTerm("a", PV), SourceTerm("b", PV, -1.0)), floor=0.0)
    play = Play(both)
    assert play.poll(a=14_000.0, b=9_000.0) == 5_000
    assert play.poll(a=3.0, b=9_000.0) == 5_003
    assert play.poll(a=5.0, b=9_001.0) == 5_004
    assert play.poll(a=8.0, b=9_001.0) == 5_007


@pytest.mark.parametrize("restart", [False, True])
def test_what_a_replaced_meter_had_counted_counts_though_a_battery_slept(
    restart: bool,
) -> None:
    """It went on alone for the night, and a new one took over in the morning."""
    both = Source((SourceTerm("meter", PV), SourceTerm("battery", PV, -1.0)))
    play = Play(both)
    assert play.poll(meter=100.0, battery=20.0) == 80
    assert play.poll(meter=110.0, battery=None) == 80
    assert play.poll(meter=2.0, battery=None) == 80
    if restart:
        play.plant = from_json(SourceSelections, to_json(play.plant))
    assert play.poll(meter=3.0, battery=21.0) == 92
    assert play.poll(meter=5.0, battery=21.0) == 94


def test_a_second_inverter_brings_nothing_along() -> None:
    """Thousands of kWh on its display, none of them ours; what the first gained meanwhile is."""
    play = Play(summed("a"))
    play.poll(a=100.0)
    play.sources = (summed("a", "b"),)
    assert play.poll(a=101.0, b=7_000.0) == 101
    assert play.poll(a=102.0, b=7_003.0) == 105


def test_an_inverter_that_goes_takes_nothing_with_it() -> None:
    """The sum goes on with the rest."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=5_000.0)
    play.sources = (summed("a"),)
    assert play.poll(a=101.0) == 5_101
    assert play.poll(a=103.0) == 5_103


def test_an_inverter_that_was_missing_from_the_list_is_made_up_for() -> None:
    """It went and came back; all it counted counts once."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=50.0)
    play.sources = (summed("a"),)
    assert play.poll(a=101.0) == 151
    play.sources = (summed("a", "b"),)
    assert play.poll(a=102.0, b=54.0) == 156


def test_an_incomplete_list_hands_nothing_over() -> None:
    """The role is held until the list is whole."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=50.0)
    play.sources, play.certain = (summed("a"),), False
    assert play.poll(a=101.0) == 150
    play.sources, play.certain = (summed("a", "b"),), True
    assert play.poll(a=101.0, b=51.0) == 152


def test_a_source_gone_for_good_is_replaced_without_a_step_or_a_loss() -> None:
    """The meter was removed; the inverter knows the grid too, a few per cent off."""
    play = Play(summed("meter"), summed("plant"))
    play.poll(meter=100.0, plant=93.0)
    play.sources = (summed("plant"),)
    assert play.poll(plant=94.5) == 101.5
    assert play.chosen == ("plant",)
    assert play.poll(plant=95.0) == 102


def test_a_source_that_says_nothing_for_days_is_replaced() -> None:
    """And all the other counted meanwhile is there."""
    play = Play(summed("meter"), summed("plant"))
    play.poll(meter=100.0, plant=93.0)
    assert play.poll(meter=None, plant=94.0) == 100
    assert play.poll(SOURCE_LOST_AFTER - 2 * POLL, meter=None, plant=120.0) == 100
    assert play.poll(2 * POLL, meter=None, plant=121.0) == 128
    assert play.chosen == ("plant",)


def test_a_source_that_is_alone_is_kept_however_silent() -> None:
    """There is nobody else."""
    play = Play(summed("meter"))
    play.poll(meter=100.0)
    play.poll()
    assert play.poll(2 * SOURCE_LOST_AFTER) == 100
    assert play.poll(meter=104.0) == 104


def test_what_a_stranger_covered_is_not_counted_again() -> None:
    """From the sum to the plant's counter and back."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=50.0)
    play.sources = (summed("plant"),)
    play.poll(plant=10.0)
    play.poll(plant=15.0)
    play.sources = (summed("a", "b"),)
    assert play.poll(a=104.0, b=52.0, plant=16.0) == 155
    assert play.poll(a=105.0, b=52.0) == 156


def test_a_device_that_starts_anew_makes_no_step() -> None:
    """A filter let its counter fall to what it counted since."""
    play = Play(summed("a", "b"))
    play.poll(a=10_000.0, b=10_000.0)
    assert play.poll(a=2.0, b=10_001.0) == 20_003
    assert play.poll(a=3.0, b=10_001.0) == 20_004


def power(
    readings: Mapping[str, float | None], *sources: Source, plant: SourceSelections
) -> float | str | None:
    """Return a role that is a power."""
    said = {
        key: Reading(None, {} if value is None else {POWER: value})
        for key, value in readings.items()
    }
    roles = {Q.PV_POWER: sources}
    return plant.apply(
        roles,
        PollContext(
            said, said, lambda _: False, lambda *_: True, lambda _: 0.0, True, 1e9
        ),
    ).get(POWER)


def test_powers_are_not_held() -> None:
    """A missing addend makes a power unknown, and whose absence it is can be told."""
    plant, both = SourceSelections(), summed("a", "b", slot=POWER)
    roles = {Q.PV_POWER: (both,)}
    assert power({"a": 5.0, "b": 6.0}, both, plant=plant) == 11
    assert power({"a": 5.0, "b": None}, both, plant=plant) is None
    assert plant.source_missing(roles, {}, {"b"})
    assert not plant.source_missing(roles, {}, set())
    assert not plant.source_missing(roles, {POWER: 11.0}, {"b"})


def test_sums_have_a_floor_and_charges_a_mean() -> None:
    """A house does not consume less than nothing; two batteries weigh what they hold."""
    readings = {
        "a": Reading(None, {SOC: 50.0, POWER: -20.0}),
        "b": Reading(None, {SOC: 80.0, POWER: "off"}),
    }
    mean = Source((SourceTerm("a", SOC, 5.0), SourceTerm("b", SOC, 10.0)), mean=True)
    assert evaluate(mean, readings) == 70
    nothing = Source((SourceTerm("a", SOC, 0.0),), mean=True)
    assert evaluate(nothing, readings) == 0
    assert evaluate(Source((SourceTerm("a", POWER),), floor=0.0), readings) == 0
    assert evaluate(summed("b", slot=POWER), readings) is None
    assert evaluate(Source(()), readings) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from("abc"), min_size=1),
            st.sets(st.sampled_from("abc")),
            st.lists(st.floats(0, 3), min_size=3, max_size=3),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_role_never_falls_and_never_outruns_its_devices(
    polls: list[tuple[set[str], set[str], list[float]]],
) -> None:
    """Whatever joins, goes, answers or not."""
    play = Play()
    stands = {"a": 100.0, "b": 5_000.0, "c": 20_000.0}
    gained, first, last = 0.0, None, None
    for listed, answering, gains in polls:
        for device, gain in zip(stands, gains, strict=True):
            stands[device] = round(stands[device] + gain, 3)
        gained += sum(gains)
        play.sources = (summed(*sorted(listed)),)
        answers = {key: stands[key] for key in sorted(listed & answering)}
        value = play.poll(**answers)
        if value is not None:
            first = (value, gained) if first is None else first
            assert last is None or value >= last
            assert value - first[0] <= gained + 1e-2
            last = value


def test_choices_survive_a_restart() -> None:
    """Through JSON; roles this version does not know are skipped."""
    play = Play(summed("a", "b"))
    play.poll(a=100.0, b=50.0)
    stored = json.loads(json.dumps(to_json(play.plant.choices)))
    stored["tomorrow"] = stored["pv_energy_total"]
    play.plant = SourceSelections(from_json(dict[Q, SourceSelection], stored))
    play.sources = (summed("a"),)
    assert play.poll(a=101.0) == 151


@pytest.mark.parametrize(
    "stored", [None, [], {"terms": [["a"], "b"], "offset": None, "last_addends": [1]}]
)
def test_damaged_choices_start_anew(stored: Any) -> None:
    """And the next poll chooses."""
    assert from_json(SourceSelection, stored) == SourceSelection()


def test_damaged_rows_of_a_choice_are_left_out() -> None:
    """The rest is used."""
    stored: Any = {
        "terms": [["a", "x"], ["b"]],
        "last": 2,
        "last_addends": {"a": {"x": 5, "y": "z"}, "b": 1},
    }
    choice = from_json(SourceSelection, stored)
    assert choice.terms == (("a", "x"),)
    assert choice.last == 2
    assert choice.last_addends == {("a", "x"): 5.0}


def test_a_difference_goes_on_by_its_power_while_an_addend_is_missing() -> None:
    """And comes back to the counters without a fall."""
    load = Q.LOAD_ENERGY_TOTAL
    source = Source((SourceTerm("a", Slot(load)), SourceTerm("b", Slot(load), -1.0)))
    plant, power = SourceSelections(), Source((SourceTerm("a", Slot(Q.LOAD_POWER)),))

    def poll(now: float, a: float, b: float | None, doubted: bool = False) -> float:
        said = {"a": Reading(None, {Slot(load): a, Slot(Q.LOAD_POWER): 1200.0})}
        if b is not None:
            said["b"] = Reading(None, {Slot(load): b})
        scene = PollContext(
            said, said, lambda _: doubted, lambda *_: True, lambda _: 0.0, True, now
        )
        roles = {load: (source,), Q.LOAD_POWER: (power,)}
        value = plant.apply(roles, scene)[Slot(load)]
        assert isinstance(value, float)
        return value

    assert poll(0.0, 100.0, 10.0) == 90
    assert poll(300.0, 105.0, None) == pytest.approx(90.1)
    assert plant.followed() == {load}
    assert plant.held() == {load: Held(HeldBecause.SOURCE_MISSING, 300.0)}
    assert poll(600.0, 105.0, 14.95) == pytest.approx(90.1)
    assert plant.held() == {load: Held(HeldBecause.AHEAD, behind=-0.05)}
    assert poll(900.0, 105.5, 15.0) == pytest.approx(90.5)
    assert plant.held() == {}
    assert poll(1200.0, 105.6, 15.0, doubted=True) == pytest.approx(90.6)
    assert plant.held() == {load: Held(HeldBecause.WAITS_FOR_ADDEND, behind=-0.1)}
