"""The rows of the vendors' tables: one for each field, point and setting, each with its source."""

from collections.abc import Iterator, Mapping
import importlib
import pkgutil
from typing import Any

from custom_components.solar_cloud import cloud
from custom_components.solar_cloud.cloud.points import Table


def sourced_rows(vendor: str) -> list[Any]:
    """Collect everything with a ``ref`` that the modules of a vendor hold, each once."""
    found: dict[int, Any] = {}
    package = importlib.import_module(f"{cloud.__name__}.{vendor}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            found |= {id(row): row for row in _within(value)}
    return list(found.values())


def _within(value: object) -> Iterator[Any]:
    if isinstance(value, Table):
        yield from value.points
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _within(each)
    elif isinstance(getattr(value, "ref", None), str):
        yield value
