"""How values go over the wire: numbers, numbers as text, nulls, "N/A"."""

from typing import Any

from ..world.noise import chance, seed_of
from .knobs import Knobs


def write(row: dict[str, Any] | None, knobs: Knobs, *parts: object) -> Any:
    """Dress a map of data items; ``parts`` make the randomness repeatable."""
    if row is None:
        return None
    return {
        name: _value(raw, knobs, seed_of(name, *parts)) for name, raw in row.items()
    }


def _value(raw: Any, knobs: Knobs, seed: int) -> Any:
    if isinstance(raw, list | dict | str) or raw is None:
        return raw
    luck = chance(seed, 0)
    if luck < knobs.null_rate:
        return None
    if luck < knobs.null_rate + knobs.na_rate:
        return "N/A"
    if knobs.wire == "string" or (knobs.wire == "mixed" and chance(seed, 1) < 0.5):
        return str(raw)
    return raw
