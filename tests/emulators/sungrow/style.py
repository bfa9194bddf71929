"""How numbers are written, and how they are missing (sungrow.md §11.3 #10-#13)."""

from ..world.noise import seed_of
from .knobs import Knobs
from .rows import Values

STATES = {"29", "13146", "51301", "58608"}
FRACTIONS = {"13141", "13142", "58604", "58605", "83252", "83129", "83019", "13013"}
MISSING = ("null", "", "--", "absent")
NULL = "null"


def write(point: str, value: float | str, knobs: Knobs) -> str:
    """Return one value as text."""
    if isinstance(value, str):
        return value
    if point in FRACTIONS:
        return f"{value:.3f}"
    if point in STATES:
        return f"{float(value):.1f}"
    if point == "33716":
        return str(int(value))
    if knobs.four_decimals and value >= 1e7:
        return f"{value:.4f}"
    return f"{round(value, 1) + 0.0:.1f}"


def points_of(
    owner: str, values: Values, asked: list[str], knobs: Knobs
) -> dict[str, str | None]:
    """Return the points asked for; what the device lacks is missing in one of four ways."""
    row: dict[str, str | None] = {}
    for point in asked:
        bare = point.removeprefix("p")
        if bare not in values:
            if knobs.unknown_point == NULL:
                row[f"p{bare}"] = None
            continue
        value = values[bare]
        if bare in knobs.spike and isinstance(value, float):
            row[f"p{bare}"] = write(bare, value * 40 + 2e9, knobs)
        elif value is not None and bare not in knobs.null_points:
            row[f"p{bare}"] = write(bare, value, knobs)
        else:
            _leave_out(row, owner, bare, knobs)
    return row


def _leave_out(
    row: dict[str, str | None], owner: str, point: str, knobs: Knobs
) -> None:
    style: str = knobs.missing_style
    if style == "rotate":
        style = MISSING[seed_of(owner, point) % len(MISSING)]
    if style != "absent":
        row[f"p{point}"] = None if style == NULL else style
