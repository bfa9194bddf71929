"""Which table reads which device type, what such a device is, and how often it is worth a call (sungrow.md §5.2, §7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..model import DeviceKind
from ..points import Point, Table
from .inverter_points import HYBRID_INVERTER, MICRO_INVERTER, OPTIMIZER, PV_INVERTER
from .other_points import (
    BATTERY,
    CHARGER,
    DONGLE,
    ENERGY_MANAGER,
    HOME_MANAGER,
    LOGGER,
    METER,
    PLANT,
    WEATHER_STATION,
)

PLANT_TYPE: Final = 11
HYBRID_TYPE: Final = 14
PV_TYPE: Final = 1
MICRO_TYPE: Final = 55
BATTERY_TYPE: Final = 43
METER_TYPE: Final = 7
LOGGER_TYPE: Final = 9
CHARGER_TYPE: Final = 51
MANAGER_TYPE: Final = 26
HOME_MANAGER_TYPE: Final = 64
OPTIMIZER_TYPE: Final = 41

STORAGE_TYPES: Final = frozenset({BATTERY_TYPE, MANAGER_TYPE, 23, 24, 37, 44, 52})
"""Devices that exist only where there is a battery."""

EVERY_POLL: Final = 180.0
"""Seconds; shorter than any cycle, so always due, but not for a button pressed twice."""
SLOW: Final = 900.0

BASIC_FIELDS: Final = (
    "ps_key",
    "ps_id",
    "ps_name",
    "uuid",
    "device_sn",
    "device_name",
    "communication_dev_sn",
    "dev_status",
    "dev_fault_status",
    "device_time",
)


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One of Sungrow's device types."""

    number: int
    kind: DeviceKind
    table: Table
    every: float = EVERY_POLL

    @property
    def point_ids(self) -> tuple[str, ...]:
        """The ids to ask for, most important first."""
        return tuple(point.field.removeprefix("p") for point in self.table.points)


def _type(
    number: int, kind: DeviceKind, rows: tuple[Point, ...], every: float = EVERY_POLL
) -> DeviceType:
    return DeviceType(number, kind, Table(rows, ignored=BASIC_FIELDS), every)


DEVICE_TYPES: Final[Mapping[int, DeviceType]] = {
    each.number: each
    for each in (
        _type(HYBRID_TYPE, DeviceKind.INVERTER, HYBRID_INVERTER),
        _type(PV_TYPE, DeviceKind.INVERTER, PV_INVERTER),
        _type(MICRO_TYPE, DeviceKind.INVERTER, MICRO_INVERTER),
        _type(BATTERY_TYPE, DeviceKind.BATTERY, BATTERY),
        _type(METER_TYPE, DeviceKind.METER, METER),
        _type(CHARGER_TYPE, DeviceKind.CHARGER, CHARGER),
        _type(MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, ENERGY_MANAGER),
        _type(HOME_MANAGER_TYPE, DeviceKind.ENERGY_MANAGER, HOME_MANAGER),
        _type(22, DeviceKind.GATEWAY, DONGLE, SLOW),
        _type(LOGGER_TYPE, DeviceKind.GATEWAY, LOGGER, SLOW),
        _type(OPTIMIZER_TYPE, DeviceKind.OPTIMIZER, OPTIMIZER, SLOW),
        _type(5, DeviceKind.WEATHER_STATION, WEATHER_STATION, SLOW),
    )
}
"""In the order in which they are read."""

PLANT_POINTS: Final = _type(PLANT_TYPE, DeviceKind.PLANT, PLANT)
