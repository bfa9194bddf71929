"""What is stored: fields by name, unknown ones ignored, damaged ones left to their defaults."""

from dataclasses import dataclass, field
import math

from custom_components.solar_cloud.cloud.serialization import from_json, to_json


@dataclass
class Part:
    """Something inside."""

    size: float


@dataclass
class Whole:
    """Something with every kind of field."""

    name: str
    part: Part | None = None
    sizes: list[float] = field(default_factory=list)
    pairs: tuple[tuple[str, int], ...] = ()
    named: dict[str, int] = field(default_factory=dict)
    limit: float = 7.0


def test_it_comes_back_as_it_was() -> None:
    """Parts, lists, pairs and names; an infinity becomes its field's default."""
    whole = Whole("a", Part(1.5), [1.0, 2.0], (("x", 3),), {"y": 4}, math.inf)
    assert from_json(Whole, to_json(whole), Whole("")) == Whole(
        "a", Part(1.5), [1.0, 2.0], (("x", 3),), {"y": 4}, 7.0
    )


def test_what_is_damaged_takes_its_default() -> None:
    """Of a list only the bad items go; without a name there is nothing to keep."""
    stored = to_json(Whole("a"))
    assert isinstance(stored, dict)
    damaged = stored | {
        "part": {"size": True},
        "sizes": [1, "x", None],
        "pairs": [["x"], ["y", 2]],
        "named": [1],
        "new": 0,
    }
    assert from_json(Whole, damaged, Whole("")) == Whole(
        "a", sizes=[1.0], pairs=(("y", 2),)
    )
    assert from_json(Whole, {"name": 3}, Whole("other")).name == "other"
    assert from_json(Whole, [1], Whole("other")).name == "other"
