"""Repeatable randomness: the same seed and time always give the same value."""

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def chance(seed: int, index: int) -> float:
    """Return a number in [0, 1) that depends on nothing but its arguments."""
    mixed = (seed * 0xD1342543DE82EF95 + index * _GOLDEN + _GOLDEN) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


def seed_of(*parts: object) -> int:
    """Derive a seed from names and numbers, the same in every process."""
    seed = 0
    for char in "/".join(str(part) for part in parts):
        seed = (seed * 1099511628211 + ord(char)) & _MASK
    return seed


class Noise:
    """A smooth random curve in [0, 1): random knots in equal distances, straight lines between."""

    def __init__(self, seed: int, spacing: float) -> None:
        """Draw the curve of a seed with a knot every `spacing` seconds."""
        self._seed = seed
        self._spacing = spacing
        self._index: int | None = None
        self._left = self._right = 0.0

    def at(self, at: float) -> float:
        """Return the curve's value."""
        position = at / self._spacing
        index = int(position // 1)
        if index != self._index:
            self._index = index
            self._left = chance(self._seed, index)
            self._right = chance(self._seed, index + 1)
        return self._left + (self._right - self._left) * (position - index)
