"""The codec of everything that is stored: dataclasses to JSON and back, fields by name.

Fields that have their default are left out, for an account has thousands of counters; one whose default a factory makes is always written.
Those a dataclass does not take (``init=False``) are left out, too.
A ``Slot``, an enum and a time of day are their texts, a set is a sorted list, and a mapping by pairs is a mapping in a mapping; ``Json`` stays what it is.

Reading never raises. A value that is not of its field's type is refused, and so are ``true`` as a number, and numbers that are not finite or huge: a field then
takes its default, a dataclass without a default for it is refused as a whole, and of a list or a mapping only the items that are refused
are missing. Unknown fields are ignored. Older forms are brought to the present one in ``migrations.py``, before anybody reads.

mashumaro, which Home Assistant brings along, is the other way round: one bad item costs the whole dictionary, and ``"3"``, ``true`` and NaN
pass for numbers. A strategy of our own for each type would be longer than this module.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Set as AbstractSet
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import time
from enum import Enum
from functools import cache, partial
import json
import math
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    TypeAliasType,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from .model import Slot

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Reader = Callable[[Json], Any]
"""Reads a stored value as its type asks, or raises ``Damaged``."""
type Writer = Callable[[Any], Json]
"""Gives a value of one type the form that is stored."""

LARGEST: Final = 2**63 - 1
"""The largest integer that Home Assistant's JSON can write; no number of ours is larger."""


class Damaged(ValueError):
    """A stored value is not of its field's type."""


def to_json(value: object) -> Json:
    """Return the form that is stored; infinities, which JSON lacks, become ``None`` and so their field's default."""
    kind: Any = type(value)
    return _writer(kind)(value)


async def async_to_json(value: object, pause: Callable[[], Awaitable[object]]) -> Json:
    """Return the same as ``to_json``, and pause between the parts: an account has thousands of counters."""
    kind: Any = type(value)
    if _is_record(kind):
        told = [(each, getattr(value, each.name)) for each in _fields(kind)]
        return {
            each.name: await async_to_json(own, pause)
            for each, own in told
            if own != each.default
        }
    if not isinstance(value, Mapping):
        return to_json(value)
    written: dict[str, Json] = {}
    for key, each in list(value.items()):
        _put(written, key, to_json(each))
        await pause()
    return written


@cache
def _writer(kind: type) -> Writer:
    if issubclass(kind, float):
        return _write_number
    if issubclass(kind, list | tuple):
        return _write_items
    if issubclass(kind, Enum):
        return _write_enum
    if kind is NoneType or issubclass(kind, str | int):
        return _write_as_it_is
    if issubclass(kind, set | frozenset):
        return _write_set
    if kind is Slot:
        return _write_slot
    if kind is time:
        return _write_time
    if is_dataclass(kind):
        return _record_writer(kind)
    if issubclass(kind, Mapping):
        return _write_mapping
    raise TypeError(kind.__name__)


def _write_number(value: float) -> Json:
    return value if math.isfinite(value) else None


def _write_items(value: list[object] | tuple[object, ...]) -> Json:
    return [to_json(each) for each in value]


def _write_enum(value: Enum) -> Json:
    return to_json(value.value)


def _write_as_it_is(value: Json) -> Json:
    return value


def _write_set(value: AbstractSet[Any]) -> Json:
    return [to_json(each) for each in sorted(value)]


def _write_slot(value: Slot) -> Json:
    return value.key


def _write_time(value: time) -> Json:
    return value.isoformat()


def _write_mapping(value: Mapping[Any, object]) -> dict[str, Json]:
    written: dict[str, Json] = {}
    for key, each in value.items():
        _put(written, key, to_json(each))
    return written


def _put(written: dict[str, Any], key: object, content: Json) -> None:
    """Put an item of a mapping in its place; a key that is a pair is found in two steps."""
    if isinstance(key, tuple):
        outer, key = key
        written = written.setdefault(str(to_json(outer)), {})
    written[str(to_json(key))] = content


def _record_writer(kind: type) -> Writer:
    told = [(each.name, each.default) for each in _fields(kind)]

    def write(value: object) -> Json:
        written: dict[str, Json] = {}
        for name, default in told:
            own: Any = getattr(value, name)
            if own is default or own == default:
                continue
            kind: Any = type(own)
            if kind is float and -math.inf < own < math.inf:
                written[name] = own  # as most are
            else:
                written[name] = _writer(kind)(own)
        return written

    return write


def _is_record(kind: type) -> bool:
    return is_dataclass(kind)


def from_json[T](kind: type[T], stored: Json) -> T:
    """Read what was stored, as far as it is sound; what is damaged as a whole is as if there was none: ``kind()``."""
    found = from_json_or_none(kind, stored)
    return kind() if found is None else found


def from_json_or_none[T](kind: type[T], stored: Json) -> T | None:
    """Read what was stored, as far as it is sound; ``None`` when it is damaged as a whole."""
    try:
        return cast(T, _reader(cast(Any, kind))(stored))
    except Damaged:
        return None


def from_text_or_none[T](kind: type[T], text: str) -> T | None:
    """Read what was stored as a text of JSON; ``None`` when it is none, or damaged as a whole."""
    try:
        return from_json_or_none(kind, json.loads(text))
    except ValueError:
        return None


@cache
def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return tuple(each for each in fields(kind) if each.init)


@cache
def _reader(hint: Any) -> Reader:
    if hint is Json:
        return _read_anything
    if isinstance(hint, TypeAliasType):
        return _reader(hint.__value__)
    kind, arguments = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return partial(_read_any, [_reader(each) for each in arguments])
    if kind in (dict, Mapping):
        return _mapping_reader(arguments[0], arguments[1])
    if kind is tuple and arguments[-1] is not Ellipsis:
        return partial(_read_parts, [_reader(each) for each in arguments])
    if kind in (list, tuple, set, frozenset):
        return partial(_read_items, kind, _reader(arguments[0]))
    if kind is Slot:
        return _read_slot
    if kind is time:
        return _read_time
    if is_dataclass(kind):
        return partial(_read_dataclass, cast(type, kind))
    if issubclass(kind, Enum):
        return partial(_read_enum, kind)
    return _read_number if kind is float else partial(_read_single, kind)


def _read_anything(stored: Json) -> Json:
    return stored


def _read_any(readers: list[Reader], stored: Json) -> Any:
    for read in readers:
        with suppress(Damaged):
            return read(stored)
    raise Damaged


@cache
def _field_readers(kind: type) -> list[tuple[str, Reader, bool]]:
    """Return each field's name, its reader, and whether it must be there."""
    hints = get_type_hints(kind)
    return [
        (
            each.name,
            _reader(hints[each.name]),
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in _fields(kind)
    ]


def _read_dataclass(kind: type, stored: Json) -> Any:
    if not isinstance(stored, dict):
        raise Damaged
    values: dict[str, Any] = {}
    for name, read, required in _field_readers(kind):
        try:
            values[name] = read(stored[name])
        except (KeyError, Damaged) as err:
            if required:
                raise Damaged from err
    return kind(**values)


def _mapping_reader(key_hint: Any, hint: Any) -> Reader:
    if isinstance(key_hint, TypeAliasType):
        return _mapping_reader(key_hint.__value__, hint)
    if get_origin(key_hint) is tuple:
        outer, inner = get_args(key_hint)
        read = _mapping_reader(outer, cast(Any, dict)[inner, hint])
        return partial(_read_nested, read)
    read_key = _read_number_key if key_hint is float else _reader(key_hint)
    return partial(_read_mapping, read_key, _reader(hint))


def _read_mapping(read_key: Reader, read: Reader, stored: Json) -> dict[Any, Any]:
    if not isinstance(stored, dict):
        raise Damaged
    found = {}
    for key, each in stored.items():
        with suppress(Damaged):
            found[read_key(key)] = read(each)
    return found


def _read_nested(read: Reader, stored: Json) -> dict[Any, Any]:
    """Read a mapping by pairs."""
    nested = read(stored)
    return {(one, two): nested[one][two] for one in nested for two in nested[one]}


def _read_items(
    kind: Callable[[Iterator[Any]], Any], read: Reader, stored: Json
) -> Any:
    """Read the items that are as they should be."""
    if not isinstance(stored, list):
        raise Damaged
    return kind(_sound(read, stored))


def _sound(read: Reader, stored: list[Json]) -> Iterator[Any]:
    for each in stored:
        try:
            yield read(each)
        except Damaged:
            continue


def _read_parts(readers: list[Reader], stored: Json) -> tuple[Any, ...]:
    if not isinstance(stored, list) or len(stored) != len(readers):
        raise Damaged
    return tuple([read(part) for read, part in zip(readers, stored, strict=True)])


def _read_slot(stored: Json) -> Slot:
    if isinstance(stored, str) and (slot := Slot.of_key(stored)) is not None:
        return slot
    raise Damaged


def _read_time(stored: Json) -> time:
    try:
        return time.fromisoformat(cast(str, stored))
    except (TypeError, ValueError) as err:
        raise Damaged from err


def _read_enum(kind: type[Enum], stored: Json) -> Enum:
    try:
        return kind(stored)
    except ValueError as err:
        raise Damaged from err


def _read_number(stored: Json) -> float:
    if type(stored) is float or type(stored) is int:
        if -LARGEST <= stored <= LARGEST:  # NaN is not
            return float(stored)
    raise Damaged


def _read_number_key(key: Json) -> float:
    try:
        return _read_number(float(cast(str, key)))
    except ValueError as err:
        raise Damaged from err


def _read_single(kind: type, stored: Json) -> Any:
    if type(stored) is not kind or (kind is int and abs(cast(int, stored)) > LARGEST):
        raise Damaged
    return stored
