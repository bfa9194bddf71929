"""The counter of today as a witness of the lifetime beside it."""

from custom_components.solar_cloud.pipeline.sibling import Sibling, Verdict

STEP = 0.1


def acquainted() -> Sibling:
    """Two counters that gained 2 kWh together."""
    sibling = Sibling()
    for tenth in range(21):
        sibling.believe(1000 + tenth / 10, 5 + tenth / 10, 0.1, STEP, 0)
    return sibling


def test_what_both_gain_is_confirmed() -> None:
    """To the digits both have."""
    assert acquainted().judge(1002.6, 7.6, 0.6, None, STEP, 0) is Verdict.CONFIRMED


def test_a_leap_the_day_does_not_share_is_contradicted() -> None:
    """Whatever the powers say of both."""
    assert acquainted().judge(1032, 7.1, 30, None, STEP, 0) is Verdict.CONTRADICTED
    assert acquainted().judge(1032, 7.1, 30, 0.1, STEP, 0) is Verdict.CONTRADICTED


def test_a_day_that_stands_while_power_flows_says_nothing() -> None:
    """The one farther from the power is wrong; so is one that started anew, or leapt itself."""
    assert acquainted().judge(1003, 7.0, 1.0, 1.0, STEP, 0) is Verdict.UNKNOWN
    assert acquainted().judge(1002.1, 0.0, 0.1, 0.1, STEP, 0) is Verdict.UNKNOWN
    assert acquainted().judge(1002.1, 20.0, 0.1, 0.1, STEP, 0) is Verdict.UNKNOWN


def test_a_day_that_was_wrong_has_to_prove_itself_again() -> None:
    """A leap that was believed against it costs it its word until both gained together."""
    sibling = acquainted()
    sibling.believe(1032, 7.1, 30, STEP, 0)
    assert sibling.judge(1062, 7.2, 30, None, STEP, 0) is Verdict.UNKNOWN


def test_the_comparison_begins_anew_after_some_energy() -> None:
    """So that what two counters drift apart stays small."""
    sibling = Sibling()
    for kwh in range(8):
        sibling.believe(1000 + kwh, 5 + kwh, 1.0, STEP, 0)
    assert sibling.value == 1006
    assert sibling.reading == 11
    sibling.believe(1008, None, 1.0, STEP, 0)
    assert sibling.latest == 12
