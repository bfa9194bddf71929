"""Tables that translate a vendor's fields, and the one decoder that reads them.

A row states the field, the quantity, the unit, the sign and where the fact comes from. Everything uncertain about a vendor's data is
such a row, so that a user's report corrects one line.
"""

from collections.abc import Iterable, Iterator, Mapping
import dataclasses
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
import math
from typing import Final

from .model import Quantity, Reading, Slot, Unit, Value

ABSENT: Final = frozenset(
    {"", "-", "--", "n/a", "na", "null", "none", "nan", "unknown"}
)
"""What vendors write where they have no value (failures.md E12)."""

SPLITS: Final[Mapping[Quantity, tuple[Quantity, Quantity]]] = {
    Quantity.GRID_POWER: (Quantity.GRID_IMPORT_POWER, Quantity.GRID_EXPORT_POWER),
    Quantity.BATTERY_POWER: (
        Quantity.BATTERY_DISCHARGE_POWER,
        Quantity.BATTERY_CHARGE_POWER,
    ),
}
"""Signed powers and the two one-way powers they imply: towards the house first."""
SPLIT_SLOTS: Final = tuple(
    (Slot(signed), Slot(inward), Slot(outward))
    for signed, (inward, outward) in SPLITS.items()
)

SPREADS: Final[Mapping[Quantity, tuple[Quantity, Quantity]]] = {
    Quantity.CELL_VOLTAGE_SPREAD: (
        Quantity.CELL_VOLTAGE_MAX,
        Quantity.CELL_VOLTAGE_MIN,
    ),
    Quantity.CELL_TEMPERATURE_SPREAD: (
        Quantity.CELL_TEMPERATURE_MAX,
        Quantity.CELL_TEMPERATURE_MIN,
    ),
}
"""How far the cells of a battery are apart: the highest less the lowest."""
SPREAD_SLOTS: Final = tuple(
    (Slot(spread), Slot(highest), Slot(lowest))
    for spread, (highest, lowest) in SPREADS.items()
)


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a vendor's table.

    ``unit`` is the vendor's; ``codes`` translates a state instead. ``sign`` is -1 where the vendor's sign is not ours, which is positive
    towards the house: grid import and battery discharge. ``sleeps`` marks a field whose zero means "no data" while the device sleeps.
    ``ref`` says where the fact comes from; empty, it is the table's.
    """

    field: str
    quantity: Quantity
    unit: Unit | None = None
    _: KW_ONLY
    index: int = 0
    sign: int = 1
    codes: Mapping[int, str] | None = None
    sleeps: bool = False
    ref: str = ""
    slot: Slot = dataclasses.field(init=False, repr=False, compare=False)
    """The slot the value fills."""
    folded: str = dataclasses.field(init=False, repr=False, compare=False)
    """The field in small letters."""
    factor: float = dataclasses.field(init=False, repr=False, compare=False)
    """What a value is multiplied with, sign included."""

    def __post_init__(self) -> None:
        """Look at the row once."""
        object.__setattr__(self, "slot", Slot(self.quantity, self.index))
        object.__setattr__(self, "folded", self.field.lower())
        factor = 1.0 if self.unit is None else self.unit.factor * self.sign
        object.__setattr__(self, "factor", factor)


@dataclass(frozen=True, slots=True)
class RawPoint:
    """A documented field that is no quantity of ours: users may pick it, and get what the vendor says.

    ``name`` and ``unit`` are the vendor's words; the unit is empty where it gives none.
    """

    field: str
    name: str
    unit: str = ""


def series(
    pattern: str,
    names: int | Iterable[object],
    quantity: Quantity,
    unit: Unit,
    *,
    sign: int = 1,
    sleeps: bool = False,
    ref: str = "",
) -> Iterator[Point]:
    """Give one row for each of a family; ``{n}`` in the pattern counts from 1 to ``names``, or takes each of these."""
    if isinstance(names, int):
        names = range(1, names + 1)
    for index, name in enumerate(names, 1):
        yield Point(
            pattern.format(n=name),
            quantity,
            unit,
            index=index,
            sign=sign,
            sleeps=sleeps,
            ref=ref,
        )


class Table:
    """The rows of one kind of device, with a look-up that ignores the case of field names.

    ``ref`` is the source of every row that names none of its own. ``raw`` are fields that users may pick. ``ignored`` are fields that are
    understood but carry no measurement (names, times, identities): they are not reported as unmapped, and nobody can pick them.
    """

    def __init__(
        self,
        ref: str,
        *points: Point,
        raw: Iterable[RawPoint] = (),
        ignored: Iterable[str] = (),
    ) -> None:
        """Index the rows by field; their order is the order of preference for one slot."""
        self.points: Final = tuple(
            point if point.ref else replace(point, ref=ref) for point in points
        )
        self.raw: Final = tuple(raw)
        read = (
            *(point.field for point in self.points),
            *(point.field for point in self.raw),
        )
        self._known: Final = {name.lower() for name in (*read, *ignored)}

    def unmapped(self, fields: Mapping[str, object]) -> set[str]:
        """Return the names, in small letters, that hold something and that no row reads."""
        strange = fields.keys() - self._known
        return {name for name in strange if fields[name] is not None}


@dataclass(slots=True)
class Decoded:
    """What a table made of one answer."""

    values: dict[Slot, Value] = field(default_factory=dict)
    unknown: dict[Slot, str] = field(default_factory=dict)
    unmapped: set[str] = field(default_factory=set)
    raw: dict[str, float] = field(default_factory=dict)

    def reading(self, measured_at: datetime | None) -> Reading:
        """Return the values as a reading, with what they imply: the one-way powers of signed ones, and spreads."""
        split_powers(self.values)
        add_spreads(self.values)
        return Reading(measured_at, self.values, self.unknown, raw=self.raw)


def number(raw: object) -> float | None:
    """Read a finite number from whatever a vendor sent, else ``None``: absence is not zero."""
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int | float):
        value = float(raw) if abs(raw) < 1e300 else math.inf
    elif isinstance(raw, str) and (text := raw.strip().lower()) not in ABSENT:
        try:
            value = float(text)
        except ValueError:
            return None
    else:
        return None
    return value if math.isfinite(value) else None


def text(raw: object) -> str | None:
    """Read an identifier or a name: numbers become their digits, absence and blanks become ``None``."""
    if raw is None or isinstance(raw, bool | float | list | dict):
        return None
    return str(raw).strip() or None


def decode(
    table: Table,
    fields: Mapping[str, object],
    *,
    asleep: bool = False,
    picked: Iterable[str] = (),
) -> Decoded:
    """Translate one device's fields; never raises, whatever they hold.

    Nested maps are read as if their fields stood at the top. The first row that yields a value fills a slot. What a user ``picked`` is
    kept as it was told, if it is a number: a text may name somebody.
    """
    flat = dict(flatten(fields))
    folded = {name.lower(): raw for name, raw in flat.items()}
    decoded = Decoded()
    if strange := table.unmapped(folded):
        decoded.unmapped = {name for name in flat if name.lower() in strange}
    for name in picked:
        if (told := number(folded.get(name.lower()))) is not None:
            decoded.raw[name] = told
    values = decoded.values
    for point in table.points:
        if (raw := folded.get(point.folded)) is None or point.slot in values:
            continue
        if (value := number(raw)) is None:
            continue
        if point.codes is not None:
            _decode_code(point, value, decoded)
        elif not (asleep and point.sleeps and value == 0):
            _decode_number(point, value, decoded)
    return decoded


def _decode_code(point: Point, value: float, decoded: Decoded) -> None:
    assert point.codes is not None
    if (state := point.codes.get(int(value))) is None:
        decoded.unknown[point.slot] = str(int(value))
    else:
        decoded.values[point.slot] = state


def _decode_number(point: Point, value: float, decoded: Decoded) -> None:
    assert point.slot.bounds is not None
    converted = round(value * point.factor, 6) + 0.0  # + 0.0 turns -0.0 into 0.0
    lowest, highest = point.slot.bounds
    if lowest <= converted <= highest:
        decoded.values[point.slot] = converted


DEEPEST: Final = 8
"""Maps nested deeper than this hold nothing a vendor documents."""


def flatten(
    fields: Mapping[str, object], depth: int = DEEPEST
) -> Iterator[tuple[str, object]]:
    """Yield the fields of a map and of the maps inside it."""
    for name, raw in fields.items():
        if isinstance(raw, Mapping):
            if depth:
                yield from flatten(raw, depth - 1)
        else:
            yield str(name), raw


def split_powers(values: dict[Slot, Value]) -> None:
    """Add the one-way powers that a signed power implies, where the vendor gives none."""
    for signed, inward, outward in SPLIT_SLOTS:
        if isinstance(power := values.get(signed), float):
            values.setdefault(inward, max(0.0, power))
            values.setdefault(outward, max(0.0, -power))


def add_spreads(values: dict[Slot, Value]) -> None:
    """Add how far the cells of a battery are apart, where both ends are known."""
    for spread, highest, lowest in SPREAD_SLOTS:
        high, low = values.get(highest), values.get(lowest)
        if isinstance(high, float) and isinstance(low, float):
            values[spread] = round(high - low, 6)


def total(values: Mapping[Slot, Value], quantity: Quantity) -> float | None:
    """Add up an indexed family (the powers of all MPP trackers); ``None`` when the device reports none of it."""
    members = [
        value
        for slot, value in values.items()
        if slot.quantity is quantity and slot.index and isinstance(value, float)
    ]
    return sum(members) if members else None
