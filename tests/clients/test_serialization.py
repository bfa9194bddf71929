"""What is stored: fields by name, unknown ones ignored, damaged ones left to their defaults."""

from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
import json
import math
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.model import Quantity as Q, Slot
from custom_components.solar_cloud.cloud.serialization import (
    async_to_json,
    from_json,
    from_json_or_none,
    to_json,
)


class Colour(StrEnum):
    """A word of a list."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Part:
    """Something inside."""

    size: float


type Place = tuple[str, Slot]


@dataclass
class Whole:
    """Something with every kind of field."""

    name: str = ""
    part: Part | None = None
    sizes: list[float] = field(default_factory=list)
    pairs: tuple[tuple[str, int], ...] = ()
    named: dict[str, int] = field(default_factory=dict)
    limit: float = 7.0
    count: int = 0
    on: bool = False
    colour: Colour | None = None
    slots: set[Slot] = field(default_factory=set)
    by_place: dict[Place, Part] = field(default_factory=dict)
    by_second: dict[tuple[str, float], list[tuple[float, int]]] = field(
        default_factory=dict
    )
    by_colour: dict[Colour, bool | float | str] = field(default_factory=dict)
    at: time | None = None
    cache: list[float] = field(default_factory=list, init=False)


WHOLE = Whole(
    "a",
    Part(1.5),
    [1.0, 2.0],
    (("x", 3),),
    {"y": 4},
    8.0,
    5,
    True,
    Colour.BLUE,
    {Slot(Q.PV_POWER), Slot(Q.MPPT_POWER, 2)},
    {
        ("a", Slot(Q.PV_POWER)): Part(1.0),
        ("a", Slot(Q.MPPT_POWER, 2)): Part(2.0),
        ("b", Slot(Q.PV_POWER)): Part(3.0),
    },
    {("all", 60.0): [(1.5, 2)], ("all", 86400.0): []},
    {Colour.RED: True, Colour.BLUE: "x"},
    time(22, 30),
)


def test_it_comes_back_as_it_was() -> None:
    """Through the text of a file, whatever it is made of."""
    assert from_json(Whole, json.loads(json.dumps(to_json(WHOLE)))) == WHOLE
    assert from_json(dict[str, Part], to_json({"a": Part(1.0)})) == {"a": Part(1.0)}
    assert from_json(list[Colour], to_json([Colour.RED])) == [Colour.RED]


def test_the_form_has_names_that_a_reader_knows() -> None:
    """Keys of slots, words of lists; what has its default, or is for the run alone, is left out."""
    whole = Whole("a", slots={Slot(Q.PV_POWER), Slot(Q.MPPT_POWER, 2)})
    whole.by_place = {("a", Slot(Q.MPPT_POWER, 2)): Part(2.0)}
    whole.cache.append(1.0)
    stored = to_json(whole)
    assert isinstance(stored, dict)
    assert stored["name"] == "a"
    assert stored["slots"] == ["mppt_power_2", "pv_power"]
    assert stored["by_place"] == {"a": {"mppt_power_2": {"size": 2.0}}}
    assert stored.keys().isdisjoint({"cache", "limit", "on", "colour"})


def test_an_infinity_becomes_the_default() -> None:
    """JSON has none, and a file that cannot be written loses everything."""
    assert from_json(Whole, to_json(Whole(limit=math.inf))).limit == 7.0


def test_what_cannot_be_stored_is_a_mistake_of_ours() -> None:
    """And is not written as something else."""
    with pytest.raises(TypeError):
        to_json([object()])


@pytest.mark.parametrize(
    ("name", "damaged", "kept"),
    [
        ("name", 3, ""),
        ("part", {"size": True}, None),
        ("part", {}, None),
        ("sizes", [1, "x", None, True, "2", math.nan, math.inf, 10**400], [1.0]),
        ("sizes", {"0": 1.0}, []),
        ("pairs", [["x"], ["y", 2], ["z", 2.5], ["z", True], "y2"], (("y", 2),)),
        ("named", [1], {}),
        ("named", {"a": 1, "b": "x", "c": True, "d": 10**400}, {"a": 1}),
        ("limit", 1e300, 7.0),
        ("limit", math.nan, 7.0),
        ("count", True, 0),
        ("count", 1.0, 0),
        ("count", 2**63, 0),
        ("on", 1, False),
        ("colour", "green", None),
        ("colour", 7, None),
        ("slots", ["x", 3, "x_1", "pv_power_x", f"pv_power_{'9' * 5000}"], set()),
        ("by_place", {"a": {"x": {"size": 1}}, "b": 7}, {}),
        ("by_second", {"all": {"x": [], "nan": [], "60": [[1, 2], [3]]}}, None),
        ("by_colour", {"green": 1, "red": [], "blue": 2}, {Colour.BLUE: 2.0}),
        ("at", "25:00:00", None),
        ("at", 7, None),
    ],
)
def test_what_is_damaged_costs_only_itself(name: str, damaged: Any, kept: Any) -> None:
    """A field takes its default, of a list or a mapping the bad items go, and the rest is as it was."""
    stored = to_json(WHOLE)
    assert isinstance(stored, dict)
    found = from_json(Whole, stored | {name: damaged, "new": [0]})
    if name == "by_second":
        kept = {("all", 60.0): [(1.0, 2)]}
    assert getattr(found, name) == kept
    setattr(found, name, getattr(WHOLE, name))
    assert found == WHOLE


@pytest.mark.parametrize("stored", [None, 7, True, "x", [1], math.nan])
def test_what_is_damaged_as_a_whole_is_as_if_there_was_none(stored: Any) -> None:
    """Whoever asked begins anew."""
    assert from_json(Whole, stored) == Whole()
    assert from_json(dict[str, float], stored) == {}
    assert from_json_or_none(Part, stored) is None
    assert from_json_or_none(Part, {"size": "x"}) is None


async def test_what_is_encoded_in_parts_is_the_same() -> None:
    """And others go on between the parts."""
    pauses = 0

    async def pause() -> None:
        nonlocal pauses
        pauses += 1

    whole = {"a": WHOLE, "b": Whole()}
    assert await async_to_json(WHOLE, pause) == to_json(WHOLE)
    assert pauses == len(WHOLE.named) + len(WHOLE.by_place) + len(
        WHOLE.by_second
    ) + len(WHOLE.by_colour)
    assert await async_to_json(whole, pause) == to_json(whole)
    assert await async_to_json(WHOLE.by_place, pause) == to_json(WHOLE.by_place)
    assert await async_to_json(Q.PV_POWER, pause) == "pv_power"
