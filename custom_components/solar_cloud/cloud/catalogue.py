"""Every documented point of a vendor's devices: what each type of device can tell, whether or not it is a quantity of ours."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from .model import Device, DeviceKind, Plant, Slot
from .points import Table


@dataclass(frozen=True, slots=True)
class CataloguePoint:
    """One point of one type of device. ``id`` and ``unit`` are the vendor's; ``slot`` is what it fills, ``None`` for a raw point."""

    id: str
    name: str
    unit: str
    device_type: str
    kind: DeviceKind
    slot: Slot | None


@dataclass(frozen=True, slots=True)
class PointType:
    """A type of device as its vendor numbers it, and the tables that read it."""

    key: str
    kind: DeviceKind
    tables: tuple[Table, ...]


class Catalogue:
    """The points of all types of devices of one vendor."""

    def __init__(
        self,
        types: Iterable[PointType],
        type_of: Callable[[Plant | Device], str],
        point_id: Callable[[str], str] = str,
    ) -> None:
        """Read the tables; ``point_id`` turns the name of a field into the id that the vendor's documents use."""
        self.point_id: Final = point_id
        self.type_of: Final = type_of
        """Return the key of the type of a plant or device."""
        self._by_type: Final[Mapping[str, Mapping[str, CataloguePoint]]] = {
            each.key: {point.id: point for point in _points(each, point_id)}
            for each in types
        }

    @property
    def points(self) -> tuple[CataloguePoint, ...]:
        """Every point, type by type."""
        return tuple(
            point for points in self._by_type.values() for point in points.values()
        )

    def of(self, owner: Plant | Device) -> tuple[CataloguePoint, ...]:
        """Return the points of a plant or device."""
        return tuple(self._by_type.get(self.type_of(owner), {}).values())

    def point(self, device_type: str, point_id: str) -> CataloguePoint | None:
        """Return one point; ``None`` for one that is not documented."""
        return self._by_type.get(device_type, {}).get(point_id)

    def unknown(
        self, device_type: str, point_id: str, name: str = "", unit: str = ""
    ) -> CataloguePoint:
        """Describe a point that nobody has documented, by its id if nothing better is known."""
        kind = next(
            (each.kind for each in self._by_type.get(device_type, {}).values()),
            DeviceKind.OTHER,
        )
        return CataloguePoint(point_id, name or point_id, unit, device_type, kind, None)


def _points(
    owner: PointType, point_id: Callable[[str], str]
) -> Iterator[CataloguePoint]:
    for table in owner.tables:
        for raw in table.raw:
            yield CataloguePoint(
                point_id(raw.field), raw.name, raw.unit, owner.key, owner.kind, None
            )
        for point in table.points:
            slot, unit = point.slot, point.unit.symbol if point.unit else ""
            name = slot.key.replace("_", " ").capitalize()
            yield CataloguePoint(
                point_id(point.field), name, unit, owner.key, owner.kind, slot
            )


NO_CATALOGUE: Final = Catalogue((), lambda owner: "")
"""Of a vendor whose points are not documented."""


type PickedPoints = Mapping[str, Collection[str]]
"""Ids of points by the key of their type of device."""


@runtime_checkable
class SupportsRawPoints(Protocol):
    """A client whose readings can carry points that are no quantity of ours, as the vendor tells them."""

    def pick(self, points: PickedPoints) -> None:
        """Carry these from the next reading on in ``Reading.raw``, and no others."""

    def unmapped(self) -> PickedPoints:
        """Return the fields that were seen in answers and that no table knows."""


@runtime_checkable
class AsksByPoint(Protocol):
    """A client that asks for points by their ids: also those that nobody has documented."""

    def is_point_id(self, text: str) -> bool:
        """Whether a text can be such an id at all."""

    @property
    def refused_points(self) -> frozenset[str]:
        """The types of devices whose picked points the cloud refused to answer; they are not asked for any more."""
