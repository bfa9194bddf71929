"""Dataclasses to JSON and back, fields by name: what is unknown is ignored, what is missing or damaged takes its default.

It reads what our own dataclasses are made of: booleans, numbers, texts, ``None``, lists and tuples of them, string-keyed mappings, and
dataclasses.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
import math
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from .storage import Json


class Damaged(ValueError):
    """A stored value is not of its field's type."""


def to_json(value: object) -> Json:
    """Return the form that is stored; infinities, which JSON lacks, become ``None`` and so their field's default.

    Fields that have their default are left out: an account has thousands of counters.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        told = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: to_json(own) for each, own in told if own != each.default}
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    return cast(Json, value)


def from_json[T](cls: type[T], stored: Json, otherwise: T) -> T:
    """Read a dataclass; return ``otherwise`` when it is no mapping or lacks a field that has no default."""
    try:
        return _read_dataclass(cls, stored)
    except Damaged:
        return otherwise


def _read_dataclass[T](cls: type[T], stored: Json) -> T:
    if not isinstance(stored, dict):
        raise Damaged(cls.__name__)
    hints = _hints(cast(Any, cls))
    values: dict[str, Any] = {}
    for each in fields(cast(Any, cls)):
        try:
            values[each.name] = _read(hints[each.name], stored[each.name])
        except (KeyError, Damaged) as err:
            if each.default is MISSING and each.default_factory is MISSING:
                raise Damaged(each.name) from err
    return cls(**values)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _read(hint: Any, stored: Json) -> Any:
    """Return a stored value as its field's type asks."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read_any(arguments, stored)
    if is_dataclass(hint):
        return _read_dataclass(cast(type[Any], hint), stored)
    if origin in (list, tuple) and isinstance(stored, list):
        return _read_sequence(origin, arguments, stored)
    if origin is dict and isinstance(stored, dict):
        return {key: _read(arguments[1], each) for key, each in stored.items()}
    if hint is float and isinstance(stored, int | float) and _is_number(stored):
        return float(stored)
    if hint in (bool, int, str, NoneType) and type(stored) is hint:
        return stored
    raise Damaged(str(hint))


def _read_any(hints: tuple[Any, ...], stored: Json) -> Any:
    for hint in hints:
        try:
            return _read(hint, stored)
        except Damaged:
            continue
    raise Damaged(str(hints))


def _read_sequence(origin: Any, hints: tuple[Any, ...], stored: list[Json]) -> Any:
    if origin is list or hints[-1] is Ellipsis:
        return origin(_read_items(hints[0], stored))
    if len(hints) != len(stored):
        raise Damaged(str(hints))
    return tuple(_read(*pair) for pair in zip(hints, stored, strict=True))


def _read_items(hint: Any, stored: list[Json]) -> Iterator[Any]:
    """Yield the items that are as they should be."""
    for each in stored:
        with suppress(Damaged):
            yield _read(hint, each)


def _is_number(stored: Json) -> bool:
    return not isinstance(stored, bool) and math.isfinite(cast(float, stored))
